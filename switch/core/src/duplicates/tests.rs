//! What the table of duplicates keeps and what it forgets. Knows no message.

use super::*;
use alloc::collections::BTreeMap;
use alloc::collections::BTreeSet;
use alloc::collections::VecDeque;
use codec::Mti;
use proptest::prelude::*;

const X: StationId = StationId(7);

/// A second since 1970.
const UTC: u64 = 1_795_238_431;

/// Few homes for many references, so that they crowd.
fn reference(number: u32) -> u64 {
    u64::from(number + 1) << 32 | u64::from(number % 3)
}

/// A sale of this many minor units.
fn sale_of(number: u32, amount: u64) -> Facts {
    let amount = Some((crate::time::packed(amount), 12));
    let mti = Mti::of(0x1200);
    Facts { issuer: X, stan: Stan(number), mti, sent_at: 0x11_2105_2031, amount, currency: *b"392" }
}

/// One that was forwarded, of 2500.
fn forwarded(table: &mut Duplicates, number: u32) -> Entered {
    let entered = table.begin(identity(number), UTC);
    table.forwarded(entered, reference(number), &sale_of(number, 2_500));
    entered
}

fn identity(number: u32) -> Identity {
    // Few homes for many keys, so that they crowd.
    let key = u128::from(number) << 32 | u128::from(number % 3);
    Identity { key, check: u64::from(number) + 1 }
}

fn known(table: &Duplicates, number: u32) -> Option<Known<'_>> {
    let (check, known) = table.find(identity(number).key)?;
    assert_eq!(check, identity(number).check);
    Some(known)
}

fn answer(table: &mut Duplicates, entered: Entered, frame: &[u8]) {
    table.draft(frame.len()).unwrap().copy_from_slice(frame);
    assert_eq!(table.drafted(frame.len()), frame);
    table.answer(entered, X, 0x116, Some(frame.len()));
}

#[test]
fn a_request_touches_one_line_of_the_cache_and_half_of_another() {
    assert_eq!((size_of::<Entry>(), size_of::<Forwarded>()), (64, 32));
}

#[test]
fn a_request_is_in_flight_until_it_has_its_outcome() {
    let mut table = Duplicates::new(8, 64);
    let entered = [1, 2, 3, 4].map(|number| table.begin(identity(number), 0));
    assert!((1..=4).all(|number| known(&table, number) == Some(Known::InFlight)));
    answer(&mut table, entered[0], b"frame");
    table.decline(entered[1], 0x911);
    table.close(entered[2]);
    table.forget(entered[3]);
    let frame = Some(&b"frame"[..]);
    assert_eq!(
        [1, 2, 3, 4, 5].map(|number| known(&table, number)),
        [
            Some(Known::Answered { issuer: X, action: 0x116, frame }),
            Some(Known::Declined(0x911)),
            Some(Known::Closed),
            None,
            None
        ]
    );
}

#[test]
fn the_oldest_is_forgotten_at_the_bound_and_not_before() {
    let mut table = Duplicates::new(3, 64);
    for number in 1..=3 {
        let entered = table.begin(identity(number), 0);
        table.decline(entered, 0x911);
    }
    assert!((1..=3).all(|number| known(&table, number).is_some()));
    table.begin(identity(4), 0);
    assert_eq!(
        [1, 2, 3, 4].map(|number| known(&table, number).is_some()),
        [false, true, true, true]
    );
    assert_eq!(table.fill(), (3, 3));
}

#[test]
fn one_in_flight_is_passed_over_and_never_forgotten() {
    let mut table = Duplicates::new(3, 64);
    let slow = table.begin(identity(1), 0);
    for number in 2..100 {
        let entered = table.begin(identity(number), 0);
        table.decline(entered, 0x911);
        assert_eq!(known(&table, 1), Some(Known::InFlight));
    }
    assert_eq!([97, 98, 99].map(|number| known(&table, number).is_some()), [false, true, true]);
    table.decline(slow, 0x911);
    table.begin(identity(100), 0);
    table.begin(identity(101), 0);
    assert_eq!(known(&table, 98), None);
}

