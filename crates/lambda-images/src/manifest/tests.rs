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
    manifest.insert(&plan_of("one:1").plan.images[0], &stored(), 12);
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
              "sizes": {
                "image": 7,
                "inputs": 12
              }
            }
          ]
        }
    "#]].assert_eq(&manifest.render());
    assert_eq!(Manifest::parse(&manifest.render()), Some(manifest));
}

#[test]
fn entries_are_sorted_and_replaced_by_name() {
    let plan = plan_of("two:1 one:1").plan;
    let mut manifest = Manifest::new("dev");
    for image in plan.images.iter().chain(&plan.images) {
        manifest.insert(image, &stored(), 0);
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
        manifest.insert(image, &stored(), 0);
    }
    manifest.prune("dev", &graph);
    assert_eq!(manifest.images.len(), 1);
    manifest.prune("prod", &graph);
    assert_eq!(manifest, Manifest::new("prod"));
}

#[test]
fn a_damaged_manifest_is_none() {
    assert_eq!(Manifest::parse("{\"version\":1,"), None);
    assert_eq!(Manifest::parse("{\"version\":9,\"stack\":\"dev\",\"images\":[]}"), None);
}
