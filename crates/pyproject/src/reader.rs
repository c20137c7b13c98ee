//! Reading a TOML tree by its types: what has the wrong type is a fault at its place, and reading
//! goes on.
//!
//! It knows no key of a `pyproject.toml`.

use std::ops::Range;

use toml_edit::{ArrayOfTables, Item, Table, TableLike, Value};

use crate::{
    name::{InvalidName, PackageName},
    place::{Fault, Located, SourceText},
    toml_string::raw_offset,
};

/// A value in the tree with the dotted path that leads to it.
#[derive(Clone)]
pub(crate) struct Node<'d> {
    pub(crate) path: String,
    /// Where the value's source is; where it has none (a table that is only implied), where its key
    /// is.
    pub(crate) span: Range<usize>,
    kind: Kind<'d>,
}

#[derive(Clone, Copy)]
enum Kind<'d> {
    Value(&'d Value),
    Table(&'d Table),
    Tables(&'d ArrayOfTables),
}

/// A key of a table and its value.
pub(crate) struct Entry<'d> {
    pub(crate) key: &'d str,
    pub(crate) key_span: Range<usize>,
    pub(crate) node: Node<'d>,
}

/// A string and its place.
pub(crate) struct Text<'d> {
    pub(crate) value: &'d str,
    pub(crate) span: Range<usize>,
}

impl<'d> Node<'d> {
    pub(crate) fn root(table: &'d Table) -> Self {
        Self { path: String::new(), span: 0..0, kind: Kind::Table(table) }
    }

    fn as_table(&self) -> Option<&'d dyn TableLike> {
        match self.kind {
            Kind::Value(value) => value.as_inline_table().map(|table| table as &dyn TableLike),
            Kind::Table(table) => Some(table),
            Kind::Tables(_) => None,
        }
    }

    pub(crate) fn is_table(&self) -> bool {
        self.as_table().is_some()
    }

    pub(crate) fn is_string(&self) -> bool {
        matches!(self.kind, Kind::Value(Value::String(_)))
    }

    pub(crate) fn is_array(&self) -> bool {
        matches!(self.kind, Kind::Value(Value::Array(_)) | Kind::Tables(_))
    }

    /// A string as it is, an integer in decimal; `None` for all else.
    pub(crate) fn scalar_text(&self) -> Option<String> {
        match self.kind {
            Kind::Value(Value::String(value)) => Some(value.value().clone()),
            Kind::Value(Value::Integer(value)) => Some(value.value().to_string()),
            _ => None,
        }
    }

    /// The value of a key; `None` where there is no such key, or this is no table.
    pub(crate) fn get(&self, key: &str) -> Option<Self> {
        let item = self.as_table()?.get(key)?;
        self.child(key, item).map(|(_, node)| node)
    }

    /// All keys in the order of the text; none where this is no table.
    pub(crate) fn entries(&self) -> Vec<Entry<'d>> {
        let entries = self.as_table().into_iter().flat_map(|table| table.iter());
        let entry = |(key, item)| {
            let (key_span, node) = self.child(key, item)?;
            Some(Entry { key, key_span, node })
        };
        entries.filter_map(entry).collect()
    }

    /// The span of the key, and its value.
    fn child(&self, key: &str, item: &'d Item) -> Option<(Range<usize>, Self)> {
        let kind = match item {
            Item::None => return None,
            Item::Value(value) => Kind::Value(value),
            Item::Table(table) => Kind::Table(table),
            Item::ArrayOfTables(tables) => Kind::Tables(tables),
        };
        let key_span =
            self.as_table().and_then(|table| table.key(key)).and_then(toml_edit::Key::span);
        let key_span = key_span.unwrap_or_else(|| self.span.clone());
        let span = item.span().unwrap_or_else(|| key_span.clone());
        Some((key_span, Self { path: join_path(&self.path, key), span, kind }))
    }

    /// The elements of an array, or of an array of tables; `None` where this is none.
    pub(crate) fn elements(&self) -> Option<Vec<Self>> {
        let kinds: Vec<_> = match self.kind {
            Kind::Value(Value::Array(array)) => {
                array.iter().map(|v| (Kind::Value(v), v.span())).collect()
            }
            Kind::Tables(tables) => {
                tables.iter().map(|table| (Kind::Table(table), table.span())).collect()
            }
            Kind::Value(_) | Kind::Table(_) => return None,
        };
        let element = |(index, (kind, span)): (usize, (Kind<'d>, Option<Range<usize>>))| Node {
            path: format!("{}[{index}]", self.path),
            span: span.unwrap_or_else(|| self.span.clone()),
            kind,
        };
        Some(kinds.into_iter().enumerate().map(element).collect())
    }

    /// The value in one form, however it is laid out.
    pub(crate) fn canonical(&self) -> String {
        if let Some(elements) = self.elements() {
            let texts: Vec<_> = elements.iter().map(Node::canonical).collect();
            return format!("[{}]", texts.join(","));
        }
        match self.kind {
            Kind::Value(Value::String(text)) => format!("{:?}", text.value()),
            Kind::Value(value) if !self.is_table() => value.to_string().trim().to_owned(),
            _ => {
                let entry =
                    |entry: &Entry<'_>| format!("{:?}={}", entry.key, entry.node.canonical());
                let mut texts: Vec<_> = self.entries().iter().map(entry).collect();
                texts.sort();
                format!("{{{}}}", texts.join(","))
            }
        }
    }

    fn type_name(&self) -> &'static str {
        match self.kind {
            Kind::Value(Value::String(_)) => "a string",
            Kind::Value(Value::Integer(_)) => "an integer",
            Kind::Value(Value::Float(_)) => "a float",
            Kind::Value(Value::Boolean(_)) => "a boolean",
            Kind::Value(Value::Datetime(_)) => "a date or time",
            Kind::Value(Value::Array(_)) => "an array",
            Kind::Value(Value::InlineTable(_)) | Kind::Table(_) => "a table",
            Kind::Tables(_) => "an array of tables",
        }
    }
}

