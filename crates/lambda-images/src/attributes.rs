//! `.gitattributes`: which of its lines make git convert files on checkout.
//!
//! By Git's documentation (`gitattributes`). Only attributes that change the bytes of a checked-out
//! file count: `text`, `eol`, `crlf`, `ident`, `filter`, `working-tree-encoding`, and macros that may
//! set one of them. Others, such as `diff`, `merge`, `linguist-generated` and `export-ignore`, leave
//! the files that a build reads as they are.
//!
//! It does not match patterns with paths.

/// Attributes that never change a checked-out file.
const IDLE: &[&str] = &[
    "conflict-marker-size",
    "delta",
    "diff",
    "encoding",
    "export-ignore",
    "export-subst",
    "lockable",
    "merge",
    "whitespace",
];
/// Beginnings of the names of such attributes.
const IDLE_BEGINNINGS: &[&str] = &["linguist-", "gitlab-", "github-"];
const CONVERTING: &[&str] = &["text", "eol", "crlf", "ident", "filter", "working-tree-encoding"];

/// Whether two texts convert the same files in the same way.
pub fn same_conversions(old: &str, new: &str) -> bool {
    conversions(old) == conversions(new)
}

/// Whether a line makes git convert files, or keeps it from that.
pub fn has_conversions(text: &str) -> bool {
    !conversions(text).is_empty()
}

/// The lines that matter: the pattern, or the name of a macro, and its attributes that do.
fn conversions(text: &str) -> Vec<(&str, Vec<&str>)> {
    let lines = text.lines().filter_map(split).map(|(pattern, attributes)| {
        let attributes = attributes.split_ascii_whitespace();
        (pattern, attributes.filter(|attribute| may_convert(attribute)).collect::<Vec<_>>())
    });
    lines.filter(|(_, attributes)| !attributes.is_empty()).collect()
}

/// A line's pattern, which may be quoted, and its attributes.
fn split(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start_matches([' ', '\t']);
    if line.starts_with('#') {
        return None;
    }
    let quoted = line.strip_prefix('"').and_then(|rest| {
        let mut is_escaped = false;
        let end = rest.find(|c| {
            let ends = c == '"' && !is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            ends
        })?;
        Some(line.split_at(end + 2))
    });
    quoted.or_else(|| line.split_once([' ', '\t', '\r']))
}

/// Whether an attribute converts, or may be a macro that does.
fn may_convert(attribute: &str) -> bool {
    let (name, is_plain) = match attribute.split_once('=') {
        Some((name, _)) => (name, false),
        None => (attribute.trim_start_matches(['-', '!']), true),
    };
    let is_idle =
        IDLE.contains(&name) || IDLE_BEGINNINGS.iter().any(|start| name.starts_with(start));
    // A macro has no value. One may be defined in another file; `binary` is git's own.
    CONVERTING.contains(&name) || (is_plain && !is_idle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &[&str])]) {
        let expected: Vec<(&str, Vec<&str>)> =
            expected.iter().map(|(pattern, attributes)| (*pattern, attributes.to_vec())).collect();
        assert_eq!(conversions(text), expected, "{text}");
        assert_eq!(has_conversions(text), !expected.is_empty());
    }

    #[test]
    fn attributes_that_convert() {
        check("* text=auto\n", &[("*", &["text=auto"])]);
        check("*.sh text eol=lf diff=sh", &[("*.sh", &["text", "eol=lf"])]);
        check("*.bin -text\n*.x !eol", &[("*.bin", &["-text"]), ("*.x", &["!eol"])]);
        check("\t*.py\tident", &[("*.py", &["ident"])]);
        check("a filter=lfs diff=lfs merge=lfs -text", &[("a", &["filter=lfs", "-text"])]);
        check(
            "a working-tree-encoding=UTF-16 crlf",
            &[("a", &["working-tree-encoding=UTF-16", "crlf"])],
        );
        check("*.png binary", &[("*.png", &["binary"])]);
        check("\"a b\\\" c\" text", &[("\"a b\\\" c\"", &["text"])]);
        check("*.txt text\r\n", &[("*.txt", &["text"])]);
    }

    #[test]
    fn a_macro_may_convert() {
        check("[attr]big filter=lfs -diff", &[("[attr]big", &["filter=lfs"])]);
        check("*.bin big", &[("*.bin", &["big"])]);
    }

    #[test]
    fn attributes_that_leave_files_alone() {
        for idle in
            ["linguist-generated", "-diff", "merge=union", "export-ignore", "whitespace=tab"]
        {
            check(&format!("* {idle}\n"), &[]);
        }
        check("# * text\n\n*\n* owner=me\n", &[]);
        assert!(same_conversions(
            "* text\n*.md linguist-documentation\n",
            "# all\n* text merge=x\n"
        ));
        assert!(!same_conversions("* text\n", "* -text\n"));
        assert!(!same_conversions("a text\nb eol=lf\n", "b eol=lf\na text\n"));
    }
}
