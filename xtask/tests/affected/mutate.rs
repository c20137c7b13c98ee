//! Random changes of a monorepo.

use crate::monorepo::{Content, Monorepo, join, parent};
use crate::mutation::{After, Mutation, Step};
use crate::random::Random;

mod of_git;

pub(crate) use of_git::{generate_branch, generate_step_of_git, pick_folder};

/// One change of the monorepo as it is.
pub(crate) fn generate_step(random: &mut Random, monorepo: &Monorepo, first: &Monorepo) -> Step {
    loop {
        let after = match random.below(5) {
            0 => After::Stage,
            1 | 2 => After::Commit,
            _ => After::Nothing,
        };
        let drawn = match random.below(8) {
            0..4 => change_of_files(random, monorepo, first),
            4 | 5 => change_of_settings(random, monorepo),
            6 => change_of_projects(random, monorepo),
            _ => change_of_knowledge(random, monorepo),
        };
        if let Some((label, mutation)) = drawn {
            return Step { label, mutation, after };
        }
    }
}

type Drawn = Option<(&'static str, Mutation)>;

fn pick_path(
    random: &mut Random,
    monorepo: &Monorepo,
    is_meant: impl Fn(&str, &Content) -> bool,
) -> Option<String> {
    let meant = monorepo.files.iter().filter(|(path, content)| is_meant(path, content));
    let paths: Vec<&String> = meant.map(|(path, _)| path).collect();
    (!paths.is_empty()).then(|| paths[random.below(paths.len())].clone())
}

fn is_file(_: &str, content: &Content) -> bool {
    matches!(content, Content::File { .. })
}

/// Whether it is no file that shapes the workspace.
pub(crate) fn is_source(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    !name.starts_with("Dockerfile")
        && ![".dockerignore", "pyproject.toml", "Cargo.toml", ".gitignore"].contains(&name)
}

fn change_of_files(random: &mut Random, monorepo: &Monorepo, first: &Monorepo) -> Drawn {
    let source =
        pick_path(random, monorepo, |path, content| is_source(path) && is_file(path, content))?;
    let any = pick_path(random, monorepo, |path, _| is_source(path))?;
    let folder = parent(&any).to_owned();
    let number = random.below(1000);
    Some(match random.below(16) {
        0..3 => ("edit", append(monorepo, &source, &format!("# {number}\n"))),
        3 => (
            "add",
            Mutation::Write {
                path: join(&folder, random.pick(&NEW_NAMES)),
                text: format!("{number}\n"),
            },
        ),
        4 => (
            "add same bytes",
            Mutation::Write {
                path: join(&folder, "new.py"),
                text: monorepo.text(&source).to_owned(),
            },
        ),
        5 => ("remove", Mutation::Remove { path: any }),
        6 => ("chmod", Mutation::Chmod { path: source }),
        7 => ("rename", Mutation::Rename { to: join(&folder, random.pick(&NEW_NAMES)), from: any }),
        8 => (
            "rename folder",
            Mutation::Rename {
                to: join(parent(&folder), "moved"),
                from: (!folder.is_empty()).then_some(folder)?,
            },
        ),
        9 => ("link", Mutation::Link { path: any, text: random.pick(&LINKS).to_owned() }),
        10 => (
            "retarget",
            Mutation::Link {
                path: pick_path(random, monorepo, |_, content| !is_file("", content))?,
                text: random.pick(&LINKS).to_owned(),
            },
        ),
        11 => ("touch", Mutation::Touch { path: source }),
        12 => (
            "file to folder",
            Mutation::Write {
                path: join(&any, random.pick(&NEW_NAMES)),
                text: format!("{number}\n"),
            },
        ),
        13 => (
            "folder to link",
            Mutation::Link {
                path: (folder.matches('/').count() > 1).then_some(folder)?,
                text: random.pick(&LINKS).to_owned(),
            },
        ),
        14 => {
            let path = pick_path(random, first, |path, content| {
                monorepo.files.get(path) != Some(content)
            })?;
            ("restore", Mutation::Restore { path })
        }
        _ => {
            let path = pick_path(random, monorepo, |path, _| {
                path.contains("/tests/") || path.ends_with("README.md")
            })?;
            ("edit unread", append(monorepo, &path, "More.\n"))
        }
    })
}

const NEW_NAMES: [&str; 8] =
    ["new.py", "new.txt", "a.py", "new.local", "out/new.txt", "x.txt", "sub/new.json", "b c.txt"];
const LINKS: [&str; 9] = [
    "src",
    "data/x.txt",
    "../data",
    "..",
    "gone",
    "../../shared/data",
    "/src/a.py",
    "handler.py",
    "./deep/../a.py",
];

/// An edit at the end of a file.
pub(crate) fn append(monorepo: &Monorepo, path: &str, end: &str) -> Mutation {
    Mutation::Write { path: path.to_owned(), text: format!("{}{end}", monorepo.text(path)) }
}

fn replace(monorepo: &Monorepo, path: &str, old: &str, new: &str) -> Option<Mutation> {
    let text = monorepo.text(path);
    let text = text.contains(old).then(|| text.replacen(old, new, 1))?;
    Some(Mutation::Write { path: path.to_owned(), text })
}

fn pick_lock(random: &mut Random, monorepo: &Monorepo) -> Option<String> {
    pick_path(random, monorepo, |path, content| path.ends_with(".lock") && is_file(path, content))
}

/// A change of a lock, if there is one.
pub(crate) fn generate_step_of_lock(random: &mut Random, monorepo: &Monorepo) -> Option<Step> {
    let path = pick_lock(random, monorepo)?;
    let (label, mutation) = match random.below(3) {
        0 => ("lock comment", append(monorepo, &path, "# A comment.\n")),
        1 => ("lock hash", replace(monorepo, &path, "cdef", "cdee")?),
        _ => {
            let begin = if path.ends_with("uv.lock") { "version = \"1." } else { "==1." };
            ("lock version", replace(monorepo, &path, begin, &format!("{begin}7"))?)
        }
    };
    Some(Step { label, mutation, after: After::Nothing })
}

fn pick_named(random: &mut Random, monorepo: &Monorepo, name: &str) -> Option<String> {
    pick_path(random, monorepo, |path, content| path.ends_with(name) && is_file(path, content))
}

fn change_of_settings(random: &mut Random, monorepo: &Monorepo) -> Drawn {
    Some(match random.below(14) {
        0 => ("lock comment", append(monorepo, &pick_lock(random, monorepo)?, "# A comment.\n")),
        1 => (
            "lock version",
            replace(
                monorepo,
                &pick_lock(random, monorepo)?,
                random.pick(&["1.1.0", "1.2.0", "1.3.0", "1.4.0"]),
                "1.77.0",
            )?,
        ),
        2 => ("lock revision", replace(monorepo, "uv.lock", "revision = 2", "revision = 3")?),
        3 => ("lock hash", replace(monorepo, &pick_lock(random, monorepo)?, "cdef", "cdee")?),
        4 => (
            "dockerfile comment",
            append(monorepo, &pick_named(random, monorepo, "/Dockerfile")?, "# A comment.\n"),
        ),
        5 => (
            "dockerfile instruction",
            append(
                monorepo,
                &pick_named(random, monorepo, "/Dockerfile")?,
                random.pick(&["COPY handler.py /last/\n", "COPY src /last/\n", "ENV LAST=1\n"]),
            ),
        ),
        6 => {
            let path = pick_named(random, monorepo, "/Dockerfile")?;
            let text = monorepo.text(&path);
            let lines: Vec<&str> = text.lines().collect();
            let out = random.below(lines.len().max(1));
            // The name of a stage that is gone would be that of an image which nobody has.
            let stage =
                lines.get(out).and_then(|line| line.strip_prefix("FROM ")?.split_once(" AS "));
            if stage.is_some_and(|(_, name)| text.contains(&format!("--from={name} "))) {
                return None;
            }
            let kept = lines.iter().enumerate().filter(|(at, _)| *at != out);
            let text = kept.map(|(_, line)| format!("{line}\n")).collect();
            ("dockerfile line", Mutation::Write { path, text })
        }
        7 => ("config", config_change(random, monorepo)?),
        8 | 9 => {
            let path = pick_named(random, monorepo, "/pyproject.toml")?;
            let mutation = match random.below(6) {
                0 => replace(monorepo, &path, "description = \"It", "description = \"That")?,
                1 => replace(monorepo, &path, "LEVEL = \"3\"", "LEVEL = \"4\"")?,
                2 => replace(monorepo, &path, "target = \"final\"\n", "")?,
                3 => replace(monorepo, &path, "dependencies = [", "dependencies = [\"p0\", ")?,
                4 => replace(monorepo, &path, "../../shared", "../../packages/p0")?,
                _ => append(
                    monorepo,
                    &path,
                    random.pick(&[
                        "platform = \"linux/arm64\"\n",
                        "context = \"workspace\"\n",
                        "reads = \"context\"\n",
                        "# A comment.\n",
                    ]),
                ),
            };
            ("pyproject", mutation)
        }
        10 | 11 => (
            "ignore file",
            append(
                monorepo,
                &pick_named(random, monorepo, "dockerignore")?,
                random.pick(&[
                    "src\n",
                    "!data\n",
                    "**/*.txt\n",
                    "!**/*.py\n",
                    "# A comment.\n",
                    "deep\n",
                    "*\n",
                ]),
            ),
        ),
        12 => {
            let path = pick_path(random, monorepo, |path, _| path.ends_with("/Dockerfile"))?;
            let name = random.pick(&[".dockerignore", "Dockerfile.dockerignore"]);
            let text = random.pick(&["*\n!handler.py\n!src\n", "tests\n", "target\n.git\n", ""]);
            (
                "new ignore file",
                Mutation::Write { path: join(parent(&path), name), text: text.to_owned() },
            )
        }
        _ => (
            "remove ignore file",
            Mutation::Remove { path: pick_named(random, monorepo, "dockerignore")? },
        ),
    })
}

fn config_change(random: &mut Random, monorepo: &Monorepo) -> Option<Mutation> {
    let path = "Cargo.toml";
    match random.below(7) {
        0 => replace(monorepo, path, "linux/amd64", "linux/arm64"),
        1 => replace(monorepo, path, "LEVEL = \"1\"", "LEVEL = \"5\""),
        2 => replace(monorepo, path, "OTHER = \"2\"", "OTHER = \"3\""),
        3 => replace(monorepo, path, "target = \"first\"", "target = \"last\""),
        4 => {
            replace(monorepo, path, "lambda-images]\n", "lambda-images]\ncontext = \"workspace\"\n")
        }
        5 => replace(
            monorepo,
            path,
            "lambda-images]\n",
            "lambda-images]\nregistry = \"registry.example\"\n",
        ),
        _ => Some(append(monorepo, path, "# A comment.\n")),
    }
}

fn change_of_projects(random: &mut Random, monorepo: &Monorepo) -> Drawn {
    let lambdas = monorepo.projects("lambdas");
    let packages = monorepo.projects("packages");
    let pick = |random: &mut Random, list: &[String]| {
        (!list.is_empty()).then(|| list[random.below(list.len())].clone())
    };
    Some(match random.below(5) {
        0 => {
            let from = pick(random, &lambdas)?;
            let old = from.rsplit('/').next()?.to_owned();
            (
                "add lambda",
                Mutation::Copy { to: format!("lambdas/{old}x"), new: format!("{old}x"), from, old },
            )
        }
        1 => ("remove lambda", Mutation::Remove { path: pick(random, &lambdas)? }),
        2 => ("remove package", Mutation::Remove { path: pick(random, &packages)? }),
        3 => {
            let path = join(&pick(random, &lambdas)?, "pyproject.toml");
            let name = format!("renamed-{}", random.below(3));
            let text = monorepo.text(&path);
            let table = "[tool.lambda-image]\n";
            let text = text
                .contains(table)
                .then(|| text.replacen(table, &format!("{table}name = \"{name}\"\n"), 1))?;
            ("rename image", Mutation::Write { path, text })
        }
        _ => {
            let from = pick(random, &lambdas)?;
            ("move lambda", Mutation::Rename { to: format!("{from}-moved"), from })
        }
    })
}

fn change_of_knowledge(random: &mut Random, monorepo: &Monorepo) -> Drawn {
    let path = pick_path(random, monorepo, |_, content| is_file("", content))?;
    Some(match random.below(2) {
        0 => ("untrack", Mutation::Untrack { path }),
        _ => ("assume unchanged", Mutation::AssumeUnchanged { path }),
    })
}
