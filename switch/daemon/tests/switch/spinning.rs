//! A worker waits for nothing but its sockets: with a spin that never ends, its thread is never put
//! aside of its own will, whatever the journal does meanwhile.

use bench::load::Pace;

use crate::centre::{Centre, Load};
use crate::configuration::{ASCII, BINARY, Configuration, institution};
use crate::letter::{CARDS, sale};
use crate::link::Link;
use crate::patience::until;
use crate::sekishod::Sekishod;

/// How often the first worker's thread has waited for something.
fn waits(switch: &Sekishod) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", switch.pid())).expect("it runs");
    let of_worker = tasks.map(|task| task.expect("it runs").path()).find(|task| {
        std::fs::read_to_string(task.join("comm")).is_ok_and(|name| name.trim() == "worker-0")
    });
    let status = of_worker.expect("a worker runs").join("status");
    let status = std::fs::read_to_string(status).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.and_then(|count| count.trim().parse().ok()).expect("a number")
}

/// Segments that are packed.
fn archives(switch: &Sekishod) -> usize {
    let files = std::fs::read_dir(switch.journal()).expect("it keeps one");
    let names = files.map(|file| file.expect("it is there").file_name());
    names.filter(|name| name.to_string_lossy().ends_with(".archive")).count()
}

#[test]
fn a_worker_that_never_sleeps_waits_for_no_commit_no_roll_over_and_no_archive() {
    let centre = Centre::opens(BINARY);
    let configuration = Configuration::new()
        .node("spin_us = 3600000000")
        .acquirer("merchant-a", ASCII, "")
        .issuer("issuer-x", BINARY, centre.address(), "")
        .route("353011", "issuer-x");
    let switch = Sekishod::starts(&configuration);
    switch.says_of("issuer-x", "link open");
    let target = switch.address_of("merchant-a");
    let load = Load::begins(ASCII, target, (4, Pace::Window(2)), &CARDS[..1], &institution(0));
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    // Nobody asks for the status: a worker hands that to the control thread by a lock.
    let mut packed = |more: usize| {
        let before = archives(&switch);
        until("archives", || {
            merchant.asks(&sale(1));
            (archives(&switch) >= before + more).then_some(())
        });
    };
    // Buffers and stacks grow to their use first.
    packed(1);
    let before = waits(&switch);
    packed(2);
    let waited = waits(&switch) - before;
    assert!(load.ends().is_right());
    assert_eq!(waited, 0, "waits of a worker");
}
