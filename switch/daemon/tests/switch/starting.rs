//! Starting, and not starting: `--check`, exit codes, and what is said.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, mkfifoat};
use rustix::process::Signal;

use crate::configuration::{ASCII, Configuration};
use crate::patience::until;
use crate::place::{Directory, own_address, own_port};
use crate::sekishod::Sekishod;

const CHECK: [&str; 2] = ["--check", "--insecure-demo"];

fn one_acquirer() -> Configuration {
    Configuration::new().acquirer("merchant-a", ASCII, "")
}

#[test]
fn a_check_of_the_example_says_what_would_run() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../systemd/sekisho.toml");
    let example = std::fs::read_to_string(example).expect("it is there");
    let ended = Sekishod::tries_file(Directory::new(), &example, &CHECK).ends();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    for line in [
        "node tokyo: institution 49000000001",
        "station merchant-a: acquirer, iso93-ascii, ascii4, listens on 127.0.0.1:7001",
        "station issuer-x: issuer, iso93-binary, bin2, connects to 127.0.0.1:8001",
        "route 353011: issuer-x",
    ] {
        assert!(ended.stdout.lines().any(|said| said.starts_with(line)), "{}", ended.stdout);
    }
}

#[test]
fn a_check_of_a_broken_configuration_says_where_and_what() {
    let directory = Directory::new();
    let text = one_acquirer().text(directory.path());
    let broken = text.replace("framing = \"ascii4\"", "framing = \"ascii5\"\ntimeuot = \"1s\"");
    let line_of = |key: &str| 1 + broken.lines().take_while(|line| !line.contains(key)).count();
    let lines = [line_of("ascii5"), line_of("timeuot")];
    let check = Sekishod::tries_file(directory, &broken, &CHECK);
    let file = check.file();
    let ended = check.ends();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(78), ""));
    for (line, key) in lines.into_iter().zip(["framing", "timeuot"]) {
        let place = format!("{}:{line}:", file.display());
        let said = ended.stderr.lines().find_map(|said| said.strip_prefix(&place));
        let (column, message) = said.and_then(|said| said.split_once(": ")).unwrap_or_default();
        assert!(column.parse::<u32>().is_ok(), "{}", ended.stderr);
        assert!(message.starts_with(&format!("station.merchant-a.{key}: ")), "{}", ended.stderr);
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let directory = Directory::new();
    let nowhere = directory.path().join("nowhere.toml");
    let arguments = ["--config", nowhere.to_str().expect("a plain path")];
    let ended = Sekishod::tries_arguments(directory, &arguments).ends();
    assert_eq!(ended.code, Some(78));
    assert!(ended.stderr.contains("nowhere.toml"), "{}", ended.stderr);
}

#[test]
fn an_unknown_argument_is_a_usage_error() {
    let ended = Sekishod::tries_arguments(Directory::new(), &["--frobnicate"]).ends();
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("--frobnicate"), "{}", ended.stderr);
}

#[test]
fn a_port_in_use_is_named_and_nothing_runs() {
    let taken = TcpListener::bind(own_address()).expect("loopback is all ours");
    let address = taken.local_addr().expect("it is bound");
    let configuration = Configuration::new().acquirer_at("merchant-a", ASCII, address, "");
    let ended = Sekishod::tries(&configuration, &["--insecure-demo"]).ends();
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains(&address.to_string()), "{}", ended.stderr);
    assert!(!ended.stderr.contains("\"serving\""), "{}", ended.stderr);
}

#[test]
fn without_a_sealing_key_it_runs_as_a_demo_only_and_says_so() {
    let configuration = Configuration::new().acquirer_at("merchant-a", ASCII, own_port(), "");
    let ended = Sekishod::tries(&configuration, &[]).ends();
    assert_eq!(ended.code, Some(78));
    assert!(ended.stderr.contains("journal.key"), "{}", ended.stderr);
    assert!(ended.stderr.contains("--insecure-demo"), "{}", ended.stderr);
}

