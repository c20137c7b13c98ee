//! `cargo xtask ci`: the one gate. Everything that must pass, and all that it needs installed
//! on the way: the Python tools in `target/venv` and `target/venv-deploy`, the engine by `engine up`.
//!
//! The engine comes up while the compiler works: the one waits for downloads, the other for
//! the processor.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;

use anyhow::{Context as _, anyhow};
use xshell::{Shell, cmd};

use crate::demo;
use crate::engine::{self, Engine};
use crate::steps::{run, say, step};
use crate::tools::{Tool, ensure_tools};

/// Tells the tests of ECR where `aws` and moto are, and a registry that they can start.
const TEST_TOOLS: &str = "LAMBDA_IMAGES_TEST_TOOLS";
const TEST_REGISTRY_PROGRAM: &str = "LAMBDA_IMAGES_TEST_REGISTRY_PROGRAM";
/// Tells the tests that need an engine that there is one, and where its registry is.
const TEST_REGISTRY: &str = "LAMBDA_IMAGES_TEST_REGISTRY";

pub(crate) fn run_ci(root: &Path) -> anyhow::Result<ExitCode> {
    let program = std::env::current_exe().context("failed to find this program")?;
    let shell = Shell::new()?;
    shell.change_dir(root);
    ensure_tools(&[Tool::Git, Tool::Python, Tool::Terraform])?;
    let engine = thread::scope(|scope| {
        let engine = scope.spawn(|| engine::up(root));
        let checks = check_rust(&shell).and_then(|()| check_python(&shell, root));
        let checks = checks.and_then(|()| check_deploy(&shell, root));
        let engine = step("a Docker engine", || {
            engine.join().unwrap_or_else(|_| Err(anyhow!("`engine up` panicked")))
        });
        checks?;
        engine
    })?;
    step("all Rust tests, with the engine", || {
        cargo_test(&shell, root, &engine, &["--workspace".to_owned()])
    })?;
    let demo = demo::run_demo(root, &program)?;
    say("ci: all passed");
    Ok(demo)
}

/// `cargo xtask test`
pub(crate) fn run_tests(root: &Path, arguments: &[String]) -> anyhow::Result<ExitCode> {
    let shell = Shell::new()?;
    shell.change_dir(root);
    ensure_tools(&[Tool::Git, Tool::Python])?;
    let engine = engine::up(root)?;
    cargo_test(&shell, root, &engine, arguments)?;
    Ok(ExitCode::SUCCESS)
}

fn check_rust(shell: &Shell) -> anyhow::Result<()> {
    step("formatting", || run(cmd!(shell, "cargo fmt --all --check")))?;
    step("lints", || {
        run(cmd!(shell, "cargo clippy --quiet --workspace --all-targets -- --deny warnings"))
    })?;
    step("documentation", || {
        run(cmd!(shell, "cargo doc --quiet --workspace --no-deps")
            .env("RUSTDOCFLAGS", "--deny warnings"))
    })
}

fn cargo_test(
    shell: &Shell,
    root: &Path,
    engine: &Engine,
    arguments: &[String],
) -> anyhow::Result<()> {
    let given = std::env::var(TEST_REGISTRY).ok();
    let registry = given.or_else(|| engine.registry.clone()).with_context(|| {
        format!(
            "there is no registry on loopback beside this engine\n\
             hint: start one that the engine can push to, and name it: `{TEST_REGISTRY}=localhost:5000`"
        )
    })?;
    // Its pre-commit, aws and moto are tested with.
    let python = install_python_tools(shell, root, DEVELOPMENT)?;
    let tools = python.parent().context("a program lies in a folder")?;
    let mut command = cmd!(shell, "cargo test {arguments...}")
        .envs(&engine.environment)
        .env(TEST_REGISTRY, registry)
        .env(TEST_TOOLS, tools);
    if let Some(program) = engine::registry_program(root) {
        command = command.env(TEST_REGISTRY_PROGRAM, program);
    }
    run(command)
}

fn check_python(shell: &Shell, root: &Path) -> anyhow::Result<()> {
    let python =
        step("Python tools in target/venv", || install_python_tools(shell, root, DEVELOPMENT))?;
    step("ruff", || {
        run(cmd!(shell, "{python} -m ruff check ."))?;
        run(cmd!(shell, "{python} -m ruff format --check ."))
    })?;
    step("mypy", || run(cmd!(shell, "{python} -m mypy")))?;
    step("pytest", || run(cmd!(shell, "{python} -m pytest --quiet")))
}

/// The programs of `deploy/`: Pulumi's by its mocks, Terraform's by what needs no provider.
fn check_deploy(shell: &Shell, root: &Path) -> anyhow::Result<()> {
    let python =
        step("Pulumi in target/venv-deploy", || install_python_tools(shell, root, DEPLOYMENT))?;
    let folder = shell.push_dir("deploy/pulumi");
    step("Pulumi: mypy", || run(cmd!(shell, "{python} -m mypy")))?;
    step("Pulumi: pytest", || run(cmd!(shell, "{python} -m pytest --quiet")))?;
    drop(folder);
    let _folder = shell.push_dir("deploy/terraform");
    step("Terraform: formatting, which also parses", || {
        run(cmd!(shell, "terraform fmt -check -diff -recursive"))
    })?;
    // Only the part that needs no provider can be run where there is no registry of providers.
    let data = root.join("target/terraform");
    let _data = shell.push_env("TF_DATA_DIR", data);
    step("Terraform: its own tests", || {
        run(cmd!(shell, "terraform -chdir=images init -input=false -no-color"))?;
        run(cmd!(shell, "terraform -chdir=images validate -no-color"))?;
        run(cmd!(shell, "terraform -chdir=images test -no-color"))
    })
}

/// A lock, and the virtual environment below `target/` that is made of it.
type Environment = (&'static str, &'static str);
const DEVELOPMENT: Environment = ("requirements-dev.lock", "target/venv");
const DEPLOYMENT: Environment = ("deploy/pulumi/requirements.lock", "target/venv-deploy");

/// Gives the virtual environment's Python. It is made anew when the lock or the Python changed.
fn install_python_tools(
    shell: &Shell,
    root: &Path,
    (lock, venv): Environment,
) -> anyhow::Result<PathBuf> {
    let (lock, venv) = (root.join(lock), root.join(venv));
    let python = venv.join("bin/python");
    let installed = venv.join("installed");
    let version = cmd!(shell, "python3 --version")
        .read()
        .context("failed to find `python3`, 3.11 or newer")?;
    let wanted = format!("{version}\n{}", shell.read_file(&lock)?);
    if shell.read_file(&installed).is_ok_and(|text| text == wanted) {
        return Ok(python);
    }
    shell.remove_path(&venv)?;
    run(cmd!(shell, "python3 -m venv {venv}"))
        .context("is the `venv` module installed? (Debian: `apt install python3-venv`)")?;
    run(cmd!(
        shell,
        "{python} -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes --no-deps --requirement {lock}"
    ))?;
    shell.write_file(&installed, wanted)?;
    Ok(python)
}
