//! Values that are written as they come, in one go: as long as their field, in its class. What
//! needs padding, another class, or an error is left to the rest of `put`.
#![expect(clippy::inline_always, reason = "a call would cost as much as a short value")]

use super::{Done, Sink, copy_bytes};
use crate::bitmap::{write_hex, write_raw};
use crate::digits::{join_nibbles, nibbles_of_ascii, unpack, write_low_bytes};
use crate::kernel::splat;
use crate::shape::{Charset, Head, Shape};
use crate::spec::Side;

/// How the values of a field become those of the same field in another dialect.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// With a look at each unit.
    WithCare,
    /// The same bytes behind another prefix.
    Move,
    /// Characters to nibbles.
    Pack,
    /// Nibbles to characters.
    Unpack(Side),
    ToHex,
    ToRaw,
    /// Always the same even number of digits, which can be converted together with neighbours
    /// that go the same way.
    Joined(Join),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Join {
    /// Characters to nibbles.
    Pack,
    /// Nibbles to characters.
    Unpack,
}

impl Way {
    pub(crate) fn of(from: Shape, to: Shape) -> Self {
        let even = from.is_even_digits() && to.is_even_digits() && from.max == to.max;
        let zero = if from.is_zero_right() { Side::Right } else { Side::Left };
        if from.sign_size() | to.sign_size() != 0 {
            return Self::WithCare;
        }
        match (from.charset, to.charset) {
            (Charset::Digits, Charset::Packed) if even => Self::Joined(Join::Pack),
            (Charset::Packed, Charset::Digits) if even => Self::Joined(Join::Unpack),
            (Charset::Digits, Charset::Packed) => Self::Pack,
            (Charset::Packed, Charset::Digits) => Self::Unpack(zero),
            (Charset::Any, Charset::Hex) => Self::ToHex,
            (Charset::Hex, Charset::Any) => Self::ToRaw,
            (Charset::Digits, Charset::Digits | Charset::Text | Charset::Track)
            | (Charset::Text, Charset::Text)
            | (Charset::Track, Charset::Track | Charset::Text)
            | (Charset::Any, Charset::Any)
            | (Charset::Hex, Charset::Hex) => Self::Move,
            (own, others) if own == others && from.is_zero_right() == to.is_zero_right() => {
                Self::Move
            }
            _ => Self::WithCare,
        }
    }
}

impl Sink<'_> {
    /// Writes up to sixteen characters as they are, and says where they end, which [`Sink::keep`]
    /// makes part of the message; `None` when they are not of this class.
    #[inline]
    pub(crate) fn write_short_text(&mut self, shape: Shape, text: &[u8]) -> Option<usize> {
        let room = self.out.get_mut(self.at..)?.get_mut(..text.len())?;
        let right = Span::of(shape.charset).copy_short(text, room);
        right.then_some(self.at.wrapping_add(text.len()))
    }

    /// The same for an even number of digits, or three, which are packed.
    #[inline]
    pub(crate) fn write_short_digits(&mut self, shape: Shape, digits: &[u8]) -> Option<usize> {
        let size = digits.len().div_ceil(2);
        let room = self.out.get_mut(self.at..)?.get_mut(..size)?;
        pack_usual(digits, shape.is_zero_right(), room).then_some(self.at.wrapping_add(size))
    }

    /// What was written up to `end` belongs to the message.
    #[inline]
    pub(crate) const fn keep(&mut self, end: usize) {
        self.at = end;
    }

    /// Canonical bytes of the field's own class; `None`, and nothing written, when there is more
    /// to it.
    #[inline]
    pub(crate) fn put_plain_text(&mut self, shape: Shape, text: &[u8]) -> Option<()> {
        if shape.sign_size() != 0 {
            return None;
        }
        self.put_plain(shape, text.len(), |room| {
            if !matches!(shape.charset, Charset::Digits | Charset::Text) {
                return write_other_text(shape, text, room);
            }
            let span = Span::of(shape.charset);
            if text.len() <= 16 {
                return copy_short(span, text, room);
            }
            copy_bytes(text, room);
            span.strangers_among(text) == 0
        })
    }

    /// A value as it was found in another form, where its class was checked; `None`, and nothing
    /// written, when there is more to it.
    #[inline]
    pub(crate) fn put_converted(
        &mut self,
        way: Way,
        shape: Shape,
        value: &[u8],
        units: usize,
    ) -> Option<()> {
        self.put_plain(shape, units, |room| {
            match way {
                Way::Move => copy_bytes(value, room),
                Way::Pack => pack_plain(value, shape.is_zero_right(), room),
                Way::Unpack(zero) => unpack(value, zero, room),
                Way::ToHex => write_hex(value, room),
                Way::ToRaw => write_raw(value, room),
                Way::WithCare | Way::Joined(_) => return false,
            }
            true
        })
    }

    /// An even number of digits in characters, packed.
    #[inline]
    pub(crate) fn put_packed(&mut self, digits: &[u8]) -> Done {
        pack_plain(digits, true, self.room(digits.len() / 2)?);
        Ok(())
    }

    /// Packed digits, in characters.
    #[inline]
    pub(crate) fn put_unpacked(&mut self, packed: &[u8]) -> Done {
        unpack(packed, Side::Right, self.room(2 * packed.len())?);
        Ok(())
    }

    /// Prefix and value, if the field takes so many units as they are, there is room, and `write`
    /// says that the value was right.
    #[inline]
    fn put_plain(
        &mut self,
        shape: Shape,
        units: usize,
        write: impl FnOnce(&mut [u8]) -> bool,
    ) -> Option<()> {
        let max = usize::from(shape.max);
        let (head, size) = if shape.head == Head::Fixed {
            (0, if units == max { shape.size_max() } else { return None })
        } else {
            (shape.head.size(), if units <= max { shape.size(units) } else { return None })
        };
        // None of them is above 2^17, so nothing wraps.
        let value_at = self.at.wrapping_add(head);
        let end = value_at.wrapping_add(size);
        let room = self.out.get_mut(value_at..end)?;
        if !write(room) {
            return None;
        }
        if head != 0 {
            write_head(shape.head, units, self.out.get_mut(self.at..value_at)?)?;
        }
        self.at = end;
        Some(())
    }
}

