//! Submodules, and who reads them. Git says of a submodule that it differs and no more: an image that
//! reads any of it is affected then, and no other is.

use expect_test::{Expect, expect};

use crate::checkout::Checkout;
use crate::monorepo::Monorepo;
use crate::mutation::{After, Mutation, Step};

/// Each Lambda has the submodule's files, or those that are to be one, in `vendor/lib`; what is
/// built of them is another thing each time. `upon` stands on the base image of `core`.
fn monorepo() -> Monorepo {
    let mut monorepo = Monorepo::default();
    let table = "[workspace.metadata.lambda-images]\n";
    monorepo.write("Cargo.toml", format!("[workspace]\nmembers = []\n\n{table}"));
    monorepo.write(".dockerignore", "target\n.git\n");
    let dockerfiles = [
        ("packages/core", "FROM scratch\nCOPY . /\n"),
        ("lambdas/all", "FROM scratch\nCOPY . /\n"),
        ("lambdas/glob", "FROM scratch\nCOPY handler.py vendor/lib/*.py /\n"),
        ("lambdas/none", "FROM scratch\nCOPY handler.py /\n"),
        ("lambdas/out", "FROM scratch\nCOPY . /\n"),
        ("lambdas/upon", "FROM base-core\nCOPY handler.py /\n"),
        (
            "lambdas/whole",
            "FROM scratch\nCOPY lambdas/whole/handler.py packages/core/vendor/lib/a.py /\n",
        ),
    ];
    for (folder, dockerfile) in dockerfiles {
        let name = folder.rsplit('/').next().unwrap();
        let whole = "[tool.lambda-image]\ncontext = \"workspace\"\n";
        let settings = if name == "whole" { whole } else { "" };
        monorepo.write(
            &format!("{folder}/pyproject.toml"),
            format!("[project]\nname = \"{name}\"\n{settings}"),
        );
        monorepo.write(&format!("{folder}/Dockerfile"), dockerfile);
        monorepo.write(&format!("{folder}/handler.py"), "");
        for file in ["a.py", "b.py", "c.txt"] {
            monorepo.write(&format!("{folder}/vendor/lib/{file}"), format!("{file}\n"));
        }
    }
    monorepo.write("lambdas/out/.dockerignore", "vendor\n");
    monorepo
}

const FOLDERS: [&str; 7] = [
    "packages/core",
    "lambdas/all",
    "lambdas/glob",
    "lambdas/none",
    "lambdas/out",
    "lambdas/upon",
    "lambdas/whole",
];

/// What is affected by a change of the submodule of each folder; where it is not the same, once for
/// what git hears of it: nothing, that it is staged, that it is committed.
#[track_caller]
fn check(first: &[Mutation], change: impl Fn(&str) -> Vec<Mutation>, expected: &Expect) {
    let mut text = String::new();
    for folder in FOLDERS {
        let submodule = format!("{folder}/vendor/lib");
        let mut monorepo = monorepo();
        monorepo.add_submodule(&submodule);
        for mutation in first {
            mutation.apply(&mut monorepo, &Monorepo::default());
        }
        let mut checkout = Checkout::create(&monorepo, "");
        let commit = checkout.first_commit();
        let affected = |checkout: &Checkout| {
            let names: Vec<String> = checkout.affected(&commit).into_iter().collect();
            if names.is_empty() { "nothing".to_owned() } else { names.join(" ") }
        };
        let step = |mutation| Step { label: "", mutation, after: After::Nothing };
        checkout.run_steps(&change(&submodule).into_iter().map(step).collect::<Vec<Step>>());
        let mut answers = vec![affected(&checkout)];
        checkout.stage();
        answers.push(affected(&checkout));
        checkout.commit();
        answers.push(affected(&checkout));
        answers.dedup();
        text += &format!("{folder}: {}\n", answers.join(" | "));
    }
    expected.assert_eq(&text);
}

fn write(path: String, text: &str) -> Mutation {
    Mutation::Write { path, text: text.to_owned() }
}

