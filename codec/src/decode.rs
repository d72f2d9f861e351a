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

use crate::bitmap;
use crate::dialect::{Dialect, Layout};
use crate::digits::join_nibbles;
use crate::error::{DecodeError, Expected, Found};
use crate::fields::Fields;
use crate::kernel::{Kernel, Words, strangers_to_digits, strangers_to_packed};
use crate::mti::Mti;
use crate::shape::{Charset, Head, Shape};
use crate::slots::Slots;
use fault::Fault;
pub(crate) use fault::Wrong;

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
        decode_with::<Words>(layout, bytes, slots)?;
        slots.remember(layout, bytes);
        Ok(())
    }
}

/// The same, field by field, whatever was decoded before.
pub(crate) fn decode_with<K: Kernel>(
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
    match read_fields::<K>(layout, bytes, at, present, slots) {
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

fn read_bitmap(raw: bool, bytes: &[u8], at: usize) -> Result<u64, DecodeError> {
    let rest = bytes.get(at..).unwrap_or(&[]);
    let short = head_error(1, at, Expected::Bytes(bitmap::size(raw)), Found::Bytes(rest.len()));
    if raw {
        return rest.first_chunk::<8>().map(|&bits| u64::from_be_bytes(bits)).ok_or(short);
    }
    let &characters = rest.first_chunk::<16>().ok_or(short)?;
    bitmap::of_hex(characters).ok_or_else(|| {
        let place = characters.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(0);
        head_error(1, at + place, Expected::HexDigit, Found::Byte(characters[place]))
    })
}

/// An error before any field was read.
fn head_error(field: u8, offset: usize, expected: Expected, found: Found) -> DecodeError {
    DecodeError { field, offset, expected, found, parsed: Fields::EMPTY, mti: None }
}

/// Bytes read and not yet checked, all of one set: from here to the field being read.
struct Run {
    charset: Charset,
    from: usize,
}

fn read_fields<K: Kernel>(
    layout: &Layout,
    bytes: &[u8],
    start: usize,
    present: Fields,
    slots: &mut Slots,
) -> Result<(), Fault> {
    let mut at = start;
    let mut run = Run { charset: Charset::Any, from: at };
    for (base, half) in present.halves() {
        let mut left = half;
        while left != 0 {
            let zeros = left.leading_zeros();
            left &= (u64::MAX >> 1) >> zeros;
            let n = base + zeros as usize;
            let shape = layout.shapes[n];
            let fault = |wrong| Fault { n, at, wrong };
            let (mut units, mut value_at) = (usize::from(shape.max), at);
            if shape.head != Head::Fixed {
                units = read_units(shape, bytes, at).map_err(fault)?;
                value_at += shape.head.size();
            }
            if shape.charset != run.charset || shape.breaks_runs() {
                if !K::admits(run.charset, bytes, run.from, at) {
                    return Err(fault(Wrong::Run));
                }
                run = Run { charset: shape.charset, from: value_at + shape.sign_size() };
            }
            let end = value_at + shape.size(units);
            if end > bytes.len() || shape.has_more_to_check() {
                check_value(shape, bytes, value_at, units).map_err(fault)?;
            }
            slots.note(n, [at, value_at, units, end]);
            at = end;
        }
    }
    let fault = |wrong| Fault { n: usize::from(DecodeError::END), at, wrong };
    if !K::admits(run.charset, bytes, run.from, at) {
        return Err(fault(Wrong::Run));
    }
    if at == bytes.len() { Ok(()) } else { Err(fault(Wrong::LeftOver)) }
}

/// The units of the field at `at`, by its prefix or its specification.
#[inline]
pub(crate) fn read_units(shape: Shape, bytes: &[u8], at: usize) -> Result<usize, Wrong> {
    let max = usize::from(shape.max);
    let units = match shape.head {
        Head::Fixed => return Ok(max),
        Head::Ascii2 => read_ascii::<2>(bytes, at)?,
        Head::Ascii3 => read_ascii::<3>(bytes, at)?,
        Head::Packed1 => read_packed::<1>(bytes, at)?,
        Head::Packed2 => read_packed::<2>(bytes, at)?,
        Head::Ascii1 => read_ascii::<1>(bytes, at)?,
        Head::Ascii4 => read_ascii::<4>(bytes, at)?,
        Head::Absent => return Err(Wrong::Absent),
    };
    if units > max { Err(Wrong::TooLong) } else { Ok(units) }
}

#[inline]
fn read_ascii<const N: usize>(bytes: &[u8], at: usize) -> Result<usize, Wrong> {
    let prefix = bytes.get(at..).and_then(|rest| rest.first_chunk::<N>());
    let (mut units, mut strange) = (0, false);
    for byte in prefix.ok_or(Wrong::PrefixShort)? {
        let digit = byte.wrapping_sub(b'0');
        strange |= digit > 9;
        units = units * 10 + usize::from(digit);
    }
    if strange { Err(Wrong::Prefix) } else { Ok(units) }
}

#[inline]
fn read_packed<const N: usize>(bytes: &[u8], at: usize) -> Result<usize, Wrong> {
    let prefix = bytes.get(at..).and_then(|rest| rest.first_chunk::<N>());
    let (mut units, mut strange) = (0, 0);
    for &byte in prefix.ok_or(Wrong::PrefixShort)? {
        strange |= strangers_to_packed(u64::from(byte));
        units = units * 100 + usize::from(byte >> 4) * 10 + usize::from(byte & 0xF);
    }
    if strange == 0 { Ok(units) } else { Err(Wrong::Prefix) }
}

/// What a class check can not see: that the value is all there, its sign, its zero nibble, that
/// it has no second separator.
fn check_value(shape: Shape, bytes: &[u8], at: usize, units: usize) -> Result<(), Wrong> {
    let Some(value) = bytes.get(at..at + shape.size(units)) else {
        return Err(Wrong::Short);
    };
    if shape.sign_size() != 0 && !matches!(value, [b'C' | b'D', ..]) {
        return Err(Wrong::Sign);
    }
    match shape.zero_nibble(units) {
        Some((place, mask)) if value[place] & mask != 0 => return Err(Wrong::Within),
        Some(_) | None => {}
    }
    if shape.is_track() && shape.second_separator(value).is_some() {
        return Err(Wrong::Within);
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests;
