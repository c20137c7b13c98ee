//! The lines of a requirements file as pip puts them together (`pip/_internal/req/req_file.py`):
//! continuations joined, comments cut off, and each piece's place kept.
//!
//! It knows no option and no requirement. Environment variables (`${TOKEN}`) are left as written.

/// A line after its continuations are joined and its comment is cut off.
pub(super) struct LogicalLine {
    pub(super) text: String,
    /// Where pieces of `text` come from: the offset in it, the offset in the file.
    pieces: Vec<(usize, usize)>,
}

impl LogicalLine {
    /// The offset in the file of a byte of the line.
    pub(super) fn file_offset(&self, offset: usize) -> usize {
        let piece = self.pieces.partition_point(|&(start, _)| start <= offset).saturating_sub(1);
        let (start, in_file) = self.pieces.get(piece).copied().unwrap_or_default();
        in_file + (offset - start)
    }
}

/// All lines that hold something.
pub(super) fn logical_lines(file: &str) -> Vec<LogicalLine> {
    let mut lines = Vec::new();
    let mut open = LogicalLine { text: String::new(), pieces: Vec::new() };
    let mut offset = if file.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut close = |open: &mut LogicalLine| {
        let empty = LogicalLine { text: String::new(), pieces: Vec::new() };
        let mut line = std::mem::replace(open, empty);
        line.text.truncate(comment_start(&line.text));
        if !line.text.trim().is_empty() {
            lines.push(line);
        }
    };
    while offset < file.len() {
        let (line, ending) = physical_line(&file[offset..]);
        let is_comment = line.trim_start().starts_with('#');
        if is_comment && !open.text.is_empty() {
            // It ends what goes before, and not even a backslash continues it.
            open.text.push(' ');
        }
        open.pieces.push((open.text.len(), offset));
        let continued = line.strip_suffix('\\').filter(|_| !is_comment);
        open.text.push_str(continued.unwrap_or(line));
        if continued.is_none() {
            close(&mut open);
        }
        offset += line.len() + ending;
    }
    close(&mut open);
    lines
}

/// The first line of a text, and the length of what ends it.
fn physical_line(text: &str) -> (&str, usize) {
    let end = text.find(['\n', '\r']).unwrap_or(text.len());
    let (line, behind) = text.split_at(end);
    let ending = if behind.starts_with("\r\n") { 2 } else { behind.len().min(1) };
    (line, ending)
}

/// Where a comment starts: a `#` at the start or behind a blank; with the blanks before it.
fn comment_start(line: &str) -> usize {
    let mut after_blank = true;
    for (index, character) in line.char_indices() {
        if character == '#' && after_blank {
            return line[..index].trim_end().len();
        }
        after_blank = character.is_whitespace();
    }
    line.len()
}

/// A word of a line, its quotes and backslashes taken away as a shell does, and where it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) start: usize,
}

/// The words of a line, split at blanks. A quote that isn't closed reaches to the end.
pub(super) fn words(line: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut quote = None;
    let mut characters = line.char_indices();
    while let Some((index, character)) = characters.next() {
        if quote.is_none() && character.is_whitespace() {
            words.extend(word.take());
            continue;
        }
        let open = word.get_or_insert_with(|| Word { text: String::new(), start: index });
        match character {
            '"' | '\'' if quote.is_none() => quote = Some(character),
            _ if quote == Some(character) => quote = None,
            '\\' if quote != Some('\'') => {
                open.text.extend(characters.next().map(|(_, escaped)| escaped));
            }
            _ => open.text.push(character),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests;
