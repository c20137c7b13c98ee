//! Typed Dockerfile and `.dockerignore`, read as BuildKit reads them.
//!
//! Text goes in, values come out: [`parse_dockerfile`] gives the stages and their typed
//! instructions, [`Dockerfile::resolve`] answers for one target, set of args and platform
//! which images, contexts and paths the build refers to, and [`parse_dockerignore`] gives a
//! matcher that answers as BuildKit's walk of a context does. [`select`] brings the two together:
//! which entries of a [`Listing`] are read; [`narrowed_ignore`] writes an ignore file that lets
//! only them through. [`expand_word`] is BuildKit's variable expansion on its own.
//!
//! What it deliberately does not do: no I/O, so that it says which paths a build may read
//! and never looks at them; no lint rules, only what BuildKit refuses; no foreign frontends,
//! a `# syntax=` line is reported and the rest is read as BuildKit's own frontend reads it;
//! no Windows containers, paths and variable names are those of Linux.
//!
//! # Example
//! ```
//! use std::collections::{BTreeMap, BTreeSet};
//!
//! let text = "ARG BASE_IMAGE=python:3.13\nFROM $BASE_IMAGE\nCOPY src/ handler.py /app/\n";
//! let dockerfile = dockerfile::parse_dockerfile(text).expect("a valid Dockerfile");
//! let settings = dockerfile::Settings {
//!     target: None,
//!     args: &BTreeMap::new(),
//!     platform: "linux/amd64",
//!     build_platform: None,
//!     named_contexts: &BTreeSet::new(),
//! };
//! let resolved = dockerfile.resolve(&settings).expect("a valid build");
//! assert_eq!(resolved.references[0].name, "python:3.13");
//! assert_eq!(resolved.references[0].from_arg.as_deref(), Some("BASE_IMAGE"));
//! assert_eq!(resolved.sources[0].patterns, ["src", "handler.py"]);
//!
//! let ignore = dockerfile::parse_dockerignore("src/**\n!src/keep").expect("valid patterns");
//! assert!(ignore.excludes("src/lost") && !ignore.excludes("src/keep"));
//! ```
//!
//! # Sources of the rules
//! The behaviour is that of `frontend/dockerfile` in moby/buildkit (`parser`, `instructions`,
//! `shell`, `dockerfile2llb`), of moby/patternmatcher and of the filter in tonistiigi/fsutil.
//! Where their behaviour is an accident (there are several), the accident is kept, because
//! builds depend on it, and the comment beside it says so.

mod canonical;
mod csv;
mod directives;
mod dockerfile;
mod expand;
mod fault;
mod flags;
mod gomatch;
mod gopath;
mod heredoc;
mod ignore;
pub mod image_name;
mod instruction;
mod json;
mod keyword;
mod lines;
mod listing;
mod mount;
mod narrow;
mod node;
mod parse;
mod platform;
mod reach;
mod remote;
mod resolve;
mod select;
mod words;

pub use csv::csv_fields;
pub use directives::{Directives, detect_syntax};
pub use dockerfile::{Dockerfile, Stage, parse_dockerfile};
pub use expand::{ExpandError, Variable, Variables, expand_word};
pub use fault::Fault;
pub use heredoc::Heredoc;
pub use ignore::{Dockerignore, Entered, Folder, Sweep, parse_dockerignore};
pub use instruction::{
    Add, Arg, Command, Copy, Device, Instruction, InstructionKind, Onbuild, Run,
};
pub use listing::{Entry, EntryKind, Listing};
pub use mount::{Mount, MountKind, MountOption};
pub use narrow::{ignore_text, narrowed_ignore};
pub use reach::{Reach, Reached};
pub use remote::{RemoteKind, is_pinned_url};
pub use resolve::{
    Ask, AskKind, Chmod, ContextRead, Cut, Note, Reference, RemoteSource, Resolved, Root, RunView,
    Settings, StagePlatform, Via, acts_undeclared, hides_files, is_outside, join,
};
pub use select::{Miss, MissReason, Selection, select};
