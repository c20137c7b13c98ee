//! The commit of a tag, and what is dirty, against a plain comparison of the fingerprints of checkouts: on
//! random histories with merges.

use std::collections::BTreeMap;

use lambda_images::fingerprint::Fingerprint;

use super::random::Numbers;
use super::*;

/// All files of a commit.
type Files = BTreeMap<String, String>;

struct Commit {
    parents: Vec<usize>,
    files: Files,
}

const LOCKED: &str = "lambdas/three/uv.lock";
/// What one branch has of these comes whole into a merge.
const GROUPS: &[&str] =
    &["Cargo.toml", "lambdas/one/", "lambdas/three/", "lambdas/two/", "packages/low/"];

/// `three` installs `idna` of its lock, and not `six`.
fn lock(idna: usize, six: usize) -> String {
    let package = |name: &str, version: usize| {
        format!(
            "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = {{ registry = \"https://index.example/simple\" }}\nsdist = {{ url = \"https://files.example/{name}-{version}.tar.gz\", hash = \"sha256:{version:064}\", size = 1 }}\n"
        )
    };
    format!(
        "version = 1\nrevision = 3\nrequires-python = \">=3.11\"\n{}\n[[package]]\nname = \"other\"\nversion = \"1\"\nsource = {{ virtual = \"other\" }}\ndependencies = [{{ name = \"six\" }}]\n{}\n[[package]]\nname = \"three\"\nversion = \"1\"\nsource = {{ virtual = \".\" }}\ndependencies = [{{ name = \"idna\" }}]\n",
        package("idna", idna),
        package("six", six)
    )
}

fn first_files() -> Files {
    let mut files = Files::new();
    let mut add = |path: &str, text: &str| drop(files.insert(path.to_owned(), text.to_owned()));
    add(".gitignore", "target\n");
    add(
        "Cargo.toml",
        "[workspace]\nresolver = \"3\"\nmembers = []\n\n[workspace.metadata.lambda-images]\n",
    );
    add("packages/low/pyproject.toml", "[project]\nname = \"low\"\n");
    add("packages/low/Dockerfile", "FROM public.ecr.aws/lambda/python:3.13\nCOPY . /opt/low\n");
    add("packages/low/low.py", "0\n");
    add("lambdas/one/pyproject.toml", "[project]\nname = \"one\"\ndependencies = [\"low\"]\n");
    add("lambdas/one/Dockerfile", "FROM base-low\nARG LEVEL\nCOPY . .\n");
    add("lambdas/one/handler.py", "0\n");
    add("lambdas/two/pyproject.toml", "[project]\nname = \"two\"\n");
    add("lambdas/two/Dockerfile", "FROM public.ecr.aws/lambda/python:3.13\nCOPY . .\n");
    add("lambdas/two/.dockerignore", "*.toml\n.dockerignore\nDockerfile\n");
    add("lambdas/two/handler.py", "0\n");
    add("lambdas/three/pyproject.toml", "[project]\nname = \"three\"\ndependencies = [\"idna\"]\n");
    add(
        "lambdas/three/Dockerfile",
        "FROM public.ecr.aws/lambda/python:3.13 AS installed\nCOPY --from=ghcr.io/astral-sh/uv:0.9.5 /uv /bin/uv\nENV UV_PROJECT_ENVIRONMENT=/venv\nWORKDIR /src\nCOPY pyproject.toml uv.lock ./\nRUN uv sync --frozen --no-dev --no-install-project\nFROM public.ecr.aws/lambda/python:3.13\nCOPY --from=installed /venv/lib/python3.13/site-packages /var/task/\nCMD [\"handler.handler\"]\n",
    );
    add(LOCKED, &lock(0, 0));
    files
}

/// Adds a line, or takes it away.
fn toggle(files: &mut Files, path: &str, line: &str) {
    if let Some(text) = files.get_mut(path) {
        *text = match text.contains(line) {
            true => text.replace(line, ""),
            false => format!("{text}{line}"),
        };
    }
}

/// One change. Numbers are few, so that contents come back.
fn change(numbers: &mut Numbers, files: &mut Files) {
    let number = numbers.below(3);
    let mut write = |path: &str, text: String| drop(files.insert(path.to_owned(), text));
    match numbers.below(16) {
        0 => write("lambdas/one/handler.py", format!("{number}\n")),
        1 => write("packages/low/low.py", format!("{number}\n")),
        2 => write("lambdas/two/handler.py", format!("{number}\n")),
        3 => write("README.md", format!("{number}\n")),
        4 => write("lambdas/two/data.txt", format!("{number}\n")),
        5 => drop(files.remove("lambdas/two/data.txt")),
        6 | 7 => write(LOCKED, lock(numbers.below(2), number)),
        8 => toggle(files, "lambdas/two/Dockerfile", "# a comment\n"),
        9 => toggle(files, "lambdas/two/Dockerfile", "ENV A=1\n"),
        10 => toggle(files, "lambdas/two/.dockerignore", "data.txt\n"),
        11 => toggle(files, "lambdas/two/pyproject.toml", "dependencies = [\"low\"]\n"),
        12 => toggle(files, "lambdas/two/pyproject.toml", "[tool.ruff]\nline-length = 100\n"),
        13 => toggle(files, "Cargo.toml", "args = { LEVEL = \"1\" }\n"),
        14 => toggle(files, "Cargo.toml", "# a comment\n"),
        _ => toggle(files, "lambdas/three/Dockerfile", "# a comment\n"),
    }
}