/// A length prefix of one of the usual kinds; `prefix` is as long as it.
#[inline]
fn write_head(head: Head, units: usize, prefix: &mut [u8]) -> Option<()> {
    let units = u32::try_from(units).ok()?;
    match head {
        Head::Fixed => {}
        Head::Ascii2 => *prefix.first_chunk_mut()? = ascii_of_two(units),
        Head::Ascii3 => {
            let [tens, ones] = ascii_of_two(units % 100);
            let [hundreds, ..] = (units / 100).to_le_bytes();
            *prefix.first_chunk_mut()? = [b'0' | hundreds, tens, ones];
        }
        Head::Packed1 => *prefix.first_chunk_mut()? = [packed_of_two(units)],
        Head::Packed2 => {
            *prefix.first_chunk_mut()? = [packed_of_two(units / 100), packed_of_two(units % 100)];
        }
        Head::Ascii1 | Head::Ascii4 | Head::Absent => return None,
    }
    Some(())
}

/// A number below 100, which the maximum of the field sees to.
#[inline]
fn ascii_of_two(number: u32) -> [u8; 2] {
    let packed = packed_of_two(number);
    [b'0' | (packed >> 4), b'0' | (packed & 0xF)]
}

#[inline]
fn packed_of_two(number: u32) -> u8 {
    // Six more for each ten: 205 / 2048 is a tenth, exact enough below 100.
    let tens = (number.wrapping_mul(205) >> 11) & 0xF;
    let [packed, ..] = number.wrapping_add(tens.wrapping_mul(6)).to_le_bytes();
    packed
}

/// Bytes from one to another, both below 0x80.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    least: u64,
    /// From the most one to 0x7F.
    above: u64,
}

impl Span {
    const DIGITS: Self = Self { least: splat(b'0'), above: splat(0x7F - b'9') };
    const TEXT: Self = Self { least: splat(b' '), above: splat(0x7F - b'~') };

