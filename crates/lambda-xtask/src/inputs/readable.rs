//! Inputs that other users can't read: Lambda runs as one of them.
//!
//! They are built with the modes that git gives files, so the image is right on every machine; it is
//! told, since a `docker build` by hand would make an image that fails with "permission denied".

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use lambda_images::graph::Image;
use lambda_images::paths;

use super::Found;

/// What keeps others from the first of some inputs, and how many there are.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Unreadable {
    first: Option<(String, u32, bool)>,
    count: usize,
}

impl Found {
    /// Looks at the modes of what these images read, each with its number among those that were read.
    pub(crate) fn unreadable<'i>(
        &self,
        root: &Path,
        images: impl Iterator<Item = (usize, &'i Image)>,
    ) -> Unreadable {
        let mut unreadable = Unreadable::default();
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for (index, _) in images.filter(|(_, image)| image.keeps_modes()) {
            for read in self.of_image(index) {
                let tree = &self.contexts.trees()[read.tree];
                for (path, _) in tree.files(&read.selection) {
                    let mut folder = paths::parent(&path);
                    while folder.len() > tree.folder.len() && seen.insert(folder.to_owned()) {
                        unreadable.look(root, folder, 0o001);
                        folder = paths::parent(folder);
                    }
                    if !seen.contains(&path) {
                        unreadable.look(root, &path, 0o004);
                        seen.insert(path);
                    }
                }
            }
        }
        unreadable
    }
}

impl Unreadable {
    fn look(&mut self, root: &Path, path: &str, wanted: u32) {
        // A link has no mode of its own, and what is gone is told elsewhere.
        let Ok(found) = fs::symlink_metadata(root.join(path)) else { return };
        let mode = found.permissions().mode() & 0o7777;
        if found.is_symlink() || mode & wanted != 0 {
            return;
        }
        self.count += 1;
        let is_less = self.first.as_ref().is_none_or(|(first, ..)| path < first.as_str());
        if is_less {
            self.first = Some((path.to_owned(), mode, found.is_dir()));
        }
    }

    /// A warning, with its mend.
    pub(crate) fn warning(&self) -> Option<String> {
        let (path, mode, is_folder) = self.first.as_ref()?;
        let more = match self.count - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let (built, mend) = match is_folder {
            true => ("0755", "o+rx"),
            false if mode & 0o100 != 0 => ("0755", "o+rx"),
            false => ("0644", "o+r"),
        };
        Some(format!(
            "warning: {path}: other users can't read it (mode {mode:04o}){more}: \
             it is built as git would check it out, with mode {built}\n  \
             hint: `chmod {mend} {path}`"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkout::Disk;
    use crate::tree_caches::TreeCaches;
    use crate::workspace::fixture::Tree;

    /// The warning for the Lambda `one`, where these paths have these modes.
    #[track_caller]
    fn check(dockerfile: &str, modes: &[(&str, u32)], expected: Option<&str>) {
        let tree = Tree::plain();
        tree.write("lambdas/one/Dockerfile", dockerfile);
        tree.write("lambdas/one/lib/a.py", "A = 1\n");
        tree.write("lambdas/one/lib/b.py", "B = 1\n");
        modes.iter().for_each(|(path, mode)| tree.set_mode(path, *mode));
        let workspace = tree.read();
        let disk = Disk { root: &tree.root, caches: &TreeCaches::of_hashes(Vec::new()) };
        let found = Found::read(&disk, &workspace.graph).unwrap();
        let images = workspace.graph.images().iter().enumerate();
        let one = images.filter(|(_, image)| image.name().as_str() == "one");
        assert_eq!(found.unreadable(&tree.root, one).warning().as_deref(), expected);
    }

    const COPIES: &str = "FROM scratch\nCOPY handler.py lib ./\n";

    #[test]
    fn what_others_can_read_is_no_warning() {
        let modes = [("lambdas/one/lib", 0o711), ("lambdas/one/handler.py", 0o604)];
        check(COPIES, &modes, None);
        // Neither what is not read, nor folders above the context.
        check(COPIES, &[("lambdas/one/pyproject.toml", 0o600), ("lambdas/one", 0o700)], None);
    }

    #[test]
    fn the_first_file_that_others_cannot_read_is_named() {
        let modes = [("lambdas/one/lib/b.py", 0o600), ("lambdas/one/lib/a.py", 0o640)];
        check(
            COPIES,
            &modes,
            Some(
                "warning: lambdas/one/lib/a.py: other users can't read it (mode 0640) and 1 more: \
                 it is built as git would check it out, with mode 0644\n  \
                 hint: `chmod o+r lambdas/one/lib/a.py`",
            ),
        );
    }

    #[test]
    fn a_folder_that_others_cannot_enter_is_named() {
        check(
            COPIES,
            &[("lambdas/one/lib", 0o700)],
            Some(
                "warning: lambdas/one/lib: other users can't read it (mode 0700): \
                 it is built as git would check it out, with mode 0755\n  \
                 hint: `chmod o+rx lambdas/one/lib`",
            ),
        );
    }

    #[test]
    fn a_mode_in_the_dockerfile_mends_it() {
        let modes = [("lambdas/one/handler.py", 0o600)];
        check("FROM scratch\nCOPY --chmod=0755 handler.py lib ./\n", &modes, None);
    }
}
