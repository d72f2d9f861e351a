//! Journals to tell stories of: some records, in batches of one. Knows no story.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use journal::broken::Broken;
use journal::checkpoint::About;
use journal::disk::{Disk, SystemDisk};
use journal::format::{Epoch, Position};
use journal::path::{Mapped, WritePath};
use journal::recovery;
use journal::seal::{Key, Keys};
use journal::segments::{Keeper, Spares};
use journal::writer::{Committed, Start, Writer};

/// Six batches of one record each in a segment.
const SEGMENT: u64 = 32 << 10;

/// A directory of the system that is gone with it.
pub(crate) struct Place(pub(crate) PathBuf);

impl Place {
    pub(crate) fn new(name: &str) -> Self {
        let name = format!("sekisho-stories-{name}-{}", std::process::id());
        let place = Self(std::env::temp_dir().join(name));
        fs::create_dir(&place.0).expect("not there yet");
        place
    }

    pub(crate) fn disk(&self) -> SystemDisk {
        SystemDisk::open(&self.0, false).expect("there")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn segment(&self, number: u64) -> PathBuf {
        self.path(&format!("{number:016}.segment"))
    }

    pub(crate) fn copy_from(&self, other: &Self) {
        for entry in fs::read_dir(&other.0).expect("there") {
            let from = entry.expect("there").path();
            let name: &Path = from.file_name().expect("a file").as_ref();
            fs::copy(&from, self.0.join(name)).expect("copied");
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).expect("the test made it");
    }
}

/// The keys of the journal with this number.
pub(crate) fn keys(journal: u8) -> Keys {
    Keys::only(Key::of(&[journal; 32]))
}

pub(crate) fn about(journal: u8, position: u64) -> About {
    let (cluster, epoch) = ([journal; 16], Epoch(1));
    About { cluster, epoch, position: Position(position), created_ns: 1 }
}

/// A start that writes so many records and ends.
pub(crate) fn write(place: &Place, journal: u8, records: u64) {
    let disk = place.disk();
    drop(write_to(&disk, Mapped::new(disk.clone()), journal, records).expect("written"));
}

/// A start that writes so many records.
pub(crate) fn write_to<D: Disk, P: WritePath>(
    disk: &D,
    path: P,
    journal: u8,
    records: u64,
) -> Result<(Writer<D, P>, Keeper<D>), Broken> {
    let keys = Arc::new(keys(journal));
    let recovered = recovery::recover(disk, Some(&keys)).expect("can be gone on with");
    let spares = Arc::new(Spares::new(SEGMENT));
    let mut keeper = Keeper::begin(disk.clone(), Arc::clone(&spares), 2, 0)?;
    for _ in 0..4 {
        keeper.step()?;
    }
    let start = Start::after(&recovered, [journal; 16]);
    let mut writer = Writer::begin(disk.clone(), path, keys, &start, spares, 1)?;
    for _ in 0..records {
        one_more(&mut writer, &mut keeper)?;
    }
    Ok((writer, keeper))
}

/// Writes a record, and gives what is said then.
pub(crate) fn text_of<D: Disk, P: WritePath>(running: &mut (Writer<D, P>, Keeper<D>)) -> String {
    let (writer, keeper) = running;
    match one_more(writer, keeper) {
        Ok(()) => "nothing failed".to_owned(),
        Err(broken) => broken.to_string(),
    }
}

fn one_more<D: Disk, P: WritePath>(
    writer: &mut Writer<D, P>,
    keeper: &mut Keeper<D>,
) -> Result<(), Broken> {
    writer.append(&[b'x'; 3_000])?;
    while writer.commit(writer.durable(), 1)? == Committed::NoSpare {
        keeper.step()?;
    }
    writer.poll(true)?;
    Ok(())
}
