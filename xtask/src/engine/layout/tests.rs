//! Where sockets go, and the names that tell checkouts apart.

use super::*;

#[track_caller]
fn check_runtime(home: &str, expected: &str) {
    assert_eq!(choose_runtime(Path::new(home)), Path::new(expected));
}

#[test]
fn sockets_lie_inside_where_their_paths_are_short_enough() {
    check_runtime("/src/target/engine", "/src/target/engine/run");
    let longest = format!("/{}", "x".repeat(SOCKET_PATH_LIMIT - LONGEST_SOCKET_NAME - 5));
    check_runtime(&longest, &format!("{longest}/run"));
}

#[test]
fn sockets_lie_in_a_short_folder_otherwise() {
    let home = format!("/{}", "x".repeat(SOCKET_PATH_LIMIT - LONGEST_SOCKET_NAME - 4));
    let runtime = choose_runtime(Path::new(&home));
    assert_eq!(runtime.parent(), Some(Path::new("/run")));
    assert!(runtime.as_os_str().len() + LONGEST_SOCKET_NAME <= SOCKET_PATH_LIMIT);
}

#[test]
fn each_checkout_has_a_name_of_its_own() {
    assert_eq!(own_name(Path::new("/a")), own_name(Path::new("/a")));
    assert_ne!(own_name(Path::new("/a")), own_name(Path::new("/b")));
}

/// Values of the authors: <http://www.isthe.com/chongo/tech/comp/fnv/>.
#[test]
fn fnv1a_is_fnv1a() {
    assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
    assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
    assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
}
