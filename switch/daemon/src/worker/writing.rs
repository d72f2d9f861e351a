//! What the node has this worker write down: entered in order as far as the gate has room, and told
//! when it is committed. Must not know what a record says, or who wants it.

use std::collections::VecDeque;
use std::time::Duration;

use crossbeam::channel::Sender;
use switch_core::gate::Position;
use switch_core::records::Record;
use switch_core::time::Time;

use super::Worker;
use crate::control::ASKED;

/// How long records wait for room.
const PATIENCE: Duration = Duration::from_secs(1);
/// Between two looks whether there is room: the gate gets some with every commit.
const LOOK: Duration = Duration::from_millis(5);
/// So many may be under way; one more is refused at once.
const WRITINGS_MAX: usize = 1_024;

/// All that is under way, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Writings(VecDeque<Writing>);

#[derive(Debug)]
struct Writing {
    /// Records that are not entered yet.
    left: VecDeque<Vec<u8>>,
    /// Where the last one that was entered stands.
    behind: Position,
    give_up: Time,
    again: Time,
    to: Sender<bool>,
}

impl Writings {
    fn take(&mut self, now: Time, records: Vec<Vec<u8>>, to: Sender<bool>) {
        if self.0.len() >= WRITINGS_MAX {
            say(&to, false);
            return;
        }
        let (behind, give_up) = (Position::default(), now + PATIENCE);
        self.0.push_back(Writing { left: records.into(), behind, give_up, again: now, to });
    }

    /// Enters what has room now, each in its turn.
    fn enter(&mut self, now: Time, mut enter: impl FnMut(&[u8]) -> Option<Position>) {
        for writing in &mut self.0 {
            while let Some(record) = writing.left.front() {
                let Some(position) = enter(record) else { break };
                writing.behind = position;
                writing.left.pop_front();
            }
            if !writing.left.is_empty() {
                writing.again = now + LOOK;
                break;
            }
        }
        self.0.retain(|writing| {
            let waits = writing.left.is_empty() || now < writing.give_up;
            if !waits {
                say(&writing.to, false);
            }
            waits
        });
    }

    /// Tells of what is committed by now.
    fn tell(&mut self, committed: Position) {
        self.0.retain(|writing| {
            let waits = !writing.left.is_empty() || writing.behind > committed;
            if !waits {
                say(&writing.to, true);
            }
            waits
        });
    }

    /// When there is something to be entered.
    pub(super) fn wakes(&self) -> Time {
        let waits = self.0.iter().find(|writing| !writing.left.is_empty());
        waits.map_or(Time::NEVER, |writing| writing.again)
    }
}

/// Whether a record tells of a command that has been carried out, or refused, already.
fn is_told_after(record: &[u8]) -> bool {
    matches!(Record::read(record), Ok(Record::Command { outcome, .. }) if outcome != ASKED)
}

/// Who asked may have given up by now.
fn say(to: &Sender<bool>, done: bool) {
    let _given_up = to.try_send(done);
}

impl Worker {
    /// Has records written down; who asks is told `true` when all are committed, `false` when there was
    /// no room for the last of them.
    ///
    /// # Panics
    /// When one is no record.
    pub(super) fn take_records(&mut self, now: Time, records: Vec<Vec<u8>>, to: Sender<bool>) {
        // On a full disk what there is of it is for answers, and for what is about to be changed.
        if self.pulse.spares() && records.iter().all(|record| is_told_after(record)) {
            say(&to, false);
            return;
        }
        self.writings.take(now, records, to);
    }

    /// Enters what waits to be written down.
    pub(super) fn enter_records(&mut self, now: Time) {
        let Self { writings, core, .. } = self;
        writings.enter(now, |bytes| {
            let record = Record::read(bytes).expect("the node gives whole records");
            core.write_down(&record)
        });
    }

    /// Tells who waits for what is committed by now.
    pub(super) fn tell_written(&mut self, committed: Position) {
        self.writings.tell(committed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossbeam::channel::{Receiver, bounded};

    fn at(milliseconds: u64) -> Time {
        Time(milliseconds * 1_000_000)
    }

    /// A gate that has room for so many records, and what was entered.
    #[expect(clippy::type_complexity, reason = "it is used here alone")]
    fn gate(room: usize) -> (Vec<u8>, impl Fn(&mut Vec<u8>, &[u8]) -> Option<Position>) {
        let enter = move |entered: &mut Vec<u8>, record: &[u8]| {
            (entered.len() < room).then(|| {
                entered.push(record[0]);
                Position(u64::try_from(entered.len()).unwrap())
            })
        };
        (Vec::new(), enter)
    }

    fn taken(writings: &mut Writings, records: &[u8]) -> Receiver<bool> {
        let (to, told) = bounded(1);
        writings.take(at(0), records.iter().map(|&record| vec![record]).collect(), to);
        told
    }

    #[test]
    fn who_asks_is_told_when_the_last_record_is_committed() {
        let mut writings = Writings::default();
        let (mut entered, enter) = gate(9);
        let (one, other) = (taken(&mut writings, &[1, 2]), taken(&mut writings, &[3]));
        assert_eq!(writings.wakes(), at(0));
        writings.enter(at(0), |record| enter(&mut entered, record));
        assert_eq!((entered, writings.wakes()), (vec![1, 2, 3], Time::NEVER));
        writings.tell(Position(1));
        assert!(one.is_empty() && other.is_empty());
        writings.tell(Position(2));
        assert_eq!((one.try_recv(), other.is_empty()), (Ok(true), true));
        writings.tell(Position(3));
        assert_eq!(other.try_recv(), Ok(true));
    }

    #[test]
    fn what_has_no_room_waits_for_it_for_a_second_and_in_its_order() {
        let mut writings = Writings::default();
        let (mut entered, enter) = gate(2);
        let told = [1, 2, 3, 4].map(|record| taken(&mut writings, &[record]));
        writings.enter(at(10), |record| enter(&mut entered, record));
        assert_eq!((&entered[..], writings.wakes()), (&[1, 2][..], at(15)));
        let (_, roomy) = gate(3);
        writings.enter(at(999), |record| roomy(&mut entered, record));
        assert_eq!(entered, [1, 2, 3]);
        writings.enter(at(1_000), |record| roomy(&mut entered, record));
        writings.tell(Position(3));
        let told = told.map(|told| told.try_recv());
        assert_eq!(told, [Ok(true), Ok(true), Ok(true), Ok(false)]);
        assert_eq!(writings.wakes(), Time::NEVER);
    }

    #[test]
    fn that_a_change_is_asked_for_is_told_before_and_all_else_of_a_command_after() {
        let told_after = |record: Record<'_>| {
            let mut bytes = [0; 256];
            let length = record.write(&mut bytes).unwrap();
            is_told_after(&bytes[..length])
        };
        let (uid, role, utc, who, what) = (1_000, 2, 0, "hana", "saf hold issuer-x/000001");
        let command = |outcome| Record::Command { uid, role, utc, who, what, outcome };
        assert!(!told_after(command(ASKED)));
        assert!(["done", "failed", "not-permitted"].map(command).into_iter().all(told_after));
        assert!(!told_after(Record::Pulse), "what others have written down is theirs to judge");
    }

    #[test]
    fn one_more_than_may_be_under_way_is_refused_at_once() {
        let mut writings = Writings::default();
        let all: Vec<_> = (0..WRITINGS_MAX).map(|_| taken(&mut writings, &[1])).collect();
        assert!(all.iter().all(Receiver::is_empty));
        assert_eq!(taken(&mut writings, &[1]).try_recv(), Ok(false));
    }
}
