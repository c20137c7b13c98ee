//! What a build is handed besides its inputs: secrets, and SSH agents or keys.
//!
//! # How it works
//! Entries are read as `docker buildx build --secret` and `--ssh` read them (buildx's
//! `util/buildflags`, BuildKit's `secretsprovider` and `sshprovider`), and written again in one form.
//! Entries of the workspace go to the images that mount their id, an image's own always. A variable
//! or file that is not there is found out before the build: buildx hands over an empty secret for a
//! variable that is not set.
//!
//! It looks at no variable and no file: [`missing`] asks its caller.

use std::fmt;

use dockerfile::AskKind;

use crate::graph::Image;
use crate::problem::{Problem, suggestion};
use crate::table::Text;
use crate::variables::Variables;

mod missing;

pub use self::missing::{FileState, Look, Missing, VariableState, missing};

/// The id of an agent that is given none.
const DEFAULT_AGENT: &str = "default";

/// A secret or an agent, and where the configuration names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handed {
    /// By which a Dockerfile asks for it.
    pub id: String,
    /// Where its content comes from.
    pub source: Source,
    /// The file that names it.
    pub path: String,
    /// 1-based line and column.
    pub place: (usize, usize),
}

/// Where a secret or an agent comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A secret: a variable, a file from the workspace root, or both, of which the variable counts.
    /// With neither, the variable called as the id if it is set, else the file called so.
    Secret {
        /// `env=`
        variable: Option<String>,
        /// `src=`
        file: Option<String>,
    },
    /// Sockets or keys; none: the agent that `SSH_AUTH_SOCK` names.
    Ssh(Vec<String>),
}

impl Handed {
    /// Which of the two it is.
    pub fn kind(&self) -> AskKind {
        match self.source {
            Source::Secret { .. } => AskKind::Secret,
            Source::Ssh(_) => AskKind::Ssh,
        }
    }

    /// What it is called for people.
    fn noun(&self) -> &'static str {
        noun(self.kind())
    }
}

fn noun(kind: AskKind) -> &'static str {
    match kind {
        AskKind::Secret => "secret",
        AskKind::Ssh => "SSH agent",
    }
}

/// The key of the configuration for each of the two.
fn key(kind: AskKind) -> &'static str {
    match kind {
        AskKind::Secret => "secrets",
        AskKind::Ssh => "ssh",
    }
}

/// As `--secret` and `--ssh` take it.
impl fmt::Display for Handed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Secret { variable, file } => {
                let field = |key: &str, value: &str| buildx::csv_field(key, value);
                f.write_str(&field("id", &self.id))?;
                if let Some(file) = file {
                    write!(f, ",{}", field("src", file))?;
                }
                match variable {
                    Some(variable) => write!(f, ",{}", field("env", variable)),
                    None => Ok(()),
                }
            }
            Source::Ssh(paths) if paths.is_empty() => f.write_str(&self.id),
            Source::Ssh(paths) => write!(f, "{}={}", self.id, paths.join(",")),
        }
    }
}

/// Where entries are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Written<'a> {
    pub(crate) path: &'a str,
    /// Paths are relative to it.
    pub(crate) folder: &'a str,
    /// For `$NAME` in paths.
    pub(crate) variables: &'a Variables,
}

