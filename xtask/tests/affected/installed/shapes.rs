//! Dockerfiles of known shapes, by which a lock counts by what is installed, and of others.

use std::fmt::Write as _;

use crate::random::Random;

/// The Dockerfile of an image.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) dockerfile: String,
    /// Whether it is promised that locks count by what is installed.
    pub(crate) is_known: bool,
}

/// How the lock and the projects come to the command.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Brought {
    Copied,
    /// The root's project alone, as README's recipe has it.
    Mounted,
    AllMounted,
}

const SYNC: &str = "uv sync --no-install-workspace";

/// For the member `own` of a uv workspace, one of `members`.
pub(crate) fn generate_uv(random: &mut Random, own: &str, members: &[String]) -> Shape {
    let other = members[random.below(members.len())].clone();
    let other = other.as_str();
    let brought = match random.below(3) {
        0 => Brought::Mounted,
        1 => Brought::AllMounted,
        _ => Brought::Copied,
    };
    let options = generate_options(random);
    let is_known = !random.one_in(3);
    let (environment, script, is_document) = if is_known {
        known(random, own, other, &options)
    } else {
        unknown(random, own, other, &options)
    };
    // All members have to be there for uv to find one in its folder, to check the lock, to export.
    let brought = match brought {
        Brought::Mounted
            if !is_known || script.contains("--locked") || script.contains("uv export") =>
        {
            Brought::AllMounted
        }
        brought => brought,
    };
    let brought = if is_document { Brought::Copied } else { brought };
    let is_separate = brought == Brought::Copied && script.contains(" && ") && random.one_in(2);
    let script = if is_separate { script.replace(" && ", "\nRUN ") } else { script };
    Shape {
        dockerfile: write_stage(&environment, brought, &script, members, is_document),
        is_known,
    }
}

fn generate_options(random: &mut Random) -> String {
    let mut options = String::new();
    for option in [
        " --no-dev",
        " --group lint",
        " --extra fast",
        " --all-extras",
        " --all-groups",
        " --no-default-groups",
        " --no-group lint",
        " --quiet",
        " --link-mode=copy",
        " --no-editable",
    ] {
        if random.one_in(6) {
            options.push_str(option);
        }
    }
    if options.contains("--extra fast") && options.contains("--all-extras") {
        options = options.replace(" --all-extras", "");
    }
    if options.contains("--all-groups") {
        options = options.replace(" --group lint", "").replace(" --no-default-groups", "");
    }
    options
}

/// Variables, the script, and whether it is a here-document.
fn known(
    random: &mut Random,
    own: &str,
    other: &str,
    options: &str,
) -> (Vec<String>, String, bool) {
    let environment = |text: &str| vec![text.to_owned()];
    let sync = format!("{SYNC} --frozen{options}");
    match random.below(12) {
        0 => (Vec::new(), format!("cd /@/src && {sync} --package {own}"), false),
        1 => (Vec::new(), format!("{SYNC} --locked{options} --package {own}"), false),
        2 => (environment("ENV UV_FROZEN=1"), format!("{SYNC}{options} --package={own}"), false),
        3 => (environment("ENV UV_NO_DEV=1"), format!("{sync} --package {own}"), false),
        4 => (environment("ARG UV_NO_DEFAULT_GROUPS=1"), format!("{sync} --package {own}"), false),
        5 => (vec![format!("ENV MEMBER={own}")], format!("{sync} --package ${{MEMBER}}"), false),
        6 => (
            Vec::new(),
            format!(
                "uv export --frozen --no-emit-workspace{} --package {own} -o /@/tmp/r.txt -q \
                 && uv pip install -q --target /@/out -r /@/tmp/r.txt",
                options.replace(" --link-mode=copy", "")
            ),
            false,
        ),
        7 => (Vec::new(), format!("set -e\n# A comment.\n{sync} \\\n  --package {own}"), true),
        8 => (Vec::new(), format!("{sync} --package {own} && rm -rf /@/out/venv/share"), false),
        9 => (
            Vec::new(),
            format!("{sync} --package {own} && {sync} --inexact --package {other}"),
            false,
        ),
        10 => (
            Vec::new(),
            format!("UV_NO_PROGRESS=1 {sync} --package {own} --package {other}"),
            false,
        ),
        _ => (Vec::new(), format!("{sync} --package {own}"), false),
    }
}

