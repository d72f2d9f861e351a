//! `sekisho demo --sites 2`: two sites and a witness on loopback; the primary is killed under load, the standby
//! takes over, and the killed one comes back. Must not know how a process is started, nor what is wrong
//! with a figure.

mod witness;

mod setting;

mod stage;

mod play;

mod view;

mod logs;

mod checks;

mod verdict;

use std::path::PathBuf;
use std::process::ExitCode;

use daemon::node_requests::NodeStatus;

use self::checks::{Facts, checks};
use self::play::{Play, Told};
pub(super) use self::stage::Sites;
use super::checks::kept;
use super::process::SITES;
use super::reckoning::reckon_with;
use super::scenario::Scenario;
use super::stage::{Stage, Stop, told};
use super::view::View;
use super::{Arguments, conclude, ledgers, reports, stopped};
use crate::output::{Colours, Failure, USAGE};

/// How long, and how many a second, when nothing else is said.
const SECONDS: u64 = 30;
const RATE: u64 = 500;
/// The shortest in which the primary is killed while something flows, and comes back.
const SECONDS_MIN: u64 = 6;

/// Runs the command.
pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let (seconds, rate) = (arguments.seconds.unwrap_or(SECONDS), arguments.rate.unwrap_or(RATE));
    if arguments.scenario.is_some() {
        let message = "--scenario is for one site; with --sites 2 it is the primary that is killed";
        return Err(Failure::new(USAGE, message));
    }
    if seconds < SECONDS_MIN {
        let message = format!(
            "with --sites 2 the primary is killed and comes back: --seconds {SECONDS_MIN} or more"
        );
        return Err(Failure::new(USAGE, message));
    }
    let etcd = witness::program()?;
    let view = View::new(seconds, view::LINES);
    let outcome = show((rate, seconds), etcd, &view);
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

/// From the first process to the last: what was found, which signal ended it early, and what the sites
/// complained of last. Whatever goes wrong, nothing is left running.
fn show(
    (rate, seconds): (u64, u64),
    etcd: PathBuf,
    view: &View,
) -> Result<(Box<Facts>, Option<i32>, String), Stop> {
    let stage = Stage::new(Scenario::PrimaryKilled);
    let mut stage = stage.map_err(|error| Stop::Failed(error.to_string()))?;
    let sites = Sites::new(etcd).map_err(|error| told("two sites", &error))?;
    stage.sites = Some(sites);
    let [tokyo, osaka] = SITES;
    view.say(&format!(
        "starting {tokyo}, {osaka}, etcd as their witness, two issuers and two acquirers on loopback"
    ));
    stage.open_sites()?;
    view.say(&format!("{tokyo} is the primary, {osaka} has joined it: the two are in sync"));
    stage.begin(rate, seconds)?;
    let (course, signal) = Play::new(&mut stage, view, seconds).run()?;
    let facts = end(&mut stage, course)?;
    Ok((facts, signal, stage.troubles()))
}

/// Ends everybody in order, and says what was found.
fn end(stage: &mut Stage, course: Told) -> Result<Box<Facts>, Stop> {
    stage.settle_sites()?;
    let sites = stage.sites();
    let primary = sites.primary();
    let stands: [Option<NodeStatus>; 2] =
        [0, 1].map(|place: usize| sites.all[place].stands.clone());
    let stopped = stage.stop_sites()?;
    stage.stop_issuers()?;
    let (states, key) = (SITES.map(|name| stage.place.site(name).state()), stage.place.key());
    let journals = states.each_ref().map(|state| state.join("journal"));
    let kept = states.each_ref().map(|state| kept(state));
    let equal = logs::compare(journals.each_ref().map(PathBuf::as_path), &key);
    let reckoning = reckon_with(&stage.place, &journals[primary], &key);
    let left_over = stage.clear();
    Ok(Box::new(Facts {
        course,
        acquirers: reports(stage)?,
        issuers: ledgers(stage),
        primary,
        stands,
        status: stage.status.take(),
        kept,
        equal,
        reckoning: reckoning.map(Box::new).map_err(|error| error.to_string()),
        stopped,
        left_over,
    }))
}
