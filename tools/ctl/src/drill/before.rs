//! What must be so before a drill, held against what the daemon says of both nodes; and what the drill will do to whom.
//! Pure functions of that.

use std::time::Duration;

use daemon::drills::{Drill, Machine};
use daemon::node_requests::{NodeRole, NodeStatus, PeerStatus, SyncState};
use daemon::status::{NodeState, Status};
use serde::Serialize;

use super::peer_name;
use crate::node;
use crate::output::duration;
use crate::status::size;

/// Records that a standby in sync may lack at one moment, and for how long, milliseconds.
const LAG_RECORDS_MAX: u64 = 20_000;
const LAG_MS_MAX: u64 = 1_000;
/// Clocks that are further apart than this make times of two nodes hard to compare, milliseconds.
const CLOCKS_APART_MAX_MS: u64 = 100;
/// For so long the disk of the survivor must have room, at the usual rate, even if nothing was packed.
const DISK_LASTS_MIN_S: u64 = 3_600;
/// And for so many segments in any case.
const SEGMENTS_FREE_MIN: u64 = 4;
/// The survivor's processors are enough for the busiest seconds of this one in so many per cent of them.
const CORES_PERCENT_MAX: u64 = 70;

/// One thing to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    pub(super) what: &'static str,
    pub(super) found: String,
    pub(super) holds: bool,
}

fn check(what: &'static str, holds: bool, found: String) -> Check {
    Check { what, found, holds }
}

/// All of them, in the order in which they are shown.
pub(super) fn checks(drill: Drill, status: &Status, pair: &NodeStatus) -> Vec<Check> {
    let mut checks = vec![place(status, pair)];
    if pair.role != NodeRole::Primary {
        // Nothing else is known here of what would happen.
        return checks;
    }
    checks.push(in_sync(pair));
    checks.push(versions(pair));
    checks.extend(digests(pair));
    let peer = pair.peer.clone().unwrap_or_default();
    checks.push(clocks(&peer));
    checks.extend(witness(drill, pair, &peer));
    checks.extend(capacity(status, pair, &peer));
    checks.push(quiet(status, pair));
    let owed = owed(status);
    let in_flight: u64 = status.stations.iter().map(|one| u64::from(one.in_flight)).sum();
    checks.push(check(
        "under way",
        true,
        format!("{in_flight} requests in flight, {owed} messages stored for issuers"),
    ));
    let problems = node::problems(pair).len();
    let seen =
        if problems == 0 { "none".into() } else { format!("{problems}; see sekisho node status") };
    checks.push(check("problems here", true, seen));
    checks
}

/// Messages that are stored for issuers and not acknowledged yet.
pub(super) fn owed(status: &Status) -> u64 {
    status.workers.iter().map(|worker| u64::from(worker.stored)).sum()
}

fn place(status: &Status, pair: &NodeStatus) -> Check {
    let holds = pair.role == NodeRole::Primary && status.state == NodeState::Serving;
    let found = match pair.role {
        NodeRole::Primary if holds => {
            format!("{} is the primary by epoch {}", pair.name, pair.epoch)
        }
        NodeRole::Primary => format!("{} is about to stop", pair.name),
        NodeRole::Standby => match &pair.peer {
            Some(peer) if peer.role == Some(NodeRole::Primary) => {
                format!(
                    "{} is a standby: type it on {}, which is the primary",
                    pair.name, peer.name
                )
            }
            _ => format!("{} is a standby, and no primary is known here", pair.name),
        },
        NodeRole::Alone => format!("{} has no peer", pair.name),
        NodeRole::Promoting => format!("{} is about to be the primary", pair.name),
        NodeRole::HandingOver => format!("{} hands over", pair.name),
    };
    check("place", holds, found)
}