fn unknown(
    random: &mut Random,
    own: &str,
    other: &str,
    options: &str,
) -> (Vec<String>, String, bool) {
    let environment = |text: String| vec![text];
    let sync = format!("{SYNC} --frozen{options}");
    let then = |command: &str| format!("{sync} --package {own} && {command}");
    let (variables, script) = match random.below(19) {
        0 => (Vec::new(), format!("cd lambdas/{other} && {sync}")),
        1 => (environment(format!("ENV UV_PROJECT=lambdas/{other}")), sync),
        2 => (environment(format!("ENV UV_WORKING_DIR=lambdas/{other}")), sync),
        3 => (Vec::new(), format!("{sync} --directory lambdas/{other}")),
        4 => (Vec::new(), format!("{sync} --project lambdas/{other}")),
        5 => (Vec::new(), format!("(cd lambdas/{other}; {sync})")),
        6 => (Vec::new(), then("echo `cp uv.lock /@/out/`")),
        7 => (Vec::new(), then("echo $(grep -A2 beta uv.lock > /@/out/beta)")),
        8 => (Vec::new(), then("cp uv.lock /@/out/kept")),
        9 => (Vec::new(), then("eval 'cat uv.lock > /@/out/kept'")),
        10 => (
            Vec::new(),
            format!("uv export --frozen --no-emit-workspace --package {own} -q -o /@/out/r.txt"),
        ),
        11 => (
            Vec::new(),
            format!(
                "uv export --frozen --no-emit-workspace --package {own} -q | uv pip install -q --target /@/out -r -"
            ),
        ),
        12 => {
            (Vec::new(), format!("for p in {own} {other}; do {sync} --inexact --package $p; done"))
        }
        13 => (environment("ENV UV_NO_GROUP=lint".to_owned()), format!("{sync} --package {own}")),
        14 => (Vec::new(), format!("{SYNC} --frozen --package {own} --only-group dev")),
        15 => (Vec::new(), format!("{sync} --all-packages")),
        16 => (Vec::new(), format!("sh -c '{sync} --package {own}'")),
        17 => (Vec::new(), format!("uv tree --frozen > /@/out/tree; {sync} --package {own}")),
        _ => (Vec::new(), format!("P=$(echo {other}) && {sync} --package $P")),
    };
    (variables, script, false)
}

fn write_stage(
    environment: &[String],
    brought: Brought,
    script: &str,
    members: &[String],
    is_document: bool,
) -> String {
    let mut text = "FROM python:3.13 AS built\nENV UV_PROJECT_ENVIRONMENT=/@/out/venv\n".to_owned();
    environment.iter().for_each(|line| writeln!(text, "{line}").unwrap());
    text += "WORKDIR /@/tmp\nWORKDIR /@/out\nWORKDIR /@/src\n";
    let mut mounts = String::new();
    let mount = |path: &str| format!("--mount=type=bind,source={path},target={path} ");
    match brought {
        Brought::Copied => {
            text += "COPY pyproject.toml uv.lock ./\n";
            for member in members {
                let folder = format!("lambdas/{member}");
                writeln!(text, "COPY {folder}/pyproject.toml {folder}/").unwrap();
            }
        }
        Brought::Mounted | Brought::AllMounted => {
            mounts = mount("pyproject.toml") + &mount("uv.lock");
            let all = members.iter().filter(|_| brought == Brought::AllMounted);
            all.for_each(|member| mounts += &mount(&format!("lambdas/{member}/pyproject.toml")));
        }
    }
    match is_document {
        true => writeln!(text, "RUN <<EOF\n{script}\nEOF").unwrap(),
        false => writeln!(text, "RUN {mounts}{script}").unwrap(),
    }
    text + "FROM scratch\nCOPY --from=built /@/out /\n"
}

/// For a requirements file in the folder of the Lambda.
pub(crate) fn generate_requirements(random: &mut Random, own: &str) -> Shape {
    let path = format!("lambdas/{own}/requirements.txt");
    let install = "uv pip install -q --no-deps --require-hashes --target /@/out";
    let mut text = "FROM python:3.13 AS built\nWORKDIR /@/out\nWORKDIR /@/src\n".to_owned();
    let is_known = !random.one_in(3);
    let command = match (is_known, random.below(4)) {
        (true, 0) => format!("--mount=type=bind,source={path},target=r.txt {install} -r r.txt"),
        (true, 1) => {
            format!("--mount=type=bind,source={path},target=r.txt {install} -r /@/src/r.txt")
        }
        (true, _) => {
            writeln!(text, "COPY {path} ./").unwrap();
            format!("{install} -r requirements.txt")
        }
        (false, 0) => format!(
            "--mount=type=bind,source={path},target=r.txt {install} -r r.txt && cat r.txt > /@/out/r"
        ),
        (false, 1) => format!(
            "--mount=type=bind,source={path},target=r.txt grep -v '^#' r.txt > x.txt; {install} -r x.txt"
        ),
        (false, _) => {
            writeln!(text, "COPY {path} ./").unwrap();
            format!(
                "{install} -r requirements.txt\nRUN echo `head -n 1 requirements.txt` > /@/out/first"
            )
        }
    };
    writeln!(text, "RUN {command}\nFROM scratch\nCOPY --from=built /@/out /").unwrap();
    Shape { dockerfile: text, is_known }
}
