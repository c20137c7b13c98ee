//! The typed instructions of a stage.
//!
//! Values are as they are written, quotes and variables included: expansion needs the
//! variables of the stage and is done by [`crate::Dockerfile::resolve`].

use crate::heredoc::Heredoc;
use crate::mount::Mount;

/// One instruction after a `FROM`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// The line it begins on, counted from 1.
    pub line: usize,
    /// The column it begins at, counted from 1.
    pub column: usize,
    /// What it says.
    pub kind: InstructionKind,
    /// See [`crate::canonical`].
    pub(crate) canonical: String,
}

/// What an instruction says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InstructionKind {
    /// `ADD`
    Add(Add),
    /// `COPY`
    Copy(Copy),
    /// `RUN`
    Run(Run),
    /// `ARG`, which may declare several
    Arg(Vec<Arg>),
    /// `ENV`: names and values
    Env(Vec<(String, String)>),
    /// `WORKDIR`
    Workdir(String),
    /// `ONBUILD`
    Onbuild(Onbuild),
    /// An instruction that only sets metadata, such as `LABEL` or `CMD`.
    Other {
        /// In uppercase.
        keyword: &'static str,
        /// What follows the keyword and its flags.
        text: String,
    },
}

/// A build argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arg {
    /// Its name.
    pub name: String,
    /// Its default value, where it has one.
    pub default: Option<String>,
    /// The line of its `ARG`, counted from 1.
    pub line: usize,
}

/// Files copied from a context, a stage or an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copy {
    /// `--from`: a stage's name or index, a named context or an image. It takes no variables.
    pub from: Option<String>,
    /// The paths and patterns before the destination, here-documents left out.
    pub sources: Vec<String>,
    /// The last argument.
    pub destination: String,
    /// Sources whose content stands in the Dockerfile.
    pub heredocs: Vec<Heredoc>,
    /// `--exclude`, each in the syntax of a `.dockerignore` pattern; taken as written.
    pub excludes: Vec<String>,
    /// `--parents`
    pub parents: bool,
    /// `--link`
    pub link: bool,
    /// `--chown`
    pub chown: Option<String>,
    /// `--chmod`
    pub chmod: Option<String>,
}

/// Files copied from the main context or fetched from the network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Add {
    /// The paths, patterns, URLs and git references before the destination, here-documents
    /// left out.
    pub sources: Vec<String>,
    /// The last argument.
    pub destination: String,
    /// Sources whose content stands in the Dockerfile.
    pub heredocs: Vec<Heredoc>,
    /// `--exclude`, each in the syntax of a `.dockerignore` pattern; taken as written.
    pub excludes: Vec<String>,
    /// `--checksum` of a URL, or commit of a git reference
    pub checksum: Option<String>,
    /// `--keep-git-dir`
    pub keep_git_dir: Option<bool>,
    /// `--unpack`
    pub unpack: Option<bool>,
    /// `--link`
    pub link: bool,
    /// `--chown`
    pub chown: Option<String>,
    /// `--chmod`
    pub chmod: Option<String>,
}

/// A command run while building.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// What is run.
    pub command: Command,
    /// `--mount`
    pub mounts: Vec<Mount>,
    /// `--network`: `default`, `none` or `host`
    pub network: Option<String>,
    /// `--security`: `sandbox` or `insecure`
    pub security: Option<String>,
    /// `--device`
    pub devices: Vec<Device>,
    /// Bodies that belong to the command.
    pub heredocs: Vec<Heredoc>,
}

/// The two forms of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Text for the stage's shell.
    Shell(String),
    /// The JSON form: a program and its arguments.
    Exec(Vec<String>),
}

/// A device that a `RUN` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its CDI name.
    pub name: String,
    /// Whether the build fails without it.
    pub required: bool,
}

/// An instruction kept for the stages and images that stand on this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Onbuild {
    /// The instruction's text with its here-documents, as it is put into the image.
    pub expression: String,
}
