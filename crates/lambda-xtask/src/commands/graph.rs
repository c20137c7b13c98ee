//! `graph`: shows what stands on what.

use lambda_images::render::{render_dot, render_json, render_mermaid, render_tree};

use crate::cli::{Graph, GraphFormat};
use crate::display::note;
use crate::environment::Environment;
use crate::workspace::Workspace;

pub(crate) fn graph(arguments: &Graph, environment: &Environment) -> anyhow::Result<u8> {
    let workspace = Workspace::load(environment)?;
    let text = match arguments.format {
        GraphFormat::Tree => render_tree(&workspace.graph),
        GraphFormat::Dot => render_dot(&workspace.graph),
        GraphFormat::Mermaid => render_mermaid(&workspace.graph),
        GraphFormat::Json => format!("{:#}\n", render_json(&workspace.graph)),
    };
    for warning in workspace.warnings() {
        note(&format!("warning: {warning}"));
    }
    super::print(&text)?;
    Ok(crate::EXIT_SUCCESS)
}
