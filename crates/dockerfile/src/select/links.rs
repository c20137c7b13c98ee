//! Symlinks in a source, followed within the context.
//!
//! As `RootPath` of containerd/continuity, pass by pass: each pass puts the text of a link in
//! its place and goes on, without looking at what it has just put there. Between two links,
//! Linux itself is asked what stands at a path, and then links are followed by its rules. A
//! text with `..` in it may thus lead elsewhere than on Linux.

use std::collections::BTreeSet;

use super::MissReason;
use crate::gopath::{below_root, clean};
use crate::listing::{Found, Listing, join};

/// `RootPath` gives up after this many.
const MOST_LINKS: usize = 255;
/// Linux gives up after this many on the way to one path.
const MOST_LINKS_OF_LINUX: usize = 40;
/// Linux takes no longer path.
pub(super) const LONGEST_PATH: usize = 4095;

pub(super) struct Links<'l> {
    listing: &'l Listing,
    /// The links that were followed.
    pub(super) followed: BTreeSet<usize>,
    /// Folders that were only gone through, by a `..` after them.
    pub(super) passed: BTreeSet<String>,
}

impl<'l> Links<'l> {
    pub(super) fn new(listing: &'l Listing) -> Links<'l> {
        Links { listing, followed: BTreeSet::new(), passed: BTreeSet::new() }
    }

    /// Where a path leads, which need not exist; both are relative to the root.
    pub(super) fn resolve(&mut self, path: &str) -> Result<String, MissReason> {
        // What is listed has no link on its way; mostly it is none itself.
        if path.len() < LONGEST_PATH
            && matches!(self.listing.at(path), Found::File(_) | Found::Folder)
        {
            return Ok(path.to_owned());
        }
        let mut path = format!("/{path}");
        let mut walked = 0;
        loop {
            let before = walked;
            let next = self.pass(&path, &mut walked)?;
            if before == walked {
                let cleaned = clean(&format!("/{next}"));
                if cleaned == next {
                    return Ok(below_root(&next));
                }
                path = cleaned;
            } else {
                path = next;
            }
        }
    }

    /// Puts the text of each link that is met in its place.
    fn pass(&mut self, path: &str, walked: &mut usize) -> Result<String, MissReason> {
        if path.len() > LONGEST_PATH {
            return Err(MissReason::TooLong);
        }
        let mut at = "/".to_owned();
        let mut is_gone = false;
        for component in path.split('/').filter(|component| !component.is_empty()) {
            if *walked > MOST_LINKS {
                return Err(MissReason::TooManyLinks);
            }
            is_gone &= !matches!(component, "." | "..");
            if is_gone {
                // What isn't there has nothing in it.
                at.extend(["/", component]);
                continue;
            }
            let next = clean(&format!("/{at}/{component}"));
            let found = self.ask_linux(&below_root(&next))?;
            is_gone = found == Found::Nothing;
            at = match found {
                Found::Symlink(_, text) => {
                    *walked += 1;
                    if text.starts_with('/') {
                        text.to_owned()
                    } else {
                        clean(&format!("{at}/{text}"))
                    }
                }
                _ => next,
            };
        }
        Ok(at)
    }

    /// What Linux says is at a path, its last component not followed.
    fn ask_linux(&mut self, path: &str) -> Result<Found<'l>, MissReason> {
        if path.len() > LONGEST_PATH {
            return Err(MissReason::TooLong);
        }
        // What is listed has no link on its way.
        let listed = self.listing.at(path);
        if let Found::Symlink(index, _) = listed {
            self.followed.insert(index);
        }
        if listed != Found::Nothing || path == "." {
            return Ok(listed);
        }
        let mut waiting: Vec<String> = path.rsplit('/').map(str::to_owned).collect();
        let mut at = ".".to_owned();
        let mut walked = 0;
        while let Some(component) = waiting.pop() {
            match component.as_str() {
                "" | "." => continue,
                // What is above the root is no business of the context's.
                ".." if at == "." => return Ok(Found::Nothing),
                ".." => {
                    self.passed.insert(at.clone());
                    at = at.rsplit_once('/').map_or(".", |(parent, _)| parent).to_owned();
                    continue;
                }
                _ => {}
            }
            let next = join(&at, &component);
            let found = self.listing.at(&next);
            if let Found::Symlink(index, _) = found {
                self.followed.insert(index);
            }
            match found {
                Found::Nothing => return Ok(Found::Nothing),
                found if waiting.is_empty() => return Ok(found),
                Found::File(_) => return Err(MissReason::NotAFolder),
                Found::Folder => at = next,
                // So is an absolute link, here: it leads into the builder's own files.
                Found::Symlink(_, text) if text.starts_with('/') => return Ok(Found::Nothing),
                Found::Symlink(_, text) => {
                    walked += 1;
                    if walked > MOST_LINKS_OF_LINUX {
                        return Err(MissReason::TooManyLinks);
                    }
                    waiting.extend(text.rsplit('/').map(str::to_owned));
                }
            }
        }
        Ok(self.listing.at(&at))
    }
}
