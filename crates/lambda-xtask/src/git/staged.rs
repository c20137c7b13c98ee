//! What is about to be committed: git's index, not the tree.
//!
//! # How it works
//! Every file that git keeps is compared with the index, without a look at what the workspace is: the
//! tree may have problems that the index does not have. A hook of `git commit -a` or of `git commit
//! PATH` is given an index of its own, which counts where it lies beside the repository's.
//!
//! # Limitations
//! What is inside a submodule counts as it is on disk.

use std::collections::BTreeSet;

use super::base::Differences;
use super::repository::Repository;
use super::{Change, Git, Kept, Old, add_new, compare};
use crate::environment::Environment;

/// Set by git for its hooks.
const INDEX_FILE: &str = "GIT_INDEX_FILE";

impl Repository {
    /// Takes the index that a hook of this repository is given, if it is given one.
    pub(super) fn use_index_of_hook(&mut self, environment: &Environment) {
        let Some(given) = environment.get(INDEX_FILE) else { return };
        let given = environment.current_dir().join(given);
        // A hook may run this for another repository than its own.
        let folder = |index: &std::path::Path| index.parent()?.canonicalize().ok();
        if folder(&given).is_some() && folder(&given) == folder(&self.index) {
            self.environment = self.environment.clone().with(INDEX_FILE, &given);
            self.index = given;
        }
    }
}

impl Git {
    /// What the index has of every file that differs from it in the tree.
    pub(crate) fn unstaged(&self) -> anyhow::Result<Differences> {
        let changes = match &self.kept {
            Kept::File { index, written, .. } => {
                compare::compare_rest(&self.repository, (index, written), &BTreeSet::new())?
            }
            Kept::Status(work_tree) => {
                let mut changes = self.repository.unstaged()?;
                let unwatched = work_tree.index.unwatched.iter();
                let unwatched =
                    unwatched.map(|(path, mode, id)| Change::of(path.clone(), Old::of(mode, id)));
                add_new(&mut changes, unwatched.collect());
                changes
            }
        };
        Ok(Differences::of(changes))
    }

    /// What the head has of every file that differs from it in the tree or in the index; `unstaged` is
    /// what the index has of those that differ from it.
    pub(crate) fn staged_since_head(&self, unstaged: &Differences) -> anyhow::Result<Differences> {
        let head = &self.repository.head;
        let staged = match &self.kept {
            Kept::File { staged, .. } if staged.contains_key(head) => staged[head].clone(),
            _ => self.repository.staged_since(head)?,
        };
        let mut differences = Differences::of(staged);
        differences.add(unstaged);
        Ok(differences)
    }
}
