//! The hooks of `.pre-commit-hooks.yaml`, run by the real pre-commit before real commits.
//!
//! pre-commit is one of the Python tools in `target/venv`, which `cargo xtask test` and `ci` install.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::{Workspace, image};

const FILE: &str = "deploy/images.yaml";
const DIRTY_HOOK: &str = "no dirty or floating tags of Lambda images";
const STALE_HOOK: &str = "no stale tags of Lambda images";

/// A workspace in which git runs both hooks, taken from a repository of their own.
struct Hooked {
    workspace: Workspace,
    tools: PathBuf,
}

impl Hooked {
    #[track_caller]
    fn new() -> Hooked {
        let workspace = Workspace::of_four("");
        let tools = workspace.beside().join("tools");
        // What `cargo xtask` is where the alias is not: cargo's own way to find a command.
        let program = env!("CARGO_BIN_EXE_xtask");
        let script = format!("#!/bin/sh\nshift\nexec '{program}' \"$@\"\n");
        fs::create_dir(&tools).unwrap();
        fs::write(tools.join("cargo-xtask"), script).unwrap();
        fs::set_permissions(tools.join("cargo-xtask"), fs::Permissions::from_mode(0o755)).unwrap();
        let hooked = Hooked { workspace, tools };
        let (hooks, revision) = hooked.hooks_repository();
        hooked.workspace.write(
            ".pre-commit-config.yaml",
            &format!(
                "repos:\n\
                 - repo: {}\n  \
                   rev: {revision}\n  \
                   hooks:\n  \
                   - id: lambda-images-dirty-tags\n  \
                   - id: lambda-images-stale-tags\n",
                hooks.display()
            ),
        );
        hooked.workspace.commit("hooks");
        let installed = hooked.pre_commit(&["install", "--install-hooks"]);
        assert!(installed.status.success(), "{installed:?}");
        hooked
    }

    /// A repository that has this one's hooks, and the commit that does.
    fn hooks_repository(&self) -> (PathBuf, String) {
        let folder = self.workspace.beside().join("hooks");
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.pre-commit-hooks.yaml");
        fs::create_dir(&folder).unwrap();
        fs::copy(ours, folder.join(".pre-commit-hooks.yaml")).unwrap();
        let at = folder.to_str().unwrap();
        self.workspace.git(&["-C", at, "init", "--quiet"]);
        self.workspace.git(&["-C", at, "add", "--all"]);
        self.workspace.git(&["-C", at, "commit", "--quiet", "--message", "hooks"]);
        let revision = self.workspace.git(&["-C", at, "rev-parse", "HEAD"]);
        (folder, revision.trim().to_owned())
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = self.workspace.surround(Command::new(program));
        let path = command.get_envs().find(|(name, _)| *name == "PATH").and_then(|(_, path)| path);
        let mut path = path.unwrap_or_default().to_owned();
        path.push(":");
        path.push(&self.tools);
        command
            .env("PATH", path)
            .env("PRE_COMMIT_HOME", self.workspace.beside().join("pre-commit"));
        command.env("PRE_COMMIT_COLOR", "never");
        command
    }

    #[track_caller]
    fn pre_commit(&self, arguments: &[&str]) -> Output {
        let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/venv/bin/python");
        assert!(
            python.is_file(),
            "there is no `{}`: this test needs pre-commit, and `cargo xtask test` installs it",
            python.display()
        );
        self.command(&python).args(["-m", "pre_commit"]).args(arguments).output().unwrap()
    }

    /// Commits what is staged; the hooks that failed, and all that was said.
    #[track_caller]
    fn commit(&self) -> (Vec<&'static str>, String) {
        let output = self
            .command(Path::new("git"))
            .args(["commit", "--quiet", "--allow-empty", "--message", "x"])
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        let failed = [DIRTY_HOOK, STALE_HOOK].into_iter().filter(|hook| {
            said.lines().any(|line| line.starts_with(hook) && line.ends_with("Failed"))
        });
        let failed: Vec<&str> = failed.collect();
        assert_eq!(output.status.success(), failed.is_empty(), "{said}");
        (failed, said)
    }

    /// Stages a file with a text, and leaves another text in the tree.
    fn stage(&self, path: &str, staged: &str, in_tree: &str) {
        self.workspace.write(path, staged);
        self.workspace.git(&["add", path]);
        self.workspace.write(path, in_tree);
    }

    fn tag(&self, name: &str) -> String {
        let answer = self.workspace.build(&["--dry-run"], 0);
        image(&answer, name)["tag"].as_str().unwrap().to_owned()
    }
}

#[test]
fn dirty_and_floating_tags_are_not_committed() {
    let hooked = Hooked::new();
    let good = format!("image: alone-prod:{}\n", hooked.tag("alone"));
    for bad in ["image: alone-prod:latest\n", "image: alone-prod:git-0123456789ab-dirty-01234567\n"]
    {
        // What is in the tree is neither here nor there.
        hooked.stage(FILE, bad, &good);
        let (failed, said) = hooked.commit();
        assert_eq!(failed, [DIRTY_HOOK], "{said}");
        assert!(said.contains(&format!("{FILE}:1:8: alone: ")), "{said}");
        assert!(said.contains("run: "), "{said}");
        hooked.stage(FILE, &good, bad);
        let (failed, said) = hooked.commit();
        assert_eq!(failed, [""; 0], "{said}");
        hooked.workspace.git(&["checkout", "--quiet", "--", FILE]);
    }
}

#[test]
fn stale_tags_are_not_committed() {
    let hooked = Hooked::new();
    let tag = hooked.tag("alone");
    let good = format!("image: alone-prod:{tag}\n");
    let bad = "image: alone-prod:git-0123456789ab\n";
    hooked.stage(FILE, bad, &good);
    let (failed, said) = hooked.commit();
    assert_eq!(failed, [STALE_HOOK], "{said}");
    assert!(said.contains(&format!("it is now `{tag}`")), "{said}");

    // Inputs that have changed in the tree alone make nothing stale; staged ones do.
    let handler = "lambdas/alone/handler.py";
    let before = hooked.workspace.read(handler);
    let after = format!("{before}# An edit.\n");
    hooked.stage(FILE, &good, &good);
    hooked.workspace.write(handler, &after);
    let (failed, said) = hooked.commit();
    assert_eq!(failed, [""; 0], "{said}");
    assert_eq!(hooked.workspace.read(handler), after);

    hooked.stage(handler, &after, &before);
    hooked.stage(FILE, &format!("{good}# The same.\n"), &good);
    let (failed, said) = hooked.commit();
    assert_eq!(failed, [STALE_HOOK], "{said}");
    assert!(said.contains(&format!("its inputs are uncommitted: `{handler}`")), "{said}");
}

#[test]
fn a_commit_of_inputs_alone_is_not_held_up() {
    let hooked = Hooked::new();
    hooked.workspace.write(FILE, &format!("image: alone-prod:{}\n", hooked.tag("alone")));
    hooked.workspace.git(&["add", "--all"]);
    assert_eq!(hooked.commit().0, [""; 0]);
    hooked.workspace.append("lambdas/alone/handler.py", "# An edit.\n");
    hooked.workspace.git(&["add", "--all"]);
    assert_eq!(hooked.commit().0, [""; 0]);
    // It is told when all files are checked, as in CI.
    let checked = hooked.pre_commit(&["run", "--all-files"]);
    let said = String::from_utf8(checked.stdout).unwrap();
    assert!(!checked.status.success() && said.contains("is stale: "), "{said}");
}
