//! What the main thread of a node that does not serve waits for, and how the service manager's watchdog is fed
//! meanwhile: while every thread turns on which a promotion hangs. Must not know what any of them does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, never, select, tick};
use switch_core::time::Time;
use tracing::warn;

use crate::clocks;
use crate::journaling::Failure;
use crate::pairing::Order;
use crate::run::failed;
use crate::service::Service;
use crate::worker::Event;

/// Looks in the time that the watchdog waits. Each thread turns at least every half second.
const LOOKS: u32 = 5;
/// How often it would be looked if the manager had a watchdog, when it has none and only listens.
const UNWATCHED: Duration = Duration::from_secs(15);

/// A thread, and what goes up while it turns.
pub(super) type Beat = (&'static str, Arc<AtomicU64>);

/// What happened.
pub(super) enum Next {
    Signal(i32),
    Order(Order),
}

/// The wait, and who is watched during it.
pub(super) struct Watching {
    service: Arc<Service>,
    beats: Vec<(Beat, u64)>,
    ticks: Receiver<Instant>,
    fed: Time,
    complained: bool,
}

impl Watching {
    /// While these threads turn, this node lives.
    pub(super) fn new(service: Arc<Service>, beats: impl IntoIterator<Item = Beat>) -> Self {
        let patience = service.watchdog().unwrap_or(UNWATCHED);
        let ticks = if service.is_heard() { tick(patience / LOOKS) } else { never() };
        let beats = beats.into_iter().map(|beat| (beat, u64::MAX)).collect();
        Self { service, beats, ticks, fed: clocks::boot(), complained: false }
    }

    /// The next thing that happens. `words`: how the node stands, for people.
    ///
    /// # Errors
    /// What failed.
    pub(super) fn next(
        &mut self,
        happened: &Receiver<Event>,
        words: &dyn Fn() -> String,
    ) -> Result<Next, Failure> {
        loop {
            select! {
                recv(happened) -> event => match event {
                    Ok(Event::Signal(signal)) => return Ok(Next::Signal(signal)),
                    Ok(Event::Node(order)) => return Ok(Next::Order(order)),
                    Ok(Event::Broken(failure)) => return Err(failure),
                    Ok(Event::Failed(worker, problem)) => {
                        return Err(failed(format!("worker {}: {problem}", worker.0)));
                    }
                    // Of a life that was to serve.
                    Ok(Event::Drained(_) | Event::Settled(..) | Event::Opened(_)) => {}
                    Err(_) => return Err(failed("no thread is left to wait for".into())),
                },
                recv(self.ticks) -> _ => self.look(words),
            }
        }
    }

    /// Feeds the watchdog if every thread has turned since it was fed last.
    fn look(&mut self, words: &dyn Fn() -> String) {
        self.service.send_again();
        let now = clocks::boot();
        let still =
            self.beats.iter().find(|((_, beat), seen)| beat.load(Ordering::Relaxed) == *seen);
        let Some(((thread, _), _)) = still else {
            for ((_, beat), seen) in &mut self.beats {
                *seen = beat.load(Ordering::Relaxed);
            }
            self.fed = now;
            self.complained = false;
            self.service.alive();
            self.service.says(&words());
            return;
        };
        let since = now.since(self.fed);
        if since * 2 >= self.service.watchdog().unwrap_or(UNWATCHED) && !self.complained {
            self.complained = true;
            let for_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
            let ends = self.service.watchdog().is_some();
            warn!(thread, for_ms, ends, "a thread of this standby does not turn");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    #[test]
    fn the_watchdog_is_fed_while_every_thread_turns_and_only_then() {
        let name = format!("sekishod-watching-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let manager = UnixDatagram::bind_addr(&address).unwrap();
        manager.set_nonblocking(true).unwrap();
        let hears = || {
            let mut bytes = [0; 512];
            let length = manager.recv(&mut bytes).unwrap_or_default();
            String::from_utf8(bytes[..length].to_vec()).unwrap()
        };
        let at = std::ffi::OsString::from(format!("@{name}"));
        let service = Service::at(&at, Some(Duration::from_mins(1))).unwrap();
        let beats = ["ship", "journal"].map(|name| (name, Arc::new(AtomicU64::new(0))));
        let mut watching = Watching::new(Arc::new(service), beats.clone());
        let words = || "standby".to_owned();
        watching.look(&words);
        assert_eq!([hears(), hears()], ["WATCHDOG=1\n", "STATUS=standby\n"]);
        watching.look(&words);
        beats[0].1.fetch_add(1, Ordering::Relaxed);
        watching.look(&words);
        assert_eq!(hears(), "", "one of both stands still");
        beats[1].1.fetch_add(1, Ordering::Relaxed);
        watching.look(&words);
        assert_eq!([hears(), hears()], ["WATCHDOG=1\n", ""]);
    }
}
