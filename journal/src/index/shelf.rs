//! All of the log in parts, for whoever looks for marks in it: archives by their indexes, and what has
//! none (segments that are not packed yet, an archive whose index is not as it was written) read from
//! front to back. Changes nothing, and may look while a writer writes. Knows no record's meaning.
//!
//! That something is not there is said only of what was read whole: a part that is missing, or whose
//! archive can not be read, is a problem. An index that can not be read is none.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;

use super::Mark;
use super::lookup::{Index, Problem};
use super::making::{MarksOf, kept};
use super::parts::{Part, Row};
use crate::archive::{self, ArchiveHeader, Frames};
use crate::disk::{Disk, Failed};
use crate::format::{BatchHeader, Position, SegmentNumber};
use crate::names::Name;
use crate::reader::{self, Reader};
use crate::scan::{Found, Lengths, Step};
use crate::seal::Keys;
use crate::survey::{self, Segment};
use crate::window::Reading;

/// Indexes whose tables are kept in memory: the newest. Each has some 30 KiB where a segment has 64 MiB.
const TABLES_MAX: usize = 1_024;

/// What is known of the parts.
pub struct Shelf<D: Disk> {
    disk: D,
    archives: BTreeMap<SegmentNumber, ArchiveHeader>,
    tables: BTreeMap<SegmentNumber, Index<D>>,
    /// Whether what is under way is to be given up.
    stop: Box<dyn Fn() -> bool + Send>,
}

/// Records of an archive that are read between two looks whether to go on.
const AT_ONCE: usize = 16;

/// What a look at a record gives: its position, its batch, itself.
pub type Each<'a> = dyn FnMut(Position, &BatchHeader, &[u8]) + 'a;

impl<D: Disk> Shelf<D> {
    /// Nothing is known yet.
    pub fn new(disk: D) -> Self {
        Self { disk, archives: BTreeMap::new(), tables: BTreeMap::new(), stop: Box::new(|| false) }
    }

    /// Gives up with [`Problem::Stopped`] whatever is under way when this says so. It is asked between
    /// two batches, or a few records of an archive.
    pub fn stop_when(&mut self, stop: impl Fn() -> bool + Send + 'static) {
        self.stop = Box::new(stop);
    }

    fn go_on(&self) -> Result<(), Problem> {
        if (self.stop)() { Err(Problem::Stopped) } else { Ok(()) }
    }

    /// Looks into the directory, and gives the parts of the log as they are now, oldest first: each
    /// begins where the one before it ends, from the oldest there is.
    ///
    /// # Errors
    /// What the disk did not do. An archive that it does not give is a part with a flaw.
    pub fn parts(&mut self) -> Result<Vec<Part>, Problem> {
        // Segments first: one that is gone by the time that archives are listed has its archive.
        let segments = survey::segments(&self.disk)?;
        let numbers: BTreeSet<_> = archive::numbers(&self.disk)?.into_iter().collect();
        self.archives.retain(|number, _| numbers.contains(number));
        self.tables.retain(|number, _| numbers.contains(number));
        let mut row = Row::default();
        for &number in &numbers {
            self.go_on()?;
            match self.header(number) {
                Ok(Some(header)) => row.add(&header),
                // Let go of since its name was read.
                Ok(None) => {}
                Err(found) => row.add_flawed(number, found),
            }
        }
        let last = numbers.last();
        let mut open = segments.iter().filter(|one| last.is_none_or(|last| one.number > *last));
        let open = open.find_map(Segment::in_the_log);
        Ok(row.finish(open.map(|header| header.first_position)))
    }

    /// The header of an archive. None: it is gone.
    fn header(&mut self, number: SegmentNumber) -> Result<Option<ArchiveHeader>, Found> {
        if let Some(header) = self.archives.get(&number) {
            return Ok(Some(*header));
        }
        let listed = archive::one(&self.disk, number).map_err(|_| Found::Unreadable)?;
        let header = listed.map(|listed| listed.header).transpose();
        let header = header.map_err(|_| Found::BrokenHeader)?;
        self.archives.extend(header.map(|header| (number, header)));
        Ok(header)
    }

