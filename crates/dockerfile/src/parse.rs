//! From a node to a typed instruction, and what BuildKit refuses on the way
//! (`instructions/parse.go`).

use crate::canonical::canonical;
use crate::fault::{Fault, Refusal, excerpt};
use crate::flags::{FlagKind, Flags};
use crate::instruction::{Arg, Command, Device, Instruction, InstructionKind, Onbuild, Run};
use crate::keyword::{Keyword, unknown_instruction};
use crate::mount::parse_mount;
use crate::node::{Args, Node, trigger_text};

mod device;
mod health;
mod transfer;

/// What a node says.
#[derive(Debug)]
pub(crate) enum Statement {
    From(From),
    Instruction(Instruction),
}

/// A `FROM`.
#[derive(Debug)]
pub(crate) struct From {
    pub(crate) base: String,
    /// In lowercase.
    pub(crate) name: Option<String>,
    pub(crate) platform: Option<String>,
    pub(crate) canonical: String,
}

const RUN_FLAGS: &[(&str, FlagKind)] = &[
    ("mount", FlagKind::List),
    ("network", FlagKind::Value),
    ("security", FlagKind::Value),
    ("device", FlagKind::List),
];

const FROM_FLAGS: &[(&str, FlagKind)] = &[("platform", FlagKind::Value)];

pub(crate) fn parse_statement(node: &Node) -> Result<Statement, Fault> {
    let located = |refusal: Refusal| refusal.at(node.line, node.column);
    let Some(keyword) = node.keyword else {
        return Err(located(unknown_instruction(&node.name)));
    };
    if keyword == Keyword::From {
        return parse_from(node).map(Statement::From).map_err(located);
    }
    let kind = parse_kind(node, keyword).map_err(located)?;
    Ok(Statement::Instruction(Instruction {
        line: node.line,
        column: node.column,
        kind,
        canonical: canonical(node, keyword),
    }))
}

fn parse_kind(node: &Node, keyword: Keyword) -> Result<InstructionKind, Refusal> {
    Ok(match keyword {
        Keyword::Add => InstructionKind::Add(transfer::parse_add(node)?),
        Keyword::Copy => InstructionKind::Copy(transfer::parse_copy(node)?),
        Keyword::Run => InstructionKind::Run(parse_run(node)?),
        Keyword::Arg => InstructionKind::Arg(parse_arg(node)?),
        Keyword::Env => InstructionKind::Env(parse_pairs(node, keyword)?),
        Keyword::Workdir => InstructionKind::Workdir(one_argument(node, keyword)?),
        Keyword::Onbuild => InstructionKind::Onbuild(parse_onbuild(node)?),
        _ => {
            check_other(node, keyword)?;
            let text = match &node.args {
                Args::Text(text) => text.clone(),
                _ => text_after_flags(node),
            };
            InstructionKind::Other { keyword: keyword.name(), text }
        }
    })
}

/// What follows the keyword; the flags of these instructions are part of it.
fn text_after_flags(node: &Node) -> String {
    let (_, rest) = crate::words::split_first(node.original.trim());
    rest.unwrap_or_default().to_owned()
}

fn no_flags(node: &Node) -> Result<(), Refusal> {
    Flags::parse(&node.flags, &[]).map(drop)
}

fn check_other(node: &Node, keyword: Keyword) -> Result<(), Refusal> {
    let needs_argument =
        || Err(Refusal::new(format!("{} needs at least one argument", keyword.name())));
    match keyword {
        Keyword::Label => return parse_pairs(node, keyword).map(drop),
        Keyword::User | Keyword::Maintainer => return one_argument(node, keyword).map(drop),
        Keyword::Healthcheck => return health::check(node),
        // BuildKit leaves the flags of STOPSIGNAL unread.
        Keyword::StopSignal if node.args == Args::Text(String::new()) => {
            return Err(exactly_one(keyword));
        }
        Keyword::StopSignal => return Ok(()),
        _ => no_flags(node)?,
    }
    match (&node.args, keyword) {
        (Args::Words(words) | Args::Json(words), Keyword::Volume | Keyword::Expose) => {
            if words.is_empty() {
                return needs_argument();
            }
            if keyword == Keyword::Volume && words.iter().any(|word| word.trim().is_empty()) {
                return Err(Refusal::new("VOLUME can't be an empty string"));
            }
        }
        (Args::Json(words), Keyword::Shell) if words.is_empty() => return needs_argument(),
        (Args::Text(text), Keyword::Shell) if text.is_empty() => return needs_argument(),
        (Args::Text(_), Keyword::Shell) => {
            return Err(Refusal::new("SHELL takes the JSON form only")
                .hint("write it as `SHELL [\"/bin/sh\", \"-c\"]`"));
        }
        _ => {}
    }
    Ok(())
}

fn exactly_one(keyword: Keyword) -> Refusal {
    Refusal::new(format!("{} needs exactly one argument", keyword.name()))
}

