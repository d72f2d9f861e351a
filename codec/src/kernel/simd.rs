//! The class check in wide registers of x86-64: AVX2 and AVX-512, and the hint to fetch a line of the
//! cache. The only unsafe code of this crate; beside it, in `kernel`, its scalar twin, which it must
//! always agree with.
//!
//! Why it is sound, for all of it:
//! 1. An [`Avx2`] or [`Avx512`] is made here alone, once the processor and the operating system
//!    were seen to have what the instructions need. So whoever has one may use them.
//! 2. Memory is read through references to arrays, or masked to the length of a slice.
#![expect(unsafe_code, reason = "instructions that not every processor has")]

use super::{Run, Words};
use crate::shape::Charset;
use core::arch::x86_64::{
    __cpuid, __cpuid_count, __m256i, __m512i, _MM_HINT_T0, _bzhi_u64, _mm_loadu_si128,
    _mm_prefetch, _mm256_and_si256, _mm256_broadcastsi128_si256, _mm256_cmpeq_epi8,
    _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_set1_epi8, _mm256_setzero_si256,
    _mm256_shuffle_epi8, _mm256_srli_epi16, _mm512_and_si512, _mm512_broadcast_i32x4,
    _mm512_mask_testn_epi8_mask, _mm512_maskz_loadu_epi8, _mm512_set1_epi8, _mm512_shuffle_epi8,
    _mm512_srli_epi16, _xgetbv,
};

/// Asks the processor for the line of its cache in which something begins.
#[inline]
pub(super) fn fetch<T>(what: &T) {
    // SAFETY: every x86-64 has SSE, and a hint reads nothing: it is valid for any address.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(core::ptr::from_ref(what).cast()) }
}

/// The processor has AVX2.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Avx2(());

/// The processor has AVX-512 with byte and word instructions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Avx512(());

impl Avx2 {
    /// If this processor has it.
    pub(super) fn detected() -> Option<Self> {
        has(0, AVX2 | BMI2, XCR0_AVX).then_some(Self(()))
    }

    /// Is every byte of every run in the set of that run?
    #[inline]
    #[expect(clippy::unused_self, reason = "it is the proof that the processor can do it")]
    pub(super) fn admit(self, bytes: &[u8], runs: &[Run]) -> bool {
        // SAFETY: the processor has AVX2 and BMI2, or there were no `self`.
        unsafe { admit_by_32(bytes, runs) }
    }
}

impl Avx512 {
    /// If this processor has it.
    pub(super) fn detected() -> Option<Self> {
        let wide = AVX2 | BMI2 | AVX512F | AVX512BW;
        has(FMA | F16C, wide, XCR0_AVX | XCR0_AVX512).then_some(Self(()))
    }

    /// Is every byte of every run in the set of that run?
    #[inline]
    #[expect(clippy::unused_self, reason = "it is the proof that the processor can do it")]
    pub(super) fn admit(self, bytes: &[u8], runs: &[Run]) -> bool {
        // SAFETY: the processor has AVX-512BW and BMI2, or there were no `self`.
        unsafe { admit_by_64(bytes, runs) }
    }
}

/// XSAVE, OSXSAVE and AVX.
const AVX: u32 = (1 << 26) | (1 << 27) | (1 << 28);
/// These two are part of AVX-512F to the compiler, which may then use them.
const FMA: u32 = 1 << 12;
const F16C: u32 = 1 << 29;
const AVX2: u32 = 1 << 5;
const BMI2: u32 = 1 << 8;
const AVX512F: u32 = 1 << 16;
const AVX512BW: u32 = 1 << 30;
/// The operating system keeps these registers from thread to thread: SSE and AVX.
const XCR0_AVX: u64 = 0b110;
/// The same: mask registers and both parts of the wide ones.
const XCR0_AVX512: u64 = 0b1110_0000;

/// Does the processor say that it has AVX and these features, and the system that it keeps these
/// registers?
fn has(leaf_1_ecx: u32, leaf_7_ebx: u32, xcr0: u64) -> bool {
    #[target_feature(enable = "xsave")]
    fn registers_kept() -> u64 {
        // SAFETY: the processor has the instruction, which reads no memory.
        unsafe { _xgetbv(0) }
    }
    let leaf_1_ecx = AVX | leaf_1_ecx;
    if __cpuid(0).eax < 7 || __cpuid(1).ecx & leaf_1_ecx != leaf_1_ecx {
        return false;
    }
    // SAFETY: XSAVE and OSXSAVE were there: `AVX` has them.
    let kept = unsafe { registers_kept() };
    __cpuid_count(7, 0).ebx & leaf_7_ebx == leaf_7_ebx && kept & xcr0 == xcr0
}

/// Sets of bytes that are a set of high nibbles times a set of low ones. A class is one of them,
/// or several.
struct Tile {
    high: u16,
    low: u16,
}

/// A bit for each tile.
const DIGITS: u8 = 1 << 0;
const PACKED: u8 = 1 << 1;
const TEXT_TO_6F: u8 = 1 << 2;
const TEXT_FROM_70: u8 = 1 << 3;
const HEX_LETTERS: u8 = 1 << 4;
const EQUALS: u8 = 1 << 5;
const LETTER_D: u8 = 1 << 6;
const PACKED_TRACK: u8 = 1 << 7;

const TILES: [Tile; 8] = [
    Tile { high: 1 << 3, low: 0x03FF },
    Tile { high: 0x03FF, low: 0x03FF },
    Tile { high: 0b111_1100, low: 0xFFFF },
    Tile { high: 1 << 7, low: 0x7FFF },
    Tile { high: (1 << 4) | (1 << 6), low: 0b111_1110 },
    Tile { high: 1 << 3, low: 1 << 0xD },
    Tile { high: 1 << 4, low: 1 << 4 },
    Tile { high: 0x23FF, low: 0x23FF },
];

