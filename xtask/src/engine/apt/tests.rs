//! Sources, from what apt says about the machine's to what the private apt reads.

use expect_test::{Expect, expect};

use super::*;

const TARGETS: &str = "\
http://mirror.example/debian/|bookworm|main|Debian|Packages
http://mirror.example/debian/|bookworm|main|Debian|DEP-11
http://mirror.example/debian/|bookworm|main|Debian|Packages
http://mirror.example/debian/|bookworm-updates|main|Debian|Packages
http://mirror.example/debian/|bookworm-backports|main|Debian|Packages
http://mirror.example/security/|bookworm-security|main|Debian|Packages
https://tools.example/apt/|bookworm|main|Tools|Packages
";

#[track_caller]
fn check_sources(targets: &str, own: &str, engine: &str, expected: &Expect) {
    let suites = Suites { own: own.to_owned(), engine: engine.to_owned() };
    let keyring = Some(Path::new("/usr/share/keyrings/archive.gpg"));
    expected.assert_eq(&render_sources(&parse_targets(targets), &suites, keyring, "amd64"));
}

#[test]
fn the_engine_comes_from_the_same_mirrors() {
    check_sources(
        TARGETS,
        "bookworm",
        "trixie",
        &expect![[r#"
        deb [arch=amd64 signed-by=/usr/share/keyrings/archive.gpg] http://mirror.example/debian/ trixie main
        deb [arch=amd64 signed-by=/usr/share/keyrings/archive.gpg] http://mirror.example/debian/ trixie-updates main
        deb [arch=amd64 signed-by=/usr/share/keyrings/archive.gpg] http://mirror.example/security/ trixie-security main
    "#]],
    );
}

#[test]
fn unstable_is_one_suite() {
    check_sources(
        TARGETS,
        "bookworm",
        "sid",
        &expect![[r#"
        deb [arch=amd64 signed-by=/usr/share/keyrings/archive.gpg] http://mirror.example/debian/ sid main
    "#]],
    );
}

#[test]
fn all_components_are_kept() {
    let targets = "http://mirror.example/ubuntu/|noble|main|Ubuntu|Packages\n\
                   http://mirror.example/ubuntu/|noble|universe|Ubuntu|Packages\n";
    check_sources(
        targets,
        "noble",
        "noble",
        &expect![[r#"
        deb [arch=amd64 signed-by=/usr/share/keyrings/archive.gpg] http://mirror.example/ubuntu/ noble main
        deb [arch=amd64 signed-by=/usr/share/keyrings/archive.gpg] http://mirror.example/ubuntu/ noble universe
    "#]],
    );
}

#[test]
fn a_machine_without_lists_gives_nothing() {
    check_sources("", "bookworm", "trixie", &expect![""]);
}
