//! The fuzz target's proof of dialect files, run on its corpus and on seeds spoilt at random. Knows
//! no fuzzer.

#![expect(clippy::unwrap_used, reason = "what fails is a test that fails")]

#[path = "../../fuzz/src/files.rs"]
#[expect(unreachable_pub, reason = "public for the fuzz target")]
mod files;
#[path = "../../fuzz/src/spoiling.rs"]
mod spoiling;

use std::path::Path;

#[test]
fn a_dialect_file_is_read_and_written_the_same_or_has_its_mistakes_told() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/dialect_files");
    spoiling::holds(&corpus, 10_000, files::dialect_files);
}
