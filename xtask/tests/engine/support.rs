//! A workspace of a test's own: a Cargo workspace with packages and Lambdas in a temporary
//! folder, under git, whose images belong to a stack that nothing else in the world uses.

mod answer;
mod aws;
mod docker;
mod gate;
mod github_cache;
mod http;
mod process;
mod second_engine;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) use answer::{field, image};
pub(crate) use aws::{ACCOUNT, Amazon, ClosedRegistry, PASSWORD, REGION, write_docker_config};
pub(crate) use docker::{
    Content, content_of, docker, find_docker, keeps_manifests, oci_index, read_content, text_of,
};
pub(crate) use gate::Gate;
pub(crate) use github_cache::GithubCache;
pub(crate) use http::{
    RegistryManifest, fetch_manifest, put_manifest, remove_manifest, sha256_hex,
};
pub(crate) use process::{Ended, Running};
pub(crate) use second_engine::SecondEngine;

/// Set by `cargo xtask test` and `cargo xtask ci`.
const REGISTRY: &str = "LAMBDA_IMAGES_TEST_REGISTRY";

/// Where AWS keeps the image that every Python Lambda stands on; the engine has it, or a mirror.
pub(crate) const PYTHON: &str = "public.ecr.aws/lambda/python:3.13";

/// A number from the environment: how often a proof is repeated.
pub(crate) fn number(variable: &str, usual: u64) -> u64 {
    let Ok(text) = env::var(variable) else { return usual };
    text.parse().unwrap_or_else(|_| panic!("`{variable}` is no number: `{text}`"))
}

/// The host and port of the registry.
#[track_caller]
pub(crate) fn test_registry() -> String {
    env::var(REGISTRY).unwrap_or_else(|_| {
        panic!(
            "`{REGISTRY}` is not set: this test needs a Docker engine and a registry, \
             and `cargo xtask test` brings both"
        )
    })
}

/// The workspace; its images go when it does.
pub(crate) struct Workspace {
    folder: TempDir,
    stack: String,
    is_guest: bool,
}

impl Workspace {
    /// A workspace with these keys in `[workspace.metadata.lambda-images]`, and nothing else.
    #[track_caller]
    pub(crate) fn empty(config: &str) -> Workspace {
        let folder = new_folder();
        let name = folder.path().file_name().expect("a temporary folder has a name");
        let stack = name.to_string_lossy().to_lowercase();
        Workspace::in_folder(folder, stack, false, config)
    }

    /// Another checkout, for the stack of `first`.
    #[track_caller]
    pub(crate) fn other_checkout(first: &Workspace, config: &str) -> Workspace {
        Workspace::in_folder(new_folder(), first.stack.clone(), true, config)
    }

    /// `base-core`; `reader` and `writer`, which stand on it; `alone`, which does not. All
    /// committed.
    #[track_caller]
    pub(crate) fn of_four(config: &str) -> Workspace {
        let workspace = Workspace::empty(config);
        workspace.write_four();
        workspace.commit("first");
        workspace
    }

    #[track_caller]
    fn in_folder(folder: TempDir, stack: String, is_guest: bool, config: &str) -> Workspace {
        test_registry();
        let workspace = Workspace { folder, stack, is_guest };
        docker::install_wrapper(workspace.folder.path());
        let metadata = "[workspace.metadata.lambda-images]";
        workspace
            .write("Cargo.toml", &format!("[workspace]\nmembers = []\n\n{metadata}\n{config}"));
        workspace.write(".gitignore", "/target\n");
        workspace.git(&["init", "--quiet"]);
        workspace
    }

    /// The images of [`Workspace::of_four`].
    pub(crate) fn write_four(&self) {
        self.write_package("core", "FROM scratch\nCOPY core.py /\n");
        self.write("packages/core/core.py", &self.python("CORE = 1"));
        self.write_lambda("reader", &["core"], "FROM base-core\nCOPY handler.py /\n");
        self.write_lambda(
            "writer",
            &["core"],
            "ARG BASE_IMAGE=base-core\nFROM ${BASE_IMAGE}\nCOPY handler.py /\n",
        );
        self.write_lambda("alone", &[], "FROM scratch\nCOPY handler.py /\n");
    }

    pub(crate) fn write_package(&self, name: &str, dockerfile: &str) {
        self.write(&format!("packages/{name}/pyproject.toml"), &render_pyproject(name, &[]));
        self.write(&format!("packages/{name}/Dockerfile"), dockerfile);
    }

    pub(crate) fn write_lambda(&self, name: &str, dependencies: &[&str], dockerfile: &str) {
        let pyproject = render_pyproject(name, dependencies);
        self.write(&format!("lambdas/{name}/pyproject.toml"), &pyproject);
        self.write(&format!("lambdas/{name}/Dockerfile"), dockerfile);
        self.write(&format!("lambdas/{name}/handler.py"), &self.python(name));
    }

