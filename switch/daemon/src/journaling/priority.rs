//! Who of the journal's threads goes before others, and who after. Must not know what they do.

use rustix::process::{getpriority_process, setpriority_process};
use thread_priority::{
    RealtimeThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy,
    set_thread_priority_and_policy, thread_native_id,
};

/// Niceness of threads that may wait.
const LOW: i32 = 10;
/// Niceness of a thread that may wait as long as others have work.
const LOWEST: i32 = 19;
/// Niceness of the thread that everything waits for, where it may be had and nothing better.
const HIGH: i32 = -10;

/// How the calling thread is scheduled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Priority {
    /// `SCHED_FIFO` with priority 1: before all threads of the ordinary kind, behind all others of this one.
    RealTime,
    /// By the system's fairness, with this niceness.
    Nice(i32),
}

impl Priority {
    /// For the status.
    pub(super) fn word(self) -> String {
        match self {
            Self::RealTime => "realtime".to_owned(),
            Self::Nice(niceness) => format!("nice {niceness}"),
        }
    }
}

/// Lets all other threads go first, those that may wait too. Not as `SCHED_IDLE`: the system takes a processor
/// that runs such a thread for a free one, and lets others wait behind it.
pub(crate) fn lowest_priority() {
    let _refused = setpriority_process(None, LOWEST);
}

/// Lets other threads go first.
pub(crate) fn lower_priority() {
    // Where it is refused, the system's own fairness has to do.
    let _refused = setpriority_process(None, LOW);
}

/// Goes first: before every worker where that is allowed (`LimitRTPRIO=1`), else with more than its share
/// (`LimitNICE=-10`), else like all others. Says which.
///
/// Workers do not starve: the thread sleeps while it waits for the disk, and what it does between two waits is
/// bounded by a batch. A kernel leaves at least a twentieth of each second to others in any case
/// (`kernel.sched_rt_runtime_us`).
pub(super) fn raise_priority() -> Priority {
    let fifo = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
    if set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, fifo).is_ok() {
        return Priority::RealTime;
    }
    let _refused = setpriority_process(None, HIGH);
    Priority::Nice(getpriority_process(None).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Policy and priority of the calling thread as the system shows them: 1 is `SCHED_FIFO`.
    fn shown() -> (String, String) {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        // Behind the name, which may have blanks: field 3 is the first.
        let fields = stat.rsplit_once(')').unwrap().1;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        (fields[41 - 3].to_owned(), fields[40 - 3].to_owned())
    }

    #[test]
    fn what_is_said_is_what_the_system_has_done() {
        let raised = raise_priority();
        let (policy, priority) = shown();
        match raised {
            Priority::RealTime => assert_eq!((policy.as_str(), priority.as_str()), ("1", "1")),
            Priority::Nice(niceness) => {
                assert_eq!(policy, "0");
                assert!((HIGH..=19).contains(&niceness));
            }
        }
    }

    #[test]
    fn the_status_has_a_word_for_each() {
        assert_eq!(Priority::RealTime.word(), "realtime");
        assert_eq!(Priority::Nice(-10).word(), "nice -10");
    }
}
