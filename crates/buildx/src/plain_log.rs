//! What happened in a build as plain text, in the form of `--progress=plain`: for the log file of
//! an image.
//!
//! Where plain mode hops between vertexes that run at once by the clock, this writes each line the
//! moment it is whole: a vertex has one heading, and every line carries the vertex's number. So
//! the text depends on what BuildKit said alone, never on when it was read. The summary of failed
//! steps at the end of plain mode is left out: see [`Progress::failure`](crate::Progress::failure).

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use crate::log_lines::LogLines;
use crate::trace::{Outcome, Trace};
use crate::{Line, SolveStatus, Timestamp, VertexLog, VertexStatus, VertexWarning};

/// Renders messages to text, incrementally.
#[derive(Debug, Default)]
pub struct PlainLog {
    trace: Trace,
    /// By index in the trace; a vertex has an entry from its heading on.
    written: HashMap<usize, Written>,
}

/// What one message says about one vertex.
#[derive(Debug, Default)]
struct Said<'m> {
    statuses: Vec<&'m VertexStatus>,
    warnings: Vec<&'m VertexWarning>,
    logs: Vec<&'m VertexLog>,
}

/// What has been written of a vertex.
#[derive(Debug)]
struct Written {
    number: usize,
    lines: LogLines,
    statuses: HashMap<String, (i64, Timestamp)>,
    outcome: Option<(Timestamp, Outcome)>,
}

impl PlainLog {
    /// The text to append for this message: whole lines, or nothing.
    #[must_use]
    pub fn render(&mut self, line: &Line) -> String {
        match line {
            Line::Status(status) => self.render_status(status),
            Line::Text(text) => format!("{text}\n"),
        }
    }

    /// The lines of output that never got an end: to append when the build is over, however it
    /// ended.
    #[must_use]
    pub fn finish(&mut self) -> String {
        let mut out = String::new();
        for (index, shown) in self.trace.iter() {
            if let Some(written) = self.written.get_mut(&index) {
                let (number, started) = (written.number, shown.started());
                written
                    .lines
                    .finish(|began, line| write_log(&mut out, number, started, began, line));
            }
        }
        out
    }

    fn render_status(&mut self, status: &SolveStatus) -> String {
        let mut touched: BTreeMap<usize, Said<'_>> = BTreeMap::new();
        for vertex in &status.vertexes {
            touched.entry(self.trace.apply(vertex)).or_default();
        }
        for status in &status.statuses {
            if let Some(index) = self.trace.index_of(&status.vertex) {
                touched.entry(index).or_default().statuses.push(status);
            }
        }
        for warning in &status.warnings {
            if let Some(index) = self.trace.index_of(&warning.vertex) {
                touched.entry(index).or_default().warnings.push(warning);
            }
        }
        for log in &status.logs {
            if let Some(index) = self.trace.index_of(&log.vertex) {
                touched.entry(index).or_default().logs.push(log);
            }
        }

        // Those that are done come first, in the order in which they got done, as in plain mode.
        let mut touched: Vec<_> = touched.into_iter().collect();
        touched.sort_by_cached_key(|(index, _)| {
            let completed = self.trace.get(*index).completed();
            (completed.is_none(), completed, *index)
        });

        let mut out = String::new();
        for (index, said) in touched {
            self.render_vertex(index, &said, &mut out);
        }
        out
    }

    /// All that the message says about one vertex: heading, statuses, warnings, output, end.
    fn render_vertex(&mut self, index: usize, said: &Said<'_>, out: &mut String) {
        let shown = self.trace.get(index);
        let Said { statuses, warnings, logs } = said;
        let is_silent = logs.is_empty() && warnings.is_empty() && statuses.is_empty();
        if shown.started().is_none() && is_silent {
            return;
        }
        let next = self.written.len() + 1;
        let written = self.written.entry(index).or_insert_with(|| {
            let blank = if next == 1 { "" } else { "\n" };
            push(out, format_args!("{blank}#{next} {}", shown.name));
            Written {
                number: next,
                lines: LogLines::default(),
                statuses: HashMap::new(),
                outcome: None,
            }
        });

        let number = written.number;
        for status in latest(statuses) {
            written.write_status(status, out);
        }
        for warning in warnings {
            push(out, format_args!("#{number} WARN: {}", warning.short));
        }
        let mut write_line =
            |began, line: &str| write_log(out, number, shown.started(), began, line);
        for log in logs {
            written.lines.push(log, &mut write_line);
        }
        if let (Some(completed), Some(outcome)) = (shown.completed(), shown.outcome()) {
            written.lines.finish(&mut write_line);
            written.write_outcome(completed, outcome, out);
        }
    }
}

