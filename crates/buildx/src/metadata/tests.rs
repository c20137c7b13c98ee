//! Files as buildx writes them, for a push, for each kind of local store, and for no output.

use std::error::Error as _;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(text: &str, expected: &Expect) {
    let text = match parse_metadata(text) {
        Ok(metadata) => format!("{metadata:#?}\n"),
        Err(error) => format!("{error}: {}\n", error.source().unwrap()),
    };
    expected.assert_eq(&text);
}

#[test]
fn pushed() {
    check(
        r#"{
  "buildx.build.provenance": {"buildType": "https://mobyproject.org/buildkit@v1"},
  "buildx.build.ref": "default/default/0fjb6ubs52xx3vygf6fgdl611",
  "containerimage.config.digest": "sha256:2937",
  "containerimage.descriptor": {
    "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
    "digest": "sha256:19ff",
    "size": 506,
    "annotations": {"config.digest": "sha256:2937"}
  },
  "containerimage.digest": "sha256:19ff",
  "image.name": "r.example/polling:git-0,r.example/polling:sha-1"
}"#,
        &expect![[r#"
            Metadata {
                digest: Some(
                    "sha256:19ff",
                ),
                config_digest: Some(
                    "sha256:2937",
                ),
                image_names: [
                    "r.example/polling:git-0",
                    "r.example/polling:sha-1",
                ],
                descriptor: Some(
                    Descriptor {
                        media_type: "application/vnd.docker.distribution.manifest.v2+json",
                        digest: "sha256:19ff",
                        size: 506,
                    },
                ),
                build_ref: Some(
                    "default/default/0fjb6ubs52xx3vygf6fgdl611",
                ),
            }
        "#]],
    );
}

#[test]
fn loaded_without_the_containerd_image_store() {
    check(
        r#"{"buildx.build.ref":"default/default/a","containerimage.config.digest":"sha256:2937","containerimage.digest":"sha256:2937","image.name":"r.example/library/a:b"}"#,
        &expect![[r#"
            Metadata {
                digest: Some(
                    "sha256:2937",
                ),
                config_digest: Some(
                    "sha256:2937",
                ),
                image_names: [
                    "r.example/library/a:b",
                ],
                descriptor: None,
                build_ref: Some(
                    "default/default/a",
                ),
            }
        "#]],
    );
}

#[test]
fn cache_only() {
    check(
        r#"{"buildx.build.ref":"default/default/a"}"#,
        &expect![[r#"
            Metadata {
                digest: None,
                config_digest: None,
                image_names: [],
                descriptor: None,
                build_ref: Some(
                    "default/default/a",
                ),
            }
        "#]],
    );
}

#[test]
fn broken() {
    check(
        "",
        &expect![[r#"
        parse the metadata that `docker buildx build` wrote: EOF while parsing a value at line 1 column 0
    "#]],
    );
    check(
        r#"{"containerimage.digest": 7}"#,
        &expect![[r#"
        parse the metadata that `docker buildx build` wrote: invalid type: integer `7`, expected a string at line 1 column 27
    "#]],
    );
}

#[test]
fn indexes() {
    let is_index = |media_type: &str| {
        let media_type = media_type.to_owned();
        Descriptor { media_type, digest: String::new(), size: 0 }.is_index()
    };
    assert!(is_index("application/vnd.oci.image.index.v1+json"));
    assert!(is_index("application/vnd.docker.distribution.manifest.list.v2+json"));
    assert!(!is_index("application/vnd.oci.image.manifest.v1+json"));
    assert!(!is_index("application/vnd.docker.distribution.manifest.v2+json"));
}

proptest! {
    #[test]
    fn never_panics(text in "\\PC{0,40}|\\{\"image.name\":[\\[\\]\"a,0-9]{0,8}\\}") {
        drop(parse_metadata(&text));
    }
}