#[test]
#[should_panic(expected = "asked before")]
fn more_in_flight_than_there_is_room_for_is_our_own_bug() {
    let mut table = Duplicates::new(2, 64);
    for number in 1..=3 {
        table.begin(identity(number), 0);
    }
}

#[test]
#[should_panic(expected = "one outcome")]
fn a_second_outcome_is_our_own_bug() {
    let mut table = Duplicates::new(2, 64);
    let entered = table.begin(identity(1), 0);
    table.decline(entered, 0x911);
    table.decline(entered, 0x911);
}

#[test]
fn a_key_that_comes_again_after_its_outcome_takes_the_place_of_the_old_one() {
    let mut table = Duplicates::new(4, 64);
    let entered = table.begin(identity(1), 0);
    table.close(entered);
    let entered = table.begin(identity(1), 0);
    table.decline(entered, 0x907);
    assert_eq!(known(&table, 1), Some(Known::Declined(0x907)));
    for number in 2..=4 {
        table.begin(identity(number), 0);
    }
    assert_eq!(known(&table, 1), Some(Known::Declined(0x907)), "the old one's place was free");
}

#[test]
fn an_answer_that_was_written_over_is_forgotten_and_its_request_is_not() {
    let mut table = Duplicates::new(8, 10);
    for (number, frame) in [(1, b"aaaa"), (2, b"bbbb")] {
        let entered = table.begin(identity(number), 0);
        answer(&mut table, entered, frame);
    }
    let frame_of = |table: &Duplicates, number| match known(table, number) {
        Some(Known::Answered { frame, .. }) => frame.map(<[u8]>::to_vec),
        other => panic!("{other:?}"),
    };
    assert_eq!(frame_of(&table, 1), Some(b"aaaa".to_vec()));
    // Two bytes are left at the end; it goes to the front.
    let entered = table.begin(identity(3), 0);
    answer(&mut table, entered, b"ccc");
    assert_eq!(
        [1, 2, 3].map(|number| frame_of(&table, number)),
        [None, Some(b"bbbb".to_vec()), Some(b"ccc".to_vec())]
    );
}

#[test]
fn a_draft_that_is_not_kept_costs_what_it_was_written_over_and_nothing_else() {
    let mut table = Duplicates::new(8, 8);
    for (number, frame) in [(1, b"aaaa"), (2, b"bbbb")] {
        let entered = table.begin(identity(number), 0);
        answer(&mut table, entered, frame);
    }
    table.draft(4).unwrap().fill(b'?');
    let frames = [1, 2].map(|number| match known(&table, number) {
        Some(Known::Answered { frame, .. }) => frame,
        other => panic!("{other:?}"),
    });
    assert_eq!(frames, [None, Some(&b"bbbb"[..])]);
    assert_eq!(table.draft(9), None, "longer than all there is");
    let entered = table.begin(identity(3), 0);
    table.answer(entered, X, 0x000, None);
    let nothing = Known::Answered { issuer: X, action: 0x000, frame: None };
    assert_eq!(known(&table, 3), Some(nothing));
}

#[test]
fn an_original_is_found_by_its_reference_with_what_it_was_and_what_became_of_it() {
    let mut table = Duplicates::new(8, 64);
    let entered = forwarded(&mut table, 1);
    assert_eq!(table.find_by_reference(reference(1)), Some(entered));
    answer(&mut table, entered, b"frame");
    let frame = Some(&b"frame"[..]);
    let original = Original {
        identity: identity(1),
        facts: Some(sale_of(1, 2_500)),
        outcome: Known::Answered { issuer: X, action: 0x116, frame },
        reversed: None,
        taken_back: 0,
    };
    assert_eq!(table.original(entered), Some(original));
    assert_eq!([0, reference(2)].map(|other| table.find_by_reference(other)), [None; 2]);
    // What was never forwarded has no reference and no facts.
    let bare = table.begin(identity(2), UTC);
    assert_eq!(table.original(bare).unwrap().facts, None);
    table.forget(bare);
    assert_eq!(table.original(bare), None);
}

