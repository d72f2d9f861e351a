//! How many descriptors the process may have, and how many its configuration can use: each link is
//! one. Knows no socket.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use switch_core::plan::Plan;

use crate::config::Endpoint;
use crate::worker::SPARE_SOCKETS;

/// For everything but links and listeners: the log, the control socket and its clients, and the files
/// of the journal, of which there are at most two dozen at once.
const OTHERS: u64 = 64;
/// What links never get of that, however few descriptors there are: without the journal's files no
/// answer leaves.
const OTHERS_MIN: u64 = 40;
/// An epoll and a waker.
const OF_A_WORKER: u64 = 2;

/// What [`raise`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Descriptors {
    /// How many there may be.
    pub(crate) allowed: u64,
    /// How many are used when every station has all its links.
    pub(crate) needed: u64,
    /// How many sockets of links there may be, so that the others have theirs.
    pub(crate) links_max: usize,
}

/// What it means when fewer are allowed than needed.
pub(crate) const TOO_FEW: &str = "too few open files for all links: connections beyond will wait; raise the hard limit \
     (LimitNOFILE= in the unit, ulimit -Hn), or lower `links`";

/// Asks the system for as many descriptors as the configuration can use, or as many as it may have
/// without anybody's leave.
pub(crate) fn raise(plan: &Plan, endpoints: &[Endpoint]) -> Descriptors {
    let limit = getrlimit(Resource::Nofile);
    let needed = needed(plan, endpoints);
    let wanted = soft(limit.current, limit.maximum, needed);
    let raised = wanted.is_some() && {
        let limit = Rlimit { current: wanted, maximum: limit.maximum };
        setrlimit(Resource::Nofile, limit).is_ok()
    };
    let allowed = if raised { wanted } else { limit.current };
    let allowed = allowed.unwrap_or(u64::MAX);
    let others = listeners(endpoints) + u64::from(plan.workers) * OF_A_WORKER + OTHERS_MIN;
    let links_max = usize::try_from(allowed.saturating_sub(others)).unwrap_or(usize::MAX);
    Descriptors { allowed, needed, links_max }
}

fn listeners(endpoints: &[Endpoint]) -> u64 {
    endpoints.iter().map(|endpoint| wide(endpoint.listen.len())).sum()
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn needed(plan: &Plan, endpoints: &[Endpoint]) -> u64 {
    let links = wide(plan.link_stations.len());
    let each = wide(SPARE_SOCKETS) + OF_A_WORKER;
    links + listeners(endpoints) + u64::from(plan.workers) * each + OTHERS
}

/// The limit to ask for; none when that of now will do, or nothing better is to be had.
fn soft(current: Option<u64>, maximum: Option<u64>, needed: u64) -> Option<u64> {
    let current = current?;
    let reachable = maximum.map_or(needed, |maximum| needed.min(maximum));
    (reachable > current).then_some(reachable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_goes_up_to_what_is_needed_or_to_what_may_be_had() {
        for (current, maximum, needed, asked) in [
            (Some(1_024), Some(20_000), 5_000, Some(5_000)),
            (Some(1_024), Some(4_096), 5_000, Some(4_096)),
            (Some(1_024), None, 5_000, Some(5_000)),
            (Some(1_024), Some(1_024), 5_000, None),
            (Some(8_192), Some(20_000), 5_000, None),
            (None, None, 5_000, None),
        ] {
            assert_eq!(soft(current, maximum, needed), asked);
        }
    }
}
