//! Entries of `secrets` and `ssh`, and what of them is missing.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};

use super::*;
use crate::graph::ImageGraph;
use crate::graph::fixture::{Texts, texts};

const PYPROJECT: &str = "lambdas/one/pyproject.toml";

/// The fixture with these settings of the Lambda `one` and these lines in its Dockerfile.
fn workspace(settings: &str, lines: &str) -> Texts {
    let mut texts = texts();
    let settings = format!("\n[tool.lambda-image]\n{settings}\n");
    texts.pyprojects.get_mut(PYPROJECT).unwrap().push_str(&settings);
    let dockerfile = texts.dockerfiles.get_mut("lambdas/one/Dockerfile").unwrap();
    dockerfile.push_str(lines);
    texts
}

fn one(graph: &ImageGraph) -> &Image {
    graph.images().iter().find(|image| image.name().as_str() == "one").unwrap()
}

/// What `one` is handed, as words of `docker buildx build`.
#[track_caller]
fn handed(texts: &Texts) -> Vec<String> {
    let (_, graph) = texts.graph();
    let shown = |handed: &Handed| match handed.kind() {
        AskKind::Secret => format!("--secret={handed}"),
        AskKind::Ssh => format!("--ssh={handed}"),
    };
    one(&graph).declaration.handed.iter().map(shown).collect()
}

#[track_caller]
fn check_problem(settings: &str, expected: &Expect) {
    let (_, _, problems) = workspace(settings, "").read();
    let shown: Vec<_> = problems.iter().map(ToString::to_string).collect();
    expected.assert_eq(&shown.join("\n"));
}

#[track_caller]
fn check_warnings(texts: &Texts, expected: &Expect) {
    let (_, graph) = texts.graph();
    let warnings = graph.warnings().iter().map(ToString::to_string);
    let ours: Vec<_> = warnings.filter(|it| !it.contains("is not pinned")).collect();
    expected.assert_eq(&ours.join("\n"));
}

/// Made-up variables and files.
#[derive(Default)]
struct Made {
    variables: BTreeMap<&'static str, &'static str>,
    files: BTreeMap<&'static str, FileState>,
}

impl Look for Made {
    fn variable(&self, name: &str) -> VariableState {
        match self.variables.get(name) {
            None => VariableState::Unset,
            Some(&"") => VariableState::Empty,
            Some(_) => VariableState::Set,
        }
    }

    fn value(&self, name: &str) -> Option<String> {
        self.variables.get(name).filter(|value| !value.is_empty()).map(|&value| value.to_owned())
    }

    fn file(&self, path: &str) -> FileState {
        self.files.get(path).cloned().unwrap_or(FileState::Missing)
    }
}

/// What is missing for `one`, among these variables and files.
#[track_caller]
fn check_missing(texts: &Texts, made: &Made, expected: &Expect) {
    let (_, graph) = texts.graph();
    let found = missing(one(&graph), made);
    let shown: Vec<_> = found.iter().map(|it| format!("{} ({})", it.message, it.hint)).collect();
    expected.assert_eq(&shown.join("\n"));
}

#[test]
fn every_spelling_of_a_secret_becomes_one() {
    let settings = r#"secrets = ["id=a,src=../token", "env=B,id=b", "ID=c,Source=/etc/c", "id=d,type=env,src=D",
        "id=e,type=file,src=e", "type=env,id=f,env=F", "id=g", "\"id=h,i\",src=x", "id=j,src=../../../j"]"#;
    assert_eq!(
        handed(&workspace(settings, "")),
        [
            "--secret=id=a,src=lambdas/token",
            "--secret=id=b,env=B",
            "--secret=id=c,src=/etc/c",
            "--secret=id=d,env=D",
            "--secret=id=e,src=lambdas/one/e",
            "--secret=id=f,env=F",
            "--secret=id=g",
            "--secret=\"id=h,i\",src=lambdas/one/x",
            "--secret=id=j,src=../j",
        ]
    );
}

