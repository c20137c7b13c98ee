//! `COPY` and `ADD`.

use crate::fault::Refusal;
use crate::flags::{FlagKind, Flags};
use crate::heredoc::{Heredoc, parse_word};
use crate::instruction::{Add, Copy};
use crate::node::{Args, Node};

const COPY_FLAGS: &[(&str, FlagKind)] = &[
    ("chown", FlagKind::Value),
    ("from", FlagKind::Value),
    ("chmod", FlagKind::Value),
    ("link", FlagKind::Switch),
    ("exclude", FlagKind::List),
    ("parents", FlagKind::Switch),
];

const ADD_FLAGS: &[(&str, FlagKind)] = &[
    ("chown", FlagKind::Value),
    ("chmod", FlagKind::Value),
    ("link", FlagKind::Switch),
    ("keep-git-dir", FlagKind::Switch),
    ("checksum", FlagKind::Value),
    ("unpack", FlagKind::Switch),
    ("exclude", FlagKind::List),
];

pub(super) fn parse_copy(node: &Node) -> Result<Copy, Refusal> {
    let words = at_least_two(node, "COPY")?;
    let flags = Flags::parse(&node.flags, COPY_FLAGS)?;
    let (sources, heredocs, destination) = split_sources(node, words, "COPY")?;
    Ok(Copy {
        from: flags.text("from"),
        sources,
        destination,
        heredocs,
        excludes: flags.list("exclude").map(str::to_owned).collect(),
        parents: flags.switch("parents").unwrap_or(false),
        link: flags.switch("link").unwrap_or(false),
        chown: flags.text("chown"),
        chmod: flags.text("chmod"),
    })
}

pub(super) fn parse_add(node: &Node) -> Result<Add, Refusal> {
    let words = at_least_two(node, "ADD")?;
    let flags = Flags::parse(&node.flags, ADD_FLAGS)?;
    let (sources, heredocs, destination) = split_sources(node, words, "ADD")?;
    Ok(Add {
        sources,
        destination,
        heredocs,
        excludes: flags.list("exclude").map(str::to_owned).collect(),
        checksum: flags.text("checksum"),
        keep_git_dir: flags.switch("keep-git-dir"),
        unpack: flags.switch("unpack"),
        link: flags.switch("link").unwrap_or(false),
        chown: flags.text("chown"),
        chmod: flags.text("chmod"),
    })
}

fn at_least_two<'n>(node: &'n Node, name: &str) -> Result<&'n [String], Refusal> {
    match &node.args {
        Args::Words(words) | Args::Json(words) if words.len() >= 2 => Ok(words),
        _ => Err(Refusal::new(format!("{name} needs at least two arguments"))
            .hint(format!("write it as `{name} source… destination`"))),
    }
}

type Sources = (Vec<String>, Vec<Heredoc>, String);

/// Sources, sources that are here-documents, and the destination.
fn split_sources(node: &Node, words: &[String], name: &str) -> Result<Sources, Refusal> {
    let (destination, sources) = words.split_last().expect("there are at least two words");
    // A word that can't be read as a here-document isn't one.
    let as_heredoc = |word: &str| parse_word(word).ok().flatten();
    if as_heredoc(destination).is_some() {
        return Err(Refusal::new(format!("{name} can't have a here-document as destination")));
    }
    let mut paths = Vec::new();
    let mut heredocs = Vec::new();
    for source in sources {
        match as_heredoc(source) {
            None => paths.push(source.clone()),
            Some(mut heredoc) => {
                // Of two bodies with one name, the last is used; in the JSON form there are none.
                if let Some(read) = node.heredocs.iter().rev().find(|h| h.name == heredoc.name) {
                    heredoc.content.clone_from(&read.content);
                }
                heredocs.push(heredoc);
            }
        }
    }
    Ok((paths, heredocs, destination.clone()))
}
