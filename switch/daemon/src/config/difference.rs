//! What differs between two configurations, key by key, in words. Must not know what becomes of it.

use std::collections::BTreeMap;

use switch_core::ids::StationId;
use switch_core::plan::StationSettings;

use super::rows::{NODE, Party, ROOM, Row, Rule, SHARED, STATION};
use super::summary::station_words;
use super::{Configuration, Endpoint};
use crate::change::Change;

/// All that differs: the node, then its stations by name, then its routes by their cards. Takes time
/// in proportion to what both say, but for the sorting of routes.
pub fn difference(old: &Configuration, new: &Configuration) -> Vec<Change> {
    let mut changes = Vec::new();
    for row in NODE {
        let restart = match row.rule {
            Rule::Restart(why) => Some(why),
            Rule::Live | Rule::RestartIf((), _) => None,
        };
        note(&mut changes, row.key.to_owned(), (row.show)(old), (row.show)(new), restart);
    }
    stations(&mut changes, old, new);
    compared_routes(&mut changes, old, new);
    changes
}

/// What of a station that was taken out, and comes back while links of before are still open, would need a
/// restart if it had never been gone. Not compared is what its dialect says.
pub fn needs_a_start(
    (was, was_at): (&StationSettings, &Endpoint),
    (is, is_at): (&StationSettings, &Endpoint),
    longest: u32,
) -> Vec<Change> {
    let longest = usize::try_from(longest).unwrap_or(usize::MAX);
    let party = |settings, endpoint| Party { settings, endpoint, content: "", longest };
    let mut changes = Vec::new();
    compared_station(&mut changes, &is.name, (&party(was, was_at), &party(is, is_at)), false);
    changes.retain(|change| change.restart.is_some());
    changes
}

fn note(
    changes: &mut Vec<Change>,
    key: String,
    from: Option<String>,
    to: Option<String>,
    restart: Option<&str>,
) {
    if from != to {
        changes.push(Change { key, from, to, restart: restart.map(str::to_owned) });
    }
}

/// The stations of a configuration, by name.
pub(super) fn parties(configuration: &Configuration) -> BTreeMap<&str, Party<'_>> {
    let stations = configuration.settings.stations.iter().zip(&configuration.endpoints);
    let stations = stations.zip(&configuration.dialect_contents);
    let longest = configuration.settings.limits.parked_frame_max;
    let longest = usize::try_from(longest).unwrap_or(usize::MAX);
    let named = stations.map(|((settings, endpoint), content)| {
        (settings.name.as_str(), Party { settings, endpoint, content, longest })
    });
    named.collect()
}

fn stations(changes: &mut Vec<Change>, old: &Configuration, new: &Configuration) {
    let (before, after) = (parties(old), parties(new));
    let longest = before.values().next().map_or(usize::MAX, |party| party.longest);
    let mut names: Vec<&str> = before.keys().chain(after.keys()).copied().collect();
    names.sort_unstable();
    names.dedup();
    let (groups_before, groups_after) = (sharing(old, &after), sharing(new, &before));
    for name in names {
        match (before.get(name), after.get(name)) {
            (Some(was), Some(is)) => {
                // With one worker all listeners are its own.
                let shared = new.workers > 1 && groups_before.get(name) != groups_after.get(name);
                compared_station(changes, name, (was, is), shared);
            }
            (was, is) => {
                let words = |party: Option<&Party<'_>>| {
                    party.map(|party| station_words(party.settings, party.endpoint))
                };
                let is_longer = |party: &&Party<'_>| party.endpoint.frame_max > longest;
                let restart = is.filter(is_longer).map(|_| ROOM);
                note(changes, format!("station.{name}"), words(was), words(is), restart);
            }
        }
    }
}

fn compared_station(
    changes: &mut Vec<Change>,
    name: &str,
    (was, is): (&Party<'_>, &Party<'_>),
    shared_otherwise: bool,
) {
    for Row { key, rule, show } in STATION {
        let restart = match rule {
            Rule::Live if *key == "listen" && shared_otherwise => Some(SHARED),
            Rule::Live => None,
            Rule::Restart(why) => Some(*why),
            Rule::RestartIf(needs, why) => needs(was, is).then_some(*why),
        };
        note(changes, format!("station.{name}.{key}"), show(was), show(is), restart);
    }
    // It shares a listener otherwise though its own addresses are the same: others have moved.
    let listens = format!("station.{name}.listen");
    if shared_otherwise && changes.iter().rev().take(STATION.len()).all(|c| c.key != listens) {
        let [from, to] = ["shared as it was", "shared otherwise"].map(|text| Some(text.to_owned()));
        changes.push(Change { key: listens, from, to, restart: Some(SHARED.to_owned()) });
    }
}

/// With whom each station that stays shares its listener, by the first name among those that stay.
fn sharing<'c>(
    configuration: &'c Configuration,
    stay: &BTreeMap<&str, Party<'_>>,
) -> BTreeMap<&'c str, &'c str> {
    let stations = &configuration.settings.stations;
    let first = |mut place: usize| {
        // A station stands beside an earlier one only.
        while let Some(earlier) = stations.get(place).and_then(|station| station.beside) {
            place = earlier.index();
        }
        place
    };
    let mut groups: BTreeMap<usize, &str> = BTreeMap::new();
    let names = || stations.iter().enumerate().filter(|(_, s)| stay.contains_key(s.name.as_str()));
    for (place, station) in names() {
        let group = groups.entry(first(place)).or_insert(&station.name);
        *group = (*group).min(&station.name);
    }
    names().map(|(place, station)| (station.name.as_str(), groups[&first(place)])).collect()
}

/// The routes of a configuration, by their cards.
pub(super) fn routes(configuration: &Configuration) -> Vec<(&str, &[StationId])> {
    let routes = configuration.settings.routes.iter();
    let mut routes: Vec<_> = routes.map(|route| (route.pan.as_str(), &*route.to)).collect();
    routes.sort_unstable();
    routes
}

fn compared_routes(changes: &mut Vec<Change>, old: &Configuration, new: &Configuration) {
    let (before, after) = (routes(old), routes(new));
    let (mut before, mut after) = (before.iter().peekable(), after.iter().peekable());
    let words = |of: &Configuration, issuers: &[StationId]| {
        Some(of.names(issuers).collect::<Vec<_>>().join(", then "))
    };
    loop {
        let order = match (before.peek(), after.peek()) {
            (None, None) => return,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some((was, _)), Some((is, _))) => was.cmp(is),
        };
        let was = before.next_if(|_| order.is_le());
        let is = after.next_if(|_| order.is_ge());
        if let (Some((_, was)), Some((_, is))) = (was, is)
            && old.names(was).eq(new.names(is))
        {
            continue;
        }
        let Some((pan, _)) = was.or(is) else { return };
        let from = was.and_then(|(_, issuers)| words(old, issuers));
        let to = is.and_then(|(_, issuers)| words(new, issuers));
        note(changes, format!("route.{pan}"), from, to, None);
    }
}

impl Configuration {
    /// Issuers by their names.
    pub(super) fn names<'c>(
        &'c self,
        issuers: &'c [StationId],
    ) -> impl Iterator<Item = &'c str> + 'c {
        let stations = &self.settings.stations;
        issuers.iter().filter_map(|id| stations.get(id.index())).map(|s| s.name.as_str())
    }
}
