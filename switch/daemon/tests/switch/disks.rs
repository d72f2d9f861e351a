//! Disks that fail, are full, or may not be written to: nothing that was not written down leaves, and
//! the operator is told what to do.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;

use bench::load::Pace;
use daemon::status::{JournalStatus, Status};
use rustix::process::Signal;
use serde_json::Value;

use crate::centre::{Centre, Load};
use crate::configuration::{ASCII, BINARY, Configuration, institution};
use crate::letter::{CARDS, sale};
use crate::link::{Desk, Link};
use crate::patience::until;
use crate::place::{Directory, own_port};
use crate::sekishod::{Sekishod, count};

fn sales_to(desk: &Desk, journal: &str) -> Configuration {
    Configuration::new()
        .journal(journal)
        .acquirer("merchant-a", ASCII, "")
        .issuer("issuer-x", BINARY, desk.address(), "timeout = \"10m\"")
        .route("353011", "issuer-x")
}

fn journal(status: &Status) -> &JournalStatus {
    status.journal.as_ref().expect("it keeps one")
}

/// An acquirer and an issuer of a daemon, both connected.
fn partners(switch: &Sekishod, desk: &Desk) -> [Link; 2] {
    let issuer = desk.accepts();
    switch.says_of("issuer-x", "link open");
    [Link::connects(ASCII, switch.address_of("merchant-a")), issuer]
}

/// Sales until one is not answered, because the switch has ended; how many were.
fn sell_until_the_end([mut merchant, mut issuer]: [Link; 2]) -> u32 {
    let mut answers = |stan| {
        merchant.tries(&sale(stan))?;
        let heard = issuer.tries_to_hear()?;
        issuer.tries(&heard.answered("000"))?;
        merchant.tries_to_hear()
    };
    (1..10_000).find(|&stan| answers(stan).is_none()).expect("it ends") - 1
}

/// What was answered before the end is answered the same by whoever starts on the same disk.
fn remembers(directory: Directory, desk: &Desk, journal: &str, answered: u32) {
    let again = Sekishod::starts_in(directory, &sales_to(desk, journal));
    let mut merchant = Link::connects(ASCII, again.address_of("merchant-a"));
    for stan in 1..=answered {
        let repeat = sale(stan).kind(0x1201);
        assert_eq!(merchant.asks(&repeat), repeat.answered("000"), "sale {stan} of {answered}");
    }
}

#[test]
fn a_sync_that_fails_ends_it_with_74_and_nothing_that_waited_for_it_leaves() {
    let desk = Desk::opens(BINARY);
    // Each thread's sixtieth sync and all after it: the journal's has by far the most.
    let strace = [
        "strace",
        "-D",
        "-f",
        "-qq",
        "--seccomp-bpf",
        "-o",
        "/dev/null",
        "-e",
        "inject=fdatasync:error=EIO:when=60+",
    ];
    let small = "segment = \"1MiB\"";
    let switch = Sekishod::tries_by(&strace, Directory::new(), &sales_to(&desk, small));
    let answered = sell_until_the_end(partners(&switch, &desk));
    assert!((20..60).contains(&answered), "{answered}");
    let (ended, directory) = switch.leaves();
    assert_eq!(ended.code, Some(74));
    for part in ["0000000000000001.segment", "Input/output error", "dmesg", "journal verify"] {
        assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
    }
    remembers(directory, &desk, small, answered);
}

#[test]
fn a_segment_that_is_cut_short_under_it_ends_it_with_74() {
    let desk = Desk::opens(BINARY);
    let switch = Sekishod::starts(&sales_to(&desk, "segment = \"1MiB\""));
    let partners = partners(&switch, &desk);
    let segment = switch.journal().join("0000000000000001.segment");
    File::options().write(true).open(segment).and_then(|file| file.set_len(0)).expect("it is ours");
    assert_eq!(sell_until_the_end(partners), 0);
    let ended = switch.ends();
    assert_eq!(ended.code, Some(74));
    assert!(ended.stderr.contains("0000000000000001.segment"), "{}", ended.stderr);
}

#[test]
fn a_page_that_is_not_to_be_had_ends_it_with_74_and_a_word_and_it_waits_for_no_reader_of_that() {
    let configuration = Configuration::new().acquirer_at("merchant-a", ASCII, own_port(), "");
    let switch = Sekishod::starts(&configuration);
    switch.is_sent(Signal::BUS);
    let ended = switch.ends();
    assert_eq!(ended.code, Some(74));
    let last: Value = serde_json::from_str(ended.stderr.lines().last().expect("it says why"))
        .expect("every line is JSON");
    assert_eq!(last["level"], "ERROR");
    assert!(last["message"].as_str().is_some_and(|why| why.contains("SIGBUS")), "{last}");
    let (switch, _unread) = Sekishod::starts_unread(&configuration);
    switch.is_sent(Signal::BUS);
    assert_eq!(switch.ends().code, Some(74));
}

