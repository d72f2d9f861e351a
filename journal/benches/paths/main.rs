//! Both write paths under a steady rate of records: how long a record waits until it is durable, and
//! what it costs. A producer hands records to a journal thread through a lane, as a worker does.
//!
//! `cargo bench -p journal --bench paths [-- SECONDS [DIRECTORY [ROW]]]` prints the table of the
//! README, on the disk of the temporary directory unless another is named; with `ROW` (as
//! `direct-200000-250`) a single row of it.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(clippy::unwrap_used, reason = "a bench that can not be set up measures nothing")]

mod clock;
mod figures;
mod run;

use std::path::PathBuf;

use figures::Figures;
use journal::format::PathKind;
use run::Load;

/// Records a second.
const RATES: [u64; 3] = [5_000, 50_000, 200_000];
/// Bytes of a record.
const RECORDS: [usize; 2] = [250, 400];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    let seconds = words.first().map_or(4, |word| word.parse().unwrap());
    // What is removed is discarded on some disks, which then are slow for seconds: all at the end.
    let place = format!("sekisho-journal-bench-{}", std::process::id());
    let directory = words.get(1).map_or_else(std::env::temp_dir, PathBuf::from).join(place);
    std::fs::create_dir(&directory).unwrap();
    println!("{}", Figures::HEAD);
    for path in [PathKind::Mapped, PathKind::Direct] {
        for record_bytes in RECORDS {
            for rate in RATES {
                let load = Load { path, rate, record_bytes, seconds };
                if words.get(2).is_none_or(|row| *row == load.name()) {
                    println!("{}", run::run(&directory, &load));
                }
            }
        }
    }
    std::fs::remove_dir_all(directory).unwrap();
}
