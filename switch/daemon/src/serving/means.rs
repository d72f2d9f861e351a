//! What a node that serves has of the system before it does: descriptors, ports, and a stand-in for the key
//! provider in a trial. Must not know what a worker does.

use std::sync::Arc;

use crossbeam::channel::Sender;
use switch_core::plan::{Keys, Plan};
use tracing::{info, warn};

use crate::config::Endpoint;
use crate::descriptors::{self, Descriptors};
use crate::journaling::Failure;
use crate::keys;
use crate::mesh::Mesh;
use crate::run::failed;
use crate::worker::Worker;

/// Opens the ports of all stations.
///
/// # Errors
/// Which one is not to be had.
pub(super) fn listen(workers: &mut [Worker], plan: &Plan) -> Result<(), Failure> {
    for worker in &mut *workers {
        let listens = worker.listen();
        listens.map_err(|(address, error)| failed(format!("listen on {address}: {error}")))?;
    }
    for (address, station) in workers.iter().flat_map(Worker::listening_for) {
        let station = plan.station(station).settings.name.as_str();
        info!(station, address = address.to_string(), "listening");
    }
    Ok(())
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
