//! What is handed from folder to folder in a walk.

use super::Dockerignore;
use super::pattern::{Matcher, Pattern, accepts, advance, parts_match, skip_deep};

/// A folder of a context, as the patterns see it.
#[derive(Clone, Debug)]
pub struct Folder {
    /// With a slash at the end; empty for the root.
    path: String,
    /// The patterns that matched the folder or can match something in it, in order.
    live: Vec<Live>,
}

#[derive(Clone, Copy, Debug)]
struct Live {
    /// Which pattern.
    index: usize,
    state: State,
}

/// How far a pattern has come at a folder.
#[derive(Clone, Copy, Debug)]
enum State {
    /// It matched the folder, or one above it, when it was asked. Then it counts for
    /// everything below without being asked again.
    Matched,
    /// It will match everything below, but hasn't been asked.
    All,
    /// It may match something below.
    Possible,
    /// It is at these of its steps.
    Steps(u64),
}

/// The answer of [`Dockerignore::enter`].
#[derive(Clone, Debug)]
pub struct Entered {
    /// Whether the folder itself is excluded.
    pub excluded: bool,
    /// The folder; `None` where BuildKit's walk does not go in, so that nothing in it gets into
    /// the context.
    pub folder: Option<Folder>,
}

impl Dockerignore {
    /// The context's root, where a walk begins.
    #[must_use]
    pub fn root(&self) -> Folder {
        let live = self.patterns.iter().enumerate().map(|(index, pattern)| {
            let state = match &pattern.matcher {
                Matcher::Prefix(prefix) if prefix.is_empty() => State::All,
                Matcher::Steps(steps) => State::Steps(skip_deep(steps, 1)),
                _ => State::Possible,
            };
            Live { index, state }
        });
        Folder { path: String::new(), live: live.collect() }
    }

    /// Whether the entry `name` of the folder is excluded. For a folder whose entries matter,
    /// see [`Dockerignore::enter`].
    #[must_use]
    pub fn excludes_entry(&self, folder: &Folder, name: &str) -> bool {
        let mut excluded = false;
        for live in &folder.live {
            let pattern = &self.patterns[live.index];
            if is_asked(pattern, live.state, excluded)
                && matches(pattern, live.state, &folder.path, name)
            {
                excluded = !pattern.exception;
            }
        }
        excluded
    }

    /// Goes from a folder into the folder `name` in it.
    #[must_use]
    pub fn enter(&self, folder: &Folder, name: &str) -> Entered {
        let path = format!("{}{name}/", folder.path);
        let mut excluded = false;
        let mut entered = Vec::with_capacity(folder.live.len());
        for live in &folder.live {
            let pattern = &self.patterns[live.index];
            let index = live.index;
            if is_asked(pattern, live.state, excluded)
                && matches(pattern, live.state, &folder.path, name)
            {
                excluded = !pattern.exception;
                entered.push(Live { index, state: State::Matched });
            } else if let Some(state) = go_in(pattern, live.state, &path, name) {
                entered.push(Live { index, state });
            }
        }
        let skipped = excluded && !self.has_exception_below(&path);
        Entered { excluded, folder: (!skipped).then_some(Folder { path, live: entered }) }
    }

    /// BuildKit skips an excluded folder if every exception is a plain path and none of them
    /// is below it.
    fn has_exception_below(&self, path: &str) -> bool {
        match &self.exception_folders {
            Some(exceptions) => exceptions.iter().any(|exception| exception.starts_with(path)),
            None => true,
        }
    }
}

/// A pattern is only asked where its answer would change the outcome so far. That isn't just
/// for speed: a pattern that wasn't asked at a folder doesn't count for what is in it.
fn is_asked(pattern: &Pattern, state: State, excluded: bool) -> bool {
    matches!(state, State::Matched) || pattern.exception == excluded
}

