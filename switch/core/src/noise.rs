//! Frames that carry no transaction, and how many of them a link may send: keep-alives, what is
//! malformed and no request with a STAN, network management, what is never answered, answers that
//! nobody waits for. Knows no message.
//!
//! A link earns its station's `noise_max` frames a second and keeps at most a second's worth. What
//! comes beyond is counted, and neither answered nor logged one by one: an echo storm is no longer
//! echoed. A link that is ten seconds' worth beyond, with no transaction in between, is closed.

use core::time::Duration;

use crate::counters::Counter;
use crate::ids::LinkId;
use crate::notices::{Closing, Notice};
use crate::time::Time;
use crate::turn::Turn;

/// What a link may have saved up.
const SAVED_MAX: Duration = Duration::from_secs(1);
/// How far beyond its budget it may be before it is closed.
const BEYOND_MAX: Duration = Duration::from_secs(10);
const SECOND: u64 = 1_000_000_000;

impl Turn<'_> {
    /// A frame without a transaction came: whether there is budget for it. If not, it is counted
    /// here, and nothing else is to be done about it.
    pub(crate) fn spends(&mut self, link: LinkId) -> bool {
        let station = self.plan.station(self.plan.station_of(link));
        let each = Duration::from_nanos(SECOND / u64::from(station.settings.noise_max.max(1)));
        let state = &mut self.world.links[link.index()];
        let before = state.spent_until.since(self.now.boot);
        // No more is owed than what closes a link; one that others own is heard again in time.
        let most = self.now.boot + SAVED_MAX + BEYOND_MAX + each;
        state.spent_until = (state.spent_until.max(self.now.boot) + each).min(most);
        let spent = state.spent_until.since(self.now.boot);
        if spent <= SAVED_MAX {
            return true;
        }
        self.count(Counter::NoiseDropped);
        if before <= SAVED_MAX {
            self.tell(Notice::Noisy { link });
        }
        // An answer that another worker carried here is paid from a budget that its home keeps for the
        // link; that one is open at its owner alone, and no one else closes it.
        let is_open = self.world.links[link.index()].phase.is_open();
        if is_open && spent > SAVED_MAX + BEYOND_MAX {
            self.count(Counter::LinksNoisy);
            self.world.close(link, Closing::Noise);
        }
        false
    }

    /// A frame with a transaction came: what was beyond the budget is forgotten.
    #[inline]
    pub(crate) fn is_forgiven(&mut self, link: LinkId) {
        let limit = self.now.boot + SAVED_MAX;
        let spent: &mut Time = &mut self.world.links[link.index()].spent_until;
        *spent = (*spent).min(limit);
    }
}
