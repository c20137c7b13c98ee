//! A uv workspace of Lambdas, with the lock that `uv` writes for it, and edits of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use super::index::{DISTRIBUTIONS, Index, VERSIONS, program};
use super::shapes::{Shape, generate_requirements, generate_uv};
use super::stage::ROOT;
use crate::monorepo::Monorepo;
use crate::random::Random;

/// See the module.
#[derive(Clone)]
pub(crate) struct World {
    /// The root's own dependencies, if it is a project.
    root: Option<Project>,
    lambdas: BTreeMap<String, Project>,
    lock: String,
    /// Of the Lambdas that have one: lines.
    requirements: BTreeMap<String, Vec<String>>,
    pub(crate) images: BTreeMap<String, Shape>,
}

#[derive(Clone, Default)]
struct Project {
    dependencies: Vec<String>,
    fast: Vec<String>,
    groups: BTreeMap<&'static str, Vec<String>>,
    default_groups: Option<&'static str>,
}

/// Images in one workspace.
const LAMBDAS: usize = 6;
const MARKERS: [&str; 7] = [
    "sys_platform == 'win32'",
    "sys_platform == 'linux'",
    "platform_machine == 'x86_64'",
    "platform_machine == 'aarch64'",
    "os_name == 'posix' and platform_system != 'Darwin'",
    "implementation_name == 'cpython'",
    "python_version >= '3.9'",
];

fn generate_dependency(random: &mut Random) -> String {
    let name = DISTRIBUTIONS[random.below(DISTRIBUTIONS.len())].0;
    if random.one_in(6) { format!("{name}; {}", random.pick(&MARKERS)) } else { name.to_owned() }
}

fn generate_dependencies(random: &mut Random, most: usize) -> Vec<String> {
    (0..random.below(most + 1)).map(|_| generate_dependency(random)).collect()
}

impl Project {
    fn generate(random: &mut Random) -> Project {
        let groups = ["dev", "lint"].map(|name| (name, generate_dependencies(random, 2)));
        Project {
            dependencies: generate_dependencies(random, 3),
            fast: generate_dependencies(random, 1),
            groups: groups.into(),
            default_groups: random
                .one_in(12)
                .then(|| random.pick(&["[]", "[\"lint\"]", "\"all\""])),
        }
    }

    fn text(&self, name: &str) -> String {
        let list = |items: &[String]| {
            items.iter().map(|item| format!("\"{item}\"")).collect::<Vec<_>>().join(", ")
        };
        let mut text = format!(
            "[project]\nname = \"{name}\"\nversion = \"0.1.0\"\nrequires-python = \">=3.11\"\ndependencies = [{}]\n\
             [project.optional-dependencies]\nfast = [{}]\n[dependency-groups]\n",
            list(&self.dependencies),
            list(&self.fast)
        );
        for (group, items) in &self.groups {
            writeln!(text, "{group} = [{}]", list(items)).unwrap();
        }
        if let Some(groups) = self.default_groups {
            writeln!(text, "[tool.uv]\ndefault-groups = {groups}").unwrap();
        }
        text
    }

    /// Changes what is asked for.
    fn edit(&mut self, random: &mut Random) {
        let list = match random.below(4) {
            0 => self.groups.get_mut("dev").unwrap(),
            1 => &mut self.fast,
            _ => &mut self.dependencies,
        };
        if list.is_empty() || random.one_in(2) {
            list.push(generate_dependency(random));
        } else {
            list.remove(random.below(list.len()));
        }
        if random.one_in(6) {
            self.default_groups = Some(random.pick(&["[]", "[\"lint\"]"]));
        }
    }
}

impl World {
    pub(crate) fn generate(random: &mut Random, index: &Index) -> World {
        let names: Vec<String> = (0..LAMBDAS).map(|number| format!("fn{number}")).collect();
        let root = random.one_in(3).then(|| Project::generate(random));
        let lambdas = names.iter().map(|name| (name.clone(), Project::generate(random))).collect();
        let mut requirements = BTreeMap::new();
        let mut images = BTreeMap::new();
        for name in &names {
            let shape = if random.one_in(6) {
                let lines = (0..1 + random.below(4)).map(|number| {
                    let (distribution, _) = DISTRIBUTIONS[number * 2];
                    requirement(random, index, distribution)
                });
                requirements.insert(name.clone(), lines.collect());
                generate_requirements(random, name)
            } else {
                generate_uv(random, name, &names)
            };
            images.insert(name.clone(), shape);
        }
        let mut world = World { root, lambdas, lock: String::new(), requirements, images };
        let pins: Vec<String> = DISTRIBUTIONS
            .iter()
            .map(|(name, _)| format!("{name}=={}", random.pick(&VERSIONS)))
            .collect();
        world.lock = world.locked(index, &pins);
        world
    }

