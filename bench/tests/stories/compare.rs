//! Floor against a switch that is a floor too: the comparison itself.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use bench::compare::{self, Error, Event, Options, Subject, Trouble};
use bench::load::Pace;

use crate::world::program;

fn options(sekishod: PathBuf) -> Options {
    Options {
        sekishod,
        bench: env!("CARGO_BIN_EXE_sekisho-bench").into(),
        dialect: "iso93-ascii".to_owned(),
        connections: 4,
        pace: Pace::Window(2),
        duration: Duration::from_millis(400),
        warmup: Duration::from_millis(50),
        runs: 2,
        journal: None,
        trouble: Trouble::default(),
    }
}

/// A program in the place of the switch: a script of that body, which finds the configuration in
/// `$2`.
fn stand_in(name: &str, body: &str) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&directory).unwrap();
    let path = directory.join("sekishod");
    fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// A switch that reads the configuration and relays.
fn relaying_switch(name: &str) -> PathBuf {
    let bench = env!("CARGO_BIN_EXE_sekisho-bench");
    let body = format!(
        r#"[ "$1" = --config ] && [ "$3" = --insecure-demo ] || exit 78
listen=$(sed -n 's/^listen = \["\(.*\)"\]$/\1/p' "$2")
to=$(sed -n 's/^connect = \["\(.*\)"\]$/\1/p' "$2")
grep -q '^workers = 1$' "$2" && grep -q '^links = 4$' "$2" || exit 78
exec {bench} relay --listen "$listen" --to "$to" --to "$to" --to "$to" --to "$to""#
    );
    stand_in(name, &body)
}

