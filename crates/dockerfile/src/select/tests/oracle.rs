//! BuildKit's copy, word for word, on a plain map of paths: every question is asked by walking
//! the whole tree, with paths from `/`.

use std::collections::{BTreeMap, BTreeSet};

use crate::gomatch::{GoPattern, has_wildcards};
use crate::gopath::clean;
use crate::ignore::Dockerignore;
use crate::listing::{Entry, EntryKind};
use crate::resolve::ContextRead;

#[derive(Default)]
pub(super) struct Copied {
    pub(super) copied: BTreeSet<String>,
    pub(super) followed: BTreeSet<String>,
    pub(super) missed: Vec<String>,
}

struct Oracle {
    tree: BTreeMap<String, EntryKind>,
    listed: BTreeSet<String>,
    done: Copied,
}

pub(super) fn copy_all(entries: &[Entry], reads: &[ContextRead]) -> Copied {
    let mut tree = BTreeMap::from([("/".to_owned(), EntryKind::Folder)]);
    for entry in entries {
        let path = format!("/{}", entry.path);
        for (at, _) in path.match_indices('/').skip(1) {
            tree.insert(path[..at].to_owned(), EntryKind::Folder);
        }
        tree.insert(path, entry.kind.clone());
    }
    let listed = entries.iter().map(|entry| entry.path.clone()).collect();
    let mut oracle = Oracle { tree, listed, done: Copied::default() };
    for read in reads {
        for pattern in &read.patterns {
            if oracle.copy(read, pattern).is_none() {
                oracle.done.missed.push(pattern.clone());
            }
        }
    }
    oracle.done
}

impl Oracle {
    fn copy(&mut self, read: &ContextRead, pattern: &str) -> Option<()> {
        let (source, include) = match pattern.split_once("/./") {
            _ if !read.parents || pattern == "." => (pattern, None),
            Some((folder, ".")) => (folder, None),
            Some((folder, pattern)) => (folder, Some(pattern)),
            None => ("", Some(pattern)),
        };
        let patterns = |patterns: &[String]| Dockerignore::of_copy(patterns);
        let include = match include {
            None => None,
            Some(include) => Some(patterns(&[include.to_owned()])?),
        };
        let exclude = patterns(&read.excludes).unwrap_or_default();
        let sources = self.resolve_wildcards(&format!("/{source}"))?;
        let mut found = !sources.is_empty();
        let mut any = include.is_none();
        for source in sources {
            let Some(path) = self.root_path(&source).filter(|path| self.tree.contains_key(path))
            else {
                found = false;
                continue;
            };
            for below in self.tree.keys().filter(|key| is_at_or_below(key, &path)) {
                let relative = below[path.len()..].trim_start_matches('/');
                let included = include.as_ref().is_none_or(|i| i.excludes(relative));
                let left_out = exclude.excludes(relative);
                let kept = relative.is_empty() || (included && !left_out);
                // Of the folder that the pattern of `--parents` is looked for in, nobody asks.
                let is_base = relative.is_empty()
                    && include.is_some()
                    && self.tree[below] == EntryKind::Folder;
                // A folder that isn't listed by itself has no entry.
                let listed = self.listed.contains(below.trim_start_matches('/'));
                if kept && !is_base && listed {
                    any = true;
                    self.done.copied.insert(below[1..].to_owned());
                }
            }
        }
        (found && any).then_some(())
    }

    fn resolve_wildcards(&mut self, source: &str) -> Option<Vec<String>> {
        let components: Vec<&str> = source.split('/').collect();
        let Some(first) = components.iter().position(|component| has_wildcards(component)) else {
            return Some(vec![source.to_owned()]);
        };
        let base = clean(&format!("/{}", components[..first].join("/")));
        let base = self.root_path(&base)?;
        self.tree.get(&base)?;
        let pattern = GoPattern::parse(&components[first..].join("/"))?;
        let mut matched: Vec<String> = Vec::new();
        for path in self.tree.keys().filter(|key| **key != base && is_at_or_below(key, &base)) {
            let skipped = matched.iter().any(|folder| is_at_or_below(path, folder));
            if !skipped && pattern.matches(path[base.len()..].trim_start_matches('/')) {
                matched.push(path.clone());
            }
        }
        Some(matched)
    }

    fn root_path(&mut self, path: &str) -> Option<String> {
        let mut path = clean(path);
        let mut walked = 0;
        loop {
            let before = walked;
            let new = self.walk_links(&path, &mut walked)?;
            path.clone_from(&new);
            if before == walked {
                let joined = clean(&format!("/{new}"));
                if joined == path {
                    return Some(joined);
                }
                path = joined;
            }
        }
    }

    fn walk_links(&mut self, path: &str, walked: &mut usize) -> Option<String> {
        let (folder, file) = path.split_at(path.rfind('/').map_or(0, |at| at + 1));
        if file.is_empty() {
            return match folder {
                "/" => Some("/".to_owned()),
                folder => self.walk_links(&folder[..folder.len() - 1], walked),
            };
        }
        let folder = self.walk_links(folder, walked)?;
        if *walked > 255 {
            return None;
        }
        let path = clean(&format!("/{folder}/{file}"));
        match self.lstat(&path, &mut 0).ok()? {
            Some(at) => match self.tree[&at].clone() {
                EntryKind::Symlink(text) => {
                    *walked += 1;
                    if text.starts_with('/') {
                        Some(text)
                    } else {
                        Some(clean(&format!("{folder}/{text}")))
                    }
                }
                _ => Some(path),
            },
            None => Some(path),
        }
    }

    /// Where Linux finds the entry, its own link not followed; `Err` for a fault other than that
    /// it isn't there.
    fn lstat(&mut self, path: &str, walked: &mut usize) -> Result<Option<String>, ()> {
        let mut at = "/".to_owned();
        let components: Vec<&str> =
            path.split('/').filter(|component| !matches!(*component, "" | ".")).collect();
        for (index, component) in components.iter().enumerate() {
            if *component == ".." {
                if at == "/" {
                    return Ok(None);
                }
                at = clean(&format!("{at}/.."));
                continue;
            }
            let next = clean(&format!("{at}/{component}"));
            match self.tree.get(&next).cloned() {
                None => return Ok(None),
                Some(EntryKind::Symlink(text)) => {
                    self.done.followed.insert(next[1..].to_owned());
                    if index + 1 == components.len() {
                        return Ok(Some(next));
                    }
                    *walked += 1;
                    if text.starts_with('/') {
                        return Ok(None);
                    }
                    if *walked > 40 {
                        return Err(());
                    }
                    let rest = components[index + 1..].join("/");
                    return self.lstat(&format!("{at}/{text}/{rest}"), walked);
                }
                Some(EntryKind::File) if index + 1 < components.len() => return Err(()),
                Some(_) => at = next,
            }
        }
        Ok(Some(at))
    }
}

fn is_at_or_below(path: &str, folder: &str) -> bool {
    path == folder || folder == "/" || path.starts_with(&format!("{folder}/"))
}
