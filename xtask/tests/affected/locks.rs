//! Texts of locks: what pip and uv write, as short as it can be.

use std::fmt::Write as _;

use crate::random::Random;

const DISTRIBUTIONS: [&str; 6] = ["boto3", "idna", "numpy", "openai", "pytest", "urllib3"];

/// A requirements file with hashes.
pub(crate) fn generate_requirements(random: &mut Random) -> String {
    let mut text = "# Locked.\n".to_owned();
    for name in DISTRIBUTIONS {
        if random.one_in(3) {
            continue;
        }
        let marker = random.pick(&["", "", "", " ; sys_platform == \"win32\""]);
        let number = random.below(9);
        let hash = "0123456789abcdef".repeat(4);
        writeln!(text, "{name}==1.{number}.0{marker} \\\n    --hash=sha256:{hash}").unwrap();
    }
    text
}

/// A `uv.lock` for these projects, each with the folder that it is in.
pub(crate) fn generate_uv_lock(random: &mut Random, projects: &[(String, String)]) -> String {
    let mut text = "version = 1\nrevision = 2\nrequires-python = \">=3.11\"\n".to_owned();
    for (name, folder) in projects {
        let source = format!("source = {{ editable = \"{folder}\" }}");
        let first = DISTRIBUTIONS[random.below(DISTRIBUTIONS.len())];
        let second = DISTRIBUTIONS[random.below(DISTRIBUTIONS.len())];
        write!(
            text,
            "\n[[package]]\nname = \"{name}\"\nversion = \"0.1.0\"\n{source}\n\
             dependencies = [{{ name = \"{first}\" }}]\n\n\
             [package.dev-dependencies]\ndev = [{{ name = \"{second}\" }}]\n"
        )
        .unwrap();
    }
    for (index, name) in DISTRIBUTIONS.iter().enumerate() {
        let next = DISTRIBUTIONS.get(index + 1).filter(|_| random.one_in(2));
        let dependencies = next.map(|next| format!("dependencies = [{{ name = \"{next}\" }}]\n"));
        let hash = "fedcba9876543210".repeat(4);
        write!(
            text,
            "\n[[package]]\nname = \"{name}\"\nversion = \"1.{}.0\"\n\
             source = {{ registry = \"https://pypi.example/simple\" }}\n{}\
             sdist = {{ url = \"https://pypi.example/{name}.tar.gz\", hash = \"sha256:{hash}\" }}\n",
            random.below(9),
            dependencies.unwrap_or_default(),
        )
        .unwrap();
    }
    text
}
