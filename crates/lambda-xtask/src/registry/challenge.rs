//! `WWW-Authenticate`: what a registry wants to see before it answers (RFC 9110, section 11.6.1, and
//! the distribution project's token authentication). Text to values; nothing is asked here.

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// User and password with every request.
    Basic,
    /// A token that `realm` gives.
    Bearer { realm: String, service: Option<String>, scope: Option<String> },
}

impl Challenge {
    /// Whether both are answered in the same way. The scope is another for each request.
    pub(super) fn is_like(&self, other: &Challenge) -> bool {
        match (self, other) {
            (Challenge::Basic, Challenge::Basic) => true,
            (
                Challenge::Bearer { realm, service, .. },
                Challenge::Bearer { realm: other_realm, service: other_service, .. },
            ) => realm == other_realm && service == other_service,
            _ => false,
        }
    }
}

/// The best of what the header's values offer: a token before a password.
pub(super) fn parse_challenge<'a>(values: impl IntoIterator<Item = &'a str>) -> Option<Challenge> {
    let mut basic = None;
    for value in values {
        let (scheme, rest) = value.trim().split_once(' ').unwrap_or((value.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            basic = Some(Challenge::Basic);
        } else if scheme.eq_ignore_ascii_case("bearer")
            && let Some(realm) = parameter(rest, "realm")
        {
            let (service, scope) = (parameter(rest, "service"), parameter(rest, "scope"));
            return Some(Challenge::Bearer { realm, service, scope });
        }
    }
    basic
}

/// One `name="value"` or `name=value` of a list. A comma in quotes ends nothing.
fn parameter(list: &str, name: &str) -> Option<String> {
    let mut rest = list;
    while let Some((key, after)) = rest.split_once('=') {
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => unquote(quoted)?,
            None => {
                let (value, after) = after.split_once(',').unwrap_or((after, ""));
                (value.trim().to_owned(), after)
            }
        };
        if key.trim_matches([' ', ',']).eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = after;
    }
    None
}

/// What stands before the closing quote, and what behind it. A backslash takes the next character
/// as it is.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            _ => value.push(character),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(values: &[&str], wanted: Option<(&str, Option<&str>, Option<&str>)>) {
        let wanted = wanted.map(|(realm, service, scope)| Challenge::Bearer {
            realm: realm.to_owned(),
            service: service.map(str::to_owned),
            scope: scope.map(str::to_owned),
        });
        assert_eq!(parse_challenge(values.iter().copied()), wanted);
    }

    #[test]
    fn tokens() {
        check(
            &[
                r#"Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull,push""#,
            ],
            Some((
                "https://auth.example/token",
                Some("registry.example"),
                Some("repository:a/b:pull,push"),
            )),
        );
        check(&["Basic realm=\"x\"", "bearer Realm=x, service=y"], Some(("x", Some("y"), None)));
        check(&[r#"Bearer realm="a\"b""#], Some(("a\"b", None, None)));
    }

    #[test]
    fn what_is_no_token_is_a_password_or_nothing() {
        let amazon = "Basic realm=\"https://1.dkr.ecr.us-east-1.amazonaws.com/\",service=\"ecr\"";
        assert_eq!(parse_challenge([amazon]), Some(Challenge::Basic));
        check(&[], None);
        check(&["Bearer realm=\"unclosed"], None);
        check(&["Negotiate"], None);
    }
}
