//! How lines are joined and split.

use super::{Word, logical_lines, words};

/// Each line with the places of its first and its last byte in the file.
#[track_caller]
fn check(file: &str, expected: &[&str]) {
    let lines = logical_lines(file);
    let texts: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, expected, "{file:?}");
    for line in &lines {
        for (offset, character) in line.text.char_indices() {
            // A blank may stand for none in the file: the one in front of a comment.
            let at = line.file_offset(offset);
            assert!(file[at..].starts_with(character) || character == ' ', "{file:?} {offset}");
        }
    }
}

#[test]
fn lines() {
    check("", &[]);
    check("a\n\n  \nb", &["a", "b"]);
    check("\u{feff}a\r\nb\rc", &["a", "b", "c"]);
    check("a \\\n  --hash=x \\\r\n  --hash=y\nb", &["a   --hash=x   --hash=y", "b"]);
    check("a \\\n\nb", &["a ", "b"]);
    check("a\\", &["a"]);
}

#[test]
fn comments() {
    check("# a\na # b\na#b\n\t#c", &["a", "a#b"]);
    check("a \\\n# comment \\\nb", &["a", "b"]);
    check("a \\\n  b # comment \\\n  c", &["a   b"]);
    check("git+x#egg=é  # é", &["git+x#egg=é"]);
}

#[test]
fn words_of_a_line() {
    let word = |text: &str, start| Word { text: text.to_owned(), start };
    assert_eq!(words(" a  'b c'd \"e'\"\\ f"), [word("a", 1), word("b cd", 4), word("e' f", 11)]);
    assert_eq!(words("'open é"), [word("open é", 0)]);
    assert_eq!(words("''"), [word("", 0)]);
    assert_eq!(words("a\\"), [word("a", 0)]);
}
