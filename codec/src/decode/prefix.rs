//! Length prefixes: how many units a field has. Knows no value.
#![expect(clippy::inline_always, reason = "each field waits for the prefix of the one before it")]

use super::Wrong;
use crate::kernel::strangers_to_packed;
use crate::shape::{Head, Shape};

/// The units of the field at `at`, by its prefix or its specification.
#[inline(always)]
pub(crate) fn read_units(shape: Shape, bytes: &[u8], at: usize) -> Result<usize, Wrong> {
    let max = usize::from(shape.max);
    let units = match shape.head {
        Head::Fixed => return Ok(max),
        Head::Ascii2 => read_ascii::<2>(bytes, at)?,
        Head::Ascii3 => read_ascii::<3>(bytes, at)?,
        Head::Packed1 => read_packed::<1>(bytes, at)?,
        Head::Packed2 => read_packed::<2>(bytes, at)?,
        Head::Ascii1 | Head::Ascii4 | Head::Absent => read_rare_units(shape.head, bytes, at)?,
    };
    if units > max { Err(Wrong::TooLong) } else { Ok(units) }
}

/// Prefixes that no built-in dialect has.
#[cold]
fn read_rare_units(head: Head, bytes: &[u8], at: usize) -> Result<usize, Wrong> {
    match head {
        Head::Ascii1 => read_ascii::<1>(bytes, at),
        Head::Ascii4 => read_ascii::<4>(bytes, at),
        Head::Absent
        | Head::Fixed
        | Head::Ascii2
        | Head::Ascii3
        | Head::Packed1
        | Head::Packed2 => Err(Wrong::Absent),
    }
}

#[inline(always)]
fn read_ascii<const N: usize>(bytes: &[u8], at: usize) -> Result<usize, Wrong> {
    let prefix = bytes.get(at..).and_then(|rest| rest.first_chunk::<N>());
    let (mut units, mut strange) = (0_usize, false);
    for byte in prefix.ok_or(Wrong::PrefixShort)? {
        let digit = byte.wrapping_sub(b'0');
        strange |= digit > 9;
        units = units.wrapping_mul(10).wrapping_add(usize::from(digit));
    }
    if strange { Err(Wrong::Prefix) } else { Ok(units) }
}

#[inline(always)]
fn read_packed<const N: usize>(bytes: &[u8], at: usize) -> Result<usize, Wrong> {
    let prefix = bytes.get(at..).and_then(|rest| rest.first_chunk::<N>());
    let (mut units, mut strange) = (0_usize, 0);
    for &byte in prefix.ok_or(Wrong::PrefixShort)? {
        strange |= strangers_to_packed(u64::from(byte));
        let value = usize::from(byte >> 4) * 10 + usize::from(byte & 0xF);
        units = units.wrapping_mul(100).wrapping_add(value);
    }
    if strange == 0 { Ok(units) } else { Err(Wrong::Prefix) }
}
