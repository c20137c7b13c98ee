//! One image build, and the words that make `docker buildx` do it.
//!
//! It does not check that paths exist, that references are valid or that a builder can do what is
//! asked: buildx says so better, and the caller's types have parsed the references already.

use std::collections::BTreeMap;

use serde::Serialize;

/// Environment for the spawned buildx under which the argv alone decides the result: `Some` is a
/// value to set, `None` a variable to remove.
///
/// Each is read by buildx (`commands/build.go`, `build/git.go`, `util/confutil`), the last by docker:
/// - `SOURCE_DATE_EPOCH` becomes a build argument, so it would change the image behind the
///   fingerprint's back; who wants it says so in [`Build::args`];
/// - `BUILDX_GIT_LABELS` adds labels with the commit, `EXPERIMENTAL_BUILDKIT_SOURCE_POLICY` may
///   replace sources, `DOCKER_DEFAULT_PLATFORM` stands in for an absent `--platform`;
/// - `BUILDX_METADATA_PROVENANCE` keeps buildx from fetching a provenance record after each build
///   only to put it into the metadata file;
/// - `DOCKER_CLI_HINTS` keeps advertisements out of the progress stream.
pub const ENVIRONMENT: [(&str, Option<&str>); 6] = [
    ("BUILDX_GIT_LABELS", None),
    ("BUILDX_METADATA_PROVENANCE", Some("disabled")),
    ("DOCKER_CLI_HINTS", Some("false")),
    ("DOCKER_DEFAULT_PLATFORM", None),
    ("EXPERIMENTAL_BUILDKIT_SOURCE_POLICY", None),
    ("SOURCE_DATE_EPOCH", None),
];

/// One `docker buildx build`; fields named as in bake's file format.
///
/// All maps are sorted, so that equal builds have equal argv.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Build {
    /// The context: a folder, a URL, or `-` for a tar on stdin.
    pub context: String,
    /// Path of the Dockerfile, from the current folder and not from the context (as `--file`);
    /// empty means the context's own `Dockerfile`.
    pub dockerfile: String,
    /// Named contexts: name as in `FROM name` → `docker-image://…`, a folder, a URL. A name is an
    /// image reference, so it has no `=`.
    pub contexts: BTreeMap<String, String>,
    /// The Dockerfile stage to build; `None` is the last one.
    pub target: Option<String>,
    /// Build arguments. An empty value is passed as empty, never looked up in the environment.
    pub args: BTreeMap<String, String>,
    /// Labels of the image.
    pub labels: BTreeMap<String, String>,
    /// The one platform, as `linux/arm64`; `None` is the builder's own.
    pub platform: Option<String>,
    /// Image references to give the result.
    pub tags: Vec<String>,
    /// Cache sources, as `type=registry,ref=…`.
    pub cache_from: Vec<String>,
    /// Cache destinations, as `type=registry,ref=…,mode=max`.
    pub cache_to: Vec<String>,
    /// Secrets, as `id=…,src=…` or `id=…,env=…`; never the value itself.
    pub secrets: Vec<String>,
    /// SSH agents and keys, as `default` or `id=path,…`.
    pub ssh: Vec<String>,
    /// Network of `RUN`: `default`, `none` or `host`.
    pub network: Option<String>,
    /// Where the result goes.
    pub output: Output,
    /// Ignore the build cache.
    pub no_cache: bool,
    /// Ask registries for newer base images even where a local one would do.
    pub pull: bool,
    /// The builder instance; `None` is the one in use.
    pub builder: Option<String>,
    /// File that buildx writes its metadata to; its folder must exist. See
    /// [`parse_metadata`](crate::parse_metadata).
    pub metadata_file: Option<String>,
}

