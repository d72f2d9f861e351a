//! Which ports a worker listens on, and for which stations: as a configuration wants it, and as it is.
//! Must not know who connects.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use switch_core::ids::{StationId, WorkerId};
use switch_core::plan::Plan;
use switch_net::{ListenerId, Listening, Net};

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
        self.key() == other.key()
    }
}

impl Port {
    /// What tells it from others, whomever it is for, and orders them.
    fn key(&self) -> (SocketAddr, &[StationId]) {
        (self.address, if self.address.port() == 0 { &self.stations } else { &[] })
    }
}

/// The ports of a worker's stations, in the order of their addresses.
pub fn ports(plan: &Plan, endpoints: &[Endpoint], worker: WorkerId) -> Vec<Port> {
    let mut ports: Vec<Port> = Vec::new();
    let mut places: BTreeMap<SocketAddr, usize> = BTreeMap::new();
    for (id, (station, endpoint)) in (0..).map(StationId).zip(plan.stations.iter().zip(endpoints)) {
        if station.worker != worker {
            continue;
        }
        for &address in &endpoint.listen {
            let known = places.get(&address).filter(|_| address.port() != 0);
            if let Some(&place) = known {
                ports[place].stations.push(id);
            } else {
                places.insert(address, ports.len());
                ports.push(Port { address, stations: vec![id] });
            }
        }
    }
    ports.sort_by(|one, other| one.key().cmp(&other.key()));
    ports
}

/// Those of `wanted` that `there` does not have; both as [`ports`] gives them.
pub fn missing(wanted: &[Port], there: &[Port]) -> Vec<Port> {
    let mut there = there.iter().peekable();
    let is_missing = |port: &&Port| {
        while there.next_if(|known| known.key() < port.key()).is_some() {}
        // Each is there once: a station may want any port twice.
        there.next_if(|known| known.is(port)).is_none()
    };
    wanted.iter().filter(is_missing).cloned().collect()
}

/// What a worker does about its ports.
#[derive(Debug, Default)]
pub struct PortChange {
    /// All ports that it has from then on, as [`ports`] gives them.
    pub wanted: Vec<Port>,
    /// Those of them that were opened for it.
    pub opened: Vec<(Port, Listening)>,
}

/// A port that is listened on.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) port: Port,
    pub(super) listener: ListenerId,
}

impl Open {
    /// Those of `wanted` go on, for whom they are now; others are closed. Costs no more than to sort those
    /// that there are.
    pub(super) fn keep(all: &mut Vec<Self>, wanted: Vec<Port>, net: &mut Net) {
        Self::sort(all);
        let mut wanted = wanted.into_iter().peekable();
        all.retain_mut(|Self { port, listener }| {
            while wanted.next_if(|wanted| wanted.key() < port.key()).is_some() {}
            let goes_on = wanted.next_if(|wanted| wanted.is(port));
            let stays = goes_on.is_some();
            if let Some(wanted) = goes_on {
                *port = wanted;
            } else {
                net.close_listener(*listener);
            }
            stays
        });
    }

    /// Those at one address find each other.
    pub(super) fn sort(all: &mut [Self]) {
        all.sort_by(|one, other| one.port.key().cmp(&other.port.key()));
    }

    /// Whom the port at this address is for.
    pub(super) fn stations_at(all: &[Self], address: SocketAddr) -> &[StationId] {
        let found = all.binary_search_by_key(&address, |open| open.port.address);
        found.map_or(&[], |place| &*all[place].port.stations)
    }
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
        let there = [port(any, &[2]), port(any, &[3]), port(one, &[0, 1])];
        let same = [port(any, &[2]), port(any, &[3]), port(one, &[4])];
        assert_eq!(missing(&same, &there), []);
        let more = [port(any, &[2]), port(any, &[2]), port("10.0.0.1:7002", &[0])];
        assert_eq!(missing(&more, &there), more[1..]);
    }
}
