//! What a group has of those it includes.

use expect_test::{Expect, expect};

use crate::tests::render;

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "an expectation is written where it is passed")]
fn check(text: &str, expected: Expect) {
    expected.assert_eq(&render(&format!("[dependency-groups]\n{text}")));
}

#[test]
fn includes_are_expanded() {
    check(
        "lint = ['ruff']\ntest = ['pytest', { include-group = 'Lint' }]\ndev = [{ include-group = 'test' }, { include-group = 'lint' }]\n",
        expect![[r#"
            2:10 ruff in group dev
            2:10 ruff in group lint
            2:10 ruff in group test
            3:10 pytest in group dev
            3:10 pytest in group test
        "#]],
    );
}

#[test]
fn cycles_are_shown_whole() {
    check(
        "a = [{ include-group = 'a' }, 'x']\n",
        expect![[r#"
        2:32 x in group a
        2:24: dependency groups include each other: `a` → `a`
          hint: remove one of these includes
    "#]],
    );
    check(
        "a = [{ include-group = 'b' }]\nb = [{ include-group = 'c' }, 'x']\nc = [{ include-group = 'b' }]\n",
        expect![[r#"
            3:32 x in group a
            3:32 x in group b
            3:32 x in group c
            4:24: dependency groups include each other: `b` → `c` → `b`
              hint: remove one of these includes
        "#]],
    );
}

#[test]
fn a_long_cycle_is_shown_in_part() {
    let include =
        |index: usize| format!("g{index} = [{{ include-group = 'g{}' }}]\n", (index + 1) % 20);
    check(
        &(0..20).map(include).collect::<String>(),
        expect![[r#"
        21:26: dependency groups include each other: `g0` → `g1` → `g2` → `g3` → `g4` → `g5` → `g6` → `g7` → `g8` → `g9` → `g10` → `g11` → 8 more → `g0`
          hint: remove one of these includes
    "#]],
    );
}

#[test]
fn faults() {
    check(
        "a = [{ include-group = 'b' }]\n",
        expect![[r#"
        2:24: there is no dependency group `b`
          hint: declare it, or remove the include
    "#]],
    );
    check(
        "a = [{ include-group = 'b c' }, {}, { include = 'a' }, { include-group = 1 }]\n",
        expect![[r#"
            2:25: `b c` is not a valid name
              hint: use ASCII letters, digits, `-`, `_` and `.`, beginning and ending with a letter or a digit
            2:33: `dependency-groups.a[1]` has no `include-group`
              hint: the only table in a group is `{ include-group = "name" }`
            2:37: `dependency-groups.a[2]` has no `include-group`
              hint: the only table in a group is `{ include-group = "name" }`
            2:39: unknown key `include`
              hint: the only table in a group is `{ include-group = "name" }`
            2:74: `dependency-groups.a[3].include-group` must be a string, found an integer
        "#]],
    );
    check(
        "a = 'pytest'\n'b c' = []\n",
        expect![[r#"
        2:5: `dependency-groups.a` must be an array of strings and includes, found a string
          hint: write it as `["pytest>=8", { include-group = "lint" }]`
        3:1: `b c` is not a valid name
          hint: use ASCII letters, digits, `-`, `_` and `.`, beginning and ending with a letter or a digit
    "#]],
    );
    check(
        "a_b = ['c']\nA-B = ['d']\n",
        expect![[r#"
        2:9 c in group a-b
        3:9 d in group a-b
        3:1: `A-B` and `a_b` are one name, `a-b`
          hint: put both into one table, or rename one
    "#]],
    );
}

#[test]
fn long_chains_are_followed() {
    let chain = |length: usize| {
        let include =
            |index: usize| format!("g{index} = [{{ include-group = 'g{}' }}]\n", index + 1);
        (0..length).map(include).collect::<String>() + &format!("g{length} = ['x']\n")
    };
    let text = format!("[dependency-groups]\n{}", chain(300));
    let (pyproject, faults) = crate::parse_pyproject(&text);
    assert_eq!((pyproject.dependencies.len(), faults.len()), (301, 0));
    let text = format!("[dependency-groups]\n{}", chain(5000));
    let (_, faults) = crate::parse_pyproject(&text);
    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0].message, "groups include each other 100000 times and more");
}
