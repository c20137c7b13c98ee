use super::*;
use lambda_images::fingerprint::sha256;

fn state() -> (tempfile::TempDir, State) {
    let root = tempfile::tempdir().unwrap();
    let state = State::of_workspace(root.path());
    (root, state)
}

/// Names of everything in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn record(version: u32) -> Record {
    let inputs = lambda_images::fingerprint::Inputs {
        platform: "linux/amd64".to_owned(),
        target: None,
        instructions: Vec::new(),
        args: [("A".to_owned(), "1".to_owned())].into(),
        bases: [].into(),
        dependencies: [].into(),
        remotes: [].into(),
        contexts: [].into(),
        locks: Default::default(),
    };
    Record {
        version,
        fingerprint: inputs.fingerprint(),
        dockerfile: "Dockerfile".to_owned(),
        inputs,
        files: [].into(),
        declared: [].into(),
        undetermined: Vec::new(),
        duration_ms: Some(1500),
    }
}

#[test]
fn a_record_comes_back_as_it_was() {
    let (_root, state) = state();
    let one = ImageName::new("one").unwrap();
    assert_eq!(state.read_record(&one), None);
    state.write_record(&one, &record(Record::VERSION)).unwrap();
    assert_eq!(state.read_record(&one), Some(record(Record::VERSION)));
    assert_eq!(state.read_record(&ImageName::new("two").unwrap()), None);
}

#[test]
fn what_cannot_be_understood_counts_as_absent() {
    let (_root, state) = state();
    let one = ImageName::new("one").unwrap();
    state.write_record(&one, &record(Record::VERSION + 1)).unwrap();
    assert_eq!(state.read_record(&one), None);
    fs::write(state.record_path(&one), "{\"version\":1").unwrap();
    assert_eq!(state.read_record(&one), None);
    fs::write(state.manifest_path(), "[]").unwrap();
    assert_eq!(state.read_manifest("dev"), Manifest::new("dev"));
}

#[test]
fn a_manifest_comes_back_as_it_was() {
    let (_root, state) = state();
    assert_eq!(state.read_manifest("dev"), Manifest::new("dev"));
    state.write_manifest(&Manifest::new("prod")).unwrap();
    assert_eq!(state.read_manifest("dev"), Manifest::new("prod"));
}

#[test]
fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
    let (root, _state) = state();
    let path = root.path().join("new/folder/file");
    write_atomically(&path, b"old, and longer").unwrap();
    write_atomically(&path, b"new").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(names(path.parent().unwrap()), ["file"]);
}

#[test]
fn a_write_that_fails_leaves_the_old_file_and_says_which() {
    let (root, _state) = state();
    // A folder stands where the file is to go: the last step fails.
    let path = root.path().join("file");
    fs::create_dir_all(path.join("in the way")).unwrap();
    let error = write_atomically(&path, b"new").unwrap_err();
    assert_eq!(error.to_string(), format!("failed to write `{}`", path.display()));
    assert_eq!(names(root.path()), ["file"]);
    assert_eq!(names(&path), ["in the way"]);
}

#[test]
fn a_reader_sees_the_old_file_or_the_new_one() {
    let (root, _state) = state();
    let path = root.path().join("file");
    let texts = [vec![b'a'; 100_000], vec![b'b'; 200_000]];
    write_atomically(&path, &texts[0]).unwrap();
    std::thread::scope(|scope| {
        let writers: Vec<_> = texts
            .iter()
            .map(|text| {
                let path = &path;
                scope.spawn(move || (0..20).for_each(|_| write_atomically(path, text).unwrap()))
            })
            .collect();
        while !writers.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            let read = fs::read(&path).unwrap();
            assert!(texts.contains(&read), "{} bytes that nobody wrote", read.len());
        }
    });
    assert_eq!(names(root.path()), ["file"]);
}

#[test]
#[cfg(unix)]
fn others_may_read_what_is_new_and_no_more_than_they_could() {
    use std::os::unix::fs::PermissionsExt as _;
    let (root, _state) = state();
    let path = root.path().join("file");
    let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    write_json(&path, &sha256(b"")).unwrap();
    assert_eq!(mode(), 0o644);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    write_json(&path, &sha256(b"1")).unwrap();
    assert_eq!((mode(), read_json(&path)), (0o600, Some(sha256(b"1"))));
}

/// A workspace whose `path` below the state folder is a link to a folder or file elsewhere.
fn planted(path: &str) -> (tempfile::TempDir, tempfile::TempDir, State) {
    let (root, state) = state();
    let elsewhere = tempfile::tempdir().unwrap();
    let link = if path.is_empty() { state.folder.clone() } else { state.folder.join(path) };
    fs::create_dir_all(link.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), &link).unwrap();
    (root, elsewhere, state)
}

