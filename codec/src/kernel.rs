//! The class check: is every byte of a run of the set that it should be? And which processor
//! it is done for. Knows no field.

#[cfg(target_arch = "x86_64")]
mod simd;

use crate::shape::Charset;
use core::fmt;
#[cfg(target_arch = "x86_64")]
use simd::{Avx2, Avx512};

/// Asks for memory that will be needed soon, and waits for nothing: a hint for the processor to fetch the
/// line of its cache in which something begins. Where there is no such instruction, nothing happens.
#[inline]
pub fn fetch<T>(what: &T) {
    #[cfg(target_arch = "x86_64")]
    simd::fetch(what);
    #[cfg(not(target_arch = "x86_64"))]
    let _ = what;
}

/// Instructions to decode with, chosen once by the caller and kept in its [`Slots`].
///
/// What comes out is the same with all of them.
///
/// [`Slots`]: crate::Slots
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Kernels(Set);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Set {
    Words,
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    /// Byte by byte: the twin of all others.
    #[cfg(test)]
    Bytes,
}

impl Kernels {
    /// Those of every processor.
    pub const SCALAR: Self = Self(Set::Words);

    #[cfg(test)]
    pub(crate) const BYTES: Self = Self(Set::Bytes);

    /// The fastest of this processor. Asks it, which takes a microsecond: once at the start.
    pub fn detected() -> Self {
        Self::available().last().unwrap_or(Self::SCALAR)
    }

    /// All of this processor, slowest first.
    pub fn available() -> impl Iterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        let wide = [Avx2::detected().map(Set::Avx2), Avx512::detected().map(Set::Avx512)];
        #[cfg(not(target_arch = "x86_64"))]
        let wide = [];
        core::iter::once(Self::SCALAR).chain(wide.into_iter().flatten().map(Self))
    }

    /// Is every byte of every run in the set of that run?
    #[inline]
    pub(crate) fn admit(self, bytes: &[u8], runs: &[Run]) -> bool {
        match self.0 {
            Set::Words => Words::admit(bytes, runs),
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(avx2) => avx2.admit(bytes, runs),
            #[cfg(target_arch = "x86_64")]
            Set::Avx512(avx512) => avx512.admit(bytes, runs),
            #[cfg(test)]
            Set::Bytes => runs
                .iter()
                .all(|run| run.of(bytes).unwrap().iter().all(|&byte| run.charset.admits(byte))),
        }
    }
}

impl fmt::Debug for Kernels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Set::Words => "scalar",
            #[cfg(target_arch = "x86_64")]
            Set::Avx2(_) => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Set::Avx512(_) => "AVX-512",
            #[cfg(test)]
            Set::Bytes => "bytes",
        })
    }
}

/// Most runs of one message: as many as fields.
pub(crate) const RUNS_MAX: usize = 128;

/// Neighbouring bytes of a message that must be of one set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    from: u16,
    to: u16,
    charset: Charset,
}

impl Run {
    /// From here to before there; both are below 65,536.
    #[inline]
    pub(crate) fn new(charset: Charset, from: usize, to: usize) -> Self {
        Self { from: low_half(from), to: low_half(to), charset }
    }

    /// The bytes of it, if it is within `bytes`.
    #[inline]
    fn of(self, bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(usize::from(self.from)..usize::from(self.to))
    }
}

/// A number below 65,536 in two bytes.
#[inline]
pub(crate) fn low_half(number: usize) -> u16 {
    let [low, high, ..] = number.to_le_bytes();
    u16::from_le_bytes([low, high])
}

/// Eight bytes at a time in an ordinary register.
pub(crate) struct Words;

impl Words {
    fn admit(bytes: &[u8], runs: &[Run]) -> bool {
        runs.iter().all(|run| {
            run.of(bytes).is_some()
                && Self::admits(run.charset, bytes, run.from.into(), run.to.into())
        })
    }

    /// Is every byte of `bytes[from..to]` in the set? An empty run is.
    ///
    /// # Panics
    /// When `from..to` is not within `bytes`.
    #[inline]
    pub(crate) fn admits(charset: Charset, bytes: &[u8], from: usize, to: usize) -> bool {
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

pub(crate) const fn splat(byte: u8) -> u64 {
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
mod tests;
