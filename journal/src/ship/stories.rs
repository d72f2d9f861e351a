//! What becomes of a log on its way to a standby, told as transcripts: `>` the primary says, `<` the
//! standby. A batch is named by its reign and number, and by the way it came: from memory or read.

use expect_test::expect;

use super::world::*;
use crate::format::{BatchNumber, Epoch, Position};
use crate::ship::message::{Mark, Mode};
use crate::ship::sender::{Fed, Sender};

/// A log of two batches, and a standby that has it and is live.
pub(super) fn live(mode: Mode) -> World {
    let mut world = World::new(mode);
    world.writes("one", false);
    world.writes("two", false);
    world.connects().unwrap();
    world.settles().unwrap();
    world.assert_equal();
    world
}

#[test]
fn an_empty_standby_is_read_the_log_and_then_told_what_is_framed() {
    let mut world = live(Mode::Durable);
    world.writes("three", false);
    world.settles().unwrap();
    world.rolls_over();
    world.writes("four", false);
    world.settles().unwrap();
    world.assert_equal();
    expect![[r"
        > follow 0/0
        < ready 0/0
        > segment 1 of reign 1
        > batch 1/1, read
        > batch 1/2, read
        < has 1/2, on disk 1/2
        > batch 1/3, live
        < has 1/3, on disk 1/3
        > segment 2 of reign 1
        > batch 1/4, live
        < has 1/4, on disk 1/4"]]
    .assert_eq(&world.told());
}

#[test]
fn a_line_that_is_lost_in_the_middle_of_a_batch_costs_nothing_but_time() {
    let mut world = live(Mode::Durable);
    world.told();
    for text in ["three", "four", "five"] {
        world.writes(text, false);
    }
    world.sends();
    world.delivers(1).unwrap();
    world.answers().unwrap();
    world.loses_the_line();
    world.writes("six, while there is no line", false);
    world.connects().unwrap();
    world.settles().unwrap();
    world.assert_equal();
    expect![[r"
        > batch 1/3, live
        > batch 1/4, live
        > batch 1/5, live
        < has 1/3, on disk 1/3
        > follow 1/3
        < ready 1/3
        > segment 1 of reign 1
        > batch 1/4, read
        > batch 1/5, read
        > batch 1/6, read
        < has 1/6, on disk 1/6"]]
    .assert_eq(&world.told());
}

#[test]
fn what_a_standby_has_of_another_reign_is_cut_and_never_acknowledged() {
    let mut world = live(Mode::Durable);
    world.standby_reigned(&["three of reign 2", "four of reign 2", "five of reign 2"]);
    world.writes("three of reign 3", false);
    world.told();
    world.connects().unwrap();
    world.settles().unwrap();
    world.assert_equal();
    expect![[r"
        > follow 1/2
        < ready 1/2
        > segment 3 of reign 3
        > batch 3/3, read
        < has 3/3, on disk 3/3"]]
    .assert_eq(&world.told());
}

#[test]
fn a_standby_that_has_more_of_a_reign_than_its_primary_gives_it_up() {
    let mut world = live(Mode::Durable);
    world.writes("three, that the primary loses", false);
    world.settles().unwrap();
    world.loses_the_line();
    world.loses_from(3);
    world.told();
    world.connects().unwrap();
    world.settles().unwrap();
    expect![[r"
        > follow 1/2
        < ready 1/2"]]
    .assert_eq(&world.told());
    world.writes("three of reign 2", false);
    world.settles().unwrap();
    world.assert_equal();
    expect![[r"
        > segment 2 of reign 2
        > batch 2/3, read
        < has 2/3, on disk 2/3"]]
    .assert_eq(&world.told());
}

#[test]
fn a_standby_that_is_behind_what_is_kept_gets_a_checkpoint_and_the_log_behind_it() {
    let mut world = World::new(Mode::Durable);
    for text in ["one", "two"] {
        world.writes(text, false);
    }
    world.rolls_over();
    world.gone = Some(world.ours().end);
    world.writes("three", false);
    world.writes("four", false);
    world.checkpoint = (Position(3), b"the state behind three".to_vec());
    world.connects().unwrap();
    world.settles().unwrap();
    world.assert_equal();
    assert_eq!(world.log.checkpoint, b"the state behind three");
    expect![[r"
        > follow 1/2 behind a checkpoint at 3
        > piece of 3 at 0 of 22
        > piece of 3 at 10 of 22
        > piece of 3 at 20 of 22
        < ready 1/2
        > segment 2 of reign 1
        > batch 1/3, read
        > batch 1/4, read
        < has 1/4, on disk 1/4"]]
    .assert_eq(&world.told());
    // It comes again before anything was added, and with what it has.
    world.loses_the_line();
    world.connects().unwrap();
    world.settles().unwrap();
    world.assert_equal();
    world.log.cut(world.log.first).unwrap();
    world.connects().unwrap();
    world.settles().unwrap();
    world.assert_equal();
    expect![[r"
        > follow 1/4
        < ready 1/4
        > follow 1/2
        < ready 1/2
        > segment 2 of reign 1
        > batch 1/3, read
        > batch 1/4, read
        < has 1/4, on disk 1/4"]]
    .assert_eq(&world.told());
}

#[test]
fn a_checkpoint_that_is_followed_by_a_newer_one_is_begun_anew() {
    let mut world = World::new(Mode::Durable);
    world.writes("one", false);
    world.rolls_over();
    world.gone = Some(world.ours().end);
    world.writes("two", false);
    world.checkpoint = (Position(1), b"the state behind one".to_vec());
    world.connects().unwrap();
    for _ in 0..2 {
        world.step().unwrap();
    }
    world.checkpoint = (Position(2), b"the state behind two".to_vec());
    world.settles().unwrap();
    world.assert_equal();
    assert_eq!(world.log.checkpoint, b"the state behind two");
    expect![[r"
        > follow 1/1 behind a checkpoint at 1
        > piece of 1 at 0 of 20
        > follow 1/1 behind a checkpoint at 2
        > piece of 2 at 0 of 20
        > piece of 2 at 10 of 20
        < ready 1/1
        > segment 2 of reign 1
        > batch 1/2, read
        < has 1/2, on disk 1/2"]]
    .assert_eq(&world.told());
}

#[test]
fn out_of_sync_an_empty_pool_is_no_hindrance_the_log_is_read_and_then_it_is_live_again() {
    let mut world = live(Mode::Durable);
    world.told();
    for number in 3..=9 {
        // The line takes nothing, and the pool has four buffers.
        assert!(world.writes(&format!("record {number}"), false));
    }
    assert!(!world.sender.as_ref().unwrap().is_live());
    world.settles().unwrap();
    world.assert_equal();
    world.writes("record 10", false);
    world.settles().unwrap();
    world.assert_equal();
    expect![[r"
        > batch 1/3, read
        > batch 1/4, read
        > batch 1/5, read
        < has 1/5, on disk 1/5
        > batch 1/6, read
        > batch 1/7, read
        > batch 1/8, read
        > batch 1/9, live
        < has 1/9, on disk 1/9
        > batch 1/10, live
        < has 1/10, on disk 1/10"]]
    .assert_eq(&world.told());
}

#[test]
fn in_sync_an_empty_pool_makes_the_writer_wait_until_the_line_has_taken_a_batch() {
    let mut world = live(Mode::Durable);
    world.told();
    for number in 3..=6 {
        assert!(world.writes(&format!("record {number}"), true));
    }
    assert!(!world.writes("record 7", true), "all buffers are under way");
    assert!(world.sender.as_ref().unwrap().is_live(), "and nothing is left out");
    world.sends();
    assert!(!world.writes("record 7", true), "they are on the line");
    world.delivers(1).unwrap();
    assert!(world.writes("record 7", true));
    assert!(!world.writes("record 8", true));
    world.settles().unwrap();
    assert!(world.writes("record 8", true));
    world.settles().unwrap();
    world.assert_equal();
    expect![[r"
        > batch 1/3, live
        > batch 1/4, live
        > batch 1/5, live
        > batch 1/6, live
        > batch 1/7, live
        < has 1/7, on disk 1/7
        > batch 1/8, live
        < has 1/8, on disk 1/8"]]
    .assert_eq(&world.told());
}

#[test]
fn a_primary_whose_reign_is_over_is_told_so_and_nothing_of_it_is_taken() {
    let mut world = live(Mode::Durable);
    world.told();
    world.writes("three, of a reign that is over", false);
    world.receiver.as_mut().unwrap().promise(Epoch(2));
    world.settles().unwrap();
    assert_eq!(world.log.end().batch, BatchNumber(2));
    expect![[r"
        > batch 1/3, live
        < promised 2"]]
    .assert_eq(&world.told());
    // The next reign goes on behind what both have.
    world.promised = Epoch(2);
    world.loses_from(3);
    world.connects().unwrap();
    world.settles().unwrap();
    world.writes("three of reign 2", false);
    world.settles().unwrap();
    world.assert_equal();
    expect![[r"
        > follow 1/2
        < ready 1/2
        > segment 2 of reign 2
        > batch 2/3, read
        < has 2/3, on disk 2/3"]]
    .assert_eq(&world.told());
}

#[test]
fn a_reign_that_is_over_can_not_begin_to_ship_either() {
    let mut world = World::new(Mode::Durable);
    world.writes("one", false);
    world.promised = Epoch(2);
    world.connects().unwrap();
    world.settles().unwrap();
    assert!(world.log.items.is_empty());
    expect![[r"
        > follow 0/0
        < promised 2"]]
    .assert_eq(&world.told());
}

#[test]
fn in_memory_what_was_received_counts_and_on_disk_what_is_durable() {
    for (mode, matched) in [(Mode::Memory, 3), (Mode::Durable, 2), (Mode::Async, 2)] {
        let mut world = live(mode);
        world.syncs = false;
        world.writes("three", false);
        world.settles().unwrap();
        let sender = world.sender.as_ref().unwrap();
        assert_eq!(sender.matched().unwrap().batch, BatchNumber(matched), "{mode:?}");
        world.syncs = true;
        world.settles().unwrap();
        world.assert_equal();
    }
}

#[test]
fn one_acknowledgement_says_what_several_would() {
    let mut world = live(Mode::Durable);
    world.told();
    for number in 3..=5 {
        world.writes(&format!("record {number}"), false);
    }
    world.settles().unwrap();
    expect![[r"
        > batch 1/3, live
        > batch 1/4, live
        > batch 1/5, live
        < has 1/5, on disk 1/5"]]
    .assert_eq(&world.told());
}

#[test]
fn a_catch_up_is_read_no_faster_than_it_may() {
    let mut world = World::new(Mode::Durable);
    for number in 0..60 {
        world.writes(&format!("record {number}"), false);
    }
    // A block and three batches of 4 KiB at a time, 64 KiB in a second, and the last 32 batches as fast as it goes.
    world.settings.catch_up = std::num::NonZeroU64::new(64 << 10);
    let start = world.now;
    world.connects().unwrap();
    world.settles().unwrap();
    world.assert_equal();
    let took = world.now - start;
    assert!((2_000_000_000..2_600_000_000).contains(&took), "{took} ns");
}

#[test]
fn how_far_a_standby_is_behind_is_told_in_records_and_seconds() {
    let mut world = live(Mode::Durable);
    world.syncs = false;
    for _ in 0..1_000 {
        world.now += 100_000_000;
        world.framed_elsewhere();
    }
    let lag = world.sender.as_ref().unwrap().lag(world.now);
    assert_eq!((lag.records, lag.batches, lag.bytes), (1_000, 1_000, 0));
    assert!((98_000_000_000..=100_000_000_000).contains(&lag.for_ns), "{}", lag.for_ns);
}

#[test]
fn an_answer_to_what_another_line_needed_does_no_harm() {
    let mut world = World::new(Mode::Durable);
    for number in 0..20 {
        world.writes(&format!("record {number}"), false);
    }
    world.connects().unwrap();
    let late = [
        Fed::Gone { first: Mark::ZERO },
        Fed::NoSnapshot,
        Fed::Snapshot { about: Position(3), total: 9, offset: 4, bytes: vec![1; 5] },
        Fed::Log { items: read(&world.author.disk(), BatchNumber(12)) },
        Fed::Log { items: Vec::new() },
    ];
    for _ in 0..40 {
        let now = world.now;
        let sender = world.sender.as_mut().unwrap();
        // Of this line, too, something is needed that is not here yet; the disk is slow.
        let _needed = sender.poll_need(now);
        for fed in &late {
            sender.handle_fed(now, fed.clone()).unwrap();
        }
        world.step().unwrap();
    }
    world.settles().unwrap();
    world.assert_equal();
}

#[test]
fn a_batch_that_was_read_without_its_segment_s_block_is_read_again_with_it() {
    let mut world = live(Mode::Durable);
    world.loses_the_line();
    world.writes("three", false);
    world.connects().unwrap();
    let now = world.now;
    let sender = world.sender.as_mut().unwrap();
    assert!(sender.poll_need(now).is_some());
    // Whoever drives it looks after each event: it asks once, and still takes the answer.
    assert_eq!([sender.poll_need(now), sender.poll_need(now)], [None, None]);
    let mut items = read(&world.author.disk(), BatchNumber(3));
    items.remove(0);
    sender.handle_fed(now, Fed::Log { items }).unwrap();
    world.told();
    world.settles().unwrap();
    world.assert_equal();
    expect![[r"
        > follow 1/2
        < ready 1/2
        > segment 1 of reign 1
        > batch 1/3, read
        < has 1/3, on disk 1/3"]]
    .assert_eq(&world.told());
}

/// Sites to which everything happens at any time, and a writer that waits or not.
fn chance(seed: u64) {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut below = move |bound: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % bound
    };
    let mode = [Mode::Durable, Mode::Memory][usize::try_from(below(2)).unwrap()];
    let mut world = World::new(mode);
    world.connects().unwrap();
    for number in 0..60 {
        match below(12) {
            0..=3 => drop(world.writes(&format!("record {number}"), below(2) == 0)),
            4 if world.author.segments.len() < 4 => world.rolls_over(),
            4 | 5 => drop(world.feed().unwrap()),
            6 => drop(world.sends()),
            7 => drop(world.delivers(usize::try_from(below(4)).unwrap()).unwrap()),
            8 => drop(world.answers().unwrap()),
            9 => world.syncs = below(2) == 0,
            10 if below(3) == 0 => {
                world.loses_the_line();
                world.connects().unwrap();
            }
            10 => world.now += below(20_000_000),
            _ => drop(world.step().unwrap()),
        }
        let matched = world.sender.as_ref().and_then(Sender::matched).unwrap_or_default();
        let has = if mode == Mode::Durable { world.log.durable_end() } else { world.log.end() };
        assert!(matched.batch <= has.batch, "seed {seed}: acknowledged and not there");
    }
    world.syncs = true;
    world.settles().unwrap();
    world.assert_equal();
}

#[test]
fn whatever_happens_when_the_logs_become_one_and_nothing_is_acknowledged_before_it_is_there() {
    for seed in 1..=300 {
        chance(seed);
    }
}
