//! Files whose bytes on disk are not those that a checkout would write, though git calls them unchanged.
//!
//! # How it works
//! Git compares a file after its own conversions (line endings, `ident`, filters, encodings), so that two
//! checkouts of one commit can hold different bytes. Where a repository converts anything, `git ls-files
//! --eol` and `git check-attr` tell which files may be concerned; those are compared with what `git
//! cat-file --filters` gives. The answer is kept for as long as the same bytes are on disk. A repository
//! without conversions costs a question for git's settings.
//!
//! # Limitations
//! Pointers of Git LFS are looked for elsewhere. What a `.gitattributes` that git doesn't keep says is
//! not looked for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::Context as _;
use lambda_images::attributes::has_conversions;
use lambda_images::fingerprint::{Mode, Sha256Sum, sha256};
use serde::{Deserialize, Serialize};

use super::{Differences, Git, Kept};
use crate::inputs::Found;
use crate::state::{State, read_json, write_json};

const ATTRIBUTES: &str = ".gitattributes";
const SETTINGS: &str = "^(core\\.(autocrlf|eol|attributesfile)|filter\\..*\\.(smudge|process))$";
/// The filter of Git LFS, whose clean form names the content.
const LFS: &str = "lfs";

/// A file that a checkout would write otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Unconverted {
    /// From the workspace root.
    pub(crate) path: String,
    /// A lowercase fragment.
    pub(crate) why: String,
}

/// By what git converts here.
pub(super) struct Rules {
    /// Git's settings, by their names in lower case.
    settings: BTreeMap<String, String>,
    /// All files with attributes that convert.
    attributes: String,
}

/// What was found last.
#[derive(Serialize, Deserialize)]
struct Answer {
    question: String,
    unconverted: Vec<Unconverted>,
}

impl Rules {
    /// Whether text files end their lines by CRLF where no attribute says how.
    fn writes_crlf(&self) -> bool {
        match self.autocrlf() {
            Some("input") => false,
            Some(_) => true,
            None => self.settings.get("core.eol").is_some_and(|eol| eol == "crlf"),
        }
    }

    /// `core.autocrlf`, where it is on.
    fn autocrlf(&self) -> Option<&str> {
        let value = self.settings.get("core.autocrlf")?.as_str();
        (!["false", "no", "off", "0"].contains(&value)).then_some(value)
    }

    fn knows_filter(&self, name: &str) -> bool {
        ["smudge", "process"]
            .iter()
            .any(|key| self.settings.contains_key(&format!("filter.{name}.{key}")))
    }
}

impl Git {
    /// By what git converts files here; `None`: it converts none.
    pub(super) fn find_rules(&self) -> Option<Rules> {
        let said = self.repository.output(&["config", "-z", "--get-regexp", SETTINGS]);
        let said = String::from_utf8_lossy(&said.unwrap_or_default()).into_owned();
        let setting = |entry: &str| match entry.split_once('\n') {
            Some((name, value)) => (name.to_owned(), value.to_owned()),
            // A name alone stands for `true`.
            None => (entry.to_owned(), "true".to_owned()),
        };
        let settings: BTreeMap<String, String> =
            said.split('\0').filter(|entry| !entry.is_empty()).map(setting).collect();
        let mut rules = Rules { settings, attributes: String::new() };
        for path in self.attribute_files(&rules) {
            let text = fs::read_to_string(&path).unwrap_or_default();
            if has_conversions(&text) {
                write!(rules.attributes, "{}\n{text}\n", path.display())
                    .expect("a string takes all that is written");
            }
        }
        let converts = rules.autocrlf().is_some() || !rules.attributes.is_empty();
        converts.then_some(rules)
    }

