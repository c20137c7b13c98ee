//! Dockerfiles and ignore files that are symbolic links, read as BuildKit reads them.
//!
//! buildx sends the folder that a Dockerfile lies in, or the root of a context, and follows links in
//! there as if it were the root of the file system (`FollowLinks` of tonistiigi/fsutil). A link that leads
//! out of it leads to nothing: a Dockerfile is then missing, an ignore file doesn't count. It decides
//! nothing about links in contexts: these are inputs by their text.

use lambda_images::paths;
use lambda_images::problem::Problem;

use crate::checkout::Checkout;

/// BuildKit gives up after this many.
const MOST_LINKS: usize = 255;

/// What is at a path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Linked {
    Missing,
    /// A file's text, and the paths that led there, if links did.
    Text(String, Vec<String>),
    /// A link that leads to nothing, and the paths on its way.
    Lost(Vec<String>),
}

/// The text of a file that may be a link.
pub(crate) fn read_linked(checkout: &dyn Checkout, path: &str) -> Result<Linked, Problem> {
    if checkout.link(path)?.is_none() {
        let text = checkout.text(path)?;
        return Ok(text.map_or(Linked::Missing, |text| Linked::Text(text, Vec::new())));
    }
    let mut passed = Vec::new();
    let Some(target) = follow(checkout, path, &mut passed)? else {
        return Ok(Linked::Lost(passed));
    };
    let text = checkout.text(&target)?;
    passed.push(target);
    Ok(match text {
        Some(text) => Linked::Text(text, passed),
        None => Linked::Lost(passed),
    })
}

/// Where a link leads, in the folder that it lies in; `passed` gets the links on the way. `None`: they
/// are too many.
fn follow(
    checkout: &dyn Checkout,
    path: &str,
    passed: &mut Vec<String>,
) -> Result<Option<String>, Problem> {
    let root = paths::parent(path);
    let name = paths::strip_folder(root, path).unwrap_or(path);
    let mut waiting = vec![name.to_owned()];
    let mut at: Vec<String> = Vec::new();
    while let Some(component) = waiting.pop() {
        match component.as_str() {
            "" | "." => continue,
            ".." => {
                at.pop();
                continue;
            }
            _ => at.push(component),
        }
        let full = paths::in_folder(root, &at.join("/"));
        let Some(text) = checkout.link(&full)? else { continue };
        if passed.len() == MOST_LINKS {
            return Ok(None);
        }
        passed.push(full);
        at.pop();
        if text.starts_with('/') {
            at.clear();
        }
        waiting.extend(text.rsplit('/').map(str::to_owned));
    }
    Ok(Some(paths::in_folder(root, &at.join("/"))))
}

/// Says that a Dockerfile can't be read, as BuildKit can't.
pub(crate) fn lost_dockerfile(path: &str) -> Problem {
    let message = "this is a symbolic link, and BuildKit finds nothing where it leads: it follows links only within the Dockerfile's own folder";
    Problem::of_file(path, message).hint("name the file itself: `dockerfile = \"…\"`")
}

/// Says that an ignore file doesn't count, as it doesn't for BuildKit.
pub(crate) fn lost_ignore_file(path: &str) -> Problem {
    let message = "this is a symbolic link, and BuildKit finds nothing where it leads: it follows links only within this folder. The file counts for nothing";
    Problem::of_file(path, message).hint("put a file in its place")
}

#[cfg(test)]
mod tests;
