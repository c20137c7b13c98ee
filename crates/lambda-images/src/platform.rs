//! The platform of an image, `os/architecture` as in the OCI image specification: one that Lambda
//! runs.

use std::fmt;
use std::str::FromStr;

/// One platform. Lambda runs `linux/amd64` and `linux/arm64`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Platform(String);

/// A text that is not a platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidPlatform(String);

impl fmt::Display for InvalidPlatform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a platform of Lambda, `linux/amd64` or `linux/arm64`", self.0)
    }
}

impl std::error::Error for InvalidPlatform {}

impl Platform {
    /// The text, `os/architecture[/variant]`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Platform {
    /// Lambda's own default architecture, whatever machine this is.
    fn default() -> Platform {
        Platform("linux/amd64".to_owned())
    }
}

impl FromStr for Platform {
    type Err = InvalidPlatform;

    fn from_str(text: &str) -> Result<Platform, InvalidPlatform> {
        let (os, rest) = text.split_once('/').unwrap_or((text, ""));
        let (architecture, variant) =
            rest.split_once('/').map_or((rest, None), |(a, v)| (a, Some(v)));
        // Names of `uname -m`, and variants that say nothing: containerd normalises them too.
        let architecture = match (architecture.to_ascii_lowercase().as_str(), variant) {
            ("amd64" | "x86_64" | "x86-64", None | Some("v1")) => "amd64",
            ("arm64" | "aarch64", None | Some("v8")) => "arm64",
            _ => return Err(InvalidPlatform(text.to_owned())),
        };
        if !os.eq_ignore_ascii_case("linux") {
            return Err(InvalidPlatform(text.to_owned()));
        }
        Ok(Platform(format!("linux/{architecture}")))
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, normalised: Option<&str>) {
        assert_eq!(text.parse::<Platform>().ok().as_ref().map(Platform::as_str), normalised);
    }

    #[test]
    fn platforms() {
        check("linux/amd64", Some("linux/amd64"));
        check("linux/x86_64", Some("linux/amd64"));
        check("linux/arm64/v8", Some("linux/arm64"));
        check("linux/arm/v7", None);
        check("linux/amd65", None);
        check("windows/amd64", None);
        check("linux", None);
        check("linux/amd64,linux/arm64", None);
        check("", None);
    }
}
