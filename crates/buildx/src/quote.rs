//! Words to one line that a POSIX shell splits into the same words again: for messages, logs and
//! dry runs. Nothing here is ever handed to a shell by the tool itself.

/// Joins words with blanks, quoting where a shell would read something else than the word.
#[must_use]
pub fn quote_command<S: AsRef<str>>(words: impl IntoIterator<Item = S>) -> String {
    let mut line = String::new();
    for (position, word) in words.into_iter().enumerate() {
        let word = word.as_ref();
        if position > 0 {
            line.push(' ');
        }
        // A first word with `=` would be an assignment.
        let is_assignment = position == 0 && word.contains('=');
        if is_plain(word) && !is_assignment {
            line.push_str(word);
        } else {
            push_quoted(&mut line, word);
        }
    }
    line
}

/// The characters that no shell gives a meaning to, as in Python's `shlex.quote`.
fn is_plain(word: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_@%+=:,./-".contains(&byte);
    !word.is_empty() && word.bytes().all(plain)
}

/// Within single quotes everything stands for itself, except the quote: end, escape, begin again.
fn push_quoted(line: &mut String, word: &str) {
    line.push('\'');
    line.push_str(&word.replace('\'', r"'\''"));
    line.push('\'');
}

#[cfg(test)]
mod tests;