impl Written<'_> {
    /// The entries of both lists.
    pub(crate) fn read_all(
        &self,
        secrets: &[Text],
        ssh: &[Text],
        problems: &mut Vec<Problem>,
    ) -> Vec<Handed> {
        let mut all = self.read(AskKind::Secret, secrets, problems);
        all.extend(self.read(AskKind::Ssh, ssh, problems));
        all
    }

    /// The entries of `secrets` or `ssh`; what is wrong with one becomes a problem.
    fn read(&self, kind: AskKind, texts: &[Text], problems: &mut Vec<Problem>) -> Vec<Handed> {
        let mut all: Vec<Handed> = Vec::new();
        for text in texts {
            let parsed = match kind {
                AskKind::Secret => self.secret(&text.value),
                AskKind::Ssh => self.ssh(&text.value),
            };
            let parsed = parsed.and_then(|(id, source)| {
                if all.iter().any(|other| other.id == id) {
                    let message = format!("two entries of `{}` have the id `{id}`", key(kind));
                    return Err((message, "remove one of the two, or give it another id".into()));
                }
                Ok((id, source))
            });
            match parsed {
                Ok((id, source)) => {
                    let (path, place) = (self.path.to_owned(), text.place);
                    all.push(Handed { id, source, path, place });
                }
                Err((message, hint)) => {
                    let problem = Problem::of_file(self.path, message);
                    problems.push(problem.at(text.place.0, text.place.1).hint(hint));
                }
            }
        }
        all
    }

    fn secret(&self, text: &str) -> Result<(String, Source), (String, String)> {
        const KEYS: [&str; 5] = ["id", "src", "source", "env", "type"];
        let example = || "as in \"id=pip-token,env=PIP_TOKEN\"".to_owned();
        let fields = dockerfile::csv_fields(text)
            .map_err(|error| (format!("the secret `{text}` can't be read: {error}"), example()))?;
        let (mut id, mut file, mut variable, mut is_variable) = (None, None, None, false);
        for field in &fields {
            let Some((key, value)) = field.split_once('=') else {
                return Err((format!("`{field}` of the secret `{text}` has no value"), example()));
            };
            let given = Some(value.to_owned()).filter(|value| !value.is_empty());
            match key.to_lowercase().as_str() {
                "id" => id = given,
                "src" | "source" => file = given,
                "env" => variable = given,
                "type" if value == "env" || value == "file" => is_variable = value == "env",
                "type" => {
                    let message = format!("`{value}` is no type of a secret");
                    return Err((message, "it can be `env` or `file`".to_owned()));
                }
                other => {
                    let message = format!("unknown key `{other}` in the secret `{text}`");
                    let hint = match suggestion(other, KEYS) {
                        Some(known) => format!("did you mean `{known}`?"),
                        None => example(),
                    };
                    return Err((message, hint));
                }
            }
        }
        if is_variable && variable.is_none() {
            variable = file.take();
        }
        let file = file.map(|path| self.path_from_root(&path));
        let id = id.ok_or_else(|| (format!("the secret `{text}` has no id"), example()))?;
        Ok((id, Source::Secret { variable, file }))
    }

    fn ssh(&self, text: &str) -> Result<(String, Source), (String, String)> {
        let (id, paths) = match text.split_once('=') {
            None => (text, Vec::new()),
            Some((id, paths)) => {
                let paths = paths.split(',').filter(|path| !path.is_empty());
                (id, paths.map(|path| self.path_from_root(&self.expanded(path))).collect())
            }
        };
        if id.contains(['/', ',', ' ']) {
            let message = format!("`{text}` names no SSH agent");
            let hint = "as in \"default\", for the agent of `SSH_AUTH_SOCK`, or \"ID=PATH\"";
            return Err((message, hint.to_owned()));
        }
        let id = if id.is_empty() { DEFAULT_AGENT } else { id };
        Ok((id.to_owned(), Source::Ssh(paths)))
    }

    /// A path whose first part may be a variable, which a shell would fill in. One that is not set
    /// stays as it is written.
    fn expanded(&self, path: &str) -> String {
        let (first, rest) = path.find('/').map_or((path, ""), |at| path.split_at(at));
        let value = variable_of(first).and_then(|name| self.variables.get(name));
        value.map_or_else(|| path.to_owned(), |value| format!("{value}{rest}"))
    }

    /// A path from the workspace root; one may lie outside of the workspace.
    fn path_from_root(&self, path: &str) -> String {
        if path.starts_with('/') || path.starts_with('$') {
            return path.to_owned();
        }
        let mut parts: Vec<&str> = Vec::new();
        for part in self.folder.split('/').chain(path.split('/')) {
            match part {
                "" | "." => {}
                ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        parts.join("/")
    }
}

/// The name of the variable that `$NAME` or `${NAME}` is.
fn variable_of(text: &str) -> Option<&str> {
    let name = text.strip_prefix('$')?;
    let name = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')).unwrap_or(name);
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (!name.is_empty() && name.chars().all(is_name)).then_some(name)
}

impl Image {
    /// Takes over those entries of the workspace that the image asks for and has none of its own for.
    pub(crate) fn take_handed(&mut self, shared: &[Handed]) {
        for handed in shared {
            let own = self.declaration.handed.iter();
            let is_own = own.clone().any(|o| o.kind() == handed.kind() && o.id == handed.id);
            if !is_own && self.asks_for(handed.kind(), &handed.id) {
                self.declaration.handed.push(handed.clone());
            }
        }
    }

    fn asks_for(&self, kind: AskKind, id: &str) -> bool {
        let mounts = self.resolved.asks.iter().any(|ask| {
            ask.kind.is_none_or(|asked| asked == kind)
                && ask.id.as_deref().is_none_or(|it| it == id)
        });
        mounts || (kind == AskKind::Ssh && id == DEFAULT_AGENT && self.git_by_ssh().is_some())
    }

    /// The line of an `ADD` that fetches a git repository by SSH, for which BuildKit asks for the
    /// default agent.
    fn git_by_ssh(&self) -> Option<usize> {
        let is_ssh = |source: &str| {
            source.starts_with("ssh://") || (source.contains('@') && !source.contains("://"))
        };
        let mut remotes = self.resolved.remotes.iter();
        let is_git =
            |remote: &&dockerfile::RemoteSource| remote.kind == dockerfile::RemoteKind::Git;
        remotes.find(|remote| is_git(remote) && is_ssh(&remote.source)).map(|remote| remote.line)
    }

    /// What the image is handed and does not ask for, and agents that it asks for in vain.
    pub(crate) fn handed_warnings(&self) -> Vec<Problem> {
        let declaration = &self.declaration;
        let mut warnings = Vec::new();
        for handed in &declaration.handed {
            let (noun, id) = (handed.noun(), &handed.id);
            // BuildKit itself asks for these, to fetch from git and by HTTP.
            let is_builders = id.starts_with("GIT_AUTH_") || id.starts_with("HTTP_AUTH_");
            if is_builders || self.asks_for(handed.kind(), id) {
                continue;
            }
            let message = format!("no `RUN` of `{}` mounts the {noun} `{id}`", declaration.name);
            let kind = if handed.kind() == AskKind::Secret { "secret" } else { "ssh" };
            let hint = format!(
                "add `--mount=type={kind},id={id}` to the `RUN` that needs it, or remove it from `{}`",
                key(handed.kind())
            );
            let problem = Problem::of_file(&handed.path, message);
            warnings.push(problem.at(handed.place.0, handed.place.1).hint(hint));
        }
        for (id, line) in self
            .asks_in_vain(false)
            .filter(|(kind, ..)| *kind == AskKind::Ssh)
            .map(|(_, id, line)| (id, line))
        {
            let message = format!("no SSH agent `{id}` is configured: this `RUN` gets none");
            let problem = Problem::of_file(&declaration.dockerfile, message).at(line, 1);
            let file = &declaration.declared_in;
            warnings.push(
                problem.hint(format!("add `ssh = [\"{id}\"]` to the image's settings in `{file}`")),
            );
        }
        warnings
    }

    /// What the image asks for and is not handed: kind, id and line. `required`: whether the build
    /// fails without it.
    fn asks_in_vain(&self, required: bool) -> impl Iterator<Item = (AskKind, &str, usize)> {
        let asks = self.resolved.asks.iter().filter(move |ask| ask.required == required);
        let known = asks.filter_map(|ask| Some((ask.kind?, ask.id.as_deref()?, ask.line)));
        let by_git = self.git_by_ssh().filter(|_| required);
        known.chain(by_git.map(|line| (AskKind::Ssh, DEFAULT_AGENT, line))).filter(
            |(kind, id, _)| {
                !self.declaration.handed.iter().any(|it| it.kind() == *kind && it.id == *id)
            },
        )
    }
}

#[cfg(test)]
mod tests;
