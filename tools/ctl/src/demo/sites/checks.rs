//! What must hold at the end of a demo of two sites, each in words. A pure function of what was found; knows
//! no process.

use std::time::Duration;

use bench::load::Report;
use daemon::node_requests::{NodeRole, NodeStatus, SyncState};
use daemon::status::Status;

use super::super::checks::{
    Check, Kept, Ledger, check, codes_of, late, nothing_left_of, wrongs_of,
};
use super::super::process::SITES;
use super::super::reckoning::Reckoning;
use super::super::setting::DRAIN;
use super::super::stage::Stopped;
use super::play::{Told, VICTIM};

/// How long nobody may be served when a primary is lost unplanned.
const WITHOUT_SERVICE_MAX: Duration = Duration::from_secs(5);
/// Action codes that a failover may cost: no issuer reached, the outcome unknown, no answer in time.
const CODES_OF_FAILOVER: [&str; 3] = ["907", "909", "911"];

/// Everything that was found.
pub(super) struct Facts {
    pub(super) course: Told,
    pub(super) acquirers: [Report; 2],
    pub(super) issuers: [Ledger; 2],
    /// Which site was the primary at the end.
    pub(super) primary: usize,
    /// How each stood before it was told to stop.
    pub(super) stands: [Option<NodeStatus>; 2],
    /// What the primary said after the last answer.
    pub(super) status: Option<Status>,
    /// What `journal verify` says of what each has; or why it can not.
    pub(super) kept: [Result<Kept, String>; 2],
    /// The batches that both have; or where their logs part.
    pub(super) equal: Result<u64, String>,
    /// Ledgers, and the journal of the primary; or why they can not be held against each other.
    pub(super) reckoning: Result<Box<Reckoning>, String>,
    pub(super) stopped: [Stopped; 2],
    /// What was there when all should have been gone.
    pub(super) left_over: Vec<String>,
}

/// All checks, in the order in which people ask.
pub(super) fn checks(facts: &Facts) -> Vec<Check> {
    let mut all = Vec::new();
    if facts.course.killed {
        all.extend([took_over(facts), without_service(facts)]);
    } else if !facts.course.interrupted {
        let name = SITES[VICTIM];
        all.push(check(false, format!("the two were not in sync, so that {name} was not killed")));
    }
    all.push(answered_once(facts));
    match &facts.reckoning {
        Err(why) => all.push(late::not_compared(why)),
        Ok(reckoning) => {
            all.push(lost(reckoning));
            all.extend(facts.course.killed.then(|| closed(reckoning)));
            all.extend([late::nothing_open(reckoning), late::equal(reckoning)]);
        }
    }
    all.extend([stands(facts), journals(facts), clean_stop(facts)]);
    all.push(nothing_left_of(&facts.left_over));
    all
}

impl Facts {
    fn sum(&self, of: impl Fn(&Report) -> u64) -> u64 {
        self.acquirers.iter().map(of).sum()
    }

    fn most(&self, of: impl Fn(&Report) -> f64) -> f64 {
        self.acquirers.iter().map(of).fold(0.0, f64::max)
    }
}

fn took_over(facts: &Facts) -> Check {
    let (victim, other) = (SITES[VICTIM], SITES[1 - VICTIM]);
    let Some(took) = facts.course.took_over else {
        return check(false, format!("{victim} was killed, and {other} did not take over"));
    };
    let moves = facts.sum(|report| report.moves);
    let text = format!(
        "{victim} was killed, and {other} was the primary {:.1} s later by itself; {moves} connections of the \
         acquirers went there",
        took.as_secs_f64()
    );
    check(facts.primary == 1 - VICTIM && moves > 0, text)
}

/// From when a request should have left to the next approval, as the acquirers saw it.
fn without_service(facts: &Facts) -> Check {
    let answer = facts.most(|report| report.without_answer_s);
    let approval = facts.most(|report| report.without_approval_s);
    let bound = WITHOUT_SERVICE_MAX.as_secs_f64();
    let text = format!(
        "seconds without service: {approval:.1} without an approval, {answer:.1} without an answer (bound \
         {bound})"
    );
    check(approval <= bound && answer <= bound, text)
}

