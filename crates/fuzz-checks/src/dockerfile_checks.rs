//! What must hold of Dockerfiles, ignore files and words.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use dockerfile::{
    Dockerfile, Dockerignore, Fault, Resolved, Settings, Sweep, expand_word, parse_dockerfile,
    parse_dockerignore,
};

use crate::line_count;

/// No Linux path is longer.
pub(crate) const LONGEST_PATH: usize = 4095;

pub(crate) fn check_dockerfile(text: &str) {
    let dockerfile = match parse_dockerfile(text) {
        Err(faults) => return check_faults(text, &faults),
        Ok(dockerfile) => dockerfile,
    };
    let commented = parse_dockerfile(&format!("{text}\n# end\n"));
    assert_eq!(commented.as_ref(), Ok(&dockerfile), "a comment at the end changes something");

    let none = BTreeMap::new();
    let plain = resolve(text, &dockerfile, None, &none, &BTreeSet::new());
    if plain.is_some() {
        assert_eq!(plain, resolve(text, &dockerfile, None, &none, &BTreeSet::new()));
        let name = "_FUZZ_UNDECLARED";
        if !text.contains(name) {
            let more = BTreeMap::from([(name.to_owned(), "x".to_owned())]);
            let with_more = resolve(text, &dockerfile, None, &more, &BTreeSet::new());
            assert_eq!(plain, with_more, "an arg that nobody declares changes something");
        }
    }
    let last = dockerfile.stages.last().and_then(|stage| stage.name.as_deref());
    if last.is_some() {
        assert_eq!(plain, resolve(text, &dockerfile, last, &none, &BTreeSet::new()));
    }
    let args = dockerfile.global_args.iter().map(|arg| (arg.name.clone(), "alpine".to_owned()));
    let args = args.take(8).collect();
    let contexts = dockerfile.stages.iter().take(2).map(|stage| stage.base.clone()).collect();
    let first = dockerfile.stages.iter().find_map(|stage| stage.name.as_deref());
    resolve(text, &dockerfile, first, &args, &contexts);
}

/// Of [`check_dockerfile`] only what reads.
pub(crate) fn read_large_dockerfile(text: &str) {
    match parse_dockerfile(text) {
        Err(faults) => check_faults(text, &faults),
        Ok(dockerfile) => {
            resolve(text, &dockerfile, None, &BTreeMap::new(), &BTreeSet::new());
        }
    }
}

/// `None` where it is refused.
fn resolve(
    text: &str,
    dockerfile: &Dockerfile,
    target: Option<&str>,
    args: &BTreeMap<String, String>,
    named_contexts: &BTreeSet<String>,
) -> Option<Resolved> {
    let platform = "linux/amd64";
    let settings = Settings { target, args, platform, build_platform: None, named_contexts };
    let resolved = match dockerfile.resolve(&settings) {
        Err(faults) => {
            check_faults(text, &faults);
            return None;
        }
        Ok(resolved) => resolved,
    };
    assert!(resolved.stages.is_sorted_by(|a, b| a < b), "{:?}", resolved.stages);
    assert!(resolved.stages.iter().all(|&index| index < dockerfile.stages.len()));
    assert!(resolved.references.is_sorted_by_key(|reference| reference.line));
    assert!(resolved.instructions.len() >= resolved.stages.len());
    let reads_main = resolved.sources.iter().any(|read| read.context.is_none());
    assert_eq!(reads_main, resolved.reads_main_context);
    let contexts = resolved.sources.iter().filter_map(|read| read.context.as_ref());
    assert!(contexts.into_iter().all(|context| named_contexts.contains(context)));
    // What nobody reads came there by a link, and nothing is known of those.
    assert!(resolved.may_keep(Some("_no context"), "uv.lock"));
    for read in resolved.sources.iter().take(8) {
        for path in read.patterns.iter().take(8) {
            std::hint::black_box(resolved.may_keep(read.context.as_deref(), path));
        }
    }
    Some(resolved)
}

fn check_faults(text: &str, faults: &[Fault]) {
    assert!(!faults.is_empty(), "refused without a fault");
    let lines = line_count(text);
    for fault in faults {
        assert!((1..=lines).contains(&fault.line) && fault.column >= 1, "{fault:?}");
        assert!(!fault.message.is_empty());
    }
}

