//! What BuildKit makes of the images before and after a change, against what `affected` says.
//!
//! The images are built plainly: each from its own Dockerfile and its whole contexts, nothing
//! staged, nothing narrowed. Which contexts and args a build needs is taken from `affected --format
//! bake`.
//!
//! It does not compare image configurations, times, owners, or folders that are empty.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::bake::bake;
use crate::checkout::{Answer, Checkout};
use crate::compare::Case;
use crate::frontend;
use crate::monorepo::Monorepo;
use crate::mutation::Step;

/// What is at a path of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Built {
    File { bytes: Vec<u8>, is_executable: bool },
    Link(PathBuf),
}

/// What came of an image's build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Image {
    Files(BTreeMap<PathBuf, Built>),
    /// A source of it, or of an image that it stands on, isn't there.
    Refused,
    /// Nobody knows whether it is at fault; or BuildKit refuses it this time, and may build it another
    /// time: where the folder of a pattern isn't there it depends on what it still has from earlier
    /// contexts.
    Unknown,
}

/// One image of the later state that the earlier one has too.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) name: String,
    pub(crate) was: Image,
    pub(crate) is: Image,
    pub(crate) is_affected: bool,
    /// The kinds of its reasons.
    pub(crate) kinds: Vec<String>,
    /// Whether all of them are of locks, its own or those of what it stands on.
    pub(crate) is_by_lock: bool,
}

/// `Err`: one of the two states has problems.
pub(crate) fn run_case(case: &Case) -> Result<Vec<Verdict>, String> {
    let mut rebuild = Rebuild::begin(&case.monorepo, case.subfolder)?;
    rebuild.change(&case.steps)
}

/// A monorepo whose images have been built, and will be again.
pub(crate) struct Rebuild {
    checkout: Checkout,
    first: String,
    before: BTreeMap<String, Image>,
    is_broken: bool,
    changes: usize,
}

impl Rebuild {
    /// Builds everything a first time. `Err`: its problems.
    pub(crate) fn begin(monorepo: &Monorepo, subfolder: &'static str) -> Result<Rebuild, String> {
        let checkout = Checkout::create(monorepo, subfolder);
        let mut is_broken = false;
        let before = build_all(&checkout, "before", &mut is_broken)?;
        let first = checkout.first_commit();
        Ok(Rebuild { checkout, first, before, is_broken, changes: 0 })
    }

    /// Changes it and builds everything again. `Err`: its problems.
    pub(crate) fn change(&mut self, steps: &[Step]) -> Result<Vec<Verdict>, String> {
        let Rebuild { checkout, first, before, is_broken, changes } = self;
        checkout.run_steps(steps);
        let arguments = ["affected", "--base", first, "--format", "json"];
        let answer = json_of(checkout.ask(&checkout.root(), &arguments))?;
        *changes += 1;
        let mut after = build_all(checkout, &format!("after-{changes}"), is_broken)?;
        let images = answer["images"].as_array().expect("there is a list of images");
        let mut by_lock = BTreeSet::new();
        let verdict = |image: &Value| {
            let name = image["name"].as_str().expect("an image has a name");
            let reasons = image["reasons"].as_array().expect("there is a list of reasons");
            let kinds =
                reasons.iter().map(|reason| reason["kind"].as_str().unwrap_or_default().to_owned());
            // Bases come first.
            let is_of_lock = |reason: &Value| match reason["image"].as_str() {
                Some(base) => by_lock.contains(base),
                None => reason["path"].as_str().is_some_and(|path| path.ends_with(".lock")),
            };
            let is_by_lock = !reasons.is_empty() && reasons.iter().all(is_of_lock);
            if is_by_lock {
                by_lock.insert(name.to_owned());
            }
            Some(Verdict {
                is_by_lock,
                was: before.get(name)?.clone(),
                is: after.remove(name).expect("all images are built"),
                is_affected: image["affected"] == true,
                kinds: kinds.collect(),
                name: name.to_owned(),
            })
        };
        Ok(images.iter().filter_map(verdict).collect())
    }
}

fn json_of(answer: Answer) -> Result<Value, String> {
    match answer {
        Answer::Json(value) => Ok(value),
        Answer::Problems(problems) => Err(problems),
    }
}

/// Builds every image of the tree as it is. Where one is refused BuildKit ends the others, and what it
/// had of them in its cache can't be used any more: `is_broken` then.
fn build_all(
    checkout: &Checkout,
    state: &str,
    is_broken: &mut bool,
) -> Result<BTreeMap<String, Image>, String> {
    let root = checkout.root();
    // What a push to a new branch was made on is no commit: all images are affected.
    let no_commit = "0".repeat(40);
    let arguments = ["affected", "--base", &no_commit, "--format", "bake"];
    let mut bake = json_of(checkout.ask(&root, &arguments))?;
    let graph = json_of(checkout.ask(&root, &["graph", "--format", "json"]))?;
    let output = checkout.beside(state);
    let mut names = Vec::new();
    for image in graph["images"].as_array().expect("there is a list of images") {
        let name = image["name"].as_str().expect("an image has a name");
        let target = &mut bake["target"][name];
        let dockerfile = image["dockerfile"].as_str().expect("an image has a Dockerfile");
        target["dockerfile"] = json!(root.join(dockerfile));
        target["output"] = json!([format!("type=local,dest={}", output.join(name).display())]);
        target["tags"] = json!([]);
        if let Some((argument, frontend)) = frontend::given() {
            target["args"][argument] = json!(frontend);
        }
        names.push(name.to_owned());
    }
    let mut refused: BTreeMap<String, Image> = BTreeMap::new();
    while refused.len() < names.len() {
        let wanted: Vec<&String> = names.iter().filter(|n| !refused.contains_key(*n)).collect();
        bake["group"]["default"]["targets"] = json!(wanted);
        names.iter().for_each(|name| bake["target"][name]["no-cache"] = json!(*is_broken));
        let Err(culprits) = run_bake(&root, &bake.to_string()) else { break };
        *is_broken = true;
        let known = refused.len();
        for Refusal { target, instruction, image } in culprits {
            let culprits = with_instruction(&root, &graph, &target, &instruction);
            // Of several that have the instruction, only one may be at fault.
            let image = if culprits.len() > 1 { Image::Unknown } else { image };
            for culprit in culprits {
                for name in with_relatives(&graph, &culprit, "dependents") {
                    refused.entry(name).or_insert(image.clone());
                }
            }
        }
        assert!(refused.len() > known, "BuildKit builds what it is not asked for");
    }
    let built = names.into_iter().map(|name| {
        let folder = output.join(&name);
        let image = refused.remove(&name).unwrap_or_else(|| {
            let mut files = BTreeMap::new();
            read_folder(&folder, &folder, &mut files);
            Image::Files(files)
        });
        (name, image)
    });
    Ok(built.collect())
}

