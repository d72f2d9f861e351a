//! The plan that follows another while the switch runs: stations and links keep their ids, whatever the
//! file says in which order, since everything that is under way names them. Knows no worker's state.
//!
//! | a station that                    | has in the new plan                                        |
//! |-----------------------------------|------------------------------------------------------------|
//! | is named by both                  | its id, links and worker, and its new settings             |
//! | is named by the new one alone     | the next id, links behind all others, a worker with few    |
//! | is named by the old one alone     | all that it had, and is `retired`                          |
//! | is retired, and named again       | its id, links and worker, and its new settings             |

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use codec::{Dialect, Extract};

use super::joining::{Compiled, forwardings};
use super::{Limits, Numbers, Plan, PlanError, Settings, Station, StationSettings};
use super::{check, id, share, writing};
use crate::ids::{LinkId, LinkNumber, StationId, StationNumber, WorkerId};
use crate::routing::{RouteSettings, Routes, RoutingError};

/// A plan that follows another one.
#[derive(Debug)]
pub struct Successor {
    /// The plan.
    pub plan: Plan,
    /// By id, the place of the station in the settings that it was made from; none: it is retired.
    pub order: Vec<Option<usize>>,
}

impl Plan {
    /// The plan of these settings that follows `old` while the switch runs. Stations are known again by
    /// their names. Those ids in the settings (a route's `to`, `beside`) and in an error are places in
    /// the settings, as at the start. The key of identities is that of `old`; new stations and links
    /// have the next numbers until [`Plan::numbered`] gives them others.
    ///
    /// A station that older records name and `old` does not is none to be added like this: what they tell
    /// of it was not taken up, and its trace numbers would begin anew. It comes back by a start.
    ///
    /// # Errors
    /// What [`Plan::new`] finds, and [`PlanError::Fixed`] for what does not change while it runs: the
    /// node's institution and workers, the limits by which tables were made, and of a station its role,
    /// dialect, number of links, and its worker where it shares a listener.
    pub fn succeed(old: &Self, settings: Settings) -> Result<Successor, PlanError> {
        let Settings { institution, workers, mut stations, routes, limits } = settings;
        let fixed = |key| PlanError::Fixed { station: None, key };
        if institution != old.institution {
            return Err(fixed("node.institution"));
        }
        if workers != old.workers {
            return Err(fixed("node.workers"));
        }
        let limits = follow(&old.limits, &limits).map_err(fixed)?;
        let names = old.names();
        share_dialects(old, &names, &mut stations);
        let wanted = Settings { institution, workers, stations, routes, limits };
        check(&wanted)?;
        let Settings { stations: wanted, routes, .. } = wanted;
        let ids = places(old.stations.len(), names, &wanted)?;
        let workers_of = deal(old, &wanted, &ids)?;
        let mut stations: Vec<Station> = old.stations.clone();
        let mut link_stations = old.link_stations.clone();
        let mut order = alloc::vec![None; stations.len()];
        for station in &mut stations {
            station.retired = true;
        }
        for (place, settings) in wanted.into_iter().enumerate() {
            let StationId(number) = ids[place];
            let (worker, in_flight_share) = (workers_of[place], share(&settings, workers));
            if let Some(known) = stations.get_mut(usize::from(number)) {
                keeps(&known.settings, &settings)
                    .map_err(|key| PlanError::Fixed { station: Some(id(place)), key })?;
                let links_from = known.links_from;
                *known = Station { settings, worker, links_from, in_flight_share, retired: false };
                order[usize::from(number)] = Some(place);
            } else {
                let from = u32::try_from(link_stations.len()).map_err(|_| PlanError::TooMany)?;
                if from.checked_add(settings.links).is_none_or(|links| links > 1 << 31) {
                    return Err(PlanError::TooMany);
                }
                link_stations.extend((0..settings.links).map(|_| StationId(number)));
                let links_from = LinkId(from);
                let retired = false;
                stations.push(Station { settings, worker, links_from, in_flight_share, retired });
                order.push(Some(place));
            }
        }
        let routes = translated(routes, &ids);
        let table = Routes::new(&routes).map_err(PlanError::Routing)?;
        let forwardings = old.joined(&stations, &routes).map_err(|why| in_places(why, &order))?;
        let known = old.stations.iter().zip(&old.extracts);
        let known = known
            .map(|(station, extracts)| (Arc::as_ptr(&station.settings.dialect), extracts.clone()));
        let extracts = writing::extracts(&stations, distinct(known));
        let numbers = old.numbers.with_more(stations.len(), link_stations.len());
        let plan = Self {
            institution,
            workers,
            stations,
            link_stations,
            routes: table,
            limits,
            forwardings,
            extracts,
            numbers,
            hash_key: old.hash_key,
        };
        Ok(Successor { plan, order })
    }

