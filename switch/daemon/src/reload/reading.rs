//! What the files say now, held against what runs: what would change, what stands in the way, and all
//! that can be made ready before anything changes. Must not know what a worker does with it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use codec::Dialect;
use switch_core::ids::WorkerId;
use switch_core::plan::{Keys, Plan, PlanError, Successor};
use switch_net::Listening;

use super::{Part, Serves, Thread, returning, standing};
use crate::change::{Changes, Planned};
use crate::config::{self, Configuration, Endpoint};
use crate::running::Snapshot;
use crate::worker::{Port, PortChange, missing, ports};

/// Stations that were taken out since the start stay in the plan, each in its place; so many at most.
const RETIRED_MAX: usize = 1_024;

/// What a look at the files found.
pub(super) enum Found {
    /// What runs already.
    Same(Planned),
    /// Something else, which can be taken up.
    Next(Box<Ready>),
}

/// What is done with ports that are new.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ports {
    /// They are listened on, so that nothing can go wrong later.
    Opened,
    /// It is seen whether they could be: whoever connects meanwhile is refused as before.
    TriedOut,
}

/// A configuration that can be taken up.
pub(super) struct Ready {
    pub(super) planned: Planned,
    pub(super) configuration: Box<Configuration>,
    /// Not numbered yet.
    pub(super) plan: Plan,
    /// By id, the place in the configuration.
    pub(super) places: Vec<Option<usize>>,
    /// By id.
    pub(super) endpoints: Vec<Endpoint>,
    /// By worker; none where its ports stay as they are.
    pub(super) ports: Vec<Option<PortChange>>,
}

impl Ready {
    /// The dialects of all stations.
    pub(super) fn dialects(&self) -> impl Iterator<Item = Arc<Dialect>> + '_ {
        let stations = &self.plan.stations;
        stations.iter().map(|station| Arc::clone(&station.settings.dialect))
    }
}

impl Thread {
    /// Reads the files. Opens what they name, does that with the ports that are new, and changes nothing.
    ///
    /// # Errors
    /// What would change, as far as it is known, and why it can not.
    pub(super) fn look(&self, wanted: Ports) -> Result<Found, Box<Planned>> {
        let mut planned = Box::<Planned>::default();
        let (configuration, sealing) = match config::open(&self.parts.file, self.parts.mode) {
            Ok((configuration, sealing)) => (Box::new(configuration), sealing),
            Err(mistakes) => {
                planned.refusals = mistakes.as_slice().iter().map(ToString::to_string).collect();
                return Err(planned);
            }
        };
        planned.digest = config::hex(&configuration.digest());
        let inactive = configuration.inactive.iter();
        planned.warnings = inactive.map(|key| format!("{}: {key}", key.place)).collect();
        planned.warnings.extend(sealing.warnings);
        planned.warnings.extend(configuration.warnings());
        let now = self.parts.running.now();
        planned.warnings.extend(config::cautions(&now.configuration, &configuration));
        let mut changes = config::difference(&now.configuration, &configuration);
        // A reign begins with a start: whoever is back is taken in with what the journal says of it.
        if let Part::Serves(serves) = &self.part {
            returning::hold(&mut changes, &serves.register, &now, &configuration);
        }
        planned.changes = Changes::of(changes);
        if planned.changes.restart > 0 {
            return Err(planned);
        }
        if planned.changes.total() == 0 {
            return Ok(Found::Same(*planned));
        }
        let ready = match &self.part {
            Part::Serves(serves) => ready(serves, &now, configuration, *planned, wanted),
            Part::Stands(..) => standing::ready(&now, configuration, *planned),
        };
        match ready {
            Ok(ready) => Ok(Found::Next(Box::new(ready))),
            Err(planned) => Err(planned),
        }
    }
}

