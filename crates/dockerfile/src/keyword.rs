//! The instruction names that BuildKit knows (`frontend/dockerfile/command`).

use crate::fault::{Refusal, excerpt};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keyword {
    Add,
    Arg,
    Cmd,
    Copy,
    Entrypoint,
    Env,
    Expose,
    From,
    Healthcheck,
    Label,
    Maintainer,
    Onbuild,
    Run,
    Shell,
    StopSignal,
    User,
    Volume,
    Workdir,
}

const KEYWORDS: [(&str, Keyword); 18] = [
    ("ADD", Keyword::Add),
    ("ARG", Keyword::Arg),
    ("CMD", Keyword::Cmd),
    ("COPY", Keyword::Copy),
    ("ENTRYPOINT", Keyword::Entrypoint),
    ("ENV", Keyword::Env),
    ("EXPOSE", Keyword::Expose),
    ("FROM", Keyword::From),
    ("HEALTHCHECK", Keyword::Healthcheck),
    ("LABEL", Keyword::Label),
    ("MAINTAINER", Keyword::Maintainer),
    ("ONBUILD", Keyword::Onbuild),
    ("RUN", Keyword::Run),
    ("SHELL", Keyword::Shell),
    ("STOPSIGNAL", Keyword::StopSignal),
    ("USER", Keyword::User),
    ("VOLUME", Keyword::Volume),
    ("WORKDIR", Keyword::Workdir),
];

impl Keyword {
    /// Names are case-insensitive.
    pub(crate) fn parse(name: &str) -> Option<Keyword> {
        KEYWORDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, k)| *k)
    }

    pub(crate) fn name(self) -> &'static str {
        KEYWORDS.iter().find(|(_, k)| *k == self).expect("every keyword is in the table").0
    }

    /// Whether here-documents may belong to it.
    pub(crate) fn takes_heredocs(self) -> bool {
        matches!(self, Keyword::Add | Keyword::Copy | Keyword::Run)
    }
}

pub(crate) fn unknown_instruction(name: &str) -> Refusal {
    Refusal::new(format!("unknown instruction `{}`", excerpt(name)))
        .suggest(&name.to_uppercase(), KEYWORDS.iter().map(|(known, _)| *known))
}
