//! The copies of a workspace's contexts, against the workspace.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::time::{Duration, SystemTime};

use lambda_images::context_copy::{FIRST_TIME, time_of_content};
use lambda_images::fingerprint::sha256;

use super::*;
use crate::checkout::Disk;
use crate::tree_caches::TreeCaches;
use crate::workspace::Workspace;
use crate::workspace::fixture::Tree as Fixture;

/// A workspace with one Lambda, whose Dockerfile this is, and the files of its folder.
struct World {
    tree: Fixture,
    workspace: Workspace,
    found: Found,
}

impl World {
    fn of(dockerfile: &str, files: &[(&str, &str)]) -> World {
        World::with("", dockerfile, files)
    }

    /// The same with more in its `[tool.lambda-image]`.
    fn with(settings: &str, dockerfile: &str, files: &[(&str, &str)]) -> World {
        let tree = Fixture::plain();
        for folder in ["lambdas", "packages"] {
            fs::remove_dir_all(tree.path(folder)).unwrap();
        }
        tree.write(
            "lambdas/a/pyproject.toml",
            &format!("[project]\nname = \"a\"\nversion = \"1\"\n[tool.lambda-image]\n{settings}"),
        );
        tree.write("lambdas/a/Dockerfile", dockerfile);
        for (path, text) in files {
            tree.write(path, text);
        }
        let (workspace, found) = read(&tree);
        World { tree, workspace, found }
    }

    fn read_again(&mut self) {
        (self.workspace, self.found) = read(&self.tree);
    }

    fn source(&self) -> Source<'_> {
        let image = &self.workspace.graph.images()[0];
        let staged = State::staged_dockerfile(image.name());
        Source { found: &self.found, index: 0, image, staged, dockerfile: "" }
    }

    fn copy(&self) -> Vec<Fault> {
        let known = context_folders(&self.workspace.graph.images()[0]).collect();
        let state = State::of_workspace(&self.tree.root);
        copy_contexts(&self.tree.root, &state, &[self.source()], &known).unwrap()
    }

    fn path(&self, path: &str) -> PathBuf {
        self.tree.root.join(CONTEXT_COPIES).join(path)
    }

    /// What is in the copy of the Lambda's folder: files by their bytes, links by an arrow and their text,
    /// folders by a slash.
    fn copied(&self) -> BTreeMap<String, String> {
        let mut copied = BTreeMap::new();
        list(&self.path("2/lambdas/a"), "", &mut copied);
        copied
    }
}

fn read(tree: &Fixture) -> (Workspace, Found) {
    let workspace = tree.read();
    let caches = TreeCaches::of_hashes(Vec::new());
    let disk = Disk { root: &tree.root, caches: &caches };
    let found = Found::read(&disk, &workspace.graph).unwrap();
    (workspace, found)
}

fn list(folder: &Path, path: &str, copied: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let below = paths::in_folder(path, entry.file_name().to_str().unwrap());
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            copied.insert(below.clone(), "/".to_owned());
            list(&entry.path(), &below, copied);
        } else if kind.is_symlink() {
            let text = fs::read_link(entry.path()).unwrap();
            copied.insert(below, format!("-> {}", text.display()));
        } else {
            copied.insert(below, fs::read_to_string(entry.path()).unwrap());
        }
    }
}

fn map(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries.iter().map(|(path, what)| ((*path).to_owned(), (*what).to_owned())).collect()
}

#[test]
fn holds_what_is_read_and_nothing_else() {
    let world = World::of(
        "FROM scratch\nCOPY src handler.py /\nCOPY --exclude=*.md links /\n",
        &[
            ("lambdas/a/handler.py", "handler"),
            ("lambdas/a/other.py", "other"),
            ("lambdas/a/src/pkg/a.py", "a"),
            ("lambdas/a/src/left.pyc", "left out"),
            ("lambdas/a/.dockerignore", "**/*.pyc\n"),
            ("lambdas/a/there", "only that it is there matters"),
        ],
    );
    world.tree.write("lambdas/a/links/file.md", "");
    world.tree.link("lambdas/a/links/link", "../there");
    fs::create_dir_all(world.tree.path("lambdas/a/src/empty")).unwrap();
    let world = World { found: read(&world.tree).1, ..world };
    assert!(world.copy().is_empty());
    let expected = map(&[
        ("handler.py", "handler"),
        ("links", "/"),
        ("links/link", "-> ../there"),
        ("src", "/"),
        ("src/pkg", "/"),
        ("src/pkg/a.py", "a"),
        ("there", ""),
    ]);
    assert_eq!(world.copied(), expected);
}

