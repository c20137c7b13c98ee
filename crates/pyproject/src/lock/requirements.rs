//! Requirements files of pip, as a lock: each line names what is installed, and by which hashes.
//!
//! It is by pip's documentation of the format and, where that is silent, its `req_file.py`. It
//! follows no include: they are options for the caller to read.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    Closure, Condition, Environment, LockError, LockedDistribution, LockedSource, Release,
    environment::{Requested, Truth},
    marker_eval::Marker,
    requirements_option::{RequirementsOption, WrittenOption, written_options},
    requirements_text::{LogicalLine, logical_lines, words},
};
use crate::{
    name::PackageName,
    place::{Fault, Located, SourceText, excerpt},
    requirement::{Requirement, Wanted},
    scanner::InvalidRequirement,
    source::Source,
};

/// What a requirements file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequirementsFile {
    /// In the order of the text.
    pub requirements: Vec<Located<ListedRequirement>>,
    /// In the order of the text.
    pub options: Vec<Located<RequirementsOption>>,
}

/// A line that asks for a distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRequirement {
    /// Absent where the line is only a URL or a path.
    pub name: Option<PackageName>,
    /// As written, without options, each run of blanks one.
    pub text: String,
    /// What it pins.
    pub release: Arc<Release>,
    /// As written.
    pub marker: Option<String>,
    /// The options behind it other than `--hash`.
    pub settings: Vec<RequirementsOption>,
}

/// Reads the text of a requirements file, of `pip freeze`, `pip-compile` or `uv export` for example.
/// The only error is [`LockError::Invalid`].
pub fn parse_requirements(text: &str) -> Result<RequirementsFile, LockError> {
    let source = SourceText::new(text);
    let mut file = RequirementsFile::default();
    let mut faults = Vec::new();
    for line in logical_lines(text) {
        let words = words(&line.text);
        let first_option = words.iter().position(|word| word.text.starts_with('-'));
        let (_, behind) = words.split_at(first_option.unwrap_or(words.len()));
        let place = |offset: usize| source.place(line.file_offset(offset));
        if first_option == Some(0) {
            for option in written_options(behind) {
                let (line, column) = place(option.start);
                file.options.push(Located { value: option.into(), line, column });
            }
            continue;
        }
        let end = behind.first().map_or(line.text.len(), |word| word.start);
        match read_requirement(&line, end, written_options(behind)) {
            Ok(value) => {
                let indent = line.text.len() - line.text.trim_start().len();
                let (line, column) = place(indent);
                file.requirements.push(Located { value, line, column });
            }
            Err(error) => {
                let (line_number, column) = place(error.offset);
                let written = excerpt(line.text[..end].trim());
                let message = format!("invalid requirement `{written}`: {}", error.message);
                faults.push(Fault { line: line_number, column, message, hint: error.hint });
            }
        }
    }
    if faults.is_empty() { Ok(file) } else { Err(LockError::Invalid(faults)) }
}

/// Each setting stands with its requirement in the closure.
const MOST_SETTINGS: usize = 64;

fn read_requirement(
    line: &LogicalLine,
    end: usize,
    options: Vec<WrittenOption>,
) -> Result<ListedRequirement, InvalidRequirement> {
    let written = line.text[..end].trim_end();
    let text = written.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut hashes = BTreeSet::new();
    let mut settings = Vec::new();
    for option in options {
        match option.value {
            Some(hash) if option.name == "--hash" => {
                hashes.insert(hash);
            }
            _ if settings.len() == MOST_SETTINGS => {
                let message = format!("it has more than {MOST_SETTINGS} options");
                return Err(InvalidRequirement { offset: option.start, message, hint: None });
            }
            _ => settings.push(option.into()),
        }
    }
    let unnamed = |hashes| Release::new(None, LockedSource::Unstated, hashes);
    let (name, release, marker) = match written.parse::<Requirement>() {
        Ok(Requirement { name, extras, wanted, marker }) => {
            let (version, source) = read_wanted(&wanted);
            let mut release = Release::new(version, source, hashes);
            release.extras = extras.into_iter().collect();
            (Some(name), release, marker)
        }
        Err(_) if is_path_or_url(written) => (None, unnamed(hashes), None),
        Err(error) => return Err(error),
    };
    Ok(ListedRequirement { name, text, release: Arc::new(release), marker, settings })
}

