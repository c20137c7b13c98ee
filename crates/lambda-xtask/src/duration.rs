//! Durations as people write them: `90s`, `10m`, `1h30m`.

use std::time::Duration;

const UNITS: [(char, u64); 3] = [('h', 3600), ('m', 60), ('s', 1)];

/// Reads a duration of at least a second.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let invalid = || "as in `90s`, `10m` or `1h30m`".to_owned();
    let mut seconds: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(invalid)?;
        let (number, behind) = rest.split_at(end);
        let number: u64 = number.parse().map_err(|_| invalid())?;
        let unit = behind.chars().next().ok_or_else(invalid)?;
        let of_unit = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(invalid)?.1;
        let more = number.checked_mul(of_unit).and_then(|more| seconds.checked_add(more));
        seconds = more.filter(|sum| u32::try_from(*sum).is_ok()).ok_or_else(invalid)?;
        rest = &behind[unit.len_utf8()..];
    }
    if seconds == 0 { Err(invalid()) } else { Ok(Duration::from_secs(seconds)) }
}

/// The same as it is written.
pub(crate) fn render_duration(duration: Duration) -> String {
    let mut left = duration.as_secs();
    let mut text = String::new();
    for (unit, of_unit) in UNITS {
        if left >= of_unit {
            text += &format!("{}{unit}", left / of_unit);
            left %= of_unit;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, seconds) in [("1s", 1), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("2h", 7200)]
        {
            assert_eq!(parse_duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "0s", "5", "s", "1d", "1.5h", "-1s", "99999999999h", "4294967296s"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
        assert_eq!(render_duration(Duration::from_secs(5430)), "1h30m30s");
        assert_eq!(render_duration(Duration::from_secs(20)), "20s");
    }
}
