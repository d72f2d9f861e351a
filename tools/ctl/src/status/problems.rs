//! What somebody should look at in a status, in words. Must not know how it is shown.

use daemon::change::Stage;
use daemon::saf::SafStatus;
use daemon::status::{
    JournalStatus, LinkState, LinkStatus, NodeState, StationStatus, Status, WorkerStatus,
};

use super::table::{behind, size};
use crate::node;
use crate::output::duration;
use crate::rot;

/// From this share of a bound on, in per cent, its use is a problem.
const CLOSE_PERCENT: u64 = 80;
/// With fewer spares new requests are refused.
const SPARES_MIN: u64 = 2;
/// More records than a few batches hold.
const BEHIND_MAX: u64 = 50_000;
/// A commit that somebody who waits for a card notices.
const COMMIT_SLOW_US: u64 = 50_000;
/// A repeat that comes later than this is rare enough.
const REPEATS_KNOWN_MIN_S: u64 = 600;
/// Of approvals in doubt so many are named to people; programs are told more.
const DOUBTS_TOLD: usize = 20;
/// Free space for fewer segments than this is used up soon.
const SEGMENTS_LEFT_MIN: u64 = 4;

/// Everything that somebody should look at, the worst first.
pub(super) fn problems(status: &Status) -> Vec<String> {
    let mut found = Vec::new();
    if status.state == NodeState::Draining {
        found.push("the node is draining: it takes no new request".into());
    }
    if let Some(opening) = &status.opening {
        found.push(format!(
            "ports of acquirers are not open yet: no request could go to {}; they open as soon as it is ready, \
             and in {} ms whoever is (node.open_after)",
            opening.not_ready.join(", "),
            opening.left_ms
        ));
    }
    // One of two nodes says it below, with what becomes of it.
    if let (Some(sick), None) = (&status.sick, &status.pair) {
        found.push(node::sick(sick));
    }
    if let Some(pair) = &status.pair {
        found.extend(node::problems(pair));
    }
    if let Some(journal) = &status.journal {
        of_journal(journal, &mut found);
        // One of two nodes has said it above.
        if status.pair.is_none() {
            rot::problems(&journal.scrub, &mut found);
        }
    }
    of_reload(status, &mut found);
    for worker in &status.workers {
        if !worker.answering {
            found.push(format!(
                "worker {} does not answer: its figures below are old, and so may be its links",
                worker.id
            ));
        }
    }
    // The ports of a standby are closed, and it connects to nobody.
    if status.state != NodeState::Standby {
        status.stations.iter().for_each(|station| of_station(station, &mut found));
    }
    status.workers.iter().for_each(|worker| of_worker(worker, &mut found));
    if status.control.unrecorded > 0 {
        found.push(format!(
            "{} commands stand in the log alone: the journal had no room for them",
            status.control.unrecorded
        ));
    }
    if status.log_lines_lost > 0 {
        found.push(format!(
            "{} log lines were lost since the start: is its stderr read? journalctl -u sekishod",
            status.log_lines_lost
        ));
    }
    found
}

