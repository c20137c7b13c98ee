//! What an image's build would be handed and that is not there.

use super::{Handed, Source, key, noun, variable_of};
use crate::discovery::ImageName;
use crate::graph::Image;

/// BuildKit takes no bigger secret (`MaxSecretSize`).
const MOST_BYTES: u64 = 500 * 1024;
/// buildx asks this variable for an agent's socket.
const AGENT: &str = "SSH_AUTH_SOCK";

/// A variable, as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VariableState {
    /// It is not set.
    Unset,
    /// It is set, to nothing.
    Empty,
    /// It has a value.
    Set,
}

/// A file, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileState {
    /// There is none.
    Missing,
    /// It can't be read, and why.
    Unreadable(String),
    /// A folder.
    Folder,
    /// A socket.
    Socket,
    /// A file of this many bytes.
    File(u64),
    /// A device or a pipe: what it holds is not known.
    Other,
}

/// Whoever can look at variables and files.
pub trait Look {
    /// The state of a variable.
    fn variable(&self, name: &str) -> VariableState;
    /// The value of a variable that has one.
    fn value(&self, name: &str) -> Option<String>;
    /// The state of a file, from the workspace root or absolute.
    fn file(&self, path: &str) -> FileState;
}

/// Something that a build needs and that is not there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    /// The image.
    pub image: ImageName,
    /// What is missing: a lowercase fragment without a final period.
    pub message: String,
    /// The mend.
    pub hint: String,
}

/// What the build of `image` would be handed and is not there, and what it requires and is not
/// configured.
pub fn missing(image: &Image, look: &dyn Look) -> Vec<Missing> {
    let mut all = Vec::new();
    let mut add = |message: String, hint: String| {
        all.push(Missing { image: image.name().clone(), message, hint });
    };
    for handed in &image.declaration.handed {
        let Some((what, hint)) = why_missing(handed, look) else { continue };
        add(format!("the {} `{}`: {what}", handed.noun(), handed.id), hint);
    }
    for (kind, id, line) in image.asks_in_vain(true) {
        let (noun, key) = (noun(kind), key(kind));
        let entry = match kind {
            dockerfile::AskKind::Secret => format!("id={id},env=VARIABLE"),
            dockerfile::AskKind::Ssh => id.to_owned(),
        };
        let (dockerfile, file) = (&image.declaration.dockerfile, &image.declaration.declared_in);
        add(
            format!("`{dockerfile}:{line}` requires the {noun} `{id}`, which is not configured"),
            format!("add `{key} = [\"{entry}\"]` to the image's settings in `{file}`"),
        );
    }
    all
}

/// What is wrong with where a secret or an agent comes from, and the mend.
fn why_missing(handed: &Handed, look: &dyn Look) -> Option<(String, String)> {
    match &handed.source {
        Source::Secret { variable: None, file: None } => match look.variable(&handed.id) {
            VariableState::Unset => secret_file(&handed.id, look).map(|(what, hint)| {
                let id = &handed.id;
                (
                    format!("the variable `{id}` is not set, and {what}"),
                    format!("set `{id}`, or {hint}"),
                )
            }),
            _ => secret_variable(&handed.id, look),
        },
        Source::Secret { variable, file } => {
            let variable = variable.as_ref().and_then(|name| secret_variable(name, look));
            variable.or_else(|| secret_file(file.as_ref()?, look))
        }
        Source::Ssh(paths) if paths.is_empty() => match look.value(AGENT) {
            None => Some((
                format!("the variable `{AGENT}` is not set"),
                "start an agent and load a key: `eval \"$(ssh-agent)\" && ssh-add`".to_owned(),
            )),
            Some(socket) => match look.file(&socket) {
                FileState::Socket => None,
                state => Some((
                    format!("`{AGENT}` is `{socket}`, and {}", agent_fault(&state)),
                    "start an agent and load a key: `eval \"$(ssh-agent)\" && ssh-add`".to_owned(),
                )),
            },
        },
        Source::Ssh(paths) => paths.iter().find_map(|path| ssh_path(path, look)),
    }
}

fn secret_variable(name: &str, look: &dyn Look) -> Option<(String, String)> {
    let what = match look.variable(name) {
        VariableState::Set => return None,
        VariableState::Unset => format!("the variable `{name}` is not set"),
        VariableState::Empty => format!("the variable `{name}` is empty"),
    };
    Some((what, format!("set `{name}`")))
}

fn secret_file(path: &str, look: &dyn Look) -> Option<(String, String)> {
    let create = || format!("create `{path}`");
    Some(match look.file(path) {
        FileState::File(0) => (format!("the file `{path}` is empty"), format!("fill `{path}`")),
        FileState::File(size) if size > MOST_BYTES => {
            let hint = "a secret has at most 500 KiB".to_owned();
            (format!("the file `{path}` is too big, {size} bytes"), hint)
        }
        FileState::File(_) | FileState::Other => return None,
        FileState::Missing => (format!("the file `{path}` does not exist"), create()),
        FileState::Folder => (format!("`{path}` is a folder"), create()),
        FileState::Socket => (format!("`{path}` is a socket"), create()),
        FileState::Unreadable(why) => {
            (format!("the file `{path}` can't be read: {why}"), format!("make `{path}` readable"))
        }
    })
}

fn ssh_path(path: &str, look: &dyn Look) -> Option<(String, String)> {
    let first = path.split('/').next().unwrap_or(path);
    if let Some(name) = variable_of(first) {
        return Some((format!("the variable `{name}` is not set"), format!("set `{name}`")));
    }
    match look.file(path) {
        FileState::Socket => None,
        FileState::File(size) if size > 0 => None,
        state => Some((
            format!("`{path}`: {}", agent_fault(&state)),
            "name a private key or an agent's socket".to_owned(),
        )),
    }
}

fn agent_fault(state: &FileState) -> String {
    match state {
        FileState::Missing => "there is no such file".to_owned(),
        FileState::Unreadable(why) => format!("it can't be read: {why}"),
        FileState::Folder => "it is a folder".to_owned(),
        FileState::File(0) => "it is empty".to_owned(),
        FileState::Socket | FileState::File(_) | FileState::Other => "it is no socket".to_owned(),
    }
}
