//! From a logical line to a node: keyword, flags and arguments, here-documents attached.
//!
//! The arguments are split by the keyword's own rule (the dispatch table of
//! `parser/parser.go`); what they mean is left to [`crate::parse`].

use crate::expand::ExpandError;
use crate::fault::{Fault, Refusal};
use crate::flags::split_flags;
use crate::heredoc::{Heredoc, announced};
use crate::json::{JsonForm, parse_json_form};
use crate::keyword::Keyword;
use crate::lines::{Lines, LogicalLine};
use crate::words::{is_blank, split_blanks, split_first, split_quoted};

#[derive(Debug)]
pub(crate) struct Node {
    /// As written.
    pub(crate) name: String,
    pub(crate) keyword: Option<Keyword>,
    pub(crate) flags: Vec<String>,
    pub(crate) args: Args,
    pub(crate) heredocs: Vec<Heredoc>,
    /// The logical line.
    pub(crate) original: String,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// Arguments after the split that belongs to the keyword.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Args {
    /// The JSON form.
    Json(Vec<String>),
    /// Words, and none where there is no text.
    Words(Vec<String>),
    /// Text that isn't split.
    Text(String),
    /// Names and values.
    Pairs(Vec<(String, String)>),
    /// `HEALTHCHECK`: its type and what follows it.
    Typed(String, Box<Args>),
    /// `ONBUILD`: the instruction it keeps.
    Trigger(Option<Box<Trigger>>),
    /// Those of an instruction that isn't known.
    Unknown,
}

/// What must be known at once of an `ONBUILD`'s instruction; its text is parsed again when
/// a stage runs it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Trigger {
    pub(crate) name: String,
    takes_heredocs: bool,
}

/// All nodes of a text. Text that can't be read at all ends the list.
pub(crate) fn read_nodes(lines: &mut Lines<'_>, faults: &mut Vec<Fault>) -> Vec<Node> {
    let mut nodes = Vec::new();
    loop {
        match lines.next_logical() {
            Err(fault) => {
                faults.push(fault);
                return nodes;
            }
            Ok(None) => return nodes,
            Ok(Some(line)) => match read_node(&line, lines) {
                Ok(node) => nodes.push(node),
                Err(fault) => faults.push(fault),
            },
        }
    }
}

fn read_node(line: &LogicalLine, lines: &mut Lines<'_>) -> Result<Node, Fault> {
    let (number, column) = (line.line, line.column);
    let located = |refusal: Refusal| refusal.at(number, column);
    let mut node = split_line(&line.text, lines.escape()).map_err(located)?;
    node.line = number;
    node.column = column;
    if node.takes_heredocs() {
        let announced = announced(&line.text).map_err(|error| located(heredoc_refusal(&error)))?;
        for mut heredoc in announced {
            let Some(content) = lines.next_heredoc(&heredoc.name, heredoc.strip_tabs)? else {
                let message = format!("here-document `{}` has no end", heredoc.name);
                let hint = format!("end it with a line that is only `{}`", heredoc.name);
                return Err(located(Refusal::new(message).hint(hint)));
            };
            heredoc.content = content;
            node.heredocs.push(heredoc);
        }
    }
    Ok(node)
}

fn heredoc_refusal(error: &ExpandError) -> Refusal {
    Refusal::new(format!("here-document can't be read: {error}"))
}

impl Node {
    fn takes_heredocs(&self) -> bool {
        match &self.args {
            Args::Trigger(Some(trigger)) => trigger.takes_heredocs,
            Args::Json(_) => false,
            _ => self.keyword.is_some_and(Keyword::takes_heredocs),
        }
    }
}

fn split_line(text: &str, escape: char) -> Result<Node, Refusal> {
    let (name, rest) = split_first(text.trim());
    let (flags, rest) = split_flags(rest.unwrap_or_default(), escape);
    let keyword = Keyword::parse(name);
    let args = match keyword {
        Some(keyword) => split_args(keyword, rest.trim(), escape)?,
        None => Args::Unknown,
    };
    let name = name.to_owned();
    let original = text.to_owned();
    Ok(Node { name, keyword, flags, args, heredocs: Vec::new(), original, line: 1, column: 1 })
}