#[test]
fn a_linked_folder_is_neither_read_nor_written() {
    let one = ImageName::new("one").unwrap();
    for path in ["", "records", "logs", "staged", "staged/one"] {
        let (root, elsewhere, state) = planted(path);
        // What would be found by the link.
        let record = serde_json::to_vec(&record(Record::VERSION)).unwrap();
        for name in ["one.json", "records/one.json"] {
            let path = elsewhere.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, &record).unwrap();
        }
        let before = (names(elsewhere.path()), names(&elsewhere.path().join("records")));
        assert_eq!(state.read_record(&one), None, "{path}");
        let dockerfile = root.path().join(State::staged_dockerfile(&one));
        let results = [
            ("records", state.write_record(&one, &self::record(Record::VERSION))),
            ("logs", create_anew(&state.log_path(&one)).map(drop)),
            ("staged/one", crate::context_copy::write_file(&dockerfile, b"FROM scratch")),
            ("", state.lock().map(drop)),
        ];
        for (folder, result) in results {
            let is_behind =
                format!("{folder}/").starts_with(&format!("{path}/")) || path.is_empty();
            assert_eq!(result.is_err(), is_behind, "{path}, {folder}");
            if let Err(error) = result {
                let error = format!("{error:#}");
                assert!(error.contains("is a symbolic link, which is not followed"), "{error}");
                assert!(error.contains("\nhint: remove `target/lambda-images`"), "{error}");
            }
        }
        let after = (names(elsewhere.path()), names(&elsewhere.path().join("records")));
        assert_eq!(after, before, "{path}");
    }
}

/// Developers keep `target` on another disk.
#[test]
fn target_itself_may_be_a_link() {
    let (root, state) = state();
    let elsewhere = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), root.path().join("target")).unwrap();
    state.write_manifest(&Manifest::new("prod")).unwrap();
    assert_eq!(state.read_manifest("dev"), Manifest::new("prod"));
    drop(state.lock().unwrap());
}

#[test]
fn a_linked_file_is_replaced_and_what_it_leads_to_stays() {
    let (root, state) = state();
    let one = ImageName::new("one").unwrap();
    let precious = root.path().join("precious");
    fs::write(&precious, "{}").unwrap();
    let paths = [state.log_path(&one), state.record_path(&one), state.manifest_path()];
    for path in &paths {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(&precious, path).unwrap();
    }
    create_anew(&paths[0]).unwrap().write_all(b"log").unwrap();
    state.write_record(&one, &record(Record::VERSION)).unwrap();
    state.write_manifest(&Manifest::new("prod")).unwrap();
    assert_eq!(fs::read_to_string(&precious).unwrap(), "{}");
    assert_eq!(fs::read_to_string(&paths[0]).unwrap(), "log");
    assert_eq!(state.read_record(&one), Some(record(Record::VERSION)));
    assert_eq!(state.read_manifest("dev"), Manifest::new("prod"));

    // A second name of a file is no link that could be seen.
    fs::remove_file(&paths[0]).unwrap();
    fs::hard_link(&precious, &paths[0]).unwrap();
    create_anew(&paths[0]).unwrap().write_all(b"log").unwrap();
    assert_eq!(fs::read_to_string(&precious).unwrap(), "{}");

    std::os::unix::fs::symlink(&precious, state.folder.join("lock")).unwrap();
    assert!(state.lock().is_err());
}

/// Where one were opened as a file is, this test would not end.
#[test]
fn pipes_are_not_waited_for() {
    let (_root, state) = state();
    let one = ImageName::new("one").unwrap();
    let paths = [
        state.log_path(&one),
        state.record_path(&one),
        state.manifest_path(),
        state.hashes_path(),
        state.folders_path(),
        state.folder.join("lock"),
    ];
    for path in &paths {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        files::make_pipe(path);
    }
    assert_eq!(state.read_record(&one), None);
    assert_eq!(state.read_manifest("dev"), Manifest::new("dev"));
    assert!(state.manifest_text().is_err());
    assert!(state.read_hashes().is_empty() && state.read_folders().is_empty());
    let error = format!("{:#}", state.lock().unwrap_err());
    assert!(error.contains("failed to lock `"), "{error}");
    create_anew(&paths[0]).unwrap().write_all(b"log").unwrap();
    state.write_record(&one, &record(Record::VERSION)).unwrap();
    state.write_hashes(b"hashes");
    assert_eq!(state.read_record(&one), Some(record(Record::VERSION)));
    assert_eq!(state.read_hashes(), b"hashes");
}
