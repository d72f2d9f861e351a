//! Decimal digits between ASCII, packed nibbles and numbers, eight at a time. Knows no field.

use crate::spec::Side;

/// The low nibbles of eight bytes (first byte highest) pushed together.
#[inline]
pub(crate) fn join_nibbles(bytes: u64) -> u32 {
    let nibbles = bytes & 0x0F0F_0F0F_0F0F_0F0F;
    let pairs = (nibbles | (nibbles >> 4)) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs | (pairs >> 8)) & 0x0000_FFFF_0000_FFFF;
    let [a, b, c, d, _, _, _, _] = (fours | (fours >> 16)).to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// Eight nibbles, highest first, each in a byte of its own.
#[inline]
pub(crate) fn part_nibbles(nibbles: u32) -> u64 {
    let word = u64::from(nibbles);
    let fours = (word | (word << 16)) & 0x0000_FFFF_0000_FFFF;
    let pairs = (fours | (fours << 8)) & 0x00FF_00FF_00FF_00FF;
    (pairs | (pairs << 4)) & 0x0F0F_0F0F_0F0F_0F0F
}

/// Packs ASCII digits two a byte, an odd number with a zero nibble on that side.
///
/// `packed` takes exactly as many bytes as the digits need.
pub(crate) fn pack(digits: &[u8], zero: Side, packed: &mut [u8]) {
    let (digits, packed) = match (zero, digits, packed) {
        (Side::Left, [first, rest @ ..], [out, behind @ ..]) if rest.len() % 2 == 0 => {
            *out = first & 0xF;
            (rest, behind)
        }
        (_, digits, packed) => (digits, packed),
    };
    let (words, tail) = digits.as_chunks::<8>();
    let (fours, ends) = packed.as_chunks_mut::<4>();
    // A tail of seven digits needs four bytes: the last of `fours` is then not a word's.
    let mut fours = fours.iter_mut();
    for (word, out) in words.iter().zip(fours.by_ref()) {
        *out = join_nibbles(u64::from_be_bytes(*word)).to_be_bytes();
    }
    let ends = fours.next().map_or(ends, |four| four.as_mut_slice());
    for (pair, out) in tail.chunks(2).zip(ends) {
        *out = match *pair {
            [high, low] => (high << 4) | (low & 0xF),
            [high] => high << 4,
            _ => 0,
        };
    }
}

/// The digits of a packed value as ASCII, to the whole of `digits`.
///
/// `packed` has exactly as many bytes as that many digits need.
pub(crate) fn unpack(packed: &[u8], zero: Side, digits: &mut [u8]) {
    let (packed, digits) = match (zero, packed, digits) {
        (Side::Left, [first, rest @ ..], [out, behind @ ..]) if behind.len() % 2 == 0 => {
            *out = b'0' | (first & 0xF);
            (rest, behind)
        }
        (_, packed, digits) => (packed, digits),
    };
    let (words, tail) = digits.as_chunks_mut::<8>();
    let mut fours = packed.chunks(4);
    for (word, four) in words.iter_mut().zip(fours.by_ref()) {
        let nibbles = four.iter().fold(0, |nibbles, &byte| (nibbles << 8) | u32::from(byte));
        *word = (part_nibbles(nibbles) | 0x3030_3030_3030_3030).to_be_bytes();
    }
    let rest = fours.next().unwrap_or(&[]);
    for (pair, &byte) in tail.chunks_mut(2).zip(rest) {
        for (digit, nibble) in pair.iter_mut().zip([byte >> 4, byte & 0xF]) {
            *digit = b'0' | nibble;
        }
    }
}

/// Up to sixteen ASCII digits as nibbles, right aligned.
pub(crate) fn nibbles_of_ascii(digits: &[u8]) -> Option<u64> {
    let mut all = [0; 16];
    all.get_mut(16_usize.checked_sub(digits.len())?..)?.copy_from_slice(digits);
    Some(all.as_chunks::<8>().0.iter().fold(0, |nibbles, &word| {
        (nibbles << 32) | u64::from(join_nibbles(u64::from_be_bytes(word)))
    }))
}

/// Sixteen nibbles as ASCII digits; those needed are the last ones.
pub(crate) fn ascii_of_nibbles(nibbles: u64) -> [u8; 16] {
    let mut all = [0; 16];
    let halves = nibbles.to_be_bytes();
    for (word, &half) in all.as_chunks_mut::<8>().0.iter_mut().zip(halves.as_chunks().0) {
        let spread = part_nibbles(u32::from_be_bytes(half)) | 0x3030_3030_3030_3030;
        *word = spread.to_be_bytes();
    }
    all
}

/// A number as twenty ASCII digits, zeros in front.
pub(crate) fn ascii_of_number(number: u64) -> [u8; 20] {
    let mut digits = [b'0'; 20];
    let mut rest = number;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' | (rest % 10).to_le_bytes()[0];
        rest /= 10;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_odd_digit_gets_its_zero_on_the_side_told() {
        let mut packed = [0xEE; 2];
        pack(b"123", Side::Left, &mut packed);
        assert_eq!(packed, [0x01, 0x23]);
        pack(b"123", Side::Right, &mut packed);
        assert_eq!(packed, [0x12, 0x30]);
        pack(b"1234", Side::Left, &mut packed);
        assert_eq!(packed, [0x12, 0x34]);
    }

    #[test]
    fn sixteen_digits_are_nibbles_and_seventeen_are_not() {
        assert_eq!(nibbles_of_ascii(b"1234567890123456"), Some(0x1234_5678_9012_3456));
        assert_eq!(nibbles_of_ascii(b"907"), Some(0x907));
        assert_eq!(nibbles_of_ascii(b""), Some(0));
        assert_eq!(nibbles_of_ascii(b"12345678901234567"), None);
    }

    #[test]
    fn the_largest_number_has_twenty_digits() {
        assert_eq!(&ascii_of_number(u64::MAX), b"18446744073709551615");
        assert_eq!(&ascii_of_number(0), b"00000000000000000000");
    }

    proptest! {
        #[test]
        fn digits_survive_packing(
            digits in prop::collection::vec(b'0'..=b'9', 0..60),
            left in any::<bool>(),
        ) {
            let zero = if left { Side::Left } else { Side::Right };
            let mut packed = std::vec![0xEE; digits.len().div_ceil(2)];
            pack(&digits, zero, &mut packed);
            let nibbles = |byte: &u8| [b'0' | (byte >> 4), b'0' | (byte & 0xF)];
            let shown: std::vec::Vec<u8> = packed.iter().flat_map(nibbles).collect();
            let skip = usize::from(left && digits.len() % 2 == 1);
            prop_assert_eq!(&shown[skip..skip + digits.len()], &digits[..]);
            let mut back = std::vec![0; digits.len()];
            unpack(&packed, zero, &mut back);
            prop_assert_eq!(back, digits);
        }

        #[test]
        fn nibbles_and_ascii_agree(number in 0_u64..10_000_000_000_000_000) {
            let digits = std::format!("{number:016}");
            let nibbles = nibbles_of_ascii(digits.as_bytes()).unwrap();
            prop_assert_eq!(&ascii_of_nibbles(nibbles)[..], digits.as_bytes());
            prop_assert_eq!(std::format!("{nibbles:016x}"), digits);
        }
    }
}
