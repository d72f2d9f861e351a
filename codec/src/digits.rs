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
    if let Some(nibbles) = nibbles_of_ascii(digits) {
        let odd = zero == Side::Right && digits.len() % 2 == 1;
        return write_low_bytes(if odd { nibbles << 4 } else { nibbles }, packed);
    }
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
    if digits.len() <= 16 {
        let odd = zero == Side::Right && digits.len() % 2 == 1;
        let nibbles = word_of(packed);
        return write_ascii(if odd { nibbles >> 4 } else { nibbles }, digits);
    }
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

/// Up to eight bytes as a number, the last one lowest; of more, the last eight.
#[inline]
pub(crate) fn word_of(bytes: &[u8]) -> u64 {
    if let Some(&last) = bytes.last_chunk() {
        return u64::from_be_bytes(last);
    }
    // Two loads that overlap say the same where they do.
    let len = bytes.len();
    match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(&first), Some(&last)) => {
            (u64::from(u32::from_be_bytes(first)) << (8 * (len - 4)))
                | u64::from(u32::from_be_bytes(last))
        }
        _ => bytes.iter().fold(0, |word, &byte| (word << 8) | u64::from(byte)),
    }
}

/// Up to sixteen bytes as two words: what is before the last eight, and those.
#[inline]
fn words_of(bytes: &[u8]) -> (u64, u64) {
    match (bytes.first_chunk(), bytes.len()) {
        (Some(&first), len @ 9..=16) => {
            (u64::from_be_bytes(first) >> (8 * (16 - len)), word_of(bytes))
        }
        _ => (0, word_of(bytes)),
    }
}

/// Up to sixteen ASCII digits as nibbles, right aligned.
#[inline]
pub(crate) fn nibbles_of_ascii(digits: &[u8]) -> Option<u64> {
    // Two loads that overlap say the same where they do.
    let len = digits.len();
    if let (Some(&first), Some(&last)) = (digits.first_chunk(), digits.last_chunk()) {
        let [first, last] =
            [first, last].map(|word| u64::from(join_nibbles(u64::from_be_bytes(word))));
        return (len <= 16).then(|| (first << (4 * (len - 8))) | last);
    }
    if let (Some(&first), Some(&last)) = (digits.first_chunk(), digits.last_chunk()) {
        let [first, last] = [first, last].map(u32::from_be_bytes).map(u64::from);
        let both = u64::from(join_nibbles((first << 32) | last));
        return Some(((both >> 16) << (4 * (len - 4))) | (both & 0xFFFF));
    }
    Some(digits.iter().fold(0, |nibbles, &digit| (nibbles << 4) | u64::from(digit & 0xF)))
}

