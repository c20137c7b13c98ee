//! ECR from end to end: the real `aws` client before moto, the real `docker login` before a registry
//! that wants the password that moto's ECR gives.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{
    ACCOUNT, Amazon, ClosedRegistry, Ended, PASSWORD, REGION, Workspace, field, image,
    write_docker_config,
};

/// A workspace that pushes to a closed registry as if that were ECR's.
struct World {
    amazon: Option<Amazon>,
    registry: ClosedRegistry,
    workspace: Workspace,
}

impl World {
    /// `auths`: what docker knows of the registry's host.
    fn new(kind: &str, auth: Option<&str>) -> World {
        World::with_keys(kind, auth, "")
    }

    /// The same with more keys in its configuration.
    fn with_keys(kind: &str, auth: Option<&str>, more: &str) -> World {
        let registry = ClosedRegistry::start();
        let host = registry.host();
        let config = format!(
            "registry = \"{host}\"\nregistry-kind = \"{kind}\"\necr-tags = \"immutable\"\n{more}"
        );
        let workspace = Workspace::of_four(&config);
        let auths = auth.map_or(json!({}), |auth| json!({ host: { "auth": auth } }));
        write_docker_config(workspace.beside(), &auths);
        World { amazon: Some(Amazon::start()), registry, workspace }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.workspace.xtask(arguments);
        if let Some(amazon) = &self.amazon {
            amazon.surround(&mut command);
        }
        command.env("DOCKER_CONFIG", self.workspace.beside().join("docker-config"));
        command
    }

    #[track_caller]
    fn run(&self, arguments: &[&str], code: i32) -> Ended {
        let ended = Ended::of(&mut self.command(arguments)).expect_code(code);
        assert!(!ended.stderr.contains(PASSWORD) && !ended.stdout.contains(PASSWORD));
        ended
    }

    #[track_caller]
    fn build(&self, arguments: &[&str], code: i32) -> Value {
        self.run(&[&["build-lambdas", "--format", "json"], arguments].concat(), code).json()
    }

    fn repository(&self, image: &str) -> String {
        format!("{image}-{}", self.workspace.stack())
    }

    /// What docker keeps for the host.
    fn kept(&self) -> Value {
        let path = self.workspace.beside().join("docker-config/config.json");
        let config: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        config["auths"][self.registry.host()]["auth"].clone()
    }
}

/// `AWS:` and the password, as docker keeps them.
const KEPT: &str = "QVdTOjEyMzQ1Njc4OTAxMi1hdXRoLXRva2Vu";

fn builds(calls: &[String]) -> usize {
    calls.iter().filter(|call| call.starts_with("buildx build ")).count()
}

#[test]
fn repositories_are_made_and_a_login_where_there_is_none() {
    let mut world = World::new("ecr", None);
    let answer = world.build(&["--push", "--create-repositories"], 0);
    assert!(field(&answer, "result").values().all(|result| *result == "built"), "{answer:#}");
    assert_eq!(world.kept(), KEPT);
    let calls = world.workspace.docker_calls();
    let logins: Vec<&String> = calls.iter().filter(|call| call.starts_with("login ")).collect();
    let login = format!("login --username AWS --password-stdin {}", world.registry.host());
    assert_eq!(logins, [&login]);
    assert!(!calls.iter().any(|call| call.contains(PASSWORD)), "{calls:#?}");

    let amazon = world.amazon.take().unwrap();
    let made = amazon.ask(&["ecr", "describe-repositories"]);
    let made = made["repositories"].as_array().unwrap();
    let mut names: Vec<&str> =
        made.iter().map(|repository| repository["repositoryName"].as_str().unwrap()).collect();
    names.sort_unstable();
    let wanted = ["alone", "base-core", "reader", "writer"].map(|name| world.repository(name));
    assert_eq!(names, wanted);
    for repository in made {
        assert_eq!(repository["imageTagMutability"], "IMMUTABLE");
        assert_eq!(repository["imageScanningConfiguration"]["scanOnPush"], true);
    }

    // Now nobody at Amazon has to be asked.
    drop(amazon);
    let answer = world.build(&["--push"], 0);
    assert!(field(&answer, "result").values().all(|result| *result == "up-to-date"));
    let calls = world.workspace.docker_calls();
    assert!(!calls.iter().any(|call| call.starts_with("login ")), "{calls:#?}");
}

