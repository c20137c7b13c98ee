//! What is kept from run to run so that a tree is read sooner: hashes of files, names in folders.

use std::path::Path;
use std::sync::LazyLock;
use std::thread;

use crate::folder_cache::FolderCache;
use crate::hash_cache::HashCache;
use crate::inputs::Found;
use crate::state::State;

/// One run's view of them. Each is read when it is first asked for.
pub(crate) struct TreeCaches {
    hashes: LazyLock<HashCache, Read<HashCache>>,
    folders: LazyLock<FolderCache, Read<FolderCache>>,
}

type Read<T> = Box<dyn FnOnce() -> T + Send>;

impl TreeCaches {
    /// Those of a workspace.
    pub(crate) fn of_workspace(root: &Path, state: &State) -> TreeCaches {
        let (root, state) = (root.to_owned(), state.clone());
        let hashes = {
            let state = state.clone();
            move || HashCache::parse(state.read_hashes())
        };
        let folders = move || FolderCache::parse(&root, state.read_folders());
        TreeCaches {
            hashes: LazyLock::new(Box::new(hashes)),
            folders: LazyLock::new(Box::new(folders)),
        }
    }

    /// A workspace's hashes of files, and nothing of folders: each is listed.
    pub(crate) fn hashes_of(state: &State) -> TreeCaches {
        let state = state.clone();
        TreeCaches::with_hashes(Box::new(move || HashCache::parse(state.read_hashes())))
    }

    /// The same by the bytes of their file.
    pub(crate) fn of_hashes(bytes: Vec<u8>) -> TreeCaches {
        TreeCaches::with_hashes(Box::new(move || HashCache::parse(bytes)))
    }

    fn with_hashes(hashes: Read<HashCache>) -> TreeCaches {
        let folders = LazyLock::new(Box::new(FolderCache::none) as Read<FolderCache>);
        TreeCaches { hashes: LazyLock::new(hashes), folders }
    }

    /// The hashes of files.
    pub(crate) fn hashes(&self) -> &HashCache {
        &self.hashes
    }

    /// The names in folders.
    pub(crate) fn folders(&self) -> &FolderCache {
        &self.folders
    }

    /// Runs something that will ask for them, and gets them ready meanwhile: what is known of
    /// folders is compared with the disk.
    pub(crate) fn ready_while<T>(&self, run: impl FnOnce() -> T) -> T {
        thread::scope(|scope| {
            scope.spawn(|| self.folders().look_ahead());
            scope.spawn(|| {
                self.hashes();
            });
            run()
        })
    }

    /// Keeps what was found out for the next run.
    pub(crate) fn keep(&self, found: &Found, state: &State) {
        if let Some(folders) = self.folders.render() {
            state.write_folders(&folders);
        }
        if let Some(hashes) = self.hashes.render(found.reader()) {
            state.write_hashes(&hashes);
        }
    }
}
