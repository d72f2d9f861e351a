//! What records call the stations and links of a plan, and what of their messages is written down.
//! Knows no record.

use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;

use codec::{Dialect, Extract, Fields};

use super::{Plan, Station, id};
use crate::ids::{LinkId, LinkNumber, StationId, StationNumber};

/// What records call the stations and links of a plan, and the plan itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// The number of each station, by id.
    pub stations: Vec<StationNumber>,
    /// The number of each link, by id.
    pub links: Vec<LinkNumber>,
    /// The number of this configuration.
    pub configuration: u32,
}

impl Numbers {
    /// The ids themselves, where no journal has given numbers.
    pub(super) fn of_ids(stations: usize, links: usize) -> Self {
        Self {
            stations: (0..).map(StationNumber).take(stations).collect(),
            links: (0..).map(LinkNumber).take(links).collect(),
            configuration: 0,
        }
    }
}

impl Plan {
    /// The same plan with the numbers that a journal has given.
    ///
    /// # Panics
    /// When a station or a link has none, or two have the same.
    #[must_use]
    pub fn numbered(self, numbers: Numbers) -> Self {
        let Numbers { stations, links, .. } = &numbers;
        assert!(stations.len() == self.stations.len(), "each station has a number");
        assert!(links.len() == self.link_stations.len(), "each link has a number");
        let (stations, links) =
            (BTreeSet::from_iter(stations).len(), BTreeSet::from_iter(links).len());
        assert!(stations == self.stations.len(), "no two stations have one number");
        assert!(links == self.link_stations.len(), "no two links have one number");
        Self { numbers, ..self }
    }

    /// What records call the stations and links, and the plan itself.
    pub fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    /// What records call a station.
    #[inline]
    pub fn number(&self, station: StationId) -> StationNumber {
        self.numbers.stations[station.index()]
    }

    /// What records call a link.
    #[inline]
    pub fn link_number(&self, link: LinkId) -> LinkNumber {
        self.numbers.links[link.index()]
    }

    /// The station that records call by this number, if it is still configured.
    pub fn numbered_station(&self, number: StationNumber) -> Option<StationId> {
        self.numbers.stations.iter().position(|&known| known == number).map(id)
    }

    /// The link that records call by this number, if it is still configured.
    pub fn numbered_link(&self, number: LinkNumber) -> Option<LinkId> {
        let place = self.numbers.links.iter().position(|&known| known == number)?;
        Some(LinkId(u32::try_from(place).expect("the number of links was checked")))
    }

    /// What of a station's requests is written down.
    #[inline]
    pub(crate) fn request_extract(&self, station: StationId) -> &Extract {
        &self.extracts[station.index()][0]
    }

    /// What of its answers.
    #[inline]
    pub(crate) fn answer_extract(&self, station: StationId) -> &Extract {
        &self.extracts[station.index()][1]
    }
}

/// Fields of an answer that its request has: they are written down once.
const OF_THE_REQUEST: Fields = Fields::of(&[2, 7, 11, 32, 33]);

/// Extracts that are there, by their dialects.
pub(super) type Extracts = Vec<(*const Dialect, [Arc<Extract>; 2])>;

/// Compiles what is written down of each station's requests and answers, once for each dialect that is
/// not among the `known`.
pub(super) fn extracts(stations: &[Station], mut known: Extracts) -> Vec<[Arc<Extract>; 2]> {
    let of = |station: &Station| {
        let dialect = &station.settings.dialect;
        let key = Arc::as_ptr(dialect);
        if let Some((_, extracts)) = known.iter().find(|(other, _)| *other == key) {
            return extracts.clone();
        }
        let allowed = dialect.journaled();
        let extracts = [allowed, allowed.difference(OF_THE_REQUEST)]
            .map(|fields| Arc::new(Extract::new(dialect, fields)));
        known.push((key, extracts.clone()));
        extracts
    };
    stations.iter().map(of).collect()
}
