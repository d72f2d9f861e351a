//! What both ends wrote down and what the switch did, held against each other when all have ended.
//! Must not know how the demo went.

use std::io;
use std::path::Path;

use crate::judge::{Books, Counts, Judge, Missing};
use crate::parties::{ACQUIRERS, ISSUERS};
use bench::ledger::{self, Reference};
use journal::disk::SystemDisk;
use journal::format::Position;
use journal::reader::Reader;
use journal::seal::{Key, Keys};

use super::place::Place;

/// The key that a switch makes for itself where it is given none.
const KEY: &str = "insecure-demo.key";

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Reckoning {
    pub(super) counts: Counts,
    pub(super) missing: Missing,
    pub(super) books: Books,
    /// Requests that have no outcome in the journal.
    pub(super) open: usize,
    /// Approvals that an acquirer has and of which the journal knows nothing.
    pub(super) lost: u64,
    /// What does not hold, in words, and how much of it there is.
    pub(super) findings: String,
    pub(super) found: u64,
}

/// Reads ledgers and journal.
///
/// # Errors
/// One of them can not be read.
pub(super) fn reckon(place: &Place) -> io::Result<Reckoning> {
    let folder = place.state().join("journal");
    let key = folder.join(KEY);
    reckon_with(place, &folder, &key)
}

/// The same with the journal in that folder, under the key in that file.
///
/// # Errors
/// One of them can not be read.
pub(super) fn reckon_with(place: &Place, folder: &Path, key: &Path) -> io::Result<Reckoning> {
    let mut judge = Judge::default();
    let mut approved = Vec::new();
    for party in &ACQUIRERS {
        let entries = ledger::read(&place.ledger(party.name))?;
        approved.extend(entries.iter().filter_map(approval));
        judge.hear_acquirer(&entries);
    }
    for party in &ISSUERS {
        judge.hear_issuer(party.name, &ledger::read(&place.ledger(party.name))?);
    }
    let key = Key::parse(&std::fs::read(key)?);
    let keys = Keys::only(key.map_err(|_| io::Error::other("the journal's key is none"))?);
    let disk = SystemDisk::open(folder, false)?;
    let told = |problem| io::Error::other(format!("the journal can not be read: {problem}"));
    let mut reader = Reader::open(&disk, Some(&keys), Position(1)).map_err(told)?;
    while let Some(batch) = reader.next_batch().map_err(told)? {
        for (position, record) in batch.records().into_iter().flatten() {
            judge.read(position.0, record);
        }
    }
    judge.judge();
    let books = judge.close();
    let lost = approved.iter().filter(|reference| judge.decision(**reference).is_none()).count();
    Ok(Reckoning {
        counts: judge.counts(),
        missing: judge.missing(),
        books,
        open: judge.unfinished(),
        lost: u64::try_from(lost).unwrap_or(u64::MAX),
        findings: judge.findings().to_string(),
        found: judge.findings().count(),
    })
}

/// Which transaction an acquirer was told is approved, if that is what this says.
fn approval(entry: &ledger::Acquirer) -> Option<Reference> {
    match entry {
        ledger::Acquirer::Answered(told) | ledger::Acquirer::AnsweredAgain(told) => {
            told.action.filter(|action| action.approves()).map(|_| told.reference)
        }
        ledger::Acquirer::Sent(_)
        | ledger::Acquirer::Repeated(_)
        | ledger::Acquirer::Reversed(_)
        | ledger::Acquirer::Acknowledged(_) => None,
    }
}
