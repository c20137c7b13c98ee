mod projects;

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
    // A command that is not known may copy it, where it sees it.
    let with_script = format!("{mounted}RUN ./more.sh\n");
    assert_eq!(inputs(&with_script, &noise), inputs(&with_script, LOCK));
    let script = mounted.replace("\n", "; ./more.sh\n").replacen("; ./more.sh", "", 1);
    assert!(inputs(&script, LOCK).locks.is_empty(), "{script}");
    let files = [("lambdas/one/requirements.txt", "boto3==1.40.0\n")];
    let unpinned = world(&with_dockerfile(mounted), &files);
    assert!(unpinned.inputs("one").locks.is_empty());
    assert_eq!(unpinned.files("one"), "lambdas/one/requirements.txt");
}

/// A workspace whose root is a project too: `app` wants `idna`, and its group `docs` wants `sphinx`;
/// the member `one` wants `six`.
fn root_lock(idna: &str, sphinx: &str, six: &str) -> String {
    let member = |name: &str, folder: &str, wanted: &str| {
        format!(
            "[[package]]\nname = \"{name}\"\nversion = \"0.1.0\"\n\
             source = {{ virtual = \"{folder}\" }}\ndependencies = [{{ name = \"{wanted}\" }}]\n"
        )
    };
    let distribution = |name: &str, version: &str| {
        format!(
            "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n\
             source = {{ registry = \"https://index.example/simple\" }}\n"
        )
    };
    [
        "version = 1\n[manifest]\nmembers = [\"app\", \"one\"]\n".to_owned(),
        member("app", ".", "idna"),
        "[package.dev-dependencies]\ndocs = [{ name = \"sphinx\" }]\n".to_owned(),
        member("one", "lambdas/one", "six"),
        distribution("idna", idna),
        distribution("sphinx", sphinx),
        distribution("six", six),
    ]
    .concat()
}

#[test]
fn the_project_beside_a_uv_lock_is_the_one_that_the_lock_names() {
    let locked = |sync: &str, lock: &str| {
        let mut texts = texts();
        texts.config.push_str(
            "[[workspace.metadata.lambda-images.images]]\n\
             name = \"root\"\ndockerfile = \"Dockerfile\"\n",
        );
        let mount = "--mount=type=bind,source=uv.lock,target=uv.lock \
                     --mount=type=bind,source=pyproject.toml,target=pyproject.toml";
        let dockerfile = format!("FROM x\nRUN {mount} {sync}\n");
        texts.dockerfiles.insert("Dockerfile".to_owned(), dockerfile);
        let project = ("pyproject.toml", "[project]\nname = \"app\"\n");
        let inputs = world(&texts, &[("uv.lock", lock), project]).inputs("root");
        inputs.locks["uv.lock"].clone()
    };
    let names = |sync: &str| {
        let locked = locked(sync, &root_lock("3.7", "8.0", "1.16"));
        locked.keys().cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names("uv sync --frozen --no-default-groups"), "app idna");
    assert_eq!(names("uv sync --frozen --group docs --no-dev"), "app idna sphinx");
    assert_eq!(names("uv sync --frozen"), "app idna");
    let sync = "uv sync --frozen --no-default-groups";
    let before = locked(sync, &root_lock("3.7", "8.0", "1.16"));
    assert_eq!(locked(sync, &root_lock("3.7", "8.1", "1.17")), before);
    assert_ne!(locked(sync, &root_lock("3.8", "8.0", "1.16")), before);
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

#[test]
fn a_lock_that_counts_by_its_bytes_has_a_reason() {
    let doubt = |dockerfile: &str| {
        let world = world(&with_dockerfile(dockerfile), &[("lambdas/one/requirements.txt", LOCK)]);
        let index = world.index("one");
        let image = &world.graph.images()[index];
        let doubts = world.contexts.doubts(index, image, &world.graph, &world.locks);
        doubts.into_iter().map(|(path, doubt)| format!("{path}: {doubt}")).collect::<String>()
    };
    let copy = "FROM x AS a\nWORKDIR /src\nCOPY requirements.txt ./\n";
    let install = "RUN pip install -r requirements.txt --target /out";
    let taken = "FROM y\nCOPY --from=a /out /out\n";
    assert_eq!(doubt(&format!("{copy}{install}\n{taken}")), "");
    assert_eq!(
        doubt(&format!("{copy}{install} && echo `cp requirements.txt /out/`\n{taken}")),
        "lambdas/one/requirements.txt: `RUN` on line 4 uses command substitution"
    );
    assert_eq!(
        doubt(&format!("{copy}{install}\n")),
        "lambdas/one/requirements.txt: it may become part of the image"
    );
}
