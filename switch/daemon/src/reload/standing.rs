//! A configuration that a standby takes up: looked at as that of a node that serves, and what the next reign
//! begins with. Must not know when that is.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use switch_core::ids::WorkerId;
use switch_core::plan::{Numbers, Plan};
use switch_net::Listening;

use super::reading::{Ready, in_words};
use super::{OVER, Parts, Reason, lock};
use crate::change::Planned;
use crate::clocks;
use crate::config::{Configuration, Endpoint};
use crate::journaling::{NO_NUMBERS, Spoken};
use crate::logs;
use crate::running::Snapshot;
use crate::worker::{missing, ports};

/// Stations stand in the order of the file, as at a start. A port that is new is tried out, though nobody is to
/// listen on it yet.
pub(super) fn ready(
    now: &Snapshot,
    configuration: Box<Configuration>,
    mut planned: Planned,
) -> Result<Ready, Box<Planned>> {
    let plan = match Plan::new(configuration.settings.clone()) {
        Ok(plan) => plan,
        Err(error) => {
            planned.refusals.push(in_words(error, &configuration));
            return Err(Box::new(planned));
        }
    };
    let endpoints = configuration.endpoints.clone();
    try_out(now, &plan, &endpoints, &mut planned);
    let places = (0..plan.stations.len()).map(Some).collect();
    Ok(Ready { planned, configuration, plan, places, endpoints, ports: Vec::new() })
}

/// One that is not to be had now may be when the node is promoted.
fn try_out(now: &Snapshot, plan: &Plan, endpoints: &[Endpoint], planned: &mut Planned) {
    let workers = || (0..plan.workers).map(WorkerId);
    let there = |worker| ports(&now.plan, &now.endpoints, worker);
    let known: BTreeSet<SocketAddr> = workers().flat_map(there).map(|port| port.address).collect();
    for worker in workers() {
        for port in missing(&ports(plan, endpoints, worker), &there(worker)) {
            // To another worker it may move: there is none yet.
            if known.contains(&port.address) {
                continue;
            }
            let Err(error) = Listening::try_out(port.address) else { continue };
            let name = port.stations.first().map(|&id| &plan.station(id).settings.name);
            let name = name.map_or("", String::as_str);
            planned.warnings.push(format!(
                "station {name}: listen: {}: {error}; this node must have it when it is promoted",
                port.address
            ));
        }
    }
}

/// A plan whose configuration has a number of the node's own. The journal's numbers of its stations and links it
/// gets when a reign begins.
pub(crate) fn called(plan: Plan, number: u32) -> Plan {
    let numbers = Numbers { configuration: number, ..plan.numbers().clone() };
    plan.numbered(numbers)
}

/// Takes up what was read, for the reign that may come, unless that has begun.
///
/// # Errors
/// Why not.
pub(super) fn adopt(
    spoken: &Spoken,
    parts: &Parts,
    over: &Mutex<bool>,
    ready: Ready,
    reason: &Reason,
) -> Result<Arc<Snapshot>, Vec<String>> {
    let now = parts.running.now();
    spoken.add(ready.dialects());
    let Ready { mut configuration, plan, places, endpoints, .. } = ready;
    let digest = configuration.digest();
    // The room that there is stays, though messages may be shorter now.
    configuration.settings.limits.parked_frame_max = now.plan.limits.parked_frame_max;
    // No record has this number: a reign that begins with it gives it one.
    let number = now.number().checked_add(1).ok_or_else(|| vec![NO_NUMBERS.to_owned()])?;
    let level = configuration.log_level;
    let adopted = Arc::new(Snapshot {
        configuration: Arc::from(configuration),
        plan: Arc::new(called(plan, number)),
        endpoints: endpoints.into(),
        places,
        since: (clocks::utc(), reason.by.clone()),
        how: reason.how,
        digest,
        standby: true,
    });
    let over = lock(over);
    if *over {
        return Err(vec![OVER.to_owned()]);
    }
    let old = parts.running.publish(Arc::clone(&adopted));
    parts.tell_peer(&adopted);
    drop(over);
    logs::set_level(level.into());
    drop(old);
    Ok(adopted)
}
