//! Where an entry stands that is known by a hash: open addressing by its low bits, with the place of the
//! entry in the cell. Must not know what an entry is.

use alloc::vec;
use alloc::vec::Vec;

/// The cells.
#[derive(Debug)]
pub(crate) struct Index {
    /// Tag and place, one above; 0 where there is none.
    cells: Vec<u64>,
}

impl Index {
    /// For at most so many entries: half of its cells are never used, so that a search ends.
    pub(crate) fn new(max: usize) -> Self {
        Self { cells: vec![0; (max * 2).next_power_of_two()] }
    }

    /// Looks at where a tag is searched for, without waiting for it.
    #[inline]
    pub(crate) fn approach(&self, tag: u32) {
        codec::fetch(&self.cells[self.home(tag)]);
    }

    /// Cell and place of the entry of this tag for which `is_it` says so of its place.
    #[inline]
    pub(crate) fn find(&self, tag: u32, is_it: impl Fn(usize) -> bool) -> Option<(usize, usize)> {
        let mut cell = self.home(tag);
        loop {
            let (other, place) = read(self.cells[cell])?;
            if other == tag && is_it(place) {
                return Some((cell, place));
            }
            cell = (cell + 1) & self.mask();
        }
    }

    /// An entry is found by this tag from here on.
    #[inline]
    pub(crate) fn link(&mut self, tag: u32, place: usize) {
        let mut cell = self.home(tag);
        while self.cells[cell] != 0 {
            cell = (cell + 1) & self.mask();
        }
        let place = u64::try_from(place).expect("at most 64 bits");
        self.cells[cell] = u64::from(tag) << 32 | (place + 1);
    }

    /// Empties a cell and moves those behind it that would be found no more.
    #[inline]
    pub(crate) fn unlink(&mut self, cell: usize) {
        let (mask, mut hole, mut next) = (self.mask(), cell, cell);
        loop {
            next = (next + 1) & mask;
            let Some((tag, _)) = read(self.cells[next]) else { break };
            let (from_home, from_hole) =
                (next.wrapping_sub(self.home(tag)) & mask, next.wrapping_sub(hole) & mask);
            if from_home >= from_hole {
                self.cells[hole] = self.cells[next];
                hole = next;
            }
        }
        self.cells[hole] = 0;
    }

    fn mask(&self) -> usize {
        self.cells.len() - 1
    }

    /// Where the search for a tag begins.
    #[inline]
    fn home(&self, tag: u32) -> usize {
        usize::try_from(tag).expect("32 bits") & self.mask()
    }
}

/// What a cell says: tag and place; none when it is empty.
#[inline]
fn read(cell: u64) -> Option<(u32, usize)> {
    let place = (cell & 0xFFFF_FFFF).checked_sub(1)?;
    let tag = u32::try_from(cell >> 32).expect("32 bits");
    Some((tag, usize::try_from(place).expect("32 bits")))
}
