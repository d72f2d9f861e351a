//! What both ends wrote down and what the switch did, held against each other when all have ended.
//! Must not know how the demo went.

use std::io;

use crate::judge::{Books, Counts, Judge, Missing};
use crate::parties::{ACQUIRERS, ISSUERS};
use bench::ledger;
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
    /// What does not hold, in words, and how much of it there is.
    pub(super) findings: String,
    pub(super) found: u64,
}

/// Reads ledgers and journal.
///
/// # Errors
/// One of them can not be read.
pub(super) fn reckon(place: &Place) -> io::Result<Reckoning> {
    let mut judge = Judge::default();
    for party in &ACQUIRERS {
        judge.hear_acquirer(&ledger::read(&place.ledger(party.name))?);
    }
    for party in &ISSUERS {
        judge.hear_issuer(party.name, &ledger::read(&place.ledger(party.name))?);
    }
    let folder = place.state().join("journal");
    let key = Key::parse(&std::fs::read(folder.join(KEY))?);
    let keys = Keys::only(key.map_err(|_| io::Error::other("the journal's key is none"))?);
    let disk = SystemDisk::open(&folder, false)?;
    let told = |problem| io::Error::other(format!("the journal can not be read: {problem}"));
    let mut reader = Reader::open(&disk, Some(&keys), Position(1)).map_err(told)?;
    while let Some(batch) = reader.next_batch().map_err(told)? {
        for (position, record) in batch.records().into_iter().flatten() {
            judge.read(position.0, record);
        }
    }
    judge.judge();
    let books = judge.close();
    Ok(Reckoning {
        counts: judge.counts(),
        missing: judge.missing(),
        books,
        open: judge.unfinished(),
        findings: judge.findings().to_string(),
        found: judge.findings().count(),
    })
}
