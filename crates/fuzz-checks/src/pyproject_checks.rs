//! What must hold of `pyproject.toml`s and requirements.

use pyproject::{
    Fault, Installer, PackageName, Requirement, Wanted, installer_settings, parse_pyproject,
};

use crate::line_count;

pub(crate) fn check_pyproject(text: &str) {
    let (pyproject, faults) = parse_pyproject(text);
    check_faults(text, &faults);
    let lines = line_count(text);
    let places =
        pyproject.dependencies.iter().map(|dependency| (dependency.line, dependency.column));
    assert!(places.clone().is_sorted());
    assert!(places.into_iter().all(|(line, column)| (1..=lines).contains(&line) && column >= 1));
    for dependency in pyproject.dependencies.iter().take(64) {
        check_name(&dependency.name);
        dependency.extras.iter().take(64).for_each(check_name);
    }
    if let Some(name) = &pyproject.name {
        check_name(&name.value);
    }
    assert!(pyproject.place(text.len()).0 <= lines);
    for installer in [Installer::UvFrozen, Installer::Uv, Installer::Poetry] {
        if let Some(settings) = installer_settings(text, installer) {
            let commented = installer_settings(&format!("{text}\n# end\n"), installer);
            assert_eq!(commented, Some(settings));
        }
    }
    if faults.is_empty() {
        let (commented, faults) = parse_pyproject(&format!("{text}\n# end\n"));
        assert_eq!(faults, []);
        assert_eq!(commented.name, pyproject.name);
        assert_eq!(commented.dependencies.len(), pyproject.dependencies.len());
        let pairs = commented.dependencies.iter().zip(&pyproject.dependencies);
        pairs.take(64).for_each(|(commented, plain)| assert_eq!(commented, plain));
        assert_eq!(commented.sources, pyproject.sources);
    }
}

pub(crate) fn check_faults(text: &str, faults: &[Fault]) {
    let lines = line_count(text);
    assert!(faults.is_sorted_by_key(|fault| (fault.line, fault.column)));
    for fault in faults {
        assert!((1..=lines).contains(&fault.line) && fault.column >= 1, "{fault:?}");
        assert!(!fault.message.is_empty());
    }
}

fn check_name(name: &PackageName) {
    assert_eq!(name.as_str().parse().as_ref(), Ok(name), "a normal name has another normal form");
}

pub(crate) fn check_requirement(text: &str) {
    let requirement = match text.parse::<Requirement>() {
        Err(error) => {
            assert!(text.is_char_boundary(error.offset), "{error:?}");
            assert!(!error.message.is_empty());
            return;
        }
        Ok(requirement) => requirement,
    };
    let written = render_requirement(&requirement);
    assert_eq!(written.parse().as_ref(), Ok(&requirement), "{written:?} reads differently");
}

fn render_requirement(requirement: &Requirement) -> String {
    let extras: Vec<&str> = requirement.extras.iter().map(PackageName::as_str).collect();
    let wanted = match &requirement.wanted {
        Wanted::Version(clauses) => clauses.clone(),
        Wanted::Url(url) => format!("@ {url}"),
    };
    let mut text = format!("{}[{}] {wanted}", requirement.name, extras.join(","));
    if let Some(marker) = &requirement.marker {
        text.extend([" ; ", marker]);
    }
    text
}