fn split_args(keyword: Keyword, text: &str, escape: char) -> Result<Args, Refusal> {
    Ok(match keyword {
        Keyword::Add | Keyword::Copy | Keyword::Volume => match parse_json_form(text) {
            JsonForm::Strings(strings) => Args::Json(strings),
            JsonForm::NotStrings => return Err(not_strings()),
            JsonForm::No => blank_separated(text),
        },
        Keyword::From | Keyword::Expose => blank_separated(text),
        Keyword::Arg => Args::Words(split_quoted(text, escape)),
        Keyword::Env | Keyword::Label => Args::Pairs(split_pairs(text, keyword, escape)?),
        Keyword::Run | Keyword::Cmd | Keyword::Entrypoint | Keyword::Shell => maybe_json(text)?,
        Keyword::Healthcheck => {
            // BuildKit looks at bytes here; beyond ASCII that changes nothing it accepts.
            let end = text.find(char::is_whitespace).unwrap_or(text.len());
            let (kind, rest) = text.split_at(end);
            Args::Typed(kind.to_owned(), Box::new(maybe_json(rest.trim_start())?))
        }
        Keyword::Onbuild if text.is_empty() => Args::Trigger(None),
        Keyword::Onbuild => {
            let (name, _) = split_first(text);
            if name.eq_ignore_ascii_case("ONBUILD") {
                // Refused as a whole later on; going deeper would only cost time.
                return Ok(Args::Trigger(Some(Box::new(Trigger {
                    name: name.to_owned(),
                    takes_heredocs: false,
                }))));
            }
            let node = split_line(text, escape)?;
            let takes_heredocs = node.takes_heredocs();
            Args::Trigger(Some(Box::new(Trigger { name: node.name, takes_heredocs })))
        }
        Keyword::Maintainer | Keyword::StopSignal | Keyword::User | Keyword::Workdir => {
            Args::Text(text.to_owned())
        }
    })
}

fn not_strings() -> Refusal {
    Refusal::new("the JSON form takes strings only")
        .hint("quote every element, or leave the brackets out for the shell form")
}

fn blank_separated(text: &str) -> Args {
    Args::Words(if text.is_empty() { Vec::new() } else { split_blanks(text) })
}

fn maybe_json(text: &str) -> Result<Args, Refusal> {
    match parse_json_form(text) {
        JsonForm::Strings(strings) => Ok(Args::Json(strings)),
        JsonForm::NotStrings => Err(not_strings()),
        JsonForm::No => Ok(Args::Text(text.to_owned())),
    }
}

/// `name=value …`, or the old `name value` where the first word has no `=`.
fn split_pairs(
    text: &str,
    keyword: Keyword,
    escape: char,
) -> Result<Vec<(String, String)>, Refusal> {
    let words = split_quoted(text, escape);
    if words.first().is_some_and(|first| !first.contains('=')) {
        let (name, value) = split_first(text);
        let Some(value) = value else {
            let message = format!("{} needs a name and a value", keyword.name());
            return Err(Refusal::new(message).hint(format!("write it as `{name}=…`")));
        };
        return Ok(vec![(name.to_owned(), value.to_owned())]);
    }
    words
        .iter()
        .map(|word| match word.split_once('=') {
            Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
            None => Err(Refusal::new(format!("no `=` in `{word}`"))
                .hint("write it as `name=value`; quote a value with blanks")),
        })
        .collect()
}

/// The text after `ONBUILD`, its trailing white space included.
pub(crate) fn trigger_text(original: &str) -> &str {
    let text = original.trim_start();
    let after = text.find(is_blank).map_or("", |at| &text[at..]);
    after.trim_start_matches(['\t', '\n', '\x0c', '\r', ' '])
}
