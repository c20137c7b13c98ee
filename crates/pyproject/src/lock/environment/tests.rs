//! Which markers hold in an image with Python 3.13 on Linux, and which nobody can tell.

use super::{Environment, Requested, Truth};
use crate::lock::marker_eval::Marker;

#[track_caller]
fn check(python: &str, marker: &str, expected: Truth) {
    let environment = Environment::cpython_on_linux(python, "x86_64");
    let truth = Marker::new(marker).evaluate(&environment, Requested::Unknown);
    assert_eq!(truth, expected, "{python}: {marker}");
}

#[test]
fn decided_by_a_full_version() {
    for (marker, expected) in [
        ("python_version >= '3.9'", true),
        ("python_version < '3.9'", false),
        ("python_version == '3.13'", true),
        ("python_version in '3.12, 3.13'", true),
        ("python_version not in '3.11 3.12'", true),
        ("python_full_version >= '3.13.1'", true),
        ("python_full_version == '3.13.*'", true),
        ("'3.13.2' <= python_full_version", false),
        ("implementation_version < '3.13.2'", true),
        ("sys_platform == 'linux'", true),
        ("sys.platform != \"linux\"", false),
        ("os_name == 'nt'", false),
        ("'linux' in sys_platform", true),
        ("sys_platform in 'linux darwin'", true),
        ("sys_platform not in 'linux darwin'", false),
        ("'win' not in sys_platform", true),
        ("platform_machine == 'aarch64'", false),
        ("platform_system == 'Linux' and platform_python_implementation == 'CPython'", true),
        ("python_implementation == 'PyPy' or implementation_name == 'cpython'", true),
    ] {
        check("3.13.1", marker, Some(expected).into());
    }
}

/// What all final releases of 3.13 have in common.
#[test]
fn decided_by_a_minor_version() {
    for (marker, expected) in [
        ("python_version == '3.13'", Some(true)),
        ("python_full_version < '3.11'", Some(false)),
        ("python_full_version <= '3.11.0a6'", Some(false)),
        ("python_full_version >= '3.13'", Some(true)),
        ("python_full_version < '3.13'", Some(false)),
        ("python_full_version == '3.13.*'", Some(true)),
        ("python_full_version != '3.13.*'", Some(false)),
        ("python_full_version == '3.12.4'", Some(false)),
        ("python_full_version < '3.14.0rc1'", Some(true)),
        ("python_full_version ~= '3.11'", Some(true)),
        ("python_full_version >= '3.13.1'", None),
        ("python_full_version == '3.13.2'", None),
        ("python_full_version == '3.13'", None),
        ("python_full_version == '3.13.2.*'", None),
        ("python_full_version != '3.13.2'", None),
        ("python_full_version ~= '3.13.2'", None),
        ("'3.11' < python_full_version", None),
        ("implementation_version < '3.13'", None),
    ] {
        check("3.13", marker, expected.into());
    }
}

#[test]
fn undecided() {
    for marker in [
        "extra == 's3'",
        "'s3' in extras",
        "platform_release >= '6'",
        "platform_version == 'x'",
        "sys_platform < 'x'",
        "sys_platform ~= 'linux'",
        "'a' == 'a'",
        "os_name == sys_platform",
        "python_version in '3.130'",
        "'3' in python_version",
        "python_version >= 'three'",
        "no marker",
        "",
    ] {
        check("3.13.1", marker, Truth::Unknown);
    }
    let nothing = Environment::default();
    let truth = |marker| Marker::new(marker).evaluate(&nothing, Requested::Unknown);
    assert_eq!(truth("python_version >= '2'"), Truth::Unknown);
    assert_eq!(truth("python_full_version >= '2'"), Truth::Unknown);
}

#[test]
fn a_platform_release_is_decided_where_it_is_equal() {
    let environment =
        Environment { platform_release: Some("6.8".to_owned()), ..Environment::default() };
    let truth = |marker| Marker::new(marker).evaluate(&environment, Requested::Unknown);
    assert_eq!(truth("platform_release == '6.8'"), Truth::True);
    assert_eq!(truth("platform_release != '6.8'"), Truth::False);
    assert_eq!(truth("platform_release == '6.8.0'"), Truth::Unknown);
}

#[test]
fn extras() {
    let (s3, nothing) = ("s3".parse().unwrap(), Environment::default());
    let truth = |marker, requested| Marker::new(marker).evaluate(&nothing, requested);
    for (marker, none, asked) in [
        ("extra == 'S3'", Truth::False, Truth::True),
        ("'s3' == extra", Truth::False, Truth::True),
        ("extra != 's3'", Truth::True, Truth::False),
        ("extra == 'sql'", Truth::False, Truth::Unknown),
        ("extra == 's3' and extra == 'sql'", Truth::False, Truth::Unknown),
        ("extra == ''", Truth::Unknown, Truth::Unknown),
        ("extra in 's3'", Truth::Unknown, Truth::Unknown),
    ] {
        assert_eq!(truth(marker, Requested::NoExtra), none, "{marker}");
        assert_eq!(truth(marker, Requested::Extra(&s3)), asked, "{marker}");
    }
}