fn in_sync(pair: &NodeStatus) -> Check {
    let lag = pair.lag.unwrap_or_default();
    let small = lag.records <= LAG_RECORDS_MAX && lag.ms <= LAG_MS_MAX;
    let holds = pair.sync == SyncState::Sync && pair.catch_up.is_none() && small;
    let found = match pair.sync {
        SyncState::Sync => {
            let since = pair.sync_since_s.map(duration).unwrap_or_default();
            format!("in sync for {since}; {} lacks {} records", peer_name(pair), lag.records)
        }
        SyncState::NoPrimary
        | SyncState::Local
        | SyncState::Solo
        | SyncState::Async
        | SyncState::Stopped => {
            format!(
                "not in sync{}",
                if pair.why.is_empty() { String::new() } else { format!(": {}", pair.why) }
            )
        }
    };
    check("sync", holds, found)
}

fn versions(pair: &NodeStatus) -> Check {
    let theirs = pair.peer.as_ref().and_then(|peer| peer.build.clone());
    let ours = &pair.build;
    let found = match &theirs {
        Some(theirs) if theirs == ours => format!("{ours} on both"),
        Some(theirs) => format!("{ours} here, {theirs} there"),
        None => format!("{ours} here, not known there"),
    };
    check("versions", theirs.as_ref() == Some(ours), found)
}

fn digests(pair: &NodeStatus) -> Vec<Check> {
    let wrong = |holds: bool| if holds { "the same" } else { "DIFFER, or not known there" };
    let checks = pair.digests.iter().map(|digest| {
        let holds = !digest.differs && digest.theirs.is_some();
        (digest.what.clone(), holds)
    });
    let (all, differ): (Vec<_>, Vec<_>) = checks.partition(|(_, holds)| *holds);
    let mut found = Vec::new();
    for (holds, names) in [(true, all), (false, differ)] {
        let names: Vec<String> = names.into_iter().map(|(name, _)| name).collect();
        if !names.is_empty() {
            found.push(check(
                "agreed on",
                holds,
                format!("{}: {}", names.join(", "), wrong(holds)),
            ));
        }
    }
    found
}

fn clocks(peer: &PeerStatus) -> Check {
    let trip = peer.round_trip_us.unwrap_or(0);
    match peer.clock_ahead_ms {
        Some(ahead) => {
            let found = format!("{} is {ahead} ms ahead, with {trip} us there and back", peer.name);
            check("clocks", ahead.unsigned_abs() <= CLOCKS_APART_MAX_MS, found)
        }
        None => check("clocks", false, format!("the clock of {} is not known", peer.name)),
    }
}

/// Who decides who goes on. Without one a primary whose line is lost goes on alone if it is told to.
fn witness(drill: Drill, pair: &NodeStatus, peer: &PeerStatus) -> Vec<Check> {
    let mut checks = Vec::new();
    if drill == Drill::LinkLoss && pair.when_standby_lost.as_deref() != Some("solo") {
        let found = "when_standby_lost = \"stop\": nothing would be released without the standby";
        checks.push(check("standby lost", false, found.into()));
    }
    let Some(witness) = &pair.witness else {
        let needless = drill == Drill::LinkLoss;
        let found =
            if needless { "there is none" } else { "there is none: nobody would take over" };
        checks.push(check("witness", needless, found.into()));
        return checks;
    };
    let record = witness.record.clone().unwrap_or_default();
    let is_ours = record.epoch == pair.epoch && record.primary == pair.name;
    let may = record.in_sync.as_deref() == Some(peer.name.as_str());
    let found = match (&witness.error, witness.answers) {
        (Some(error), _) => format!("does not answer: {error}"),
        (None, false) => "does not answer".into(),
        (None, true) if witness.in_doubt => "a change of its record is in doubt".into(),
        (None, true) if !is_ours => {
            format!("its record says that {} reigns by epoch {}", record.primary, record.epoch)
        }
        (None, true) if !may => format!("its record does not let {} take over", peer.name),
        (None, true) => {
            format!(
                "{} answers: {} reigns, {} may take over",
                witness.endpoint, pair.name, peer.name
            )
        }
    };
    let holds = witness.answers && !witness.in_doubt && is_ours && may;
    checks.push(check("witness", holds, found));
    if drill != Drill::LinkLoss {
        let there = peer.machine.as_ref().and_then(|machine| machine.witness);
        let found = match there {
            Some(true) => format!("answers {} too", peer.name),
            Some(false) => format!("does not answer {}", peer.name),
            None => format!("whether it answers {} is not known", peer.name),
        };
        checks.push(check("witness there", there == Some(true), found));
    }
    checks
}

