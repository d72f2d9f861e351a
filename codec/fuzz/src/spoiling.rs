//! A proof run without a fuzzer: on the corpus of its target, and on each file of it spoilt in many
//! ways. Knows no proof.

use std::fs;
use std::path::Path;

/// Fewer files than this are no corpus.
const FILES_MIN: usize = 8;

/// Runs a proof on every file of a corpus, and on `count` spoilt ones.
pub(crate) fn holds(corpus: &Path, count: usize, proof: fn(&[u8])) {
    let files = files_in(corpus);
    assert!(files.len() >= FILES_MIN, "{} files in {}", files.len(), corpus.display());
    for bytes in &files {
        proof(bytes);
    }
    let mut chance = Chance(0x5EED);
    for _ in 0..count {
        let mut bytes = files[chance.below(files.len())].clone();
        chance.spoil(&mut bytes);
        proof(&bytes);
    }
}

/// The files, in the order of their names.
fn files_in(folder: &Path) -> Vec<Vec<u8>> {
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