#[test]
fn two_with_one_reference_are_found_as_the_newer_one() {
    let mut table = Duplicates::new(8, 64);
    let older = forwarded(&mut table, 1);
    table.decline(older, 0x911);
    let newer = table.begin(identity(2), UTC);
    table.forwarded(newer, reference(1), &sale_of(2, 1));
    assert_eq!(table.find_by_reference(reference(1)), Some(newer));
    table.forget(newer);
    assert_eq!(table.find_by_reference(reference(1)), None);
    assert_eq!(known(&table, 1), Some(Known::Declined(0x911)));
}

#[test]
fn the_newer_one_is_found_wherever_in_the_table_the_two_are() {
    let mut table = Duplicates::new(40, 64);
    let mut newest = None;
    for number in 1..200 {
        let entered = table.begin(identity(number), UTC);
        if number % 13 == 1 {
            // Two or three of them are in the table, in different parts of it.
            table.forwarded(entered, reference(7), &sale_of(number, 1));
            newest = Some(entered);
        }
        table.decline(entered, 0x911);
        assert_eq!(table.find_by_reference(reference(7)), newest, "{number}");
    }
}

#[test]
fn an_approval_that_is_reversed_is_said_to_nobody_again() {
    let mut table = Duplicates::new(8, 64);
    let entered = [1, 2, 3, 4, 5].map(|number| forwarded(&mut table, number));
    for (entered, action) in [(entered[0], 0x000), (entered[1], 0x116)] {
        table.draft(1).unwrap().fill(b'a');
        table.answer(entered, X, action, Some(1));
    }
    table.decline(entered[2], 0x920);
    table.close(entered[3]);
    assert!(entered.iter().all(|&entered| table.mark_reversed(entered, Stan(9))));
    assert!(!entered.iter().any(|&entered| table.mark_reversed(entered, Stan(9))), "once");
    let frame = Some(&b"a"[..]);
    assert_eq!(
        [1, 2, 3, 4, 5].map(|number| known(&table, number).unwrap()),
        [
            Known::Declined(0x911),
            Known::Answered { issuer: X, action: 0x116, frame },
            Known::Declined(0x920),
            Known::Closed,
            Known::InFlight,
        ]
    );
    let original = table.original(entered[0]).unwrap();
    let approved = matches!(original.outcome, Known::Answered { action: 0x000, .. });
    assert!(approved && original.reversed == Some(Stan(9)), "what it was is known all the same");
    // An approval that comes behind the reversal is not said either.
    table.answer(entered[4], X, 0x000, None);
    assert_eq!(known(&table, 5), Some(Known::Declined(0x911)));
}

#[test]
fn partial_reversals_add_up_to_the_amount_and_not_beyond() {
    let mut table = Duplicates::new(8, 64);
    let entered = forwarded(&mut table, 1);
    table.decline(entered, 0x000);
    assert_eq!(table.add_partial(entered, 1_000), Ok(1_000));
    assert_eq!(table.add_partial(entered, 1_501), Err(Exceeds { left: 1_500 }));
    assert_eq!(table.add_partial(entered, 1_500), Ok(2_500));
    assert_eq!(table.add_partial(entered, 1), Err(Exceeds { left: 0 }));
    let other = forwarded(&mut table, 2);
    table.mark_reversed(other, Stan(0));
    assert_eq!(table.add_partial(other, 1), Err(Exceeds { left: 0 }), "all of it was taken back");
    let bare = table.begin(identity(3), UTC);
    assert_eq!(table.add_partial(bare, 1), Err(Exceeds { left: 0 }), "nobody knows of how much");
}

