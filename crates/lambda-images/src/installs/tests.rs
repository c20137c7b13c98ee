use super::*;

fn render_names(names: &Names) -> String {
    match names {
        Names::AllBut(left_out) => {
            format!("*{}", left_out.iter().map(|name| format!("-{name}")).collect::<String>())
        }
        Names::Only(names) => names.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
    }
}

fn render_groups(groups: &Groups) -> String {
    let start = match groups.start {
        StartGroups::Default => "default",
        StartGroups::None => "none",
        StartGroups::All => "all",
    };
    let with: String = groups.with.iter().map(|name| format!("+{name}")).collect();
    let without: String = groups.without.iter().map(|name| format!("-{name}")).collect();
    format!("{start}{with}{without}")
}

fn render(action: &Action) -> String {
    match action {
        Action::Project(action) => {
            let packages: Vec<_> = action.packages.iter().map(ToString::to_string).collect();
            let output = action.output.as_ref().map_or(String::new(), |to| format!(" to {to}"));
            let checked = if action.is_checked { " checked" } else { "" };
            format!(
                "{:?} {}({})[{}]{{{}}}{checked}{output}",
                action.tool,
                action.folder,
                packages.join(" "),
                render_names(&action.extras),
                render_groups(&action.groups)
            )
        }
        Action::Files(action) => {
            let tool = if action.is_uv { "uv" } else { "pip" };
            let other = if action.is_for_other { " for another" } else { "" };
            format!("{tool} {}{other}", action.files.join(" "))
        }
        Action::Remove(places) => format!("rm {:?}", places.clone().unwrap_or_default()),
    }
}

fn surroundings() -> Surroundings {
    let known = |name: &str, value: &str| (Some(name.to_owned()), Some(value.to_owned()));
    let variables = BTreeMap::from([
        known("UV_LINK_MODE", "copy"),
        known("MEMBER", "fn"),
        known("BLANK", "a b"),
        (Some("OPEN".to_owned()), None),
    ]);
    Surroundings { folder: "/src".to_owned(), variables, shell: None }
}

fn read(command: &str, surroundings: &Surroundings) -> String {
    let command = Command::Shell(command.to_owned());
    match actions(&command, &[], surroundings) {
        Ok(actions) => actions.iter().map(render).collect::<Vec<_>>().join("; "),
        Err(unclear) => format!("refused: {unclear}"),
    }
}

#[track_caller]
fn check(command: &str, expected: &str) {
    assert_eq!(read(command, &surroundings()), expected, "{command}");
}

#[track_caller]
fn check_refused(command: &str, why: &str) {
    let found = read(command, &surroundings());
    assert!(found.starts_with("refused: ") && found.contains(why), "{command}\n{found}");
}

#[test]
fn uv_says_what_it_installs() {
    let sync = |options: &str, expected: &str| check(&format!("uv sync {options}"), expected);
    sync("--frozen", "Uv /src()[]{default}");
    sync("--locked", "Uv /src()[]{default} checked");
    sync("--frozen --no-dev", "Uv /src()[]{default-dev}");
    sync("--frozen --package=fn --extra s3 --no-dev", "Uv /src(fn)[s3]{default-dev}");
    sync("--frozen --package $MEMBER", "Uv /src(fn)[]{default}");
    sync("--frozen --package ${MEMBER}", "Uv /src(fn)[]{default}");
    sync("--frozen --package a --package b", "Uv /src(a b)[]{default}");
    sync("--frozen --all-extras --no-extra x", "Uv /src()[*-x]{default}");
    sync("--frozen --all-groups --no-group lint", "Uv /src()[]{all-lint}");
    sync("--frozen --no-default-groups --group a", "Uv /src()[]{none+a}");
    sync("--frozen --directory ../jobs", "Uv /jobs()[]{default}");
    sync("--frozen --directory jobs --project a", "Uv /src/jobs/a()[]{default}");
    sync("--frozen -p 3.13 --link-mode=copy -q --no-install-project", "Uv /src()[]{default}");
    sync("--frozen --cache-dir \"$OPEN\"", "Uv /src()[]{default}");
    check("/bin/uv --quiet sync --frozen", "Uv /src()[]{default}");
    check("uv 'sync' \"--frozen\"", "Uv /src()[]{default}");
    check("uv sync \\\n  --frozen", "Uv /src()[]{default}");
    check("UV_FROZEN=1 uv sync", "Uv /src()[]{default}");
    check("export UV_LOCKED=1 && uv sync", "Uv /src()[]{default} checked");
    check("UV_FROZEN=1 UV_NO_DEV=1 uv sync", "Uv /src()[]{default-dev}");
    check("UV_NO_DEV=0 uv sync --frozen", "Uv /src()[]{default}");
    check("cd jobs/a && uv sync --frozen", "Uv /src/jobs/a()[]{default}");
    check("cd /x; cd y; uv sync --frozen", "Uv /x/y()[]{default}");
    check(
        "uv export --frozen --no-hashes -o /tmp/r.txt && uv pip install -r /tmp/r.txt",
        "Uv /src()[]{default} to /tmp/r.txt; uv /tmp/r.txt",
    );
    check("uv pip sync --system requirements.lock", "uv /src/requirements.lock");
    check("uv pip install -r r.txt --python-platform linux", "uv /src/r.txt for another");
}

