//! What the numbers in records stand for: stations by name, and the dialects that their frames are
//! in. Must not know where records come from.

use std::collections::BTreeMap;
use std::sync::Arc;

use codec::Dialect;
use switch_core::ids::StationNumber;

/// Stations and dialects, as far as they are known.
#[derive(Debug, Default)]
pub(crate) struct Names {
    stations: BTreeMap<u16, Station>,
    /// Those of a configuration's files; the built-in ones are known anyway.
    dialects: Vec<Arc<Dialect>>,
}

#[derive(Debug)]
struct Station {
    name: String,
    dialect: String,
}

impl Names {
    /// No station is known yet; these dialects are, beside the built-in ones.
    pub(crate) fn with(dialects: Vec<Arc<Dialect>>) -> Self {
        Self { stations: BTreeMap::new(), dialects }
    }

    /// A record said so.
    pub(crate) fn learn(&mut self, number: StationNumber, name: &str, dialect: &str) {
        let station = Station { name: name.into(), dialect: dialect.into() };
        self.stations.insert(number.0, station);
    }

    /// The station's name, or its number where no record that was read said its name.
    pub(crate) fn station(&self, number: StationNumber) -> String {
        match self.stations.get(&number.0) {
            Some(station) => station.name.clone(),
            None => format!("station {}", number.0),
        }
    }

    /// The name of the dialect of a station's frames, and the dialect itself where it is known.
    pub(crate) fn dialect(&self, number: StationNumber) -> (Option<&str>, Option<&Dialect>) {
        let Some(Station { dialect: name, .. }) = self.stations.get(&number.0) else {
            return (None, None);
        };
        let of_files = self.dialects.iter().find(|dialect| dialect.name() == name);
        let dialect = of_files.map(Arc::as_ref).or_else(|| codec::built_in(name));
        (Some(name), dialect)
    }
}
