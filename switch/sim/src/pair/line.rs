//! The line between two sites: one connection at a time, each direction of which can be slow or cut
//! by itself. What was sent while it was cut arrives afterwards, as long as both ends stand. Must not
//! know what travels on it.

use super::agenda::{At, MS};
use crate::seeds::dice::Dice;

/// A site: 0 or 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Site(pub(crate) usize);

impl Site {
    /// Both.
    pub(crate) const BOTH: [Self; 2] = [Self(0), Self(1)];

    /// The other one.
    pub(crate) fn other(self) -> Self {
        Self(1 - self.0)
    }
}

/// A connection, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Connection(pub(crate) u64);

/// What arrives at a site.
#[derive(Clone, Debug)]
pub(crate) enum Carried<M> {
    /// A message.
    Message(M),
    /// The other end is closed.
    End,
}

/// One direction.
#[derive(Debug)]
struct Way<M> {
    is_cut: bool,
    /// How long a message takes, in nanoseconds: from this up to that.
    delay: (u64, u64),
    /// When the last message arrives.
    last: At,
    /// What waits for the cut to end.
    held: Vec<(Connection, Carried<M>)>,
}

/// The line.
#[derive(Debug)]
pub(crate) struct Line<M> {
    /// From each site to the other one.
    ways: [Way<M>; 2],
    /// What each site takes for the connection.
    ends: [Option<Connection>; 2],
    /// Since when nobody has taken what each site sends.
    untaken: [Option<At>; 2],
    count: u64,
}

impl<M> Line<M> {
    /// A line whose messages take so long each way.
    pub(crate) fn new(delay: (u64, u64)) -> Self {
        let way = || Way { is_cut: false, delay, last: At(0), held: Vec::new() };
        Self { ways: [way(), way()], ends: [None; 2], untaken: [None; 2], count: 0 }
    }

    /// What a site takes for the connection.
    pub(crate) fn end(&self, site: Site) -> Option<Connection> {
        self.ends[site.0]
    }

    /// Whether nothing gets through from a site.
    pub(crate) fn is_cut(&self, from: Site) -> bool {
        self.ways[from.0].is_cut
    }

    /// How long messages from a site take from now on.
    pub(crate) fn set_delay(&mut self, from: Site, delay: (u64, u64)) {
        self.ways[from.0].delay = delay;
    }

    /// A connection comes about, and each end says so. What was on the way on an older one is lost.
    pub(crate) fn connects(&mut self) -> Connection {
        self.count += 1;
        let connection = Connection(self.count);
        self.ends = [Some(connection); 2];
        self.untaken = [None; 2];
        self.ways.iter_mut().for_each(|way| way.held.clear());
        connection
    }

    /// A site's end is gone. `told`: its system tells the other one, as far as that gets through.
    pub(crate) fn closes(
        &mut self,
        site: Site,
        told: bool,
        at: At,
        dice: &mut Dice,
    ) -> Option<(At, Connection, Carried<M>)> {
        let connection = self.ends[site.0].take()?;
        if told { self.carries(site, connection, Carried::End, at, dice) } else { None }
    }

    /// A site sends. Gives when that arrives, unless it waits for a cut to end.
    pub(crate) fn sends(
        &mut self,
        from: Site,
        message: M,
        at: At,
        dice: &mut Dice,
    ) -> Option<(At, Connection, Carried<M>)> {
        let connection = self.ends[from.0]?;
        self.carries(from, connection, Carried::Message(message), at, dice)
    }

    fn carries(
        &mut self,
        from: Site,
        connection: Connection,
        what: Carried<M>,
        at: At,
        dice: &mut Dice,
    ) -> Option<(At, Connection, Carried<M>)> {
        let way = &mut self.ways[from.0];
        if way.is_cut {
            self.untaken[from.0].get_or_insert(at);
            way.held.push((connection, what));
            return None;
        }
        let (least, most) = way.delay;
        way.last = way.last.max(at.after(dice.between(least, most + 1)));
        Some((way.last, connection, what))
    }

    /// Nothing gets through from a site any more. What is on the way arrives still.
    pub(crate) fn cuts(&mut self, from: Site) {
        self.ways[from.0].is_cut = true;
    }

    /// It does again: what waited is sent again, a little later.
    pub(crate) fn heals(
        &mut self,
        from: Site,
        at: At,
        dice: &mut Dice,
    ) -> Vec<(At, Connection, Carried<M>)> {
        self.ways[from.0].is_cut = false;
        let again = at.after(dice.between(MS, 400 * MS));
        let held = std::mem::take(&mut self.ways[from.0].held);
        held.into_iter()
            .filter_map(|(connection, what)| self.carries(from, connection, what, again, dice))
            .collect()
    }

    /// Nobody takes what a site sent: where it went to there is no such connection. `told`: its system says
    /// so.
    pub(crate) fn falls(
        &mut self,
        to: Site,
        connection: Connection,
        told: bool,
        at: At,
        dice: &mut Dice,
    ) -> Option<(At, Connection, Carried<M>)> {
        if self.ends[to.other().0] != Some(connection) {
            return None;
        }
        self.untaken[to.other().0].get_or_insert(at);
        if told { self.carries(to, connection, Carried::End, at, dice) } else { None }
    }

    /// The system of a site gives a connection up on which nothing was taken for so long.
    pub(crate) fn gives_up(&mut self, site: Site, after: u64, at: At) -> Option<Connection> {
        let since = self.untaken[site.0]?;
        if at.0 - since.0 < after {
            return None;
        }
        self.untaken[site.0] = None;
        self.ends[site.0].take()
    }

    /// Whether what arrives at a site now is of the connection that it has; an end closes it.
    pub(crate) fn arrives(
        &mut self,
        to: Site,
        connection: Connection,
        what: Carried<M>,
    ) -> Option<Carried<M>> {
        if self.ends[to.0] != Some(connection) {
            return None;
        }
        self.untaken[to.other().0] = None;
        if matches!(what, Carried::End) {
            self.ends[to.0] = None;
        }
        Some(what)
    }
}