fn matches(pattern: &Pattern, state: State, folder: &str, name: &str) -> bool {
    match (&pattern.matcher, state) {
        (_, State::Matched | State::All) => true,
        (Matcher::Exact { folder: own, name: own_name }, _) => own_name == name && own == folder,
        (Matcher::Prefix(prefix), _) => {
            prefix.strip_prefix(folder).is_some_and(|rest| name.starts_with(rest))
        }
        (Matcher::Suffix(suffix), _) => ends_with(folder, name, suffix),
        (Matcher::Steps(steps), State::Steps(bits)) => accepts(steps, bits, name),
        (Matcher::Steps(_), State::Possible) => unreachable!("steps have a state of their own"),
        (Matcher::Parts(parts), _) => parts_match(parts, folder, name),
    }
}

fn ends_with(folder: &str, name: &str, suffix: &str) -> bool {
    let joined = |suffix: &str| match suffix.len().checked_sub(name.len()) {
        None | Some(0) => name.ends_with(suffix),
        Some(more) => suffix.ends_with(name) && folder.ends_with(&suffix[..more]),
    };
    let whole = |rest: &str| rest.len() == folder.len() + name.len() && joined(rest);
    joined(suffix) || suffix.strip_prefix('/').is_some_and(whole)
}

/// The state below the folder `path`, whose last component is `name`; `None` where nothing
/// below can match any more.
fn go_in(pattern: &Pattern, state: State, path: &str, name: &str) -> Option<State> {
    match (&pattern.matcher, state) {
        (_, State::All) => Some(State::All),
        (Matcher::Exact { folder, .. }, _) => folder.starts_with(path).then_some(State::Possible),
        (Matcher::Prefix(prefix), _) if path.starts_with(prefix) => Some(State::All),
        (Matcher::Prefix(prefix), _) => prefix.starts_with(path).then_some(State::Possible),
        (Matcher::Steps(steps), State::Steps(bits)) => {
            let bits = advance(steps, bits, name);
            (bits != 0).then_some(State::Steps(bits))
        }
        (Matcher::Steps(_) | Matcher::Suffix(_) | Matcher::Parts(_), state) => Some(state),
    }
}

/// Answers for one path after the other, fastest where they come sorted: what is known of a
/// folder is kept until a path outside it comes.
#[derive(Debug)]
pub struct Sweep<'i> {
    ignore: &'i Dockerignore,
    root: Folder,
    /// The folders of the path asked last, each with its path; `None` where the walk doesn't
    /// go in.
    folders: Vec<(String, Option<Folder>)>,
}

impl<'i> Sweep<'i> {
    /// A sweep over the paths of one context.
    #[must_use]
    pub fn new(ignore: &'i Dockerignore) -> Sweep<'i> {
        Sweep { ignore, root: ignore.root(), folders: Vec::new() }
    }

    /// As [`Dockerignore::excludes`].
    pub fn excludes(&mut self, path: &str) -> bool {
        let (parents, name) = super::split_path(path);
        while self.folders.last().is_some_and(|(known, _)| !is_within(parents, known)) {
            self.folders.pop();
        }
        let known = self.folders.last().map_or(0, |(known, _)| known.len());
        let mut at = known;
        while at < parents.len() {
            let start = at + usize::from(parents[at..].starts_with('/'));
            let end = parents[start..].find('/').map_or(parents.len(), |end| start + end);
            let entered = match self.innermost() {
                Some(folder) if end > start => {
                    self.ignore.enter(folder, &parents[start..end]).folder
                }
                folder => folder.cloned(),
            };
            self.folders.push((parents[..end].to_owned(), entered));
            at = end;
        }
        match self.innermost() {
            Some(folder) => self.ignore.excludes_entry(folder, name),
            None => true,
        }
    }

    fn innermost(&self) -> Option<&Folder> {
        self.folders.last().map_or(Some(&self.root), |(_, folder)| folder.as_ref())
    }
}

fn is_within(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
