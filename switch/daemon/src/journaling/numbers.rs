//! What records call stations and links: numbers that a record gives once and nobody else ever gets.
//! Finds those of a plan in what the journal says, and gives new ones where there are none. Writes
//! no file itself.

use std::collections::{BTreeMap, BTreeSet};

use switch_core::ids::{LinkNumber, StationNumber};
use switch_core::plan::{Numbers, Plan, StationSettings};
use switch_core::records::Record;
use switch_core::replay::State;

/// The most bytes of a dialect's name in a record.
const DIALECT_NAME_MAX: usize = 200;

/// What it means when there are no more numbers.
pub const NO_NUMBERS: &str = "stations and links have used up all numbers that a journal has; begin a \
                              new one (another node.state)";

/// Who has which numbers, and which come next. Kept after the start, so that stations that come later
/// get theirs; one that is not configured any more keeps its own.
#[derive(Clone, Debug, Default)]
pub struct Register {
    stations: BTreeMap<String, Known>,
    /// None when there are no more.
    next_station: Option<u16>,
    next_link: u32,
    /// The number of the configuration in use, and what tells it from others.
    configuration: Option<(u32, [u8; 32])>,
    /// No new number of a configuration is below this one: what this node itself, as a standby, calls that with
    /// which its reign begins.
    configurations_from: u32,
    /// Stations that older records name and the plan of this start does not: what those records say of
    /// them was not taken up.
    left_out: BTreeSet<String>,
}

#[derive(Clone, Debug)]
struct Known {
    number: StationNumber,
    dialect: String,
    links: Vec<LinkNumber>,
}

/// The numbers of a plan, and the records that give those which are new.
#[derive(Debug)]
pub struct Allotted {
    /// What records call the plan's stations and links, and the plan itself.
    pub numbers: Numbers,
    /// To be written before any record that uses them.
    pub new: Vec<Vec<u8>>,
}

impl Register {
    /// Where no journal is kept: the numbers of a first plan are its ids.
    pub fn without(plan: &Plan) -> Self {
        let mut register = Self { next_station: Some(0), ..Self::default() };
        // Its settings are told from no others.
        let _ids = register.allot(plan, [0; 32], 0);
        register.configuration = Some((plan.numbers().configuration, [0; 32]));
        register
    }

    /// What a journal says.
    pub(super) fn of(state: &State) -> Self {
        let numbers = |&(from, count): &(LinkNumber, u32)| from.0..from.0 + count;
        let known = state.stations().map(|known| {
            let links = known.links.iter().flat_map(numbers).map(LinkNumber).collect();
            let (number, dialect) = (known.number, known.dialect.to_owned());
            (known.name.to_owned(), Known { number, dialect, links })
        });
        let last = state.configuration();
        let stations: BTreeMap<String, Known> = known.collect();
        Self {
            left_out: stations.keys().cloned().collect(),
            stations,
            next_station: state.next_station().map(|next| next.0),
            next_link: state.next_link().0,
            configuration: last.map(|last| (last.number, last.digest)),
            configurations_from: 0,
        }
    }

    /// The numbers of a plan whose settings have this digest, at that second; none when there are no
    /// more, and nothing has changed then.
    ///
    /// A station is the same as long as it has its name, whatever else changes; its dialect is written
    /// down anew when it does, since frames in records are in it. Where it has fewer links
    /// than before, the first numbers are used.
    pub fn allot(&mut self, plan: &Plan, digest: [u8; 32], utc: u64) -> Option<Allotted> {
        let mut next = self.clone();
        let (mut stations, mut links, mut new) = (Vec::new(), Vec::new(), Vec::new());
        for station in &plan.stations {
            let known = next.station(&station.settings, &mut new)?;
            let wanted = usize::try_from(station.settings.links).expect("links are counted");
            stations.push(known.number);
            links.extend(known.links.iter().take(wanted));
        }
        let from = next.configurations_from;
        let same =
            next.configuration.is_some_and(|(number, last)| last == digest && number >= from);
        let number = next.configuration.map_or(0, |(number, _)| number);
        let number = if same { number } else { number.checked_add(1)?.max(from) };
        if next.configuration != Some((number, digest)) {
            new.push(written(&Record::Configuration { number, digest, utc }));
            next.configuration = Some((number, digest));
        }
        *self = next;
        Some(Allotted { numbers: Numbers { stations, links, configuration: number }, new })
    }

    /// Configurations that are new have this number or a later one.
    pub(super) fn counts_from(&mut self, configuration: u32) {
        self.configurations_from = configuration;
    }

    /// The last configuration that the journal names; 0: none.
    pub(super) fn last_configuration(&self) -> u32 {
        self.configuration.map_or(0, |(number, _)| number)
    }

    /// The plan of the start is this: what the journal says of its stations was taken up.
    pub(super) fn starts_with(&mut self, plan: &Plan) {
        for station in &plan.stations {
            self.left_out.remove(&station.settings.name);
        }
    }

    /// Whether older records name this station and the start left it out. Its trace numbers would begin
    /// anew, and its repeats would be new requests: it comes back by a start only.
    pub fn left_out(&self, name: &str) -> bool {
        self.left_out.contains(name)
    }

    /// A station as it is known, or is from here on.
    fn station(&mut self, settings: &StationSettings, new: &mut Vec<Vec<u8>>) -> Option<&Known> {
        let (name, dialect) = (settings.name.as_str(), settings.dialect.name());
        let dialect = dialect.split_at(dialect.floor_char_boundary(DIALECT_NAME_MAX)).0;
        let number = match self.stations.get(name) {
            Some(known) => known.number,
            None => StationNumber(self.next_station?),
        };
        let is_new = !self.stations.contains_key(name);
        if is_new {
            self.next_station = number.0.checked_add(1);
        }
        let known = self.stations.entry(name.to_owned()).or_insert_with(|| Known {
            number,
            dialect: String::new(),
            links: Vec::new(),
        });
        if is_new || known.dialect != dialect {
            dialect.clone_into(&mut known.dialect);
            new.push(written(&Record::Station { number, name, dialect }));
        }
        let had = u32::try_from(known.links.len()).expect("links are counted");
        let more = settings.links.saturating_sub(had);
        if more > 0 {
            let (from, end) = (self.next_link, self.next_link.checked_add(more)?);
            let record = Record::Links { station: number, from: LinkNumber(from), count: more };
            new.push(written(&record));
            known.links.extend((from..end).map(LinkNumber));
            self.next_link = end;
        }
        Some(known)
    }
}

/// A record of the start as it is written.
pub fn written(record: &Record<'_>) -> Vec<u8> {
    let mut bytes = vec![0; 1_024];
    let length = record.write(&mut bytes).expect("texts in it are short");
    bytes.truncate(length);
    bytes
}
