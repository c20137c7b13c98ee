//! Points in time as BuildKit writes them: RFC 3339 with up to nine digits of fraction, the form of
//! Go's `time.RFC3339Nano`. No clock, no calendar beyond what the parse needs.

use std::fmt;

use serde::{Deserialize, Deserializer};

/// Nanoseconds since 1970-01-01T00:00:00Z; negative before (Go's zero time is in year 1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i128);

/// A text that is not a point in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidTimestamp {
    /// The text as it was given.
    pub text: String,
}

impl fmt::Display for InvalidTimestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not an RFC 3339 timestamp", self.text)
    }
}

impl std::error::Error for InvalidTimestamp {}

const NANOS_PER_SECOND: i128 = 1_000_000_000;

impl Timestamp {
    /// Parses `2024-03-06T10:11:12.5Z` or `…+01:00`. Digits of the fraction beyond nanoseconds are
    /// cut off.
    ///
    /// # Errors
    /// [`InvalidTimestamp`] when a field is missing, out of its range or followed by more text.
    pub fn parse(text: &str) -> Result<Self, InvalidTimestamp> {
        parse(text.as_bytes()).ok_or_else(|| InvalidTimestamp { text: text.to_owned() })
    }

    /// Seconds from `earlier` to this time; negative when it lies before.
    #[must_use]
    pub fn seconds_since(self, earlier: Self) -> f64 {
        // Split as Go's `Duration.Seconds` does, so that rounding falls on the same side.
        let nanos = self.0 - earlier.0;
        (nanos / NANOS_PER_SECOND) as f64 + (nanos % NANOS_PER_SECOND) as f64 / 1e9
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

fn parse(text: &[u8]) -> Option<Timestamp> {
    let (date, rest) = text.split_at_checked(19)?;
    for (position, separator) in [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')] {
        if date[position] != separator {
            return None;
        }
    }
    let year = number(&date[0..4], 0, 9999)?;
    let month = number(&date[5..7], 1, 12)?;
    let day = number(&date[8..10], 1, days_in_month(year, month))?;
    let hour = number(&date[11..13], 0, 23)?;
    let minute = number(&date[14..16], 0, 59)?;
    let second = number(&date[17..19], 0, 59)?;

    let (nanos, zone) = fraction(rest)?;
    let offset = offset_seconds(zone)?;
    let days = days_since_epoch(year, month, day);
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second - offset;
    Some(Timestamp(i128::from(seconds) * NANOS_PER_SECOND + i128::from(nanos)))
}

/// Digits only (`str::parse` would take a sign), within the range.
fn number(digits: &[u8], least: i64, most: i64) -> Option<i64> {
    let mut value = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i64::from(digit - b'0');
    }
    (least..=most).contains(&value).then_some(value)
}

/// Nanoseconds of `.123…`, or zero where there is no point, and what follows.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let Some(rest) = text.strip_prefix(b".") else {
        return Some((0, text));
    };
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if length == 0 {
        return None;
    }
    let (digits, zone) = rest.split_at(length);
    let digit = |position: usize| digits.get(position).map_or(0, |byte| i64::from(byte - b'0'));
    Some(((0..9).fold(0, |nanos, position| nanos * 10 + digit(position)), zone))
}

fn offset_seconds(zone: &[u8]) -> Option<i64> {
    let (sign, hours_and_minutes) = match zone {
        b"Z" => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let [h1, h2, b':', m1, m2] = hours_and_minutes else {
        return None;
    };
    Some(sign * (number(&[*h1, *h2], 0, 23)? * 60 + number(&[*m1, *m2], 0, 59)?) * 60)
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    // Days before 1 January of `year`, counted from year 0, which is a leap year.
    let before_year = |year: i64| {
        let past = year - 1;
        year * 365 + past.div_euclid(4) - past.div_euclid(100) + past.div_euclid(400) + 1
    };
    let before_month: i64 = (1..month).map(|month| days_in_month(year, month)).sum();
    before_year(year) - before_year(1970) + before_month + day - 1
}

#[cfg(test)]
mod tests;
