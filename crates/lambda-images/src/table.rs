//! Reads a TOML table by a list of [`Key`]s: every unknown key and wrong shape becomes a
//! [`Problem`] at its line and column, and the good values remain.

use std::collections::BTreeMap;
use std::ops::Range;

use toml_edit::{Item, TableLike, Value};

use crate::keys::{ARG_VARIABLE, Key, Shape};
use crate::problem::{Problem, suggestion};
use crate::variables::ArgValue;

/// A string of a table, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text {
    /// The string.
    pub value: String,
    /// 1-based line and column of the value.
    pub place: (usize, usize),
}

/// A file that tables are read from, to point at places in it: one place costs two binary
/// searches, so that thousands of values cost no more than the text is long.
pub(crate) struct Source<'a> {
    pub(crate) path: &'a str,
    length: usize,
    line_starts: Vec<usize>,
    /// Offsets of the bytes that are no column of their own: all but the first of each character.
    uncounted: Vec<usize>,
}

/// The values of one table, by key.
#[derive(Default)]
pub(crate) struct Values<'a> {
    texts: BTreeMap<&'static str, Text>,
    lists: BTreeMap<&'static str, Vec<Text>>,
    tables: BTreeMap<&'static str, BTreeMap<String, Text>>,
    /// Of the one key of shape [`Shape::Args`].
    args: BTreeMap<String, ArgValue>,
    /// The tables of the one key of shape [`Shape::Images`].
    pub(crate) images: Vec<(&'a dyn TableLike, (usize, usize))>,
}

impl Values<'_> {
    pub(crate) fn text(&mut self, name: &str) -> Option<Text> {
        self.texts.remove(name)
    }

    pub(crate) fn texts(&mut self, name: &str) -> Option<Vec<Text>> {
        self.lists.remove(name)
    }

    pub(crate) fn args(&mut self) -> BTreeMap<String, ArgValue> {
        std::mem::take(&mut self.args)
    }

    pub(crate) fn table(&mut self, name: &str) -> BTreeMap<String, Text> {
        self.tables.remove(name).unwrap_or_default()
    }
}

