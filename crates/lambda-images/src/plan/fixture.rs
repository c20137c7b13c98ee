//! Plans for tests of what comes after planning.

use std::time::Duration;

use super::*;
use crate::fingerprint::Sha256Sum;

pub(crate) struct Fixture {
    pub(crate) plan: Plan,
    pub(crate) images: Vec<FixtureImage>,
}

pub(crate) struct FixtureImage {
    pub(crate) name: ImageName,
    pub(crate) expected: Duration,
}

/// A plan from `name:seconds<base,base`, or `name=up` for an image that is up to date.
pub(crate) fn plan_of(text: &str) -> Fixture {
    let mut fixture = Fixture { plan: Plan::default(), images: Vec::new() };
    for entry in text.split_whitespace() {
        let (head, bases) = entry.split_once('<').unwrap_or((entry, ""));
        let (name, seconds) = head.split_once([':', '=']).unwrap();
        let name = ImageName::new(name).unwrap();
        let fingerprint = Fingerprint(Sha256Sum([0; 32]));
        let repository: Repository = name.as_str().parse().unwrap();
        let bases = bases
            .split(',')
            .filter(|base| !base.is_empty())
            .map(|base| ImageName::new(base).unwrap())
            .collect();
        fixture.plan.images.push(PlannedImage {
            name: name.clone(),
            kind: Kind::Lambda,
            fingerprint,
            names: ImageNames {
                reference: repository.with_tag(&"git-0".parse().unwrap()),
                identity: repository.with_tag(&identity_tag(&fingerprint)),
            },
            action: if seconds == "up" { Action::UpToDate } else { Action::Build },
            reasons: Vec::new(),
            depends_on: bases,
            git: GitState::Clean { commit: "0".repeat(40) },
            stored: Stored::default(),
            platform: "linux/amd64".to_owned(),
            standing: Standing::True,
            caches: Caches::default(),
            build: BuildTemplate {
                build: Build::default(),
                internal: BTreeMap::new(),
                base_image_arg: None,
            },
        });
        fixture.images.push(FixtureImage {
            name,
            expected: Duration::from_secs(seconds.parse().unwrap_or(0)),
        });
    }
    fixture
}
