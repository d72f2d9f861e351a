//! The release of a primary whose line is refused, looked at every few milliseconds until both nodes have everything
//! again, by a thread that is there for that time only. Must not know how a line is refused.
//!
//! When it stalls, what is told of the drill is less exact, and nothing else.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use journal::roles::view::Safety;
use switch_core::time::Time;

use crate::clocks;
use crate::drills::LinkLoss;
use crate::peer::Ship;

/// From one look to the next.
const EVERY: Duration = Duration::from_millis(5);
/// How long it is looked behind the end of the refusal, at most.
const BEHIND: Duration = Duration::from_mins(1);

/// What was seen; for who looks.
#[derive(Debug, Default)]
pub(crate) struct Watched(Mutex<Option<LinkLoss>>);

impl Watched {
    /// As it is now; none before the first drill.
    pub(crate) fn shown(&self) -> Option<LinkLoss> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether one is under way.
    pub(crate) fn is_under_way(&self) -> bool {
        self.shown().is_some_and(|seen| !seen.done)
    }

    fn shows(&self, seen: &LinkLoss) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen.clone());
    }
}

/// Looks from now on, while the line is refused until then, and until both have everything again.
///
/// # Errors
/// There is no thread to be had.
pub(crate) fn watch(watched: &Arc<Watched>, ship: &Arc<Ship>, until: Time) -> io::Result<()> {
    let (watched, ship, begun) = (Arc::clone(watched), Arc::clone(ship), clocks::boot());
    watched.shows(&LinkLoss::default());
    thread::Builder::new().name("drill".into()).spawn(move || {
        let mut looking = Looking::default();
        while !looking.seen.done {
            let now = clocks::boot();
            look(&mut looking, &ship, now, (begun, until));
            looking.seen.done |= now >= until + BEHIND;
            watched.shows(&looking.seen);
            thread::park_timeout(EVERY);
        }
    })?;
    Ok(())
}

#[derive(Default)]
struct Looking {
    seen: LinkLoss,
    /// What waits for its release, up to this position, and since when.
    waits: Option<(u64, Time)>,
}

impl Looking {
    /// So much was written down, and so much of it released.
    fn takes(&mut self, written: u64, released: u64, now: Time) {
        if let Some((position, since)) = self.waits {
            let waited = u64::try_from(now.since(since).as_micros()).unwrap_or(u64::MAX);
            self.seen.longest_wait_us = self.seen.longest_wait_us.max(waited);
            if released >= position {
                self.waits = None;
            }
        }
        if self.waits.is_none() && written > released {
            self.waits = Some((written, now));
        }
    }
}

fn look(looking: &mut Looking, ship: &Ship, now: Time, (begun, until): (Time, Time)) {
    let Some(view) = ship.shown().view else { return };
    let released = ship.release().map_or(0, |release| release.released().0);
    looking.takes(view.end.position.0, released, now);
    let seen = &mut looking.seen;
    let ms = u64::try_from(now.since(begun).as_millis()).unwrap_or(u64::MAX);
    seen.epoch = view.reign.0;
    seen.at_risk = seen.at_risk.max(view.at_risk);
    if view.safety == Safety::Solo && seen.solo_ms.is_none() {
        seen.solo_ms = Some(ms);
    }
    if now >= until && view.peer.line && seen.line_ms.is_none() {
        seen.line_ms = Some(ms);
    }
    if now >= until && view.peer.line && view.safety == Safety::Sync {
        seen.sync_ms = Some(ms);
        seen.done = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waited_longest_for_its_release_is_told_and_nothing_else() {
        let ms = |ms: u64| Time(ms * 1_000_000);
        let mut looking = Looking::default();
        looking.takes(5, 5, ms(0));
        looking.takes(7, 5, ms(1_000));
        looking.takes(9, 7, ms(1_005));
        assert_eq!(looking.seen.longest_wait_us, 5_000, "a second without anything is no wait");
        looking.takes(11, 8, ms(1_105));
        looking.takes(11, 11, ms(1_205));
        assert_eq!(looking.seen.longest_wait_us, 200_000, "the first that waits counts");
    }
}