    #[inline]
    pub(crate) const fn of(charset: Charset) -> &'static Self {
        if matches!(charset, Charset::Digits) { &Self::DIGITS } else { &Self::TEXT }
    }

    /// The top bit of some byte is set when one is not in the span. (What one borrows or carries may
    /// spoil the byte behind it, and then the word is refused anyway.)
    #[inline]
    const fn marks(&self, word: u64) -> u64 {
        word | word.wrapping_sub(self.least) | word.wrapping_add(self.above)
    }

    /// Copies up to sixteen bytes between slices of one length; are all of them in the span?
    #[inline(always)]
    fn copy_short(&self, text: &[u8], room: &mut [u8]) -> bool {
        /// A digit is in every span that is used here.
        const FILL: u8 = b'0';
        if let (Some(&first), Some(&last)) = (text.first_chunk::<8>(), text.last_chunk::<8>()) {
            write_ends(first, last, room);
            let [first, last] = [first, last].map(u64::from_le_bytes);
            return (self.marks(first) | self.marks(last)) & splat(0x80) == 0;
        }
        if let (Some(&first), Some(&last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
            write_ends(first, last, room);
            let [first, last] = [first, last].map(u32::from_le_bytes).map(u64::from);
            return self.marks(first | (last << 32)) & splat(0x80) == 0;
        }
        let word = match *text {
            [a, b, c] => {
                write_first([a, b, c], room);
                u64::from_le_bytes([a, b, c, FILL, FILL, FILL, FILL, FILL])
            }
            [a, b] => {
                write_first([a, b], room);
                u64::from_le_bytes([a, b, FILL, FILL, FILL, FILL, FILL, FILL])
            }
            [a] => {
                write_first([a], room);
                splat(a)
            }
            _ => splat(FILL),
        };
        self.marks(word) & splat(0x80) == 0
    }

    /// Something but 0 when one of the bytes, of which there are sixteen at least, is not in the
    /// span. Of no use but in wide registers, which the compiler makes of it.
    #[inline]
    fn strangers_among(&self, text: &[u8]) -> u128 {
        let [[least, ..], [above, ..]] = [self.least, self.above].map(u64::to_le_bytes);
        let span = (0x7F - above).wrapping_sub(least);
        let mut strange = [0; 16];
        for chunk in text.as_chunks::<16>().0.iter().chain(text.last_chunk()) {
            for (byte, strange) in chunk.iter().zip(&mut strange) {
                *strange |= byte.wrapping_sub(least).saturating_sub(span);
            }
        }
        u128::from_le_bytes(strange)
    }
}

/// [`Span::copy_short`] where it need not be on the spot.
#[inline(never)]
fn copy_short(span: &Span, text: &[u8], room: &mut [u8]) -> bool {
    span.copy_short(text, room)
}

/// Packs an even number of characters, up to sixteen, or three; are all of them digits?
#[inline(always)]
fn pack_usual(digits: &[u8], zero_right: bool, packed: &mut [u8]) -> bool {
    let span = Span::DIGITS;
    if let (Some(&first), Some(&last)) = (digits.first_chunk(), digits.last_chunk()) {
        let [first, last] = [first, last].map(u64::from_le_bytes);
        write_ends(pack_eight(first), pack_eight(last), packed);
        return (span.marks(first) | span.marks(last)) & splat(0x80) == 0;
    }
    if let (Some(&first), Some(&last)) = (digits.first_chunk(), digits.last_chunk()) {
        let [first, last] = [first, last].map(u32::from_le_bytes).map(u64::from);
        let word = first | (last << 32);
        let [a, b, c, d] = pack_eight(word);
        write_ends([a, b], [c, d], packed);
        return span.marks(word) & splat(0x80) == 0;
    }
    match (digits, packed) {
        (&[a, b, c], [front, back]) => {
            let nibbles =
                (u16::from(a & 0xF) << 8) | (u16::from(b & 0xF) << 4) | u16::from(c & 0xF);
            [*front, *back] = (nibbles << (4 * u16::from(zero_right))).to_be_bytes();
        }
        (&[a, b], [both]) => *both = (a << 4) | (b & 0xF),
        ([], []) => {}
        _ => return false,
    }
    let word = digits.iter().fold(splat(b'0'), |word, &digit| (word << 8) | u64::from(digit));
    span.marks(word) & splat(0x80) == 0
}

/// The low nibbles of eight bytes, the lowest one first.
#[inline]
fn pack_eight(word: u64) -> [u8; 4] {
    let nibbles = word & splat(0xF);
    // Each multiplication puts a lane beside the one above it.
    let pairs = (nibbles.wrapping_mul(0x1001) >> 8) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs.wrapping_mul(0x0101) >> 8) & 0x0000_FFFF_0000_FFFF;
    let [_, _, a, b, c, d, ..] = fours.wrapping_mul(0x0001_0001).to_le_bytes();
    [a, b, c, d]
}

