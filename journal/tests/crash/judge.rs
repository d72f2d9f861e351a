//! Compares what a recovery found with the ledger. Must not know how it was found.

use journal::recovery::Tail;

use crate::ledger::Ledger;
use crate::node::Read;

/// What recovery found agrees with what was told; the rest of what was written counts as never
/// written.
pub(crate) fn agrees(ledger: &mut Ledger, read: &Read) -> Result<(), String> {
    let Read { recovered, records } = read;
    let count = records.len() as u64;
    if count < ledger.acknowledged {
        return Err(format!("lost: {} were acknowledged, {count} are there", ledger.acknowledged));
    }
    if count > ledger.written.len() as u64 {
        return Err(format!("invented: {} were written, {count} are there", ledger.written.len()));
    }
    for (at, ((position, record), written)) in records.iter().zip(&ledger.written).enumerate() {
        if *position != at as u64 + 1 || record != written {
            return Err(format!("record {} is not what was written there", at + 1));
        }
    }
    let next = recovered.next_position.0;
    let facts = [
        ("the next position follows the last record", next == count + 1),
        ("all that was recovered counts as released", recovered.released.0 == count),
        ("nothing is marked that was not released", recovered.marked.0 <= ledger.released),
        ("the epoch does not go back", recovered.last_epoch.0 >= ledger.epoch),
        ("batches do not go back", recovered.next_batch.0 > ledger.batch),
        ("there is no tail of nothing", count == 0 || recovered.tail != Tail::Empty),
    ];
    if let Some((what, _)) = facts.iter().find(|(_, holds)| !holds) {
        return Err(format!("not so: {what}: {recovered:?}, {ledger}"));
    }
    ledger.written.truncate(records.len());
    ledger.notes.keep_before(recovered.next_batch.0);
    Ok(())
}

impl std::fmt::Display for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (written, checkpoints) = (self.written.len(), self.checkpoints.len());
        write!(
            f,
            "ledger: {written} written, {} acknowledged, {} released, epoch {}, batch {}, {checkpoints} \
             checkpoints",
            self.acknowledged, self.released, self.epoch, self.batch
        )
    }
}
