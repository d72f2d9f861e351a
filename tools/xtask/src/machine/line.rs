//! A line between two networks, which can be cut in each direction alone. Must not know what goes over it.
//!
//! Each end is told by hand which hardware the other end has. A direction is cut by telling its sender of
//! hardware that nobody has: what is sent is lost on the way, and neither end is told, as when a device
//! between two sites dies.

use std::io;
use std::net::Ipv4Addr;

use super::network::Network;

/// Hardware that nobody has.
const NOBODY: Ipv4Addr = Ipv4Addr::UNSPECIFIED;

/// A line: a pair of virtual devices of the same name, one in each network. It ends with them.
#[derive(Debug)]
pub(crate) struct Line {
    device: String,
    ends: [End; 2],
}

#[derive(Debug)]
struct End {
    network: Network,
    address: Ipv4Addr,
}

impl Line {
    /// A line of that name (a device's: 15 bytes at most) between these networks, each with its address: nothing
    /// but the other end is behind it, so one end may have the same address on several lines.
    pub(crate) fn between(device: &str, ends: [(&Network, Ipv4Addr); 2]) -> io::Result<Self> {
        let ends = ends.map(|(network, address)| End { network: network.clone(), address });
        let line = Self { device: device.to_owned(), ends };
        let [one, other] = &line.ends;
        one.network.ip(&format!(
            "link add {device} address {} type veth peer name {device} address {} netns {}",
            hardware(one.address),
            hardware(other.address),
            other.network.path().display()
        ))?;
        for (End { network, address }, other) in line.directions() {
            let other = other.address;
            network.ip(&format!("address add {address} peer {other} dev {device}"))?;
            network.ip(&format!("link set {device} up"))?;
        }
        line.mend()?;
        Ok(line)
    }

    /// What is sent by the end of this address arrives no more.
    pub(crate) fn cut_from(&self, address: Ipv4Addr) -> io::Result<()> {
        match self.directions().find(|(sender, _)| sender.address == address) {
            Some((sender, receiver)) => self.leads(sender, receiver, NOBODY),
            None => Err(io::Error::other(format!("no end of {} has {address}", self.device))),
        }
    }

    /// Nothing arrives any more, whoever sends it.
    pub(crate) fn cut(&self) -> io::Result<()> {
        self.ends.iter().try_for_each(|end| self.cut_from(end.address))
    }

    /// Both directions are whole.
    pub(crate) fn mend(&self) -> io::Result<()> {
        self.directions()
            .try_for_each(|(sender, receiver)| self.leads(sender, receiver, receiver.address))
    }

    fn directions(&self) -> impl Iterator<Item = (&End, &End)> {
        let [one, other] = &self.ends;
        [(one, other), (other, one)].into_iter()
    }

    /// What one end sends to the other one goes to the hardware of this address.
    fn leads(&self, sender: &End, receiver: &End, to: Ipv4Addr) -> io::Result<()> {
        let (device, hardware) = (&self.device, hardware(to));
        let words = format!(
            "neigh replace {} lladdr {hardware} nud permanent dev {device}",
            receiver.address
        );
        sender.network.ip(&words)
    }
}

/// The hardware of an address: one of those that anybody may give.
fn hardware(address: Ipv4Addr) -> String {
    let [a, b, c, d] = address.octets();
    format!("02:00:{a:02x}:{b:02x}:{c:02x}:{d:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_hardware_of_its_own_that_is_nobody_elses() {
        assert_eq!(hardware(Ipv4Addr::new(10, 0, 0, 1)), "02:00:0a:00:00:01");
        assert_ne!(hardware(Ipv4Addr::new(10, 0, 0, 2)), hardware(NOBODY));
    }
}
