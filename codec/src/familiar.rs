//! Layouts met before: a message laid out like an earlier one is checked byte by byte against a
//! pattern, many bytes at once, in place of being read field by field. Knows no field's meaning.
//!
//! A pattern says of each byte from which value to which it may be. Bitmaps and length prefixes
//! may only be what they were, so whatever fits has the same fields at the same places:
//!
//! ```text
//!          MTI  bitmap           DE 2              DE 3   DE 41
//! message |1200|4000...00800000|16|3530111333300000|000000|T0000001|
//! least   |    |4000...00800000|16|0000000000000000|000000|        |   (spaces: 0x20)
//! most    |    |4000...00800000|16|9999999999999999|999999|~~~~~~~~|
//! ```
//!
//! What does not fit is read field by field, and only that says whether it is wrong. So nothing
//! but speed depends on which layouts are kept here.

use crate::dialect::Layout;
use crate::fields::Fields;
use crate::kernel::Words;
use crate::recipe::Recipe;
use crate::shape::{Charset, Shape};
use crate::slots::Spots;
use alloc::boxed::Box;
use core::cell::RefCell;
use core::iter;

/// Layouts kept.
const LAYOUTS_MAX: usize = 8;

/// Longest message that a pattern is made of.
const BYTES_MAX: usize = 512;

/// Once all places are taken, so many unfamiliar messages go by for each new pattern: making one
/// costs as much as reading some tens of messages.
const MISSES_PER_PATTERN: u32 = 4096;

/// Hexadecimal values in one message; they are two ranges a byte, so patterns leave them out.
const HEXES_MAX: usize = 4;

/// Spreads each bit over those above it: 2^64 by the golden ratio.
const MIX: u64 = 0x9E37_79B9_7F4A_7C15;

/// Sixteen bytes of a pattern. A byte fits when it is `least` or up to `span` above, and when
/// adding `carry` to its low nibble carries nothing out of that.
#[derive(Clone, Copy)]
struct Chunk {
    least: [u8; 16],
    span: [u8; 16],
    carry: [u8; 16],
}

/// What one byte may be.
#[derive(Clone, Copy)]
struct Range {
    least: u8,
    span: u8,
    carry: u8,
}

impl Range {
    const ANY: Self = Self { least: 0, span: 255, carry: 0 };
    /// Carries out of a nibble above nine.
    const NINE: u8 = 6;
    /// Carries out of a nibble above zero.
    const ZERO: u8 = 15;

    const fn only(byte: u8) -> Self {
        Self { least: byte, span: 0, carry: 0 }
    }

    /// Of a byte of a track that is `self` in the message learnt from. The separator stays where
    /// it is, and then there is no second one; in a low nibble that can not be told as a range.
    fn of_track(self, charset: Charset) -> Option<Self> {
        match (charset, self.least) {
            (Charset::Track, b'=' | b'D') => Some(self),
            (Charset::PackedTrack, byte) if byte & 0xF == 0xD => None,
            (Charset::PackedTrack, byte) if byte >> 4 == 0xD => {
                Some(Self { least: 0xD0, span: 9, carry: Self::NINE })
            }
            _ => Some(Self::of(charset)),
        }
    }

    const fn of(charset: Charset) -> Self {
        match charset {
            Charset::Digits | Charset::Track => Self { least: b'0', span: 9, carry: 0 },
            Charset::Text => Self { least: 0x20, span: 0x5E, carry: 0 },
            Charset::Packed | Charset::PackedTrack => {
                Self { least: 0, span: 0x99, carry: Self::NINE }
            }
            Charset::Hex | Charset::Any => Self::ANY,
        }
    }
}

/// One layout: what every byte of a message may be.
#[derive(Clone)]
struct Pattern {
    /// The dialect's layout.
    print: u64,
    len: usize,
    present: Fields,
    packed: bool,
    /// Has something fitted since a place was last looked for?
    used: bool,
    /// From the front, sixteen bytes each.
    chunks: [Chunk; BYTES_MAX / 16],
    /// The last sixteen bytes, so that there is no tail.
    last: Chunk,
    hexes: [(u16, u16); HEXES_MAX],
    hexes_len: usize,
    /// What the slots have for such a message.
    spots: Spots,
    /// How such a message was rewritten last.
    recipe: RefCell<Recipe>,
    /// How a copy of some of its fields was made last, beside that.
    extract_recipe: RefCell<Recipe>,
}

/// The layouts met lately, and which is looked at first.
#[derive(Clone)]
pub(crate) struct Familiar {
    keys: [u32; LAYOUTS_MAX],
    patterns: Box<[Pattern]>,
    recent: usize,
    /// Places taken.
    len: usize,
    hand: usize,
    misses: u32,
}