impl<'a> Source<'a> {
    pub(crate) fn new(path: &'a str, text: &'a str) -> Source<'a> {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let line_starts = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect();
        let uncounted = (0..text.len()).filter(|at| !text.is_char_boundary(*at)).collect();
        Source { path, length: text.len(), line_starts, uncounted }
    }

    /// 1-based line and column (in characters) of a byte offset.
    pub(crate) fn place(&self, span: Option<Range<usize>>) -> (usize, usize) {
        let start = span.map_or(0, |span| span.start).min(self.length);
        let line = self.line_starts.partition_point(|line_start| *line_start <= start);
        let line_start = self.line_starts[line - 1];
        let uncounted_before = |end: usize| self.uncounted.partition_point(|byte| *byte < end);
        let uncounted = uncounted_before(start) - uncounted_before(line_start);
        (line, start - line_start - uncounted + 1)
    }

    pub(crate) fn problem(&self, span: Option<Range<usize>>, message: String) -> Problem {
        let (line, column) = self.place(span);
        Problem::of_file(self.path, message).at(line, column)
    }

    /// Reads `table` by `keys`; what does not fit goes to `problems`.
    pub(crate) fn read<'t>(
        &self,
        table: &'t dyn TableLike,
        keys: &[Key],
        problems: &mut Vec<Problem>,
    ) -> Values<'t> {
        let mut values = Values::default();
        for (name, item) in table.iter() {
            let Some(key) = keys.iter().find(|key| key.name == name) else {
                let span = table
                    .get_key_value(name)
                    .and_then(|(key, _)| key.span())
                    .or_else(|| item.span());
                let problem = self.problem(span, format!("unknown key `{name}`"));
                problems.push(problem.hint(
                    match suggestion(name, keys.iter().map(|key| key.name)) {
                        Some(known) => format!("did you mean `{known}`?"),
                        None => {
                            let known: Vec<_> =
                                keys.iter().map(|key| format!("`{}`", key.name)).collect();
                            format!("the keys are {}", known.join(", "))
                        }
                    },
                ));
                continue;
            };
            if let Err(problem) = self.read_item(key, item, &mut values) {
                problems.push(problem);
            }
        }
        values
    }

    fn read_item<'t>(
        &self,
        key: &Key,
        item: &'t Item,
        values: &mut Values<'t>,
    ) -> Result<(), Problem> {
        let wrong = |wanted: &str| {
            self.problem(
                item.span(),
                format!("`{}` must be {wanted}, not {}", key.name, described(item)),
            )
        };
        match key.shape {
            Shape::Text => {
                let text = self.text(item.as_value()).ok_or_else(|| wrong("a string"))?;
                values.texts.insert(key.name, text);
            }
            Shape::OneOf(allowed) => {
                let quoted = allowed
                    .iter()
                    .map(|value| format!("\"{value}\""))
                    .collect::<Vec<_>>()
                    .join(" or ");
                let text = self.text(item.as_value()).ok_or_else(|| wrong(&quoted))?;
                if !allowed.contains(&text.value.as_str()) {
                    return Err(self.problem(
                        item.span(),
                        format!("`{}` must be {quoted}, not \"{}\"", key.name, text.value),
                    ));
                }
                values.texts.insert(key.name, text);
            }
            Shape::Texts => {
                let array = item.as_array().ok_or_else(|| wrong("a list of strings"))?;
                let texts: Option<Vec<_>> =
                    array.iter().map(|value| self.text(Some(value))).collect();
                values.lists.insert(key.name, texts.ok_or_else(|| wrong("a list of strings"))?);
            }
            Shape::TextTable => {
                let table = item.as_table_like().ok_or_else(|| wrong("a table of strings"))?;
                let mut texts = BTreeMap::new();
                for (name, value) in table.iter() {
                    let wrong = || self.wrong_member(key, name, value, "a string");
                    let text = self.text(value.as_value()).ok_or_else(wrong)?;
                    texts.insert(name.to_owned(), text);
                }
                values.tables.insert(key.name, texts);
            }
            Shape::Args => {
                let table = item.as_table_like().ok_or_else(|| wrong("a table of strings"))?;
                for (name, value) in table.iter() {
                    values.args.insert(name.to_owned(), self.arg(key, name, value)?);
                }
            }
            Shape::Images => match item {
                Item::ArrayOfTables(tables) => {
                    for table in tables {
                        values.images.push((table, self.place(table.span())));
                    }
                }
                _ => {
                    let tables = item.as_array().ok_or_else(|| wrong("a list of tables"))?;
                    for value in tables {
                        let table =
                            value.as_inline_table().ok_or_else(|| wrong("a list of tables"))?;
                        values.images.push((table, self.place(value.span())));
                    }
                }
            },
        }
        Ok(())
    }

    /// A string, or a table that names a variable.
    fn arg(&self, key: &Key, name: &str, item: &Item) -> Result<ArgValue, Problem> {
        if let Some(text) = self.text(item.as_value()) {
            return Ok(ArgValue::Text(text));
        }
        let table = item.as_table_like().ok_or_else(|| {
            self.wrong_member(key, name, item, "a string or `{ env = \"VARIABLE\" }`")
        })?;
        let mut problems = Vec::new();
        let mut values = self.read(table, ARG_VARIABLE, &mut problems);
        if let Some(problem) = problems.into_iter().next() {
            return Err(problem);
        }
        let default = values.text("default").map(|text| text.value);
        let named = values.text("env").filter(|name| !name.value.is_empty());
        let named = named.ok_or_else(|| {
            let message = format!("`{}.{name}` names no variable", key.name);
            self.problem(item.span(), message).hint("as in `{ env = \"VERSION\" }`")
        })?;
        Ok(ArgValue::Variable { name: named, default })
    }

    fn wrong_member(&self, key: &Key, name: &str, item: &Item, wanted: &str) -> Problem {
        let message = format!("`{}.{name}` must be {wanted}, not {}", key.name, described(item));
        self.problem(item.span(), message)
    }

    fn text(&self, value: Option<&Value>) -> Option<Text> {
        let value = value?;
        Some(Text { value: value.as_str()?.to_owned(), place: self.place(value.span()) })
    }
}

fn described(item: &Item) -> &'static str {
    match item.type_name() {
        "array" | "array of tables" => "a list",
        "integer" => "an integer",
        "table" | "inline table" => "a table",
        "string" => "a string",
        "boolean" => "a boolean",
        "float" => "a float",
        _ => "that",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, offset: usize, place: (usize, usize)) {
        assert_eq!(Source::new("a", text).place(Some(offset..offset)), place);
    }

    #[test]
    fn places_count_characters_from_one() {
        check("", 0, (1, 1));
        check("", 9, (1, 1));
        check("a\nbc", 1, (1, 2));
        check("a\nbc", 2, (2, 1));
        check("a\nbc", 9, (2, 3));
        check("é\r\né = à b", 3, (1, 3));
        check("é\r\né = à b", "é\r\né = à ".len(), (2, 7));
        check("a\n", 2, (2, 1));
    }
}