    /// Where git looks for attributes, of the repository those that it keeps.
    fn attribute_files(&self, rules: &Rules) -> Vec<PathBuf> {
        let repository = &self.repository;
        let depth = repository.prefix.matches('/').count();
        let top = repository.root.join("../".repeat(depth));
        let mut files: Vec<PathBuf> = match &self.kept {
            Kept::File { index, .. } => {
                let paths = index.below("").map(|entry| index.path(entry));
                let is_attributes = |path: &&str| path.rsplit('/').next() == Some(ATTRIBUTES);
                paths.filter(is_attributes).map(|path| top.join(path)).collect()
            }
            Kept::Status(work_tree) => {
                let paths = work_tree.index.below("").map(|(path, _)| path);
                let is_attributes = |path: &&str| path.rsplit('/').next() == Some(ATTRIBUTES);
                paths.filter(is_attributes).map(|path| repository.root.join(path)).collect()
            }
        };
        if let Some(folder) = repository.index.parent() {
            let common = fs::read_to_string(folder.join("commondir")).ok();
            let common = common.map_or(folder.to_owned(), |text| folder.join(text.trim_end()));
            files.push(common.join("info/attributes"));
        }
        let variable = |name: &str| repository.environment.get(name).map(PathBuf::from);
        let home = variable("HOME");
        files.extend(match rules.settings.get("core.attributesfile") {
            Some(path) => match (path.strip_prefix("~/"), &home) {
                (Some(path), Some(home)) => Some(home.join(path)),
                _ => Some(repository.root.join(path)),
            },
            None => {
                let folder = variable("XDG_CONFIG_HOME").or(home.map(|home| home.join(".config")));
                folder.map(|folder| folder.join("git/attributes"))
            }
        });
        files.push(PathBuf::from("/etc/gitattributes"));
        files
    }

    /// The files that images read, that git calls unchanged, and that a checkout would write otherwise.
    ///
    /// # Errors
    /// Git can't be asked.
    pub(crate) fn unconverted(
        &self,
        found: &Found,
        since_head: &Differences,
        state: &State,
    ) -> anyhow::Result<Vec<Unconverted>> {
        let Some(rules) = self.rules() else { return Ok(Vec::new()) };
        let read = self.unchanged_files(found, since_head);
        let mut text = format!("1\n{:?}\n{}\n", rules.settings, rules.attributes);
        write!(text, "{}\n{read:?}", self.repository.head_tree)
            .expect("a string takes all that is written");
        let question = sha256(text.as_bytes()).to_string();
        let path = state.conversions_path();
        if let Some(answer) = read_json::<Answer>(&path)
            && answer.question == question
        {
            return Ok(answer.unconverted);
        }
        let unconverted = self.find_unconverted(rules, &read)?;
        let answer = Answer { question, unconverted };
        // An answer that can't be kept is found anew.
        write_json(&path, &answer).unwrap_or_default();
        Ok(answer.unconverted)
    }

    /// The files that are read and that git calls unchanged, with what they hold.
    fn unchanged_files(
        &self,
        found: &Found,
        since_head: &Differences,
    ) -> BTreeMap<String, Sha256Sum> {
        let mut read = BTreeMap::new();
        for (tree, wanted) in found.contexts.trees().iter().zip(found.contexts.wanted()) {
            for index in (0..wanted.len()).filter(|&index| wanted[index]) {
                let Some(file) = tree.file(index).filter(|file| file.mode != Mode::Symlink) else {
                    continue;
                };
                let path = tree.path(index);
                if !since_head.files.contains_key(&path) && self.keeps(&path) {
                    read.insert(path, file.sha256);
                }
            }
        }
        read
    }

