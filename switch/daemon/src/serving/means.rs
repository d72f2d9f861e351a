//! What a node that serves has of the system before it does: descriptors, ports, and a stand-in for the key
//! provider in a trial. Must not know what a worker does.

use std::sync::Arc;

use crossbeam::channel::Sender;
use switch_core::plan::{Keys, Plan};
use tracing::{info, warn};

use crate::config::{Configuration, Endpoint};
use crate::descriptors::{self, Descriptors};
use crate::journaling::Failure;
use crate::keys;
use crate::mesh::Mesh;
use crate::run::failed;
use crate::worker::{HeldPorts, Worker};

/// Opens the ports of all stations, those of acquirers perhaps later; says how many workers have such.
///
/// # Errors
/// Which one is not to be had.
pub(super) fn listen(
    workers: &mut [Worker],
    configuration: &Configuration,
    plan: &Plan,
) -> Result<usize, Failure> {
    let open_after = configuration.open_after;
    let refused = |(address, error)| failed(format!("listen on {address}: {error}"));
    let mut waiting = 0;
    for worker in &mut *workers {
        let places = (plan, &*configuration.endpoints);
        let held = HeldPorts::of(places, worker.id(), !open_after.is_zero()).map_err(refused)?;
        waiting += usize::from(held.wait());
        worker.take_ports(held, open_after).map_err(refused)?;
    }
    for (address, station) in workers.iter().flat_map(Worker::listening_for) {
        let station = plan.station(station).settings.name.as_str();
        info!(station, address = address.to_string(), "listening");
    }
    Ok(waiting)
}

/// Makes room for every link that the configuration allows, or says that there is none; how many
/// there can be.
pub(super) fn links_max(plan: &Plan, endpoints: &[Endpoint]) -> usize {
    let Descriptors { allowed, needed, links_max } = descriptors::raise(plan, endpoints);
    if allowed < needed {
        warn!(allowed, needed, "{}", descriptors::TOO_FEW);
    }
    links_max
}

/// The stand-in for the key provider, where a station needs one.
pub(super) fn keys_of(
    plan: &Plan,
    mesh: &Arc<Mesh>,
) -> std::io::Result<Option<Sender<keys::Asked>>> {
    let needed = plan.stations.iter().any(|station| station.settings.keys == Keys::Provider);
    // Its thread ends by itself, with the last worker.
    needed.then(|| keys::start(Arc::clone(mesh)).map(|(sender, _)| sender)).transpose()
}
