//! What an operator sees.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

use super::*;
use daemon::change::{Adoption, Progress, Stage, Version};
use daemon::node_requests::{NodeRole, NodeStatus, PeerStatus, SyncState};
use daemon::saf::SafStatus;
use daemon::status::{
    ControlStatus, JournalStatus, LaneStatus, LinkState, LinkStatus, NodeState, OrphanStatus,
    SCHEMA_VERSION, StationStatus, WorkerStatus,
};
use expect_test::{Expect, expect};

fn link(id: u32, state: LinkState) -> LinkStatus {
    let peer = format!("10.1.0.9:{}", 8_000 + id);
    LinkStatus { id, peer, state, since_s: 4_000, out_max: 1 << 20, ..LinkStatus::default() }
}

fn issuer(links: Vec<LinkStatus>) -> StationStatus {
    let ready = links.iter().filter(|l| matches!(l.state, LinkState::Up | LinkState::SignedOn));
    StationStatus {
        name: "issuer-x".into(),
        role: "issuer".into(),
        dialect: "iso93-binary".into(),
        worker: 0,
        sign_on: "none".into(),
        connects: true,
        links_per_peer: 2,
        frame_timeout_ms: 5_000,
        noise_max: 100,
        links_ready: ready.count().try_into().unwrap(),
        links_max: links.len().try_into().unwrap(),
        links,
        in_flight: 12,
        in_flight_max: 100_000,
        resting: 0,
        requests: 99_500,
        answers: 99_480,
        approved: 99_000,
        declined: 480,
        timeouts: 8,
        p50_us: Some(850),
        p99_us: Some(12_345),
        stored: Some(SafStatus { alarm_after: 6, ..SafStatus::default() }),
        ..StationStatus::default()
    }
}

fn acquirer(links: u32) -> StationStatus {
    StationStatus {
        name: "merchant-a".into(),
        role: "acquirer".into(),
        dialect: "iso93-ascii".into(),
        sign_on: "none".into(),
        links_ready: links,
        links_max: 1_024,
        links: (0..links).map(|id| link(id, LinkState::Up)).collect(),
        requests: 100_000,
        answers: 100_000,
        ..StationStatus::default()
    }
}

fn status(stations: Vec<StationStatus>) -> Status {
    Status {
        schema_version: SCHEMA_VERSION,
        node: "tokyo".into(),
        institution: "49000000001".into(),
        version: "0.1.0".into(),
        pid: 4_711,
        uptime_s: 7_980,
        configuration: "/etc/sekisho/sekisho.toml".into(),
        workers: vec![WorkerStatus {
            id: 0,
            answering: true,
            turns: 123_456,
            pulse_ms: Some(2_400),
            pending: 12,
            pending_max: 262_144,
            parked_max: 1_024,
            held_max: 512,
            stored_max: 65_536,
            gate_bytes: 1 << 20,
            lanes: vec![LaneStatus { to: 1, used: 64, bytes: 65_536, waiting: 0 }],
            ..WorkerStatus::default()
        }],
        stations,
        ..Status::default()
    }
}

#[track_caller]
fn check(status: &Status, expected: &Expect) {
    expected.assert_eq(&table::table(status, false, Colours::NONE));
}

#[track_caller]
fn check_problems(status: &Status, expected: &Expect) {
    let lines = problems::problems(status).into_iter().map(|problem| problem + "\n");
    expected.assert_eq(&lines.collect::<String>());
}