pub(crate) fn check_dockerignore(text: &str) {
    let ignore = match parse_dockerignore(text) {
        Err(faults) => return check_faults(text, &faults),
        Ok(ignore) => ignore,
    };
    let patterns: Vec<String> = ignore.patterns().collect();
    assert_eq!(ignore.is_empty(), patterns.is_empty());
    let again = parse_dockerignore(&as_ignore_file(&patterns)).expect("its own patterns are valid");
    let paths = sample_paths(&patterns);
    let mut sweep = Sweep::new(&ignore);
    for path in &paths {
        let excluded = ignore.excludes(path);
        assert_eq!(excluded, sweep.excludes(path), "a sweep differs at {path:?}");
        assert_eq!(excluded, again.excludes(path), "its own patterns differ at {path:?}");
        if let Some((folder, _)) = path.rsplit_once('/') {
            let lost = !ignore.may_descend(folder);
            assert!(excluded || !lost, "{path:?} is in a folder that the walk doesn't enter");
        }
    }
}

/// Of [`check_dockerignore`] only what reads, and an answer.
pub(crate) fn read_large_dockerignore(text: &str) {
    if let Some(ignore) = read_ignore(text) {
        assert_eq!(ignore.excludes("src/lib.py"), Sweep::new(&ignore).excludes("src/lib.py"));
    }
}

/// Patterns as lines. A `#` and a byte order mark mean something in the first column.
fn as_ignore_file(patterns: &[String]) -> String {
    let mut text = String::new();
    for pattern in patterns {
        let odd = pattern.starts_with(['#', '\u{feff}']);
        text.extend([if odd { "/" } else { "" }, pattern, "\n"]);
    }
    text
}

/// Paths that patterns are likely to match, and some others, sorted.
fn sample_paths(patterns: &[String]) -> BTreeSet<String> {
    const MOST: usize = 4;
    const MOST_CHARACTERS: usize = 50;
    let mut paths: BTreeSet<String> =
        ["a", "a/b", ".git/config", "src/lib.py"].map(str::to_owned).into();
    for pattern in patterns.iter().take(MOST) {
        let text = pattern.trim_start_matches('!').replace("**", "d/e").replace('*', "s");
        let text = text.replace('?', "q").replace(['[', ']', '^', '\\', '\0'], "");
        let components = text.split('/').filter(|part| !matches!(*part, "" | "." | ".."));
        let path = components.collect::<Vec<_>>().join("/");
        let path: String = path.chars().take(MOST_CHARACTERS).collect();
        let path = path.trim_end_matches('/');
        if !path.is_empty() {
            paths.extend([path.to_owned(), format!("{path}/x")]);
        }
    }
    paths
}

/// The first line is the word, the others are variables, `name=value`.
pub(crate) fn check_expand(text: &str) {
    let (word, rest) = text.split_once('\n').unwrap_or((text, ""));
    let variables: BTreeMap<String, String> = rest
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let hashed: HashMap<String, String> = variables.clone().into_iter().collect();
    for escape in ['\\', '`'] {
        let expanded = expand_word(word, escape, &variables);
        assert_eq!(expanded, expand_word(word, escape, &hashed), "another map, another value");
        if !word.contains(['$', '\'', '"', '\\', '`', '\u{feff}']) {
            assert_eq!(expanded.as_deref(), Ok(word));
        }
        if let Err(error) = expanded {
            assert!(!error.to_string().is_empty());
        }
    }
}

/// Of [`check_expand`] only what reads.
pub(crate) fn read_large_expand(text: &str) {
    let (word, value) = text.split_once("\nA=").unwrap_or((text, ""));
    let variables = BTreeMap::from([("A".to_owned(), value.to_owned())]);
    assert_ne!(expand_word(word, '\\', &variables), Ok("never".to_owned()));
}

/// An ignore file for the other checks; `None` where it is refused.
pub(crate) fn read_ignore(text: &str) -> Option<Dockerignore> {
    parse_dockerignore(text).ok()
}
