//! What records call stations and links: numbers that a record gives once and nobody else ever gets.
//! Finds those of a plan in what the journal says, and gives new ones where there are none. Writes
//! no file itself.

use switch_core::ids::{LinkNumber, StationNumber};
use switch_core::plan::{Numbers, Plan};
use switch_core::records::Record;
use switch_core::replay::State;

/// The most bytes of a dialect's name in a record.
const DIALECT_NAME_MAX: usize = 200;

/// The numbers of a plan, and the records that give those which are new.
#[derive(Debug)]
pub(super) struct Allotted {
    pub(super) numbers: Numbers,
    /// To be written before any record that uses them.
    pub(super) new: Vec<Vec<u8>>,
}

/// The numbers of a plan in a journal; none when there are no more.
///
/// A station is the same as long as it has its name, whatever else changes; its dialect is written
/// down anew when it does, since frames in records are in it. Where it has fewer links
/// than before, the first numbers are used.
pub(super) fn allot(plan: &Plan, state: &State, configuration: u32) -> Option<Allotted> {
    let mut next_station = state.next_station().map(|next| next.0);
    let mut next_link = state.next_link().0;
    let (mut stations, mut links, mut new) = (Vec::new(), Vec::new(), Vec::new());
    for station in &plan.stations {
        let settings = &station.settings;
        let known = state.stations().find(|known| known.name == settings.name);
        let number = if let Some(known) = known {
            known.number
        } else {
            let number = next_station?;
            next_station = number.checked_add(1);
            StationNumber(number)
        };
        let dialect = settings.dialect.name();
        let dialect = dialect.split_at(dialect.floor_char_boundary(DIALECT_NAME_MAX)).0;
        if known.is_none_or(|known| known.dialect != dialect) {
            new.push(written(&Record::Station { number, name: &settings.name, dialect }));
        }
        stations.push(number);
        let had = known.map_or(&[][..], |known| known.links);
        let had = had.iter().flat_map(|(from, count)| (from.0..from.0 + count).map(LinkNumber));
        let wanted = usize::try_from(settings.links).expect("links are counted");
        let before = links.len();
        links.extend(had.take(wanted));
        let more = u32::try_from(wanted - (links.len() - before)).expect("links are counted");
        if more > 0 {
            let (from, end) = (next_link, next_link.checked_add(more)?);
            let record = Record::Links { station: number, from: LinkNumber(from), count: more };
            new.push(written(&record));
            links.extend((from..end).map(LinkNumber));
            next_link = end;
        }
    }
    Some(Allotted { numbers: Numbers { stations, links, configuration }, new })
}

/// A record of the start as it is written.
pub(super) fn written(record: &Record<'_>) -> Vec<u8> {
    let mut bytes = vec![0; 1_024];
    let length = record.write(&mut bytes).expect("texts in it are short");
    bytes.truncate(length);
    bytes
}
