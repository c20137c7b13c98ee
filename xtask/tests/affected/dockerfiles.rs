//! Random Dockerfiles for a monorepo's images.

use crate::generate::{Frontend, Use};
use crate::monorepo::{Monorepo, join, parent};
use crate::random::Random;
use crate::sources::{are_there, are_there_with};

/// The image that everything with a shell stands on.
pub(crate) const PYTHON: &str = "public.ecr.aws/lambda/python:3.13";

/// What a Dockerfile is written for.
pub(crate) struct Image {
    pub(crate) name: String,
    pub(crate) folder: String,
    /// The internal base image, if it is to stand on one.
    pub(crate) stands_on: Option<String>,
    pub(crate) is_in_workspace: bool,
    /// A named context and its folder.
    pub(crate) named: Option<(&'static str, String)>,
    pub(crate) has_target: bool,
    pub(crate) has_base_arg: bool,
    /// Whether it is given `LEVEL`.
    pub(crate) has_arg: bool,
    packages: Vec<String>,
}

impl Image {
    pub(crate) fn new(
        name: &str,
        folder: &str,
        stands_on: Option<String>,
        packages: &[String],
    ) -> Image {
        Image {
            name: name.to_owned(),
            folder: folder.to_owned(),
            stands_on,
            is_in_workspace: false,
            named: None,
            has_target: false,
            has_base_arg: false,
            has_arg: false,
            packages: packages.to_vec(),
        }
    }

    /// The ignore file of the context whose root is `root`; there may be none.
    fn ignore_of(&self, monorepo: &Monorepo, root: &str) -> String {
        let own = join(&self.folder, "Dockerfile.dockerignore");
        let is_main = self.named.as_ref().is_none_or(|(_, folder)| folder != root);
        let has_own = is_main && monorepo.files.contains_key(&own);
        if has_own { own } else { join(root, ".dockerignore") }
    }

