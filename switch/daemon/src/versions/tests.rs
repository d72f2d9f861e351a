//! Versions on a real disk, in a directory of their own.

use super::*;
use crate::config::FileKind;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicU32, Ordering};

/// A state directory that goes away with the test.
struct State(PathBuf);

impl State {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sekisho-versions-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn versions(&self) -> Versions {
        Versions::open(&self.0.join("state")).unwrap()
    }

    fn folder(&self, number: u32) -> PathBuf {
        self.0.join("state/configurations").join(name_of(number))
    }
}

impl Drop for State {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn version(number: u32) -> Version {
    let (digest, by) = (format!("{number:064}"), "hana".to_owned());
    Version { number, digest, utc: 1_795_238_430, by, how: "apply".into(), standby: false }
}

fn source(path: &str, kind: FileKind, text: &str) -> Source {
    Source { path: path.into(), kind, text: text.into() }
}

/// A main file, one of conf.d that has its name, and a dialect.
fn sources(text: &str) -> [Source; 3] {
    [
        source("/etc/sekisho/sekisho.toml", FileKind::Main, text),
        source("/etc/sekisho/conf.d/sekisho.toml", FileKind::Part, "# \u{e4}\r\n"),
        source("/etc/sekisho/acme.toml", FileKind::Dialect, ""),
    ]
}

fn texts(state: &State, number: u32) -> Vec<String> {
    let (_, files) = state.versions().files(number).unwrap();
    files.into_iter().map(|file| file.text).collect()
}

fn why(result: Result<(Version, Vec<change::File>), NotDone>) -> (&'static str, String) {
    let error = result.map(|(version, _)| version).unwrap_err();
    (error.kind(), error.to_string())
}

#[test]
fn a_version_is_given_out_as_it_was_kept() {
    let state = State::new();
    state.versions().keep(&version(7), &sources("[node]\n")).unwrap();
    let (given, files) = state.versions().files(7).unwrap();
    assert_eq!(given, version(7));
    let file = |path: &str, kind: &str, text: &str| change::File {
        path: path.into(),
        kind: kind.into(),
        text: text.into(),
    };
    assert_eq!(
        files,
        [
            file("/etc/sekisho/sekisho.toml", "main", "[node]\n"),
            file("/etc/sekisho/conf.d/sekisho.toml", "conf.d", "# \u{e4}\r\n"),
            file("/etc/sekisho/acme.toml", "dialect", ""),
        ]
    );
}

#[test]
fn only_the_node_and_its_group_can_read_them() {
    let state = State::new();
    state.versions().keep(&version(1), &sources("")).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    // A stricter mask of whoever runs the test takes away more.
    assert_eq!(mode(&state.folder(1)) & !0o750, 0);
    for name in ["version.json", "0-sekisho.toml", "1-sekisho.toml", "2-acme.toml"] {
        assert_eq!(mode(&state.folder(1).join(name)) & !0o640, 0, "{name}");
    }
}

#[test]
fn the_newest_is_listed_first_and_the_oldest_goes_for_one_more_than_a_hundred() {
    let state = State::new();
    let versions = state.versions();
    for number in 1..=102 {
        versions.keep(&version(number), &sources("")[..1]).unwrap();
    }
    let numbers: Vec<u32> = versions.list().unwrap().iter().map(|kept| kept.number).collect();
    assert_eq!(numbers, (3..=102).rev().collect::<Vec<_>>());
    let said = why(versions.files(2));
    assert_eq!(said, ("not-found", "there is no version 2; kept are some of 3 to 102".to_owned()));
}

#[test]
fn a_number_that_is_kept_again_has_the_files_of_the_last_time() {
    let state = State::new();
    let versions = state.versions();
    versions.keep(&version(1), &sources("# one\n")).unwrap();
    versions.keep(&version(1), &sources("# two\n")[..1]).unwrap();
    assert_eq!(texts(&state, 1), ["# two\n"]);
    assert_eq!(versions.names().unwrap(), ["00000001"]);
}

#[test]
fn what_was_not_finished_is_no_version_and_goes_at_the_next_start() {
    let state = State::new();
    state.versions().keep(&version(1), &sources("")).unwrap();
    let unfinished = state.0.join("state/configurations/.unfinished-00000002");
    fs::create_dir(&unfinished).unwrap();
    fs::write(unfinished.join("0-sekisho.toml"), "[no").unwrap();
    let versions = state.versions();
    assert!(!unfinished.exists());
    assert_eq!(versions.list().unwrap(), [version(1)]);
    // And it is not in the way of the one that it should have been.
    fs::create_dir(&unfinished).unwrap();
    versions.keep(&version(2), &sources("")).unwrap();
    assert_eq!(versions.list().unwrap(), [version(2), version(1)]);
}

#[test]
fn one_that_somebody_has_changed_is_shown_and_not_given_out() {
    let state = State::new();
    let versions = state.versions();
    for number in 1..=4 {
        versions.keep(&version(number), &sources("[node]\n")).unwrap();
    }
    fs::write(state.folder(1).join("0-sekisho.toml"), "[node]\n\n").unwrap();
    fs::remove_file(state.folder(2).join("2-acme.toml")).unwrap();
    fs::write(state.folder(3).join("version.json"), "{").unwrap();
    fs::copy(state.folder(1).join("version.json"), state.folder(4).join("version.json")).unwrap();
    for (number, what) in [
        (1, "somebody has changed 0-sekisho.toml"),
        (2, "2-acme.toml: No such file"),
        (3, "version.json: EOF"),
        (4, "version.json is of version 1"),
    ] {
        let (kind, said) = why(versions.files(number));
        assert!(kind == "failed" && said.contains(what), "{number}: {said}");
    }
    let how: Vec<_> = versions.list().unwrap().into_iter().map(|v| (v.number, v.how)).collect();
    let (apply, damaged) = ("apply".to_owned(), "damaged".to_owned());
    assert_eq!(how, [(4, damaged.clone()), (3, damaged), (2, apply.clone()), (1, apply)]);
}

#[test]
fn a_path_in_a_changed_version_leads_nowhere_else() {
    let state = State::new();
    state.versions().keep(&version(1), &sources("")[..1]).unwrap();
    let about = state.folder(1).join("version.json");
    let text = fs::read_to_string(&about).unwrap().replace("0-sekisho.toml", "../../secret");
    fs::write(&about, text).unwrap();
    let (_, said) = why(state.versions().files(1));
    assert!(said.contains("../../secret is no name"), "{said}");
}

#[test]
fn a_standby_goes_on_with_the_number_of_what_it_had_and_counts_on_where_that_differs() {
    let state = State::new();
    let (folder, digest) = (state.0.join("state"), [7; 32]);
    let number = |digest, journal| number_of_standby(&folder, digest, journal);
    assert_eq!(number(&digest, 0), (1, true), "none is kept");
    assert_eq!(number(&digest, 4), (5, true), "the journal is the other node's");
    let kept = Version { digest: hex(&digest), ..version(6) };
    state.versions().keep(&kept, &sources("")).unwrap();
    assert_eq!(number(&digest, 9), (6, false), "it is the newest: a record had that number");
    assert_eq!(number(&[8; 32], 4), (7, true));
    assert_eq!(number(&[8; 32], 9), (10, true));
}