/// An instruction that BuildKit refuses.
#[derive(Debug)]
struct Refusal {
    /// The target that it is built for; the image itself or one that stands on it.
    target: String,
    instruction: String,
    image: Image,
}

/// Builds all targets; what BuildKit refuses, if it does.
fn run_bake(root: &Path, file: &str) -> Result<(), Vec<Refusal>> {
    let mut command = bake(|| Command::new("docker")).unwrap();
    command.args(["--progress=plain", "--file=-"]).current_dir(root);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(file.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    // `#7 [NAME STAGE 1/2] COPY …`, and later `#7 ERROR: …`.
    let refusal = |line: &str| {
        let (step, words) = line.split_once(" ERROR: ")?;
        // A file where an image below has a folder can't be copied either.
        let refusals = ["failed to calculate checksum", "cannot copy", "cannot replace"];
        let image = if refusals.iter().any(|refusal| words.starts_with(refusal)) {
            Image::Refused
        } else if words.starts_with("lstat ") || words.starts_with("process ") {
            Image::Unknown
        } else {
            return None;
        };
        let begin = format!("{step} [");
        let rest = said.lines().find_map(|line| line.strip_prefix(&begin))?;
        let (place, instruction) = rest.split_once("] ")?;
        let target = place.split(' ').next()?.to_owned();
        Some(Refusal { target, instruction: instruction.to_owned(), image })
    };
    let culprits: Vec<Refusal> = said.lines().filter_map(refusal).collect();
    crate::explain(|| format!("refused: {culprits:?}\n{said}"));
    assert!(!culprits.is_empty(), "the engine fails: {said}");
    Err(culprits)
}

/// Which of a target and the images that it stands on have the instruction.
fn with_instruction(root: &Path, graph: &Value, target: &str, instruction: &str) -> Vec<String> {
    // BuildKit shows a list without its quotes.
    let plain = |text: &str| text.replace(['[', ']', '"', ',', ' '], "");
    let has_it = |name: &String| {
        let image = image_of(graph, name);
        let dockerfile = image.and_then(|image| image["dockerfile"].as_str()).unwrap_or_default();
        let text = fs::read_to_string(root.join(dockerfile)).unwrap();
        text.lines().any(|line| plain(line) == plain(instruction))
    };
    let mut names = with_relatives(graph, target, "depends_on");
    names.retain(has_it);
    if names.is_empty() { vec![target.to_owned()] } else { names }
}

fn image_of<'g>(graph: &'g Value, name: &str) -> Option<&'g Value> {
    let images = graph["images"].as_array().expect("there is a list of images");
    images.iter().find(|image| image["name"] == name)
}

/// An image and its `depends_on` or its `dependents`.
fn with_relatives(graph: &Value, name: &str, which: &str) -> Vec<String> {
    let relatives = image_of(graph, name).and_then(|image| image[which].as_array());
    let relatives = relatives.into_iter().flatten();
    let relatives = relatives.filter_map(|one| one.as_str().or_else(|| one["name"].as_str()));
    relatives.chain([name]).map(str::to_owned).collect()
}

fn read_folder(root: &Path, folder: &Path, files: &mut BTreeMap<PathBuf, Built>) {
    // An image without any file has no folder.
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        let metadata = path.symlink_metadata().unwrap();
        let built = if metadata.is_symlink() {
            Built::Link(fs::read_link(&path).unwrap())
        } else if metadata.is_dir() {
            read_folder(root, &path, files);
            continue;
        } else {
            let is_executable = metadata.permissions().mode() & 0o100 != 0;
            Built::File { bytes: fs::read(&path).unwrap(), is_executable }
        };
        files.insert(path.strip_prefix(root).unwrap().to_owned(), built);
    }
}

impl Verdict {
    /// Whether there are two builds to compare.
    pub(crate) fn is_known(&self) -> bool {
        let is_nothing = self.was == Image::Refused && self.is == Image::Refused;
        self.was != Image::Unknown && self.is != Image::Unknown && !is_nothing
    }

    /// Whether its files differ, or whether it can be built.
    pub(crate) fn differs(&self) -> bool {
        self.is_known() && self.was != self.is
    }

    /// The paths at which it differs.
    pub(crate) fn differences(&self) -> BTreeSet<String> {
        let (Image::Files(was), Image::Files(is)) = (&self.was, &self.is) else {
            return BTreeSet::from(["it could be built only once".to_owned()]);
        };
        let paths = was.keys().chain(is.keys()).filter(|path| was.get(*path) != is.get(*path));
        paths.map(|path| path.display().to_string()).collect()
    }
}
