//! The stages that become the image: the target, what its `FROM` names, and so on down to an image
//! from outside.
//!
//! Stages that only lend files (`COPY --from`) are not among them.

use super::graph::{Graph, Origin};
use super::{Resolved, Via};

/// A `--chmod` of a `COPY` or `ADD`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chmod {
    /// The mode after expansion: octal digits, or symbolic.
    pub mode: String,
    /// Where, counted from 1.
    pub line: usize,
    pub(super) stage: usize,
}

impl Resolved {
    /// Finds what the image begins with, and leaves only the modes that its files get.
    pub(super) fn follow_chain(&mut self, target: usize, graph: &Graph<'_>) {
        let mut chain = vec![target];
        let mut last = target;
        // A cycle of stages is refused before.
        while let Origin::Stage(base) = graph.nodes[last].base {
            chain.push(base);
            last = base;
        }
        self.chmods.retain(|chmod| chain.contains(&chmod.stage));
        let stage = graph.nodes[last].stage;
        let platform = stage.platform.as_deref().unwrap_or_default();
        let of_builder = ["BUILDPLATFORM", "BUILDOS", "BUILDARCH"];
        self.begins_on_build_platform = of_builder.iter().any(|name| platform.contains(name));
        let line = stage.line;
        self.base = self.references.iter().position(|it| it.via == Via::From && it.line == line);
    }
}

/// Whether a file that is given this mode can't be read by everybody; unsure is no.
///
/// Modes are octal, or symbolic as `chmod` has them. A clause without `u`, `g`, `o` or `a` hangs on
/// the builder's umask and is passed over.
#[must_use]
pub fn hides_files(mode: &str) -> bool {
    const READ: u32 = 0o4;
    if !mode.is_empty() && mode.bytes().all(|byte| byte.is_ascii_digit()) {
        return u32::from_str_radix(mode, 8).is_ok_and(|mode| mode & READ == 0);
    }
    // The files of a context are readable before.
    let mut readable = true;
    for clause in mode.split(',') {
        let Some(at) = clause.find(['+', '-', '=']) else { return false };
        let (who, actions) = clause.split_at(at);
        if !who.contains(['o', 'a']) {
            continue;
        }
        let mut operator = '=';
        for c in actions.chars() {
            match c {
                '+' | '-' => operator = c,
                '=' => (operator, readable) = (c, false),
                'r' => readable = operator != '-',
                // Copied from others, who have it in a context; `o=u` is that too.
                'u' | 'g' | 'o' => readable = operator != '-',
                _ => {}
            }
        }
    }
    !readable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(mode: &str, hides: bool) {
        assert_eq!(hides_files(mode), hides, "{mode}");
    }

    #[test]
    fn modes_that_hide_files_from_others() {
        check("0600", true);
        check("700", true);
        check("0750", true);
        check("u=rw,go=", true);
        check("o-r", true);
        check("a=x,u+rw", true);
        check("o-rwx,g=r", true);
        check("ugo=rwx,o=", true);
    }

    #[test]
    fn modes_that_leave_files_readable() {
        check("0644", false);
        check("755", false);
        check("4755", false);
        check("u=rw,go=r", false);
        check("go-w", false);
        check("+x", false);
        check("u+x", false);
        check("o-r,o+r", false);
        check("o=,a+r", false);
        check("a=rX", false);
        check("", false);
        check("nonsense", false);
    }
}
