//! What must hold between the parts of a configuration, and the whole put together. Must not know
//! how a single key is read.

use switch_core::formats::Unfit;
use switch_core::ids::StationId;
use switch_core::plan::{Limits, Plan, PlanError, Settings, StationSettings};
use switch_core::routing::{ROUTES_MAX, RoutingError, overlaps};

use super::dialects::Dialects;
use super::document::Table;
use super::route::{Route, route};
use super::section::{At, Section};
use super::station::{Read, Station, station};
use super::{Configuration, Mode, Peer, Report, journal, log, node, peer, witness};

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// The most stations: the core keeps a table of all pairs of them.
const STATIONS_MAX: usize = 1_024;
/// What is released later behind the framing of its batch is dropped where there is a peer. Half a second
/// less than the peer waits before it begins a reign.
const LATE_AFTER: Duration = Duration::from_secs(1);
/// How long ports of acquirers wait for issuers on one of two nodes. A node alone has nobody else to whom its
/// acquirers could go: there a decline at once says more than a port that is closed.
const OPEN_AFTER: Duration = Duration::from_secs(2);

/// Reads the whole tree. None when something is missing that it can not be put together without;
/// mistakes are in the report either way.
pub(super) fn configuration(
    root: &Table,
    mode: Mode,
    cores: usize,
    report: &mut Report,
) -> Option<Configuration> {
    let mut section = Section::new(root, "", report);
    let node = node::node(&mut section, cores);
    let journal = journal::journal(&mut section, mode);
    let (control_socket, control_roles) = node::control(&mut section);
    let log_level = log::level(&mut section);
    let (mut limits, drain) = node::limits(&mut section);
    let sync = journal.as_ref().map(|journal| journal.sync);
    let name = node.as_ref().map(|node| node.name.as_str());
    let peer = peer::peer(&mut section, name, sync, mode);
    let witness = witness::witness(&mut section, mode);
    let station_tables = section.tables("station");
    let route_tables = section.tables("route");
    if section.given("station").is_none() {
        section.missing("station", "at least one [[station]]");
    }
    section.finish();

    few_enough(station_tables.len(), root, report)?;
    let mut dialects = Dialects::beside(root.place.file());
    let reads: Vec<Read> = station_tables
        .iter()
        .enumerate()
        .map(|(index, table)| station(table, index + 1, mode, &mut dialects, report))
        .collect();
    let routes: Vec<Option<Route>> = route_tables
        .iter()
        .enumerate()
        .map(|(index, table)| route(table, index + 1, &reads, report))
        .collect();
    let right: Vec<&Station> = reads.iter().filter_map(|read| read.station.as_ref()).collect();
    names(&right, report);
    institutions(&right, report);
    listeners(&right, report);
    beside_the_peer(&right, peer.as_ref(), report);

    // The core's own checks speak of places in lists, so the lists must be whole.
    let stations: Option<Vec<Station>> = reads.into_iter().map(|read| read.station).collect();
    let routes: Option<Vec<Route>> = routes.into_iter().collect();
    let (node, stations, routes) = (node?, stations?, routes?);
    let (journal, peer) = (journal?, peer?.peer);
    what_follows(&mut limits, &stations, peer.as_ref());
    let settings = Settings {
        institution: node.institution,
        workers: node.workers,
        stations: beside(&stations),
        routes: routes.iter().map(|route| route.settings.clone()).collect(),
        limits,
    };
    core_rules(settings.clone(), &stations, &routes, root, report);
    Some(Configuration {
        files: Vec::new(),
        sources: dialects.into_sources(),
        node: node.name,
        institution: node.institution_text,
        state: node.state,
        workers: node.workers,
        spin: node.spin,
        open_after: node.open_after.unwrap_or(peer.as_ref().map_or(Duration::ZERO, |_| OPEN_AFTER)),
        sick_after: node.sick_after,
        drain,
        journal,
        peer,
        witness: witness.map(Box::new),
        settings,
        dialect_contents: stations.iter().map(|station| Arc::clone(&station.content)).collect(),
        endpoints: stations.into_iter().map(|station| station.located.endpoint).collect(),
        control_socket,
        control_roles,
        log_level,
        inactive: Vec::new(),
    })
}

/// Limits that other tables say.
fn what_follows(limits: &mut Limits, stations: &[Station], peer: Option<&Peer>) {
    // Whatever may come may have to park.
    let longest = stations.iter().map(|station| station.located.endpoint.frame_max).max();
    if let Some(longest) = longest.and_then(|longest| u32::try_from(longest).ok()) {
        limits.parked_frame_max = longest;
    }
    limits.late_after = peer.map(|_| LATE_AFTER);
    limits.orphan_window = peer.map_or(limits.orphan_window, |peer| peer.orphan_window);
}

/// None when there are more stations than there may be.
fn few_enough(stations: usize, root: &Table, report: &mut Report) -> Option<()> {
    if stations > STATIONS_MAX {
        let message = format!("{stations} stations; at most {STATIONS_MAX}");
        report.fail(&root.place, "station", message);
        return None;
    }
    Some(())
}

