//! The order of unpacking, and what the client is told.

use expect_test::{Expect, expect};

use super::*;

#[test]
fn base_files_are_unpacked_first() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["zlib1g_1_amd64.deb", "adduser_3_all.deb", "base-files_13_amd64.deb", "lock"] {
        fs::write(folder.path().join(name), "").unwrap();
    }
    let packages = list_packages(folder.path()).unwrap();
    let names: Vec<_> = packages.iter().map(|path| path.file_name().unwrap()).collect();
    assert_eq!(names, ["base-files_13_amd64.deb", "adduser_3_all.deb", "zlib1g_1_amd64.deb"]);
}

#[test]
fn a_broken_package_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.deb", "b.deb"] {
        fs::write(folder.path().join(name), "no archive").unwrap();
    }
    let packages = list_packages(folder.path()).unwrap();
    let last = packages.into_iter().skip(1).collect();
    assert!(unpack_all(last, &folder.path().join("unpacked")).is_err());
}

#[test]
fn half_unpacked_programs_do_not_count() {
    let root = tempfile::tempdir().unwrap();
    let layout = Layout::of(root.path()).unwrap();
    let folder = layout.packages().join("usr/bin");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("docker-registry"), "").unwrap();
    assert!(find_programs(&layout, Wanted::Registry).is_none());
    fs::write(layout.packages().join("recipe"), render_recipe(None)).unwrap();
    assert!(find_programs(&layout, Wanted::Registry).is_some());
    assert!(find_programs(&layout, Wanted::Engine).is_none());
}

#[test]
fn unpacked_programs_say_of_which_suite_they_are() {
    let root = tempfile::tempdir().unwrap();
    let layout = Layout::of(root.path()).unwrap();
    assert_eq!(find_unpacked(&layout), Unpacked::Nothing);
    let folder = layout.packages().join("usr/bin");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("docker-registry"), "").unwrap();
    for (suite, expected) in
        [(None, Unpacked::Usual), (Some("forky"), Unpacked::Suite("forky".to_owned()))]
    {
        fs::write(layout.packages().join("recipe"), render_recipe(suite)).unwrap();
        assert_eq!(find_unpacked(&layout), expected);
        assert!(find_programs(&layout, Wanted::Registry).is_some());
    }
    // Of an older recipe: fetched anew, from the same suite.
    fs::write(layout.packages().join("recipe"), "0 other forky").unwrap();
    assert_eq!(find_unpacked(&layout), Unpacked::Suite("forky".to_owned()));
    assert!(find_programs(&layout, Wanted::Registry).is_none());
}

#[track_caller]
fn check_client_config(variables: &[(&str, &str)], expected: &Expect) {
    let find = |name: &str| variables.iter().find(|(key, _)| *key == name);
    let config = render_client_config(|name| find(name).map(|(_, value)| (*value).to_owned()));
    expected.assert_eq(&config.to_string());
}

#[test]
fn the_client_hears_of_proxies_only_where_there_are_any() {
    check_client_config(&[("HOME", "/root"), ("http_proxy", "")], &expect!["{}"]);
    check_client_config(
        &[("HTTPS_PROXY", "http://proxy:3128"), ("no_proxy", "localhost")],
        &expect![[
            r#"{"proxies":{"default":{"httpsProxy":"http://proxy:3128","noProxy":"localhost"}}}"#
        ]],
    );
}
