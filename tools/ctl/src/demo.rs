//! `sekisho demo`: acquirers, switch and issuers on loopback, a live view, a verdict. Must not know
//! how a process is started, nor what is wrong with a figure.

mod scenario;

mod setting;

mod stage;

mod place;

mod process;

mod cast;

mod play;

mod view;

mod reckoning;

mod checks;

mod verdict;

mod hints;

mod sites;

use std::io::{self, Write};
use std::process::ExitCode;

use bench::load::Report;

use self::checks::{Check, Facts, Killed, Ledger, checks};
use self::play::{Play, Told};
use self::process::Process;
use self::reckoning::reckon;
use self::scenario::Scenario;
use self::stage::{Stage, Stop};
use self::view::View;
use crate::output::{Colours, FAILED, FOUND, Failure, NOT_FOUND, USAGE, write_out};

/// Of a program that a signal ended: this and the signal's number.
const BY_SIGNAL: u8 = 128;

/// How long, and how many a second, when nothing else is said.
const SECONDS: u64 = 20;
const RATE: u64 = 2_000;

/// What to show.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// How long the acquirers send, seconds; 20 if not told, with two sites 30
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: Option<u64>,

    /// Requests a second, of both acquirers together, sent at fixed times whatever comes back; 2000 if not
    /// told, with two sites 500
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..=1_000_000))]
    rate: Option<u64>,

    /// Sites of the switch; of two the primary is killed under load, and the standby takes over. That
    /// needs etcd, their witness (Debian's package etcd-server)
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u8).range(1..=2))]
    sites: u8,

    /// What goes wrong meanwhile, at one site: issuer-killed, issuer-frozen, kill-switch or late-answers; nothing
    /// when not given
    #[arg(long, value_name = "NAME")]
    scenario: Option<String>,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    if arguments.sites > 1 {
        return sites::run(arguments);
    }
    let (seconds, rate) = (arguments.seconds.unwrap_or(SECONDS), arguments.rate.unwrap_or(RATE));
    let scenario = scenario(arguments, seconds)?;
    let view = View::new(seconds, view::LINES);
    let outcome = show((rate, seconds), scenario, &view);
    view.clear();
    match outcome {
        Ok((facts, signal, troubles)) => {
            let checks = checks(&facts);
            let verdict = verdict::verdict(&facts, &checks, Colours::of_stdout());
            conclude(&verdict, &checks, signal, &troubles)
        }
        Err(stop) => stopped(stop),
    }
}

/// There is no verdict.
fn stopped(stop: Stop) -> Result<ExitCode, Failure> {
    match stop {
        Stop::Failed(why) => Err(Failure::new(FAILED, format!("the demo failed: {why}"))),
        Stop::Interrupted(signal) => Ok(ended_by(signal)),
    }
}

fn scenario(arguments: &Arguments, seconds: u64) -> Result<Scenario, Failure> {
    let names = Scenario::NAMED.map(Scenario::name).join(", ");
    let Some(name) = &arguments.scenario else { return Ok(Scenario::Plain) };
    let scenario = Scenario::named(name).ok_or_else(|| {
        Failure::new(NOT_FOUND, format!("there is no scenario {name:?}; there is {names}"))
    })?;
    if seconds < Scenario::SECONDS_MIN {
        let message = format!(
            "{name} needs time to go wrong and recover: --seconds {} or more",
            Scenario::SECONDS_MIN
        );
        return Err(Failure::new(USAGE, message));
    }
    Ok(scenario)
}

/// From the first process to the last: what was found, which signal ended it early, and what the
/// switch complained of last. Whatever goes wrong, nothing is left running.
fn show(
    (rate, seconds): (u64, u64),
    scenario: Scenario,
    view: &View,
) -> Result<(Box<Facts>, Option<i32>, String), Stop> {
    let mut stage = Stage::new(scenario).map_err(|error| Stop::Failed(error.to_string()))?;
    view.say("starting two issuers, the switch and two acquirers on loopback");
    stage.open()?;
    stage.begin(rate, seconds)?;
    let (fault, signal) = Play::new(&mut stage, view, scenario, seconds).run()?;
    let facts = end(&mut stage, scenario, fault)?;
    Ok((facts, signal, stage.troubles()))
}

/// Ends everybody in order, and says what was found.
fn end(stage: &mut Stage, scenario: Scenario, fault: Option<Told>) -> Result<Box<Facts>, Stop> {
    stage.look();
    if scenario.is_reckoned() || fault.is_some() {
        stage.settle()?;
    }
    let stopped = stage.stop_switch()?;
    stage.stop_issuers()?;
    let kept = checks::kept(&stage.place.state());
    let reckoning = scenario
        .is_reckoned()
        .then(|| reckon(&stage.place).map(Box::new).map_err(|error| error.to_string()));
    let killed = (scenario == Scenario::SwitchKilled)
        .then_some(Killed { verified: stage.switch.verified, unfinished: stage.switch.unfinished });
    let left_over = stage.clear();
    let acquirers = reports(stage)?;
    Ok(Box::new(Facts {
        scenario,
        acquirers,
        issuers: ledgers(stage),
        switch_id: stage.switch.process.as_ref().map(Process::id),
        status: stage.status.take(),
        fault,
        kept,
        reckoning,
        killed,
        stopped,
        left_over,
    }))
}

/// What the acquirers found.
fn reports(stage: &Stage) -> Result<[Report; 2], Stop> {
    let report = |place: usize| {
        let report = stage.acquirers[place].report.clone();
        report.ok_or_else(|| Stop::Failed("an acquirer has no result".into()))
    };
    Ok([report(0)?, report(1)?])
}

/// What the issuers say that they did.
fn ledgers(stage: &Stage) -> [Ledger; 2] {
    [0, 1].map(|place| {
        let issuer = &stage.issuers[place];
        Ledger { now: issuer.ledger, before: issuer.ledger_before }
    })
}

/// Says the verdict, and what is to be said beside it.
fn conclude(
    verdict: &str,
    checks: &[Check],
    signal: Option<i32>,
    troubles: &str,
) -> Result<ExitCode, Failure> {
    write_out(verdict)?;
    let all_hold = checks.iter().all(|check| check.holds);
    let troubled = !all_hold && !troubles.is_empty();
    let troubles = if troubled {
        format!("\nlast warnings of the switch:{troubles}\n")
    } else {
        String::new()
    };
    let hints = hints::hints();
    // Where stderr is gone, nobody misses it.
    drop(write!(io::stderr(), "{troubles}{hints}"));
    Ok(match signal {
        Some(signal) => ended_by(signal),
        None if all_hold => ExitCode::SUCCESS,
        None => ExitCode::from(FOUND),
    })
}

fn ended_by(signal: i32) -> ExitCode {
    ExitCode::from(u8::try_from(signal).map_or(FAILED, |signal| BY_SIGNAL.saturating_add(signal)))
}
