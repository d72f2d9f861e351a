//! Names of sockets and listeners, and how they travel through epoll. Must not know what they name.

use mio::Token;

/// The token of the waker: an index that neither a socket nor a listener can have.
pub(crate) const WAKER: Token = Token(usize::MAX);

/// Indices from here on are listeners.
const LISTENERS: u32 = 1 << 31;

/// The most sockets, and the most listeners, one `Net` can name.
pub(crate) const INDEX_MAX: usize = (1 << 31) - 2;

const _: () = assert!(usize::BITS == 64, "a token carries an index and a generation");

/// One connection, from its accept or connect until its `on_close`.
///
/// A slot is used again for the next connection under a new generation, so an id kept too long names
/// nothing. (The generation comes round after 2^32 connections over the same slot.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

impl SocketId {
    /// The slot, below `sockets_max`: an index for tables kept beside the `Net`. No two open sockets
    /// share one.
    #[must_use]
    pub fn index(self) -> usize {
        widen(self.index)
    }

    pub(crate) fn token(self) -> Token {
        token(self.index, self.generation)
    }
}

/// One listening address, from `listen` to `close_listener`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListenerId {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

impl ListenerId {
    pub(crate) fn token(self) -> Token {
        token(self.index | LISTENERS, self.generation)
    }
}

/// What an epoll event speaks of.
pub(crate) enum Named {
    Waker,
    Listener(ListenerId),
    Socket(SocketId),
}

impl Named {
    pub(crate) fn by(token: Token) -> Self {
        if token == WAKER {
            return Self::Waker;
        }
        let (index, generation) = (low(token.0), low(token.0 >> 32));
        if index & LISTENERS == 0 {
            Self::Socket(SocketId { index, generation })
        } else {
            Self::Listener(ListenerId { index: index & !LISTENERS, generation })
        }
    }
}

/// A slot's place in its table.
pub(crate) fn widen(index: u32) -> usize {
    usize::try_from(index).expect("usize has 64 bits")
}

/// A place in a table as an index; tables are bounded by `INDEX_MAX`.
pub(crate) fn narrow(place: usize) -> u32 {
    u32::try_from(place).expect("tables are bounded by INDEX_MAX")
}

fn token(index: u32, generation: u32) -> Token {
    Token(widen(index) | widen(generation) << 32)
}

fn low(bits: usize) -> u32 {
    u32::try_from(bits & 0xFFFF_FFFF).expect("masked to 32 bits")
}
