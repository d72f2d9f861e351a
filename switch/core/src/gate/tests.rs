//! Bytes leave after their record, in order, and nothing of them stays.

use super::*;
use crate::ids::{Stan, StationNumber};
use alloc::vec::Vec;

const RECORD: Record<'_> =
    Record::Expiry { issuer: StationNumber(1), stan: Stan(7), at: Time(5), utc: 6 };

const AT: Time = Time(5);

fn network(link: u32) -> Purpose {
    Purpose::Network { link: LinkId(link), link_generation: 3, tpdu: None }
}

fn enter(gate: &mut Gate, purpose: Purpose, record: Option<&Record<'_>>, wire: &[u8]) -> bool {
    let entered = gate.enter::<()>(purpose, record, wire.len(), |out| {
        out.copy_from_slice(wire);
        Ok(wire.len())
    });
    matches!(entered, Some(Ok(())))
}

/// Takes every record that waits, and commits it.
fn commit_all(gate: &mut Gate) {
    while gate.take_record().is_some() {}
    gate.commit(gate.end(), AT);
}

#[test]
fn nothing_leaves_before_its_record_is_committed() {
    let mut gate = Gate::new(1 << 16);
    assert!(enter(&mut gate, network(1), Some(&RECORD), b"first"));
    let between = gate.end();
    assert!(enter(&mut gate, network(2), Some(&RECORD), b"second"));
    assert!(gate.front().is_none());
    let (position, record) = gate.take_record().unwrap();
    assert_eq!((position, Record::read(record)), (between, Ok(RECORD)));
    gate.commit(position, AT);
    let entry = gate.front().unwrap();
    assert_eq!((entry.purpose, &*entry.wire), (network(1), &b"first"[..]));
    gate.leave();
    assert!(gate.front().is_none());
    commit_all(&mut gate);
    assert_eq!(&*gate.front().unwrap().wire, b"second");
}

#[test]
fn an_entry_forgotten_while_it_is_written_takes_no_room_and_leaves_no_trace() {
    let mut gate = Gate::new(1 << 16);
    let entered = gate.enter(network(1), Some(&RECORD), 6, |out| {
        out.copy_from_slice(b"secret");
        Err("a field can not be said")
    });
    assert_eq!(entered, Some(Err("a field can not be said")));
    assert_eq!((gate.end(), gate.fill().0), (Position(0), 0));
    assert!(!gate.bytes.windows(6).any(|bytes| bytes == b"secret"));
}

#[test]
fn record_and_wire_bytes_are_wiped_when_they_have_left() {
    let mut gate = Gate::new(1 << 16);
    let [record, wire] = [b"a card number", b"a PIN of it.."];
    let entered = gate.enter_with::<()>(
        network(1),
        record.len(),
        wire.len(),
        |out| {
            out.copy_from_slice(record);
            Ok(record.len())
        },
        |out| {
            out.copy_from_slice(wire);
            Ok(wire.len())
        },
    );
    assert_eq!(entered, Some(Ok(())));
    let stands = |gate: &Gate| {
        [record, wire].map(|secret| gate.bytes.windows(13).any(|bytes| bytes == secret))
    };
    assert_eq!(stands(&gate), [true; 2]);
    commit_all(&mut gate);
    assert_eq!(stands(&gate), [true; 2]);
    gate.leave();
    assert_eq!(stands(&gate), [false; 2]);
}

#[test]
fn a_record_that_is_looked_at_stays_the_next_one_until_it_is_taken() {
    let mut gate = Gate::new(1 << 16);
    assert!(enter(&mut gate, network(1), None, b"none"));
    assert!(enter(&mut gate, network(2), Some(&RECORD), b"one"));
    let end = gate.end();
    for _ in 0..2 {
        let (position, record) = gate.peek_record().unwrap();
        assert_eq!((position, Record::read(record)), (end, Ok(RECORD)));
    }
    let (position, record) = gate.take_record().unwrap();
    assert_eq!((position, Record::read(record)), (end, Ok(RECORD)));
    assert!(gate.peek_record().is_none() && gate.take_record().is_none());
}

#[test]
#[should_panic(expected = "only what was taken is committed")]
fn a_record_that_nobody_took_can_not_be_committed() {
    let mut gate = Gate::new(1 << 16);
    assert!(enter(&mut gate, network(1), Some(&RECORD), b"wire"));
    gate.commit(gate.end(), AT);
}

#[test]
fn what_has_no_record_leaves_without_a_commit_once_it_is_its_turn() {
    let mut gate = Gate::new(1 << 16);
    assert!(enter(&mut gate, network(1), None, b"first"));
    assert!(enter(&mut gate, network(2), Some(&RECORD), b"second"));
    assert!(enter(&mut gate, network(3), None, b"third"));
    assert_eq!(&*gate.front().unwrap().wire, b"first");
    gate.leave();
    assert!(gate.front().is_none(), "the record before it is not committed");
    let (position, _) = gate.take_record().unwrap();
    gate.commit(position, AT);
    assert!(enter(&mut gate, network(4), Some(&RECORD), b"fourth"));
    for wire in [&b"second"[..], b"third"] {
        assert_eq!(gate.front().unwrap().wire, wire);
        gate.leave();
    }
    assert!(gate.front().is_none());
}

