//! The program: arguments, output, exit codes.

use std::iter;
use std::net::TcpListener;

use serde_json::Value;

use crate::world::{HERE, Program, program};

fn listening_issuer() -> (Program, String) {
    listening_issuer_of("iso93-ascii")
}

fn listening_issuer_of(dialect: &str) -> (Program, String) {
    let mut issuer = Program::starts(&[
        "issuer",
        "--listen",
        "127.0.0.1:0",
        "--dialect",
        dialect,
        "--framing",
        "ascii4",
        "-o",
        "json",
    ]);
    let address = issuer.listening().to_string();
    (issuer, address)
}

#[test]
fn a_good_run_exits_with_0_and_ends_with_one_object() {
    let (issuer, address) = listening_issuer();
    let output = program(&[
        "load",
        "--target",
        &address,
        "-c",
        "2",
        "--window",
        "2",
        "--duration",
        "0.2",
        "--warmup",
        "0.05",
        "-o",
        "json",
    ]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "nobody sits at this terminal");
    let text = String::from_utf8(output.stdout).unwrap();
    let report: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    for count in
        ["sent", "answered", "approved", "declined", "unanswered", "mismatched", "late_sends"]
    {
        assert!(report[count].is_u64(), "{count}: {report}");
    }
    assert!(report["tps"].is_f64() && report["cpu_us_per_tx"].is_f64(), "{report}");
    for percentile in ["p50", "p90", "p99", "p999", "max"] {
        assert!(report["latency_us"][percentile].is_f64(), "{percentile}: {report}");
    }
    let (rest, code) = issuer.asked_to_end();
    let summary: Value = serde_json::from_str(&rest).unwrap();
    assert_eq!((code, &summary["requests"]), (Some(0), &report["sent"]));
}

#[test]
fn the_table_says_what_people_look_for() {
    let (_issuer, address) = listening_issuer();
    let output = program(&["load", "--target", &address, "--duration", "0.1", "--warmup", "0"]);
    let text = String::from_utf8(output.stdout).unwrap();
    for part in
        ["approved", "unanswered", "throughput", "latency p99", "every request was answered"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn load_and_issuer_speak_a_dialect_of_a_file() {
    let file = std::env::temp_dir().join(format!("sekisho-bench-{}.toml", std::process::id()));
    std::fs::write(&file, "extends = \"iso87-ascii\"\nbitmap = \"raw\"\n").unwrap();
    let name = file.to_str().unwrap();
    let (_issuer, address) = listening_issuer_of(name);
    let words = ["load", "--target", &address, "--dialect", name, "--duration", "0.1"];
    let output = program(&[&words[..], &["--warmup", "0"]].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    std::fs::write(&file, "extends = \"iso87-ascii\"\nbitmap = \"rwa\"\n").unwrap();
    let output = program(&words);
    std::fs::remove_file(&file).unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    let told = ":2:10: bitmap: \"rwa\" is not known here; did you mean \"raw\"?";
    assert!(said.contains(told), "{said}");
}

#[test]
fn a_target_that_is_not_there_exits_with_6() {
    let free = TcpListener::bind(HERE).unwrap().local_addr().unwrap();
    let output = program(&["load", "--target", &free.to_string()]);
    assert_eq!(output.status.code(), Some(6));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("can not reach") && said.contains(&free.to_string()), "{said}");
}

#[test]
fn arguments_that_make_no_sense_exit_with_2() {
    for arguments in [
        &["load"][..],
        &["load", "--target", "127.0.0.1:1", "--window", "2", "--rate", "3"],
        &["load", "--target", "127.0.0.1:1", "--dialect", "klingon"],
        &["load", "--target", "127.0.0.1:1", "--mti", "1420"],
        &["load", "--target", "127.0.0.1:1", "-c", "0"],
        &["issuer", "--listen", "127.0.0.1:0", "--action", "0000"],
        &["issuer", "--listen", "127.0.0.1:0", "--late-every", "3"],
        &["relay", "--listen", "127.0.0.1:0"],
        &["dance"],
    ] {
        let output = program(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
    assert_eq!(program(&["--help"]).status.code(), Some(0));
}

#[test]
fn a_child_tells_what_happens_in_lines_of_json() {
    let mut issuer = Program::starts(&[
        "issuer",
        "--listen",
        "127.0.0.1:0",
        "--dialect",
        "iso93-ascii",
        "--framing",
        "ascii4",
        "--child",
    ]);
    let address = issuer.listening().to_string();
    let output = program(&[
        "load",
        "--target",
        &address,
        "--duration",
        "0.1",
        "--warmup",
        "0",
        "-o",
        "json",
        "--child",
    ]);
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    // A slow machine makes seconds of a tenth of one.
    let lines: Vec<Value> = lines.filter(|line: &Value| line["mark"] != "second").collect();
    let marks: Vec<_> =
        lines.iter().map(|line| line["mark"].as_str().unwrap_or("report")).collect();
    assert_eq!(marks, ["connected", "measuring", "measured", "report"]);
    assert!(lines[2]["answered"].is_u64() && lines[2]["nanoseconds"].is_u64(), "{text}");
    let told = iter::repeat_with(|| issuer.line()).find(|line| !line.contains("second"));
    assert_eq!(told.as_deref(), Some(r#"{"mark":"links","links":1}"#));
}

#[test]
fn the_floor_ends_with_its_summary_when_asked_to() {
    let (_issuer, address) = listening_issuer();
    let mut relay = Program::starts(&[
        "relay",
        "--listen",
        "127.0.0.1:0",
        "--to",
        &address,
        "--to",
        &address,
        "-o",
        "json",
    ]);
    let target = relay.listening().to_string();
    let output = program(&["load", "--target", &target, "--duration", "0.1", "--warmup", "0"]);
    assert_eq!(output.status.code(), Some(0));
    let (rest, code) = relay.asked_to_end();
    let summary: Value = serde_json::from_str(&rest).unwrap();
    assert_eq!(code, Some(0));
    assert_eq!(summary["requests"], summary["answers"]);
    assert!(summary["requests"].as_u64() > Some(0));
}
