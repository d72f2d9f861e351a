//! Looks for what must not be there: in texts, in files, in the memory of a process. Must not know
//! why not.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

/// So many bytes in a row of something are a trace of it.
const TRACE: usize = 8;
/// Bytes looked at together; in memory a page is there or not.
const PAGE: usize = 4_096;
/// Bytes read at a time.
const PIECE: usize = 256 * PAGE;
/// Which traces begin like this: one bit for each start of three bytes.
const STARTS: usize = 1 << 24;

/// What is looked for.
pub(crate) struct Hunt {
    traces: BTreeMap<[u8; TRACE], String>,
    starts: Vec<u64>,
}

/// A trace that was found: whose it is, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) what: String,
    pub(crate) place: String,
}

impl Hunt {
    /// For nothing yet.
    pub(crate) fn new() -> Self {
        Self { traces: BTreeMap::new(), starts: vec![0; STARTS / 64] }
    }

    /// For this too: as it is, as hexadecimal digits, and where it is digits, packed in both ways.
    pub(crate) fn and_for(&mut self, what: &str, secret: &[u8]) {
        self.add(what, secret);
        let nibbles = secret.iter().flat_map(|byte| [byte >> 4, byte & 0xF]);
        let hex: Vec<u8> = nibbles.map(|nibble| b"0123456789abcdef"[usize::from(nibble)]).collect();
        self.add(what, &hex);
        self.add(what, &hex.to_ascii_uppercase());
        if secret.iter().all(u8::is_ascii_digit) {
            self.add(what, &packed(secret));
            self.add(what, &packed(&secret[1..]));
        }
    }

    fn add(&mut self, what: &str, bytes: &[u8]) {
        // The same byte eight times tells nothing, and stands elsewhere too.
        let telling =
            bytes.windows(TRACE).filter(|trace| trace.iter().any(|byte| *byte != trace[0]));
        for trace in telling {
            let trace: [u8; TRACE] = trace.try_into().expect("windows are as long as asked");
            let start = start_of(&trace);
            self.starts[start / 64] |= 1 << (start % 64);
            self.traces.insert(trace, what.to_owned());
        }
    }

    /// Whose traces are in these bytes, and where each is first.
    pub(crate) fn in_bytes(&self, bytes: &[u8]) -> Vec<(&str, usize)> {
        let mut found: Vec<(&str, usize)> = Vec::new();
        for (at, window) in bytes.windows(TRACE).enumerate() {
            let start = start_of(window);
            if self.starts[start / 64] & 1 << (start % 64) == 0 {
                continue;
            }
            if let Some(what) = self.traces.get(window)
                && found.iter().all(|(known, _)| known != what)
            {
                found.push((what, at));
            }
        }
        found
    }

    /// Traces in all files below a directory.
    pub(crate) fn in_files(&self, directory: &Path) -> Vec<Found> {
        let mut all = Vec::new();
        for entry in std::fs::read_dir(directory).expect("a directory of the test") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                all.extend(self.in_files(&path));
            } else if path.is_file() {
                let bytes = std::fs::read(&path).expect("a file of the test");
                all.extend(self.told(&bytes, &path.display().to_string()));
            }
        }
        all
    }

    /// Traces in some bytes of that name.
    pub(crate) fn told(&self, bytes: &[u8], place: &str) -> Vec<Found> {
        let told = |(what, at): (&str, usize)| Found {
            what: what.to_owned(),
            place: format!("{place} at {at:#x}: {}", around(bytes, at)),
        };
        self.in_bytes(bytes).into_iter().map(told).collect()
    }

    /// Traces in all that a process can write to, and the bytes that were looked at. Pages of zeros
    /// are passed over.
    pub(crate) fn in_memory(&self, process: u32) -> (Vec<Found>, usize) {
        let maps = File::open(format!("/proc/{process}/maps")).expect("it runs, and is ours");
        let mut memory = File::open(format!("/proc/{process}/mem")).expect("it runs, and is ours");
        let (mut all, mut looked) = (Vec::new(), 0);
        for line in BufReader::new(maps).lines() {
            let line = line.expect("maps are text");
            let Some((from, to)) = writable(&line) else { continue };
            for begin in (from..to).step_by(PIECE) {
                // With what a trace across two pieces needs.
                let length = PIECE.min(to - begin) + TRACE.min(to - (begin + PIECE).min(to));
                let mut piece = vec![0; length];
                let start = u64::try_from(begin).expect("an address");
                memory.seek(SeekFrom::Start(start)).expect("an address");
                match memory.read_exact(&mut piece) {
                    Ok(()) => {}
                    // A mapping of a device, or one that has just gone.
                    Err(error) if error.raw_os_error() == Some(5) => continue,
                    Err(error) if error.kind() == ErrorKind::UnexpectedEof => continue,
                    Err(error) => panic!("{line}: {error}"),
                }
                for (number, used) in used_parts(&piece) {
                    looked += used.len();
                    let place = format!("{:#x} of {line}", begin + number * PAGE);
                    all.extend(self.told(used, &place));
                }
            }
        }
        (all, looked)
    }
}

/// Runs of pages that are not zero, each with the number of its first page.
fn used_parts(piece: &[u8]) -> Vec<(usize, &[u8])> {
    let zeros = [0; PAGE];
    let is_used = |page: &[u8]| page != &zeros[..page.len()];
    let pages: Vec<bool> = piece.chunks(PAGE).map(is_used).collect();
    let mut parts = Vec::new();
    let mut number = 0;
    while number < pages.len() {
        let run = pages[number..].iter().take_while(|used| **used).count();
        if run > 0 {
            let end = ((number + run) * PAGE).min(piece.len());
            parts.push((number, &piece[number * PAGE..end]));
        }
        number += run.max(1);
    }
    parts
}

/// The addresses of a mapping that the process can write to.
fn writable(line: &str) -> Option<(usize, usize)> {
    let mut words = line.split_whitespace();
    let (addresses, rights) = (words.next()?, words.next()?);
    let (from, to) = addresses.split_once('-')?;
    let address = |text| usize::from_str_radix(text, 16).ok();
    rights.contains('w').then_some((address(from)?, address(to)?))
}

fn start_of(trace: &[u8]) -> usize {
    usize::from(trace[0]) | usize::from(trace[1]) << 8 | usize::from(trace[2]) << 16
}

/// Digits, two a byte.
pub(crate) fn packed(digits: &[u8]) -> Vec<u8> {
    let pairs = digits.as_chunks::<2>().0;
    pairs.iter().map(|[high, low]| (high & 0xF) << 4 | low & 0xF).collect()
}

/// What stands around a place, for whoever has to find out where it is from.
fn around(bytes: &[u8], at: usize) -> String {
    let part = &bytes[at.saturating_sub(48)..bytes.len().min(at + 48)];
    part.escape_ascii().to_string()
}

#[test]
fn a_trace_is_found_in_every_form_and_nothing_else_is() {
    let mut hunt = Hunt::new();
    hunt.and_for("digits", b"281220198765432109");
    hunt.and_for("text", b"PLANTED!");
    let found = |bytes: &[u8]| hunt.in_bytes(bytes).len();
    assert_eq!(found(b"..220198765432.."), 1);
    assert_eq!(found(b"2812201"), 0);
    assert_eq!(found(&packed(b"0281220198765432109")), 1);
    assert_eq!(found(&packed(b"281220198765432109")), 1);
    assert_eq!(found(b"504c414e54454421 PLANTED!"), 1);
    assert_eq!(found(b"504C414E54454421 281220198765"), 2);
    assert_eq!(found(b"PLANTED?"), 0);
}
