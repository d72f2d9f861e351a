//! The field: acquirers and issuers in a network of their own, as partners are, who know the addresses of all nodes.
//! Must not know the lines to them.

use std::net::{Ipv4Addr, SocketAddr};

use ctl::parties::ISSUERS;

use super::site::{LINKS, port};
use crate::campaign::centres::Bank;
use crate::campaign::dice::Dice;
use crate::campaign::trouble::Trouble;
use crate::machine::namespace;
use crate::machine::network::Network;

/// Where it is, for who has a line to it.
pub(super) const PLACE: Ipv4Addr = Ipv4Addr::new(10, 4, 0, 9);

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

    pub(super) fn network(&self) -> &Network {
        &self.network
    }

    /// Whether all issuers have all connections of a node at least.
    pub(super) fn is_linked(&self) -> bool {
        self.banks.iter().all(|bank| bank.links() >= LINKS)
    }
}