#[test]
fn with_a_sealing_key_it_runs_and_says_where_its_journal_is() {
    let directory = Directory::new();
    let key = directory.path().join("key");
    std::fs::write(&key, [7; 32]).expect("the directory takes a file");
    let line = format!("key = \"{}\"\nsegment = \"1MiB\"", key.display());
    let configuration = Configuration::new().journal(&line);
    let configuration = configuration.acquirer_at("merchant-a", ASCII, own_port(), "");
    let switch = Sekishod::tries_in(directory, &configuration, &[]);
    switch.says_like("a key for all", |said| said.contains("everybody on this machine can read"));
    let journal = switch.says("journal read");
    switch.says("serving");
    assert_eq!(journal["journal"], switch.journal().display().to_string());
    switch.is_sent(Signal::TERM);
    assert_eq!(switch.ends().code, Some(0));
}

#[test]
fn a_start_that_reads_its_journal_is_ended_by_no_sighup_and_reloads_after_it_and_sigquit_shows_it()
{
    let directory = Directory::new();
    let journal = directory.path().join("state/journal");
    std::fs::create_dir_all(&journal).expect("the directory takes more");
    // As long as nobody writes the key, the start waits for it with the journal's lock in its hand.
    let key = journal.join("insecure-demo.key");
    mkfifoat(CWD, &key, Mode::RUSR | Mode::WUSR).expect("it takes a fifo");
    let switch = Sekishod::tries_in(directory, &one_acquirer(), &["--insecure-demo"]);
    let opens = || {
        let nonblocking = i32::try_from(OFlags::NONBLOCK.bits()).expect("one bit");
        OpenOptions::new().write(true).custom_flags(nonblocking).open(&key).ok()
    };
    let mut key = until("a start that waits for its key", opens);
    switch.is_sent(Signal::HUP);
    switch.is_sent(Signal::QUIT);
    let node = switch.says("diagnostics: node");
    assert_eq!(node["state"], "starting", "{node}");
    switch.says_line("the main thread", |line| {
        line["message"] == "diagnostics: thread" && line["id"] == switch.process()
    });
    key.write_all(&[b'7'; 64]).expect("somebody reads it");
    drop(key);
    switch.says("serving");
    let reloaded = switch.comes_to("the end of a reload", |status| {
        status.reload.as_ref().is_some_and(|reload| reload.stage.is_end())
    });
    assert_eq!(reloaded.reload.map(|reload| reload.run), Some(1));
    switch.is_sent(Signal::QUIT);
    switch.says_line("a node that serves", |line| {
        line["message"] == "diagnostics: node" && line["state"] == "serving"
    });
}

/// The soft limit of open files that a daemon runs with.
fn open_files(switch: &Sekishod) -> u64 {
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", switch.status().pid));
    let limits = limits.expect("it runs");
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().next());
    soft.and_then(|soft| soft.parse().ok()).expect("a number")
}

#[test]
fn it_asks_for_the_descriptors_that_its_links_need() {
    let configuration = Configuration::new().acquirer("merchant-a", ASCII, "links = 1000");
    let limits = "ulimit -Sn 200 && ulimit -Hn 4096";
    let switch = Sekishod::tries_under(limits, &configuration);
    switch.says("serving");
    assert!((1_000..4_096).contains(&open_files(&switch)), "{}", open_files(&switch));
    switch.is_sent(Signal::TERM);
    let ended = switch.ends();
    assert!(!ended.stderr.contains("too few open files"), "{}", ended.stderr);
}

#[test]
fn it_says_when_it_can_not_have_the_descriptors_that_its_links_need() {
    let configuration = Configuration::new().acquirer("merchant-a", ASCII, "links = 1000");
    let switch = Sekishod::tries_under("ulimit -Sn 200 && ulimit -Hn 300", &configuration);
    switch.says("serving");
    let is_it = |message: &str| message.starts_with("too few open files for all links");
    let line = switch.says_like("too few open files", is_it);
    assert_eq!((&line["allowed"], open_files(&switch)), (&300.into(), 300));
    assert!(line["needed"].as_u64().is_some_and(|needed| needed > 1_000), "{line}");
}
