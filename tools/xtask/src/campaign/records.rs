//! The journal of a switch that does not run: is it whole, and what does it say? Must not know what
//! it should say.

use std::path::Path;

use journal::disk::SystemDisk;
use journal::format::Position;
use journal::reader::Reader;
use journal::seal::{Key, Keys};

use super::programs::Programs;
use super::trouble::Trouble;

/// A sum over all records in order, to see whether one of them changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sum(u64);

impl Default for Sum {
    fn default() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }
}

impl Sum {
    /// FNV-1a over the position and the record.
    fn add(&mut self, position: u64, record: &[u8]) {
        for byte in position.to_le_bytes().iter().chain(record) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
        }
    }
}

/// Asks `sekisho journal verify`, which must end with 0.
pub(super) fn verify(programs: &Programs, journal: &Path) -> Result<(), Trouble> {
    let mut command = Programs::leashed(&programs.sekisho);
    command.args(["journal", "verify", "--dir"]).arg(journal);
    let output = command.output().map_err(Trouble::failed("sekisho journal verify"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Err(Trouble::Found(format!(
        "sekisho journal verify: {}\n{}{}",
        output.status,
        said(&output.stdout),
        said(&output.stderr)
    )))
}

/// Reads the records from a position on, in order, with the key of that file.
pub(super) fn read(
    journal: &Path,
    key: &Path,
    from: u64,
    sum: &mut Sum,
    mut take: impl FnMut(u64, &[u8]),
) -> Result<(), Trouble> {
    let disk = SystemDisk::open(journal, false).map_err(Trouble::failed("the journal"))?;
    let key = std::fs::read(key);
    let key = Key::parse(&key.map_err(Trouble::failed("the journal's key"))?);
    let key = key.map_err(|_| Trouble::found("the journal's key is none"))?;
    let keys = Keys::only(key);
    let found = |problem| Trouble::Found(format!("the journal can not be read: {problem}"));
    let mut reader = Reader::open(&disk, Some(&keys), Position(from)).map_err(found)?;
    while let Some(batch) = reader.next_batch().map_err(found)? {
        for (position, record) in batch.records().into_iter().flatten() {
            sum.add(position.0, record);
            take(position.0, record);
        }
    }
    Ok(())
}
