//! What the disk under the journal takes for one commit, measured next to the runs. Must not know the
//! journal: one block, written and synced, again and again.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};

use crate::clock;
use crate::figures;

const BLOCK: usize = 4_096;
/// Commits of one measurement: a tenth of a second on a fast disk, a few seconds on a slow one.
const COMMITS: u64 = 400;

/// Median of a commit of one block to a file that is written already, in the directory of temporary
/// files, microseconds.
pub(super) fn commit_us() -> io::Result<f64> {
    let name = format!("sekisho-device-{}-{}", std::process::id(), clock::unix());
    let path = std::env::temp_dir().join(name);
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    let measured = measure(&file);
    drop(fs::remove_file(&path));
    measured
}

fn measure(file: &fs::File) -> io::Result<f64> {
    let block = [0x5A; BLOCK];
    let place = |number: u64| number * 4_096;
    for number in 0..COMMITS {
        file.write_all_at(&block, place(number))?;
    }
    file.sync_all()?;
    let mut took = Vec::new();
    for number in 0..COMMITS {
        let began = clock::now();
        file.write_all_at(&block, place(number))?;
        file.sync_data()?;
        took.push(figures::microseconds_each(clock::now() - began, 1));
    }
    Ok(figures::median(took))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_takes_some_time_and_leaves_nothing_behind() {
        assert!(commit_us().unwrap() > 0.0);
        let left = fs::read_dir(std::env::temp_dir()).unwrap().flatten().any(|entry| {
            entry
                .file_name()
                .to_string_lossy()
                .starts_with(&format!("sekisho-device-{}-", std::process::id()))
        });
        assert!(!left);
    }
}
