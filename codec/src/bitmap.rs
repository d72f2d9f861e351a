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
    let (words, tail) = bytes.as_chunks::<8>();
    let (rooms, rest) = out.as_chunks_mut::<16>();
    let mut rooms = rooms.iter_mut();
    for (word, room) in words.iter().zip(rooms.by_ref()) {
        *room = to_hex(u64::from_be_bytes(*word));
    }
    for (&byte, pair) in tail.iter().zip(rest.as_chunks_mut::<2>().0) {
        *pair = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 0xF)]];
    }
}

/// The bytes of hexadecimal characters, of which there are two for each that `out` takes.
pub(crate) fn write_raw(characters: &[u8], out: &mut [u8]) {
    let (words, tail) = characters.as_chunks::<8>();
    let (rooms, rest) = out.as_chunks_mut::<4>();
    for (word, room) in words.iter().zip(rooms) {
        *room = join_nibbles(worth(u64::from_be_bytes(*word))).to_be_bytes();
    }
    for (&[high, low], byte) in tail.as_chunks().0.iter().zip(rest) {
        *byte = byte_of_hex(high, low);
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

    #[test]
    fn values_of_any_length_survive_hexadecimal() {
        let bytes: std::vec::Vec<u8> = (0..40).map(|byte: u8| byte.wrapping_mul(111)).collect();
        for len in 0..bytes.len() {
            let (mut characters, mut raw) = (std::vec![0; 2 * len], std::vec![0; len]);
            write_hex(&bytes[..len], &mut characters);
            let pairs = bytes[..len].iter().map(|byte| std::format!("{byte:02X}"));
            let formatted: std::string::String = pairs.collect();
            assert_eq!(characters, formatted.as_bytes());
            write_raw(&characters, &mut raw);
            assert_eq!(raw, bytes[..len]);
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
            let mut raw = [0; 8];
            write_raw(&characters.map(|character| character.to_ascii_lowercase()), &mut raw);
            prop_assert_eq!(raw, bits.to_be_bytes());
            for (pair, byte) in characters.as_chunks::<2>().0.iter().zip(bits.to_be_bytes()) {
                prop_assert_eq!(byte_of_hex(pair[0], pair[1]), byte);
                prop_assert_eq!(byte_of_hex(pair[0], pair[1].to_ascii_lowercase()), byte);
            }
        }
    }
}