/// Packs up to sixteen characters; are all of them digits?
#[inline]
fn pack_short(digits: &[u8], zero_right: bool, packed: &mut [u8]) -> bool {
    // Of an odd number the characters at one end are shifted by one, for the zero nibble: two words
    // that overlap then do so by whole bytes.
    let odd = 8 * (digits.len() & 1);
    let (left, right) = if zero_right { (0, odd) } else { (odd, 0) };
    let span = Span::DIGITS;
    if let (Some(&first), Some(&last)) = (digits.first_chunk(), digits.last_chunk()) {
        let [first, last] = [first, last].map(u64::from_be_bytes);
        let [front, back] = [first >> left, last << right].map(join_nibbles);
        write_ends(front.to_be_bytes(), back.to_be_bytes(), packed);
        return (span.marks(first) | span.marks(last)) & splat(0x80) == 0;
    }
    if let (Some(&first), Some(&last)) = (digits.first_chunk(), digits.last_chunk()) {
        let [first, last] = [first, last].map(u32::from_be_bytes);
        let both = join_nibbles((u64::from(first >> left) << 32) | u64::from(last << right));
        let [a, b, c, d] = both.to_be_bytes();
        write_ends([a, b], [c, d], packed);
        return span.marks((u64::from(first) << 32) | u64::from(last)) & splat(0x80) == 0;
    }
    let word = digits.iter().fold(splat(b'0'), |word, &digit| (word << 8) | u64::from(digit));
    let [.., high, low] = join_nibbles(word << right).to_be_bytes();
    match packed {
        [first, second] => [*first, *second] = [high, low],
        [only] => *only = low,
        _ => {}
    }
    span.marks(word) & splat(0x80) == 0
}

/// Writes the first and the last `N` bytes, of `N` to twice as many.
#[inline]
fn write_ends<const N: usize>(first: [u8; N], last: [u8; N], room: &mut [u8]) {
    write_first(first, room);
    if let Some(room) = room.last_chunk_mut() {
        *room = last;
    }
}

#[inline]
fn write_first<const N: usize>(bytes: [u8; N], room: &mut [u8]) {
    if let Some(room) = room.first_chunk_mut() {
        *room = bytes;
    }
}

/// Writes text in another form than it has, or unchecked.
#[inline(never)]
fn write_other_text(shape: Shape, text: &[u8], room: &mut [u8]) -> bool {
    match shape.charset {
        Charset::Packed if text.len() <= 16 && text.len().is_multiple_of(2) => {
            pack_usual(text, false, room)
        }
        Charset::Packed if text.len() <= 16 => pack_short(text, shape.is_zero_right(), room),
        Charset::Packed => {
            pack_plain(text, shape.is_zero_right(), room);
            Span::DIGITS.strangers_among(text) == 0
        }
        Charset::Any => {
            copy_bytes(text, room);
            true
        }
        Charset::Hex => {
            write_hex(text, room);
            true
        }
        Charset::Digits | Charset::Text | Charset::Track | Charset::PackedTrack => false,
    }
}

/// Packs ASCII digits two a byte; `packed` is as long as they need.
#[inline]
fn pack_plain(digits: &[u8], zero_right: bool, packed: &mut [u8]) {
    let (mut digits, mut packed) = (digits, packed);
    if digits.len() > 16 {
        // Eight bytes at a time, of sixteen digits; the first one of an odd number may stand
        // alone in its byte.
        let alone = usize::from(!zero_right) & digits.len();
        let (first, others) = digits.split_at(alone);
        let Some((room, behind)) = packed.split_at_mut_checked(alone) else { return };
        for (room, digit) in room.iter_mut().zip(first) {
            *room = digit & 0xF;
        }
        (digits, packed) = (others, behind);
        let (sixteens, rest) = digits.as_chunks::<16>();
        let (rooms, behind) = packed.as_chunks_mut::<8>();
        // A rest of fifteen digits needs eight bytes: the last of `rooms` is then its own.
        let mut rooms = rooms.iter_mut();
        for (sixteen, room) in sixteens.iter().zip(rooms.by_ref()) {
            *room = join_sixteen(sixteen).to_be_bytes();
        }
        digits = rest;
        packed = rooms.next().map_or(behind, |room| room.as_mut_slice());
    }
    let odd = digits.len() % 2 == 1 && zero_right;
    write_low_bytes(nibbles_of_ascii(digits).unwrap_or(0) << (4 * u32::from(odd)), packed);
}

/// The low nibbles of sixteen bytes, the first one highest.
#[inline]
fn join_sixteen(digits: &[u8; 16]) -> u64 {
    let words = digits.as_chunks::<8>().0.iter().map(|&word| u64::from_be_bytes(word));
    words.fold(0, |nibbles, word| (nibbles << 32) | u64::from(join_nibbles(word)))
}

#[cfg(test)]
mod tests;
