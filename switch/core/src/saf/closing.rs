//! What a start does with requests that have no outcome: each is reversed and closed. Their inputs
//! suffice for the reversal; they can not be sent again, as card data was never written. Knows no core.
//!
//! The reversal stands before the closing. A start that breaks off between the two leaves a request
//! that is open and has its reversal, and the next start makes no second one.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;

use codec::{Dialect, Slots};

use crate::advice::{self, UNSPECIFIED};
use crate::broken::{Variant, breaks};
use crate::ids::{Stan, StationId, StationNumber, WorkerId};
use crate::plan::Plan;
use crate::records::{HEAD_MAX, Record, TakesBack};
use crate::replay::{Known, Open, Outcome, State};
use crate::saf::reversal::{self, Leg};
use crate::saf::{NO_ITEM, TIMED_OUT};
use crate::stans::{Stans, TRANSACTIONS_MAX, ahead};
use crate::time::Stamp;

/// The STANs of one issuer that are in use or rest.
struct Used {
    taken: BTreeSet<Stan>,
    last: Stan,
}

impl Used {
    /// The next that is free, behind the last that was used.
    fn next(&mut self) -> Option<Stan> {
        for _ in 0..TRANSACTIONS_MAX {
            self.last = Stan(if self.last.0 < TRANSACTIONS_MAX { self.last.0 + 1 } else { 1 });
            if self.taken.insert(self.last) {
                return Some(self.last);
            }
        }
        None
    }
}

/// How a start ends what is open.
#[derive(Debug)]
pub struct Closings {
    /// The records, in their order.
    pub records: Vec<Vec<u8>>,
    /// How many requests they close.
    pub closed: u64,
}

/// The records by which a start ends what is open, in their order. Write them down and apply them
/// before any worker restores. A request whose issuer is not configured stays open: it is reversed
/// at the start that knows the issuer again.
///
/// `utc` is the second of the start since 1970; `state` that of before it. `lossy`: this start is a
/// promotion that may have lost records, and says so before these.
pub fn closings(state: &State, plan: &Plan, utc: u64, lossy: bool) -> Closings {
    let mut used: BTreeMap<StationNumber, Used> = BTreeMap::new();
    let (mut records, mut closed, mut slots) = (Vec::new(), 0, Slots::new());
    let unfinished = state.unfinished();
    let reasons = reasons(state, plan, &unfinished, &mut slots);
    for open in unfinished {
        let Some(issuer) = plan.numbered_station(open.issuer) else { continue };
        let is_reversed = open.obliged != NO_ITEM;
        if !is_reversed && !breaks(Variant::ClosedNotReversed) {
            let used =
                used.entry(open.issuer).or_insert_with(|| used_of(state, plan, open.issuer, lossy));
            let Some(stan) = used.next() else { continue };
            let reason = reasons.get(&open.reference).copied().unwrap_or(TIMED_OUT);
            let item = (stan, reason);
            records.push(reversed(state, plan, (open, issuer), (item, utc), &mut slots));
        }
        records.push(written(&Record::Closed { issuer: open.issuer, stan: open.stan, utc }));
        closed += 1;
    }
    Closings { records, closed }
}

fn used_of(state: &State, plan: &Plan, issuer: StationNumber, lossy: bool) -> Used {
    let open = state.unfinished().into_iter().map(|open| (open.issuer, open.stan));
    let items = state.items().map(|item| (item.issuer, item.stan));
    let resting = state.resting().map(|resting| (resting.issuer, resting.stan));
    let all = open.chain(items).chain(resting);
    let taken = all.filter(|(of, _)| *of == issuer).map(|(_, stan)| stan).collect();
    let last = state.last_stan(issuer, 1..TRANSACTIONS_MAX + 1);
    let home = last.and_then(|last| Stans::home(last, plan.workers)).unwrap_or(WorkerId(0));
    let share = Stans::share(home, plan.workers);
    let lost = lossy && !breaks(Variant::StansNotAhead);
    let last = if lost {
        Some(ahead(last, &share, plan.stans_ahead()))
    } else {
        state.goes_on_behind(issuer, &share, plan.stans_ahead())
    };
    Used { taken, last: last.unwrap_or(Stan(0)) }
}

/// Why acquirers had reversed what is open (DE 25 as first given), by what they named it by: they were
/// told that it is taken, and it waited for the answer.
fn reasons(
    state: &State,
    plan: &Plan,
    unfinished: &[&Open],
    slots: &mut Slots,
) -> BTreeMap<u64, u16> {
    let named = unfinished.iter().map(|open| open.reference).filter(|&reference| reference != 0);
    let named: BTreeSet<u64> = named.collect();
    let mut reasons = BTreeMap::new();
    for (known, said) in state.known() {
        let &Known { outcome: Outcome::Advised(_), mti, original, acquirer, .. } = known else {
            continue;
        };
        if mti.class() != reversal::CLASS || !named.contains(&original) {
            continue;
        }
        let dialect = said.and_then(|said| Some((dialect_of(state, plan, acquirer)?, said)));
        let read = dialect.filter(|(dialect, said)| dialect.decode(said, slots).is_ok());
        let reason = read.map_or(UNSPECIFIED, |(dialect, said)| {
            advice::reason_of(&slots.message(dialect, said))
        });
        reasons.entry(original).or_insert(reason);
    }
    reasons
}

/// The record that keeps the reversal of an open request.
fn reversed(
    state: &State,
    plan: &Plan,
    (open, issuer): (&Open, StationId),
    (item, utc): ((Stan, u16), u64),
    slots: &mut Slots,
) -> Vec<u8> {
    let leg = Leg { issuer, mti: open.mti, stan: open.stan, sent_at: open.sent_at };
    let mut frame = vec![0; reversal::LEN_MAX];
    let made_at = Stamp::default().at(utc).transmission();
    let (stan, reason) = item;
    let dialect = dialect_of(state, plan, open.acquirer);
    let read = dialect.filter(|dialect| dialect.decode(&open.inputs, slots).is_ok());
    let message = read.map(|dialect| slots.message(dialect, &open.inputs));
    let value = |field| message.as_ref().and_then(|message| message.value(field));
    let len = reversal::write(plan, &leg, item, made_at, value, &mut frame);
    written(&Record::Queued {
        issuer: open.issuer,
        stan,
        acquirer: open.acquirer,
        mti: reversal::mti_for(plan, issuer),
        original: open.stan,
        original_at: open.sent_at,
        takes_back: TakesBack::Whole,
        reason,
        utc,
        frame: &frame[..len],
    })
}

/// The dialect that inputs were written in: that of before the start.
fn dialect_of<'p>(state: &State, plan: &'p Plan, acquirer: StationNumber) -> Option<&'p Dialect> {
    let name = state.stations().find(|station| station.number == acquirer)?.dialect;
    let now = plan.numbered_station(acquirer).map(|id| &*plan.station(id).settings.dialect);
    now.filter(|now| now.name() == name).or_else(|| codec::built_in(name))
}

fn written(record: &Record<'_>) -> Vec<u8> {
    let mut bytes = vec![0; HEAD_MAX + reversal::LEN_MAX];
    let len = record.write(&mut bytes).expect("its longest length is known");
    bytes.truncate(len);
    bytes
}