/// The settings of the stations; those that share a listener know it, because one worker owns it.
fn beside(stations: &[Station]) -> Vec<StationSettings> {
    let listens_on = |station: &Station, address: &At<SocketAddr>| {
        station.located.listen.iter().any(|other| other.value == address.value)
    };
    let settings = stations.iter().enumerate().map(|(place, station)| {
        let shares = |other: &Station| {
            let mut addresses = station.located.listen.iter();
            addresses.any(|address| address.value.port() != 0 && listens_on(other, address))
        };
        let earlier = stations.iter().take(place).position(shares);
        let beside = earlier.and_then(|place| u16::try_from(place).ok()).map(StationId);
        StationSettings { beside, ..station.settings.clone() }
    });
    settings.collect()
}

/// A name stands for one station.
fn names(stations: &[&Station], report: &mut Report) {
    for (index, station) in stations.iter().enumerate() {
        let name = &station.settings.name;
        let same = stations.iter().take(index).find(|other| other.settings.name == *name);
        if let Some(first) = same {
            let message = format!(
                "there is a station of that name at {}; rename or remove one",
                first.name_place
            );
            report.fail(&station.name_place, format!("station.{name}.name"), message);
        }
    }
}

/// An acquirer institution sends over one station: its transactions and their repeats live on the
/// worker of that station.
fn institutions(stations: &[&Station], report: &mut Report) {
    let mut seen: Vec<(switch_core::plan::Institution, usize, &super::Place)> = Vec::new();
    for (index, station) in stations.iter().enumerate() {
        if !station.settings.role.acquires() {
            continue;
        }
        let codes = station.settings.institutions.iter().zip(&station.institution_places);
        for (code, place) in codes {
            let Some((_, first, at)) = seen.iter().find(|(other, ..)| other == code) else {
                seen.push((*code, index, place));
                continue;
            };
            let key = format!("station.{}.institution", station.settings.name);
            let message = if *first == index {
                format!("stands twice, first at {at}; remove one")
            } else {
                format!(
                    "acquirer \"{}\" has this institution already, at {at}; an institution sends \
                     over one station: remove it from the other",
                    stations[*first].settings.name
                )
            };
            report.fail(place, key, message);
        }
    }
}

/// One station a port, unless who may connect tells them apart.
fn listeners(stations: &[&Station], report: &mut Report) {
    for (index, station) in stations.iter().enumerate() {
        for other in stations.iter().take(index) {
            for at in &station.located.listen {
                if let Some(message) = conflict(at, station, other) {
                    let key = format!("station.{}.listen", station.settings.name);
                    report.fail(&at.place, key, message);
                }
            }
        }
    }
}

/// The line to the peer has a port of its own.
fn beside_the_peer(stations: &[&Station], peer: Option<&peer::Read>, report: &mut Report) {
    for at in peer.map_or(&[][..], |peer| &peer.listen) {
        let near = stations.iter().find_map(|station| {
            let mut listen = station.located.listen.iter();
            let near = listen.find(|near| near.value.port() != 0 && near.value == at.value)?;
            Some((&station.settings.name, &near.place))
        });
        if let Some((name, place)) = near {
            let message = format!(
                "station \"{name}\" listens on {} too ({place}); use another port",
                at.value
            );
            report.fail(&at.place, "peer.listen", message);
        }
    }
}

fn conflict(at: &At<SocketAddr>, station: &Station, other: &Station) -> Option<String> {
    let (address, name) = (at.value, &other.settings.name);
    let near = other.located.listen.iter().find(|near| {
        let near = near.value;
        let (a, b) = (near.ip(), address.ip());
        let touches = a == b || a.is_unspecified() || b.is_unspecified();
        near.port() == address.port() && address.port() != 0 && touches
    })?;
    if near.value != address {
        return Some(format!(
            "{address} and {} of station \"{name}\" ({}) can not both be bound; use another port",
            near.value, near.place
        ));
    }
    let (ours, theirs) = (&station.located.endpoint.peers, &other.located.endpoint.peers);
    let (range, overlapped) =
        ours.iter().find_map(|range| Some((range, theirs.iter().find(|o| o.overlaps(range))?)))?;
    Some(format!(
        "station \"{name}\" listens on {address} too ({}), and peers {range} and {overlapped} \
         overlap, so a caller could be either; use another port, or make `peers` disjoint",
        near.place
    ))
}

