//! Versions in their order, and whether one is what a version clause asks for: PEP 440, as far as
//! markers need it.
//!
//! Pre-releases are versions like any other here, as for markers there is nothing to choose from.
//! What is no version, or has a number beyond 64 bits, is undecided.

/// A version in its parts, whose derived order is PEP 440's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    epoch: u64,
    /// Without zeros at the end.
    release: Vec<u64>,
    pre: Pre,
    post: Option<u64>,
    dev: Dev,
    local: Option<Vec<LocalPart>>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Pre {
    /// A development release of the release itself comes before its pre-releases.
    OnlyDev,
    Phase(u8, u64),
    Absent,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Dev {
    Number(u64),
    Absent,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum LocalPart {
    Text(String),
    Number(u64),
}

impl Version {
    fn public(&self) -> Self {
        Self { local: None, ..self.clone() }
    }

    fn is_prerelease(&self) -> bool {
        matches!(self.pre, Pre::Phase(..)) || self.dev != Dev::Absent
    }

    fn has_base_of(&self, other: &Self) -> bool {
        self.epoch == other.epoch && self.release == other.release
    }

    /// Whether it begins with these numbers: what `.*` asks.
    fn begins_with(&self, epoch: u64, release: &[u64]) -> bool {
        let number = |index: usize| self.release.get(index).copied().unwrap_or_default();
        self.epoch == epoch
            && release.iter().enumerate().all(|(index, wanted)| number(index) == *wanted)
    }
}

/// Whether `candidate` is what `operator wanted` asks for; `None` where one of them is no version,
/// or the operator can't have it.
pub(super) fn satisfies(candidate: &str, operator: &str, wanted: &str) -> Option<bool> {
    if operator == "===" {
        return Some(candidate.eq_ignore_ascii_case(wanted));
    }
    let (candidate, _) = parse(candidate)?;
    if let Some(prefix) = wanted.trim().strip_suffix(".*") {
        let (version, release) = parse(prefix)?;
        let bare = version.pre == Pre::Absent && version.post.is_none() && version.local.is_none();
        let begins = candidate.begins_with(version.epoch, &release);
        return match operator {
            "==" if bare => Some(begins),
            "!=" if bare => Some(!begins),
            _ => None,
        };
    }
    let (wanted, release) = parse(wanted)?;
    if wanted.local.is_some() && !matches!(operator, "==" | "!=") {
        return None;
    }
    let equal = || {
        if wanted.local.is_some() { candidate == wanted } else { candidate.public() == wanted }
    };
    let same_base = candidate.has_base_of(&wanted);
    Some(match operator {
        "==" => equal(),
        "!=" => !equal(),
        "<=" => candidate.public() <= wanted,
        ">=" => candidate.public() >= wanted,
        "<" => {
            let its_prerelease = candidate.is_prerelease() && !wanted.is_prerelease() && same_base;
            candidate < wanted && !its_prerelease
        }
        ">" => {
            let its_post_release = candidate.post.is_some() && wanted.post.is_none() && same_base;
            let its_local = candidate.local.is_some() && same_base;
            candidate > wanted && !its_post_release && !its_local
        }
        "~=" => {
            let (_, prefix) = release.split_last().filter(|(_, prefix)| !prefix.is_empty())?;
            candidate.public() >= wanted && candidate.begins_with(wanted.epoch, prefix)
        }
        _ => return None,
    })
}

/// The numbers of the release of a version, all that are written.
pub(super) fn release_numbers(text: &str) -> Option<Vec<u64>> {
    parse(text).map(|(_, release)| release)
}

/// The version, and its release as written, with zeros at the end.
fn parse(text: &str) -> Option<(Version, Vec<u64>)> {
    let lower = text.trim().to_ascii_lowercase();
    let mut rest = lower.strip_prefix('v').unwrap_or(&lower);
    let mut epoch = 0;
    if let Some((written, behind)) = rest.split_once('!') {
        epoch = written.parse().ok()?;
        rest = behind;
    }
    let mut release = Vec::new();
    (rest, release) = {
        let (first, mut behind) = number(rest)?;
        release.push(first);
        while let Some((next, after)) = behind.strip_prefix('.').and_then(number) {
            release.push(next);
            behind = after;
        }
        (behind, release)
    };
    let phases = [("alpha", 0), ("beta", 1), ("preview", 2), ("pre", 2), ("rc", 2)];
    let short_phases = [("a", 0), ("b", 1), ("c", 2)];
    let mut pre = Pre::Absent;
    if let Some((phase, number, behind)) = suffix(rest, phases.iter().chain(&short_phases)) {
        (pre, rest) = (Pre::Phase(phase, number), behind);
    }
    let mut post = None;
    if let Some((number, behind)) = rest.strip_prefix('-').and_then(number) {
        (post, rest) = (Some(number), behind);
    } else if let Some((_, number, behind)) =
        suffix(rest, [("post", 0), ("rev", 0), ("r", 0)].iter())
    {
        (post, rest) = (Some(number), behind);
    }
    let mut dev = Dev::Absent;
    if let Some((_, number, behind)) = suffix(rest, [("dev", 0)].iter()) {
        (dev, rest) = (Dev::Number(number), behind);
    }
    if pre == Pre::Absent && post.is_none() && dev != Dev::Absent {
        pre = Pre::OnlyDev;
    }
    let local = match rest.strip_prefix('+') {
        Some(local) => Some(local.split(['-', '_', '.']).map(local_part).collect::<Option<_>>()?),
        None if rest.is_empty() => None,
        None => return None,
    };
    let significant = release.iter().rposition(|number| *number != 0).map_or(0, |last| last + 1);
    let version =
        Version { epoch, release: release[..significant].to_vec(), pre, post, dev, local };
    Some((version, release))
}

/// The digits at the start, and what is behind them.
fn number(text: &str) -> Option<(u64, &str)> {
    let rest = text.trim_start_matches(|character: char| character.is_ascii_digit());
    Some((text[..text.len() - rest.len()].parse().ok()?, rest))
}

/// `[-_.]? word [-_.]? [0-9]*`: what the word stands for, the number, and what is behind.
fn suffix<'t, 'w>(
    text: &'t str,
    mut words: impl Iterator<Item = &'w (&'w str, u8)>,
) -> Option<(u8, u64, &'t str)> {
    let bare = text.strip_prefix(['-', '_', '.']).unwrap_or(text);
    let (rest, value) = words.find_map(|(word, value)| Some((bare.strip_prefix(word)?, *value)))?;
    let counted = rest.strip_prefix(['-', '_', '.']).unwrap_or(rest);
    if !counted.starts_with(|first: char| first.is_ascii_digit()) {
        return Some((value, 0, rest));
    }
    let (number, rest) = number(counted)?;
    Some((value, number, rest))
}

fn local_part(part: &str) -> Option<LocalPart> {
    if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    if part.bytes().all(|byte| byte.is_ascii_digit()) {
        return part.parse().ok().map(LocalPart::Number);
    }
    Some(LocalPart::Text(part.to_owned()))
}

#[cfg(test)]
mod tests;
