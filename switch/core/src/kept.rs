//! What is kept of a request while it is in flight: the fields that every answer of ours echoes,
//! as the acquirer wrote them. Never track data, PIN or CVV. Knows no transaction.

use alloc::boxed::Box;
use alloc::vec::Vec;

use codec::{Fields, Message};

/// The fields that our own answer echoes, in ascending order.
pub const KEPT: [u8; 15] = [2, 3, 4, 7, 11, 12, 28, 29, 32, 33, 37, 41, 42, 49, 59];

/// DE 59 is the only one that can be large; it is the last.
const LARGE: usize = KEPT.len() - 1;
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
    /// Where each field ends; a field that is not present ends where the one before does.
    ends: [u8; KEPT.len()],
    /// The block of a large DE 59 and its length.
    large: u32,
    large_len: u16,
    bytes: [u8; INLINE],
}

impl Default for Kept {
    fn default() -> Self {
        Self { ends: [0; KEPT.len()], large: NONE, large_len: 0, bytes: [0; INLINE] }
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
        let small = message.wire(KEPT[LARGE]).is_none_or(|wire| wire.len() <= INLINE - SMALL_MAX);
        small || !self.free.is_empty()
    }
}

impl Kept {
    /// Keeps what a request carries. Call only after [`Large::has_room_for`].
    #[inline]
    pub fn store(&mut self, message: &Message<'_>, large: &mut Large) {
        debug_assert!(self.large == NONE, "what was kept before is given back first");
        let mut end = 0_usize;
        for (place, &field) in KEPT.iter().enumerate() {
            let wire = message.wire(field).unwrap_or_default();
            if place == LARGE && wire.len() > INLINE - SMALL_MAX {
                let block = large.free.pop().expect("asked before");
                large.blocks[index(block)][..wire.len()].copy_from_slice(wire);
                self.large = block;
                self.large_len = u16::try_from(wire.len()).expect("at most LARGE_MAX bytes");
            } else {
                self.bytes[end..end + wire.len()].copy_from_slice(wire);
                end += wire.len();
            }
            self.ends[place] = u8::try_from(end).expect("INLINE is below 256");
        }
    }

    /// Which fields are kept.
    pub fn fields(&self) -> Fields {
        let mut before = 0;
        let mut fields = Fields::EMPTY;
        for (&end, &field) in self.ends.iter().zip(&KEPT) {
            if end > before || (field == KEPT[LARGE] && self.large != NONE) {
                fields = fields.with(field);
            }
            before = end;
        }
        fields
    }

    /// A kept field in the acquirer's wire form; none when the request did not carry it.
    #[inline]
    pub fn wire<'a>(&'a self, field: u8, large: &'a Large) -> Option<&'a [u8]> {
        let place = KEPT.iter().position(|&kept| kept == field)?;
        if place == LARGE && self.large != NONE {
            return Some(&large.blocks[index(self.large)][..usize::from(self.large_len)]);
        }
        let from = if place == 0 { 0 } else { usize::from(self.ends[place - 1]) };
        let wire = &self.bytes[from..usize::from(self.ends[place])];
        (!wire.is_empty()).then_some(wire)
    }

    /// Wipes what was kept and gives the large block back.
    pub fn wipe(&mut self, large: &mut Large) {
        let used = usize::from(self.ends[LARGE]);
        self.bytes[..used].fill(0);
        self.ends = [0; KEPT.len()];
        if self.large != NONE {
            large.blocks[index(self.large)][..usize::from(self.large_len)].fill(0);
            large.free.push(self.large);
            self.large = NONE;
        }
    }
}

fn index(block: u32) -> usize {
    usize::try_from(block).expect("a block number fits")
}