impl Build {
    /// The words after `docker`: `buildx build … CONTEXT`.
    ///
    /// Every option is one word (`--tag=x`), so that no value can be taken for a flag. Provenance
    /// and SBOM are off, since each of them turns the result into an image index, which Lambda
    /// refuses (<https://github.com/aws/aws-lambda-roadmap/issues/82>). Progress is rawjson.
    #[must_use]
    pub fn argv(&self) -> Vec<String> {
        let mut argv = vec!["buildx".to_owned(), "build".to_owned()];
        let mut flag = |name: &str, value: &str| argv.push(format!("--{name}={value}"));

        flag("progress", "rawjson");
        flag("provenance", "false");
        flag("sbom", "false");
        each(&mut flag, "builder", &self.builder);
        if !self.dockerfile.is_empty() {
            flag("file", &self.dockerfile);
        }
        each(&mut flag, "target", &self.target);
        each(&mut flag, "platform", &self.platform);
        pairs(&mut flag, "build-context", &self.contexts);
        pairs(&mut flag, "build-arg", &self.args);
        pairs(&mut flag, "label", &self.labels);
        each(&mut flag, "secret", &self.secrets);
        each(&mut flag, "ssh", &self.ssh);
        each(&mut flag, "network", &self.network);
        each(&mut flag, "cache-from", &self.cache_from);
        each(&mut flag, "cache-to", &self.cache_to);
        each(&mut flag, "tag", &self.tags);
        each(&mut flag, "metadata-file", &self.metadata_file);

        argv.extend(self.no_cache.then(|| "--no-cache".to_owned()));
        argv.extend(self.pull.then(|| "--pull".to_owned()));
        argv.push(match &self.output {
            Output::Load => "--load".to_owned(),
            other => format!("--output={}", String::from(other.clone())),
        });
        argv.push(context_word(&self.context));
        argv
    }
}

/// Where the result of a build goes.
///
/// Serialized, and as a `String`, it is an entry of buildx's `--output` and of bake's `output`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub enum Output {
    /// Into the local Docker image store.
    #[default]
    Load,
    /// To the registries that the tags name, in the one form that Lambda surely takes: a Docker
    /// v2 schema 2 manifest with gzip layers.
    ///
    /// Lambda documents both Docker v2 schema 2 and OCI manifests. The form is pinned because
    /// BuildKit's own default is not stable: Docker types up to v0.30, OCI types from v0.31 on
    /// (`exporter/containerimage/export.go`, `DefaultOCITypes`), and a digest that changes with the
    /// builder's version looks like a changed image. `force-compression` converts the layers of a
    /// base that aren't gzip (zstd is unproven on Lambda); gzip layers it leaves as they are, and
    /// lazy ones unpulled (`util/compression/gzip.go`, `NeedsConversion`). `unpack=false` is what
    /// `buildx --push` itself does since v0.31: nobody here runs the image.
    Push,
    /// Nowhere: only the build cache is filled.
    None,
    /// The files of the final stage, into this folder.
    Local(String),
    /// An OCI layout as a tar file at this path.
    Oci(String),
}

impl From<Output> for String {
    fn from(output: Output) -> Self {
        const PUSH: &str = "type=image,push=true,unpack=false,oci-mediatypes=false,\
            compression=gzip,force-compression=true";
        match output {
            Output::Load => "type=docker".to_owned(),
            Output::Push => PUSH.to_owned(),
            Output::None => "type=cacheonly".to_owned(),
            Output::Local(folder) => format!("type=local,{}", csv_field("dest", &folder)),
            Output::Oci(file) => format!("type=oci,{}", csv_field("dest", &file)),
        }
    }
}

fn each<'a>(
    flag: &mut impl FnMut(&str, &str),
    name: &str,
    values: impl IntoIterator<Item = &'a String>,
) {
    for value in values {
        flag(name, value);
    }
}

fn pairs(flag: &mut impl FnMut(&str, &str), name: &str, map: &BTreeMap<String, String>) {
    for (key, value) in map {
        flag(name, &format!("{key}={value}"));
    }
}

/// The context is the only positional word: a folder whose name begins with `-` would be read as a
/// flag. A lone `-` keeps its meaning, stdin.
fn context_word(context: &str) -> String {
    if context.starts_with('-') && context != "-" {
        format!("./{context}")
    } else {
        context.to_owned()
    }
}

/// `key=value` as a field of buildx's CSV: quoted as a whole where the value needs it
/// (`util/buildflags/export.go`, `csvBuilder`).
#[must_use]
pub fn csv_field(key: &str, value: &str) -> String {
    let pair = format!("{key}={value}");
    if pair.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", pair.replace('"', "\"\""))
    } else {
        pair
    }
}

#[cfg(test)]
mod tests;
