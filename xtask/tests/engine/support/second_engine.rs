//! A second Docker engine, which shares nothing with the first: another machine, but for the network.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::Ended;
use super::aws::{REGISTRY_PROGRAM, given};

/// The engine; it ends, and all that it stored goes, when this does.
pub(crate) struct SecondEngine {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

impl SecondEngine {
    #[track_caller]
    pub(crate) fn start() -> SecondEngine {
        let folder = tempfile::Builder::new().prefix("second-").tempdir().unwrap();
        let engine = folder.path().join("target/engine");
        std::fs::create_dir_all(&engine).unwrap();
        // The programs of the first, if it has them: else they are fetched once more.
        let program = given(REGISTRY_PROGRAM);
        let packages = program.ancestors().nth(3).expect("it lies in `usr/bin` of the packages");
        std::os::unix::fs::symlink(packages, engine.join("packages")).unwrap();
        let mut second = SecondEngine { folder, variables: Vec::new() };
        Ended::of(&mut second.xtask(&["up"])).expect_code(0);
        let said = Ended::of(&mut second.xtask(&["env"])).expect_code(0).stdout;
        let wanted = ["DOCKER_HOST", "DOCKER_CONFIG", "BUILDX_CONFIG", "BUILDX_BUILDER"];
        second.variables = said
            .lines()
            .filter_map(|line| line.strip_prefix("export ")?.split_once('='))
            .filter(|(name, _)| wanted.contains(name))
            .map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned()))
            .collect();
        assert_eq!(second.variables.len(), wanted.len(), "{said}");
        second
    }

    fn xtask(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.arg("engine").args(arguments).arg("--second").arg(self.folder());
        command
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Lets a command use this engine.
    pub(crate) fn surround(&self, command: &mut Command) {
        command.envs(self.variables.iter().cloned());
    }
}

impl Drop for SecondEngine {
    fn drop(&mut self) {
        // This also runs while a failed test unwinds.
        drop(self.xtask(&["down", "--purge"]).output());
    }
}
