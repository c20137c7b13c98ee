//! The image in which a lock is used: its `RUN`s with their surroundings, and the files that may be
//! projects or settings.

use dockerfile::{Command, Root, RunView};

use super::{DEEPEST, Doubt, MOST_RUNS, Ran, doubt};
use crate::discovery::ContextSource;
use crate::graph::{BaseSource, Image, ImageGraph};
use crate::installs::{Action, Surroundings, Unclear, Variables, actions};
use crate::locks::ProjectFile;

/// See the module.
pub(crate) struct Scene<'s> {
    pub(crate) image: &'s Image,
    pub(crate) graph: &'s ImageGraph,
    /// The context that the lock is in; `None`: the main one.
    pub(crate) context: Option<&'s str>,
    /// The `pyproject.toml`s that are read of it, by their paths below it; `None` for one that is not
    /// understood.
    pub(crate) projects: &'s [(String, Option<&'s ProjectFile>)],
    /// Names of files that the image reads, by which tools are set.
    pub(crate) settings: &'s [String],
}

/// What is said of settings and projects, where a `RUN` is not understood. What leaves such a file
/// behind may decide what later ones install.
const WORDS_OF_SETTINGS: [&str; 7] =
    ["pyproject", "uv.toml", "poetry.toml", "pypoetry", "pip.conf", "pip config", "poetry config"];

impl<'s> Scene<'s> {
    /// All `RUN`s of the image, with what they do.
    pub(super) fn runs(&self) -> Result<Vec<Ran<'s>>, Doubt> {
        let views: Vec<RunView<'s>> = self.image.resolved.runs().take(MOST_RUNS + 1).collect();
        if views.len() > MOST_RUNS || views.iter().any(|view| view.depth() > DEEPEST) {
            return doubt("the Dockerfile has more instructions than are looked at");
        }
        let ran = |view: RunView<'s>| Ran { view, actions: self.actions(self.image, &view) };
        Ok(views.into_iter().map(ran).collect())
    }

    /// What a `RUN` of an image's Dockerfile does.
    fn actions(&self, image: &Image, view: &RunView<'_>) -> Result<Vec<Action>, Unclear> {
        let (mut variables, base_shell) = match view.root() {
            Root::Outside(name) => self.inherited(image, name),
            Root::Scratch => Default::default(),
        };
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let own = view.variables().into_iter();
        variables.extend(own.map(|(name, value)| (owned(name), owned(value))));
        let shell = view.shell().cloned().or(base_shell);
        let surroundings = Surroundings { folder: view.folder(), variables, shell };
        actions(view.command(), view.heredocs(), &surroundings)
    }

    /// What the internal image that `name` stands for in an image's Dockerfile leaves behind.
    fn inherited(&self, image: &Image, name: &str) -> (Variables, Option<Option<Vec<String>>>) {
        let Some(base) = self.internal(image, name) else { return Default::default() };
        let (mut variables, mut shell) = match base.resolved.root() {
            // Images are based on each other in no circle.
            Root::Outside(name) => self.inherited(base, name),
            Root::Scratch => Default::default(),
        };
        let own = base.resolved.inherited_variables();
        let owned = |text: Option<&str>| text.map(str::to_owned);
        variables.extend(own.into_iter().map(|(name, value)| (owned(name), owned(value))));
        shell = base.resolved.inherited_shell().cloned().or(shell);
        (variables, shell)
    }

    fn internal(&self, image: &Image, name: &str) -> Option<&'s Image> {
        let base = image.bases.iter().find(|base| base.written == name);
        let of_base = base.and_then(|base| match &base.source {
            BaseSource::Internal(name) => Some(name),
            BaseSource::External { .. } => None,
        });
        let context = image.declaration.contexts.get(name);
        let of_context = context.and_then(|context| match context {
            ContextSource::Image(name) => Some(name),
            _ => None,
        });
        self.graph.get(of_context.or(of_base)?)
    }

    /// Whether uv may be set by a file: `uv.toml`, or a table of a `pyproject.toml`.
    pub(super) fn has_settings_of_uv(&self) -> bool {
        self.settings.iter().any(|name| name == "uv.toml") || !self.projects.is_empty()
    }

    /// Refuses what was left behind by a `RUN` that is not understood, in this image or below it.
    pub(super) fn check_earlier(&self, ran: &Ran<'_>, runs: &[Ran<'_>]) -> Result<(), Doubt> {
        for earlier in ran.view.earlier() {
            let known = runs.iter().find(|other| other.view.is(&earlier));
            if known.is_none_or(|known| known.actions.is_err())
                && let Some(word) = word_of_settings(&earlier)
            {
                let line = earlier.line();
                return doubt(format!("`RUN` on line {line} is not known, and names `{word}`"));
            }
        }
        let mut root = ran.view.root();
        let mut image = self.image;
        while let Root::Outside(name) = root {
            let Some(base) = self.internal(image, name) else { break };
            for view in base.resolved.runs().take(MOST_RUNS) {
                if let Some(word) = word_of_settings(&view)
                    && (view.depth() > DEEPEST || self.actions(base, &view).is_err())
                {
                    return doubt(format!(
                        "a `RUN` of `{}` is not known, and names `{word}`",
                        base.name()
                    ));
                }
            }
            (image, root) = (base, base.resolved.root());
        }
        Ok(())
    }
}

fn word_of_settings(view: &RunView<'_>) -> Option<&'static str> {
    let text = match view.command() {
        Command::Shell(text) => text.clone(),
        Command::Exec(words) => words.join(" "),
    };
    let texts: Vec<&str> = view.heredocs().iter().map(|heredoc| heredoc.content.as_str()).collect();
    let holds =
        |word: &&&str| text.contains(**word) || texts.iter().any(|text| text.contains(**word));
    WORDS_OF_SETTINGS.iter().find(holds).copied()
}
