//! A workspace of small images, one for each kind of input, whose fingerprints must stay what they are.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

/// A pinned digest.
const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// Each Lambda: its name, further lines of its `pyproject.toml`, its Dockerfile.
const IMAGES: [(&str, &str, &str); 22] = [
    ("plain", "", "FROM example/python:3.13\nCOPY handler.py /app/\nCMD [\"handler.handler\"]\n"),
    ("glob", "", "FROM example/python:3.13\nCOPY *.py data/*.json /app/\n"),
    ("link", "", "FROM example/python:3.13\nCOPY linked /app/\n"),
    ("executable", "", "FROM example/python:3.13\nCOPY tool.sh /app/\n"),
    ("ignored", "", "FROM example/python:3.13\nCOPY . /app/\n"),
    ("heredoc", "", "FROM example/python:3.13\nCOPY <<EOF /app/settings\nlevel=1\nEOF\n"),
    ("mounted", "", "FROM example/python:3.13\nRUN --mount=type=bind,target=/src ls /src\n"),
    (
        "uv-closure",
        "dependencies = [\"idna\"]\n",
        "FROM example/python:3.13 AS installed\nWORKDIR /src\nCOPY pyproject.toml uv.lock ./\n\
         RUN uv sync --frozen --no-dev --no-install-project\n\
         FROM example/python:3.13\nCOPY --from=installed /src/.venv /app/\n",
    ),
    (
        "uv-bytes",
        "dependencies = [\"idna\"]\n",
        "FROM example/python:3.13 AS installed\nWORKDIR /src\nCOPY pyproject.toml uv.lock ./\n\
         RUN uv sync --frozen --no-install-project && ./after.sh\n\
         FROM example/python:3.13\nCOPY --from=installed /src/.venv /app/\n",
    ),
    (
        "poetry",
        "",
        "FROM example/python:3.13 AS installed\nWORKDIR /src\nCOPY pyproject.toml poetry.lock ./\n\
         RUN poetry install --only main --no-root\n\
         FROM example/python:3.13\nCOPY --from=installed /venv /app/\n",
    ),
    (
        "requirements",
        "",
        "FROM example/python:3.13\n\
         RUN --mount=type=bind,source=requirements.txt,target=/r/requirements.txt \\\n    \
         pip install --no-deps --require-hashes --target /app -r /r/requirements.txt\n",
    ),
    (
        "pylock",
        "",
        "FROM example/python:3.13\n\
         RUN --mount=type=bind,source=pylock.toml,target=/r/pylock.toml \\\n    \
         uv pip install --target /app -r /r/pylock.toml\n",
    ),
    (
        "named-folder",
        "[tool.lambda-image]\ncontexts = { shared = \"../../shared\" }\n",
        "FROM example/python:3.13\nCOPY --from=shared text.txt /app/\n",
    ),
    (
        "named-image",
        "[tool.lambda-image]\ncontexts = { tools = \"target:plain\" }\n",
        "FROM example/python:3.13\nCOPY --from=tools /app /tools\n",
    ),
    ("on-base", "dependencies = [\"low\"]\n", "FROM base-low\nCOPY handler.py /app/\n"),
    (
        "pinned",
        "",
        "FROM example/python:3.13@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n\
         COPY handler.py /app/\n",
    ),
    ("locked", "", "FROM example/locked:3.13\nCOPY handler.py /app/\n"),
    (
        "args",
        "[tool.lambda-image]\nargs = { LEVEL = \"2\" }\n",
        "FROM example/python:3.13\nARG LEVEL=1\nRUN echo $LEVEL\n",
    ),
    (
        "target",
        "[tool.lambda-image]\ntarget = \"first\"\n",
        "FROM example/python:3.13 AS first\nRUN one\nFROM first AS second\nRUN two\n",
    ),
    (
        "arm64",
        "[tool.lambda-image]\nplatform = \"linux/arm64\"\n",
        "FROM example/python:3.13\nCOPY handler.py /app/\n",
    ),
    (
        "workspace",
        "[tool.lambda-image]\ncontext = \"workspace\"\n",
        "FROM example/python:3.13\nCOPY shared lambdas/workspace/handler.py /app/\n",
    ),
    (
        "workspace-uv",
        "dependencies = [\"idna\"]\n[tool.lambda-image]\ncontext = \"workspace\"\n",
        "FROM example/python:3.13 AS installed\nWORKDIR /workspace\n\
         RUN --mount=type=bind,source=pyproject.toml,target=pyproject.toml \\\n    \
         --mount=type=bind,source=uv.lock,target=uv.lock \\\n    \
         uv sync --frozen --no-dev --no-install-workspace --package workspace-uv\n\
         FROM example/python:3.13\nCOPY --from=installed /workspace/.venv /app/\n",
    ),
];

