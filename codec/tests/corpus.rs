//! The fuzz targets' proofs, run on their corpus and on seeds spoilt at random: what the fuzzer
//! found interesting once is looked at every time. Knows no fuzzer.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "what fails is a test that fails")]

#[path = "../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "public for the fuzz targets")]
mod proofs;
#[path = "../fuzz/src/spoiling.rs"]
mod spoiling;

use std::path::Path;

/// Spoilt seeds that each proof sees, beside the corpus.
const SPOILT: usize = 20_000;

fn holds(target: &str, proof: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    spoiling::holds(&corpus, SPOILT, proof);
}

#[test]
fn messages_are_read_or_refused_with_a_reason() {
    holds("messages", proofs::messages);
}

#[test]
fn layouts_met_before_change_no_verdict() {
    holds("layouts", proofs::layouts);
}

#[test]
fn what_is_forwarded_says_the_same() {
    holds("forwarding", proofs::forwarding);
}

#[test]
fn frames_are_cut_alike_whole_and_in_parts() {
    holds("frames", proofs::frames);
}

#[test]
fn chip_data_is_walked_alike_in_either_form() {
    holds("chip", proofs::chip);
}

#[test]
fn subfields_are_the_whole_value_one_behind_the_other() {
    holds("subfields", proofs::subfields);
}

#[test]
fn a_message_has_one_card_number_or_a_reason() {
    holds("cards", proofs::cards);
}
