//! What differs between two configurations, and the one table of keys.

use std::collections::BTreeSet;

use super::super::rows::{NODE, PartyRow, ROUTE, Rule, STATION, WITHOUT_EFFECT};
use super::*;
use crate::change::{Change, Changes};
use switch_core::plan::{Limits, Settings, StationSettings};

/// The file that is installed.
const EXAMPLE: &str = include_str!("../../../../../systemd/sekisho.toml");

fn between(old: &str, new: &str) -> Vec<Change> {
    difference(&loaded(old), &loaded(new))
}

fn in_words(changes: &[Change]) -> Vec<String> {
    changes.iter().map(ToString::to_string).collect()
}

/// Every key of the table of keys, as `station.timeout`.
fn table() -> BTreeSet<String> {
    let node = NODE.iter().map(|row| row.key.to_owned());
    let station = STATION.iter().map(|row: &PartyRow| format!("station.{}", row.key));
    let others = ROUTE.iter().chain(&WITHOUT_EFFECT).map(|key| (*key).to_owned());
    // Its name is what a station is known by: with another one it is another station.
    node.chain(station).chain(others).chain(["station.name".to_owned()]).collect()
}

/// Every key that the example sets, in comments too.
fn keys_of_the_example() -> BTreeSet<String> {
    let (mut section, mut keys) = (String::new(), BTreeSet::new());
    for line in EXAMPLE.lines() {
        let line = line.strip_prefix("# ").unwrap_or(line);
        if let Some(name) = line.strip_prefix('[') {
            let name = name.split('#').next().unwrap_or_default();
            section = name.trim_matches(['[', ']', ' ']).to_owned();
        } else if let Some((key, _)) = line.split_once(" = ")
            && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        {
            keys.insert(format!("{section}.{key}"));
        }
    }
    keys
}

