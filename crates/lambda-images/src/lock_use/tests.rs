use std::collections::BTreeMap;

use pyproject::PackageName;

use super::*;
use crate::graph::fixture::texts;
use crate::installs::Names;
use crate::locks::{ProjectFile, parse_lock};

const UV_LOCK: &str = r#"
version = 1

[manifest]
members = ["app", "nightly"]

[[package]]
name = "app"
version = "0.1.0"
source = { virtual = "." }

[[package]]
name = "idna"
version = "3.7"
source = { registry = "https://index.example/simple" }

[[package]]
name = "nightly"
version = "0.1.0"
source = { virtual = "jobs/nightly" }
"#;

const ROOT: &str = "[project]\nname = \"app\"\n[tool.uv.workspace]\nmembers = [\"jobs/*\"]\n";
const MEMBER: &str = "[project]\nname = \"nightly\"\n[tool.uv]\ndefault-groups = [\"prod\"]\n";
const POETRY_LOCK: &str = "[metadata]\nlock-version = \"2.1\"\ncontent-hash = \"0\"\n";
const REQUIREMENTS: &str = "boto3==1.40.0 --hash=sha256:b0\n";

/// The image of the Lambda `one`, whose Dockerfile this is.
struct World<'w> {
    dockerfile: &'w str,
    projects: BTreeMap<&'w str, &'w str>,
    settings: &'w [&'w str],
    base: &'w str,
}

impl World<'_> {
    fn installs(&self, path: &str, lock: &str) -> String {
        let mut texts = texts();
        texts.dockerfiles.insert("lambdas/one/Dockerfile".to_owned(), self.dockerfile.to_owned());
        texts.dockerfiles.insert("packages/low/Dockerfile".to_owned(), self.base.to_owned());
        let (_, graph) = texts.graph();
        let image = graph.images().iter().find(|image| image.name().as_str() == "one").unwrap();
        let parse = |(path, text): (&&str, &&str)| ((*path).to_owned(), parse_lock(path, text));
        let files: Vec<_> = self.projects.iter().map(parse).collect();
        let project = |file: &'static Option<LockFile>| -> Option<&'static ProjectFile> {
            match file {
                Some(LockFile::Project(project)) => Some(project),
                _ => None,
            }
        };
        // They live as long as the test.
        let files: &'static Vec<(String, Option<LockFile>)> = Box::leak(Box::new(files));
        let projects: Vec<_> =
            files.iter().map(|(path, file)| (path.clone(), project(file))).collect();
        let settings: Vec<String> = self.settings.iter().map(|name| (*name).to_owned()).collect();
        let (projects, settings) = (projects.as_slice(), settings.as_slice());
        let scene = Scene { image, graph: &graph, context: None, projects, settings };
        match installs(&scene, path, &parse_lock(path, lock).unwrap()) {
            Ok(installs) => installs.iter().map(render).collect::<Vec<_>>().join(" "),
            Err(doubt) => format!("bytes: {doubt}"),
        }
    }
}

fn render(install: &Install) -> String {
    let of = |interpreter: &Interpreter| match interpreter {
        Interpreter::Unknown => "?".to_owned(),
        Interpreter::OnLinux(machine) => machine.clone().unwrap_or_else(|| "linux".to_owned()),
    };
    match install {
        Install::File(interpreter) => format!("file@{}", of(interpreter)),
        Install::Project { wanted, interpreter, .. } => {
            let groups = match &wanted.groups {
                Names::AllBut(names) => format!("*-{names:?}"),
                Names::Only(names) => {
                    names.iter().map(PackageName::as_str).collect::<Vec<_>>().join(",")
                }
            };
            format!("{}{{{groups}}}@{}", wanted.package, of(interpreter))
        }
    }
}

fn world(dockerfile: &str) -> World<'_> {
    let projects =
        BTreeMap::from([("pyproject.toml", ROOT), ("jobs/nightly/pyproject.toml", MEMBER)]);
    World { dockerfile, projects, settings: &[], base: "FROM python:3.13\n" }
}

const COPIES: &str = "WORKDIR /src\nCOPY pyproject.toml uv.lock ./\nCOPY jobs/nightly/pyproject.toml jobs/nightly/\n";

#[track_caller]
fn check(dockerfile: &str, expected: &str) {
    assert_eq!(world(dockerfile).installs("uv.lock", UV_LOCK), expected, "{dockerfile}");
}

#[track_caller]
fn check_bytes(dockerfile: &str, why: &str) {
    let found = world(dockerfile).installs("uv.lock", UV_LOCK);
    assert!(found.starts_with("bytes: ") && found.contains(why), "{dockerfile}\n{found}");
}

