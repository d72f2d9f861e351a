//! For how long repeats are known: the real time window of the table, and the alarm when it is short.
//! Knows no request.

use core::time::Duration;

use crate::broken::{Variant, breaks};
use crate::counters::Counter;
use crate::notices::Notice;
use crate::time::Time;
use crate::turn::{Core, Turn};

/// Seconds that every request should be known at least: acquirers repeat within minutes.
const WINDOW_MIN: u64 = 600;
/// Seconds at which an alarm ends, so that one at the bound is not told again and again.
const WINDOW_ENOUGH: u64 = 660;

/// Whether the window was found short.
#[derive(Debug)]
pub(crate) struct Window {
    is_short: bool,
    /// When to look again, once it is short.
    again: Time,
}

impl Default for Window {
    fn default() -> Self {
        Self { is_short: false, again: Time::NEVER }
    }
}

impl Window {
    /// When it may be long enough again.
    pub(crate) fn wakes(&self) -> Time {
        self.again
    }
}

impl Core {
    /// For how many seconds back every request is known at this second since 1970, and whether that
    /// is too short; none as long as none had to be forgotten since the start. The index of the
    /// journal knows more: it is asked for advices and reversals only.
    pub fn window(&self, utc: u64) -> Option<(u64, bool)> {
        let secs = self.world.duplicates.reaches_back(utc)?;
        Some((secs, self.world.window.is_short))
    }
}

impl Turn<'_> {
    /// Looks at how far back the table reaches. It says nothing until traffic has filled it once.
    pub(crate) fn on_window_time(&mut self) {
        let world = &mut *self.world;
        let Some(secs) = world.duplicates.reaches_back(self.now.utc) else { return };
        let least = if world.window.is_short { WINDOW_ENOUGH } else { WINDOW_MIN };
        let is_short = secs < least;
        world.window.again = if is_short {
            self.now.boot + Duration::from_secs(WINDOW_ENOUGH - secs)
        } else {
            Time::NEVER
        };
        if is_short == core::mem::replace(&mut world.window.is_short, is_short) {
            return;
        }
        if is_short {
            self.count(Counter::WindowShort);
            if !breaks(Variant::WindowUntold) {
                self.tell(Notice::WindowShort { secs });
            }
        } else {
            self.tell(Notice::WindowLong);
        }
    }
}
