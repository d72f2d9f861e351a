//! Where released bytes go: framed onto sockets, or into the lane to another worker. Must not know
//! what they say.

use codec::Tpdu;
use switch_core::ids::{LinkId, WorkerId};
use switch_core::outlet::{Outlet, Placed};
use switch_core::plan::Plan;
use switch_net::Net;

use super::outbox::Outbox;
use super::sockets::Sockets;
use crate::config::Endpoint;

/// The most bytes that a framing puts in front of a message, or behind it.
const AFFIX_MAX: usize = 64;

pub(crate) struct Out<'a> {
    pub(crate) net: &'a mut Net,
    pub(crate) sockets: &'a Sockets,
    pub(crate) plan: &'a Plan,
    pub(crate) endpoints: &'a [Endpoint],
    /// By worker; none to itself.
    pub(crate) outboxes: &'a mut [Option<Outbox>],
}

impl Outlet for Out<'_> {
    #[inline]
    fn send(&mut self, link: LinkId, tpdu: Option<Tpdu>, message: &[u8]) -> Option<Placed> {
        let socket = self.sockets.of(link)?;
        let endpoint = &self.endpoints[self.plan.station_of(link).index()];
        let (mut head, mut tail) = ([0; AFFIX_MAX], [0; AFFIX_MAX]);
        let head_len = endpoint.framing.open_with(tpdu, message.len(), &mut head).ok()?;
        let tail_len = endpoint.framing.close(message.len(), &mut tail).ok()?;
        let total = head_len + message.len() + tail_len;
        // The sockets know one bound for all, that of the station with the largest.
        if self.net.out_buffered(socket) + total > endpoint.out_max {
            return None;
        }
        let parts = [&head[..head_len], message, &tail[..tail_len]];
        let end = self.net.send(socket, &parts).ok()?;
        let handed = self.net.handed(socket).unwrap_or_default();
        Some(Placed { start: end - wide(total), end, handed })
    }

    fn handed(&self, link: LinkId) -> u64 {
        let socket = self.sockets.of(link);
        socket.and_then(|socket| self.net.handed(socket)).unwrap_or_default()
    }

    fn withdraw(&mut self, link: LinkId, start: u64, end: u64) -> bool {
        self.sockets.of(link).is_some_and(|socket| self.net.withdraw(socket, start, end))
    }

    #[inline]
    fn carry(&mut self, worker: WorkerId, answer: bool, head: &[u8], body: &[u8]) -> bool {
        let outbox = self.outboxes[worker.index()].as_mut();
        outbox.is_some_and(|outbox| outbox.add(answer, head, body))
    }
}

fn wide(len: usize) -> u64 {
    u64::try_from(len).expect("a length fits")
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use switch_core::ids::StationId;
    use switch_net::SocketOptions;

    use super::*;
    use crate::config::{self, Mode};

    const KIB: usize = 1 << 10;

    /// Two stations of one worker, of which one may let half as much wait as the other.
    const STATIONS: &str = r#"
        [node]
        name = "trial"
        institution = "49000000001"
        state = "state"
        workers = 1
        [control]
        socket = "control.sock"
        [[station]]
        name = "merchant-a"
        role = "acquirer"
        institution = "77334000001"
        dialect = "iso93-ascii"
        framing = "ascii4"
        listen = ["127.0.0.1:0"]
        out_max = "64KiB"
        [[station]]
        name = "merchant-b"
        role = "acquirer"
        institution = "77334000002"
        dialect = "iso93-ascii"
        framing = "ascii4"
        listen = ["127.0.0.1:0"]
        out_max = "128KiB"
    "#;

    fn settings() -> (Plan, Vec<Endpoint>) {
        let place = std::env::temp_dir().join(format!("sekisho-outlet-{}", std::process::id()));
        std::fs::create_dir_all(&place).unwrap();
        let file = place.join("sekisho.toml");
        std::fs::write(&file, STATIONS).unwrap();
        let loaded = config::load(&file, Mode { insecure_demo: true });
        std::fs::remove_dir_all(&place).unwrap();
        let configuration = loaded.unwrap();
        (Plan::new(configuration.settings).unwrap(), configuration.endpoints)
    }

    #[test]
    fn each_station_of_a_worker_has_its_own_bound_of_bytes_that_wait_for_it() {
        let (plan, endpoints) = settings();
        let options = SocketOptions { out_max: 128 * KIB, ..SocketOptions::default() };
        let mut net = Net::new(4, 4, options).unwrap();
        let there = TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = there.local_addr().unwrap();
        let mut sockets = Sockets::new(net.sockets_max(), plan.link_stations.len());
        let links = [0, 1].map(|station| plan.station(StationId(station)).links_from);
        for link in links {
            sockets.join(net.connect(peer).unwrap(), link, peer);
        }
        let mut out = Out {
            net: &mut net,
            sockets: &sockets,
            plan: &plan,
            endpoints: &endpoints,
            outboxes: &mut [],
        };
        // With the four digits of its length a message is 1 KiB. No turn is taken: nothing leaves.
        let message = [b'X'; KIB - 4];
        for (link, bound) in links.into_iter().zip([64, 128]) {
            let taken = (0..1_000).take_while(|_| out.send(link, None, &message).is_some()).count();
            assert_eq!(taken, bound, "and not one byte more");
            assert!(out.send(link, None, &[]).is_none());
        }
    }
}
