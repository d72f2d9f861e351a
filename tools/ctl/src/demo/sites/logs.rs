//! Whether two sites have one log: every batch, from the first on, byte for byte, whether it is in a segment or
//! was packed. Must not know what is in them.

use std::path::Path;
use std::sync::Arc;

use journal::disk::SystemDisk;
use journal::format::BatchNumber;
use journal::raw::RawReader;
use journal::seal::{Key, Keys};
use journal::writer::Framed;

/// Holds two journals against each other. The batches that both have; or where they part, or why they can not be
/// read.
pub(super) fn compare(journals: [&Path; 2], key: &Path) -> Result<u64, String> {
    let key = std::fs::read(key).map_err(|error| format!("the journal's key: {error}"))?;
    let key = Key::parse(&key).map_err(|_| "the journal's key is none".to_owned())?;
    let keys = Arc::new(Keys::only(key));
    let open = |path: &Path| {
        let disk = SystemDisk::open(path, false).map_err(|error| error.to_string())?;
        let reader = RawReader::open(&disk, Arc::clone(&keys), BatchNumber(1));
        // Each keeps blocks of its own.
        reader.map(Box::new).map_err(|problem| problem.to_string())
    };
    let [mut ours, mut theirs] = [open(journals[0])?, open(journals[1])?];
    let mut batches = 0;
    loop {
        let one = ours.next().map_err(|problem| problem.to_string())?;
        let other = theirs.next().map_err(|problem| problem.to_string())?;
        match (&one, &other) {
            (None, None) => return Ok(batches),
            (Some(one), Some(other)) if bytes(one) == bytes(other) => {
                batches += u64::from(matches!(one, Framed::Batch(..)));
            }
            (None | Some(_), Some(_)) | (Some(_), None) => {
                return Err(format!("they part behind {batches} batches"));
            }
        }
    }
}

fn bytes<'a>(framed: &'a Framed<'_>) -> &'a [u8] {
    match framed {
        Framed::Segment(block) => &block[..],
        Framed::Batch(_, bytes) => bytes,
    }
}
