//! The bytes of a message, and how a line is cut into messages again. Knows what a message looks like,
//! and nothing of when it may be said. `FORMAT.md` draws the same.
//!
//! ```text
//! 0        16                + fixed              + payload
//! +--------+-----------------+--------------------+
//! | head   | fixed part      | payload            |
//! +--------+-----------------+--------------------+
//! ```
//!
//! How bytes travel. A batch is copied once into a buffer of the primary's pool, and from there by the
//! transport; [`put_head`] writes only what stands in front of it. At the other end [`Cutter::take`]
//! copies it once, out of what the transport gives into a buffer of its own pool, and that buffer goes
//! to the disk's thread as it is.

mod cutter;
mod reading;

use std::fmt;

use crate::format::{BATCH_MAX, BLOCK};
use crate::roles::name::NAME_MAX;
use crate::ship::message::{
    BUILD_MAX, Digests, EPOCHS_MAX, EpochStart, Heartbeat, Hello, ItemKind, LINE_VERSION, Mark,
    Message, Mode, PIECE_MAX, Role, Standing, TELL_MAX, WhenLost,
};

pub use self::cutter::{Cutter, Taken};

/// Bytes in front of every message.
pub const HEAD: usize = 16;
/// Bytes of a message between its head and its payload, at most.
pub const FIXED_MAX: usize = HELLO + EPOCHS_MAX * EPOCH_START;
/// Bytes of a whole message, at most.
pub const MESSAGE_MAX: usize = HEAD + FIXED_MAX + BATCH_MAX;

/// Bytes of a mark.
const MARK: usize = 36;
/// Bytes of an entry of an epoch table.
const EPOCH_START: usize = 12;
/// Bytes of digests.
const DIGESTS: usize = 80;
/// Bytes of a hello without its epochs.
const HELLO: usize = 56 + MARK + DIGESTS + NAME_MAX + BUILD_MAX;
/// Bytes of a heartbeat.
const HEARTBEAT: usize = 40 + MARK + DIGESTS + BUILD_MAX;

/// Why what came on the line is no message. Nothing behind it can be told apart: the line is to be
/// closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nonsense {
    /// There is no such kind.
    Kind(u16),
    /// A message of this kind does not have so many bytes.
    Length {
        /// Its kind.
        kind: u16,
        /// Bytes behind the head, as it says.
        length: u32,
        /// Those of them that are payload, as it says.
        payload: u32,
    },
    /// A hello of a node that speaks another version of the line.
    Version(u16),
    /// A number that stands for nothing.
    Value {
        /// In a message of this kind.
        kind: u16,
        /// In this field.
        field: &'static str,
        /// What it is.
        found: u64,
    },
    /// A name that is empty, not printable ASCII, or goes on behind its end.
    Name {
        /// In this field.
        field: &'static str,
    },
    /// An epoch table that is not in order.
    Epochs,
    /// It contradicts itself.
    Contradiction(&'static str),
}

impl fmt::Display for Nonsense {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind(kind) => write!(f, "there is no message of kind {kind}"),
            Self::Length { kind, length, payload } => write!(
                f,
                "no message of kind {kind} has {length} bytes, {payload} of them as payload"
            ),
            Self::Version(version) => {
                write!(f, "the other node speaks version {version}, this one {LINE_VERSION}")
            }
            Self::Value { kind, field, found } => {
                write!(f, "in a message of kind {kind}, {field} is {found}, which means nothing")
            }
            Self::Name { field } => write!(f, "the {field} is no name in printable ASCII"),
            Self::Epochs => write!(f, "the table of epochs is not in order"),
            Self::Contradiction(what) => write!(f, "a message contradicts itself: {what}"),
        }
    }
}

impl std::error::Error for Nonsense {}

// What stands for what: the first of each is 1.
const ROLES: [Role; 3] = [Role::Standby, Role::Primary, Role::Fenced];
const MODES: [Mode; 3] = [Mode::Durable, Mode::Memory, Mode::Async];
const WHEN_LOST: [WhenLost; 2] = [WhenLost::Solo, WhenLost::Stop];
const STANDINGS: [Standing; 4] = [Standing::None, Standing::Sync, Standing::Solo, Standing::Async];
const ITEMS: [ItemKind; 2] = [ItemKind::Segment, ItemKind::Batch];

fn number_of<T: Copy + PartialEq>(all: &[T], value: T) -> u16 {
    let place = all.iter().position(|one| *one == value).expect("all are listed");
    u16::try_from(place + 1).expect("few")
}

fn value_of<T: Copy>(all: &[T], number: u64) -> Option<T> {
    let place = usize::try_from(number.checked_sub(1)?).ok()?;
    all.get(place).copied()
}

