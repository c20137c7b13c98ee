//! What is built is what was hashed: random edits whose times tell nothing, runs that are killed, and what
//! a builder is sent of a large context.

use std::fs::{self, FileTimes};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::random::Random;
use crate::support::{
    Content, Running, Workspace, content_of, docker, image, number, read_content, test_registry,
};

/// The images, and what each has in `/data/FOLDER` of which folder of the workspace.
const IMAGES: [(&str, [(&str, &str); 2]); 2] = [
    ("alpha", [("own", "lambdas/alpha/data"), ("shared", "shared")]),
    ("beta", [("own", "lambdas/beta/data"), ("shared", "shared")]),
];

const FOLDERS: [&str; 3] = ["lambdas/alpha/data", "lambdas/beta/data", "shared"];

/// `alpha` has a context of its own and a named one, `beta` that of the workspace.
fn workspace(config: &str) -> Workspace {
    let workspace = Workspace::empty(config);
    let alpha = "FROM scratch\nCOPY data /data/own\nCOPY --from=shared . /data/shared\n";
    workspace.write_lambda("alpha", &[], alpha);
    workspace.append(
        "lambdas/alpha/pyproject.toml",
        "[tool.lambda-image]\ncontexts = { shared = \"../../shared\" }\n",
    );
    let beta = "FROM scratch\nCOPY lambdas/beta/data /data/own\nCOPY shared /data/shared\n";
    workspace.write_lambda("beta", &[], beta);
    workspace
        .append("lambdas/beta/pyproject.toml", "[tool.lambda-image]\ncontext = \"workspace\"\n");
    for folder in FOLDERS {
        for file in ["a", "b", "sub/c"] {
            workspace.write(&format!("{folder}/{file}"), &workspace.python("1234"));
        }
    }
    freeze(&workspace.root());
    workspace.commit("first");
    workspace
}

/// Gives all files the same time, which then tells nothing.
fn freeze(folder: &Path) {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() && entry.file_name() != ".git" {
            freeze(&entry.path());
        } else if kind.is_file() {
            let file = fs::File::open(entry.path()).unwrap();
            file.set_times(FileTimes::new().set_modified(time)).unwrap();
        }
    }
}

/// Compares what an image has with what the workspace has.
#[track_caller]
fn check_image(workspace: &Workspace, answer: &Value, name: &str, why: &str) {
    let reference = image(answer, name)["image_ref"].as_str().unwrap();
    if reference.starts_with("localhost:") {
        docker(&["image", "pull", "--quiet", reference]);
    }
    let content = content_of(reference, "/data");
    let (_, folders) = IMAGES.iter().find(|(known, _)| *known == name).unwrap();
    let mut expected = Content::new();
    for (below, folder) in folders {
        read_content(&workspace.root().join(folder), &format!("/{below}"), &mut expected);
    }
    assert!(content == expected, "{why}: {name} has {content:?}, not {expected:?}");
}

#[test]
fn every_byte_is_the_one_that_was_hashed_whatever_times_say() {
    let seed = number("LAMBDA_IMAGES_TEST_SEED", 1);
    let mut random = Random::new(seed);
    let workspace = workspace("");
    for edit in 0..number("LAMBDA_IMAGES_TEST_EDITS", 15) {
        let mut options = Vec::new();
        let mut edits = Vec::new();
        for _ in 0..=random.below(2) {
            edits.push(make_edit(&workspace, &mut random));
        }
        match random.below(8) {
            0 => options.push("--force"),
            1 => fs::remove_dir_all(workspace.root().join("target")).unwrap_or_default(),
            2 => fs::remove_dir_all(workspace.root().join("target/lambda-images/.context"))
                .unwrap_or_default(),
            _ => {}
        }
        // Now and then also those of the tool's own files.
        let target = workspace.root().join("target");
        let aside = workspace.beside().join("target");
        let moves = target.exists() && !random.one_in(8);
        if moves {
            fs::rename(&target, &aside).unwrap();
        }
        freeze(&workspace.root());
        if moves {
            fs::rename(&aside, &target).unwrap();
        }
        let answer = workspace.build(&options, 0);
        for (name, _) in IMAGES {
            check_image(&workspace, &answer, name, &format!("seed {seed}, edit {edit}: {edits:?}"));
        }
    }
}

