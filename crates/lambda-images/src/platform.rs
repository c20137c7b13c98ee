//! The platform of an image, `os/architecture[/variant]`, as in the OCI image specification.

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
        write!(
            f,
            "`{}` is not one platform, `os/architecture` or `os/architecture/variant`",
            self.0
        )
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
        let parts: Vec<&str> = text.split('/').collect();
        let good = |part: &&str| {
            !part.is_empty()
                && part
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '_' || c == '-')
        };
        if !(2..=3).contains(&parts.len()) || !parts.iter().all(good) {
            return Err(InvalidPlatform(text.to_owned()));
        }
        // The names that `uname -m` gives mean the same platform: containerd normalises them too.
        let architecture = match parts[1].to_ascii_lowercase().as_str() {
            "x86_64" | "x86-64" => "amd64".to_owned(),
            "aarch64" => "arm64".to_owned(),
            other => other.to_owned(),
        };
        let os = parts[0].to_ascii_lowercase();
        Ok(Platform(match parts.get(2) {
            // containerd: arm64/v8 is arm64, amd64/v1 is amd64.
            Some(&"v8") if architecture == "arm64" => format!("{os}/{architecture}"),
            Some(&"v1") if architecture == "amd64" => format!("{os}/{architecture}"),
            Some(variant) => format!("{os}/{architecture}/{variant}"),
            None => format!("{os}/{architecture}"),
        }))
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
        check("linux/arm/v7", Some("linux/arm/v7"));
        check("linux", None);
        check("linux/amd64,linux/arm64", None);
        check("", None);
    }
}
