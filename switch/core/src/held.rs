//! Repeats that came while the first was in flight: kept until that one has its outcome, and then decided
//! on as if they had come just now. Knows no answer.

use alloc::boxed::Box;
use alloc::vec::Vec;

use codec::{Message, Slots, Tpdu};

use crate::broken::{Variant, breaks};
use crate::counters::Counter;
use crate::ids::LinkId;
use crate::plan::InFlight;
use crate::refusal::Refusal;
use crate::turn::{Turn, World};

/// A repeat that waits.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    /// What it and the first are known by.
    key: u128,
    link: LinkId,
    tpdu: Tpdu,
    /// The buffer that keeps it.
    parked: u32,
}

/// Repeats that wait, the oldest first; a fixed number of them.
#[derive(Debug)]
pub(crate) struct Held {
    waiting: Vec<Waiting>,
    max: usize,
    /// Where one is read; lent out while that is done.
    slots: Option<Box<Slots>>,
}

impl Held {
    /// Room for `max` repeats.
    pub(crate) fn new(max: u32) -> Self {
        let max = usize::try_from(max).expect("32 bits");
        Self { waiting: Vec::with_capacity(max), max, slots: Some(Box::new(Slots::new())) }
    }

    /// How many wait, and how many can.
    pub(crate) fn fill(&self) -> (usize, usize) {
        (self.waiting.len(), self.max)
    }
}

impl Turn<'_> {
    /// Keeps a repeat of a request that is in flight, where that was agreed and there is room.
    pub(crate) fn hold(
        &mut self,
        link: LinkId,
        message: &Message<'_>,
        key: u128,
    ) -> Result<(), Refusal> {
        let settings = &self.plan.station(self.plan.station_of(link)).settings;
        let World { held, parked, duplicates, .. } = &mut *self.world;
        let room = held.waiting.len() < held.max;
        let holds = match settings.acquiring.repeat_in_flight {
            InFlight::Hold => !breaks(Variant::HoldIgnored),
            InFlight::Refuse => breaks(Variant::RefusalIgnored),
        };
        let kept = (holds && room).then(|| parked.keep(message.bytes())).flatten();
        let parked = kept.ok_or(Refusal::InProgress)?;
        duplicates.await_end(key);
        held.waiting.push(Waiting { key, link, tpdu: self.tpdu, parked });
        self.count(Counter::RepeatsInFlight);
        Ok(())
    }

    /// Decides on those whose first is over. What finds no room in the gate waits on; says whether
    /// something was entered.
    pub(crate) fn take_up_held(&mut self) -> bool {
        if !self.world.duplicates.some_ended() {
            return false;
        }
        let mut slots = self.world.held.slots.take().expect("it is given back below");
        let (mut place, mut any) = (0, false);
        while let Some(&waiting) = self.world.held.waiting.get(place) {
            if self.world.duplicates.is_in_flight(waiting.key) {
                place += 1;
            } else if !self.can_answer() {
                break;
            } else {
                self.world.held.waiting.remove(place);
                self.take_up(waiting, &mut slots);
                any = true;
            }
        }
        if place == self.world.held.waiting.len() {
            self.world.duplicates.saw_ended();
        }
        self.world.held.slots = Some(slots);
        any
    }

    fn take_up(&mut self, Waiting { link, tpdu, parked, .. }: Waiting, slots: &mut Slots) {
        let lent = self.world.parked.take(parked);
        let plan = self.plan;
        let dialect = &plan.station(plan.station_of(link)).settings.dialect;
        let frame = &lent.0[..lent.1];
        dialect.decode(frame, slots).expect("what was held could be read");
        self.tpdu = tpdu;
        if !breaks(Variant::HeldForgotten) {
            self.on_held(link, &slots.message(dialect, frame));
        }
        self.world.parked.give_back(parked, lent);
    }
}
