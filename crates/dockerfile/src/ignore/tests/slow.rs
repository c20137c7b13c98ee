//! The slow matcher: patternmatcher's and fsutil's rules, word for word and path by path.
//!
//! A pattern is tried character by character by plain recursion, every folder of a path is
//! asked anew with the list of results above it. It doesn't know brackets.

pub(super) struct Slow {
    /// Each with whether it is an exception.
    patterns: Vec<(bool, String)>,
}

impl Slow {
    pub(super) fn new(lines: &[String]) -> Slow {
        let patterns = lines.iter().map(|line| {
            let (exception, text) = match line.strip_prefix('!') {
                Some(text) => (true, text.trim()),
                None => (false, line.as_str()),
            };
            let cleaned = crate::gopath::clean(text);
            let relative = match cleaned.strip_prefix('/') {
                Some(relative) if !relative.is_empty() => relative,
                _ => &cleaned,
            };
            if !exception {
                return (false, relative.to_owned());
            }
            // It is cleaned a second time with its mark, which can be part of what `..` removes.
            let again = crate::gopath::clean(&format!("!{relative}"));
            match again.strip_prefix('!') {
                Some(pattern) => (true, pattern.to_owned()),
                None => (false, again),
            }
        });
        Slow { patterns: patterns.collect() }
    }

    /// The results of each pattern at a path, and whether the path is excluded.
    fn results(&self, path: &str, above: &[bool]) -> (Vec<bool>, bool) {
        let mut excluded = false;
        let mut results = Vec::new();
        for ((exception, pattern), above) in self.patterns.iter().zip(above) {
            let asked = *exception == excluded;
            let matched = *above || (asked && matches(pattern, path));
            if matched {
                excluded = !exception;
            }
            results.push(matched);
        }
        (results, excluded)
    }

    fn skips(&self, path: &str) -> bool {
        let mut exceptions =
            self.patterns.iter().filter(|(exception, _)| *exception).map(|(_, pattern)| {
                let pattern = pattern.strip_suffix("/**").unwrap_or(pattern);
                pattern.strip_suffix("/*").unwrap_or(pattern)
            });
        !exceptions.clone().any(|pattern| pattern.contains(['*', '?', '\\', '[', ']', '^']))
            && !exceptions.any(|pattern| format!("{pattern}/").starts_with(&format!("{path}/")))
    }

    /// Whether the path is excluded and whether the walk goes in, if it gets there at all.
    fn walk(&self, path: &str) -> Option<(bool, bool)> {
        let mut above = vec![false; self.patterns.len()];
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        let mut last = (false, true);
        for end in ends {
            if !last.1 {
                return None;
            }
            let (results, excluded) = self.results(&path[..end], &above);
            above = results;
            last = (excluded, !(excluded && self.skips(&path[..end])));
        }
        Some(last)
    }

    pub(super) fn excludes(&self, path: &str) -> bool {
        self.walk(path).is_none_or(|(excluded, _)| excluded)
    }

    pub(super) fn may_descend(&self, path: &str) -> bool {
        self.walk(path).is_some_and(|(_, descends)| descends)
    }
}

fn matches(pattern: &str, path: &str) -> bool {
    let special = |text: &str| text.contains(['*', '?', '\\']);
    // Only a leading or only a trailing `**` are taken literally as ends of the path.
    if let Some(suffix) = pattern.strip_prefix("**").filter(|suffix| !special(suffix)) {
        return path.ends_with(suffix) || suffix.strip_prefix('/') == Some(path);
    }
    if let Some(prefix) = pattern.strip_suffix("**").filter(|prefix| !special(prefix)) {
        return path.starts_with(prefix);
    }
    if !special(pattern) {
        return pattern == path;
    }
    let pattern: Vec<char> = pattern.chars().collect();
    let path: Vec<char> = path.chars().collect();
    recurse(&pattern, &path)
}

fn recurse(pattern: &[char], path: &[char]) -> bool {
    match pattern {
        [] => path.is_empty(),
        ['*', '*'] => !path.contains(&'\n'),
        ['*', '*', '/'] => unreachable!("a cleaned pattern has no slash at its end"),
        ['*', '*', rest @ ..] => {
            let rest = rest.strip_prefix(&['/']).unwrap_or(rest);
            // Nothing, or anything up to a slash.
            let mut ends = (0..path.len()).filter(|&at| path[at] == '/');
            recurse(rest, path)
                || ends.any(|at| !path[..at].contains(&'\n') && recurse(rest, &path[at + 1..]))
        }
        ['*', rest @ ..] => {
            let name = path.iter().position(|&c| c == '/').unwrap_or(path.len());
            (0..=name).any(|taken| recurse(rest, &path[taken..]))
        }
        ['?', rest @ ..] => path.first().is_some_and(|&c| c != '/') && recurse(rest, &path[1..]),
        ['\\', c, rest @ ..] | [c, rest @ ..] => {
            path.first() == Some(c) && recurse(rest, &path[1..])
        }
    }
}
