use super::*;
use crate::graph::fixture::texts;
use crate::plan::fixture::plan_of;
use expect_test::expect;

fn stored() -> StoredImage {
    StoredImage {
        id: "x".to_owned(),
        digest: Some(format!("sha256:{}", "ab".repeat(32)).parse().unwrap()),
        size: Some(7),
    }
}

#[test]
fn an_entry_says_all_that_a_deployment_needs() {
    let mut manifest = Manifest::new("dev");
    manifest.insert(&plan_of("one:1").plan.images[0], &stored(), Destination::Registry, 12);
    expect![[r#"
        {
          "version": 1,
          "stack": "dev",
          "images": [
            {
              "name": "one",
              "kind": "lambda",
              "image_ref": "one:git-0@sha256:abababababababababababababababababababababababababababababababab",
              "repository": "one",
              "tags": [
                "git-0",
                "sha-0000000000000000000000000000000000000000000000000000000000000000"
              ],
              "digest": "sha256:abababababababababababababababababababababababababababababababab",
              "platform": "linux/amd64",
              "fingerprint": "0000000000000000000000000000000000000000000000000000000000000000",
              "git_commit": "0000000000000000000000000000000000000000",
              "dirty": false,
              "pushed": true,
              "dev": false,
              "sizes": {
                "image": 7,
                "inputs": 12
              }
            }
          ],
          "removed": []
        }
    "#]].assert_eq(&manifest.render());
    assert_eq!(Manifest::parse(&manifest.render()), Some(manifest));
}

#[test]
fn entries_are_sorted_and_replaced_by_name() {
    let plan = plan_of("two:1 one:1").plan;
    let mut manifest = Manifest::new("dev");
    for image in plan.images.iter().chain(&plan.images) {
        manifest.insert(image, &stored(), Destination::Local, 0);
    }
    assert_eq!(
        manifest.images.iter().map(|image| image.name.as_str()).collect::<Vec<_>>(),
        ["one", "two"]
    );
}

#[test]
fn what_left_the_workspace_leaves_the_manifest() {
    let (_, graph) = texts().graph();
    let mut manifest = Manifest::new("dev");
    for image in &plan_of("one:1 gone:1").plan.images {
        manifest.insert(image, &stored(), Destination::Local, 0);
    }
    let gone = BTreeSet::from([ImageName::new("gone").unwrap()]);
    manifest.prune("dev", &graph, &|name| gone.contains(name));
    assert_eq!((manifest.images.len(), manifest.removed.len()), (2, 0));
    manifest.prune("dev", &graph, &|_| false);
    assert_eq!(manifest.images.len(), 1);
    assert_eq!(manifest.removed, gone);
    // It is known to be gone until it comes back.
    manifest.prune("dev", &graph, &|_| false);
    assert_eq!(manifest.removed.len(), 1);
    manifest.removed.insert(ImageName::new("two").unwrap());
    manifest.prune("dev", &graph, &|_| false);
    assert_eq!(manifest.removed.len(), 1);
    manifest.prune("prod", &graph, &|_| false);
    assert_eq!(manifest, Manifest::new("prod"));
}

#[test]
fn a_damaged_manifest_is_none() {
    assert_eq!(Manifest::parse("{\"version\":1,"), None);
    assert_eq!(Manifest::parse("{\"version\":9,\"stack\":\"dev\",\"images\":[]}"), None);
}

#[test]
fn a_manifest_with_a_bad_name_or_reference_is_damaged() {
    let mut manifest = Manifest::new("dev");
    manifest.insert(&plan_of("one:1").plan.images[0], &stored(), Destination::Registry, 0);
    let text = manifest.render();
    for (good, bad) in
        [("\"name\": \"one\"", "\"name\": \"one two\""), ("one:git-0@", "one:git-0; id @")]
    {
        assert!(text.contains(good));
        assert_eq!(Manifest::parse(&text.replace(good, bad)), None);
    }
}

#[test]
fn what_older_versions_wrote_counts_as_not_pushed() {
    let mut manifest = Manifest::new("dev");
    manifest.insert(&plan_of("one:1").plan.images[0], &stored(), Destination::Registry, 0);
    let text = manifest.render().replace("\"pushed\": true,", "");
    let text = text.replace("],\n  \"removed\": []", "]");
    assert!(!text.contains("removed") && !text.contains("pushed"), "{text}");
    assert!(!Manifest::parse(&text).unwrap().images[0].pushed);
}
