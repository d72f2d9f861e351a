//! What the service manager is told, in the words of `sd_notify(3)`: starting, ready, reloading, alive,
//! stopping, and a line for people. Where nobody wants to hear it (no `NOTIFY_SOCKET`), nothing is. Must not
//! know what any of it follows from.
//!
//! Nobody waits here: what the manager does not take at once is kept, and goes in front of the next word.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use switch_core::time::Time;
use tracing::warn;

use crate::clocks;

/// Words that are kept while the manager takes none; beyond them lines for people are dropped.
const UNSENT_MAX: usize = 16;
/// How often it is told at most that a start goes on.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);
/// How long a start may take from one sign of progress to the next.
const START_WITHIN: Duration = Duration::from_mins(1);
/// What a stop may take beside the drain: the last records, and the threads' ends.
const STOP_WITHIN: Duration = Duration::from_secs(20);

/// The service manager, or nobody.
#[derive(Debug, Default)]
pub struct Service {
    manager: Option<Ear>,
    watchdog: Option<Duration>,
}

#[derive(Debug)]
struct Ear {
    socket: UnixDatagram,
    /// The lock is held for one send at most, and that does not wait.
    said: Mutex<Said>,
}

#[derive(Debug, Default)]
struct Said {
    unsent: VecDeque<String>,
    /// The line for people that was said last.
    words: String,
    /// When progress was told last.
    progress: Time,
}

impl Service {
    /// The manager that started this process, as its environment says: `NOTIFY_SOCKET`, `WATCHDOG_USEC`
    /// and `WATCHDOG_PID`.
    pub fn of_environment() -> Self {
        let Some(address) = std::env::var_os("NOTIFY_SOCKET") else { return Self::default() };
        let variable = |name| std::env::var(name).ok();
        let ours = variable("WATCHDOG_PID").is_none_or(|pid| pid == std::process::id().to_string());
        let watchdog = variable("WATCHDOG_USEC").filter(|_| ours);
        let watchdog = watchdog.and_then(|micros| micros.parse().ok());
        let watchdog = watchdog.filter(|&micros| micros > 0).map(Duration::from_micros);
        Self::at(&address, watchdog).unwrap_or_else(|error| {
            let (address, error) = (address.display().to_string(), error.to_string());
            warn!(address, error, "the service manager can not be told anything");
            Self::default()
        })
    }

