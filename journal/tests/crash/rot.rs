//! Sectors that go bad while nobody looks: what was acknowledged and is covered by a later header is
//! called damage and never cut in silence. Must not know how damage is found.

use journal::disk::Disk;
use journal::disk::simulated::{Random, Rot, SimulatedDisk};
use journal::recovery::Refusal;
use journal::scan::Found;
use journal::verify::{self, Condition};

use crate::judge::differs;
use crate::ledger::{Ledger, Note};
use crate::node::{Setting, read};

/// How it ended, for the count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    /// Called damage (or unreadable), as it must be.
    Noticed,
    /// Nothing says that it was released: called a torn tail, or damage.
    NotCovered,
    /// What changed means nothing.
    Harmless,
}

/// Lets a sector rot in a copy of the disk, and looks what recovery makes of it.
pub(crate) fn rot(
    disk: &SimulatedDisk,
    setting: &Setting,
    ledger: &Ledger,
    random: &mut Random,
) -> Result<End, String> {
    let disk = disk.fork(random.number());
    let names = disk.list().expect("it is up");
    let mut notes = ledger.notes.all();
    // The others are in archives only.
    notes.retain(|note| names.contains(&note.segment));
    if notes.is_empty() {
        return Ok(End::Harmless);
    }
    let note = &notes[random.place(notes.len())];
    let place =
        if random.chance(15) { random.below(256) } else { note.offset + random.below(note.length) };
    let sector = place / 512 * 512;
    let before = disk.content(&note.segment);
    let kind = match random.below(6) {
        0 => Rot::Zeroed,
        1 => Rot::Stale,
        2 => Rot::Unreadable,
        3 => Rot::Misdirected { to: random.below(before.len() as u64) / 512 * 512 },
        _ => Rot::Flip {
            bit: u16::try_from(place % 512 * 8 + random.below(8)).expect("in a sector"),
        },
    };
    disk.rot(&note.segment, sector, kind);
    let after = disk.content(&note.segment);

    let altered = |from: u64, length: u64| {
        let range = place_of(from)..place_of(from + length);
        let unreadable = kind == Rot::Unreadable && from < sector + 512 && from + length > sector;
        before[range.clone()] != after[range] || unreadable
    };
    let header_altered = altered(0, 256);
    let (bad, good): (Vec<&Note>, Vec<&Note>) = notes.iter().partition(|other| {
        other.segment == note.segment && (header_altered || altered(other.offset, other.length))
    });
    let covers = |later: &Note, missing: &Note| {
        later.batch > missing.batch
            && (later.released >= missing.first || later.segment != missing.segment)
    };
    // A segment without a whole header still has headers of batches to say what was released.
    let witnesses = || {
        let inside = bad.iter().filter(|other| !altered(other.offset, other.length));
        good.iter().chain(inside)
    };
    let covered = bad.iter().any(|missing| witnesses().any(|later| covers(later, missing)));
    let what = format!("{kind:?} at byte {sector} of {}", note.segment);
    let condition = verify::verify(&disk).map(|report| report.condition());
    match read(&disk, &setting.keys) {
        // Only a key tells an older header of the same segment from the one that was lost.
        Err(Refusal::Damage(damage)) if damage.facts.found == Found::WrongSeal => Ok(End::Noticed),
        Err(refusal) if condition.as_ref().is_ok_and(|&found| found != Condition::Damaged) => {
            Err(format!("{what}: {refusal}, and verify says {condition:?}"))
        }
        Ok(_) if !matches!(condition, Ok(Condition::Good | Condition::TornTail)) => {
            Err(format!("{what}: a start goes on, and verify says {condition:?}"))
        }
        Err(Refusal::Damage(_)) if !bad.is_empty() || header_altered => Ok(End::Noticed),
        Err(Refusal::Disk(_)) if kind == Rot::Unreadable => Ok(End::Noticed),
        Err(refusal) => Err(format!("{what}: {refusal}")),
        Ok(read) => {
            let whole = bad.iter().map(|note| note.first - 1).min();
            let whole = whole.unwrap_or(ledger.written.len() as u64);
            let gone = read.records.first().map_or(ledger.retired, |(first, _)| first - 1);
            let count = gone + read.records.len() as u64;
            let same = differs(ledger, gone, &read.records).is_none();
            // A segment without a whole header may have its archive already.
            let is_complete = same && count == ledger.written.len() as u64;
            if covered && !is_complete {
                return Err(format!("{what}: acknowledged, released, and cut in silence"));
            }
            if count < whole || count > ledger.written.len() as u64 || !same {
                return Err(format!("{what}: {count} records are left, {whole} were whole"));
            }
            Ok(if bad.is_empty() || is_complete { End::Harmless } else { End::NotCovered })
        }
    }
}

fn place_of(byte: u64) -> usize {
    usize::try_from(byte).expect("64-bit machine")
}
