//! What was seen of a drill, and whether that is as it is to be: how long nobody was answered, what is missing, what is
//! owed. Pure functions of what the daemon says.
//!
//! How long nobody was answered (RTO) is counted from the batch of the log with the last answer of the old primary to
//! that with the first of the new one; where nobody had asked in the two seconds before the old one ended, from there
//! to the opening of the new one's ports. Times of the other node are put right by how far its clock was ahead before the drill. What is missing
//! (RPO) is what the old primary had released behind the record where the new reign begins: it says itself, when it
//! ends, how far it was; of one that handed over it is what its standby had heard of it last.

use std::time::Duration;

use daemon::drills::{Drill, Evidence, ReignSeen};
use daemon::node_requests::NodeStatus;
use serde::Serialize;

use super::before::Check;

/// An answer so long before the end says that somebody asked then.
const ASKED_WITHIN_NS: u64 = 2_000_000_000;

/// What was so before.
#[derive(Clone, Debug)]
pub(super) struct Before {
    /// The last record.
    pub(super) position: u64,
    pub(super) epoch: u32,
    /// Messages that were owed to issuers.
    pub(super) owed: u64,
    /// Listings of what was cut.
    pub(super) diverged: usize,
    pub(super) clock_ahead_ms: i64,
}

impl Before {
    /// As the node stands; what is owed stands elsewhere.
    pub(super) fn of(pair: &NodeStatus) -> Self {
        Self {
            position: pair.log.position,
            epoch: pair.epoch,
            owed: 0,
            diverged: pair.diverged.len(),
            clock_ahead_ms: pair.peer.as_ref().and_then(|peer| peer.clock_ahead_ms).unwrap_or(0),
        }
    }
}

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Seen {
    /// The epoch before, and after.
    pub(super) epochs: (u32, u32),
    /// How long nobody was answered, in milliseconds; none: it can not be said.
    pub(super) rto_ms: Option<u64>,
    /// From what to what.
    pub(super) rto_is: &'static str,
    /// Records that were released and are missing.
    pub(super) rpo_records: Option<u64>,
    /// The last record of which the old reign had released something.
    pub(super) released: Option<u64>,
    /// The last record of the old reign in the log that goes on.
    pub(super) kept: Option<u64>,
    /// From the end of the old primary to the open ports of the new one, in milliseconds.
    pub(super) opened_ms: Option<u64>,
    /// Records that were cut from the log of the old primary.
    pub(super) cut_records: u64,
    /// Requests that the new reign closed with 909.
    pub(super) closed: u64,
    /// Messages that are owed to issuers now.
    pub(super) owed: u64,
    /// Those that were before.
    pub(super) owed_before: u64,
    /// What is to be so, and whether it is.
    pub(super) verdict: Vec<Check>,
}

impl Seen {
    /// Of a drill.
    pub(super) fn of(
        drill: Drill,
        before: &Before,
        after: &NodeStatus,
        evidence: &Evidence,
        rto: Duration,
    ) -> Self {
        match drill {
            Drill::Failover | Drill::SickPrimary => {
                Self::of_a_new_reign(before, after, evidence, rto)
            }
            Drill::LinkLoss => Self::of_a_line(before, after, evidence, rto),
        }
    }

    /// Another node reigns than before, and the old one ended where it stood.
    fn of_a_new_reign(
        before: &Before,
        after: &NodeStatus,
        evidence: &Evidence,
        rto: Duration,
    ) -> Self {
        let mut seen = Self::common(before, after, evidence);
        let drill = evidence.drill.as_ref().filter(|drill| drill.epoch == before.epoch);
        let (old, new) = reigns(before, evidence);
        let ended = drill.and_then(|drill| drill.ended_ns);
        let here = |ns: u64| at_our_clock(ns, before.clock_ahead_ms);
        let opened = opened_by_the_peer(after).map(here);
        let since = |from: Option<u64>, to: Option<u64>| {
            from.zip(to).map(|(from, to)| to.saturating_sub(from) / 1_000_000)
        };
        seen.opened_ms = since(ended, opened);
        let last = old.and_then(|old| old.last_answer_ns);
        let was_asked =
            last.zip(ended).is_some_and(|(last, ended)| last + ASKED_WITHIN_NS >= ended);
        let first = new.and_then(|new| new.first_answer_ns).map(here);
        (seen.rto_ms, seen.rto_is) = if was_asked {
            (
                since(last, first),
                "from the last answer of the old primary to the first of the new one",
            )
        } else {
            (
                seen.opened_ms,
                "nobody had asked: from the end of the old primary to the open ports of the new one",
            )
        };
        seen.released = drill.and_then(|drill| drill.released);
        seen.loses(new);
        seen.judge_times(rto);
        seen.judge_loss();
        seen
    }

    /// The primary handed over; so much of its log was released, as its standby had heard last.
    pub(super) fn of_the_way_back(
        before: &Before,
        (after, heard): (&NodeStatus, u64),
        evidence: &Evidence,
        rto: Duration,
    ) -> Self {
        let mut seen = Self::common(before, after, evidence);
        let (old, new) = reigns(before, evidence);
        let last = old.and_then(|old| old.last_answer_ns);
        let last = last.map(|ns| at_our_clock(ns, before.clock_ahead_ms));
        let first = new.and_then(|new| new.first_answer_ns);
        seen.rto_ms = last.zip(first).map(|(last, first)| first.saturating_sub(last) / 1_000_000);
        seen.rto_is = "from the last answer of the old primary to the first one of the new one";
        if last.is_none() || first.is_none() {
            seen.rto_is = "nobody asked: there is no gap to be measured";
        }
        seen.released = Some(heard).filter(|&heard| heard > 0);
        seen.loses(new);
        if seen.rto_ms.is_some() {
            seen.judge_times(rto);
        }
        seen.judge_loss();
        seen
    }

