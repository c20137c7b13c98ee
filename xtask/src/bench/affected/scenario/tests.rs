use super::*;
use crate::bench::peers::QUESTIONS;

/// What is said of an answer as nx gives it, where an edit affects `fn-1` and `fn-2`.
#[track_caller]
fn check(answer: &str, expected: &str) {
    let contender = Contender {
        name: "nx".to_owned(),
        environment: Environment::of_process().unwrap(),
        command: Box::new(|environment| {
            let mut command = environment.command("printf");
            command.args(["%s", answer]);
            Ok(command)
        }),
        lambdas: Some(QUESTIONS[2].projects),
        forgets: None,
    };
    let difference =
        contender.compare(&BTreeSet::from(["fn-1".to_owned(), "fn-2".to_owned()])).unwrap();
    assert_eq!(difference.trim(), expected);
}

#[test]
fn only_lambdas_are_compared() {
    check(r#"["fn-2", "pkg-7", "fn-1"]"#, "");
}

#[test]
fn differences_are_counted() {
    check(r#"["fn-2", "fn-3", "fn-4"]"#, "nx names 3 Lambdas, not 2: 2 too many, 1 missing");
    check("{}", "nx does not say what is affected");
}