#[test]
fn all_missing_repositories_are_named_before_anything_is_built() {
    let world = World::new("ecr", Some(KEPT));
    let there = world.repository("alone");
    let amazon = world.amazon.as_ref().unwrap();
    amazon.ask(&["ecr", "create-repository", "--repository-name", &there]);
    let ended = world.run(&["build-lambdas", "--push"], 4);
    let [core, reader, writer] =
        ["base-core", "reader", "writer"].map(|name| world.repository(name));
    assert_eq!(
        ended.stderr,
        format!(
            "error: the registry has no repository `{core}`, `{reader}`, `{writer}`\n\
             hint: `cargo xtask build-lambdas --create-repositories` makes them; by hand: `aws ecr create-repository --region {REGION} --repository-name {core}`, and so for each\n"
        )
    );
    assert_eq!(ended.stdout, "");
    assert_eq!(builds(&world.workspace.docker_calls()), 0);

    // What is there can be pushed to.
    let answer = world.build(&["--push", "alone"], 0);
    assert_eq!(image(&answer, "alone")["result"], "built");
}

#[test]
fn a_repository_of_images_and_caches_is_made_with_tags_that_move() {
    let keys = "cache-to = [\"registry,ref={registry}/{name}-{stack}:cache\"]\n";
    let world = World::with_keys("ecr", Some(KEPT), keys);
    let push =
        ["build-lambdas", "--push", "--create-repositories", "--cache-write=always", "alone"];
    world.run(&push, 0);
    let amazon = world.amazon.as_ref().unwrap();
    let name = world.repository("alone");
    let made = amazon.ask(&["ecr", "describe-repositories", "--repository-names", &name]);
    let made = &made["repositories"][0];
    assert_eq!(made["imageTagMutability"], "MUTABLE");
    assert_eq!(made["imageScanningConfiguration"]["scanOnPush"], true);
}

#[test]
fn the_repository_of_caches_is_made_with_tags_that_move() {
    let keys = "cache-from = [\"registry\"]\ncache-to = [\"registry\"]\n";
    let world = World::with_keys("ecr", Some(KEPT), keys);
    let amazon = world.amazon.as_ref().unwrap();
    let there = world.repository("alone");
    amazon.ask(&["ecr", "create-repository", "--repository-name", &there]);

    // Who only reads does not need it: there is nothing to import.
    let answer = world.build(&["--push", "alone"], 0);
    assert_eq!(image(&answer, "alone")["result"], "built");
    let force = ["build-lambdas", "--push", "--force", "--cache-write=always", "alone"];
    drop(world.workspace.docker_calls());
    let ended = world.run(&force, 4);
    assert!(
        ended.stderr.starts_with("error: the registry has no repository `cache`\n"),
        "{}",
        ended.stderr
    );
    assert_eq!(builds(&world.workspace.docker_calls()), 0);
    let ended = world.run(&["build-lambdas", "--push", "--cache-write=always"], 4);
    let [core, reader, writer] =
        ["base-core", "reader", "writer"].map(|name| world.repository(name));
    let missing = format!(
        "error: the registry has no repository `{core}`, `cache`, `{reader}`, `{writer}`\n"
    );
    assert!(ended.stderr.starts_with(&missing), "{}", ended.stderr);

    let ended = world.run(&[&force[..], &["--create-repositories"]].concat(), 0);
    assert!(ended.stderr.contains("made    the repository cache\n"), "{}", ended.stderr);
    let made = amazon.ask(&["ecr", "describe-repositories", "--repository-names", "cache"]);
    assert_eq!(made["repositories"][0]["imageTagMutability"], "MUTABLE");
    assert_eq!(made["repositories"][0]["imageScanningConfiguration"]["scanOnPush"], false);
    let calls = world.workspace.docker_calls();
    let cache = format!("ref={}/cache:alone-linux-amd64", world.registry.host());
    let is_written = |call: &String| {
        call.split(' ').any(|word| word.starts_with("--cache-to=") && word.contains(&cache))
    };
    assert!(calls.iter().any(is_written), "{calls:#?}");
}

