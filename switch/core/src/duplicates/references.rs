//! Which entry is meant by a reference, in blocks of neighbours in the table: what is entered and what is
//! forgotten next lies in one block, which is near, and only a search looks into the others. Must not
//! know what an entry is.

use alloc::vec;
use alloc::vec::Vec;

/// Entries of a block.
const BLOCK: usize = if cfg!(test) { 8 } else { 8_192 };
/// Its cells: half of them are never used, so that a search ends.
const CELLS: usize = BLOCK * 2;
/// Bits of a cell for the place in the block, one above; those above are of the reference.
const PLACE_BITS: u32 = CELLS.ilog2();
const PLACE_MASK: u32 = (1 << PLACE_BITS) - 1;

/// The cells of all blocks.
#[derive(Debug)]
pub(super) struct References {
    /// Low bits of the reference, and place; 0 where there is none.
    cells: Vec<u32>,
}

impl References {
    /// For at most so many entries.
    pub(super) fn new(max: usize) -> Self {
        Self { cells: vec![0; max.div_ceil(BLOCK) * CELLS] }
    }

    /// The place of the entry of this reference for which `is_it` says so. `hand` is the place that is
    /// taken next: of two that have one reference, the newer is found.
    pub(super) fn find(
        &self,
        reference: u64,
        hand: usize,
        is_it: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let blocks = self.cells.len() / CELLS;
        let newest = hand / BLOCK;
        let mut oldest = None;
        for block in (0..=newest).rev().chain((newest + 1..blocks).rev()) {
            let place_of = |&cell: &u32| block * BLOCK + place_of(cell);
            let is_it = |cell: &u32| tag_of(*cell) == tag(reference) && is_it(place_of(cell));
            let cells = &self.cells[block * CELLS..][..CELLS];
            let chain = (0..CELLS).map(|step| cells[(home(reference) + step) % CELLS]);
            match chain.take_while(|&cell| cell != 0).find(is_it).as_ref().map(place_of) {
                // Behind the hand of its own block are the oldest of all.
                Some(place) if block == newest && place >= hand => oldest = Some(place),
                Some(place) => return Some(place),
                None => {}
            }
        }
        oldest
    }

    /// An entry is found by this reference from here on; gives the place of the one in its block that
    /// was, if `is_it` says that of one, and is no more.
    #[inline]
    pub(super) fn link(
        &mut self,
        reference: u64,
        place: usize,
        is_it: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let (cells, from) = self.block(place);
        let new = u32::try_from(place - from + 1).expect("in the block") | tag(reference);
        let mut at = home(reference);
        loop {
            let cell = cells[at];
            if cell == 0 {
                cells[at] = new;
                return None;
            }
            let other = from + place_of(cell);
            if tag_of(cell) == tag(reference) && is_it(other) {
                cells[at] = new;
                return Some(other);
            }
            at = (at + 1) % CELLS;
        }
    }

    /// An entry that was linked is found by its reference no more: its cell is emptied, and those behind
    /// it move that would not be found either.
    #[inline]
    pub(super) fn unlink(&mut self, reference: u64, place: usize) {
        let (cells, from) = self.block(place);
        let mut hole = home(reference);
        while place_of(cells[hole]) != place - from {
            if cells[hole] == 0 {
                return;
            }
            hole = (hole + 1) % CELLS;
        }
        let mut next = hole;
        loop {
            next = (next + 1) % CELLS;
            let cell = cells[next];
            if cell == 0 {
                break;
            }
            let home = home((cell >> PLACE_BITS).into());
            let (from_home, from_hole) =
                (next.wrapping_sub(home) % CELLS, next.wrapping_sub(hole) % CELLS);
            if from_home >= from_hole {
                cells[hole] = cell;
                hole = next;
            }
        }
        cells[hole] = 0;
    }

    /// The cells of the block of a place, and its first place.
    #[inline]
    fn block(&mut self, place: usize) -> (&mut [u32; CELLS], usize) {
        let block = place / BLOCK;
        let cells = self.cells[block * CELLS..].first_chunk_mut().expect("whole blocks");
        (cells, block * BLOCK)
    }
}

/// The place in its block that a cell says; of an empty one, none that there is.
#[inline]
fn place_of(cell: u32) -> usize {
    usize::try_from(cell & PLACE_MASK).expect("32 bits").wrapping_sub(1)
}

/// What a cell says of its reference.
#[inline]
fn tag_of(cell: u32) -> u32 {
    cell & !PLACE_MASK
}

/// What a cell says of this reference.
#[inline]
fn tag(reference: u64) -> u32 {
    u32::try_from(reference << PLACE_BITS & 0xFFFF_FFFF).expect("32 bits")
}

/// Where in a block the search for a reference begins.
#[inline]
fn home(reference: u64) -> usize {
    usize::try_from(reference & 0xFFFF_FFFF).expect("32 bits") % CELLS
}
