use super::render::INTRODUCTION;
use super::*;
use crate::config::{Kind, parse_config};
use crate::discovery::{PyprojectFile, declare};
use expect_test::{ExpectFile, expect_file};

#[track_caller]
fn check(rendered: &str, file: &ExpectFile) {
    file.assert_eq(rendered);
}

#[test]
fn the_documentation_is_what_the_reader_reads() {
    check(&render_reference(), &expect_file!["../../../../docs/configuration.md"]);
    check(
        &format!("{:#}\n", render_schema()),
        &expect_file!["../../../../docs/lambda-images.schema.json"],
    );
}

#[test]
fn the_examples_of_the_documentation_are_read_without_a_problem() {
    let blocks: Vec<&str> = INTRODUCTION
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once("```")?.0))
        .collect();
    let [workspace, image] = blocks.as_slice() else { panic!("two examples, not {blocks:?}") };
    let (config, problems) = parse_config("Cargo.toml", workspace);
    assert_eq!(problems, []);
    let file = PyprojectFile {
        path: "lambdas/one/pyproject.toml".to_owned(),
        kind: Kind::Lambda,
        text: format!("[project]\nname = \"one\"\n{image}"),
    };
    let (declarations, problems) = declare(&config, &[file]);
    assert_eq!(problems, []);
    assert_eq!(declarations.images.len(), 2);
}