#[test]
fn how_far_back_it_reaches_is_known_once_one_was_forgotten() {
    let mut table = Duplicates::new(2, 64);
    for (number, utc) in [(1, 100), (2, 160)] {
        let entered = table.begin(identity(number), utc);
        table.decline(entered, 0x911);
    }
    assert_eq!(table.reaches_back(200), None);
    let entered = table.begin(identity(3), 200);
    assert_eq!(table.reaches_back(200), Some(100));
    assert_eq!(table.reaches_back(260), Some(160), "it grows while nothing comes");
    // What never became a transaction leaves nothing that could be forgotten.
    table.forget(entered);
    table.begin(identity(4), 300);
    assert_eq!(table.reaches_back(300), Some(140));
}

/// The same by plain lists: what is known, oldest first.
#[derive(Default)]
struct Model {
    order: VecDeque<u32>,
    what: BTreeMap<u32, (Option<Entered>, u16)>,
    forwarded: BTreeSet<u32>,
}

impl Model {
    fn is_forwarded(&mut self, number: u32, forwarded: bool) {
        if forwarded {
            self.forwarded.insert(number);
        } else {
            self.forwarded.remove(&number);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Requests begin, end in any order and are looked for: the table knows what a list of the same
    /// length knows, for as long as nothing stays in flight for a whole round.
    #[test]
    fn the_table_knows_what_a_list_knows(
        max in 4_u32..40,
        steps in proptest::collection::vec((0_u32..100, 0_u8..4), 1..200),
    ) {
        let mut table = Duplicates::new(max, 64);
        let mut model = Model::default();
        for (number, what) in steps {
            let in_flight = model.what.values().filter(|(entered, _)| entered.is_some()).count();
            match (model.what.get(&number).copied(), what) {
                (None, _) if in_flight < max as usize => {
                    // The oldest that is not in flight, as the hand finds it.
                    if model.order.len() == max as usize {
                        let waits = |number: &u32| model.what[number].0.is_some();
                        while waits(&model.order[0]) {
                            model.order.rotate_left(1);
                        }
                        let oldest = model.order.pop_front().unwrap();
                        model.what.remove(&oldest);
                    }
                    let entered = table.begin(identity(number), 0);
                    if what > 0 {
                        table.forwarded(entered, reference(number), &sale_of(number, 1));
                    }
                    model.is_forwarded(number, what > 0);
                    model.order.push_back(number);
                    model.what.insert(number, (Some(entered), 0));
                }
                (Some((Some(entered), _)), 0) => {
                    table.decline(entered, 0x911);
                    model.what.insert(number, (None, 0x911));
                }
                _ => {}
            }
            for number in 0..100 {
                let expected = model.what.get(&number).map(|&(entered, action)| {
                    if entered.is_some() { Known::InFlight } else { Known::Declined(action) }
                });
                prop_assert_eq!(known(&table, number), expected);
                let found = table.find_by_reference(reference(number));
                let original = found.and_then(|entered| table.original(entered));
                let expected = expected.filter(|_| model.forwarded.contains(&number));
                prop_assert_eq!(original.map(|original| original.outcome), expected);
                prop_assert!(original.is_none_or(|of| of.identity == identity(number)));
            }
        }
    }
}

#[test]
fn a_doubt_gives_its_place_only_to_what_is_in_flight() {
    let mut table = Duplicates::new(2, 1_024);
    let first = forwarded(&mut table, 1);
    answer(&mut table, first, b"approved");
    table.doubt(first);
    for number in 2..10 {
        let entered = forwarded(&mut table, number);
        table.decline(entered, 0x911);
    }
    assert!(known(&table, 1).is_some() && table.take_dropped().is_none());
    let two = [10, 11].map(|number| forwarded(&mut table, number));
    assert_eq!((known(&table, 1), table.doubtful()), (None, 0));
    assert_eq!((table.take_dropped(), table.take_dropped()), (Some((X, Stan(1))), None));
    for entered in two {
        table.decline(entered, 0x911);
    }
    table.begin(identity(12), UTC);
}
