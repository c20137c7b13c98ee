//! `COPY` and `ADD`: which files of which context, and what from the network.

use super::evaluate::{Files, Walk};
use super::graph::Origin;
use super::story::{Event, Placed};
use super::{Chmod, ContextRead, RemoteSource, Via};
use crate::expand::ExpandError;
use crate::fault::{Refusal, excerpt};
use crate::gopath::{below_root, clean};
use crate::heredoc::Heredoc;
use crate::instruction::{Add, Copy};
use crate::remote::parse_remote;

impl Walk<'_> {
    pub(super) fn copy(&mut self, copy: &Copy, origin: Option<&Origin>) -> Result<(), Refusal> {
        let (sources, unknown) = self.sources(&copy.sources)?;
        let destination = self.destination(&copy.destination)?;
        self.check_values([copy.chown.as_ref()])?;
        self.check_chmod(copy.chmod.as_ref())?;
        self.check_heredocs(&copy.heredocs)?;
        let files = match (origin, &copy.from) {
            (Some(origin), Some(from)) => self.refer(origin, from, Via::CopyFrom, &None)?,
            _ => Files::Context(None),
        };
        if let Some(remote) = sources.iter().find(|source| parse_remote(source).is_some()) {
            let message = format!("COPY can't fetch `{}`", excerpt(remote));
            return Err(Refusal::new(message).hint("use ADD"));
        }
        if let (Files::Context(context), false) = (files, copy.sources.is_empty()) {
            let pattern = if copy.parents { parents_pattern } else { below_root };
            let read = ContextRead {
                context,
                patterns: sources.iter().map(|source| pattern(source)).collect(),
                excludes: copy.excludes.clone(),
                parents: copy.parents,
                line: self.line,
            };
            let placed = self.read(read, unknown, destination.clone(), false);
            self.note(Event::Place(placed));
        } else if let Some(Origin::Stage(stage)) = origin {
            let paths = sources.iter().map(|source| clean(&format!("/{source}"))).collect();
            self.resolved
                .keeping
                .add_copy(*stage, if unknown.is_some() { Vec::new() } else { paths });
        }
        if copy.from.is_some() || !copy.heredocs.is_empty() {
            self.note(Event::Place(Placed { source: None, to: destination }));
        }
        Ok(())
    }

    /// Where an instruction's files go.
    fn destination(&self, raw: &str) -> Result<Option<String>, Refusal> {
        Ok(self.expand(raw)?.ok().and_then(|path| self.place(&path)))
    }

    pub(super) fn add(&mut self, add: &Add) -> Result<(), Refusal> {
        let (sources, unknown) = self.sources(&add.sources)?;
        let destination = self.destination(&add.destination)?;
        self.check_values([add.chown.as_ref()])?;
        self.check_chmod(add.chmod.as_ref())?;
        self.check_heredocs(&add.heredocs)?;
        let checksum = match &add.checksum {
            Some(checksum) => self.expand(checksum)?.ok().filter(|text| !text.is_empty()),
            None => None,
        };
        let mut patterns = Vec::new();
        for source in &sources {
            match parse_remote(source) {
                None => patterns.push(below_root(source)),
                Some(remote) => self.resolved.remotes.push(RemoteSource {
                    source: source.clone(),
                    kind: remote.kind,
                    checksum: checksum.clone().or(remote.commit),
                    line: self.line,
                }),
            }
        }
        let local = !patterns.is_empty() || unknown.is_some();
        if checksum.is_some() && add.sources.len() != 1 {
            return Err(Refusal::new("`--checksum` takes exactly one source"));
        }
        if checksum.is_some() && !patterns.is_empty() {
            return Err(Refusal::new("`--checksum` takes a URL or a git reference as source"));
        }
        if local {
            let excludes = add.excludes.clone();
            let line = self.line;
            let read = ContextRead { context: None, patterns, excludes, parents: false, line };
            let placed = self.read(read, unknown, destination.clone(), false);
            self.note(Event::Place(placed));
        }
        // An archive brings files of any name.
        self.note(Event::Place(Placed { source: None, to: destination }));
        Ok(())
    }

    /// The sources whose value is known, and why another one's isn't.
    fn sources(&self, raw: &[String]) -> Result<(Vec<String>, Option<ExpandError>), Refusal> {
        let mut sources = Vec::new();
        let mut unknown = None;
        for word in raw {
            match self.expand(word)? {
                Ok(source) => sources.push(source),
                Err(error) => unknown = unknown.or(Some(error)),
            }
        }
        Ok((sources, unknown))
    }

    /// Values that decide nothing here, but can be refused.
    fn check_values(&self, values: [Option<&String>; 1]) -> Result<(), Refusal> {
        values.into_iter().flatten().try_for_each(|value| self.expand(value).map(drop))
    }

    /// Digits are an octal mode; anything else is a symbolic one, which isn't checked.
    fn check_chmod(&mut self, raw: Option<&String>) -> Result<(), Refusal> {
        const HIGHEST: u32 = 0o7777;
        let Some(raw) = raw else { return Ok(()) };
        let Ok(mode) = self.expand(raw)? else { return Ok(()) };
        let numeric = !mode.is_empty() && mode.bytes().all(|byte| byte.is_ascii_digit());
        if numeric && !u32::from_str_radix(&mode, 8).is_ok_and(|mode| mode <= HIGHEST) {
            return Err(Refusal::new(format!("invalid `--chmod={}`", excerpt(&mode)))
                .hint("a mode is an octal number up to 7777"));
        }
        self.resolved.chmods.push(Chmod { mode, line: self.line, stage: self.index });
        Ok(())
    }

    fn check_heredocs(&self, heredocs: &[Heredoc]) -> Result<(), Refusal> {
        for heredoc in heredocs.iter().filter(|heredoc| heredoc.expand) {
            let checked = self.expander.check_body(&heredoc.content, &self.environment);
            if let Err(ExpandError::Refused(message)) = checked {
                return Err(Refusal::new(message));
            }
        }
        Ok(())
    }
}

/// With `--parents`, a `/./` in the source separates the folder that isn't kept from the rest.
fn parents_pattern(source: &str) -> String {
    match source.split_once("/./") {
        None => below_root(source),
        Some((folder, pattern)) => match below_root(folder).as_str() {
            "." => below_root(pattern),
            folder => format!("{folder}/./{}", below_root(pattern)),
        },
    }
}
