//! SIGQUIT: how everything stands, as some lines of the log, for whoever can not reach the control
//! socket or finds a worker that hangs. Runs on a thread of its own; when that stalls, nobody waits.
//! Must not know where a status comes from.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use signal_hook::consts::SIGQUIT;
use signal_hook::iterator::Signals;
use tracing::info;

use crate::control::AnyStatus;
use crate::logs::ALWAYS;
use crate::status::{JournalStatus, LinkStatus, Status, WorkerStatus};

/// Where the system says what threads this process has.
const TASKS: &str = "/proc/self/task";

/// What tells the log how everything stands.
pub(crate) struct Diagnostics {
    status: Arc<Mutex<Option<Arc<AnyStatus>>>>,
}

/// From here on SIGQUIT has the log told how everything stands, and changes nothing: its threads, and what
/// is told with [`Diagnostics::tell_of`] once there is any. The thread ends with the process.
///
/// # Errors
/// When the signal, or a thread, is not to be had.
pub(crate) fn start() -> io::Result<Diagnostics> {
    let mut signals = Signals::new([SIGQUIT])?;
    let diagnostics = Diagnostics { status: Arc::default() };
    let known = Arc::clone(&diagnostics.status);
    thread::Builder::new().name("diagnostics".into()).spawn(move || {
        for _ in signals.forever() {
            // The threads first: to ask a worker that hangs takes a second.
            let threads = threads(Path::new(TASKS));
            let status = known.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some(status) = status {
                tell(&status());
            } else {
                info!(target: ALWAYS, state = "starting", "diagnostics: node");
            }
            threads.iter().for_each(tell_thread);
        }
    })?;
    Ok(diagnostics)
}

impl Diagnostics {
    /// There is this status from here on.
    pub(crate) fn tell_of(&self, status: Arc<AnyStatus>) {
        *self.status.lock().unwrap_or_else(PoisonError::into_inner) = Some(status);
    }
}

fn tell(status: &Status) {
    let Status { node, version, pid, uptime_s, log_lines_lost, .. } = status;
    let state = status.state.word();
    let configuration = status.adopted.number;
    info!(
        target: ALWAYS,
        node,
        version,
        pid,
        state,
        uptime_s,
        configuration,
        log_lines_lost,
        "diagnostics: node"
    );
    status.workers.iter().for_each(tell_worker);
    let mut links: BTreeMap<&str, usize> = BTreeMap::new();
    for LinkStatus { state, .. } in status.stations.iter().flat_map(|station| &station.links) {
        *links.entry(state.word()).or_default() += 1;
    }
    let links: Vec<String> =
        links.iter().map(|(state, count)| format!("{state} {count}")).collect();
    let in_flight: u32 = status.stations.iter().map(|station| station.in_flight).sum();
    info!(target: ALWAYS, links = links.join(", "), in_flight, "diagnostics: links");
    if let Some(journal) = &status.journal {
        tell_journal(journal);
    }
}

fn tell_worker(status: &WorkerStatus) {
    let WorkerStatus { id, answering, turns, pending, parked, resting, stored, .. } = status;
    let WorkerStatus { configuration, pulse_ms, gate_used, gate_bytes, journal_lane_used, .. } =
        status;
    info!(
        target: ALWAYS,
        worker = id,
        answering,
        turns,
        pulse_ms,
        configuration,
        pending,
        parked,
        resting,
        stored,
        gate_used,
        gate_bytes,
        journal_lane_used,
        "diagnostics: worker"
    );
}

fn tell_journal(status: &JournalStatus) {
    let JournalStatus { position, durable, segment, spares, has_room, .. } = status;
    let JournalStatus { free_bytes, commits, commit_p99_us, .. } = status;
    info!(
        target: ALWAYS,
        position,
        durable,
        segment,
        spares,
        has_room,
        free_bytes,
        commits,
        commit_p99_us,
        "diagnostics: journal"
    );
}

fn tell_thread(thread: &Thread) {
    let Thread { id, name, state, cpu_ms, waits_in } = thread;
    let state = state.to_string();
    info!(target: ALWAYS, id, thread = name, state, cpu_ms, waits_in, "diagnostics: thread");
}

/// A thread of this process as the system sees it.
#[derive(Debug, PartialEq, Eq)]
struct Thread {
    id: u32,
    name: String,
    /// As proc(5) has it: R running, S sleeping, D waiting for a disk, t held by a debugger.
    state: char,
    /// Time on a processor, in milliseconds; none where the system does not count it.
    cpu_ms: Option<u64>,
    /// The place in the kernel where it waits, where the system says so.
    waits_in: Option<String>,
}

/// All threads, by number; those that are gone while we look are passed over.
fn threads(tasks: &Path) -> Vec<Thread> {
    let entries = fs::read_dir(tasks).into_iter().flatten().flatten();
    let mut threads: Vec<Thread> = entries.filter_map(|entry| thread_in(&entry.path())).collect();
    threads.sort_by_key(|thread| thread.id);
    threads
}

fn thread_in(task: &Path) -> Option<Thread> {
    let read = |file: &str| fs::read_to_string(task.join(file)).ok();
    // `NUMBER (NAME) STATE ...`, where the name may have anything in it.
    let stat = read("stat")?;
    let (id, rest) = stat.split_once(" (")?;
    let (name, rest) = rest.rsplit_once(") ")?;
    // Nanoseconds on a processor come first.
    let on_cpu = read("schedstat").and_then(|text| text.split_whitespace().next()?.parse().ok());
    let waits_in = read("wchan").filter(|place| !place.is_empty() && place != "0");
    Some(Thread {
        id: id.parse().ok()?,
        name: name.to_owned(),
        state: rest.chars().next()?,
        cpu_ms: on_cpu.map(|nanos: u64| nanos / 1_000_000),
        waits_in,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threads_of_a_process_are_found_with_their_names() {
        let (stop, stopped) = crossbeam::channel::bounded::<()>(0);
        let (started, runs) = crossbeam::channel::bounded::<()>(0);
        let named = thread::Builder::new().name("a (b) c".into()).spawn(move || {
            drop(started);
            stopped.recv().unwrap_err();
        });
        runs.recv().unwrap_err();
        let threads = threads(Path::new(TASKS));
        let of_that_name: Vec<_> = threads.iter().filter(|one| one.name == "a (b) c").collect();
        assert_eq!(of_that_name.len(), 1, "{threads:?}");
        assert!(['R', 'S'].contains(&of_that_name[0].state), "{of_that_name:?}");
        drop(stop);
        named.unwrap().join().unwrap();
    }

    #[test]
    fn a_thread_that_is_gone_is_passed_over() {
        assert_eq!(threads(Path::new("/proc/self/fd")), []);
        assert_eq!(threads(Path::new("/nowhere")), []);
    }
}
