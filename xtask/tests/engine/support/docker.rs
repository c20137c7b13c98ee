//! The real `docker`: behind a wrapper that notes every command, and to look with at what was
//! built.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use serde_json::Value;
use tempfile::TempDir;

/// The folder that is to be the first of `PATH`.
pub(super) fn wrapper_folder(folder: &Path) -> PathBuf {
    folder.join("bin")
}

fn calls_file(folder: &Path) -> PathBuf {
    folder.join("docker-calls")
}

/// Writes the wrapper: a line per command, then the real program in its place.
pub(super) fn install_wrapper(folder: &Path) {
    fs::create_dir(wrapper_folder(folder)).unwrap();
    write_wrapper(folder, &format!("exec '{}' \"$@\"", find_docker().display()));
}

/// Writes the wrapper so that shell commands run before and after each of docker's.
pub(super) fn install_wrapper_with(folder: &Path, before: &str, after: &str) {
    let docker = find_docker();
    let run = format!("{before}\n'{}' \"$@\"\nstatus=$?\n{after}\nexit $status", docker.display());
    write_wrapper(folder, &run);
}

fn write_wrapper(folder: &Path, run: &str) {
    let wrapper = wrapper_folder(folder).join("docker");
    let calls = calls_file(folder);
    let script = format!("#!/bin/sh\nprintf '%s\\n' \"$*\" >> '{}'\n{run}\n", calls.display());
    // A file that is open for writing can't be run, and a fork of another test's thread may
    // hold it open for a moment; a file written by another process is never open in this one.
    let mut copy = Command::new("sh");
    copy.args(["-c", "printf '%s' \"$1\" > \"$2\"", "sh", &script]).arg(&wrapper);
    assert!(copy.status().unwrap().success());
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The real program.
pub(crate) fn find_docker() -> PathBuf {
    let path = env::var_os("PATH").expect("there is a `PATH`");
    env::split_paths(&path)
        .map(|folder| folder.join("docker"))
        .find(|program| program.is_file())
        .expect("`docker` is on the `PATH`: `cargo xtask test` brings it")
}

/// Gives the commands noted so far, and forgets them.
pub(super) fn take_calls(folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(calls_file(folder)).unwrap_or_default();
    fs::write(calls_file(folder), "").unwrap();
    text.lines().map(str::to_owned).collect()
}

/// Runs the real `docker`, which must succeed; gives what it prints.
#[track_caller]
pub(crate) fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().unwrap();
    assert!(output.status.success(), "docker {arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What an image has in a folder: files by their bytes and whether they can be executed, links by their
/// text; folders only show in the paths.
#[track_caller]
pub(crate) fn content_of(reference: &str, folder: &str) -> Content {
    let files = take_out(reference, folder);
    let mut content = Content::new();
    read_content(&files.path().join("taken"), "", &mut content);
    content
}

/// The text of a file of an image.
#[track_caller]
pub(crate) fn text_of(reference: &str, file: &str) -> String {
    fs::read_to_string(take_out(reference, file).path().join("taken")).unwrap()
}

/// What is at a path of an image, as `taken` in the folder.
#[track_caller]
fn take_out(reference: &str, path: &str) -> TempDir {
    let container = docker(&["container", "create", "--network=none", reference, "/none"]);
    let taken = tempfile::tempdir().unwrap();
    let to = taken.path().join("taken");
    let from = format!("{}:{path}", container.trim());
    docker(&["container", "cp", "--quiet", &from, &to.display().to_string()]);
    docker(&["container", "rm", container.trim()]);
    taken
}

/// Files and links by their paths.
pub(crate) type Content = BTreeMap<String, (char, Vec<u8>)>;

/// The same of a folder on disk.
pub(crate) fn read_content(folder: &Path, path: &str, content: &mut Content) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let metadata = entry.metadata().unwrap();
        let below = format!("{path}/{}", entry.file_name().to_str().unwrap());
        if metadata.is_dir() {
            read_content(&entry.path(), &below, content);
        } else if metadata.is_symlink() {
            let text = fs::read_link(entry.path()).unwrap();
            content.insert(below, ('l', text.to_str().unwrap().as_bytes().to_owned()));
        } else {
            let kind = if metadata.permissions().mode() & 0o100 == 0 { 'f' } else { 'x' };
            content.insert(below, (kind, fs::read(entry.path()).unwrap()));
        }
    }
}

/// Whether the engine's image store is containerd's, which knows digests of what was never pushed.
pub(crate) fn keeps_manifests() -> bool {
    docker(&["info", "--format", "{{json .DriverStatus}}"]).contains("io.containerd.snapshotter")
}

/// The `index.json` of the OCI layout as which the engine saves an image: what its tag leads to.
pub(crate) fn oci_index(reference: &str) -> Value {
    let mut save = Command::new("docker")
        .args(["image", "save", reference])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let tar = save.stdout.take().expect("its output is a pipe");
    let index = Command::new("tar")
        .args(["--extract", "--to-stdout", "--file=-", "index.json"])
        .stdin(tar)
        .output()
        .unwrap();
    save.wait().unwrap();
    serde_json::from_slice(&index.stdout).unwrap()
}

/// Takes every tag of this stack away; images without a tag go with it.
pub(super) fn remove_images(stack: &str) {
    // The engine fails to list its images at the moment at which another test's goes away. What is
    // left over after all costs space, not correctness, and this runs while failed tests unwind.
    let _is_gone = (0..5).any(|_| try_remove_images(stack));
}

fn try_remove_images(stack: &str) -> bool {
    let list = ["image", "ls", "--format", "{{.Repository}}:{{.Tag}}"];
    let Ok(listed) = Command::new("docker").args(list).output() else { return false };
    let text = String::from_utf8_lossy(&listed.stdout);
    let tags: BTreeSet<&str> = text.lines().filter(|tag| tag.contains(stack)).collect();
    let succeeds = |mut command: Command| command.output().is_ok_and(|end| end.status.success());
    let mut remove = Command::new("docker");
    remove.args(["image", "rm"]).args(&tags);
    listed.status.success() && (tags.is_empty() || succeeds(remove))
}