/// A configuration that is not the one that somebody wanted.
fn of_reload(status: &Status, found: &mut Vec<String>) {
    if let Some(refused) = &status.refused {
        let more = match refused.refusals.len().saturating_sub(1) {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        found.push(format!(
            "the last reload was refused, and configuration {} goes on: {}{more}; see sekisho config plan",
            status.adopted.number,
            refused.refusals.first().map_or("", String::as_str),
        ));
    }
    let problems = status.reload.iter().flat_map(|reload| &reload.problems);
    found.extend(problems.map(|problem| format!("after the last reload: {problem}")));
    let running = status.reload.as_ref().filter(|reload| !reload.stage.is_end());
    if let Some(reload) = running {
        let behind = reload.workers.iter().filter(|worker| match reload.stage {
            Stage::Adopting => worker.adopted_us.is_none(),
            Stage::Opening => worker.opened_us.is_none(),
            Stage::Reading | Stage::Writing | Stage::Done | Stage::Unchanged | Stage::Refused => {
                false
            }
        });
        for worker in behind {
            let worker = worker.worker;
            found.push(format!(
                "worker {worker} has not taken up configuration {} yet, and is waited for",
                reload.number
            ));
        }
    }
}

/// Whether a link of this station is not as it should be.
pub(super) fn is_bad(station: &StationStatus, link: &LinkStatus) -> bool {
    match link.state {
        _ if station.retired => false,
        // A station that connects to us may stay away; that nobody is there is said once.
        LinkState::Down => station.connects,
        LinkState::Connecting | LinkState::SignedOff => true,
        LinkState::Up => station.sign_on != "none",
        LinkState::SignedOn => false,
    }
}

/// What keeps requests out comes first, then what makes them slow, then what ends soon.
fn of_journal(journal: &JournalStatus, found: &mut Vec<String>) {
    if !journal.has_room {
        found.push(format!(
            "the journal has no room: new requests are refused (907, {} so far), answers still pass; \
             its disk has {} free: make room on it, or shorten journal.retain",
            journal.refused_no_room,
            size(journal.free_bytes)
        ));
    } else if journal.spares < SPARES_MIN {
        found.push(format!(
            "the journal has {} of {SPARES_MIN} spare segments ready; below that new requests are \
             refused: its disk has {} free",
            journal.spares,
            size(journal.free_bytes)
        ));
    }
    if behind(journal) > BEHIND_MAX {
        found.push(format!(
            "{} records are not on the disk yet, and what they permit waits: is its disk busy? \
             iostat -x 1, sekisho perf check",
            behind(journal)
        ));
    }
    if let Some(p99_us) = journal.commit_p99_us.filter(|&p99| p99 > COMMIT_SLOW_US) {
        found.push(format!(
            "one commit in a hundred takes {} ms or more, and every answer waits for two: \
             sekisho perf check says what its disk gives",
            p99_us / 1_000
        ));
    }
    if let Some(problem) = &journal.past_not_read {
        found.push(format!(
            "the journal is not read far enough back: {problem}; reversals and advices about what is older \
             than memory get 909: sekisho journal verify"
        ));
    }
    if journal.free_bytes < SEGMENTS_LEFT_MIN.saturating_mul(journal.segment_bytes) {
        found.push(format!(
            "the journal's disk has {} free, less than {SEGMENTS_LEFT_MIN} segments: make room on it, \
             or shorten journal.retain",
            size(journal.free_bytes)
        ));
    }
}

fn of_station(station: &StationStatus, found: &mut Vec<String>) {
    let name = &station.name;
    let bad: Vec<&LinkStatus> = station.links.iter().filter(|link| is_bad(station, link)).collect();
    if station.links_ready == 0 && !station.retired {
        let why = match bad.first() {
            _ if !station.connects && station.links.iter().all(is_down) => "it is not connected",
            Some(link) if link.state == LinkState::SignedOff => "it has signed off",
            Some(link) if link.state == LinkState::Up => "it has not signed on",
            Some(_) | None => "no connection to it is up",
        };
        let last = bad.iter().find_map(|link| link.last_error.as_deref());
        let last = last.map(|error| format!(", last error: {error}")).unwrap_or_default();
        found.push(format!("{name} has no link that carries requests: {why}{last}"));
    } else {
        for link in bad {
            let up = link.state == LinkState::Up;
            let word = if up { "up and not signed on" } else { link.state.word() };
            let last = link.last_error.as_deref().map(|error| format!(", last error: {error}"));
            let last = last.unwrap_or_default();
            found.push(format!("{name}, link {} to {}: {word}{last}", link.id, link.peer));
        }
    }
    for link in &station.links {
        let of = format!("{name}, link {}", link.id);
        if link.echo_missed > 0 {
            let missed = link.echo_missed;
            found.push(format!("{of}: {missed} missed in a row of the 3 echoes that reopen it"));
        }
        close(&format!("{of}: bytes it does not read"), link.out_buffered, link.out_max, found);
    }
    if let Some(stored) = &station.stored {
        of_stored(name, stored, found);
    }
    let in_flight = (station.in_flight.into(), station.in_flight_max.into());
    close(&format!("{name}: requests in flight"), in_flight.0, in_flight.1, found);
}

/// Messages that do not end by themselves, and what to do about each kind.
fn of_stored(name: &str, stored: &SafStatus, found: &mut Vec<String>) {
    let SafStatus { parked, held, alarmed, alarm_after, paused, .. } = *stored;
    if parked > 0 {
        let them = counted(parked);
        found.push(format!(
            "{name}: {them} parked, refused with a code that will not heal: sekisho saf list --issuer \
             {name} says which; agree with it what is to be done, then saf release or saf purge"
        ));
    }
    if alarmed > 0 {
        let (them, oldest) = (counted(alarmed), duration(stored.oldest_s.unwrap_or_default()));
        found.push(format!(
            "{name}: {them} sent {alarm_after} times or more without an acknowledgement, the oldest \
             {oldest} old: does it answer? sending goes on"
        ));
    }
    if paused && stored.waiting + stored.sent > 0 {
        found.push(format!(
            "{name}: {} not sent, because it is signed off (802) or not available (803), until it signs \
             on (801)",
            counted(stored.waiting + stored.sent)
        ));
    }
    if held > 0 {
        found.push(format!(
            "{name}: {} held by an operator: saf release lets it go on",
            counted(held)
        ));
    }
}

fn counted(messages: u32) -> String {
    if messages == 1 { "1 stored message".into() } else { format!("{messages} stored messages") }
}

fn is_down(link: &LinkStatus) -> bool {
    link.state == LinkState::Down
}

fn of_worker(worker: &WorkerStatus, found: &mut Vec<String>) {
    let of = format!("worker {}", worker.id);
    let mut look = |what: &str, used: u64, most: u64| {
        close(&format!("{of}: {what}"), used, most, found);
    };
    look("pending transactions", worker.pending.into(), worker.pending_max.into());
    look("parked decisions", worker.parked.into(), worker.parked_max.into());
    look("held repeats", worker.held.into(), worker.held_max.into());
    look("stored messages", worker.stored.into(), worker.stored_max.into());
    look("bytes at the gate", worker.gate_used, worker.gate_bytes);
    for lane in &worker.lanes {
        look(&format!("bytes to worker {}", lane.to), lane.used, lane.bytes);
    }
    if worker.deliveries_unknown > 0 {
        let (count, known) = (worker.deliveries_unknown, &worker.deliveries_unknown_first);
        let mut first = known[..known.len().min(DOUBTS_TOLD)].join(" ");
        if known.len() > DOUBTS_TOLD {
            first.push_str(" and more: sekisho status -o json");
        }
        found.push(format!(
            "{of}: {count} approvals may not have reached their acquirer whole ({first}): its repeat or \
             reversal settles each; if none comes, ask it: sekisho txn find --stan STAN"
        ));
    }
    if !worker.orphans.is_empty() {
        let (count, all) = (worker.orphans.len(), &worker.orphans);
        let named = all.iter().take(DOUBTS_TOLD);
        let named = named.map(|one| format!("{} {} {}", one.acquirer, one.stan, one.rrn));
        let named: Vec<String> = named.map(|one| one.trim_end().to_owned()).collect();
        let more = if count > DOUBTS_TOLD { " and more: sekisho status -o json" } else { "" };
        found.push(format!(
            "{of}: {count} messages were named since a promotion that may have lost them ({}{more}): \
             settle each with its acquirer, whose repeat got 909",
            named.join(", ")
        ));
    }
    if let Some(known) = worker.repeats_known_s.filter(|&known| known < REPEATS_KNOWN_MIN_S) {
        found.push(format!(
            "{of}: a repeat is known for {} only, and would be a new request after that: raise \
             limits.duplicates_max",
            duration(known)
        ));
    }
}

/// Notes a use that is close to its bound; a bound of zero is none.
fn close(what: &str, used: u64, most: u64, found: &mut Vec<String>) {
    if most > 0 && used.saturating_mul(100) >= most.saturating_mul(CLOSE_PERCENT) {
        found.push(format!("{what}: {used} of at most {most}"));
    }
}
