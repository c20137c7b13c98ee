//! A table of medians for people.

use std::fmt::Write as _;

use super::measure::Times;

/// What was measured of one command.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) times: Times,
    /// In MiB.
    pub(crate) peak: Option<f64>,
}

/// Each row's times, in seconds, and how many times as long as `git status` and as the first
/// row, which is ours, it took.
pub(crate) fn render_table(title: &str, rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or_default();
    let median_of = |row: Option<&Row>| row.map_or(f64::NAN, |row| row.times.median());
    let ours = median_of(rows.first());
    let status = median_of(rows.iter().find(|row| row.name.starts_with("git status")));
    let mut table = format!(
        "{title}\n  {:width$}  median s     min     max  /git status    /ours  peak MiB\n",
        ""
    );
    for Row { name, times, peak } in rows {
        let median = times.median();
        let peak = peak.map_or("-".to_owned(), |peak| format!("{peak:.1}"));
        let against_status =
            if status.is_nan() { "-".to_owned() } else { format!("{:.2}x", median / status) };
        let line = writeln!(
            table,
            "  {name:width$}  {median:>8.3}  {:>6.3}  {:>6.3}  {against_status:>11}  {:>6.2}x  {peak:>8}",
            times.min(),
            times.max(),
            median / ours,
        );
        debug_assert!(line.is_ok(), "a string takes all that is written to it");
    }
    table
}

#[cfg(test)]
mod tests;
