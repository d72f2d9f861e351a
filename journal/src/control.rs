//! The control file: what a node knows for ever of its role, in two copies. Knows where each value stands,
//! and nothing of what follows from it.
//!
//! What holds after a crash at any instant, and with one copy lost:
//!
//! 1. A write goes to the copy that is worse or older, is synced, and goes to the other one then. So one
//!    of both is always whole: the state before the write, or the one after it.
//! 2. When a write has returned, both copies have it: one that rots later takes nothing back.
//! 3. A start that finds only one of them makes them two again before it acts on it ([`mend`]).

use std::io::ErrorKind;

use crate::disk::aligned::AlignedBytes;
use crate::disk::{Disk, DiskFile, Failed};
use crate::format::{BLOCK, BatchNumber, Epoch, From, NoHeader, Position, To, VERSION, add_check};
use crate::mark::Mark;
use crate::mutants::{Mutant, breaks};
use crate::roles::control::{Control, Fenced, Joining};
use crate::roles::name::NodeName;
use crate::roles::witness::{Incarnation, Known, Member, Record, Revision};

/// What the file is called.
pub const NAME: &str = "control";
/// Bytes of a copy that mean something; zeros fill its block.
pub const COPY: usize = 256;

const MAGIC: [u8; 8] = *b"SEKISHON";
const UNFINISHED: &str = "control.unfinished";

const PEER_JOINED: u8 = 1;
const CUT: u8 = 2;
const KNOWN: u8 = 4;
const IN_SYNC: u8 = 8;
const LOSSY: u8 = 16;
/// With the reason for which a reign was given up: a program that does not know it refuses the file, and does
/// not take such a node for one that may reign.
const ISOLATED: u8 = 128;

/// Why nothing is known of a node's role.
#[derive(Debug)]
pub enum Problem {
    /// Neither copy is whole.
    Damaged([NoHeader; 2]),
    /// A newer program wrote it.
    Version(u16),
    /// The disk did not do what it was asked.
    Disk(Failed),
}

/// A copy: how often the file had been written, and what it says.
type Copy = (u64, Control);

/// What the control file says. None: there is none. Changes nothing.
///
/// # Errors
/// Why that is not known.
pub fn read<D: Disk>(disk: &D) -> Result<Option<Control>, Problem> {
    let Some(copies) = copies(disk)? else { return Ok(None) };
    newest(&copies).map(|(_, control)| Some(control))
}

/// The same for a start that goes on with it: both copies have it then.
///
/// # Errors
/// Why that is not known, or what the disk did not do.
pub fn mend<D: Disk>(disk: &D) -> Result<Option<Control>, Problem> {
    // What a dead process left in the system's cache.
    match disk.open(NAME, true) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => {
            let file = opened.map_err(Failed::when("open", NAME))?;
            file.sync().map_err(Failed::when("sync", NAME))?;
            disk.sync_directory().map_err(Failed::when("sync", ""))?;
        }
    }
    let Some(copies) = copies(disk)? else { return Ok(None) };
    let (_, control) = newest(&copies)?;
    if copies[0] != copies[1] {
        put(disk, &copies, &control)?;
    }
    Ok(Some(control))
}

/// Writes it. When this returns it is durable, twice; what relies on it may be done then, and not before.
///
/// # Errors
/// What the disk did not do. Nothing is to be relied on then: the file has this state or the one before.
pub fn write<D: Disk>(disk: &D, control: &Control) -> Result<(), Problem> {
    match copies(disk)? {
        Some(copies) => {
            // A newer program's file is not written over.
            if let Err(Problem::Version(version)) = newest(&copies) {
                return Err(Problem::Version(version));
            }
            put(disk, &copies, control)?;
        }
        None => make(disk, control)?,
    }
    Ok(())
}