/// Whether the other machine can bear what this one does.
fn capacity(status: &Status, pair: &NodeStatus, peer: &PeerStatus) -> Vec<Check> {
    let (Some(ours), Some(theirs)) = (&pair.machine, &peer.machine) else {
        return vec![check(
            "survivor",
            false,
            format!("{} has not said what its machine is", peer.name),
        )];
    };
    let mut checks = vec![cores(ours, theirs)];
    let (used, has) = (ours.memory_used, theirs.memory_free.saturating_add(theirs.memory_used));
    checks.push(check(
        "memory there",
        has >= used.saturating_add(used / 10),
        format!("{} to be had, {} used here", size(has), size(used)),
    ));
    checks.push(disk(status, theirs));
    let found = if theirs.problems.is_empty() { "none".into() } else { theirs.problems.join("; ") };
    checks.push(check("problems there", theirs.problems.is_empty(), found));
    checks
}

fn cores(ours: &Machine, theirs: &Machine) -> Check {
    let equal = theirs.cores >= ours.cores && theirs.workers >= ours.workers;
    let enough =
        ours.busy_peak.saturating_mul(100) <= u64::from(theirs.cores) * 1_000 * CORES_PERCENT_MAX;
    let busy = format!("{}.{:02}", ours.busy_peak / 1_000, ours.busy_peak % 1_000 / 10);
    let found = format!(
        "{} processors and {} workers; here {} and {}, of which {busy} were busy at most in five minutes",
        theirs.cores, theirs.workers, ours.cores, ours.workers
    );
    check("processors there", enough || equal, found)
}

fn disk(status: &Status, theirs: &Machine) -> Check {
    let journal = status.journal.clone().unwrap_or_default();
    // Both write the same.
    let lasts = journal
        .commit_bytes
        .checked_div(status.uptime_s)
        .and_then(|a_second| theirs.disk_free.checked_div(a_second));
    let segments = theirs.disk_free >= journal.segment_bytes.saturating_mul(SEGMENTS_FREE_MIN);
    let holds = segments && lasts.is_none_or(|lasts| lasts >= DISK_LASTS_MIN_S);
    let for_how_long = lasts.map_or("longer than can be said".into(), duration);
    let free = size(theirs.disk_free);
    check(
        "disk there",
        holds,
        format!("{free} free: {for_how_long} at the usual rate, even if nothing is packed"),
    )
}

/// Whether nothing else is about to change.
fn quiet(status: &Status, pair: &NodeStatus) -> Check {
    let reloads = status.reload.as_ref().is_some_and(|reload| !reload.stage.is_end());
    let found = match (reloads, pair.repairing, pair.joining) {
        (true, ..) => "a configuration is being taken up",
        (_, true, _) => "damage in the log is being made good",
        (.., true) => "this node joins",
        _ => "none",
    };
    check("other changes", found == "none", found.into())
}

/// What will happen to whom.
pub(super) fn what_happens(drill: Drill, pair: &NodeStatus, away: Duration) -> String {
    let (here, there) = (&pair.name, peer_name(pair));
    let seconds = away.as_secs_f64();
    match drill {
        Drill::Failover => format!(
            "{here} ends where it stands, as if it had died: its stations are cut off, and what is under way is \
             declined\nwith 909 and reversed by {there}, which is to take over by itself in two to three seconds.\n\
             {here} is away for {seconds} s, and then comes back by itself, as the standby of {there}."
        ),
        Drill::SickPrimary => format!(
            "{here} can not complete its synthetic transaction any more, as if it was sick: it says so, ends its reign\n\
             by itself, and {there} is to take over. {here} comes back by itself, as the standby of {there}."
        ),
        Drill::LinkLoss => format!(
            "{here} refuses the line to {there} for {seconds} s. What is answered waits for a second \
             (peer.ack_timeout); then\n{here} goes on alone, and what it releases is on its disk only, until {there} has it too.\n{there} is not to \
             take over. Then the line is there again, and both are to be in sync, by themselves."
        ),
    }
}
