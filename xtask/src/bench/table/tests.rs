use std::time::Duration;

use expect_test::expect;

use super::*;

#[test]
fn ratios_are_to_git_status_and_to_the_first_row() {
    let row = |name: &str, milliseconds, peak| {
        let mut times = Times::default();
        times.push(Duration::from_millis(milliseconds));
        Row { name: name.to_owned(), times, peak }
    };
    let rows = [
        row("ours", 500, Some(101.25)),
        row("git status", 1000, None),
        row("nx", 6000, Some(300.0)),
    ];
    expect![[r#"
        one file edited
                      median s     min     max  /git status    /ours  peak MiB
          ours           0.500   0.500   0.500        0.50x    1.00x     101.2
          git status     1.000   1.000   1.000        1.00x    2.00x         -
          nx             6.000   6.000   6.000        6.00x   12.00x     300.0
    "#]]
    .assert_eq(&render_table("one file edited", &rows));
}
