//! What an acquirer's centre sends, and when there is room for it. Must not know what comes back.

use switch_net::{Net, SocketId};

use super::schedule::Schedule;
use super::station::{Station, sale_of};
use crate::clock::{self, SECOND};
use crate::ledger::Acquirer;

/// Sends in one turn of the open loop, so that answers are read in between.
const SENDS_PER_TURN: usize = 256;

/// The moment of a turn.
#[derive(Clone, Copy)]
struct Moment {
    now: u64,
    /// Seconds since 1970.
    second: u64,
}

impl Station {
    /// Gives our answers to network management to their sockets. A partner that does not take one
    /// asks again.
    pub(super) fn send_replies(&mut self, net: &mut Net) {
        self.replies.deliver(net, |_, _| ());
    }

    /// Fills the windows of the connections that have room.
    pub(super) fn send_window(&mut self, net: &mut Net, window: usize, now: u64) {
        if self.windows.ready.is_empty() {
            return;
        }
        let moment = Moment { now, second: clock::unix() / SECOND };
        let mut left = 0;
        for index in 0..self.windows.ready.len() {
            let connection = self.windows.ready[index];
            let room = self.fill(net, connection, window, moment);
            self.windows.is_ready[connection] = room;
            if room {
                self.windows.ready[left] = connection;
                left += 1;
            }
        }
        self.windows.ready.truncate(left);
    }

    /// Whether there is room left in the window.
    fn fill(&mut self, net: &mut Net, connection: usize, window: usize, moment: Moment) -> bool {
        let Some(socket) = self.connects.socket(connection) else { return false };
        while self.windows.in_flight[connection] < window {
            if !self.send(net, socket, connection, moment.now, moment) {
                return true;
            }
        }
        false
    }

    /// Sends what the schedule says, one connection after the other.
    pub(super) fn send_due(&mut self, net: &mut Net, schedule: &mut Schedule, now: u64) {
        let moment = Moment { now, second: clock::unix() / SECOND };
        for _ in 0..SENDS_PER_TURN {
            let due = schedule.due();
            if due > now {
                return;
            }
            let Some((connection, socket)) = self.next_open() else { return };
            if !self.send(net, socket, connection, due, moment) {
                return;
            }
            self.tally.late_sends += u64::from(schedule.take(now));
        }
    }

    fn next_open(&mut self) -> Option<(usize, SocketId)> {
        for _ in 0..self.connects.len() {
            let connection = self.next_connection;
            self.next_connection = (connection + 1) % self.connects.len();
            if let Some(socket) = self.connects.socket(connection) {
                return Some((connection, socket));
            }
        }
        None
    }

    /// One request; `false` when there is no room for it.
    fn send(
        &mut self,
        net: &mut Net,
        socket: SocketId,
        connection: usize,
        intended: u64,
        Moment { now, second }: Moment,
    ) -> bool {
        let Some(particulars) = self.book.begin(second, intended, now, connection) else {
            return false;
        };
        let sale = sale_of(&mut self.sales, particulars.sequence);
        if net.send(socket, &[sale.frame(&particulars)]).is_err() {
            self.book.withdraw(&particulars);
            return false;
        }
        if let Some(pages) = &mut self.pages {
            pages.push(now, |at_ns| Acquirer::Sent(sale.note(&particulars, at_ns)));
        }
        self.windows.in_flight[connection] += 1;
        self.patience.on_asked(connection, now);
        self.tally.service.on_asked(intended);
        self.tally.sent += 1;
        self.last_send = now;
        self.on_sent(&particulars, connection, now);
        true
    }
}
