//! What may not leave any more, as a peer may have begun a reign meanwhile: released later than
//! [`late_after`](crate::plan::Limits::late_after) behind the framing of its batch, or still in front of
//! a socket then. Where there is no peer, nothing is late. Knows no peer.
//!
//! ```text
//! request   counts as never sent: 907, and nothing is reversed
//! approval  its acquirer will not hear of it: reversed (4013), a repeat gets 911
//! item      stays due
//! other     dropped and counted: its repeat is answered
//! ```
//! What a socket has taken a byte of goes its way: a part of a message would be worse than all of it.

use crate::broken::{Variant, breaks};
use crate::counters::Counter;
use crate::delivery::Reached;
use crate::gate::Then;
use crate::ids::LinkId;
use crate::links::{Leaving, Unsent};
use crate::outlet::Outlet;
use crate::plan::Plan;
use crate::records::Record;
use crate::time::{Now, Time};
use crate::turn::{Core, Turn, World};

/// Until when what a batch that was framed then permits may leave.
#[inline]
pub(crate) fn leaves_until(plan: &Plan, framed: Time) -> Time {
    plan.limits.late_after.map_or(Time::NEVER, |after| framed + after)
}

impl Plan {
    /// What stands beside an approval that is given once more. Its own record was committed long ago, and
    /// says nothing of who reigns now: on a node with a peer there is another one.
    pub(crate) fn proof(&self) -> Option<&'static Record<'static>> {
        let needs_one = self.limits.late_after.is_some() && !breaks(Variant::RepeatUnproved);
        needs_one.then_some(&Record::Pulse)
    }
}

impl Core {
    /// From when on something that waits in front of a socket may not leave any more: then
    /// [`Core::handle_time`] withdraws it. Whoever sends looks at the clock again before that: since the
    /// time of the last event the process may have stood still.
    pub fn late_from(&self) -> Time {
        self.world.late_wakes()
    }
}

impl Turn<'_> {
    /// Withdraws what waits in front of sockets and is late, where that is due.
    pub(crate) fn on_late_time(&mut self, outlet: &mut impl Outlet) {
        if self.now.boot <= self.world.late_wake {
            return;
        }
        self.world.late_wake = Time::NEVER;
        if breaks(Variant::LateNotWithdrawn) {
            return;
        }
        for place in 0..self.world.links.len() {
            let link = LinkId(u32::try_from(place).expect("links are counted"));
            if !self.world.links[place].unsent.is_empty() {
                self.withdraw_late_requests(link, outlet);
            }
            if !self.world.links[place].leaving.is_empty() {
                self.withdraw_late_answers(link, outlet);
            }
        }
    }

    fn withdraw_late_requests(&mut self, link: LinkId, outlet: &mut impl Outlet) {
        let handed = outlet.handed(link);
        for _ in 0..self.world.links[link.index()].unsent.len() {
            let unsent = &mut self.world.links[link.index()].unsent;
            let Some(one) = unsent.pop_front().filter(|one| one.start >= handed) else { continue };
            let Unsent { start, end, home, slot, until } = one;
            if self.now.boot <= until {
                self.world.links[link.index()].unsent.push_back(one);
                self.world.late_wake = self.world.late_wake.min(until);
            } else if outlet.withdraw(link, start, end) {
                self.count(Counter::Withdrawn);
                self.count(Counter::LateDropped);
                self.give_back(home, slot, outlet);
            }
        }
    }

    fn withdraw_late_answers(&mut self, link: LinkId, outlet: &mut impl Outlet) {
        let handed = outlet.handed(link);
        for _ in 0..self.world.links[link.index()].leaving.len() {
            let leaving = &mut self.world.links[link.index()].leaving;
            let Some(one) = leaving.pop_front() else { return };
            let Leaving { start, end, then, item, until } = one;
            let stays = self.now.boot <= until || start < handed;
            if stays || !outlet.withdraw(link, start, end) {
                let until = if start < handed { Time::NEVER } else { until };
                let leaving = &mut self.world.links[link.index()].leaving;
                leaving.push_back(Leaving { until, ..one });
                self.world.late_wake = self.world.late_wake.min(until);
            } else if let Some((issuer, stan)) = item {
                self.count(Counter::LateDropped);
                self.on_item_withdrawn(issuer, stan);
            } else {
                self.world.is_late(then);
            }
        }
        // Or the next one would list it a second time.
        if self.world.links[link.index()].leaving.is_empty() {
            self.world.leaving.retain(|&other| other != link);
        }
    }
}

impl World {
    /// When something in front of a socket is late.
    pub(crate) fn late_wakes(&self) -> Time {
        // It may still leave at that very time.
        Time(self.late_wake.0.saturating_add(1))
    }

    /// An answer is not given as it is late.
    pub(crate) fn is_late(&mut self, then: Then) {
        self.counters.count(Counter::LateDropped);
        if let Then::Over(slot) = then
            && !breaks(Variant::LateApprovalStands)
        {
            self.undelivered.push_back((slot, Reached::TooLate));
        }
    }
}

/// Whether what may leave until then is late.
#[inline]
pub(crate) fn is_late(until: Time, now: Now) -> bool {
    now.boot > until && !breaks(Variant::LateReleased)
}