#[test]
fn every_key_of_the_example_stands_in_the_table_of_keys() {
    let (keys, table) = (keys_of_the_example(), table());
    assert!(keys.len() > 60, "{keys:?}");
    assert_eq!(keys.difference(&table).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn every_key_of_the_table_stands_in_the_example() {
    for key in table() {
        let name = key.rsplit('.').next().unwrap();
        let stands = [format!("{name} = "), format!("`{name}`")];
        assert!(stands.iter().any(|text| EXAMPLE.contains(text)), "{key}");
    }
}

/// What a key is changed to, on top of [`WHOLE`], and whether that takes a restart. Some are the only
/// change that there can be, so that other keys change with them.
fn changes_of_each_key_of_the_node() -> Vec<(&'static str, String, bool)> {
    let node = |line| added("[node]", line);
    let table = |lines: &str| format!("{WHOLE}{lines}\n");
    vec![
        ("node.name", changed("name = \"tokyo\"", "name = \"osaka\""), true),
        (
            "node.institution",
            changed("institution = \"49000000001\"", "institution = \"49000000002\""),
            true,
        ),
        ("node.state", node("state = \"/srv/sekisho\""), true),
        ("node.workers", node("workers = 3"), true),
        ("node.spin_us", node("spin_us = 7"), false),
        ("node.open_after", node("open_after = \"3s\""), false),
        ("node.sick_after", node("sick_after = \"3s\""), false),
        ("journal.segment", table("[journal]\nsegment = \"128MiB\""), true),
        ("journal.key", table("[journal]\nkey = \"credential:key\""), true),
        ("journal.former_keys", table("[journal]\nformer_keys = [\"credential:old\"]"), true),
        ("journal.sync", table("[journal]\nsync = \"none\""), true),
        ("journal.path", table("[journal]\npath = \"direct\""), true),
        ("journal.retain", table("[journal]\nretain = \"36d\""), true),
        ("journal.original_keep", table("[journal]\noriginal_keep = \"30d\""), true),
        ("journal.gather", table("[journal]\ngather = \"10ms\""), false),
        ("journal.scrub", table("[journal]\nscrub = \"12h\""), false),
        ("control.socket", table("[control]\nsocket = \"/run/other.sock\""), true),
        ("control.viewers", table("[control]\nviewers = []"), false),
        ("control.operators", table("[control]\noperators = [\"hana\"]"), false),
        ("control.administrators", table("[control]\nadministrators = [\"@ops\"]"), false),
        ("log.level", table("[log]\nlevel = \"debug\""), false),
        ("limits.pending_max", table("[limits]\npending_max = 2048"), true),
        ("limits.large_max", table("[limits]\nlarge_max = 7"), true),
        ("limits.duplicates_max", table("[limits]\nduplicates_max = 2048"), true),
        ("limits.answers_bytes", table("[limits]\nanswers_bytes = \"1MiB\""), true),
        ("limits.parked_max", table("[limits]\nparked_max = 2000"), true),
        ("limits.held_max", table("[limits]\nheld_max = 7"), true),
        ("limits.saf_max", table("[limits]\nsaf_max = 2048"), false),
        ("limits.quarantine", table("[limits]\nquarantine = \"7s\""), false),
        ("limits.ask_timeout", table("[limits]\nask_timeout = \"7s\""), false),
        ("limits.drain", table("[limits]\ndrain = \"7s\""), false),
    ]
}

/// With a second node, and lines in its table.
fn with_peer(lines: &str) -> String {
    format!("{WHOLE}[peer]\nname = \"osaka\"\nlisten = [\"127.0.0.1:7400\"]\n{lines}\n")
}

/// The same of the keys of a second node, on top of [`with_peer`].
fn changes_of_each_key_of_the_peer() -> Vec<(&'static str, String, bool)> {
    let sealed = |certificate: &str| {
        with_peer(&format!("certificate = \"{certificate}\"\nkey = \"k\"\nauthority = \"a\""))
    };
    let name = |name: &str| with_peer("").replace("osaka", name);
    vec![
        ("peer.name", name("nagoya"), true),
        ("peer.listen", with_peer("").replace("7400", "7401"), true),
        (
            "peer.connect",
            name("zushi").replace("listen = [\"127.0.0.1:74", "connect = [\"127.0.0.1:74"),
            true,
        ),
        ("peer.certificate", sealed("c"), true),
        ("peer.key", sealed("c"), true),
        ("peer.authority", sealed("c"), true),
        ("peer.ack_timeout", with_peer("ack_timeout = \"2s\""), true),
        ("peer.when_standby_lost", with_peer("when_standby_lost = \"stop\""), true),
        ("peer.orphan_window", with_peer("orphan_window = \"2h\""), true),
        ("peer.stan_skip", with_peer("stan_skip = 7"), true),
        ("peer.catch_up", with_peer("catch_up = \"1MiB\""), true),
        ("peer.drain", with_peer("drain = \"1s\""), false),
        ("peer.on_promote", with_peer("on_promote = [\"/bin/true\"]"), false),
        ("peer.on_demote", with_peer("on_demote = [\"/bin/true\"]"), false),
    ]
}

/// With a second node and a witness, and lines in its table.
fn with_witness(lines: &str) -> String {
    let endpoints = "endpoints = [\"https://10.3.0.1:2379\"]\nauthority = \"a\"";
    with_peer(&format!("[witness]\n{endpoints}\n{lines}"))
}

/// The same of the keys of the witness, on top of [`with_witness`].
fn changes_of_each_key_of_the_witness() -> Vec<(&'static str, String, bool)> {
    let ours = with_witness("certificate = \"c\"\nkey = \"k\"");
    let user = with_witness("user = \"sekisho\"\npassword = \"p\"");
    vec![
        ("witness.endpoints", with_witness("").replace("2379", "2380"), true),
        ("witness.authority", with_witness("").replace("\"a\"\n", "\"b\"\n"), true),
        ("witness.certificate", ours.clone(), true),
        ("witness.key", ours, true),
        ("witness.user", user.clone(), true),
        ("witness.password", user, true),
        ("witness.prefix", with_witness("prefix = \"/other\""), true),
        ("witness.timeout", with_witness("timeout = \"1s\""), true),
        ("witness.solo_lease", with_witness("solo_lease = \"3s\""), true),
    ]
}

/// The same of the keys of a station.
fn changes_of_each_key_of_a_station() -> Vec<(&'static str, String, bool)> {
    vec![
        ("station.issuer-x.role", changed("role = \"issuer\"", "role = \"both\""), true),
        (
            "station.issuer-x.institution",
            changed("institution = \"49711000001\"", "institutions = [\"49711000001\", \"1\"]"),
            false,
        ),
        (
            "station.issuer-x.dialect",
            changed("dialect = \"iso93-binary\"", "dialect = \"iso93-ascii\""),
            true,
        ),
        ("station.issuer-x.framing", changed("framing = \"bin2\"", "framing = \"bin4\""), true),
        (
            "station.merchant-a.listen",
            changed("listen = [\"127.0.0.1:7001\"]", "listen = [\"127.0.0.1:7002\"]"),
            false,
        ),
        ("station.merchant-a.peers", acquirer("peers = [\"127.0.0.1/32\"]"), false),
        (
            "station.issuer-x.connect",
            changed("connect = [\"127.0.0.1:8001\"]", "connect = [\"127.0.0.1:8002\"]"),
            false,
        ),
        ("station.issuer-x.links", issuer("links = 2"), true),
        ("station.merchant-a.links_per_peer", acquirer("links_per_peer = 2"), false),
        ("station.issuer-x.frame_max", issuer("frame_max = \"9KiB\""), true),
        ("station.issuer-x.frame_max", issuer("frame_max = \"7KiB\""), false),
        ("station.issuer-x.frame_timeout", issuer("frame_timeout = \"7s\""), false),
        ("station.issuer-x.out_max", issuer("out_max = \"2MiB\""), false),
        ("station.issuer-x.noise_max", issuer("noise_max = 7"), false),
        ("station.merchant-a.mac", acquirer("mac = \"stand-in\""), true),
        ("station.merchant-a.repeat_in_flight", acquirer("repeat_in_flight = \"923\""), false),
        ("station.merchant-a.unknown_original", acquirer("unknown_original = \"914\""), false),
        ("station.merchant-a.second_reversal", acquirer("second_reversal = \"480\""), false),
        ("station.merchant-a.gives_up", acquirer("gives_up = \"7s\""), false),
        ("station.issuer-x.sign_on", issuer("sign_on = \"ours\""), false),
        ("station.issuer-x.timeout", issuer("timeout = \"7s\""), false),
        ("station.issuer-x.echo", issuer("echo = \"off\""), false),
        ("station.issuer-x.network_codes", issuer("network_codes = { echo = \"270\" }"), false),
        ("station.issuer-x.announce", issuer("announce = \"804\""), false),
        ("station.issuer-x.in_flight_max", issuer("in_flight_max = 7"), false),
        ("station.issuer-x.pin", issuer("pin = \"pass\""), false),
        ("station.issuer-x.match", issuer("match = [37]"), false),
        ("station.issuer-x.matches_on_rrn", issuer("matches_on_rrn = true"), false),
        ("station.issuer-x.saf_window", issuer("saf_window = 7"), false),
        ("station.issuer-x.saf_retry", issuer("saf_retry = \"7s\""), false),
        ("station.issuer-x.saf_gap", issuer("saf_gap = \"7s\""), false),
        ("station.issuer-x.saf_alarm_after", issuer("saf_alarm_after = 7"), false),
        ("station.issuer-x.saf_rate", issuer("saf_rate = 7"), false),
        ("station.issuer-x.reconnect_min", issuer("reconnect_min = \"7s\""), false),
        ("station.issuer-x.reconnect_max", issuer("reconnect_max = \"7s\""), false),
    ]
}

#[test]
fn a_change_of_any_key_is_seen_and_takes_a_restart_or_not_as_the_table_says() {
    let (alone, two) = (loaded(WHOLE), loaded(&with_peer("")));
    let watched = loaded(&with_witness(""));
    let mut seen = BTreeSet::new();
    let node = changes_of_each_key_of_the_node().into_iter();
    let node = node.chain(changes_of_each_key_of_a_station()).map(|change| (&alone, change));
    let peer = changes_of_each_key_of_the_peer().into_iter().map(|change| (&two, change));
    let witness = changes_of_each_key_of_the_witness().into_iter();
    let witness = witness.map(|change| (&watched, change));
    for (base, (key, text, restart)) in node.chain(peer).chain(witness) {
        let new = loaded(&text);
        let changes = difference(base, &new);
        let found = changes.iter().find(|change| change.key == key);
        let change = found.unwrap_or_else(|| panic!("{key}: {changes:?}"));
        assert_eq!(change.restart.is_some(), restart, "{change}");
        assert_ne!(base.digest(), new.digest(), "{key}");
        // Beside it stand only keys that have a meaning in one of both alone.
        let others = changes.iter().filter(|other| other.key != key);
        let whole = others.filter(|other| other.from.is_some() && other.to.is_some());
        assert_eq!(whole.filter(|_| key != "peer.connect").count(), 0, "{key}: {changes:?}");
        let parts: Vec<&str> = key.split('.').collect();
        seen.insert(match parts.as_slice() {
            [station, _, key] => format!("{station}.{key}"),
            _ => key.to_owned(),
        });
    }
    let told = ["station.name", "route.pan", "route.to"].iter().chain(&WITHOUT_EFFECT);
    let told = told.map(|key| (*key).to_owned()).collect();
    let missing: Vec<_> = table().difference(&seen).cloned().collect();
    assert_eq!(BTreeSet::from_iter(missing), told);
}

#[test]
fn nothing_of_what_the_core_and_the_sockets_run_by_is_left_out_of_the_table() {
    // A new field does not compile here until somebody has thought of its row.
    let loaded = loaded(WHOLE);
    let Configuration {
        files: _,
        open_after: _,
        sources: _,
        node: _,
        institution: _,
        state: _,
        workers: _,
        spin: _,
        sick_after: _,
        drain: _,
        journal,
        peer: _,
        witness: _,
        settings,
        endpoints: _,
        dialect_contents: _,
        control_socket: _,
        control_roles: ControlRoles { viewers: _, operators: _, administrators: _ },
        log_level: _,
        inactive: _,
    } = &loaded;
    let Journal {
        sync: _,
        path: _,
        segment_bytes: _,
        retain: _,
        original_keep: _,
        gather: _,
        scrub: _,
        key: _,
        former_keys: _,
    } = journal;
    let Settings { institution: _, workers: _, stations: _, routes: _, limits } = settings;
    let Limits {
        pending_max: _,
        large_max: _,
        parked_max: _,
        // It follows from the longest frame_max.
        parked_frame_max: _,
        ask_timeout: _,
        quarantine: _,
        // They follow from `[peer]`.
        late_after: _,
        orphan_window: _,
        // No keys: they are what they are.
        stan_skip: _,
        notices_max: _,
        duplicates_max: _,
        answers_bytes: _,
        saf_max: _,
        held_max: _,
    } = limits;
}

#[test]
fn nothing_of_what_a_station_is_is_left_out_of_the_table() {
    let loaded = loaded(WHOLE);
    let (stations, endpoints) = (&loaded.settings.stations, &loaded.endpoints);
    let StationSettings {
        name: _,
        role: _,
        institutions: _,
        dialect: _,
        message_max: _,
        beside: _,
        sign_on: _,
        announce: _,
        network_codes: _,
        timeout: _,
        echo: _,
        links: _,
        noise_max: _,
        connects: _,
        reconnect: _,
        in_flight_max: _,
        pin: _,
        keys: _,
        echoed: _,
        acquiring: _,
        issuing: _,
    } = &stations[0];
    let Endpoint {
        listen: _,
        peers: _,
        connect: _,
        framing: _,
        framing_name: _,
        frame_max: _,
        frame_timeout: _,
        links_per_peer: _,
        out_max: _,
    } = &endpoints[0];
}

#[test]
fn what_is_written_otherwise_and_says_the_same_is_no_change() {
    let said = issuer("timeout = \"10000ms\"\necho = \"30s\"\nlinks = 1\nout_max = \"1024KiB\"");
    let (one, other) = (loaded(WHOLE), loaded(&said));
    assert_eq!(difference(&one, &other), []);
    assert_eq!(one.digest(), other.digest());
    // The stations and routes in another order are the same ones.
    let second = "[[station]]\nname = \"a\"\nrole = \"issuer\"\ninstitution = \"1\"\n\
                  dialect = \"iso93-ascii\"\nframing = \"bin2\"\nconnect = [\"127.0.0.1:8002\"]\n\
                  [[route]]\npan = \"353012\"\nto = [\"a\", \"issuer-x\"]\n";
    let behind = loaded(&format!("{WHOLE}{second}"));
    let before =
        loaded(&WHOLE.replace(
            "[[station]]\nname = \"merch",
            &format!("{second}[[station]]\nname = \"merch"),
        ));
    assert_ne!(behind.settings.stations[0].name, before.settings.stations[0].name);
    assert_eq!(difference(&behind, &before), []);
    assert_eq!(behind.digest(), before.digest());
}

#[test]
fn stations_and_routes_that_are_new_or_gone_are_told_as_a_whole() {
    let more = "[[station]]\nname = \"issuer-y\"\nrole = \"issuer\"\ninstitution = \"1\"\n\
                dialect = \"iso93-ascii\"\nframing = \"bin2\"\nconnect = [\"127.0.0.1:8002\"]\n\
                [[route]]\npan = \"353012\"\nto = [\"issuer-y\"]\n";
    let with = format!("{WHOLE}{more}");
    let turned = with.replace("to = [\"issuer-x\"]", "to = [\"issuer-y\", \"issuer-x\"]");
    assert_eq!(
        in_words(&between(WHOLE, &turned)),
        [
            "station issuer-y is new: issuer, iso93-ascii, bin2, connects to 127.0.0.1:8002, \
             sign-on none, echo 30s, timeout 10s",
            "route 353011: issuer-x -> issuer-y, then issuer-x",
            "route 353012 is new: issuer-y",
        ]
    );
    assert_eq!(
        in_words(&between(&with, WHOLE)),
        [
            "station issuer-y is gone: issuer, iso93-ascii, bin2, connects to 127.0.0.1:8002, \
             sign-on none, echo 30s, timeout 10s",
            "route 353012 is gone: issuer-y",
        ]
    );
}

#[test]
fn a_station_in_the_place_of_another_is_another_one_for_routes_too() {
    let renamed = WHOLE.replace("issuer-x", "issuer-y");
    let said = in_words(&between(WHOLE, &renamed));
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said[0].starts_with("station issuer-x is gone: issuer, "), "{said:?}");
    assert!(said[1].starts_with("station issuer-y is new: issuer, "), "{said:?}");
    assert_eq!(said[2], "route 353011: issuer-x -> issuer-y");
}

#[test]
fn more_or_fewer_addresses_are_more_or_fewer_links() {
    let two = changed(
        "connect = [\"127.0.0.1:8001\"]",
        "connect = [\"127.0.0.1:8001\", \"127.0.0.1:8002\"]",
    );
    let moved = two.replace("8001", "8003");
    for (old, new, restart) in [(WHOLE, &*two, true), (&two, WHOLE, true), (&two, &moved, false)] {
        let changes = between(old, new);
        assert_eq!(changes.len(), 1, "{changes:?}");
        assert_eq!(changes[0].restart.is_some(), restart, "{changes:?}");
    }
}

/// Three stations at these ports, told apart by their peers.
fn three(ports: [u16; 3]) -> String {
    let station = |place: usize, port: u16| {
        format!(
            "[[station]]\nname = \"m-{place}\"\nrole = \"acquirer\"\ninstitution = \"{place}\"\n\
             dialect = \"iso93-ascii\"\nframing = \"bin2\"\nlisten = [\"127.0.0.1:{port}\"]\n\
             peers = [\"127.0.0.{place}/32\"]\n"
        )
    };
    let stations = ports.into_iter().enumerate().map(|(place, port)| station(place + 1, port));
    format!("{WHOLE}{}", stations.collect::<String>())
}

#[test]
fn a_listener_that_is_shared_otherwise_takes_a_restart() {
    let keys = |old, new| {
        let changes = between(&three(old), &three(new));
        let restart = changes.into_iter().filter(|change| change.restart.is_some());
        restart.map(|change| change.key).collect::<Vec<_>>()
    };
    // All alone, and all move alone.
    assert_eq!(keys([1, 2, 3], [4, 5, 6]), Vec::<String>::new());
    // Together they move together.
    assert_eq!(keys([1, 1, 3], [2, 2, 3]), Vec::<String>::new());
    // One joins another: of both only the one that is known by the other's name moves.
    assert_eq!(keys([1, 2, 3], [1, 1, 3]), ["station.m-2.listen"]);
    // The first one leaves: those that are left are a group of another name, though they stay.
    assert_eq!(keys([1, 1, 1], [2, 1, 1]), ["station.m-2.listen", "station.m-3.listen"]);
}

#[test]
fn with_one_worker_a_listener_is_shared_as_one_likes() {
    let one = |ports| three(ports).replace("[node]", "[node]\nworkers = 1");
    let changes = between(&one([1, 2, 3]), &one([1, 1, 3]));
    assert_eq!(in_words(&changes), ["station m-2: listen 127.0.0.1:2 -> 127.0.0.1:1"]);
}

#[test]
fn messages_may_become_as_long_as_the_longest_for_which_there_is_room() {
    let long = acquirer("frame_max = \"9KiB\"");
    let both = long.replace("name = \"issuer-x\"", "name = \"issuer-x\"\nframe_max = \"9KiB\"");
    let said = between(&long, &both);
    assert_eq!(in_words(&said), ["station issuer-x: frame_max 8KiB -> 9KiB"]);
    // What was longer once has left its room behind.
    let mut shortened = loaded(WHOLE);
    shortened.settings.limits.parked_frame_max = 9 << 10;
    assert_eq!(difference(&shortened, &loaded(&long))[0].restart, None);
    let more = three([1, 2, 3]).replace("name = \"m-1\"", "name = \"m-1\"\nframe_max = \"9KiB\"");
    let restart = |old: &str| {
        let changes = between(old, &more).into_iter().filter(|change| change.restart.is_some());
        changes.map(|change| change.key).collect::<Vec<_>>()
    };
    assert_eq!((restart(WHOLE), restart(&long)), (vec!["station.m-1".to_owned()], Vec::new()));
}

#[test]
fn a_dialect_is_compared_by_what_it_says() {
    let text =
        |dialect: &str| changed("dialect = \"iso93-binary\"", &format!("dialect = \"{dialect}\""));
    let base = "name = \"base\"\nextends = \"iso93-binary\"\n[fields]\n43 = { as = \"ans..40\" }\n";
    let acme = "name = \"acme\"\nextends = \"base.toml\"\n";
    let at = |base: &str, acme: &str| {
        let directory = Directory::new()
            .with("sekisho.toml", text("acme.toml"))
            .with("base.toml", base)
            .with("acme.toml", acme);
        directory.load(DEMO).unwrap()
    };
    let one = at(base, acme);
    let kinds: Vec<_> = one.sources.iter().map(|source| source.kind).collect();
    assert_eq!(kinds, [FileKind::Main, FileKind::Dialect, FileKind::Dialect]);
    assert_eq!((&*one.sources[1].text, &*one.sources[2].text), (acme, base));
    assert!(one.sources.iter().all(|source| source.path.is_absolute()));
    assert_eq!(difference(&one, &at(base, &format!("# of 2026\n{acme}"))), []);
    let longer = at(&base.replace("..40", "..41"), acme);
    let changes = difference(&one, &longer);
    assert_eq!(changes.len(), 1, "{changes:?}");
    let Change { key, from, to, restart } = &changes[0];
    assert_eq!(key, "station.issuer-x.dialect");
    assert!(from.as_ref().is_some_and(|from| from.starts_with("acme (content ")), "{from:?}");
    assert!(from != to && restart.is_some(), "{changes:?}");
    assert_ne!(one.digest(), longer.digest());
}

#[test]
fn no_key_is_among_the_files_that_a_configuration_is_made_of() {
    let key = "[journal]\nkey = \"journal.key\"\nformer_keys = [\"conf.d/old.key\"]\n";
    let directory = Directory::new()
        .with("sekisho.toml", format!("{WHOLE}{key}"))
        .with("conf.d/10-log.toml", "[log]\nlevel = \"warn\"\n")
        .with("conf.d/old.key", "s".repeat(32))
        .with("journal.key", "s".repeat(32));
    let sources = directory.load(SEALED).unwrap().sources;
    let names = sources.iter().map(|source| source.path.file_name().unwrap().to_str().unwrap());
    assert_eq!(names.collect::<Vec<_>>(), ["sekisho.toml", "10-log.toml"]);
    assert!(sources.iter().all(|source| !source.text.contains("ssss")));
}

#[test]
fn a_hundred_thousand_routes_are_compared_in_a_moment_and_counted() {
    let with = |to: &str, from: u32| {
        let mut loaded = loaded(&WHOLE.replace("353011", "9"));
        let issuer = switch_core::ids::StationId(u16::from(to == "issuer-x"));
        let routes = (from..from + 100_000).map(|pan| switch_core::routing::RouteSettings {
            pan: format!("{pan:07}"),
            to: vec![issuer],
        });
        loaded.settings.routes = routes.collect();
        loaded
    };
    let (old, new) = (with("issuer-x", 0), with("merchant-a", 10));
    let changes = Changes::of(difference(&old, &new));
    assert_eq!(
        (changes.routes_changed, changes.routes_new, changes.routes_gone, changes.more),
        (99_990, 10, 10, 99_990)
    );
    let first: Vec<_> = in_words(&changes.told[..1]);
    assert_eq!(first, ["route 0000000 is gone: issuer-x"]);
    assert_eq!(difference(&old, &old), []);
}

#[test]
fn the_reason_for_a_restart_can_be_read_behind_the_change() {
    let changes = between(WHOLE, &added("[node]", "workers = 3"));
    assert_eq!(
        in_words(&changes),
        ["node: workers 2 -> 3 (needs a restart: the threads are started once)"]
    );
    assert!(STATION.iter().all(|row| match row.rule {
        Rule::Live => true,
        Rule::Restart(why) | Rule::RestartIf(_, why) => !why.is_empty(),
    }));
}
