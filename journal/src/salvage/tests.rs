//! Stories of taking out what is whole.

use super::*;
use crate::authoring::Author;
use crate::disk::simulated::SimulatedDisk;
use crate::verify::verify;

fn damaged() -> Author {
    let mut author = Author::begin();
    author.batches(4);
    author.roll_over();
    author.batches(4);
    author.segments[0].flip(1);
    author.segments[1].lose(2);
    author.segments[1].lose(3);
    author.batch(&[]);
    author
}

fn lost(salvaged: &Salvaged) -> Vec<(u64, Option<u64>)> {
    let of = |lost: &Lost| (lost.place.position.0, lost.until.map(|until| until.0));
    salvaged.lost.iter().map(of).collect()
}

#[test]
fn every_whole_record_comes_out_and_the_lost_ones_are_listed() {
    let author = damaged();
    let mut taken = Vec::new();
    let salvaged = records(&author.disk(), &author.keys, |position, record| {
        taken.push((position.0, String::from_utf8_lossy(record).into_owned()));
        Ok(())
    });
    let salvaged = salvaged.expect("taken out");
    let expected = [1, 3, 4, 5, 6].map(|position| (position, format!("record {position}")));
    assert_eq!(taken, expected);
    assert_eq!(lost(&salvaged), [(2, Some(3)), (7, Some(9))]);
}

#[test]
fn a_copy_has_the_same_batches_at_the_same_places() {
    let author = damaged();
    let disk = author.disk();
    let to = SimulatedDisk::new(2);
    let salvaged = copy(&disk, &to).expect("copied");
    assert_eq!((salvaged.batches, salvaged.records, salvaged.last.0), (6, 5, 8));
    let mut taken = 0;
    let again = records(&to, &author.keys, |_, _| {
        taken += 1;
        Ok(())
    });
    assert_eq!((lost(&again.expect("taken out")), taken), (lost(&salvaged), 5));
}

#[test]
fn a_whole_journal_is_copied_as_it_is() {
    let mut author = Author::begin();
    author.batches(3);
    author.roll_over();
    author.batches(3);
    let disk = author.disk();
    crate::archive::pack(&disk, &author.keys, author.segments[0].header.segment, 1)
        .expect("packed");
    disk.remove(&author.segments[0].name).expect("reused");
    let to = SimulatedDisk::new(2);
    copy(&disk, &to).expect("copied");
    assert_eq!(to.list().expect("listed"), disk.list().expect("listed"));
    for name in disk.list().expect("listed") {
        assert!(to.content(&name) == disk.content(&name), "{name}");
    }
    assert_eq!(verify(&to).expect("works").records, 6);
}

#[test]
fn a_place_that_is_full_is_said() {
    let to = SimulatedDisk::new(2);
    to.set_capacity(4_096);
    let problem = copy(&damaged().disk(), &to).expect_err("full");
    assert!(problem.to_string().starts_with("at the new place: can not create"), "{problem}");
}
