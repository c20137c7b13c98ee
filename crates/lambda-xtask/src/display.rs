//! What a run shows while it runs: on a terminal a line per running image and a total, redrawn in
//! place; elsewhere plain lines, one per event, that read well in a CI log.
//!
//! All of it goes to stderr, with control characters escaped: names, steps and output are written by others.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use buildx::VertexKind;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use lambda_images::discovery::ImageName;
use lambda_images::escape::{escape_line, escape_text};

use crate::switches::ProgressForm;

/// The display of one run.
pub(crate) struct Display {
    form: Form,
    width: usize,
}

enum Form {
    Plain {
        running: BTreeMap<ImageName, String>,
    },
    /// The builds' own lines in place of steps.
    Logs,
    Quiet,
    Terminal {
        bars: MultiProgress,
        total: ProgressBar,
        running: BTreeMap<ImageName, ProgressBar>,
    },
}

impl Display {
    /// A display of `total` images, whose names are at most `width` wide.
    pub(crate) fn new(total: usize, width: usize, form: ProgressForm) -> Display {
        let form = match form {
            ProgressForm::Quiet => Form::Quiet,
            ProgressForm::Plain => Form::Logs,
            ProgressForm::Auto if std::io::stderr().is_terminal() => terminal_form(total),
            ProgressForm::Auto => Form::Plain { running: BTreeMap::new() },
        };
        Display { form, width }
    }

    /// An image's build starts.
    pub(crate) fn start(&mut self, image: &ImageName) {
        let width = self.width;
        match &mut self.form {
            Form::Plain { running } => {
                running.insert(image.clone(), String::new());
                note(&format!("start   {image}"));
            }
            Form::Logs => note(&format!("start   {image}")),
            Form::Quiet => {}
            Form::Terminal { bars, total, running } => {
                let bar =
                    bars.insert_before(total, ProgressBar::new_spinner().with_style(image_style()));
                bar.set_prefix(format!("{image:width$}"));
                bar.enable_steady_tick(Duration::from_millis(100));
                running.insert(image.clone(), bar);
            }
        }
    }

    /// An image's build is at this step. Plain lines tell only of instructions: what BuildKit
    /// does besides them is over too soon to be worth a line.
    pub(crate) fn step(&mut self, image: &ImageName, step: &str) {
        let step = shortened(&escape_line(step));
        match &mut self.form {
            Form::Plain { running } => {
                if let Some(last) = running.get_mut(image)
                    && VertexKind::of(&step) == VertexKind::Step
                    && *last != step
                {
                    last.clone_from(&step);
                    note(&format!("        {image}: {step}"));
                }
            }
            Form::Logs | Form::Quiet => {}
            Form::Terminal { running, .. } => {
                if let Some(bar) = running.get(image) {
                    bar.set_message(step);
                }
            }
        }
    }

    /// Lines of an image's build, where they are to be shown.
    pub(crate) fn log(&self, image: &ImageName, lines: &str) {
        if let Form::Logs = self.form {
            let width = self.width;
            lines.lines().for_each(|line| note(&format!("{image:width$} | {line}")));
        }
    }

    /// An image is through, with a line that says how.
    pub(crate) fn finish(&mut self, image: &ImageName, line: &str) {
        match &mut self.form {
            Form::Plain { running } => {
                running.remove(image);
                note(line);
            }
            Form::Logs => note(line),
            Form::Quiet => {}
            Form::Terminal { bars, total, running } => {
                if let Some(bar) = running.remove(image) {
                    bar.finish_and_clear();
                }
                // What can't be drawn is not worth failing for.
                drop(bars.println(escape_text(line)));
                total.inc(1);
            }
        }
    }

    /// Something to say about the run as a whole.
    pub(crate) fn say(&self, line: &str) {
        match &self.form {
            Form::Plain { .. } | Form::Logs | Form::Quiet => note(line),
            Form::Terminal { bars, .. } => drop(bars.println(escape_text(line))),
        }
    }

    /// The end.
    pub(crate) fn end(self) {
        if let Form::Terminal { total, .. } = &self.form {
            total.finish_and_clear();
        }
    }
}

/// A step with every run of 64 hex digits (a digest, a fingerprint) cut to 12.
fn shortened(step: &str) -> String {
    let mut text = String::new();
    let mut rest = step;
    while let Some(start) = rest.find(|c: char| c.is_ascii_hexdigit()) {
        let digits = &rest[start..];
        let length = digits.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(digits.len());
        text += &rest[..start];
        text += if length == 64 { &digits[..12] } else { &digits[..length] };
        rest = &digits[length..];
    }
    text + rest
}

fn terminal_form(total: usize) -> Form {
    let bars = MultiProgress::new();
    let style = ProgressStyle::with_template("{pos}/{len} images, {elapsed}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let total = bars.add(ProgressBar::new(total as u64).with_style(style));
    total.enable_steady_tick(Duration::from_millis(500));
    Form::Terminal { bars, total, running: BTreeMap::new() }
}

fn image_style() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {prefix} {elapsed:>4} {wide_msg}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// A line or a few on stderr, made safe to show. A closed pipe is no reason to stop building.
pub(crate) fn note(line: &str) {
    drop(writeln!(std::io::stderr(), "{}", escape_text(line)));
}

/// `0.4s`, `12.3s`, `2m05s`.
pub(crate) fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 60.0 {
        format!("{seconds:.1}s")
    } else {
        format!("{}m{:02}s", duration.as_secs() / 60, duration.as_secs() % 60)
    }
}

/// `812 B`, `1.5 kB`, `213 MB`: decimal units, as docker has them.
pub(crate) fn bytes(count: u64) -> String {
    let mut value = count as f64;
    for unit in ["B", "kB", "MB"] {
        if value < 1000.0 {
            return if unit == "B" || value >= 100.0 {
                format!("{value:.0} {unit}")
            } else {
                format!("{value:.1} {unit}")
            };
        }
        value /= 1000.0;
    }
    format!("{value:.2} GB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_cut_short() {
        let sum = "0123456789abcdef".repeat(4);
        assert_eq!(
            shortened(&format!("FROM base:sha-{sum}@sha256:{sum}")),
            "FROM base:sha-0123456789ab@sha256:0123456789ab"
        );
        assert_eq!(shortened("[2/5] RUN é deadbeef"), "[2/5] RUN é deadbeef");
    }

    #[test]
    fn durations_and_sizes() {
        assert_eq!(seconds(Duration::from_millis(440)), "0.4s");
        assert_eq!(seconds(Duration::from_secs(125)), "2m05s");
        assert_eq!(bytes(812), "812 B");
        assert_eq!(bytes(1_540), "1.5 kB");
        assert_eq!(bytes(213_000_000), "213 MB");
        assert_eq!(bytes(2_130_000_000), "2.13 GB");
    }
}
