//! The fuzz targets' proofs, run on their corpus and on seeds spoilt at random: what the fuzzer
//! found interesting once is looked at every time. Knows no fuzzer.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "what fails is a test that fails")]

#[path = "../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "public for the fuzz targets")]
mod proofs;

use std::fs;
use std::path::Path;

/// Spoilt seeds that each proof sees, beside the corpus.
const SPOILT: usize = 20_000;
/// Fewer files than this are no corpus.
const FILES_MIN: usize = 8;

/// The corpus of one target, in the order of the files' names.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// The same numbers every time (xorshift64*).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(number).unwrap() % bound
    }

    /// One to four bytes changed, taken out, put in, or doubled; sometimes the end cut off.
    fn spoil(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(4) {
            if bytes.is_empty() {
                return bytes.push(0);
            }
            let at = self.below(bytes.len());
            let byte = u8::try_from(self.below(256)).unwrap();
            match self.below(6) {
                0 => bytes[at] = byte,
                1 => bytes[at] ^= 1 << self.below(8),
                2 => bytes.insert(at, byte),
                3 => drop(bytes.remove(at)),
                4 => bytes.truncate(at),
                _ => bytes.extend_from_within(at..),
            }
        }
    }
}

fn holds(target: &str, proof: fn(&[u8])) {
    let corpus = corpus(target);
    assert!(corpus.len() >= FILES_MIN, "{} files for {target}", corpus.len());
    for bytes in &corpus {
        proof(bytes);
    }
    let mut chance = Chance(0x5EED);
    for _ in 0..SPOILT {
        let mut bytes = corpus[chance.below(corpus.len())].clone();
        chance.spoil(&mut bytes);
        proof(&bytes);
    }
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
