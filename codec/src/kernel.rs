//! The class check: is every byte of a run of the set that it should be? The seam at which
//! kernels for wider registers join. Knows no field.

use crate::shape::Charset;

/// A way to check classes. Decoding is generic over it, so that a kernel is chosen once a
/// message and not once a run.
pub(crate) trait Kernel {
    /// Is every byte of `bytes[from..to]` in the set? An empty run is.
    ///
    /// # Panics
    /// When `from..to` is not within `bytes`.
    fn admits(charset: Charset, bytes: &[u8], from: usize, to: usize) -> bool;
}

/// Eight bytes at a time in an ordinary register.
pub(crate) struct Words;

impl Kernel for Words {
    #[inline]
    fn admits(charset: Charset, bytes: &[u8], from: usize, to: usize) -> bool {
        match charset {
            Charset::Digits => all_words(bytes, from, to, strangers_to_digits),
            Charset::Packed => all_words(bytes, from, to, strangers_to_packed),
            Charset::Text => all_words(bytes, from, to, strangers_to_text),
            Charset::Hex => all_words(bytes, from, to, strangers_to_hex),
            Charset::Any => true,
            Charset::Track => all_words(bytes, from, to, strangers_to_track),
            Charset::PackedTrack => all_words(bytes, from, to, strangers_to_packed_track),
        }
    }
}

/// Looks at a run in words. The last word ends where the run ends, so that there is no tail to go
/// through byte by byte; what it has from before the run is blanked.
#[inline]
fn all_words(bytes: &[u8], from: usize, to: usize, strangers: impl Fn(u64) -> u64) -> bool {
    let (words, tail) = bytes[from..to].as_chunks::<8>();
    let seen = words.iter().fold(0, |seen, &word| seen | strangers(u64::from_le_bytes(word)));
    if tail.is_empty() {
        return seen == 0;
    }
    let kept = u64::MAX << (8 * (8 - tail.len()));
    let last = match bytes[..to].last_chunk::<8>() {
        Some(&word) => u64::from_le_bytes(word),
        None => short_word(tail),
    };
    seen | (strangers(last & kept) & kept) == 0
}

/// A run that has fewer than eight bytes even with all that stands before it.
#[cold]
fn short_word(tail: &[u8]) -> u64 {
    tail.iter().fold(0, |word, &byte| (word >> 8) | (u64::from(byte) << 56))
}

