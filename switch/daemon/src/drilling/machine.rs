//! What a node says of its machine: what it would take over with. Looked at every two seconds by a thread of its own,
//! since a disk that hangs is when people look. Must not know who is told, nor what is made of it.
//!
//! When it stalls, what is told is old.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use journal::disk::{Disk, SystemDisk};
use serde::{Deserialize, Serialize};

use crate::clocks;
use crate::drills::Machine;
use crate::journaling::{Scrubbed, lower_priority};
use crate::peer::Ship;

/// From one look to the next.
const EVERY: Duration = Duration::from_secs(2);
/// Looks of which the busiest is told: five minutes.
const LOOKS: usize = 150;
/// Problems that are told, and characters of each: all has to stand in one message.
const PROBLEMS_MAX: usize = 3;
const PROBLEM_CHARACTERS: usize = 120;

/// What one node tells the other beside the rules.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Told {
    /// What its machine is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) machine: Option<Machine>,
    /// This operator of a standby asks the primary to hand over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hand_over: Option<String>,
}

/// What was seen last.
#[derive(Debug, Default)]
pub(crate) struct Watch(Mutex<Machine>);

impl Watch {
    /// It.
    pub(crate) fn seen(&self) -> Machine {
        self.lock().clone()
    }

    /// The ports were opened just now, by this epoch.
    pub(crate) fn opened(&self, epoch: u32) {
        self.lock().opened = Some((epoch, clocks::utc_ns()));
    }

    fn lock(&self) -> MutexGuard<'_, Machine> {
        // It is exchanged as a whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks from now on for as long as the process lives, and tells the peer.
///
/// # Errors
/// There is no thread to be had.
pub(crate) fn start(
    journal: SystemDisk,
    workers: u8,
    scrubbed: Arc<Scrubbed>,
    ship: &Arc<Ship>,
) -> io::Result<Arc<Watch>> {
    let watch = Arc::<Watch>::default();
    let (of_thread, ship) = (Arc::clone(&watch), Arc::clone(ship));
    thread::Builder::new().name("machine".into()).spawn(move || {
        lower_priority();
        let mut busy = Busy::default();
        while !ship.is_told_to_stop() {
            let now = Machine {
                cores: cores(),
                workers: u32::from(workers),
                busy_peak: busy.peak(),
                memory_used: memory_used(),
                memory_free: memory_free(),
                disk_free: journal.free_bytes().unwrap_or_default(),
                witness: ship.shown().witness.map(|witness| witness.answers),
                problems: problems(&ship, &scrubbed),
                opened: None,
            };
            let told = {
                let mut seen = of_thread.lock();
                *seen = Machine { opened: seen.opened, ..now };
                Told { machine: Some(seen.clone()), hand_over: None }
            };
            ship.tells_peer(&told);
            thread::park_timeout(EVERY);
        }
    })?;
    Ok(watch)
}

fn cores() -> u32 {
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    u32::try_from(cores).unwrap_or(u32::MAX)
}

/// What somebody should look at, in short.
fn problems(ship: &Ship, scrubbed: &Scrubbed) -> Vec<String> {
    let shown = ship.shown();
    let mut found = Vec::new();
    if let Some(view) = &shown.view {
        if view.repairing {
            found.push("damage in its log is being made good".to_owned());
        }
        if view.joining != journal::roles::control::Joining::No {
            found.push("it has not had the whole log since it joined".to_owned());
        }
    }
    if let Some(trouble) = shown.witness.and_then(|witness| witness.trouble) {
        found.push(format!("the witness does not answer it: {trouble}"));
    }
    found.extend(shown.line.expiring);
    let waiting = scrubbed.status().waiting;
    if waiting > 0 {
        found.push(format!("{waiting} files of its journal are rotten"));
    }
    found.truncate(PROBLEMS_MAX);
    found.iter().map(|problem| problem.chars().take(PROBLEM_CHARACTERS).collect()).collect()
}

/// How much of the processors the daemon takes.
#[derive(Default)]
struct Busy {
    last: Option<(u64, u64)>,
    peaks: VecDeque<u64>,
}

impl Busy {
    fn peak(&mut self) -> u64 {
        let (now, used) = (clocks::boot().0, used_ns());
        if let Some((at, before)) = self.last.replace((now, used)) {
            let took = used.saturating_sub(before).saturating_mul(1_000);
            let share = took.checked_div(now.saturating_sub(at)).unwrap_or(0);
            if self.peaks.len() >= LOOKS {
                self.peaks.pop_front();
            }
            self.peaks.push_back(share);
        }
        self.peaks.iter().copied().max().unwrap_or(0)
    }
}

/// Nanoseconds that all threads of the process had a processor.
fn used_ns() -> u64 {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let part = |part: i64| u64::try_from(part).unwrap_or(0);
    part(used.tv_sec) * 1_000_000_000 + part(used.tv_nsec)
}

fn memory_used() -> u64 {
    kilobytes("/proc/self/status", "VmRSS:")
}

fn memory_free() -> u64 {
    let available = kilobytes("/proc/meminfo", "MemAvailable:");
    // The unit shows us nothing of /proc but processes.
    if available > 0 { available } else { memory_free_of_nodes() }
}

/// The same as each node of memory says: what is free, and what the kernel gives back when it is asked for more.
fn memory_free_of_nodes() -> u64 {
    let nodes = fs::read_dir("/sys/devices/system/node").into_iter().flatten().flatten();
    let texts = nodes.filter_map(|node| fs::read_to_string(node.path().join("meminfo")).ok());
    texts.map(|text| free_of_node(&text)).sum()
}

/// Bytes, of lines like `Node 0 MemFree: 1024 kB`.
fn free_of_node(text: &str) -> u64 {
    let counts = ["MemFree:", "Inactive(file):", "SReclaimable:"];
    let of_line = |line: &str| {
        let mut words = line.split_whitespace().skip(2);
        words.next().filter(|name| counts.contains(name))?;
        words.next()?.parse::<u64>().ok()
    };
    text.lines().filter_map(of_line).sum::<u64>() * 1_024
}

/// What such a line says, in bytes; 0 where there is none.
fn kilobytes(file: &str, name: &str) -> u64 {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    number.unwrap_or(0) * 1_024
}

#[cfg(test)]
mod tests {
    use super::*;
    use journal::ship::message::TELL_MAX;