/// The first one: it has its name when all of it is durable.
fn make<D: Disk>(disk: &D, control: &Control) -> Result<(), Failed> {
    match disk.remove(UNFINISHED) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(Failed::when("remove", UNFINISHED)(error));
        }
        _ => {}
    }
    let file = disk.create(UNFINISHED, 2 * BLOCK as u64);
    let file = file.map_err(Failed::when("create", UNFINISHED))?;
    let block = block(1, control);
    let written = file.write_at(0, &block).and_then(|()| file.write_at(BLOCK as u64, &block));
    written.map_err(Failed::when("write", UNFINISHED))?;
    file.sync().map_err(Failed::when("sync", UNFINISHED))?;
    disk.rename(UNFINISHED, NAME).map_err(Failed::when("rename", UNFINISHED))?;
    disk.sync_directory().map_err(Failed::when("sync", ""))
}

fn put<D: Disk>(
    disk: &D,
    copies: &[Result<Copy, NoHeader>; 2],
    control: &Control,
) -> Result<(), Failed> {
    let sequence =
        |copy: &Result<Copy, NoHeader>| copy.as_ref().map_or(0, |(sequence, _)| *sequence);
    let [first, second] = copies.each_ref().map(sequence);
    let block = block(first.max(second).saturating_add(1), control);
    let places = if first <= second { [0, BLOCK as u64] } else { [BLOCK as u64, 0] };
    let file = disk.open(NAME, true).map_err(Failed::when("open", NAME))?;
    for place in places {
        file.write_at(place, &block).map_err(Failed::when("write", NAME))?;
        file.sync().map_err(Failed::when("sync", NAME))?;
        if breaks(Mutant::WritesOneCopy) {
            break;
        }
    }
    Ok(())
}

fn copies<D: Disk>(disk: &D) -> Result<Option<[Result<Copy, NoHeader>; 2]>, Failed> {
    let file = match disk.open(NAME, false) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(Failed::when("open", NAME))?,
    };
    let copy = |place: u64| {
        let mut block = AlignedBytes::new(BLOCK);
        // A copy that the disk does not give is one that is not whole.
        match file.read_at(place, &mut block) {
            Ok(BLOCK) => parse(&block),
            Ok(_) | Err(_) => Err(NoHeader::Broken),
        }
    };
    Ok(Some([copy(0), copy(BLOCK as u64)]))
}

fn newest(copies: &[Result<Copy, NoHeader>; 2]) -> Result<Copy, Problem> {
    let not = |copy: &Result<Copy, NoHeader>| copy.as_ref().err().copied();
    for copy in copies {
        if let Some(NoHeader::Version(version)) = not(copy) {
            return Err(Problem::Version(version));
        }
    }
    let whole = copies.iter().filter_map(|copy| copy.as_ref().ok());
    let newest = whole.max_by_key(|(sequence, _)| *sequence);
    newest.copied().ok_or_else(|| {
        Problem::Damaged(copies.each_ref().map(|copy| not(copy).unwrap_or(NoHeader::Broken)))
    })
}

/// A copy as it stands in its block.
pub(crate) fn block(sequence: u64, control: &Control) -> AlignedBytes {
    let mut block = AlignedBytes::new(BLOCK);
    let known = control.known;
    let in_sync = known.and_then(|known| known.record.in_sync);
    let cut = control.cut.unwrap_or_default();
    let flag = |is: bool, flag: u8| if is { flag } else { 0 };
    let flags = flag(control.peer_joined, PEER_JOINED)
        | flag(control.cut.is_some(), CUT)
        | flag(known.is_some(), KNOWN)
        | flag(in_sync.is_some(), IN_SYNC)
        | flag(control.lossy, LOSSY);
    let mut to = To { bytes: &mut block, at: 0 };
    to.put(&MAGIC);
    to.put(&VERSION.to_le_bytes());
    let isolated = flag(control.isolated, ISOLATED);
    to.put(&[fenced(control.fenced) | isolated, joining(control.joining)]);
    to.put(&control.promised.0.to_le_bytes());
    to.put(&control.cluster);
    to.put(control.name.bytes());
    to.put(&sequence.to_le_bytes());
    to.put(&control.reigned.0.to_le_bytes());
    to.put(&control.assured.0.to_le_bytes());
    to.put(&control.solo_since.unwrap_or(0).to_le_bytes());
    to.put(&control.repairing.map_or(0, |batch| batch.0).to_le_bytes());
    to.put(&[flags, 0, 0, 0]);
    to.put(&cut.epoch.0.to_le_bytes());
    to.put(&cut.batch.0.to_le_bytes());
    to.put(&cut.position.0.to_le_bytes());
    to.put(&cut.tag);
    let record = known.map(|known| known.record);
    to.put(&known.map_or(0, |known| known.revision.0).to_le_bytes());
    to.put(&record.map_or(0, |record| record.epoch.0).to_le_bytes());
    to.put(&[0; 4]);
    to.put(&record.map_or([0; 16], |record| record.cluster));
    for member in [record.map(|record| record.primary), in_sync] {
        to.put(member.map_or(NodeName::NONE, |member| member.name).bytes());
        to.put(&member.map_or(0, |member| member.incarnation.0).to_le_bytes());
    }
    assert_eq!(to.at, COPY - 8, "all of a copy");
    add_check(&mut block[..COPY]);
    block
}

