//! The files of one package, of one Lambda, and of the root.

use super::shape::{Graph, LAMBDA_FILES, Shape};
use super::text::{Dice, push, render_event, render_module, render_test};

/// A file of the tree: its path below the root, and its text.
pub(crate) type File = (String, String);

/// Where a project's modules lie, in turn.
const SUBFOLDERS: [&str; 12] = [
    "",
    "api/",
    "api/v1/",
    "model/",
    "model/records/",
    "model/records/legacy/",
    "store/",
    "store/dynamo/",
    "store/vectors/",
    "jobs/",
    "jobs/steps/",
    "support/",
];
const PACKAGE_TESTS: usize = 17;
const LAMBDA_TESTS: usize = 11;
const LAMBDA_EVENTS: usize = 8;
const BASE: &str = "public.ecr.aws/lambda/python:3.13@sha256:\
                    8f3c1d9a7b2e4f60516273849aabbccdde0f1e2d3c4b5a69788796a5b4c3d2e1";

pub(crate) fn package_name(package: usize) -> String {
    format!("pkg_{package:03}")
}

pub(crate) fn lambda_name(lambda: usize) -> String {
    format!("fn_{lambda:04}")
}

/// A project's name as its `pyproject.toml` has it.
pub(crate) fn project_name(folder: &str) -> String {
    folder.replace('_', "-")
}

pub(super) fn root_files(shape: Shape) -> Vec<File> {
    let cargo = "# The images of a generated monorepo: `cargo xtask bench affected` wrote it.\n\
         [workspace]\nresolver = \"3\"\nmembers = []\n\n\
         [workspace.metadata.lambda-images]\ncontext = \"workspace\"\n";
    let python = format!(
        "[project]\nname = \"monorepo\"\nversion = \"0.1.0\"\n\
         description = \"{} Lambdas and {} packages\"\nrequires-python = \">=3.13\"\n",
        shape.lambdas, shape.packages
    );
    let outside = ".git\ntarget\nnode_modules\n**/tests\n**/__pycache__\n.venv\n";
    let ignored = "/target\n/node_modules\n/.turbo\n/.nx\n/.moon/cache\n/.moon/docker\n";
    vec![
        ("Cargo.toml".to_owned(), cargo.to_owned()),
        ("pyproject.toml".to_owned(), python),
        (".dockerignore".to_owned(), outside.to_owned()),
        (".gitignore".to_owned(), ignored.to_owned()),
    ]
}

pub(super) fn package_files(shape: Shape, graph: &Graph, package: usize) -> Vec<File> {
    let name = package_name(package);
    let folder = format!("packages/{name}");
    let mut files = vec![
        (format!("{folder}/pyproject.toml"), render_pyproject(&name, &graph.packages[package])),
        (format!("{folder}/README.md"), render_readme(&name)),
    ];
    push_tests(&mut files, &folder, &name, PACKAGE_TESTS);
    let modules = shape.package_files(package) - files.len();
    push_modules(&mut files, &format!("{folder}/src/{name}"), modules);
    files
}

pub(super) fn lambda_files(graph: &Graph, lambda: usize) -> Vec<File> {
    let name = lambda_name(lambda);
    let folder = format!("lambdas/{name}");
    let mut files = vec![
        (format!("{folder}/pyproject.toml"), render_pyproject(&name, &graph.lambdas[lambda])),
        (format!("{folder}/Dockerfile"), render_dockerfile(graph, lambda)),
        (format!("{folder}/README.md"), render_readme(&name)),
    ];
    push_tests(&mut files, &folder, &name, LAMBDA_TESTS);
    for number in 0..LAMBDA_EVENTS {
        let path = format!("{folder}/events/event_{number}.json");
        let text = render_event(&path);
        files.push((path, text));
    }
    let modules = LAMBDA_FILES - files.len();
    push_modules(&mut files, &format!("{folder}/src/{name}"), modules);
    files
}

fn push_tests(files: &mut Vec<File>, folder: &str, name: &str, count: usize) {
    for number in 0..count {
        let path = format!("{folder}/tests/test_{number:02}.py");
        let text = render_test(&path, name);
        files.push((path, text));
    }
}

fn push_modules(files: &mut Vec<File>, source: &str, count: usize) {
    for number in 0..count {
        let subfolder = SUBFOLDERS[number % SUBFOLDERS.len()];
        let path = if number < SUBFOLDERS.len() {
            format!("{source}/{subfolder}__init__.py")
        } else {
            let mut dice = Dice::of(&format!("name of module {number} in {source}"));
            format!("{source}/{subfolder}{}_{}_{number:02}.py", dice.verb(), dice.noun())
        };
        let text = render_module(&path, 1024, 6 * 1024);
        files.push((path, text));
    }
}

fn render_pyproject(name: &str, dependencies: &[usize]) -> String {
    let project = project_name(name);
    let mut text = format!(
        "[project]\nname = \"{project}\"\nversion = \"0.1.0\"\nrequires-python = \">=3.13\"\n\
         dependencies = [\n"
    );
    let mut sources = String::new();
    for dependency in dependencies {
        let dependency = project_name(&package_name(*dependency));
        push(&mut text, format_args!("    \"{dependency}\",\n"));
        push(&mut sources, format_args!("{dependency} = {{ workspace = true }}\n"));
    }
    text.push_str("]\n");
    if !sources.is_empty() {
        push(&mut text, format_args!("\n[tool.uv.sources]\n{sources}"));
    }
    text
}

fn render_dockerfile(graph: &Graph, lambda: usize) -> String {
    let name = lambda_name(lambda);
    let mut text = format!("FROM {BASE}\n");
    let mut path = "${LAMBDA_TASK_ROOT}/src".to_owned();
    for package in graph.reached_from(&graph.lambdas[lambda]) {
        let folder = format!("packages/{}", package_name(package));
        push(&mut text, format_args!("COPY {folder}/pyproject.toml {folder}/\n"));
        push(&mut text, format_args!("COPY {folder}/src {folder}/src\n"));
        push(&mut path, format_args!(":${{LAMBDA_TASK_ROOT}}/{folder}/src"));
    }
    push(
        &mut text,
        format_args!(
            "COPY lambdas/{name}/src src\nENV PYTHONPATH={path}\nCMD [\"{name}.handler\"]\n"
        ),
    );
    text
}

fn render_readme(name: &str) -> String {
    let mut dice = Dice::of(&format!("README of {name}"));
    let mut text = format!("# {name}\n");
    for _ in 0..3 + dice.below(12) {
        let (verb, noun, other_verb, other) = (dice.verb(), dice.noun(), dice.verb(), dice.noun());
        push(
            &mut text,
            format_args!("\nIt can {verb} each {noun} and {other_verb} its {other}.\n"),
        );
    }
    text
}
