//! Looks at the variables and files that secrets and SSH agents come from.
//!
//! What is missing of them is decided by `lambda_images::secrets`. No content is kept.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileTypeExt as _;

use lambda_images::graph::ImageGraph;
use lambda_images::plan::Plan;
use lambda_images::secrets::{FileState, Look, Missing, VariableState, missing};

use crate::environment::Environment;
use crate::failure::environment as failure;

/// Variables of an environment, and files from its folder: the workspace root.
struct Here<'a>(&'a Environment);

impl Look for Here<'_> {
    fn variable(&self, name: &str) -> VariableState {
        match self.0.variable(name) {
            None => VariableState::Unset,
            Some(value) if value.is_empty() => VariableState::Empty,
            Some(_) => VariableState::Set,
        }
    }

    fn value(&self, name: &str) -> Option<String> {
        self.0.get(name).map(str::to_owned)
    }

    fn file(&self, path: &str) -> FileState {
        let path = self.0.current_dir().join(path);
        let unreadable = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => FileState::Missing,
            _ => FileState::Unreadable(error.to_string()),
        };
        let found = match fs::metadata(&path) {
            Ok(found) => found,
            Err(error) => return unreadable(error),
        };
        let kind = found.file_type();
        if kind.is_dir() {
            return FileState::Folder;
        }
        if kind.is_socket() {
            return FileState::Socket;
        }
        if !kind.is_file() {
            return FileState::Other;
        }
        match File::open(&path) {
            Ok(_) => FileState::File(found.len()),
            Err(error) => unreadable(error),
        }
    }
}

/// What the builds of a plan would be handed and is not there.
pub(crate) fn find_missing(
    environment: &Environment,
    graph: &ImageGraph,
    plan: &Plan,
) -> Vec<Missing> {
    let built = plan.images.iter().filter(|image| image.action.runs_build());
    let images = built.filter_map(|image| graph.get(&image.name));
    images.flat_map(|image| missing(image, &Here(environment))).collect()
}

/// All of it in one text, with the mend of each.
fn render(missing: &[Missing]) -> (String, String) {
    let mut message = "secrets or SSH agents that builds need are missing".to_owned();
    let mut hints: Vec<&str> = Vec::new();
    for Missing { image, message: what, hint } in missing {
        message += &format!("\n  {image}: {what}");
        if !hints.contains(&hint.as_str()) {
            hints.push(hint);
        }
    }
    (message, hints.join("; "))
}

/// Refuses a plan whose builds would be handed nothing where they need something.
///
/// # Errors
/// All that is missing.
pub(crate) fn refuse_missing(missing: &[Missing]) -> anyhow::Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    let (message, hint) = render(missing);
    Err(failure(message, hint))
}

/// The same as a warning.
pub(crate) fn warning_of_missing(missing: &[Missing]) -> Option<String> {
    let (message, hint) = render(missing);
    (!missing.is_empty()).then(|| format!("warning: {message}\n  hint: {hint}"))
}