#[test]
fn a_stage_of_known_runs_installs_what_they_say() {
    let check =
        |lines: &str, expected: &str| check(&format!("FROM x\n{COPIES}{lines}\n"), expected);
    check("RUN uv sync --frozen", "app{dev}@x86_64");
    check("RUN uv sync --frozen --no-dev", "app{}@x86_64");
    check("RUN uv sync --frozen --no-dev && rm -rf .venv/x", "app{}@x86_64");
    check("RUN [\"uv\", \"sync\", \"--frozen\"]", "app{dev}@x86_64");
    check("RUN <<EOF\nset -e\nuv sync --frozen\nEOF", "app{dev}@x86_64");
    check("SHELL [\"/bin/bash\", \"-c\"]\nRUN uv sync --frozen", "app{dev}@x86_64");
    check("ENV UV_FROZEN=1\nRUN uv sync", "app{dev}@x86_64");
    check("ARG UV_NO_DEV=1\nRUN uv sync --frozen", "app{}@x86_64");
    check("WORKDIR jobs/nightly\nRUN cd ../.. && uv sync --frozen", "app{dev}@x86_64");
    check(
        "RUN uv sync --frozen\nRUN uv sync --frozen --extra a",
        "app{dev}@x86_64 app{dev}@x86_64",
    );
    check(
        "RUN --mount=type=cache,target=/root/.cache/uv uv sync --locked --no-install-project",
        "app{dev}@x86_64",
    );
}

#[test]
fn the_default_groups_are_those_of_the_member_and_of_the_root() {
    let sync = "RUN uv sync --frozen --package nightly --no-install-workspace";
    check(&format!("FROM x\n{COPIES}{sync}\n"), "nightly{dev}@x86_64 nightly{prod}@x86_64");
    let none = format!("FROM x\n{COPIES}{sync} --no-default-groups --group a\n");
    check(&none, "nightly{a}@x86_64");
    let said = "source = { virtual = \"jobs/nightly\" }\ndefault-groups = [\"b\"]";
    let lock = UV_LOCK.replace("source = { virtual = \"jobs/nightly\" }", said);
    let found = world(&format!("FROM x\n{COPIES}{sync}\n")).installs("uv.lock", &lock);
    assert_eq!(found, "nightly{b}@x86_64 nightly{dev}@x86_64 nightly{prod}@x86_64");
}

#[test]
fn the_folder_decides_which_project_is_installed() {
    let sync = "uv sync --frozen --no-dev";
    for lines in [
        format!("WORKDIR /src/jobs/nightly\nRUN {sync}"),
        "WORKDIR jobs/nightly\nRUN [\"uv\", \"sync\", \"--frozen\"]".to_owned(),
        format!("RUN cd jobs/nightly && {sync}"),
        format!("RUN (cd jobs/nightly; {sync})"),
        format!("ENV UV_PROJECT=jobs/nightly\nRUN {sync}"),
        format!("ARG UV_PROJECT=jobs/nightly\nRUN {sync}"),
        format!("ARG UV_PROJECT\nENV UV_PROJECT=$UV_PROJECT\nRUN {sync}"),
        format!("ENV $X=1\nRUN {sync}"),
        format!("RUN UV_PROJECT=jobs/nightly {sync}"),
        format!("RUN export UV_PROJECT=jobs/nightly && {sync}"),
        format!("ENV UV_WORKING_DIR=jobs/nightly\nRUN {sync}"),
        format!("RUN --mount=type=secret,id=x,env=UV_PROJECT {sync}"),
        format!("RUN {sync} --directory jobs/nightly"),
        format!("RUN {sync} --project jobs/nightly"),
        format!("WORKDIR $X\nRUN {sync}"),
    ] {
        check_bytes(&format!("FROM x\n{COPIES}{lines}\n"), "`RUN` on line");
    }
}

#[test]
fn each_run_that_sees_a_lock_has_to_be_known() {
    let sync = "RUN uv sync --frozen --no-dev";
    let check_lines =
        |lines: &str, why: &str| check_bytes(&format!("FROM x\n{COPIES}{lines}\n"), why);
    check_lines(
        &format!("{sync}\nRUN echo `cp uv.lock /opt/`"),
        "line 6 uses command substitution",
    );
    check_lines(&format!("RUN ./prepare.sh\n{sync}"), "line 5 runs `./prepare.sh`");
    check_lines(&format!("{sync}\nSHELL [\"/wrap\"]\nRUN true"), "`SHELL`");
    check_lines(&format!("ENV BASH_ENV=/x\n{sync}"), "`BASH_ENV`");
    check_lines("RUN true", "no `RUN` that sees it");
    check_lines("RUN uv sync --frozen --no-dev -r x", "`-r`");
    // Before the lock is there, anything may be run.
    check(&format!("FROM x\nRUN make all | tee log\n{COPIES}{sync}\n"), "app{}@x86_64");
    // In a stage that has none, too.
    let other =
        format!("FROM x AS a\n{COPIES}{sync}\nFROM y\nRUN make\nCOPY --from=a /src/.venv /v\n");
    check(&other, "app{}@x86_64");
    let based = format!(
        "FROM x AS a\n{COPIES}{sync}\nFROM a AS b\nRUN make\nFROM y\nCOPY --from=b /v /v\n"
    );
    check_bytes(&based, "line 7 runs `make`");
    let mounted = "FROM x\nWORKDIR /src\nRUN --mount=type=bind,source=uv.lock,target=uv.lock \
        --mount=type=bind,source=pyproject.toml,target=pyproject.toml uv sync --frozen --no-dev\nRUN make\n";
    check(mounted, "app{}@x86_64");
    check(&mounted.replace("WORKDIR /src\n", ""), "app{}@x86_64");
    check_bytes(&mounted.replace("target=uv.lock", "target=$X"), "not known");
}

