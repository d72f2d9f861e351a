//! What must hold at the end of a demo, each in words. A pure function of what was found; knows no
//! process.

mod journal;
mod killed;
pub(super) mod late;

use std::time::Duration;

use crate::parties::{ACQUIRERS, ISSUERS};
use bench::issuer::Summary;
use bench::load::Report;
use daemon::saf::SafStatus;
use daemon::status::{StationStatus, Status};

use super::play::Told;
use super::reckoning::Reckoning;
use super::scenario::{Scenario, VICTIM};
use super::setting::DRAIN;
use super::stage::Stopped;

pub(super) use self::journal::{Kept, kept};
pub(super) use self::killed::Killed;

/// How much longer than the issuer's timeout an answer may take on a busy machine.
const SLOWER: Duration = Duration::from_secs(1);
/// Action codes of a switch whose issuer is away: unreachable, or no answer in time.
const CODES_AWAY: [&str; 2] = ["907", "911"];

/// Everything that was found.
pub(super) struct Facts {
    pub(super) scenario: Scenario,
    pub(super) acquirers: [Report; 2],
    pub(super) issuers: [Ledger; 2],
    /// What the switch said after the last answer.
    pub(super) status: Option<Status>,
    /// The id of its process from start to end.
    pub(super) switch_id: Option<u32>,
    /// How the fault went, if there was one and it went to its end.
    pub(super) fault: Option<Told>,
    /// What `journal verify` says of what the switch wrote; or why it can not.
    pub(super) kept: Result<Kept, String>,
    /// Ledgers and journal, where both were kept; or why they can not be held against each other.
    pub(super) reckoning: Option<Result<Box<Reckoning>, String>>,
    /// What the switch left behind, if it was killed.
    pub(super) killed: Option<Killed>,
    pub(super) stopped: Stopped,
    /// What was there when all should have been gone.
    pub(super) left_over: Vec<String>,
}

/// What an issuer says that it did.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ledger {
    /// Since its last start.
    pub(super) now: Summary,
    /// The last word of the one that was killed: what it did after that, nobody knows.
    pub(super) before: Option<Summary>,
}

/// One thing that must hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Check {
    pub(super) holds: bool,
    pub(super) text: String,
}

/// All checks, in the order in which people ask.
pub(super) fn checks(facts: &Facts) -> Vec<Check> {
    if let Some(killed) = &facts.killed {
        let mut all = killed::checks(facts, killed, facts.fault);
        all.extend([clean_stop(facts), nothing_left(facts)]);
        return all;
    }
    if facts.scenario == Scenario::LateAnswers {
        let mut all = vec![answered_once(facts)];
        all.extend(late::checks(facts));
        all.push(in_time(facts));
        all.extend([journal::check(facts), clean_stop(facts), nothing_left(facts)]);
        return all;
    }
    let mut all = vec![answered_once(facts), declines(facts), ledgers(facts), counters(facts)];
    if let Some(fault) = facts.fault {
        all.extend([reversed(facts), in_time(facts), recovery(facts, fault)]);
        all.push(nothing_restarted(facts));
    }
    all.extend([journal::check(facts), clean_stop(facts), nothing_left(facts)]);
    all
}

pub(super) fn check(holds: bool, text: impl Into<String>) -> Check {
    Check { holds, text: text.into() }
}

impl Facts {
    fn sum(&self, of: impl Fn(&Report) -> u64) -> u64 {
        self.acquirers.iter().map(of).sum()
    }

    pub(super) fn counter(&self, name: &str) -> u64 {
        self.status.as_ref().and_then(|status| status.counters.get(name)).copied().unwrap_or(0)
    }

    /// Ledgers and journal, held against each other.
    pub(super) fn reckoned(&self) -> Result<&Reckoning, String> {
        match &self.reckoning {
            Some(Ok(reckoning)) => Ok(reckoning),
            Some(Err(why)) => Err(why.clone()),
            None => Err("no ledgers were kept".to_owned()),
        }
    }

    fn station(&self, name: &str) -> Option<&StationStatus> {
        self.status.as_ref()?.stations.iter().find(|station| station.name == name)
    }
}

impl Ledger {
    /// Approvals that it is known to have given.
    pub(super) fn approved(&self) -> u64 {
        self.now.approved + self.before.map_or(0, |before| before.approved)
    }
}

