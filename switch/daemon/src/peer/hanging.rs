//! What else of this process hangs where its disk does: the thread that asks the witness, and the main thread, which
//! measures how the node is. A thread that waits for a disk in a page fault may hold up each one that wants memory
//! from the system, and `ship` wants none while it works. Must not know what follows from it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use journal::roles::event::Event;
use journal::roles::view::Part;
use journal::roles::witness::{Record, RequestId, Revision};
use switch_core::time::Time;
use tracing::warn;

use super::thread::Shipping;
use crate::clocks;

/// The thread that asks the witness says something about each question within two of its timeouts and this.
const BEYOND_TIMEOUTS: Duration = Duration::from_secs(1);
/// The main thread looks four times a second.
const LOOKS_WITHIN: Duration = Duration::from_secs(3);
/// After so long without a turn this thread stood still itself, and nobody else hung.
const STOOD_STILL: Duration = Duration::from_secs(1);

/// What is known of other threads.
#[derive(Debug, Default)]
pub(super) struct Hanging {
    /// The first question to the witness of which nothing was said.
    asked: Option<Time>,
    is_mute: bool,
    /// What the main thread measured last.
    sick: bool,
    /// The main thread does not measure any more.
    hangs: bool,
    turned: Time,
    /// Not before then is anybody held to have hung.
    from: Time,
}

impl Hanging {
    /// The witness is asked.
    pub(super) fn asks(&mut self, now: Time) {
        self.asked.get_or_insert(now);
    }

    /// What other threads say.
    pub(super) fn hears(&mut self, event: &Event) {
        if let Event::Witnessed { .. } = event {
            (self.asked, self.is_mute) = (None, false);
        }
        if let Event::Sick(sick) = event {
            self.sick = *sick;
        }
    }

    fn turns(&mut self, now: Time) {
        if now.since(self.turned) >= STOOD_STILL {
            self.from = now;
        }
        self.turned = now;
    }

    /// True once: what asks the witness hangs.
    fn becomes_mute(&mut self, now: Time, timeout: Duration) -> bool {
        let within = timeout * 2 + BEYOND_TIMEOUTS;
        let is_mute = self.asked.is_some_and(|asked| now.since(asked.max(self.from)) >= within);
        is_mute && !std::mem::replace(&mut self.is_mute, true)
    }

    /// Whether the node is sick by what the main thread says, or by its silence; none: as before. It looked at
    /// that time last; 0: it does not look now.
    fn judges(&mut self, now: Time, looked: Time) -> Option<bool> {
        let hangs = looked.0 > 0 && now.since(looked.max(self.from)) >= LOOKS_WITHIN;
        if std::mem::replace(&mut self.hangs, hangs) == hangs {
            return None;
        }
        Some(hangs || self.sick)
    }
}

impl Shipping {
    /// Asks the witness; nobody asks where there is none.
    pub(super) fn asks_witness(&mut self, id: RequestId, swap: Option<(Revision, Record)>) {
        let Some(desk) = &self.desk else { return };
        self.hanging.asks(clocks::boot());
        desk.asks(id, swap);
    }

    /// Who looks whether this thread hangs sees that it does not: the service manager, and the other node, which
    /// sees it by the lease.
    pub(super) fn turns(&self) {
        self.beat.fetch_add(1, Ordering::Relaxed);
        if let Some(desk) = &self.desk {
            desk.turns();
        }
    }

    /// Has the rules know of what hangs beside the disk.
    pub(super) fn looks_for_what_hangs(&mut self) {
        let now = clocks::boot();
        self.hanging.turns(now);
        let timeout = self.configuration.witness.as_ref().map(|witness| witness.timeout);
        if timeout.is_some_and(|timeout| self.hanging.becomes_mute(now, timeout)) {
            warn!("the thread that asks the witness hangs");
            self.handle(Event::Mute);
        }
        if self.node.view().part != Part::Primary {
            return;
        }
        if let Some(sick) = self.hanging.judges(now, self.ship.looked()) {
            if sick {
                warn!(
                    "the main thread does not look any more whether this node is well: it is not"
                );
            }
            self.handle(Event::Sick(sick));
        }
    }
}

#[cfg(test)]
mod tests {
    use journal::roles::witness::Reply;

    use super::*;

    const TIMEOUT: Duration = Duration::from_millis(500);

    fn at(ms: u64) -> Time {
        Time(ms * 1_000_000)
    }

    /// Turns twice a second from then on until then.
    fn turned(hanging: &mut Hanging, from: u64, until: u64) {
        (from..=until).step_by(500).for_each(|ms| hanging.turns(at(ms)));
    }

    #[test]
    fn a_question_of_which_nothing_is_said_is_told_once_and_anew_behind_an_answer() {
        let mut hanging = Hanging::default();
        turned(&mut hanging, 10_000, 13_000);
        hanging.asks(at(10_500));
        hanging.asks(at(12_000));
        assert!(!hanging.becomes_mute(at(12_400), TIMEOUT));
        assert!(hanging.becomes_mute(at(12_500), TIMEOUT), "by the first one");
        assert!(!hanging.becomes_mute(at(13_000), TIMEOUT));
        hanging.hears(&Event::Witnessed { id: RequestId(1), reply: Reply::Unknown });
        assert!(!hanging.becomes_mute(at(13_000), TIMEOUT));
        hanging.asks(at(13_000));
        turned(&mut hanging, 13_500, 15_000);
        assert!(hanging.becomes_mute(at(15_000), TIMEOUT));
    }

    #[test]
    fn a_main_thread_that_does_not_look_is_sick_until_it_looks_and_then_as_it_said() {
        let mut hanging = Hanging::default();
        turned(&mut hanging, 10_000, 14_000);
        assert_eq!(hanging.judges(at(14_000), at(0)), None, "it does not look yet");
        assert_eq!(hanging.judges(at(13_900), at(11_000)), None);
        assert_eq!(hanging.judges(at(14_000), at(11_000)), Some(true));
        assert_eq!(hanging.judges(at(14_100), at(11_000)), None);
        assert_eq!(hanging.judges(at(14_200), at(14_200)), Some(false));
        hanging.hears(&Event::Sick(true));
        turned(&mut hanging, 14_500, 18_000);
        assert_eq!(hanging.judges(at(18_000), at(14_200)), Some(true));
        assert_eq!(hanging.judges(at(18_000), at(18_000)), Some(true), "that was said before");
    }

    #[test]
    fn who_stood_still_itself_holds_nobody_to_have_hung() {
        let mut hanging = Hanging::default();
        turned(&mut hanging, 10_000, 10_000);
        hanging.asks(at(10_000));
        hanging.turns(at(20_000));
        assert!(!hanging.becomes_mute(at(20_000), TIMEOUT));
        assert_eq!(hanging.judges(at(20_000), at(10_000)), None);
    }
}
