//! Whether this node could open the ports of its stations, looked at while it is a standby: it is better known
//! before a promotion than by it. Must not know who has them now.

use std::io;
use std::net::SocketAddr;

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with, sockopt};
use tracing::{info, warn};

use crate::config::Endpoint;

/// Says which ones are not to be had.
pub(super) fn tell_what_is_missing(endpoints: &[Endpoint]) {
    for (address, error) in missing(endpoints) {
        let (address, error, kind) = (address.to_string(), error.to_string(), error.kind());
        if kind == io::ErrorKind::AddrInUse {
            info!(
                address,
                "another process listens there now: this node could not, if it were promoted"
            );
        } else {
            warn!(
                address,
                error, "this address is not to be had here: a promotion would end with that"
            );
        }
    }
}

fn missing(endpoints: &[Endpoint]) -> Vec<(SocketAddr, io::Error)> {
    let all = endpoints.iter().flat_map(|endpoint| &endpoint.listen);
    all.filter_map(|&address| taken_for_a_moment(address).err().map(|error| (address, error)))
        .collect()
}

/// Nobody can connect: it is bound, and does not listen.
fn taken_for_a_moment(address: SocketAddr) -> io::Result<()> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket = socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    Ok(bind(&socket, &address)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    fn looked_at(address: SocketAddr) -> Option<io::ErrorKind> {
        taken_for_a_moment(address).err().map(|error| error.kind())
    }

    #[test]
    fn an_address_is_missing_that_another_listens_on_or_that_is_of_another_machine() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        assert_eq!(looked_at(address), Some(io::ErrorKind::AddrInUse));
        drop(listener);
        assert_eq!(looked_at(address), None);
        assert_eq!(looked_at(address), None, "a look takes nothing");
        assert!(TcpStream::connect(address).is_err());
        // TEST-NET-1 of RFC 5737: nobody has it.
        let foreign = "192.0.2.1:7001".parse().unwrap();
        assert_eq!(looked_at(foreign), Some(io::ErrorKind::AddrNotAvailable));
    }
}
