//! Git LFS: whether the repository uses it, and which files it converts.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::Context as _;

use super::Git;
use crate::failure::output_failure;
use crate::workspace::is_attributes;

impl Git {
    /// Whether a file with git's attributes names Git LFS: one that git keeps, one above the workspace, or
    /// the clone's own.
    pub(crate) fn uses_lfs(&self) -> bool {
        let repository = &self.repository;
        let kept = self.kept_below("").into_iter().map(|(path, _)| path);
        let kept = kept.filter(|path| is_attributes(path)).map(|path| repository.root.join(path));
        let depth = repository.prefix.matches('/').count();
        let above = (1..=depth)
            .map(|levels| repository.root.join("../".repeat(levels)).join(".gitattributes"));
        let own = repository.index.parent().map(|folder| folder.join("info/attributes"));
        let names_lfs =
            |path: PathBuf| fs::read_to_string(path).is_ok_and(|text| text.contains("lfs"));
        kept.chain(above).chain(own).any(names_lfs)
    }

    /// Those of some files that Git LFS converts, by git's attributes.
    ///
    /// # Errors
    /// Git can't be asked.
    pub(crate) fn converted_by_lfs(&self, paths: &[String]) -> anyhow::Result<BTreeSet<String>> {
        if paths.is_empty() {
            return Ok(BTreeSet::new());
        }
        const WORDS: [&str; 5] = ["git", "check-attr", "-z", "--stdin", "filter"];
        let mut command = self.repository.git();
        command
            .args(&WORDS[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().context("failed to run `git check-attr`")?;
        let mut stdin = child.stdin.take().context("`git check-attr` has no input")?;
        let text = paths.join("\0") + "\0";
        let output = std::thread::scope(|scope| {
            // Where it ends early, its status says so.
            scope.spawn(move || drop(stdin.write_all(text.as_bytes())));
            child.wait_with_output()
        });
        let output = output.context("failed to read from `git check-attr`")?;
        if !output.status.success() {
            return Err(output_failure(&WORDS.map(str::to_owned), &output));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        // Path, attribute, value.
        let fields: Vec<&str> = text.split('\0').collect();
        let converted = fields.chunks_exact(3).filter(|fields| fields[2] == "lfs");
        Ok(converted.map(|fields| fields[0].to_owned()).collect())
    }
}
