//! Which cores a process of a comparison runs on: the one under test has the last core for itself,
//! load and issuer share the others. Must not know what the processes do.
//!
//! Left to the system, the three compete for two cores, and how many frames wait when the one under
//! test gets its turn decides what a transaction costs, more than the program does.

use std::io;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Who a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The one that is measured.
    UnderTest,
    /// Load or issuer.
    Peer,
}

impl Place {
    /// Does something, such as starting a process, on the cores of this place: what is started
    /// meanwhile stays there. With a single core there is no choice.
    pub(super) fn during<T>(self, work: impl FnOnce() -> T) -> io::Result<T> {
        let all = sched_getaffinity(None)?;
        let Some(cores) = self.cores(&all) else { return Ok(work()) };
        sched_setaffinity(None, &cores)?;
        let done = work();
        sched_setaffinity(None, &all)?;
        Ok(done)
    }

    fn cores(self, all: &CpuSet) -> Option<CpuSet> {
        let last = (0..CpuSet::MAX_CPU).rev().find(|&core| all.is_set(core))?;
        let mut cores = CpuSet::new();
        match self {
            Self::UnderTest => cores.set(last),
            Self::Peer => (0..last).filter(|&core| all.is_set(core)).for_each(|c| cores.set(c)),
        }
        (all.count() > 1).then_some(cores)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(cores: &[usize]) -> CpuSet {
        let mut set = CpuSet::new();
        for &core in cores {
            set.set(core);
        }
        set
    }

    #[test]
    fn the_one_under_test_has_the_last_core_and_the_others_the_rest() {
        assert_eq!(Place::UnderTest.cores(&set(&[0, 2, 5])), Some(set(&[5])));
        assert_eq!(Place::Peer.cores(&set(&[0, 2, 5])), Some(set(&[0, 2])));
    }

    #[test]
    fn a_single_core_is_shared() {
        assert_eq!(Place::UnderTest.cores(&set(&[1])), None);
        assert_eq!(Place::Peer.cores(&set(&[1])), None);
    }

    #[test]
    fn afterwards_this_thread_has_its_cores_back() {
        let before = sched_getaffinity(None).unwrap();
        let during = Place::UnderTest.during(|| sched_getaffinity(None).unwrap()).unwrap();
        assert_eq!(sched_getaffinity(None).unwrap(), before);
        assert!(during.count() == 1 || before.count() == 1);
    }
}
