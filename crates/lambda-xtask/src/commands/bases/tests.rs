use super::*;

#[test]
fn days_have_dates_and_dates_have_days() {
    for (days, date) in [
        (0, "1970-01-01"),
        (59, "1970-03-01"),
        (11_016, "2000-02-29"),
        (20_781, "2026-11-24"),
        (47_482, "2100-01-01"),
    ] {
        assert_eq!(date_of(days), date);
        assert_eq!(day_number(date), Some(days), "{date}");
    }
    assert!((0..60_000).all(|days| day_number(&date_of(days)) == Some(days)));
    for text in ["", "2026", "2026-13-01", "2026-00-01", "2026-01-32", "x-01-01", "1969-12-31"] {
        assert_eq!(day_number(text), None, "{text}");
    }
}

#[test]
fn ages_are_told_in_days() {
    for (day, age_of_it) in [
        ("2026-11-24", "today"),
        ("2026-11-23", "yesterday"),
        ("2025-11-24", "365 days ago"),
        ("2026-11-25", "on 2026-11-25"),
        ("somewhen", "on somewhen"),
    ] {
        assert_eq!(age(day, "2026-11-24"), age_of_it);
    }
}

#[test]
fn a_commit_of_the_lock_is_asked_for_only_when_it_was_written() {
    assert_eq!(summary(&[], true, true, 0), "0 external bases; commit `lambda-images.lock`");
    assert_eq!(
        summary(&[], true, false, 1),
        "0 external bases, 1 without an answer; `lambda-images.lock` stays as it is"
    );
    assert_eq!(summary(&[], false, false, 0), "0 external bases");
}
