//! Where released bytes go: framed onto sockets, or into the lane to another worker. Must not know
//! what they say.

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
    fn send(&mut self, link: LinkId, message: &[u8]) -> Option<Placed> {
        let socket = self.sockets.of(link)?;
        let endpoint = &self.endpoints[self.plan.station_of(link).index()];
        let (mut head, mut tail) = ([0; AFFIX_MAX], [0; AFFIX_MAX]);
        let head_len = endpoint.framing.open(message.len(), &mut head).ok()?;
        let tail_len = endpoint.framing.close(message.len(), &mut tail).ok()?;
        let parts = [&head[..head_len], message, &tail[..tail_len]];
        let end = self.net.send(socket, &parts).ok()?;
        let total = wide(head_len + message.len() + tail_len);
        let handed = end - wide(self.net.out_buffered(socket));
        Some(Placed { start: end - total, handed })
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