/// The number that eight decimal digits are, one in the low nibble of each byte, first highest.
#[inline]
pub(crate) fn number_of_word(digits: u64) -> u32 {
    let ones = digits & 0x000F_000F_000F_000F;
    let pairs = ((digits >> 8) & 0x000F_000F_000F_000F) * 10 + ones;
    let fours = ((pairs >> 16) & 0x0000_FFFF_0000_FFFF) * 100 + (pairs & 0x0000_FFFF_0000_FFFF);
    let [a, b, c, d, _, _, _, _] = ((fours >> 32) * 10_000 + (fours & 0xFFFF_FFFF)).to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// The number that up to nineteen ASCII digits are.
#[inline]
pub(crate) fn number_of_ascii(digits: &[u8]) -> Option<u64> {
    let (front, last) = match digits.split_last_chunk::<16>() {
        Some((front, last)) => (front, last.as_slice()),
        None => (&[][..], digits),
    };
    if front.len() > 3 {
        return None;
    }
    let (high, low) = words_of(last);
    let behind = u64::from(number_of_word(high)) * 100_000_000 + u64::from(number_of_word(low));
    if front.is_empty() {
        return Some(behind);
    }
    Some(u64::from(number_of_word(word_of(front))) * 10_000_000_000_000_000 + behind)
}

/// The number that sixteen nibbles are.
#[inline]
pub(crate) fn number_of_nibbles(nibbles: u64) -> u64 {
    let [a, b, c, d, low @ ..] = nibbles.to_be_bytes();
    let high = number_of_word(part_nibbles(u32::from_be_bytes([a, b, c, d])));
    u64::from(high) * 100_000_000 + u64::from(number_of_word(part_nibbles(u32::from_be_bytes(low))))
}

/// A number below 10,000 as four ASCII digits, zeros in front.
#[inline]
pub(crate) fn ascii_of_four(number: u16) -> [u8; 4] {
    let (high, low) = (u32::from(number / 100), u32::from(number % 100));
    let pairs = (high << 16) | low;
    // 103 / 1024 is a tenth, exact enough below 179.
    let tens = ((pairs * 103) >> 10) & 0x000F_000F;
    ((tens << 8) | (pairs - tens * 10) | 0x3030_3030).to_be_bytes()
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

/// The lowest nibbles as ASCII digits, as many as `room` takes; at most sixteen.
#[inline]
pub(crate) fn write_ascii(nibbles: u64, room: &mut [u8]) {
    let spread = |half: u64| {
        let [_, _, _, _, low @ ..] = half.to_be_bytes();
        part_nibbles(u32::from_be_bytes(low)) | 0x3030_3030_3030_3030
    };
    let digits = room.len().min(16);
    if digits > 8
        && let Some(front) = room.first_chunk_mut::<8>()
    {
        *front = spread(nibbles >> (4 * (digits - 8))).to_be_bytes();
    }
    let from = room.len().saturating_sub(8);
    write_low_bytes(spread(nibbles), &mut room[from..]);
}

/// The lowest bytes of a word, as many as `room` takes; at most eight.
#[inline]
pub(crate) fn write_low_bytes(word: u64, room: &mut [u8]) {
    let [.., c, d] = word.to_be_bytes();
    let [_, _, _, _, low @ ..] = word.to_be_bytes();
    match room.len() {
        8 => {
            if let Some(room) = room.first_chunk_mut() {
                *room = word.to_be_bytes();
            }
        }
        // Two stores that overlap say the same where they do.
        len @ 4..=7 => {
            let [_, _, _, _, front @ ..] = (word >> (8 * (len - 4))).to_be_bytes();
            if let Some(room) = room.first_chunk_mut() {
                *room = front;
            }
            if let Some(room) = room.last_chunk_mut() {
                *room = low;
            }
        }
        2..=3 => {
            let [.., a, b] = (word >> (8 * (room.len() - 2))).to_be_bytes();
            if let Some(room) = room.first_chunk_mut() {
                *room = [a, b];
            }
            if let Some(room) = room.last_chunk_mut() {
                *room = [c, d];
            }
        }
        1 => room[0] = d,
        0 => {}
        len => {
            room[..len - 8].fill(0);
            room[len - 8..].copy_from_slice(&word.to_be_bytes());
        }
    }
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

    #[test]
    fn nineteen_digits_are_a_number_and_twenty_are_not() {
        let digits = b"1234567890123456789";
        for len in 0..=19 {
            let text = std::str::from_utf8(&digits[..len]).unwrap();
            assert_eq!(number_of_ascii(&digits[..len]), Some(text.parse().unwrap_or(0)), "{text}");
        }
        assert_eq!(number_of_ascii(&[b'9'; 19]), Some(9_999_999_999_999_999_999));
        assert_eq!(number_of_ascii(&[b'0'; 20]), None);
        assert_eq!(number_of_nibbles(0x9999_9999_9999_9999), 9_999_999_999_999_999);
    }

    #[test]
    fn every_number_of_four_digits_is_written() {
        for number in 0..=9999 {
            assert_eq!(ascii_of_four(number), std::format!("{number:04}").as_bytes());
        }
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
        fn short_words_are_read_to_their_ends(bytes in prop::collection::vec(any::<u8>(), 0..17)) {
            let all = bytes.iter().fold(0_u128, |word, &byte| (word << 8) | u128::from(byte));
            let (high, low) = words_of(&bytes);
            prop_assert_eq!((u128::from(high) << 64) | u128::from(low), all);
        }

        #[test]
        fn nibbles_and_ascii_agree(number in 0_u64..10_000_000_000_000_000) {
            let digits = std::format!("{number:016}");
            let nibbles = nibbles_of_ascii(digits.as_bytes()).unwrap();
            prop_assert_eq!(&ascii_of_nibbles(nibbles)[..], digits.as_bytes());
            prop_assert_eq!(number_of_ascii(digits.as_bytes()), Some(number));
            prop_assert_eq!(number_of_nibbles(nibbles), number);
            for len in 0..=16 {
                let mut room = [0; 16];
                write_ascii(nibbles, &mut room[..len]);
                prop_assert_eq!(&room[..len], &digits.as_bytes()[16 - len..]);
            }
            for len in 0..=8 {
                let mut room = [0; 8];
                write_low_bytes(nibbles, &mut room[..len]);
                prop_assert_eq!(&room[..len], &nibbles.to_be_bytes()[8 - len..]);
            }
            prop_assert_eq!(std::format!("{nibbles:016x}"), digits);
        }
    }
}
