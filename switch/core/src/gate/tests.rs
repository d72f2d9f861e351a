//! Bytes leave after their record, in order, and nothing of them stays.

use super::*;
use crate::ids::{Stan, StationNumber};

const RECORD: Record<'_> =
    Record::Expiry { issuer: StationNumber(1), stan: Stan(7), at: Time(5), utc: 6 };

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

#[test]
fn nothing_leaves_before_its_record_is_committed() {
    let mut gate = Gate::new(1 << 16);
    assert!(enter(&mut gate, network(1), Some(&RECORD), b"first"));
    let between = gate.end();
    assert!(enter(&mut gate, network(2), Some(&RECORD), b"second"));
    assert!(gate.front().is_none());
    let (position, record) = gate.take_record().unwrap();
    assert_eq!((position, Record::read(record)), (between, Ok(RECORD)));
    gate.commit(position);
    let entry = gate.front().unwrap();
    assert_eq!((entry.purpose, &*entry.wire), (network(1), &b"first"[..]));
    gate.leave();
    assert!(gate.front().is_none());
    gate.commit(gate.end());
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
fn wire_bytes_are_wiped_when_they_have_left() {
    let mut gate = Gate::new(1 << 16);
    assert!(enter(&mut gate, network(1), Some(&RECORD), b"secret"));
    gate.commit(gate.end());
    gate.leave();
    assert!(!gate.bytes.windows(6).any(|bytes| bytes == b"secret"));
}

#[test]
fn the_last_quarter_is_for_answers() {
    let mut gate = Gate::new(1 << 16);
    let wire = [1; 1000];
    while gate.admits(wire.len()) {
        assert!(enter(&mut gate, network(1), None, &wire));
    }
    let (used, capacity) = gate.fill();
    assert!(used <= capacity / 4 * 3 && used + 1200 > capacity / 4 * 3);
    let mut answers = 0;
    while enter(&mut gate, network(1), None, &wire) {
        answers += 1;
    }
    assert!(answers >= 15, "{answers}");
    gate.commit(gate.end());
    gate.leave();
    assert!(enter(&mut gate, network(1), None, &wire[..900]), "room that was left is used again");
}

#[test]
fn entries_of_every_size_pass_around_the_ring_in_order() {
    let mut gate = Gate::new(1 << 16);
    let wire: alloc::vec::Vec<u8> = (0..=250).cycle().take(9_000).collect();
    let (mut sent, mut left) = (0_usize, 0_usize);
    let size = |number: usize| number * 7919 % 9_000;
    while left < 5_000 {
        while enter(&mut gate, network(9), sent.is_multiple_of(3).then_some(&RECORD), {
            &wire[..size(sent)]
        }) {
            sent += 1;
        }
        gate.commit(gate.end());
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
        Purpose::Forward { issuer: StationId(65_000), slot, deadline: Time(u64::MAX - 2) },
        Purpose::Answer {
            acquirer: StationId(2),
            link: LinkId(70_000),
            link_generation: 9,
            tpdu: Tpdu([0x60, 1, 2, 3, 0xFF]),
        },
        network(70_001),
        Purpose::Network { link: LinkId(1), link_generation: 3, tpdu: Some(Tpdu::default()) },
        Purpose::Network {
            link: LinkId(1),
            link_generation: 3,
            tpdu: Some(Tpdu([0x60, 1, 2, 3, 0xFF])),
        },
        Purpose::Carry { home: 63, link: LinkId(5) },
    ] {
        let mut gate = Gate::new(1 << 16);
        assert!(enter(&mut gate, purpose, None, b"x"));
        gate.commit(gate.end());
        assert_eq!(gate.front().unwrap().purpose, purpose);
    }
}
