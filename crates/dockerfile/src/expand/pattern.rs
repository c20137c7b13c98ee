//! The patterns of `${X#p}`, `${X%p}` and `${X/p/r}`: `*`, `?` and escapes, no brackets.
//!
//! BuildKit turns them into regular expressions. A pattern here is its literal segments
//! between the stars, which are looked for one after the other: no backtracking. As in the
//! expressions, a wildcard doesn't match a line break.

use super::{ExpandError, Work};

type Expanded = Result<String, ExpandError>;

/// What was found, if there are enough steps to find it.
type Found<T> = Result<Option<T>, ExpandError>;

/// One character of a segment: a certain one, or any but a line break.
type Unit = Option<char>;

/// The segments between the stars: at least one, the first stands where the match begins.
struct Pattern {
    segments: Vec<Vec<Unit>>,
}

/// `value` without the shortest (or longest) prefix that matches.
pub(super) fn trim_prefix(work: &Work, pattern: &str, value: &str, greedy: bool) -> Expanded {
    let pattern = Pattern::parse(pattern)?;
    let value: Vec<char> = value.chars().collect();
    let end = pattern.match_at(work, &value, 0, greedy)?.unwrap_or(0);
    Ok(value[end..].iter().collect())
}

/// `value` without the shortest (or longest) suffix that matches, found back to front.
pub(super) fn trim_suffix(work: &Work, pattern: &str, value: &str, greedy: bool) -> Expanded {
    let reversed: String = value.chars().rev().collect();
    let trimmed = trim_prefix(work, &reverse_pattern(pattern), &reversed, greedy)?;
    Ok(trimmed.chars().rev().collect())
}

/// `value` with its first match, or all of them, replaced.
pub(super) fn replace(
    work: &Work,
    pattern: &str,
    replacement: &str,
    value: &str,
    all: bool,
) -> Expanded {
    let pattern = Pattern::parse(pattern)?;
    let value: Vec<char> = value.chars().collect();
    let mut text = String::new();
    if !all {
        let Some((start, end)) = pattern.find(work, &value, 0)? else {
            return Ok(value.iter().collect());
        };
        text.extend(&value[..start]);
        text.push_str(replacement);
        text.extend(&value[end..]);
        return Ok(text);
    }
    let mut search = 0;
    let mut copied = 0;
    while search <= value.len() {
        let Some((start, end)) = pattern.find(work, &value, search)? else { break };
        text.extend(&value[copied..start]);
        // An empty match right after another match is not replaced.
        if end > copied || start == 0 {
            work.spend(replacement.len())?;
            push_template(&mut text, replacement, &value[start..end]);
        }
        copied = end;
        search = end.max(search + 1);
        if text.len() > super::LONGEST {
            return Err(ExpandError::TooLarge);
        }
    }
    text.extend(&value[copied..]);
    Ok(text)
}

impl Pattern {
    fn parse(text: &str) -> Result<Pattern, ExpandError> {
        let invalid = |what: &str| {
            let message = format!("invalid escape `\\{what}` in pattern `{text}`");
            Err(ExpandError::Refused(message))
        };
        let mut segments = vec![Vec::new()];
        let mut chars = text.strip_prefix('\u{feff}').unwrap_or(text).chars().peekable();
        while let Some(c) = chars.next() {
            let unit = match c {
                '*' => {
                    segments.push(Vec::new());
                    continue;
                }
                '?' => None,
                '\\' => match chars.peek() {
                    // These were escaped for the sake of the braces around the pattern.
                    Some('}' | '/') => continue,
                    Some(&escaped @ ('*' | '?' | '\\')) => {
                        chars.next();
                        Some(escaped)
                    }
                    Some(other) => return invalid(&other.to_string()),
                    None => return invalid(""),
                },
                plain => Some(plain),
            };
            segments.last_mut().expect("there is always a segment").push(unit);
        }
        Ok(Pattern { segments })
    }

    /// Where the match that begins at `start` ends.
    fn match_at(&self, work: &Work, value: &[char], start: usize, greedy: bool) -> Found<usize> {
        let (first, others) = self.segments.split_first().expect("there is always a segment");
        if !segment_matches(work, first, &value[start..])? {
            return Ok(None);
        }
        let begin = start + first.len();
        if others.is_empty() {
            return Ok(Some(begin));
        }
        // No star reaches over a line break.
        let line = line_of(work, &value[begin..])?;
        let end = if greedy { last_end(work, others, line) } else { first_end(work, others, line) };
        Ok(end?.map(|end| begin + end))
    }

