//! Frontends other than BuildKit's own: programs that read a Dockerfile by rules of their own.
//!
//! What such a program reads can't be known here: all of the contexts, the whole text and every arg
//! count.

use std::collections::BTreeMap;

use dockerfile::{Resolved, detect_syntax};

use super::super::{ContextRole, ContextUse, Image};
use super::whole;

/// The build arg that names a frontend, before whatever the Dockerfile says (`frontend/dockerfile/builder`).
const SYNTAX_ARG: &str = "BUILDKIT_SYNTAX";

/// The frontend that reads a Dockerfile, if it is not BuildKit's own.
pub(super) fn foreign_frontend(text: &str, args: &BTreeMap<String, String>) -> Option<String> {
    let command = args.get(SYNTAX_ARG).cloned().or_else(|| detect_syntax(text))?;
    let frontend = command.split_whitespace().next()?;
    (!is_own(frontend)).then(|| frontend.to_owned())
}

/// BuildKit's own frontend, in whatever version: the one whose rules are known.
fn is_own(frontend: &str) -> bool {
    let reference = frontend.strip_prefix("docker.io/").unwrap_or(frontend);
    let repository = reference.split([':', '@']).next().unwrap_or(reference);
    matches!(repository, "docker/dockerfile" | "docker/dockerfile-upstream")
}

/// Lets whatever a foreign frontend may look at count.
pub(super) fn count_everything(
    resolved: &mut Resolved,
    text: &str,
    args: &BTreeMap<String, String>,
) {
    resolved.instructions = vec![text.to_owned()];
    resolved.declared_args.extend(args.keys().cloned());
}

impl Image {
    /// Lets all of all its contexts count, and says why.
    pub(super) fn read_whole_contexts(&mut self, frontend: &str) {
        self.read_whole_context(1, &format!("unknown frontend `{frontend}`"));
        let is_named = |context: &&mut ContextUse| matches!(context.role, ContextRole::Named(_));
        self.contexts.iter_mut().filter(is_named).for_each(|context| context.reads.push(whole(1)));
    }
}
