//! How long to wait before a registry is asked again, and when to give up. The clock is a value:
//! tests don't wait.

use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, SystemTime};

use super::ending::Requests;

/// Requests for one answer, the first among them.
const ATTEMPTS: u32 = 7;
/// The first wait, before chance shortens it; each is twice the one before.
const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(10);
/// All waits for one answer. A registry that asks for more is not waited for.
const IN_ALL: Duration = Duration::from_secs(60);

/// Time and chance.
pub(super) trait Clock: Send + Sync {
    fn now(&self) -> SystemTime;
    /// Waits for this long, or till these requests are ended.
    fn wait(&self, duration: Duration, requests: &Requests);
    /// At least 0 and below 1.
    fn random(&self) -> f64;
}

/// This machine's.
#[derive(Debug)]
pub(super) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn wait(&self, duration: Duration, requests: &Requests) {
        requests.wait(duration);
    }

    fn random(&self) -> f64 {
        // The standard library's hashers start from random keys; 53 bits are what a float holds.
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
        let bits = (RandomState::new().hash_one(0) >> 11) as f64;
        bits / (1_u64 << 53) as f64
    }
}

/// What is left of the patience for one answer.
#[derive(Debug, Default)]
pub(super) struct Patience {
    /// Requests that failed.
    pub(super) attempts: u32,
    pub(super) waited: Duration,
}

impl Patience {
    /// How long to wait after one more failure; `None`: give up. `asked` is what the registry
    /// asked for, and the least that is waited.
    pub(super) fn after_failure(
        &mut self,
        asked: Option<Duration>,
        random: f64,
    ) -> Option<Duration> {
        self.attempts += 1;
        let longest =
            FIRST.saturating_mul(1 << self.attempts.saturating_sub(1).min(16)).min(LONGEST);
        // Many are turned away at once, and must not all come back at once.
        let wait = match asked {
            Some(asked) => asked.saturating_add(longest.min(FIRST * 2).mul_f64(random)),
            None => longest.mul_f64(0.5 + random / 2.0),
        };
        if self.attempts >= ATTEMPTS || self.waited.saturating_add(wait) > IN_ALL {
            return None;
        }
        self.waited += wait;
        Some(wait)
    }
}

/// `Retry-After`: seconds, or a date.
pub(super) fn parse_retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // Only a number that is too large can't be read.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_with_chance_in_them_and_end() {
        let waits = |random| {
            let mut patience = Patience::default();
            std::iter::from_fn(move || patience.after_failure(None, random))
                .map(|wait| wait.as_millis())
                .collect::<Vec<_>>()
        };
        assert_eq!(waits(0.0), [125, 250, 500, 1000, 2000, 4000]);
        assert_eq!(waits(1.0), [250, 500, 1000, 2000, 4000, 8000]);
    }

    #[test]
    fn what_a_registry_asks_for_is_waited_unless_it_is_too_much() {
        let mut patience = Patience::default();
        let wait = patience.after_failure(Some(Duration::from_secs(30)), 0.5).unwrap();
        assert!((30.0..31.0).contains(&wait.as_secs_f64()), "{wait:?}");
        assert_eq!(patience.after_failure(Some(Duration::from_secs(31)), 0.5), None);
        assert_eq!(patience.after_failure(Some(Duration::MAX), 0.5), None);
    }

    #[test]
    fn a_date_and_a_number() {
        let now = httpdate::parse_http_date("Wed, 21 Oct 2015 07:28:00 GMT").unwrap();
        let parse = |text| parse_retry_after(text, now).map(|wait| wait.as_secs());
        assert_eq!(parse("120"), Some(120));
        assert_eq!(parse("Wed, 21 Oct 2015 07:28:07 GMT"), Some(7));
        assert_eq!(parse("Wed, 21 Oct 2015 07:27:00 GMT"), Some(0));
        assert_eq!(parse("soon"), None);
        assert_eq!(parse(""), None);
        for endless in ["18446744073709551615", "18446744073709551616"] {
            assert_eq!(parse(endless), Some(u64::MAX));
        }
    }

    #[test]
    fn chance_is_a_fraction() {
        let drawn: Vec<f64> = (0..50).map(|_| SystemClock.random()).collect();
        assert!(drawn.iter().all(|random| (0.0..1.0).contains(random)));
        assert!(drawn.iter().any(|random| *random != drawn[0]));
    }
}