/// Committed it is another commit of the submodule.
#[test]
fn a_file_of_a_submodule_is_edited() {
    check(
        &[],
        |submodule| vec![write(format!("{submodule}/a.py"), "Edited.\n")],
        &expect![[r#"
            packages/core: base-core upon whole
            lambdas/all: all
            lambdas/glob: glob
            lambdas/none: nothing
            lambdas/out: nothing
            lambdas/upon: nothing
            lambdas/whole: nothing
        "#]],
    );
}

#[test]
fn a_file_of_a_submodule_is_added() {
    check(
        &[],
        |submodule| vec![write(format!("{submodule}/new.py"), "New.\n")],
        &expect![[r#"
        packages/core: base-core upon | base-core upon whole
        lambdas/all: all
        lambdas/glob: glob
        lambdas/none: nothing
        lambdas/out: nothing
        lambdas/upon: nothing
        lambdas/whole: nothing
    "#]],
    );
}

/// After which a glob finds nothing in it.
#[test]
fn files_of_a_submodule_are_removed() {
    let remove = |path: String| Mutation::Remove { path };
    check(
        &[],
        |submodule| vec![remove(format!("{submodule}/b.py")), remove(format!("{submodule}/c.txt"))],
        &expect![[r#"
            packages/core: base-core upon whole
            lambdas/all: all
            lambdas/glob: glob
            lambdas/none: nothing
            lambdas/out: nothing
            lambdas/upon: nothing
            lambdas/whole: nothing
        "#]],
    );
    check(
        &[],
        |submodule| {
            ["a.py", "b.py", "c.txt"].map(|file| remove(format!("{submodule}/{file}"))).into()
        },
        &expect![[r#"
            packages/core: base-core upon whole
            lambdas/all: all
            lambdas/glob: glob
            lambdas/none: nothing
            lambdas/out: nothing
            lambdas/upon: nothing
            lambdas/whole: nothing
        "#]],
    );
}

#[test]
fn a_submodule_is_added() {
    let gone = |folder| Mutation::Remove { path: format!("{folder}/vendor") };
    // What is empty is no submodule yet.
    let dissolved = |folder| Mutation::RemoveSubmodule {
        folder: format!("{folder}/vendor/lib"),
        keeps_files: true,
    };
    let first: Vec<Mutation> =
        FOLDERS.into_iter().flat_map(|folder| [dissolved(folder), gone(folder)]).collect();
    check(
        &first,
        |submodule| {
            let file = write(format!("{submodule}/a.py"), "");
            vec![file, Mutation::AddSubmodule { folder: submodule.to_owned() }]
        },
        &expect![[r#"
            packages/core: base-core upon whole
            lambdas/all: all
            lambdas/glob: glob
            lambdas/none: nothing
            lambdas/out: nothing
            lambdas/upon: nothing
            lambdas/whole: nothing
        "#]],
    );
}

#[test]
fn a_submodule_is_removed() {
    check(
        &[],
        |submodule| {
            vec![Mutation::RemoveSubmodule { folder: submodule.to_owned(), keeps_files: false }]
        },
        &expect![[r#"
            packages/core: base-core upon whole
            lambdas/all: all
            lambdas/glob: glob
            lambdas/none: nothing
            lambdas/out: nothing
            lambdas/upon: nothing
            lambdas/whole: nothing
        "#]],
    );
}

/// Its files are then the repository's own.
#[test]
fn a_submodule_is_dissolved() {
    check(
        &[],
        |submodule| {
            vec![Mutation::RemoveSubmodule { folder: submodule.to_owned(), keeps_files: true }]
        },
        &expect![[r#"
            packages/core: base-core upon whole
            lambdas/all: all
            lambdas/glob: glob
            lambdas/none: nothing
            lambdas/out: nothing
            lambdas/upon: nothing
            lambdas/whole: nothing
        "#]],
    );
}

/// Nobody reads it any more by today's ignore file, and at the commit somebody did.
#[test]
fn a_submodule_is_removed_and_left_out() {
    check(
        &[],
        |submodule| {
            let root = submodule.strip_suffix("/vendor/lib").unwrap();
            vec![
                write(format!("{root}/.dockerignore"), "vendor\n"),
                Mutation::RemoveSubmodule { folder: submodule.to_owned(), keeps_files: false },
            ]
        },
        &expect![[r#"
            packages/core: base-core upon whole
            lambdas/all: all
            lambdas/glob: glob
            lambdas/none: nothing
            lambdas/out: nothing
            lambdas/upon: nothing
            lambdas/whole: nothing
        "#]],
    );
}

/// Nothing of it is copied: it counts as it is declared. Without it, it is some distribution.
#[test]
fn a_submodule_that_is_a_package_is_removed() {
    let mut monorepo = monorepo();
    let pyproject = "[project]\nname = \"none\"\ndependencies = [\"lib\"]\n";
    monorepo.write("lambdas/none/pyproject.toml", pyproject);
    monorepo.write("packages/lib/pyproject.toml", "[project]\nname = \"lib\"\n");
    monorepo.write("packages/lib/lib.py", "");
    monorepo.add_submodule("packages/lib");
    let mut checkout = Checkout::create(&monorepo, "");
    let commit = checkout.first_commit();
    assert_eq!(checkout.affected(&commit).len(), 0);
    let folder = "packages/lib".to_owned();
    let mutation = Mutation::RemoveSubmodule { folder, keeps_files: false };
    checkout.run_steps(&[Step { label: "", mutation, after: After::Commit }]);
    assert!(checkout.affected(&commit).contains("none"));
}