impl Familiar {
    /// All the memory that it will ever have.
    pub(crate) fn new() -> Self {
        Self {
            keys: [0; LAYOUTS_MAX],
            patterns: iter::repeat_with(Pattern::none).take(LAYOUTS_MAX).collect(),
            recent: 0,
            len: 0,
            hand: 0,
            misses: 0,
        }
    }

    /// Which layout `bytes` have, whose MTI was found right: its index, and the fields of it.
    #[inline]
    pub(crate) fn find(&mut self, layout: &Layout, bytes: &[u8]) -> Option<(usize, Fields)> {
        let key = key(layout, bytes)?;
        if self.keys[self.recent] == key && self.patterns[self.recent].fits(layout, bytes) {
            return Some((self.recent, self.patterns[self.recent].present));
        }
        // All keys are compared at once; a loop that stops costs more.
        let alike = self.keys.iter().filter(|&&other| other == key).count();
        if alike > 0 { self.find_other(key, layout, bytes) } else { None }
    }

    fn find_other(&mut self, key: u32, layout: &Layout, bytes: &[u8]) -> Option<(usize, Fields)> {
        let places = self.keys.iter().zip(&self.patterns);
        let index = places
            .into_iter()
            .position(|(&other, pattern)| other == key && pattern.fits(layout, bytes))?;
        self.recent = index;
        self.patterns[index].used = true;
        Some((index, self.patterns[index].present))
    }

    /// Keeps the layout of a message that was found right and is in no pattern, when it is time
    /// to.
    #[inline]
    pub(crate) fn keep(&mut self, layout: &Layout, bytes: &[u8], present: Fields, spots: &Spots) {
        self.misses += 1;
        if self.len < LAYOUTS_MAX || self.misses >= MISSES_PER_PATTERN {
            self.make(layout, bytes, present, spots);
        }
    }

    /// What the slots have for a message that fits this pattern.
    #[inline]
    pub(crate) fn spots(&self, index: usize) -> Option<&Spots> {
        Some(&self.patterns.get(index)?.spots)
    }

    /// How a message that fits this pattern was rewritten last.
    #[inline]
    pub(crate) fn recipe(&self, index: usize) -> Option<&RefCell<Recipe>> {
        Some(&self.patterns.get(index)?.recipe)
    }

    /// How a copy of some fields of such a message was made last.
    #[inline]
    pub(crate) fn extract_recipe(&self, index: usize) -> Option<&RefCell<Recipe>> {
        Some(&self.patterns.get(index)?.extract_recipe)
    }

    #[cold]
    fn make(&mut self, layout: &Layout, bytes: &[u8], present: Fields, spots: &Spots) {
        self.misses = 0;
        let Some(key) = key(layout, bytes) else { return };
        let index = self.place();
        self.keys[index] = key;
        let pattern = &mut self.patterns[index];
        if pattern.learn(layout, bytes, present, spots).is_none() {
            // What was here is gone, and nothing is as long as this.
            pattern.len = usize::MAX;
        }
    }

    /// A free place, or that of a layout that nothing had lately.
    fn place(&mut self) -> usize {
        if self.len < LAYOUTS_MAX {
            self.len += 1;
            return self.len - 1;
        }
        loop {
            self.hand = (self.hand + 1) % LAYOUTS_MAX;
            let used = &mut self.patterns[self.hand].used;
            if !*used && self.hand != self.recent {
                return self.hand;
            }
            *used = false;
        }
    }
}

/// Of what a layout is known before its bytes are looked at; `None` for what is never kept. Two
/// layouts with one key cost time, nothing else.
#[inline]
fn key(layout: &Layout, bytes: &[u8]) -> Option<u32> {
    if bytes.len() > BYTES_MAX {
        return None;
    }
    let word = |at: usize| Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
    let bitmap = if layout.mti_packed { word(2)? } else { word(4)? };
    // Twelve bytes on, the bitmap of characters ends: a message shorter than that is none.
    let behind = word(12)?;
    let mixed = (bitmap ^ layout.print).wrapping_mul(MIX);
    let behind = if layout.bitmap_raw { 0 } else { behind };
    let mixed = (mixed ^ behind).wrapping_add(bytes.len() as u64).wrapping_mul(MIX);
    let [.., a, b, c, d] = mixed.to_le_bytes();
    Some(u32::from_le_bytes([a, b, c, d]))
}

impl Pattern {
    const fn none() -> Self {
        Self {
            print: 0,
            len: usize::MAX,
            present: Fields::EMPTY,
            packed: false,
            used: false,
            chunks: [Chunk::ANY; BYTES_MAX / 16],
            last: Chunk::ANY,
            hexes: [(0, 0); HEXES_MAX],
            hexes_len: 0,
            spots: Spots::NONE,
            recipe: RefCell::new(Recipe::NONE),
            extract_recipe: RefCell::new(Recipe::NONE),
        }
    }