    /// A folder of the main context, and the path of its root from the workspace's.
    fn pick_folder(&self, random: &mut Random) -> (String, &str) {
        if !self.is_in_workspace {
            return (String::new(), &self.folder);
        }
        let folder = match random.below(4) {
            0 => format!("packages/{}", self.packages[random.below(self.packages.len())]),
            1 => "shared".to_owned(),
            _ => self.folder.clone(),
        };
        (folder, "")
    }
}

pub(crate) fn generate_dockerfile(
    random: &mut Random,
    monorepo: &Monorepo,
    image: &Image,
    usage: Use,
) -> String {
    let mut lines = vec![format!("# Makes {}.", image.name)];
    let base = match &image.stands_on {
        Some(base) if image.has_base_arg => {
            lines.push(format!("ARG BASE_IMAGE={base}"));
            "${BASE_IMAGE}".to_owned()
        }
        Some(base) => base.clone(),
        None if usage == Use::Asked && random.one_in(2) => PYTHON.to_owned(),
        None => "scratch".to_owned(),
    };
    if random.one_in(4) {
        lines.push("FROM scratch AS unused\nCOPY tests /tests".to_owned());
    }
    let mut taken = Vec::new();
    if random.one_in(3) {
        taken.extend(generate_install(random, monorepo, image, usage, &mut lines));
    }
    let (folder, root) = image.pick_folder(random);
    let source = join(&folder, random.pick(&["config", "src", "handler.py"]));
    let ignore = image.ignore_of(monorepo, root);
    if random.one_in(4) && are_there(monorepo, root, &ignore, std::slice::from_ref(&source)) {
        let mount = format!("--mount=type=bind,source={source},target=/mounted");
        let copy = random.pick(&["cp -rP /mounted /copied", "find /mounted | sort > /copied"]);
        lines.push(format!("FROM {PYTHON} AS mounting\nRUN --network=none {mount} {copy}"));
        taken.push(format!("COPY --from=mounting /copied /copied-{}", image.name));
    }
    if random.one_in(3) {
        lines.push("FROM scratch AS files".to_owned());
        lines.push(generate_copy(random, monorepo, image, usage, "/files/"));
        lines.push(generate_copy(random, monorepo, image, usage, "/more/"));
        let from = random.pick(&["/files", "/files /more", "/"]);
        taken.push(format!("COPY --from=files {from} /taken/"));
    }
    lines.push(format!("FROM {base} AS final"));
    if image.has_arg || random.one_in(2) {
        lines.push("ARG LEVEL\nENV LEVEL=${LEVEL}".to_owned());
    }
    for index in 0..1 + random.below(3) {
        lines.push(generate_copy(random, monorepo, image, usage, &format!("/{index}/")));
    }
    lines.extend(taken);
    if image.has_target && random.one_in(2) {
        lines.push("FROM final AS debug\nCOPY tests /tests".to_owned());
    }
    lines.join("\n") + "\n"
}

/// A stage that installs from a lock; gives the instruction that takes what it has installed.
fn generate_install(
    random: &mut Random,
    monorepo: &Monorepo,
    image: &Image,
    usage: Use,
    lines: &mut Vec<String>,
) -> Option<String> {
    let (folder, root) = image.pick_folder(random);
    let has_uv = usage == Use::Asked && monorepo.files.contains_key("uv.lock");
    if image.is_in_workspace && has_uv && random.one_in(2) {
        lines.push(format!("FROM {PYTHON} AS installed"));
        lines.push("COPY uv.lock /build/".to_owned());
        let option = random.pick(&["", " --no-dev", " --all-groups"]);
        let package = &image.name;
        lines.push(format!("RUN cd /build && uv sync --frozen --package {package}{option}"));
        return Some("COPY --from=installed /build/.venv /venv".to_owned());
    }
    let is_uv = image.is_in_workspace && random.one_in(2);
    let lock = if is_uv { "uv.lock".to_owned() } else { join(&folder, "requirements.lock") };
    let ignore = image.ignore_of(monorepo, root);
    if !are_there(monorepo, root, &ignore, std::slice::from_ref(&lock)) {
        return None;
    }
    lines.push(format!("FROM {PYTHON} AS installed"));
    let mut mount = String::new();
    if random.one_in(2) {
        mount = format!(" --mount=type=bind,source={lock},target=/build/lock");
    } else {
        lines.push(format!("COPY {lock} /build/lock"));
    }
    // In place of pip and uv, which would ask an index. What it is nobody can tell: bytes count.
    let distributions = if is_uv {
        "sed -n '/^name = /{N;s/\\n/ /;p}' /build/lock"
    } else {
        "sed -n 's/==/ /;/^[a-z]/p' /build/lock | sed '/win32/d;s/ *\\\\$//'"
    };
    lines.push(format!(
        "RUN --network=none{mount} mkdir /installed && {distributions} | sort > /installed/distributions"
    ));
    Some(format!("COPY --from=installed /installed /installed-{}", image.name))
}

fn generate_copy(
    random: &mut Random,
    monorepo: &Monorepo,
    image: &Image,
    usage: Use,
    destination: &str,
) -> String {
    let mut words = Vec::new();
    let (folder, root) = match &image.named {
        Some((name, folder)) if random.one_in(2) => {
            words.push(format!("--from={name}"));
            (String::new(), folder.as_str())
        }
        _ => image.pick_folder(random),
    };
    let Frontend { exclude, parents } = usage.frontend();
    if parents && random.one_in(5) {
        words.push("--parents".to_owned());
    }
    if exclude && random.one_in(5) {
        words
            .push(format!("--exclude={}", random.pick(&["**/*.py", "*.txt", "tests", "src/deep"])));
    }
    if random.one_in(5) {
        words.push("--chmod=0644".to_owned());
    }
    let count = if random.one_in(4) { 2 } else { 1 };
    let sources = loop {
        let drawn = (0..count).map(|_| draw_source(random, monorepo, root, &folder));
        let drawn: Vec<String> = drawn.collect();
        let ignore = image.ignore_of(monorepo, root);
        let flags: Vec<String> =
            words.iter().filter(|word| !word.starts_with("--from")).cloned().collect();
        if random.one_in(40) || are_there_with(monorepo, root, &ignore, &flags, &drawn) {
            break drawn;
        }
    };
    let list: Vec<String> = sources.into_iter().chain([destination.to_owned()]).collect();
    let is_plain = !list.iter().any(|word| word.contains([' ', '[']));
    if is_plain && random.one_in(2) {
        words.extend(list);
        return format!("COPY {}", words.join(" "));
    }
    words.push(format!("{list:?}"));
    format!("COPY {}", words.join(" "))
}

/// A source below `folder` of a context whose root is `root`.
fn draw_source(random: &mut Random, monorepo: &Monorepo, root: &str, folder: &str) -> String {
    let paths = monorepo.below(join(root, folder).trim_end_matches('/'));
    if paths.is_empty() {
        return ".".to_owned();
    }
    let path = &paths[random.below(paths.len())];
    let in_folder = parent(path);
    let source = match random.below(12) {
        0 | 1 => return if folder.is_empty() { ".".to_owned() } else { folder.to_owned() },
        2 | 3 if !in_folder.is_empty() => in_folder.to_owned(),
        4 if !in_folder.is_empty() => format!("{in_folder}/"),
        5 => join(in_folder, "*"),
        6 => "*.py".to_owned(),
        7 => join(in_folder, random.pick(&["*.txt", "*.py", "*.json", "?.*", "[a-c]*"])),
        8 => random.pick(&["*/*.txt", "src*", "*/deep", "src/deep/../a.py"]).to_owned(),
        9 => random.pick(&["latest.txt", "sources/", "config/up/x.txt", "handler.py"]).to_owned(),
        _ => path.clone(),
    };
    join(folder, &source)
}