fn ready(
    serves: &Serves,
    now: &Snapshot,
    configuration: Box<Configuration>,
    mut planned: Planned,
    wanted: Ports,
) -> Result<Ready, Box<Planned>> {
    let Successor { plan, order } = match Plan::succeed(&now.plan, configuration.settings.clone()) {
        Ok(successor) => successor,
        Err(error) => {
            planned.refusals.push(in_words(error, &configuration));
            return Err(Box::new(planned));
        }
    };
    let retired = plan.stations.iter().filter(|station| station.retired).count();
    if retired > RETIRED_MAX {
        planned.refusals.push(format!(
            "it needs a restart: {retired} stations would have been taken out since the start, and \
             what they were is remembered of {RETIRED_MAX} at most"
        ));
    }
    if !serves.keys {
        let mut needs = configuration.settings.stations.iter();
        if let Some(station) = needs.find(|station| station.keys == Keys::Provider) {
            let name = &station.name;
            planned
                .refusals
                .push(format!("station {name}: mac: needs a restart: no key provider was started"));
        }
    }
    let endpoint = |(id, place): (usize, &Option<usize>)| match place {
        Some(place) => in_places(&configuration.endpoints[*place], now.endpoints.get(id)),
        // It listens nowhere, and speaks as it did for as long as it has links.
        None => Endpoint { listen: Vec::new(), ..now.endpoints[id].clone() },
    };
    let endpoints: Vec<Endpoint> = order.iter().enumerate().map(endpoint).collect();
    let ports = changed_ports(now, &plan, &endpoints, wanted, &mut planned.refusals);
    if !planned.refusals.is_empty() {
        return Err(Box::new(planned));
    }
    Ok(Ready { planned, configuration, plan, places: order, endpoints, ports })
}

/// An endpoint whose addresses stand where they stood before, as each is a link's; those that are new take
/// the places of those that are gone.
fn in_places(new: &Endpoint, old: Option<&Endpoint>) -> Endpoint {
    let mut endpoint = new.clone();
    let Some(old) = old.filter(|old| old.connect.len() == new.connect.len()) else {
        return endpoint;
    };
    let mut left: BTreeMap<SocketAddr, usize> = BTreeMap::new();
    for &address in &new.connect {
        *left.entry(address).or_default() += 1;
    }
    let mut take = |address: &SocketAddr| {
        let count = left.get_mut(address).filter(|count| **count > 0);
        count.map(|count| *count -= 1).is_some()
    };
    let stays: Vec<bool> = old.connect.iter().map(&mut take).collect();
    let mut others = new.connect.iter().filter(|address| take(address));
    for ((address, &was), stays) in endpoint.connect.iter_mut().zip(&old.connect).zip(stays) {
        *address = if stays { was } else { *others.next().expect("as many are new as are gone") };
    }
    endpoint
}

/// What changes of each worker's ports. Those that can not be had are refusals.
fn changed_ports(
    now: &Snapshot,
    plan: &Plan,
    endpoints: &[Endpoint],
    how: Ports,
    refusals: &mut Vec<String>,
) -> Vec<Option<PortChange>> {
    let workers = || (0..plan.workers).map(WorkerId);
    let there: Vec<Vec<Port>> =
        workers().map(|worker| ports(&now.plan, &now.endpoints, worker)).collect();
    let of_others: BTreeSet<SocketAddr> = there.iter().flatten().map(|port| port.address).collect();
    let mut all = Vec::new();
    for worker in workers() {
        let wanted = ports(plan, endpoints, worker);
        if wanted == there[worker.index()] {
            all.push(None);
            continue;
        }
        let mut opened = Vec::new();
        for port in missing(&wanted, &there[worker.index()]) {
            let name = port.stations.first().map(|&id| &plan.station(id).settings.name);
            let name = name.map_or("", String::as_str);
            let address = port.address;
            if address.port() != 0 && of_others.contains(&address) {
                refusals.push(format!(
                    "station {name}: listen: {address} is a port of another worker of this node; \
                     it moves there with a restart"
                ));
                continue;
            }
            let done = match how {
                Ports::Opened => Listening::open(address).map(Some),
                Ports::TriedOut => Listening::try_out(address).map(|()| None),
            };
            match done {
                Ok(listening) => opened.extend(listening.map(|listening| (port, listening))),
                Err(error) => {
                    refusals.push(format!("station {name}: listen: {address}: {error}"));
                }
            }
        }
        all.push(Some(PortChange { wanted, opened }));
    }
    all
}

/// Why there is no such plan.
pub(super) fn in_words(error: PlanError, configuration: &Configuration) -> String {
    let stations = &configuration.settings.stations;
    match error {
        PlanError::Fixed { station: Some(station), key } => {
            let name = stations.get(station.index()).map_or("", |station| station.name.as_str());
            format!("station {name}: {key}: what it was since the start it stays until a restart")
        }
        PlanError::Fixed { station: None, key } => {
            format!("{key}: what it was since the start it stays until a restart")
        }
        PlanError::TooMany => "there are too many stations or links, with those that were taken \
                               out since the start; restart the node"
            .into(),
        PlanError::Workers
        | PlanError::Dialect { .. }
        | PlanError::Routing(_)
        | PlanError::NotAnIssuer { .. }
        | PlanError::Versions { .. } => format!("the settings can not be run: {error:?}"),
    }
}