#[test]
fn floor_and_switch_run_in_turn_and_the_order_alternates() {
    let mut begun = Vec::new();
    let outcome = compare::run(
        &options(relaying_switch("relaying")),
        &AtomicBool::new(false),
        &mut |event| {
            if let Event::Begun(pair, _, subject) = event {
                begun.push((*pair, *subject));
            }
        },
    );
    let outcome = outcome.unwrap();
    let order =
        [(1, Subject::Floor), (1, Subject::Switch), (2, Subject::Switch), (2, Subject::Floor)];
    assert_eq!(begun, order);
    assert_eq!(outcome.pairs.len(), 2);
    for figures in [outcome.floor, outcome.switch] {
        assert!(figures.tps > 0.0 && figures.cpu_us_per_tx > 0.0, "{figures:?}");
    }
    assert!(outcome.ratio.cpu > 0.0 && outcome.ratio.tps > 0.0);
    let shown = format!("{}\n{}", outcome.table(), outcome.caption());
    for part in ["CPU, us/tx", "throughput", "cores", "all threads"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[test]
fn at_a_given_rate_the_times_of_both_are_compared() {
    let paced = Options { pace: Pace::Rate(500), runs: 1, ..options(relaying_switch("paced")) };
    let outcome = compare::run(&paced, &AtomicBool::new(false), &mut |_| ()).unwrap();
    assert_eq!((outcome.rate, outcome.window), (Some(500), None));
    for figures in [outcome.floor, outcome.switch] {
        // At its pace, and not as fast as it goes.
        assert!(figures.tps < 1_000.0 && figures.latency_p50_us > 0.0, "{figures:?}");
    }
    assert!(outcome.ratio.latency_p50 > 0.0);
    let shown = format!("{}\n{}", outcome.table(), outcome.caption());
    for part in ["late sends", "with 500 requests a second"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[test]
fn with_a_journal_its_device_is_measured_next_to_each_pair() {
    let body = r#"grep -q '^path = "direct"$' "$2" && ! grep -q '^sync' "$2" || exit 78"#;
    let switch = relaying_switch("journaling");
    let relaying = fs::read_to_string(&switch).unwrap().replace("#!/bin/sh\n", "");
    fs::write(&switch, format!("#!/bin/sh\n{body}\n{relaying}")).unwrap();
    let journaling =
        Options { pace: Pace::Rate(500), runs: 1, journal: Some("direct"), ..options(switch) };
    let outcome = compare::run(&journaling, &AtomicBool::new(false), &mut |_| ()).unwrap();
    assert!(outcome.device_commit_us.is_some_and(|commit| commit > 0.0), "{outcome:?}");
    assert!(outcome.commits_per_tx.is_some(), "{outcome:?}");
    let shown = format!("{}\n{}", outcome.table(), outcome.caption());
    for part in ["device commit p50", "device commits", "journal direct"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

/// A switch whose issuer stays silent now and then: an issuer in its place, which says what the
/// configuration must have, and the links that are waited for.
fn silent_switch(name: &str, more: &str) -> PathBuf {
    let bench = env!("CARGO_BIN_EXE_sekisho-bench");
    let body = format!(
        r#"grep -q '^timeout = "1s"$' "$2" && grep -q '^saf_window = 1000$' "$2" || exit 78
listen=$(sed -n 's/^listen = \["\(.*\)"\]$/\1/p' "$2")
to=$(sed -n 's/^connect = \["\(.*\)"\]$/\1/p' "$2")
{bench} relay --child --listen 127.0.0.1:0 --to "$to" --to "$to" --to "$to" --to "$to" &
{bench} issuer --child --listen "$listen" --dialect iso93-ascii --framing ascii4 {more} &
wait"#
    );
    stand_in(name, &body)
}

#[test]
fn with_trouble_the_switch_is_compared_with_itself() {
    let trouble = Trouble { repeats_every: Some(5), timeouts_every: None };
    let options = Options { trouble, runs: 1, ..options(relaying_switch("repeating")) };
    let mut begun = Vec::new();
    let outcome = compare::run(&options, &AtomicBool::new(false), &mut |event| {
        if let Event::Begun(_, _, subject) = event {
            begun.push(*subject);
        }
    });
    let outcome = outcome.unwrap();
    assert_eq!(begun, [Subject::Plain, Subject::Switch]);
    let shown = format!("{}\n{}", outcome.table(), outcome.caption());
    for part in ["with / without", "with 1 request in 5 repeated"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[test]
fn timeouts_are_what_they_should_be_and_any_other_decline_is_no_measurement() {
    let trouble = Trouble { repeats_every: None, timeouts_every: Some(5) };
    let of = |name, more| Options { trouble, runs: 1, ..options(silent_switch(name, more)) };
    let outcome = compare::run(&of("silent", ""), &AtomicBool::new(false), &mut |_| ()).unwrap();
    assert!(outcome.caption().contains("1 request in 5 unanswered by its issuer"));
    let declined = compare::run(&of("wrong", "--action 907"), &AtomicBool::new(false), &mut |_| ());
    assert!(matches!(&declined, Err(Error::Work(_))), "{declined:?}");
}

#[test]
fn a_switch_that_declines_has_not_done_the_same_work() {
    let bench = env!("CARGO_BIN_EXE_sekisho-bench");
    // Links to the issuer, and beside them somebody who declines; both end with the script.
    let body = format!(
        r#"listen=$(sed -n 's/^listen = \["\(.*\)"\]$/\1/p' "$2")
to=$(sed -n 's/^connect = \["\(.*\)"\]$/\1/p' "$2")
{bench} relay --child --listen 127.0.0.1:0 --to "$to" --to "$to" --to "$to" --to "$to" &
{bench} issuer --child --listen "$listen" --dialect iso93-ascii --framing ascii4 --action 116 &
wait"#
    );
    let declined =
        compare::run(&options(stand_in("declining", &body)), &AtomicBool::new(false), &mut |_| ());
    assert!(matches!(&declined, Err(Error::Work(report)) if report.declined > 0), "{declined:?}");
}

#[test]
fn a_switch_that_does_not_start_is_named_with_what_it_said() {
    let broken = stand_in("broken", "echo 'line 3: unknown key' >&2; exit 78");
    let failed = compare::run(&options(broken), &AtomicBool::new(false), &mut |_| ());
    let said = failed.unwrap_err().to_string();
    assert!(said.contains("sekishod did not listen") && said.contains("unknown key"), "{said}");
}

#[test]
fn without_a_switch_beside_it_the_program_says_how_to_get_one() {
    let missing = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("nowhere/sekishod");
    let failed = compare::run(&options(missing), &AtomicBool::new(false), &mut |_| ());
    let said = failed.unwrap_err().to_string();
    assert!(said.contains("cargo build --release"), "{said}");
}

#[test]
fn a_stop_ends_the_comparison_and_its_processes() {
    let stopped =
        compare::run(&options(relaying_switch("stopped")), &AtomicBool::new(true), &mut |_| ());
    assert!(matches!(stopped, Err(Error::Stopped)), "{stopped:?}");
}

#[test]
fn a_write_path_is_one_of_two_and_needs_the_journal() {
    for (line, said) in [
        (&["compare", "--journal", "--journal-path", "tape"][..], "mapped and direct"),
        (&["compare", "--journal-path", "direct"], "--journal"),
    ] {
        let output = program(line);
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8(output.stderr).unwrap().contains(said), "{line:?}");
    }
}