fn random_history(numbers: &mut Numbers) -> Vec<Commit> {
    let mut commits = vec![Commit { parents: Vec::new(), files: first_files() }];
    while commits.len() < 14 {
        let last = commits.len() - 1;
        let mut parents = vec![last - numbers.below(3.min(last + 1))];
        for _ in 0..numbers.below(3) {
            let parent = last - numbers.below(4.min(last + 1));
            if !parents.contains(&parent) {
                parents.push(parent);
            }
        }
        let mut files = commits[parents[0]].files.clone();
        for group in GROUPS {
            let from = &commits[parents[numbers.below(parents.len())]].files;
            files.retain(|path, _| !path.starts_with(group));
            let whole = from.iter().filter(|(path, _)| path.starts_with(group));
            files.extend(whole.map(|(path, text)| (path.clone(), text.clone())));
        }
        for _ in 0..numbers.below(3) {
            change(numbers, &mut files);
        }
        commits.push(Commit { parents, files });
    }
    commits
}

/// Puts the history into the repository; commit `n` has the subject `n` and the branch `cn`.
fn import(tree: &Tree, history: &[Commit]) {
    let mut stream = String::new();
    for (number, commit) in history.iter().enumerate() {
        let subject = number.to_string();
        stream += &format!(
            "commit refs/heads/c{number}\nmark :{}\ncommitter C <c@example.com> 1767225600 +0000\ndata {}\n{subject}\n",
            number + 1,
            subject.len()
        );
        for (place, parent) in commit.parents.iter().enumerate() {
            let word = if place == 0 { "from" } else { "merge" };
            stream += &format!("{word} :{}\n", parent + 1);
        }
        stream += "deleteall\n";
        for (path, text) in &commit.files {
            stream += &format!("M 644 inline {path}\ndata {}\n{text}\n", text.len());
        }
        stream += "\n";
    }
    let file = tree.elsewhere();
    fs::write(&file, stream).unwrap();
    let mut import = tree.environment().command("git");
    import.args(["fast-import", "--quiet"]).stdin(fs::File::open(&file).unwrap());
    assert!(import.status().unwrap().success());
}

fn fingerprints(tree: &Tree) -> BTreeMap<ImageName, Fingerprint> {
    let workspace = tree.read();
    let caches = TreeCaches::of_hashes(Vec::new());
    let disk = Disk { root: &workspace.root, caches: &caches };
    let found = Found::read(&disk, &workspace.graph).unwrap();
    let inputs = found.inputs(&workspace.graph).into_iter();
    inputs.map(|(name, (_, fingerprint))| (name, fingerprint)).collect()
}

/// The commit at which an image's fingerprint became what it is at `head`, by git's own rule.
fn expected(
    history: &[Commit],
    checkouts: &[BTreeMap<ImageName, Fingerprint>],
    head: usize,
    name: &ImageName,
) -> usize {
    let mut at = head;
    let is_same = |parent: &&usize| checkouts[**parent].get(name) == checkouts[head].get(name);
    while let Some(parent) = history[at].parents.iter().find(is_same) {
        at = *parent;
    }
    at
}

#[test]
fn tags_and_dirty_images_are_those_of_compared_checkouts() {
    let (mut renamed, mut kept, mut dirty, mut clean) = (0, 0, 0, 0);
    for seed in 0..12 {
        let numbers = &mut Numbers(seed);
        let history = random_history(numbers);
        let tree = Tree::plain();
        for folder in ["lambdas", "packages"] {
            fs::remove_dir_all(tree.path(folder)).unwrap();
        }
        tree.git(&["init", "-q", "-b", "main"]);
        import(&tree, &history);
        let checkout = |head: usize| {
            tree.git(&["checkout", "-q", "--force", &format!("c{head}")]);
            tree.git(&["clean", "-fdq", "--exclude=target"]);
        };
        let mut checkouts = Vec::new();
        for head in 0..history.len() {
            checkout(head);
            checkouts.push(fingerprints(&tree));
        }
        let subjects = subjects(&tree);
        // From the oldest to the newest, and from no known answers.
        for head in (0..history.len()).chain([history.len() - 1]) {
            if head + 1 == history.len() {
                drop(fs::remove_dir_all(tree.path("target")));
            }
            checkout(head);
            for (name, state) in ask(&tree, &tree.environment()).unwrap() {
                let expected = expected(&history, &checkouts, head, &name);
                let place = format!("seed {seed}: {name} at {head}");
                let GitState::Clean { commit } = &state else { panic!("{place} is {state:?}") };
                assert_eq!(subjects[commit], expected.to_string(), "{place}");
                renamed += usize::from(expected == head);
                kept += usize::from(expected != head);
            }
            let mut files = history[head].files.clone();
            for _ in 0..1 + numbers.below(2) {
                change(numbers, &mut files);
            }
            for path in history[head].files.keys().filter(|path| !files.contains_key(*path)) {
                tree.remove(path);
            }
            files.iter().for_each(|(path, text)| tree.write(path, text));
            // Half of them find the commits while the tree is dirty.
            if numbers.below(2) == 0 {
                drop(fs::remove_dir_all(tree.path("target")));
            }
            let now = fingerprints(&tree);
            for (name, state) in ask(&tree, &tree.environment()).unwrap() {
                let differs = now.get(&name) != checkouts[head].get(&name);
                assert_eq!(state.is_dirty(), differs, "seed {seed}: {name} at {head}: {state:?}");
                let expected = expected(&history, &checkouts, head, &name).to_string();
                assert_eq!(state.commit().map(|it| &subjects[it]), Some(&expected), "seed {seed}");
                dirty += usize::from(differs);
                clean += usize::from(!differs);
            }
        }
    }
    assert!(
        renamed > 50 && kept > 100 && dirty > 50 && clean > 100,
        "{renamed} {kept} {dirty} {clean}"
    );
}
