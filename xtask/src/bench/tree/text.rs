//! Text that looks like Python and is the same each time: all chance comes from a seed and the
//! path of the file.

use std::fmt::Write as _;

const SEED: u64 = 0x6c61_6d62_6461_2d69;

const NOUNS: [&str; 40] = [
    "receipt", "line", "word", "batch", "record", "label", "vector", "chunk", "image", "letter",
    "table", "stream", "event", "queue", "bucket", "object", "merchant", "place", "total", "price",
    "tax", "address", "phone", "window", "index", "cluster", "segment", "page", "region", "score",
    "token", "prompt", "answer", "job", "metric", "policy", "schema", "version", "digest",
    "cursor",
];
const VERBS: [&str; 24] = [
    "load", "store", "merge", "split", "count", "embed", "query", "parse", "render", "check",
    "collect", "compact", "resolve", "validate", "update", "delete", "list", "group", "sort",
    "filter", "encode", "decode", "publish", "poll",
];

/// A fixed sequence of numbers for each name (SplitMix64).
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn of(name: &str) -> Dice {
        // FNV-1a
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Dice(hash ^ SEED)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap_or_default()
    }

    pub(super) fn noun(&mut self) -> &'static str {
        NOUNS[self.below(NOUNS.len())]
    }

    pub(super) fn verb(&mut self) -> &'static str {
        VERBS[self.below(VERBS.len())]
    }
}

/// A Python module of `from` to `to` bytes, or a little more.
pub(super) fn render_module(path: &str, from: usize, to: usize) -> String {
    let mut dice = Dice::of(path);
    let size = from + dice.below(to - from);
    let mut text = String::with_capacity(size + 512);
    let (verb, noun) = (dice.verb(), dice.noun());
    push(&mut text, format_args!("\"\"\"{verb} what belongs to one {noun}: `{path}`.\"\"\"\n\n"));
    text.push_str("from __future__ import annotations\n\nimport logging\n");
    text.push_str("from dataclasses import dataclass, field\n\n");
    text.push_str("logger = logging.getLogger(__name__)\n");
    let mut number = 0;
    while text.len() < size {
        number += 1;
        if dice.below(4) == 0 {
            push_class(&mut text, &mut dice, number);
        } else {
            push_function(&mut text, &mut dice, number);
        }
    }
    text
}

/// A test module.
pub(super) fn render_test(path: &str, package: &str) -> String {
    let mut dice = Dice::of(path);
    let mut text = format!("\"\"\"Tests of `{package}`.\"\"\"\n\nimport {package}\n");
    for number in 0..3 + dice.below(12) {
        let (verb, noun, value) = (dice.verb(), dice.noun(), dice.below(10_000));
        push(
            &mut text,
            format_args!(
                "\n\ndef test_{verb}_{noun}_{number}() -> None:\n    {noun} = {value}\n    \
                 assert {package} is not None\n    assert {noun} == {value}\n"
            ),
        );
    }
    text
}

/// An event, as a Lambda gets it.
pub(super) fn render_event(path: &str) -> String {
    let mut dice = Dice::of(path);
    let mut text = "{\n  \"Records\": [".to_owned();
    for number in 0..1 + dice.below(6) {
        let (noun, verb, value) = (dice.noun(), dice.verb(), dice.below(1_000_000));
        let comma = if number == 0 { "" } else { "," };
        push(
            &mut text,
            format_args!("{comma}\n    {{ \"{noun}\": {value}, \"eventName\": \"{verb}\" }}"),
        );
    }
    text.push_str("\n  ]\n}\n");
    text
}

fn push_class(text: &mut String, dice: &mut Dice, number: usize) {
    let noun = dice.noun();
    push(text, format_args!("\n\n@dataclass\nclass {}{number}:\n", capitalised(noun)));
    push(text, format_args!("    \"\"\"One {noun}, as the table has it.\"\"\"\n\n"));
    for member in 0..2 + dice.below(5) {
        let (name, value) = (dice.noun(), dice.below(1000));
        push(text, format_args!("    {name}_{member}: int = {value}\n"));
    }
    text.push_str("    notes: list[str] = field(default_factory=list)\n");
}

fn push_function(text: &mut String, dice: &mut Dice, number: usize) {
    let (verb, noun, other) = (dice.verb(), dice.noun(), dice.noun());
    push(
        text,
        format_args!(
            "\n\ndef {verb}_{noun}_{number}({other}s: list[int], limit: int = {}) -> int:\n",
            dice.below(500)
        ),
    );
    push(text, format_args!("    \"\"\"{} the {noun} of all {other}s.\"\"\"\n", capitalised(verb)));
    text.push_str("    result = 0\n");
    for _ in 0..1 + dice.below(4) {
        let (name, factor) = (dice.noun(), 2 + dice.below(97));
        push(text, format_args!("    for {name} in {other}s[:limit]:\n"));
        push(text, format_args!("        result += {name} * {factor} % (limit + 1)\n"));
    }
    push(
        text,
        format_args!("    logger.debug(\"{verb} {noun}: %d\", result)\n    return result\n"),
    );
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Appends what `format_args!` made.
pub(super) fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    let result = text.write_fmt(arguments);
    debug_assert!(result.is_ok(), "a string takes all that is written to it");
}