    /// The primary is the one that it was.
    fn of_a_line(before: &Before, after: &NodeStatus, evidence: &Evidence, rto: Duration) -> Self {
        let mut seen = Self::common(before, after, evidence);
        let link = evidence.link.clone().unwrap_or_default();
        seen.rto_ms = Some(link.longest_wait_us.div_ceil(1_000)).filter(|&waited| waited > 0);
        // The primary that released them is the same, and its log goes on: what could be missing is what is here alone.
        seen.rpo_records = link.sync_ms.map(|_| after.records_at_risk);
        if seen.rto_ms.is_some() {
            seen.rto_is =
                "the longest time that something that was written down waited for its release";
            seen.judge_times(rto);
        } else {
            seen.rto_is = "nothing was written down meanwhile: nobody asked";
            seen.judge("RTO", true, seen.rto_is.into());
        }
        seen.judge(
            "alone",
            link.solo_ms.is_some(),
            link.solo_ms.map_or("the primary did not go on alone".into(), |ms| {
                format!("after {ms} ms the primary went on alone")
            }),
        );
        let same = link.epoch == before.epoch && after.epoch == before.epoch;
        let found =
            if same { "nobody took over".into() } else { format!("epoch {} now", after.epoch) };
        seen.judge("the same reign", same, found);
        seen.judge(
            "in sync again",
            link.sync_ms.is_some(),
            link.sync_ms
                .map_or("not yet".into(), |ms| format!("{ms} ms after the begin, by itself")),
        );
        seen.judge_loss();
        seen
    }

    fn common(before: &Before, after: &NodeStatus, evidence: &Evidence) -> Self {
        let sum = |of: fn(&ReignSeen) -> u64| -> u64 { evidence.reigns.iter().map(of).sum() };
        let owed = before.owed + sum(|reign| reign.owed);
        let cut = after.diverged.len().saturating_sub(before.diverged);
        Self {
            epochs: (before.epoch, after.epoch),
            closed: sum(|reign| reign.closed),
            owed_before: before.owed,
            owed: owed.saturating_sub(sum(|reign| reign.settled)),
            // The newest stand first.
            cut_records: after.diverged.iter().take(cut).map(|cut| cut.records).sum(),
            ..Self::default()
        }
    }

    /// What of the old reign the new one does not have.
    fn loses(&mut self, new: Option<&ReignSeen>) {
        self.kept = new.map(|new| new.first_position.saturating_sub(1));
        self.rpo_records =
            self.released.zip(self.kept).map(|(released, kept)| released.saturating_sub(kept));
    }

    fn judge(&mut self, what: &'static str, holds: bool, found: String) {
        self.verdict.push(Check { what, found, holds });
    }

    fn judge_times(&mut self, rto: Duration) {
        let most = u64::try_from(rto.as_millis()).unwrap_or(u64::MAX);
        let holds = self.rto_ms.is_some_and(|ms| ms <= most);
        let ms = self.rto_ms.map_or("not known".into(), |ms| format!("{ms} ms"));
        self.judge("RTO", holds, format!("{ms}, {most} ms at most; {}", self.rto_is));
    }

    fn judge_loss(&mut self) {
        let holds = self.rpo_records == Some(0);
        let found = match (self.rpo_records, self.released, self.kept) {
            (Some(lost), Some(released), Some(kept)) => {
                format!(
                    "{lost} records; released up to {released}, the new reign has all up to {kept}"
                )
            }
            (Some(lost), ..) => {
                format!(
                    "{lost} records at one node alone now; who released them goes on with its log"
                )
            }
            (None, ..) => "not known: the old primary has not said how far it had released".into(),
        };
        self.judge("RPO", holds, found);
        let (owed, before) = (self.owed, self.owed_before);
        let found = match owed {
            0 => format!("none; {} requests were closed with 909", self.closed),
            _ => format!(
                "{owed} messages for issuers wait, {before} did before: sekisho saf list on the primary"
            ),
        };
        self.judge("owed", owed <= before, found);
    }

    /// Whether all is as it is to be.
    pub(super) fn is_good(&self) -> bool {
        !self.verdict.is_empty() && self.verdict.iter().all(|check| check.holds)
    }
}

/// The reign before, and the first one behind it.
fn reigns<'e>(
    before: &Before,
    evidence: &'e Evidence,
) -> (Option<&'e ReignSeen>, Option<&'e ReignSeen>) {
    let old = evidence.reigns.iter().find(|reign| reign.epoch == before.epoch);
    let new = evidence.reigns.iter().find(|reign| reign.epoch > before.epoch);
    (old, new)
}

/// When the other node opened its ports, by its clock.
pub(super) fn opened_by_the_peer(after: &NodeStatus) -> Option<u64> {
    let machine = after.peer.as_ref()?.machine.as_ref()?;
    machine.opened.filter(|(epoch, _)| *epoch == after.epoch).map(|(_, at)| at)
}

/// A time of the other node by the clock of this one.
pub(super) fn at_our_clock(ns: u64, ahead_ms: i64) -> u64 {
    ns.saturating_add_signed(ahead_ms.saturating_neg().saturating_mul(1_000_000))
}
