//! The stderr of `docker buildx build --progress=rawjson`, line by line, to messages.
//!
//! A message is a JSON object. buildx writes it on one line from v0.15 on; v0.13 and v0.14 indent
//! it over several (`newRawJSONDisplay` of the BuildKit that they vendor calls `SetIndent`), from a
//! line `{` to a line `}` with only indented lines between. In either form it may be followed
//! by plain text: what docker warns of, and why the build failed.

use crate::SolveStatus;

/// A message of buildx, or what it printed besides.
#[derive(Debug, Clone, PartialEq)]
pub enum Line {
    /// What changed in the build.
    Status(SolveStatus),
    /// Any other text, such as `ERROR: failed to build: …` at the end; mostly one line, without
    /// its line end.
    Text(String),
}

/// Finds the messages in the lines of a stream.
///
/// Nothing is lost and nothing is an error: what isn't a status, be it text or JSON of another
/// kind, is kept as [`Line::Text`].
#[derive(Debug, Default)]
pub struct ProgressParser {
    /// The lines so far of an indented object; empty outside of one.
    object: String,
}

impl ProgressParser {
    /// Takes in one line, without its line end. Mostly gives one [`Line`]; none within an indented
    /// object, two when a line cuts such an object off.
    #[must_use]
    pub fn push(&mut self, line: &str) -> Vec<Line> {
        let line = line.trim_end_matches('\r');
        let mut lines = Vec::new();
        if !self.object.is_empty() {
            if line.starts_with(' ') || line == "}" {
                self.object.push('\n');
                self.object.push_str(line);
                if line == "}" {
                    lines.extend(self.finish());
                }
                return lines;
            }
            lines.extend(self.finish());
        }
        if line == "{" {
            self.object.push('{');
        } else {
            lines.push(parse_line(line));
        }
        lines
    }

    /// What the stream broke off in, when it ended within an indented object.
    #[must_use]
    pub fn finish(&mut self) -> Option<Line> {
        let object = std::mem::take(&mut self.object);
        (!object.is_empty()).then(|| parse_line(&object))
    }
}

fn parse_line(text: &str) -> Line {
    if text.starts_with('{')
        && let Ok(status) = serde_json::from_str::<SolveStatus>(text)
        // All fields have defaults, so any object fits. BuildKit does send empty ones.
        && (status != SolveStatus::default() || text == "{}")
    {
        return Line::Status(status);
    }
    Line::Text(text.to_owned())
}

#[cfg(test)]
pub(crate) mod tests;
