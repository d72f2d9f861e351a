//! What ends a line: what can not be acknowledged, what does not come next, and logs that have nothing
//! to do with each other. And that a test would see it if a rule were broken.

use expect_test::expect;

use super::stories::live;
use super::world::*;
use crate::format::{BatchNumber, Epoch};
use crate::mutants::{self, Mutant};
use crate::ship::agree::Parting;
use crate::ship::message::{Mark, Message, Mode};
use crate::ship::receiver::Misfit;
use crate::ship::sender::{Lie, Sender};

#[test]
fn without_a_checkpoint_what_was_let_go_can_not_be_shipped() {
    let mut world = World::new(Mode::Durable);
    world.writes("one", false);
    world.rolls_over();
    world.gone = Some(world.ours().end);
    world.connects().unwrap();
    assert_eq!(world.settles(), Err(Closed::Parting(Parting::NothingInCommon)));
}

#[test]
fn a_log_with_another_batch_of_the_same_reign_and_number_is_refused() {
    let mut world = live(Mode::Durable);
    world.loses_the_line();
    let mut hello = world.log.hello();
    hello.end.tag[0] ^= 1;
    let (settings, ours) = (world.settings, world.ours());
    let parting = Sender::new(settings, Epoch(1), ours, &hello, 0).expect_err("another log");
    assert_eq!(parting, Parting::OtherLog { batch: BatchNumber(2), epoch: Epoch(1) });
    expect!["batch 2 of reign 1 is not the same in both logs: one of them is damaged or of another journal"]
        .assert_eq(&parting.to_string());
    // Where they part before the standby's end, the standby finds it out.
    let mut other = World::new(Mode::Durable);
    for text in ["uno", "due", "tre"] {
        other.writes(text, false);
    }
    world.log.items = other.items();
    world.connects().unwrap();
    assert_eq!(world.settles(), Err(Closed::OtherTag));
}

#[test]
fn what_can_not_be_acknowledged_ends_the_line() {
    let mark = |world: &World| world.log.end();
    let lie = |change: fn(&mut Mark)| {
        let mut world = live(Mode::Durable);
        world.writes("three", false);
        world.settles().unwrap();
        world.writes("four", false);
        world.sends();
        let mut other = mark(&world);
        change(&mut other);
        world.sender.as_mut().unwrap().handle_ack(other, other)
    };
    assert_eq!(lie(|_| {}), Ok(()));
    assert_eq!(lie(|mark| mark.tag[0] ^= 1), Err(Lie::Other(BatchNumber(3))));
    assert_eq!(lie(|mark| mark.epoch.0 += 1), Err(Lie::Other(BatchNumber(3))));
    assert_eq!(lie(|mark| mark.position.0 += 1), Err(Lie::Other(BatchNumber(3))));
    assert_eq!(lie(|mark| mark.batch.0 += 1), Err(Lie::Other(BatchNumber(4))));
    assert_eq!(lie(|mark| mark.batch.0 += 2), Err(Lie::NotSent(BatchNumber(5))));
    assert_eq!(lie(|mark| mark.batch.0 -= 1), Err(Lie::Back(BatchNumber(2))));
    let mut world = live(Mode::Durable);
    let end = mark(&world);
    assert_eq!(world.sender.as_mut().unwrap().handle_ready(end), Err(Lie::Ready(end)));
    assert_eq!(
        lie(|mark| mark.batch.0 += 2).unwrap_err().to_string(),
        "the standby acknowledges what was not sent: batch 5"
    );
}

#[test]
fn what_does_not_come_next_ends_the_line() {
    let mut world = live(Mode::Durable);
    world.writes("three", false);
    world.writes("four", false);
    world.sends();
    let missed = world.line.pop_front().expect("three");
    assert_eq!(
        world.settles(),
        Err(Closed::Misfit(Misfit::OtherBatch { found: BatchNumber(4), expected: BatchNumber(3) }))
    );
    let mut world = live(Mode::Durable);
    world.line.push_back(missed);
    let other = Misfit::OtherChain(BatchNumber(3));
    assert_eq!(world.settles(), Err(Closed::Misfit(other)), "it is of another log");
    assert_eq!(other.to_string(), "shipped batch 3 does not go on from the one before it");
}

#[test]
fn a_segment_of_a_later_reign_than_ships_it_ends_the_line() {
    let mut world = live(Mode::Durable);
    world.author.start();
    let item = world.items().pop().expect("the block of its segment");
    let block = item.bytes;
    world.line.push_back(Message::Segment { reign: Epoch(1), block });
    assert!(matches!(world.settles(), Err(Closed::Misfit(Misfit::OtherSegment(_)))));
}

#[test]
fn a_batch_that_was_damaged_on_the_way_is_not_taken() {
    for spoil in [200, 8, 40, 100] {
        let mut world = live(Mode::Durable);
        world.writes("three", false);
        world.sends();
        let Some(Message::Batch { reign, bytes }) = world.line.pop_front() else { panic!() };
        let mut bytes = bytes.to_vec();
        bytes[spoil] ^= 1;
        world.line.push_back(Message::Batch { reign, bytes: bytes.into() });
        assert!(matches!(world.settles(), Err(Closed::Misfit(_))), "byte {spoil}");
        assert_eq!(world.log.end().batch, BatchNumber(2));
    }
}

#[test]
fn retention_that_overtakes_a_catch_up_ends_the_line() {
    let mut world = World::new(Mode::Durable);
    for number in 0..20 {
        world.writes(&format!("record {number}"), false);
    }
    world.connects().unwrap();
    world.step().unwrap();
    world.gone = Some(world.ours().end);
    assert_eq!(world.settles(), Err(Closed::Parting(Parting::Overtaken)));
}

#[test]
fn a_broken_rule_is_seen() {
    // A standby with a tail of its own says how long its log is.
    let own_end = |mutant| {
        mutants::set(mutant);
        let mut world = live(Mode::Durable);
        let receiver = world.receiver.as_mut().unwrap();
        let tail = Mark { batch: BatchNumber(9), ..world.log.end() };
        receiver.handle_durable(tail);
        let said = receiver.poll_message();
        mutants::set(None);
        said.is_some()
    };
    assert!(!own_end(None));
    assert!(own_end(Some(Mutant::AcknowledgesItsOwnLog)));
    let not_durable = |mutant| {
        mutants::set(mutant);
        let mut world = live(Mode::Durable);
        world.syncs = false;
        world.writes("three", false);
        world.settles().unwrap();
        mutants::set(None);
        world.sender.as_ref().unwrap().matched().unwrap().batch > world.log.durable_end().batch
    };
    assert!(!not_durable(None));
    assert!(not_durable(Some(Mutant::AcknowledgesBeforeItIsDurable)));
    let any_reign = |mutant| {
        mutants::set(mutant);
        let mut world = live(Mode::Durable);
        world.receiver.as_mut().unwrap().promise(Epoch(2));
        world.writes("three", false);
        world.settles().unwrap();
        mutants::set(None);
        world.log.end().batch == BatchNumber(3)
    };
    assert!(!any_reign(None));
    assert!(any_reign(Some(Mutant::TakesFromAnyReign)));
}
