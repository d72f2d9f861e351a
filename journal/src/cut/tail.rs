//! What is cut off of a log: copied batch by batch into a journal of its own, so that it can be read, listed
//! and verified like any other. Takes nothing away.

use std::io::ErrorKind;

use crate::archive;
use crate::base;
use crate::disk::{Disk, DiskFile, Failed};
use crate::format::{BLOCK, BatchHeader, Cluster, Position, SegmentHeader};
use crate::mark::Mark;
use crate::names::Name;
use crate::raw;
use crate::scan::Step;
use crate::seal::Keys;
use crate::survey::Stretch;
use crate::walk::{NoWalk, Walk};
use crate::writer;

use super::Problem;

/// The directory that has all of them, within that of the journal.
pub const DIVERGED: &str = "diverged";

/// What was cut off of a log once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tail {
    /// Its directory, within [`DIVERGED`].
    pub name: String,
    /// The first record in it, or that would come next.
    pub first: Position,
    /// Batches, and records in them, as of this time.
    pub batches: u64,
    /// See `batches`.
    pub records: u64,
}

/// The names of all tails that were ever cut off, in order.
///
/// # Errors
/// What the disk did not do.
pub fn tails<D: Disk>(disk: &D) -> Result<Vec<String>, Failed> {
    match disk.within(DIVERGED, false) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        within => within.and_then(|within| within.list()).map_err(Failed::when("list", DIVERGED)),
    }
}

/// The journal that a tail is: [`crate::reader::Reader`] reads it, from its first record on.
///
/// # Errors
/// What the disk did not do.
pub fn open<D: Disk>(disk: &D, name: &str) -> Result<D, Failed> {
    let within = disk.within(DIVERGED, false).and_then(|within| within.within(name, false));
    within.map_err(Failed::when("open", name))
}

/// Copies all whole batches behind a mark. None: there are none.
pub(super) fn keep<D: Disk>(
    disk: &D,
    keys: &Keys,
    keep: &Mark,
    cluster: Option<Cluster>,
    behind: &[Stretch],
) -> Result<Option<Tail>, Problem> {
    let mut copy: Option<(D, Tail)> = None;
    for (place, stretch) in behind.iter().enumerate() {
        let is_last = place + 1 == behind.len();
        let mut segment: Option<Growing<D>> = None;
        walk(disk, keys, stretch, is_last, |header, bytes| {
            if header.batch <= keep.batch {
                return Ok(true);
            }
            let (to, tail) = match &mut copy {
                Some(copy) => copy,
                None => copy.insert(begin(disk, cluster, keep, header)?),
            };
            tail.batches += 1;
            tail.records += u64::from(header.count);
            let segment = match &mut segment {
                Some(segment) => segment,
                None => match Growing::begin(to, &stretch.header, header)? {
                    Some(begun) => segment.insert(begun),
                    // It was copied before a crash, all of it.
                    None => return Ok(false),
                },
            };
            segment.put(bytes)?;
            Ok(true)
        })?;
        if let Some(segment) = segment {
            segment.finish()?;
        }
    }
    Ok(copy.map(|(_, tail)| tail))
}

fn begin<D: Disk>(
    disk: &D,
    cluster: Option<Cluster>,
    keep: &Mark,
    first: &BatchHeader,
) -> Result<(D, Tail), Failed> {
    let name = format!("{}-{}.wal", first.epoch.0, first.first_position.0);
    let made = disk.within(DIVERGED, true).and_then(|within| within.within(&name, true));
    let to = made.map_err(Failed::when("make", DIVERGED))?;
    // So that who reads it does not miss what came before.
    base::write(&to, &cluster.unwrap_or_default(), keep)?;
    Ok((to, Tail { name, first: first.first_position, batches: 0, records: 0 }))
}

