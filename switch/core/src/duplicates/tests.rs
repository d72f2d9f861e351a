//! What the table of duplicates keeps and what it forgets. Knows no message.

use super::*;
use alloc::collections::BTreeMap;
use alloc::collections::VecDeque;
use proptest::prelude::*;

const X: StationId = StationId(7);

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
fn a_request_is_in_flight_until_it_has_its_outcome() {
    let mut table = Duplicates::new(8, 64);
    let entered = [1, 2, 3, 4].map(|number| table.begin(identity(number)));
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
        let entered = table.begin(identity(number));
        table.decline(entered, 0x911);
    }
    assert!((1..=3).all(|number| known(&table, number).is_some()));
    table.begin(identity(4));
    assert_eq!(
        [1, 2, 3, 4].map(|number| known(&table, number).is_some()),
        [false, true, true, true]
    );
    assert_eq!(table.fill(), (3, 3));
}

#[test]
fn one_in_flight_is_passed_over_and_never_forgotten() {
    let mut table = Duplicates::new(3, 64);
    let slow = table.begin(identity(1));
    for number in 2..100 {
        let entered = table.begin(identity(number));
        table.decline(entered, 0x911);
        assert_eq!(known(&table, 1), Some(Known::InFlight));
    }
    assert_eq!([97, 98, 99].map(|number| known(&table, number).is_some()), [false, true, true]);
    table.decline(slow, 0x911);
    table.begin(identity(100));
    table.begin(identity(101));
    assert_eq!(known(&table, 98), None);
}

#[test]
#[should_panic(expected = "asked before")]
fn more_in_flight_than_there_is_room_for_is_our_own_bug() {
    let mut table = Duplicates::new(2, 64);
    for number in 1..=3 {
        table.begin(identity(number));
    }
}

#[test]
#[should_panic(expected = "one outcome")]
fn a_second_outcome_is_our_own_bug() {
    let mut table = Duplicates::new(2, 64);
    let entered = table.begin(identity(1));
    table.decline(entered, 0x911);
    table.decline(entered, 0x911);
}

#[test]
fn a_key_that_comes_again_after_its_outcome_takes_the_place_of_the_old_one() {
    let mut table = Duplicates::new(4, 64);
    let entered = table.begin(identity(1));
    table.close(entered);
    let entered = table.begin(identity(1));
    table.decline(entered, 0x907);
    assert_eq!(known(&table, 1), Some(Known::Declined(0x907)));
    for number in 2..=4 {
        table.begin(identity(number));
    }
    assert_eq!(known(&table, 1), Some(Known::Declined(0x907)), "the old one's place was free");
}

#[test]
fn an_answer_that_was_written_over_is_forgotten_and_its_request_is_not() {
    let mut table = Duplicates::new(8, 10);
    for (number, frame) in [(1, b"aaaa"), (2, b"bbbb")] {
        let entered = table.begin(identity(number));
        answer(&mut table, entered, frame);
    }
    let frame_of = |table: &Duplicates, number| match known(table, number) {
        Some(Known::Answered { frame, .. }) => frame.map(<[u8]>::to_vec),
        other => panic!("{other:?}"),
    };
    assert_eq!(frame_of(&table, 1), Some(b"aaaa".to_vec()));
    // Two bytes are left at the end; it goes to the front.
    let entered = table.begin(identity(3));
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
        let entered = table.begin(identity(number));
        answer(&mut table, entered, frame);
    }
    table.draft(4).unwrap().fill(b'?');
    let frames = [1, 2].map(|number| match known(&table, number) {
        Some(Known::Answered { frame, .. }) => frame,
        other => panic!("{other:?}"),
    });
    assert_eq!(frames, [None, Some(&b"bbbb"[..])]);
    assert_eq!(table.draft(9), None, "longer than all there is");
    let entered = table.begin(identity(3));
    table.answer(entered, X, 0x000, None);
    let nothing = Known::Answered { issuer: X, action: 0x000, frame: None };
    assert_eq!(known(&table, 3), Some(nothing));
}

/// The same by plain lists: what is known, oldest first.
#[derive(Default)]
struct Model {
    order: VecDeque<u32>,
    what: BTreeMap<u32, (Option<Entered>, u16)>,
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Requests begin, end in any order and are looked for: the table knows what a list of the same
    /// length knows, for as long as nothing stays in flight for a whole round.
    #[test]
    fn the_table_knows_what_a_list_knows(
        max in 4_u32..40,
        steps in proptest::collection::vec((0_u32..200, 0_u8..4), 1..400),
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
                    let entered = table.begin(identity(number));
                    model.order.push_back(number);
                    model.what.insert(number, (Some(entered), 0));
                }
                (Some((Some(entered), _)), 0) => {
                    table.decline(entered, 0x911);
                    model.what.insert(number, (None, 0x911));
                }
                _ => {}
            }
            for number in 0..200 {
                let expected = model.what.get(&number).map(|&(entered, action)| {
                    if entered.is_some() { Known::InFlight } else { Known::Declined(action) }
                });
                prop_assert_eq!(known(&table, number), expected);
            }
        }
    }
}
