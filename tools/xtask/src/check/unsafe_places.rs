//! Unsafe code stands only in the files named here. That each block says why it holds is clippy's part.

use crate::checkout::{Checkout, File};
use crate::report::{Finding, Outcome};
use crate::source::Rust;

/// The files that may have unsafe code, and what for.
const PLACES: [(&str, &str); 9] = [
    ("codec/src/kernel/simd.rs", "instructions that not every processor has"),
    ("switch/sync/src/lane.rs", "the bytes of a ring that two threads share"),
    ("journal/src/path/mapped.rs", "the copy of a batch into the mapped segment"),
    ("journal/src/path/direct/ring.rs", "buffers that the kernel reads from"),
    ("switch/daemon/src/memory.rs", "an allocator that asks for large pages"),
    (
        "switch/daemon/src/signals/bus_error.rs",
        "a signal handler that ends the process with a word",
    ),
    ("tools/xtask/src/campaign/power/shutdown.rs", "the ioctl that shuts a file system down"),
    ("switch/core/tests/allocations/counting.rs", "an allocator that counts"),
    ("switch/daemon/tests/allocations/counting.rs", "an allocator that counts"),
];

pub(super) fn run(checkout: &Checkout) -> Outcome {
    judge(&checkout.files, &PLACES)
}

fn judge(files: &[File], places: &[(&str, &str)]) -> Outcome {
    let mut outcome = Outcome::default();
    for file in files {
        let lines = unsafe_lines(file);
        let place = places.iter().find(|(path, _)| *path == file.path);
        match (place, lines.first()) {
            (Some((path, why)), Some(_)) => {
                outcome.list.push(format!("{path}: unsafe {} times: {why}", lines.len()));
            }
            (None, Some(_)) => outcome.findings.extend(lines.iter().map(|&line| {
                let text =
                    "unsafe outside the named places; write it in safe code, or move it to one";
                Finding::new(&file.path, line, text)
            })),
            (_, None) => {}
        }
    }
    for (path, _) in places {
        let has_unsafe = |file: &File| file.path == *path && !unsafe_lines(file).is_empty();
        if !files.iter().any(has_unsafe) {
            let text = "is a named place without unsafe code; take it off the list in this check";
            outcome.findings.push(Finding::new(path, 1, text));
        }
    }
    outcome
}

/// The line of each `unsafe` of a file.
fn unsafe_lines(file: &File) -> Vec<usize> {
    let words = file.rust.iter().flat_map(Rust::words);
    words.filter(|word| word.text == "unsafe").map(|word| word.line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNSAFE: &str =
        "// unsafe\n#![expect(unsafe_code)]\nfn a() {\n    unsafe { b(\"unsafe\") }\n}\n";
    const PLACES: [(&str, &str); 1] = [("switch/sync/src/lane.rs", "a ring")];

    #[test]
    fn unsafe_in_a_named_place_is_listed_with_its_count() {
        let outcome = judge(&[File::new("switch/sync/src/lane.rs", UNSAFE)], &PLACES);
        assert!(outcome.findings.is_empty());
        assert_eq!(outcome.list, ["switch/sync/src/lane.rs: unsafe 1 times: a ring"]);
    }

    #[test]
    fn unsafe_elsewhere_is_a_finding_at_its_line() {
        let outcome = judge(&[File::new("switch/core/src/gate.rs", UNSAFE)], &[]);
        let places: Vec<_> = outcome.findings.iter().map(|f| (f.path.as_str(), f.line)).collect();
        assert_eq!(places, [("switch/core/src/gate.rs", 4)]);
    }

    #[test]
    fn a_named_place_without_unsafe_must_leave_the_list() {
        let outcome = judge(&[File::new("switch/sync/src/lane.rs", "fn a() {}\n")], &PLACES);
        assert_eq!(outcome.findings.len(), 1);
        assert_eq!(judge(&[], &PLACES).findings.len(), 1);
    }
}