    /// The place of each station by its name.
    fn names(&self) -> BTreeMap<&str, usize> {
        let names = self.stations.iter().map(|station| station.settings.name.as_str());
        names.zip(0..).collect()
    }

    /// Rewritings for the routes of a successor, and for all that could be joined before: answers of what
    /// was asked under an old route are still to come.
    fn joined(
        &self,
        stations: &[Station],
        routes: &[RouteSettings],
    ) -> Result<Vec<Option<Arc<codec::Plan>>>, PlanError> {
        let (before, now) = (self.stations.len(), stations.len());
        let mut compiled = Compiled::default();
        for (place, plan) in self.forwardings.iter().enumerate() {
            let dialect = |place: usize| &self.stations[place].settings.dialect;
            let (from, to) = (dialect(place / before), dialect(place % before));
            if let Some(plan) = plan.as_ref().filter(|_| compiled.find(from, to).is_none()) {
                compiled.add(from, to, plan);
            }
        }
        let mut all = forwardings(stations, routes, compiled)?;
        for (place, plan) in self.forwardings.iter().enumerate() {
            let place = place / before * now + place % before;
            if all[place].is_none() {
                all[place].clone_from(plan);
            }
        }
        Ok(all)
    }
}

/// The limits that hold from now on; the key of one by which a table was made, where it differs. Frames
/// may become shorter, and keep the room that there is.
fn follow(old: &Limits, new: &Limits) -> Result<Limits, &'static str> {
    let tables = [
        (old.pending_max, new.pending_max, "limits.pending_max"),
        (old.large_max, new.large_max, "limits.large_max"),
        (old.parked_max, new.parked_max, "limits.parked_max"),
        (old.duplicates_max, new.duplicates_max, "limits.duplicates_max"),
        (old.answers_bytes, new.answers_bytes, "limits.answers_bytes"),
        (old.held_max, new.held_max, "limits.held_max"),
    ];
    if let Some(&(_, _, key)) = tables.iter().find(|(before, after, _)| before != after) {
        return Err(key);
    }
    if new.parked_frame_max > old.parked_frame_max {
        return Err("frame_max");
    }
    let (parked_frame_max, notices_max) = (old.parked_frame_max, old.notices_max);
    Ok(Limits { parked_frame_max, notices_max, ..*new })
}

/// The key of what a station can not change, where it does.
fn keeps(old: &StationSettings, new: &StationSettings) -> Result<(), &'static str> {
    let differing = [
        (old.role != new.role, "role"),
        (!Arc::ptr_eq(&old.dialect, &new.dialect), "dialect"),
        (old.links != new.links, "links"),
    ];
    differing.iter().find(|(differs, _)| *differs).map_or(Ok(()), |&(_, key)| Err(key))
}

/// A dialect that was read again is the one that it was, where it says the same: then what is compiled
/// for it holds.
fn share_dialects(old: &Plan, names: &BTreeMap<&str, usize>, stations: &mut [StationSettings]) {
    let mut known: Vec<Arc<Dialect>> = Vec::new();
    for station in &old.stations {
        let dialect = &station.settings.dialect;
        if !known.iter().any(|other| Arc::ptr_eq(other, dialect)) {
            known.push(Arc::clone(dialect));
        }
    }
    // Those of the old plan may be equal to each other; a station has its own again.
    let mut seen: Vec<(*const Dialect, Arc<Dialect>)> = Vec::new();
    for station in stations {
        let read = Arc::as_ptr(&station.dialect);
        let named = names.get(station.name.as_str());
        let own = named.map(|&place| &old.stations[place].settings.dialect);
        if let Some(own) = own.filter(|own| ***own == *station.dialect) {
            station.dialect = Arc::clone(own);
        } else if let Some((_, same)) = seen.iter().find(|(other, _)| *other == read) {
            station.dialect = Arc::clone(same);
        } else {
            let same = known.iter().find(|other| ***other == *station.dialect);
            let same = same.unwrap_or(&station.dialect);
            seen.push((read, Arc::clone(same)));
            station.dialect = Arc::clone(&seen[seen.len() - 1].1);
        }
    }
}

