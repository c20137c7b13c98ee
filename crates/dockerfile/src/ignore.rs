//! `.dockerignore`, with the answers that BuildKit's walk of a context gives.
//!
//! It looks like `.gitignore` and is not: patterns are anchored at the context's root, the
//! last one that matches a path *or one of its folders* wins, and a file can come back from
//! inside an excluded folder.
//!
//! # How it works
//! Reading follows moby/patternmatcher's `ignorefile`; matching follows its
//! `MatchesUsingParentResults` and the walk of tonistiigi/fsutil around it. The walk hands the
//! patterns that matched a folder down to what is in it, so that an answer depends on the
//! folders above. [`Folder`] is what is handed down here; it also carries how far each pattern
//! has come, so that an entry costs no more than a look at its own name.
//!
//! # Limitations
//! - BuildKit sends the paths of the walk, and then opens each file through another matcher
//!   that doesn't know the folders' results. Where the two disagree, the file arrives empty.
//!   Here it counts as not excluded.
//! - A pattern with `\p`, `\P` or `\Q`, which BuildKit takes for the regular expressions that
//!   they happen to be, is a fault.
//! - A malformed pattern is a fault wherever it is malformed. Go looks at all of a pattern only
//!   in some versions, and a pattern whose turn never comes goes unnoticed in BuildKit.
//! - Only one file is read here. Which file counts (`<Dockerfile>.dockerignore` or the
//!   context's own) is up to the caller.

use crate::fault::{Fault, Refusal, excerpt};
use crate::gopath::clean;
use crate::lines::LONGEST_LINE;

mod glob;
mod pattern;
mod program;
mod regex;
mod syntax;
mod walk;

use pattern::Pattern;
pub use walk::{Entered, Folder, Sweep};

/// The patterns of a `.dockerignore`, ready to match.
#[derive(Clone, Debug, Default)]
pub struct Dockerignore {
    patterns: Vec<Pattern>,
    /// The folders that exceptions name, where all exceptions are plain paths; BuildKit then
    /// skips excluded folders that no exception is below.
    exception_folders: Option<Vec<String>>,
}

/// Parses a `.dockerignore`.
///
/// # Errors
/// A fault for each pattern that BuildKit can't use.
pub fn parse_dockerignore(text: &str) -> Result<Dockerignore, Vec<Fault>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut patterns = Vec::new();
    let mut faults = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        let located = |refusal: Refusal| refusal.at(index + 1, 1);
        if line.len() >= LONGEST_LINE {
            let refusal = Refusal::new("line longer than BuildKit reads");
            faults.push(located(refusal.hint(format!("keep lines below {LONGEST_LINE} bytes"))));
            continue;
        }
        let line = line.strip_suffix('\r').unwrap_or(line);
        match parse_line(line) {
            Ok(pattern) => patterns.extend(pattern),
            Err(refusal) => faults.push(located(refusal)),
        }
    }
    if faults.is_empty() { Ok(Dockerignore::new(patterns)) } else { Err(faults) }
}

/// The pattern of a line, if it has one.
fn parse_line(line: &str) -> Result<Option<Pattern>, Refusal> {
    // A `#` counts as a comment only in the first column.
    let text = line.trim();
    if line.starts_with('#') || text.is_empty() {
        return Ok(None);
    }
    let (exclaimed, text) = match text.strip_prefix('!') {
        Some(text) => (true, text.trim()),
        None => (false, text),
    };
    let mut text = if text.is_empty() { String::new() } else { clean(text) };
    if text.len() > 1 && text.starts_with('/') {
        text.remove(0);
    }
    if exclaimed {
        text.insert(0, '!');
    }
    parse_pattern(&text)
}

