//! The journal as a place to look for transactions: stations by name, parts of the log, and the record
//! behind each mark. Must not know what is asked.

use std::collections::{BTreeMap, BTreeSet};

use daemon::marking::{Marker, in_index};
use daemon::reader::Search;
use journal::checkpoint;
use journal::disk::SystemDisk;
use journal::format::Position;
use journal::index::{Mark, Part, Problem, Shelf};
use journal::seal::Keys;
use switch_core::ids::StationNumber;
use switch_core::marks;
use switch_core::plan::Limits;
use switch_core::records::Record;
use switch_core::replay::State;

use crate::journal::names::Names;
use crate::journal::reading::told;
use crate::journal::row::{Place, Row, row};
use crate::journal::site::Site;
use crate::output::{FAILED, FOUND, Failure, NOT_FOUND, NOT_PERMITTED};

/// The journal, ready to be asked.
pub(super) struct History<'k> {
    keys: &'k Keys,
    shelf: Shelf<SystemDisk>,
    pub(super) marker: Marker,
    pub(super) names: Names,
    stations: Vec<StationNumber>,
    pub(super) parts: Vec<Part>,
}

/// A record that was found, and where.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) place: Place,
    pub(super) bytes: Vec<u8>,
}

impl<'k> History<'k> {
    /// Learns the stations and the key of the marks: from the newest checkpoint, and from the records
    /// behind it.
    pub(super) fn open(site: &Site, keys: &'k Keys) -> Result<Self, Failure> {
        let mut stations: Vec<(StationNumber, String, String)> = Vec::new();
        let mut hash_key = None;
        let mut from = Position(1);
        if let Some((position, state)) = folded(site, keys)? {
            hash_key = state.hash_key();
            from = Position(position.0 + 1);
            stations.extend(
                state.stations().map(|of| (of.number, of.name.to_owned(), of.dialect.to_owned())),
            );
        }
        let mut shelf = Shelf::new(site.disk.clone());
        let parts = shelf.parts().map_err(|why| problem(&why))?;
        let (until, from_utc, to_utc) = (None, 0, u64::MAX);
        let rest = Part { archive: None, first: from, until, from_utc, to_utc, flaw: None };
        let mut learn = |_: Position, _: &_, bytes: &[u8]| match Record::read(bytes) {
            Ok(Record::Station { number, name, dialect }) => {
                stations.push((number, name.to_owned(), dialect.to_owned()));
            }
            Ok(Record::HashKey { key }) => hash_key = Some(key),
            _ => {}
        };
        shelf.read(keys, &rest, &mut learn).map_err(|why| problem(&why))?;
        let Some(hash_key) = hash_key else {
            return Err(Failure::new(NOT_FOUND, "no transaction was ever written down here"));
        };
        let mut names = Names::with(site.dialects());
        let mut marker = Marker::new(hash_key, site.dialects());
        for (number, name, dialect) in &stations {
            names.learn(*number, name, dialect);
            marker.learn(*number, dialect);
        }
        marker.learn_past(&mut shelf, keys).map_err(|why| problem(&why))?;
        let numbers: BTreeSet<_> = stations.iter().map(|(number, ..)| *number).collect();
        let stations = numbers.into_iter().collect();
        Ok(Self { keys, shelf, marker, names, stations, parts })
    }

    /// The numbers of all stations, or of the one with this name; nothing where no station has it.
    pub(super) fn stations(&self, name: Option<&str>) -> Vec<StationNumber> {
        let is_it =
            |number: &&StationNumber| name.is_none_or(|name| self.names.station(**number) == name);
        self.stations.iter().filter(is_it).copied().collect()
    }

    /// The names of all stations.
    pub(super) fn station_names(&self) -> Vec<String> {
        self.stations.iter().map(|number| self.names.station(*number)).collect()
    }

    /// Gives the records of a part that have one of these marks, in order; by chance others too.
    pub(super) fn look(
        &mut self,
        part: &Part,
        wanted: &BTreeSet<Mark>,
        each: &mut dyn FnMut(Seen),
    ) -> Result<(), Failure> {
        let Self { keys, shelf, marker, .. } = self;
        let mut marks_of = |at: Position, record: &[u8], mark: &mut dyn FnMut(Mark)| {
            marker.mark(at, record, mark);
        };
        let visited = shelf.visit(keys, part, wanted, &mut marks_of, &mut |at, batch, bytes| {
            each(seen(at, batch, bytes));
        });
        visited.map(drop).map_err(|why| problem(&why))
    }

    /// Gives all records of a part in order.
    pub(super) fn read(&self, part: &Part, each: &mut dyn FnMut(Seen)) -> Result<(), Failure> {
        let read = self.shelf.read(self.keys, part, &mut |at, batch, bytes| {
            each(seen(at, batch, bytes));
        });
        read.map_err(|why| problem(&why))
    }

