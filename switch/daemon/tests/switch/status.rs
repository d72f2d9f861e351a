//! What an operator is told over the control socket, as it travels.
#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;

use expect_test::expect;
use serde_json::Value;
use switch_core::counters::Counter;

use crate::configuration::{ASCII, BINARY, Configuration};
use crate::letter::sale;
use crate::link::{Desk, Link};
use crate::patience::PATIENCE;
use crate::sekishod::Sekishod;

/// What comes back for a line.
fn reply(switch: &Sekishod, line: &str) -> Value {
    let mut stream = UnixStream::connect(switch.control()).expect("it answers operators");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket takes timeouts");
    writeln!(stream, "{line}").expect("it reads");
    let mut text = String::new();
    BufReader::new(stream).read_line(&mut text).expect("it answers in time");
    serde_json::from_str(&text).expect("JSON")
}

/// The keys of an object, a few a line.
fn keys(object: &Value) -> String {
    let keys: Vec<&str> =
        object.as_object().expect("an object").keys().map(String::as_str).collect();
    let lines: Vec<String> = keys.chunks(7).map(|some| some.join(" ")).collect();
    lines.join("\n    ")
}

#[test]
fn a_status_has_every_bound_beside_its_use() {
    let desk = Desk::opens(BINARY);
    let configuration = Configuration::new()
        .workers(2)
        .limits("pending_max = 2048\nparked_max = 16")
        .acquirer("merchant-a", ASCII, "links = 7")
        .issuer("issuer-x", BINARY, desk.address(), "in_flight_max = 50\nlinks = 2")
        .route("353011", "issuer-x");
    let switch = Sekishod::starts(&configuration);
    let _issuers = [desk.accepts(), desk.accepts()];
    switch.says_again_of("issuer-x", "link open", 2);
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    merchant.sends(&sale(1));
    switch.comes_to("a request in flight", |status| {
        status.stations[1].in_flight == 1 && status.workers[0].gate_used == 0
    });

    let status = reply(&switch, "{\"command\":\"status\"}");
    let (worker, issuer) = (&status["workers"][0], &status["stations"][1]);
    let shape = [
        ("status", &status),
        ("worker", worker),
        ("lane", &worker["lanes"][0]),
        ("station", issuer),
        ("link", &issuer["links"][0]),
        ("limits", &status["limits"]),
    ];
    let shape = shape.map(|(name, object)| format!("{name}: {}", keys(object)));
    expect![[r#"
        status: adopted configuration control counters inactive institution journal
            limits log_lines_lost node pid refused reload schema_version
            state stations uptime_s version workers
        worker: answering configuration deliveries_unknown deliveries_unknown_first gate_bytes gate_used held
            held_max id journal_lane_bytes journal_lane_used lanes orphans parked
            parked_max pending pending_max pulse_ms repeats_known_s resting stored
            stored_max turns
        lane: bytes to used waiting
        station: answers approved connects declined dialect frame_timeout_ms in_flight
            in_flight_max links links_max links_per_peer links_ready name noise_max
            p50_us p99_us requests resting retired role sign_on
            stored timeouts worker
        link: echo_missed id last_error out_buffered out_max peer since_s
            state
        limits: answers_bytes ask_timeout_ms commands_max control_clients_max duplicates_max held_max lane_waiting_bytes_max
            lane_waiting_max large_max late_after_ms log_lines_max notes_max notices_max orphan_window_ms
            parked_frame_max parked_max pending_max quarantine_ms questions_max reader_questions_max routes
            saf_max stan_skip"#]].assert_eq(&shape.join("\n"));
    for counter in Counter::ALL {
        assert!(status["counters"][counter.name()].is_u64(), "{}", counter.name());
    }

    assert_eq!((&status["node"], &status["state"]), (&"trial".into(), &"serving".into()));
    assert_eq!((&worker["pending"], &worker["pending_max"]), (&1.into(), &2_048.into()));
    assert_eq!((&worker["parked"], &worker["parked_max"]), (&0.into(), &16.into()));
    // The records of the questions before may be on their way.
    assert!(worker["gate_used"].as_u64() < Some(4_096), "{worker}");
    assert_eq!(worker["gate_bytes"], 32 << 20);
    assert_eq!(worker["lanes"][0]["bytes"], 4 << 20);
    assert_eq!((&issuer["in_flight"], &issuer["in_flight_max"]), (&1.into(), &50.into()));
    assert_eq!((&issuer["links_ready"], &issuer["links_max"]), (&2.into(), &2.into()));
    assert_eq!(issuer["links"][0]["peer"], desk.address().to_string());
    assert_eq!(issuer["links"][0]["out_max"], 1 << 20);
    let acquirer = &status["stations"][0];
    assert_eq!((&acquirer["links_ready"], &acquirer["links_max"]), (&1.into(), &7.into()));
    assert_eq!(issuer["p50_us"], Value::Null, "no answer yet");
}

#[test]
fn an_operator_who_asks_nonsense_is_told_so() {
    let switch = Sekishod::starts(&Configuration::new().acquirer("merchant-a", ASCII, ""));
    for line in ["", "status", "{\"command\":\"frobnicate\"}"] {
        assert!(reply(&switch, line)["error"].is_string(), "{line}");
    }
    assert_eq!(switch.status().node, "trial");
}
