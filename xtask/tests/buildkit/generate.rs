//! Random worlds.
//!
//! No two entries have one name, so that nothing overwrites anything in an output, and no two
//! links have one text: dots and slashes that mean nothing tell them apart.

use dockerfile::{Entry, EntryKind};

use crate::random::Random;
use crate::refusal::is_refused;
use crate::sent::has_wildcards;
use crate::world::{Instruction, World};

const STARTS: [&str; 9] = ["a", "b", "ab", ".c", "d e", "[f]", "é", "$g", "-h"];
const ENDS: [&str; 4] = ["", ".py", ".txt", "~"];

pub(crate) struct Generated {
    pub(crate) world: World,
    /// The same context with an instruction that we say BuildKit refuses.
    pub(crate) hopeless: Option<World>,
}

/// A world with one to three instructions; only the main context can have an `ADD`.
/// `excludes`: whether an instruction may have `--exclude`.
pub(crate) fn generate_world(random: &mut Random, is_main: bool, excludes: bool) -> Generated {
    let mut hopeless = None;
    loop {
        let entries = generate_tree(random);
        let ignore = generate_ignore(random, &entries);
        let mut world = World { entries, ignore, instructions: Vec::new() };
        for _ in 0..1 + random.below(3) {
            let instruction = generate_instruction(random, &world.entries, is_main, excludes);
            match fate(&world, &instruction) {
                Fate::Runs => world.instructions.push(instruction),
                Fate::Fails => {
                    let instructions = vec![instruction];
                    hopeless = Some(World { instructions, ..world.clone() });
                }
                Fate::Unknown => {}
            }
        }
        if !world.instructions.is_empty() {
            return Generated { world, hopeless };
        }
    }
}

enum Fate {
    Runs,
    Fails,
    /// It depends on what BuildKit's client sends, or on links that it looks at for its cache.
    Unknown,
}

fn fate(world: &World, instruction: &Instruction) -> Fate {
    let reads = world.reads(instruction);
    if !is_refused(&world.listing(), &reads) {
        Fate::Runs
    } else if world.selection(&[instruction]).misses.iter().any(|m| !has_wildcards(&m.pattern)) {
        Fate::Fails
    } else {
        Fate::Unknown
    }
}

fn generate_tree(random: &mut Random) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut folders = vec![String::new()];
    for index in 0..3 + random.below(12) {
        let folder = folders[random.below(folders.len())].clone();
        let name = format!("{}{index}{}", random.pick(&STARTS), random.pick(&ENDS));
        let path = format!("{folder}{name}");
        let kind = match random.below(10) {
            0..4 => EntryKind::File,
            4..7 => EntryKind::Symlink(generate_link(random, index, &path, &entries)),
            _ => {
                folders.push(format!("{path}/"));
                EntryKind::Folder
            }
        };
        entries.push(Entry { path, kind });
    }
    entries
}

/// A text for the link at `path`, the same as no other's.
fn generate_link(random: &mut Random, index: usize, path: &str, entries: &[Entry]) -> String {
    let target = match random.below(8) {
        0 => "nowhere".to_owned(),
        1 => String::new(),
        2 => path.to_owned(),
        _ => generate_path(random, entries),
    };
    let up = path.matches('/').count();
    match random.below(5) {
        0 | 1 => format!("{}{target}", "/".repeat(index + 1)),
        2 => format!("{}{}{target}", "./".repeat(index), "../".repeat(up + random.below(3))),
        3 => format!("{}{target}", "./".repeat(index)),
        _ => format!("{}{}{target}", "./".repeat(index), "../".repeat(up)),
    }
    // An empty text is none.
    .to_owned()
        + if target.is_empty() { "." } else { "" }
}

/// The path of an entry, or one behind a link, or one with dots in it.
fn generate_path(random: &mut Random, entries: &[Entry]) -> String {
    if entries.is_empty() {
        return ".".to_owned();
    }
    let entry = &entries[random.below(entries.len())];
    let folder = entry.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    match (&entry.kind, random.below(6)) {
        (EntryKind::Symlink(_), 0..3) => {
            let other = &entries[random.below(entries.len())].path;
            let name = other.rsplit('/').next().unwrap_or(other);
            format!("{}/{name}", entry.path)
        }
        (_, 3) => format!("{}/../{}", folder_or_dot(folder), entry.path),
        (_, 4) if !folder.is_empty() => folder.to_owned(),
        _ => entry.path.clone(),
    }
}

