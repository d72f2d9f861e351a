//! The table of sockets and the three lists of those that wait for something. Must not know epoll,
//! nor who speaks.

use std::io;
use std::mem;

use mio::net::TcpStream;

use crate::CloseReason;
use crate::budget::Budget;
use crate::carry::Carry;
use crate::ids::{self, SocketId};
use crate::outgoing::{Handed, Outgoing};

/// Where a slot stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Free,
    Connecting,
    Open,
    /// Closed by its owner, who has yet to hear of it.
    Ending(CloseReason),
}

/// A slot. Its buffers stay when its socket goes.
pub(crate) struct Socket {
    generation: u32,
    pub(crate) stage: Stage,
    /// Open exactly in the stages `Connecting` and `Open`.
    pub(crate) stream: Option<TcpStream>,
    /// The unfinished frame.
    pub(crate) carry: Carry,
    pub(crate) out: Outgoing,
    /// In the list `ready`.
    ready: bool,
    /// Not to be read for now, and whether it would be in the list `ready` if it were.
    held: bool,
    owed: bool,
    /// In the list `dirty`.
    dirty: bool,
    /// The kernel's send buffer was full; an edge of epoll will say when it is not.
    blocked: bool,
    /// Epoll has told of the end or of an error, and will not tell again: read on until it shows.
    pub(crate) to_the_end: bool,
    /// A send failed. What has come in is still delivered before the socket is closed.
    pub(crate) broken: Option<io::ErrorKind>,
}

/// Sockets by slot, bounded.
pub(crate) struct Sockets {
    slots: Vec<Socket>,
    free: Vec<u32>,
    /// To be read in the next turn.
    pub(crate) ready: Vec<SocketId>,
    /// The memory of the round before.
    spare: Vec<SocketId>,
    /// Something was given to send since the last flush, or there is room again for what is left.
    pub(crate) dirty: Vec<SocketId>,
    /// Closed by the owner, to be reported in the next turn.
    pub(crate) ending: Vec<SocketId>,
    slots_max: usize,
    budget: Budget,
}

