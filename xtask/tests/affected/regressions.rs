//! Cases in which `affected` was at odds with the fingerprints once, as small as they can be, and those
//! of which it must be sure that they are what they are called.

use crate::checkout::Checkout;
use crate::compare::{Case, Outcome, run_case};
use crate::monorepo::Monorepo;
use crate::mutation::{After, Mutation, Resolution, Step};

/// Lambdas `one` and `two`, each of which copies its `handler.py` and `data.txt`.
fn two_lambdas() -> Monorepo {
    let mut monorepo = Monorepo::default();
    let table = "[workspace.metadata.lambda-images]\n";
    monorepo.write("Cargo.toml", format!("[workspace]\nmembers = []\n\n{table}"));
    for name in ["one", "two"] {
        let folder = format!("lambdas/{name}");
        let dockerfile = "FROM scratch\nCOPY handler.py /\nCOPY data.txt /\n";
        monorepo
            .write(&format!("{folder}/pyproject.toml"), format!("[project]\nname = \"{name}\"\n"));
        monorepo.write(&format!("{folder}/Dockerfile"), dockerfile);
        monorepo.write(&format!("{folder}/handler.py"), "");
        monorepo.write(&format!("{folder}/data.txt"), "data\n");
    }
    monorepo
}

/// Both say the same, and so many images are affected and not affected.
#[track_caller]
fn check(mutations: &[Mutation], after: After, expected: (usize, usize)) {
    check_in(two_lambdas(), mutations, after, expected);
}

/// The same in another monorepo.
#[track_caller]
fn check_in(monorepo: Monorepo, mutations: &[Mutation], after: After, expected: (usize, usize)) {
    let step = |mutation: &Mutation| Step { label: "", mutation: mutation.clone(), after };
    let steps = mutations.iter().map(step).collect();
    let case = Case { monorepo, steps, base: None, subfolder: "", asks_first: false };
    match run_case(&case) {
        Outcome::Same { affected, not_affected, .. } => {
            assert_eq!((affected, not_affected), expected, "affected, not affected");
        }
        Outcome::Unusable { problems, .. } => panic!("{problems}"),
        Outcome::Differs(fault) => panic!("{fault}"),
    }
}

fn remove(path: &str) -> Mutation {
    Mutation::Remove { path: path.to_owned() }
}

fn write(path: &str, text: &str) -> Mutation {
    Mutation::Write { path: path.to_owned(), text: text.to_owned() }
}

#[test]
fn a_stage_on_a_named_context_reads_all_of_it() {
    let texts =
        ["FROM files\nCOPY handler.py /\n", "FROM a/b AS files\nFROM files\nCOPY handler.py /\n"];
    for (text, after) in texts.into_iter().zip([After::Nothing, After::Commit]) {
        let mut monorepo = two_lambdas();
        let settings = "[project]\nname = \"one\"\n[tool.lambda-image]\ncontexts = { files = \"../../files\" }\n";
        monorepo.write("lambdas/one/pyproject.toml", settings);
        monorepo.write("lambdas/one/Dockerfile", text);
        monorepo.write("files/a", "a");
        monorepo.write("files/ignored", "");
        monorepo.write("files/.dockerignore", "ignored\n");
        check_in(monorepo.clone(), &[write("files/a", "b")], after, (1, 1));
        check_in(monorepo.clone(), &[write("files/new/b", "")], after, (1, 1));
        check_in(monorepo, &[write("files/ignored", "b")], after, (0, 2));
    }
}