/// By high nibble, and by low: the tiles that have it. A byte is in the tiles that both have.
const NIBBLES: [[u8; 16]; 2] = {
    let mut tables = [[0; 16]; 2];
    let mut index = 0;
    while index < 16 * TILES.len() {
        let (tile, nibble) = (index / 16, index % 16);
        tables[0][nibble] |= (((TILES[tile].high >> nibble) & 1) as u8) << tile;
        tables[1][nibble] |= (((TILES[tile].low >> nibble) & 1) as u8) << tile;
        index += 1;
    }
    tables
};

/// The tiles that a class is made of.
#[inline]
const fn tiles(charset: Charset) -> u8 {
    match charset {
        Charset::Digits => DIGITS,
        Charset::Packed => PACKED,
        Charset::Text => TEXT_TO_6F | TEXT_FROM_70,
        Charset::Hex => DIGITS | HEX_LETTERS,
        Charset::Any => 0,
        Charset::Track => DIGITS | EQUALS | LETTER_D,
        Charset::PackedTrack => PACKED_TRACK,
    }
}

#[target_feature(enable = "avx2,bmi2")]
fn admit_by_32(bytes: &[u8], runs: &[Run]) -> bool {
    let mut strange = 0;
    for run in runs.iter().filter(|run| run.charset != Charset::Any) {
        let (Some(run_bytes), Some(last_window_at)) = (run.of(bytes), bytes.len().checked_sub(32))
        else {
            return Words::admit(bytes, runs);
        };
        let allowed = _mm256_set1_epi8(tiles(run.charset).cast_signed());
        let (chunks, tail) = run_bytes.as_chunks::<32>();
        for chunk in chunks {
            strange |= strangers_of_32(chunk, allowed);
        }
        // 32 bytes that have the tail among them, wherever it is.
        let tail_at = usize::from(run.to) - tail.len();
        let window_at = tail_at.min(last_window_at);
        let Some(window) = bytes.get(window_at..).and_then(<[u8]>::first_chunk) else {
            return false;
        };
        let seen = strangers_of_32(window, allowed) >> (tail_at - window_at);
        strange |= seen & !(u64::MAX << tail.len());
    }
    strange == 0
}

/// A bit for each byte that is in none of the allowed tiles, the first byte lowest.
#[inline]
#[target_feature(enable = "avx2")]
fn strangers_of_32(bytes: &[u8; 32], allowed: __m256i) -> u64 {
    // SAFETY: the array has the 32 bytes that are read, at any alignment.
    let bytes = unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) };
    let [high, low] = NIBBLES.map(|table| {
        // SAFETY: the array has the 16 bytes that are read, at any alignment.
        _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(table.as_ptr().cast()) })
    });
    let nibble = _mm256_set1_epi8(0x0F);
    let high_nibbles = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble);
    let by_high = _mm256_shuffle_epi8(high, high_nibbles);
    let by_low = _mm256_shuffle_epi8(low, _mm256_and_si256(bytes, nibble));
    let admitted = _mm256_and_si256(_mm256_and_si256(by_high, by_low), allowed);
    let strangers = _mm256_cmpeq_epi8(admitted, _mm256_setzero_si256());
    _mm256_movemask_epi8(strangers).cast_unsigned().into()
}

#[target_feature(enable = "avx512f,avx512bw,bmi2")]
fn admit_by_64(bytes: &[u8], runs: &[Run]) -> bool {
    let mut strange = 0;
    for run in runs.iter().filter(|run| run.charset != Charset::Any) {
        let allowed = _mm512_set1_epi8(tiles(run.charset).cast_signed());
        // Most runs are shorter than two registers, and how much shorter varies: looking at both,
        // even if there is nothing in them, costs less than a branch that goes now here, now
        // there.
        let Some(run_bytes) = run.of(bytes) else { return false };
        let [front, behind] = split_64(run_bytes);
        strange |= strangers_of_64(front, allowed);
        let [front, mut behind] = split_64(behind);
        strange |= strangers_of_64(front, allowed);
        while !behind.is_empty() {
            let [front, rest] = split_64(behind);
            strange |= strangers_of_64(front, allowed);
            behind = rest;
        }
    }
    strange == 0
}

/// Up to 64 bytes, and what is behind them. An empty part still points into the message: looking
/// at nothing is slow where no memory is.
#[inline]
fn split_64(bytes: &[u8]) -> [&[u8]; 2] {
    let (front, behind) = bytes.split_at(bytes.len().min(64));
    [front, behind]
}

/// A bit for each of up to 64 bytes that is in none of the allowed tiles, the first byte lowest.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,bmi2")]
fn strangers_of_64(bytes: &[u8], allowed: __m512i) -> u64 {
    let [len, ..] = bytes.len().to_le_bytes();
    let wanted = _bzhi_u64(u64::MAX, len.into());
    // SAFETY: no byte is read but as many as the slice has.
    let bytes = unsafe { _mm512_maskz_loadu_epi8(wanted, bytes.as_ptr().cast()) };
    let [high, low] = NIBBLES.map(|table| {
        // SAFETY: the array has the 16 bytes that are read, at any alignment.
        _mm512_broadcast_i32x4(unsafe { _mm_loadu_si128(table.as_ptr().cast()) })
    });
    let nibble = _mm512_set1_epi8(0x0F);
    let high_nibbles = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), nibble);
    let by_high = _mm512_shuffle_epi8(high, high_nibbles);
    let by_low = _mm512_shuffle_epi8(low, _mm512_and_si512(bytes, nibble));
    let in_tiles = _mm512_and_si512(by_high, by_low);
    _mm512_mask_testn_epi8_mask(wanted, in_tiles, allowed)
}
