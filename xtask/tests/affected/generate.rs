//! Random monorepos: packages with and without images, Lambdas, locks, links, ignore files.

use std::fmt::Write as _;

use crate::dockerfiles::{Image, generate_dockerfile};
use crate::locks::{generate_requirements, generate_uv_lock};
use crate::monorepo::{Content, Monorepo, join};
use crate::random::Random;

/// What the images are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// Only what the program says of them counts.
    Asked,
    /// BuildKit builds them: no flag is new to it, no tool is missing, no base is big.
    Built(Frontend),
}

/// Which flags of `COPY` what reads the Dockerfiles knows, of those that came late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frontend {
    pub(crate) exclude: bool,
    pub(crate) parents: bool,
}

impl Use {
    /// What may read the Dockerfiles.
    pub(crate) fn frontend(self) -> Frontend {
        match self {
            Use::Asked => Frontend { exclude: true, parents: true },
            Use::Built(frontend) => frontend,
        }
    }
}

/// `mark` is in every text, so that nobody else's build leaves its layer in a cache.
pub(crate) fn generate_monorepo(random: &mut Random, usage: Use, mark: &str) -> Monorepo {
    let mut monorepo = Monorepo::default();
    monorepo.write(".gitignore", "/target\n*.local\nout/\n");
    monorepo.write("README.md", "# All of it\n");
    monorepo.write(".dockerignore", generate_root_ignore(random));
    let packages: Vec<String> = (0..2 + random.below(4)).map(|index| format!("p{index}")).collect();
    let lambdas: Vec<String> = (0..3 + random.below(4)).map(|index| format!("l{index}")).collect();
    let folders = packages.iter().map(|name| (name.clone(), format!("packages/{name}")));
    let folders =
        folders.chain(lambdas.iter().map(|name| (name.clone(), format!("lambdas/{name}"))));
    let projects: Vec<(String, String)> = folders.collect();
    if random.one_in(2) {
        monorepo.write("uv.lock", generate_uv_lock(random, &projects));
    }
    generate_files(random, &mut monorepo, "shared", mark);
    for (_, folder) in &projects {
        generate_files(random, &mut monorepo, folder, mark);
    }
    let config = generate_config(random, &mut monorepo);
    // Packages stand on those before them; each second one has an image.
    let mut bases: Vec<String> = Vec::new();
    for (index, (name, folder)) in projects.iter().enumerate() {
        let is_package = index < packages.len();
        let has_image = !is_package || random.one_in(2);
        let stands_on = (has_image && !bases.is_empty() && !random.one_in(3))
            .then(|| bases[random.below(bases.len())].clone());
        let mut image = Image::new(name, folder, stands_on, &packages);
        let pyproject =
            generate_project(random, name, &packages[..index.min(packages.len())], usage);
        let settings =
            if has_image { generate_settings(random, &mut image, usage) } else { String::new() };
        monorepo.write(&join(folder, "pyproject.toml"), pyproject + &settings);
        if has_image {
            let dockerfile = generate_dockerfile(random, &monorepo, &image, usage);
            monorepo.write(&join(folder, "Dockerfile"), dockerfile);
        }
        if is_package && has_image {
            bases.push(format!("base-{name}"));
        }
    }
    monorepo.write("Cargo.toml", config);
    monorepo
}

/// The text of the root `Cargo.toml`; an image that it lists has its Dockerfile written.
fn generate_config(random: &mut Random, monorepo: &mut Monorepo) -> String {
    let mut text = "[workspace]\nresolver = \"3\"\nmembers = []\n\n".to_owned();
    text += "[workspace.metadata.lambda-images]\n";
    if random.one_in(2) {
        text += "platform = \"linux/amd64\"\n";
    }
    if random.one_in(2) {
        text += "args = { LEVEL = \"1\", OTHER = \"2\" }\n";
    }
    if random.one_in(3) {
        monorepo.write(
            "tools/Dockerfile",
            "FROM scratch AS first\nCOPY shared /shared\nFROM scratch AS last\nCOPY README.md /\n",
        );
        let target = random.pick(&["first", "last"]);
        write!(
            text,
            "\n[[workspace.metadata.lambda-images.images]]\nname = \"tool\"\n\
             dockerfile = \"tools/Dockerfile\"\ncontext = \"workspace\"\ntarget = \"{target}\"\n"
        )
        .unwrap();
    }
    text
}

fn generate_root_ignore(random: &mut Random) -> String {
    let mut text = "target\n.git\n".to_owned();
    for line in ["**/tests\n", "**/*.md\n", "**/data\n!**/data/*.txt\n", "# Nothing else.\n"] {
        if random.one_in(3) {
            text += line;
        }
    }
    text
}