fn answered_once(facts: &Facts) -> Check {
    let [sent, answered] = [facts.sum(|r| r.sent), facts.sum(|r| r.answered)];
    let [unanswered, wrong] = [facts.sum(|r| r.unanswered), facts.sum(|r| r.mismatched)];
    let holds = sent > 0 && answered == sent && unanswered == 0 && wrong == 0;
    let mut text = format!("every request was answered exactly once: {answered} of {sent}");
    if !holds {
        text = format!("{text}, {unanswered} unanswered, {wrong} wrong{}", wrongs(facts));
    }
    check(holds, text)
}

fn wrongs(facts: &Facts) -> String {
    wrongs_of(&facts.acquirers)
}

/// " (a second answer: 3)" and so on.
pub(super) fn wrongs_of(reports: &[Report]) -> String {
    let wrongs = reports.iter().flat_map(|report| &report.wrong);
    wrongs.map(|(what, count)| format!(" ({what}: {count})")).collect::<Vec<_>>().concat()
}

fn declines(facts: &Facts) -> Check {
    let declined = facts.sum(|r| r.declined);
    let codes = codes(facts);
    let Some(_) = facts.fault else {
        let also = if facts.scenario == Scenario::Plain { "" } else { ", the fault not over" };
        // Ended early in a fault, declines are what it is.
        let holds = declined == 0 || facts.scenario != Scenario::Plain;
        let text = if declined == 0 {
            "no request was declined".into()
        } else {
            format!("{declined} requests were declined ({codes}){also}")
        };
        return check(holds && facts.sum(|r| r.approved) > 0, text);
    };
    let others = facts.acquirers.iter().flat_map(|report| report.actions.keys());
    let others = others.filter(|code| code.as_str() >= "100");
    let strange = others.filter(|code| !CODES_AWAY.contains(&code.as_str())).count();
    let text = format!(
        "with {} {}, its cards were declined, and by code: {declined} ({codes})",
        ISSUERS[VICTIM].name,
        facts.scenario.verb()
    );
    check(declined > 0 && strange == 0, text)
}

/// "907 1200, 911 14".
pub(super) fn codes(facts: &Facts) -> String {
    codes_of(&facts.acquirers)
}

/// The same of any acquirers.
pub(super) fn codes_of(reports: &[Report]) -> String {
    let mut sums = std::collections::BTreeMap::<&str, u64>::new();
    for (code, count) in reports.iter().flat_map(|report| &report.actions) {
        *sums.entry(code).or_default() += count;
    }
    let declines = sums.iter().filter(|(code, _)| **code >= "100");
    declines.map(|(code, count)| format!("{code} {count}")).collect::<Vec<_>>().join(", ")
}

/// What the acquirers have as approved, the issuers have too, and nothing more.
fn ledgers(facts: &Facts) -> Check {
    let approved = facts.sum(|r| r.approved);
    let given: u64 = facts.issuers.iter().map(Ledger::approved).sum();
    let late = facts.counter("late_approved");
    let was_killed = facts.issuers.iter().any(|ledger| ledger.before.is_some());
    if !was_killed {
        let mut text =
            format!("the ledgers agree: acquirers {approved} approvals, issuers {given}");
        if late > 0 {
            text = format!("{text}, of them {late} too late and not passed on");
        }
        return check(approved + late == given, text);
    }
    // The killed one took with it what it did after its last word, so its part is a lower bound,
    // and only that of the other is exact. What it had sent may have been lost with its
    // connections: those requests ran into the timeout.
    let of = |place: usize| facts.station(ISSUERS[place].name).map(|station| station.approved);
    let others = (0..ISSUERS.len()).filter(|&place| facts.issuers[place].before.is_none());
    let exact = others.clone().all(|place| of(place) == Some(facts.issuers[place].approved()));
    let known = others
        .fold(approved + late, |left, place| left.saturating_sub(facts.issuers[place].approved()));
    let victim = facts.issuers[VICTIM].approved();
    let name = ISSUERS[VICTIM].name;
    let text = format!(
        "the ledgers agree: acquirers {approved} approvals; of {name} {known}, whose own ledger \
         ended with it at {victim} or more"
    );
    let lost_max = facts.counter("refused_timed_out");
    check(exact && known + lost_max >= victim, text)
}

