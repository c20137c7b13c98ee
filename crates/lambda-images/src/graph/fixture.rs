//! A small workspace for tests: three packages and two Lambdas, as texts.

use std::collections::BTreeMap;

use super::{ImageGraph, build_graph};
use crate::config::{Config, Kind, parse_config};
use crate::discovery::{PyprojectFile, declare};
use crate::problem::Problem;

/// A workspace as texts, to be changed before it is read.
#[derive(Clone)]
pub(crate) struct Texts {
    pub(crate) config: String,
    pub(crate) pyprojects: BTreeMap<String, String>,
    pub(crate) dockerfiles: BTreeMap<String, String>,
    /// Names and values.
    pub(crate) variables: Vec<(&'static str, &'static str)>,
}

pub(crate) const EXTERNAL: &str = "public.ecr.aws/lambda/python:3.13";

/// `base-low` ← `base-high`; Lambdas `one` on the low base, `two` on the high one.
pub(crate) fn texts() -> Texts {
    let mut texts = Texts {
        config: "[workspace.metadata.lambda-images]\n".to_owned(),
        pyprojects: BTreeMap::new(),
        dockerfiles: BTreeMap::new(),
        variables: Vec::new(),
    };
    texts.add("packages/low", "low", "", &format!("FROM {EXTERNAL}\nCOPY . /opt/low\n"));
    texts.add(
        "packages/high",
        "high",
        "\"low\"",
        "ARG BASE_IMAGE=base-low\nFROM ${BASE_IMAGE}\nCOPY . /opt/high\n",
    );
    texts.add("lambdas/one", "one", "\"low\"", "FROM base-low\nARG LEVEL\nCOPY handler.py ./\n");
    texts.add(
        "lambdas/two",
        "two",
        "\"high\", \"low\"",
        "ARG BASE_IMAGE=base-high\nFROM ${BASE_IMAGE}\nCOPY handler.py ./\n",
    );
    texts
}

impl Texts {
    pub(crate) fn add(&mut self, folder: &str, name: &str, dependencies: &str, dockerfile: &str) {
        let pyproject = format!("[project]\nname = \"{name}\"\ndependencies = [{dependencies}]\n");
        self.pyprojects.insert(format!("{folder}/pyproject.toml"), pyproject);
        self.dockerfiles.insert(format!("{folder}/Dockerfile"), dockerfile.to_owned());
    }

    pub(crate) fn read(&self) -> (Config, ImageGraph, Vec<Problem>) {
        let (mut config, mut problems) = parse_config("Cargo.toml", &self.config);
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        config.variables = self.variables.iter().map(owned).collect();
        let kind =
            |path: &str| if path.starts_with("lambdas/") { Kind::Lambda } else { Kind::Base };
        let files: Vec<PyprojectFile> = self
            .pyprojects
            .iter()
            .map(|(path, text)| PyprojectFile {
                path: path.clone(),
                kind: kind(path),
                text: text.clone(),
            })
            .collect();
        let (declarations, found) = declare(&config, &files);
        problems.extend(found);
        let (graph, found) = build_graph(&config, &declarations, &self.dockerfiles);
        problems.extend(found);
        (config, graph, problems)
    }

    /// The graph of a workspace without problems.
    #[track_caller]
    pub(crate) fn graph(&self) -> (Config, ImageGraph) {
        let (config, graph, problems) = self.read();
        assert_eq!(problems, []);
        (config, graph)
    }
}
