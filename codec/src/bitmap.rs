//! The bitmaps of a message, raw or in hexadecimal. Knows no field.

use crate::digits::{join_nibbles, part_nibbles};
use crate::kernel::strangers_to_hex;

/// Bit 1 of a primary bitmap: a second one follows.
pub(crate) const SECOND_FOLLOWS: u64 = 1 << 63;

/// The bytes of one bitmap.
pub(crate) const fn size(raw: bool) -> usize {
    if raw { 8 } else { 16 }
}

/// A bitmap of sixteen hexadecimal characters, either case; `None` when one is none.
#[inline]
pub(crate) fn of_hex(characters: [u8; 16]) -> Option<u64> {
    let (mut bits, mut strangers) = (0, 0);
    for &word in characters.as_chunks::<8>().0 {
        let word = u64::from_be_bytes(word);
        strangers |= strangers_to_hex(word);
        bits = (bits << 32) | u64::from(join_nibbles(worth(word)));
    }
    (strangers == 0).then_some(bits)
}

/// What hexadecimal characters are worth, in the low nibble of each byte.
#[inline]
fn worth(characters: u64) -> u64 {
    let letters = (characters >> 6) & 0x0101_0101_0101_0101;
    (characters & 0x0F0F_0F0F_0F0F_0F0F) + letters * 9
}

/// A bitmap as sixteen upper-case hexadecimal characters.
#[inline]
pub(crate) fn to_hex(bits: u64) -> [u8; 16] {
    let [a, b, c, d, low @ ..] = bits.to_be_bytes();
    let word = |half| u128::from(characters(part_nibbles(u32::from_be_bytes(half))));
    ((word([a, b, c, d]) << 64) | word(low)).to_be_bytes()
}

/// Nibbles, one a byte, as upper-case hexadecimal characters.
#[inline]
fn characters(nibbles: u64) -> u64 {
    let letters = ((nibbles + 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101;
    nibbles + 0x3030_3030_3030_3030 + letters * 7
}

/// Bytes as upper-case hexadecimal characters; `out` takes two for each.
pub(crate) fn write_hex(bytes: &[u8], out: &mut [u8]) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for (&byte, pair) in bytes.iter().zip(out.as_chunks_mut::<2>().0) {
        *pair = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 0xF)]];
    }
}

/// The byte that two hexadecimal characters are.
pub(crate) const fn byte_of_hex(high: u8, low: u8) -> u8 {
    const fn nibble(character: u8) -> u8 {
        (character & 0xF) + if character & 0x40 == 0 { 0 } else { 9 }
    }
    (nibble(high) << 4) | nibble(low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_character_of_a_bitmap_is_checked() {
        assert_eq!(of_hex(*b"7234054128E08200"), Some(0x7234_0541_28E0_8200));
        assert_eq!(of_hex(*b"7234054128e08200"), Some(0x7234_0541_28E0_8200));
        for place in 0..16 {
            for byte in (0..=255_u8).filter(|byte| !byte.is_ascii_hexdigit()) {
                let mut characters = *b"7234054128E08200";
                characters[place] = byte;
                assert_eq!(of_hex(characters), None, "{byte:02X} at {place}");
            }
        }
    }

    proptest! {
        #[test]
        fn bitmaps_survive_hexadecimal(bits in any::<u64>()) {
            let characters = to_hex(bits);
            let formatted = std::format!("{bits:016X}");
            prop_assert_eq!(formatted.as_bytes(), &characters);
            prop_assert_eq!(of_hex(characters), Some(bits));
            let mut written = [0; 16];
            write_hex(&bits.to_be_bytes(), &mut written);
            prop_assert_eq!(written, characters);
            for (pair, byte) in characters.as_chunks::<2>().0.iter().zip(bits.to_be_bytes()) {
                prop_assert_eq!(byte_of_hex(pair[0], pair[1]), byte);
                prop_assert_eq!(byte_of_hex(pair[0], pair[1].to_ascii_lowercase()), byte);
            }
        }
    }
}
