//! One canonical text per instruction: what the instruction says, whatever its layout.
//!
//! Comments, continuations, the case of the keyword and blanks that separate arguments do
//! not show; everything that BuildKit keeps does, here-documents and the blanks inside a
//! shell command included. Two instructions with equal canonical text mean the same.
//!
//! # The encoding
//! `KEYWORD`, then `{…}` with the flags where there are any, then the arguments: `[…]` for a
//! list of words, `(…)` for text, `<…>` for each name and value, and one `<<` per
//! here-document. All text from the file stands in double quotes with `"`, `\`, tabs and
//! line breaks escaped, so that nothing in it can be taken for structure.
//!
//! It expands nothing: equal text with different args is told apart by the args.

use crate::directives::Directives;
use crate::heredoc::Heredoc;
use crate::instruction::Arg;
use crate::keyword::Keyword;
use crate::node::{Args, Node, trigger_text};

pub(crate) fn canonical(node: &Node, keyword: Keyword) -> String {
    let mut text = keyword.name().to_owned();
    if !node.flags.is_empty() {
        text.push_str(" {");
        push_list(&mut text, &node.flags);
        text.push('}');
    }
    match (keyword, &node.args) {
        // A stage's name and the word `AS` are case-insensitive.
        (Keyword::From, Args::Words(words)) => {
            let (base, name) = words.split_first().expect("FROM has a base");
            push_words(&mut text, std::slice::from_ref(base));
            if let Some(name) = name.last() {
                text.push_str(" AS ");
                push_quoted(&mut text, &name.to_lowercase());
            }
        }
        (Keyword::Onbuild, _) => push_text(&mut text, trigger_text(&node.original)),
        (_, args) => push_args(&mut text, args),
    }
    node.heredocs.iter().for_each(|heredoc| push_heredoc(&mut text, heredoc));
    text
}

/// A global `ARG`: each stands alone, since how they are grouped changes nothing.
pub(crate) fn canonical_global_arg(arg: &Arg) -> String {
    let mut text = "ARG".to_owned();
    let word = match &arg.default {
        Some(default) => format!("{}={default}", arg.name),
        None => arg.name.clone(),
    };
    push_words(&mut text, &[word]);
    text
}

/// The directives that change what the rest means.
pub(crate) fn canonical_directives(directives: &Directives) -> Vec<String> {
    let mut texts = Vec::new();
    if let Some(syntax) = &directives.syntax {
        let mut text = "# syntax=".to_owned();
        push_quoted(&mut text, syntax);
        texts.push(text);
    }
    if directives.escape != '\\' {
        texts.push(format!("# escape={}", directives.escape));
    }
    texts
}

fn push_args(text: &mut String, args: &Args) {
    match args {
        Args::Json(words) | Args::Words(words) => push_words(text, words),
        Args::Text(raw) => push_text(text, raw),
        Args::Pairs(pairs) => {
            for (name, value) in pairs {
                text.push_str(" <");
                push_quoted(text, name);
                text.push('=');
                push_quoted(text, value);
                text.push('>');
            }
        }
        Args::Typed(kind, rest) => {
            text.push(' ');
            push_quoted(text, &kind.to_uppercase());
            push_args(text, rest);
        }
        Args::Trigger(_) | Args::Unknown => {}
    }
}

fn push_words(text: &mut String, words: &[String]) {
    text.push_str(" [");
    push_list(text, words);
    text.push(']');
}

fn push_text(text: &mut String, raw: &str) {
    text.push_str(" (");
    push_quoted(text, raw);
    text.push(')');
}

fn push_heredoc(text: &mut String, heredoc: &Heredoc) {
    text.push_str(if heredoc.strip_tabs { " <<-" } else { " <<" });
    text.push_str(if heredoc.expand { "$" } else { "" });
    push_quoted(text, &heredoc.name);
    text.push(' ');
    push_quoted(text, &heredoc.content);
}

fn push_list(text: &mut String, words: &[String]) {
    for (i, word) in words.iter().enumerate() {
        if i > 0 {
            text.push_str(", ");
        }
        push_quoted(text, word);
    }
}

fn push_quoted(text: &mut String, raw: &str) {
    text.push('"');
    let mut rest = raw;
    while let Some(at) =
        rest.bytes().position(|b| matches!(b, b'"' | b'\\' | b'\n' | b'\r' | b'\t'))
    {
        let (plain, special) = rest.split_at(at);
        text.push_str(plain);
        text.push_str(match special.as_bytes()[0] {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            _ => "\\t",
        });
        rest = &special[1..];
    }
    text.push_str(rest);
    text.push('"');
}

#[cfg(test)]
mod tests;
