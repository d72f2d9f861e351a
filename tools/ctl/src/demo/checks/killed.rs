//! What must hold when the switch itself was killed and started again. A pure function of what was
//! found; knows no process.

use super::{Check, Facts, Scenario, Told, check, codes, late, wrongs};
use crate::demo::reckoning::Reckoning;

/// What a killed switch leaves behind.
#[derive(Clone, Debug)]
pub(in crate::demo) struct Killed {
    /// What `journal verify` ended with while the switch was away.
    pub(in crate::demo) verified: Option<i32>,
    /// Requests without an outcome that the switch found in its journal when it came back.
    pub(in crate::demo) unfinished: Option<u64>,
}

pub(super) fn checks(facts: &Facts, killed: &Killed, fault: Option<Told>) -> Vec<Check> {
    let mut all = vec![nothing_wrong(facts), verified(killed)];
    match facts.reckoned() {
        Err(why) => all.push(late::not_compared(&why)),
        Ok(reckoning) => all.extend([
            answers(reckoning),
            requests(reckoning),
            missing(reckoning, killed),
            reversed(reckoning),
            late::nothing_open(reckoning),
            late::equal(reckoning),
        ]),
    }
    if let Some(fault) = fault {
        all.push(recovery(facts, fault));
    }
    all
}

/// Losing a connection loses answers, and repeats bring them; it makes none wrong or double.
fn nothing_wrong(facts: &Facts) -> Check {
    let [sent, answered] = [facts.sum(|r| r.sent), facts.sum(|r| r.answered)];
    let [unanswered, wrong] = [facts.sum(|r| r.unanswered), facts.sum(|r| r.mismatched)];
    let [lost, again] = [facts.sum(|r| r.connections_lost), facts.sum(|r| r.asked_again)];
    let text = format!(
        "every request was answered exactly once: {answered} of {sent}; {again} were open on {lost} \
         connections that ended with the switch, and were asked again; {unanswered} unanswered, \
         {wrong} wrong{}",
        wrongs(facts)
    );
    check(answered > 0 && wrong == 0 && sent == answered && unanswered == 0, text)
}

fn verified(killed: &Killed) -> Check {
    let text = match killed.verified {
        Some(code) => format!("journal verify of what it left behind ended with {code}"),
        None => "journal verify did not look at what it left behind".into(),
    };
    check(killed.verified == Some(0), text)
}

fn answers(reckoning: &Reckoning) -> Check {
    let counts = &reckoning.counts;
    let text = format!(
        "every answer that an acquirer has stands in the journal: {} of issuers, who say the same, \
         and {} declines; {} refusals changed nothing and have no record",
        counts.by_issuer, counts.declined, counts.refused
    );
    let sum = counts.by_issuer + counts.declined + counts.refused;
    check(counts.by_issuer > 0 && counts.answered == sum && reckoning.found == 0, text)
}

fn requests(reckoning: &Reckoning) -> Check {
    let counts = &reckoning.counts;
    let text = format!(
        "every request at an issuer stands in the journal: {} of {} decisions",
        counts.received, counts.decisions
    );
    check(counts.received > 0 && counts.received <= counts.decisions && reckoning.found == 0, text)
}

/// What was not answered is known for what it is.
fn missing(reckoning: &Reckoning, killed: &Killed) -> Check {
    let missing = &reckoning.missing;
    let closed = reckoning.counts.closed;
    let all = missing.unknown + missing.unfinished + missing.undelivered;
    let found = killed.unfinished.map_or("nothing".into(), |count| count.to_string());
    let text = format!(
        "no request is without an outcome: the switch found {found} to close, {closed} are closed, \
         {} are left, {all} have no answer",
        reckoning.open,
    );
    check(killed.unfinished == Some(closed) && reckoning.open == 0 && all == 0, text)
}

/// What had no outcome may have been approved: it is taken back.
fn reversed(reckoning: &Reckoning) -> Check {
    let [closed, reversed] = [reckoning.counts.closed, reckoning.books.closed_reversed];
    let text = format!(
        "what the switch found without an outcome is reversed at its issuers: {reversed} of {closed}"
    );
    check(closed == reversed, text)
}

fn recovery(facts: &Facts, fault: Told) -> Check {
    let Some(took) = fault.recovered_after else {
        return check(false, "approvals did not flow again before the end");
    };
    let declined = facts.sum(|r| r.declined);
    let (before, after) = (fault.declined_before, declined.saturating_sub(fault.declined_by_then));
    let codes = codes(facts);
    let between = if codes.is_empty() { String::new() } else { format!(" (in between {codes})") };
    let text = format!(
        "full recovery within {:.1} s after the switch came back; declines before the fault {before}, \
         after recovery {after}{between}",
        took.as_secs_f64(),
    );
    check(before == 0 && after == 0 && took <= Scenario::RECOVERY_MAX, text)
}