    #[test]
    fn memory_is_known_also_where_proc_shows_nothing_but_processes() {
        let node = "Node 0 MemTotal: 9000 kB\nNode 0 MemFree: 1000 kB\nNode 0 Active(file): 7 kB\n\
                    Node 0 Inactive(file):  20 kB\nNode 0 SReclaimable:   3 kB\n";
        assert_eq!(free_of_node(node), 1_023 * 1_024);
        assert!(memory_free_of_nodes() > 1 << 20);
    }

    #[test]
    fn what_the_system_says_of_this_process_is_read() {
        assert!(cores() > 0 && used_ns() > 0);
        assert!(memory_used() > 1 << 20 && memory_free() > 1 << 20);
        let mut busy = Busy::default();
        assert_eq!(busy.peak(), 0, "one look is none");
    }

    #[test]
    fn the_longest_that_is_told_has_room_in_a_message() {
        let machine = Machine {
            cores: u32::MAX,
            workers: u32::MAX,
            busy_peak: u64::MAX,
            memory_used: u64::MAX,
            memory_free: u64::MAX,
            disk_free: u64::MAX,
            witness: Some(false),
            problems: vec!["x".repeat(PROBLEM_CHARACTERS); PROBLEMS_MAX],
            opened: Some((u32::MAX, u64::MAX)),
        };
        let told = Told { machine: Some(machine), hand_over: None };
        let text = serde_json::to_string(&told).unwrap();
        assert!(text.len() <= TELL_MAX, "{}", text.len());
        assert_eq!(serde_json::from_str::<Told>(&text).unwrap(), told);
    }
}