/// The version that is pinned, else the clauses without blanks; and the source.
fn read_wanted(wanted: &Wanted) -> (Option<String>, LockedSource) {
    match wanted {
        Wanted::Version(clauses) => {
            let clauses: String = clauses.split_whitespace().collect();
            let pinned = clauses
                .strip_prefix("==")
                .filter(|version| !version.contains([',', '*', '=']))
                .map(str::to_owned);
            let version = pinned.or(Some(clauses)).filter(|version| !version.is_empty());
            (version, LockedSource::Unstated)
        }
        Wanted::Url(url) => match Source::from_url(url) {
            Source::Path(path) => (None, LockedSource::Path(path)),
            Source::Git(git) => (None, LockedSource::Git(git)),
            _ => (None, LockedSource::Url(url.clone())),
        },
    }
}

/// Whether pip would look for an archive or a folder, or a variable may stand for anything.
fn is_path_or_url(text: &str) -> bool {
    const ARCHIVES: [&str; 8] =
        [".whl", ".zip", ".tar.gz", ".tgz", ".tar", ".tar.bz2", ".tar.xz", ".tar.zst"];
    let target = text.split(';').next().unwrap_or_default().trim();
    let target = target.split('[').next().unwrap_or_default();
    target.contains(['/', '\\'])
        || target.starts_with('.')
        || target.contains("${")
        || ARCHIVES.iter().any(|ending| target.to_ascii_lowercase().ends_with(ending))
}

/// The condition that a marker leaves, if any. `None`: it doesn't hold.
pub(super) fn conditions(
    marker: Option<&str>,
    environment: &Environment,
) -> Option<BTreeSet<Condition>> {
    let Some(marker) = marker.map(Marker::new) else { return Some(BTreeSet::new()) };
    match marker.evaluate(environment, Requested::Unknown) {
        Truth::False => None,
        Truth::True => Some(BTreeSet::new()),
        Truth::Unknown => {
            let condition = Condition { extra: None, through: None, marker: Some(marker.text) };
            Some(BTreeSet::from([condition]))
        }
    }
}

impl RequirementsFile {
    /// What the file installs, without the files that it includes: see [`Closure::extend`]. Its
    /// options count as they are written.
    pub fn closure(&self, environment: &Environment) -> Closure {
        let mut unnamed = Vec::new();
        let mut settings = Vec::new();
        let mut distributions = BTreeMap::<_, BTreeSet<_>>::new();
        for Located { value: requirement, .. } in &self.requirements {
            let marker = requirement.marker.as_deref();
            let Some(conditions) = conditions(marker, environment) else { continue };
            for setting in &requirement.settings {
                settings.push(format!("{} {setting}", requirement.text));
            }
            let Some(name) = &requirement.name else {
                unnamed.push(requirement.line());
                continue;
            };
            let release = Arc::clone(&requirement.release);
            let of_name: &mut BTreeSet<_> = distributions.entry(name.clone()).or_default();
            of_name.insert(LockedDistribution { release, conditions });
        }
        unnamed.sort();
        settings.sort();
        let mut verbatim: Vec<_> =
            self.options.iter().map(|option| option.value.to_string()).collect();
        verbatim.extend(unnamed);
        verbatim.extend(settings);
        Closure { distributions, verbatim, ..Closure::default() }
    }
}

impl ListedRequirement {
    fn line(&self) -> String {
        let hashes = self.release.hashes.iter().map(|hash| format!(" --hash={hash}"));
        self.text.clone() + &hashes.collect::<String>()
    }
}

#[cfg(test)]
mod tests;