    /// Another state, and what was done. `None`: nothing changed.
    pub(crate) fn edited(&self, random: &mut Random, index: &Index) -> Option<(String, World)> {
        let mut next = self.clone();
        let name = format!("fn{}", random.below(LAMBDAS));
        let label = match random.below(8) {
            0 => {
                next.lambdas.get_mut(&name)?.edit(random);
                next.lock = next.locked(index, &[]);
                format!("{name} asks for something else")
            }
            1 => {
                next.root.as_mut()?.edit(random);
                next.lock = next.locked(index, &[]);
                "the root asks for something else".to_owned()
            }
            2 => {
                next.lock = self.lock.replace("revision = ", "revision = 1") + "\n# A comment.\n";
                "a comment in the lock".to_owned()
            }
            3 => {
                let lines = next.requirements.values_mut().next()?;
                let at = random.below(lines.len());
                let (distribution, _) = DISTRIBUTIONS[at * 2];
                lines[at] = requirement(random, index, distribution);
                "another requirement".to_owned()
            }
            _ => {
                let (distribution, _) = DISTRIBUTIONS[random.below(DISTRIBUTIONS.len())];
                let pin = format!("{distribution}=={}", random.pick(&VERSIONS));
                next.lock = next.locked(index, std::slice::from_ref(&pin));
                format!("the lock has {pin}")
            }
        };
        (next.monorepo() != self.monorepo()).then_some((label, next))
    }

    /// The lock that `uv` writes: what is locked stays, but for these.
    fn locked(&self, index: &Index, pins: &[String]) -> String {
        let folder = index.scratch();
        for (path, _) in self.monorepo().files {
            let to = folder.path().join(&path);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            if path.ends_with("pyproject.toml") || (path == "uv.lock" && !self.lock.is_empty()) {
                fs::write(to, self.with_url(&path, index)).unwrap();
            }
        }
        let mut uv = index.command(program("uv"));
        uv.args(["lock", "--quiet"]).current_dir(folder.path());
        uv.args(pins.iter().flat_map(|pin| ["--upgrade-package", pin.as_str()]));
        let output = uv.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = fs::read_to_string(folder.path().join("uv.lock")).unwrap();
        text.replace(index.url.trim_end_matches("/simple"), URL)
    }

    fn with_url(&self, path: &str, index: &Index) -> String {
        self.monorepo().text(path).replace(URL, index.url.trim_end_matches("/simple"))
    }

    /// What is committed.
    pub(crate) fn monorepo(&self) -> Monorepo {
        let mut monorepo = Monorepo::default();
        let table = "[workspace.metadata.lambda-images]\ncontext = \"workspace\"\n";
        monorepo.write("Cargo.toml", format!("[workspace]\nmembers = []\n\n{table}"));
        monorepo.write(".dockerignore", "target\n.git\n");
        let mut root = self.root.as_ref().map_or(String::new(), |root| root.text("root"));
        if !root.contains("[tool.uv]") {
            root += "[tool.uv]\n";
        }
        root += "[tool.uv.workspace]\nmembers = [\"lambdas/*\"]\n";
        root += &format!(
            "[[tool.uv.index]]\nname = \"made-up\"\nurl = \"{URL}/simple\"\ndefault = true\n"
        );
        monorepo.write("pyproject.toml", root);
        monorepo.write("uv.lock", self.lock.clone());
        for (name, lambda) in &self.lambdas {
            monorepo.write(&format!("lambdas/{name}/pyproject.toml"), lambda.text(name));
            let dockerfile = self.images[name].dockerfile.replace(ROOT, "/work");
            monorepo.write(&format!("lambdas/{name}/Dockerfile"), dockerfile);
        }
        for (name, lines) in &self.requirements {
            monorepo.write(&format!("lambdas/{name}/requirements.txt"), lines.join("\n") + "\n");
        }
        monorepo
    }

    /// The same with the real address of the index, for the tools.
    pub(crate) fn files(&self, index: &Index) -> BTreeMap<String, String> {
        let files = self.monorepo().files;
        files.into_keys().map(|path| (path.clone(), self.with_url(&path, index))).collect()
    }
}

/// Stands for the address of the index, which differs from run to run.
const URL: &str = "http://index.example";

fn requirement(random: &mut Random, index: &Index, distribution: &str) -> String {
    let version = random.pick(&VERSIONS);
    let hash = index.hash(distribution, version);
    let marker =
        if random.one_in(4) { format!(" ; {}", random.pick(&MARKERS)) } else { String::new() };
    let comment = if random.one_in(4) { "# A comment.\n" } else { "" };
    format!("{comment}{distribution}=={version}{marker} --hash=sha256:{hash}")
}