/// `path.key`, the key quoted where TOML asks for it. Of a long key only the start is shown: each
/// of the values below it has the path.
fn join_path(path: &str, key: &str) -> String {
    const LONGEST: usize = 80;
    let cut = key.char_indices().nth(LONGEST);
    let cut = cut.map(|(cut, _)| format!("{}…", &key[..cut]));
    let key = cut.as_deref().unwrap_or(key);
    let bare = !key.is_empty()
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    let dot = if path.is_empty() { "" } else { "." };
    if bare { format!("{path}{dot}{key}") } else { format!("{path}{dot}{key:?}") }
}

/// Collects the faults of one text.
pub(crate) struct Reader<'t> {
    source: &'t SourceText,
    faults: Vec<Fault>,
}

impl<'t> Reader<'t> {
    pub(crate) fn new(source: &'t SourceText) -> Self {
        Self { source, faults: Vec::new() }
    }

    pub(crate) fn has_faults(&self) -> bool {
        !self.faults.is_empty()
    }

    /// All faults in the order of the text.
    pub(crate) fn into_faults(mut self) -> Vec<Fault> {
        self.faults.sort_by_key(|fault| (fault.line, fault.column));
        self.faults
    }

    pub(crate) fn fault(&mut self, offset: usize, message: String, hint: Option<&str>) {
        self.fault_at(self.source.place(offset), message, hint);
    }

    pub(crate) fn fault_at(
        &mut self,
        (line, column): (usize, usize),
        message: String,
        hint: Option<&str>,
    ) {
        self.faults.push(Fault { line, column, message, hint: hint.map(str::to_owned) });
    }

    /// Says that a value is not what it must be.
    pub(crate) fn wrong_type(&mut self, node: &Node<'_>, expected: &str, hint: Option<&str>) {
        let message = format!("`{}` must be {expected}, found {}", node.path, node.type_name());
        self.fault(node.span.start, message, hint);
    }

    /// The table under a key, if there is one.
    pub(crate) fn table<'d>(&mut self, parent: &Node<'d>, key: &str) -> Option<Node<'d>> {
        let node = parent.get(key)?;
        if !node.is_table() {
            self.wrong_type(&node, "a table", None);
            return None;
        }
        Some(node)
    }

    /// The elements of an array, or of an array of tables.
    pub(crate) fn elements<'d>(
        &mut self,
        node: &Node<'d>,
        expected: &str,
        hint: Option<&str>,
    ) -> Vec<Node<'d>> {
        node.elements().unwrap_or_else(|| {
            self.wrong_type(node, expected, hint);
            Vec::new()
        })
    }

    pub(crate) fn string<'d>(&mut self, node: &Node<'d>, hint: Option<&str>) -> Option<Text<'d>> {
        if let Kind::Value(Value::String(value)) = node.kind {
            return Some(Text { value: value.value(), span: node.span.clone() });
        }
        self.wrong_type(node, "a string", hint);
        None
    }

    pub(crate) fn boolean(&mut self, node: &Node<'_>) -> Option<bool> {
        if let Kind::Value(Value::Boolean(value)) = node.kind {
            return Some(*value.value());
        }
        self.wrong_type(node, "a boolean", None);
        None
    }

    /// A string that is a name.
    pub(crate) fn name(&mut self, node: &Node<'_>) -> Option<Located<PackageName>> {
        let text = self.string(node, None)?;
        let offset = self.offset_in(&text, 0);
        let value = self.parse_name(text.value, offset)?;
        let (line, column) = self.source.place(offset);
        Some(Located { value, line, column })
    }

    /// A key that is a name.
    pub(crate) fn key_name(&mut self, entry: &Entry<'_>) -> Option<PackageName> {
        self.parse_name(entry.key, entry.key_span.start)
    }

    fn parse_name(&mut self, text: &str, offset: usize) -> Option<PackageName> {
        match text.parse() {
            Ok(name) => Some(name),
            Err(error) => {
                self.fault(offset, format!("{error}"), Some(InvalidName::HINT));
                None
            }
        }
    }

    /// The offset in the source of a byte of a string's value.
    pub(crate) fn offset_in(&self, text: &Text<'_>, decoded: usize) -> usize {
        let raw = self.source.text().get(text.span.clone()).unwrap_or_default();
        text.span.start + raw_offset(raw, decoded)
    }

    pub(crate) fn place(&self, offset: usize) -> (usize, usize) {
        self.source.place(offset)
    }
}
