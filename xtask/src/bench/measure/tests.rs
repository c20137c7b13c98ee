use super::*;

#[test]
fn the_median_is_in_the_middle() {
    let mut times = Times::default();
    for milliseconds in [3000, 1000, 2000] {
        times.push(Duration::from_millis(milliseconds));
    }
    assert_eq!([times.min(), times.median(), times.max()], [1.0, 2.0, 3.0]);
}

#[test]
fn the_peak_is_the_childs() {
    let environment = Environment::of_process().unwrap();
    let mut command = environment.command("python3");
    command.args(["-c", "print(len(b'x' * (64 << 20)))"]);
    let peak = peak_memory(&environment, &command).unwrap();
    assert!((64.0..128.0).contains(&peak), "{peak} MiB");
}

#[test]
fn failure_is_no_time() {
    let environment = Environment::of_process().unwrap();
    assert!(time(environment.command("false")).is_err());
    assert!(peak_memory(&environment, &environment.command("false")).is_err());
}