    /// The leftmost match, as long as it can be, at or after `from`.
    fn find(&self, work: &Work, value: &[char], from: usize) -> Found<(usize, usize)> {
        let first = &self.segments[0];
        let mut line_without_match = None;
        for start in from..=value.len() {
            if line_without_match.is_some_and(|end| start + first.len() <= end) {
                continue;
            }
            if let Some(end) = self.match_at(work, value, start, true)? {
                return Ok(Some((start, end)));
            }
            // Where the stars found nothing, they will not in what is left of the line.
            if segment_matches(work, first, &value[start..])? {
                let begin = start + first.len();
                line_without_match = Some(begin + line_of(work, &value[begin..])?.len());
            }
        }
        Ok(None)
    }
}

/// What comes before the first line break.
fn line_of<'v>(work: &Work, value: &'v [char]) -> Result<&'v [char], ExpandError> {
    let end = value.iter().position(|&c| c == '\n').unwrap_or(value.len());
    work.spend(end)?;
    Ok(&value[..end])
}

fn segment_matches(work: &Work, segment: &[Unit], value: &[char]) -> Result<bool, ExpandError> {
    if segment.len() > value.len() {
        work.spend(1)?;
        return Ok(false);
    }
    let fits = |(unit, c): &(&Unit, &char)| unit.map_or(**c != '\n', |unit| unit == **c);
    let fitting = segment.iter().zip(value).take_while(fits).count();
    work.spend(1 + fitting)?;
    Ok(fitting == segment.len())
}

/// The end of the earliest places of all segments, in order.
fn first_end(work: &Work, segments: &[Vec<Unit>], line: &[char]) -> Found<usize> {
    let mut end = 0;
    for segment in segments {
        let mut places = end..=line.len();
        loop {
            let Some(place) = places.next() else { return Ok(None) };
            if segment_matches(work, segment, &line[place..])? {
                end = place + segment.len();
                break;
            }
        }
    }
    Ok(Some(end))
}

/// The end of the last segment where all segments stand as late as they can.
fn last_end(work: &Work, segments: &[Vec<Unit>], line: &[char]) -> Found<usize> {
    let mut bound = line.len();
    let mut end = None;
    for segment in segments.iter().rev() {
        let Some(latest) = bound.checked_sub(segment.len()) else { return Ok(None) };
        let mut places = (0..=latest).rev();
        bound = loop {
            let Some(place) = places.next() else { return Ok(None) };
            if segment_matches(work, segment, &line[place..])? {
                break place;
            }
        };
        end = end.or(Some(bound + segment.len()));
    }
    Ok(end)
}

/// Back to front, each escape staying before what it escapes.
fn reverse_pattern(pattern: &str) -> String {
    let mut units: Vec<(char, Option<char>)> = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        units.push((c, if c == '\\' { chars.next() } else { None }));
    }
    units.into_iter().rev().flat_map(|(c, escaped)| std::iter::once(c).chain(escaped)).collect()
}

/// Where all matches are replaced, Go reads the replacement as a template: `$0` is the match,
/// `$$` a dollar sign, any other name is empty.
fn push_template(text: &mut String, template: &str, matched: &[char]) {
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('$') {
        text.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            text.push('$');
            rest = after;
        } else if let Some((name, after)) = template_name(after) {
            if name == "0" {
                text.extend(matched);
            }
            rest = after;
        } else {
            text.push('$');
            rest = after;
        }
    }
    text.push_str(rest);
}

/// `name` or `{name}` at the start of what follows a dollar sign.
fn template_name(text: &str) -> Option<(&str, &str)> {
    let braced = text.strip_prefix('{');
    let inside = braced.unwrap_or(text);
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let end = inside.find(|c: char| !is_part(c)).unwrap_or(inside.len());
    let (name, after) = inside.split_at(end);
    let after = if braced.is_some() { after.strip_prefix('}')? } else { after };
    (!name.is_empty()).then_some((name, after))
}
