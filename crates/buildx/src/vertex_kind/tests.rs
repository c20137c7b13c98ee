//! Names as BuildKit and buildx write them.

use super::VertexKind::{self, *};

#[track_caller]
fn check(name: &str, expected: VertexKind) {
    assert_eq!(VertexKind::of(name), expected, "{name}");
}

#[test]
fn steps() {
    check("[2/5] RUN pip install", Step);
    check("[ 2/15] RUN pip install", Step);
    check("[builder 2/5] COPY . .", Step);
    check("[builder  9/10] COPY . .", Step);
    check("[linux/arm64 builder 2/5] RUN make", Step);
    check("[linux/amd64->arm64 builder 2/5] RUN make", Step);
    check("[2/5] ONBUILD RUN x", Step);
    check("[2/5] RUN echo [internal] FROM ", Step);
}

#[test]
fn base_images() {
    check("[1/5] FROM r.example/library/alpine:3@sha256:00", From);
    check("[builder 1/5] FROM r.example/library/alpine:3", From);
}

#[test]
fn contexts() {
    check("[internal] load build context", Context);
    check("[context shared] load from client", Context);
    check("[context shared] load .dockerignore", Other);
    check("[context base] docker-image://r.example/base@sha256:00", Other);
    check("[context base] load metadata for r.example/base", Other);
}

#[test]
fn work_of_buildkit() {
    check("[internal] load build definition from Dockerfile", Internal);
    check("[internal] load .dockerignore", Internal);
    check("[internal] load metadata for r.example/library/alpine:3", Internal);
    check("[internal] setting cache mount permissions", Internal);
    check("[auth] library/alpine:pull token for registry.example", Internal);
}

#[test]
fn exports() {
    check("exporting to image", Export);
    check("exporting to docker image format", Export);
    check("exporting cache to registry", Export);
    check("exporting to client directory", Export);
    check("pushing r.example/a:b with docker", Export);
    check("importing to docker", Export);
}

#[test]
fn imports() {
    check("importing cache manifest from r.example/cache:p", Import);
}

#[test]
fn others() {
    check("", Other);
    check("[", Other);
    check("[] x", Other);
    check("[a/b] x", Other);
    check("[1/] x", Other);
    check("resolve image config for docker-image://r.example/dockerfile:1", Other);
    check("docker-image://r.example/dockerfile:1@sha256:00", Other);
}
