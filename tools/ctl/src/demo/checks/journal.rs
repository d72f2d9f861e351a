//! What must hold of the journal that a switch leaves behind when it was stopped in order.

use std::path::Path;

use journal::disk::SystemDisk;
use journal::verify::{Condition, verify};

use super::{Check, Facts};

/// What stands in the journal when the switch has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::demo) struct Kept {
    /// All of it is as it was written, to the end.
    pub(in crate::demo) is_good: bool,
    pub(in crate::demo) records: u64,
    /// So many commits, as each wrote one.
    pub(in crate::demo) batches: u64,
    /// The last record.
    pub(in crate::demo) last: u64,
}

/// Looks at the journal of a switch that has ended; or why that can not be.
pub(in crate::demo) fn kept(state: &Path) -> Result<Kept, String> {
    let disk = SystemDisk::open(&state.join("journal"), false).map_err(|e| e.to_string())?;
    let report = verify(&disk).map_err(|failed| failed.to_string())?;
    Ok(Kept {
        is_good: report.condition() == Condition::Good,
        records: report.records,
        batches: report.batches,
        last: report.last.0,
    })
}

/// Every step is there: a decision for what was forwarded, and one for each end.
pub(super) fn check(facts: &Facts) -> Check {
    let kept = match facts.kept {
        Ok(kept) => kept,
        Err(ref why) => {
            return super::check(false, format!("the journal can not be looked at: {why}"));
        }
    };
    let Kept { is_good, records, batches, last } = kept;
    let steps = 2 * facts.counter("answered");
    let durable = facts.status.as_ref().and_then(|status| status.journal.as_ref());
    let durable = durable.map(|journal| journal.durable);
    let verdict = if is_good { "good" } else { "DAMAGED or torn" };
    let text = format!(
        "the journal holds every step, and journal verify says {verdict}: {records} records in \
         {batches} commits, {steps} steps of answered requests"
    );
    let is_whole = records == last && durable.is_none_or(|durable| durable <= last);
    super::check(is_good && is_whole && records >= steps, text)
}
