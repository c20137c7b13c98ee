//! A world, written to a folder and asked about.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use dockerfile::{
    ContextRead, Dockerignore, Entry, EntryKind, Listing, Selection, narrowed_ignore,
    parse_dockerignore, select,
};

/// A context, and what is copied from it.
#[derive(Clone, Debug)]
pub(crate) struct World {
    /// Without the ignore file.
    pub(crate) entries: Vec<Entry>,
    /// The text of `.dockerignore`; where it is empty, there is none.
    pub(crate) ignore: String,
    pub(crate) instructions: Vec<Instruction>,
}

/// A `COPY`, or an `ADD` in the main context.
#[derive(Clone, Debug)]
pub(crate) struct Instruction {
    pub(crate) is_add: bool,
    /// As a user means them: no escapes of the Dockerfile.
    pub(crate) sources: Vec<String>,
    /// Patterns of `--exclude`, in which nothing is special to the Dockerfile.
    pub(crate) excludes: Vec<String>,
}

pub(crate) const IGNORE_FILE: &str = ".dockerignore";

impl Instruction {
    /// The line of a Dockerfile.
    pub(crate) fn render(&self, context: Option<&str>, destination: &str) -> String {
        let words = self.sources.iter().map(|source| quote(&escape_variables(source)));
        let words: Vec<String> = words.chain([quote(destination)]).collect();
        let keyword = if self.is_add { "ADD" } else { "COPY" };
        let from = context.map(|name| format!("--from={name} ")).unwrap_or_default();
        let excludes: String =
            self.excludes.iter().map(|pattern| format!("--exclude={pattern} ")).collect();
        format!("{keyword} {from}{excludes}[{}]", words.join(", "))
    }
}

/// What the shell's rules would take for their own.
fn escape_variables(word: &str) -> String {
    let special = |c: char| matches!(c, '\\' | '$' | '"' | '\'');
    word.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}

fn quote(word: &str) -> String {
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
}

impl World {
    /// What is in the context's folder, the ignore file included.
    pub(crate) fn everything(&self) -> Listing {
        let mut entries = self.entries.clone();
        if !self.ignore.is_empty() {
            entries.push(Entry { path: IGNORE_FILE.to_owned(), kind: EntryKind::File });
        }
        Listing::new(entries)
    }

    pub(crate) fn dockerignore(&self) -> Dockerignore {
        parse_dockerignore(&self.ignore).unwrap()
    }

    pub(crate) fn listing(&self) -> Listing {
        self.everything().without_ignored(&self.dockerignore())
    }

    /// What one instruction reads, by way of a Dockerfile's text.
    pub(crate) fn reads(&self, instruction: &Instruction) -> Vec<ContextRead> {
        let text = format!("FROM scratch\n{}\n", instruction.render(None, "/"));
        let dockerfile = dockerfile::parse_dockerfile(&text).unwrap();
        let settings = dockerfile::Settings {
            target: None,
            args: &BTreeMap::new(),
            platform: "linux/amd64",
            build_platform: None,
            named_contexts: &std::collections::BTreeSet::new(),
        };
        dockerfile.resolve(&settings).unwrap().sources
    }

    pub(crate) fn selection(&self, instructions: &[&Instruction]) -> Selection {
        let reads: Vec<ContextRead> =
            instructions.iter().flat_map(|instruction| self.reads(instruction)).collect();
        select(&self.listing(), &reads.iter().collect::<Vec<_>>())
    }

    pub(crate) fn narrowed_ignore(&self) -> String {
        let selection = self.selection(&self.instructions.iter().collect::<Vec<_>>());
        narrowed_ignore(&self.dockerignore(), &self.listing(), &selection)
    }

    /// Makes the context's folder. A file holds its own path.
    pub(crate) fn write(&self, folder: &Path) {
        fs::create_dir(folder).unwrap();
        for entry in &self.entries {
            let path = folder.join(&entry.path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            match &entry.kind {
                EntryKind::File => fs::write(path, &entry.path).unwrap(),
                EntryKind::Symlink(text) => symlink(text, path).unwrap(),
                EntryKind::Folder => fs::create_dir_all(path).unwrap(),
            }
        }
        if !self.ignore.is_empty() {
            fs::write(folder.join(IGNORE_FILE), &self.ignore).unwrap();
        }
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for entry in &self.entries {
            match &entry.kind {
                EntryKind::File => writeln!(f, "  {:?}", entry.path)?,
                EntryKind::Folder => writeln!(f, "  {:?} (a folder)", entry.path)?,
                EntryKind::Symlink(text) => writeln!(f, "  {:?} -> {text:?}", entry.path)?,
            }
        }
        writeln!(f, "  ignore file {:?}", self.ignore)?;
        for instruction in &self.instructions {
            writeln!(f, "  {}", instruction.render(None, "/"))?;
        }
        Ok(())
    }
}