/// A pattern as patternmatcher takes it: the second half of the job begins with trimming anew.
fn parse_pattern(text: &str) -> Result<Option<Pattern>, Refusal> {
    let text = match text.trim() {
        "" => return Ok(None),
        text => clean(text),
    };
    let (exception, text) = match text.strip_prefix('!') {
        Some("") => {
            return Err(Refusal::new("`!` without a pattern").hint("write the exception after it"));
        }
        Some(text) => (true, text),
        None => (false, text.as_str()),
    };
    match Pattern::parse(text, exception) {
        Some(pattern) => Ok(Some(pattern)),
        None => Err(Refusal::new(format!("invalid pattern `{}`", excerpt(text))).hint(
            "brackets must be closed and hold valid ranges; a backslash escapes what follows it",
        )),
    }
}

impl Dockerignore {
    fn new(patterns: Vec<Pattern>) -> Dockerignore {
        let exceptions = patterns.iter().filter(|pattern| pattern.exception);
        let exception_folders =
            exceptions.map(|pattern| pattern.plain_prefix().map(|prefix| format!("{prefix}/")));
        Dockerignore { exception_folders: exception_folders.collect(), patterns }
    }

    /// The patterns of a `--exclude` or a `--parents`, which no ignore file's reader has cleaned.
    /// A copy goes into every folder, whatever the exceptions are. `None` where BuildKit can't
    /// use one of them.
    pub(crate) fn of_copy(patterns: &[String]) -> Option<Dockerignore> {
        let parsed = patterns.iter().map(|pattern| parse_pattern(pattern).ok());
        let patterns = parsed.collect::<Option<Vec<_>>>()?.into_iter().flatten().collect();
        Some(Dockerignore { patterns, exception_folders: None })
    }

    /// The same, and these paths are left out too. `None` where one of them is no pattern.
    #[must_use]
    pub fn leaving_out(&self, paths: &[&str]) -> Option<Dockerignore> {
        let mut patterns = self.patterns.clone();
        for path in paths {
            patterns.push(Pattern::parse(path, false)?);
        }
        Some(Dockerignore::new(patterns))
    }

    /// Whether a pattern takes something back that another one excludes.
    pub(crate) fn has_exceptions(&self) -> bool {
        self.patterns.iter().any(|pattern| pattern.exception)
    }

    /// Whether there are no patterns: nothing is excluded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// The patterns in order, cleaned, an exception with its `!`: lines that mean the same in
    /// another `.dockerignore`.
    pub fn patterns(&self) -> impl Iterator<Item = String> {
        self.patterns.iter().map(render_line)
    }

    /// Whether a file or folder does not get into the context.
    ///
    /// `path` is relative to the context's root, with `/` between its components. An excluded
    /// folder gets in after all where something below it does.
    #[must_use]
    pub fn excludes(&self, path: &str) -> bool {
        let (parents, name) = split_path(path);
        match self.folder(parents) {
            Some(folder) => self.excludes_entry(&folder, name),
            None => true,
        }
    }

    /// Whether anything below the folder may get into the context: BuildKit's walk goes in.
    #[must_use]
    pub fn may_descend(&self, folder: &str) -> bool {
        self.folder(folder).is_some()
    }

    /// The folder at `path`; `None` where the walk doesn't go in.
    fn folder(&self, path: &str) -> Option<Folder> {
        let names = path.split('/').filter(|name| !name.is_empty());
        names.into_iter().try_fold(self.root(), |folder, name| self.enter(&folder, name).folder)
    }
}

/// A line that is read as this pattern. Some pass the reader by accident as they are, and written
/// out they would lose their slash or their blanks: `./!/a` and `/ /a` bring them past it again.
fn render_line(Pattern { text, exception, .. }: &Pattern) -> String {
    let is_rooted = text.len() > 1 && text.starts_with('/');
    match exception {
        true if is_rooted || clean(text.trim()) != *text => format!("./!{text}"),
        true => format!("!{text}"),
        false if is_rooted => format!("/ {text}"),
        false => text.clone(),
    }
}

/// The folders above a path, and its last component.
fn split_path(path: &str) -> (&str, &str) {
    let path = path.trim_end_matches('/');
    path.rsplit_once('/').unwrap_or(("", path))
}

#[cfg(test)]
mod tests;