#[test]
fn poetry_says_what_it_installs() {
    let install = |options: &str, expected: &str| {
        check(&format!("poetry install {options}"), &format!("Poetry {expected} checked"));
    };
    install("", "/src()[]{default}");
    install("--only main --no-root --no-interaction --no-ansi", "/src()[]{none}");
    install("--only=main,aws", "/src()[]{none+aws}");
    install("--without dev,docs -E s3", "/src()[s3]{default-dev-docs}");
    install("--with docs -n -Es3", "/src()[s3]{default+docs}");
    install("-C sub --all-extras", "/src/sub()[*]{default}");
    check("poetry sync --all-groups", "Poetry /src()[]{all} checked");
    check(
        "poetry export -f requirements.txt -o /tmp/r.txt --extras 's3 sql'",
        "Poetry /src()[s3,sql]{none} checked to /tmp/r.txt",
    );
    check("poetry config virtualenvs.create false", "");
}

#[test]
fn pip_says_which_files_it_installs() {
    check("pip install --no-cache-dir -r requirements.txt", "pip /src/requirements.txt");
    check("pip3 install -rr.txt -c /c.txt", "pip /src/r.txt /c.txt");
    check("python -m pip install -r r.lock -t \"${LAMBDA_TASK_ROOT}\"", "pip /src/r.lock");
    check("pip install -r r.txt --target $LAMBDA_TASK_ROOT", "pip /src/r.txt");
    check("pip install 'poetry==1.8.3' boto3 s3fs[x]>1 ", "refused: uses a redirection");
    check("pip install 'poetry==1.8.3' boto3 's3fs[x]>1'", "pip ");
    check(
        "pip install poetry==${OPEN}",
        "refused: uses `$OPEN` without quotes, whose value is not known",
    );
    check("pip install --no-index /build/wheel/*.whl", "pip ");
}

#[test]
fn harmless_commands_install_nothing() {
    for command in [
        "",
        "# uv sync",
        "set -eux; apt-get update && apt-get install -y --no-install-recommends gcc",
        "set -euo pipefail",
        "dnf install -y gcc && dnf clean all",
        "mkdir -p /app && chmod 0755 /app && chown -R app:app /app",
        "useradd --create-home --uid 1000 app",
        "echo done; printf '%s\\n' \"$OPEN\"",
        "touch README.md src/__init__.py",
        "python -m compileall -q .",
        "python3.13 -m venv /venv",
        "uv venv /venv --python 3.13 && uv cache prune",
        "uv python install 3.13",
        "uv tool install poetry",
        "poetry --version",
        "pip uninstall -y pip",
        "ls -la *.py",
    ] {
        check(command, "");
    }
    check("true # rm x", "");
    check("rm -rf /root/.cache ~/.cache", "rm []");
    check("rm -rf build /var/lib/apt/lists/*", "rm [\"/src/build\", \"/var/lib/apt/lists\"]");
    check("rm *.txt", "rm [\"/src\"]");
}

