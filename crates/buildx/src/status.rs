//! BuildKit's `SolveStatus` (`client/graph.go`): what one message of `--progress=rawjson` says.
//!
//! It reads the fields that the tool uses and ignores the others. Finding the messages in the
//! stream is for [`ProgressParser`](crate::ProgressParser), folding them into a state for
//! [`Progress`](crate::Progress) and [`PlainLog`](crate::PlainLog).

use serde::{Deserialize, Deserializer};

use crate::Timestamp;
use crate::base64;

/// What changed since the message before; any of the lists may be empty.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct SolveStatus {
    /// Vertexes that appeared, started, ended or started again.
    pub vertexes: Vec<Vertex>,
    /// Progress within vertexes, such as a transfer.
    pub statuses: Vec<VertexStatus>,
    /// Output of vertexes.
    pub logs: Vec<VertexLog>,
    /// Findings of the build checks.
    pub warnings: Vec<VertexWarning>,
}

/// A node of the build graph, with its state at the time of the message.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Vertex {
    /// Identity within the build.
    pub digest: String,
    /// What it does, such as `[2/5] RUN pip install`.
    pub name: String,
    /// When it last started; `None` when it has not.
    pub started: Option<Timestamp>,
    /// When it ended; `None` when it has not, or runs again.
    pub completed: Option<Timestamp>,
    /// The result came from the cache.
    pub cached: bool,
    /// Why it failed; empty when it did not.
    pub error: String,
    /// The group that stands for it in a display.
    #[serde(rename = "progressGroup")]
    pub progress_group: Option<ProgressGroup>,
}

impl Vertex {
    /// It ended because the build was given up, not by a fault of its own.
    pub(crate) fn is_canceled(error: &str) -> bool {
        // As BuildKit's `util/progress/progressui` tells it.
        error.ends_with("context canceled")
    }
}

/// Vertexes that are one step to the reader, such as the copy and the merge of `COPY --link`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ProgressGroup {
    /// Identity within the build.
    pub id: String,
    /// Name to show instead of the members' names.
    pub name: String,
    /// A group is hidden until a member that isn't weak starts.
    pub weak: bool,
}

/// A part of a vertex that has progress of its own.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct VertexStatus {
    /// What is being done, such as `transferring context:`; its identity within the vertex.
    pub id: String,
    /// Digest of the vertex.
    pub vertex: String,
    /// Units to do, mostly bytes; 0 when unknown.
    pub total: i64,
    /// Units done.
    pub current: i64,
    /// When this was measured.
    pub timestamp: Timestamp,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub completed: Option<Timestamp>,
}

/// A piece of a vertex's output, cut anywhere, even within a character.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct VertexLog {
    /// Digest of the vertex.
    pub vertex: String,
    /// 1 for stdout, 2 for stderr.
    pub stream: i64,
    /// The bytes; base64 in JSON.
    #[serde(deserialize_with = "bytes")]
    pub data: Vec<u8>,
    /// When they arrived.
    pub timestamp: Timestamp,
}

/// A finding of the build checks.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct VertexWarning {
    /// Digest of the vertex.
    pub vertex: String,
    /// One line, such as `FromAsCasing: 'as' and 'FROM' keywords' casing do not match (line 1)`.
    #[serde(deserialize_with = "text")]
    pub short: String,
    /// More lines.
    #[serde(deserialize_with = "texts")]
    pub detail: Vec<String>,
    /// Page about the rule; empty when there is none.
    pub url: String,
}

/// A `[]byte` of Go: base64, or `null` for none.
fn bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?.unwrap_or_default();
    base64::decode(&text).ok_or_else(|| serde::de::Error::custom("not base64"))
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(String::from_utf8_lossy(&bytes(deserializer)?).into_owned())
}

fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    struct Text(#[serde(deserialize_with = "text")] String);
    let list = Option::<Vec<Text>>::deserialize(deserializer)?.unwrap_or_default();
    Ok(list.into_iter().map(|Text(text)| text).collect())
}

#[cfg(test)]
mod tests;
