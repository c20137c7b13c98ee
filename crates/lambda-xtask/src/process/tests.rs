//! Groups and their guards, with shells for programs.

use std::os::unix::process::ExitStatusExt as _;

use super::*;

/// More than a test may take: who sees it over has not been ended.
const LONG: &str = "sleep 60";

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]).stdin(Stdio::null());
    command
}

fn is_there(process: u32) -> bool {
    rustix::process::test_kill_process(pid(process).unwrap()).is_ok()
}

/// As when this process is gone: its end of the guard's pipe is closed.
fn close_pipe(group: &mut Group) {
    drop(group.guard.0.stdin.take());
}

/// The signal that ends a program which does nothing about signals. A background job of a shell ignores
/// interrupts, and so do its children.
fn first_signal() -> i32 {
    let status = shell("kill -INT $$; exit 0").status().unwrap();
    status.signal().unwrap_or(signal_hook::consts::SIGKILL)
}

#[test]
fn a_group_is_interrupted_when_its_parent_is_gone() {
    let mut group = spawn_group(&mut shell(&format!("exec {LONG}"))).unwrap();
    close_pipe(&mut group);
    assert_eq!(group.wait().unwrap().signal(), Some(first_signal()));
}

#[test]
fn a_group_that_ignores_the_interrupt_is_killed() {
    // The shell says that it is there once it ignores the signal.
    let script = format!("trap '' INT; echo; {LONG}");
    let mut group = spawn_group(shell(&script).stdout(Stdio::piped())).unwrap();
    group.stdout.take().unwrap().read_exact(&mut [0]).unwrap();
    close_pipe(&mut group);
    assert_eq!(group.wait().unwrap().signal(), Some(signal_hook::consts::SIGKILL));
}

#[test]
fn a_child_in_the_foreground_ends_with_its_parent() {
    let mut child = spawn_in_foreground(&mut shell(&format!("exec {LONG}"))).unwrap();
    close_pipe(&mut child);
    assert_eq!(child.wait().unwrap().signal(), Some(first_signal()));
}

#[test]
fn a_command_that_ends_leaves_no_guard_and_keeps_its_exit_code() {
    let mut group = spawn_group(&mut shell("exit 7")).unwrap();
    let guard = group.id();
    assert!(is_there(guard));
    assert_eq!(group.wait().unwrap().code(), Some(7));
    drop(group);
    assert!(!is_there(guard));
}

#[test]
fn input_and_outputs_pass_whole() {
    let input = "x".repeat(1 << 20);
    let mut cat = shell("cat; echo said >&2; exit 3");
    cat.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let limit = Duration::from_secs(60);
    let output = spawn_group(&mut cat).unwrap().hear_out(input.as_bytes(), limit).unwrap();
    assert!(output.stdout == input.as_bytes());
    assert_eq!((output.stderr.as_slice(), output.status.code()), (&b"said\n"[..], Some(3)));
}

/// Also what the command itself has started, and what keeps its output open.
#[test]
fn a_command_that_takes_too_long_ends_with_its_children() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pid");
    let script = format!("{LONG} & echo $! > {}; mv {0} {0}.whole; wait", path.display());
    let whole = folder.path().join("pid.whole");
    let group = spawn_group(shell(&script).stdout(Stdio::piped()).stderr(Stdio::piped())).unwrap();
    while !whole.exists() {
        thread::yield_now();
    }
    let error = group.hear_out(&[], Duration::ZERO).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    let child: u32 = std::fs::read_to_string(whole).unwrap().trim().parse().unwrap();
    let is_running = || {
        // A process that is dead may wait for init to take note of it.
        let state = Command::new("ps").args(["-o", "state=", "-p", &child.to_string()]).output();
        let state = String::from_utf8(state.unwrap().stdout).unwrap();
        !matches!(state.trim().chars().next(), None | Some('Z'))
    };
    let until = Instant::now() + Duration::from_secs(30);
    while is_running() {
        assert!(Instant::now() < until, "its child is still there");
        thread::yield_now();
    }
}
