//! Which ports a worker listens on, and for which stations: as a configuration wants it, and as it is.
//! Must not know who connects.

use std::net::SocketAddr;

use switch_core::ids::{StationId, WorkerId};
use switch_core::plan::Plan;
use switch_net::ListenerId;

use crate::config::Endpoint;

/// A port as it is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// The address; port 0 is any that is free.
    pub address: SocketAddr,
    /// Whom it is for, told apart by their peers.
    pub stations: Vec<StationId>,
}

impl Port {
    /// Whether it is the same port, whomever it is for. Any port is only itself.
    pub fn is(&self, other: &Self) -> bool {
        self.address == other.address
            && (self.address.port() != 0 || self.stations == other.stations)
    }
}

/// The ports of a worker's stations, in the order of their ids.
pub fn ports(plan: &Plan, endpoints: &[Endpoint], worker: WorkerId) -> Vec<Port> {
    let mut ports: Vec<Port> = Vec::new();
    for (id, (station, endpoint)) in (0..).map(StationId).zip(plan.stations.iter().zip(endpoints)) {
        if station.worker != worker {
            continue;
        }
        for &address in &endpoint.listen {
            let known = ports.iter_mut().filter(|_| address.port() != 0);
            match known.into_iter().find(|known| known.address == address) {
                Some(known) => known.stations.push(id),
                None => ports.push(Port { address, stations: vec![id] }),
            }
        }
    }
    ports
}

/// Those of `wanted` that `there` does not have.
pub fn missing(wanted: Vec<Port>, there: &[Port]) -> Vec<Port> {
    let mut there: Vec<&Port> = there.iter().collect();
    let mut missing = wanted;
    missing.retain(|port| {
        // Each is there once: a station may want any port twice.
        let found = there.iter().position(|known| known.is(port));
        found.map(|place| there.swap_remove(place)).is_none()
    });
    missing
}

/// A port that is listened on.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) port: Port,
    pub(super) listener: ListenerId,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(address: &str, stations: &[u16]) -> Port {
        let stations = stations.iter().copied().map(StationId).collect();
        Port { address: address.parse().unwrap(), stations }
    }

    #[test]
    fn a_port_is_the_same_for_others_and_any_port_is_only_itself() {
        let (one, any) = ("10.0.0.1:7001", "10.0.0.1:0");
        let there = [port(one, &[0, 1]), port(any, &[2]), port(any, &[3])];
        let same = vec![port(any, &[3]), port(one, &[4]), port(any, &[2])];
        assert_eq!(missing(same, &there), []);
        let more = vec![port(any, &[2]), port(any, &[2]), port("10.0.0.1:7002", &[0])];
        assert_eq!(missing(more.clone(), &there), more[1..]);
    }
}
