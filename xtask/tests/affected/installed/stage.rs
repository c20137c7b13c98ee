//! The commands of a Dockerfile's first stage, run in a scratch folder in place of a container.
//!
//! It reads what `shapes` writes, and no other Dockerfile.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::index::Index;
use super::world::World;

/// Stands for the folder in which everything happens.
pub(crate) const ROOT: &str = "/@";

/// What a stage leaves in the folder that the image takes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Each file with its bytes.
    Files(BTreeMap<String, Vec<u8>>),
    /// The command that failed. What it says is not part of any image.
    Failed(String),
}

pub(crate) fn run_stage(world: &World, image: &str, index: &Index) -> Outcome {
    let scratch = index.scratch();
    let root = scratch.path().to_str().unwrap().to_owned();
    let context = scratch.path().join("context");
    for (path, text) in world.files(index) {
        let to = context.join(path);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::write(to, text).unwrap();
    }
    let text = world.images[image].dockerfile.replace(ROOT, &root);
    let (mut folder, mut variables) = (String::from("/"), BTreeMap::new());
    let mut lines = text.lines().skip(1);
    while let Some(line) = lines.next() {
        let (keyword, rest) = line.split_once(' ').unwrap_or((line, ""));
        match keyword {
            "FROM" => break,
            "ENV" | "ARG" => {
                let (name, value) = rest.split_once('=').unwrap();
                variables.insert(name.to_owned(), value.to_owned());
            }
            "WORKDIR" => {
                folder = Path::new(&folder).join(rest).to_str().unwrap().to_owned();
                fs::create_dir_all(&folder).unwrap();
            }
            "COPY" => copy(&context, Path::new(&folder), rest),
            "RUN" if rest == "<<EOF" => {
                let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "EOF").collect();
                if !run(index, &folder, &variables, &body.join("\n")) {
                    return Outcome::Failed(body.join("\n").replace(&root, ROOT));
                }
            }
            "RUN" => {
                let (mounts, script) = split_mounts(rest);
                let new: Vec<_> = mounts
                    .iter()
                    .map(|(source, target)| (context.join(source), Path::new(&folder).join(target)))
                    .collect();
                for (source, target) in &new {
                    fs::create_dir_all(target.parent().unwrap()).unwrap();
                    fs::copy(source, target).unwrap();
                }
                let is_done = run(index, &folder, &variables, script);
                new.iter().for_each(|(_, target)| drop(fs::remove_file(target)));
                if !is_done {
                    return Outcome::Failed(script.replace(&root, ROOT));
                }
            }
            _ => panic!("the test writes no `{line}`"),
        }
    }
    let mut files = BTreeMap::new();
    collect(&scratch.path().join("out"), "", &mut files);
    Outcome::Files(files)
}

fn run(index: &Index, folder: &str, variables: &BTreeMap<String, String>, script: &str) -> bool {
    let mut command = index.command("sh");
    command.args(["-c", script]).current_dir(folder).envs(variables);
    let output = command.output().unwrap();
    if !output.status.success() {
        crate::explain(|| format!("{script}: {}", String::from_utf8_lossy(&output.stderr)));
    }
    output.status.success()
}

/// Files to a folder, each under its own name.
fn copy(context: &Path, folder: &Path, rest: &str) {
    let words: Vec<&str> = rest.split(' ').collect();
    let (to, sources) = words.split_last().unwrap();
    let to = folder.join(to);
    fs::create_dir_all(&to).unwrap();
    for source in sources {
        let name = Path::new(source).file_name().unwrap();
        fs::copy(context.join(source), to.join(name)).unwrap();
    }
}

fn split_mounts(mut rest: &str) -> (Vec<(&str, &str)>, &str) {
    let mut mounts = Vec::new();
    while let Some(mount) = rest.strip_prefix("--mount=type=bind,source=") {
        let (mount, script) = mount.split_once(' ').unwrap();
        mounts.push(mount.split_once(",target=").unwrap());
        rest = script;
    }
    (mounts, rest)
}

/// What differs from run to run, or names the scratch folder, is left out.
fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    let left_out: BTreeSet<&str> =
        ["bin", "lib64", "pyvenv.cfg", "RECORD", "uv_cache.json", "direct_url.json", "__pycache__"]
            .into();
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{prefix}{name}");
        if left_out.contains(name.as_str()) || name.starts_with('.') || path.contains("/pip") {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), &format!("{path}/"), files);
        } else {
            files.insert(path, fs::read(entry.path()).unwrap());
        }
    }
}
