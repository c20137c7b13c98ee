//! Amazon without Amazon: the real `aws` client before moto's STS and ECR, and a registry that wants
//! the password that this ECR gives.
//!
//! Both are processes of the test's own on ports of loopback, and end with it. The programs are those
//! of `cargo xtask test`: the Python tools of this repository, and the distribution's registry.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::{env, fs};

use serde_json::json;
use tempfile::TempDir;

/// Set by `cargo xtask test` and `cargo xtask ci`: the folder of `aws`, `moto_server` and `python`.
const TOOLS: &str = "LAMBDA_IMAGES_TEST_TOOLS";
/// Set by the same: the program of the distribution project's registry.
pub(super) const REGISTRY_PROGRAM: &str = "LAMBDA_IMAGES_TEST_REGISTRY_PROGRAM";

/// The account of everybody at moto's, and the password that its ECR gives.
pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const PASSWORD: &str = "123456789012-auth-token";
pub(crate) const REGION: &str = "eu-west-1";

#[track_caller]
pub(super) fn given(variable: &str) -> PathBuf {
    let path = env::var_os(variable)
        .unwrap_or_else(|| panic!("`{variable}` is not set: `cargo xtask test` sets it"));
    PathBuf::from(path)
}

/// A process that says on stderr when it is ready; killed when this goes.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// Starts a program, and waits for the line in which its port stands behind this text.
    #[track_caller]
    fn start(command: &mut Command, before_port: &str) -> Server {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().expect("it is a pipe")).lines();
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let digits = line.split_once(before_port)?.1;
            digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
        });
        // Nobody listens any more, but the pipe must still be emptied.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Server { port: port.unwrap_or_else(|| panic!("{command:?} did not start")), child }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // An error says that it has ended already.
        self.child.kill().unwrap_or_default();
        drop(self.child.wait());
    }
}

/// STS and ECR.
pub(crate) struct Amazon {
    server: Server,
    folder: PathBuf,
}

impl Amazon {
    #[track_caller]
    pub(crate) fn start() -> Amazon {
        let folder = given(TOOLS);
        let mut command = Command::new(folder.join("moto_server"));
        command.args(["-H", "127.0.0.1", "-p", "0"]);
        Amazon { server: Server::start(&mut command, "http://127.0.0.1:"), folder }
    }

    /// Lets a command ask this Amazon, in whose region and as whom.
    pub(crate) fn surround(&self, command: &mut Command) {
        let path = command
            .get_envs()
            .find(|(name, _)| *name == "PATH")
            .and_then(|(_, value)| value.map(ToOwned::to_owned))
            .or_else(|| env::var_os("PATH"))
            .unwrap_or_default();
        // Behind what is there: these tools bring a Python too.
        let paths = env::split_paths(&path).chain([self.folder.clone()]);
        command
            .env("PATH", env::join_paths(paths).unwrap())
            .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.server.port))
            .env("AWS_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
        for name in ["AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN"] {
            command.env_remove(name);
        }
    }

    /// Runs the `aws` client; gives what it prints.
    #[track_caller]
    pub(crate) fn ask(&self, arguments: &[&str]) -> serde_json::Value {
        let mut command = Command::new(self.folder.join("aws"));
        command.args(arguments).args(["--region", REGION, "--output", "json"]);
        self.surround(&mut command);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// A registry that lets in nobody but `AWS` with ECR's password.
pub(crate) struct ClosedRegistry {
    server: Server,
    _folder: TempDir,
}

impl ClosedRegistry {
    #[track_caller]
    pub(crate) fn start() -> ClosedRegistry {
        let folder = tempfile::tempdir().unwrap();
        let users = folder.path().join("htpasswd");
        fs::write(&users, format!("AWS:{}\n", hash(PASSWORD))).unwrap();
        let config = json!({
            "version": "0.1",
            "log": { "level": "info" },
            "storage": {
                "filesystem": { "rootdirectory": folder.path().join("data") },
                "delete": { "enabled": true },
            },
            "http": { "addr": "127.0.0.1:0" },
            "auth": { "htpasswd": { "realm": "test", "path": users } },
        });
        let path = folder.path().join("config.json");
        fs::write(&path, config.to_string()).unwrap();
        let mut command = Command::new(given(REGISTRY_PROGRAM));
        command.arg("serve").arg(path);
        ClosedRegistry {
            server: Server::start(&mut command, "listening on 127.0.0.1:"),
            _folder: folder,
        }
    }

    pub(crate) fn host(&self) -> String {
        format!("localhost:{}", self.server.port)
    }
}

/// As `htpasswd -B` makes it.
fn hash(password: &str) -> String {
    let script = "import bcrypt, sys; print(bcrypt.hashpw(sys.argv[1].encode(), bcrypt.gensalt(4)).decode())";
    let mut python = Command::new(given(TOOLS).join("python"));
    let output = python.args(["-c", script, password]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A configuration of docker's own for a test, which knows nobody, and has the plugins of the real one.
pub(crate) fn write_docker_config(folder: &Path, auths: &serde_json::Value) -> PathBuf {
    let config = folder.join("docker-config");
    fs::create_dir_all(&config).unwrap();
    if let Some(real) = env::var_os("DOCKER_CONFIG") {
        let plugins = Path::new(&real).join("cli-plugins");
        let link = config.join("cli-plugins");
        if plugins.exists() && !link.exists() {
            std::os::unix::fs::symlink(plugins, link).unwrap();
        }
    }
    fs::write(config.join("config.json"), json!({ "auths": auths }).to_string()).unwrap();
    config
}
