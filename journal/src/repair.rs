//! A log that is damaged, and a peer that has what is lost: the log before the damage is gone on with as a
//! standby's, and what stood behind it comes again, byte for byte, to its place. Until all of it is
//! there, nothing is cut and nothing is promoted. Knows no line.

use crate::cut;
use crate::disk::{Disk, DiskFile, Failed};
use crate::erase;
use crate::format::{BLOCK, BatchHeader, BatchNumber, Position, SegmentHeader, SegmentNumber};
use crate::mark::Mark;
use crate::names::Name;
use crate::recovery::{self, Damage, Recovered, Refusal};
use crate::scan::{Expected, Scan, Step};
use crate::seal::Keys;
use crate::survey;
use crate::sweep::{self, Seen};
use crate::window::{Aligned, Reading};

/// What has to come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repair {
    /// All batches up to and with this one: the first that is damaged, and what stands behind it.
    pub until: BatchNumber,
    /// All records up to here: something says that they were released.
    pub released: Position,
    /// What is wrong.
    pub damage: Damage,
}

impl Repair {
    /// Whether all of it is there when the log is durable up to this mark.
    pub fn is_done(&self, durable: &Mark) -> bool {
        durable.batch >= self.until && durable.position >= self.released
    }
}

/// The segments behind the open one, last first.
pub(crate) fn segments_behind<D: Disk>(
    disk: &D,
    open: Option<SegmentNumber>,
) -> Result<Vec<SegmentNumber>, Failed> {
    let segments = survey::segments(disk)?.into_iter().rev().map(|segment| segment.number);
    Ok(segments.filter(|&number| open < Some(number)).collect())
}

/// Reads a log again, as [`recovery::recover`] does; where it is damaged, what stands before that is gone
/// on with, and the rest is to be repaired. Only for a node with a peer.
///
/// Whoever starts so may become a standby, whose log goes on where it ends: the segment in which that is has
/// no archive then.
///
/// # Errors
/// What no peer helps against.
pub fn recover<D: Disk>(disk: &D, keys: &Keys) -> Result<(Recovered, Option<Repair>), Refusal> {
    recovery::make_durable(disk)?;
    let (recovered, damage) = recovery::up_to_damage(disk, Some(keys))?;
    let Some(damage) = damage else {
        let changed = cut::open_the_end(disk, keys, &recovered)?;
        let again = if changed { recovery::assess(disk, Some(keys))? } else { recovered };
        return Ok((again, None));
    };
    let mut until = damage.place.batch;
    sweep::sweep(disk, None, None, |seen| -> Result<(), Failed> {
        if let Seen::Batch { header, .. } = seen {
            until = until.max(header.batch);
        }
        Ok(())
    })?;
    let released = damage.released;
    Ok((recovered, Some(Repair { until, released, damage })))
}

/// What stands at a place where something comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stands {
    /// Nothing that is whole.
    Nothing,
    /// The same bytes.
    TheSame,
    /// Something whole of another log.
    Another,
}

impl Stands {
    /// In the file of a segment that has this header. A header that is not whole is written again.
    pub(crate) fn segment<D: Disk>(disk: &D, header: &SegmentHeader) -> Result<Self, Failed> {
        let name = Name::Segment(header.segment);
        let file = match disk.open(&name.to_string(), true) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::Nothing),
            opened => opened.map_err(Failed::when("open", name))?,
        };
        if file.bytes().map_err(Failed::when("open", name))? != header.bytes {
            return Ok(Self::Nothing);
        }
        let mut block = Aligned::new(BLOCK);
        let read = file.read_at(0, &mut block);
        match SegmentHeader::read(&block) {
            Ok(there) if read.is_ok() && there == *header => Ok(Self::TheSame),
            Ok(_) if read.is_ok() => Ok(Self::Another),
            _ => {
                let mut block = [0; BLOCK];
                header.write(&mut block);
                erase::write(disk, name, 0, &block)?;
                Ok(Self::TheSame)
            }
        }
    }

    /// Where this batch goes.
    pub(crate) fn batch<D: Disk>(
        disk: &D,
        name: Name,
        offset: u64,
        bytes: &[u8],
    ) -> Result<Self, Failed> {
        let file = disk.open(&name.to_string(), false).map_err(Failed::when("open", name))?;
        let mut there = Aligned::new(bytes.len());
        if !file.read_at(offset, &mut there).is_ok_and(|read| read == bytes.len()) {
            return Ok(Self::Nothing);
        }
        if *there == *bytes {
            return Ok(Self::TheSame);
        }
        // A whole header of another batch: whoever wrote it, it was not this log's.
        let (Ok(there), Ok(comes)) = (BatchHeader::read(&there), BatchHeader::read(bytes)) else {
            return Ok(Self::Nothing);
        };
        let another =
            (there.epoch, there.batch, there.tag) != (comes.epoch, comes.batch, comes.tag);
        Ok(if another { Self::Another } else { Self::Nothing })
    }

    /// Whether a segment goes on with a whole batch that was not taken.
    pub(crate) fn goes_on<D: Disk>(
        disk: &D,
        header: &SegmentHeader,
        end: u64,
        expected: &Expected,
    ) -> Result<bool, Failed> {
        let name = Name::Segment(header.segment);
        let file = disk.open(&name.to_string(), false).map_err(Failed::when("open", name))?;
        let scan = Scan::over(file, *header, None, *expected, end, Reading::Glance);
        let step = scan.and_then(|mut scan| scan.step());
        let step = step.map_err(Failed::when("read", name))?;
        Ok(matches!(step, Step::Batch(_)))
    }
}
