use std::collections::{BTreeMap, BTreeSet};

use crate::{Settings, parse_dockerfile};

/// Whether `uv.lock` of the main context may stay in the image.
#[track_caller]
fn check(text: &str, expected: bool) {
    let contexts = BTreeSet::new();
    let settings = Settings {
        target: None,
        args: &BTreeMap::new(),
        platform: "linux/amd64",
        build_platform: None,
        named_contexts: &contexts,
    };
    let resolved = parse_dockerfile(text).unwrap().resolve(&settings).unwrap();
    assert_eq!(resolved.may_keep(None, "uv.lock"), expected, "{text}");
}

#[test]
fn what_is_mounted_does_not_stay() {
    let mount = "RUN --mount=type=bind,source=uv.lock,target=uv.lock uv sync";
    check(&format!("FROM x\n{mount}\n"), false);
    check(&format!("FROM x\n{mount}\nCOPY uv.lock /\n"), true);
}

#[test]
fn what_is_copied_into_the_image_stays() {
    check("FROM x\nCOPY uv.lock /build/\n", true);
    check("FROM x AS a\nCOPY uv.lock /build/\nFROM a\n", true);
    check("FROM x AS a\nCOPY . .\nFROM a AS b\nFROM b\n", true);
}

#[test]
fn what_others_take_of_a_stage_decides() {
    let with = |copy: &str, taken: &str| {
        format!(
            "FROM x AS a\nWORKDIR /build\n{copy}\nFROM a AS b\nFROM y\nCOPY --from={taken} /out\n"
        )
    };
    for copy in ["COPY uv.lock /build/", "COPY uv.lock .", "COPY uv.lock uv.lock", "COPY . ."] {
        check(&with(copy, "a /build/third-party"), false);
        check(&with(copy, "b /app"), false);
        check(&with(copy, "a /build"), true);
        check(&with(copy, "b /build/uv.lock"), true);
        check(&with(copy, "a /build/*"), true);
        check(&with(copy, "a /"), true);
    }
    check(&with("COPY uv.lock /build/lock", "a /build/lock"), true);
    check(&with("COPY --parents . /x", "a /x/uv.lock"), true);
    check(&with("COPY --parents . /x", "a /x/src"), false);
}

#[test]
fn what_a_command_of_another_stage_sees_may_stay() {
    let mount = |path: &str| {
        format!(
            "FROM x AS a\nCOPY uv.lock /build/\nFROM y\nRUN --mount=from=a,source={path},target=/a cp -r /a /b\n"
        )
    };
    check(&mount("/build"), true);
    check(&mount("/venv"), false);
}

#[test]
fn doubt_means_that_it_stays() {
    // Where `.` is, only the image `x` knows.
    check("FROM x AS a\nCOPY uv.lock .\nFROM y\nCOPY --from=a /venv /venv\n", true);
    check("FROM x AS a\nCOPY uv.lock ${D}\nFROM y\nCOPY --from=a /venv /venv\n", true);
}
