//! What is asked of the peer to have a rotten file again, and what becomes of what comes: some batches at a
//! time, so that little waits on either side; and what the rotten file itself still has, where the peer lacks it.
//! Knows no line and no time.

use super::{Problem, Range, Rebuild};
use crate::disk::{Disk, DiskFile};
use crate::format::{BLOCK, BatchHeader, BatchNumber};
use crate::names::Name;
use crate::raw;
use crate::scan::{self, Scan, Step};
use crate::seal::Keys;
use crate::ship::message::ItemKind;
use crate::window::{Aligned, Reading};

/// Batches that are asked for at once.
pub const ASKED_MAX: u64 = 64;

/// A file on its way to be whole again.
pub struct Mending<D: Disk> {
    rebuild: Rebuild<D>,
    range: Range,
    /// The batch that comes next.
    next: BatchNumber,
    /// The last batch that was asked for, while it has not come.
    asked: Option<BatchNumber>,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// More is to come, or to be asked for.
    More,
    /// All of it is there, and is to be finished.
    Whole,
}

impl<D: Disk> Mending<D> {
    /// Of what a scrub found rotten.
    pub fn begin(disk: &D, name: Name, range: &Range) -> Self {
        let rebuild = Rebuild::begin(disk, name, range);
        Self { rebuild, range: *range, next: range.from, asked: None }
    }

    /// What is to be asked for, the first and the last batch. None: what was asked for has not come.
    pub fn ask(&mut self) -> Option<(BatchNumber, BatchNumber)> {
        if self.asked.is_some() {
            return None;
        }
        let last = BatchNumber(self.next.0.saturating_add(ASKED_MAX - 1)).min(self.range.until);
        self.asked = Some(last);
        Some((self.next, last))
    }

    /// Takes what came. What was asked for before the beginning of the segment was known is left out.
    ///
    /// # Errors
    /// Why nothing can be made of it: it is to be given up.
    pub fn handle(&mut self, kind: ItemKind, bytes: &[u8]) -> Result<Progress, Problem> {
        if kind == ItemKind::Segment {
            self.next = self.rebuild.segment(bytes)?;
            return Ok(Progress::More);
        }
        let batch = BatchHeader::read(bytes).map_or(self.next, |header| header.batch);
        let is_last = self.asked.is_some_and(|last| batch >= last);
        let is_next = batch == self.next;
        let is_whole = is_next && self.rebuild.batch(bytes)?;
        if is_next {
            self.next.0 += 1;
        }
        if is_last {
            self.asked = None;
        }
        Ok(if is_whole { Progress::Whole } else { Progress::More })
    }

    /// The peer lacks what comes next. Of a segment the rotten file may still have it: it is taken from there,
    /// as far as it is whole and follows; then the peer is asked again. None: both have lost it.
    ///
    /// # Errors
    /// What the disk did not do.
    pub fn lacks(&mut self) -> Result<Option<Progress>, Problem> {
        self.asked = None;
        let name = self.rebuild.name;
        let (Name::Segment(_), Ok(file)) = (name, self.rebuild.disk.open(&name.to_string(), false))
        else {
            return Ok(None);
        };
        if self.rebuild.begun().is_none() {
            let mut block = Aligned::new(BLOCK);
            // What is no block of this segment is none of the peer's either.
            match file.read_at(0, &mut block) {
                Ok(BLOCK) => match self.rebuild.segment(&block) {
                    Ok(first) => self.next = first,
                    Err(failed @ Problem::Disk(_)) => return Err(failed),
                    Err(_) => return Ok(None),
                },
                _ => return Ok(None),
            }
        }
        let Some(segment) = self.rebuild.begun() else { return Ok(None) };
        let (first, begin) = (scan::first_of(&segment), BLOCK as u64);
        let scan = Scan::over(file, segment, None, first, begin, Reading::Glance);
        let Ok(mut scan) = scan else { return Ok(None) };
        let (from, mut bytes) = (self.next, Vec::new());
        let behind = BatchNumber(self.range.until.0.saturating_add(1));
        loop {
            match scan.step() {
                Ok(Step::Batch(header)) if header.batch < self.next => {}
                Ok(Step::Batch(header)) if header.batch == self.next => {
                    raw::as_written(&header, scan.records(), None, &mut bytes);
                    match self.rebuild.batch(&bytes) {
                        Ok(true) => return Ok(Some(Progress::Whole)),
                        Ok(false) => self.next.0 += 1,
                        Err(failed @ Problem::Disk(_)) => return Err(failed),
                        // It is whole, and follows something else.
                        Err(_) => break,
                    }
                }
                Ok(Step::Other(_)) if scan.skip(Some(behind)).unwrap_or(false) => {}
                Ok(Step::Batch(_) | Step::Other(_)) | Err(_) => break,
            }
        }
        Ok((self.next > from).then_some(Progress::More))
    }

    /// As [`Rebuild::finish`].
    ///
    /// # Errors
    /// Why not.
    pub fn finish(
        self,
        keys: &Keys,
        now_ns: u64,
        pause: &mut dyn FnMut(usize),
    ) -> Result<(), Problem> {
        self.rebuild.finish(keys, now_ns, pause)
    }
}