fn parse(block: &[u8]) -> Result<Copy, NoHeader> {
    let mut from = From::begin(block, &MAGIC, COPY)?;
    let [fenced, joining] = from.take();
    let promised = Epoch(from.short());
    let cluster = from.take();
    let name = NodeName::of(from.take()).unwrap_or(NodeName::NONE);
    let sequence = from.long();
    let (reigned, assured) = (Epoch(from.short()), Epoch(from.short()));
    let (solo_since, repairing) = (from.long(), from.long());
    let [flags, _, _, _] = from.take();
    let cut = Mark {
        epoch: Epoch(from.short()),
        batch: BatchNumber(from.long()),
        position: Position(from.long()),
        tag: from.take(),
    };
    let (revision, epoch) = (Revision(from.long()), Epoch(from.short()));
    let _unused = from.short();
    let of_record = from.take();
    let mut member = || {
        let name = NodeName::of(from.take()).unwrap_or(NodeName::NONE);
        Member { name, incarnation: Incarnation(from.long()) }
    };
    let (primary, in_sync) = (member(), member());
    let is = |flag: u8| flags & flag != 0;
    let in_sync = is(IN_SYNC).then_some(in_sync);
    let record = Record { cluster: of_record, epoch, primary, in_sync };
    let control = Control {
        cluster,
        name,
        promised,
        reigned,
        fenced: match fenced & !ISOLATED {
            0 => Fenced::No,
            1 => Fenced::HandedOver,
            2 => Fenced::ByOperator,
            _ => return Err(NoHeader::Foreign),
        },
        known: is(KNOWN).then_some(Known { revision, record }),
        peer_joined: is(PEER_JOINED),
        lossy: is(LOSSY),
        joining: match joining {
            0 => Joining::No,
            1 => Joining::New,
            2 => Joining::Replacing,
            _ => return Err(NoHeader::Foreign),
        },
        cut: is(CUT).then_some(cut),
        repairing: (repairing > 0).then_some(BatchNumber(repairing)),
        solo_since: (solo_since > 0).then_some(solo_since),
        assured,
        isolated: fenced & ISOLATED != 0,
    };
    Ok((sequence, control))
}

fn fenced(fenced: Fenced) -> u8 {
    match fenced {
        Fenced::No => 0,
        Fenced::HandedOver => 1,
        Fenced::ByOperator => 2,
    }
}

fn joining(joining: Joining) -> u8 {
    match joining {
        Joining::No => 0,
        Joining::New => 1,
        Joining::Replacing => 2,
    }
}

impl std::convert::From<Failed> for Problem {
    fn from(failed: Failed) -> Self {
        Self::Disk(failed)
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Damaged(_) => write!(
                f,
                "neither copy in {NAME} is whole: what this node has promised is not known; join it anew"
            ),
            Self::Version(version) => {
                write!(
                    f,
                    "{NAME} was written by a newer program (version {version}); start that one"
                )
            }
            Self::Disk(failed) => write!(f, "{failed}"),
        }
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests;