#[test]
fn a_healthy_node_says_so_first() {
    let mut healthy = status(vec![acquirer(2), issuer(vec![link(2, LinkState::Up)])]);
    healthy.counters = [("no_route", 3), ("never", 0)].map(|(n, c)| (n.to_string(), c)).into();
    healthy.limits = [("clients_max".to_string(), 16)].into();
    healthy.inactive = vec!["journal.sync: not active yet".into()];
    check(
        &healthy,
        &expect![[r#"
            tokyo is serving, up 2h 13m, institution 49000000001
            sekishod 0.1.0, pid 4711, configuration /etc/sekisho/sekisho.toml

            No problems.

            STATION     LINK  STATE    FOR  PEER           ECHOES MISSED    TO SEND  LAST ERROR
            merchant-a     0  up     1h 6m  10.1.0.9:8000              0  0/1048576
            merchant-a     1  up     1h 6m  10.1.0.9:8001              0  0/1048576
            issuer-x       2  up     1h 6m  10.1.0.9:8002              0  0/1048576

            STATION     ROLE      DIALECT       SIGN-ON  WORKER   READY  IN FLIGHT  REQUESTS  ANSWERS  APPROVED  DECLINED  TIMEOUTS    P50   P99
            merchant-a  acquirer  iso93-ascii   none          0  2/1024          0    100000   100000         0         0         0      -     -
            issuer-x    issuer    iso93-binary  none          0     1/1  12/100000     99500    99480     99000       480         8  850us  12ms

            WORKER  ANSWERS   TURNS  LAST PULSE    PENDING  PARKED  HELD REPEATS   STORED  REPEATS KNOWN    AT GATE  FULLEST LANE
            0       yes      123456          2s  12/262144  0/1024         0/512  0/65536              -  0/1048576      64/65536

            Counters (those that are not zero)
              no_route 3

            Limits
              clients_max 16

            Configured and not active
              journal.sync: not active yet
        "#]],
    );
}

#[test]
fn what_is_wrong_comes_first_and_in_words() {
    let mut links = [1, 2, 3, 4].map(|id| link(id, LinkState::Up)).to_vec();
    links[1].state = LinkState::Down;
    links[1].last_error = Some("connection refused".into());
    links[3].echo_missed = 2;
    check(
        &status(vec![acquirer(0), issuer(links)]),
        &expect![[r#"
            tokyo is serving, up 2h 13m, institution 49000000001
            sekishod 0.1.0, pid 4711, configuration /etc/sekisho/sekisho.toml

            PROBLEMS: 3
              merchant-a has no link that carries requests: it is not connected
              issuer-x, link 2 to 10.1.0.9:8002: down, last error: connection refused
              issuer-x, link 4: 2 missed in a row of the 3 echoes that reopen it

            STATION     LINK  STATE              FOR  PEER           ECHOES MISSED    TO SEND  LAST ERROR
            merchant-a     -  nobody came yet
            issuer-x       2  BAD: down        1h 6m  10.1.0.9:8002              0  0/1048576  connection refused
            issuer-x       1  up               1h 6m  10.1.0.9:8001              0  0/1048576
            issuer-x       3  up               1h 6m  10.1.0.9:8003              0  0/1048576
            issuer-x       4  up               1h 6m  10.1.0.9:8004              2  0/1048576

            STATION     ROLE      DIALECT       SIGN-ON  WORKER   READY  IN FLIGHT  REQUESTS  ANSWERS  APPROVED  DECLINED  TIMEOUTS    P50   P99
            merchant-a  acquirer  iso93-ascii   none          0  0/1024          0    100000   100000         0         0         0      -     -
            issuer-x    issuer    iso93-binary  none          0     3/4  12/100000     99500    99480     99000       480         8  850us  12ms

            WORKER  ANSWERS   TURNS  LAST PULSE    PENDING  PARKED  HELD REPEATS   STORED  REPEATS KNOWN    AT GATE  FULLEST LANE
            0       yes      123456          2s  12/262144  0/1024         0/512  0/65536              -  0/1048576      64/65536
        "#]],
    );
}

#[test]
fn a_station_without_a_link_says_why() {
    let with = |state, sign_on: &str| {
        let mut station = issuer(vec![link(1, state)]);
        (station.sign_on, station.links_ready) = (sign_on.into(), 0);
        station.links[0].last_error = Some("no answer to 801".into());
        station
    };
    let mut gone = with(LinkState::Down, "none");
    gone.connects = false;
    let stations = vec![
        with(LinkState::Down, "none"),
        with(LinkState::Connecting, "none"),
        with(LinkState::Up, "ours"),
        with(LinkState::SignedOff, "theirs"),
        gone,
    ];
    check_problems(
        &status(stations),
        &expect![[r#"
        issuer-x has no link that carries requests: no connection to it is up, last error: no answer to 801
        issuer-x has no link that carries requests: no connection to it is up, last error: no answer to 801
        issuer-x has no link that carries requests: it has not signed on, last error: no answer to 801
        issuer-x has no link that carries requests: it has signed off, last error: no answer to 801
        issuer-x has no link that carries requests: it is not connected
    "#]],
    );
}

#[test]
fn use_close_to_a_bound_is_a_problem_from_eighty_per_cent_on() {
    let mut full = status(vec![issuer(vec![link(1, LinkState::Up)])]);
    let worker = &mut full.workers[0];
    (worker.pending, worker.pending_max) = (79, 100);
    (worker.parked, worker.parked_max) = (80, 100);
    (worker.gate_used, worker.gate_bytes) = (100, 100);
    worker.lanes[0].used = 60_000;
    full.stations[0].in_flight = 80_000;
    full.stations[0].links[0].out_buffered = 1 << 20;
    check_problems(
        &full,
        &expect![[r#"
            issuer-x, link 1: bytes it does not read: 1048576 of at most 1048576
            issuer-x: requests in flight: 80000 of at most 100000
            worker 0: parked decisions: 80 of at most 100
            worker 0: bytes at the gate: 100 of at most 100
            worker 0: bytes to worker 1: 60000 of at most 65536
        "#]],
    );
}

#[test]
fn a_worker_that_does_not_answer_and_a_drain_are_named_first() {
    let mut stuck = status(vec![acquirer(0)]);
    stuck.state = NodeState::Draining;
    stuck.workers[0].answering = false;
    check_problems(
        &stuck,
        &expect![[r#"
            the node is draining: it takes no new request
            worker 0 does not answer: its figures below are old, and so may be its links
            merchant-a has no link that carries requests: it is not connected
        "#]],
    );
}

#[test]
fn of_many_links_the_worst_are_shown_and_the_others_counted() {
    let mut links: Vec<_> = (0..12).map(|id| link(id, LinkState::Up)).collect();
    links[11].state = LinkState::Down;
    let many = status(vec![issuer(links)]);
    let short = table::table(&many, false, Colours::NONE);
    let rows: Vec<&str> = short.lines().filter(|line| line.starts_with("issuer-x ")).collect();
    assert!(rows[0].contains("BAD: down"), "{short}");
    assert!(rows[8].contains("4 more") && rows[8].contains("none BAD"), "{short}");
    assert_eq!(rows.len(), 8 + 1 + 1, "eight links, the rest, and the station itself");
    let long = table::table(&many, true, Colours::NONE);
    assert_eq!(long.lines().filter(|line| line.starts_with("issuer-x ")).count(), 12 + 1);
}

#[test]
fn of_many_problems_the_first_are_shown_and_the_others_counted() {
    let links = (0..25).map(|id| link(id, LinkState::Down));
    let many = status(vec![issuer(links.chain([link(25, LinkState::Up)]).collect())]);
    let short = table::table(&many, false, Colours::NONE);
    assert!(short.contains("PROBLEMS: 25\n"), "{short}");
    assert!(short.contains("  and 5 more; --all shows them\n"), "{short}");
    assert!(!table::table(&many, true, Colours::NONE).contains("more; --all"));
}

#[test]
fn one_link_of_several_that_is_not_ready_is_named() {
    let mut station = issuer([1, 2, 3].map(|id| link(id, LinkState::SignedOn)).to_vec());
    station.sign_on = "ours".into();
    station.links[0].state = LinkState::Up;
    station.links[1].state = LinkState::Connecting;
    check_problems(
        &status(vec![station]),
        &expect![[r#"
        issuer-x, link 1 to 10.1.0.9:8001: up and not signed on
        issuer-x, link 2 to 10.1.0.9:8002: connecting
    "#]],
    );
}

#[test]
fn colours_only_underline_what_the_words_say() {
    let plain = table::table(&status(vec![acquirer(0)]), false, Colours::NONE);
    let coloured = table::table(&status(vec![acquirer(0)]), false, Colours::ALL);
    assert!(!plain.contains('\u{1b}') && coloured.contains('\u{1b}'));
    assert_eq!(coloured.replace("\u{1b}[31;1m", "").replace("\u{1b}[0m", ""), plain);
}

#[test]
fn without_a_daemon_the_exit_code_is_six_and_the_message_says_what_to_do() {
    let failure = ask(Path::new("/nowhere/control.sock")).unwrap_err();
    assert_eq!(failure.exit(), 6);
    expect![[r#"
        no daemon answers on /nowhere/control.sock: No such file or directory (os error 2)
        Is sekishod running? If its control.socket is another one: --socket PATH"#]]
    .assert_eq(&failure.to_string());
}

#[test]
fn a_period_has_a_unit_and_bounds() {
    assert_eq!(period("2s"), Ok(Duration::from_secs(2)));
    assert_eq!(period("500ms"), Ok(Duration::from_millis(500)));
    assert_eq!(period("1m"), Ok(Duration::from_mins(1)));
    for text in ["", "2", "s", "2h", "99ms", "25m0", "90000s", "-1s"] {
        assert!(period(text).is_err(), "{text}");
    }
}

/// A journal that keeps up.
fn journal() -> JournalStatus {
    JournalStatus {
        sync: "local".into(),
        directory: "/var/lib/sekisho/journal".into(),
        path: "mapped".into(),
        epoch: 3,
        position: 200_010,
        durable: 200_000,
        segment_bytes: 64 << 20,
        segments: 2,
        spares: 2,
        archives: 12,
        bytes: 700 << 20,
        free_bytes: 40 << 30,
        records: 100_000,
        commits: 8_000,
        commit_p50_us: Some(94),
        commit_p99_us: Some(204),
        checkpoint: 180_000,
        replayed: 20_000,
        replayed_ms: 45,
        closed_at_start: 3,
        priority: "nice -10".into(),
        has_room: true,
        ..JournalStatus::default()
    }
}

fn with(journal: JournalStatus) -> Status {
    Status { journal: Some(journal), ..status(vec![]) }
}

#[test]
fn a_journal_that_keeps_up_is_shown_and_is_no_problem() {
    let shown = table::table(&with(journal()), false, Colours::NONE);
    let section = shown.split("JOURNAL").nth(1).unwrap();
    expect![[r#"

        directory         /var/lib/sekisho/journal
        written           mapped, sync local
        scheduled         nice -10
        epoch             3
        records           200010
        durable           200000 (10 behind)
        commits           8000
        records a commit  12.5
        commit p50        94us
        commit p99        204us
        segments          2 of 64 MiB
        spares            2
        archives          12
        checkpoint        after record 180000
        size              700 MiB
        disk free         40 GiB
        read through      not begun
        read at start     20000 records, 45 ms
        closed at start   3 requests
    "#]]
    .assert_eq(section);
    check_problems(&with(journal()), &expect![""]);
}

#[test]
fn a_journal_without_room_or_spares_or_behind_or_slow_is_a_problem_from_its_bound_on() {
    let full = JournalStatus { has_room: false, spares: 1, refused_no_room: 17, ..journal() };
    check_problems(
        &with(full),
        &expect![[r#"
        the journal has no room: new requests are refused (907, 17 so far), answers still pass; its disk has 40 GiB free: make room on it, or shorten journal.retain
    "#]],
    );
    let few = JournalStatus { spares: 1, ..journal() };
    check_problems(
        &with(few),
        &expect![[r#"
        the journal has 1 of 2 spare segments ready; below that new requests are refused: its disk has 40 GiB free
    "#]],
    );
    let past_not_read = Some("0000000000000002.archive is damaged: it is not there".to_owned());
    check_problems(
        &with(JournalStatus { past_not_read, ..journal() }),
        &expect![[r#"
        the journal is not read far enough back: 0000000000000002.archive is damaged: it is not there; reversals and advices about what is older than memory get 909: sekisho journal verify
    "#]],
    );
    let late = |position| with(JournalStatus { position, ..journal() });
    check_problems(&late(250_000), &expect![""]);
    check_problems(
        &late(250_001),
        &expect![[r#"
        50001 records are not on the disk yet, and what they permit waits: is its disk busy? iostat -x 1, sekisho perf check
    "#]],
    );
    let slow = |p99| with(JournalStatus { commit_p99_us: Some(p99), ..journal() });
    check_problems(&slow(50_000), &expect![""]);
    check_problems(
        &slow(50_001),
        &expect![[r#"
        one commit in a hundred takes 50 ms or more, and every answer waits for two: sekisho perf check says what its disk gives
    "#]],
    );
    let left = |free_bytes| with(JournalStatus { free_bytes, ..journal() });
    check_problems(&left(256 << 20), &expect![""]);
    check_problems(
        &left((256 << 20) - 1),
        &expect![[r#"
        the journal's disk has 255 MiB free, less than 4 segments: make room on it, or shorten journal.retain
    "#]],
    );
}

/// A node whose one issuer has this stored for it.
fn storing(stored: SafStatus) -> Status {
    let mut status = status(vec![issuer(vec![link(1, LinkState::Up)])]);
    status.stations[0].stored = Some(stored);
    status
}

#[test]
fn what_is_stored_is_shown_by_issuer_and_waits_without_being_a_problem() {
    let stored = SafStatus { waiting: 12, sent: 1, oldest_s: Some(90), ..SafStatus::default() };
    let shown = table::table(&storing(stored), false, Colours::NONE);
    let section = shown.split("\n\n").find(|section| section.starts_with("STORED FOR"));
    expect![[r#"
        STORED FOR  STATE    WAITING  SENT  PARKED  HELD  ALARMED  OLDEST
        issuer-x    sending       12     1       0     0        0  1m 30s"#]]
    .assert_eq(section.unwrap());
    check_problems(&storing(stored), &expect![""]);
    let none = table::table(&storing(SafStatus::default()), false, Colours::NONE);
    assert!(!none.contains("STORED FOR"), "{none}");
}

#[test]
fn what_is_stored_and_does_not_end_by_itself_is_a_problem_with_a_way_out() {
    let stored = SafStatus {
        parked: 2,
        held: 1,
        alarmed: 3,
        alarm_after: 6,
        oldest_s: Some(7_200),
        ..SafStatus::default()
    };
    check_problems(
        &storing(stored),
        &expect![[r#"
        issuer-x: 2 stored messages parked, refused with a code that will not heal: sekisho saf list --issuer issuer-x says which; agree with it what is to be done, then saf release or saf purge
        issuer-x: 3 stored messages sent 6 times or more without an acknowledgement, the oldest 2h 0m old: does it answer? sending goes on
        issuer-x: 1 stored message held by an operator: saf release lets it go on
    "#]],
    );
}

#[test]
fn what_can_not_be_sent_now_says_why() {
    let state = |status: &Status| {
        let shown = table::table(status, false, Colours::NONE);
        let row = shown.lines().skip_while(|line| !line.starts_with("STORED FOR")).nth(1);
        row.map(|row| row.split("  ").nth(2).unwrap_or_default().trim().to_owned())
    };
    let stored = SafStatus { waiting: 3, paused: true, ..SafStatus::default() };
    let paused = storing(stored);
    assert_eq!(state(&paused).as_deref(), Some("paused"));
    check_problems(
        &paused,
        &expect![[r#"
        issuer-x: 3 stored messages not sent, because it is signed off (802) or not available (803), until it signs on (801)
    "#]],
    );
    let mut away = storing(SafStatus { paused: false, ..stored });
    away.stations[0].links_ready = 0;
    assert_eq!(state(&away).as_deref(), Some("no link"));
}

#[test]
fn a_table_of_repeats_that_forgets_too_soon_is_a_problem_under_ten_minutes() {
    let known = |seconds| {
        let mut status = status(vec![issuer(vec![link(1, LinkState::Up)])]);
        status.workers[0].repeats_known_s = seconds;
        status
    };
    check_problems(&known(None), &expect![""]);
    check_problems(&known(Some(600)), &expect![""]);
    check_problems(
        &known(Some(599)),
        &expect![[r#"
        worker 0: a repeat is known for 9m 59s only, and would be a new request after that: raise limits.duplicates_max
    "#]],
    );
}

#[test]
fn stored_messages_and_held_repeats_close_to_their_bound_are_problems() {
    let mut full = status(vec![issuer(vec![link(1, LinkState::Up)])]);
    let worker = &mut full.workers[0];
    (worker.held, worker.stored) = (410, 65_536);
    check_problems(
        &full,
        &expect![[r#"
        worker 0: held repeats: 410 of at most 512
        worker 0: stored messages: 65536 of at most 65536
    "#]],
    );
}

#[test]
fn of_many_approvals_in_doubt_some_are_named_and_where_the_others_are() {
    let mut doubtful = status(vec![issuer(vec![link(1, LinkState::Up)])]);
    let worker = &mut doubtful.workers[0];
    worker.deliveries_unknown = 300;
    worker.deliveries_unknown_first = (0..300).map(|n| format!("issuer-x/{n:06}")).collect();
    let told = problems::problems(&doubtful).join("\n");
    assert!(told.contains("issuer-x/000019 and more: sekisho status -o json)"), "{told}");
    assert!(!told.contains("issuer-x/000020"), "{told}");
}

#[test]
fn approvals_in_doubt_are_named() {
    let mut doubtful = status(vec![issuer(vec![link(1, LinkState::Up)])]);
    let worker = &mut doubtful.workers[0];
    worker.deliveries_unknown = 2;
    worker.deliveries_unknown_first = vec!["issuer-x/004711".into(), "issuer-x/004712".into()];
    check_problems(
        &doubtful,
        &expect![[r#"
        worker 0: 2 approvals may not have reached their acquirer whole (issuer-x/004711 issuer-x/004712): its repeat or reversal settles each; if none comes, ask it: sekisho txn find --stan STAN
    "#]],
    );
}

#[test]
fn what_may_be_lost_is_named() {
    let mut lossy = status(vec![issuer(vec![link(1, LinkState::Up)])]);
    let one = |rrn: &str| OrphanStatus {
        acquirer: "merchant-a".into(),
        stan: "000101".into(),
        rrn: rrn.into(),
        ..OrphanStatus::default()
    };
    lossy.workers[0].orphans = vec![one("632514000101"), one("")];
    check_problems(
        &lossy,
        &expect![[r#"
        worker 0: 2 messages were named since a promotion that may have lost them (merchant-a 000101 632514000101, merchant-a 000101): settle each with its acquirer, whose repeat got 909
    "#]],
    );
    lossy.workers[0].orphans = vec![one(""); 300];
    let told = problems::problems(&lossy).join("\n");
    assert!(told.contains("000101 and more: sekisho status -o json)"), "{told}");
}

#[test]
fn what_stands_in_no_log_or_no_journal_is_a_problem() {
    let mut lossy = status(vec![acquirer(2)]);
    lossy.log_lines_lost = 12;
    lossy.control = ControlStatus { clients: 1, commands: 9, refused: 2, unrecorded: 3 };
    let shown = table::table(&lossy, false, Colours::NONE);
    assert!(shown.contains("\nControl socket: 1 connected, 9 commands, 2 refused\n"), "{shown}");
    check_problems(
        &lossy,
        &expect![[r#"
            3 commands stand in the log alone: the journal had no room for them
            12 log lines were lost since the start: is its stderr read? journalctl -u sekishod
        "#]],
    );
}

fn reload(run: u64, stage: Stage) -> Progress {
    let (by, how, number) = ("hana".into(), "apply".into(), 8);
    Progress { run, stage, by, how, number, ..Progress::default() }
}

#[test]
fn what_runs_is_said_with_who_wanted_it_and_who_is_gone_is_no_problem() {
    let gone = StationStatus { retired: true, links_ready: 0, ..acquirer(0) };
    let mut status = status(vec![issuer(vec![link(2, LinkState::Up)]), gone]);
    status.adopted = Version {
        number: 7,
        digest: "4f2a90c1".repeat(8),
        utc: 1_795_000_000,
        by: "hana".into(),
        how: "apply".into(),
        standby: false,
    };
    check_problems(&status, &expect![[""]]);
    let table = table::table(&status, false, Colours::NONE);
    let shown: Vec<&str> = table
        .lines()
        .filter(|line| line.contains("configuration 7") || line.contains("retired"))
        .collect();
    expect![[r#"
        [
            "configuration 7 (4f2a90c1), taken up 2026-11-18T11:06:40Z by hana (apply)",
            "merchant-a     -  retired",
            "merchant-a  acquirer, retired  iso93-ascii   none          0  0/1024          0    100000   100000         0         0         0      -     -",
        ]
    "#]].assert_debug_eq(&shown);
}

#[test]
fn a_refused_reload_and_a_worker_that_is_behind_are_problems() {
    let mut status = status(vec![issuer(vec![link(2, LinkState::Up)])]);
    status.adopted.number = 7;
    let refusals = vec!["station issuer-y: listen: 10.0.0.1:7002: in use".into(), "more".into()];
    status.refused = Some(Progress { refusals, ..reload(3, Stage::Refused) });
    let adoption = |worker, adopted_us| Adoption { worker, adopted_us, opened_us: None };
    let workers = vec![adoption(0, Some(210)), adoption(1, None)];
    status.reload = Some(Progress { workers, ..reload(4, Stage::Adopting) });
    check_problems(
        &status,
        &expect![[r#"
        the last reload was refused, and configuration 7 goes on: station issuer-y: listen: 10.0.0.1:7002: in use (and 1 more); see sekisho config plan
        worker 1 has not taken up configuration 8 yet, and is waited for
    "#]],
    );
    status.reload = Some(reload(4, Stage::Done));
    status.refused = None;
    check_problems(&status, &expect![[""]]);
    let problems = vec!["worker 1: listen on 10.0.0.1:7002: too many open files".into()];
    status.reload = Some(Progress { problems, ..reload(4, Stage::Done) });
    check_problems(
        &status,
        &expect![[r#"
        after the last reload: worker 1: listen on 10.0.0.1:7002: too many open files
    "#]],
    );
}

#[test]
fn one_of_two_nodes_says_which_part_it_has_and_what_is_wrong_between_them_first() {
    let mut shown = status(vec![acquirer(2), issuer(vec![link(2, LinkState::Up)])]);
    let peer = PeerStatus {
        name: "osaka".into(),
        address: "10.0.0.2:7100".into(),
        line_since_s: Some(90),
        ..PeerStatus::default()
    };
    let pair = NodeStatus {
        name: "tokyo".into(),
        role: NodeRole::Primary,
        epoch: 3,
        sync: SyncState::Sync,
        sync_since_s: Some(80),
        peer: Some(peer),
        ..NodeStatus::default()
    };
    let solo = NodeStatus { sync: SyncState::Solo, why: "osaka lags".into(), ..pair.clone() };
    shown.pair = Some(Box::new(pair));
    let text = table::table(&shown, false, Colours::NONE);
    assert!(text.contains("\ntokyo is primary, epoch 3; sync with osaka for 1m 20s\n"), "{text}");
    assert!(text.contains("\nNo problems.\n"), "{text}");
    shown.pair = Some(Box::new(NodeStatus { records_at_risk: 9, ..solo }));
    check_problems(
        &shown,
        &expect![[r"
            9 released records are at one node only: osaka lags
        "]],
    );
}

#[test]
fn the_stations_of_a_standby_are_connected_to_the_other_node_and_that_is_no_problem() {
    let serving = status(vec![acquirer(0), issuer(vec![link(2, LinkState::Down)])]);
    let standby = Status { state: NodeState::Standby, ..serving.clone() };
    assert_eq!(problems::problems(&standby), [""; 0]);
    assert_eq!(problems::problems(&serving).len(), 2);
}