const fn splat(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// Some bit of every byte that is no ASCII digit. (A stranger above 0xF9 may also spoil the byte
/// behind it, which changes nothing: the run is refused and then looked at byte by byte.)
#[inline]
pub(crate) fn strangers_to_digits(word: u64) -> u64 {
    ((word ^ splat(0x30)) | (word.wrapping_add(splat(0x06)) ^ splat(0x30))) & splat(0xF0)
}

/// The top bit of every nibble above nine: bit 3 together with bit 2 or bit 1.
#[inline]
pub(crate) fn strangers_to_packed(word: u64) -> u64 {
    word & ((word << 1) | (word << 2)) & splat(0x88)
}

/// The top bit of every nibble above nine that is not D: bit 3 and bit 2, not bit 1, bit 0.
#[inline]
fn strangers_to_packed_track(word: u64) -> u64 {
    let separators = word & (word << 1) & !(word << 2) & (word << 3);
    strangers_to_packed(word) & !separators
}

/// The top bit of every byte that is neither an ASCII digit nor `=` nor `D`.
#[inline]
fn strangers_to_track(word: u64) -> u64 {
    let low = word & splat(0x7F);
    let digits = (low + splat(0x50)) & !(low + splat(0x46));
    let others = |byte: u8| (low ^ splat(byte)) + splat(0x7F);
    (word | (!digits & others(b'=') & others(b'D'))) & splat(0x80)
}

/// The top bit of every byte that is not 0x20 to 0x7E.
#[inline]
fn strangers_to_text(word: u64) -> u64 {
    let low = word & splat(0x7F);
    let printable = (low + splat(0x60)) & !(low + splat(0x01));
    (word | !printable) & splat(0x80)
}

/// The top bit of every byte that is no hexadecimal character.
#[inline]
pub(crate) fn strangers_to_hex(word: u64) -> u64 {
    let low = word & splat(0x7F);
    let letter = low | splat(0x20);
    let digits = (low + splat(0x50)) & !(low + splat(0x46));
    let letters = (letter + splat(0x1F)) & !(letter + splat(0x19));
    (word | !(digits | letters)) & splat(0x80)
}

impl Charset {
    /// Is this byte in the set? One byte at a time: for finding which one is not, and for tests.
    pub(crate) const fn admits(self, byte: u8) -> bool {
        match self {
            Self::Digits => byte.is_ascii_digit(),
            Self::Packed => byte >> 4 <= 9 && byte & 0xF <= 9,
            Self::Text => matches!(byte, 0x20..=0x7E),
            Self::Hex => byte.is_ascii_hexdigit(),
            Self::Any => true,
            Self::Track => matches!(byte, b'0'..=b'9' | b'=' | b'D'),
            Self::PackedTrack => {
                matches!(byte >> 4, 0..=9 | 0xD) && matches!(byte & 0xF, 0..=9 | 0xD)
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The twin that the faster kernels must agree with.
    pub(crate) struct Bytes;

    impl Kernel for Bytes {
        fn admits(charset: Charset, bytes: &[u8], from: usize, to: usize) -> bool {
            bytes[from..to].iter().all(|&byte| charset.admits(byte))
        }
    }

    const SETS: [Charset; 7] = [
        Charset::Digits,
        Charset::Packed,
        Charset::Text,
        Charset::Hex,
        Charset::Any,
        Charset::Track,
        Charset::PackedTrack,
    ];

    #[test]
    fn every_byte_is_judged_alike_at_every_place_of_a_run() {
        for set in SETS {
            let fine = if set.is_packed() { 0x12 } else { b'7' };
            for (byte, len) in (0..=255).flat_map(|byte| (1..20).map(move |len| (byte, len))) {
                for place in 0..len {
                    let mut bytes = [0xFF; 40];
                    bytes[9..9 + len].fill(fine);
                    bytes[9 + place] = byte;
                    let judged = Words::admits(set, &bytes, 9, 9 + len);
                    assert_eq!(judged, set.admits(byte), "{set:?} {byte:02X} at {place} of {len}");
                }
            }
        }
    }

    #[test]
    fn an_empty_run_is_fine_and_so_is_one_at_the_very_front() {
        for set in SETS {
            assert!(Words::admits(set, b"", 0, 0));
            assert!(Words::admits(set, b"\xFF", 1, 1));
            assert!(Words::admits(set, b"12", 0, 2));
            assert_eq!(Words::admits(set, b"1\xFF", 0, 2), set == Charset::Any);
        }
    }

    proptest! {
        #[test]
        fn words_and_bytes_agree(
            bytes in prop::collection::vec(any::<u8>(), 0..70),
            ends in any::<[prop::sample::Index; 2]>(),
            narrow in prop::option::of(0_u8..7),
        ) {
            // Random bytes are hardly ever of one class: bring most of them there.
            let bytes: std::vec::Vec<u8> = bytes.into_iter().map(|byte| match narrow {
                Some(0) => b'0' + byte % 11,
                Some(1) => byte & 0x99,
                Some(2) => 0x1F + byte % 0x61,
                Some(3) => b"0123456789ABCDEFabcdefG"[usize::from(byte % 23)],
                Some(4) => b"0123456789=D<>C"[usize::from(byte % 15)],
                Some(5) => [0xD1, 0x1D, 0xDD, 0x99, 0x00, 0x1E, 0xC1][usize::from(byte % 7)],
                _ => byte,
            }).collect();
            let [a, b] = ends.map(|end| end.index(bytes.len() + 1));
            let (from, to) = (a.min(b), a.max(b));
            for set in SETS {
                prop_assert_eq!(
                    Words::admits(set, &bytes, from, to),
                    Bytes::admits(set, &bytes, from, to)
                );
            }
        }
    }
}
