//! What may follow a request: its repeat, its reversal; which are under way. Must not know messages
//! or sockets.

use std::collections::BTreeMap;

use super::reversal::Reason;
use super::sale::Particulars;
use crate::clock::MILLISECOND;
use crate::ledger::Answered;

/// How many may be under way: beyond it none is sent.
const OPEN_MAX: usize = 65_536;

/// Codes of a switch that knows nothing yet and forwards nothing: a repeat is decided anew. Of 1993
/// and 1987.
const NOTHING_DONE: [&str; 9] = ["902", "904", "905", "907", "908", "910", "920", "921", "91"];
/// Codes after which it has promised a reversal to the issuer: no answer in time.
const GIVEN_UP: [&str; 2] = ["911", "68"];
/// Codes for a repeat of what is still under way.
const UNDER_WAY: [&str; 2] = ["923", "09"];
/// Codes of a switch that could not take a reversal now: it is sent again.
const NOT_NOW: [&str; 10] = ["903", "907", "909", "911", "912", "920", "923", "09", "91", "96"];

/// How long until a reversal is sent again that could not be taken, and how often it is.
const AGAIN_AFTER: u64 = 250 * MILLISECOND;
const AGAIN_MAX: u32 = 20;

/// What follows a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Repeat,
    Reversal,
}

/// A repeat or a reversal under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Follow {
    pub(super) particulars: Particulars,
    pub(super) connection: usize,
    sent: u64,
    /// How often it was refused for now, and when it is sent again then.
    refused: u32,
    again_at: Option<u64>,
    /// What the request was answered, where that is known.
    pub(super) first: Option<Answered>,
    /// Why, of a reversal.
    pub(super) reason: Reason,
}

/// When a request is followed by what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// Never.
    Never,
    /// By its repeat, before it is answered.
    RepeatInFlight,
    /// By its repeat, when it has been answered.
    RepeatAnswered,
    /// By its reversal, when it has been approved.
    Reversal,
}

/// Those under way, by trace number.
pub(super) struct Follows {
    repeats_every: Option<u64>,
    reversals_every: Option<u64>,
    open: BTreeMap<(Kind, u32), Follow>,
}

impl Follows {
    pub(super) fn new(repeats_every: Option<u64>, reversals_every: Option<u64>) -> Self {
        Self { repeats_every, reversals_every, open: BTreeMap::new() }
    }

    pub(super) fn open(&self) -> usize {
        self.open.len()
    }

    /// What follows the request number `sequence`: every other repeat comes in flight; what is
    /// repeated is not reversed.
    pub(super) fn when(&self, sequence: u64) -> When {
        if self.open.len() >= OPEN_MAX {
            return When::Never;
        }
        let number = sequence + 1;
        if let Some(every) = self.repeats_every.filter(|every| number.is_multiple_of(*every)) {
            let in_flight = (number / every).is_multiple_of(2);
            return if in_flight { When::RepeatInFlight } else { When::RepeatAnswered };
        }
        match self.reversals_every {
            // One request off, so that equal shares fall on different ones.
            Some(every) if (number + 1).is_multiple_of(every) => When::Reversal,
            Some(_) | None => When::Never,
        }
    }

    /// One leaves.
    pub(super) fn begin(
        &mut self,
        kind: Kind,
        particulars: Particulars,
        connection: usize,
        sent: u64,
        first: Option<Answered>,
    ) {
        let (refused, again_at, reason) = (0, None, Reason::Cancelled);
        let follow = Follow { particulars, connection, sent, refused, again_at, first, reason };
        self.open.insert((kind, particulars.stan), follow);
    }

    /// A reversal leaves.
    pub(super) fn begin_reversal(
        &mut self,
        particulars: Particulars,
        connection: usize,
        sent: u64,
        reason: Reason,
    ) {
        let (refused, again_at, first) = (0, None, None);
        let follow = Follow { particulars, connection, sent, refused, again_at, first, reason };
        self.open.insert((Kind::Reversal, particulars.stan), follow);
    }

    /// Those of a connection that is there again, as sent now.
    pub(super) fn take_up(&mut self, connection: usize, now: u64) -> Vec<(Kind, Follow)> {
        let of_it = self.open.iter_mut().filter(|(_, follow)| follow.connection == connection);
        let take = |(place, follow): (&(Kind, u32), &mut Follow)| {
            (follow.sent, follow.again_at) = (now, None);
            (place.0, *follow)
        };
        of_it.map(take).collect()
    }

    /// The request with that trace number was answered; its repeat may be under way.
    pub(super) fn on_answered(&mut self, stan: u32, answered: Answered) {
        if let Some(follow) = self.open.get_mut(&(Kind::Repeat, stan)) {
            follow.first = Some(answered);
        }
    }

    /// Whose answer has this trace number; it is under way no longer.
    pub(super) fn answer(&mut self, kind: Kind, stan: u32, connection: usize) -> Option<Follow> {
        let place = (kind, stan);
        let is_its = self.open.get(&place).is_some_and(|follow| follow.connection == connection);
        if is_its { self.open.remove(&place) } else { None }
    }

    /// A reversal was answered with a code that may heal: whether it will be sent again.
    pub(super) fn try_again(&mut self, follow: Follow, answered: &Answered, now: u64) -> bool {
        let refused = follow.refused + 1;
        let code = answered.action.map(|action| action.to_string()).unwrap_or_default();
        if refused > AGAIN_MAX || !NOT_NOW.contains(&code.as_str()) {
            return false;
        }
        let again_at = Some(now + AGAIN_AFTER);
        let place = (Kind::Reversal, follow.particulars.stan);
        self.open.insert(place, Follow { refused, again_at, sent: now, ..follow });
        true
    }