fn answered_once(facts: &Facts) -> Check {
    let [sent, answered] = [facts.sum(|r| r.sent), facts.sum(|r| r.answered)];
    let [unanswered, wrong] = [facts.sum(|r| r.unanswered), facts.sum(|r| r.mismatched)];
    let [approved, declined] = [facts.sum(|r| r.approved), facts.sum(|r| r.declined)];
    let again = facts.sum(|r| r.asked_again);
    let codes = codes_of(&facts.acquirers);
    let codes = if codes.is_empty() { codes } else { format!(" ({codes})") };
    let strange = facts
        .acquirers
        .iter()
        .flat_map(|report| report.actions.keys())
        .any(|code| code.as_str() >= "100" && !CODES_OF_FAILOVER.contains(&code.as_str()));
    let text = format!(
        "every request was answered exactly once: {answered} of {sent}, {approved} approved and {declined} \
         declined{codes}; {again} had to be asked again; {unanswered} unanswered, {wrong} wrong{}",
        wrongs_of(&facts.acquirers)
    );
    let is_whole = answered == sent && unanswered == 0 && wrong == 0;
    check(is_whole && approved > 0 && !strange, text)
}

/// What an acquirer was told, the site that took over knows.
fn lost(reckoning: &Reckoning) -> Check {
    let lost = reckoning.lost;
    let text = format!(
        "transactions lost: {lost}; every approval that an acquirer has stands in the journal of the primary"
    );
    check(lost == 0, text)
}

/// What was under way may have been approved: it is taken back.
fn closed(reckoning: &Reckoning) -> Check {
    let [closed, reversed] = [reckoning.counts.closed, reckoning.books.closed_reversed];
    let text = format!(
        "what was under way when the primary was killed is closed and reversed at its issuers: {reversed} of \
         {closed}; {} requests are without an outcome",
        reckoning.open
    );
    check(closed == reversed && reckoning.open == 0, text)
}

/// One reigns, the other one stands by, and has everything.
fn stands(facts: &Facts) -> Check {
    let (primary, standby) = (SITES[facts.primary], SITES[1 - facts.primary]);
    let stands = |place: usize| facts.stands[place].as_ref();
    let leads = stands(facts.primary)
        .is_some_and(|stands| stands.role == NodeRole::Primary && stands.sync == SyncState::Sync);
    let follows = stands(1 - facts.primary).is_some_and(|stands| stands.role == NodeRole::Standby);
    let text = match (leads && follows, facts.course.followed) {
        (true, Some(took)) => format!(
            "{standby} came back as the standby of {primary}, and the two were in sync {:.1} s after its start",
            took.as_secs_f64()
        ),
        (true, None) => format!("{standby} is the standby of {primary}, in sync"),
        (false, _) => {
            let said = stands(facts.primary).map_or("nothing", |stands| stands.why.as_str());
            format!("the two are NOT in sync at the end; {primary} says: {said}")
        }
    };
    check(leads && follows && facts.course.followed.is_some() == facts.course.killed, text)
}

fn journals(facts: &Facts) -> Check {
    let mut words = Vec::new();
    for (name, kept) in SITES.iter().zip(&facts.kept) {
        words.push(match kept {
            Ok(Kept { is_good: true, records, .. }) => format!("{name} good, {records} records"),
            Ok(Kept { is_good: false, .. }) => format!("{name} DAMAGED or torn"),
            Err(why) => format!("{name} can not be looked at: {why}"),
        });
    }
    let are_good = facts.kept.iter().all(|kept| kept.as_ref().is_ok_and(|kept| kept.is_good));
    let equal = match &facts.equal {
        Ok(batches) => format!("the two are equal in all {batches} batches"),
        Err(why) => format!("the two DIFFER: {why}"),
    };
    let text = format!("journal verify says: {}; {equal}", words.join("; "));
    check(are_good && facts.equal.as_ref().is_ok_and(|batches| *batches > 0), text)
}

fn clean_stop(facts: &Facts) -> Check {
    let words = SITES.iter().zip(&facts.stopped).map(|(name, stopped)| {
        let Stopped { took, code } = stopped;
        let how = code.map_or("it was killed".into(), |code| format!("exit code {code}"));
        format!("{name} {:.1} s, {how}", took.as_secs_f64())
    });
    let words = words.collect::<Vec<_>>().join("; ");
    let text = format!("both stopped within their drain of {} s: {words}", DRAIN.as_secs());
    let is_clean = |stopped: &Stopped| stopped.code == Some(0) && stopped.took <= DRAIN;
    check(facts.stopped.iter().all(is_clean), text)
}

#[cfg(test)]
mod tests;
