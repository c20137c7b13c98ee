use super::*;
use crate::config::RegistrySetting;
use crate::fingerprint::{Mode, ReadInputs, TreeDigest, inputs_of, sha256};
use crate::graph::fixture::{Texts, texts};
use crate::reference::Tag;
use crate::tree::FileState;
use expect_test::{Expect, expect};

/// A workspace, ready to be planned.
struct World {
    config: Config,
    graph: ImageGraph,
    inputs: BTreeMap<ImageName, (Inputs, Fingerprint)>,
    records: BTreeMap<ImageName, Record>,
    last: BTreeMap<ImageName, Record>,
    names: BTreeMap<ImageName, ImageNames>,
    git: BTreeMap<ImageName, GitState>,
    stored: BTreeMap<ImageName, Stored>,
    selected: BTreeSet<ImageName>,
    force: bool,
    stable: StableBases,
    to_come: BTreeSet<ImageName>,
}

fn world(texts: &Texts, content: &str) -> World {
    let (config, graph) = texts.graph();
    let content_of = |image: &Image| {
        let is_one = image.declaration.context == "lambdas/one";
        sha256(if is_one { content } else { "same" }.as_bytes())
    };
    let read = |image: &Image| ReadInputs {
        contexts: BTreeMap::from([("main".to_owned(), TreeDigest(content_of(image)))]),
        locks: BTreeMap::new(),
    };
    let all = inputs_of(&graph, graph.images().iter().map(read).collect());
    let mut world = World {
        inputs: all,
        records: BTreeMap::new(),
        last: BTreeMap::new(),
        names: BTreeMap::new(),
        git: BTreeMap::new(),
        stored: BTreeMap::new(),
        selected: BTreeSet::new(),
        force: false,
        stable: StableBases::new(),
        to_come: BTreeSet::new(),
        config,
        graph,
    };
    for (name, (inputs, fingerprint)) in world.inputs.clone() {
        let git = GitState::Clean { commit: "0123456789abcdef".to_owned() };
        let registry = match &world.config.registry {
            Some(RegistrySetting::Host(registry)) => Some(registry),
            _ => None,
        };
        world.names.insert(
            name.clone(),
            image_names(&world.config, registry, "dev", &name, &git, &fingerprint).unwrap(),
        );
        world.git.insert(name.clone(), git);
        world.records.insert(name.clone(), {
            let image = world.graph.get(&name).unwrap();
            let path = format!("{}/handler.py", image.declaration.context);
            let file = FileState { mode: Mode::File, sha256: content_of(image), size: 4 };
            Record::new(image, &inputs, fingerprint, BTreeMap::from([(path, file)]))
        });
    }
    world
}

impl World {
    /// All images exist under both their names.
    fn with_all_stored(mut self) -> World {
        for name in self.names.keys() {
            let image = StoredImage { id: name.to_string(), digest: None, size: None };
            self.stored.insert(
                name.clone(),
                Stored { identity: Some(image.clone()), reference: Some(image) },
            );
        }
        self
    }

    fn plan(&self, destination: Destination) -> Plan {
        plan(
            &self.graph,
            &PlanFacts {
                config: &self.config,
                inputs: &self.inputs,
                record_of: &|name| self.records[name].clone(),
                staged: &|name| format!("staged/{name}"),
                last: &|name| self.last.get(name).cloned(),
                names: &self.names,
                git: &self.git,
                stored: Ok(&self.stored),
                network: self.config.network,
                destination,
                selected: &self.selected,
                force: self.force,
                stable: &self.stable,
                to_come: &self.to_come,
            },
        )
    }
}

fn name(text: &str) -> ImageName {
    ImageName::new(text).unwrap()
}

#[track_caller]
fn check(world: &World, expected: &Expect) {
    let mut text = String::new();
    for image in world.plan(Destination::Local).images {
        let reasons: Vec<_> = image
            .reasons
            .iter()
            .map(|reason| reason.to_string().replace(&image.fingerprint.to_string(), "…"))
            .collect();
        text += &format!("{:?} {}: {}\n", image.action, image.name, reasons.join("; "));
    }
    expected.assert_eq(&text);
}

