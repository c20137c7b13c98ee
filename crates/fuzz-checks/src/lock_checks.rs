//! What must hold of locks: who knows less installs no less, roots add up, and a closure is its
//! lines.

use pyproject::{
    PackageName,
    lock::{
        Closure, Environment, Lock, LockError, Root, diff_closures, parse_poetry_lock,
        parse_pylock, parse_requirements, parse_uv_lock,
    },
};

use crate::pyproject_checks::check_faults;

pub(crate) fn check_uv_lock(text: &str) {
    check_parsed(text, parse_uv_lock(text));
}

pub(crate) fn check_poetry_lock(text: &str) {
    check_parsed(text, parse_poetry_lock(text));
}

fn check_parsed(text: &str, parsed: Result<Lock, LockError>) {
    match parsed {
        Ok(lock) => check_lock(&lock),
        Err(error) => check_error(text, &error),
    }
}

fn check_error(text: &str, error: &LockError) {
    assert!(!error.to_string().is_empty());
    if let LockError::Invalid(faults) = error {
        assert!(!faults.is_empty(), "invalid without a fault");
        check_faults(text, faults);
    }
}

fn check_lock(lock: &Lock) {
    const MOST_ROOTS: usize = 3;
    let known = lock.packages().iter().take(MOST_ROOTS).map(|package| package.name.clone());
    let absent: PackageName = "not-there".parse().expect("it is a name");
    let roots: Vec<Root> = known.chain([absent]).map(root_with_sections).collect();
    let linux = Environment::cpython_on_linux("3.13", "x86_64");
    let image = lock.closure(&roots, &linux);
    assert_eq!(image, lock.closure(&roots, &linux), "a closure differs from itself");
    check_closures(&lock.closure(&roots, &Environment::default()), &image);

    let mut added = Closure::default();
    for root in &roots {
        added.extend(lock.closure(std::slice::from_ref(root), &linux));
    }
    assert!(added.distributions.keys().eq(image.distributions.keys()), "roots don't add up");
    assert_eq!(added.unresolved, image.unresolved);
    for name in image.distributions.keys().take(MOST_ROOTS) {
        let chain = lock.chain(&roots, &linux, name);
        assert_eq!(chain.last(), Some(name), "nobody installs it");
    }
}

/// The root with names that lock seeds have for extras and groups.
fn root_with_sections(name: PackageName) -> Root {
    let names = |texts: [&str; 2]| texts.iter().flat_map(|text| text.parse()).collect();
    Root { extras: names(["a", "s3"]), groups: names(["dev", "b"]), ..Root::new(name) }
}

/// The first is of somebody who knows less.
fn check_closures(unknowing: &Closure, knowing: &Closure) {
    let installs = |name: &PackageName| unknowing.distributions.contains_key(name);
    assert!(knowing.distributions.keys().all(installs), "knowing more installs more");
    assert!(knowing.unresolved.is_subset(&unknowing.unresolved));
    assert_eq!(diff_closures(knowing, knowing), []);
    let differ = unknowing != knowing;
    assert_eq!(differ, unknowing.canonical_lines() != knowing.canonical_lines());
    let changes = diff_closures(unknowing, knowing);
    assert_eq!(differ, !changes.is_empty());
    assert!(changes.iter().all(|change| !change.to_string().is_empty()));
}

pub(crate) fn check_pylock(text: &str) {
    let lock = match parse_pylock(text) {
        Ok(lock) => lock,
        Err(error) => return check_error(text, &error),
    };
    let linux = Environment::cpython_on_linux("3.13", "x86_64");
    let closure = lock.closure(&linux);
    check_closures(&lock.closure(&Environment::default()), &closure);
    let none = Some(std::collections::BTreeSet::new());
    let plain = Environment { extras: none.clone(), dependency_groups: none, ..linux.clone() };
    check_closures(&closure, &lock.closure(&plain));
    let commented = parse_pylock(&format!("{text}\n# end\n"));
    assert_eq!(commented.map(|lock| lock.closure(&linux)), Ok(closure));
}

pub(crate) fn check_requirements(text: &str) {
    let file = match parse_requirements(text) {
        Ok(file) => file,
        Err(error) => return check_error(text, &error),
    };
    assert!(
        file.requirements.is_sorted_by_key(|requirement| (requirement.line, requirement.column))
    );
    assert!(file.options.is_sorted_by_key(|option| (option.line, option.column)));
    let linux = Environment::cpython_on_linux("3.13", "x86_64");
    let closure = file.closure(&linux);
    check_closures(&file.closure(&Environment::default()), &closure);
    // A continuation would go on in the comment's line.
    if !text.ends_with('\\') {
        let commented = parse_requirements(&format!("{text}\n# end\n"));
        assert_eq!(commented.map(|file| file.closure(&linux)), Ok(closure));
    }
}
