//! Which registry is meant, and whether it has the repositories that a push needs.

use std::collections::BTreeMap;

use lambda_images::config::{Config, RegistryKind, RegistrySetting};
use lambda_images::ecr::{Ecr, ecr_registry};
use lambda_images::plan::Destination;
use lambda_images::reference::Registry;

use crate::display::note;
use crate::environment::Environment;
use crate::failure::usage;
use crate::registry::{Holds, RegistryError, ask_account, create_repository, find_missing};

/// The registry of the images' names, and how it is treated if it is of ECR's kind. An AWS account is
/// asked for only where names need it.
pub(super) fn find_registry(
    config: &Config,
    destination: Destination,
    environment: &Environment,
) -> anyhow::Result<(Option<Registry>, Option<Ecr>)> {
    let region = || Ecr::region_of(|name| environment.get(name));
    let (registry, by_name) = match &config.registry {
        None => return Ok((None, None)),
        Some(RegistrySetting::Ecr) if destination == Destination::Local => return Ok((None, None)),
        Some(RegistrySetting::Ecr) => {
            let region = region();
            let account = ask_account(environment, &region)?;
            let registry = ecr_registry(&account, &region).map_err(|error| {
                usage(error.to_string(), "`AWS_REGION` names a region, as in `us-east-1`")
            })?;
            (registry, Some(Ecr { region, account: Some(account) }))
        }
        Some(RegistrySetting::Host(registry)) => (registry.clone(), Ecr::of_host(registry.host())),
    };
    let ecr = match config.registry_kind {
        None => by_name,
        Some(RegistryKind::Other) => None,
        Some(RegistryKind::Ecr) => {
            Some(by_name.unwrap_or_else(|| Ecr { region: region(), account: None }))
        }
    };
    Ok((Some(registry), ecr))
}

/// Makes those of some repositories that are missing, or names them all.
pub(super) fn provide_repositories(
    environment: &Environment,
    ecr: &Ecr,
    wanted: &BTreeMap<&str, Holds>,
    create: bool,
) -> anyhow::Result<()> {
    if wanted.is_empty() {
        return Ok(());
    }
    let missing = match find_missing(environment, ecr, &wanted.keys().copied().collect()) {
        Ok(missing) => missing,
        Err(error) if create => return Err(error.into()),
        // Who may push need not be allowed to list.
        Err(error) => {
            note(&format!("note: repositories were not looked for: {}", error.message()));
            return Ok(());
        }
    };
    if !create && !missing.is_empty() {
        let names = missing.into_iter().map(str::to_owned).collect();
        return Err(RegistryError::RepositoriesMissing { names, region: ecr.region.clone() }.into());
    }
    for name in missing {
        create_repository(environment, ecr, name, wanted[name])?;
        note(&format!("made    the repository {name}"));
    }
    Ok(())
}