#[test]
fn nothing_stored_builds_all_and_all_stored_builds_nothing() {
    check(
        &world(&texts(), "old"),
        &expect![[r#"
        Build base-low: the store has no image of these inputs; never built here
        Build base-high: the store has no image of these inputs; never built here
        Build one: the store has no image of these inputs; never built here
        Build two: the store has no image of these inputs; never built here
    "#]],
    );
    check(
        &world(&texts(), "old").with_all_stored(),
        &expect![[r#"
        UpToDate base-low: `base-low-dev:sha-…` has these inputs
        UpToDate base-high: `base-high-dev:sha-…` has these inputs
        UpToDate one: `one-dev:sha-…` has these inputs
        UpToDate two: `two-dev:sha-…` has these inputs
    "#]],
    );
}

#[test]
fn reasons_say_what_changed_since_the_last_build() {
    let mut world =
        World { last: world(&texts(), "old").records, ..world(&texts(), "new").with_all_stored() };
    world.stored.remove(&name("one"));
    world.stored.remove(&name("two"));
    check(
        &world,
        &expect![[r#"
        UpToDate base-low: `base-low-dev:sha-…` has these inputs
        UpToDate base-high: `base-high-dev:sha-…` has these inputs
        Build one: the store has no image of these inputs; `lambdas/one/handler.py` changed
        Build two: the store has no image of these inputs; same inputs as the last build, but its image is gone
    "#]],
    );
}

#[test]
fn an_image_without_its_name_is_only_named() {
    let mut world = world(&texts(), "old").with_all_stored();
    world.stored.get_mut(&name("one")).unwrap().reference = None;
    world.stored.get_mut(&name("two")).unwrap().reference.as_mut().unwrap().id =
        "another".to_owned();
    check(
        &world,
        &expect![[r#"
        UpToDate base-low: `base-low-dev:sha-…` has these inputs
        UpToDate base-high: `base-high-dev:sha-…` has these inputs
        Retag one: `one-dev:sha-…` has these inputs; `one-dev:git-0123456789ab` is to name it
        Retag two: `two-dev:sha-…` has these inputs; `two-dev:git-0123456789ab` is to name it
    "#]],
    );
}

#[test]
fn a_base_is_built_only_if_somebody_needs_it() {
    let mut world = world(&texts(), "old").with_all_stored();
    world.stored.remove(&name("base-low"));
    world.selected.insert(name("two"));
    check(
        &world,
        &expect![[r#"
        UpToDate two: `two-dev:sha-…` has these inputs
    "#]],
    );
    world.stored.remove(&name("two"));
    check(
        &world,
        &expect![[r#"
            UpToDate base-high: `base-high-dev:sha-…` has these inputs
            Build two: the store has no image of these inputs; never built here
        "#]],
    );
}

#[test]
fn force_builds_what_was_asked_for() {
    let mut world = world(&texts(), "old").with_all_stored();
    world.selected.insert(name("two"));
    world.force = true;
    check(
        &world,
        &expect![[r#"
            UpToDate base-high: `base-high-dev:sha-…` has these inputs
            Build two: forced by `--force`
        "#]],
    );
}

#[test]
fn the_argv_pins_what_was_just_built() {
    let mut texts = texts();
    texts.config += "registry = \"localhost:5000\"\nmirrors = { \"public.ecr.aws/\" = \"mirror.example/\" }\nnetwork = \"host\"\n";
    let world = world(&texts, "old");
    let plan = world.plan(Destination::Registry);
    let mut built = BTreeMap::new();
    let mut text = String::new();
    let digest: Digest = format!("sha256:{}", "ab".repeat(32)).parse().unwrap();
    for image in &plan.images {
        let argv = buildx::quote_command(image.build(&built).argv())
            .replace(&image.fingerprint.to_string(), "FINGERPRINT");
        text += &format!("{argv}\n");
        let base = ImageReference {
            tag: Some("sha-base".parse::<Tag>().unwrap()),
            ..image.names.identity.clone()
        };
        built.insert(image.name.clone(), base.pinned(&digest));
    }
    expect![[r#"
        buildx build --progress=rawjson --provenance=false --sbom=false --file=staged/base-low --platform=linux/amd64 --build-context=public.ecr.aws/lambda/python:3.13=docker-image://mirror.example/lambda/python:3.13 --network=host --tag=localhost:5000/base-low-dev:sha-FINGERPRINT --output=type=image,push=true,unpack=false,oci-mediatypes=false,compression=gzip,force-compression=true target/lambda-images/.context/2/packages/low
        buildx build --progress=rawjson --provenance=false --sbom=false --file=staged/base-high --platform=linux/amd64 --build-context=base-low=docker-image://localhost:5000/base-low-dev:sha-base@sha256:abababababababababababababababababababababababababababababababab --build-arg=BASE_IMAGE=localhost:5000/base-low-dev:sha-base@sha256:abababababababababababababababababababababababababababababababab --network=host --tag=localhost:5000/base-high-dev:sha-FINGERPRINT --output=type=image,push=true,unpack=false,oci-mediatypes=false,compression=gzip,force-compression=true target/lambda-images/.context/2/packages/high
        buildx build --progress=rawjson --provenance=false --sbom=false --file=staged/one --platform=linux/amd64 --build-context=base-low=docker-image://localhost:5000/base-low-dev:sha-base@sha256:abababababababababababababababababababababababababababababababab --network=host --tag=localhost:5000/one-dev:sha-FINGERPRINT --output=type=image,push=true,unpack=false,oci-mediatypes=false,compression=gzip,force-compression=true target/lambda-images/.context/2/lambdas/one
        buildx build --progress=rawjson --provenance=false --sbom=false --file=staged/two --platform=linux/amd64 --build-context=base-high=docker-image://localhost:5000/base-high-dev:sha-base@sha256:abababababababababababababababababababababababababababababababab --build-arg=BASE_IMAGE=localhost:5000/base-high-dev:sha-base@sha256:abababababababababababababababababababababababababababababababab --network=host --tag=localhost:5000/two-dev:sha-FINGERPRINT --output=type=image,push=true,unpack=false,oci-mediatypes=false,compression=gzip,force-compression=true target/lambda-images/.context/2/lambdas/two
    "#]].assert_eq(&text);
}

#[test]
fn a_stack_that_makes_no_repository_is_refused() {
    let (config, _) = texts().graph();
    let git = GitState::Unknown { why: String::new(), paths: Vec::new() };
    let fingerprint = world(&texts(), "old").records[&name("one")].fingerprint;
    let error = image_names(&config, None, "My Stack", &name("one"), &git, &fingerprint)
        .unwrap_err()
        .to_string();
    assert!(error.contains("`one-My Stack`"), "{error}");
}

#[test]
fn what_stands_on_a_base_to_come_has_no_name_yet() {
    let mut world = world(&texts(), "old").with_all_stored();
    world.to_come = BTreeSet::from([name("base-high")]);
    world.stable = StableBases::from([(name("base-low"), "sha256:0".to_owned())]);
    check(
        &world,
        &expect![[r#"
            UpToDate base-low: `base-low-dev:git-0123456789ab` is used as it is, in development mode
            UpToDate base-high: `base-high-dev:sha-…` has these inputs
            UpToDate one: `one-dev:sha-…` has these inputs
            Build two: what `stable` of `base-high` will be is not known before that is built
        "#]],
    );
    let plan = world.plan(Destination::Local);
    let standings: Vec<Standing> = plan.images.iter().map(|image| image.standing).collect();
    let (base, on_stable, to_come) =
        (Standing::StableBase, Standing::OnStableBase, Standing::OnBaseToCome);
    assert_eq!(standings, [base, Standing::True, on_stable, to_come]);
}