    fn find_unconverted(
        &self,
        rules: &Rules,
        read: &BTreeMap<String, Sha256Sum>,
    ) -> anyhow::Result<Vec<Unconverted>> {
        let mut suspects = self.suspects_by_lines(rules, read)?;
        let mut unconverted = Vec::new();
        for (path, attribute, value) in self.converting_attributes(read)? {
            match attribute.as_str() {
                "filter" if value == LFS => drop(suspects.remove(&path)),
                "filter" if !rules.knows_filter(&value) => {
                    let why = format!("git's filter `{value}` is not set up here");
                    suspects.remove(&path);
                    unconverted.push(Unconverted { path, why });
                }
                _ => drop(suspects.insert(path)),
            }
        }
        for path in suspects {
            let written = self.repository.output(&["cat-file", "--filters", &self.in_index(&path)]);
            if written.is_ok_and(|bytes| sha256(&bytes) != read[&path]) {
                let why = "it holds other bytes than git would check out".to_owned();
                unconverted.push(Unconverted { path, why });
            }
        }
        unconverted.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(unconverted)
    }

    /// How git names a file of its index.
    fn in_index(&self, path: &str) -> String {
        format!(":{}{path}", self.repository.prefix)
    }

    /// Files whose line endings may not be those that a checkout would give them.
    fn suspects_by_lines(
        &self,
        rules: &Rules,
        read: &BTreeMap<String, Sha256Sum>,
    ) -> anyhow::Result<BTreeSet<String>> {
        let output = self.repository.output(&["ls-files", "--eol", "-z"])?;
        let text = String::from_utf8_lossy(&output);
        let mut suspects = BTreeSet::new();
        for line in text.split('\0').filter(|line| !line.is_empty()) {
            // `i/lf w/lf attr/text=auto eol=lf`, a tab and the path.
            let Some((said, path)) = line.split_once('\t') else { continue };
            let words: Vec<&str> = said.split_whitespace().collect();
            let word = |start: &str| words.iter().find_map(|word| word.strip_prefix(start));
            let attribute = word("attr/").unwrap_or_default();
            let is_text = match attribute {
                "-text" => false,
                "" => rules.autocrlf().is_some() || words.contains(&"eol=crlf"),
                _ => true,
            };
            let eol = words.iter().find_map(|word| word.strip_prefix("eol="));
            let is_crlf = eol.map_or(rules.writes_crlf(), |eol| eol == "crlf");
            let is_usual = match (word("i/"), word("w/"), is_crlf) {
                (Some("lf"), Some("crlf"), true) | (Some("lf"), Some("lf"), false) => true,
                (Some("lf" | "mixed"), _, _) => false,
                (index, disk, _) => index == disk,
            };
            if is_text && !is_usual && read.contains_key(path) {
                suspects.insert(path.to_owned());
            }
        }
        Ok(suspects)
    }

    /// Path, name and value of the attributes by which git converts more than line endings.
    fn converting_attributes(
        &self,
        read: &BTreeMap<String, Sha256Sum>,
    ) -> anyhow::Result<Vec<(String, String, String)>> {
        const NAMES: &[&str] = &["ident", "filter", "working-tree-encoding"];
        let mut command = self.repository.git();
        command.args(["check-attr", "--stdin", "-z"]).args(NAMES);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().context("failed to run `git check-attr`")?;
        let mut stdin = child.stdin.take().context("`git check-attr` has no input")?;
        let paths: Vec<&str> = read.keys().map(String::as_str).collect();
        let text = paths.join("\0") + "\0";
        let output = std::thread::scope(|scope| {
            // Where it ends early, the answers that are missing tell.
            scope.spawn(move || drop(stdin.write_all(text.as_bytes())));
            child.wait_with_output()
        });
        let output = output.context("failed to read from `git check-attr`")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let fields: Vec<&str> = text.split('\0').collect();
        let counts = |fields: &&[&str]| !["unspecified", "unset"].contains(&fields[2]);
        let triples = fields.chunks_exact(3).filter(counts);
        Ok(triples.map(|it| (it[0].to_owned(), it[1].to_owned(), it[2].to_owned())).collect())
    }
}

/// How to have git write a file again.
pub(crate) fn mend(path: &str) -> String {
    let quoted = buildx::quote_command([path]);
    format!("`rm {quoted} && git checkout -- {quoted}` has git write it again")
}
