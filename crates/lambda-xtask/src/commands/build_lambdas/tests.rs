use clap::Parser as _;

use super::*;
use crate::failure::usage;

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    arguments: BuildLambdas,
}

#[track_caller]
fn check(line: &[&str], hint: &str) {
    let words = ["build-lambdas"].iter().chain(line);
    let Line { arguments } = Line::try_parse_from(words).unwrap();
    let error = with_hint_of_affected(usage("there is no image", "look"), &arguments);
    assert_eq!(error.to_string(), format!("there is no image\nhint: {hint}"));
}

#[test]
fn who_forgets_the_sign_before_a_commit_is_told() {
    check(&["--affected", "v1"], "look; a commit is given as `--affected=v1`");
    check(&["--affected=v1", "one"], "look");
    check(&["v1"], "look");
}
