//! Requirements as they are found in the wild, and the faults people make.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::{PackageName, Requirement, Wanted};

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "an expectation is written where it is passed")]
fn check(text: &str, expected: Expect) {
    expected.assert_eq(&match text.parse::<Requirement>() {
        Ok(Requirement { name, extras, wanted, marker }) => {
            let extras: Vec<_> = extras.iter().map(PackageName::as_str).collect();
            format!("{name} {extras:?} {wanted:?} {}", marker.unwrap_or_default())
        }
        Err(error) => {
            let hint = error.hint.map(|hint| format!("\n{hint}")).unwrap_or_default();
            format!(
                "{text}\n{}^ {}{hint}",
                " ".repeat(text[..error.offset].chars().count()),
                error.message
            )
        }
    });
}

#[test]
fn requirements() {
    check("A", expect![[r#"a [] Version("") "#]]);
    check(
        " name [ fred , B_ar ] >=3 , <2 ; python_version < '2.7' ",
        expect![[r#"name ["fred", "b-ar"] Version(">=3 , <2") python_version < '2.7'"#]],
    );
    check("name<=1", expect![[r#"name [] Version("<=1") "#]]);
    check("name>=3,", expect![[r#"name [] Version(">=3,") "#]]);
    check("name (>=3.0 ,<4)", expect![[r#"name [] Version(">=3.0 ,<4") "#]]);
    check("name[]", expect![[r#"name [] Version("") "#]]);
    check("name@http://foo.com", expect![[r#"name [] Url("http://foo.com") "#]]);
    check(
        "name [fred] @ http://foo.com ; python_version=='2.7'",
        expect![[r#"name ["fred"] Url("http://foo.com") python_version=='2.7'"#]],
    );
    check(
        "name[quux,strange];python_version<'2.7' and platform_version=='2'",
        expect![[
            r#"name ["quux", "strange"] Version("") python_version<'2.7' and platform_version=='2'"#
        ]],
    );
    check("name @ {root:uri}/../x", expect![[r#"name [] Url("{root:uri}/../x") "#]]);
}

#[test]
fn faults() {
    check(
        "",
        expect![[r#"

        ^ expected a package name, found the end
        use ASCII letters, digits, `-`, `_` and `.`, beginning and ending with a letter or a digit"#]],
    );
    check(
        "-e .",
        expect![[r#"
        -e .
        ^ `-e` is not a valid name
        use ASCII letters, digits, `-`, `_` and `.`, beginning and ending with a letter or a digit"#]],
    );
    check(
        "name-",
        expect![[r#"
        name-
        ^ `name-` is not a valid name
        use ASCII letters, digits, `-`, `_` and `.`, beginning and ending with a letter or a digit"#]],
    );
    check(
        "name = 1",
        expect![[r#"
        name = 1
             ^ expected a version operator, `@`, `;` or the end, found `=`
        write `==` for exactly one version"#]],
    );
    check(
        "name ^1.2",
        expect![[r#"
        name ^1.2
             ^ expected a version operator, `@`, `;` or the end, found `^`
        `^` and `~` are not PEP 508: write a range such as `>=1.2,<2`, or `~=1.2`"#]],
    );
    check(
        "name 1.0",
        expect![[r#"
        name 1.0
             ^ expected a version operator, `@`, `;` or the end, found `1`
        write an operator before the version, such as `>=` or `==`"#]],
    );
    check(
        "name >=1 <2",
        expect![[r#"
        name >=1 <2
                 ^ expected `,`, `;` or the end, found `<`"#]],
    );
    check(
        "name (>=1",
        expect![[r#"
        name (>=1
             ^ `(` is not closed
        write the `)`"#]],
    );
    check(
        "name (>=1 <2)",
        expect![[r#"
        name (>=1 <2)
                  ^ expected `,` or `)`, found `<`"#]],
    );
    check(
        "name[a",
        expect![[r#"
        name[a
            ^ `[` is not closed
        write the `]`"#]],
    );
    check(
        "name[a b]",
        expect![[r#"
        name[a b]
               ^ expected `,` or `]` after an extra, found `b`"#]],
    );
    check(
        "name[a,]",
        expect![[r#"
        name[a,]
               ^ expected the name of an extra, found `]`
        use ASCII letters, digits, `-`, `_` and `.`, beginning and ending with a letter or a digit"#]],
    );
    check(
        "name @",
        expect![[r#"
        name @
              ^ expected a URL after `@`, found the end
        write it as `name @ https://…` or `name @ file:../folder`"#]],
    );
    check(
        "name @ file:../x; os_name == 'x'",
        expect![[r#"
        name @ file:../x; os_name == 'x'
                          ^ the `;` is part of the URL
        write a blank between the URL and `;`"#]],
    );
    check(
        "name @ file:../x y",
        expect![[r#"
        name @ file:../x y
                         ^ expected `;` or the end after the URL, found `y`"#]],
    );
    check(
        "name ; os_name == 'x' or",
        expect![[r#"
        name ; os_name == 'x' or
                                ^ expected a marker variable or a quoted string, found the end"#]],
    );
    check(
        "name ; os_name == 'x' # why",
        expect![[r#"
        name ; os_name == 'x' # why
                              ^ expected `and`, `or` or the end of the marker, found `#`"#]],
    );
    check(
        "café >= 1",
        expect![[r#"
        café >= 1
           ^ expected a version operator, `@`, `;` or the end, found `é`"#]],
    );
    check(
        "../packages/x",
        expect![[r#"
        ../packages/x
        ^ `..` is not a valid name
        use ASCII letters, digits, `-`, `_` and `.`, beginning and ending with a letter or a digit"#]],
    );
}

proptest! {
    #[test]
    fn all_of_the_grammar_is_accepted(
        name in "[A-Za-z0-9]([A-Za-z0-9._-]{0,6}[A-Za-z0-9])?",
        extras in proptest::collection::vec("[A-Za-z0-9]{1,3}", 0..3),
        version in "(>=1\\.2|~=1\\.0|==2\\.\\*|!=3\\.1 , <4)?",
        marker in "(os_name == 'x'|\\(extra=='s3'\\) or python_version<\"3\")?",
        blank in "[ \t]{0,2}",
    ) {
        let mut text = format!("{blank}{name}{blank}[{blank}{}{blank}]{blank}{version}{blank}", extras.join(&format!("{blank},")));
        if !marker.is_empty() {
            text += &format!(";{blank}{marker}{blank}");
        }
        let requirement: Requirement = text.parse().unwrap();
        prop_assert_eq!(requirement.name, name.parse().unwrap());
        prop_assert_eq!(requirement.extras.len(), extras.len());
        prop_assert_eq!(requirement.wanted, Wanted::Version(version));
        prop_assert_eq!(requirement.marker.unwrap_or_default(), marker);
    }

    #[test]
    fn an_error_points_into_the_text(text in "[a-z0-9 \\[\\](),;@<>=!~.*'\"é]{0,16}") {
        if let Err(error) = text.parse::<Requirement>() {
            prop_assert!(text.is_char_boundary(error.offset), "{:?}", error);
            prop_assert!(!error.message.is_empty());
        }
    }
}
