use std::collections::BTreeSet;

use dockerfile::{Entry, EntryKind, Listing};

use super::*;
use crate::fingerprint::{Mode, sha256};
use crate::graph::fixture::{Texts, texts};

/// A workspace with these files, each read as it is and by nobody's ignore file.
struct World {
    graph: ImageGraph,
    contexts: Contexts,
    locks: Mutex<Locks>,
}

fn world(texts: &Texts, files: &[(&str, &str)]) -> World {
    let (_, graph) = texts.graph();
    let mut contexts = Contexts::default();
    let folders: BTreeSet<ContextFolder> =
        graph.images().iter().flat_map(|i| &i.contexts).map(|c| c.folder.clone()).collect();
    for folder in folders {
        let inside = |path: &str| paths::strip_folder(&folder.folder, path).map(str::to_owned);
        let entries = files
            .iter()
            .filter_map(|(path, _)| Some(Entry { path: inside(path)?, kind: EntryKind::File }));
        let mut tree = Tree::new(folder.folder.clone(), Listing::new(entries.collect()));
        for index in 0..tree.listing().entries().len() {
            let path = tree.path(index);
            let text = files.iter().find(|(own, _)| *own == path).unwrap().1;
            let state = FileState { mode: Mode::File, sha256: sha256(text.as_bytes()), size: 1 };
            tree.set_file(index, state);
        }
        contexts.add_tree(tree, [folder]);
    }
    let reads = graph.images().iter().map(|image| contexts.read(image, &image.contexts)).collect();
    contexts.set_reads(reads);
    let mut locks = Locks::default();
    for ((path, content), _) in contexts.locks() {
        let text = files.iter().find(|(own, _)| *own == path).unwrap().1;
        locks.add(&path, content, text);
    }
    World { graph, contexts, locks: Mutex::new(locks) }
}

impl World {
    fn index(&self, name: &str) -> usize {
        self.graph.images().iter().position(|image| image.name().as_str() == name).unwrap()
    }

    fn inputs(&self, name: &str) -> ReadInputs {
        let index = self.index(name);
        self.contexts.read_inputs(index, &self.graph.images()[index], &self.graph, &self.locks)
    }

    fn files(&self, name: &str) -> String {
        let locks = self.inputs(name).locks;
        let files = self.contexts.files(self.index(name), &locks);
        files.keys().map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}

fn with_dockerfile(text: &str) -> Texts {
    let mut texts = texts();
    texts.dockerfiles.insert("lambdas/one/Dockerfile".to_owned(), text.to_owned());
    texts
}

const LOCK: &str = "boto3==1.40.0 --hash=sha256:b0\n";

#[test]
fn only_what_is_read_counts() {
    let files = [("lambdas/one/handler.py", "1"), ("lambdas/one/notes.txt", "1")];
    let before = world(&texts(), &files);
    assert_eq!(before.files("one"), "lambdas/one/handler.py");
    assert_eq!(before.contexts.size(before.index("one")), 1);
    let same = world(&texts(), &[files[0], ("lambdas/one/notes.txt", "2")]);
    assert_eq!(same.inputs("one"), before.inputs("one"));
    let other = world(&texts(), &[("lambdas/one/handler.py", "2"), files[1]]);
    assert_ne!(other.inputs("one"), before.inputs("one"));
    let wanted: usize = before.contexts.wanted().iter().flatten().filter(|wanted| **wanted).count();
    assert_eq!(wanted, 1);
}

#[test]
fn a_lock_that_does_not_stay_counts_by_what_is_installed() {
    let mounted =
        "FROM x\nRUN --mount=type=bind,source=requirements.txt,target=r.txt pip install -r r.txt\n";
    let kept = "FROM x\nCOPY requirements.txt ./\nRUN pip install -r requirements.txt\n";
    let inputs = |dockerfile: &str, lock: &str| {
        world(&with_dockerfile(dockerfile), &[("lambdas/one/requirements.txt", lock)]).inputs("one")
    };
    let noise = format!("# A comment.\n{LOCK}");
    let newer = LOCK.replace("1.40.0", "1.41.0");
    assert_eq!(inputs(mounted, &noise), inputs(mounted, LOCK));
    assert_ne!(inputs(mounted, &newer), inputs(mounted, LOCK));
    assert_ne!(inputs(kept, &noise), inputs(kept, LOCK));
    assert!(inputs(kept, LOCK).locks.is_empty());
    // A command that nobody knows may copy it.
    let with_script = format!("{mounted}RUN ./more.sh\n");
    assert!(inputs(&with_script, LOCK).locks.is_empty());
    let files = [("lambdas/one/requirements.txt", "boto3==1.40.0\n")];
    let unpinned = world(&with_dockerfile(mounted), &files);
    assert!(unpinned.inputs("one").locks.is_empty());
    assert_eq!(unpinned.files("one"), "lambdas/one/requirements.txt");
}

#[test]
fn a_package_that_an_ignore_file_keeps_out_is_left_out() {
    let mut texts = with_dockerfile("FROM x\nCOPY packages/low lambdas/one /app/\n");
    texts.config.push_str("context = \"workspace\"\n");
    texts.dockerfiles.insert("packages/low/Dockerfile".to_owned(), "FROM x\n".to_owned());
    texts.dockerfiles.insert("packages/high/Dockerfile".to_owned(), "FROM base-low\n".to_owned());
    texts.dockerfiles.insert("lambdas/two/Dockerfile".to_owned(), "FROM base-high\n".to_owned());
    let left_out = |files: &[(&str, &str)]| {
        let world = world(&texts, files);
        let index = world.index("one");
        let image = &world.graph.images()[index];
        let left_out = world.contexts.left_out(index, image, &world.graph);
        left_out.into_iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(left_out(&[("packages/low/low.py", "1")]), [""; 0]);
    assert_eq!(left_out(&[("lambdas/one/handler.py", "1")]), ["low"]);
}
