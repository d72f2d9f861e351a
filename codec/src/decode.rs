//! Bytes to slots: structure, lengths and character classes in one pass. Copies nothing; knows
//! no meaning of any field.
//!
//! Neighbouring fields of one class are checked as one run, so that a check of many bytes takes
//! the place of many checks of a few:
//!
//! ```text
//!  DE 3     DE 4         DE 7       DE 11  DE 12        DE 37        DE 41
//! |000000  |000000002500|1121093000|000042|261121183000|632509000042|T0000001|
//! |<- - - - - - - - - digits, one run - - - - - - - - >|<- - text, one run - |
//! ```
//!
//! What is wrong with a message is worked out only once something is: see `fault`.

mod fault;
mod prefix;

use crate::bitmap;
use crate::dialect::{Dialect, Layout};
use crate::digits::join_nibbles;
use crate::error::{DecodeError, Expected, Found};
use crate::fields::Fields;
use crate::kernel::{RUNS_MAX, Run, strangers_to_digits};
use crate::mti::Mti;
use crate::shape::{Charset, Head, Shape};
use crate::slots::{Slots, Spot};
use fault::Fault;
pub(crate) use fault::Wrong;
pub(crate) use prefix::read_units;

/// Longest message that can be decoded: offsets are 16 bits.
pub const MESSAGE_BYTES_MAX: usize = 65_535;

impl Dialect {
    /// Reads `bytes` as one message into `slots`: structure, lengths and classes in one pass.
    ///
    /// Bytes left over are an error. After an error the slots hold the fields before it.
    pub fn decode(&self, bytes: &[u8], slots: &mut Slots) -> Result<(), DecodeError> {
        let layout = self.layout();
        if slots.recognize(layout, bytes)
            && let Ok((mti, _)) = read_mti(layout.mti_packed, bytes)
        {
            slots.mti = mti;
            return Ok(());
        }
        decode_anew(layout, bytes, slots)?;
        slots.remember(layout, bytes);
        Ok(())
    }
}

/// The same, field by field, whatever was decoded before.
pub(crate) fn decode_anew(
    layout: &Layout,
    bytes: &[u8],
    slots: &mut Slots,
) -> Result<(), DecodeError> {
    slots.begin();
    if bytes.len() > MESSAGE_BYTES_MAX {
        let expected = Expected::MessageAtMost(MESSAGE_BYTES_MAX);
        return Err(head_error(DecodeError::END, 0, expected, Found::Bytes(bytes.len())));
    }
    let (mti, at) = read_mti(layout.mti_packed, bytes)?;
    slots.mti = mti;
    let (present, at) = read_bitmaps(layout.bitmap_raw, bytes, at)
        .map_err(|error| DecodeError { mti: Some(mti), ..error })?;
    match read_fields(layout, bytes, at, present, slots) {
        Ok(()) => {
            slots.present = present;
            Ok(())
        }
        Err(fault) => {
            let error = fault.explain(layout, bytes, present, slots);
            slots.present = error.parsed;
            Err(error)
        }
    }
}

/// The MTI, and where it ends.
fn read_mti(packed: bool, bytes: &[u8]) -> Result<(Mti, usize), DecodeError> {
    let read = if packed {
        bytes.first_chunk().map(|&digits| (u16::from_be_bytes(digits), 2))
    } else {
        bytes.first_chunk().and_then(|&digits| Some((bcd_of_ascii(digits)?, 4)))
    };
    match read.and_then(|(bcd, size)| Some((Mti::new(bcd)?, size))) {
        Some(read) => Ok(read),
        None => Err(mti_error(packed, bytes)),
    }
}

#[inline]
fn bcd_of_ascii(digits: [u8; 4]) -> Option<u16> {
    let word = u64::from(u32::from_be_bytes(digits));
    let [low, high, ..] = join_nibbles(word).to_le_bytes();
    (strangers_to_digits(word | 0x3030_3030_0000_0000) == 0)
        .then(|| u16::from_le_bytes([low, high]))
}

#[cold]
fn mti_error(packed: bool, bytes: &[u8]) -> DecodeError {
    let expected = if packed { Expected::PackedDigits } else { Expected::Digit };
    let (size, charset) = if packed { (2, Charset::Packed) } else { (4, Charset::Digits) };
    let stranger = bytes.iter().take(size).position(|&byte| !charset.admits(byte));
    match stranger {
        Some(offset) if bytes.len() >= size => {
            head_error(0, offset, expected, Found::Byte(bytes[offset]))
        }
        _ => head_error(0, 0, Expected::Bytes(size), Found::Bytes(bytes.len())),
    }
}

/// The fields that are present, and where the bitmaps end.
#[inline]
fn read_bitmaps(raw: bool, bytes: &[u8], at: usize) -> Result<(Fields, usize), DecodeError> {
    let size = bitmap::size(raw);
    let first = read_bitmap(raw, bytes, at)?;
    let (second, end) = if first & bitmap::SECOND_FOLLOWS == 0 {
        (0, at + size)
    } else {
        (read_bitmap(raw, bytes, at + size)?, at + 2 * size)
    };
    Ok((Fields::from_words(first, second), end))
}