    #[inline]
    fn fits(&self, layout: &Layout, bytes: &[u8]) -> bool {
        if self.print != layout.print || self.len != bytes.len() {
            return false;
        }
        let strange =
            if self.packed { self.strange::<true>(bytes) } else { self.strange::<false>(bytes) };
        strange == Some(0) && (self.hexes_len == 0 || self.hexes_fit(bytes))
    }

    /// Something other than 0 when a byte does not fit.
    #[inline]
    fn strange<const PACKED: bool>(&self, bytes: &[u8]) -> Option<u128> {
        let mut strange = [0; 16];
        for (bytes, chunk) in bytes.as_chunks().0.iter().zip(&self.chunks) {
            chunk.judge::<PACKED>(bytes, &mut strange);
        }
        self.last.judge::<PACKED>(bytes.last_chunk()?, &mut strange);
        Some(u128::from_le_bytes(strange))
    }

    fn hexes_fit(&self, bytes: &[u8]) -> bool {
        self.hexes.iter().take(self.hexes_len).all(|&(from, to)| {
            Words::admits(Charset::Hex, bytes, usize::from(from), usize::from(to))
        })
    }

    /// Becomes the pattern of these bytes; `None` when they have none.
    fn learn(
        &mut self,
        layout: &Layout,
        bytes: &[u8],
        present: Fields,
        spots: &Spots,
    ) -> Option<()> {
        // What no field has is MTI (seen to already), bitmaps and prefixes.
        let mut ranges = [Range::ANY; BYTES_MAX];
        let mti_size = if layout.mti_packed { 2 } else { 4 };
        for (range, &byte) in ranges.iter_mut().zip(bytes).skip(mti_size) {
            *range = Range::only(byte);
        }
        self.packed = false;
        self.hexes_len = 0;
        for n in present {
            let (shape, (at, units)) = (layout.shape(n), spots.find(n));
            self.learn_value(shape, usize::from(units), at, &mut ranges)?;
        }
        for (chunk, ranges) in self.chunks.iter_mut().zip(ranges.as_chunks().0) {
            *chunk = Chunk::of(ranges);
        }
        self.last = Chunk::of(ranges.get(..bytes.len())?.last_chunk()?);
        self.print = layout.print;
        self.len = bytes.len();
        self.present = present;
        self.spots = *spots;
        *self.recipe.get_mut() = Recipe::NONE;
        *self.extract_recipe.get_mut() = Recipe::NONE;
        self.used = true;
        Some(())
    }

    fn learn_value(
        &mut self,
        shape: Shape,
        units: usize,
        at: usize,
        ranges: &mut [Range; BYTES_MAX],
    ) -> Option<()> {
        let value = ranges.get_mut(at..at + shape.size(units))?;
        if shape.is_track() {
            // So far each may be nothing but the byte of this message.
            for range in &mut *value {
                *range = range.of_track(shape.charset)?;
            }
        } else {
            value.fill(Range::of(shape.charset));
        }
        if let ([sign, ..], 1) = (&mut *value, shape.sign_size()) {
            *sign = Range { least: b'C', span: 1, carry: 0 };
        }
        if let Some((place, mask)) = shape.zero_nibble(units) {
            *value.get_mut(place)? = if mask == 0xF0 {
                Range { least: 0, span: 0x09, carry: Range::NINE }
            } else {
                Range { least: 0, span: 0x90, carry: Range::ZERO }
            };
        }
        self.packed |= shape.charset.is_packed();
        if shape.charset == Charset::Hex {
            let to = u16::try_from(at + shape.size(units)).ok()?;
            *self.hexes.get_mut(self.hexes_len)? = (u16::try_from(at).ok()?, to);
            self.hexes_len += 1;
        }
        Some(())
    }
}

impl Chunk {
    const ANY: Self = Self { least: [0; 16], span: [255; 16], carry: [0; 16] };

    fn of(ranges: &[Range; 16]) -> Self {
        Self {
            least: ranges.map(|range| range.least),
            span: ranges.map(|range| range.span),
            carry: ranges.map(|range| range.carry),
        }
    }

    /// Marks in `strange` what does not fit. Of no use but in wide registers, which the compiler
    /// makes of it.
    #[inline]
    fn judge<const PACKED: bool>(&self, bytes: &[u8; 16], strange: &mut [u8; 16]) {
        for (place, strange) in strange.iter_mut().enumerate() {
            let byte = bytes[place];
            *strange |= byte.wrapping_sub(self.least[place]).saturating_sub(self.span[place]);
            if PACKED {
                *strange |= (byte.wrapping_add(self.carry[place]) ^ byte) & 0x10;
            }
        }
    }
}

#[cfg(test)]
mod tests;
