use super::*;
use crate::installs::{Names, Wanted};
use crate::lock_use::Interpreter;

const UV_LOCK: &str = r#"
version = 1
revision = 2

[[package]]
name = "fn"
version = "0.1.0"
source = { editable = "lambdas/fn" }
dependencies = [{ name = "boto3" }, { name = "colorama", marker = "sys_platform == 'win32'" }]

[package.optional-dependencies]
s3 = [{ name = "s3fs" }]

[package.dev-dependencies]
dev = [{ name = "pytest" }]

[[package]]
name = "other"
version = "0.1.0"
source = { editable = "lambdas/other" }
dependencies = [{ name = "numpy" }]

[[package]]
name = "boto3"
version = "1.40.0"
source = { registry = "https://index.example/simple" }
sdist = { url = "https://index.example/boto3.tar.gz", hash = "sha256:b0" }

[[package]]
name = "colorama"
version = "0.4.6"
source = { registry = "https://index.example/simple" }

[[package]]
name = "numpy"
version = "2.2.6"
source = { registry = "https://index.example/simple" }

[[package]]
name = "pytest"
version = "8.0.0"
source = { registry = "https://index.example/simple" }

[[package]]
name = "s3fs"
version = "2025.1"
source = { registry = "https://index.example/simple" }
"#;

const REQUIREMENTS: &str = "\
boto3==1.40.0 \\
    --hash=sha256:b0
pywin32==306 ; sys_platform == \"win32\" \\
    --hash=sha256:c0
";

fn wanted(extras: Names, groups: Names) -> Installs {
    let wanted = Wanted { package: "fn".parse().unwrap(), extras, groups };
    [project(wanted, false)].into()
}

fn project(wanted: Wanted, is_checked: bool) -> Install {
    let interpreter = Interpreter::OnLinux(Some("x86_64".to_owned()));
    Install::Project { wanted, interpreter, is_checked }
}

fn of_file() -> Installs {
    [Install::File(Interpreter::OnLinux(None))].into()
}

fn nothing() -> Names {
    Names::Only([].into())
}

fn locked(path: &str, text: &str, installs: &Installs) -> Locked {
    let lock = parse_lock(path, text).expect("it is a lock");
    lock.locked(installs)
}

#[track_caller]
fn check_names(text: &str, installs: &Installs, expected: &str) {
    let found = locked("uv.lock", text, installs);
    assert_eq!(found.keys().map(String::as_str).collect::<Vec<_>>().join(" "), expected);
}

#[test]
fn what_is_installed_counts() {
    check_names(UV_LOCK, &wanted(nothing(), nothing()), "boto3 fn");
    check_names(UV_LOCK, &wanted(Names::AllBut([].into()), nothing()), "boto3 fn s3fs");
    check_names(UV_LOCK, &wanted(nothing(), Names::AllBut([].into())), "boto3 fn pytest");
    let unknown = Wanted { package: "fn".parse().unwrap(), extras: nothing(), groups: nothing() };
    let interpreter = Interpreter::Unknown;
    let unknown = Install::Project { wanted: unknown, interpreter, is_checked: false };
    check_names(UV_LOCK, &[unknown].into(), "boto3 colorama fn");
}

/// Whether an image that installs `fn` alone sees the difference.
#[track_caller]
fn check_change(old: &str, new: &str, seen: bool) {
    assert!(UV_LOCK.contains(old));
    let installs = wanted(nothing(), nothing());
    let after = locked("uv.lock", &UV_LOCK.replacen(old, new, 1), &installs);
    assert_eq!(locked("uv.lock", UV_LOCK, &installs) != after, seen, "{old} → {new}");
}

#[test]
fn noise_does_not_count() {
    check_change("1.40.0", "1.41.0", true);
    check_change("sha256:b0", "sha256:b1", true);
    check_change("revision = 2", "revision = 3", false);
    check_change("version = \"0.1.0\"", "version = \"0.2.0\"", false);
    check_change("2.2.6", "2.3.0", false);
    check_change("8.0.0", "8.1.0", false);
    check_change("0.4.6", "0.4.7", false);
    check_change("'win32'", "'linux'", true);
}

/// What the first installation has for sure, the second has where a marker holds: a change of the
/// marker has to be seen.
#[test]
fn one_installation_does_not_hide_another() {
    let lock = UV_LOCK
        .replace(
            "dependencies = [{ name = \"boto3\" }",
            "dependencies = [{ name = \"boto3\", marker = \"python_version < '3.9'\" }",
        )
        .replace("dev = [{ name = \"pytest\" }]", "dev = [{ name = \"boto3\" }]");
    let of = |groups: Names| Wanted { package: "fn".parse().unwrap(), extras: nothing(), groups };
    let dev = Names::Only(["dev".parse().unwrap()].into());
    let both: Installs = [project(of(nothing()), false), project(of(dev), false)].into();
    let other = lock.replace("'3.9'", "'3.12'");
    assert_ne!(locked("uv.lock", &lock, &both), locked("uv.lock", &other, &both));
}

