//! What real `uv` reads of a `pyproject.toml` and of a `pylock.toml`: an edit after which it installs
//! something else, or nothing, is one that counts.
//!
//! Nothing is fetched: the distributions are small wheels in a folder, which is an index to `uv`. The
//! snapshots show what counts though `uv` does the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use expect_test::expect;
use pyproject::lock::{Environment, parse_pylock};
use pyproject::{Installer, PackageName, installer_settings};

use crate::uv::{program, run, write_wheels};

const ROOT: &str = r#"[project]
name = "app"
version = "0.1.0"
description = "What it does."
requires-python = ">=3.11"
dependencies = ["alpha"]
scripts = { app = "app:main" }

[project.optional-dependencies]
more = ["gamma"]

[dependency-groups]
dev = ["delta"]

[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[tool.uv.workspace]
members = ["jobs/*"]

[[tool.uv.index]]
name = "wheels"
url = "./wheels"
format = "flat"
default = true

[tool.ruff]
line-length = 100
"#;

const MEMBER: &str = r#"[project]
name = "nightly"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["epsilon"]
"#;

/// Edits of the root's `pyproject.toml`.
const EDITS: [(&str, &str, &str); 24] = [
    ("a comment", "[tool.ruff]", "# A comment.\n[tool.ruff]"),
    ("line-length of ruff", "= 100", "= 120"),
    ("another tool", "[tool.ruff]", "[tool.mypy]\nstrict = true\n[tool.ruff]"),
    ("another order", "name = \"app\"\nversion = \"0.1.0\"", "version = '0.1.0'\nname = \"app\""),
    ("description", "What it does.", "What it really does."),
    ("classifiers", "scripts =", "classifiers = [\"Private :: Do Not Upload\"]\nscripts ="),
    ("a script", "app:main", "app:other"),
    ("no scripts", "scripts = { app = \"app:main\" }\n", ""),
    ("version", "0.1.0", "0.2.0"),
    ("no version", "version = \"0.1.0\"\n", ""),
    ("a version that is none", "0.1.0", "next"),
    ("dynamic version", "version = \"0.1.0\"", "dynamic = [\"version\"]"),
    ("name", "\"app\"\nversion", "\"other\"\nversion"),
    ("requires-python", ">=3.11", ">=3.99"),
    ("dependencies", "[\"alpha\"]", "[\"alpha\", \"gamma\"]"),
    ("optional-dependencies", "[\"gamma\"]", "[\"gamma\", \"delta\"]"),
    ("a group", "[\"delta\"]", "[\"delta\", \"gamma\"]"),
    (
        "no default groups",
        "[tool.uv.workspace]",
        "[tool.uv]\ndefault-groups = []\n[tool.uv.workspace]",
    ),
    ("no package", "[tool.uv.workspace]", "[tool.uv]\npackage = false\n[tool.uv.workspace]"),
    (
        "a uv of the past",
        "[tool.uv.workspace]",
        "[tool.uv]\nrequired-version = \"<0.1\"\n[tool.uv.workspace]",
    ),
    ("no members", "members = [\"jobs/*\"]", "members = []"),
    (
        "no build system",
        "[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n",
        "",
    ),
    ("the index", "./wheels", "./nothing"),
    ("no TOML", "[tool.ruff]", "[tool.ruff"),
];

#[test]
fn an_edit_of_a_pyproject_toml_counts_where_uv_installs_something_else() {
    let world = World::new();
    world.write("pyproject.toml", ROOT);
    world.write("jobs/nightly/pyproject.toml", MEMBER);
    run(&mut world.uv(&["lock"]));
    let mut text = String::new();
    for (option, installer) in [("--frozen", Installer::UvFrozen), ("--locked", Installer::Uv)] {
        writeln!(text, "{option}").unwrap();
        let settings = installer_settings(ROOT, installer).unwrap();
        let before = world.sync(option);
        assert!(before.is_some(), "{option}");
        for (edit, old, new) in EDITS {
            assert!(ROOT.contains(old), "{edit}");
            let edited = ROOT.replacen(old, new, 1);
            world.write("pyproject.toml", &edited);
            let counts = installer_settings(&edited, installer).as_ref() != Some(&settings);
            let after = world.sync(option);
            let is_other = after != before;
            assert!(counts || !is_other, "{option}: {edit} is missed");
            let counts = if counts { "counts" } else { "spared" };
            let result = match after {
                None => "refused",
                Some(_) if is_other => "other files",
                Some(_) => "the same files",
            };
            writeln!(text, "  {edit}: {counts}, {result}").unwrap();
        }
        world.write("pyproject.toml", ROOT);
    }
    expect![[r#"
        --frozen
          a comment: spared, the same files
          line-length of ruff: spared, the same files
          another tool: spared, the same files
          another order: spared, the same files
          description: spared, the same files
          classifiers: spared, the same files
          a script: spared, the same files
          no scripts: counts, the same files
          version: spared, the same files
          no version: counts, refused
          a version that is none: counts, refused
          dynamic version: counts, the same files
          name: counts, refused
          requires-python: counts, refused
          dependencies: counts, the same files
          optional-dependencies: counts, the same files
          a group: counts, the same files
          no default groups: counts, other files
          no package: counts, the same files
          a uv of the past: counts, refused
          no members: counts, the same files
          no build system: counts, the same files
          the index: counts, the same files
          no TOML: counts, refused
        --locked
          a comment: spared, the same files
          line-length of ruff: spared, the same files
          another tool: spared, the same files
          another order: spared, the same files
          description: spared, the same files
          classifiers: spared, the same files
          a script: spared, the same files
          no scripts: counts, the same files
          version: counts, refused
          no version: counts, refused
          a version that is none: counts, refused
          dynamic version: counts, refused
          name: counts, refused
          requires-python: counts, refused
          dependencies: counts, refused
          optional-dependencies: counts, refused
          a group: counts, refused
          no default groups: counts, refused
          no package: counts, refused
          a uv of the past: counts, refused
          no members: counts, refused
          no build system: counts, refused
          the index: counts, refused
          no TOML: counts, refused
    "#]]
    .assert_eq(&text);
}

#[test]
fn a_pylock_counts_by_what_uv_installs_of_it() {
    let world = World::new();
    let project = ROOT.replace("[\"alpha\"]", "[\"alpha\", \"epsilon; sys_platform == 'win32'\"]");
    world.write("pyproject.toml", &project.replace("members = [\"jobs/*\"]", "members = []"));
    world.use_wheels("first");
    let export = |upgraded: &str| {
        run(world.uv(&["lock"]).args(
            (!upgraded.is_empty()).then_some(["--upgrade-package", upgraded]).into_iter().flatten(),
        ));
        let sections = ["--all-extras", "--all-groups", "--no-emit-workspace"];
        run(world
            .uv(&["export", "--format", "pylock.toml", "--output-file", "pylock.toml"])
            .args(sections));
        with_markers(&fs::read_to_string(world.path("w/pylock.toml")).unwrap())
    };
    let first = export("");
    let lock = fs::read_to_string(world.path("w/uv.lock")).unwrap();
    let mut changes = vec![("a comment", first.clone() + "# A comment.\n")];
    world.use_wheels("all");
    for name in ["beta", "gamma", "delta", "epsilon"] {
        world.write("uv.lock", &lock);
        changes.push((name, export(name)));
    }
    let mut text = String::new();
    for options in [&[][..], &["--extra", "more"], &["--group", "dev"]] {
        let mut environment = Environment::cpython_on_linux("3.13", "x86_64");
        let names = |option: &str| match options {
            [name, value] if *name == option => BTreeSet::from([value.parse().unwrap()]),
            _ => BTreeSet::new(),
        };
        environment.extras = Some(names("--extra"));
        environment.dependency_groups = Some(names("--group"));
        let closure = |lock: &str| parse_pylock(lock).unwrap().closure(&environment);
        let before = world.install_pylock(&first, options);
        let installed: Vec<&str> =
            before.keys().filter_map(|path| path.strip_suffix(".py")).collect();
        let named = closure(&first).distributions;
        assert_eq!(named.keys().map(PackageName::as_str).collect::<Vec<_>>(), installed);
        writeln!(text, "{}: {}", options.join(" "), installed.join(" ")).unwrap();
        for (change, lock) in &changes {
            assert_ne!(*lock, first, "{change}");
            let counts = closure(lock) != closure(&first);
            let is_other = world.install_pylock(lock, options) != before;
            assert_eq!(counts, is_other, "{options:?}: {change}");
            writeln!(text, "  {change}: {}", if counts { "counts" } else { "spared" }).unwrap();
        }
    }
    expect![[r#"
        : alpha beta
          a comment: spared
          beta: counts
          gamma: spared
          delta: spared
          epsilon: spared
        --extra more: alpha beta gamma
          a comment: spared
          beta: counts
          gamma: counts
          delta: spared
          epsilon: spared
        --group dev: alpha beta delta
          a comment: spared
          beta: counts
          gamma: spared
          delta: counts
          epsilon: spared
    "#]]
    .assert_eq(&text);
}

/// With what `uv` reads and doesn't write: packages of an extra and of a group.
fn with_markers(pylock: &str) -> String {
    let gamma = "name = \"gamma\"\nmarker = \"'more' in extras\"\n";
    let delta = "name = \"delta\"\nmarker = \"'dev' in dependency_groups\"\n";
    let head = "lock-version = \"1.0\"\nextras = [\"more\"]\ndependency-groups = [\"dev\"]\n";
    pylock
        .replacen("name = \"gamma\"\n", gamma, 1)
        .replacen("name = \"delta\"\n", delta, 1)
        .replacen("lock-version = \"1.0\"\n", head, 1)
}

/// A folder `w` with a workspace, and wheels beside it.
struct World(tempfile::TempDir);

impl World {
    fn new() -> World {
        let world = World(tempfile::Builder::new().prefix("uv-").tempdir().unwrap());
        write_wheels(world.0.path());
        fs::create_dir(world.path("w")).unwrap();
        world.use_wheels("all");
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path("w").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn use_wheels(&self, folder: &str) {
        let link = self.path("w/wheels");
        drop(fs::remove_file(&link));
        std::os::unix::fs::symlink(self.path(folder), link).unwrap();
    }

    fn uv(&self, arguments: &[&str]) -> Command {
        let mut uv = Command::new(program("uv"));
        uv.args(arguments).args(["--offline", "--no-cache", "--python"]).arg(program("python"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("UV_") {
                uv.env_remove(name);
            }
        }
        uv.env("UV_LINK_MODE", "copy").env_remove("VIRTUAL_ENV").current_dir(self.path("w"));
        uv
    }

    /// What is installed; `None`: `uv` refuses.
    fn sync(&self, option: &str) -> Option<BTreeMap<String, Vec<u8>>> {
        drop(fs::remove_dir_all(self.path("w/.venv")));
        let options = ["sync", option, "--no-install-workspace"];
        let output = self.uv(&options).output().unwrap();
        output.status.success().then(|| files(&self.path("w/.venv")))
    }

    fn install_pylock(&self, lock: &str, options: &[&str]) -> BTreeMap<String, Vec<u8>> {
        self.write("pylock.toml", lock);
        drop(fs::remove_dir_all(self.path("target")));
        let mut uv = self.uv(&["pip", "install", "-r", "pylock.toml"]);
        run(uv.args(options).arg("--target").arg(self.path("target")));
        files(&self.path("target"))
    }
}

/// All files below a folder, by their paths.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                waiting.push(path);
            } else if let Ok(content) = fs::read(&path) {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.insert(name, content);
            }
        }
    }
    found
}
