//! Modes by which a Dockerfile hides files from the user that Lambda runs as.

use dockerfile::{Command, RunView};

use super::Image;
use crate::problem::Problem;

impl Image {
    /// Each `--chmod` after which others can't read the files of the image. A `chmod` in one of its
    /// commands may mend that: then nothing is said.
    pub(super) fn hidden_by_chmod(&self) -> Vec<Problem> {
        if self.resolved.runs().any(|run| mentions_chmod(&run)) {
            return Vec::new();
        }
        let hides = self.resolved.chmods.iter().filter(|it| dockerfile::hides_files(&it.mode));
        let problem = |chmod: &dockerfile::Chmod| {
            let mode = &chmod.mode;
            let message = format!(
                "`--chmod={mode}` lets only the owner read these files, and Lambda runs as another user"
            );
            let hint = "write `--chmod=0644`, or `--chmod=0755` for programs and folders";
            Problem::of_file(&self.declaration.dockerfile, message).at(chmod.line, 1).hint(hint)
        };
        hides.map(problem).collect()
    }

    /// Whether files of a context come into the build with the modes that they have.
    pub fn keeps_modes(&self) -> bool {
        let mended = |line: usize| self.resolved.chmods.iter().any(|chmod| chmod.line == line);
        self.resolved.sources.iter().any(|read| !mended(read.line))
    }
}

fn mentions_chmod(run: &RunView) -> bool {
    let has = |text: &String| text.contains("chmod");
    let in_command = match run.command() {
        Command::Shell(text) => has(text),
        Command::Exec(words) => words.iter().any(has),
    };
    in_command || run.heredocs().iter().any(|heredoc| has(&heredoc.content))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use crate::graph::fixture::texts;

    /// The warnings about modes for a Lambda with these lines.
    #[track_caller]
    fn check(lines: &str, expected: &Expect) {
        let mut texts = texts();
        let dockerfile =
            format!("FROM scratch AS lends\nCOPY --chmod=0600 a /\nFROM scratch\n{lines}");
        texts.dockerfiles.insert("lambdas/one/Dockerfile".to_owned(), dockerfile);
        let (_, graph) = texts.graph();
        let shown = graph.warnings().iter().map(ToString::to_string);
        let ours: Vec<_> = shown.filter(|warning| warning.contains("chmod")).collect();
        expected.assert_eq(&ours.join("\n"));
    }

    #[test]
    fn modes_that_hide_files_are_warnings() {
        check(
            "COPY --chmod=0600 a /\nADD --chmod=u=rwx,go= b /\nCOPY --from=lends --chmod=700 /a /\n",
            &expect![[r#"
                lambdas/one/Dockerfile:4:1: `--chmod=0600` lets only the owner read these files, and Lambda runs as another user
                  hint: write `--chmod=0644`, or `--chmod=0755` for programs and folders
                lambdas/one/Dockerfile:5:1: `--chmod=u=rwx,go=` lets only the owner read these files, and Lambda runs as another user
                  hint: write `--chmod=0644`, or `--chmod=0755` for programs and folders
                lambdas/one/Dockerfile:6:1: `--chmod=700` lets only the owner read these files, and Lambda runs as another user
                  hint: write `--chmod=0644`, or `--chmod=0755` for programs and folders"#]],
        );
    }

    #[test]
    fn modes_that_are_right_or_mended_are_none() {
        check("COPY --chmod=0644 a /\nCOPY --chmod=u+x b /\n", &expect![""]);
        check("COPY --chmod=0600 a /\nRUN chmod o+r /a\n", &expect![""]);
    }
}