#[test]
fn what_a_checked_installation_compares_counts() {
    let of = |is_checked: bool| -> Installs {
        let (extras, groups) = (nothing(), nothing());
        [project(Wanted { package: "fn".parse().unwrap(), extras, groups }, is_checked)].into()
    };
    let differs = |old: &str, new: &str, is_checked: bool| {
        let text = UV_LOCK.replacen(old, new, 1);
        locked("uv.lock", UV_LOCK, &of(is_checked)) != locked("uv.lock", &text, &of(is_checked))
    };
    let other = ("dependencies = [{ name = \"numpy\" }]", "dependencies = []");
    assert!(differs(other.0, other.1, true) && !differs(other.0, other.1, false));
    let python = ("revision = 2", "revision = 2\nrequires-python = \">=3.12\"");
    assert!(differs(python.0, python.1, true) && !differs(python.0, python.1, false));
    assert!(!differs("revision = 2", "revision = 3", true));
    assert!(!differs("2.2.6", "2.3.0", true));
}

#[test]
fn a_project_says_what_decides() {
    let read = |text: &str| match parse_lock("a/pyproject.toml", text) {
        Some(LockFile::Project(project)) => Some(project),
        _ => None,
    };
    let project = read(
        "[project]\nname = \"A_b\"\n[tool.uv]\ndefault-groups = [\"x\"]\n[tool.uv.workspace]\n\
         [tool.poetry.group.docs]\noptional = true\n[tool.poetry.group.dev]\noptional = false\n",
    );
    let project = project.unwrap();
    assert_eq!(project.name.unwrap().as_str(), "a-b");
    assert!(project.is_workspace);
    assert_eq!(project.default_groups, Some(DefaultGroups::These(vec!["x".parse().unwrap()])));
    assert_eq!(project.optional_groups, ["docs".parse().unwrap()].into());
    let all = read("[tool.uv]\ndefault-groups = \"all\"\n").unwrap();
    assert_eq!((all.name, all.default_groups), (None, Some(DefaultGroups::All)));
    assert_eq!(read("[tool.uv]\ndefault-groups = \"some\"\n"), None);
    assert_eq!(read("[tool.poetry.group.docs]\noptional = 1\n").unwrap().optional_groups.len(), 1);
    assert_eq!(read("="), None);
}

#[test]
fn requirements_with_hashes_count_by_their_lines() {
    let read = |text: &str| locked("app/requirements.lock", text, &of_file());
    let before = read(REQUIREMENTS);
    assert_eq!(before.keys().collect::<Vec<_>>(), ["boto3"]);
    assert_eq!(before["boto3"].version.as_deref(), Some("1.40.0"));
    assert_eq!(read(&format!("# A comment.\n{REQUIREMENTS}")), before);
    assert_eq!(read(&REQUIREMENTS.replace("306", "307")), before);
    assert_ne!(read(&REQUIREMENTS.replace("b0", "b1")), before);
    assert_ne!(read(&format!("--index-url https://index.example\n{REQUIREMENTS}")), before);
}

#[test]
fn what_is_no_lock_counts_by_its_bytes() {
    assert!(parse_lock("requirements.txt", "boto3==1.40.0\n").is_none());
    assert!(parse_lock("requirements.txt", "-e .\n").is_none());
    assert!(parse_lock("requirements.txt", "./wheels/x.whl --hash=sha256:00\n").is_none());
    assert!(parse_lock("uv.lock", "version = 99\n").is_none());
    assert!(parse_lock("poetry.lock", "=").is_none());
    assert!(may_be_lock("a/requirements-dev.lock") && may_be_lock("uv.lock"));
    assert!(!may_be_lock("Cargo.lock") && !may_be_lock("a/requirements.in"));
}

#[test]
fn a_lock_is_understood_once_and_asked_often() {
    let mut locks = Locks::default();
    let content = sha256(REQUIREMENTS.as_bytes());
    let ask = |locks: &mut Locks| locks.locked("requirements.txt", &content, &of_file());
    assert!(ask(&mut locks).is_none() && !locks.knows("requirements.txt", &content));
    locks.add("requirements.txt", content, REQUIREMENTS);
    let first = ask(&mut locks).unwrap();
    assert!(Arc::ptr_eq(&first, &ask(&mut locks).unwrap()));
}

const PYLOCK: &str = "\
lock-version = \"1.0\"
[[packages]]
name = \"boto3\"
version = \"1.40.0\"
wheels = [{ url = \"https://files.example/boto3.whl\", hashes = { sha256 = \"b0\" } }]
[[packages]]
name = \"pywin32\"
marker = \"sys_platform == 'win32'\"
[[packages]]
name = \"s3fs\"
marker = \"'s3' in extras\"
[[packages]]
name = \"pytest\"
marker = \"'dev' in dependency_groups\"
";

#[test]
fn a_pylock_counts_by_what_is_installed_without_extras() {
    let installs = Installs::from([Install::File(Interpreter::OnLinux(None))]);
    let names = |text: &str| {
        let locked = locked("app/pylock.prod.toml", text, &installs);
        locked.keys().map(String::as_str).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(PYLOCK), "boto3");
    // Who says which of the default groups an installer takes?
    assert_eq!(names(&format!("default-groups = [\"dev\"]\n{PYLOCK}")), "boto3 pytest");
    let read = |text: &str| locked("pylock.toml", text, &installs);
    assert_eq!(read(&format!("# A comment.\n{PYLOCK}")), read(PYLOCK));
    assert_ne!(read(&PYLOCK.replace("b0", "b1")), read(PYLOCK));
    assert!(parse_lock("pylock.toml", &PYLOCK.replace("1.0", "2.0")).is_none());
    assert!(may_be_lock("a/pylock.toml") && may_be_lock("pylock.dev.toml"));
    assert!(!may_be_lock("pyproject.toml") && !may_be_lock("pylock.a.b.toml"));
}
