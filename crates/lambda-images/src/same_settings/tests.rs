use super::*;

fn table(body: &str) -> String {
    format!("[workspace]\nresolver = \"3\"\n[workspace.metadata.lambda-images]\n{body}\n")
}

#[track_caller]
fn check_config(old: &str, new: &str, expected: bool) {
    assert_eq!(same_config(old, new), expected, "{old}\n{new}");
}

#[test]
fn a_configuration_without_its_layout() {
    check_config(
        &table("platform = \"linux/arm64\""),
        &table("platform=\"linux/arm64\" # ours"),
        true,
    );
    check_config(
        &table("stack = \"a\"\nargs = { A = \"1\" }"),
        &table("args.A = \"1\"\nstack = \"a\""),
        true,
    );
    let members = table("").replace("resolver", "members = [\"x\"]\nresolver");
    check_config(&table(""), &members, true);
    let images = "[[workspace.metadata.lambda-images.images]]\nname = \"tool\"\ndockerfile = \"D\"";
    check_config(&table(images), &format!("\n\n{}", table(images)), true);
}

#[test]
fn configurations_that_differ() {
    let images = |target: &str| {
        table(&format!(
            "[[workspace.metadata.lambda-images.images]]\nname = \"tool\"\ndockerfile = \"D\"\ntarget = \"{target}\""
        ))
    };
    check_config(&images("a"), &images("b"), false);
    check_config(&table(""), &table("args = { A = \"1\" }"), false);
    check_config(&table("args = { A = \"1\" }"), &table("args = { A = \"2\" }"), false);
    check_config(&table("lambdas = [\"a\", \"b\"]"), &table("lambdas = [\"b\", \"a\"]"), false);
    check_config("[workspace]\n", "[workspace]\n", false);
    check_config(&table("platform ="), &table("platform ="), false);
}

const PROJECT: &str =
    "[project]\nname = \"two\"\nversion = \"1\"\ndependencies = [\"low\", \"boto3\"]\n";

#[track_caller]
fn check_project(old: &str, new: &str, expected: bool) {
    let internal = ["low", "high"].iter().map(|name| name.parse().unwrap()).collect();
    assert_eq!(same_project(old, new, &internal), expected, "{new}");
}

#[test]
fn a_project_without_what_no_image_reads() {
    for new in [
        PROJECT.replace("\"boto3\"", "\"boto3>=2\", \"requests\""),
        PROJECT.replace("version = \"1\"", "version = \"2\""),
        format!("# a comment\n\n{PROJECT}[tool.ruff]\nline-length = 100\n"),
        format!("{PROJECT}[dependency-groups]\ntest = [\"high\"]\n"),
        format!("{PROJECT}[tool.lambda-image]\nsecrets = [\"id=token,env=TOKEN\"]\n"),
        format!("{PROJECT}[tool.lambda-image]\ncache_from = [\"type=local,src=x\"]\n"),
    ] {
        check_project(PROJECT, &new, true);
    }
}

#[test]
fn projects_that_differ() {
    for new in [
        PROJECT.replace("\"low\"", "\"low\", \"high\""),
        PROJECT.replace("\"low\"", "\"low[x]\""),
        PROJECT.replace("\"low\", ", ""),
        PROJECT.replace("two", "zwei"),
        PROJECT.replace("\"boto3\"", "\"boto3\", "),
        format!("{PROJECT}[tool.uv.sources]\nboto3 = {{ path = \"../boto3\" }}\n"),
        format!("{PROJECT}[tool.uv]\ndefault-groups = [\"prod\"]\n"),
        format!("{PROJECT}[project.optional-dependencies]\nx = [\"high\"]\n"),
        format!("{PROJECT}[tool.lambda-image]\nplatform = \"linux/arm64\"\n"),
        format!("{PROJECT}["),
    ] {
        let is_same = new == PROJECT.replace("\"boto3\"", "\"boto3\", ");
        check_project(PROJECT, &new, is_same);
    }
    check_project("[", "[", false);
}

#[test]
fn locks_of_bases() {
    let lock = |digit: &str, day: &str| {
        format!(
            "version = 1\n[[base]]\nreference = \"python:3.13\"\ndigest = \"sha256:{}\"\nresolved = \"{day}\"\n",
            digit.repeat(64)
        )
    };
    assert!(parse_base_lock(&lock("a", "2026-11-24")).1.is_empty());
    assert!(same_base_lock(&lock("a", "2026-11-24"), &lock("a", "2026-11-25")));
    assert!(!same_base_lock(&lock("a", "2026-11-24"), &lock("b", "2026-11-24")));
    assert!(!same_base_lock("version = 9", "version = 9"));
}