/// The switch's own counters say what its partners say.
fn counters(facts: &Facts) -> Check {
    if facts.status.is_none() {
        return check(false, "the switch did not say what it has counted");
    }
    let mut differ = Vec::new();
    let mut same = |what: &str, ours: u64, theirs: u64| {
        if ours != theirs {
            differ.push(format!("{what} {ours}, but {theirs} there"));
        }
    };
    let [sent, approved] = [facts.sum(|r| r.sent), facts.sum(|r| r.approved)];
    let [requests, passed_on] = [facts.counter("requests"), facts.counter("approved")];
    same("requests", requests, sent);
    same("approvals passed on", passed_on, approved);
    for (party, report) in ACQUIRERS.iter().zip(&facts.acquirers) {
        if let Some(station) = facts.station(party.name) {
            same(&format!("{}: requests", party.name), station.requests, report.sent);
            same(&format!("{}: answers", party.name), station.answers, report.answered);
            same(&format!("{}: approved", party.name), station.approved, report.approved);
        }
    }
    for (party, ledger) in ISSUERS.iter().zip(&facts.issuers) {
        let station = facts.station(party.name).filter(|_| ledger.before.is_none());
        if let Some(station) = station {
            same(&format!("{}: requests", party.name), station.requests, ledger.now.requests);
        }
    }
    let text = if differ.is_empty() {
        format!("the switch's counters agree: {requests} requests, {passed_on} approvals")
    } else {
        format!("the switch's counters differ: {}", differ.join("; "))
    };
    check(differ.is_empty(), text)
}

/// What an issuer was asked and gave no answer to in time is taken back there.
fn reversed(facts: &Facts) -> Check {
    let [made, acknowledged] = [facts.counter("saf_queued"), facts.counter("saf_acknowledged")];
    let stations = facts.status.iter().flat_map(|status| &status.stations);
    let stored = stations.filter_map(|station| station.stored.as_ref());
    let open: u32 = stored.map(SafStatus::open).sum();
    let text = format!(
        "no obligation is open: of {made} reversals of requests without an answer {acknowledged} were \
         acknowledged, {open} are open"
    );
    let holds = facts.status.is_some() && open == 0 && made == acknowledged;
    check(holds && made >= facts.counter("late_approved"), text)
}

fn in_time(facts: &Facts) -> Check {
    let slowest = facts.acquirers.iter().map(|report| report.latency_us.max);
    let slowest = Duration::try_from_secs_f64(slowest.fold(0.0, f64::max)).unwrap_or_default();
    // Microseconds read as seconds.
    let slowest = slowest / 1_000_000;
    let timeout = facts.scenario.timeout();
    let text = format!(
        "nobody waited for long: {:.1} s at most, with an issuer's timeout of {} s",
        slowest.as_secs_f64(),
        timeout.as_secs()
    );
    check(slowest <= timeout + SLOWER, text)
}

fn recovery(facts: &Facts, fault: Told) -> Check {
    let declined = facts.sum(|r| r.declined);
    let (before, after) = (fault.declined_before, declined.saturating_sub(fault.declined_by_then));
    let victim = facts.issuers[VICTIM].now.approved;
    match fault.recovered_after {
        None => check(false, "approvals did not flow again before the end"),
        Some(took) => {
            let text = format!(
                "full recovery within {:.1} s after {} came back; declines before the fault {before}, \
                 after recovery {after}",
                took.as_secs_f64(),
                ISSUERS[VICTIM].name,
            );
            let holds = before == 0 && after == 0 && victim > 0;
            check(holds && took <= Scenario::RECOVERY_MAX, text)
        }
    }
}

fn nothing_restarted(facts: &Facts) -> Check {
    let same = facts.status.as_ref().map(|status| status.pid) == facts.switch_id;
    let lost = facts.sum(|r| r.connections_lost);
    let text = format!("nothing else was restarted; the acquirers lost {lost} connections");
    check(same && lost == 0, text)
}

fn clean_stop(facts: &Facts) -> Check {
    let Stopped { took, code } = facts.stopped;
    let how = code.map_or("it was killed".into(), |code| format!("exit code {code}"));
    let (took_s, drain) = (took.as_secs_f64(), DRAIN.as_secs());
    let text = format!("the switch stopped within its drain of {drain} s: {took_s:.1} s, {how}");
    check(code == Some(0) && took <= DRAIN, text)
}

fn nothing_left(facts: &Facts) -> Check {
    nothing_left_of(&facts.left_over)
}

/// Neither a process nor a file.
pub(super) fn nothing_left_of(left_over: &[String]) -> Check {
    let text = if left_over.is_empty() {
        "nothing is left over: no process, no file".into()
    } else {
        format!("left over: {}", left_over.join(", "))
    };
    check(left_over.is_empty(), text)
}

#[cfg(test)]
mod tests;
