//! What must be so before a drill, and what is made of what was seen of one.

use daemon::drills::{Drilled, Evidence, LinkLoss, Machine, ReignSeen};
use daemon::node_requests::{
    DigestStatus, Lag, NodeRole, PeerStatus, SyncState, WitnessRecord, WitnessStatus,
};
use daemon::status::JournalStatus;

use super::seen::{Before, Seen};
use super::*;

const SECOND: u64 = 1_000_000_000;

fn machine() -> Machine {
    Machine {
        cores: 4,
        workers: 3,
        busy_peak: 1_250,
        memory_used: 1 << 30,
        memory_free: 8 << 30,
        disk_free: 100 << 30,
        witness: Some(true),
        ..Machine::default()
    }
}

/// A primary that may be drilled.
fn tokyo() -> Status {
    let peer = PeerStatus {
        name: "osaka".into(),
        line_since_s: Some(60),
        role: Some(NodeRole::Standby),
        build: Some("sekishod 0.1.0".into()),
        clock_ahead_ms: Some(2),
        round_trip_us: Some(900),
        machine: Some(Box::new(machine())),
        ..PeerStatus::default()
    };
    let record = WitnessRecord {
        revision: 9,
        epoch: 3,
        primary: "tokyo".into(),
        in_sync: Some("osaka".into()),
    };
    let witness = WitnessStatus {
        endpoint: "https://w:2379".into(),
        answers: true,
        record: Some(record),
        ..WitnessStatus::default()
    };
    let digest = |what: &str| DigestStatus {
        what: what.into(),
        theirs: Some(String::new()),
        ..DigestStatus::default()
    };
    let pair = NodeStatus {
        name: "tokyo".into(),
        role: NodeRole::Primary,
        epoch: 3,
        sync: SyncState::Sync,
        sync_since_s: Some(61),
        build: "sekishod 0.1.0".into(),
        lag: Some(Lag { records: 2, bytes: Some(100), ms: 1 }),
        when_standby_lost: Some("solo".into()),
        machine: Some(Box::new(machine())),
        peer: Some(peer),
        witness: Some(witness),
        digests: vec![digest("configuration"), digest("dialects")],
        ..NodeStatus::default()
    };
    let journal = JournalStatus {
        commit_bytes: 1 << 20,
        segment_bytes: 64 << 20,
        ..JournalStatus::default()
    };
    Status { pair: Some(Box::new(pair)), journal: Some(journal), uptime_s: 10, ..Status::default() }
}

/// What is wrong, when something was changed.
fn wrong(drill: Drill, change: impl FnOnce(&mut Status)) -> Vec<String> {
    let mut status = tokyo();
    change(&mut status);
    let checks = before::checks(drill, &status, status.pair.as_deref().unwrap());
    let wrong = checks.into_iter().filter(|check| !check.holds);
    wrong.map(|check| format!("{}: {}", check.what, check.found)).collect()
}

fn of_pair(drill: Drill, change: impl FnOnce(&mut NodeStatus)) -> Vec<String> {
    wrong(drill, |status| change(status.pair.as_deref_mut().unwrap()))
}

fn of_peer(change: impl FnOnce(&mut PeerStatus)) -> Vec<String> {
    of_pair(Drill::Failover, |pair| change(pair.peer.as_mut().unwrap()))
}

fn of_machine(change: impl FnOnce(&mut Machine)) -> Vec<String> {
    of_peer(|peer| change(peer.machine.as_mut().unwrap()))
}

#[test]
fn two_nodes_that_are_well_may_be_drilled() {
    assert_eq!(wrong(Drill::Failover, |_| {}), Vec::<String>::new());
    assert_eq!(wrong(Drill::LinkLoss, |_| {}), Vec::<String>::new());
}