#[test]
fn modes_and_times_are_those_of_the_content() {
    let world = World::of(
        "FROM scratch\nCOPY src /\n",
        &[("lambdas/a/src/plain", "one"), ("lambdas/a/src/tool", "two")],
    );
    world.tree.set_mode("lambdas/a/src/plain", 0o600);
    world.tree.set_mode("lambdas/a/src/tool", 0o4711);
    let world = World { found: read(&world.tree).1, ..world };
    assert!(world.copy().is_empty());
    for (name, mode, text) in [("plain", 0o644, "one"), ("tool", 0o755, "two")] {
        let metadata = fs::metadata(world.path("2/lambdas/a/src").join(name)).unwrap();
        let (seconds, nanoseconds) = time_of_content(&sha256(text.as_bytes()));
        assert_eq!(metadata.mode() & 0o7777, mode);
        let time = SystemTime::UNIX_EPOCH + Duration::new(seconds, nanoseconds);
        assert_eq!(metadata.modified().unwrap(), time);
    }
    for folder in ["2/lambdas/a", "2/lambdas/a/src"] {
        let metadata = fs::metadata(world.path(folder)).unwrap();
        assert_eq!(metadata.mode() & 0o7777, 0o755);
        assert_eq!(metadata.mtime(), i64::try_from(FIRST_TIME).unwrap());
    }
}

#[test]
fn follows_every_change_and_copies_only_what_changed() {
    let mut world = World::of(
        "FROM scratch\nCOPY src /\n",
        &[
            ("lambdas/a/src/same", "same"),
            ("lambdas/a/src/other", "before"),
            ("lambdas/a/src/was/a/file", "file"),
            ("lambdas/a/src/gone", "gone"),
        ],
    );
    assert!(world.copy().is_empty());
    let same = || fs::metadata(world.path("2/lambdas/a/src/same")).unwrap().ino();
    let inode = same();
    // As many bytes at the same time.
    let path = world.tree.path("lambdas/a/src/other");
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    world.tree.write("lambdas/a/src/other", "behind");
    fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    fs::remove_dir_all(world.tree.path("lambdas/a/src/was")).unwrap();
    world.tree.link("lambdas/a/src/was", "same");
    world.tree.remove("lambdas/a/src/gone");
    world.tree.write("lambdas/a/src/gone/now", "a folder");
    world.read_again();
    assert!(world.copy().is_empty());
    let expected = map(&[
        ("src", "/"),
        ("src/gone", "/"),
        ("src/gone/now", "a folder"),
        ("src/other", "behind"),
        ("src/same", "same"),
        ("src/was", "-> same"),
    ]);
    assert_eq!(world.copied(), expected);
    assert_eq!(fs::metadata(world.path("2/lambdas/a/src/same")).unwrap().ino(), inode);
}

