//! Identity, start and end of processes, and the tail of a log.

use std::{fs, os::unix::process::ExitStatusExt, path::Path, process::Command, time::Duration};

use super::*;

#[track_caller]
fn check_stat(text: &str, expected: Option<(char, u64)>) {
    let expected = expected.map(|(state, started)| Stat { state, started });
    assert_eq!(parse_stat(text), expected);
}

#[test]
fn a_stat_line_gives_state_and_start() {
    let fields =
        "S 1 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 9 0 205475 11 12 18446744073709551615";
    check_stat(&format!("42 (dockerd) {fields}"), Some(('S', 205_475)));
    check_stat(&format!("42 (a) Z) b) {fields}"), Some(('S', 205_475)));
}

#[test]
fn a_cut_stat_line_gives_nothing() {
    check_stat("", None);
    check_stat("42 (dockerd", None);
    check_stat("42 (dockerd) S 1 42", None);
}

#[test]
fn the_tail_begins_with_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    fs::write(&path, "first\nsecond\nthird\n").unwrap();
    assert_eq!(read_tail(&path, 100), "first\nsecond\nthird\n");
    assert_eq!(read_tail(&path, 10), "third\n");
    assert_eq!(read_tail(Path::new("/nonexistent"), 10), "");
}

#[test]
fn a_failure_shows_command_status_and_output() {
    let error =
        run(Command::new("sh").args(["-c", "echo told; echo why >&2; exit 3"])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`sh -c echo told; echo why >&2; exit 3` failed (exit status: 3)\ntold\nwhy"
    );
}

#[test]
fn a_script_is_left_out_of_a_failure() {
    let error = run(Command::new("sh").args(["-c", "\necho why\nexit 3", "name"])).unwrap_err();
    assert_eq!(error.to_string(), "`sh -c … name` failed (exit status: 3)\nwhy");
}

#[test]
fn a_command_that_takes_too_long_is_ended() {
    let mut command = Command::new("sleep");
    assert!(run_within(command.arg("1000"), Duration::from_millis(50)).unwrap().is_none());
    let output = run_within(Command::new("echo").arg("told"), Duration::from_secs(60)).unwrap();
    assert_eq!(output.unwrap().stdout, b"told\n");
}

#[cfg(target_os = "linux")]
#[test]
fn a_recycled_id_is_not_taken_for_ours() {
    let mut ours = Process::of_pid("test", std::process::id()).unwrap();
    assert!(ours.lives());
    ours.started += 1;
    assert!(!ours.lives());
}

#[cfg(target_os = "linux")]
#[test]
fn a_detached_process_leads_a_session_and_can_be_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let sleep = Path::new("/bin/sleep");
    let (process, mut child) =
        spawn_detached("sleep", sleep, &log, |command| command.arg("1000")).unwrap();
    wait_until_ready("sleep", &mut child, &log, Duration::from_secs(60), || {
        let stat = fs::read_to_string(format!("/proc/{}/stat", process.pid)).unwrap();
        let session = stat.rsplit_once(") ").unwrap().1.split(' ').nth(3).unwrap();
        session == process.pid.to_string()
    })
    .unwrap();
    stop(std::slice::from_ref(&process), Duration::from_secs(60)).unwrap();
    assert!(!process.lives());
    assert_eq!(child.wait().unwrap().signal(), Some(15));
}

#[cfg(target_os = "linux")]
#[test]
fn a_daemon_that_ends_at_its_start_shows_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let script = "echo no such option >&2; read line; exit 7";
    let (_, mut child) = spawn_detached("daemon", Path::new("/bin/sh"), &log, |command| {
        command.args(["-c", script])
    })
    .unwrap();
    let error = wait_until_ready("daemon", &mut child, &log, Duration::from_secs(60), || false);
    let error = error.unwrap_err().to_string();
    assert!(error.starts_with("`daemon` ended at its start (exit status: 7)\n"), "{error}");
    assert!(error.ends_with("ends with:\nno such option\n"), "{error}");
}
