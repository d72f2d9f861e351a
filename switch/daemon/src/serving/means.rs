//! What a node that serves has of the system before it does: descriptors, ports, and a stand-in for the key
//! provider in a trial. Must not know what a worker does.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crossbeam::channel::Sender;
use switch_core::ids::WorkerId;
use switch_core::plan::{Keys, Plan};
use tracing::{info, warn};

use crate::config::{Configuration, Endpoint};
use crate::descriptors::{self, Descriptors};
use crate::journaling::Failure;
use crate::keys;
use crate::mesh::Mesh;
use crate::run::failed;
use crate::worker::HeldPorts;

/// Opens the ports of all stations, those of acquirers perhaps later; says how many workers have such. `give`
/// gives a worker its own, which those of acquirers among them wait so long for issuers at most.
///
/// # Errors
/// Which one is not to be had.
pub(super) fn listen(
    configuration: &Configuration,
    plan: &Plan,
    mut give: impl FnMut(WorkerId, HeldPorts, Duration) -> Result<(), (SocketAddr, io::Error)>,
) -> Result<usize, Failure> {
    let open_after = configuration.open_after;
    let refused = |(address, error)| failed(format!("listen on {address}: {error}"));
    let mut waiting = 0;
    for worker in (0..plan.workers).map(WorkerId) {
        let places = (plan, &*configuration.endpoints);
        let held = HeldPorts::of(places, worker, !open_after.is_zero()).map_err(refused)?;
        for (address, station) in held.listening() {
            let station = plan.station(station).settings.name.as_str();
            info!(station, address = address.to_string(), "listening");
        }
        waiting += usize::from(held.wait());
        give(worker, held, open_after).map_err(refused)?;
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
pub(super) fn keys_of(plan: &Plan, mesh: &Arc<Mesh>) -> io::Result<Option<Sender<keys::Asked>>> {
    let needed = plan.stations.iter().any(|station| station.settings.keys == Keys::Provider);
    // Its thread ends by itself, with the last worker.
    needed.then(|| keys::start(Arc::clone(mesh)).map(|(sender, _)| sender)).transpose()
}