#[test]
fn the_project_beside_the_lock_has_to_be_known() {
    let sync = "RUN uv sync --frozen --no-dev\n";
    check_bytes(
        &format!("FROM x\nWORKDIR /src\nCOPY uv.lock ./\n{sync}"),
        "`pyproject.toml` is not known",
    );
    for (lines, why) in [
        ("COPY --from=y /src /src\n", "of no context"),
        ("COPY <<EOF /src/pyproject.toml\n[project]\nEOF\n", "of no context"),
        ("ADD https://example.org/p /src/pyproject.toml\n", "of no context"),
        ("COPY other.toml pyproject.toml\n", "another name"),
        ("RUN rm -rf /src/jobs /src/pyproject.toml\n", "may delete"),
        ("RUN rm -rf *\n", "may delete"),
        ("RUN sed -i s/a/b/ pyproject.toml\n", "runs `sed`"),
        ("COPY jobs/nightly/pyproject.toml /\n", ""),
    ] {
        let dockerfile = format!("FROM x\n{COPIES}{lines}{sync}");
        if why.is_empty() {
            // The root says that it is one.
            check(&dockerfile, "app{}@x86_64");
        } else {
            check_bytes(&dockerfile, why);
        }
    }
    let plain = |name: &str, lines: &str| {
        let dockerfile = format!("FROM x\n{COPIES}{lines}{sync}");
        let mut world = world(&dockerfile);
        world.projects.insert("pyproject.toml", name);
        world.installs("uv.lock", UV_LOCK)
    };
    assert_eq!(plain("[project]\nname = \"app\"\n", ""), "app{}@x86_64");
    let above = plain("[project]\nname = \"app\"\n", "COPY jobs/nightly/pyproject.toml /\n");
    assert!(above.contains("below that of"), "{above}");
    assert!(plain("[project]\nname = \"other\"\n", "").contains("does not"));
    assert!(plain("[tool.ruff]\n", "").starts_with("bytes"));
    assert!(plain("=", "").contains("not understood"));
    let unknown = format!("FROM x\n{COPIES}RUN uv sync --frozen --package idna\n");
    check_bytes(&unknown, "no project of the workspace");
}

#[test]
fn what_comes_before_may_leave_settings_behind() {
    let sync = "RUN uv sync --frozen --no-dev";
    check_bytes(
        &format!("FROM x\nRUN x | tee /etc/uv/uv.toml\n{COPIES}{sync}\n"),
        "names `uv.toml`",
    );
    let base = |base: &str| {
        let dockerfile = format!("FROM base-low\n{COPIES}{sync}\n");
        World { base, ..world(&dockerfile) }.installs("uv.lock", UV_LOCK)
    };
    assert_eq!(base("FROM x\nENV UV_LINK_MODE=copy\nRUN make\n"), "app{}@x86_64");
    assert!(base("FROM x\nENV UV_PROJECT=a\n").contains("`UV_PROJECT`"));
    assert!(base("FROM x\nSHELL [\"/wrap\"]\n").contains("`SHELL`"));
    assert!(base("FROM x\nRUN echo > /etc/uv/uv.toml\n").contains("names `uv.toml`"));
    assert_eq!(base("FROM x\nRUN poetry config virtualenvs.create false\n"), "app{}@x86_64");
    // An arg stays in its own image.
    assert_eq!(base("FROM x\nARG UV_NO_DEV=1\nENV UV_NO_DEV=0\n"), "app{}@x86_64");
    assert_eq!(base("FROM x\nARG UV_PROJECT=a\n"), "app{}@x86_64");
}

