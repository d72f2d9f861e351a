//! Records of a journal one after the other, as they may be shown, and what to do when there is no
//! reading on. Must not know how they are shown.

use journal::checkpoint;
use journal::disk::SystemDisk;
use journal::format::Position;
use journal::reader::{Problem, Reader};
use journal::seal::Keys;
use switch_core::plan::Limits;
use switch_core::records::Record;
use switch_core::replay::State;

use super::names::Names;
use super::row::{Place, Row, row};
use super::site::Site;
use crate::output::{FAILED, FOUND, Failure, NOT_PERMITTED};

/// A journal that is read from a record on.
pub(crate) struct Reading<'s> {
    reader: Reader<'s, SystemDisk>,
    names: Names,
    from: Position,
}

impl<'s> Reading<'s> {
    /// From this record on, or from the first that is still there; which one that is.
    ///
    /// Records before it are read too, down to the last checkpoint: a station's name may stand there.
    pub(crate) fn open(
        site: &Site,
        keys: &'s Keys,
        from: Position,
    ) -> Result<(Self, Position), Failure> {
        let mut names = Names::with(site.dialects());
        let folded = names_of_checkpoint(site, keys, &mut names)?;
        let begin = from.min(Position(folded.0 + 1));
        let (reader, first) = match Reader::open(&site.disk, Some(keys), begin) {
            Ok(reader) => (reader, begin),
            Err(Problem::Gone { first }) => {
                let reader = Reader::open(&site.disk, Some(keys), first);
                (reader.map_err(|problem| told(&problem))?, first)
            }
            Err(problem) => return Err(told(&problem)),
        };
        let from = from.max(first);
        Ok((Self { reader, names, from }, from))
    }

    /// The records of the next batch that has any to be shown. None: there is no more yet.
    pub(crate) fn next(&mut self) -> Result<Option<Vec<Row>>, Failure> {
        loop {
            let Some(batch) = self.reader.next_batch().map_err(|problem| told(&problem))? else {
                return Ok(None);
            };
            let header = batch.header;
            let mut rows = Vec::new();
            for (position, bytes) in batch.records().into_iter().flatten() {
                if let Ok(Record::Station { number, name, dialect }) = Record::read(bytes) {
                    self.names.learn(number, name, dialect);
                }
                if position >= self.from {
                    let place = Place {
                        position: position.0,
                        batch: header.batch.0,
                        epoch: header.epoch.0,
                        written_ns: header.written_ns,
                    };
                    rows.push(row(place, bytes, &self.names));
                }
            }
            if !rows.is_empty() {
                return Ok(Some(rows));
            }
        }
    }
}

/// Learns the stations of the newest checkpoint. Up to which record that says everything: 0 without
/// one, which is no failure, since the records say the same.
fn names_of_checkpoint(site: &Site, keys: &Keys, names: &mut Names) -> Result<Position, Failure> {
    let Some(cluster) = site.cluster() else { return Ok(Position(0)) };
    let found = match checkpoint::latest(&site.disk, keys, &cluster) {
        Ok(found) => found.newest,
        Err(checkpoint::Problem::Disk(failed)) => return Err(told(&Problem::Disk(failed))),
        Err(checkpoint::Problem::UnknownKey { .. } | checkpoint::Problem::Version { .. }) => None,
    };
    let Some((about, bytes)) = found else { return Ok(Position(0)) };
    let Ok(state) = State::read(&Limits::default(), &bytes) else { return Ok(Position(0)) };
    for station in state.stations() {
        names.learn(station.number, station.name, station.dialect);
    }
    Ok(about.position)
}

/// Why there is no reading on, and what to do.
pub(crate) fn told(problem: &Problem) -> Failure {
    let (exit, next) = match problem {
        Problem::Gone { .. } => (FAILED, "start there: --from"),
        Problem::Damaged(..) => (
            FOUND,
            "what was acknowledged is lost or altered: `sekisho journal verify` says where, \
             `sekisho journal salvage --out DIR` saves what is whole",
        ),
        Problem::UnknownKey { .. } => (
            NOT_PERMITTED,
            "name the file of the key that sealed it by --key FILE, former keys too",
        ),
        Problem::AlteredKey(_) => (
            FOUND,
            "its records can not be opened by anybody; `sekisho journal verify` looks at the rest",
        ),
        Problem::Disk(_) => (FAILED, "look at the disk: dmesg, smartctl"),
    };
    Failure::new(exit, format!("{problem}\n{next}"))
}
