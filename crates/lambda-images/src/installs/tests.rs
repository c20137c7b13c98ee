use super::*;

fn render(installs: &Installs) -> String {
    let names = |names: &Names| match names {
        Names::AllBut(left_out) => {
            format!("*{}", left_out.iter().map(|name| format!("-{name}")).collect::<String>())
        }
        Names::Only(names) => names.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
    };
    match installs {
        Installs::Everything => "everything".to_owned(),
        Installs::Wanted(wanted) => {
            let one = |wanted: &Wanted| {
                format!(
                    "{}[{}]{{{}}}",
                    wanted.package,
                    names(&wanted.extras),
                    names(&wanted.groups)
                )
            };
            wanted.iter().map(one).collect::<Vec<_>>().join(" ")
        }
    }
}

/// For the lock of the project `own`, beside which `quiet` sets no default groups.
#[track_caller]
fn check(tool: Tool, command: &str, expected: &str) {
    let (own, quiet) = ("own".parse().unwrap(), "quiet".parse().unwrap());
    let none: &[PackageName] = &[];
    let project =
        Project { beside_lock: Some(&own), default_groups: BTreeMap::from([(&quiet, Some(none))]) };
    assert_eq!(render(&installs(tool, &[command.to_owned()], &project)), expected, "{command}");
}

#[test]
fn uv_says_what_it_installs() {
    let check = |command: &str, expected: &str| check(Tool::Uv, command, expected);
    check("uv sync --frozen", "own[]{dev}");
    check("uv sync --frozen --no-dev", "own[]{}");
    check("/bin/uv --quiet sync --package=quiet", "quiet[]{}");
    check("cd /app && uv sync --package fn --extra s3 --no-dev; true", "fn[s3]{}");
    check("uv export --package fn --all-extras --no-default-groups --group a -o x", "fn[*]{a}");
    check("uv sync --package a --package b --no-dev", "a[]{} b[]{}");
    check("uv sync --all-groups --no-group lint --no-dev", "own[]{*-dev-lint}");
    check("uv sync --only-group docs", "own[]{dev,docs}");
    check("bash -c 'uv sync --package a' && uv sync", "a[]{dev} own[]{dev}");
    check("uv 'sync' \"--no-dev\"", "own[]{}");
    check("uv sync \\\n  --no-dev \\\n  --package fn", "fn[]{}");
    check("uv sync --no-dev # --all-extras\nuv sync --extra x", "own[]{} own[x]{dev}");
    check("uv pip install x && uv sync --no-dev", "own[]{}");
}

#[test]
fn doubt_is_everything() {
    let check = |command: &str| check(Tool::Uv, command, "everything");
    check("pip install x");
    check("./install.sh");
    check("uv sync --all-packages");
    check("uv sync --package $NAME");
    check("uv sync --project ../other");
    check("uv sync --no-dev --extra ${EXTRA}");
    check("uv pip sync requirements.txt");
    check("uv sync $X --frozen");
    check("uv sync --frozen --package=two ${X:---extra prod}");
    check("uv sync --frozen && $UV sync --extra prod");
    check("uv sync --frozen `cat options`");
    check("uv sync && uv run --frozen build.py --package other");
    check("uv sync -qq");
    let commands = ["uv sync".to_owned()];
    assert_eq!(installs(Tool::Uv, &commands, &Project::default()), Installs::Everything);
}

#[test]
fn poetry_says_what_it_installs() {
    let check = |command: &str, expected: &str| check(Tool::Poetry, command, expected);
    check("poetry install", "own[]{*}");
    check("poetry install --only main --no-root", "own[]{}");
    check("poetry install --only=main,aws", "own[]{aws}");
    check("poetry install --without dev,docs -E s3", "own[s3]{*-dev-docs}");
    check("poetry export --extras 's3 sql' | pip install -r /dev/stdin", "own[s3,sql]{*}");
    check("poetry lock", "everything");
    check("poetry install -Es3", "everything");
    check("poetry install $X", "everything");
}

#[test]
fn what_is_not_known_may_do_anything() {
    let known = |command: &str| are_known(&[command.to_owned()]);
    for command in [
        "uv sync --frozen --no-dev && rm -rf /root/.cache",
        "set -eux; apt-get update && apt-get install -y gcc",
        "PYTHONPATH=/build/tools pip wheel --no-deps /x && pip install /x/*.whl",
        "python -m compileall .",
        "<<EOF\nuv sync\nEOF",
        "uv pip install x # cp uv.lock /",
    ] {
        // The mark that ends a here-document is no line of it.
        let command = command.strip_suffix("\nEOF").unwrap_or(command);
        assert!(known(command), "{command}");
    }
    for command in [
        "cp uv.lock /app/",
        "uv sync && sh install.sh",
        "uv sync && ./install.sh",
        "uv run build.py",
        "uv tree --all-groups",
        "echo x > /app/uv.lock",
        "make deps",
        "bash -c 'cp uv.lock /'",
        "$UV sync",
        "python build.py",
    ] {
        assert!(!known(command), "{command}");
    }
}
