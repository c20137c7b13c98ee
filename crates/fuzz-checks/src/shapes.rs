//! Texts of any size that a careless parser takes more than linear time, or all of the stack, for:
//! deep nesting, one long line, many lines, many of whatever refers to others of its kind.
//!
//! They are made, not found, so that one shape has a text of every size.

pub mod buildx;
pub mod dockerfile;
pub mod installs;
pub mod lambda_images;
pub mod locks;
pub mod pyproject;
pub mod select;

/// A shape of text.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// What is special about it, in words joined by dashes.
    pub name: &'static str,
    /// The text of about so many bytes.
    pub make: fn(usize) -> String,
}

/// `start`, pieces until `size` is reached, `end`. Each piece is given its number.
fn fill(size: usize, start: &str, piece: impl Fn(usize) -> String, end: &str) -> String {
    let mut text = start.to_owned();
    for number in 0.. {
        if text.len() + end.len() >= size {
            break;
        }
        text += &piece(number);
    }
    text + end
}

/// As [`fill`], with one piece again and again.
fn repeat(size: usize, start: &str, piece: &str, end: &str) -> String {
    let rest = size.saturating_sub(start.len() + end.len());
    [start, &piece.repeat(rest / piece.len()), end].concat()
}

/// Halves of `size`: the first kind of piece, then the second.
fn halves(
    size: usize,
    start: &str,
    first: impl Fn(usize) -> String,
    second: impl Fn(usize) -> String,
) -> String {
    let text = fill(size / 2, start, first, "");
    fill(size, &text, second, "")
}
