//! A configuration that changes again and again under load: every answer is right, and nothing grows.

use std::time::Duration;

use daemon::change::Stage;
use daemon::clocks;
use rustix::process::Signal;

use crate::centre::Centre;
use crate::configuration::{ASCII, BINARY, Configuration};
use crate::patience::{lets_pass, until};
use crate::place::own_port;
use crate::reloading::{PAN, centres, load};
use crate::sekishod::{Sekishod, count, station};

/// Reloads that are made, if there is time for them.
const RELOADS: u32 = 1_000;
/// Reloads that must be made, however slow the machine is.
const RELOADS_MIN: u32 = 60;
/// How long the others may take.
const TIME: Duration = Duration::from_secs(40);
/// Before so many nothing is held against what comes later: buffers grow to their use first.
const WARM: u32 = 30;
/// What memory may grow by, in KiB: what the load leaves in the tables of known requests and answers (some
/// 400 bytes each), and far less than a table of routes for each reload.
const GROWTH_KIB: u64 = 32 << 10;

/// What the process has: KiB of memory, descriptors, threads.
fn has(switch: &Sekishod) -> (u64, usize, usize) {
    let process = format!("/proc/{}", switch.pid());
    let status = std::fs::read_to_string(format!("{process}/status")).expect("it runs");
    let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let memory = memory.and_then(|text| text.trim().strip_suffix(" kB")?.parse().ok());
    let count =
        |what: &str| std::fs::read_dir(format!("{process}/{what}")).expect("it runs").count();
    (memory.expect("the system says it"), count("fd"), count("task"))
}

/// SIGHUP, and waits until the files were read and every worker knows them; what is to be opened and
/// closed then may still go on when the next one comes.
fn reloads(switch: &Sekishod, configuration: &Configuration, number: u32) {
    switch.is_configured(configuration);
    switch.is_sent(Signal::HUP);
    let kept = switch.file().with_file_name(format!("state/configurations/{number:08}"));
    until("its version", || {
        lets_pass(Duration::from_millis(1));
        kept.exists().then_some(())
    });
}

#[test]
fn a_thousand_reloads_under_load_answer_everything_right_and_nothing_grows() {
    let (x, y) = (Centre::opens(BINARY), Centre::opens(BINARY));
    let port = own_port();
    // What is remembered of transactions takes all of its memory soon; a machine that stands still for some
    // seconds fills no table.
    let limits = "pending_max = 8192\nduplicates_max = 8192\nanswers_bytes = \"1MiB\"";
    let both = || {
        let both = centres(&[("issuer-x", x.address()), ("issuer-y", y.address())]);
        both.limits(limits)
    };
    // With a member that comes and goes, a port that opens and closes, and another timeout.
    let one = both().route(PAN, "issuer-x");
    let other = both()
        .acquirer_at("merchant-b", ASCII, port, "")
        .issuer("issuer-z", BINARY, x.address(), "timeout = \"7s\"")
        .route(PAN, "issuer-y")
        .route("42", "issuer-z");
    let switch = Sekishod::starts(&one);
    switch.comes_to("both issuers are up", |status| {
        ["issuer-x", "issuer-y"].iter().all(|name| station(status, name).links_ready == 1)
    });
    let first = switch.status().adopted.number;
    let load = load(&switch);
    let begun = clocks::boot();
    let (mut made, mut warm) = (0, None);
    while made < RELOADS && (made < RELOADS_MIN || clocks::boot().since(begun) < TIME) {
        made += 1;
        reloads(&switch, if made % 2 == 1 { &other } else { &one }, first + made);
        if made == WARM {
            warm = Some(has(&switch));
        }
    }
    if made % 2 == 1 {
        made += 1;
        reloads(&switch, &one, first + made);
    }
    switch.comes_to("the end of the last", |status| {
        status.reload.as_ref().is_some_and(|reload| reload.stage == Stage::Done)
    });
    let report = load.ends();
    let status = switch.status();
    assert_eq!((report.unanswered, report.mismatched), (0, 0), "in {made} reloads");
    let counted = &status.counters;
    assert_eq!(report.approved, report.sent, "in {made} reloads: {counted:?}");
    assert_eq!(status.adopted.number, first + made);
    assert_eq!(status.stations.len(), 5, "no station is made twice");
    assert_eq!(count(&status, "requests"), report.sent);

    let ((memory, descriptors, threads), now) = (warm.expect("so many are made"), has(&switch));
    assert!(now.0 < memory + GROWTH_KIB, "{memory} KiB, then {} in {made} reloads", now.0);
    assert_eq!(now.2, threads);
    // The load has left: its connections go, and so does what was open for a moment.
    until(&format!("{descriptors} descriptors, after {} in {made} reloads", now.1), || {
        (has(&switch).1 <= descriptors).then_some(())
    });
}
