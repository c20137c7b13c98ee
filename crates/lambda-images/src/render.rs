//! The graph as text: a tree for people, Graphviz dot, Mermaid, JSON.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::config::Kind;
use crate::discovery::ImageName;
use crate::graph::{BaseSource, EdgeKind, Image, ImageGraph};

type Above<'a> = BTreeMap<&'a ImageName, Vec<&'a ImageName>>;

/// A tree: what stands on an image hangs below it. An image with several bases hangs below each.
pub fn render_tree(graph: &ImageGraph) -> String {
    let reduced = graph.reduced_edges();
    let mut above: Above = BTreeMap::new();
    for (name, bases) in &reduced {
        for base in bases {
            above.entry(base).or_default().push(name);
        }
    }
    let mut text = String::new();
    let mut roots: BTreeMap<Vec<&str>, Vec<&ImageName>> = BTreeMap::new();
    for image in graph.images().iter().filter(|image| reduced[image.name()].is_empty()) {
        roots.entry(external_bases(image)).or_default().push(image.name());
    }
    for (externals, names) in roots {
        text += &if externals.is_empty() { "scratch".to_owned() } else { externals.join(", ") };
        text.push('\n');
        render_below(graph, &names, &above, "", &mut text);
    }
    text
}

fn external_bases(image: &Image) -> Vec<&str> {
    let external =
        image.bases.iter().filter(|base| matches!(base.source, BaseSource::External { .. }));
    external.map(|base| base.written.as_str()).collect()
}

fn render_below(
    graph: &ImageGraph,
    names: &[&ImageName],
    above: &Above,
    indent: &str,
    text: &mut String,
) {
    for (index, name) in names.iter().enumerate() {
        let last = index + 1 == names.len();
        let kind = graph.get(name).map_or(Kind::Lambda, |image| image.declaration.kind);
        *text +=
            &format!("{indent}{} {name} ({})\n", if last { "└──" } else { "├──" }, kind.as_str());
        let indent = format!("{indent}{}   ", if last { " " } else { "│" });
        render_below(graph, above.get(name).map_or(&[], Vec::as_slice), above, &indent, text);
    }
}

/// Graphviz: an arrow from each image to what it stands on.
pub fn render_dot(graph: &ImageGraph) -> String {
    let mut text = "digraph images {\n  rankdir = RL;\n  node [shape = box];\n".to_owned();
    for image in graph.images() {
        let shape = if image.declaration.kind == Kind::Base { " [shape = folder]" } else { "" };
        text += &format!("  \"{}\"{shape};\n", image.name());
    }
    for image in graph.images() {
        for (base, kind) in &image.depends_on {
            let style = if *kind == EdgeKind::Dependency { " [style = dashed]" } else { "" };
            text += &format!("  \"{}\" -> \"{base}\"{style};\n", image.name());
        }
    }
    text + "}\n"
}

/// Mermaid: an arrow from each image to what it stands on.
pub fn render_mermaid(graph: &ImageGraph) -> String {
    let mut text = "graph RL\n".to_owned();
    for image in graph.images() {
        let (open, close) =
            if image.declaration.kind == Kind::Base { ("[(", ")]") } else { ("[", "]") };
        text += &format!("  {0}{open}{0}{close}\n", image.name());
    }
    for image in graph.images() {
        for (base, kind) in &image.depends_on {
            let arrow = if *kind == EdgeKind::Dependency { "-.->" } else { "-->" };
            text += &format!("  {} {arrow} {base}\n", image.name());
        }
    }
    text
}

/// `{"version":1,"images":[{"name","kind","dockerfile","context","bases","depends_on","dependents"}]}`
pub fn render_json(graph: &ImageGraph) -> serde_json::Value {
    let images: Vec<_> = graph
        .images()
        .iter()
        .map(|image| {
            let mut dependents = graph.with_dependents(&BTreeSet::from([image.name().clone()]));
            dependents.remove(image.name());
            let depends_on: Vec<_> = image
                .depends_on
                .iter()
                .map(|(name, kind)| json!({ "name": name, "kind": kind }))
                .collect();
            json!({
                "name": image.name(),
                "kind": image.declaration.kind,
                "dockerfile": image.declaration.dockerfile,
                "context": crate::paths::shown(&image.declaration.context),
                "declared_in": image.declaration.declared_in,
                "platform": image.declaration.platform.as_str(),
                "external_bases": external_bases(image),
                "depends_on": depends_on,
                "dependents": dependents,
            })
        })
        .collect();
    json!({ "version": 1, "images": images })
}

#[cfg(test)]
mod tests;
