//! Waits for what a drill leads to: the daemon begins anew in its own place meanwhile, and does not answer. Each wait
//! has an end. Must not know what is made of what was seen.

use std::cell::Cell;
use std::time::Duration;

use daemon::drills::{Drill, Evidence};
use daemon::node_requests::{NodeRequest, NodeRole, NodeStatus, SyncState};

use super::seen::Before;
use super::{How, ask};
use crate::clock;
use crate::output::{FAILED, Failure, NO_DAEMON};

/// From one look to the next: a user may give twenty commands in a second.
const EVERY: Duration = Duration::from_millis(250);
/// How long both may take to be in sync again behind the time of the drill.
const COMES_BACK_WITHIN: Duration = Duration::from_mins(1);
/// How long an issuer may take to acknowledge what is owed to it.
const SETTLES_WITHIN: Duration = Duration::from_secs(30);

/// The other node reigns, and this one follows it again.
pub(super) fn for_a_new_reign(
    how: &How,
    epoch: u32,
    away: Duration,
) -> Result<Box<NodeStatus>, Failure> {
    let what = "be the standby of the other node, in sync";
    let stands = until(how, away + COMES_BACK_WITHIN, what, |stands| {
        let follows = stands.role == NodeRole::Standby && stands.sync == SyncState::Sync;
        let is_back = stands.role == NodeRole::Primary && stands.epoch > epoch;
        (follows && stands.epoch > epoch) || is_back
    })?;
    if stands.role == NodeRole::Primary {
        let message = format!(
            "nobody took over: {} came back as the primary by itself, by epoch {}; why, the log of the other node says",
            stands.name, stands.epoch
        );
        return Err(Failure::new(FAILED, message));
    }
    Ok(stands)
}

/// The line is there again, and both have everything.
pub(super) fn for_the_line(how: &How, away: Duration) -> Result<Box<NodeStatus>, Failure> {
    clock::pause(away);
    for_sync_within(how, COMES_BACK_WITHIN)
}

/// Both have everything.
pub(super) fn for_sync(how: &How) -> Result<Box<NodeStatus>, Failure> {
    for_sync_within(how, COMES_BACK_WITHIN)
}

fn for_sync_within(how: &How, within: Duration) -> Result<Box<NodeStatus>, Failure> {
    until(how, within, "be in sync again", |stands| stands.sync == SyncState::Sync)
}

/// This node reigns again, and is followed; with the last record that it heard of as released by the other one.
pub(super) fn for_this_to_reign(how: &How, epoch: u32) -> Result<(Box<NodeStatus>, u64), Failure> {
    let heard = Cell::new(0);
    let what = "be the primary again, in sync";
    let stands = until(how, COMES_BACK_WITHIN, what, |stands| {
        if stands.role == NodeRole::Standby && stands.epoch == epoch {
            heard.set(heard.get().max(stands.log.released));
        }
        let reigns = stands.role == NodeRole::Primary && stands.epoch > epoch;
        reigns && stands.sync == SyncState::Sync
    })?;
    Ok((stands, heard.get()))
}

/// What was seen, once nothing of it is open any more, or it has had time enough.
pub(super) fn for_evidence(how: &How, drill: Drill, before: &Before) -> Result<Evidence, Failure> {
    let mut last = None;
    let begun = clock::now();
    loop {
        let asked = ask(how, &NodeRequest::Evidence { from: before.position + 1 });
        if let Ok(Some(evidence)) = asked.map(|reply| reply.evidence) {
            if is_whole(drill, before, &evidence) {
                return Ok(*evidence);
            }
            last = Some(evidence);
        }
        if begun.elapsed() >= SETTLES_WITHIN {
            return last.map(|last| *last).ok_or_else(|| {
                Failure::new(NO_DAEMON, "the daemon does not say what it has seen; see its log")
            });
        }
        clock::pause(EVERY * 2);
    }
}

fn is_whole(drill: Drill, before: &Before, evidence: &Evidence) -> bool {
    let sum =
        |of: fn(&daemon::drills::ReignSeen) -> u64| -> u64 { evidence.reigns.iter().map(of).sum() };
    let open = (before.owed + sum(|reign| reign.owed)).saturating_sub(sum(|reign| reign.settled));
    let settled = open <= before.owed;
    if drill == Drill::LinkLoss {
        return settled && evidence.link.as_ref().is_some_and(|link| link.done);
    }
    let mut reigns = evidence.reigns.iter();
    let served = sum(|reign| reign.answers) > 0;
    let serves = reigns.any(|reign| reign.epoch > before.epoch && reign.answers > 0);
    settled && (serves || !served)
}

/// Asks until it stands like this.
fn until(
    how: &How,
    within: Duration,
    what: &str,
    is_it: impl Fn(&NodeStatus) -> bool,
) -> Result<Box<NodeStatus>, Failure> {
    let begun = clock::now();
    let mut last = String::from("it does not answer");
    while begun.elapsed() < within {
        match ask(how, &NodeRequest::Status) {
            Ok(reply) => match reply.status {
                Some(stands) if is_it(&stands) => return Ok(Box::new(stands)),
                Some(stands) => last = crate::node::summary(&stands),
                None => {}
            },
            Err(failure) => last = failure.to_string(),
        }
        clock::pause(EVERY);
    }
    let seconds = within.as_secs();
    Err(Failure::new(
        NO_DAEMON,
        format!(
            "this node did not come to {what} within {seconds} s: {last}; see sekisho node status on both"
        ),
    ))
}
