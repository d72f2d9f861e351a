//! The threads of workers, each on a core of its own where there are enough. Must not know what a worker does.

use std::thread::{self, JoinHandle};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use switch_core::ids::WorkerId;

use crate::worker::Worker;

/// From so many cores up, each worker keeps to its own.
const PINNED_FROM_CORES: usize = 4;

/// Starts a worker's thread, on a core of its own where there are enough.
pub(super) fn start(worker: Worker) -> std::io::Result<JoinHandle<()>> {
    let id = worker.id();
    let core = core_of(id);
    thread::Builder::new().name(format!("worker-{}", id.0)).spawn(move || {
        // A core that can not be had is no reason to stand still.
        let _kept = core.map(|core| sched_setaffinity(None, &core));
        worker.run();
    })
}

/// The core of a worker, among those that this process may use; none where there are few.
fn core_of(worker: WorkerId) -> Option<CpuSet> {
    let all = sched_getaffinity(None).ok()?;
    let cores = usize::try_from(all.count()).ok().filter(|&cores| cores >= PINNED_FROM_CORES)?;
    let mut mine = (0..CpuSet::MAX_CPU).filter(|&core| all.is_set(core));
    let mut core = CpuSet::new();
    core.set(mine.nth(worker.index() % cores)?);
    Some(core)
}
