//! Pieces of a vertex's output to whole lines. BuildKit cuts the output where its buffer ends; the
//! two streams are joined apart from each other, so that neither breaks a line of the other.
//!
//! A carriage return before the end of a line goes with it; within a line (a progress bar) it stays.
//! Memory is bounded by BuildKit, which clips the output of a step (2 MiB unless configured).

use std::collections::BTreeMap;

use crate::{Timestamp, VertexLog};

/// The lines of one vertex that have no end yet, by stream.
#[derive(Debug, Default)]
pub(crate) struct LogLines {
    open: BTreeMap<i64, OpenLine>,
}

#[derive(Debug)]
struct OpenLine {
    began: Timestamp,
    bytes: Vec<u8>,
}

impl LogLines {
    /// Takes in a piece; `each` gets every line that it ends, with the time at which the line began.
    pub(crate) fn push(&mut self, log: &VertexLog, mut each: impl FnMut(Timestamp, &str)) {
        for piece in log.data.split_inclusive(|byte| *byte == b'\n') {
            let line = self
                .open
                .entry(log.stream)
                .or_insert_with(|| OpenLine { began: log.timestamp, bytes: Vec::new() });
            match piece.strip_suffix(b"\n") {
                Some(end) => {
                    line.bytes.extend_from_slice(end);
                    each(line.began, &line.text());
                    self.open.remove(&log.stream);
                }
                None => line.bytes.extend_from_slice(piece),
            }
        }
    }

    /// Ends the open lines: the vertex is done, or its build is.
    pub(crate) fn finish(&mut self, mut each: impl FnMut(Timestamp, &str)) {
        for line in std::mem::take(&mut self.open).into_values() {
            each(line.began, &line.text());
        }
    }

    /// The open lines, as far as they are known.
    pub(crate) fn open(&self) -> impl Iterator<Item = String> {
        self.open.values().map(OpenLine::text)
    }
}

impl OpenLine {
    fn text(&self) -> String {
        let bytes = self.bytes.strip_suffix(b"\r").unwrap_or(&self.bytes);
        String::from_utf8_lossy(bytes).into_owned()
    }
}
