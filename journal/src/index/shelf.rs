//! All of the log in parts, for whoever looks for marks in it: archives by their indexes, and what has
//! none (segments that are not packed yet, an archive whose index is not as it was written) read from
//! front to back. Changes nothing, and may look while a writer writes. Knows no record's meaning.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;

use super::lookup::{Index, Problem};
use super::making::{MarksOf, kept};
use super::{Mark, NANOS};
use crate::archive::{self, ArchiveHeader};
use crate::disk::{Disk, Failed};
use crate::format::{BatchHeader, Position, SegmentNumber};
use crate::reader::{self, Reader};
use crate::seal::Keys;

/// Indexes whose tables are kept in memory: the newest. Each has some 30 KiB where a segment has 64 MiB.
const TABLES_MAX: usize = 1_024;

/// A part of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The archive that has it; none: segments that are not packed yet, to the end of the log.
    pub archive: Option<SegmentNumber>,
    /// Its first record.
    pub first: Position,
    /// The position behind its last record; none at the end of the log.
    pub until: Option<Position>,
    /// No record of it was written before this second since 1970, nor after the other; at the end of the
    /// log that one is not known yet.
    pub from_utc: u64,
    /// See `from_utc`.
    pub to_utc: u64,
}

/// What is known of the parts.
pub struct Shelf<D: Disk> {
    disk: D,
    archives: BTreeMap<SegmentNumber, ArchiveHeader>,
    tables: BTreeMap<SegmentNumber, Index<D>>,
}

/// What a look at a record gives: its position, its batch, itself.
pub type Each<'a> = dyn FnMut(Position, &BatchHeader, &[u8]) + 'a;

impl<D: Disk> Shelf<D> {
    /// Nothing is known yet.
    pub fn new(disk: D) -> Self {
        Self { disk, archives: BTreeMap::new(), tables: BTreeMap::new() }
    }

    /// Looks into the directory, and gives the parts of the log as they are now, oldest first.
    ///
    /// # Errors
    /// What the disk did not do.
    pub fn parts(&mut self) -> Result<Vec<Part>, Failed> {
        let numbers: BTreeSet<_> = archive::numbers(&self.disk)?.into_iter().collect();
        self.archives.retain(|number, _| numbers.contains(number));
        self.tables.retain(|number, _| numbers.contains(number));
        for &number in &numbers {
            if !self.archives.contains_key(&number)
                && let Some(listed) = archive::one(&self.disk, number)?
                && let Ok(header) = listed.header
            {
                self.archives.insert(number, header);
            }
        }
        let mut parts: Vec<Part> = self.archives.values().map(of_archive).collect();
        let last = parts.last();
        parts.push(Part {
            archive: None,
            first: last.and_then(|part| part.until).unwrap_or(Position(1)),
            until: None,
            from_utc: last.map_or(0, |part| part.to_utc),
            to_utc: u64::MAX,
        });
        Ok(parts)
    }

    /// Gives the records of a part that have one of these marks, in order: once each, and by chance some
    /// that have none. True: it had no index that could be used, so that all of it was read; `marks_of`
    /// says the marks of a record then, at least those of the kinds that are looked for.
    ///
    /// # Errors
    /// Why there is no answer. A part that is gone meanwhile has no records.
    pub fn visit(
        &mut self,
        keys: &Keys,
        part: &Part,
        marks: &BTreeSet<Mark>,
        marks_of: &mut MarksOf<'_>,
        each: &mut Each<'_>,
    ) -> Result<bool, Problem> {
        if let Some(segment) = part.archive {
            let mut asked = self.ask(keys, segment, marks, each);
            if matches!(asked, Err(Problem::Unusable(_))) && self.tables.remove(&segment).is_some()
            {
                // It may have been made again since its table was read.
                asked = self.ask(keys, segment, marks, each);
            }
            match asked {
                Ok(()) => return Ok(false),
                Err(Problem::Disk(failed)) if failed.error.kind() == ErrorKind::NotFound => {
                    return Ok(false);
                }
                Err(Problem::Unusable(_)) => {}
                Err(problem) => return Err(problem),
            }
        }
        let wanted: BTreeSet<_> = marks.iter().map(|mark| (mark.kind, kept(mark.hash))).collect();
        self.read(keys, part, &mut |position, header, record| {
            let mut is_wanted = false;
            marks_of(position, record, &mut |mark| {
                is_wanted |= wanted.contains(&(mark.kind, kept(mark.hash)));
            });
            if is_wanted {
                each(position, header, record);
            }
        })?;
        Ok(part.archive.is_some())
    }

    /// Gives all records of a part in order.
    ///
    /// # Errors
    /// What keeps it from reading on.
    pub fn read(&self, keys: &Keys, part: &Part, each: &mut Each<'_>) -> Result<(), Problem> {
        let opened = Reader::open(&self.disk, Some(keys), part.first);
        let mut reader = match opened {
            // So old that it was let go of since.
            Err(reader::Problem::Gone { first }) => Reader::open(&self.disk, Some(keys), first)?,
            opened => opened?,
        };
        let until = part.until.unwrap_or(Position(u64::MAX));
        while let Some(batch) = reader.next_batch()? {
            if batch.header.first_position >= until {
                break;
            }
            let records = batch.records().expect("there are keys");
            records.for_each(|(position, record)| each(position, &batch.header, record));
        }
        Ok(())
    }

    /// Gives the records of an archive by its index.
    fn ask(
        &mut self,
        keys: &Keys,
        segment: SegmentNumber,
        marks: &BTreeSet<Mark>,
        each: &mut Each<'_>,
    ) -> Result<(), Problem> {
        let opened;
        let index = if let Some(index) = self.tables.get(&segment) {
            index
        } else {
            opened = Index::open(&self.disk, keys, segment)?;
            &opened
        };
        let mut positions = BTreeSet::new();
        for &mark in marks {
            positions.extend(index.find(mark)?);
        }
        let positions: Vec<Position> = positions.into_iter().collect();
        // What is told must not be told again, so nothing is before all of it was read.
        let mut read = Vec::new();
        index.read(keys, &positions, |at, header, record| {
            read.push((at, *header, record.to_vec()));
        })?;
        for (at, header, record) in &read {
            each(*at, header, record);
        }
        Ok(())
    }

    /// Keeps the tables of the newest indexes in memory: for who asks again and again.
    ///
    /// # Errors
    /// What the disk did not do. An index that can not be used is passed over.
    pub fn keep_tables(&mut self, keys: &Keys) -> Result<(), Problem> {
        let newest: BTreeSet<_> = self.archives.keys().rev().take(TABLES_MAX).copied().collect();
        self.tables.retain(|segment, _| newest.contains(segment));
        for segment in newest {
            if self.tables.contains_key(&segment) {
                continue;
            }
            match Index::open(&self.disk, keys, segment) {
                Ok(index) => drop(self.tables.insert(segment, index)),
                Err(Problem::Disk(failed)) if failed.error.kind() != ErrorKind::NotFound => {
                    return Err(Problem::Disk(failed));
                }
                Err(_) => {}
            }
        }
        Ok(())
    }
}

fn of_archive(header: &ArchiveHeader) -> Part {
    Part {
        archive: Some(header.segment.segment),
        first: header.segment.first_position,
        until: Some(header.end.position),
        from_utc: header.segment.created_ns / NANOS,
        to_utc: header.newest_ns / NANOS,
    }
}
