//! Locks that real `uv` writes, and what it installs from them in real builds: a change of a lock
//! affects an image where other files are installed, and no other image that only installs from it.
//!
//! Nothing is fetched: the distributions are small wheels in a folder, which is an index to `uv`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use expect_test::expect;

use crate::dockerfiles::PYTHON;
use crate::monorepo::Monorepo;
use crate::mutation::{After, Mutation, Step};
use crate::rebuild::Rebuild;
use crate::{REGISTRY, require};

/// Set by `cargo xtask test` and `cargo xtask ci`: the folder of `uv` and Python.
const TOOLS: &str = "LAMBDA_IMAGES_TEST_TOOLS";
const WRITE_WHEEL: &str = include_str!("../wheel.py");

/// Each with what it requires.
const DISTRIBUTIONS: [(&str, &[&str]); 5] =
    [("alpha", &["beta"]), ("beta", &[]), ("gamma", &[]), ("delta", &[]), ("epsilon", &[])];

/// Lambdas, with what they declare and how their build uses the lock.
const LAMBDAS: [(&str, &str, &str); 5] = [
    (
        "installs",
        "dependencies = [\"alpha\", \"epsilon; sys_platform == 'win32'\"]\n\
         [dependency-groups]\ndev = [\"delta\"]\n",
        "RUN --network=none cd /build && uv sync --frozen --offline --no-cache --no-dev --package installs",
    ),
    (
        "installs-dev",
        "dependencies = []\n",
        "RUN --network=none cd /build && uv sync --frozen --offline --no-cache --package installs",
    ),
    (
        "installs-other",
        "dependencies = [\"gamma\"]\n",
        "RUN --network=none cd /build && uv sync --frozen --offline --no-cache --package installs-other",
    ),
    (
        "copies",
        "dependencies = []\n",
        "RUN --network=none mkdir /build/.venv && cp /build/uv.lock /build/.venv",
    ),
    (
        "mounts",
        "dependencies = []\n",
        "RUN --network=none --mount=type=bind,source=uv.lock,target=/uv.lock \
         mkdir /build/.venv && grep -A1 'name = \"beta\"' /uv.lock > /build/.venv/installed",
    ),
];

