//! Who can hear whom: a network for each node, one for the witness, one for the centres, and the lines between
//! them, each of which can be cut in one direction alone. Must not know who is in them.

use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;

use crate::machine::line::Line;
use crate::machine::network::Network;

/// A network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Tokyo,
    Osaka,
    Witness,
    Centres,
}

/// One way over a line, from its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Way(pub(super) Place, pub(super) Place);

const PLACES: [Place; 4] = [Place::Tokyo, Place::Osaka, Place::Witness, Place::Centres];
/// The witness serves no centre.
const LINES: [(Place, Place); 5] = [
    (Place::Tokyo, Place::Osaka),
    (Place::Tokyo, Place::Witness),
    (Place::Osaka, Place::Witness),
    (Place::Tokyo, Place::Centres),
    (Place::Osaka, Place::Centres),
];

/// All networks and lines.
#[derive(Debug)]
pub(super) struct Map {
    networks: [Network; 4],
    lines: [Line; 5],
}

impl Map {
    /// New ones, held by files in this folder; all lines are whole.
    pub(super) fn lay(folder: &Path) -> io::Result<Self> {
        let network = |place: Place| Network::new(folder.join(format!("{place}.network")));
        let [tokyo, osaka, witness, centres] = PLACES.map(network);
        let networks = [tokyo?, osaka?, witness?, centres?];
        let line = |(one, other): (Place, Place)| {
            let ends = [(one, other), (other, one)]
                .map(|(of, to)| (&networks[of.number()], address(of, to)));
            Line::between(&format!("line{}", address(one, other).octets()[2]), ends)
        };
        let [one, two, three, four, five] = LINES.map(line);
        let lines = [one?, two?, three?, four?, five?];
        Ok(Self { networks, lines })
    }

    pub(super) fn network(&self, place: Place) -> &Network {
        &self.networks[place.number()]
    }

    /// What is sent that way arrives no more.
    pub(super) fn cut(&self, Way(from, to): Way) -> io::Result<()> {
        match line(from, to) {
            Some(line) => self.lines[line].cut_from(address(from, to)),
            None => Err(io::Error::other(format!("no line leads from {from} to {to}"))),
        }
    }

    /// Everything arrives again.
    pub(super) fn mend(&self) -> io::Result<()> {
        self.lines.iter().try_for_each(Line::mend)
    }

    /// They are let go of; they end with the last process in them.
    pub(super) fn leave(&self) -> io::Result<()> {
        self.networks.iter().try_for_each(Network::leave)
    }
}

/// All ways from and to a place.
pub(super) fn around(place: Place) -> Vec<Way> {
    let both = |(one, other): &(Place, Place)| [Way(*one, *other), Way(*other, *one)];
    LINES.iter().flat_map(both).filter(|Way(from, to)| *from == place || *to == place).collect()
}

/// The address of a place on its line to another one.
pub(super) fn address(of: Place, to: Place) -> Ipv4Addr {
    let number = line(of, to).map_or(0, |line| u8::try_from(line).expect("a few")) + 1;
    Ipv4Addr::new(10, 0, number, if of < to { 1 } else { 2 })
}

fn line(one: Place, other: Place) -> Option<usize> {
    LINES.iter().position(|ends| *ends == (one, other) || *ends == (other, one))
}

impl Place {
    fn number(self) -> usize {
        match self {
            Self::Tokyo => 0,
            Self::Osaka => 1,
            Self::Witness => 2,
            Self::Centres => 3,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tokyo => "tokyo",
            Self::Osaka => "osaka",
            Self::Witness => "witness",
            Self::Centres => "centres",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_of_a_line_have_an_address_of_their_own_in_its_net() {
        assert_eq!(address(Place::Tokyo, Place::Osaka), Ipv4Addr::new(10, 0, 1, 1));
        assert_eq!(address(Place::Osaka, Place::Tokyo), Ipv4Addr::new(10, 0, 1, 2));
        assert_eq!(address(Place::Centres, Place::Osaka), Ipv4Addr::new(10, 0, 5, 2));
    }

    #[test]
    fn around_a_node_are_six_ways() {
        let ways = around(Place::Osaka);
        assert_eq!(ways.len(), 6);
        assert!(ways.contains(&Way(Place::Witness, Place::Osaka)));
    }
}
