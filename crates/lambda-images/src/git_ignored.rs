//! Inputs that git ignores: byte code, `.env`, build folders. No commit has them, so an image that reads
//! them is dirty for good, and they are nothing to commit: an ignore file is to leave them out.

use std::collections::BTreeMap;

use crate::discovery::ImageName;
use crate::paths;
use crate::problem::Problem;

/// Why git ignores a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgnoreRule {
    /// The file with the pattern, as git names it.
    pub source: String,
    /// 1-based.
    pub line: usize,
    /// The pattern.
    pub pattern: String,
    /// The uppermost folder that is ignored with the path, or the path itself, from the workspace
    /// root.
    pub top: String,
}

/// An input that git ignores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgnoredInput {
    /// From the workspace root.
    pub path: String,
    /// Whose input it is.
    pub image: ImageName,
    /// The folder of the context that brings it in.
    pub context: String,
    /// The ignore file that leaves things out of that context; `None`: none does.
    pub ignore_file: Option<String>,
    /// Why git ignores it.
    pub rule: IgnoreRule,
}

impl IgnoredInput {
    /// What to do about it: which line to add to which ignore file.
    pub fn mend(&self) -> String {
        match &self.ignore_file {
            Some(file) => format!("add the line `{}` to `{file}`", self.line()),
            None => format!("remove `{}`", self.rule.top),
        }
    }

    /// The line for the ignore file that leaves out what git's pattern does.
    fn line(&self) -> String {
        let pattern = self.rule.pattern.trim_end_matches('/');
        // A pattern without a slash holds in every folder, and in an ignore file of docker's it holds
        // at the root alone.
        if !pattern.contains(['/', '\\']) {
            return format!("**/{pattern}");
        }
        let below = paths::strip_folder(&self.context, &self.rule.top).filter(|it| !it.is_empty());
        let below = below.or_else(|| paths::strip_folder(&self.context, &self.path));
        below.unwrap_or(&self.path).to_owned()
    }
}

/// A warning for each line that is to be added to an ignore file.
pub fn ignored_warnings(inputs: &[IgnoredInput]) -> Vec<Problem> {
    let mut by_mend: BTreeMap<String, Vec<&IgnoredInput>> = BTreeMap::new();
    for input in inputs {
        by_mend.entry(input.mend()).or_default().push(input);
    }
    let problem = |(mend, inputs): (String, Vec<&IgnoredInput>)| {
        let IgnoredInput { path, image, rule, .. } = inputs.iter().min_by_key(|it| &it.path)?;
        let mut others: Vec<&str> = inputs.iter().map(|it| it.path.as_str()).collect();
        others.sort_unstable();
        others.dedup();
        let more = match others.len() - 1 {
            0 => String::new(),
            count => format!(" and {count} more"),
        };
        let IgnoreRule { source, line, pattern, .. } = rule;
        let message = format!(
            "an input of `{image}`{more}, which git ignores (`{pattern}`, {source}:{line}): no commit has it"
        );
        Some(Problem::of_file(path, message).hint(mend))
    };
    by_mend.into_iter().filter_map(problem).collect()
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn input(path: &str, pattern: &str, top: &str) -> IgnoredInput {
        IgnoredInput {
            path: path.to_owned(),
            image: ImageName::new("one").unwrap(),
            context: "lambdas/one".to_owned(),
            ignore_file: Some("lambdas/one/.dockerignore".to_owned()),
            rule: IgnoreRule {
                source: ".gitignore".to_owned(),
                line: 3,
                pattern: pattern.to_owned(),
                top: top.to_owned(),
            },
        }
    }

    #[track_caller]
    fn check(inputs: &[IgnoredInput], expected: &Expect) {
        let shown: Vec<_> = ignored_warnings(inputs).iter().map(ToString::to_string).collect();
        expected.assert_eq(&shown.join("\n"));
    }

    #[test]
    fn the_line_that_leaves_them_out() {
        check(
            &[
                input(
                    "lambdas/one/lib/__pycache__/b.pyc",
                    "__pycache__/",
                    "lambdas/one/lib/__pycache__",
                ),
                input("lambdas/one/__pycache__/a.pyc", "__pycache__/", "lambdas/one/__pycache__"),
                input("lambdas/one/.env", ".env", "lambdas/one/.env"),
                input("lambdas/one/build/lib/x.so", "/lambdas/*/build", "lambdas/one/build"),
            ],
            &expect![[r#"
                lambdas/one/.env: an input of `one`, which git ignores (`.env`, .gitignore:3): no commit has it
                  hint: add the line `**/.env` to `lambdas/one/.dockerignore`
                lambdas/one/__pycache__/a.pyc: an input of `one` and 1 more, which git ignores (`__pycache__/`, .gitignore:3): no commit has it
                  hint: add the line `**/__pycache__` to `lambdas/one/.dockerignore`
                lambdas/one/build/lib/x.so: an input of `one`, which git ignores (`/lambdas/*/build`, .gitignore:3): no commit has it
                  hint: add the line `build` to `lambdas/one/.dockerignore`"#]],
        );
    }

    #[test]
    fn a_context_that_is_ignored_whole() {
        check(
            &[input("lambdas/one/x", "/lambdas/one", "lambdas/one")],
            &expect![[r#"
                lambdas/one/x: an input of `one`, which git ignores (`/lambdas/one`, .gitignore:3): no commit has it
                  hint: add the line `x` to `lambdas/one/.dockerignore`"#]],
        );
    }
}