/// Runs the core's own checks, and says in the file's terms what they found.
fn core_rules(
    mut settings: Settings,
    stations: &[Station],
    routes: &[Route],
    root: &Table,
    report: &mut Report,
) {
    // After overlaps the later routes are left out and the rest is looked at again, so that one run
    // names everything.
    let mut places: Vec<usize> = (0..routes.len()).collect();
    while let Err(error) = Plan::new(settings.clone()) {
        let is_overlap = matches!(error, PlanError::Routing(RoutingError::Overlap(..)));
        let found = if is_overlap { overlaps(&settings.routes) } else { Ok(Vec::new()) };
        let overlaps = found.unwrap_or_default();
        if overlaps.is_empty() {
            let (place, key, message) = in_file_terms(error, stations, routes, &places, root);
            report.fail(&place, key, message);
            return;
        }
        for &(first, second) in &overlaps {
            let (first, route) = (&routes[places[first]], &routes[places[second]]);
            let message = format!(
                "some of these cards have a route already, \"{}\" at {}; of one length, only one \
                 may hold a card: remove or narrow one",
                first.settings.pan, first.pan_place
            );
            report.fail(&route.pan_place, format!("route.{}.pan", route.settings.pan), message);
        }
        let gone: BTreeSet<usize> = overlaps.iter().map(|overlap| overlap.1).collect();
        let mut stays = (0..places.len()).map(|place| !gone.contains(&place));
        settings.routes.retain(|_| stays.next().unwrap_or(true));
        let mut stays = (0..places.len()).map(|place| !gone.contains(&place));
        places.retain(|_| stays.next().unwrap_or(true));
    }
}

fn in_file_terms(
    error: PlanError,
    stations: &[Station],
    routes: &[Route],
    places: &[usize],
    root: &Table,
) -> (super::Place, String, String) {
    let route = |index: usize| &routes[places[index]];
    match error {
        PlanError::Versions { acquirer, issuer } => {
            let (from, to) = (&stations[acquirer.index()], &stations[issuer.index()]);
            let message = format!(
                "acquirer \"{}\" speaks {} (at {}), and between versions of ISO 8583 nothing can be \
                 forwarded yet; give both a dialect of one version",
                from.settings.name,
                from.settings.dialect.name(),
                from.dialect_place
            );
            (to.dialect_place.clone(), format!("station.{}.dialect", to.settings.name), message)
        }
        PlanError::Dialect { station, why } => {
            let station = &stations[station.index()];
            let name = station.settings.dialect.name();
            let message = unfit(name, why);
            let key = format!("station.{}.dialect", station.settings.name);
            (station.dialect_place.clone(), key, message)
        }
        PlanError::NotAnIssuer { route: index, station } => {
            let name = &stations[station.index()].settings.name;
            let message = format!("\"{name}\" is no issuer; name one");
            let route = route(index);
            (route.pan_place.clone(), format!("route.{}.to", route.settings.pan), message)
        }
        PlanError::Routing(RoutingError::Prefix(index) | RoutingError::Issuers(index)) => {
            let route = route(index);
            let message = "this is no route; name a prefix and 1 to 16 issuers".into();
            (route.pan_place.clone(), format!("route.{}", route.settings.pan), message)
        }
        PlanError::Routing(RoutingError::Overlap(_, second)) => {
            let route = route(second);
            let message = "some of these cards have a route already".into();
            (route.pan_place.clone(), format!("route.{}.pan", route.settings.pan), message)
        }
        PlanError::Routing(RoutingError::TooMany) => {
            let message = format!("at most {ROUTES_MAX} routes; join neighbours into ranges");
            (root.place.clone(), "route".into(), message)
        }
        PlanError::Fixed { station, key } => {
            let station = station.map(|station| &stations[station.index()]);
            let place = station.map_or(&root.place, |station| &station.name_place);
            let key = station.map_or_else(
                || key.to_owned(),
                |station| format!("station.{}.{key}", station.settings.name),
            );
            (place.clone(), key, "this changes by a restart alone".into())
        }
        PlanError::Workers => {
            let message = "1 to 64 workers can run; change node.workers".into();
            (root.place.clone(), "node.workers".into(), message)
        }
        PlanError::TooMany => {
            let message = "too many stations, or too many links in all; lower `links`".into();
            (root.place.clone(), "station".into(), message)
        }
    }
}

/// Why a dialect of this name is nothing for the core, and what to do.
fn unfit(name: &str, why: Unfit) -> String {
    match why {
        Unfit::Edition => format!(
            "{name} is of ISO 8583:2003, which is not spoken yet; give the station a \
             dialect of 1987 or 1993"
        ),
        Unfit::Unlike { field, units } => format!(
            "DE {field} of {name} is not what we read and write there, {units} digits of \
             fixed length (DE 39 of 1987 may be text); make it so"
        ),
        Unfit::NoDigits(field) => format!(
            "DE {field} of {name} is not of digits, by which every request is decided; \
             make it n"
        ),
        Unfit::NoRoomForUs { field, units } => format!(
            "DE {field} of {name} has no room for our institution, which has {units} \
             digits; make it n..11"
        ),
        Unfit::Lacks(field) => {
            format!("{name} has no DE {field}, without which nothing works; add it")
        }
        Unfit::NotWrittenDown(field) => format!(
            "journal = [...] of {name} leaves DE {field} out, without which an advice or a reversal \
             would say something else to its issuer; add it"
        ),
        Unfit::TooLong { bytes, room } => format!(
            "what is kept or answered of a request in {name} can take {bytes} bytes and \
             may take {room}; give its fields lower maxima"
        ),
    }
}
