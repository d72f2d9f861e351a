//! Takes what is whole out of a journal that is damaged, and lists what is lost. Changes nothing in it.

use std::io;

use crate::checkpoint;
use crate::disk::{Disk, DiskFile, Failed};
use crate::format::{BLOCK, Position, SegmentHeader};
use crate::names::Name;
use crate::recovery::{self, Refusal};
use crate::scan::Lengths;
use crate::seal::Keys;
use crate::survey::Stretch;
use crate::sweep::{self, Lost, Seen};
use crate::window::{LOOK_MAX, Reading, Window};

/// What was taken out.
#[derive(Clone, Debug, Default)]
pub struct Salvaged {
    /// Whole batches.
    pub batches: u64,
    /// Records in them.
    pub records: u64,
    /// The last of them.
    pub last: Position,
    /// What is lost between them, and behind them if something says that there was more.
    pub lost: Vec<Lost>,
}

/// Why it was not gone on with.
#[derive(Debug)]
pub enum Problem {
    /// The disk that is read did not do what it was asked.
    From(Failed),
    /// The place where it should go did not.
    To(Failed),
    /// A record was not taken.
    Record(Position, io::Error),
}

/// Gives every record that can be had, in order, to `take`.
///
/// # Errors
/// Where it ended: what was given so far is good.
pub fn records<D: Disk>(
    disk: &D,
    keys: &Keys,
    mut take: impl FnMut(Position, &[u8]) -> io::Result<()>,
) -> Result<Salvaged, Problem> {
    run(disk, Some(keys), |seen| {
        let Seen::Batch { header, bytes, opened: true, .. } = seen else { return Ok(()) };
        let records = Lengths { rest: bytes };
        for (position, record) in (header.first_position.0..).map(Position).zip(records) {
            take(position, record).map_err(|error| Problem::Record(position, error))?;
        }
        Ok(())
    })
}

/// Copies every batch that is whole to another directory, at its place in a segment of the same name,
/// and archives and checkpoints as they are. No key is needed. What is lost is zeros there.
///
/// # Errors
/// Where it ended.
pub fn copy<D: Disk, T: Disk>(disk: &D, to: &T) -> Result<Salvaged, Problem> {
    let mut segment: Option<(Name, T::File)> = None;
    let salvaged = run(disk, None, |seen| {
        match seen {
            Seen::File(stretch) => {
                finish(segment.take())?;
                let Stretch { archive, header, .. } = stretch;
                match archive {
                    None => segment = Some(begin(to, header)?),
                    Some(_) => copy_file(disk, to, stretch.name())?,
                }
            }
            Seen::Batch { header, bytes, offset, .. } => {
                if let Some((name, file)) = &segment {
                    let head = file.write_at(*offset, &header.whole());
                    let at = *offset + header.whole().len() as u64;
                    let written = head.and_then(|()| file.write_at(at, bytes));
                    written.map_err(|error| Problem::To(Failed::when("write", name)(error)))?;
                }
            }
            Seen::Lost(_) => {}
        }
        Ok(())
    })?;
    finish(segment.take())?;
    for position in checkpoint::positions(disk).map_err(Problem::From)? {
        copy_file(disk, to, Name::Checkpoint(position))?;
    }
    to.sync_directory().map_err(|error| Problem::To(Failed::when("sync", "")(error)))?;
    Ok(salvaged)
}

/// Sweeps over all of the log, but not over what a start would cut.
fn run<D: Disk>(
    disk: &D,
    keys: Option<&Keys>,
    mut see: impl FnMut(&Seen<'_>) -> Result<(), Problem>,
) -> Result<Salvaged, Problem> {
    let (end, damage) = match recovery::assess(disk, None) {
        Ok(recovered) => (Some(recovered.next_batch), None),
        Err(Refusal::Damage(damage)) => (None, Some(damage)),
        Err(_) => (None, None),
    };
    let mut salvaged = Salvaged::default();
    let swept = sweep::sweep(disk, keys, end, |seen| {
        see(&seen)?;
        match seen {
            Seen::File(_) => {}
            Seen::Batch { header, .. } => {
                salvaged.batches += 1;
                salvaged.records += u64::from(header.count);
                salvaged.last = salvaged.last.max(header.last_position());
            }
            Seen::Lost(lost) => salvaged.lost.push(lost),
        }
        Ok::<(), Problem>(())
    })?;
    let lost_end = damage.zip(swept).and_then(|(damage, end)| end.lost(&damage));
    salvaged.lost.extend(lost_end);
    Ok(salvaged)
}

fn begin<T: Disk>(to: &T, header: &SegmentHeader) -> Result<(Name, T::File), Problem> {
    let name = Name::Segment(header.segment);
    let failed = |error| Problem::To(Failed::when("create", name)(error));
    let file = to.create(&name.to_string(), header.bytes).map_err(failed)?;
    let mut block = Box::new([0; BLOCK]);
    header.write(&mut block);
    file.write_at(0, &block[..]).map_err(failed)?;
    Ok((name, file))
}

fn finish<F: DiskFile>(segment: Option<(Name, F)>) -> Result<(), Problem> {
    let Some((name, file)) = segment else { return Ok(()) };
    file.sync().map_err(|error| Problem::To(Failed::when("sync", name)(error)))
}

fn copy_file<D: Disk, T: Disk>(disk: &D, to: &T, name: Name) -> Result<(), Problem> {
    let from = |error| Problem::From(Failed::when("read", name)(error));
    let failed = |error| Problem::To(Failed::when("write", name)(error));
    let file = disk.open(&name.to_string(), false).map_err(from)?;
    let mut window = Window::new(file, 0, Reading::Through).map_err(from)?;
    let copy = to.create(&name.to_string(), window.end()).map_err(failed)?;
    let mut at = 0;
    while at < window.end() {
        let bytes = window.at(at, LOOK_MAX).map_err(from)?;
        copy.write_at(at, bytes).map_err(failed)?;
        at += bytes.len() as u64;
    }
    copy.sync().map_err(failed)
}

impl From<Failed> for Problem {
    fn from(failed: Failed) -> Self {
        Self::From(failed)
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::From(failed) => write!(f, "{failed}"),
            Self::To(failed) => write!(f, "at the new place: {failed}"),
            Self::Record(position, error) => {
                write!(f, "record {} could not be written: {error}", position.0)
            }
        }
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests;