#[test]
fn what_somebody_changed_in_a_copy_is_copied_again() {
    let world = World::of("FROM scratch\nCOPY src /\n", &[("lambdas/a/src/file", "true")]);
    assert!(world.copy().is_empty());
    let copy = world.path("2/lambdas/a/src/file");
    let expected = world.copied();
    // Other bytes of equal length, and the time that the true ones have.
    let time = fs::metadata(&copy).unwrap().modified().unwrap();
    fs::write(&copy, "fake").unwrap();
    fs::File::options().write(true).open(&copy).unwrap().set_modified(time).unwrap();
    assert!(world.copy().is_empty());
    assert_eq!(world.copied(), expected);
    // Nor does it help to lose the record of the copies.
    fs::write(&copy, "fake").unwrap();
    fs::File::options().write(true).open(&copy).unwrap().set_modified(time).unwrap();
    fs::remove_file(world.tree.path("target/lambda-images/context-hashes")).unwrap();
    assert!(world.copy().is_empty());
    assert_eq!(world.copied(), expected);

    fs::set_permissions(&copy, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(world.path("2/lambdas/a/src/.lambda-images-left"), "half").unwrap();
    fs::create_dir_all(world.path("2/lambdas/b/x")).unwrap();
    fs::create_dir_all(world.path("1/lambdas")).unwrap();
    assert!(world.copy().is_empty());
    assert_eq!(world.copied(), expected);
    assert_eq!(fs::metadata(&copy).unwrap().mode() & 0o7777, 0o644);
    assert!(!world.path("2/lambdas/b").exists() && !world.path("1").exists());
}

#[test]
fn links_that_somebody_put_there_lead_nowhere() {
    let world = World::of("FROM scratch\nCOPY src /\n", &[("lambdas/a/src/file", "text")]);
    let outside = world.tree.elsewhere();
    fs::create_dir_all(&outside).unwrap();
    fs::create_dir_all(world.path("2")).unwrap();
    std::os::unix::fs::symlink(&outside, world.path("2/lambdas")).unwrap();
    assert!(world.copy().is_empty());
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    fs::remove_dir_all(world.path("2/lambdas/a/src")).unwrap();
    std::os::unix::fs::symlink(&outside, world.path("2/lambdas/a/src")).unwrap();
    assert!(world.copy().is_empty());
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    assert_eq!(world.copied()["src/file"], "text");
}

#[test]
fn a_file_that_changed_since_it_was_hashed_is_not_copied() {
    let change: [&dyn Fn(&Fixture); 5] = [
        &|tree| tree.write("lambdas/a/src/file", "after!"),
        &|tree| tree.remove("lambdas/a/src/file"),
        &|tree| tree.set_mode("lambdas/a/src/file", 0o755),
        &|tree| {
            tree.remove("lambdas/a/src/file");
            tree.link("lambdas/a/src/file", "other");
        },
        &|tree| {
            tree.remove("lambdas/a/src/file");
            fs::create_dir(tree.path("lambdas/a/src/file")).unwrap();
        },
    ];
    for change in change {
        let world = World::of(
            "FROM scratch\nCOPY src /\n",
            &[("lambdas/a/src/file", "before"), ("lambdas/a/src/other", "before")],
        );
        change(&world.tree);
        let faults: Vec<String> = world.copy().iter().map(Fault::to_string).collect();
        assert_eq!(
            faults,
            ["`lambdas/a/src/file` changed while the workspace was read\nhint: build again"]
        );
        assert_eq!(world.copied(), map(&[("src", "/"), ("src/other", "before")]));
    }
}

#[test]
fn an_image_is_told_of_the_files_that_it_is_sent() {
    let world = World::of(
        "FROM scratch\nCOPY src /\n",
        &[("lambdas/a/src/file", "text"), ("lambdas/a/other", "text")],
    );
    let source = world.source();
    assert!(source.is_sent("lambdas/a/src/file"));
    assert!(!source.is_sent("lambdas/a/other") && !source.is_sent("lambdas/b/src/file"));
}

#[test]
fn a_named_context_has_its_ignore_file() {
    let world = World::with(
        "contexts = { shared = \"shared\" }\n",
        "FROM scratch\nCOPY --from=shared . /\n",
        &[
            ("lambdas/a/shared/.dockerignore", "# Notes.\n\n*.md\n.dockerignore\n"),
            ("lambdas/a/shared/file", "text"),
            ("lambdas/a/shared/file.md", "left out"),
        ],
    );
    assert!(world.copy().is_empty());
    let mut copied = BTreeMap::new();
    list(&world.path("3/lambdas/a/shared"), "", &mut copied);
    assert_eq!(copied, map(&[(".dockerignore", "*.md\n.dockerignore\n"), ("file", "text")]));
}

#[test]
fn an_ignore_file_that_is_read_itself_is_copied_as_it_is() {
    let files = [(".dockerignore", "*.md\n"), ("file.md", "left out")];
    let dockerfile = "FROM scratch\nCOPY --from=repository . /\n";
    let world = World::with("contexts = { repository = \"../..\" }\n", dockerfile, &files);
    let faults: Vec<String> = world.copy().iter().map(Fault::to_string).collect();
    assert_eq!(faults, [""; 0]);
    assert_eq!(fs::read_to_string(world.path("0/.dockerignore")).unwrap(), "*.md\n");
    assert!(world.path("0/Cargo.toml").exists() && !world.path("0/target").exists());
    world.tree.write(".dockerignore", "*.py\n");
    let faults: Vec<String> = world.copy().iter().map(Fault::to_string).collect();
    assert_eq!(faults, [""; 0], "the copy is there already");
    fs::remove_dir_all(world.path("0")).unwrap();
    let faults: Vec<String> = world.copy().iter().map(Fault::to_string).collect();
    assert_eq!(faults, ["`.dockerignore` changed while the workspace was read\nhint: build again"]);
}

#[test]
fn a_path_is_split_at_its_context() {
    assert_eq!(split_place("0/a/b"), Some(("", "a/b")));
    assert_eq!(split_place("2/lambdas/a/src/file"), Some(("lambdas/a", "src/file")));
    assert_eq!(split_place("2/lambdas/a"), None);
    assert_eq!(split_place("x/lambdas/a"), None);
}
