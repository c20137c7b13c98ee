//! What must hold of the configuration, of names, of the manifest and of references in any text.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use lambda_images::base_lock::{BASE_LOCK, parse_base_lock};
use lambda_images::config::{Kind, parse_config};
use lambda_images::discovery::ImageName;
use lambda_images::manifest::Manifest;
use lambda_images::mirror::Mirrors;
use lambda_images::platform::Platform;
use lambda_images::problem::Problem;
use lambda_images::reference::{Digest, ImageReference, Registry, Repository, Tag};
use lambda_images::text_references::{Repositories, find_references};

use crate::line_count;

pub(crate) fn check_config(text: &str) {
    let path = "Cargo.toml";
    let (config, problems) = parse_config(path, text);
    check_problems(&problems, path, text);
    if problems.is_empty() {
        let commented = parse_config(path, &format!("{text}\n# end\n"));
        assert_eq!(commented, (config, problems));
    }
}

/// Each says something, of a place that there is.
fn check_problems(problems: &[Problem], path: &str, text: &str) {
    let lines = line_count(text);
    for problem in problems {
        assert_eq!(problem.path, path);
        assert!(!problem.message.is_empty());
        let is_there = |(line, column)| (1..=lines).contains(&line) && column >= 1;
        assert!(problem.place.is_none_or(is_there), "{problem:?}");
    }
}

/// Each line is a name.
pub(crate) fn check_reference(text: &str) {
    for line in text.split('\n') {
        check_round_trip::<ImageReference>(line);
        check_round_trip::<Repository>(line);
        check_round_trip::<Registry>(line);
        check_round_trip::<Digest>(line);
        check_round_trip::<Tag>(line);
        if let Ok(platform) = line.parse::<Platform>() {
            assert_eq!(platform.to_string().parse(), Ok(platform));
        }
        if let Ok(reference) = line.parse::<ImageReference>() {
            let parts = reference.repository.to_string();
            assert_eq!(parts.parse(), Ok(reference.repository), "its repository is none");
        }
    }
}

fn check_round_trip<T: FromStr + Display + Debug>(text: &str)
where
    T::Err: Display,
{
    match text.parse::<T>() {
        Ok(parsed) => assert_eq!(parsed.to_string(), text),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// The first line is a list, the others are references.
pub(crate) fn check_mirrors(text: &str) {
    const MOST_REFERENCES: usize = 8;
    let (list, references) = text.split_once('\n').unwrap_or((text, "python:3.13"));
    let mut mirrors = Mirrors::default();
    if let Err(error) = mirrors.add_list(list) {
        assert!(!error.to_string().is_empty());
        return;
    }
    let mut twice = mirrors.clone();
    assert_eq!(twice.add_list(list), Ok(()));
    assert_eq!(twice, mirrors);
    for reference in references.split('\n').take(MOST_REFERENCES) {
        let replaced = mirrors.apply(reference);
        assert!(replaced.is_none_or(|replaced| !replaced.is_empty()));
    }
}

/// What is read without a problem is written so that it is read again.
pub(crate) fn check_base_lock(text: &str) {
    let (lock, problems) = parse_base_lock(text);
    check_problems(&problems, BASE_LOCK, text);
    if problems.is_empty() {
        assert_eq!(parse_base_lock(&lock.render()), (lock, Vec::new()));
    }
}

pub(crate) fn check_manifest(text: &str) {
    if let Some(manifest) = Manifest::parse(text) {
        assert_eq!(Manifest::parse(&manifest.render()).as_ref(), Some(&manifest));
    }
}

/// For a workspace with these images, by templates with and without a stack.
pub(crate) fn check_text_references(text: &str) {
    for template in ["{name}-{stack}", "a/{stack}/{name}", "{name}"] {
        let names = ["a", "a-b", "submit-to-openai", "base-a"];
        let names = names.map(|name| (ImageName::new(name).expect("it is a name"), Kind::Lambda));
        let repositories = Repositories::of_names(template, names.into_iter());
        let (lines, mut last) = (line_count(text), (1, 0));
        for found in find_references(text, &repositories) {
            assert!(found.place > last && found.place.0 <= lines, "{found:?}");
            last = found.place;
            assert!(found.written.ends_with(found.tag), "{found:?}");
            assert!(found.tag.parse::<Tag>().is_ok(), "{found:?}");
        }
    }
}