#[test]
fn an_old_password_is_replaced_by_a_login() {
    // `AWS:old`
    let world = World::new("ecr", Some("QVdTOm9sZA=="));
    let answer = world.build(&["--push", "--create-repositories", "alone"], 0);
    assert_eq!(image(&answer, "alone")["result"], "built");
    assert_eq!(world.kept(), KEPT);
}

#[test]
fn a_login_that_fails_is_told_with_its_command() {
    let mut world = World::new("ecr", Some("QVdTOm9sZA=="));
    // Its client asks an Amazon that has gone.
    let mut command = world.command(&["build-lambdas", "--push"]);
    drop(world.amazon.take());
    let ended = Ended::of(&mut command).expect_code(4);
    let start = format!(
        "error: failed to run `aws ecr get-login-password --region {REGION}`: Could not connect to the endpoint URL"
    );
    assert!(ended.stderr.starts_with(&start), "{}", ended.stderr);
    assert!(ended.stderr.contains("\nhint: `aws sts get-caller-identity`"), "{}", ended.stderr);
    assert_eq!(builds(&world.workspace.docker_calls()), 0);
}

#[test]
fn elsewhere_docker_must_know_the_password() {
    let host_of = |world: &World| world.registry.host();
    let world = World::new("other", None);
    let ended = world.run(&["build-lambdas", "--push"], 4);
    let host = host_of(&world);
    assert_eq!(
        ended.stderr,
        format!(
            "error: the registry `{host}` wants credentials, and docker has none for it\n\
             hint: `docker login {host}`, as somebody who may pull and push\n"
        )
    );
    let world = World::new("other", Some("QVdTOm9sZA=="));
    let ended = world.run(&["build-lambdas", "--push"], 4);
    let host = host_of(&world);
    let start = format!("error: the registry `{host}` refuses the credentials that docker has: ");
    assert!(ended.stderr.starts_with(&start), "{}", ended.stderr);
    assert_eq!(builds(&world.workspace.docker_calls()), 0);

    let world = World::new("other", Some(KEPT));
    let answer = world.build(&["--push"], 0);
    assert!(field(&answer, "result").values().all(|result| *result == "built"));
}

#[test]
fn the_registry_of_an_account_is_asked_of_sts() {
    let workspace = Workspace::of_four("registry = \"ecr\"\n");
    let amazon = Amazon::start();
    let command = |arguments: &[&str]| {
        let mut command = workspace.xtask(arguments);
        amazon.surround(&mut command);
        // Nobody is behind this port: the real ECR is not to be asked.
        command.env("HTTPS_PROXY", "http://127.0.0.1:1").env_remove("NO_PROXY");
        command.env_remove("no_proxy");
        command
    };
    let dry_run = ["build-lambdas", "--dry-run", "--format", "json"];
    let plan = Ended::of(&mut command(&dry_run)).expect_code(0).json();
    let name = |registry: &str| format!("{registry}alone-{}:", workspace.stack());
    let reference = image(&plan, "alone")["image_ref"].as_str().unwrap();
    let registry = format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/");
    assert!(reference.starts_with(&name(&registry)), "{reference}");

    let ended = Ended::of(&mut command(&["build-lambdas"])).expect_code(4);
    let host = registry.trim_end_matches('/');
    let start = format!("error: the registry `{host}` can't be reached: ");
    assert!(ended.stderr.starts_with(&start), "{}", ended.stderr);

    // For the local store no account is asked for.
    let mut load = command(&["build-lambdas", "--load", "--dry-run", "--format", "json"]);
    drop(amazon);
    let plan = Ended::of(&mut load).expect_code(0).json();
    let reference = image(&plan, "alone")["image_ref"].as_str().unwrap();
    assert!(reference.starts_with(&name("")), "{reference}");
    let ended = workspace.run(&["build-lambdas", "--dry-run"], 4);
    assert!(ended.stderr.starts_with("error: failed to run `aws sts get-caller-identity"));
}