/// The id of each station of the settings. A name that stands there twice is known again once.
fn places(
    mut next: usize,
    mut names: BTreeMap<&str, usize>,
    wanted: &[StationSettings],
) -> Result<Vec<StationId>, PlanError> {
    let mut ids = Vec::with_capacity(wanted.len());
    for settings in wanted {
        let place = names.remove(settings.name.as_str()).unwrap_or_else(|| {
            next += 1;
            next - 1
        });
        ids.push(StationId(u16::try_from(place).map_err(|_| PlanError::TooMany)?));
    }
    Ok(ids)
}

/// The worker of each station of the settings: its own, or that of those whose listener it shares, or the
/// one with the fewest of its kind.
fn deal(
    old: &Plan,
    wanted: &[StationSettings],
    ids: &[StationId],
) -> Result<Vec<WorkerId>, PlanError> {
    let mut firsts: Vec<usize> = Vec::with_capacity(wanted.len());
    for (place, settings) in wanted.iter().enumerate() {
        let earlier = settings.beside.map(StationId::index).filter(|&earlier| earlier < place);
        firsts.push(earlier.map_or(place, |earlier| firsts[earlier]));
    }
    let mut shared: Vec<Option<WorkerId>> = alloc::vec![None; wanted.len()];
    let mut dealt = [[0_u32; 64]; 2];
    for (place, settings) in wanted.iter().enumerate() {
        let Some(known) = old.stations.get(ids[place].index()) else { continue };
        let group = &mut shared[firsts[place]];
        if group.is_some_and(|worker| worker != known.worker) {
            return Err(PlanError::Fixed { station: Some(id(place)), key: "listen" });
        }
        *group = Some(known.worker);
        dealt[usize::from(settings.role.issues())][known.worker.index()] += 1;
    }
    let mut workers = Vec::with_capacity(wanted.len());
    for (place, settings) in wanted.iter().enumerate() {
        let known = old.stations.get(ids[place].index()).map(|known| known.worker);
        let counts = &mut dealt[usize::from(settings.role.issues())];
        let worker = known.or(shared[firsts[place]]).unwrap_or_else(|| {
            let all = (0..old.workers).map(WorkerId);
            all.min_by_key(|worker| counts[worker.index()]).expect("there is a worker")
        });
        if known.is_none() {
            counts[worker.index()] += 1;
        }
        shared[firsts[place]] = Some(worker);
        workers.push(worker);
    }
    Ok(workers)
}

fn translated(mut routes: Vec<RouteSettings>, ids: &[StationId]) -> Vec<RouteSettings> {
    for to in routes.iter_mut().flat_map(|route| &mut route.to) {
        *to = ids[to.index()];
    }
    routes
}

/// An error about ids, about places in the settings.
fn in_places(error: PlanError, order: &[Option<usize>]) -> PlanError {
    let place =
        |of: StationId| id(order[of.index()].expect("nothing is asked of those that are gone"));
    match error {
        PlanError::Versions { acquirer, issuer } => {
            PlanError::Versions { acquirer: place(acquirer), issuer: place(issuer) }
        }
        PlanError::Workers
        | PlanError::TooMany
        | PlanError::Dialect { .. }
        | PlanError::Routing(
            RoutingError::Prefix(_)
            | RoutingError::Issuers(_)
            | RoutingError::Overlap(..)
            | RoutingError::TooMany,
        )
        | PlanError::NotAnIssuer { .. }
        | PlanError::Fixed { .. } => error,
    }
}

fn distinct(all: impl Iterator<Item = (*const Dialect, [Arc<Extract>; 2])>) -> writing::Extracts {
    let mut known: writing::Extracts = Vec::new();
    for (dialect, extracts) in all {
        if !known.iter().any(|(other, _)| *other == dialect) {
            known.push((dialect, extracts));
        }
    }
    known
}

impl Numbers {
    /// The same, with the next numbers for so many in all.
    fn with_more(&self, stations: usize, links: usize) -> Self {
        let mut more = self.clone();
        more.configuration = self.configuration.wrapping_add(1);
        let next = self
            .stations
            .iter()
            .map(|number| number.0)
            .max()
            .map_or(0, |last| last.wrapping_add(1));
        let wanted = stations - self.stations.len();
        more.stations.extend((next..).map(StationNumber).take(wanted));
        let next =
            self.links.iter().map(|number| number.0).max().map_or(0, |last| last.wrapping_add(1));
        let wanted = links - self.links.len();
        more.links.extend((next..).map(LinkNumber).take(wanted));
        more
    }
}
