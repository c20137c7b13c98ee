//! What a vertex is, told by its name: BuildKit has no field for it, and its own tools go by the
//! name too (BuildKit's `cmd/buildctl/cachemetrics.go`, buildx's `util/progress/metricwriter.go`).
//!
//! It knows the names that the Dockerfile frontend gives. Another frontend's vertexes are
//! [`VertexKind::Other`] unless they happen to be named the same way.

/// What a vertex is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VertexKind {
    /// An instruction of the Dockerfile, `[builder 2/5] RUN …`: the only kind whose result the
    /// cache can hold or miss.
    Step,
    /// A base image, `[1/5] FROM …`. Not counted as a step: whether it shows as cached depends on
    /// what the image store holds, and BuildKit's own hit ratio leaves it out.
    From,
    /// Sending a context: `[internal] load build context`, `[context NAME] load from client`.
    Context,
    /// Work of BuildKit's own: `[internal] …`, `[auth] …`.
    Internal,
    /// Writing the result: `exporting to image`, `pushing …`.
    Export,
    /// Reading a cache source: `importing cache manifest from …`. It fails where the cache does not
    /// exist yet, and the build goes on without (BuildKit's `solver/llbsolver/bridge.go`).
    Import,
    /// Anything else, such as resolving an image.
    Other,
}

impl VertexKind {
    /// The kind of the vertex of this name.
    #[must_use]
    pub fn of(name: &str) -> Self {
        const EXPORTS: [&str; 4] =
            ["exporting ", "pushing ", "merging manifest list ", "importing to docker"];
        if name == "[internal] load build context" {
            return Self::Context;
        }
        if name.starts_with("[internal]") || name.starts_with("[auth]") {
            return Self::Internal;
        }
        if name.starts_with("[context ") {
            let sends = name.ends_with("] load from client");
            return if sends { Self::Context } else { Self::Other };
        }
        if name.starts_with("importing cache manifest from ") {
            return Self::Import;
        }
        if EXPORTS.iter().any(|start| name.starts_with(start)) {
            return Self::Export;
        }
        match numbered_instruction(name) {
            Some(instruction) if instruction.starts_with("FROM ") => Self::From,
            Some(_) => Self::Step,
            None => Self::Other,
        }
    }
}

/// What follows `[PLATFORM STAGE N/M] `, where platform and stage may be absent (BuildKit's
/// `frontend/dockerfile/dockerfile2llb/convert.go`, `prefixCommand`).
fn numbered_instruction(name: &str) -> Option<&str> {
    let (inside, instruction) = name.strip_prefix('[')?.split_once("] ")?;
    let (index, total) = inside.split_whitespace().next_back()?.split_once('/')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (is_number(index) && is_number(total)).then_some(instruction)
}

#[cfg(test)]
mod tests;