/// What is in every folder, or in most of them.
fn generate_files(random: &mut Random, monorepo: &mut Monorepo, folder: &str, mark: &str) {
    let always = ["handler.py", "src/a.py", "src/deep/b.py", "config/a.json", "data/x.txt"];
    let sometimes = [
        "src/c.txt",
        "config/b.yaml",
        "data/y.txt",
        "data/z.json",
        "tests/test_a.py",
        "README.md",
        "run.sh",
        "a b.txt",
        ".hidden",
        "src.py",
        "src-2/a.py",
        "out/kept.txt",
    ];
    let sometimes = sometimes.iter().filter(|_| !random.one_in(3));
    let paths: Vec<&str> = always.iter().chain(sometimes).copied().collect();
    for path in paths {
        let is_executable = path == "run.sh";
        let text = format!("# {folder}/{path}{mark}\n");
        monorepo.put(&join(folder, path), Content::File { text, is_executable });
    }
    let links = [
        ("latest.txt", "data/x.txt"),
        ("sources", "src"),
        ("config/up", "../data"),
        ("data/nowhere", "gone"),
        ("outside", "../../README.md"),
        ("data/all", "../config/."),
        ("src/deep/absolute", "/data/x.txt"),
        ("chain", "latest.txt"),
        ("config/own", "."),
    ];
    for (path, text) in links {
        if random.one_in(4) {
            monorepo.link(&join(folder, path), text);
        }
    }
    if random.one_in(2) {
        monorepo.write(&join(folder, "requirements.lock"), generate_requirements(random));
    }
    if folder != "shared" {
        generate_ignore(random, monorepo, folder);
    }
}

fn generate_ignore(random: &mut Random, monorepo: &mut Monorepo, folder: &str) {
    let lines = [
        "tests\n",
        "*.md\n",
        "**/*.txt\n!data/x.txt\n",
        "*\n!handler.py\n!src\n!config\n",
        "src/**/b.py\n",
        "README*\n",
        "# Only this.\n",
        ".dockerignore\n",
        "**/deep\n!src/deep\n",
    ];
    for name in [".dockerignore", "Dockerfile.dockerignore"] {
        if random.one_in(3) {
            let mut text = String::new();
            // A context that is the workspace's root must leave these out.
            if name == "Dockerfile.dockerignore" {
                text += "/target\n.git\n";
            }
            for _ in 0..1 + random.below(3) {
                text += random.pick(&lines);
            }
            monorepo.write(&join(folder, name), text);
        }
    }
}

fn generate_project(random: &mut Random, name: &str, packages: &[String], usage: Use) -> String {
    // One that nothing brings into the build counts all the same: no build says anything of that.
    let is_one = |random: &mut Random| usage == Use::Asked && random.one_in(3);
    let dependencies: Vec<&String> = packages.iter().filter(|_| is_one(random)).collect();
    format!(
        "[project]\nname = \"{name}\"\nversion = \"0.1.0\"\ndescription = \"It is {name}.\"\n\
         dependencies = {dependencies:?}\n"
    )
}

/// The settings of an image, of which its Dockerfile has to know.
fn generate_settings(random: &mut Random, image: &mut Image, usage: Use) -> String {
    let mut text = "\n[tool.lambda-image]\n".to_owned();
    let mut add = |line: String| text += &(line + "\n");
    if random.one_in(3) {
        image.is_in_workspace = true;
        add("context = \"workspace\"".to_owned());
    }
    if random.one_in(3) {
        let (name, folder) = match random.below(3) {
            0 => ("shared", "shared".to_owned()),
            1 => ("sources", format!("packages/{}/src", random.pick(&["p0", "p1"]))),
            _ => ("other", format!("packages/{}", random.pick(&["p0", "p1"]))),
        };
        add(format!("contexts = {{ {name} = \"../../{folder}\" }}"));
        image.named = Some((name, folder));
    }
    if random.one_in(3) {
        image.has_arg = true;
        add("args = { LEVEL = \"3\" }".to_owned());
    }
    // Nobody can stand on an image for another platform.
    if usage == Use::Asked
        && image.stands_on.is_none()
        && image.name.starts_with('l')
        && random.one_in(4)
    {
        add("platform = \"linux/arm64\"".to_owned());
    }
    if random.one_in(3) {
        image.has_target = true;
        add("target = \"final\"".to_owned());
    }
    // It asks for what a build may not need.
    if usage == Use::Asked && random.one_in(10) {
        add("reads = \"context\"".to_owned());
    }
    if let (Some(base), true) = (&image.stands_on, random.one_in(3)) {
        image.has_base_arg = true;
        if random.one_in(2) {
            add(format!("base = \"{base}\""));
        }
    }
    text
}
