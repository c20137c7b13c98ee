//! Builds of many worlds at once, and what arrives.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use dockerfile::Listing;

use crate::frontend::given;
use crate::sent::sent;
use crate::world::{IGNORE_FILE, World};

/// Set by `cargo xtask test` and `cargo xtask ci`.
const REGISTRY: &str = "LAMBDA_IMAGES_TEST_REGISTRY";

#[track_caller]
pub(crate) fn require_engine() {
    assert!(
        env::var_os(REGISTRY).is_some(),
        "`{REGISTRY}` is not set: this test needs a Docker engine, and `cargo xtask test` brings one"
    );
}

/// The instruction at fault, by its world and its place there, if BuildKit tells; its words.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) instruction: Option<(usize, usize)>,
    pub(crate) words: String,
}

/// What stands at a path of the output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Arrived {
    File(String),
    Symlink(String),
    Folder,
}

/// The output of each instruction, by its world and its place there; paths are relative.
pub(crate) type Output = BTreeMap<(usize, usize), BTreeMap<PathBuf, Arrived>>;

/// Worlds in their folders, ready to be built once and again.
pub(crate) struct Batch<'w> {
    folder: tempfile::TempDir,
    worlds: &'w [World],
    /// Which instructions are built; each is one line of the Dockerfile, from the second on.
    instructions: Vec<(usize, usize)>,
}

/// Builds the worlds once, as they are.
pub(crate) fn build_original(worlds: &[World]) -> Result<Output, Refused> {
    Batch::write(worlds, &[]).build("original")
}

impl<'w> Batch<'w> {
    /// The first world is the main context, the others are named; the instructions in `left_out`
    /// are not run.
    pub(crate) fn write(worlds: &'w [World], left_out: &[(usize, usize)]) -> Batch<'w> {
        let folder = tempfile::Builder::new().prefix("buildkit-").tempdir().unwrap();
        for (index, world) in worlds.iter().enumerate() {
            world.write(&folder.path().join(context_name(index)));
        }
        let all = worlds.iter().enumerate().flat_map(|(index, world)| {
            (0..world.instructions.len()).map(move |instruction| (index, instruction))
        });
        let instructions: Vec<_> = all.filter(|case| !left_out.contains(case)).collect();
        let mut text = "FROM scratch\n".to_owned();
        for &(world, instruction) in &instructions {
            let name = context_name(world);
            let context = (world > 0).then_some(name.as_str());
            let destination = format!("/{world}/{instruction}/");
            text += &worlds[world].instructions[instruction].render(context, &destination);
            text += "\n";
        }
        fs::write(folder.path().join("Dockerfile"), text).unwrap();
        Batch { folder, worlds, instructions }
    }

    /// What is sent for an instruction; a main context is sent once for all of its own.
    pub(crate) fn sent(&self, world: usize, instruction: usize) -> Option<Listing> {
        let with = |case: &&(usize, usize)| match world {
            0 => case.0 == 0,
            _ => **case == (world, instruction),
        };
        let context = &self.worlds[world];
        let cases = self.instructions.iter().filter(with);
        let reads = cases.flat_map(|&(_, index)| context.reads(&context.instructions[index]));
        let patterns: Vec<String> = reads.flat_map(|read| read.patterns).collect();
        sent(&self.folder.path().join(context_name(world)), context.listing(), &patterns)
    }

    /// Puts the narrowed ignore files into the places that count.
    pub(crate) fn narrow(&self) {
        for (index, world) in self.worlds.iter().enumerate() {
            let text = world.narrowed_ignore();
            // An ignore file that wasn't there is nothing that the build could have read.
            if index > 0 && (!text.is_empty() || !world.ignore.is_empty()) {
                let path = self.folder.path().join(context_name(index)).join(IGNORE_FILE);
                fs::write(path, text).unwrap();
            } else if index == 0 {
                // Beside the Dockerfile it comes before the context's own; empty, it doesn't count.
                let text = if text.is_empty() { "# nothing\n".to_owned() } else { text };
                fs::write(self.folder.path().join("Dockerfile.dockerignore"), text).unwrap();
            }
        }
    }

    pub(crate) fn build(&self, output: &str) -> Result<Output, Refused> {
        let folder = self.folder.path();
        let output = folder.join(output);
        let mut command = Command::new("docker");
        command.current_dir(folder).args(["buildx", "build", "--progress=plain", "--no-cache"]);
        command.args(["--file", "Dockerfile", "--output"]);
        command.arg(format!("type=local,dest={}", output.display()));
        command.args(given().map(|(name, image)| format!("--build-arg={name}={image}")));
        for index in 1..self.worlds.len() {
            let name = context_name(index);
            command.arg(format!("--build-context={name}={name}"));
        }
        let ended = command.arg(context_name(0)).output().unwrap();
        if ended.status.success() {
            return Ok(self.read_output(&output));
        }
        let words = String::from_utf8_lossy(&ended.stderr).into_owned();
        let line = words.lines().find_map(|line| line.strip_prefix("Dockerfile:"));
        let line = line.and_then(|line| line.trim().parse::<usize>().ok());
        // Line 1 is the FROM, and lines are counted from 1.
        let instruction = line.and_then(|line| self.instructions.get(line.checked_sub(2)?));
        Err(Refused { instruction: instruction.copied(), words })
    }

    fn read_output(&self, folder: &Path) -> Output {
        let read = |&(world, instruction): &(usize, usize)| {
            let mut arrived = BTreeMap::new();
            let folder = folder.join(format!("{world}/{instruction}"));
            if folder.exists() {
                read_folder(&folder, &folder, &mut arrived);
            }
            ((world, instruction), arrived)
        };
        self.instructions.iter().map(read).collect()
    }
}

fn context_name(world: usize) -> String {
    format!("context-{world}")
}

fn read_folder(root: &Path, folder: &Path, arrived: &mut BTreeMap<PathBuf, Arrived>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = entry.path();
        let kind = entry.file_type().unwrap();
        let what = if kind.is_symlink() {
            Arrived::Symlink(fs::read_link(&path).unwrap().into_os_string().into_string().unwrap())
        } else if kind.is_dir() {
            read_folder(root, &path, arrived);
            Arrived::Folder
        } else {
            Arrived::File(fs::read_to_string(&path).unwrap())
        };
        arrived.insert(path.strip_prefix(root).unwrap().to_owned(), what);
    }
}