#[test]
fn a_disk_that_may_only_be_read_is_named_and_nothing_runs() {
    let directory = Directory::new();
    let state = directory.path().join("state");
    fs::create_dir(&state).expect("the directory takes another");
    let state = state.display();
    let script =
        format!("mount --bind {state} {state} && mount -o remount,bind,ro {state} && exec \"$@\"");
    let desk = Desk::opens(BINARY);
    let mounted = ["unshare", "-rm", "sh", "-c", &script, "sh"];
    let ended = Sekishod::tries_by(&mounted, directory, &sales_to(&desk, "")).ends();
    assert_eq!(ended.code, Some(74));
    for part in ["Read-only file system", "mounted for writing"] {
        assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
    }
    assert!(!ended.stderr.contains("\"serving\""), "{}", ended.stderr);
}

/// A daemon whose state is on a disk of so many MiB of its own.
fn on_a_small_disk(mib: u32, configuration: &Configuration) -> (Sekishod, PathBuf) {
    let directory = Directory::new();
    let state = directory.path().join("state");
    fs::create_dir(&state).expect("the directory takes another");
    let script = format!("mount -t tmpfs -o size={mib}M none {} && exec \"$@\"", state.display());
    let mounted = ["unshare", "-rm", "sh", "-c", &script, "sh"];
    let switch = Sekishod::tries_by(&mounted, directory, configuration);
    // As the daemon sees it.
    let state = format!("/proc/{}/root{}", switch.pid(), state.display());
    (switch, state.into())
}

#[test]
fn a_disk_without_room_for_the_first_segments_is_told_with_its_numbers() {
    let desk = Desk::opens(BINARY);
    let (switch, _) = on_a_small_disk(40, &sales_to(&desk, "segment = \"64MiB\""));
    let ended = switch.ends();
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("takes 201326592"), "{}", ended.stderr);
    assert!(ended.stderr.contains("journal.segment"), "{}", ended.stderr);
}

#[test]
fn on_a_full_disk_new_requests_are_refused_what_is_under_way_ends_and_room_is_found_by_itself() {
    let (centre, desk) = (Centre::opens(BINARY), Desk::opens(BINARY));
    let configuration = Configuration::new()
        .acquirer("merchant-a", ASCII, "")
        .acquirer("merchant-b", ASCII, "")
        .issuer("issuer-x", BINARY, centre.address(), "")
        .issuer("issuer-y", BINARY, desk.address(), "timeout = \"10m\"")
        .route("353011", "issuer-x")
        .route("4111", "issuer-y");
    let (switch, state) = on_a_small_disk(14, &configuration);
    let mut issuer = desk.accepts();
    switch.says_of("issuer-x", "link open");
    switch.says_of("issuer-y", "link open");
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    let slow = sale(1).with(2, CARDS[3]);
    merchant.sends(&slow);
    let heard = issuer.hears();

    let filler = state.join("filler");
    let mut file = File::create(&filler).expect("it has room for a name");
    while file.write_all(&[0; 4_096]).is_ok() {}
    drop(file);
    let target = switch.address_of("merchant-b");
    let load = Load::begins(ASCII, target, (8, Pace::Window(4)), &CARDS[..1], &institution(1));
    let status = switch.comes_to("refusals", |status| count(status, "refused_no_room") > 100);
    assert!(!journal(&status).has_room && journal(&status).spares < 2, "{status:?}");
    let line = switch.says_like("a full disk", |said| said.starts_with("the disk has no room"));
    assert!(line["needed_bytes"] == 3 << 20 && line["free_bytes"].is_u64(), "{line}");
    switch.says_like("refusals", |said| said.starts_with("new requests are refused with 907"));
    assert_eq!(merchant.asks(&sale(2)).code(), "907");
    issuer.sends(&heard.answered("000"));
    assert_eq!(merchant.hears(), slow.answered("000"), "what is under way ends");

    fs::remove_file(&filler).expect("it is ours");
    switch.says("new requests are taken again: there is room");
    let before = count(&switch.status(), "approved");
    switch.comes_to("approvals again", |status| count(status, "approved") > before + 100);
    let report = load.ends();
    assert!(report.is_right() && report.answered == report.sent, "{report:?}");
    until("an approval", || (merchant.asks(&sale(3)).code() == "000").then_some(()));
}