#[test]
fn what_the_shell_may_do_with_a_text_is_refused() {
    for (command, why) in [
        ("echo `cp uv.lock /opt/`", "command substitution"),
        ("echo \"`cp uv.lock /opt/`\"", "command substitution"),
        ("echo $(cp uv.lock /opt/)", "command substitution"),
        ("echo \"$(cp uv.lock /opt/)\"", "command substitution"),
        ("echo ${X:-`cp uv.lock /opt/`}", "more than a variable"),
        ("echo ${X:=y}", "more than a variable"),
        ("echo $((1))", "command substitution"),
        ("echo $1 $@", "special variable"),
        ("cat < uv.lock", "redirection"),
        ("echo x > /app/uv.lock", "redirection"),
        ("pip freeze 2>&1", "redirection"),
        ("cat <<EOF", "redirection"),
        ("uv export --frozen | pip install -r /dev/stdin", "pipe"),
        ("uv sync --frozen || cp uv.lock /opt", "pipe"),
        ("(cd jobs/nightly; uv sync --frozen)", "subshell"),
        ("f() { cp uv.lock /; }; f", "subshell or a function"),
        ("{ uv sync --frozen; }", "braces"),
        ("rm -rf /a/{b,c}", "braces"),
        ("sleep 1 & uv sync --frozen", "background"),
        ("! uv sync --frozen", "`!`"),
        ("if true; then uv sync --frozen; fi", "`if`"),
        ("for p in a b; do uv sync --frozen --package $p; done", "`for`"),
        ("eval 'cp uv.lock /opt'", "`eval`"),
        ("sh -c 'uv sync --frozen'", "`sh`"),
        ("bash -lc \"uv sync --frozen\"", "`bash`"),
        (". ./install.sh", "`.`"),
        ("source /venv/bin/activate && uv sync --frozen", "`source`"),
        ("alias echo=cp; echo uv.lock /opt", "`alias`"),
        ("exec cp uv.lock /opt", "`exec`"),
        ("env UV_PROJECT=x uv sync --frozen", "`env`"),
        ("test -s uv.lock && uv sync --frozen", "`test`"),
        ("uv\\ sync", "`\\\\`"),
        ("echo \"a\\\"b\"", "`\\` in double quotes"),
        ("echo 'a", "quote"),
        ("$UV sync --frozen", "`$UV` without quotes"),
        ("\"$UV\" sync --frozen", "variable whose value is not known"),
        ("uv sync --frozen $OPEN", "`$OPEN` without quotes"),
        ("uv sync --frozen $BLANK", "`$BLANK` without quotes"),
        ("uv sync --frozen --package \"$OPEN\"", "variable whose value is not known"),
        ("uv sync --frozen --package f*", "pattern"),
        ("A=1 B=$A uv sync --frozen", "one variable by another"),
        ("UV_NO_DEV=1; uv sync --frozen", "for the shell alone"),
        ("BASH_ENV=/x uv sync --frozen", "`BASH_ENV`"),
        ("export BASH_ENV=/x", "`BASH_ENV`"),
        ("export -p", "export"),
        ("set -a", "`set`"),
        ("printf -v UV_PROJECT x", "`printf`"),
        ("cd", "`cd`"),
        ("cd -", "not known"),
        ("cd \"$OPEN\" && uv sync --frozen", "variable whose value is not known"),
    ] {
        check_refused(command, why);
    }
}

#[test]
fn commands_and_options_that_are_not_known_are_refused() {
    for (command, why) in [
        ("cp uv.lock /app/", "`cp`"),
        ("ln -s /src/uv.lock /app/", "`ln`"),
        ("make deps", "`make`"),
        ("./uv sync --frozen", "`./uv`"),
        ("python build.py", "`python`"),
        ("python -m build", "`python`"),
        ("uv run --frozen build.py", "`uv run`"),
        ("uv lock", "`uv lock`"),
        ("uv add boto3", "`uv add`"),
        ("uv tree --frozen", "`uv tree`"),
        ("uv build", "`uv build`"),
        ("uv sync", "without `--frozen`"),
        ("uv sync --frozen --all-packages", "--all-packages"),
        ("uv sync --frozen --only-group docs", "--only-group"),
        ("uv sync --frozen --only-dev", "--only-dev"),
        ("uv sync --frozen --script x.py", "--script"),
        ("uv sync --frozen -qqq", "-qqq"),
        ("uv sync --frozen --config-file x", "--config-file"),
        ("uv export --frozen", "--output-file"),
        ("uv export --frozen --format pylock.toml -o /tmp/p", "format"),
        ("UV_PROJECT=jobs uv sync --frozen", "`UV_PROJECT`"),
        ("UV_WORKING_DIR=jobs uv sync --frozen", "`UV_WORKING_DIR`"),
        ("export UV_PROJECT=jobs && uv sync --frozen", "`UV_PROJECT`"),
        ("UV_NO_GROUP=dev uv sync --frozen", "`UV_NO_GROUP`"),
        ("UV_FROZEN=maybe uv sync", "`UV_FROZEN`"),
        ("uv pip install .", "may read any file"),
        ("uv pip install -r r.txt --override o.txt", "--override"),
        ("uv pip install -r pyproject.toml --extra x", "--extra"),
        ("pip install .", "may read any file"),
        ("pip install /src", "may read any file"),
        ("pip install -e .", "`-e`"),
        ("pip install ./*.tar.gz", "may read any file"),
        ("pip install -r https://example.org/r.txt", "installs what"),
        ("pip install -r setup.py", "installs what"),
        ("pip install --report r.json x", "--report"),
        ("pip uninstall -r requirements.txt", "`-r`"),
        ("pip config set global.target x", "`pip config`"),
        ("PIP_REQUIREMENT=r.txt pip install x", "`PIP_REQUIREMENT`"),
        ("poetry lock", "`poetry lock`"),
        ("poetry run pytest", "`poetry run`"),
        ("poetry install --only docs", "without the main"),
        ("poetry install --without main", "not known here"),
        ("poetry install --no-dev", "--no-dev"),
        ("poetry config installer.re-resolve true", "`poetry config`"),
        ("poetry config virtualenvs.create false --local", "`poetry config`"),
        ("POETRY_INSTALLER_RE_RESOLVE=1 poetry install", "`POETRY_INSTALLER_RE_RESOLVE`"),
        ("poetry self add poetry-plugin-shell", "`poetry self`"),
        ("touch pyproject.toml", "`touch`"),
        ("useradd -mk /src app", "`useradd`"),
        ("apt-get -o Dpkg::Pre-Invoke::=x install y", "`apt-get`"),
    ] {
        check_refused(command, why);
    }
}

