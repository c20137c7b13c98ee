//! A typed build to the argv of `docker buildx`, and what buildx reports back to typed values:
//! the rawjson progress stream, the metadata file, `buildx version`, `buildx inspect`.
//!
//! | from | to | by |
//! |---|---|---|
//! | [`Build`] | the words after `docker` | [`Build::argv`] |
//! | the lines of `--progress=rawjson` | [`Line`]s | [`ProgressParser`] |
//! | messages so far | what runs now, what the cache did, what failed | [`Progress`] |
//! | a message | text as `--progress=plain` writes it | [`PlainLog`] |
//! | the file of `--metadata-file` | [`Metadata`] | [`parse_metadata`] |
//! | `docker buildx version` | [`Version`] | [`parse_version`] |
//! | `docker buildx inspect` | [`Builder`] | [`parse_builder`] |
//! | `docker buildx du --verbose` | [`CacheRecord`]s | [`parse_disk_usage`] |
//!
//! It starts no process, reads no file, no environment and no clock: all times are those that
//! BuildKit wrote. It decides nothing about *which* image to build, with which tags or caches.

mod base64;
mod build;
mod builder;
mod disk_usage;
mod log_lines;
mod metadata;
mod parser;
mod plain_log;
mod progress;
mod quote;
mod status;
mod timestamp;
mod trace;
mod version;
mod vertex_kind;

pub use crate::build::{Build, ENVIRONMENT, Output, csv_field};
pub use crate::builder::{Builder, Node, parse_builder};
pub use crate::disk_usage::{CacheRecord, parse_disk_usage};
pub use crate::metadata::{Descriptor, Metadata, MetadataError, parse_metadata};
pub use crate::parser::{Line, ProgressParser};
pub use crate::plain_log::PlainLog;
pub use crate::progress::{Failure, Progress, StepCounts};
pub use crate::quote::quote_command;
pub use crate::status::{
    ProgressGroup, SolveStatus, Vertex, VertexLog, VertexStatus, VertexWarning,
};
pub use crate::timestamp::{InvalidTimestamp, Timestamp};
pub use crate::version::{MINIMUM, Version, parse_version};
pub use crate::vertex_kind::VertexKind;
