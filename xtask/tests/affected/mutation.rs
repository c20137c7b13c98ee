//! A change of a monorepo as a value, so that it can be done again without some of the others.

use std::collections::BTreeSet;

use crate::monorepo::{Content, Monorepo, is_within};

/// What is done to the files, or only to what git knows of them. What doesn't apply does nothing.
#[derive(Clone, Debug)]
pub(crate) enum Mutation {
    Write {
        path: String,
        text: String,
    },
    Link {
        path: String,
        text: String,
    },
    Remove {
        path: String,
    },
    Rename {
        from: String,
        to: String,
    },
    /// A copy of a folder; in every text of it one word stands for another.
    Copy {
        from: String,
        to: String,
        old: String,
        new: String,
    },
    Chmod {
        path: String,
    },
    /// The same bytes, another time.
    Touch {
        path: String,
    },
    /// What the first commit has there.
    Restore {
        path: String,
    },
    /// Git keeps the file no longer; the tree does.
    Untrack {
        path: String,
    },
    /// Git looks at the file no longer.
    AssumeUnchanged {
        path: String,
    },
    /// The folder's files are now those of a submodule.
    AddSubmodule {
        folder: String,
    },
    /// The submodule goes, or only its files stay.
    RemoveSubmodule {
        folder: String,
        keeps_files: bool,
    },
    /// Another branch, on which this was done since the first commit. Of what both have changed, the
    /// one or the other is taken, or for a file what neither has.
    Merge {
        theirs: Vec<Mutation>,
        resolution: Resolution,
    },
}

/// What becomes of a conflict, by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resolution {
    Ours,
    Theirs,
    Both,
}

/// What git hears of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    Nothing,
    Stage,
    Commit,
}

/// One change, and for whom it stands.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) label: &'static str,
    pub(crate) mutation: Mutation,
    pub(crate) after: After,
}

impl Mutation {
    /// Does it; `first` is how everything began.
    pub(crate) fn apply(&self, monorepo: &mut Monorepo, first: &Monorepo) {
        match self {
            Mutation::Write { path, text } => monorepo.write(path, text.as_str()),
            Mutation::Link { path, text } => monorepo.link(path, text),
            Mutation::Remove { path } => monorepo.remove(path),
            Mutation::Rename { from, to } => {
                if !is_within(from, to) {
                    let moved = below(monorepo, from);
                    monorepo.remove(from);
                    for (rest, content) in moved {
                        monorepo.put(&format!("{to}{rest}"), content);
                    }
                }
            }
            Mutation::Copy { from, to, old, new } => {
                for (rest, content) in below(monorepo, from) {
                    let content = match content {
                        Content::File { text, is_executable } => {
                            Content::File { text: text.replace(old, new), is_executable }
                        }
                        link @ Content::Link(_) => link,
                    };
                    monorepo.put(&format!("{to}{rest}"), content);
                }
            }
            Mutation::Chmod { path } => {
                if let Some(Content::File { is_executable, .. }) = monorepo.files.get_mut(path) {
                    *is_executable = !*is_executable;
                }
            }
            Mutation::Restore { path } => match first.files.get(path) {
                Some(content) => monorepo.put(path, content.clone()),
                None => monorepo.remove(path),
            },
            Mutation::AddSubmodule { folder } => monorepo.add_submodule(folder),
            Mutation::RemoveSubmodule { folder, keeps_files } => {
                if monorepo.submodules.remove(folder) && !keeps_files {
                    monorepo.remove(folder);
                }
            }
            Mutation::Merge { theirs, resolution } => {
                let mut other = first.clone();
                theirs.iter().for_each(|mutation| mutation.apply(&mut other, first));
                merge(monorepo, &other, first, *resolution);
            }
            Mutation::Touch { .. }
            | Mutation::Untrack { .. }
            | Mutation::AssumeUnchanged { .. } => {}
        }
    }
}

/// Brings to one side what has changed on the other since they parted.
fn merge(ours: &mut Monorepo, theirs: &Monorepo, first: &Monorepo, resolution: Resolution) {
    let paths = theirs.files.keys().chain(first.files.keys());
    let paths: BTreeSet<&String> = paths.collect();
    for path in paths {
        let side = |monorepo: &Monorepo| monorepo.files.get(path).cloned();
        let (ours_has, theirs_has) = (side(ours), side(theirs));
        if theirs_has == side(first) {
            continue;
        }
        let is_conflict = ours_has != side(first) && ours_has != theirs_has;
        match (is_conflict, resolution, theirs_has) {
            (true, Resolution::Ours, _) => {}
            (true, Resolution::Both, Some(Content::File { text, .. })) => {
                let text = format!("{}{text}", ours.text(path));
                ours.write(path, text);
            }
            (_, _, Some(content)) => ours.put(path, content),
            (_, _, None) => ours.remove(path),
        }
    }
}

/// What is at a path and below it, by what comes behind the path.
fn below(monorepo: &Monorepo, path: &str) -> Vec<(String, Content)> {
    let files = monorepo.files.iter().filter(|(other, _)| is_within(path, other));
    files.map(|(other, content)| (other[path.len()..].to_owned(), content.clone())).collect()
}
