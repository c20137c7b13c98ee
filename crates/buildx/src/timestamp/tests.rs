//! Known instants, refusals, and the calendar against a day-by-day count.

use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(text: &str, expected: Option<i128>) {
    assert_eq!(Timestamp::parse(text).ok(), expected.map(Timestamp), "{text}");
}

#[test]
fn known_instants() {
    check("1970-01-01T00:00:00Z", Some(0));
    check("1970-01-01T01:00:00+01:00", Some(0));
    check("1969-12-31T23:59:59.5Z", Some(-500_000_000));
    check("2000-02-29T00:00:00Z", Some(951_782_400_000_000_000));
    check("2001-09-09T01:46:40Z", Some(1_000_000_000_000_000_000));
    check("2024-03-06T10:11:12.123456789Z", Some(1_709_719_872_123_456_789));
    check("2024-03-06T10:11:12.1234567891Z", Some(1_709_719_872_123_456_789));
    check("2024-03-06T04:41:12.1-05:30", Some(1_709_719_872_100_000_000));
    check("0001-01-01T00:00:00Z", Some(-62_135_596_800_000_000_000));
}

#[test]
fn refused() {
    for text in [
        "",
        "2024-03-06",
        "2024-03-06 10:11:12Z",
        "2024-03-06T10:11:12",
        "2024-03-06T10:11:12.Z",
        "2024-03-06T10:11:12Zx",
        "2024-03-06T10:11:12+1:00",
        "2024-03-06T10:11:12+24:00",
        "2023-02-29T00:00:00Z",
        "2024-13-01T00:00:00Z",
        "2024-00-01T00:00:00Z",
        "2024-01-00T00:00:00Z",
        "2024-01-01T24:00:00Z",
        "2024-01-01T00:00:60Z",
        "+024-01-01T00:00:00Z",
        "2024-01-01T00:00:00é",
    ] {
        check(text, None);
    }
    let error = Timestamp::parse("soon").unwrap_err();
    assert_eq!(error.to_string(), "`soon` is not an RFC 3339 timestamp");
}

#[test]
fn each_day_follows_the_day_before() {
    let mut expected = days_since_epoch(1, 1, 1);
    for year in 1..2200 {
        for month in 1..=12 {
            for day in 1..=days_in_month(year, month) {
                assert_eq!(days_since_epoch(year, month, day), expected);
                expected += 1;
            }
        }
    }
}

#[test]
fn seconds_between() {
    let at = |text| Timestamp::parse(text).unwrap();
    let (early, late) = (at("2024-03-06T10:11:12.25Z"), at("2024-03-06T10:11:13.5Z"));
    assert_eq!(late.seconds_since(early), 1.25);
    assert_eq!(early.seconds_since(late), -1.25);
}

proptest! {
    #[test]
    fn never_panics(text in "\\PC{0,40}|[0-9TZ:.+-]{0,40}") {
        drop(Timestamp::parse(&text));
    }

    #[test]
    fn order_of_text_is_order_of_time(
        first in "20[0-9]{2}-0[1-9]-[01][1-9]T1[0-9]:[0-5][0-9]:[0-5][0-9]\\.[0-9]{9}Z",
        second in "20[0-9]{2}-0[1-9]-[01][1-9]T1[0-9]:[0-5][0-9]:[0-5][0-9]\\.[0-9]{9}Z",
    ) {
        let (a, b) = (Timestamp::parse(&first).unwrap(), Timestamp::parse(&second).unwrap());
        prop_assert_eq!(a.cmp(&b), first.cmp(&second));
    }
}