fn folder_or_dot(folder: &str) -> &str {
    if folder.is_empty() { "." } else { folder }
}

fn generate_ignore(random: &mut Random, entries: &[Entry]) -> String {
    if random.one_in(3) {
        return String::new();
    }
    let mut text = String::new();
    for _ in 0..random.below(6) {
        let path = escape(&entries[random.below(entries.len())].path, ignored_special);
        let line = match random.below(12) {
            0 => "*".to_owned(),
            1 => "**/*.py".to_owned(),
            2 => "*/*".to_owned(),
            3 => "**/*.txt".to_owned(),
            4 => "a*".to_owned(),
            5 => format!("{path}/*"),
            6 => format!("{path}/**"),
            7 => format!("**/{}", path.rsplit('/').next().unwrap_or(&path)),
            _ => path,
        };
        let exception = if random.one_in(3) { "!" } else { "" };
        text += &format!("{exception}{line}\n");
    }
    text
}

fn ignored_special(c: char) -> bool {
    matches!(c, '*' | '?' | '[' | ']' | '\\')
}

/// With a backslash before each special character.
fn escape(path: &str, is_special: fn(char) -> bool) -> String {
    path.chars().flat_map(|c| is_special(c).then_some('\\').into_iter().chain([c])).collect()
}

fn generate_instruction(
    random: &mut Random,
    entries: &[Entry],
    is_main: bool,
    excludes: bool,
) -> Instruction {
    let is_add = is_main && random.one_in(2);
    let count = if random.one_in(4) { 2 } else { 1 };
    let sources = (0..count).map(|_| generate_source(random, entries)).collect();
    let is_excluding = excludes && random.one_in(2);
    let excludes = if is_excluding { generate_excludes(random, entries) } else { Vec::new() };
    Instruction { is_add, sources, excludes }
}

/// Patterns that the Dockerfile takes as they are.
fn generate_excludes(random: &mut Random, entries: &[Entry]) -> Vec<String> {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '~');
    let mut excludes = Vec::new();
    for _ in 0..1 + random.below(3) {
        let path = &entries[random.below(entries.len())].path;
        // As seen from one of the folders above it.
        let components: Vec<&str> = path.split('/').collect();
        let below = components[random.below(components.len())..].join("/");
        let below: String = below.chars().map(|c| if is_plain(c) { c } else { '?' }).collect();
        let pattern = match random.below(10) {
            0 => random.pick(&["*", "**", "*/*", "."]).to_owned(),
            1 => random.pick(&["**/*.py", "*.txt", "a*", "**/b*", "[a-c]*", "?[0-9]"]).to_owned(),
            2 => format!("{below}/*"),
            3 => format!("**/{below}"),
            4 => format!("/{below}/"),
            _ => below,
        };
        let exception = if random.one_in(4) { "!" } else { "" };
        excludes.push(format!("{exception}{pattern}"));
    }
    excludes
}

fn generate_source(random: &mut Random, entries: &[Entry]) -> String {
    if random.one_in(12) {
        return random.pick(&[".", "/", "*", "*/*", "./", "**", "[^a]*", "?*"]).to_owned();
    }
    let path = generate_path(random, entries);
    let components: Vec<String> =
        path.split('/').map(|component| generate_component(random, component)).collect();
    let start = random.pick(&["", "", "", "/", "./", "../"]);
    let end = random.pick(&["", "", "", "/"]);
    format!("{start}{}{end}", components.join("/"))
}

/// The component itself, or a glob that matches it.
fn generate_component(random: &mut Random, component: &str) -> String {
    let plain = component.replace('[', "[[]");
    let (Some(first), false) = (component.chars().next(), component.starts_with("..")) else {
        return plain;
    };
    let rest = &component[first.len_utf8()..];
    match random.below(12) {
        0 => "*".to_owned(),
        1 => format!("?{}", rest.replace('[', "[[]")),
        2 if first != '[' => format!("{first}*"),
        3 if first.is_ascii_alphabetic() => format!("[a-z]{}", rest.replace('[', "[[]")),
        4 if first != 'b' => format!("[^b]{}", rest.replace('[', "[[]")),
        5 => format!("*{}", component.chars().next_back().filter(|c| *c != ']').unwrap_or('*')),
        _ => plain,
    }
}
