//! When a `pyproject.toml` counts by what an installer reads of it, and when by its bytes.

use super::*;

const ROOT: &str = "\
[tool.uv.workspace]
members = [\"lambdas/*\", \"packages/*\"]
[tool.uv]
no-binary = true
[tool.ruff]
line-length = 100
";

const MEMBER: &str = "\
[project]
name = \"one\"
version = \"0.1.0\"
description = \"What it does.\"
dependencies = [\"idna\", \"low\"]
[build-system]
requires = [\"hatchling\"]
[tool.poetry]
packages = []
[tool.mypy]
strict = true
";

const LOCK: &str = "\
version = 1
[manifest]
members = [\"low\", \"one\"]
[[package]]
name = \"low\"
source = { editable = \"packages/low\" }
[[package]]
name = \"one\"
source = { editable = \"lambdas/one\" }
dependencies = [{ name = \"idna\" }, { name = \"low\" }]
[[package]]
name = \"idna\"
version = \"3.7\"
source = { registry = \"https://index.example/simple\" }
";

const SYNC: &str = "RUN uv sync --frozen --no-install-workspace --package one\n";

/// What counts of an image whose first stage has these lines; the last one, too, where they have
/// several.
fn inputs(lines: &str, root: &str, member: &str) -> ReadInputs {
    inputs_of(lines, root, member, LOCK)
}

fn inputs_of(lines: &str, root: &str, member: &str, lock: &str) -> ReadInputs {
    let last =
        if lines.contains("FROM ") { "" } else { "FROM y\nCOPY --from=a /src/.venv /venv\n" };
    let dockerfile = format!("FROM x AS a\nWORKDIR /src\n{lines}{last}");
    let mut texts = with_dockerfile(&dockerfile);
    texts.config.push_str("context = \"workspace\"\n");
    let files = [
        ("pyproject.toml", root),
        ("uv.lock", lock),
        ("lambdas/one/pyproject.toml", member),
        ("requirements.txt", "boto3==1.40.0 --hash=sha256:b0\n"),
        ("loose.txt", "-e lambdas/one\n"),
    ];
    world(&texts, &files).inputs("one")
}

/// Both `pyproject.toml`s and the lock, as a `COPY` brings them.
const COPY: &str = "COPY pyproject.toml uv.lock ./\nCOPY lambdas/one/pyproject.toml lambdas/one/\n";
/// The same as mounts of a `RUN`.
const MOUNT: &str = "RUN --mount=type=bind,source=pyproject.toml,target=pyproject.toml \
    --mount=type=bind,source=lambdas/one,target=lambdas/one --mount=type=bind,source=uv.lock,target=uv.lock";

/// Whether an edit of one of the two files is seen.
#[track_caller]
fn check(lines: &str, old: &str, new: &str, seen: bool) {
    let is_of_root = ROOT.contains(old);
    assert!(is_of_root || MEMBER.contains(old), "{old}");
    let before = inputs(lines, ROOT, MEMBER);
    let after = match is_of_root {
        true => inputs(lines, &ROOT.replacen(old, new, 1), MEMBER),
        false => inputs(lines, ROOT, &MEMBER.replacen(old, new, 1)),
    };
    assert_eq!(before != after, seen, "{old} → {new}\n{lines}");
}

#[track_caller]
fn check_narrowed(lines: &str) {
    check(lines, "= 100", "= 120", false);
    check(lines, "strict = true\n", "strict = false # a comment\n", false);
    check(lines, "What it does.", "What it really does.", false);
    check(lines, "no-binary = true", "no-binary = false", true);
    check(lines, "\"packages/*\"", "\"libs/*\"", true);
    check(lines, "\"idna\"", "\"idna>=3\"", true);
    check(lines, "hatchling", "setuptools", true);
}

#[track_caller]
fn check_bytes(lines: &str) {
    check(lines, "= 100", "= 120", true);
    check(lines, "strict = true", "strict = false", true);
}

#[test]
fn a_project_that_is_only_installed_from_counts_by_its_settings() {
    check_narrowed(&format!("{COPY}{SYNC}"));
    check_narrowed(&format!("{MOUNT}{}", &SYNC[3..]));
    check_narrowed(&format!("RUN make\n{COPY}RUN pip install uv==0.9.5 && mkdir /x\n{SYNC}"));
    for line in [
        "RUN uv sync --locked --no-install-workspace --package one",
        "RUN uv sync --frozen --no-install-local --package one",
        "RUN uv sync --frozen --no-install-project --no-install-package low --package one",
        "RUN UV_NO_INSTALL_WORKSPACE=1 uv sync --frozen --package one",
        "ENV UV_NO_INSTALL_LOCAL=1\nRUN uv sync --frozen --package one",
        "RUN uv export --frozen --package one --no-emit-workspace -o /tmp/r.txt && \
            uv pip install -r /tmp/r.txt --target .venv",
        "COPY requirements.txt ./\nRUN uv sync --frozen --no-install-workspace --package one && \
            pip install -r requirements.txt",
    ] {
        check_narrowed(&format!("{COPY}{line}\n"));
    }
}

#[test]
fn a_project_that_is_built_or_seen_by_others_counts_by_its_bytes() {
    for lines in [
        "RUN uv sync --frozen --package one\n",
        "RUN uv sync --frozen --no-install-project --package one\n",
        "RUN uv sync --frozen --no-install-package one --package one\n",
        "RUN UV_NO_INSTALL_WORKSPACE=0 uv sync --frozen --package one\n",
        "RUN uv sync --no-install-workspace --package one\n",
        "RUN uv export --frozen --package one -o /tmp/r.txt && uv pip install -r /tmp/r.txt\n",
        "COPY loose.txt ./\nRUN uv pip install -r loose.txt\n",
        "RUN pip install lambdas/one\n",
        "RUN cat pyproject.toml lambdas/one/pyproject.toml > /x\n",
        "RUN true\n",
    ] {
        check_bytes(&format!("{COPY}{lines}"));
        // One more that is known changes nothing.
        check_bytes(&format!("{COPY}{SYNC}{lines}").replace("RUN true\n", "RUN ./x.sh\n"));
    }
    let last = "FROM z\nCOPY --from=a /src/.venv /venv\n";
    check_bytes(&format!("{COPY}{SYNC}FROM a AS b\nRUN make\n{last}COPY --from=b /o /o\n"));
    check_bytes(&format!("{COPY}{SYNC}{last}COPY . /all\n"));
    check_bytes(&format!("{COPY}{SYNC}FROM z AS b\nCOPY . /b\n{last}COPY --from=b /b /b\n"));
    check_narrowed(&format!("{COPY}{SYNC}FROM z AS b\nRUN make\n{last}COPY --from=b /b /b\n"));
}

#[test]
fn a_version_counts_where_the_lock_is_checked() {
    check(&format!("{COPY}{SYNC}"), "0.1.0", "0.2.0", false);
    check(&format!("{COPY}{SYNC}").replace("frozen", "locked"), "0.1.0", "0.2.0", true);
}

#[test]
fn a_project_that_the_lock_calls_virtual_is_not_built() {
    let lines = format!("{COPY}RUN uv sync --frozen --package one\n");
    let lock = LOCK.replace("editable", "virtual");
    let edited = ROOT.replace("= 100", "= 120");
    let before = inputs_of(&lines, ROOT, MEMBER, &lock);
    assert_eq!(inputs_of(&lines, &edited, MEMBER, &lock), before);
    let of_one = lock.replace("virtual = \"packages/low\"", "directory = \"packages/low\"");
    assert_ne!(
        inputs_of(&lines, &edited, MEMBER, &of_one),
        inputs_of(&lines, ROOT, MEMBER, &of_one)
    );
}

#[test]
fn a_project_that_comes_or_goes_is_seen() {
    let lines = format!("{COPY}{SYNC}");
    let whole = inputs(&lines, ROOT, MEMBER);
    let narrowed: Vec<&str> = whole.locks.keys().map(String::as_str).collect();
    assert_eq!(narrowed, ["lambdas/one/pyproject.toml", "pyproject.toml", "uv.lock"]);
    let last = "FROM y\nCOPY --from=a /src/.venv /venv\n";
    let mut texts = with_dockerfile(&format!("FROM x AS a\nWORKDIR /src\n{lines}{last}"));
    texts.config.push_str("context = \"workspace\"\n");
    let files = [("pyproject.toml", "[tool.ruff]\n"), ("uv.lock", LOCK)];
    let with = world(&texts, &files).inputs("one");
    assert_ne!(with, world(&texts, &files[1..]).inputs("one"));
}

#[test]
fn poetry_reads_a_project_that_it_does_not_install() {
    let poetry = "[metadata]\nlock-version = \"2.1\"\ncontent-hash = \"0\"\n";
    let of = |line: &str, member: &str| {
        let dockerfile = format!(
            "FROM x AS a\nWORKDIR /src\nCOPY pyproject.toml poetry.lock ./\nRUN {line}\n\
             FROM y\nCOPY --from=a /src/.venv /venv\n"
        );
        let texts = with_dockerfile(&dockerfile);
        let files = [("lambdas/one/pyproject.toml", member), ("lambdas/one/poetry.lock", poetry)];
        world(&texts, &files).inputs("one")
    };
    let is_seen = |line: &str, old: &str, new: &str| {
        assert!(MEMBER.contains(old), "{old}");
        of(line, MEMBER) != of(line, &MEMBER.replacen(old, new, 1))
    };
    let install = "poetry install --no-root --only main";
    assert!(!is_seen(install, "strict = true", "strict = false"));
    assert!(!is_seen(install, "0.1.0", "0.2.0"));
    assert!(is_seen(install, "packages = []", "packages = [{ include = \"one\" }]"));
    assert!(is_seen(install, "\"idna\"", "\"idna>=3\""));
    assert!(is_seen("poetry install --only main", "strict = true", "strict = false"));
}

#[test]
fn a_pylock_that_is_installed_from_counts_by_its_packages() {
    let lock = "lock-version = \"1.0\"\n[[packages]]\nname = \"idna\"\nversion = \"3.7\"\n";
    let of = |line: &str, lock: &str| {
        let dockerfile = format!(
            "FROM x AS a\nWORKDIR /src\nCOPY pylock.toml ./\nRUN {line}\nFROM y\nCOPY --from=a /v /v\n"
        );
        world(&with_dockerfile(&dockerfile), &[("lambdas/one/pylock.toml", lock)]).inputs("one")
    };
    let noise = format!("# A comment.\n{lock}");
    for line in [
        "uv pip sync pylock.toml",
        "uv pip install --system -r pylock.toml",
        "pip install -r pylock.toml --target /v",
    ] {
        assert_eq!(of(line, &noise), of(line, lock), "{line}");
        assert_ne!(of(line, &lock.replace("3.7", "3.8")), of(line, lock), "{line}");
    }
    for line in
        ["uv pip install -r pylock.toml --extra s3", "uv pip install --group dev -r pylock.toml"]
    {
        assert_ne!(of(line, &noise), of(line, lock), "{line}");
    }
}
