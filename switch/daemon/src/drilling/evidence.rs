//! What the log of this node says of what happened since a record: which reigns, when they answered, what they closed
//! and what they owe. Must not know why somebody asks.

use std::time::Duration;

use journal::disk::SystemDisk;
use journal::format::{BatchHeader, Position};
use journal::reader::Reader;
use journal::seal::Keys;
use switch_core::records::{ItemState, Record};

use crate::clocks;
use crate::drills::ReignSeen;

/// How long somebody is let wait.
const WITHIN: Duration = Duration::from_millis(2_500);

/// The reigns in order, and whether there is more than could be read in time.
///
/// # Errors
/// Why the log is not read, in words.
pub(crate) fn seen(
    disk: &SystemDisk,
    keys: &Keys,
    from: Position,
) -> Result<(Vec<ReignSeen>, bool), String> {
    let begun = clocks::boot();
    let mut reader = Reader::open(disk, Some(keys), from).map_err(|problem| problem.to_string())?;
    let mut reigns: Vec<ReignSeen> = Vec::new();
    while let Some(batch) = reader.next_batch().map_err(|problem| problem.to_string())? {
        let header = batch.header;
        if reigns.last().is_none_or(|last| last.epoch != header.epoch.0) {
            reigns.push(ReignSeen {
                epoch: header.epoch.0,
                first_position: header.first_position.0.max(from.0),
                begun_ns: header.written_ns,
                ..ReignSeen::default()
            });
        }
        let reign = reigns.last_mut().expect("there is one by now");
        reign.released = reign.released.max(header.released.0);
        for (position, bytes) in batch.records().into_iter().flatten() {
            if position >= from {
                reign.last_position = position.0;
                take(reign, bytes, &header);
            }
        }
        if clocks::boot().since(begun) >= WITHIN {
            return Ok((reigns, true));
        }
    }
    Ok((reigns, false))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "of the others nothing is told")]
fn take(reign: &mut ReignSeen, bytes: &[u8], header: &BatchHeader) {
    let Ok(record) = Record::read(bytes) else { return };
    reign.owed += u64::from(record.kept().is_some());
    let is_answer = match record {
        Record::Decision { .. } => {
            reign.requests += 1;
            false
        }
        Record::Closed { .. } => {
            reign.closed += 1;
            false
        }
        Record::Acknowledged { .. } | Record::Item { state: ItemState::Purged, .. } => {
            reign.settled += 1;
            false
        }
        Record::Promotion { lossy, .. } => {
            reign.lossy = Some(lossy);
            false
        }
        Record::Handover { .. } => {
            reign.handed_over = true;
            false
        }
        Record::Settlement { .. }
        | Record::Expiry { .. }
        | Record::Unsent { .. }
        | Record::Undelivered { .. }
        | Record::Advice { .. } => true,
        _ => false,
    };
    if is_answer {
        reign.answers += 1;
        reign.first_answer_ns = reign.first_answer_ns.or(Some(header.written_ns));
        reign.last_answer_ns = Some(header.written_ns);
    }
}