#[test]
fn an_entry_that_is_a_record_alone_waits_for_its_commit_and_leaves() {
    let mut gate = Gate::new(1 << 16);
    assert!(gate.enter_record(&RECORD, HEAD_MAX));
    assert!(gate.front().is_none());
    let (position, record) = gate.take_record().unwrap();
    assert_eq!(Record::read(record), Ok(RECORD));
    gate.commit(position, AT);
    let entry = gate.front().unwrap();
    assert_eq!((entry.purpose, entry.wire.len()), (Purpose::Record, 0));
    gate.leave();
    assert_eq!(gate.fill().0, 0);
    let mut room = 0;
    while gate.enter_record(&RECORD, HEAD_MAX) {
        room += 1;
    }
    assert!(room > 600, "{room}");
}

#[test]
fn a_record_as_long_as_any_message_is_kept_whole() {
    let mut gate = Gate::new(1 << 20);
    for len in [65_535, 65_536, HEAD_MAX + 65_535] {
        let entered = gate.enter_with::<()>(
            network(1),
            len,
            len,
            |out| {
                out.fill(7);
                Ok(len)
            },
            |out| {
                out.fill(9);
                Ok(len)
            },
        );
        assert_eq!(entered, Some(Ok(())));
        let (position, record) = gate.take_record().unwrap();
        assert!(record.len() == len && record.iter().all(|&byte| byte == 7));
        gate.commit(position, AT);
        let entry = gate.front().unwrap();
        assert!(entry.wire.len() == len && entry.wire.iter().all(|&byte| byte == 9));
        gate.leave();
    }
}

#[test]
fn the_last_quarter_is_for_answers() {
    let mut gate = Gate::new(1 << 16);
    let wire = [1; 1000];
    while gate.admits(HEAD_MAX, wire.len()) {
        assert!(enter(&mut gate, network(1), None, &wire));
    }
    let (used, capacity) = gate.fill();
    assert!(used <= capacity / 4 * 3 && used + 1200 > capacity / 4 * 3);
    let mut answers = 0;
    while enter(&mut gate, network(1), None, &wire) {
        answers += 1;
    }
    assert!(answers >= 15, "{answers}");
    assert!(gate.front().is_some());
    gate.leave();
    assert!(enter(&mut gate, network(1), None, &wire[..900]), "room that was left is used again");
}

#[test]
fn entries_of_every_size_pass_around_the_ring_in_order() {
    let mut gate = Gate::new(1 << 16);
    let wire: Vec<u8> = (0..=250).cycle().take(9_000).collect();
    let (mut sent, mut left) = (0_usize, 0_usize);
    let size = |number: usize| number * 7919 % 9_000;
    while left < 5_000 {
        while enter(&mut gate, network(9), sent.is_multiple_of(3).then_some(&RECORD), {
            &wire[..size(sent)]
        }) {
            sent += 1;
        }
        commit_all(&mut gate);
        for _ in 0..=left % 5 {
            let Some(entry) = gate.front() else { break };
            assert_eq!(entry.wire, &wire[..size(left)]);
            gate.leave();
            left += 1;
        }
    }
}

#[test]
fn every_purpose_reads_back_as_it_was_written() {
    let slot = SlotId { index: 4_000_000_000, generation: 17 };
    for purpose in [
        Purpose::Forward { issuer: StationId(65_000), slot },
        Purpose::Answer {
            acquirer: StationId(2),
            link: LinkId(70_000),
            link_generation: 9,
            tpdu: Tpdu([0x60, 1, 2, 3, 0xFF]),
            then: Then::Nothing,
        },
        Purpose::Answer {
            acquirer: StationId(2),
            link: LinkId(70_000),
            link_generation: 9,
            tpdu: Tpdu([0x60, 1, 2, 3, 0xFF]),
            then: Then::Over(SlotId { index: 70_000, generation: u32::MAX }),
        },
        Purpose::Answer {
            acquirer: StationId(2),
            link: LinkId(70_000),
            link_generation: 9,
            tpdu: Tpdu([0x60, 1, 2, 3, 0xFF]),
            then: Then::Told(0xFEDC_BA98_7654_3210),
        },
        network(70_001),
        Purpose::Network { link: LinkId(1), link_generation: 3, tpdu: Some(Tpdu::default()) },
        Purpose::Network {
            link: LinkId(1),
            link_generation: 3,
            tpdu: Some(Tpdu([0x60, 1, 2, 3, 0xFF])),
        },
        Purpose::Carry { home: 63, link: LinkId(5) },
        Purpose::Record,
    ] {
        let mut gate = Gate::new(1 << 16);
        assert!(enter(&mut gate, purpose, None, b"x"));
        assert_eq!(gate.front().unwrap().purpose, purpose);
    }
}

/// The table of [`Service`], row by row: each may fill the ring up to its bound, and then those above
/// it still find room.
#[test]
fn the_order_of_service_is_that_of_its_table() {
    let told = include_str!("service.rs");
    let bounds: Vec<usize> = told
        .lines()
        .filter_map(|line| line.split('|').nth(2)?.trim().strip_suffix("/16")?.parse().ok())
        .collect();
    assert_eq!(bounds, [15, 14, 14, 13, 12]);
    let order =
        [Service::Advice, Service::Network, Service::Refusal, Service::Stored, Service::Request];
    let wire = [7; 984];
    for (place, (&service, bound)) in order.iter().zip(bounds).enumerate() {
        let mut gate = Gate::new(1 << 16);
        while gate.admits_as(service, wire.len()) {
            assert!(enter(&mut gate, network(1), None, &wire));
        }
        assert_eq!(gate.fill().0, (1 << 16) / 16 * bound, "{service:?}");
        for (other, service) in order.iter().enumerate() {
            let expected = order[other] > order[place] && service.sixteenths() > bound;
            assert_eq!(gate.admits_as(*service, wire.len()), expected, "{service:?}");
        }
        assert!(gate.has_room(0, wire.len()), "what is promised finds room");
    }
}
