//! Files: reading, parsing, merging.

use super::*;

const NODE: &str = "[node]\nname = \"tokyo\"\ninstitution = \"49000000001\"\n";

#[test]
fn a_file_that_is_not_there_is_named() {
    let directory = Directory::new();
    expect![[r#"
        sekisho.toml:1:1: can not be read: No such file or directory (os error 2)
    "#]]
    .assert_eq(&directory.said(DEMO));
}

#[test]
fn what_is_not_toml_is_said_where_it_stops_being_toml() {
    check_each(
        &[
            "[node\nname = \"tokyo\"\n".into(),
            "[node]\nname = tokyo\n[[station]\n".into(),
            "[node]\nname = \"tokyo\n".into(),
            "[node]\nname\n".into(),
        ],
        &expect![[r#"
            sekisho.toml:1:6: this is not TOML: unclosed table, expected `]`
            sekisho.toml:2:8: this is not TOML: invalid boolean, expected `true`; if this is a text, put it in quotes
            sekisho.toml:3:11: this is not TOML: unclosed array table, expected `]`
            sekisho.toml:2:14: this is not TOML: invalid basic string, expected `"`
            sekisho.toml:2:5: this is not TOML: key with no value, expected `=`
        "#]],
    );
}

#[test]
fn text_that_is_not_utf_8_is_said_where_it_stops() {
    let directory = Directory::new().with("sekisho.toml", b"[node]\nname = \"\xFF\"\n");
    expect![[r#"
        sekisho.toml:2:9: is not UTF-8 from here on; save it as UTF-8
    "#]]
    .assert_eq(&directory.said(DEMO));
}

#[test]
fn an_empty_file_says_what_the_least_is() {
    check(
        "",
        &expect![[r#"
        sekisho.toml:1:1: node: missing; add a table [node] with name and institution
        sekisho.toml:1:1: station: missing; add at least one [[station]]
    "#]],
    );
}

#[test]
fn unknown_keys_are_errors_with_what_was_probably_meant() {
    check_each(
        &[
            issuer("tiemout = \"10s\""),
            issuer("zzzzzzzz = 1"),
            changed("[node]", "[nod]"),
            format!("{WHOLE}[weather]\nsunny = true\n"),
            added("[node]", "spin = 50"),
            format!("{WHOLE}[limits]\npending = 1\n"),
            format!("{WHOLE}[control]\nsokcet = \"/x\"\n"),
            format!("{WHOLE}[journal]\nsegments = \"64MiB\"\n"),
            added("pan = \"353011\"", "two = 1"),
        ],
        &expect![[r#"
            sekisho.toml:14:1: station.issuer-x.tiemout: unknown key; did you mean "timeout"?
            sekisho.toml:14:1: station.issuer-x.zzzzzzzz: unknown key; there is: name, role, institution, institutions, dialect, listen, connect, peers, links, links_per_peer, frame_timeout, noise_max, reconnect_min, reconnect_max, out_max, frame_max, framing, sign_on, echo, network_codes, announce, timeout, in_flight_max, pin, match, mac, repeat_in_flight, unknown_original, second_reversal, gives_up, matches_on_rrn, saf_window, saf_retry, saf_gap, saf_alarm_after, saf_rate
            sekisho.toml:1:1: node: missing; add a table [node] with name and institution
            sekisho.toml:2:2: nod: unknown key; did you mean "node"?
            sekisho.toml:22:2: weather: unknown key; there is: node, journal, control, log, limits, peer, witness, station, route
            sekisho.toml:3:1: node.spin: unknown key; there is: name, institution, state, workers, spin_us, open_after, sick_after
            sekisho.toml:23:1: limits.pending: unknown key; there is: pending_max, large_max, duplicates_max, answers_bytes, parked_max, held_max, saf_max, quarantine, ask_timeout, drain
            sekisho.toml:23:1: control.sokcet: unknown key; did you mean "socket"?
            sekisho.toml:23:1: journal.segments: unknown key; did you mean "segment"?
            sekisho.toml:21:1: route.353011.two: unknown key; did you mean "to"?
        "#]],
    );
}

#[test]
fn a_key_given_twice_names_both_places() {
    check_each(
        &[
            added("name = \"tokyo\"", "name = \"osaka\""),
            format!("{WHOLE}[node]\nstate = \"/x\"\n"),
        ],
        &expect![[r#"
            sekisho.toml:4:1: name: given twice, first at sekisho.toml:3:1; remove one
            sekisho.toml:22:2: node: given twice, first at sekisho.toml:2:2; remove one
        "#]],
    );
}

#[test]
fn files_of_conf_d_are_merged_behind_in_lexical_order() {
    let directory = Directory::new()
        .with("conf.d/20-issuers.toml", "[[station]]\nname = \"issuer-y\"\nrole = \"issuer\"\ninstitution = \"49722000001\"\ndialect = \"iso93-ascii\"\nframing = \"bin2\"\nconnect = [\"127.0.0.1:8002\"]\n")
        .with("conf.d/10-node.toml", "[node]\nworkers = 3\n[limits]\ndrain = \"1s\"\n")
        .with("conf.d/30-routes.toml", "[[route]]\npan = \"353012\"\nto = [\"issuer-y\", \"issuer-x\"]\n")
        .with("conf.d/.hidden.toml", "not toml")
        .with("conf.d/README", "not toml")
        .with("sekisho.toml", WHOLE);
    expect![[r#"
        node tokyo: institution 49000000001, 3 workers
        state /var/lib/sekisho
        journal local, mapped, segments of 64MiB, kept 35d, originals found for 35d, batches gathered for 250us at most, read through every 1d, sealed with a key made for trial
        control /run/sekisho/control.sock, log info
        each worker: 262144 transactions, 512 held repeats, 65536 messages stored for issuers, repeats of 262144 known
        station merchant-a: acquirer, iso93-ascii, ascii4, listens on 127.0.0.1:7001 for 127.0.0.0/8 ::1/128, at most 1024 links, sign-on none, echo 30s
          repeats in flight held, unknown originals answered 400, second reversals 400, gives up after 1m
        station issuer-x: issuer, iso93-binary, bin2, connects to 127.0.0.1:8001, sign-on none, echo 30s, timeout 10s
          stored messages 1 at once, at most 50/s, again after 1m and then 1s apart, alarm after 6 failures
        station issuer-y: issuer, iso93-ascii, bin2, connects to 127.0.0.1:8002, sign-on none, echo 30s, timeout 10s
          stored messages 1 at once, at most 50/s, again after 1m and then 1s apart, alarm after 6 failures
        route 353011: issuer-x
        route 353012: issuer-y, then issuer-x
    "#]].assert_eq(&directory.said(DEMO));
    let configuration = directory.load(DEMO).unwrap();
    let names = configuration.files.iter().map(|file| file.file_name().unwrap().to_str().unwrap());
    assert_eq!(
        names.collect::<Vec<_>>(),
        ["sekisho.toml", "10-node.toml", "20-issuers.toml", "30-routes.toml"]
    );
    assert_eq!(configuration.drain, Duration::from_secs(1));
}

#[test]
fn mistakes_of_all_files_are_named_with_their_files() {
    let directory = Directory::new()
        .with("sekisho.toml", changed("name = \"tokyo\"", "name = \"T\""))
        .with("conf.d/a.toml", "[node]\nworkers = \"2\"\n")
        .with("conf.d/b.toml", "[node]\ninstitution = \"1\"\n[node.deep]\n")
        .with("conf.d/c.toml", "station = 1\n[control]\nsocket = \"\"\n")
        .with("conf.d/d.toml", "[[node]]\n");
    expect![[r#"
        sekisho.toml:3:8: node.name: "T" is no name; use 1 to 32 of a-z, 0-9 and -
        conf.d/a.toml:2:11: node.workers: is a text and must be a whole number, without quotes
        conf.d/b.toml:2:1: node.institution: given twice, first at sekisho.toml:4:1; remove one
        conf.d/b.toml:3:7: node.deep: unknown key; there is: name, institution, state, workers, spin_us, open_after, sick_after
        conf.d/c.toml:1:1: station: given twice, first at sekisho.toml:5:3; remove one
        conf.d/c.toml:3:10: control.socket: has 0 bytes; the path of a Unix socket has 1 to 107
        conf.d/d.toml:1:3: node: given twice, first at sekisho.toml:2:2; remove one
    "#]].assert_eq(&directory.said(DEMO));
}

#[test]
fn a_broken_file_of_conf_d_hides_what_depends_on_it() {
    let directory = Directory::new()
        .with("sekisho.toml", NODE)
        .with("conf.d/stations.toml", "[[station]\n")
        .with("conf.d/more.toml", "[[route\n");
    expect![[r#"
        conf.d/more.toml:1:8: this is not TOML: unclosed array table, expected `]]`
        conf.d/stations.toml:1:11: this is not TOML: unclosed array table, expected `]`
    "#]]
    .assert_eq(&directory.said(DEMO));
}

#[test]
fn a_directory_in_place_of_a_file_is_said() {
    let directory = Directory::new().with("sekisho.toml/x", "").with("conf.d", "");
    expect![[r#"
        sekisho.toml:1:1: conf.d can not be read: Not a directory (os error 20)
        sekisho.toml:1:1: can not be read: Is a directory (os error 21)
    "#]]
    .assert_eq(&directory.said(DEMO));
}

#[test]
fn a_file_has_a_longest_length() {
    let directory = Directory::new();
    let file = fs::File::create(directory.0.join("sekisho.toml")).unwrap();
    file.set_len(16 * 1024 * 1024 + 1).unwrap();
    expect![[r#"
        sekisho.toml:1:1: has 16777217 bytes; a configuration file has at most 16MiB
    "#]]
    .assert_eq(&directory.said(DEMO));
}

#[test]
fn conf_d_has_a_largest_number_of_files() {
    let mut directory = Directory::new().with("sekisho.toml", WHOLE);
    for number in 0..1_024 {
        directory = directory.with(&format!("conf.d/{number:04}.toml"), "");
    }
    assert_eq!(directory.load(DEMO).unwrap().files.len(), 1_025);
    let directory = directory.with("conf.d/more.toml", "");
    expect![[r#"
        sekisho.toml:1:1: conf.d holds 1025 files; at most 1024
    "#]]
    .assert_eq(&directory.said(DEMO));
}

#[test]
fn only_stations_and_routes_are_lists_that_files_add_to() {
    let directory = Directory::new()
        .with("sekisho.toml", format!("{WHOLE}[log]\nlevel = \"info\"\n"))
        .with("conf.d/log.toml", "[log]\nlevel = \"info\"\n");
    expect![[r#"
        conf.d/log.toml:2:1: log.level: given twice, first at sekisho.toml:23:1; remove one
    "#]]
    .assert_eq(&directory.said(DEMO));
}
