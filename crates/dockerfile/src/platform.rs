//! Platforms such as `linux/arm64/v8`, and the args that BuildKit derives from them.
//!
//! The syntax is that of containerd/platforms; OS features are read and not kept.

use std::collections::BTreeMap;

use crate::fault::{Refusal, excerpt};

/// A platform in normal form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Platform {
    os: String,
    os_version: String,
    arch: String,
    variant: String,
}

const KNOWN_OS: [&str; 17] = [
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "hurd",
    "illumos",
    "ios",
    "js",
    "linux",
    "nacl",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "windows",
    "zos",
];

const KNOWN_ARCH: [&str; 24] = [
    "386",
    "amd64",
    "amd64p32",
    "arm",
    "armbe",
    "arm64",
    "arm64be",
    "ppc64",
    "ppc64le",
    "loong64",
    "mips",
    "mipsle",
    "mips64",
    "mips64le",
    "mips64p32",
    "mips64p32le",
    "ppc",
    "riscv",
    "riscv64",
    "s390",
    "s390x",
    "sparc",
    "sparc64",
    "wasm",
];

impl Platform {
    pub(crate) fn parse(text: &str) -> Result<Platform, Refusal> {
        let invalid = || {
            Refusal::new(format!("invalid platform `{}`", excerpt(text)))
                .hint("a platform looks like `linux/amd64` or `linux/arm/v7`")
        };
        let parts: Vec<&str> = text.split('/').collect();
        let (os, os_version) = split_os(parts[0]).ok_or_else(invalid)?;
        if parts.len() > 3 || !parts[1..].iter().all(|part| is_specifier(part)) {
            return Err(invalid());
        }
        let os = match os.to_lowercase().as_str() {
            "macos" => "darwin".to_owned(),
            os => os.to_owned(),
        };
        let (os, arch, variant) = match parts[1..] {
            // Either half alone; the other is that of the machine that builds.
            [] if KNOWN_OS.contains(&os.as_str()) => (os, "amd64", ""),
            [] => ("linux".to_owned(), parts[0], ""),
            [arch] => (os, arch, ""),
            [arch, variant, ..] => (os, arch, variant),
        };
        let (arch, variant) = normalize_arch(arch, variant);
        if parts.len() == 1 && !KNOWN_ARCH.contains(&arch.as_str()) {
            return Err(invalid());
        }
        Ok(Platform { os, os_version: os_version.to_owned(), arch, variant })
    }

    fn format(&self, with_version: bool) -> String {
        let version = if with_version && !self.os_version.is_empty() {
            format!("({})", self.os_version)
        } else {
            String::new()
        };
        let variant = if self.variant.is_empty() { "" } else { "/" };
        format!("{}{version}/{}{variant}{}", self.os, self.arch, self.variant)
    }
}

/// `name` or `name(version+feature…)`.
fn split_os(text: &str) -> Option<(&str, &str)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let (name, options) = match text.split_once('(') {
        Some((name, options)) => (name, options.strip_suffix(')')?),
        None => (text, ""),
    };
    let is_option = |c: char| is_name(c) || matches!(c, '.' | '%' | '+');
    let valid = !name.is_empty() && name.chars().all(is_name) && options.chars().all(is_option);
    let version = options.split('+').next().unwrap_or_default();
    valid.then_some((name, version))
}

fn is_specifier(part: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    !part.is_empty() && part.chars().all(is_part)
}

fn normalize_arch(arch: &str, variant: &str) -> (String, String) {
    let (arch, variant) = (arch.to_lowercase(), variant.to_lowercase());
    let (arch, variant) = match (arch.as_str(), variant.as_str()) {
        ("i386", _) => ("386", ""),
        ("x86_64" | "x86-64" | "amd64", "v1") => ("amd64", ""),
        ("x86_64" | "x86-64", variant) => ("amd64", variant),
        ("aarch64" | "arm64", "8" | "v8" | "v8.0") => ("arm64", ""),
        ("aarch64" | "arm64", "9" | "9.0" | "v9.0") => ("arm64", "v9"),
        ("aarch64", variant) => ("arm64", variant),
        ("armhf", _) | ("arm", "" | "7") => ("arm", "v7"),
        ("armel", _) | ("arm", "6") => ("arm", "v6"),
        ("arm", "5") => ("arm", "v5"),
        ("arm", "8") => ("arm", "v8"),
        other => other,
    };
    (arch.to_owned(), variant.to_owned())
}

/// The args that are defined without any `ARG`, for `FROM` lines and as defaults of the args
/// of the same name in stages (`defaultArgs` in `dockerfile2llb/platform.go`).
pub(crate) fn predefined_args(
    build: &Platform,
    target: &Platform,
    stage: &str,
    overrides: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let stage = if stage.is_empty() { "default" } else { stage };
    let values = [
        ("BUILDPLATFORM", build.format(false)),
        ("BUILDOS", build.os.clone()),
        ("BUILDOSVERSION", build.os_version.clone()),
        ("BUILDARCH", build.arch.clone()),
        ("BUILDVARIANT", build.variant.clone()),
        ("TARGETPLATFORM", target.format(true)),
        ("TARGETOS", target.os.clone()),
        ("TARGETOSVERSION", target.os_version.clone()),
        ("TARGETARCH", target.arch.clone()),
        ("TARGETVARIANT", target.variant.clone()),
        ("TARGETSTAGE", stage.to_owned()),
    ];
    values
        .into_iter()
        .map(|(name, value)| (name.to_owned(), overrides.get(name).cloned().unwrap_or(value)))
        .collect()
}

/// Whether `name` is one of [`predefined_args`].
pub(crate) fn is_predefined(name: &str) -> bool {
    name == "TARGETSTAGE"
        || ["BUILD", "TARGET"].iter().any(|side| {
            name.strip_prefix(side).is_some_and(|part| {
                matches!(part, "PLATFORM" | "OS" | "OSVERSION" | "ARCH" | "VARIANT")
            })
        })
}

#[cfg(test)]
mod tests;
