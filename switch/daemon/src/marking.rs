//! What records are found by, for indexes: the core's marks of a record, with the dialects in which its
//! message may stand. Must not know where a record or an index is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use codec::{Dialect, Slots};
use journal::disk::Disk;
use journal::format::Position;
use journal::index::{self, Mark, Shelf};
use journal::seal::Keys;
use switch_core::identity::HashKey;
use switch_core::ids::StationNumber;
use switch_core::marks;
use switch_core::records::Record;
use switch_core::replay::State;

/// Marks records of one journal.
pub struct Marker {
    key: HashKey,
    /// Those of files; the built-in ones are known anyway.
    dialects: Vec<Arc<Dialect>>,
    /// Of each station, by its number.
    speaks: Vec<Spoken>,
    slots: Box<Slots>,
}

/// What a station spoke when. Its messages in records are in the dialect of then.
#[derive(Clone, Default)]
struct Spoken {
    /// Where no record of the log says it.
    otherwise: Option<Speech>,
    /// From these positions on; none: a dialect that is not known any more.
    since: BTreeMap<Position, Option<Speech>>,
}

/// A dialect, wherever it comes from.
#[derive(Clone)]
enum Speech {
    BuiltIn(&'static Dialect),
    OfFile(Arc<Dialect>),
}

impl Speech {
    fn dialect(&self) -> &Dialect {
        match self {
            Self::BuiltIn(dialect) => dialect,
            Self::OfFile(dialect) => dialect,
        }
    }
}

impl Spoken {
    /// What it spoke at a position. Error: something else than from a later one on, and nobody knows what.
    fn at(&self, position: Position) -> Result<Option<&Speech>, ()> {
        match self.since.range(..=position).next_back() {
            Some((_, speech)) => Ok(speech.as_ref()),
            None if self.since.is_empty() => Ok(self.otherwise.as_ref()),
            None => Err(()),
        }
    }
}

/// A mark as an index has it.
pub fn in_index(mark: marks::Mark) -> Mark {
    Mark { kind: mark.kind.number(), hash: mark.hash }
}

impl Marker {
    /// Under the journal's hash key, with the dialects of a configuration. No station is known yet.
    pub fn new(key: HashKey, dialects: Vec<Arc<Dialect>>) -> Self {
        let (speaks, slots) = (Vec::new(), Box::new(Slots::new()));
        let mut marker = Self { key, dialects: Vec::new(), speaks, slots };
        marker.learn_dialects(dialects);
        marker
    }

    /// Dialects of stations that came later.
    pub fn learn_dialects(&mut self, dialects: Vec<Arc<Dialect>>) {
        for dialect in dialects {
            // Many stations speak the same.
            if !self.dialects.iter().any(|known| known.name() == dialect.name()) {
                self.dialects.push(dialect);
            }
        }
    }

    /// From here on hashes are made under this key.
    pub fn keyed(&mut self, key: HashKey) {
        self.key = key;
    }

    /// What the hashes are made under.
    pub fn key(&self) -> &HashKey {
        &self.key
    }

    /// Learns what the stations of a state speak.
    pub fn learn_all(&mut self, state: &State) {
        for station in state.stations() {
            self.learn(station.number, station.dialect);
        }
    }

    /// A station speaks this dialect, where no record says something else.
    pub fn learn(&mut self, station: StationNumber, dialect: &str) {
        let speech = self.find(dialect);
        self.of(station).otherwise = speech;
    }

    /// A record at this position says that a station speaks this dialect from there on.
    pub fn learn_from(&mut self, position: Position, station: StationNumber, dialect: &str) {
        let speech = self.find(dialect);
        self.of(station).since.insert(position, speech);
    }

    /// Learns what stations spoke in all of the log: it is written down when they change it, by a start.
    ///
    /// # Errors
    /// What could not be read. What was is learned.
    pub fn learn_past<D: Disk>(
        &mut self,
        shelf: &mut Shelf<D>,
        keys: &Keys,
    ) -> Result<(), index::Problem> {
        shelf.begins(keys, &mut |position, bytes| match Record::read(bytes) {
            Ok(Record::Station { number, dialect, .. }) => {
                self.learn_from(position, number, dialect);
                true
            }
            Ok(
                Record::Start { .. }
                | Record::Links { .. }
                | Record::Configuration { .. }
                | Record::HashKey { .. },
            ) => true,
            _ => false,
        })
    }

    fn of(&mut self, station: StationNumber) -> &mut Spoken {
        let place = usize::from(station.0);
        if self.speaks.len() <= place {
            self.speaks.resize(place + 1, Spoken::default());
        }
        &mut self.speaks[place]
    }

    fn find(&self, dialect: &str) -> Option<Speech> {
        let of_files = self.dialects.iter().find(|known| known.name() == dialect);
        match of_files {
            Some(known) => Some(Speech::OfFile(Arc::clone(known))),
            None => codec::built_in(dialect).map(Speech::BuiltIn),
        }
    }

    /// All marks of the record at a position, which may say what a station speaks too. What is no record
    /// has none.
    pub fn mark(&mut self, position: Position, bytes: &[u8], each: &mut dyn FnMut(Mark)) {
        let Ok(record) = Record::read(bytes) else { return };
        if let Record::Station { number, dialect, .. } = record {
            self.learn_from(position, number, dialect);
        }
        let speaker = marks::speaker(&record).map(|speaker| usize::from(speaker.0));
        let spoken = speaker.and_then(|place| self.speaks.get(place));
        let at = spoken.map_or(Ok(None), |spoken| spoken.at(position));
        let (key, slots) = (&self.key, &mut self.slots);
        if let Ok(speech) = at {
            let dialect = speech.map(Speech::dialect);
            marks::all(&record, key, dialect, slots, &mut |mark| each(in_index(mark)));
            return;
        }
        // A mark too many costs ten bytes, one too few a transaction that is not found.
        let of_files = self.dialects.iter().map(|known| &**known);
        let mut found = BTreeSet::new();
        for dialect in of_files.chain(codec::built_ins().iter().copied()) {
            marks::all(&record, key, Some(dialect), slots, &mut |mark| {
                found.insert(mark);
            });
        }
        for mark in found {
            each(in_index(mark));
        }
    }

    /// Those of them that a record has without its message.
    pub fn mark_plainly(&self, bytes: &[u8], each: &mut dyn FnMut(Mark)) {
        if let Ok(record) = Record::read(bytes) {
            marks::plain(&record, &self.key, &mut |mark| each(in_index(mark)));
        }
    }
}

#[cfg(test)]
mod tests;
