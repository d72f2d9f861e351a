//! The logs of both nodes: what is released of one that is being written, all of one that is not, and whether both
//! are alike. Must not know what the records mean.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use journal::disk::SystemDisk;
use journal::format::{BatchNumber, Position};
use journal::raw::RawReader;
use journal::reader::{Problem, Reader};
use journal::seal::{Key, Keys};
use journal::writer::Framed;

use crate::campaign::trouble::Trouble;

/// A log on a disk.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) journal: PathBuf,
    /// The file of its key.
    pub(super) key: PathBuf,
}

/// What was read of it.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) records: Vec<(u64, Vec<u8>)>,
    /// Those by which its batches were written.
    pub(super) epochs: BTreeSet<u32>,
}

impl Log {
    /// Everything from that record on that was framed before that moment; none while some of it is not released.
    pub(super) fn released(&self, from: u64, before_ns: u64) -> Result<Option<Read>, Trouble> {
        let (read, released) = self.read(from, before_ns)?;
        let is_released = read.records.last().is_none_or(|(last, _)| *last <= released);
        Ok(is_released.then_some(read))
    }

    /// Everything from that record on.
    pub(super) fn all(&self, from: u64) -> Result<Read, Trouble> {
        self.read(from, u64::MAX).map(|(read, _)| read)
    }

    /// What was framed before that moment, and what is released now.
    fn read(&self, from: u64, before_ns: u64) -> Result<(Read, u64), Trouble> {
        let (disk, keys) = self.opened()?;
        let mut reader = Reader::open(&disk, Some(&keys), Position(from))
            .map_err(|problem| unreadable(&problem))?;
        let (mut read, mut released) = (Read::default(), 0);
        while let Some(batch) = reader.next_batch().map_err(|problem| unreadable(&problem))? {
            released = batch.header.released.0.max(released);
            if batch.header.written_ns > before_ns {
                continue;
            }
            read.epochs.insert(batch.header.epoch.0);
            for (position, record) in batch.records().into_iter().flatten() {
                read.records.push((position.0, record.to_vec()));
            }
        }
        Ok((read, released))
    }

    /// Both have the same batches and segments, byte for byte.
    pub(super) fn is_equal(&self, other: &Self) -> Result<(), Trouble> {
        let [(disk, keys), (other_disk, other_keys)] = [self.opened()?, other.opened()?];
        let open = |disk: &SystemDisk, keys: Keys| {
            let reader = RawReader::open(disk, Arc::new(keys), BatchNumber(1));
            reader.map(Box::new).map_err(|problem| unreadable(&problem))
        };
        let (mut ours, mut theirs) = (open(&disk, keys)?, open(&other_disk, other_keys)?);
        let mut count = 0_u64;
        loop {
            let (one, two) = (
                ours.next().map_err(|problem| unreadable(&problem))?,
                theirs.next().map_err(|problem| unreadable(&problem))?,
            );
            if one.as_ref().map(bytes) != two.as_ref().map(bytes) {
                return Err(Trouble::Found(format!(
                    "the logs differ behind {count} batches: {} and {}",
                    told(one.as_ref()),
                    told(two.as_ref())
                )));
            }
            if one.is_none() {
                return Ok(());
            }
            count += 1;
        }
    }

    fn opened(&self) -> Result<(SystemDisk, Keys), Trouble> {
        let disk = SystemDisk::open(&self.journal, false).map_err(Trouble::failed("a journal"))?;
        let key = read_key(&self.key)?;
        Ok((disk, Keys::only(key)))
    }
}

fn read_key(file: &Path) -> Result<Key, Trouble> {
    let key = std::fs::read(file).map_err(Trouble::failed("a key"))?;
    Key::parse(&key).map_err(|_| Trouble::found("the journal's key is none"))
}

fn unreadable(problem: &Problem) -> Trouble {
    Trouble::Found(format!("a journal can not be read: {problem}"))
}

fn bytes<'a>(framed: &'a Framed<'_>) -> &'a [u8] {
    match framed {
        Framed::Segment(block) => &block[..],
        Framed::Batch(_, bytes) => bytes,
    }
}

fn told(framed: Option<&Framed<'_>>) -> String {
    match framed {
        None => "nothing".to_owned(),
        Some(Framed::Segment(_)) => "a segment".to_owned(),
        Some(Framed::Batch(mark, bytes)) => format!("{mark:?} of {} bytes", bytes.len()),
    }
}