    /// Gives the records of a part that were written in this time, and maybe some more.
    pub(super) fn read_between(
        &self,
        part: &Part,
        time: (u64, u64),
        each: &mut dyn FnMut(Seen),
    ) -> Result<(), Failure> {
        let read = self.shelf.read_between(self.keys, part, time, &mut |at, batch, bytes| {
            each(seen(at, batch, bytes));
        });
        read.map_err(|why| problem(&why))
    }

    /// All marks of a record.
    pub(super) fn marks_of(&mut self, seen: &Seen) -> BTreeSet<Mark> {
        let mut marks = BTreeSet::new();
        let at = Position(seen.place.position);
        self.marker.mark(at, &seen.bytes, &mut |mark| marks.extend([mark]));
        marks
    }

    /// A mark as an index has it.
    pub(super) fn in_index(mark: marks::Mark) -> Mark {
        in_index(mark)
    }

    /// Follows transactions from these records on: what was written down of each, with its places.
    pub(super) fn follow(&mut self, heads: &[Seen]) -> Result<Vec<Vec<Seen>>, Failure> {
        let mut searches: Vec<Search> =
            heads.iter().map(|head| Search::of(head.place.position, &head.bytes)).collect();
        let mut places = BTreeMap::new();
        let first = heads.iter().map(|head| head.place.position).min().unwrap_or(u64::MAX);
        for part in self.parts.clone() {
            if part.until.is_some_and(|until| until.0 <= first) {
                continue;
            }
            while self.follow_in(&part, &mut searches, &mut places)? {}
        }
        for head in heads {
            places.insert(head.place.position, head.place);
        }
        let with_places = |search: &Search| {
            let records = search.records();
            let seen = |(position, bytes): (u64, &[u8])| Seen {
                place: places.get(&position).copied().unwrap_or_default(),
                bytes: bytes.to_vec(),
            };
            records.map(seen).collect()
        };
        Ok(searches.iter().map(with_places).collect())
    }

    /// Follows them in one part. True: what was found there says that there is more to look for.
    fn follow_in(
        &mut self,
        part: &Part,
        searches: &mut [Search],
        places: &mut BTreeMap<u64, Place>,
    ) -> Result<bool, Failure> {
        let aims: Vec<_> = searches.iter().map(Search::aim).collect();
        let mut wanted = BTreeSet::new();
        for search in &*searches {
            search.add_marks(self.marker.key(), &mut wanted);
        }
        self.look(part, &wanted, &mut |seen| {
            for search in &mut *searches {
                search.take(seen.place.position, &seen.bytes);
            }
            places.insert(seen.place.position, seen.place);
        })?;
        Ok(!searches.iter().map(Search::aim).eq(aims))
    }

    /// A record as it may be shown.
    pub(super) fn row(&self, seen: &Seen) -> Row {
        row(seen.place, &seen.bytes, &self.names)
    }
}

fn seen(at: Position, batch: &journal::format::BatchHeader, bytes: &[u8]) -> Seen {
    let place = Place {
        position: at.0,
        batch: batch.batch.0,
        epoch: batch.epoch.0,
        written_ns: batch.written_ns,
    };
    Seen { place, bytes: bytes.to_vec() }
}

/// The state of the newest checkpoint. None is no failure: the records say the same.
fn folded(site: &Site, keys: &Keys) -> Result<Option<(Position, State)>, Failure> {
    let Some(cluster) = site.cluster() else { return Ok(None) };
    let found = match checkpoint::latest(&site.disk, keys, &cluster) {
        Ok(found) => found.newest,
        Err(checkpoint::Problem::Disk(failed)) => return Err(problem(&Problem::Disk(failed))),
        Err(checkpoint::Problem::UnknownKey { .. } | checkpoint::Problem::Version { .. }) => None,
    };
    let state = |(about, bytes): (checkpoint::About, Vec<u8>)| {
        Some((about.position, State::read(&Limits::default(), &bytes).ok()?))
    };
    Ok(found.and_then(state))
}

/// Why there is no looking on, and what to do.
pub(super) fn problem(problem: &Problem) -> Failure {
    let (exit, next) = match problem {
        Problem::Log(problem) => return told(problem),
        Problem::UnknownKey { .. } => (
            NOT_PERMITTED,
            "name the file of the key that sealed it by --key FILE, former keys too",
        ),
        Problem::Damaged(..) => {
            (FOUND, "what was acknowledged is lost or altered: `sekisho journal verify` says where")
        }
        Problem::Unusable(_) | Problem::Disk(_) | Problem::Stopped => {
            (FAILED, "look at the disk: dmesg, smartctl")
        }
    };
    Failure::new(exit, format!("{problem}\n{next}"))
}