    /// Text that no other test's file has: nobody else's build leaves its layer in the cache.
    pub(crate) fn python(&self, text: &str) -> String {
        format!("# {text}, {}\n", self.stack)
    }

    /// The folder of the root `Cargo.toml`.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("workspace")
    }

    /// A folder for the test's own files, beside the workspace.
    pub(crate) fn beside(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn stack(&self) -> &str {
        &self.stack
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().expect("the file has a folder")).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root().join(path)).unwrap()
    }

    pub(crate) fn append(&self, path: &str, text: &str) {
        self.write(path, &(self.read(path) + text));
    }

    /// Commits everything; gives the first 12 digits of the commit.
    pub(crate) fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
        self.git(&["rev-parse", "--short=12", "HEAD"]).trim().to_owned()
    }

    #[track_caller]
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let output = self.surround(Command::new("git")).args(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// `cargo xtask …`, not yet started.
    pub(crate) fn xtask(&self, arguments: &[&str]) -> Command {
        let mut command = self.surround(Command::new(env!("CARGO_BIN_EXE_xtask")));
        command.args(arguments);
        command
    }

    /// Runs `cargo xtask …` to its end, which must be this exit code.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str], code: i32) -> Ended {
        Ended::of(&mut self.xtask(arguments)).expect_code(code)
    }

    /// Runs `build-lambdas --format json …`, and gives its answer.
    #[track_caller]
    pub(crate) fn build(&self, arguments: &[&str], code: i32) -> Value {
        let arguments = [&["build-lambdas", "--format", "json"], arguments].concat();
        self.run(&arguments, code).json()
    }

    /// Lets a shell command run after each of `docker`'s.
    pub(crate) fn after_docker(&self, command: &str) {
        self.around_docker("", command);
    }

    /// Lets shell commands run before and after each of `docker`'s.
    pub(crate) fn around_docker(&self, before: &str, after: &str) {
        docker::install_wrapper_with(self.folder.path(), before, after);
    }

    /// Lets a file get these bytes just before `docker` builds an image of this folder.
    pub(crate) fn edit_before_build(&self, folder: &str, path: &str, text: &str) {
        let path = self.root().join(path);
        let edit = format!("printf '%s' '{text}' > '{}'", path.display());
        self.around_docker(&format!("case \"$*\" in *'buildx build'*{folder}*) {edit};; esac"), "");
    }

    /// The commands that were run of `docker`, since the last time that this was asked.
    pub(crate) fn docker_calls(&self) -> Vec<String> {
        docker::take_calls(self.folder.path())
    }

    /// `target/lambda-images/images.json`
    pub(crate) fn manifest(&self) -> Value {
        serde_json::from_str(&self.read("target/lambda-images/images.json")).unwrap()
    }

    /// This process's environment, without what would let the machine show in a test.
    pub(crate) fn surround(&self, mut command: Command) -> Command {
        command.current_dir(self.root()).stdin(Stdio::null());
        // A test that runs in a hook of git must not work on the repository of the hook.
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "PULUMI_STACK"] {
            command.env_remove(name);
        }
        // Nor must it show that the test runs in CI, or under somebody's build settings.
        for name in [
            "CI",
            "GITHUB_ACTIONS",
            "GITLAB_CI",
            "BUILDKITE",
            "CODEBUILD_BUILD_ID",
            "JENKINS_URL",
            "TF_BUILD",
            "TEAMCITY_VERSION",
            "USE_STATIC_BASE_IMAGE",
            "DOCKER_BUILDKIT",
            "BUILDKIT_PROGRESS",
            "ACTIONS_RUNTIME_TOKEN",
        ] {
            command.env_remove(name);
        }
        for (name, value) in [
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_AUTHOR_NAME", "A Test"),
            ("GIT_AUTHOR_EMAIL", "test@example.com"),
            ("GIT_AUTHOR_DATE", "2025-01-01T00:00:00Z"),
            ("GIT_COMMITTER_NAME", "A Test"),
            ("GIT_COMMITTER_EMAIL", "test@example.com"),
            ("GIT_COMMITTER_DATE", "2025-01-01T00:00:00Z"),
            ("LAMBDA_STACK", &self.stack),
        ] {
            command.env(name, value);
        }
        let mut path = OsString::from(docker::wrapper_folder(self.folder.path()));
        path.push(":");
        path.push(env::var_os("PATH").unwrap_or_default());
        command.env("GIT_CEILING_DIRECTORIES", self.folder.path()).env("PATH", path);
        command
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        if !self.is_guest {
            docker::remove_images(&self.stack);
        }
    }
}

fn new_folder() -> TempDir {
    let folder = tempfile::Builder::new().prefix("e2e-").rand_bytes(10).tempdir().unwrap();
    fs::create_dir(folder.path().join("workspace")).unwrap();
    folder
}

fn render_pyproject(name: &str, dependencies: &[&str]) -> String {
    format!("[project]\nname = \"{name}\"\nversion = \"0.1.0\"\ndependencies = {dependencies:?}\n")
}
