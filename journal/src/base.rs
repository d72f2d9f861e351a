//! Behind which mark a log begins that has no segment yet, or whose first records are elsewhere: after a
//! snapshot was taken, and for a tail that was cut off. Knows where its values stand, and nothing else.

use std::io::ErrorKind;

use crate::disk::{Disk, DiskFile, Failed};
use crate::format::{BLOCK, BatchNumber, Cluster, Epoch, From, Position, To, VERSION, add_check};
use crate::mark::Mark;
use crate::window::Aligned;

/// What the file is called.
pub const NAME: &str = "base";
/// Bytes of it that mean something; zeros fill its block.
pub const BASE: usize = 80;

const MAGIC: [u8; 8] = *b"SEKISHOB";
const UNFINISHED: &str = "base.unfinished";

/// What the file says. None: there is none, or none that is whole.
pub(crate) fn read<D: Disk>(disk: &D) -> Result<Option<(Cluster, Mark)>, Failed> {
    let file = match disk.open(NAME, false) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(Failed::when("open", NAME))?,
    };
    let mut block = Aligned::new(BLOCK);
    let read = file.read_at(0, &mut block).map_err(Failed::when("read", NAME))?;
    let Ok(mut from) = From::begin(&block[..read], &MAGIC, BASE) else { return Ok(None) };
    let _unused: [u8; 2] = from.take();
    let epoch = Epoch(from.short());
    let cluster = from.take();
    let (batch, position) = (BatchNumber(from.long()), Position(from.long()));
    Ok(Some((cluster, Mark { epoch, batch, position, tag: from.take() })))
}

/// Writes the file, durably, over one that is there.
pub(crate) fn write<D: Disk>(disk: &D, cluster: &Cluster, mark: &Mark) -> Result<(), Failed> {
    remove_one(disk, UNFINISHED)?;
    let file = disk.create(UNFINISHED, BLOCK as u64);
    let file = file.map_err(Failed::when("create", UNFINISHED))?;
    file.write_at(0, &block(cluster, mark)).map_err(Failed::when("write", UNFINISHED))?;
    file.sync().map_err(Failed::when("sync", UNFINISHED))?;
    disk.rename(UNFINISHED, NAME).map_err(Failed::when("rename", UNFINISHED))?;
    disk.sync_directory().map_err(Failed::when("sync", ""))
}

/// Removes the file, if it is there.
pub(crate) fn remove<D: Disk>(disk: &D) -> Result<(), Failed> {
    if remove_one(disk, NAME)? {
        disk.sync_directory().map_err(Failed::when("sync", ""))?;
    }
    Ok(())
}

fn remove_one<D: Disk>(disk: &D, name: &str) -> Result<bool, Failed> {
    match disk.remove(name) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        removed => removed.map(|()| true).map_err(Failed::when("remove", name)),
    }
}

/// The file's one block.
pub(crate) fn block(cluster: &Cluster, mark: &Mark) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let mut to = To { bytes: &mut block, at: 0 };
    to.put(&MAGIC);
    to.put(&VERSION.to_le_bytes());
    to.put(&[0; 2]);
    to.put(&mark.epoch.0.to_le_bytes());
    to.put(cluster);
    to.put(&mark.batch.0.to_le_bytes());
    to.put(&mark.position.0.to_le_bytes());
    to.put(&mark.tag);
    to.put(&[0; 8]);
    assert_eq!(to.at, BASE - 8, "all of it");
    add_check(&mut block[..BASE]);
    block
}