/// Changes something, mostly so that nothing but bytes differ; says what.
fn make_edit(workspace: &Workspace, random: &mut Random) -> String {
    let folder = workspace.root().join(random.pick(&FOLDERS));
    let name = random.pick(&["a", "b", "sub/c", "sub/d"]);
    let (path, other) = (folder.join(name), folder.join(random.pick(&["a", "b", "sub/c"])));
    fs::create_dir_all(folder.join("sub")).unwrap();
    let is_there = fs::symlink_metadata(&path).is_ok();
    let what = match random.below(9) {
        0 if is_there && other != path && fs::symlink_metadata(&other).is_ok() => {
            let aside = folder.join("aside");
            fs::rename(&path, &aside).unwrap();
            fs::rename(&other, &path).unwrap();
            fs::rename(&aside, &other).unwrap();
            "swapped with another"
        }
        1 if fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file()) => {
            let mode = if random.one_in(2) { 0o700 } else { 0o640 };
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            "given a mode"
        }
        2 => {
            if is_there {
                fs::remove_file(&path).unwrap();
            }
            std::os::unix::fs::symlink(random.pick(&["a", "b", "c", "../a"]), &path).unwrap();
            "made a link"
        }
        3 if is_there && name != "a" => {
            fs::remove_file(&path).unwrap();
            "removed"
        }
        kind => {
            if is_there {
                fs::remove_file(&path).unwrap();
            }
            let digits = if kind == 4 { 5 } else { 4 };
            let digits: String = (0..digits)
                .map(|_| char::from(b'0' + u8::try_from(random.below(10)).unwrap()))
                .collect();
            fs::write(&path, workspace.python(&digits)).unwrap();
            "written"
        }
    };
    format!("{} {what}", path.display())
}

/// A run is killed around the moment at which its build ends, and the workspace is edited before
/// the builder looks at it: no name may be another state's, then or when the edit is undone.
#[test]
fn a_run_that_is_killed_leaves_no_name_of_another_state() {
    let mut random = Random::new(number("LAMBDA_IMAGES_TEST_SEED", 1));
    let pushed = format!("registry = \"{}\"\n", test_registry());
    let workspaces = [workspace(""), workspace(&pushed)];
    for round in 0..number("LAMBDA_IMAGES_TEST_KILLS", 4) {
        let workspace = &workspaces[usize::try_from(round % 2).unwrap()];
        let [hashed, edited] = ["hashed", "edited"]
            .map(|state| workspace.python(&format!("{state} {round} {}", random.below(1000))));
        let path = "lambdas/alpha/data/a";
        workspace.write(path, &hashed);
        workspace.commit("hashed");
        let edit = format!("printf '%s' '{edited}' > '{}'", workspace.root().join(path).display());
        let kill = "kill -KILL $PPID";
        let (before, after) = match random.below(4) {
            0 => (format!("{edit}; {kill}"), ""),
            1 => (format!("{edit}; {kill} &"), ""),
            _ => (edit, kill),
        };
        let only = |command: &str| format!("case \"$*\" in *'buildx build'*) {command};; esac");
        workspace.around_docker(&only(&before), &only(after));
        let build = ["build-lambdas", "alpha", "--allow-dirty", "--format", "json"];
        drop(Running::start(&mut workspace.xtask(&build)).wait());
        workspace.around_docker("", "");
        for state in [&edited, &hashed] {
            workspace.write(path, state);
            let answer = workspace.build(&["alpha", "--allow-dirty"], 0);
            check_image(workspace, &answer, "alpha", &format!("round {round}: {before} {after}"));
        }
    }
}

#[test]
fn of_a_large_context_only_what_changed_is_sent() {
    let workspace = Workspace::empty("");
    workspace.write_lambda("large", &[], "FROM scratch\nCOPY data /data\n");
    let large = |index: u32| workspace.python(&format!("{index}")).repeat(40_000);
    for index in 0..10 {
        workspace.write(&format!("lambdas/large/data/{index}"), &large(index));
    }
    workspace.commit("first");
    workspace.build(&[], 0);
    let whole = sent(&workspace);
    assert!(whole > 5_000_000, "{whole}");
    workspace.write("lambdas/large/data/0", &large(9));
    // A new checkout, as far as times and the tool's own files go.
    freeze(&workspace.root());
    fs::remove_dir_all(workspace.root().join("target")).unwrap();
    workspace.build(&["--allow-dirty"], 0);
    let part = sent(&workspace);
    assert!(part > whole / 20 && part < whole / 5, "{part} of {whole}");
}

/// Bytes of the context that the builder was sent.
fn sent(workspace: &Workspace) -> u64 {
    let log = workspace.read("target/lambda-images/logs/large.log");
    let sent = log.lines().rfind(|line| line.contains("transferring context: ")).unwrap();
    let size = sent.split("transferring context: ").nth(1).unwrap().split(' ').next().unwrap();
    let digits = size.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match &size[digits.len()..] {
        "B" => 1.0,
        "kB" => 1e3,
        "MB" => 1e6,
        unit => panic!("an unknown unit `{unit}` in `{sent}`"),
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is some MB")]
    let bytes = (digits.parse::<f64>().unwrap() * factor) as u64;
    bytes
}