/// Which message it is, and what the numbers on the line are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Hello,
    Follow,
    Ready,
    Segment,
    Batch,
    Ack,
    Nack,
    Heartbeat,
    Snapshot,
    Ask,
    Grant,
    HandOver,
    Taken,
    Fetch,
    Fetched,
    NotHere,
    Refuse,
    Tell,
}

const KINDS: [Kind; 18] = [
    Kind::Hello,
    Kind::Follow,
    Kind::Ready,
    Kind::Segment,
    Kind::Batch,
    Kind::Ack,
    Kind::Nack,
    Kind::Heartbeat,
    Kind::Snapshot,
    Kind::Ask,
    Kind::Grant,
    Kind::HandOver,
    Kind::Taken,
    Kind::Fetch,
    Kind::Fetched,
    Kind::NotHere,
    Kind::Refuse,
    Kind::Tell,
];

impl Kind {
    fn of(message: &Message) -> Self {
        match message {
            Message::Hello(_) => Self::Hello,
            Message::Follow { .. } => Self::Follow,
            Message::Ready { .. } => Self::Ready,
            Message::Segment { .. } => Self::Segment,
            Message::Batch { .. } => Self::Batch,
            Message::Ack { .. } => Self::Ack,
            Message::Nack { .. } => Self::Nack,
            Message::Heartbeat(_) => Self::Heartbeat,
            Message::Snapshot(_) => Self::Snapshot,
            Message::Ask { .. } => Self::Ask,
            Message::Grant { .. } => Self::Grant,
            Message::HandOver { .. } => Self::HandOver,
            Message::Taken { .. } => Self::Taken,
            Message::Fetch { .. } => Self::Fetch,
            Message::Fetched { .. } => Self::Fetched,
            Message::NotHere { .. } => Self::NotHere,
            Message::Tell { .. } => Self::Tell,
            Message::Refuse { .. } => Self::Refuse,
        }
    }

    fn number(self) -> u16 {
        number_of(&KINDS, self)
    }

    fn read(number: u16) -> Result<Self, Nonsense> {
        value_of(&KINDS, u64::from(number)).ok_or(Nonsense::Kind(number))
    }

    /// Whether a message of this kind may have so many bytes.
    fn allows(self, fixed: usize, payload: usize) -> bool {
        let epochs = |bytes: usize| bytes.is_multiple_of(EPOCH_START) && bytes <= FIXED_MAX - HELLO;
        let is_batch = (1..=BATCH_MAX).contains(&payload) && payload.is_multiple_of(BLOCK);
        match self {
            Self::Hello => payload == 0 && fixed.checked_sub(HELLO).is_some_and(epochs),
            Self::Ask => payload == 0 && fixed.checked_sub(MARK).is_some_and(epochs),
            Self::Follow => (fixed, payload) == (MARK + 12, 0),
            Self::Ready | Self::HandOver => (fixed, payload) == (MARK, 0),
            Self::Ack => (fixed, payload) == (2 * MARK, 0),
            Self::Nack | Self::Grant | Self::Taken => (fixed, payload) == (0, 0),
            Self::Heartbeat => (fixed, payload) == (HEARTBEAT, 0),
            Self::Segment => (fixed, payload) == (0, BLOCK),
            Self::Batch => fixed == 0 && is_batch,
            Self::Snapshot => fixed == 24 && (1..=PIECE_MAX).contains(&payload),
            Self::Fetch => (fixed, payload) == (16, 0),
            Self::Fetched => fixed == 16 && is_batch,
            Self::NotHere => (fixed, payload) == (8, 0),
            Self::Refuse => (fixed, payload) == (4, 0),
            Self::Tell => payload == 0 && (1..=TELL_MAX).contains(&fixed),
        }
    }
}

/// Writes what stands in front of a message's payload: all of a message that has none.
///
/// # Panics
/// If it is none that may be sent: a name that is too long, a batch that is none.
pub fn put_head(message: &Message, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0; HEAD]);
    put_fixed(message, out);
    let fixed = out.len() - start - HEAD;
    let payload = message.payload().map_or(0, |bytes| bytes.len());
    let kind = Kind::of(message);
    assert!(kind.allows(fixed, payload), "{kind:?} has not {fixed} bytes and {payload} of payload");
    let number = |bytes: usize| u32::try_from(bytes).expect("a message is short").to_le_bytes();
    let head = &mut out[start..start + HEAD];
    head[..4].copy_from_slice(&number(fixed + payload));
    head[4..6].copy_from_slice(&kind.number().to_le_bytes());
    head[8..12].copy_from_slice(&message.reign().0.to_le_bytes());
    head[12..].copy_from_slice(&number(payload));
}

