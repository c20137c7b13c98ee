//! Changes of real files of this repository, and what they affect.

use std::fs;
use std::path::Path;

use expect_test::{Expect, expect};

use crate::checkout::Checkout;
use crate::monorepo::{Content, Monorepo};
use crate::mutation::{After, Mutation, Step};

/// What of this repository makes its images, and what lies beside that.
const FILES: [&str; 6] =
    ["Cargo.toml", "README.md", ".gitignore", "pyproject.toml", "packages", "lambdas"];

#[test]
fn changes_of_this_repository() {
    let first = read_this_repository();
    let table = [
        append(&first, "lambdas/submit_to_openai/handler.py", "# Edited.\n"),
        append(&first, "packages/receipt_chroma/src/receipt_chroma/delta.py", "# Edited.\n"),
        append(&first, "packages/receipt_dynamo/src/receipt_dynamo/item.py", "# Edited.\n"),
        added(&first, "packages/receipt_label/src/receipt_label/new.py", "NEW = 1\n"),
        added(&first, "packages/receipt_label/new.py", "NEW = 1\n"),
        append(&first, "packages/receipt_chroma/README.md", "More.\n"),
        append(&first, "packages/receipt_chroma/tests/test_delta.py", "# Edited.\n"),
        append(&first, "lambdas/find_unembedded_lines/tests/test_handler.py", "# Edited.\n"),
        append(&first, "packages/receipt_chroma/requirements.lock", "# A comment.\n"),
        replace(
            &first,
            "packages/receipt_chroma/requirements.lock",
            "anyio==4.16.0",
            "anyio==4.16.1",
        ),
        replace(
            &first,
            "packages/receipt_label/build-requirements.lock",
            "--hash=sha256:",
            "--hash=sha256:0",
        ),
        replace(
            &first,
            "lambdas/find_unembedded_lines/pyproject.toml",
            "description = \"",
            "description = \"It ",
        ),
        replace(
            &first,
            "packages/receipt_label/pyproject.toml",
            "description = \"",
            "description = \"It ",
        ),
        append(&first, "packages/receipt_dynamo/Dockerfile", "# A comment.\n"),
        replace(&first, "packages/receipt_label/Dockerfile", "--no-deps", "--no-deps --quiet"),
        replace(
            &first,
            "lambdas/list_pending_batches/Dockerfile",
            "handler.handler",
            "handler.other",
        ),
        append(&first, "packages/receipt_chroma/.dockerignore", "# A comment.\n"),
        append(&first, "packages/receipt_chroma/.dockerignore", "src/receipt_chroma/delta.py\n"),
        replace(&first, "Cargo.toml", "platform = \"linux/amd64\"", "platform = \"linux/arm64\""),
        append(&first, "pyproject.toml", "# A comment.\n"),
        Change {
            title: "lambdas/chromadb_compaction is gone".to_owned(),
            mutation: Mutation::Remove { path: "lambdas/chromadb_compaction".to_owned() },
            undo: below(&first, "lambdas/chromadb_compaction"),
        },
        Change {
            title: "handler.py of submit_to_openai is executable".to_owned(),
            mutation: Mutation::Chmod { path: "lambdas/submit_to_openai/handler.py".to_owned() },
            undo: vec!["lambdas/submit_to_openai/handler.py".to_owned()],
        },
    ];
    check(
        &first,
        &table,
        &expect![[r#"
        lambdas/submit_to_openai/handler.py: `# Edited.` behind it
          submit-to-openai
        packages/receipt_chroma/src/receipt_chroma/delta.py: `# Edited.` behind it
          base-receipt-chroma base-receipt-label chromadb-compaction chromadb-line-polling chromadb-word-polling submit-to-openai
        packages/receipt_dynamo/src/receipt_dynamo/item.py: `# Edited.` behind it
          base-receipt-chroma base-receipt-dynamo base-receipt-label chromadb-compaction chromadb-line-polling chromadb-word-polling find-unembedded-lines list-pending-batches submit-to-openai
        packages/receipt_label/src/receipt_label/new.py is new
          base-receipt-label chromadb-line-polling chromadb-word-polling submit-to-openai
        packages/receipt_label/new.py is new
          nothing
        packages/receipt_chroma/README.md: `More.` behind it
          nothing
        packages/receipt_chroma/tests/test_delta.py: `# Edited.` behind it
          nothing
        lambdas/find_unembedded_lines/tests/test_handler.py: `# Edited.` behind it
          nothing
        packages/receipt_chroma/requirements.lock: `# A comment.` behind it
          nothing
        packages/receipt_chroma/requirements.lock: `anyio==4.16.0` becomes `anyio==4.16.1`
          base-receipt-chroma base-receipt-label chromadb-compaction chromadb-line-polling chromadb-word-polling submit-to-openai
        packages/receipt_label/build-requirements.lock: `--hash=sha256:` becomes `--hash=sha256:0`
          base-receipt-label chromadb-line-polling chromadb-word-polling submit-to-openai
        lambdas/find_unembedded_lines/pyproject.toml: `description = "` becomes `description = "It `
          nothing
        packages/receipt_label/pyproject.toml: `description = "` becomes `description = "It `
          base-receipt-label chromadb-line-polling chromadb-word-polling submit-to-openai
        packages/receipt_dynamo/Dockerfile: `# A comment.` behind it
          nothing
        packages/receipt_label/Dockerfile: `--no-deps` becomes `--no-deps --quiet`
          base-receipt-label chromadb-line-polling chromadb-word-polling submit-to-openai
        lambdas/list_pending_batches/Dockerfile: `handler.handler` becomes `handler.other`
          list-pending-batches
        packages/receipt_chroma/.dockerignore: `# A comment.` behind it
          nothing
        packages/receipt_chroma/.dockerignore: `src/receipt_chroma/delta.py` behind it
          base-receipt-chroma base-receipt-label chromadb-compaction chromadb-line-polling chromadb-word-polling submit-to-openai
        Cargo.toml: `platform = "linux/amd64"` becomes `platform = "linux/arm64"`
          base-receipt-chroma base-receipt-dynamo base-receipt-label chromadb-compaction chromadb-line-polling chromadb-word-polling find-unembedded-lines list-pending-batches submit-to-openai
        pyproject.toml: `# A comment.` behind it
          nothing
        lambdas/chromadb_compaction is gone
          nothing
        handler.py of submit_to_openai is executable
          submit-to-openai
    "#]],
    );
}

struct Change {
    title: String,
    mutation: Mutation,
    /// The paths to be restored.
    undo: Vec<String>,
}

#[track_caller]
fn check(first: &Monorepo, table: &[Change], expected: &Expect) {
    let mut checkout = Checkout::create(first, "");
    let commit = checkout.first_commit();
    let step = |mutation| Step { label: "", mutation, after: After::Nothing };
    let mut text = String::new();
    for Change { title, mutation, undo } in table {
        checkout.run_steps(&[step(mutation.clone())]);
        let affected: Vec<String> = checkout.affected(&commit).into_iter().collect();
        let affected = if affected.is_empty() { "nothing".to_owned() } else { affected.join(" ") };
        text += &format!("{title}\n  {affected}\n");
        for path in undo {
            checkout.run_steps(&[step(Mutation::Restore { path: path.clone() })]);
        }
    }
    expected.assert_eq(&text);
}

fn append(first: &Monorepo, path: &str, end: &str) -> Change {
    let line = end.trim_end();
    write(path, format!("{path}: `{line}` behind it"), format!("{}{end}", first.text(path)))
}

fn added(first: &Monorepo, path: &str, text: &str) -> Change {
    assert_eq!(first.text(path), "", "`{path}` is there");
    write(path, format!("{path} is new"), text.to_owned())
}

#[track_caller]
fn replace(first: &Monorepo, path: &str, old: &str, new: &str) -> Change {
    let text = first.text(path);
    assert!(text.contains(old), "`{path}` has no `{old}`");
    write(path, format!("{path}: `{old}` becomes `{new}`"), text.replacen(old, new, 1))
}

fn write(path: &str, title: String, text: String) -> Change {
    let undo = vec![path.to_owned()];
    Change { title, mutation: Mutation::Write { path: path.to_owned(), text }, undo }
}

fn below(first: &Monorepo, folder: &str) -> Vec<String> {
    first.below(folder).into_iter().map(|path| format!("{folder}/{path}")).collect()
}

fn read_this_repository() -> Monorepo {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is in a workspace");
    let mut monorepo = Monorepo::default();
    for path in FILES {
        read(root, path, &mut monorepo);
    }
    monorepo
}

fn read(root: &Path, path: &str, monorepo: &mut Monorepo) {
    let full = root.join(path);
    if full.is_dir() {
        for entry in fs::read_dir(&full).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            // What Python's tools leave behind.
            if name != "__pycache__" && !name.ends_with("_cache") {
                read(root, &format!("{path}/{name}"), monorepo);
            }
        }
    } else {
        let text = fs::read_to_string(full).unwrap();
        monorepo.put(path, Content::File { text, is_executable: false });
    }
}
