//! Everything about an image that needs no registry.

use super::*;

#[track_caller]
fn check_upload(location: &str, expected: &str) {
    assert_eq!(locate_upload(location, "sha256:00"), expected);
}

#[test]
fn an_upload_is_found_by_path_or_url() {
    check_upload("/v2/x/blobs/uploads/1", "/v2/x/blobs/uploads/1?digest=sha256:00");
    check_upload(
        "http://localhost/v2/x/blobs/uploads/1?_state=a",
        "/v2/x/blobs/uploads/1?_state=a&digest=sha256:00",
    );
}

/// The digest of nothing, as every implementation of SHA-256 has it.
#[cfg(target_os = "linux")]
#[test]
fn digests_are_of_the_content() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(
        digest_of_bytes(b"", folder.path()).unwrap(),
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    assert!(digest_of_file(Path::new("/nonexistent")).is_err());
}

#[cfg(target_os = "linux")]
#[test]
fn a_layer_is_compressed_without_name_and_time() {
    let folder = tempfile::tempdir().unwrap();
    let digests = ["a", "b"].map(|name| {
        let (from, to) = (folder.path().join(name), folder.path().join(format!("{name}.gz")));
        fs::write(&from, "content").unwrap();
        compress(&from, &to).unwrap();
        digest_of_file(&to).unwrap()
    });
    assert_eq!(digests[0], digests[1]);
}

#[test]
fn the_configuration_names_platform_and_content() {
    let config = render_config(&json!({ "Env": ["A=b"] }), "sha256:00");
    assert_eq!(config["os"], "linux");
    assert_eq!(config["config"]["Env"][0], "A=b");
    assert_eq!(config["rootfs"]["diff_ids"], json!(["sha256:00"]));
}
