//! What records are found by, for indexes: the core's marks of a record, with the dialects in which its
//! message may stand. Must not know where a record or an index is.

use std::sync::Arc;

use codec::{Dialect, Slots};
use journal::index::Mark;
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
    speaks: Vec<Option<Speech>>,
    slots: Box<Slots>,
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

/// A mark as an index has it.
pub fn in_index(mark: marks::Mark) -> Mark {
    Mark { kind: mark.kind.number(), hash: mark.hash }
}

impl Marker {
    /// Under the journal's hash key, with the dialects of a configuration. No station is known yet.
    pub fn new(key: HashKey, dialects: Vec<Arc<Dialect>>) -> Self {
        Self { key, dialects, speaks: Vec::new(), slots: Box::new(Slots::new()) }
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

    /// A station speaks this dialect from here on.
    pub fn learn(&mut self, station: StationNumber, dialect: &str) {
        let place = usize::from(station.0);
        if self.speaks.len() <= place {
            self.speaks.resize(place + 1, None);
        }
        let of_files = self.dialects.iter().find(|known| known.name() == dialect);
        self.speaks[place] = match of_files {
            Some(known) => Some(Speech::OfFile(Arc::clone(known))),
            None => codec::built_in(dialect).map(Speech::BuiltIn),
        };
    }

    /// All marks of a record, which says what a station speaks too. What is no record has none.
    pub fn mark(&mut self, bytes: &[u8], each: &mut dyn FnMut(Mark)) {
        let Ok(record) = Record::read(bytes) else { return };
        if let Record::Station { number, dialect, .. } = record {
            self.learn(number, dialect);
        }
        let speaker = marks::speaker(&record).map(|speaker| usize::from(speaker.0));
        let speech = speaker.and_then(|place| self.speaks.get(place)?.as_ref());
        let dialect = speech.map(Speech::dialect);
        marks::all(&record, &self.key, dialect, &mut self.slots, &mut |mark| each(in_index(mark)));
    }

    /// Those of them that a record has without its message.
    pub fn mark_plainly(&self, bytes: &[u8], each: &mut dyn FnMut(Mark)) {
        if let Ok(record) = Record::read(bytes) {
            marks::plain(&record, &self.key, &mut |mark| each(in_index(mark)));
        }
    }
}
