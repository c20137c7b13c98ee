//! What each parser costs at two sizes of each shape: CPU time at 128 KiB and at 1 MiB, and the
//! ratio. `cargo xtask fuzz --growth` runs it, optimised; with names of targets, only those.
//!
//! A parser of linear time has a ratio of 8. Above 16 the line is marked, and the exit code is 1.
//! Times below a millisecond are noise, and count as one; what is above 16 is measured once more
//! without the kernel's share.

use std::io::Write as _;
use std::process::ExitCode;

use fuzz_checks::TARGETS;
use rustix::time::{ClockId, clock_gettime};

const SMALL: usize = 128 * 1024;
const LARGE: usize = 1024 * 1024;
const WORST: f64 = 16.0;

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let mut grows = false;
    print("target        shape                              128 KiB      1 MiB  ratio");
    for target in TARGETS.iter().filter(|t| wanted.is_empty() || wanted.iter().any(|w| w == t.name))
    {
        for shape in target.shapes {
            let small = measure(target.check, &(shape.make)(SMALL));
            let large = measure(target.check, &(shape.make)(LARGE));
            let mut ratio = large.max(1e-3) / small.max(1e-3);
            if ratio > WORST {
                let (small, large) = ((shape.make)(SMALL), (shape.make)(LARGE));
                ratio = user_ratio(target.check, &small, &large).unwrap_or(ratio);
            }
            let is_bad = ratio > WORST;
            grows |= is_bad;
            let mark = if is_bad { "  <== more than linear" } else { "" };
            let (target, shape) = (target.name, shape.name);
            print(&format!(
                "{target:<13} {shape:<33} {:>7.1} ms {:>7.1} ms {ratio:>6.1}{mark}",
                small * 1e3,
                large * 1e3
            ));
        }
    }
    ExitCode::from(u8::from(grows))
}

/// The least CPU time of some runs, in seconds; one that takes long is not run again.
fn measure(check: fn(&str), text: &str) -> f64 {
    const RUNS: usize = 3;
    const LONG: f64 = 1.0;
    let mut least = f64::INFINITY;
    for _ in 0..RUNS {
        let before = cpu_seconds();
        check(text);
        least = least.min(cpu_seconds() - before);
        if least > LONG {
            break;
        }
    }
    least
}

/// The ratio of the times outside of the kernel, which asks more for large pieces of memory than for
/// small ones. They are counted in ticks: each text is read until there are enough. `None` where
/// there is no `/proc`.
fn user_ratio(check: fn(&str), small: &str, large: &str) -> Option<f64> {
    const ENOUGH: u64 = 50;
    let ticks_of_a_run = |text: &str| {
        let before = user_ticks()?;
        let mut runs = 0;
        loop {
            check(text);
            runs += 1;
            let ticks = user_ticks()? - before;
            if ticks >= ENOUGH {
                return Some(ticks as f64 / f64::from(runs));
            }
        }
    };
    Some(ticks_of_a_run(large)? / ticks_of_a_run(small)?)
}

/// `utime` of proc(5).
fn user_ticks() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let (_, behind_name) = stat.rsplit_once(')')?;
    behind_name.split_whitespace().nth(11)?.parse().ok()
}

fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn print(line: &str) {
    // A closed pipe is no reason to stop.
    drop(writeln!(std::io::stdout(), "{line}"));
}
