//! `graph`: shows what stands on what. It reads what the images read, so that it finds the problems that
//! the other commands find.

use lambda_images::render::{render_dot, render_json, render_mermaid, render_tree};

use super::survey::{read_inputs, tell_warnings};
use crate::cli::{Graph, GraphFormat};
use crate::environment::Environment;
use crate::state::State;
use crate::workspace::Workspace;

pub(crate) fn graph(arguments: &Graph, environment: &Environment) -> anyhow::Result<u8> {
    let workspace = Workspace::load(environment)?;
    let found = read_inputs(&workspace, &State::of_workspace(&workspace.root))?;
    let text = match arguments.format {
        GraphFormat::Tree => render_tree(&workspace.graph),
        GraphFormat::Dot => render_dot(&workspace.graph),
        GraphFormat::Mermaid => render_mermaid(&workspace.graph),
        GraphFormat::Json => format!("{:#}\n", render_json(&workspace.graph)),
    };
    tell_warnings(&workspace, &found);
    match arguments.format {
        GraphFormat::Json => super::print_exact(&text)?,
        _ => super::print(&text)?,
    }
    Ok(crate::EXIT_SUCCESS)
}
