//! What concerns the process: node, control, limits, and keys of later work.

use super::*;

#[test]
fn a_node_needs_a_name_and_an_institution() {
    check_each(
        &[
            changed("name = \"tokyo\"", ""),
            changed("name = \"tokyo\"", "name = 1"),
            changed("name = \"tokyo\"", "name = \"\""),
            changed("name = \"tokyo\"", "name = \"a23456789-123456789-123456789-123\""),
            changed("institution = \"49000000001\"", ""),
            changed("institution = \"49000000001\"", "institution = 49000000001"),
            changed("institution = \"49000000001\"", "institution = \"490000000012\""),
            changed("institution = \"49000000001\"", "institution = \"\""),
        ],
        &expect![[r#"
            sekisho.toml:2:1: node.name: missing; add name = "tokyo"
            sekisho.toml:3:8: node.name: is a number and must be a name, in quotes
            sekisho.toml:3:8: node.name: "" is no name; use 1 to 32 of a-z, 0-9 and -
            sekisho.toml:3:8: node.name: "a23456789-123456789-123456789-123" is no name; use 1 to 32 of a-z, 0-9 and -
            sekisho.toml:2:1: node.institution: missing; add the switch's own code, institution = "49000000001"
            sekisho.toml:4:15: node.institution: is a number and must be a code of 1 to 11 digits, in quotes
            sekisho.toml:4:15: node.institution: "490000000012" is not a code of 1 to 11 digits; write its digits alone
            sekisho.toml:4:15: node.institution: "" is not a code of 1 to 11 digits; write its digits alone
        "#]],
    );
}

#[test]
fn a_name_of_thirty_two_letters_is_the_longest() {
    let name = "a23456789-123456789-123456789-12";
    assert_eq!(loaded(&changed("name = \"tokyo\"", &format!("name = \"{name}\""))).node, name);
}

#[test]
fn numbers_of_the_node_have_bounds() {
    check_each(
        &[
            added("[node]", "workers = 65"),
            added("[node]", "workers = -1"),
            added("[node]", "workers = 2.5"),
            added("[node]", "workers = 99999999999999999999"),
            added("[node]", "spin_us = 3600000001"),
            added("[node]", "sick_after = \"999ms\""),
            added("[node]", "sick_after = 2"),
            added("[node]", "state = \"\""),
            added("[node]", "state = 1"),
        ],
        &expect![[r#"
            sekisho.toml:3:11: node.workers: 65 is outside of 0 to 64; choose one inside
            sekisho.toml:3:11: node.workers: -1 is outside of 0 to 64; choose one inside
            sekisho.toml:3:11: node.workers: is a number with a fraction and must be a whole number, without quotes
            sekisho.toml:3:11: node.workers: is a number beyond 64 bits and must be a whole number, without quotes
            sekisho.toml:3:11: node.spin_us: 3600000001 is outside of 0 to 3600000000; choose one inside
            sekisho.toml:3:14: node.sick_after: "999ms" is outside of "1s" to "1m"; choose one inside
            sekisho.toml:3:14: node.sick_after: 2 has no unit; write it like "10s" (us, ms, s, m, h, d)
            sekisho.toml:3:9: node.state: is empty; write "/var/lib/sekisho"
            sekisho.toml:3:9: node.state: is a number and must be the path of a directory, in quotes
        "#]],
    );
}

#[test]
fn workers_and_spin_follow_the_cores_unless_they_are_said() {
    let directory = Directory::new().with("sekisho.toml", WHOLE);
    let on = |cores| {
        let loaded = load_on(&directory.0.join("sekisho.toml"), DEMO, cores).unwrap();
        assert_eq!(loaded.workers, loaded.settings.workers);
        (loaded.workers, loaded.spin.as_micros())
    };
    assert_eq!([1, 2, 3, 4, 16].map(on), [(1, 0), (2, 0), (3, 0), (3, 50), (15, 50)]);
    let said = loaded(&added("[node]", "workers = 7\nspin_us = 3600000000"));
    assert_eq!((said.workers, said.spin), (7, Duration::from_hours(1)));
}

#[test]
fn ports_of_acquirers_wait_for_issuers_where_there_is_another_node_unless_it_is_said() {
    let peer = "[peer]\nname = \"osaka\"\nlisten = [\"127.0.0.1:7400\"]\n";
    let waits = |text: &str| loaded(text).open_after;
    assert_eq!(waits(WHOLE), Duration::ZERO);
    assert_eq!(waits(&format!("{WHOLE}{peer}")), Duration::from_secs(2));
    let said = added("[node]", "open_after = \"0s\"");
    assert_eq!(waits(&format!("{said}{peer}")), Duration::ZERO);
    assert_eq!(waits(&added("[node]", "open_after = \"1m\"")), Duration::from_mins(1));
    check_each(
        &[added("[node]", "open_after = \"61s\""), added("[node]", "open_after = 2")],
        &expect![[r#"
            sekisho.toml:3:14: node.open_after: "61s" is outside of "0s" to "1m"; choose one inside
            sekisho.toml:3:14: node.open_after: 2 has no unit; write it like "10s" (us, ms, s, m, h, d)
        "#]],
    );
}

#[test]
fn keys_of_later_work_are_checked_and_reported() {
    let later = "[control]\nhttp = \"127.0.0.1:9180\"\n";
    check(
        &format!("{WHOLE}{later}"),
        &expect![[r#"
            node tokyo: institution 49000000001, 2 workers
            state /var/lib/sekisho
            journal local, mapped, segments of 64MiB, kept 35d, originals found for 35d, batches gathered for 250us at most, read through every 1d, sealed with a key made for trial
            control /run/sekisho/control.sock, log info
            each worker: 262144 transactions, 512 held repeats, 65536 messages stored for issuers, repeats of 262144 known
            station merchant-a: acquirer, iso93-ascii, ascii4, listens on 127.0.0.1:7001 for 127.0.0.0/8 ::1/128, at most 1024 links, sign-on none, echo 30s
              repeats in flight held, unknown originals answered 400, second reversals 400, gives up after 1m
            station issuer-x: issuer, iso93-binary, bin2, connects to 127.0.0.1:8001, sign-on none, echo 30s, timeout 10s
              stored messages 1 at once, at most 50/s, again after 1m and then 1s apart, alarm after 6 failures
            route 353011: issuer-x
            sekisho.toml:23:1: control.http: not active yet
        "#]],
    );
    check_each(
        &[
            format!("{WHOLE}[control]\nhttp = \"9180\"\n"),
            format!("{WHOLE}[control]\nhttp = 9180\n"),
            changed("[node]", "peer = 1\n[node]"),
        ],
        &expect![[r#"
            sekisho.toml:23:8: control.http: "9180" is no address with a port; write it like "127.0.0.1:9180"
            sekisho.toml:23:8: control.http: is a number and must be an address like "127.0.0.1:9180", in quotes
            sekisho.toml:2:8: peer: is a number and must be a table, [peer]
        "#]],
    );
}

#[test]
fn the_control_socket_fits_its_address() {
    check(
        &format!("{WHOLE}[control]\nsocket = \"\"\n"),
        &expect![[r#"
        sekisho.toml:23:10: control.socket: has 0 bytes; the path of a Unix socket has 1 to 107
    "#]],
    );
    let path = |length: usize| format!("/{}", "s".repeat(length - 1));
    check(
        &format!("{WHOLE}[control]\nsocket = \"{}\"\n", path(108)),
        &expect![[r#"
        sekisho.toml:23:10: control.socket: has 108 bytes; the path of a Unix socket has 1 to 107
    "#]],
    );
    let longest = loaded(&format!("{WHOLE}[control]\nsocket = \"{}\"\n", path(107)));
    assert_eq!(longest.control_socket, Path::new(&path(107)));
}

#[test]
fn limits_have_bounds_and_units() {
    check_each(
        &[
            format!("{WHOLE}[limits]\npending_max = 1023\n"),
            format!("{WHOLE}[limits]\nlarge_max = 0\nparked_max = 65537\n"),
            format!("{WHOLE}[limits]\nsaf_max = 1023\n"),
            format!("{WHOLE}[limits]\nparked_max = 8\nheld_max = 8\n"),
            format!("{WHOLE}[limits]\nquarantine = \"0s\"\n"),
            format!("{WHOLE}[limits]\nquarantine = \"601s\"\n"),
            format!("{WHOLE}[limits]\nask_timeout = 2\n"),
            format!("{WHOLE}[limits]\nask_timeout = \"2\"\n"),
            format!("{WHOLE}[limits]\ndrain = \"15sec\"\n"),
            format!("{WHOLE}[limits]\ndrain = true\n"),
            format!("{WHOLE}[limits]\ndrain = \"1.5s\"\n"),
        ],
        &expect![[r#"
            sekisho.toml:23:15: limits.pending_max: 1023 is outside of 1024 to 4194304; choose one inside
            sekisho.toml:23:13: limits.large_max: 0 is outside of 1 to 1048576; choose one inside
            sekisho.toml:24:14: limits.parked_max: 65537 is outside of 1 to 65536; choose one inside
            sekisho.toml:23:11: limits.saf_max: 1023 is outside of 1024 to 2097152; choose one inside
            sekisho.toml:24:12: limits.held_max: 8 leaves no place to decisions: held repeats and these share the places of parked_max, 8; lower it, or raise that
            sekisho.toml:23:14: limits.quarantine: "0s" is outside of "1s" to "10m"; choose one inside
            sekisho.toml:23:14: limits.quarantine: "601s" is outside of "1s" to "10m"; choose one inside
            sekisho.toml:23:15: limits.ask_timeout: 2 has no unit; write it like "10s" (us, ms, s, m, h, d)
            sekisho.toml:23:15: limits.ask_timeout: "2" has no unit; write it like "10s" (us, ms, s, m, h, d)
            sekisho.toml:23:9: limits.drain: "sec" is no unit here; one of us, ms, s, m, h, d
            sekisho.toml:23:9: limits.drain: is true or false and must be a duration like "10s"
            sekisho.toml:23:9: limits.drain: "1.5s" is not a whole number with a unit; write it like "10s" (us, ms, s, m, h, d)
        "#]],
    );
}

#[test]
fn limits_reach_the_core() {
    let limits = "[limits]\npending_max = 2048\nlarge_max = 7\nduplicates_max = 4096\nsaf_max = 1024\nanswers_bytes = \"8MiB\"\nparked_max = 9\nquarantine = \"5s\"\nask_timeout = \"250ms\"\ndrain = \"0s\"\n";
    let loaded = loaded(&format!("{WHOLE}{limits}"));
    let core = loaded.settings.limits;
    assert_eq!((core.pending_max, core.large_max, core.parked_max), (2_048, 7, 9));
    assert_eq!((core.duplicates_max, core.answers_bytes), (4_096, 8 << 20));
    assert_eq!((core.saf_max, core.held_max), (1_024, 4), "half of the places of the parked");
    assert_eq!(core.quarantine, Duration::from_secs(5));
    assert_eq!(core.ask_timeout, Duration::from_millis(250));
    assert_eq!(loaded.drain, Duration::ZERO);
}
