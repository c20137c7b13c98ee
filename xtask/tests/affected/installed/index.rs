//! An index of made-up distributions on loopback.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::require;

/// The folder of `uv`, Python and poetry: set by `cargo xtask test` and `cargo xtask ci`.
const TOOLS: &str = "LAMBDA_IMAGES_TEST_TOOLS";
const WRITE_WHEEL: &str = include_str!("../../wheel.py");

/// Names, and what each requires.
pub(crate) const DISTRIBUTIONS: [(&str, &[&str]); 8] = [
    ("alpha", &["beta"]),
    ("beta", &[]),
    ("gamma", &["delta; sys_platform == 'linux'", "epsilon; sys_platform == 'win32'"]),
    ("delta", &[]),
    ("epsilon", &[]),
    ("zeta", &["eta; platform_machine == 'x86_64'"]),
    ("eta", &[]),
    ("theta", &["iota"]),
];
const LEAF: &str = "iota";
pub(crate) const VERSIONS: [&str; 3] = ["1.0", "2.0", "3.0"];

/// See the module.
pub(crate) struct Index {
    folder: tempfile::TempDir,
    server: Child,
    pub(crate) url: String,
}

impl Index {
    pub(crate) fn start() -> Index {
        let folder = tempfile::Builder::new().prefix("index-").tempdir().unwrap();
        let script = format!(
            "{WRITE_WHEEL}\n\
             import hashlib, json\n\
             root = Path(sys.argv[1])\n\
             (root / 'files').mkdir()\n\
             for name, requirements in json.loads(sys.argv[3]).items():\n\
             \x20   (root / 'simple' / name).mkdir(parents=True)\n\
             \x20   links = []\n\
             \x20   for version in sys.argv[2].split():\n\
             \x20       write_wheel(root / 'files', name, version, version, requirements)\n\
             \x20       file = f'{{name}}-{{version}}-py3-none-any.whl'\n\
             \x20       sha = hashlib.sha256((root / 'files' / file).read_bytes()).hexdigest()\n\
             \x20       links.append(f'<a href=\"../../files/{{file}}#sha256={{sha}}\">{{file}}</a>')\n\
             \x20   (root / 'simple' / name / 'index.html').write_text('\\n'.join(links))\n"
        );
        let script = script.replace("if __name__ == \"__main__\":", "if False:");
        let mut all: serde_json::Map<String, serde_json::Value> = DISTRIBUTIONS
            .iter()
            .map(|(name, requirements)| ((*name).to_owned(), (*requirements).into()))
            .collect();
        all.insert(LEAF.to_owned(), Vec::<String>::new().into());
        let written = Command::new(program("python"))
            .args(["-c", &script])
            .arg(folder.path())
            .args([VERSIONS.join(" "), serde_json::Value::Object(all).to_string()])
            .status()
            .unwrap();
        assert!(written.success());
        let mut server = Command::new(program("python"))
            .args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory"])
            .arg(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // `Serving HTTP on 127.0.0.1 port 40000 (…) ...`
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.split_whitespace().skip_while(|word| *word != "port").nth(1).unwrap();
        Index { folder, server, url: format!("http://127.0.0.1:{port}/simple") }
    }

    /// A command of a tool that finds nothing but this index, and remembers what it fetched.
    pub(crate) fn command(&self, tool: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(tool);
        let tools = program("uv").parent().unwrap().to_owned();
        command.env_clear();
        command.env("PATH", format!("{}:/usr/bin:/bin", tools.display()));
        command.env("HOME", self.folder.path().join("home"));
        command.env("UV_CACHE_DIR", self.folder.path().join("cache"));
        command.env("UV_PYTHON", program("python"));
        command.env("UV_PYTHON_DOWNLOADS", "never");
        command.env("PIP_INDEX_URL", &self.url);
        // Where no project says it.
        command.env("UV_DEFAULT_INDEX", &self.url);
        command.env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
        command.env("PIP_CACHE_DIR", self.folder.path().join("cache-pip"));
        command
    }

    /// The SHA-256 of a wheel, as the index says it.
    pub(crate) fn hash(&self, name: &str, version: &str) -> String {
        let page = self.folder.path().join("simple").join(name).join("index.html");
        let page = fs::read_to_string(page).unwrap();
        let link = page.lines().find(|link| link.contains(&format!("{name}-{version}-"))).unwrap();
        let hash = link.split_once("sha256=").unwrap().1;
        hash.split_once('"').unwrap().0.to_owned()
    }

    pub(crate) fn scratch(&self) -> tempfile::TempDir {
        fs::create_dir_all(self.folder.path().join("scratch")).unwrap();
        tempfile::tempdir_in(self.folder.path().join("scratch")).unwrap()
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        // Nothing is left to be done where it has ended.
        drop(self.server.kill());
        drop(self.server.wait());
    }
}

pub(crate) fn program(name: &str) -> PathBuf {
    Path::new(&require(TOOLS)).join(name)
}
