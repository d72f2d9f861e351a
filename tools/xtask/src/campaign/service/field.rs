//! The field: acquirers and issuers in a network of their own, as partners are, who know the addresses of all nodes.
//! Must not know the lines to them.

use std::net::{Ipv4Addr, SocketAddr};
use std::thread;

use ctl::parties::{ACQUIRERS, ISSUERS};

use super::site::{LINKS, port};
use crate::campaign::centres::{Bank, Merchant};
use crate::campaign::dice::Dice;
use crate::campaign::trouble::Trouble;
use crate::machine::namespace;
use crate::machine::network::Network;

/// Where it is, for who has a line to it.
pub(super) const PLACE: Ipv4Addr = Ipv4Addr::new(10, 4, 0, 9);
/// Where the nodes are for it.
pub(super) const NODES: [Ipv4Addr; 2] = [Ipv4Addr::new(10, 4, 0, 1), Ipv4Addr::new(10, 4, 0, 2)];

/// The centres of the field.
#[derive(Debug)]
pub(super) struct Field {
    network: Network,
    pub(super) banks: [Bank; 2],
}

impl Field {
    /// A network with the issuers in it; this thread is in that then.
    pub(super) fn opens() -> Result<Self, Trouble> {
        let network = Network::new(namespace::place().join("field"));
        let network = network.map_err(Trouble::failed("a network"))?;
        network.enter().map_err(Trouble::failed("the network of the field"))?;
        let mut dice = Dice::new(1);
        // Whichever address of this network a line brings.
        let anywhere = |place| SocketAddr::from((Ipv4Addr::UNSPECIFIED, port(8001, place)));
        let mut bank = |place: usize| Bank::at(&ISSUERS[place], anywhere(place), &mut dice);
        let banks = [bank(0)?, bank(1)?];
        Ok(Self { network, banks })
    }

    /// Acquirers that know the addresses of both nodes, each with so many requests a second.
    pub(super) fn sends(&self, rate: u64) -> Vec<Merchant> {
        let begin = || {
            self.network.enter().expect("the network is held by a file");
            let doors = |place| NODES.map(|node| SocketAddr::from((node, port(7001, place))));
            let begins = |(place, party)| Merchant::steady(party, &doors(place), rate);
            ACQUIRERS.iter().enumerate().map(begins).collect()
        };
        // They stay in the network of the thread that begins them, and this one stays where it is.
        thread::scope(|scope| scope.spawn(begin).join().expect("a thread ends"))
    }

    pub(super) fn network(&self) -> &Network {
        &self.network
    }

    /// Whether all issuers have all connections of a node at least.
    pub(super) fn is_linked(&self) -> bool {
        self.banks.iter().all(|bank| bank.links() >= LINKS)
    }
}
