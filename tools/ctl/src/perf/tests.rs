//! What is said of machines of several kinds.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

use super::advice::advice;
use super::figures::{Commit, Figures};
use super::loopback::Loopback;
use super::table::table;
use crate::output::Colours;
use expect_test::{Expect, expect};

/// Commits of one block that took so long, and larger ones.
fn commits(p50_ns: u64, p99_ns: u64) -> [Commit; 2] {
    let small = Commit { bytes: 4_096, p50_ns, p99_ns, commits: 1_000 };
    [small, Commit { bytes: 65_536, p50_ns: 2 * p50_ns, p99_ns: 2 * p99_ns, commits: 800 }]
}

/// A machine with a disk that is neither too quick nor too slow.
fn good() -> Figures {
    Figures {
        directory: "/var/lib/sekisho".into(),
        file_system: "ext4".into(),
        mapped: commits(94_000, 204_000),
        direct: Some(commits(87_000, 170_000)),
        direct_note: None,
        read_bytes_a_second: 549 << 20,
        loopback: Loopback {
            p50_ns: 25_000,
            p99_ns: 60_000,
            trips: 40_000,
            bytes_a_second: 3 << 30,
        },
    }
}

#[track_caller]
fn check(figures: &Figures, expected: &Expect) {
    expected.assert_eq(&table(figures, &advice(figures), Colours::NONE));
}

#[track_caller]
fn problems(figures: &Figures, expected: &Expect) {
    expected.assert_eq(&advice(figures).problems.join("\n"));
}

#[test]
fn a_good_disk_is_told_which_path_fits_which_rate() {
    check(
        &good(),
        &expect![[r#"
            disk of /var/lib/sekisho (ext4), and loopback

            No problems.

            WHAT                      P50      P99               MEASURED
            commit of 4 KiB, mapped   94.0 us  204 us        1000 commits
            commit of 64 KiB, mapped  188 us   408 us         800 commits
            commit of 4 KiB, direct   87.0 us  170 us        1000 commits
            commit of 64 KiB, direct  174 us   340 us         800 commits
            300 bytes there and back  25.0 us  60.0 us  40000 round trips

            read a segment    549 MiB/s
            loopback one way  3072 MiB/s

            What fits
              journal.path = "mapped" up to about 50000 records a second (25000 authorizations): one commit at a time, 10638 of them a second here, and what comes meanwhile shares the next
              journal.path = "direct" above that: up to four commits under way at once, no page cache and no page faults
              pacing needs no setting: nothing waits at low load, and at high load a batch waits at most 250 us to be fuller, which halves the processor time of a record

            What to expect
              an authorization waits for 2 commits and two round trips: about 238 us at low load with partners on this machine, one in fifty 348 us or more
              a start reads at most this fast: a segment of 64 MiB in 116 ms
        "#]],
    );
    assert_eq!(advice(&good()).path, "mapped");
}

#[test]
fn a_disk_whose_direct_commits_are_much_quicker_is_told_so() {
    let figures = Figures { mapped: commits(400_000, 900_000), ..good() };
    let said = advice(&figures);
    assert_eq!(said.path, "direct");
    expect![[r#"
        journal.path = "direct" at any rate: here its commits are the quicker ones; up to about 50000 records a second "mapped" takes less of the processor
        pacing needs no setting: nothing waits at low load, and at high load a batch waits at most 250 us to be fuller, which halves the processor time of a record"#]].assert_eq(&said.fits.join("\n"));
}

#[test]
fn where_direct_commits_are_much_slower_that_path_is_not_advised() {
    let slower = |p50_ns| advice(&Figures { direct: Some(commits(p50_ns, 900_000)), ..good() });
    expect![[r#"journal.path = "direct" does not pay here: one of its commits takes 376 us, and four under way at once do not make up for it"#]].assert_eq(&slower(376_001).fits[1]);
    assert!(slower(376_000).fits[1].contains("above that"));
}

#[test]
fn where_direct_is_not_to_be_had_the_reason_is_told() {
    let refused = "the file system has no direct access".to_owned();
    let figures = Figures { direct: None, direct_note: Some(refused), ..good() };
    expect![[r#"
        journal.path = "mapped" up to about 50000 records a second (25000 authorizations): one commit at a time, 10638 of them a second here, and what comes meanwhile shares the next
        journal.path = "direct" is not to be had here: the file system has no direct access; above 50000 records a second another file system is worth a try
        pacing needs no setting: nothing waits at low load, and at high load a batch waits at most 250 us to be fuller, which halves the processor time of a record"#]].assert_eq(&advice(&figures).fits.join("\n"));
}

#[test]
fn a_disk_that_forgets_or_lies_or_is_slow_is_a_problem() {
    let memory = Figures { file_system: "tmpfs".into(), ..good() };
    problems(
        &memory,
        &expect![
            "/var/lib/sekisho: tmpfs is memory: nothing in it outlives a power cut; keep the journal on a disk"
        ],
    );
    let quick = commits(39_999, 60_000);
    problems(
        &Figures { mapped: quick, direct: None, ..good() },
        &expect![
            "a commit takes 39.9 us, which no medium does by itself: a cache below answers for it; ask whoever runs this machine whether that cache outlives a power cut"
        ],
    );
    let slow = commits(4_000_000, 20_000_001);
    problems(
        &Figures { mapped: slow, direct: None, ..good() },
        &expect![
            "one commit in a hundred takes 20.0 ms or more, and every answer waits for two: look for other work on this disk (iostat -x 1), and give the journal a disk of its own"
        ],
    );
    let bounds = commits(40_000, 20_000_000);
    problems(&Figures { mapped: bounds, direct: None, ..good() }, &expect![[r#""#]]);
}