#[test]
fn the_platform_is_that_of_the_stage() {
    let of = |from: &str| {
        format!(
            "FROM {from} AS a\n{COPIES}RUN uv sync --frozen --no-dev\nFROM y\nCOPY --from=a /v /v\n"
        )
    };
    check(&of("x"), "app{}@x86_64");
    check(&of("--platform=$TARGETPLATFORM x"), "app{}@x86_64");
    check(&of("--platform=linux/arm64 x"), "app{}@aarch64");
    check(&of("--platform=linux/riscv64 x"), "app{}@linux");
    check(&of("--platform=$BUILDPLATFORM x"), "app{}@linux");
    check(&of("--platform=${BUILDPLATFORM} x"), "app{}@linux");
}

#[test]
fn an_export_may_not_be_kept() {
    let of = |to: &str, kept: &str| {
        format!(
            "FROM x AS a\n{COPIES}RUN uv export --frozen --no-dev -o {to} && uv pip install -r {to} --target /out\n\
             FROM y\nCOPY --from=a {kept} /v\n"
        )
    };
    check(&of("/tmp/r.txt", "/out"), "app{}@?");
    check_bytes(&of("/out/r.txt", "/out"), "may become part of the image");
    check_bytes(&of("r.txt", "/"), "may become part of the image");
    let mounted = "FROM x AS a\nWORKDIR /src\nRUN --mount=source=uv.lock,target=uv.lock \
        --mount=source=pyproject.toml,target=pyproject.toml uv export --frozen -o /tmp/r.txt\n\
        RUN cp /tmp/r.txt /out\nFROM y\nCOPY --from=a /out /v\n";
    check_bytes(mounted, "runs `cp`");
}

#[test]
fn poetry_installs_the_groups_that_its_project_says() {
    let of = |lines: &str, project: &str, settings: &[&str]| {
        let dockerfile =
            format!("FROM x\nWORKDIR /src\nCOPY pyproject.toml poetry.lock ./\n{lines}\n");
        let projects = BTreeMap::from([("pyproject.toml", project)]);
        World { projects, settings, ..world(&dockerfile) }.installs("poetry.lock", POETRY_LOCK)
    };
    let project = "[project]\nname = \"app\"\n";
    assert_eq!(of("RUN poetry install", project, &[]), "app{*-{}}@x86_64");
    assert_eq!(of("RUN poetry install --only main", project, &[]), "app{}@x86_64");
    let optional = format!("{project}[tool.poetry.group.docs]\noptional = true\n");
    let found = of("RUN poetry install --no-root", &optional, &[]);
    assert!(found.contains("docs"), "{found}");
    for (lines, settings) in [
        ("RUN poetry install", &["poetry.toml"][..]),
        ("COPY config.toml /root/.config/pypoetry/\nRUN poetry install", &[]),
        ("ENV POETRY_INSTALLER_RE_RESOLVE=true\nRUN poetry install", &[]),
        ("WORKDIR sub\nRUN poetry install", &[]),
        ("RUN poetry config installer.re-resolve true\nRUN poetry install", &[]),
    ] {
        assert!(of(lines, project, settings).starts_with("bytes"), "{lines}");
    }
    let old = POETRY_LOCK.replace("2.1", "2.0");
    let dockerfile =
        "FROM x\nCOPY pyproject.toml poetry.lock /src/\nWORKDIR /src\nRUN poetry install\n";
    assert!(world(dockerfile).installs("poetry.lock", &old).contains("before version 2.1"));
}

#[test]
fn a_requirements_file_counts_where_it_is_named() {
    let of = |lines: &str, settings: &[&str]| {
        let dockerfile = format!("FROM x\nWORKDIR /src\n{lines}\n");
        let projects = BTreeMap::new();
        World { projects, settings, ..world(&dockerfile) }
            .installs("requirements.txt", REQUIREMENTS)
    };
    let copy = "COPY requirements.txt ./\n";
    let pip = |line: &str| of(&format!("{copy}{line}"), &[]);
    assert_eq!(pip("RUN pip install -r requirements.txt"), "file@x86_64");
    assert_eq!(pip("RUN pip install -r /src/requirements.txt"), "file@x86_64");
    assert_eq!(pip("RUN uv pip install --system -r requirements.txt"), "file@x86_64");
    assert_eq!(pip("RUN pip install -r a.txt -c requirements.txt"), "file@x86_64");
    assert_eq!(of(&format!("{copy}RUN uv pip sync requirements.txt"), &["uv.toml"]), "file@?");
    for line in [
        "RUN pip install -r other.txt",
        "RUN pip install .",
        "RUN pip install -r requirements.txt && cp requirements.txt /opt",
        "RUN pip freeze > x.txt && pip install -r requirements.txt",
        "ENV PIP_CONSTRAINT=c.txt\nRUN pip install -r requirements.txt",
    ] {
        assert!(pip(line).starts_with("bytes"), "{line}");
    }
    let mount = "RUN --mount=type=bind,source=requirements.txt,target=r.txt pip install -r r.txt";
    assert_eq!(of(mount, &[]), "file@x86_64");
}