/// What counts is the text that they lead to.
#[test]
fn dockerfiles_and_ignore_files_are_links() {
    let mut monorepo = two_lambdas();
    monorepo.write("lambdas/one/Dockerfile.shared", "FROM scratch\nCOPY . /\n");
    monorepo.link("lambdas/one/Dockerfile", "Dockerfile.shared");
    monorepo.write("lambdas/one/ignore", "Dockerfile*\nignore\n.dockerignore\n");
    monorepo.link("lambdas/one/.dockerignore", "ignore");
    let dockerfile = write("lambdas/one/Dockerfile.shared", "FROM scratch\nCOPY . /x\n");
    let comment = write("lambdas/one/Dockerfile.shared", "# c\nFROM scratch\nCOPY . /\n");
    let ignore = write("lambdas/one/ignore", "Dockerfile*\nignore\n.dockerignore\ndata.txt\n");
    let other = Mutation::Link {
        path: "lambdas/one/.dockerignore".to_owned(),
        text: "data.txt".to_owned(),
    };
    for after in [After::Nothing, After::Stage, After::Commit] {
        check_in(monorepo.clone(), std::slice::from_ref(&dockerfile), after, (1, 1));
        check_in(monorepo.clone(), std::slice::from_ref(&comment), after, (0, 2));
        check_in(monorepo.clone(), std::slice::from_ref(&ignore), after, (1, 1));
        check_in(monorepo.clone(), std::slice::from_ref(&other), after, (1, 1));
    }
}

/// Its Dockerfile is declared by nobody any more, and git's index has it all the same.
#[test]
fn a_lambda_is_gone_and_git_has_not_heard_of_it() {
    for after in [After::Nothing, After::Stage, After::Commit] {
        check(&[remove("lambdas/one")], after, (0, 1));
    }
}

#[test]
fn a_lambda_has_moved_and_git_has_not_heard_of_it() {
    let (from, to) = ("lambdas/one".to_owned(), "lambdas/moved".to_owned());
    check(&[Mutation::Rename { from, to }], After::Nothing, (0, 2));
}

/// Nobody reads the file any more, and at the commit somebody does.
#[test]
fn a_file_is_gone_with_the_instruction_that_read_it() {
    let dockerfile = write("lambdas/one/Dockerfile", "FROM scratch\nCOPY handler.py /\n");
    for after in [After::Nothing, After::Stage, After::Commit] {
        check(&[dockerfile.clone(), remove("lambdas/one/data.txt")], after, (1, 1));
    }
    // As the instruction goes by a commit, and the file without one.
    let committed = Step { label: "", mutation: dockerfile, after: After::Commit };
    let gone = remove("lambdas/one/data.txt");
    let steps = vec![committed, Step { label: "", mutation: gone, after: After::Nothing }];
    let case = Case { monorepo: two_lambdas(), steps, base: None, subfolder: "", asks_first: true };
    let outcome = run_case(&case);
    assert!(matches!(outcome, Outcome::Same { affected: 1, not_affected: 1, .. }), "{outcome:?}");
}

/// The conflict is one of git's, which its index has until it is staged.
#[test]
fn a_merge_has_conflicts_that_are_resolved_by_hand() {
    let ours = write("lambdas/one/data.txt", "ours\n");
    let theirs = vec![write("lambdas/one/data.txt", "theirs\n"), remove("lambdas/two/data.txt")];
    for (resolution, after, conflicts, parents) in [
        (Resolution::Both, After::Nothing, 1, 1),
        (Resolution::Ours, After::Stage, 0, 1),
        (Resolution::Theirs, After::Commit, 0, 2),
    ] {
        let merge = Mutation::Merge { theirs: theirs.clone(), resolution };
        let steps = [(ours.clone(), After::Commit), (merge, after)];
        let steps = steps.map(|(mutation, after)| Step { label: "", mutation, after });
        let mut checkout = Checkout::create(&two_lambdas(), "");
        checkout.run_steps(&steps);
        assert_eq!((checkout.conflicts(), checkout.parents()), (conflicts, parents), "{after:?}");
        // Against the first commit both differ; against the other branch, which has no `data.txt` of
        // `two` and `theirs` in that of `one`, only what was not taken from there.
        let from_theirs = usize::from(resolution != Resolution::Theirs);
        for (base, expected) in [(None, 2), (Some(theirs.clone()), from_theirs)] {
            let case = Case {
                monorepo: two_lambdas(),
                steps: steps.to_vec(),
                base,
                subfolder: "",
                asks_first: true,
            };
            match run_case(&case) {
                Outcome::Same { affected, .. } => assert_eq!(affected, expected, "{case}"),
                outcome => panic!("{outcome:?}\n{case}"),
            }
        }
    }
}
