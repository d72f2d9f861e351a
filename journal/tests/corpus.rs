//! The fuzz targets' proofs, run on their corpus and on seeds spoilt at random: what the fuzzer found
//! interesting once is looked at every time. Knows no fuzzer.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "what fails is a test that fails")]

#[path = "../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "public for the fuzz targets")]
mod proofs;
#[path = "../../codec/fuzz/src/spoiling.rs"]
mod spoiling;

use std::path::Path;

/// Spoilt seeds that each proof sees, beside the corpus.
const SPOILT: usize = 3_000;

fn holds(target: &str, proof: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    spoiling::holds(&corpus, SPOILT, proof);
}

#[test]
fn whatever_stands_in_segments_no_record_is_made_up() {
    holds("segments", proofs::segments);
}

#[test]
fn whatever_stands_in_archives_no_record_is_made_up() {
    holds("archives", proofs::archives);
}

#[test]
fn whatever_stands_in_checkpoints_no_state_is_made_up() {
    holds("checkpoints", proofs::checkpoints);
}

#[test]
fn whatever_comes_on_the_line_is_a_message_or_nonsense_told_in_words() {
    holds("lines", proofs::lines);
}