#[test]
fn a_lock_counts_by_what_is_installed() {
    require(REGISTRY);
    let tools = Tools::build();
    let first = tools.workspace();
    let lock = first.text("uv.lock").to_owned();
    let mut changes = vec![(
        "the revision, and a comment".to_owned(),
        tools.with_next_revision(&lock) + "# A comment.\n",
    )];
    for distribution in ["beta", "gamma", "delta", "epsilon"] {
        changes.push((format!("{distribution} 2.0"), tools.lock(&first, Some(distribution))));
    }
    let mut rebuild = Rebuild::begin(&first, "").unwrap();
    let mut text = String::new();
    for (change, lock) in changes {
        assert_ne!(lock, first.text("uv.lock"), "{change}");
        let mutation = Mutation::Write { path: "uv.lock".to_owned(), text: lock };
        let steps = vec![Step { label: "", mutation, after: After::Nothing }];
        let verdicts = rebuild.change(&steps).unwrap();
        assert_eq!(verdicts.len(), LAMBDAS.len());
        writeln!(text, "{change}").unwrap();
        for verdict in verdicts {
            assert!(verdict.is_known(), "{verdict:?}");
            let affected = if verdict.is_affected { "affected" } else { "spared" };
            let files = if verdict.differs() { "other files" } else { "the same files" };
            writeln!(text, "  {}: {affected}, {files}", verdict.name).unwrap();
            let is_missed = verdict.differs() && !verdict.is_affected;
            assert!(!is_missed, "{change}: {}: {:?}", verdict.name, verdict.differences());
        }
    }
    expect![[r#"
        the revision, and a comment
          copies: affected, other files
          installs: spared, the same files
          installs-dev: spared, the same files
          installs-other: spared, the same files
          mounts: affected, the same files
        beta 2.0
          copies: affected, other files
          installs: affected, other files
          installs-dev: affected, other files
          installs-other: spared, the same files
          mounts: affected, other files
        gamma 2.0
          copies: affected, other files
          installs: spared, the same files
          installs-dev: spared, the same files
          installs-other: affected, other files
          mounts: affected, the same files
        delta 2.0
          copies: affected, other files
          installs: spared, the same files
          installs-dev: affected, other files
          installs-other: spared, the same files
          mounts: affected, the same files
        epsilon 2.0
          copies: affected, other files
          installs: spared, the same files
          installs-dev: spared, the same files
          installs-other: spared, the same files
          mounts: affected, the same files
    "#]]
    .assert_eq(&text);
}

/// `uv` and the wheels: on disk, and as an image for builds to copy from.
struct Tools {
    folder: tempfile::TempDir,
    image: String,
}

impl Tools {
    fn build() -> Tools {
        let folder = tempfile::Builder::new().prefix("uv-").tempdir().unwrap();
        let name = folder.path().file_name().unwrap().to_str().unwrap().to_lowercase();
        let tools = Tools { folder, image: format!("{name}.test/tools:1") };
        write_wheels(tools.folder.path());
        fs::copy(program("uv"), tools.path("uv")).unwrap();
        let dockerfile = "FROM scratch\nCOPY uv /uv\nCOPY all /wheels\n";
        fs::write(tools.path("Dockerfile"), dockerfile).unwrap();
        let mut build = Command::new("docker");
        build.args(["buildx", "build", "--load", "--tag", &tools.image]);
        run(build.arg(tools.folder.path()));
        tools
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The workspace, with a lock that `uv` has written.
    fn workspace(&self) -> Monorepo {
        let mut monorepo = Monorepo::default();
        let table = "[workspace.metadata.lambda-images]\ncontext = \"workspace\"\n";
        monorepo.write("Cargo.toml", format!("[workspace]\nmembers = []\n\n{table}"));
        monorepo.write(".dockerignore", "target\n.git\n");
        monorepo.write(
            "pyproject.toml",
            "[tool.uv.workspace]\nmembers = [\"lambdas/*\"]\n\n\
             [[tool.uv.index]]\nname = \"wheels\"\nurl = \"./wheels\"\nformat = \"flat\"\ndefault = true\n",
        );
        for (name, declared, step) in LAMBDAS {
            let folder = format!("lambdas/{name}");
            let head = format!("[project]\nname = \"{name}\"\nversion = \"0.1.0\"\n");
            let python = "requires-python = \">=3.11\"\n";
            monorepo
                .write(&format!("{folder}/pyproject.toml"), format!("{head}{python}{declared}"));
            monorepo.write(&format!("{folder}/handler.py"), format!("# {}\n", self.image));
            monorepo.write(&format!("{folder}/Dockerfile"), self.dockerfile(name, step));
        }
        monorepo.write("uv.lock", self.lock(&monorepo, None));
        monorepo
    }

    fn dockerfile(&self, name: &str, step: &str) -> String {
        let Tools { image, .. } = self;
        let mut text = format!("FROM {PYTHON} AS installed\n");
        writeln!(text, "COPY --from={image} /uv /usr/local/bin/uv").unwrap();
        writeln!(text, "COPY --from={image} /wheels /build/wheels/").unwrap();
        text += "COPY pyproject.toml uv.lock /build/\n";
        for (member, ..) in LAMBDAS {
            let path = format!("lambdas/{member}/");
            writeln!(text, "COPY {path}pyproject.toml /build/{path}").unwrap();
        }
        write!(text, "{step}\nFROM scratch\nCOPY lambdas/{name}/handler.py /\n").unwrap();
        text + "COPY --from=installed /build/.venv /venv\n"
    }

    /// The lock that `uv` writes for a workspace: of first versions, but for one distribution.
    fn lock(&self, monorepo: &Monorepo, upgraded: Option<&str>) -> String {
        let root = tempfile::Builder::new().prefix("lock-").tempdir_in(self.folder.path()).unwrap();
        let names = monorepo.files.keys().filter(|path| path.ends_with("pyproject.toml"));
        for name in names.map(String::as_str).chain(["uv.lock"]) {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            if monorepo.files.contains_key(name) {
                fs::write(path, monorepo.text(name)).unwrap();
            }
        }
        let wheels = if upgraded.is_some() { "all" } else { "first" };
        std::os::unix::fs::symlink(self.path(wheels), root.path().join("wheels")).unwrap();
        let mut uv = Command::new(program("uv"));
        uv.args(["lock", "--offline", "--no-cache", "--python"]).arg(program("python"));
        uv.args(upgraded.map(|name| format!("--upgrade-package={name}")));
        run(uv.current_dir(root.path()));
        fs::read_to_string(root.path().join("uv.lock")).unwrap()
    }

    /// What another `uv` writes for the same packages.
    fn with_next_revision(&self, lock: &str) -> String {
        let line = lock.lines().find(|line| line.starts_with("revision = ")).unwrap();
        let number: u32 = line["revision = ".len()..].parse().unwrap();
        lock.replacen(line, &format!("revision = {}", number + 1), 1)
    }
}

impl Drop for Tools {
    fn drop(&mut self) {
        // This also runs while a failed test unwinds.
        drop(Command::new("docker").args(["image", "rm", &self.image]).output());
    }
}

/// The wheels of the first versions in the folder `first`, those of all in `all`.
pub(crate) fn write_wheels(into: &Path) {
    for (version, folder) in [("1.0", "first"), ("1.0", "all"), ("2.0", "all")] {
        fs::create_dir_all(into.join(folder)).unwrap();
        for (name, requirements) in DISTRIBUTIONS {
            let mut python = Command::new(program("python"));
            python.args(["-c", WRITE_WHEEL]).arg(into.join(folder));
            run(python.args([name, version, version]).args(requirements));
        }
    }
}

pub(crate) fn program(name: &str) -> PathBuf {
    Path::new(&require(TOOLS)).join(name)
}

#[track_caller]
pub(crate) fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