    /// A manager that listens at this address, as in `NOTIFY_SOCKET`: a path, or `@` and a name.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn at(address: &OsStr, watchdog: Option<Duration>) -> io::Result<Self> {
        let address = match address.as_bytes().strip_prefix(b"@") {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(address)?,
        };
        let socket = UnixDatagram::unbound()?;
        socket.connect_addr(&address)?;
        socket.set_nonblocking(true)?;
        Ok(Self { manager: Some(Ear { socket, said: Mutex::default() }), watchdog })
    }

    /// Whether there is somebody who hears it.
    pub fn is_heard(&self) -> bool {
        self.manager.is_some()
    }

    /// After how long without [`Service::alive`] the manager ends this process; none: never.
    pub fn watchdog(&self) -> Option<Duration> {
        self.watchdog
    }

    /// The start goes on: it may take a minute more. Call as often as you like.
    pub fn progresses(&self) {
        let Some(manager) = &self.manager else { return };
        let now = clocks::boot();
        let is_due = {
            let mut said = manager.said();
            let is_due = now.since(said.progress) >= PROGRESS_EVERY;
            if is_due {
                said.progress = now;
            }
            is_due
        };
        if is_due {
            self.tell(extended(START_WITHIN));
            // A process that began anew in its place is watched from its first moment on.
            if self.watchdog.is_some() {
                self.alive();
            }
        }
    }

    /// Everything is open, and this is how it stands, in words.
    pub fn ready(&self, words: &str) {
        let words = one_line(words);
        if let Some(manager) = &self.manager {
            manager.said().words.clone_from(&words);
        }
        self.tell(format!("READY=1\nSTATUS={words}\n"));
    }

    /// The configuration is read again. [`Service::reloaded`] must follow, whatever comes of it.
    pub fn reloading(&self) {
        // In one message: told in two, the manager takes the first for a reload without a time.
        let at = clocks::monotonic_us();
        let words = "reading the configuration again";
        self.tell(format!("RELOADING=1\nMONOTONIC_USEC={at}\nSTATUS={words}\n"));
    }

    /// The reload is over, and this is what came of it, in words.
    pub fn reloaded(&self, words: &str) {
        self.ready(words);
    }

    /// It drains, for so long at most, and ends.
    pub fn stopping(&self, drain: Duration) {
        let extended = extended(drain + STOP_WITHIN);
        self.tell(format!("STOPPING=1\nSTATUS=draining\n{extended}"));
    }

    /// It ends at once, for this reason: from here on no sign of life is awaited.
    pub fn failed(&self, why: &str) {
        self.tell(format!("STOPPING=1\nSTATUS={}\n", one_line(why)));
    }

    /// How it stands, in words.
    pub fn says(&self, words: &str) {
        let Some(manager) = &self.manager else { return };
        let words = one_line(words);
        let is_new = {
            let mut said = manager.said();
            let is_new = said.words != words;
            said.words.clone_from(&words);
            is_new
        };
        if is_new {
            self.tell(format!("STATUS={words}\n"));
        }
    }

    /// It is alive. Not kept: the next one says the same.
    pub fn alive(&self) {
        let Some(manager) = &self.manager else { return };
        let mut said = manager.said();
        if manager.send_unsent(&mut said) {
            drop(manager.socket.send(b"WATCHDOG=1\n"));
        }
    }

    /// Sends what the manager had not taken.
    pub fn send_again(&self) {
        if let Some(manager) = &self.manager {
            manager.send_unsent(&mut manager.said());
        }
    }

    fn tell(&self, words: String) {
        let Some(manager) = &self.manager else { return };
        let mut said = manager.said();
        if said.unsent.len() >= UNSENT_MAX {
            // A line for people alone is worth least, and an old one less.
            let least = said.unsent.iter().position(|words| words.starts_with("STATUS="));
            said.unsent.remove(least.unwrap_or(0));
        }
        said.unsent.push_back(words);
        manager.send_unsent(&mut said);
    }
}

impl Ear {
    fn said(&self) -> std::sync::MutexGuard<'_, Said> {
        // Whole at any time: whoever panicked with it leaves it as it was.
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends what waits, as far as it is taken; says whether nothing is left.
    fn send_unsent(&self, said: &mut Said) -> bool {
        while let Some(words) = said.unsent.front() {
            match self.socket.send(words.as_bytes()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                // Taken, or nobody is left to take it.
                Ok(_) | Err(_) => said.unsent.pop_front(),
            };
        }
        true
    }
}

fn extended(by: Duration) -> String {
    format!("EXTEND_TIMEOUT_USEC={}\n", by.as_micros())
}

