//! The example configuration that is installed, and the one that the design prints: both load, and
//! what the first keeps in comments is true.

use std::path::{Path, PathBuf};

use daemon::config::{Configuration, Journal, Mode, Peer, Sync, load};

/// The file as the design prints it.
const DESIGN: &str = include_str!("config_example/design.toml");

const DEMO: Mode = Mode { insecure_demo: true };

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../systemd/sekisho.toml")
}

/// A text as a file of its own, in a directory of its own: it has no conf.d.
fn load_text(name: &str, text: &str, mode: Mode) -> Result<Configuration, String> {
    let directory = std::env::temp_dir().join(format!("sekisho-{name}-{}", std::process::id()));
    std::fs::create_dir(&directory).expect("the directory is new");
    let file = directory.join("sekisho.toml");
    std::fs::write(&file, text).expect("it takes a file");
    let loaded = load(&file, mode).map_err(|errors| errors.to_string());
    std::fs::remove_dir_all(&directory).expect("it is ours");
    loaded
}

fn inactive(configuration: &Configuration) -> Vec<String> {
    configuration.inactive.iter().map(ToString::to_string).collect()
}

#[test]
fn the_file_of_the_design_runs_as_a_demo_and_names_what_is_not_active_yet() {
    let configuration = load_text("design", DESIGN, DEMO).unwrap();
    assert_eq!(inactive(&configuration), ["control.http: not active yet"]);
    let names = configuration.settings.stations.iter().map(|station| station.name.as_str());
    assert_eq!(names.collect::<Vec<_>>(), ["merchant-a", "issuer-x"]);
    assert_eq!(configuration.control_socket, Path::new("/run/sekisho/control.sock"));
}

#[test]
fn the_file_of_the_design_needs_a_sealing_key_to_run_in_earnest() {
    let errors = load_text("earnest", DESIGN, Mode { insecure_demo: false }).unwrap_err();
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(errors.contains(":7:1: journal.key: missing"), "{errors}");
    assert!(errors.contains("--insecure-demo"), "{errors}");
}

#[test]
fn the_installed_example_says_what_the_design_says() {
    let installed = load(&example(), DEMO).unwrap();
    let printed = load_text("printed", DESIGN, DEMO).unwrap();
    assert_eq!(installed.summary().lines().count(), printed.summary().lines().count());
    let settings = |text: &str| -> Vec<String> {
        let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
        lines.filter(|line| !line.is_empty()).map(Into::into).collect()
    };
    assert_eq!(settings(&std::fs::read_to_string(example()).unwrap()), settings(DESIGN));
}

/// With all that it keeps in comments.
fn uncommented(text: &str) -> String {
    let lines = text.lines().map(|line| match line.strip_prefix("# ") {
        Some(rest) if rest.starts_with('[') || rest.contains(" = ") => rest,
        Some(_) | None => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn what_the_example_keeps_in_comments_of_a_second_node_is_accepted_and_is_the_default() {
    let text = uncommented(&std::fs::read_to_string(example()).unwrap());
    let text = text.replace("sync = \"local\"", "");
    let said = load_text("peer", &text, Mode { insecure_demo: false }).unwrap();
    assert_eq!(said.journal.sync, Sync::Durable);
    let said = said.peer.unwrap();
    let least = format!("{DESIGN}\n[peer]\nname = \"osaka\"\nlisten = [\"127.0.0.1:7400\"]\n");
    let least = least.replace("sync = \"local\"", "");
    let least = load_text("least", &least, DEMO).unwrap().peer.unwrap();
    assert_eq!([&said.on_promote[1], &said.on_demote[1]], ["up", "down"]);
    let (on_promote, on_demote) = (Vec::new(), Vec::new());
    assert_eq!(Peer { tls: None, on_promote, on_demote, ..said }, least);
}

#[test]
fn what_the_example_keeps_in_comments_is_accepted_and_is_the_default() {
    let text = std::fs::read_to_string(example()).unwrap();
    // A second node is no default, so its tables are another test's.
    let (before, tables) = text.split_once("# [peer]").unwrap();
    let (_, behind) = tables.split_once("[control]").unwrap();
    let alone = format!("{before}[control]{behind}");
    let all = load_text("comments", &uncommented(&alone), DEMO).unwrap();
    let bare = load(&example(), DEMO).unwrap();
    let settings = |configuration: &Configuration| format!("{:?}", configuration.settings);
    assert_eq!(settings(&all), settings(&bare));
    let endpoints = |configuration: &Configuration| format!("{:?}", configuration.endpoints);
    assert_eq!(endpoints(&all), endpoints(&bare));
    assert_eq!((all.drain, &all.state), (bare.drain, &bare.state));
    let more: Vec<String> =
        inactive(&all).into_iter().filter(|key| !inactive(&bare).contains(key)).collect();
    assert_eq!(more.len(), 1, "{more:?}");
    assert!(more[0].starts_with("station.issuer-x.network_codes: "), "its station is of 1993");
    assert_eq!(
        all.journal.key.as_ref().map(ToString::to_string).as_deref(),
        Some("credential:journal-key")
    );
    let plain = Journal { key: None, ..all.journal };
    assert_eq!(format!("{plain:?}"), format!("{:?}", bare.journal));
}