fn one_argument(node: &Node, keyword: Keyword) -> Result<String, Refusal> {
    match &node.args {
        Args::Text(text) if !text.is_empty() => {
            no_flags(node)?;
            Ok(text.clone())
        }
        _ => Err(exactly_one(keyword)),
    }
}

fn parse_from(node: &Node) -> Result<From, Refusal> {
    let Args::Words(words) = &node.args else {
        unreachable!("the arguments of FROM are words");
    };
    let name = match words.as_slice() {
        [_] => None,
        [_, keyword, name] if keyword.eq_ignore_ascii_case("as") => Some(stage_name(name)?),
        _ => {
            return Err(Refusal::new("FROM takes one or three arguments")
                .hint("write it as `FROM image` or `FROM image AS name`"));
        }
    };
    let flags = Flags::parse(&node.flags, FROM_FLAGS)?;
    Ok(From {
        base: words[0].clone(),
        name,
        platform: flags.text("platform"),
        canonical: canonical(node, Keyword::From),
    })
}

fn stage_name(given: &str) -> Result<String, Refusal> {
    let name = given.to_lowercase();
    let is_part =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    if name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(is_part) {
        return Ok(name);
    }
    Err(Refusal::new(format!("invalid stage name `{}`", excerpt(given)))
        .hint("a stage name begins with a letter and holds letters, digits, `-`, `_` and `.`"))
}

fn parse_arg(node: &Node) -> Result<Vec<Arg>, Refusal> {
    let words = match &node.args {
        Args::Words(words) if !words.is_empty() => words,
        _ => return Err(Refusal::new("ARG needs at least one argument")),
    };
    words
        .iter()
        .map(|word| {
            let (name, default) = match word.split_once('=') {
                Some(("", _)) => return Err(Refusal::new("an ARG can't have a blank name")),
                Some((name, default)) => (name, Some(default.to_owned())),
                None => (word.as_str(), None),
            };
            Ok(Arg { name: name.to_owned(), default, line: node.line })
        })
        .collect()
}

fn parse_pairs(node: &Node, keyword: Keyword) -> Result<Vec<(String, String)>, Refusal> {
    no_flags(node)?;
    let name = keyword.name();
    match &node.args {
        Args::Pairs(pairs) if pairs.is_empty() => {
            Err(Refusal::new(format!("{name} needs at least one argument")))
        }
        Args::Pairs(pairs) if pairs.iter().any(|(key, _)| key.is_empty()) => {
            Err(Refusal::new(format!("{name} can't have a blank name")))
        }
        Args::Pairs(pairs) => Ok(pairs.clone()),
        _ => unreachable!("the arguments of {name} are pairs"),
    }
}

fn parse_run(node: &Node) -> Result<Run, Refusal> {
    let flags = Flags::parse(&node.flags, RUN_FLAGS)?;
    let command = match &node.args {
        Args::Json(words) => Command::Exec(words.clone()),
        Args::Text(text) => Command::Shell(text.clone()),
        _ => unreachable!("the arguments of RUN are text or JSON"),
    };
    let mounts = flags.list("mount").map(parse_mount).collect::<Result<_, _>>()?;
    let devices: Vec<Device> =
        flags.list("device").map(device::parse_device).collect::<Result<_, _>>()?;
    let one_of = |flag: &str, allowed: &[&str]| match flags.value(flag) {
        Some(value) if !allowed.contains(&value) => {
            Err(Refusal::new(format!("invalid value `{}` for `--{flag}`", excerpt(value)))
                .hint(format!("it is one of {}", allowed.join(", "))))
        }
        value => Ok(value.map(str::to_owned)),
    };
    Ok(Run {
        command,
        mounts,
        network: one_of("network", &["default", "none", "host"])?,
        security: one_of("security", &["sandbox", "insecure"])?,
        devices,
        heredocs: node.heredocs.clone(),
    })
}

fn parse_onbuild(node: &Node) -> Result<Onbuild, Refusal> {
    let Args::Trigger(trigger) = &node.args else {
        unreachable!("the arguments of ONBUILD are a trigger");
    };
    let Some(trigger) = trigger else {
        return Err(Refusal::new("ONBUILD needs an instruction"));
    };
    no_flags(node)?;
    match trigger.name.to_uppercase().as_str() {
        "ONBUILD" => return Err(Refusal::new("ONBUILD can't keep another ONBUILD")),
        name @ ("MAINTAINER" | "FROM") => {
            return Err(Refusal::new(format!("ONBUILD can't keep {name}")));
        }
        _ => {}
    }
    let mut expression = trigger_text(&node.original).to_owned();
    for heredoc in &node.heredocs {
        expression.push('\n');
        expression.push_str(&heredoc.content);
        expression.push_str(&heredoc.name);
    }
    Ok(Onbuild { expression })
}
