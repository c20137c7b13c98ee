use super::*;
use expect_test::{Expect, expect};

#[track_caller]
fn check_problems(text: &str, expected: &Expect) {
    let (_, problems) = parse_config("Cargo.toml", text);
    let shown: Vec<_> = problems.iter().map(ToString::to_string).collect();
    expected.assert_eq(&shown.join("\n"));
}

fn config(body: &str) -> Config {
    let (config, problems) =
        parse_config("Cargo.toml", &format!("[workspace.metadata.lambda-images]\n{body}"));
    assert_eq!(problems, []);
    config
}

#[test]
fn the_conventional_layout_needs_no_configuration() {
    let (config, problems) = parse_config("Cargo.toml", "[workspace]\nmembers = [\"xtask\"]\n");
    assert_eq!(problems, []);
    assert_eq!(config.packages[0].value, "packages/*");
    assert_eq!(config.lambdas[0].value, "lambdas/*");
    assert_eq!(config.repository.value, "{name}-{stack}");
    assert_eq!(
        (config.registry, config.stack.as_str(), config.platform.as_str()),
        (None, "dev", "linux/amd64")
    );
    assert_eq!(
        (config.tag_policy, config.context, config.network),
        (TagPolicy::Git, ContextKind::Image, Network::Default)
    );
}

#[test]
fn every_key_has_its_effect() {
    let config = config(
        r#"
packages = ["libs/*"]
lambdas = ["functions/*", "jobs/*"]
registry = "localhost:5000/team"
repository = "shop/{name}-{stack}"
stack = "prod"
platform = "linux/aarch64"
base = "base-receipt-label"
context = "workspace"
mirrors = { "public.ecr.aws/" = "mirror.example/aws/" }
tag-policy = "content"
args = { PIP_INDEX = "https://pypi.example/simple" }
network = "host"
[[workspace.metadata.lambda-images.images]]
name = "legacy"
kind = "base"
dockerfile = "legacy/Dockerfile.arm"
context = "workspace"
contexts = { assets = "legacy/assets" }
target = "final"
args = { A = "1" }
platform = "linux/amd64"
base = "python:3.13"
secrets = ["id=token,env=TOKEN"]
"#,
    );
    let lambdas: Vec<_> = config.lambdas.iter().map(|text| text.value.as_str()).collect();
    assert_eq!(
        (config.packages[0].value.as_str(), lambdas),
        ("libs/*", vec!["functions/*", "jobs/*"])
    );
    assert_eq!(
        config.registry,
        Some(RegistrySetting::Host("localhost:5000/team".parse().unwrap()))
    );
    assert_eq!(
        (config.repository.value.as_str(), config.stack.as_str()),
        ("shop/{name}-{stack}", "prod")
    );
    assert_eq!(
        (config.platform.as_str(), config.base.unwrap().value.as_str()),
        ("linux/arm64", "base-receipt-label")
    );
    assert_eq!(
        (config.context, config.tag_policy, config.network),
        (ContextKind::Workspace, TagPolicy::Content, Network::Host)
    );
    assert_eq!(config.mirrors.apply("public.ecr.aws/x").as_deref(), Some("mirror.example/aws/x"));
    let value = |arg: &ArgValue| arg.value(&Variables::default()).map(str::to_owned);
    assert_eq!(value(&config.args["PIP_INDEX"]).as_deref(), Some("https://pypi.example/simple"));
    let image = &config.images[0];
    assert_eq!(
        (image.kind, image.name.as_ref().unwrap().value.as_str()),
        (Some(Kind::Base), "legacy")
    );
    assert_eq!(image.contexts["assets"].value, "legacy/assets");
    assert_eq!(
        (value(&image.args["A"]).as_deref(), image.secrets[0].value.as_str()),
        (Some("1"), "id=token,env=TOKEN")
    );
    assert_eq!(image.place, (15, 1));
}

#[test]
fn all_problems_are_told_with_their_places() {
    check_problems(
        r#"[workspace.metadata.lambda-images]
lambda = ["a/*"]
zzz = 1
packages = "packages/*"
context = "root"
platform = "linux"
registry = "https://registry.example"
repository = "{stack}"
args = { A = 1 }
mirrors = { "a/" = "b" }
[[workspace.metadata.lambda-images.images]]
kind = "function"
targets = "x"
"#,
        &expect![[r#"
            Cargo.toml:2:1: unknown key `lambda`
              hint: did you mean `lambdas`?
            Cargo.toml:3:1: unknown key `zzz`
              hint: the keys are `packages`, `lambdas`, `registry`, `registry-kind`, `ecr-tags`, `repository`, `stack`, `platform`, `base`, `context`, `mirrors`, `tag-policy`, `check-tags-exclude`, `args`, `secrets`, `ssh`, `network`, `cache-from`, `cache-to`, `protected-stacks`, `images`
            Cargo.toml:4:12: `packages` must be a list of strings, not a string
            Cargo.toml:5:11: `context` must be "image" or "workspace", not "root"
            Cargo.toml:9:14: `args.A` must be a string or `{ env = "VARIABLE" }`, not an integer
            Cargo.toml:7:12: `https://registry.example` is not an image reference: its host must be `name`, `name:port` or `[IPv6 address]:port`
              hint: give a host such as `123456789012.dkr.ecr.us-east-1.amazonaws.com`, without `https://`, or `ecr`
            Cargo.toml:8:14: `repository` has no `{name}`: all images would share one repository
              hint: as in "{name}-{stack}"
            Cargo.toml:6:12: `linux` is not a platform of Lambda, `linux/amd64` or `linux/arm64`
              hint: as in "linux/arm64"
            Cargo.toml:10:20: in the mirror `a/` = `b` one side ends with `/` and the other does not
              hint: as in `"public.ecr.aws/" = "mirror.example/ecr-public/"`
            Cargo.toml:12:8: `kind` must be "base" or "lambda", not "function"
            Cargo.toml:13:1: unknown key `targets`
              hint: did you mean `target`?
            Cargo.toml:11:1: this image has no `name`
              hint: add `name = "…"`
            Cargo.toml:11:1: this image has no `dockerfile`
              hint: add `dockerfile = "…"`"#]],
    );
}

#[test]
fn what_is_not_toml_is_one_problem() {
    check_problems("[workspace\n", &expect!["Cargo.toml:1:11: unclosed table, expected `]`"]);
    check_problems(
        "workspace.metadata.lambda-images = 1",
        &expect!["Cargo.toml:1:36: `workspace.metadata.lambda-images` must be a table"],
    );
}

#[test]
fn registries_of_amazon() {
    let found = config("registry = \"ecr\"\necr-tags = \"immutable\"");
    assert_eq!(found.registry, Some(RegistrySetting::Ecr));
    assert_eq!((found.registry_kind, found.ecr_tags), (None, RepositoryTags::Immutable));
    let found = config("registry = \"localhost:4566\"\nregistry-kind = \"ecr\"");
    assert_eq!(
        (found.registry_kind, found.ecr_tags.as_ecr_has_it()),
        (Some(RegistryKind::Ecr), "MUTABLE")
    );
}
