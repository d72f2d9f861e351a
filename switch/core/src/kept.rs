//! What is kept of a request while it is in flight: the fields that every answer of ours echoes,
//! as the acquirer wrote them. Never track data, PIN or CVV. Knows no transaction.

use alloc::boxed::Box;
use alloc::vec::Vec;

use codec::{Fields, Message, Place};

/// The fields that our own answer echoes, in ascending order.
pub const KEPT: [u8; 15] = [2, 3, 4, 7, 11, 12, 28, 29, 32, 33, 37, 41, 42, 49, 59];

/// The same as a set.
pub const KEPT_FIELDS: Fields = Fields::of(&KEPT);

/// The parts of a request that are kept: neighbours that are harmless to keep for as long as the
/// request is in flight, none of them track data, PIN, CVV or private data.
pub(crate) const PARTS: [Fields; 4] = [
    Fields::of(&[
        2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26,
        27, 28, 29, 30, 31, 32, 33,
    ]),
    Fields::of(&[37, 38, 39, 40, 41, 42]),
    Fields::of(&[49]),
    Fields::of(&[59]),
];

/// The place of each field among those kept, and its part; nonsense for all others.
const WHERE: [(u8, u8); 64] = {
    let mut all = [(0, 0); 64];
    let mut place = 0_u8;
    while (place as usize) < KEPT.len() {
        let field = KEPT[place as usize];
        let mut part = 0_u8;
        while !PARTS[part as usize].has(field) {
            part += 1;
        }
        all[field as usize] = (place, part);
        place += 1;
    }
    all
};

/// Bytes kept with the transaction: those of an ordinary request. What needs more gets a block.
const INLINE: usize = 176;
/// The most bytes of all parts together: 999 characters in DE 59, 99 in DE 31, and the rest. A
/// dialect that has more is refused at the start.
pub(crate) const LARGE_MAX: usize = 1_536;
const NONE: u32 = u32::MAX;
/// Bytes of a line of the processor's cache.
const LINE: usize = 64;

/// The kept fields of one request, in wire form, prefixes included.
#[derive(Clone, Debug)]
#[repr(C)]
pub struct Kept {
    fields: Fields,
    /// Where each field was found in the message; counts only while it is present.
    places: [Place; KEPT.len()],
    /// How far each part moved to the front.
    moved: [u16; PARTS.len()],
    used: u16,
    /// The block that the parts are in when they are large.
    large: u32,
    bytes: [u8; INLINE],
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            fields: Fields::EMPTY,
            places: [Place::default(); KEPT.len()],
            moved: [0; PARTS.len()],
            used: 0,
            large: NONE,
            bytes: [0; INLINE],
        }
    }
}

/// A part of a message, from its first byte to the one behind its last.
#[inline]
fn part(message: &Message<'_>, part: Fields) -> (usize, usize) {
    let present = message.fields().intersection(part);
    let (Some(first), Some(last)) = (present.first(), present.last()) else { return (0, 0) };
    let (from, end) = message.span(first).expect("it is present");
    let to = if first == last { end } else { message.span(last).expect("it is present").1 };
    (from, to)
}

/// Blocks for large requests, a fixed number of them.
#[derive(Debug)]
pub struct Large {
    blocks: Vec<Box<[u8]>>,
    free: Vec<u32>,
}

impl Large {
    /// Room for `count` large requests.
    pub fn new(count: u32) -> Self {
        let blocks = (0..count).map(|_| alloc::vec![0; LARGE_MAX].into_boxed_slice()).collect();
        Self { blocks, free: (0..count).rev().collect() }
    }

    /// Whether what is kept of a message, if it is large, finds a block.
    #[inline]
    pub fn has_room_for(&self, message: &Message<'_>) -> bool {
        let size = || -> usize {
            PARTS.iter().map(|&of| part(message, of)).map(|(from, to)| to - from).sum()
        };
        let small = message.bytes().len() <= INLINE || size() <= INLINE;
        small || !self.free.is_empty()
    }
}

impl Kept {
    /// Keeps what a request carries. Call only after [`Large::has_room_for`].
    #[inline]
    pub fn store(&mut self, message: &Message<'_>, large: &mut Large) {
        debug_assert!(self.large == NONE, "what was kept before is given back first");
        let parts = PARTS.map(|of| part(message, of));
        let small = message.bytes().len() <= INLINE
            || parts.iter().map(|(from, to)| to - from).sum::<usize>() <= INLINE;
        let out = if small {
            &mut self.bytes[..]
        } else {
            self.large = large.free.pop().expect("asked before");
            &mut large.blocks[index(self.large)][..]
        };
        let mut end = 0;
        for ((from, to), moved) in parts.into_iter().zip(&mut self.moved) {
            if from == to {
                continue;
            }
            out[end..end + (to - from)].copy_from_slice(&message.bytes()[from..to]);
            // A part never moves back: only what stood in front of it was left out.
            *moved = short(from - end);
            end += to - from;
        }
        self.used = short(end);
        self.fields = message.fields().intersection(KEPT_FIELDS);
        self.places = message.places_of(&KEPT);
    }

    /// Reads a little of every line of the cache that it lies in, for
    /// [`Table::approach`](crate::pending::Table::approach): where what is kept is found out step by
    /// step, each step would wait for its own line. The result means nothing.
    #[inline]
    pub(crate) fn approach(&self) -> u32 {
        let bytes = self.bytes.iter().step_by(LINE).fold(0, |all, byte| all ^ byte);
        u32::from(bytes) ^ u32::from(self.places[0].approach()) ^ u32::from(self.used)
    }

    /// Which fields are kept.
    pub fn fields(&self) -> Fields {
        self.fields
    }

    /// A kept field in the acquirer's wire form; none when the request did not carry it.
    #[inline]
    pub fn wire<'a>(&'a self, field: u8, large: &'a Large) -> Option<&'a [u8]> {
        if !self.fields.has(field) {
            return None;
        }
        let (place, part) = WHERE[usize::from(field & 63)];
        self.places[usize::from(place)].among(self.stored(large), self.moved[usize::from(part)])
    }

    #[inline]
    fn stored<'a>(&'a self, large: &'a Large) -> &'a [u8] {
        if self.large == NONE { &self.bytes } else { &large.blocks[index(self.large)] }
    }

    /// Wipes what was kept and gives the large block back.
    #[inline]
    pub fn wipe(&mut self, large: &mut Large) {
        if self.large == NONE {
            self.bytes[..usize::from(self.used)].fill(0);
        } else {
            large.blocks[index(self.large)][..usize::from(self.used)].fill(0);
            large.free.push(self.large);
            self.large = NONE;
        }
        (self.fields, self.used) = (Fields::EMPTY, 0);
    }
}

#[inline]
fn short(offset: usize) -> u16 {
    u16::try_from(offset).expect("a message is below 64 KiB")
}

fn index(block: u32) -> usize {
    usize::try_from(block).expect("a block number fits")
}
