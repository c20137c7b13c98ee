//! The one form of a marker's text, and that `and`, `or` and parentheses mean what they do in Python.

use proptest::prelude::*;

use super::Marker;
use crate::lock::environment::{Environment, Requested, Truth};

#[track_caller]
fn check_text(written: &str, expected: &str) {
    assert_eq!(Marker::new(written).text, expected);
}

#[test]
fn formatting_is_lost() {
    check_text(
        " python_version<\"3\"and( os.name   not  in 'a b' )",
        "python_version < '3' and (os_name not in 'a b')",
    );
    check_text("\"it's\" == python_implementation", "\"it's\" == platform_python_implementation");
    check_text(" no marker ", "no marker");
}

/// Markers with the value that they must have.
fn marker() -> impl Strategy<Value = (String, Truth)> {
    let leaf = prop_oneof![
        Just(("sys_platform == 'linux'".to_owned(), Truth::True)),
        Just(("sys_platform == 'win32'".to_owned(), Truth::False)),
        Just(("platform_version == 'x'".to_owned(), Truth::Unknown)),
    ];
    leaf.prop_recursive(5, 32, 2, |inner| {
        (inner.clone(), any::<bool>(), inner).prop_map(|((left, l), and, (right, r))| {
            if and {
                (format!("({left}) and ({right})"), l.min(r))
            } else {
                (format!("({left}) or ({right})"), l.max(r))
            }
        })
    })
}

proptest! {
    #[test]
    fn connectives((text, expected) in marker()) {
        let environment = Environment::cpython_on_linux("3.13", "x86_64");
        prop_assert_eq!(Marker::new(&text).evaluate(&environment, Requested::Unknown), expected);
    }

    /// Without parentheses, `and` binds tighter.
    #[test]
    fn precedence(values in proptest::collection::vec((any::<bool>(), any::<bool>()), 1..8)) {
        let mut text = String::new();
        let mut groups: Vec<Vec<bool>> = vec![Vec::new()];
        for (index, &(value, and)) in values.iter().enumerate() {
            if index > 0 {
                text += if and { " and " } else { " or " };
                if !and {
                    groups.push(Vec::new());
                }
            }
            groups.last_mut().unwrap().push(value);
            text += if value { "os_name == 'posix'" } else { "os_name == 'nt'" };
        }
        let expected = groups.iter().any(|group| group.iter().all(|value| *value));
        let environment = Environment::cpython_on_linux("3.13", "x86_64");
        let truth = Marker::new(&text).evaluate(&environment, Requested::Unknown);
        prop_assert_eq!(truth, Some(expected).into(), "{}", text);
    }

    #[test]
    fn the_one_form_is_stable(text in "[ ()'\"a<=andorsy_platform]{0,40}") {
        let once = Marker::new(&text).text;
        prop_assert_eq!(&Marker::new(&once).text, &once);
    }
}
