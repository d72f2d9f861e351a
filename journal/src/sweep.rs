//! Walks through all that is left of a log, over archives and segments, and around what is lost.
//! Gives what it finds to its caller; decides nothing, changes nothing.

use crate::disk::{Disk, Failed};
use crate::format::{BatchHeader, BatchNumber, Position};
use crate::recovery::{Damage, Place};
use crate::scan::{self, Expected, Found, Step};
use crate::seal::Keys;
use crate::survey::{self, Stretch};
use crate::walk::{NoWalk, Walk};

/// Records that are not there, and the log goes on behind them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Where the first of them should be.
    pub place: Place,
    /// What stands there.
    pub found: Found,
    /// The position of the first record behind them that is there; as the first one where only empty
    /// batches are lost. None: nothing is there behind them.
    pub until: Option<Position>,
}

/// What a sweep comes by.
#[derive(Debug)]
pub(crate) enum Seen<'a> {
    /// A file that has a part of the log.
    File(&'a Stretch),
    /// A whole batch.
    Batch {
        header: BatchHeader,
        /// Its records: as they were if `opened`, else as written; of an archive without a key none.
        bytes: &'a [u8],
        opened: bool,
        /// Where a segment has it.
        offset: u64,
    },
    /// A gap, once its end is known.
    Lost(Lost),
}

/// Where a sweep ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    /// What would come next.
    pub(crate) expected: Expected,
    /// Where the last gap begins, if nothing is there behind it.
    pub(crate) open: Option<(Place, Found)>,
}

impl End {
    /// What is lost at the end, if something says that there was more.
    pub(crate) fn lost(&self, damage: &Damage) -> Option<Lost> {
        let (place, found) = self.open?;
        (damage.released >= place.position).then_some(Lost { place, found, until: None })
    }
}

/// Walks from the first batch to that with the number `end`, or to the last one.
pub(crate) fn sweep<D: Disk, E: From<Failed>>(
    disk: &D,
    keys: Option<&Keys>,
    end: Option<BatchNumber>,
    mut see: impl FnMut(Seen<'_>) -> Result<(), E>,
) -> Result<Option<End>, E> {
    let mut so_far: Option<End> = None;
    let mut stretches = survey::stretches(disk, Position(0))?;
    if let Some(last) = stretches.last_mut() {
        last.until = end;
    }
    for stretch in &stretches {
        let first = scan::first_of(&stretch.header);
        if let Some(End { expected, open }) = so_far {
            let place = place_of(stretch, &expected, 0);
            let found = (place, Found::OtherPrevious);
            let gap = open.or((expected != first).then_some(found));
            if let Some((place, found)) = gap {
                see(Seen::Lost(Lost { place, found, until: Some(first.position) }))?;
            }
        }
        see(Seen::File(stretch))?;
        let name = stretch.name();
        let mut end = End { expected: first, open: None };
        let mut walk = match Walk::open(disk, keys, stretch) {
            Ok(walk) => walk,
            Err(NoWalk::Key(_)) => {
                end.open = Some((place_of(stretch, &first, 0), Found::WrongSeal));
                so_far = Some(end);
                continue;
            }
            Err(NoWalk::Disk(error)) => return Err(Failed::when("open", name)(error).into()),
        };
        loop {
            let (expected, offset) = walk.place();
            if stretch.until == Some(expected.batch) {
                end.expected = expected;
                break;
            }
            match walk.step().map_err(Failed::when("read", name))? {
                Step::Batch(header) => {
                    if let Some((place, found)) = end.open.take() {
                        let until = Some(header.first_position);
                        see(Seen::Lost(Lost { place, found, until }))?;
                    }
                    let (bytes, opened) = (walk.bytes(), walk.records().is_some());
                    see(Seen::Batch { header, bytes, opened, offset })?;
                }
                Step::Other(found) => {
                    let place = place_of(stretch, &expected, offset);
                    if end.open.is_none() {
                        end = End { expected, open: Some((place, found)) };
                    }
                    if !walk.skip(stretch.until).map_err(Failed::when("read", name))? {
                        break;
                    }
                }
            }
        }
        so_far = Some(end);
    }
    Ok(so_far)
}

fn place_of(stretch: &Stretch, expected: &Expected, offset: u64) -> Place {
    let Expected { batch, position, .. } = *expected;
    Place { file: stretch.name(), offset, batch, position }
}