/// Writes the workspace into an empty folder.
pub(crate) fn write_workspace(root: &Path) {
    let write = |path: &str, text: &str| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("it is in the folder")).expect("a folder is made");
        fs::write(path, text).expect("a file is written");
    };
    write(
        "Cargo.toml",
        "[workspace]\nresolver = \"3\"\nmembers = []\n[workspace.metadata.lambda-images]\n",
    );
    write(
        "lambda-images.lock",
        &format!(
            "version = 1\n[[base]]\nreference = \"example/locked:3.13\"\n\
             digest = \"{DIGEST}\"\nresolved = \"2026-11-24\"\n"
        ),
    );
    write(".dockerignore", "target\n");
    write("shared/text.txt", "shared\n");
    write("packages/low/pyproject.toml", "[project]\nname = \"low\"\n");
    write("packages/low/Dockerfile", "FROM example/python:3.13\nCOPY low.py /opt/\n");
    write("packages/low/low.py", "LOW = 1\n");
    for (name, more, dockerfile) in IMAGES {
        let pyproject = format!(
            "[project]\nname = \"{name}\"\nversion = \"1\"\nrequires-python = \">=3.13\"\n{more}"
        );
        write(&format!("lambdas/{name}/pyproject.toml"), &pyproject);
        write(&format!("lambdas/{name}/Dockerfile"), dockerfile);
        write(&format!("lambdas/{name}/handler.py"), "HANDLER = 1\n");
    }
    write("lambdas/glob/data/one.json", "{}\n");
    write("lambdas/link/linked/file", "linked to\n");
    symlink("file", root.join("lambdas/link/linked/link")).expect("a link is made");
    write("lambdas/executable/tool.sh", "#!/bin/sh\n");
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(root.join("lambdas/executable/tool.sh"), executable)
        .expect("a mode is set");
    write("lambdas/ignored/.dockerignore", "*\n!handler.py\n");
    write("lambdas/ignored/secret.txt", "left out\n");
    write("lambdas/uv-closure/uv.lock", &uv_lock("uv-closure", "."));
    write("lambdas/uv-bytes/uv.lock", &uv_lock("uv-bytes", "."));
    write("lambdas/poetry/poetry.lock", POETRY_LOCK);
    write(
        "lambdas/requirements/requirements.txt",
        &format!("idna==3.7 --hash={DIGEST} # needed\n"),
    );
    write("lambdas/pylock/pylock.toml", PYLOCK);
    write("pyproject.toml", "[tool.uv.workspace]\nmembers = [\"lambdas/workspace-uv\"]\n");
    write("uv.lock", &uv_lock("workspace-uv", "lambdas/workspace-uv"));
}

fn uv_lock(name: &str, folder: &str) -> String {
    let digest = &DIGEST["sha256:".len()..];
    format!(
        "version = 1\nrevision = 3\nrequires-python = \">=3.13\"\n\n\
         [manifest]\nmembers = [\"{name}\"]\n\n\
         [[package]]\nname = \"idna\"\nversion = \"3.7\"\n\
         source = {{ registry = \"https://index.example/simple\" }}\n\
         sdist = {{ url = \"https://files.example/idna-3.7.tar.gz\", hash = \"sha256:{digest}\", size = 1 }}\n\n\
         [[package]]\nname = \"{name}\"\nversion = \"1\"\nsource = {{ virtual = \"{folder}\" }}\n\
         dependencies = [{{ name = \"idna\" }}]\n"
    )
}

const POETRY_LOCK: &str = r#"[[package]]
name = "idna"
version = "3.7"
description = ""
optional = false
python-versions = ">=3.5"
groups = ["main"]
files = [
    {file = "idna-3.7.tar.gz", hash = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
]

[metadata]
lock-version = "2.1"
python-versions = ">=3.13"
content-hash = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
"#;

const PYLOCK: &str = r#"lock-version = "1.0"
created-by = "uv"

[[packages]]
name = "idna"
version = "3.7"
index = "https://index.example/simple"
sdist = { url = "https://files.example/idna-3.7.tar.gz", size = 1, hashes = { sha256 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" } }
"#;