#[test]
fn each_thing_that_is_not_as_it_should_be_keeps_a_drill_from_being_done() {
    let failover = Drill::Failover;
    let found = [
        of_pair(failover, |pair| pair.role = NodeRole::Standby),
        of_pair(failover, |pair| {
            pair.role = NodeRole::Standby;
            pair.peer.as_mut().unwrap().role = Some(NodeRole::Primary);
        }),
        of_pair(failover, |pair| pair.sync = SyncState::Solo),
        of_pair(failover, |pair| pair.lag = Some(Lag { records: 2, bytes: None, ms: 1_001 })),
        of_peer(|peer| peer.build = Some("sekishod 0.2.0".into())),
        of_pair(failover, |pair| pair.digests[1].differs = true),
        of_peer(|peer| peer.clock_ahead_ms = Some(-101)),
        of_pair(failover, |pair| pair.witness = None),
        of_pair(Drill::LinkLoss, |pair| {
            pair.witness = None;
            pair.when_standby_lost = Some("stop".into());
        }),
        of_pair(Drill::LinkLoss, |pair| pair.when_standby_lost = Some("stop".into())),
        of_pair(failover, |pair| pair.witness.as_mut().unwrap().answers = false),
        of_pair(failover, |pair| {
            pair.witness.as_mut().unwrap().record.as_mut().unwrap().in_sync = None;
        }),
        of_machine(|machine| machine.witness = Some(false)),
        of_machine(|machine| machine.cores = 1),
        of_machine(|machine| (machine.memory_free, machine.memory_used) = (1 << 29, 1 << 29)),
        of_machine(|machine| machine.disk_free = 300 << 20),
        of_machine(|machine| machine.problems = vec!["its certificate ends".into()]),
        of_peer(|peer| peer.machine = None),
        of_pair(failover, |pair| pair.repairing = true),
    ];
    expect_test::expect![[r#"
        place: tokyo is a standby, and no primary is known here
        place: tokyo is a standby: type it on osaka, which is the primary
        sync: not in sync
        sync: in sync for 1m 1s; osaka lacks 2 records
        versions: sekishod 0.1.0 here, sekishod 0.2.0 there
        agreed on: dialects: DIFFER, or not known there
        clocks: osaka is -101 ms ahead, with 900 us there and back
        witness: there is none: nobody would take over
        standby lost: when_standby_lost = "stop": nothing would be released without the standby
        standby lost: when_standby_lost = "stop": nothing would be released without the standby
        witness: does not answer
        witness: its record does not let osaka take over
        witness there: does not answer osaka
        processors there: 1 processors and 3 workers; here 4 and 3, of which 1.25 were busy at most in five minutes
        memory there: 1024 MiB to be had, 1024 MiB used here
        disk there: 300 MiB free: 50m 0s at the usual rate, even if nothing is packed
        problems there: its certificate ends
        witness there: whether it answers osaka is not known + survivor: osaka has not said what its machine is
        other changes: damage in the log is being made good"#]].assert_eq(&found.map(|one| one.join(" + ")).join("\n"));
}

fn before() -> Before {
    Before { position: 100, epoch: 3, owed: 1, diverged: 0, clock_ahead_ms: 10 }
}

/// The log of a drill in which osaka's clock is 10 ms ahead.
fn evidence() -> Evidence {
    let old = ReignSeen {
        epoch: 3,
        first_position: 101,
        last_position: 200,
        released: 190,
        answers: 40,
        last_answer_ns: Some(50 * SECOND - 1_000_000),
        ..ReignSeen::default()
    };
    let new = ReignSeen {
        epoch: 4,
        first_position: 201,
        last_position: 300,
        answers: 20,
        first_answer_ns: Some(53 * SECOND + 10_000_000),
        closed: 2,
        owed: 2,
        settled: 3,
        ..ReignSeen::default()
    };
    let drill = Drilled {
        drill: Drill::Failover,
        begun_ns: 49 * SECOND,
        ended_ns: Some(50 * SECOND),
        for_ms: 6_000,
        epoch: 3,
        released: Some(199),
    };
    Evidence { drill: Some(drill), reigns: vec![old, new], ..Evidence::default() }
}

fn after() -> NodeStatus {
    let opened = Some((4, 52 * SECOND + 510_000_000));
    let machine = Some(Box::new(Machine { opened, ..machine() }));
    let peer = Some(PeerStatus { machine, ..PeerStatus::default() });
    NodeStatus { epoch: 4, peer, ..NodeStatus::default() }
}

fn judged(seen: &Seen) -> String {
    let line = |check: &before::Check| {
        format!("{} {}: {}", if check.holds { "ok" } else { "PROBLEM" }, check.what, check.found)
    };
    seen.verdict.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn failed_over(evidence: &Evidence) -> Seen {
    Seen::of(Drill::Failover, &before(), &after(), evidence, Duration::from_secs(5))
}

#[test]
fn a_takeover_is_measured_from_the_last_answer_to_the_first_one_by_one_clock() {
    let seen = failed_over(&evidence());
    assert_eq!((seen.rto_ms, seen.opened_ms, seen.is_good()), (Some(3_001), Some(2_500), true));
    expect_test::expect![[r"
        ok RTO: 3001 ms, 5000 ms at most; from the last answer of the old primary to the first of the new one
        ok RPO: 0 records; released up to 199, the new reign has all up to 200
        ok owed: none; 2 requests were closed with 909"]].assert_eq(&judged(&seen));
}

#[test]
fn where_nobody_had_asked_the_open_ports_count() {
    let mut quiet = evidence();
    quiet.reigns[0].last_answer_ns = Some(47 * SECOND);
    let seen = failed_over(&quiet);
    assert_eq!((seen.rto_ms, seen.is_good()), (Some(2_500), true), "{}", judged(&seen));
}

#[test]
fn what_was_released_behind_the_begin_of_the_new_reign_is_missing() {
    let mut lost = evidence();
    lost.drill.as_mut().unwrap().released = Some(203);
    lost.reigns[1].settled = 0;
    lost.reigns[1].first_answer_ns = Some(56 * SECOND);
    let seen = failed_over(&lost);
    assert_eq!((seen.rpo_records, seen.owed, seen.is_good()), (Some(3), 3, false));
    expect_test::expect![[r"
        PROBLEM RTO: 5991 ms, 5000 ms at most; from the last answer of the old primary to the first of the new one
        PROBLEM RPO: 3 records; released up to 203, the new reign has all up to 200
        PROBLEM owed: 3 messages for issuers wait, 1 did before: sekisho saf list on the primary"]].assert_eq(&judged(&seen));
}

#[test]
fn on_the_way_back_what_the_standby_had_heard_of_counts_and_not_its_own_log() {
    let back = |heard| {
        Seen::of_the_way_back(&before(), (&after(), heard), &evidence(), Duration::from_secs(5))
    };
    let rpo = [200, 203, 0].map(|heard| back(heard).rpo_records);
    assert_eq!(rpo, [Some(0), Some(3), None]);
}

#[test]
fn what_is_not_known_is_not_good() {
    let mut unknown = evidence();
    unknown.reigns.pop();
    assert!(!failed_over(&unknown).is_good());
    let mut unsaid = evidence();
    unsaid.drill.as_mut().unwrap().released = None;
    let seen = failed_over(&unsaid);
    assert_eq!(
        (seen.rpo_records, seen.is_good()),
        (None, false),
        "the log that is left does not know it"
    );
    assert!(!failed_over(&Evidence::default()).is_good());
}

#[test]
fn a_line_that_was_lost_leaves_the_same_primary_which_went_on_alone() {
    let link = LinkLoss {
        longest_wait_us: 1_100_001,
        solo_ms: Some(1_050),
        at_risk: 90,
        line_ms: Some(10_100),
        sync_ms: Some(11_400),
        epoch: 3,
        done: true,
    };
    let after = NodeStatus { epoch: 3, ..after() };
    let first = Before { owed: 0, ..before() };
    let of = |link: &LinkLoss| {
        let evidence = Evidence { link: Some(link.clone()), ..Evidence::default() };
        Seen::of(Drill::LinkLoss, &first, &after, &evidence, Duration::from_secs(5))
    };
    expect_test::expect![[r"
        ok RTO: 1101 ms, 5000 ms at most; the longest time that something that was written down waited for its release
        ok alone: after 1050 ms the primary went on alone
        ok the same reign: nobody took over
        ok in sync again: 11400 ms after the begin, by itself
        ok RPO: 0 records at one node alone now; who released them goes on with its log
        ok owed: none; 0 requests were closed with 909"]].assert_eq(&judged(&of(&link)));
    assert!(of(&link).is_good());
    let at_risk = NodeStatus { records_at_risk: 2, ..after.clone() };
    let evidence = Evidence { link: Some(link.clone()), ..Evidence::default() };
    let risky = Seen::of(Drill::LinkLoss, &first, &at_risk, &evidence, Duration::from_secs(5));
    assert_eq!((risky.rpo_records, risky.is_good()), (Some(2), false));
    let quiet = of(&LinkLoss { longest_wait_us: 0, ..link });
    assert_eq!((quiet.rto_ms, quiet.is_good()), (None, true), "nobody asked");
    assert!(!of(&LinkLoss { solo_ms: None, ..link }).is_good());
    assert!(!of(&LinkLoss { sync_ms: None, ..link }).is_good());
    assert!(!of(&LinkLoss { epoch: 4, ..link }).is_good());
}