#[test]
fn every_spelling_of_an_agent_becomes_one() {
    let mut texts = workspace(
        r#"ssh = ["default", "a=key", "b=/k,../l", "c=$HOME/.ssh/id", "d=${HOME}", "e=$NONE/x"]"#,
        "",
    );
    texts.variables = vec![("HOME", "/home/me")];
    assert_eq!(
        handed(&texts),
        [
            "--ssh=default",
            "--ssh=a=lambdas/one/key",
            "--ssh=b=/k,lambdas/l",
            "--ssh=c=/home/me/.ssh/id",
            "--ssh=d=/home/me",
            "--ssh=e=$NONE/x",
        ]
    );
}

#[test]
fn entries_that_buildx_refuses_are_problems() {
    check_problem(
        r#"secrets = ["token", "env=A", "id=a,evn=A", "id=a,type=vault", "id=", "id=a,\"b", "id=x", "id=x,env=X"]
ssh = ["/tmp/socket", "default", "=key"]"#,
        &expect![[r#"
            lambdas/one/pyproject.toml:6:12: `token` of the secret `token` has no value
              hint: as in "id=pip-token,env=PIP_TOKEN"
            lambdas/one/pyproject.toml:6:21: the secret `env=A` has no id
              hint: as in "id=pip-token,env=PIP_TOKEN"
            lambdas/one/pyproject.toml:6:30: unknown key `evn` in the secret `id=a,evn=A`
              hint: as in "id=pip-token,env=PIP_TOKEN"
            lambdas/one/pyproject.toml:6:44: `vault` is no type of a secret
              hint: it can be `env` or `file`
            lambdas/one/pyproject.toml:6:63: the secret `id=` has no id
              hint: as in "id=pip-token,env=PIP_TOKEN"
            lambdas/one/pyproject.toml:6:70: the secret `id=a,"b` can't be read: quote without an end in field `b`
              hint: as in "id=pip-token,env=PIP_TOKEN"
            lambdas/one/pyproject.toml:6:90: two entries of `secrets` have the id `x`
              hint: remove one of the two, or give it another id
            lambdas/one/pyproject.toml:7:8: `/tmp/socket` names no SSH agent
              hint: as in "default", for the agent of `SSH_AUTH_SOCK`, or "ID=PATH"
            lambdas/one/pyproject.toml:7:34: two entries of `ssh` have the id `default`
              hint: remove one of the two, or give it another id"#]],
    );
}

#[test]
fn workspace_entries_go_to_the_images_that_mount_them() {
    let mut texts = workspace(
        "secrets = [\"id=own,env=OWN\", \"id=both,env=OWN\"]",
        "RUN --mount=type=secret,id=own --mount=type=secret,id=both --mount=type=secret,id=shared x\n\
         RUN --mount=type=ssh x\n",
    );
    texts.config += "secrets = [\"id=shared,src=token\", \"id=both,env=SHARED\", \"id=idle,env=IDLE\"]\n\
         ssh = [\"default\", \"other\"]\n";
    assert_eq!(
        handed(&texts),
        [
            "--secret=id=own,env=OWN",
            "--secret=id=both,env=OWN",
            "--secret=id=shared,src=token",
            "--ssh=default",
        ]
    );
    let (_, graph) = texts.graph();
    let two = graph.images().iter().find(|image| image.name().as_str() == "two").unwrap();
    assert_eq!(two.declaration.handed, []);
}

#[test]
fn what_is_handed_is_no_input() {
    let lines = "RUN --mount=type=secret,id=a x\n";
    let inputs = |settings: &str| {
        let (_, graph) = workspace(settings, lines).graph();
        let image = one(&graph);
        let none = |_: &_| crate::fingerprint::Fingerprint(crate::fingerprint::sha256(b""));
        let read = crate::fingerprint::ReadInputs::default();
        crate::fingerprint::inputs_of_image(image, read, &none).fingerprint()
    };
    assert_eq!(inputs(""), inputs("secrets = [\"id=a,env=A\"]\nssh = [\"default\"]"));
}

#[test]
fn a_build_is_handed_what_its_variables_and_files_hold() {
    let texts = workspace(
        r#"secrets = ["id=a,env=A", "id=b,src=b", "id=C", "id=d,env=A,src=b", "id=e"]
ssh = ["default", "keys=k,l"]"#,
        "RUN --mount=type=secret,id=a,required x\n",
    );
    let socket = FileState::Socket;
    let made = Made {
        variables: BTreeMap::from([("A", "1"), ("C", "1"), ("SSH_AUTH_SOCK", "/s")]),
        files: BTreeMap::from([
            ("lambdas/one/b", FileState::File(1)),
            ("e", FileState::File(500 * 1024)),
            ("/s", socket),
            ("lambdas/one/k", FileState::File(9)),
            ("lambdas/one/l", FileState::File(9)),
        ]),
    };
    check_missing(&texts, &made, &expect![""]);
}

#[test]
fn variables_and_files_of_secrets_that_are_missing() {
    let texts = workspace(
        r#"secrets = ["id=a,env=UNSET", "id=b,env=EMPTY", "id=c,src=c", "id=d", "id=EMPTY", "id=f,src=f",
            "id=g,src=g", "id=h,src=h", "id=i,src=i", "id=j,env=SET,src=c", "id=k,type=env,src=UNSET"]"#,
        "",
    );
    let made = Made {
        variables: BTreeMap::from([("EMPTY", ""), ("SET", "1")]),
        files: BTreeMap::from([
            ("lambdas/one/f", FileState::File(0)),
            ("lambdas/one/g", FileState::Folder),
            ("lambdas/one/h", FileState::Unreadable("permission denied".to_owned())),
            ("lambdas/one/i", FileState::File(500 * 1024 + 1)),
        ]),
    };
    check_missing(
        &texts,
        &made,
        &expect![[r#"
            the secret `a`: the variable `UNSET` is not set (set `UNSET`)
            the secret `b`: the variable `EMPTY` is empty (set `EMPTY`)
            the secret `c`: the file `lambdas/one/c` does not exist (create `lambdas/one/c`)
            the secret `d`: the variable `d` is not set, and the file `d` does not exist (set `d`, or create `d`)
            the secret `EMPTY`: the variable `EMPTY` is empty (set `EMPTY`)
            the secret `f`: the file `lambdas/one/f` is empty (fill `lambdas/one/f`)
            the secret `g`: `lambdas/one/g` is a folder (create `lambdas/one/g`)
            the secret `h`: the file `lambdas/one/h` can't be read: permission denied (make `lambdas/one/h` readable)
            the secret `i`: the file `lambdas/one/i` is too big, 512001 bytes (a secret has at most 500 KiB)
            the secret `j`: the file `lambdas/one/c` does not exist (create `lambdas/one/c`)
            the secret `k`: the variable `UNSET` is not set (set `UNSET`)"#]],
    );
}

#[test]
fn agents_and_keys_that_are_missing() {
    let texts = workspace(r#"ssh = ["default", "a=key", "b=$UNSET/key"]"#, "");
    check_missing(
        &texts,
        &Made::default(),
        &expect![[r#"
            the SSH agent `default`: the variable `SSH_AUTH_SOCK` is not set (start an agent and load a key: `eval "$(ssh-agent)" && ssh-add`)
            the SSH agent `a`: `lambdas/one/key`: there is no such file (name a private key or an agent's socket)
            the SSH agent `b`: the variable `UNSET` is not set (set `UNSET`)"#]],
    );
    let gone = Made { variables: BTreeMap::from([("SSH_AUTH_SOCK", "/gone")]), ..Made::default() };
    check_missing(
        &workspace("ssh = [\"default\"]", ""),
        &gone,
        &expect![[
            r#"the SSH agent `default`: `SSH_AUTH_SOCK` is `/gone`, and there is no such file (start an agent and load a key: `eval "$(ssh-agent)" && ssh-add`)"#
        ]],
    );
}

#[test]
fn what_a_dockerfile_requires_has_to_be_configured() {
    let texts = workspace(
        "",
        "RUN --mount=type=secret,id=a --mount=type=secret,id=b,required=true x\n\
         RUN --mount=type=ssh,required x\nADD git@github.com:o/r.git /r\n",
    );
    check_missing(
        &texts,
        &Made::default(),
        &expect![[r#"
            `lambdas/one/Dockerfile:4` requires the secret `b`, which is not configured (add `secrets = ["id=b,env=VARIABLE"]` to the image's settings in `lambdas/one/pyproject.toml`)
            `lambdas/one/Dockerfile:5` requires the SSH agent `default`, which is not configured (add `ssh = ["default"]` to the image's settings in `lambdas/one/pyproject.toml`)
            `lambdas/one/Dockerfile:6` requires the SSH agent `default`, which is not configured (add `ssh = ["default"]` to the image's settings in `lambdas/one/pyproject.toml`)"#]],
    );
}

#[test]
fn what_nothing_mounts_is_a_warning() {
    let settings = "secrets = [\"id=a,env=A\", \"id=b,env=B\", \"id=GIT_AUTH_TOKEN,env=T\"]\nssh = [\"default\"]";
    check_warnings(
        &workspace(settings, "RUN --mount=type=secret,id=a x\n"),
        &expect![[r#"
            lambdas/one/pyproject.toml:6:26: no `RUN` of `one` mounts the secret `b`
              hint: add `--mount=type=secret,id=b` to the `RUN` that needs it, or remove it from `secrets`
            lambdas/one/pyproject.toml:7:8: no `RUN` of `one` mounts the SSH agent `default`
              hint: add `--mount=type=ssh,id=default` to the `RUN` that needs it, or remove it from `ssh`"#]],
    );
    // What is not known may be any of them.
    let lines = "ARG LEVEL\nRUN --mount=type=secret,id=$ANY x\nADD git@github.com:o/r.git#0123456789012345678901234567890123456789 /r\n";
    check_warnings(&workspace(settings, lines), &expect![""]);
}

#[test]
fn an_agent_that_is_not_configured_is_a_warning() {
    check_warnings(
        &workspace("", "RUN --mount=type=ssh --mount=type=secret,id=optional x\n"),
        &expect![[r#"
            lambdas/one/Dockerfile:4:1: no SSH agent `default` is configured: this `RUN` gets none
              hint: add `ssh = ["default"]` to the image's settings in `lambdas/one/pyproject.toml`"#]],
    );
}

#[test]
fn the_value_of_an_arg_may_be_a_variables() {
    let mut texts = workspace("args = { LEVEL = { env = \"LEVEL_OF_ALL\" } }", "");
    let args = |texts: &Texts| {
        texts.graph().1.images().iter().find(|i| i.name().as_str() == "one").unwrap().args()
    };
    texts.variables = vec![("LEVEL_OF_ALL", "3")];
    assert_eq!(args(&texts)["LEVEL"], "3");
    let literal = workspace("args = { LEVEL = \"3\" }", "");
    assert_eq!(args(&texts), args(&literal));
    // Of the workspace, and with a value for when it is not set or empty.
    let mut texts = workspace("", "");
    texts.config +=
        "args = { LEVEL = { env = \"L\", default = \"info\" }, IDLE = { env = \"NONE\" } }\n";
    texts.variables = vec![("L", "")];
    assert_eq!(args(&texts)["LEVEL"], "info");
    texts.variables = vec![("L", "debug")];
    assert_eq!(args(&texts)["LEVEL"], "debug");
}

#[test]
fn an_arg_without_its_variable_is_a_problem() {
    check_problem(
        "args = { LEVEL = { env = \"L\" } }",
        &expect![[r#"
            lambdas/one/pyproject.toml:6:26: the variable `L` is not set: arg `LEVEL` is its value
              hint: set `L`, or give a value for when it is not set: `{ env = "L", default = "…" }`"#]],
    );
    check_problem(
        "args = { LEVEL = { evn = \"L\" } }",
        &expect![[r#"
            lambdas/one/pyproject.toml:6:20: unknown key `evn`
              hint: the keys are `env`, `default`"#]],
    );
    check_problem(
        "args = { LEVEL = { default = \"L\" } }",
        &expect![[r#"
            lambdas/one/pyproject.toml:6:18: `args.LEVEL` names no variable
              hint: as in `{ env = "VERSION" }`"#]],
    );
    check_problem(
        "args = { LEVEL = 3 }",
        &expect![[
            r#"lambdas/one/pyproject.toml:6:18: `args.LEVEL` must be a string or `{ env = "VARIABLE" }`, not an integer"#
        ]],
    );
}