    /// The next reversal that is to be sent again, as sent now.
    pub(super) fn next_again(&mut self, now: u64) -> Option<Follow> {
        let is_due = |follow: &&mut Follow| follow.again_at.is_some_and(|at| at <= now);
        let follow = self.open.values_mut().find(is_due)?;
        (follow.again_at, follow.sent) = (None, now);
        Some(*follow)
    }

    /// Gives up those sent before `time`.
    pub(super) fn give_up_before(&mut self, time: u64) {
        self.open.retain(|_, follow| follow.sent >= time);
    }

    /// Gives up those of a connection that is lost.
    pub(super) fn give_up_all_of(&mut self, connection: usize) {
        self.open.retain(|_, follow| follow.connection != connection);
    }
}

/// Whether a repeat may be answered like this after its request was answered like that: the same, but
/// where the switch had done nothing; and once it has given up, anything but an approval.
pub(super) fn agree(first: &Answered, again: &Answered) -> bool {
    let text = |answered: &Answered| answered.action.map(|action| action.to_string());
    let is_one_of = |answered, codes: &[&str]| {
        text(answered).is_some_and(|text| codes.contains(&text.as_str()))
    };
    if is_one_of(again, &UNDER_WAY) || is_one_of(first, &NOTHING_DONE) {
        return true;
    }
    if is_one_of(first, &GIVEN_UP) {
        return again.action.is_some_and(|action| !action.approves());
    }
    (first.action, first.approval) == (again.action, again.approval)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::ActionCode;
    use crate::ledger::Text;

    fn answered(code: &str) -> Answered {
        Answered {
            reference: Text::new(b"7K2M00000001").unwrap(),
            action: ActionCode::new(code),
            approval: ActionCode::new(code)
                .filter(|code| code.approves())
                .and(Text::new(b"A1B2C3")),
            by_switch: code.starts_with('9'),
            at_ns: 0,
        }
    }

    #[test]
    fn every_other_repeat_comes_in_flight_and_what_is_repeated_is_not_reversed() {
        let follows = Follows::new(Some(2), Some(4));
        let all: Vec<_> = (0..8).map(|sequence| follows.when(sequence)).collect();
        let round = [When::Never, When::RepeatAnswered, When::Reversal, When::RepeatInFlight];
        assert_eq!(all, [round, round].concat());
        let follows = Follows::new(None, Some(3));
        assert_eq!((0..9).filter(|n| follows.when(*n) == When::Reversal).count(), 3);
    }

    #[test]
    fn a_repeat_is_answered_as_its_request_was() {
        for (first, again, is_right) in [
            ("000", "000", true),
            ("000", "116", false),
            ("116", "116", true),
            ("116", "000", false),
            ("000", "923", true),
            ("907", "000", true),
            ("911", "911", true),
            ("911", "909", true),
            ("911", "000", false),
            ("68", "00", false),
            ("91", "00", true),
        ] {
            let (first, again) = (answered(first), answered(again));
            assert_eq!(agree(&first, &again), is_right, "{first:?} {again:?}");
        }
        let other = Answered { approval: Text::new(b"A1B2C4"), ..answered("000") };
        assert!(!agree(&answered("000"), &other));
    }

    #[test]
    fn an_answer_belongs_to_its_kind_its_number_and_its_connection() {
        let mut follows = Follows::new(Some(1), None);
        let particulars = Particulars { sequence: 0, stan: 7, second: 0 };
        follows.begin(Kind::Repeat, particulars, 3, 10, None);
        assert!(follows.answer(Kind::Reversal, 7, 3).is_none());
        assert!(follows.answer(Kind::Repeat, 8, 3).is_none());
        assert!(follows.answer(Kind::Repeat, 7, 2).is_none());
        follows.on_answered(7, answered("000"));
        let follow = follows.answer(Kind::Repeat, 7, 3).unwrap();
        assert_eq!(follow.first, Some(answered("000")));
        assert_eq!(follows.open(), 0);
    }

    #[test]
    fn a_reversal_that_can_not_be_taken_now_is_sent_again_a_little_later_and_not_for_ever() {
        let mut follows = Follows::new(None, Some(1));
        let particulars = Particulars { sequence: 0, stan: 7, second: 0 };
        follows.begin(Kind::Reversal, particulars, 3, 10, None);
        for time in (0..).step_by(1_000_000_000).take(20) {
            assert!(follows.next_again(time).is_none());
            let follow = follows.answer(Kind::Reversal, 7, 3).unwrap();
            assert!(!follows.try_again(follow, &answered("400"), time));
            assert!(follows.try_again(follow, &answered("907"), time));
            assert!(follows.next_again(time).is_none());
            assert_eq!(follows.next_again(time + AGAIN_AFTER).unwrap().particulars, particulars);
        }
        let follow = follows.answer(Kind::Reversal, 7, 3).unwrap();
        assert!(!follows.try_again(follow, &answered("907"), 0));
    }

    #[test]
    fn what_waits_too_long_or_loses_its_connection_is_given_up() {
        let mut follows = Follows::new(Some(1), None);
        for (stan, connection, sent) in [(1, 0, 10), (2, 0, 20), (3, 1, 20)] {
            let particulars = Particulars { sequence: 0, stan, second: 0 };
            follows.begin(Kind::Repeat, particulars, connection, sent, None);
        }
        follows.give_up_before(15);
        assert_eq!(follows.open(), 2);
        follows.give_up_all_of(1);
        assert_eq!(follows.open(), 1);
    }
}