/// Writes a whole message, its payload too.
///
/// # Panics
/// As [`put_head`].
pub fn put(message: &Message, out: &mut Vec<u8>) {
    put_head(message, out);
    if let Some(payload) = message.payload() {
        out.extend_from_slice(payload);
    }
}

fn put_fixed(message: &Message, out: &mut Vec<u8>) {
    match message {
        Message::Hello(hello) => put_hello(hello, out),
        Message::Heartbeat(heartbeat) => put_heartbeat(heartbeat, out),
        Message::Follow { from, snapshot, .. } => {
            put_mark(from, out);
            put_short(u32::from(snapshot.is_some()), out);
            put_long(snapshot.map_or(0, |position| position.0), out);
        }
        Message::Ready { end, .. } | Message::HandOver { end, .. } => put_mark(end, out),
        Message::Ack { received, durable, .. } => {
            put_mark(received, out);
            put_mark(durable, out);
        }
        Message::Snapshot(piece) => {
            put_long(piece.about.0, out);
            put_long(piece.offset, out);
            put_long(piece.total, out);
        }
        Message::Ask { end, epochs, .. } => {
            put_mark(end, out);
            put_epochs(epochs, out);
        }
        Message::Fetch { from, until, .. } => {
            put_long(from.0, out);
            put_long(until.0, out);
        }
        Message::Fetched { segment, item, .. } => {
            put_long(segment.0, out);
            put_long(number_of(&ITEMS, *item).into(), out);
        }
        Message::NotHere { from, .. } => put_long(from.0, out),
        Message::Refuse { objection, .. } => put_short(objection.code().into(), out),
        Message::Tell { text, .. } => out.extend_from_slice(text.as_bytes()),
        Message::Segment { .. }
        | Message::Batch { .. }
        | Message::Nack { .. }
        | Message::Grant { .. }
        | Message::Taken { .. } => {}
    }
}

fn put_hello(hello: &Hello, out: &mut Vec<u8>) {
    let half = |number: u16, out: &mut Vec<u8>| out.extend_from_slice(&number.to_le_bytes());
    half(hello.version, out);
    half(number_of(&ROLES, hello.role), out);
    half(number_of(&MODES, hello.mode), out);
    half(number_of(&WHEN_LOST, hello.when_lost), out);
    let flags = &hello.flags;
    let set = [flags.empty, flags.joining, flags.replace, flags.repairing];
    put_short(set.iter().rev().fold(0, |all, &one| all << 1 | u32::from(one)), out);
    put_short(0, out);
    out.extend_from_slice(&hello.cluster);
    put_long(hello.incarnation.0, out);
    put_long(hello.segment_bytes, out);
    put_long(hello.utc_ns, out);
    put_mark(&hello.end, out);
    put_digests(&hello.digests, out);
    out.extend_from_slice(hello.name.bytes());
    put_build(&hello.build, out);
    put_epochs(&hello.epochs, out);
}

fn put_heartbeat(heartbeat: &Heartbeat, out: &mut Vec<u8>) {
    out.extend_from_slice(&number_of(&ROLES, heartbeat.role).to_le_bytes());
    out.extend_from_slice(&number_of(&STANDINGS, heartbeat.standing).to_le_bytes());
    put_short(0, out);
    put_long(heartbeat.released.0, out);
    put_long(heartbeat.sent_ns, out);
    put_long(heartbeat.heard_ns, out);
    put_long(heartbeat.utc_ns, out);
    put_mark(&heartbeat.end, out);
    put_digests(&heartbeat.digests, out);
    put_build(&heartbeat.build, out);
}

fn put_short(number: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn put_long(number: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn put_mark(mark: &Mark, out: &mut Vec<u8>) {
    put_long(mark.batch.0, out);
    put_long(mark.position.0, out);
    out.extend_from_slice(&mark.tag);
    put_short(mark.epoch.0, out);
}

fn put_digests(digests: &Digests, out: &mut Vec<u8>) {
    let Digests { configuration, dialects, negative, keys, witness } = *digests;
    for digest in [configuration, dialects, negative, keys, witness] {
        out.extend_from_slice(&digest);
    }
}

fn put_build(build: &str, out: &mut Vec<u8>) {
    assert!(build.len() <= BUILD_MAX, "{build} is longer than {BUILD_MAX} bytes");
    out.extend_from_slice(build.as_bytes());
    out.resize(out.len() + BUILD_MAX - build.len(), 0);
}

fn put_epochs(epochs: &[EpochStart], out: &mut Vec<u8>) {
    for start in epochs {
        put_short(start.epoch.0, out);
        put_long(start.first_batch.0, out);
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod document;