/// Each line is a word of its own to the manager.
fn one_line(words: &str) -> String {
    words.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A manager of the test's own, and the service that tells it.
    struct Heard(UnixDatagram);

    impl Heard {
        fn listens(name: &str) -> (Self, Service) {
            let name = format!("sekishod-{name}-{}", std::process::id());
            let address = SocketAddr::from_abstract_name(&name).unwrap();
            let socket = UnixDatagram::bind_addr(&address).unwrap();
            socket.set_nonblocking(true).unwrap();
            let service = Service::at(OsStr::new(&format!("@{name}")), None).unwrap();
            (Self(socket), service)
        }

        fn hears(&self) -> String {
            let mut bytes = [0; 512];
            let length = self.0.recv(&mut bytes).unwrap_or_default();
            String::from_utf8(bytes[..length].to_vec()).unwrap()
        }
    }

    #[test]
    fn a_reload_and_its_time_are_told_in_one_message() {
        let (manager, service) = Heard::listens("reload");
        service.reloading();
        let heard = manager.hears();
        let lines: Vec<_> = heard.lines().collect();
        assert_eq!(lines[0], "RELOADING=1");
        let at = lines[1].strip_prefix("MONOTONIC_USEC=").unwrap();
        assert!(at.parse::<u64>().unwrap() <= clocks::monotonic_us());
        service.reloaded("configuration 8\nruns");
        assert_eq!(manager.hears(), "READY=1\nSTATUS=configuration 8 runs\n");
    }

    #[test]
    fn a_start_that_is_watched_already_says_with_its_progress_that_it_is_alive() {
        let (manager, service) = Heard::listens("watched");
        let service = Service { watchdog: Some(Duration::from_secs(5)), ..service };
        service.progresses();
        service.progresses();
        let heard = [(); 3].map(|()| manager.hears());
        assert_eq!(heard, ["EXTEND_TIMEOUT_USEC=60000000\n", "WATCHDOG=1\n", ""]);
    }

    #[test]
    fn a_stop_asks_for_the_time_that_the_drain_may_take_and_a_start_for_more_once_a_second() {
        let (manager, service) = Heard::listens("times");
        service.progresses();
        service.progresses();
        assert_eq!(manager.hears(), "EXTEND_TIMEOUT_USEC=60000000\n");
        service.stopping(Duration::from_mins(10));
        let told = "STOPPING=1\nSTATUS=draining\nEXTEND_TIMEOUT_USEC=620000000\n";
        assert_eq!(manager.hears(), told);
        assert_eq!(manager.hears(), "");
    }

    #[test]
    fn the_same_words_are_said_once() {
        let (manager, service) = Heard::listens("words");
        service.says("3 links up");
        service.says("3 links up");
        service.says("2 links up");
        assert_eq!(manager.hears(), "STATUS=3 links up\n");
        assert_eq!(manager.hears(), "STATUS=2 links up\n");
        assert_eq!(manager.hears(), "");
    }

    #[test]
    fn what_the_manager_does_not_take_is_sent_later_in_its_order_and_nobody_waits() {
        let (manager, service) = Heard::listens("full");
        // Far more than a socket holds: these come to an end although nobody reads.
        (0..10_000).for_each(|_| service.alive());
        service.ready("serving");
        service.reloading();
        let mut heard = manager.hears();
        while heard == "WATCHDOG=1\n" {
            heard = manager.hears();
        }
        assert_eq!(heard, "", "nothing but signs of life was taken");
        service.send_again();
        assert_eq!(manager.hears(), "READY=1\nSTATUS=serving\n");
        assert!(manager.hears().starts_with("RELOADING=1\n"));
    }

    #[test]
    fn what_a_reload_left_to_be_read_goes_with_the_next_line() {
        let (manager, service) = Heard::listens("left");
        service.says("serving: 3 links up");
        service.reloading();
        service.reloaded("the last reload was refused");
        service.says("serving: 3 links up");
        let heard = [(); 4].map(|()| manager.hears());
        assert_eq!(heard[0], "STATUS=serving: 3 links up\n");
        assert_eq!(heard[3], heard[0], "{heard:?}");
    }

    #[test]
    fn lines_for_people_make_room_for_what_the_manager_must_know() {
        let (manager, service) = Heard::listens("room");
        (0..10_000).for_each(|_| service.alive());
        service.reloading();
        (0..100).for_each(|line| service.says(&format!("{line} links up")));
        service.reloaded("configuration 8 runs");
        while manager.hears() == "WATCHDOG=1\n" {}
        service.send_again();
        let heard = std::iter::repeat_with(|| {
            service.send_again();
            manager.hears()
        });
        let heard: Vec<_> = heard.take(UNSENT_MAX).collect();
        assert!(heard[0].starts_with("RELOADING=1\n"), "{heard:?}");
        assert!(heard[UNSENT_MAX - 2].starts_with("STATUS=99 links up"), "{heard:?}");
        assert!(heard[UNSENT_MAX - 1].starts_with("READY=1\n"), "{heard:?}");
    }

    #[test]
    fn where_nobody_hears_it_nothing_is_said() {
        let service = Service::default();
        service.ready("serving");
        service.alive();
        assert!(!service.is_heard() && service.watchdog().is_none());
        Service::at(OsStr::new("@sekishod-nobody"), None).unwrap_err();
    }
}
