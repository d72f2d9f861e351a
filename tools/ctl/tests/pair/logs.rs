//! The two logs at the end of a story: whole by `sekisho journal verify`, and equal byte for byte. Must not know
//! what is in them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use journal::disk::SystemDisk;
use journal::format::BatchNumber;
use journal::raw::RawReader;
use journal::seal::Keys;
use journal::writer::Framed;

use crate::site::Site;

/// The last part of a segment may be prepared and not written.
const BLOCK: usize = 4_096;

/// Both are whole, and every segment that both still have is equal in every byte.
pub(crate) fn are_equal(one: &Site, other: &Site) {
    for site in [one, other] {
        let said = site.is_told("journal verify --dir state/journal");
        assert_eq!(said.code, Some(0), "{}: {said:?}", site.name);
    }
    let (ours, theirs) = (segments(&one.journal()), segments(&other.journal()));
    let last = |all: &BTreeMap<String, Vec<u8>>| all.keys().next_back().cloned();
    assert_eq!(last(&ours), last(&theirs), "their last segments");
    let both = ours.keys().filter(|name| theirs.contains_key(*name));
    let mut compared = 0;
    for name in both {
        let (ours, theirs) = (&ours[name], &theirs[name]);
        let blocks = ours.chunks(BLOCK).zip(theirs.chunks(BLOCK));
        let differs = blocks.enumerate().find(|(_, (ours, theirs))| ours != theirs);
        assert!(differs.is_none(), "{name} differs in block {:?}", differs.map(|(n, _)| n));
        assert_eq!(ours.len(), theirs.len(), "{name}");
        compared += 1;
    }
    assert!(compared > 0, "they have no segment in common");
}

/// Everything that is in a log, as it was written: blocks of segments and batches.
pub(crate) fn all(site: &Site, keys: &Arc<Keys>) -> Vec<Vec<u8>> {
    let disk = SystemDisk::open(&site.journal(), false).unwrap();
    let mut reader = RawReader::open(&disk, Arc::clone(keys), BatchNumber(1)).unwrap();
    let mut all = Vec::new();
    while let Some(framed) = reader.next().unwrap() {
        all.push(match framed {
            Framed::Segment(block) => block.to_vec(),
            Framed::Batch(_, bytes) => bytes.to_vec(),
        });
    }
    all
}

/// The segments that were begun, by name.
fn segments(journal: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(journal).unwrap().map(Result::unwrap);
    let names = entries.map(|entry| entry.file_name().into_string().unwrap());
    let named = names.filter(|name| name.ends_with(".segment"));
    let read = named.map(|name| (name.clone(), fs::read(journal.join(&name)).unwrap()));
    // One that is only prepared is zeros.
    read.filter(|(_, bytes)| bytes.iter().any(|&byte| byte != 0)).collect()
}
