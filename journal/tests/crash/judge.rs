//! Compares what a recovery found with the ledger. Must not know how it was found.

use journal::recovery::Tail;

use crate::ledger::Ledger;
use crate::node::{Read, state_at};

/// What recovery found agrees with what was told; the rest of what was written counts as never
/// written.
pub(crate) fn agrees(ledger: &mut Ledger, read: &Read) -> Result<(), String> {
    let Read { recovered, records, checkpoint } = read;
    let gone = records.first().map_or(ledger.retired, |(first, _)| first - 1);
    if gone > ledger.retired {
        return Err(format!("the first record is {gone}, and so much was not retired: {ledger}"));
    }
    let count = gone + records.len() as u64;
    if count < ledger.acknowledged {
        return Err(format!("lost: {} were acknowledged, {count} are there", ledger.acknowledged));
    }
    if count > ledger.written.len() as u64 {
        return Err(format!("invented: {} were written, {count} are there", ledger.written.len()));
    }
    if let Some(at) = differs(ledger, gone, records) {
        return Err(format!("record {at} is not what was written there"));
    }
    let next = recovered.next_position.0;
    let newest = checkpoint.as_ref().map(|(position, _)| *position);
    let is_whole = checkpoint.iter().all(|(position, state)| *state == state_at(*position));
    let facts = [
        ("the next position follows the last record", next == count + 1),
        ("all that was recovered counts as released", recovered.released.0 == count),
        ("nothing is marked that was not released", recovered.marked.0 <= ledger.released),
        ("the epoch does not go back", recovered.last_epoch.0 >= ledger.epoch),
        ("batches do not go back", recovered.next_batch.0 > ledger.batch),
        ("the newest checkpoint is there", newest >= ledger.checkpoints.last().copied()),
        ("a checkpoint is whole", is_whole),
        ("there is no tail of nothing", count == 0 || recovered.tail != Tail::Empty),
    ];
    if let Some((what, _)) = facts.iter().find(|(_, holds)| !holds) {
        return Err(format!("not so: {what}: {recovered:?}, {ledger}"));
    }
    ledger.written.truncate(usize::try_from(count).expect("64-bit machine"));
    ledger
        .checkpoints
        .extend(newest.filter(|position| Some(position) != ledger.checkpoints.last()));
    ledger.notes.keep_before(recovered.next_batch.0);
    Ok(())
}

/// The first record behind those that are gone which is not what was written there.
pub(crate) fn differs(ledger: &Ledger, gone: u64, records: &[(u64, Vec<u8>)]) -> Option<u64> {
    let written = ledger.written.iter().skip(usize::try_from(gone).expect("64-bit machine"));
    let both = (gone + 1..).zip(records.iter().zip(written));
    let mut other =
        both.filter(|(at, ((position, record), written))| (position, record) != (at, *written));
    other.next().map(|(at, _)| at)
}

impl std::fmt::Display for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (written, checkpoints) = (self.written.len(), &self.checkpoints);
        write!(
            f,
            "ledger: {written} written, {} acknowledged, {} released, epoch {}, batch {}, \
             checkpoints {checkpoints:?}",
            self.acknowledged, self.released, self.epoch, self.batch
        )
    }
}
