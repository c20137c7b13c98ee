//! Which processes are the engine's, and what is measured.

use super::*;

const HOME: &str = "/src/target/engine";
const GROUP: &str = "lambda-images-00";

#[track_caller]
fn check(program: &str, groups: &str, expected: Option<&str>) {
    let name = name_if_ours(Some(Path::new(program)), groups, Path::new(HOME), GROUP);
    assert_eq!(name.as_deref(), expected);
}

#[test]
fn daemons_are_known_by_their_folder() {
    check("/src/target/engine/packages/usr/sbin/dockerd", "0::/", Some("dockerd"));
    check("/src/target/engine/packages/usr/bin/containerd (deleted)", "0::/", Some("containerd"));
    check("/usr/sbin/dockerd", "0::/", None);
    check("/src2/target/engine/packages/usr/sbin/dockerd", "0::/", None);
    check("/src/target/engine2/packages/usr/sbin/dockerd", "0::/", None);
}

#[test]
fn somebodys_client_and_this_task_are_not_ours_to_end() {
    check("/src/target/engine/packages/usr/bin/docker", "0::/user.slice", None);
    check("/src/target/debug/xtask", "0::/user.slice", None);
}

#[test]
fn containers_are_known_by_their_group() {
    check("/usr/bin/python3", "0::/lambda-images-00/abc\n", Some("container"));
    check("/bin/sh", "9:name=systemd:/\n8:pids:/lambda-images-00/buildkit/x\n", Some("container"));
    check("/bin/sh", "8:pids:/lambda-images-001/x\n", None);
    assert_eq!(name_if_ours(None, "0::/", Path::new(HOME), GROUP), None);
}

#[test]
fn scripts_of_the_stand_in_are_ours() {
    check("/src/target/engine/stand-in/root/usr/bin/dpkg", "0::/", Some("script"));
}

#[test]
fn groups_go_from_the_inside_out() {
    let folder = tempfile::tempdir().unwrap();
    let group = folder.path().join("group");
    fs::create_dir_all(group.join("a/b")).unwrap();
    fs::create_dir_all(group.join("c")).unwrap();
    remove_group(&group).unwrap();
    assert!(!group.exists());
}

#[test]
fn a_hard_link_is_measured_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a");
    fs::write(&file, vec![1; 100_000]).unwrap();
    let alone = measure(folder.path()).unwrap();
    fs::hard_link(&file, folder.path().join("b")).unwrap();
    assert_eq!(measure(folder.path()).unwrap(), alone);
    assert!(alone >= 100_000);
    assert_eq!(measure(Path::new("/nonexistent")), None);
}
