//! Each rule of the journal is broken once on purpose, and the same runs notice it. Must not need more
//! than a seed to do so.

use std::panic::{AssertUnwindSafe, catch_unwind};

use journal::disk::simulated::{Lie, SimulatedDisk};
use journal::mutants::{self, Mutant};

use crate::journey::{self, Seen};

/// What is broken.
#[derive(Clone, Copy, Debug)]
enum Broken {
    Disk(&'static [Lie]),
    Rule(Mutant),
    Both(Mutant, &'static [Lie]),
}

use Broken::{Both, Disk, Rule};

/// A promise of the journal or of what it stands on.
struct Promise {
    holds: &'static str,
    broken: Broken,
    /// A run that shows it.
    seed: u64,
    /// What is said then.
    said: &'static str,
}

const fn promise(holds: &'static str, broken: Broken, seed: u64, said: &'static str) -> Promise {
    Promise { holds, broken, seed, said }
}

const PROMISES: [Promise; 12] = [
    promise("what is released is durable", Disk(&[Lie::DurableWhenSubmitted]), 0, "damaged"),
    promise("only the prefix of completions counts", Disk(&[Lie::CountsCompletions]), 50, "lost"),
    promise("a header is durable before its name", Disk(&[Lie::SkipsSync(".spare")]), 16, "lost"),
    promise("names are made durable", Disk(&[Lie::SkipsDirectorySync]), 0, "newest checkpoint"),
    promise("a failed sync is not tried again", Disk(&[Lie::RetriesSync]), 4, "do not go back"),
    promise("a start reads the device", Disk(&[Lie::ReadsTheCache]), 515, "damaged"),
    promise("a start syncs what it finds", Disk(&[Lie::SkipsSync(".segment")]), 62, "damaged"),
    promise(
        "a checkpoint is durable before its name",
        Disk(&[Lie::SkipsSync(".checkpoint")]),
        0,
        "newest checkpoint",
    ),
    promise(
        "an archive is durable before its segment goes",
        Disk(&[Lie::SkipsSync(".archive")]),
        3,
        "Archive",
    ),
    promise("segments are reused oldest first", Rule(Mutant::ReusesOutOfOrder), 52, "damaged"),
    promise("what a header covers is not cut", Rule(Mutant::CutsWithoutLooking), 4, "in silence"),
    promise(
        "old batches of a reused segment are zeros, or known as such",
        Both(Mutant::TakesAnyBatch, &[Lie::SkipsWrites(".spare.unfinished")]),
        4,
        "damaged",
    ),
];

/// What is said of a run in which something is broken.
fn told(broken: Broken, seed: u64) -> Option<String> {
    let disk = SimulatedDisk::new(seed);
    let (mutant, lies): (_, &[Lie]) = match broken {
        Disk(lies) => (None, lies),
        Rule(mutant) => (Some(mutant), &[]),
        Both(mutant, lies) => (Some(mutant), lies),
    };
    for &lie in lies {
        disk.tell(lie);
    }
    mutants::set(mutant);
    let run = || journey::run(seed, &disk, &mut Seen::default());
    let went = catch_unwind(AssertUnwindSafe(run));
    mutants::set(None);
    match went {
        Ok(went) => went.err(),
        Err(panic) => panic.downcast_ref::<String>().cloned().or(Some(String::new())),
    }
}

#[test]
fn every_broken_promise_is_noticed() {
    for Promise { holds, broken, seed, said } in PROMISES {
        let noticed = told(broken, seed);
        if !noticed.as_ref().is_some_and(|told| told.contains(said)) {
            let shows = |&seed: &u64| told(broken, seed).is_some_and(|told| told.contains(said));
            let other = (0..super::SEEDS).find(shows);
            panic!("{holds}: seed {seed} shows {noticed:?}; one that shows it: {other:?}");
        }
    }
}
