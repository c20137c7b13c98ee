//! What direct references mean.

use super::Source;

#[track_caller]
fn check(url: &str, expected: &Source) {
    assert_eq!(&Source::from_url(url), expected, "{url}");
}

fn path(path: &str) -> Source {
    Source::Path(path.to_owned())
}

#[test]
fn file_urls_are_paths() {
    check("file:///abs/x", &path("/abs/x"));
    check("file://localhost/abs/x", &path("/abs/x"));
    check("file:/abs/x", &path("/abs/x"));
    check("file:../rel", &path("../rel"));
    check("file:rel/x", &path("rel/x"));
    check("FILE:./x", &path("./x"));
    check("file://../rel", &path("../rel"));
    check("file:../a%20b%C3%A9#egg=x", &path("../a bé"));
    check("file:../100%", &path("../100%"));
    check("file:../%ff", &path("../%ff"));
}

#[test]
fn relative_references_are_paths() {
    check("../x", &path("../x"));
    check("./a:b", &path("./a:b"));
    check("/abs", &path("/abs"));
}

#[test]
fn spellings_of_the_projects_folder() {
    check("{root:uri}/../receipt_dynamo", &path("../receipt_dynamo"));
    check("{root:uri}", &path("."));
    check("{root:parent:uri}/receipt_dynamo", &path("../receipt_dynamo"));
    check("{root:parent:parent:uri}/packages/x", &path("../../packages/x"));
    check("{root:parent:uri}", &path(".."));
    check("file:///${PROJECT_ROOT}/../x", &path("../x"));
    check("file://${PROJECT_ROOT}/x", &path("x"));
}

#[test]
fn the_rest_is_elsewhere() {
    check("git+https://h/x.git@v1#egg=x", &Source::Git("https://h/x.git@v1#egg=x".to_owned()));
    check("git+file:///x", &Source::Git("file:///x".to_owned()));
    for url in ["https://h/x.whl", "hg+https://h/x", "file://server/share/x"] {
        check(url, &Source::Url(url.to_owned()));
    }
}
