//! What each who takes part in a demo is told: the daemon's configuration, the arguments of loads and
//! issuers. Data and text; knows no process.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use crate::parties::{ACQUIRERS, CARDS, ISSUERS, Party, quoted, stations};

use super::scenario::Scenario;

/// Links of the switch to each issuer.
pub(super) const LINKS: u32 = 4;
/// Connections of each acquirer.
pub(super) const CONNECTIONS: usize = 8;
/// How long the switch may take to stop.
pub(super) const DRAIN: Duration = Duration::from_secs(5);
/// At the start latencies are not measured for this long.
const WARMUP: Duration = Duration::from_millis(500);

/// How reversals are brought to the issuers of a demo: sooner and more at once than is usual, since a
/// demo is short.
pub(super) const STORED: &str =
    "saf_retry = \"1s\"\nsaf_gap = \"0s\"\nsaf_window = 64\nsaf_rate = 5000";

/// How issuers that answer late do so: some answers come after the switch's timeout, some never, some
/// twice, and some reversals are taken and not acknowledged.
const LATE: [(&str, &str); 5] = [
    ("--late-every", "40"),
    ("--late-by", "1500ms"),
    ("--drop-every", "97"),
    ("--double-every", "53"),
    ("--deaf-every", "13"),
];

/// What the acquirers of such issuers do beside: percent of requests.
const FOLLOWED: [(&str, &str); 2] = [("--repeats", "2"), ("--reversals", "2")];

/// The configuration of the switch.
pub(super) fn configuration(
    state: &Path,
    socket: &Path,
    listening: [SocketAddr; 2],
    issuers: [SocketAddr; 2],
    scenario: Scenario,
) -> String {
    let (timeout, drain) = (scenario.timeout().as_millis(), DRAIN.as_secs());
    let stored = if scenario == Scenario::Plain { "" } else { STORED };
    let of_issuers = format_args!(
        "links = {LINKS}\ntimeout = \"{timeout}ms\"\n{stored}\n\
         reconnect_min = \"50ms\"\nreconnect_max = \"500ms\""
    );
    format!(
        "[node]\nname = \"demo\"\ninstitution = \"49000000001\"\nstate = {}\nworkers = 0\n\n\
         [control]\nsocket = {}\n\n\
         [limits]\ndrain = \"{drain}s\"\n\n{}",
        quoted(state),
        quoted(socket),
        stations(listening, issuers, of_issuers)
    )
}

/// The arguments of the switch.
pub(super) fn switch(configuration: &Path) -> Vec<String> {
    let configuration = configuration.to_string_lossy();
    let words = ["sekishod", "--insecure-demo", "--log-format", "json", "--config", &configuration];
    words.map(Into::into).into()
}

/// The arguments of an issuer; port 0 for any.
pub(super) fn issuer(place: usize, listen: SocketAddr, scenario: Scenario) -> Vec<String> {
    let Party { dialect, framing, .. } = ISSUERS[place];
    let mut words = bench("issuer", dialect, framing);
    words.extend(["--listen".into(), listen.to_string()]);
    match scenario {
        Scenario::LateAnswers => {
            words.extend(LATE.iter().flat_map(|(word, value)| [(*word).into(), (*value).into()]));
        }
        // So that some requests are at the issuers when the switch is killed.
        Scenario::SwitchKilled | Scenario::PrimaryKilled => {
            words.extend(["--delay".into(), "20ms".into()]);
        }
        Scenario::Plain | Scenario::IssuerKilled | Scenario::IssuerFrozen => {}
    }
    words
}

/// The arguments of an acquirer, which finds the switch at these addresses.
pub(super) fn acquirer(
    place: usize,
    targets: &[SocketAddr],
    (rate, seconds): (u64, u64),
    scenario: Scenario,
) -> Vec<String> {
    let Party { institution, dialect, framing, .. } = ACQUIRERS[place];
    let share = if place == 0 { rate - rate / 2 } else { rate / 2 };
    let measured = Duration::from_secs(seconds).saturating_sub(WARMUP);
    let mut words = bench("load", dialect, framing);
    words.extend(targets.iter().flat_map(|target| ["--target".into(), target.to_string()]));
    words.extend(["--connections".into(), CONNECTIONS.to_string()]);
    words.extend(["--rate".into(), share.to_string()]);
    words.extend(["--duration".into(), format!("{}ms", measured.as_millis())]);
    words.extend(["--warmup".into(), format!("{}ms", WARMUP.as_millis())]);
    words.extend(["--acquirer".into(), institution.into()]);
    match scenario {
        Scenario::LateAnswers => {
            let words_of = |(word, value): &(&str, &str)| [(*word).into(), (*value).into()];
            words.extend(FOLLOWED.iter().flat_map(words_of));
        }
        // What was open when the switch ended is repeated as soon as it is back.
        Scenario::SwitchKilled => words.push("--ask-again".into()),
        Scenario::Plain
        | Scenario::IssuerKilled
        | Scenario::IssuerFrozen
        | Scenario::PrimaryKilled => {}
    }
    // Test cards that everybody knows; a real one would never stand in an argument.
    words.extend(CARDS.iter().flat_map(|card| ["--pan".into(), (*card).into()]));
    words
}

fn bench(what: &str, dialect: &str, framing: &str) -> Vec<String> {
    let words = ["bench", what, "--child", "-o", "json"];
    let format = ["--dialect", dialect, "--framing", framing];
    words.iter().chain(&format).map(|word| (*word).into()).collect()
}
