//! What is kept of a request while it is in flight: the fields that every answer of ours echoes,
//! as the acquirer wrote them. Never track data, PIN or CVV. Knows no transaction.

use alloc::boxed::Box;
use alloc::vec::Vec;

use codec::{Fields, Message};

/// The fields that our own answer echoes, in ascending order.
pub const KEPT: [u8; 15] = [2, 3, 4, 7, 11, 12, 28, 29, 32, 33, 37, 41, 42, 49, 59];

/// The same as a set.
pub const KEPT_FIELDS: Fields = Fields::of(&KEPT);

/// The place of each field among those kept; `KEPT.len()` for all others.
const PLACES: [u8; 64] = {
    let mut places = [15; 64];
    let mut place = 0_u8;
    while (place as usize) < KEPT.len() {
        places[KEPT[place as usize] as usize] = place;
        place += 1;
    }
    places
};

/// DE 59 is the only one that can be large.
const LARGE: u8 = 59;
/// Bytes of the other fields at their longest: DE 2 takes 21, 3 to 49 at most 119, in ASCII.
const SMALL_MAX: usize = 140;
/// Bytes kept with the transaction; what the other fields leave is for a small DE 59.
const INLINE: usize = 176;
/// The longest DE 59: 999 characters and a prefix.
const LARGE_MAX: usize = 1_002;
const NONE: u32 = u32::MAX;

/// The kept fields of one request, in wire form, prefixes included.
#[derive(Clone, Debug)]
pub struct Kept {
    fields: Fields,
    /// Where each field begins and ends; counts only while it is present.
    spans: [[u8; 2]; KEPT.len()],
    used: u8,
    /// The block of a large DE 59 and its length.
    large: u32,
    large_len: u16,
    bytes: [u8; INLINE],
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            fields: Fields::EMPTY,
            spans: [[0; 2]; KEPT.len()],
            used: 0,
            large: NONE,
            large_len: 0,
            bytes: [0; INLINE],
        }
    }
}

/// Blocks for large DE 59, a fixed number of them.
#[derive(Debug)]
pub struct Large {
    blocks: Vec<Box<[u8]>>,
    free: Vec<u32>,
}

impl Large {
    /// Room for `count` large fields.
    pub fn new(count: u32) -> Self {
        let blocks = (0..count).map(|_| alloc::vec![0; LARGE_MAX].into_boxed_slice()).collect();
        Self { blocks, free: (0..count).rev().collect() }
    }

    /// Whether a message's DE 59, if it is large, finds a block.
    #[inline]
    pub fn has_room_for(&self, message: &Message<'_>) -> bool {
        let small = message.wire(LARGE).is_none_or(|wire| wire.len() <= INLINE - SMALL_MAX);
        small || !self.free.is_empty()
    }
}

impl Kept {
    /// Keeps what a request carries. Call only after [`Large::has_room_for`].
    ///
    /// Neighbours are copied together: fields stand in the same order here and there.
    #[inline]
    pub fn store(&mut self, message: &Message<'_>, large: &mut Large) {
        debug_assert!(self.large == NONE, "what was kept before is given back first");
        self.fields = message.fields().intersection(KEPT_FIELDS);
        let bytes = message.bytes();
        let (mut end, mut from, mut to) = (0, 0, 0);
        for field in self.fields {
            let (start, stop) = message.span(field).expect("it is present");
            if field == LARGE && stop - start > INLINE - SMALL_MAX {
                self.store_large(&bytes[start..stop], large);
                break;
            }
            if start != to {
                self.bytes[end..end + (to - from)].copy_from_slice(&bytes[from..to]);
                end += to - from;
                from = start;
            }
            to = stop;
            let begins = end + (start - from);
            self.spans[place(field)] = [small(begins), small(begins + (stop - start))];
        }
        self.bytes[end..end + (to - from)].copy_from_slice(&bytes[from..to]);
        self.used = small(end + (to - from));
    }

    #[cold]
    fn store_large(&mut self, wire: &[u8], large: &mut Large) {
        let block = large.free.pop().expect("asked before");
        large.blocks[index(block)][..wire.len()].copy_from_slice(wire);
        self.large = block;
        self.large_len = u16::try_from(wire.len()).expect("at most LARGE_MAX bytes");
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
        if field == LARGE && self.large != NONE {
            return Some(&large.blocks[index(self.large)][..usize::from(self.large_len)]);
        }
        let [from, to] = self.spans[place(field)];
        Some(&self.bytes[usize::from(from)..usize::from(to)])
    }

    /// Wipes what was kept and gives the large block back.
    #[inline]
    pub fn wipe(&mut self, large: &mut Large) {
        self.bytes[..usize::from(self.used)].fill(0);
        (self.fields, self.used) = (Fields::EMPTY, 0);
        if self.large != NONE {
            large.blocks[index(self.large)][..usize::from(self.large_len)].fill(0);
            large.free.push(self.large);
            self.large = NONE;
        }
    }
}

#[inline]
fn place(field: u8) -> usize {
    usize::from(PLACES[usize::from(field)])
}

#[inline]
fn small(offset: usize) -> u8 {
    u8::try_from(offset).expect("INLINE is below 256")
}

fn index(block: u32) -> usize {
    usize::try_from(block).expect("a block number fits")
}
