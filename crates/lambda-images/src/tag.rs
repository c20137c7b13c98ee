//! The tags of an image: one for people, by policy, and one that is its identity.

use std::collections::BTreeSet;

use crate::config::TagPolicy;
use crate::fingerprint::Fingerprint;
use crate::reference::Tag;

/// What git says of an image's inputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GitState {
    /// All inputs are committed; the newest commit that touched one of them, in full hex.
    Clean {
        /// Full hex.
        commit: String,
    },
    /// Some inputs differ from that commit.
    Dirty {
        /// The newest commit that touched an input, in full hex.
        commit: String,
        /// The inputs that differ from it, relative to the workspace root, sorted.
        paths: Vec<String>,
    },
    /// Git, or enough of its history, is missing.
    Unknown {
        /// Why: a lowercase fragment.
        why: String,
        /// The inputs that are not as the head has them, relative to the workspace root, sorted;
        /// none without git.
        paths: Vec<String>,
    },
}

impl GitState {
    /// The newest commit that touched an input, where it is known.
    pub fn commit(&self) -> Option<&str> {
        match self {
            GitState::Clean { commit } | GitState::Dirty { commit, .. } => Some(commit),
            GitState::Unknown { .. } => None,
        }
    }

    /// The same with more inputs that differ.
    #[must_use]
    pub fn with_dirty(self, more: impl IntoIterator<Item = String>) -> GitState {
        let mut all: BTreeSet<String> = self.dirty_paths().iter().cloned().collect();
        all.extend(more);
        let paths: Vec<String> = all.into_iter().collect();
        match self {
            GitState::Unknown { why, .. } => GitState::Unknown { why, paths },
            GitState::Clean { .. } if paths.is_empty() => self,
            GitState::Clean { commit } | GitState::Dirty { commit, .. } => {
                GitState::Dirty { commit, paths }
            }
        }
    }

    /// Whether inputs are not as they were committed, as far as git can tell.
    pub fn is_dirty(&self) -> bool {
        !self.dirty_paths().is_empty()
    }

    /// Those inputs, relative to the workspace root, sorted.
    pub fn dirty_paths(&self) -> &[String] {
        match self {
            GitState::Clean { .. } => &[],
            GitState::Dirty { paths, .. } | GitState::Unknown { paths, .. } => paths,
        }
    }
}

/// The tag for people.
pub fn policy_tag(policy: TagPolicy, git: &GitState, fingerprint: &Fingerprint) -> Tag {
    let text = match (policy, git) {
        (TagPolicy::Git, GitState::Clean { commit }) => format!("git-{commit:.12}"),
        (TagPolicy::Git, GitState::Dirty { commit, .. }) => {
            format!("git-{:.12}-dirty-{}", commit, fingerprint.short(8))
        }
        (TagPolicy::Git, GitState::Unknown { .. }) | (TagPolicy::Content, _) => {
            format!("sha-{}", fingerprint.short(12))
        }
    };
    text.parse().expect("hex digits and dashes make a tag")
}

/// The tag that is the image's identity: the whole fingerprint.
pub fn identity_tag(fingerprint: &Fingerprint) -> Tag {
    format!("sha-{fingerprint}").parse().expect("hex digits make a tag")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::Sha256Sum;

    #[track_caller]
    fn check(policy: TagPolicy, git: &GitState, tag: &str) {
        assert_eq!(policy_tag(policy, git, &Fingerprint(Sha256Sum([0xab; 32]))).as_str(), tag);
    }

    #[test]
    fn tags_by_policy() {
        let commit = "0123456789abcdef0123456789abcdef01234567".to_owned();
        let clean = GitState::Clean { commit: commit.clone() };
        let dirty = GitState::Dirty { commit, paths: vec!["a".to_owned()] };
        let unknown = GitState::Unknown { why: "no git".to_owned(), paths: Vec::new() };
        check(TagPolicy::Git, &clean, "git-0123456789ab");
        check(TagPolicy::Git, &dirty, "git-0123456789ab-dirty-abababab");
        check(TagPolicy::Git, &unknown, "sha-abababababab");
        check(TagPolicy::Content, &clean, "sha-abababababab");
        check(TagPolicy::Content, &dirty, "sha-abababababab");
    }

    #[test]
    fn more_dirty_inputs() {
        let commit = || "0123456789ab".to_owned();
        let paths = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let clean = || GitState::Clean { commit: commit() };
        assert_eq!(clean().with_dirty([]), clean());
        let dirty = |texts| GitState::Dirty { commit: commit(), paths: paths(texts) };
        assert_eq!(clean().with_dirty(["b".to_owned()]), dirty(&["b"]));
        let more = ["a", "b"].map(str::to_owned);
        assert_eq!(dirty(&["b", "c"]).with_dirty(more), dirty(&["a", "b", "c"]));
        let unknown = |texts| GitState::Unknown { why: "no git".to_owned(), paths: paths(texts) };
        assert_eq!(unknown(&[]).with_dirty(["b".to_owned()]), unknown(&["b"]));
    }

    #[test]
    fn the_identity_is_the_whole_fingerprint() {
        assert_eq!(
            identity_tag(&Fingerprint(Sha256Sum([0xab; 32]))).as_str(),
            format!("sha-{}", "ab".repeat(32))
        );
    }
}