/// The last status of each id, in order of the ids' first appearance.
fn latest<'a>(statuses: &[&'a VertexStatus]) -> Vec<&'a VertexStatus> {
    let mut latest: Vec<&VertexStatus> = Vec::new();
    let mut places = HashMap::new();
    for &status in statuses {
        match places.entry(&*status.id) {
            Entry::Occupied(place) => latest[*place.get()] = status,
            Entry::Vacant(place) => {
                place.insert(latest.len());
                latest.push(status);
            }
        }
    }
    latest
}

impl Written {
    /// The first status of an id and its end are written; in between, one for each twentieth of
    /// the work or each five seconds.
    fn write_status(&mut self, status: &VertexStatus, out: &mut String) {
        let now = (status.current, status.timestamp);
        if let Some((current, timestamp)) = self.statuses.get(&status.id)
            && status.completed.is_none()
        {
            let step = status.current.saturating_sub(*current);
            let is_far = status.total > 0 && step as f64 / status.total as f64 >= 0.05;
            if !is_far && status.timestamp.seconds_since(*timestamp) < 5.0 {
                return;
            }
        }
        self.statuses.insert(status.id.clone(), now);

        let bytes = match (status.current, status.total) {
            (0, 0) => String::new(),
            (current, 0) => format!(" {}", render_bytes(current)),
            (current, total) => format!(" {} / {}", render_bytes(current), render_bytes(total)),
        };
        let end = status.completed.unwrap_or(status.timestamp);
        let time = match status.started.map(|started| end.seconds_since(started)) {
            Some(seconds) if seconds > 0.01 => format!(" {seconds:.1}s"),
            _ => String::new(),
        };
        let done = if status.completed.is_some() { " done" } else { "" };
        push(out, format_args!("#{} {}{bytes}{time}{done}", self.number, status.id));
    }

    /// A vertex may end several times, as it may run several times; the same end is written once.
    fn write_outcome(&mut self, completed: Timestamp, outcome: Outcome, out: &mut String) {
        let end = Some((completed, outcome));
        if self.outcome == end {
            return;
        }
        let number = self.number;
        match &end {
            Some((_, Outcome::Cached)) => push(out, format_args!("#{number} CACHED")),
            Some((_, Outcome::Canceled)) => push(out, format_args!("#{number} CANCELED")),
            Some((_, Outcome::Failed(error))) => {
                push(out, format_args!("#{number} ERROR: {error}"));
            }
            Some((_, Outcome::Ran { seconds })) => {
                push(out, format_args!("#{number} DONE {seconds:.1}s"));
            }
            None => {}
        }
        self.outcome = end;
    }
}

/// A line of output, with the seconds since the vertex started: four figures, as plain mode.
fn write_log(
    out: &mut String,
    number: usize,
    started: Option<Timestamp>,
    began: Timestamp,
    line: &str,
) {
    let seconds = started.map_or(0.0, |started| began.seconds_since(started));
    let digits = match seconds {
        ..10.0 => 3,
        ..100.0 => 2,
        _ => 1,
    };
    push(out, format_args!("#{number} {seconds:.digits$} {line}"));
}

/// Decimal units with two digits, as plain mode: `227B`, `1.23kB`.
fn render_bytes(bytes: i64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    let mut value = bytes as f64;
    let mut unit = "";
    for larger in UNITS {
        if value.abs() < 1000.0 {
            break;
        }
        value /= 1000.0;
        unit = larger;
    }
    if unit.is_empty() { format!("{bytes}B") } else { format!("{value:.2}{unit}") }
}

fn push(out: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(out, "{line}").expect("writing to a string does not fail");
}

#[cfg(test)]
mod tests;
