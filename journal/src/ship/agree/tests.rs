//! Where two logs agree: told with logs that parted in every way. Knows no line.

use super::*;
use crate::format::Position;

/// A log as a list of who wrote its batches; the table has its reigns in order.
fn log(writers: &[u32]) -> Outline {
    let mut epochs: Vec<EpochStart> = Vec::new();
    for (batch, &epoch) in (1..).zip(writers) {
        if epochs.last().is_none_or(|last| last.epoch.0 != epoch) {
            let (epoch, first_batch) = (Epoch(epoch), BatchNumber(batch));
            epochs.push(EpochStart { epoch, first_batch });
        }
    }
    let batch = BatchNumber(writers.len() as u64);
    let epoch = Epoch(writers.last().copied().unwrap_or(0));
    Outline { epochs, end: Mark { epoch, batch, position: Position(batch.0), tag: [0; 16] } }
}

/// A reign began at the end of the log and has written nothing.
fn begun(mut outline: Outline, epoch: u32) -> Outline {
    let first_batch = BatchNumber(outline.end.batch.0 + 1);
    outline.epochs.push(EpochStart { epoch: Epoch(epoch), first_batch });
    outline
}

/// The batches before this one were let go, or their reigns fell out of the table.
fn from(mut outline: Outline, first: u64) -> Outline {
    let first = BatchNumber(first);
    let ends = outline.epochs.iter().skip(1).map(|next| next.first_batch.0);
    let ends: Vec<_> = ends.chain([outline.end.batch.0 + 1]).collect();
    let kept = outline.epochs.iter().zip(ends).filter(|(_, end)| *end > first.0);
    outline.epochs = kept.map(|(start, _)| *start).collect();
    if let Some(start) = outline.epochs.first_mut() {
        start.first_batch = start.first_batch.max(first);
    }
    outline
}

#[expect(clippy::unnecessary_wraps, reason = "what is compared has it")]
fn at(batch: u64) -> Result<BatchNumber, Parting> {
    Ok(BatchNumber(batch))
}

#[test]
fn logs_part_behind_the_last_batch_of_a_reign_that_both_have() {
    let ours = log(&[1, 1, 1, 2, 2, 4]);
    for (theirs, expected) in [
        (log(&[]), 0),
        (log(&[1]), 1),
        (log(&[1, 1, 1]), 3),
        (log(&[1, 1, 1, 2, 2, 4]), 6),
        (log(&[1, 1, 1, 1, 1, 1, 1, 1]), 3),
        (log(&[1, 1, 1, 2, 3, 3]), 4),
        (log(&[1, 1, 1, 2, 2, 2]), 5),
        (log(&[1, 1, 1, 2, 2, 4, 4, 5]), 6),
        (log(&[1, 3]), 1),
        (begun(log(&[1, 1, 1, 2]), 3), 4),
        (begun(begun(log(&[1, 1, 1, 2, 2]), 3), 5), 5),
    ] {
        assert_eq!(agreed(&ours, &theirs), at(expected), "{theirs:?}");
        assert_eq!(agreed(&begun(ours.clone(), 6), &theirs), at(expected), "{theirs:?}");
    }
}

#[test]
fn logs_that_part_at_the_very_beginning_have_nothing_but_that_in_common() {
    assert_eq!(agreed(&log(&[2, 2]), &log(&[1, 1, 1])), at(0));
    assert_eq!(agreed(&begun(log(&[]), 2), &log(&[1])), at(0));
}

#[test]
fn a_log_that_ends_before_ours_begins_is_shipped_from_where_ours_does() {
    let ours = from(log(&[1, 1, 1, 2, 2, 4]), 5);
    assert_eq!(agreed(&ours, &log(&[1, 1])), at(0), "what is between is gone");
    assert_eq!(agreed(&ours, &log(&[1, 1, 1, 2])), at(4), "it ends right there");
    assert_eq!(agreed(&ours, &log(&[1, 1, 1, 2, 2])), at(5));
}

#[test]
fn a_log_behind_a_checkpoint_agrees_by_its_end_alone() {
    let ours = log(&[1, 1, 1, 2, 2, 4]);
    let mut theirs = log(&[1, 1, 1, 2]);
    theirs.epochs.clear();
    assert_eq!(agreed(&ours, &theirs), at(4));
    theirs.end.epoch = Epoch(3);
    assert_eq!(agreed(&ours, &theirs), Err(Parting::NothingInCommon), "of a reign we never saw");
}

#[test]
fn where_neither_table_goes_back_to_where_they_part_nothing_is_said() {
    let ours = from(log(&[1, 1, 2, 2, 2, 2]), 3);
    let theirs = from(log(&[1, 1, 3, 3]), 3);
    assert_eq!(agreed(&ours, &theirs), Err(Parting::NothingInCommon));
    assert_eq!(agreed(&log(&[]), &log(&[1])), Err(Parting::NothingInCommon), "ours is empty");
}

#[test]
fn a_log_that_says_that_it_has_all_the_numbers_there_are_is_one_like_any_other() {
    let mut theirs = log(&[3]);
    theirs.end.batch = BatchNumber(u64::MAX);
    assert_eq!(agreed(&log(&[1, 1, 2]), &theirs), at(0));
}

#[test]
fn a_reign_that_begins_at_two_places_is_of_two_logs() {
    let parting = agreed(&log(&[1, 1, 2]), &log(&[1, 2, 2]));
    assert_eq!(parting, Err(Parting::OtherLog { batch: BatchNumber(3), epoch: Epoch(2) }));
}

/// Histories as they come about: nodes that write in turn, each behind what it has of another's log.
#[test]
fn whatever_two_nodes_wrote_the_place_where_they_part_is_found() {
    let mut state = 0x5EED_u64;
    let mut below = move |bound: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % bound).expect("small")
    };
    for _ in 0..3_000 {
        let mut logs: [Vec<u32>; 2] = [Vec::new(), Vec::new()];
        for epoch in 1..=6 {
            let writer = below(2);
            // The other one has some part of it, all behind what both had before.
            let wrote = below(4);
            logs[writer].extend(std::iter::repeat_n(epoch, wrote));
            if below(2) == 0 {
                let common = common(&logs[0], &logs[1]);
                let shipped = common + below(1 + (logs[writer].len() - common) as u64);
                logs[1 - writer] = logs[writer][..shipped].to_vec();
            }
        }
        let (ours, theirs) = (log(&logs[0]), log(&logs[1]));
        let parts = common(&logs[0], &logs[1]) as u64;
        let found = agreed(&ours, &theirs);
        if !logs[0].is_empty() || logs[1].is_empty() {
            assert_eq!(found, at(parts), "{logs:?}");
        }
        // With part of our table: the same, or it is said that all of it is needed.
        let first = 1 + below(1 + logs[0].len() as u64) as u64;
        let known = agreed(&from(ours, first), &theirs);
        let needed = [at(parts), at(0), Err(Parting::NothingInCommon)];
        let begins = first.min(logs[0].len() as u64);
        let is_by_tag = known == at(theirs.end.batch.0) && theirs.end.batch.0 + 1 == begins;
        assert!(needed.contains(&known) || is_by_tag, "{logs:?} from {first}: {known:?}");
    }
}

/// Batches at the front that are the same.
fn common(one: &[u32], other: &[u32]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| one == other).count()
}