/// Goes over the batches of a part of the log as they were written, until `each` has enough. What is not
/// whole is left out; in the last part it is the end.
fn walk<D: Disk>(
    disk: &D,
    keys: &Keys,
    stretch: &Stretch,
    is_last: bool,
    mut each: impl FnMut(&BatchHeader, &[u8]) -> Result<bool, Problem>,
) -> Result<(), Problem> {
    let name = stretch.name();
    let key = |not| Problem::Key(name, not);
    let sealing = match &stretch.archive {
        Some(archive) => Some(archive::segment_key(keys, archive).map_err(key)?),
        None => None,
    };
    let mut walk = match Walk::open(disk, sealing.as_ref().map(|_| keys), stretch) {
        Ok(walk) => walk,
        Err(NoWalk::Key(not)) => return Err(key(not)),
        Err(NoWalk::Disk(error)) => return Err(Failed::when("open", name)(error).into()),
    };
    let mut bytes = Vec::new();
    loop {
        if stretch.until == Some(walk.place().0.batch) {
            return Ok(());
        }
        match walk.step().map_err(Failed::when("read", name))? {
            Step::Batch(header) => {
                let whole = raw::as_written(&header, walk.bytes(), sealing.as_ref(), &mut bytes);
                if whole && !each(&header, &bytes)? {
                    return Ok(());
                }
            }
            Step::Other(_) => {
                let goes_on =
                    !is_last && walk.skip(stretch.until).map_err(Failed::when("read", name))?;
                if !goes_on {
                    return Ok(());
                }
            }
        }
    }
}

/// Makes a segment of its archive again, up to and with the batch that stays: at the same places.
pub(super) fn make_again<D: Disk>(
    disk: &D,
    keys: &Keys,
    keep: &Mark,
    stretch: &Stretch,
) -> Result<(), Problem> {
    let name = Name::Segment(stretch.header.segment);
    let unfinished = name.unfinished();
    writer::make(disk, &unfinished, stretch.header.bytes)
        .map_err(Failed::when("create", &unfinished))?;
    let file = disk.open(&unfinished, true).map_err(Failed::when("open", &unfinished))?;
    let mut block = [0; BLOCK];
    stretch.header.write(&mut block);
    file.write_at(0, &block).map_err(Failed::when("write", &unfinished))?;
    let mut end = BLOCK as u64;
    walk(disk, keys, stretch, true, |header, bytes| {
        if header.batch > keep.batch {
            return Ok(false);
        }
        file.write_at(end, bytes).map_err(Failed::when("write", &unfinished))?;
        end += bytes.len() as u64;
        Ok(header.batch < keep.batch)
    })?;
    file.sync().map_err(Failed::when("sync", &unfinished))?;
    disk.rename(&unfinished, &name.to_string()).map_err(Failed::when("rename", &unfinished))?;
    disk.sync_directory().map_err(Failed::when("sync", ""))?;
    Ok(())
}

/// A segment that is being copied, and as long as what was copied.
struct Growing<D: Disk> {
    disk: D,
    file: D::File,
    name: Name,
    header: SegmentHeader,
    end: u64,
}

impl<D: Disk> Growing<D> {
    /// Begins with this batch. None: it is there.
    fn begin(
        disk: &D,
        segment: &SegmentHeader,
        first: &BatchHeader,
    ) -> Result<Option<Self>, Failed> {
        let name = Name::Segment(segment.segment);
        match disk.open(&name.to_string(), false) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            opened => return opened.map(|_| None).map_err(Failed::when("open", name)),
        }
        let unfinished = name.unfinished();
        writer::make(disk, &unfinished, BLOCK as u64)
            .map_err(Failed::when("create", &unfinished))?;
        let file = disk.open(&unfinished, true).map_err(Failed::when("open", &unfinished))?;
        let header = SegmentHeader {
            first_batch: first.batch,
            first_position: first.first_position,
            previous: first.previous,
            ..*segment
        };
        Ok(Some(Self { disk: disk.clone(), file, name, header, end: BLOCK as u64 }))
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        self.file.write_at(self.end, bytes).map_err(Failed::when("write", self.name))?;
        self.end += bytes.len() as u64;
        Ok(())
    }

    fn finish(mut self) -> Result<(), Failed> {
        self.header.bytes = self.end;
        let mut block = [0; BLOCK];
        self.header.write(&mut block);
        let (unfinished, name) = (self.name.unfinished(), self.name.to_string());
        self.file.write_at(0, &block).map_err(Failed::when("write", &unfinished))?;
        self.file.sync().map_err(Failed::when("sync", &unfinished))?;
        self.disk.rename(&unfinished, &name).map_err(Failed::when("rename", &unfinished))?;
        self.disk.sync_directory().map_err(Failed::when("sync", ""))
    }
}
