//! What operators see of the witness: what the rules know of its record, and how it answers. Decides nothing.

use journal::roles::view::View;
use switch_core::time::Time;

use crate::node_requests::{WitnessRecord, WitnessStatus};
use crate::peer::Shown;

/// None without one.
pub(super) fn witness(view: &View, shown: &Shown, now: Time) -> Option<WitnessStatus> {
    let (seen, asked) = view.witness.as_ref().zip(shown.witness.as_ref())?;
    let millis = |at: u64| u64::try_from(now.since(Time(at)).as_millis()).unwrap_or(u64::MAX);
    let record = seen.known.map(|known| WitnessRecord {
        revision: known.revision.0,
        epoch: known.record.epoch.0,
        primary: known.record.primary.name.to_string(),
        in_sync: known.record.in_sync.map(|member| member.name.to_string()),
    });
    Some(WitnessStatus {
        endpoint: asked.endpoint.clone(),
        cluster: asked.cluster.map(|cluster| format!("{cluster:x}")),
        answers: asked.answers,
        since_s: now.since(Time(asked.since_ns)).as_secs(),
        answered_ms: asked.answered_ns.map(millis),
        took_us: asked.answered_ns.map(|_| asked.took_ns / 1_000),
        error: asked.trouble.clone(),
        asks_nobody: asked.asks_nobody,
        record,
        in_doubt: seen.in_doubt,
        peer_alive: seen.peer_alive,
        lease_ms: asked.lease.kept_ns.map(millis),
        reads: asked.reads,
        swapped: asked.swapped,
        refused: asked.refused,
        unknown: asked.unknown,
        leases: asked.lease.granted,
        lease_error: asked.lease.trouble.clone(),
    })
}

/// What is to be done about certificates and the other files of the line and of the witness; none: nothing.
pub(super) fn files(shown: &Shown) -> Option<String> {
    let of_witness = shown.witness.as_ref().and_then(|witness| witness.files.as_deref());
    let told: Vec<&str> = shown.line.expiring.as_deref().into_iter().chain(of_witness).collect();
    (!told.is_empty()).then(|| told.join("; "))
}