    /// Gives the records of a part that have one of these marks, in order: once each, and by chance some
    /// that have none. True: it had no index that could be used, so that all of it was read; `marks_of`
    /// says the marks of a record then, at least those of the kinds that are looked for.
    ///
    /// # Errors
    /// Why there is no answer. A part that was let go of meanwhile has no records.
    pub fn visit(
        &mut self,
        keys: &Keys,
        part: &Part,
        marks: &BTreeSet<Mark>,
        marks_of: &mut MarksOf<'_>,
        each: &mut Each<'_>,
    ) -> Result<bool, Problem> {
        if let (Some(segment), None) = (part.archive, part.flaw) {
            let mut asked = self.ask(keys, segment, marks, each);
            if matches!(asked, Err(Problem::Unusable(_))) && self.tables.remove(&segment).is_some()
            {
                // It may have been made again since its table was read.
                asked = self.ask(keys, segment, marks, each);
            }
            match asked {
                Ok(()) => return Ok(false),
                Err(Problem::Disk(failed)) if failed.error.kind() == ErrorKind::NotFound => {
                    return self.was_let_go(segment).map(|()| false);
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
        match (part.archive, part.flaw) {
            (Some(segment), Some(found)) => Err(Problem::Damaged(Name::Archive(segment), found)),
            (Some(segment), None) => self.read_archive(keys, segment, part, None, each),
            (None, _) => self.read_open(keys, part, each),
        }
    }

    /// Gives the records of a part that were written in this time, seconds since 1970 and both of them in
    /// it, and maybe more: of an archive whose index says when they were, what stands in the same frames.
    ///
    /// # Errors
    /// What keeps it from reading on.
    pub fn read_between(
        &self,
        keys: &Keys,
        part: &Part,
        (from_utc, to_utc): (u64, u64),
        each: &mut Each<'_>,
    ) -> Result<(), Problem> {
        let segment = part.archive.filter(|_| part.flaw.is_none());
        let index = segment.and_then(|segment| Index::open(&self.disk, keys, segment).ok());
        let between = index.as_ref().and_then(|index| index.frames_between(from_utc, to_utc));
        let (Some(segment), Some(index), Some(between)) = (segment, index, between) else {
            return self.read(keys, part, each);
        };
        let Some(first) = index.frames()[between.clone()].first() else { return Ok(()) };
        let until = index.frames().get(between.end).map(|frame| frame.first).or(part.until);
        let some = Part { first: first.first, until, ..*part };
        match self.read_archive(keys, segment, &some, Some(first.offset), each) {
            // Nothing was told yet.
            Err(Problem::Unusable(_)) => self.read(keys, part, each),
            read => read,
        }
    }

    /// Reads what is not packed yet, or was not when it was looked.
    fn read_open(&self, keys: &Keys, part: &Part, each: &mut Each<'_>) -> Result<(), Problem> {
        let mut reader = match Reader::open(&self.disk, Some(keys), part.first) {
            // So old that it was let go of since.
            Err(reader::Problem::Gone { first }) => Reader::open(&self.disk, Some(keys), first)?,
            opened => opened?,
        };
        while let Some(batch) = reader.next_batch()? {
            self.go_on()?;
            let records = batch.records().expect("there are keys");
            records.for_each(|(position, record)| each(position, &batch.header, record));
        }
        Ok(())
    }

    /// Reads an archive, and no other: what is wrong with those is nothing to this part. From the frame at
    /// an offset on, if one is given; if none begins there, its index is unusable.
    fn read_archive(
        &self,
        keys: &Keys,
        segment: SegmentNumber,
        part: &Part,
        begin_at: Option<u64>,
        each: &mut Each<'_>,
    ) -> Result<(), Problem> {
        let name = Name::Archive(segment);
        let Some(listed) = archive::one(&self.disk, segment)? else {
            return self.was_let_go(segment);
        };
        let damaged = |found| Problem::Damaged(name, found);
        let archive = listed.header.map_err(|_| damaged(Found::BrokenHeader))?;
        let key = archive::own_key(keys, &archive).map_err(|not| Problem::key(name, not))?;
        let text = name.to_string();
        let mut walk = match Frames::open(&self.disk, &text, &archive, Some(key), Reading::Through)
        {
            Err(error) if error.kind() == ErrorKind::NotFound => return self.was_let_go(segment),
            opened => opened.map_err(Failed::when("open", name))?,
        };
        if let Some(offset) = begin_at
            && !walk.begin_at(offset).map_err(Failed::when("read", name))?
        {
            return Err(Problem::Unusable(Name::Index(segment)));
        }
        let until = part.until.unwrap_or(Position(u64::MAX));
        while walk.expected != archive.end && walk.expected.position < until {
            self.go_on()?;
            let batch = match walk.step().map_err(Failed::when("read", name))? {
                Step::Batch(batch) => batch,
                Step::Other(found) => return Err(damaged(found)),
            };
            let records = Lengths { rest: walk.records() };
            let records = records.zip((batch.first_position.0..).map(Position));
            records
                .filter(|(_, at)| (part.first..until).contains(at))
                .for_each(|(record, at)| each(at, &batch, record));
        }
        Ok(())
    }

    /// That an archive is not there any more is as it should be if none is left that is as old.
    fn was_let_go(&self, segment: SegmentNumber) -> Result<(), Problem> {
        match archive::numbers(&self.disk)?.first() {
            Some(oldest) if *oldest < segment => {
                Err(Problem::Damaged(Name::Archive(segment), Found::Missing))
            }
            _ => Ok(()),
        }
    }

    /// Gives the records of an archive by its index.
    fn ask(
        &self,
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
            self.go_on()?;
            positions.extend(index.find(mark)?);
        }
        let positions: Vec<Position> = positions.into_iter().collect();
        // What is told must not be told again, so nothing is before all of it was read.
        let mut read = Vec::new();
        for some in positions.chunks(AT_ONCE) {
            self.go_on()?;
            index.read(keys, some, |at, header, record| {
                read.push((at, *header, record.to_vec()));
            })?;
        }
        for (at, header, record) in &read {
            each(*at, header, record);
        }
        Ok(())
    }

    /// Gives the first records of each epoch in order, as long as `each` says that it wants more of them:
    /// what a start writes down. What can not be read is left out.
    ///
    /// # Errors
    /// What the disk did not do.
    pub fn begins(
        &mut self,
        keys: &Keys,
        each: &mut dyn FnMut(Position, &[u8]) -> bool,
    ) -> Result<(), Problem> {
        self.parts()?;
        let mut last = None;
        for archive in self.archives.values() {
            if last.replace(archive.segment.epoch) != Some(archive.segment.epoch) {
                archive::begin(&self.disk, keys, archive, each);
            }
        }
        for segment in survey::segments(&self.disk)? {
            let Some(header) = segment.in_the_log() else { continue };
            let is_known = last.replace(header.epoch) == Some(header.epoch);
            if is_known || self.archives.contains_key(&segment.number) {
                continue;
            }
            let Ok(mut reader) = Reader::open(&self.disk, Some(keys), header.first_position) else {
                continue;
            };
            let mut goes_on = true;
            while goes_on && let Ok(Some(batch)) = reader.next_batch() {
                let mut records = batch.records().expect("there are keys");
                goes_on = records.all(|(position, record)| each(position, record));
            }
        }
        Ok(())
    }

    /// Keeps the tables of the newest indexes in memory, those that can be used: for who asks again and
    /// again.
    pub fn keep_tables(&mut self, keys: &Keys) {
        let newest: BTreeSet<_> = self.archives.keys().rev().take(TABLES_MAX).copied().collect();
        self.tables.retain(|segment, _| newest.contains(segment));
        for segment in newest {
            if self.tables.contains_key(&segment) {
                continue;
            }
            if (self.stop)() {
                return;
            }
            if let Ok(index) = Index::open(&self.disk, keys, segment) {
                self.tables.insert(segment, index);
            }
        }
    }
}
