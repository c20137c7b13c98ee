//! Amazon's Elastic Container Registry: how the hosts of its registries are named, and which region is
//! meant. It asks nobody: account and variables come in as values.

use crate::reference::{InvalidReference, Registry};

/// The region where no variable names one.
const DEFAULT_REGION: &str = "us-east-1";

/// A registry that is asked and logged in to as ECR is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ecr {
    /// The AWS region.
    pub region: String,
    /// The account whose registry it is, where its host names one: it may be another than that of
    /// whoever asks.
    pub account: Option<String>,
}

impl Ecr {
    /// The registry that a host is the name of: `ACCOUNT.dkr.ecr.REGION.amazonaws.com`, its FIPS and
    /// dual-stack forms, and those of China.
    pub fn of_host(host: &str) -> Option<Ecr> {
        let parts: Vec<&str> = host.split('.').collect();
        let (account, region, domain) = match &parts[..] {
            [account, "dkr", "ecr" | "ecr-fips", region, domain @ ..] => (account, region, domain),
            [account, "dkr-ecr" | "dkr-ecr-fips", region, domain @ ..] => (account, region, domain),
            _ => return None,
        };
        let is_amazons = matches!(
            domain.join(".").as_str(),
            "amazonaws.com" | "amazonaws.com.cn" | "on.aws" | "on.amazonwebservices.com.cn"
        );
        let is_account = account.len() == 12 && account.chars().all(|c| c.is_ascii_digit());
        (is_amazons && is_account)
            .then(|| Ecr { region: (*region).to_owned(), account: Some((*account).to_owned()) })
    }

    /// The region that the variables name: `AWS_REGION`, else `AWS_DEFAULT_REGION`, else `us-east-1`.
    pub fn region_of<'a>(variable: impl Fn(&str) -> Option<&'a str>) -> String {
        let given = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"));
        given.unwrap_or(DEFAULT_REGION).to_owned()
    }
}

/// The registry of an account in a region.
///
/// # Errors
/// The region is no part of a host's name.
pub fn ecr_registry(account: &str, region: &str) -> Result<Registry, InvalidReference> {
    let china = if region.starts_with("cn-") { ".cn" } else { "" };
    format!("{account}.dkr.ecr.{region}.amazonaws.com{china}").parse()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(host: &str, wanted: Option<(&str, &str)>) {
        let wanted = wanted.map(|(account, region)| Ecr {
            region: region.to_owned(),
            account: Some(account.to_owned()),
        });
        assert_eq!(Ecr::of_host(host), wanted);
    }

    #[test]
    fn hosts() {
        let account = "123456789012";
        check("123456789012.dkr.ecr.eu-west-1.amazonaws.com", Some((account, "eu-west-1")));
        check(
            "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
            Some((account, "us-gov-west-1")),
        );
        check("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", Some((account, "cn-north-1")));
        check("123456789012.dkr-ecr.us-west-2.on.aws", Some((account, "us-west-2")));
        check("public.ecr.aws", None);
        check("123456789012.dkr.ecr.eu-west-1.amazonaws.com.example", None);
        check("1234.dkr.ecr.eu-west-1.amazonaws.com", None);
        check("localhost:5000", None);
    }

    #[test]
    fn registries() {
        let registry = |region| ecr_registry("123456789012", region).unwrap().to_string();
        assert_eq!(registry("us-east-1"), "123456789012.dkr.ecr.us-east-1.amazonaws.com");
        assert_eq!(registry("us-gov-west-1"), "123456789012.dkr.ecr.us-gov-west-1.amazonaws.com");
        assert_eq!(registry("cn-north-1"), "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn");
        assert!(ecr_registry("123456789012", "eu west").is_err());
    }

    #[test]
    fn regions() {
        let region = |variables: &[(&str, &'static str)]| {
            Ecr::region_of(|name| {
                variables.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
            })
        };
        assert_eq!(region(&[]), "us-east-1");
        assert_eq!(region(&[("AWS_DEFAULT_REGION", "a-1")]), "a-1");
        assert_eq!(region(&[("AWS_DEFAULT_REGION", "a-1"), ("AWS_REGION", "b-1")]), "b-1");
    }
}
