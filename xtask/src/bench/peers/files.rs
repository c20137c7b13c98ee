//! The same graph once more, in the words of turbo, nx and moon. Their files are committed with
//! the tree and are not among its 107,500.

use serde_json::{Map, Value, json};

use crate::bench::tree::{File, Graph, lambda_name, package_name, project_name};

struct Project<'a> {
    folder: String,
    name: String,
    dependencies: &'a [usize],
}

/// `package.json` and `moon.yml` of every project, and what belongs to the root: a lock for
/// npm's workspaces among it, without which turbo can't tell what a changed file means.
pub(crate) fn peer_files(graph: &Graph) -> Vec<File> {
    let packages = graph.packages.iter().enumerate().map(|(number, dependencies)| {
        project(format!("packages/{}", package_name(number)), dependencies)
    });
    let lambdas = graph.lambdas.iter().enumerate().map(|(number, dependencies)| {
        project(format!("lambdas/{}", lambda_name(number)), dependencies)
    });
    let projects: Vec<Project<'_>> = packages.chain(lambdas).collect();
    let mut files = root_files(&projects);
    for project in &projects {
        files.push((format!("{}/package.json", project.folder), render(&package_json(project))));
        files.push((format!("{}/moon.yml", project.folder), moon_yml(project)));
    }
    files
}

fn project(folder: String, dependencies: &[usize]) -> Project<'_> {
    let name = folder.rsplit('/').next().map(project_name).unwrap_or_default();
    Project { folder, name, dependencies }
}

fn dependency_names(project: &Project<'_>) -> impl Iterator<Item = String> {
    project.dependencies.iter().map(|dependency| project_name(&package_name(*dependency)))
}

fn package_json(project: &Project<'_>) -> Value {
    let dependencies: Map<String, Value> =
        dependency_names(project).map(|name| (name, json!("*"))).collect();
    json!({
        "name": project.name,
        "version": "0.1.0",
        "private": true,
        "scripts": { "build": "true" },
        "dependencies": dependencies,
    })
}

fn moon_yml(project: &Project<'_>) -> String {
    let names: Vec<String> = dependency_names(project).collect();
    format!(
        "id: {}\nlanguage: python\ndependsOn: {}\ntasks:\n  build:\n    command: 'true'\n    \
         inputs: ['src/**/*']\n    deps: ['^:build']\n",
        project.name,
        json!(names)
    )
}

fn root_files(projects: &[Project<'_>]) -> Vec<File> {
    let workspaces = json!(["packages/*", "lambdas/*"]);
    let package = json!({
        "name": "monorepo",
        "version": "0.1.0",
        "private": true,
        "packageManager": "npm@10.9.0",
        "workspaces": workspaces,
    });
    let turbo = json!({
        "tasks": { "build": { "dependsOn": ["^build"], "inputs": ["src/**"], "outputs": [] } },
    });
    let nx = json!({
        "defaultBase": "main",
        "analytics": false,
        "neverConnectToCloud": true,
        "targetDefaults": { "build": { "cache": true, "dependsOn": ["^build"] } },
    });
    let moon = "projects:\n  - 'packages/*'\n  - 'lambdas/*'\n\
                vcs:\n  defaultBranch: main\ntelemetry: false\n";
    vec![
        ("package.json".to_owned(), render(&package)),
        ("package-lock.json".to_owned(), render(&lock(&package, projects))),
        ("turbo.json".to_owned(), render(&turbo)),
        ("nx.json".to_owned(), render(&nx)),
        (".moon/workspace.yml".to_owned(), moon.to_owned()),
    ]
}

fn lock(root: &Value, projects: &[Project<'_>]) -> Value {
    let mut packages = Map::new();
    packages.insert(
        String::new(),
        json!({ "name": root["name"], "version": "0.1.0", "workspaces": root["workspaces"] }),
    );
    for project in projects {
        let Value::Object(mut entry) = package_json(project) else { continue };
        entry.remove("private");
        entry.remove("scripts");
        packages.insert(project.folder.clone(), Value::Object(entry));
        packages.insert(
            format!("node_modules/{}", project.name),
            json!({ "resolved": project.folder, "link": true }),
        );
    }
    json!({
        "name": root["name"],
        "version": "0.1.0",
        "lockfileVersion": 3,
        "requires": true,
        "packages": packages,
    })
}

fn render(value: &Value) -> String {
    format!("{value:#}\n")
}