#[inline]
fn read_bitmap(raw: bool, bytes: &[u8], at: usize) -> Result<u64, DecodeError> {
    let rest = bytes.get(at..).unwrap_or(&[]);
    let bits = if raw {
        rest.first_chunk::<8>().map(|&bits| u64::from_be_bytes(bits))
    } else {
        rest.first_chunk::<16>().and_then(|&characters| bitmap::of_hex(characters))
    };
    bits.ok_or_else(|| bitmap_error(raw, rest, at))
}

#[cold]
fn bitmap_error(raw: bool, rest: &[u8], at: usize) -> DecodeError {
    let size = bitmap::size(raw);
    let characters = rest.get(..size).unwrap_or(&[]).iter();
    match characters.enumerate().find(|(_, byte)| !byte.is_ascii_hexdigit()) {
        Some((place, &byte)) => head_error(1, at + place, Expected::HexDigit, Found::Byte(byte)),
        None => head_error(1, at, Expected::Bytes(size), Found::Bytes(rest.len())),
    }
}

/// An error before any field was read.
fn head_error(field: u8, offset: usize, expected: Expected, found: Found) -> DecodeError {
    DecodeError { field, offset, expected, found, parsed: Fields::EMPTY, mti: None }
}

fn read_fields(
    layout: &Layout,
    bytes: &[u8],
    start: usize,
    present: Fields,
    slots: &mut Slots,
) -> Result<(), Fault> {
    let mut walk = Walk { bytes, at: start, charset: Charset::Any, run_from: start, runs: 0 };
    let halves = present.halves().into_iter().zip(layout.halves());
    for (((base, half), shapes), spots) in halves.zip(slots.spots.halves_mut()) {
        if half != 0 {
            walk.read_half(base, half, shapes, spots, &mut slots.runs)?;
        }
    }
    let fault = |wrong| Fault { n: usize::from(DecodeError::END), at: walk.at, wrong };
    slots.runs[walk.runs % RUNS_MAX] = Run::new(walk.charset, walk.run_from, walk.at);
    let runs = slots.runs.get(..=walk.runs).unwrap_or(&[]);
    if !slots.kernels.admit(bytes, runs) {
        return Err(fault(Wrong::Run));
    }
    if walk.at == bytes.len() { Ok(()) } else { Err(fault(Wrong::LeftOver)) }
}

/// How far a message is read.
struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The set and the begin of the last run, whose index is `runs`.
    charset: Charset,
    run_from: usize,
    runs: usize,
}

impl Walk<'_> {
    /// Reads the fields of one bitmap: structure and lengths. Classes are checked when all of
    /// them are known, in `runs`.
    #[inline(never)]
    fn read_half(
        &mut self,
        base: usize,
        half: u64,
        shapes: &[Shape; 64],
        spots: &mut [Spot; 64],
        runs: &mut [Run; RUNS_MAX],
    ) -> Result<(), Fault> {
        let Walk { bytes, mut at, mut charset, mut run_from, runs: mut run } = *self;
        // Of the reversed word the lowest bit comes first, which takes less to find and to clear.
        let mut left = half.reverse_bits();
        while left != 0 {
            let place = left.trailing_zeros() as usize % 64;
            left &= left.wrapping_sub(1);
            let shape = shapes[place];
            let fault = |wrong| Fault { n: base + place, at, wrong };
            let (mut units, mut value_at) = (usize::from(shape.max), at);
            let mut end = at.wrapping_add(shape.size_max());
            // Most fields are as long as always, and of the class of the one before.
            if !shape.joins(charset) {
                if shape.head != Head::Fixed {
                    units = read_units(shape, bytes, at).map_err(fault)?;
                    value_at = at.wrapping_add(shape.head.size());
                    end = value_at.wrapping_add(shape.size(units));
                }
                if shape.charset != charset || shape.breaks_runs() {
                    runs[run % RUNS_MAX] = Run::new(charset, run_from, at);
                    charset = shape.charset;
                    run_from = value_at.wrapping_add(shape.sign_size());
                    run = run.wrapping_add(1);
                }
                if shape.has_more_to_check() {
                    check_value(shape, bytes, value_at, units).map_err(fault)?;
                }
            }
            if end > bytes.len() {
                return Err(fault(Wrong::Short));
            }
            spots[place] = Spot::new(at, value_at, units, end);
            at = end;
        }
        *self = Walk { bytes, at, charset, run_from, runs: run };
        Ok(())
    }
}

/// What a class check can not see: that the value is all there, its sign, its zero nibble, that
/// it has no second separator.
#[inline]
fn check_value(shape: Shape, bytes: &[u8], at: usize, units: usize) -> Result<(), Wrong> {
    let Some(value) = bytes.get(at..at.wrapping_add(shape.size(units))) else {
        return Err(Wrong::Short);
    };
    if shape.sign_size() != 0 && !matches!(value, [b'C' | b'D', ..]) {
        return Err(Wrong::Sign);
    }
    let (place, mask) = shape.zero_mask(units);
    if value.get(place).is_some_and(|byte| byte & mask != 0) {
        return Err(Wrong::Within);
    }
    if shape.is_track() && shape.second_separator(value).is_some() {
        return Err(Wrong::Within);
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests;
