//! Every kernel that this processor has judges as looking byte by byte does, and reads no byte
//! that is not its own.

use super::*;
use proptest::prelude::*;
use std::boxed::Box;
use std::vec::Vec;

const SETS: [Charset; 7] = [
    Charset::Digits,
    Charset::Packed,
    Charset::Text,
    Charset::Hex,
    Charset::Any,
    Charset::Track,
    Charset::PackedTrack,
];

/// A byte that is in the set.
fn fine(set: Charset) -> u8 {
    if set.is_packed() { 0x12 } else { b'7' }
}

/// One run and nothing around it, in memory that ends where it ends.
fn judge(kernels: Kernels, set: Charset, run: &[u8]) -> bool {
    let bytes: Box<[u8]> = run.into();
    kernels.admit(&bytes, &[Run::new(set, 0, bytes.len())])
}

#[test]
fn every_byte_is_judged_alike_at_the_ends_of_a_run() {
    for (kernels, set) in Kernels::available().flat_map(|one| SETS.map(|set| (one, set))) {
        for len in [1, 2, 7, 8, 9, 31, 32, 33, 63, 64, 65, 127, 128, 129] {
            for place in [0, len / 2, len - 1] {
                let mut run = std::vec![fine(set); len];
                for byte in 0..=255 {
                    run[place] = byte;
                    let judged = judge(kernels, set, &run);
                    let told = (kernels, set, byte, place, len);
                    assert_eq!(judged, set.admits(byte), "{told:02X?}");
                }
            }
        }
    }
}

#[test]
fn a_stranger_is_seen_at_every_place_of_a_run_of_any_length() {
    for (kernels, set) in Kernels::available().flat_map(|one| SETS.map(|set| (one, set))) {
        for len in 0..=130 {
            let mut run = std::vec![fine(set); len];
            assert!(judge(kernels, set, &run), "{kernels:?} {set:?} {len}");
            for place in 0..len {
                run[place] = 0x7F;
                let judged = judge(kernels, set, &run);
                assert_eq!(judged, set == Charset::Any, "{kernels:?} {set:?} {place} of {len}");
                run[place] = fine(set);
            }
        }
    }
}

#[test]
fn what_stands_around_a_run_is_not_judged_with_it() {
    for (kernels, set) in Kernels::available().flat_map(|one| SETS.map(|set| (one, set))) {
        for (before, len) in (0..=70).flat_map(|before| (0..=70).map(move |len| (before, len))) {
            for behind in [0, 1, 31, 70] {
                let mut bytes = std::vec![0xFF; before + len + behind].into_boxed_slice();
                bytes[before..before + len].fill(fine(set));
                let run = Run::new(set, before, before + len);
                let told = (kernels, set, before, len, behind);
                assert!(kernels.admit(&bytes, &[run]), "{told:?}");
            }
        }
    }
}

#[test]
fn a_run_that_is_not_in_the_message_is_refused() {
    for kernels in Kernels::available() {
        for (from, to) in [(0, 41), (40, 41), (41, 42), (60_000, 65_535), (9, 8)] {
            let runs = [Run::new(Charset::Digits, from, to)];
            assert!(!kernels.admit(&[b'7'; 40], &runs), "{kernels:?} {from} {to}");
        }
    }
}

#[test]
fn the_kernels_of_a_processor_begin_with_those_of_all_and_end_with_the_ones_detected() {
    let all: Vec<Kernels> = Kernels::available().collect();
    assert_eq!(all.first(), Some(&Kernels::SCALAR));
    assert_eq!(all.last(), Some(&Kernels::detected()));
}

/// Many sets, mostly of bytes that are in them: random ones are hardly ever.
fn bytes_of(set: Charset) -> impl Strategy<Value = u8> {
    let admitted: Vec<u8> = (0..=255).filter(|&byte| set.admits(byte)).collect();
    prop_oneof![200 => prop::sample::select(admitted), 1 => any::<u8>()]
}

/// A message of such runs, one behind the other.
fn runs() -> impl Strategy<Value = (Vec<u8>, Vec<Run>)> {
    let run = prop::sample::select(SETS.to_vec()).prop_flat_map(|set| {
        prop::collection::vec(bytes_of(set), 0..150).prop_map(move |bytes| (set, bytes))
    });
    prop::collection::vec(run, 0..12).prop_map(|parts| {
        let (mut bytes, mut runs) = (Vec::new(), Vec::new());
        for (set, part) in parts {
            runs.push(Run::new(set, bytes.len(), bytes.len() + part.len()));
            bytes.extend(part);
        }
        (bytes, runs)
    })
}

proptest! {
    #[test]
    fn many_runs_are_judged_alike((bytes, runs) in runs()) {
        for kernels in Kernels::available() {
            let judged = kernels.admit(&bytes, &runs);
            prop_assert_eq!(judged, Kernels::BYTES.admit(&bytes, &runs), "{:?}", kernels);
        }
    }
}
