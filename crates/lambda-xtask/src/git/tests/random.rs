//! One git tag never names two contents: on random histories, at every head.

use super::*;

/// Numbers that look random and are the same in every run (`SplitMix64`).
pub(super) struct Numbers(pub(super) u64);

impl Numbers {
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (number ^ (number >> 31)) as usize % limit
    }
}

/// Files `a` and `b` are read by image `one`, `c` and `d` by image `two`; `b` and `d` may be
/// absent.
const PATHS: [&str; 4] = ["lambdas/one/a", "lambdas/one/b", "lambdas/two/c", "lambdas/two/d"];

#[derive(Debug, Clone, PartialEq)]
struct Commit {
    parents: Vec<usize>,
    /// Content of each file; 0: it does not exist.
    files: [usize; 4],
}

impl Commit {
    fn of_image(&self, image: &str) -> &[usize] {
        if image == "one" { &self.files[..2] } else { &self.files[2..] }
    }
}

fn random_history(numbers: &mut Numbers) -> Vec<Commit> {
    let mut commits = vec![Commit { parents: Vec::new(), files: [1, 0, 1, 0] }];
    while commits.len() < 9 {
        let last = commits.len() - 1;
        // Parents among the last few: chains, forks and merges of up to three.
        let mut parents = vec![last - numbers.below(3.min(last + 1))];
        for _ in 0..numbers.below(3) {
            let parent = last - numbers.below(4.min(last + 1));
            if !parents.contains(&parent) {
                parents.push(parent);
            }
        }
        let mut files =
            [0, 1, 2, 3].map(|file| commits[parents[numbers.below(parents.len())]].files[file]);
        // Often nothing more, so that merges take sides and contents come back.
        if numbers.below(3) > 0 {
            let file = numbers.below(4);
            files[file] =
                if [0, 2].contains(&file) { 1 + numbers.below(2) } else { numbers.below(3) };
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
        let mut parents = commit.parents.iter();
        match parents.next() {
            None => stream += "from refs/heads/main^0\n",
            Some(parent) => stream += &format!("from :{}\n", parent + 1),
        }
        for parent in parents {
            stream += &format!("merge :{}\n", parent + 1);
        }
        for (path, content) in PATHS.iter().zip(commit.files) {
            match content {
                0 => stream += &format!("D {path}\n"),
                content => {
                    stream += &format!("M 644 inline {path}\ndata 2\n{content}\n");
                }
            }
        }
        stream += "\n";
    }
    let file = tree.elsewhere();
    fs::write(&file, stream).unwrap();
    let mut import = tree.environment().command("git");
    import.args(["fast-import", "--quiet"]).stdin(fs::File::open(&file).unwrap());
    assert!(import.status().unwrap().success());
}

#[test]
fn one_commit_names_one_content_of_an_image() {
    for seed in 0..10 {
        let history = random_history(&mut Numbers(seed));
        let tree = Tree::committed();
        // Only the files of `PATHS` differ from commit to commit.
        tree.write(".gitignore", "target\n");
        for path in ["packages/low/Dockerfile", "lambdas/one/handler.py", "lambdas/two/handler.py"]
        {
            tree.remove(path);
        }
        tree.write("lambdas/one/Dockerfile", "FROM scratch\nCOPY . .\n");
        tree.commit("before");
        import(&tree, &history);
        let subjects = subjects(&tree);
        for head in 0..history.len() {
            tree.git(&["checkout", "-q", &format!("c{head}")]);
            for (name, state) in ask(&tree, &tree.environment()).unwrap() {
                let GitState::Clean { commit } = state else {
                    panic!("seed {seed}: {name} at {head} is {state:?}");
                };
                let found: usize = subjects[&commit].parse().unwrap();
                assert_eq!(
                    history[found].of_image(name.as_str()),
                    history[head].of_image(name.as_str()),
                    "seed {seed}: {name} at {head} is said to be as at {found} in {history:#?}"
                );
            }
        }
    }
}