impl Sockets {
    pub(crate) fn new(sockets_max: usize, budget: Budget) -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            ready: Vec::with_capacity(sockets_max),
            spare: Vec::with_capacity(sockets_max),
            dirty: Vec::with_capacity(sockets_max),
            ending: Vec::with_capacity(sockets_max),
            slots_max: sockets_max,
            budget,
        }
    }

    /// Allows so many slots, if that is more than before.
    pub(crate) fn grow(&mut self, sockets_max: usize) {
        self.slots_max = self.slots_max.max(sockets_max);
        for list in [&mut self.ready, &mut self.spare, &mut self.dirty, &mut self.ending] {
            list.reserve(self.slots_max - list.len());
        }
    }

    #[cfg(test)]
    pub(crate) fn slots(&self) -> impl Iterator<Item = &Socket> {
        self.slots.iter()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.open() == self.slots_max || self.budget.is_spent()
    }

    /// Whether the process has no room for another socket, whatever room there is here.
    pub(crate) fn budget_is_spent(&self) -> bool {
        self.budget.is_spent()
    }

    pub(crate) fn max(&self) -> usize {
        self.slots_max
    }

    pub(crate) fn out_waiting(&self) -> usize {
        self.slots.iter().map(|slot| slot.out.len()).sum()
    }

    pub(crate) fn open(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// A slot for one more socket; none when all are taken, here or by others. The last one freed is taken first: its
    /// buffers have grown.
    pub(crate) fn reserve(&mut self) -> Option<SocketId> {
        if self.open() == self.slots_max || !self.budget.take() {
            return None;
        }
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Socket::free());
            ids::narrow(self.slots.len() - 1)
        });
        Some(SocketId { index, generation: self.slots[ids::widen(index)].generation })
    }

    /// Gives a reserved slot back that nothing was put into; its id is stale from here on.
    pub(crate) fn put_back(&mut self, id: SocketId) {
        let socket = &mut self.slots[id.index()];
        assert!(socket.stage == Stage::Free && socket.generation == id.generation);
        socket.generation = socket.generation.wrapping_add(1);
        self.free.push(id.index);
        self.budget.give_back();
    }

    /// Puts a stream into a reserved slot.
    pub(crate) fn begin(&mut self, id: SocketId, stream: TcpStream, stage: Stage, out_max: usize) {
        let socket = &mut self.slots[id.index()];
        assert!(socket.stage == Stage::Free && socket.generation == id.generation);
        socket.stage = stage;
        socket.stream = Some(stream);
        socket.out.restart(out_max);
        socket.ready = false;
        (socket.held, socket.owed) = (false, false);
        socket.dirty = false;
        // Until the connect is through, nothing can be sent.
        socket.blocked = stage == Stage::Connecting;
        socket.to_the_end = false;
        socket.broken = None;
    }

    pub(crate) fn find(&mut self, id: SocketId) -> Option<&mut Socket> {
        self.slots
            .get_mut(id.index())
            .filter(|socket| socket.generation == id.generation && socket.stage != Stage::Free)
    }

    pub(crate) fn peek(&self, id: SocketId) -> Option<&Socket> {
        self.slots
            .get(id.index())
            .filter(|socket| socket.generation == id.generation && socket.stage != Stage::Free)
    }

    /// Gives a slot back; every id of it is stale from here on. How much the kernel had taken.
    pub(crate) fn release(&mut self, id: SocketId) -> u64 {
        let socket = &mut self.slots[id.index()];
        assert_eq!(socket.generation, id.generation, "a slot is released once");
        drop(socket.stream.take());
        socket.stage = Stage::Free;
        socket.generation = socket.generation.wrapping_add(1);
        self.free.push(id.index);
        self.budget.give_back();
        socket.carry.clear();
        socket.out.clear();
        socket.out.sent()
    }

    /// The next turn reads this socket.
    pub(crate) fn mark_ready(&mut self, id: SocketId) {
        let Some(socket) = self.find(id) else { return };
        if socket.held {
            socket.owed = true;
        } else if !mem::replace(&mut socket.ready, true) {
            self.ready.push(id);
        }
    }

    /// This socket is not read from here on.
    pub(crate) fn hold(&mut self, id: SocketId) {
        if let Some(socket) = self.find(id) {
            socket.held = true;
        }
    }

    /// Every socket is read again.
    pub(crate) fn release_all(&mut self) {
        for (index, socket) in self.slots.iter_mut().enumerate() {
            socket.held = false;
            if mem::take(&mut socket.owed) && !mem::replace(&mut socket.ready, true) {
                let (index, generation) = (ids::narrow(index), socket.generation);
                self.ready.push(SocketId { index, generation });
            }
        }
    }

    /// Those to be read in this turn; who becomes ready from here on waits for the next.
    pub(crate) fn begin_round(&mut self) -> Vec<SocketId> {
        mem::replace(&mut self.ready, mem::take(&mut self.spare))
    }

    /// Takes back the list of `begin_round` for its memory.
    pub(crate) fn end_round(&mut self, round: Vec<SocketId>) {
        debug_assert!(round.is_empty());
        self.spare = round;
    }

    /// The next flush sends what this socket has.
    pub(crate) fn mark_dirty(&mut self, id: SocketId) {
        let Some(socket) = self.find(id) else { return };
        if !socket.blocked && !mem::replace(&mut socket.dirty, true) {
            self.dirty.push(id);
        }
    }

    /// The kernel has room again, or the connect is through.
    pub(crate) fn mark_writable(&mut self, id: SocketId) {
        let Some(socket) = self.find(id) else { return };
        if mem::replace(&mut socket.blocked, false) && !socket.out.is_empty() {
            self.mark_dirty(id);
        }
    }
}

impl Socket {
    fn free() -> Self {
        Self {
            generation: 0,
            stage: Stage::Free,
            stream: None,
            carry: Carry::default(),
            out: Outgoing::default(),
            ready: false,
            held: false,
            owed: false,
            dirty: false,
            blocked: false,
            to_the_end: false,
            broken: None,
        }
    }

    /// Whether it is to be read, and takes it off the list.
    pub(crate) fn take_ready(&mut self) -> bool {
        let ready = mem::take(&mut self.ready);
        self.owed |= ready && self.held;
        ready && !self.held && self.stage == Stage::Open
    }

    /// Sends once if there is anything to send; `None` if not.
    pub(crate) fn flush(&mut self) -> Option<io::Result<(usize, Handed)>> {
        let dirty = mem::take(&mut self.dirty);
        if !dirty || self.blocked || self.out.is_empty() {
            return None;
        }
        let handed = self.out.hand_over(self.stream.as_mut()?);
        match &handed {
            Ok((_, Handed::All)) => {}
            Ok((_, Handed::Part)) => self.blocked = true,
            Err(error) => {
                self.broken = Some(error.kind());
                self.to_the_end = true;
                self.out.clear();
            }
        }
        Some(handed)
    }
}
