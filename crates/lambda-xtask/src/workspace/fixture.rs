//! A small workspace in a temporary folder, for tests, and its git repository.
//!
//! `base-low` ← Lambda `one`; Lambda `two` stands on an image from elsewhere.

use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use tempfile::TempDir;

use super::Workspace;
use crate::environment::Environment;

pub(crate) struct Tree {
    folder: Rc<TempDir>,
    /// The workspace root.
    pub(crate) root: PathBuf,
}

const FILES: &[(&str, &str)] = &[
    (
        "Cargo.toml",
        "[workspace]\nresolver = \"3\"\nmembers = []\n\n[workspace.metadata.lambda-images]\n",
    ),
    ("packages/low/pyproject.toml", "[project]\nname = \"low\"\n"),
    ("packages/low/Dockerfile", "FROM public.ecr.aws/lambda/python:3.13\nCOPY . /opt/low\n"),
    ("packages/low/low.py", "LOW = 1\n"),
    ("lambdas/one/pyproject.toml", "[project]\nname = \"one\"\ndependencies = [\"low\"]\n"),
    ("lambdas/one/Dockerfile", "FROM base-low\nARG LEVEL\nCOPY . .\n"),
    ("lambdas/one/handler.py", "ONE = 1\n"),
    ("lambdas/two/pyproject.toml", "[project]\nname = \"two\"\n"),
    ("lambdas/two/Dockerfile", "FROM public.ecr.aws/lambda/python:3.13\nCOPY . .\n"),
    ("lambdas/two/.dockerignore", "tests\n*.toml\n.dockerignore\n"),
    ("lambdas/two/handler.py", "TWO = 2\n"),
];

impl Tree {
    /// The files alone.
    pub(crate) fn plain() -> Tree {
        Tree::below("")
    }

    /// The files alone, in a subfolder of what can become a repository.
    pub(crate) fn below(subfolder: &str) -> Tree {
        let folder = TempDir::new().unwrap();
        // As git and cargo see it: some systems' folder for temporary files is behind a link.
        let root = folder.path().canonicalize().unwrap().join("work");
        let root = if subfolder.is_empty() { root } else { root.join(subfolder) };
        let tree = Tree { folder: Rc::new(folder), root };
        for (path, text) in FILES {
            tree.write(path, text);
        }
        tree
    }

    /// The files in a repository of one commit, `first`.
    pub(crate) fn committed() -> Tree {
        let tree = Tree::plain();
        tree.git(&["init", "-q", "-b", "main"]);
        tree.commit("first");
        tree
    }

    /// The clone or worktree of this one at `root`.
    pub(crate) fn at(&self, root: PathBuf) -> Tree {
        Tree { folder: Rc::clone(&self.folder), root }
    }

    /// A path beside the repository, of which nobody else makes use.
    pub(crate) fn elsewhere(&self) -> PathBuf {
        let folder = self.folder.path().canonicalize().unwrap();
        let name = self.root.file_name().unwrap().to_str().unwrap();
        folder.join(format!("{name}-elsewhere"))
    }

    pub(crate) fn environment(&self) -> Environment {
        let mut environment = Environment::of_process().unwrap().in_folder(&self.root);
        let foreign = [
            "LAMBDA_IMAGES_MIRRORS",
            "LAMBDA_IMAGES_NETWORK",
            "LAMBDA_STACK",
            "PULUMI_STACK",
            // Set where the tests run from a hook; they would lead to the hook's repository.
            "GIT_DIR",
            "GIT_WORK_TREE",
            "GIT_INDEX_FILE",
            "GIT_COMMON_DIR",
            "GIT_PREFIX",
            "GIT_OBJECT_DIRECTORY",
            "GIT_CONFIG_PARAMETERS",
        ];
        for name in foreign {
            environment = environment.without(name);
        }
        let variables = [
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_AUTHOR_NAME", "A"),
            ("GIT_AUTHOR_EMAIL", "a@example.com"),
            ("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z"),
            ("GIT_COMMITTER_NAME", "C"),
            ("GIT_COMMITTER_EMAIL", "c@example.com"),
            ("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z"),
        ];
        variables
            .into_iter()
            .fold(environment, |environment, (name, value)| environment.with(name, value))
    }

    pub(crate) fn read(&self) -> Workspace {
        Workspace::read(&self.root, &self.environment()).unwrap()
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Writes a file; folders are made.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn append(&self, path: &str, text: &str) {
        let old = fs::read_to_string(self.path(path)).unwrap_or_default();
        self.write(path, &(old + text));
    }

    pub(crate) fn replace(&self, path: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.path(path)).unwrap();
        assert!(text.contains(old), "`{path}` has no `{old}`");
        self.write(path, &text.replace(old, new));
    }

    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.path(path)).unwrap();
    }

    #[cfg(unix)]
    pub(crate) fn link(&self, path: &str, target: &str) {
        std::os::unix::fs::symlink(target, self.path(path)).unwrap();
    }

    #[cfg(unix)]
    pub(crate) fn set_mode(&self, path: &str, mode: u32) {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Runs git in the workspace root; gives its output.
    #[track_caller]
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        self.git_in(&self.root, arguments)
    }

    #[track_caller]
    pub(crate) fn git_in(&self, folder: &Path, arguments: &[&str]) -> String {
        let mut command = self.environment().in_folder(folder).command("git");
        // Submodules and shallow clones come from the same disk here.
        command.args(["-c", "protocol.file.allow=always"]).args(arguments);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?} failed: {said}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Commits everything.
    #[track_caller]
    pub(crate) fn commit(&self, subject: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", subject]);
    }
}
