//! Lines of mountinfo, as the kernel writes them.

use super::*;

#[track_caller]
fn check(line: &str, expected: Option<(&str, &str)>) {
    let expected =
        expected.map(|(point, kind)| Mount { point: PathBuf::from(point), kind: kind.to_owned() });
    assert_eq!(parse_mountinfo(line), Vec::from_iter(expected));
}

#[test]
fn optional_fields_may_be_there_or_not() {
    let cgroup =
        "36 35 98:0 / /sys/fs/cgroup/pids rw,noatime master:1 shared:2 - cgroup cgroup rw,pids";
    check(cgroup, Some(("/sys/fs/cgroup/pids", "cgroup")));
    check("27 1 254:0 / / rw,relatime - ext4 /dev/vda rw", Some(("/", "ext4")));
}

#[test]
fn blanks_and_backslashes_are_escaped() {
    let line = |point: &str| format!("27 1 0:5 / {point} rw - overlay overlay rw");
    check(&line(r"/a\040b\134c\012"), Some(("/a b\\c\n", "overlay")));
    check(&line(r"/a\04"), Some((r"/a\04", "overlay")));
    check(&line(r"/\303\244"), Some(("/ä", "overlay")));
}

#[test]
fn other_lines_are_left_out() {
    check("", None);
    check("27 1 254:0 / / rw,relatime", None);
}

#[cfg(target_os = "linux")]
#[test]
fn the_root_is_mounted_but_not_below_itself() {
    assert!(load_mounts().iter().any(|mount| mount.point == Path::new("/")));
    assert!(!mounts_below(&[Path::new("/")]).contains(&PathBuf::from("/")));
    assert!(mounts_below(&[Path::new("/")]).contains(&PathBuf::from("/proc")));
}
