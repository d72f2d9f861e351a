//! Takes up at a start what the records left: one worker's part of it, whatever the number of workers
//! was before. Decides nothing; a transaction that was open is not taken up but closed, as what it
//! needs was never written down.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use codec::Tpdu;

use crate::broken::{Variant, breaks};
use crate::counters::Counter;
use crate::ids::{StationId, StationNumber};
use crate::pending::{Pending, State as Stage};
use crate::replay::{Item, Known, Outcome, Resting, State};
use crate::saf::NO_ITEM;
use crate::saf::items::Made;
use crate::stans::Stans;
use crate::time::Now;
use crate::turn::{Core, Turn};

/// Of the places for transactions, at most one in so many is for STANs that rest from before the
/// start, so that new requests find room.
const RESTED_PART: u32 = 2;

/// For how many seconds advices are known: a week.
pub(crate) const KNOWN_KEPT_SECS: u64 = 7 * 24 * 60 * 60;

impl Core {
    /// Takes up what the records tell. Call it once, before the first event, at every worker.
    ///
    /// STANs of requests without an answer rest at the worker whose share they are in now, and new
    /// ones begin behind the last that was used there. Repeats are known at the worker of their
    /// station. Counts go on at the first worker.
    pub fn restore(&mut self, now: Now, state: &State) {
        let mut turn = self.turn(now);
        let numbers = &turn.plan.numbers().stations;
        let ids = (0..).map(StationId);
        let ids: BTreeMap<StationNumber, StationId> = numbers.iter().copied().zip(ids).collect();
        turn.take_up_stations(state, &ids);
        turn.take_up_items(state, &ids);
        turn.take_up_stans(state, &ids);
        turn.take_up_duplicates(state, &ids);
        turn.take_up_orphans(state, &ids);
        turn.take_up_tombstones(state, &ids);
        turn.take_up_promotion(state);
        turn.world.past_until = state.start().map_or(0, |_| turn.now.utc + KNOWN_KEPT_SECS);
        if turn.me.0 == 0 {
            for &counter in Counter::ALL {
                turn.world.counters.add(counter, state.count_of(counter));
            }
            turn.world.counts_are_written_down();
        }
    }
}

