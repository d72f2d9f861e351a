//! For tests: a directory of a journal's own with a writer in it, gone when they are done. Knows no
//! worker.

use std::path::PathBuf;
use std::sync::Arc;

use journal::disk::SystemDisk;
use journal::format::Position;
use journal::path::Mapped;
use journal::recovery;
use journal::seal::{Key, Keys};
use journal::segments::{Keeper, Next, Spares};
use journal::writer::{Start, Writer};

/// Bytes of a segment.
pub(super) const SEGMENT: u64 = 1 << 20;

/// The directory, and who works in it.
pub(super) struct Ground {
    pub(super) path: PathBuf,
    pub(super) spares: Arc<Spares>,
    pub(super) keeper: Keeper<SystemDisk>,
}

impl Ground {
    /// A new directory with `spares` spare segments, and a writer that has taken one more.
    pub(super) fn begins(name: &str, spares: usize) -> (Self, Writer<SystemDisk, Mapped>) {
        let path = std::env::temp_dir().join(format!("sekishod-{name}-{}", std::process::id()));
        let disk = SystemDisk::open(&path, true).expect("a directory");
        let prepared = Arc::new(Spares::new(SEGMENT));
        let keeper = Keeper::begin(disk.clone(), Arc::clone(&prepared), spares.max(1) + 1, 0);
        let mut keeper = keeper.expect("an empty directory");
        while prepared.count() <= spares {
            assert_ne!(keeper.step().expect("the disk works"), Next::Full);
        }
        let recovered = recovery::recover(&disk, None).expect("nothing is there");
        let start = Start::after(&recovered, [7; 16]);
        assert_eq!(start.released, Position(0));
        let keys = Arc::new(Keys::only(Key::of(&[1; 32])));
        let path_to = Mapped::new(disk.clone());
        let writer = Writer::begin(disk, path_to, keys, &start, Arc::clone(&prepared), 1);
        (Self { path, spares: prepared, keeper }, writer.expect("a spare is ready"))
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.path));
    }
}