#[test]
fn an_exec_form_has_no_shell() {
    let read = |words: &[&str]| {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        match actions(&Command::Exec(words), &[], &surroundings()) {
            Ok(actions) => actions.iter().map(render).collect::<Vec<_>>().join("; "),
            Err(unclear) => format!("refused: {unclear}"),
        }
    };
    assert_eq!(read(&["uv", "sync", "--frozen"]), "Uv /src()[]{default}");
    assert_eq!(read(&["sh", "-c", "uv sync"]), "refused: runs `sh`, which is not known here");
    assert!(read(&["uv", "sync", "--frozen", "&&", "x"]).starts_with("refused"));
}

#[test]
fn a_here_document_may_be_all_of_the_text() {
    let read = |text: &str, name: &str, strip_tabs: bool, content: &str| {
        let (name, content) = (name.to_owned(), content.to_owned());
        let heredoc = Heredoc { name, expand: true, strip_tabs, content };
        match actions(&Command::Shell(text.to_owned()), &[heredoc], &surroundings()) {
            Ok(actions) => actions.iter().map(render).collect::<Vec<_>>().join("; "),
            Err(unclear) => format!("refused: {unclear}"),
        }
    };
    let expected = "Uv /src/a()[]{default}";
    assert_eq!(read("<<EOF", "EOF", false, "set -e\ncd a\nuv sync --frozen\n"), expected);
    assert_eq!(read("<<-'EOF'", "EOF", true, "\tcd a\n\tuv sync --frozen\n"), expected);
    for (text, content) in [
        ("<<EOF", "#!/bin/sh\nuv sync --frozen\n"),
        ("cat <<EOF", "uv sync --frozen\n"),
        ("<<EOF sh", "uv sync --frozen\n"),
        ("<<EOF", "uv sync --frozen | cat\n"),
    ] {
        assert!(read(text, "EOF", false, content).starts_with("refused"), "{text} {content}");
    }
}

#[test]
fn another_shell_may_read_a_text_in_another_way() {
    let with = |shell: &[&str]| {
        let shell = Some(Some(shell.iter().map(|word| (*word).to_owned()).collect()));
        read("uv sync --frozen", &Surroundings { shell, ..surroundings() })
    };
    for known in
        [&["/bin/bash", "-c"][..], &["/bin/bash", "-o", "pipefail", "-c"], &["/bin/sh", "-exc"]]
    {
        assert_eq!(with(known), "Uv /src()[]{default}", "{known:?}");
    }
    for other in
        [&["/bin/bash", "-lc"][..], &["/wrap", "/bin/sh", "-c"], &["python", "-c"], &["bash"]]
    {
        assert!(with(other).starts_with("refused"), "{other:?}");
    }
    let not_understood = Surroundings { shell: Some(None), ..surroundings() };
    assert!(read("true", &not_understood).starts_with("refused"));
}