impl Turn<'_> {
    fn take_up_stations(&mut self, state: &State, ids: &BTreeMap<StationNumber, StationId>) {
        for station in state.stations() {
            let Some(&id) = ids.get(&station.number) else { continue };
            let now = &mut self.world.stations[id.index()];
            // One that has to sign on has to do so again, as after any loss of all its links.
            if station.signed_on == Some(false) {
                now.has_signed(false);
            }
            if self.plan.owner(id) == self.me {
                let recorded = station.recorded;
                now.tally.requests += recorded.requests;
                now.tally.answers += recorded.answers;
                now.tally.approved += recorded.approved;
                now.tally.timeouts += recorded.timeouts;
            }
            let skip = self.plan.stans_ahead();
            if let Some(stans) = &mut now.stans
                && let Some(last) = state.goes_on_behind(station.number, &stans.range(), skip)
            {
                stans.go_on_behind(last);
            }
        }
    }

    /// What is kept for issuers is so by the worker of their links now, and its STANs are in use at
    /// the worker whose share they are in now. What was made before this start may have been sent;
    /// nobody wrote that down.
    fn take_up_items(&mut self, state: &State, ids: &BTreeMap<StationNumber, StationId>) {
        let start = state.start().map(|start| start.position);
        let mut items: Vec<_> = state.items().collect();
        items.sort_unstable_by_key(|item| item.position);
        for item in items.into_iter().filter(|_| !breaks(Variant::KeptForgotten)) {
            let Some(&issuer) = ids.get(&item.issuer) else { continue };
            let (plan, now) = (self.plan, self.now.boot);
            let world = &mut *self.world;
            if Stans::home(item.stan, plan.workers) == Some(self.me)
                && let Some(stans) = &mut world.stations[issuer.index()].stans
                && stans.take_again(item.stan, Stans::ITEM)
            {
                world.saf.take_up();
            }
            if plan.owner(issuer) != self.me {
                continue;
            }
            let &Item { acquirer, mti, original, original_at, reason, utc, .. } = item;
            let made = Made { acquirer, mti, original, original_at, reason, utc };
            let sends = u32::from(start.is_none_or(|start| item.position < start));
            world.take_in_item((issuer, item.stan), made, &item.frame, sends);
            if let Some(said) = item.state {
                world.saf.items.turn(issuer, item.stan, said, &item.by, now);
            }
        }
        self.world.wake_items();
    }

    /// STANs without an answer rest as after a timeout. Those that find no place have their turn
    /// after all others at least.
    fn take_up_stans(&mut self, state: &State, ids: &BTreeMap<StationNumber, StationId>) {
        let quarantine = self.plan.limits.quarantine.as_secs();
        let now = self.now.utc;
        let rests = |resting: &&Resting| resting.utc.saturating_add(quarantine) >= now;
        for resting in state.resting().filter(rests) {
            self.rest(resting, ids);
        }
    }

    fn rest(&mut self, resting: &Resting, ids: &BTreeMap<StationNumber, StationId>) {
        let plan = self.plan;
        if Stans::home(resting.stan, plan.workers) != Some(self.me) {
            return;
        }
        let world = &mut *self.world;
        let Some(&issuer) = ids.get(&resting.issuer) else { return };
        let now = &mut world.stations[issuer.index()];
        let room = world.table.used() < world.table.max() / RESTED_PART;
        let slot = world.table.next().filter(|_| room);
        let Some((slot, stans)) = slot.zip(now.stans.as_mut()) else { return };
        if !stans.take_again(resting.stan, slot.index) {
            return;
        }
        let acquirer = ids.get(&resting.acquirer).copied();
        let asked_by = acquirer.unwrap_or(issuer);
        let link = plan.station(asked_by).links_from;
        let mut pending =
            Pending::arrived(self.now.boot, asked_by, (link, 0), Tpdu::default(), resting.mti);
        (pending.state, pending.issuer) = (Stage::Expired, issuer);
        (pending.stan, pending.sent_at) = (resting.stan, resting.sent_at);
        pending.obliged = resting.obliged;
        world.table.insert(pending);
        now.resting += 1;
        world.table.join(&mut world.resting, slot, self.now.boot + plan.limits.quarantine);
    }

    fn take_up_tombstones(&mut self, state: &State, ids: &BTreeMap<StationNumber, StationId>) {
        let (plan, me) = (self.plan, self.me);
        let is_ours = |acquirer| ids.get(acquirer).is_some_and(|&id| plan.owner(id) == me);
        for tombstone in state.tombstones().filter(|one| is_ours(&one.acquirer)) {
            if breaks(Variant::TombstonesForgotten) {
                continue;
            }
            self.refuses_from_now(tombstone.reference, tombstone.utc);
        }
    }

    /// Those of our stations, the oldest first, and behind them what was open.
    fn take_up_duplicates(&mut self, state: &State, ids: &BTreeMap<StationNumber, StationId>) {
        let is_ours =
            |acquirer| ids.get(acquirer).is_some_and(|&id| self.plan.owner(id) == self.me);
        let duplicates = &mut self.world.duplicates;
        for (known, answer) in state.known().filter(|(known, _)| is_ours(&known.acquirer)) {
            let &Known { outcome, issuer, stan, identity, obliged, in_doubt, .. } = known;
            if outcome == Outcome::Closed && breaks(Variant::ClosedForgotten) {
                continue;
            }
            let entered = duplicates.begin(identity, 0);
            if obliged != NO_ITEM {
                duplicates.mark_reversed(entered, obliged);
            }
            match outcome {
                Outcome::Answered(action) => {
                    let issuer = ids.get(&issuer).copied();
                    let stored = answer.filter(|_| issuer.is_some()).and_then(|answer| {
                        duplicates.draft(answer.len())?.copy_from_slice(answer);
                        Some(answer.len())
                    });
                    // Without its answer nobody asks who gave it.
                    let issuer = issuer.unwrap_or(StationId(0));
                    duplicates.answer(entered, issuer, action, stored);
                    if in_doubt {
                        duplicates.doubt_again(entered, stan);
                    }
                }
                Outcome::Declined(action) | Outcome::Advised(action) => {
                    duplicates.decline(entered, action);
                }
                Outcome::Closed => duplicates.close(entered),
            }
        }
        for open in state.unfinished().into_iter().filter(|open| is_ours(&open.acquirer)) {
            let entered = duplicates.begin(open.identity, 0);
            duplicates.close(entered);
        }
    }
}
