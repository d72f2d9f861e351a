//! The line to the other of two nodes, and the thread `ship` that owns it and the node's role. Must not
//! know what a record says, nor how a log is written.

mod session;

mod line;

mod doors;

mod shown;

mod ship;

pub use ship::Ship;

/// A box that nobody empties, for tests of those who fill it.
#[cfg(test)]
pub(crate) mod unread {
    use std::sync::Arc;

    use journal::roles::event::Event;
    use mio::{Poll, Token, Waker};

    use super::ship::{Ship, Wants};
    use super::shown::Shown;

    /// It, and what it is woken by. It wants all that is framed, as that of a primary in sync.
    pub(crate) fn ship() -> (Arc<Ship>, Poll) {
        let poll = Poll::new().unwrap();
        let waker = Waker::new(poll.registry(), Token(0)).unwrap();
        let ship = Ship::new(waker, Shown::default());
        ship.wants(Wants { bytes: true, durable: false, requires: true });
        (Arc::new(ship), poll)
    }

    /// Nothing is waited for any more.
    pub(crate) fn gives_up(ship: &Ship) {
        ship.wants(Wants::default());
    }

    /// What was put into it.
    pub(crate) fn events(ship: &Ship) -> Vec<Event> {
        ship.take().events.into()
    }
}
