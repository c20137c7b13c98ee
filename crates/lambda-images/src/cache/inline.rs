//! Under which names an earlier build of an image may be found, for an inline cache lies in the image.
//!
//! This checkout's manifest knows one, if there was a run. Elsewhere, as on a fresh CI runner, the
//! registry has what others pushed: the tags of the newest commits that touched the image, where tags
//! are made of commits, then the tags that move. Which of them exist is asked elsewhere.

use super::CacheKind;
use crate::config::TagPolicy;
use crate::discovery::ImageDeclaration;
use crate::fingerprint::Fingerprint;
use crate::plan::{ImageNames, Stored};
use crate::reference::{ImageReference, Tag};
use crate::tag::{GitState, policy_tag};

/// Tags that move, and lead to an image that was good once.
const MOVING: [&str; 2] = ["stable", "latest"];

/// Whether a build reads an inline cache that is wherever its last image is.
pub fn seeks_last_image(declaration: &ImageDeclaration) -> bool {
    let mut sources = declaration.cache_from.iter();
    sources.any(|entry| entry.kind == CacheKind::Inline && !entry.options.contains_key("ref"))
}

/// What is known of an image's earlier builds.
#[derive(Debug, Clone)]
pub struct EarlierBuilds<'a> {
    /// Its names now.
    pub names: &'a ImageNames,
    /// What the registry has under them.
    pub stored: &'a Stored,
    /// Its inputs' fingerprint now.
    pub fingerprint: &'a Fingerprint,
    /// How tags for people are made.
    pub policy: TagPolicy,
    /// The reference under which this checkout saw it last.
    pub last: Option<ImageReference>,
    /// The newest commits that touched it, in full hex, newest first.
    pub commits: &'a [String],
}

impl EarlierBuilds<'_> {
    /// The names to look for, the most alike first; each once.
    pub fn candidates(&self) -> Vec<ImageReference> {
        let repository = &self.names.identity.repository;
        let mut candidates: Vec<ImageReference> = Vec::new();
        // It is built by force.
        candidates.extend(self.stored.identity.as_ref().map(|_| self.names.identity.clone()));
        candidates.extend(self.last.clone());
        if self.policy == TagPolicy::Git {
            candidates.extend(self.commits.iter().map(|commit| {
                let state = GitState::Clean { commit: commit.clone() };
                repository.with_tag(&policy_tag(self.policy, &state, self.fingerprint))
            }));
        }
        let moving = MOVING.iter().filter_map(|tag| tag.parse::<Tag>().ok());
        candidates.extend(moving.map(|tag| repository.with_tag(&tag)));
        let mut once: Vec<ImageReference> = Vec::new();
        for candidate in candidates {
            if !once.contains(&candidate) {
                once.push(candidate);
            }
        }
        once
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::Sha256Sum;
    use crate::plan::StoredImage;

    const LAST: &str = "git-222222222222-dirty-01234567";

    /// What is looked for of an image that two commits touched.
    #[track_caller]
    fn check(policy: TagPolicy, last: Option<&str>, stored: &Stored, expected: &[&str]) {
        let reference = |tag: &str| format!("r.example/one:{tag}").parse().unwrap();
        let names =
            ImageNames { reference: reference("git-222222222222"), identity: reference("sha-0") };
        let builds = EarlierBuilds {
            names: &names,
            stored,
            fingerprint: &Fingerprint(Sha256Sum([0xab; 32])),
            policy,
            last: last.map(reference),
            commits: &["2".repeat(40), "1".repeat(40)],
        };
        let expected: Vec<ImageReference> = expected.iter().map(|tag| reference(tag)).collect();
        assert_eq!(builds.candidates(), expected);
    }

    #[test]
    fn the_newest_commits_come_before_the_tags_that_move() {
        let none = Stored::default();
        let all = ["git-222222222222", "git-111111111111", "stable", "latest"];
        check(TagPolicy::Git, None, &none, &all);
        check(TagPolicy::Git, Some(LAST), &none, &[&[LAST][..], &all].concat());
        let known = ["git-111111111111", "git-222222222222", "stable", "latest"];
        check(TagPolicy::Git, Some("git-111111111111"), &none, &known);
        check(TagPolicy::Content, None, &none, &MOVING);
    }

    #[test]
    fn what_is_built_anew_is_its_own_last_build() {
        let identity = StoredImage { id: "x".to_owned(), digest: None, size: None };
        let stored = Stored { identity: Some(identity), reference: None };
        check(TagPolicy::Content, None, &stored, &["sha-0", "stable", "latest"]);
    }
}
