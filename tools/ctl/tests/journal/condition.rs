//! `journal verify`, `salvage` and `stats`.

use std::fs;

use expect_test::expect;

use crate::author::{BEGINNING, Folder, sold};
use crate::says;

const VERIFY: [&str; 4] = ["journal", "verify", "--dir", "journal"];

/// A journal of one sale, of which the request is damaged.
fn damaged() -> Folder {
    let folder = sold();
    folder.turns_a_bit(2);
    folder
}

#[test]
fn a_journal_as_it_was_written_is_good_and_needs_no_key() {
    let folder = sold();
    fs::remove_file(folder.journal().join("insecure-demo.key")).unwrap();
    let (code, said) = says(&folder, &VERIFY);
    assert_eq!(code, Some(0));
    expect![[r#"
        GOOD: 7 records (1 to 7) in 4 batches; segments 1, archives 0, indexes 0, checkpoints 0
    "#]]
    .assert_eq(&said);
    let (code, said) = says(&folder, &[&VERIFY[..], &["-o", "json"]].concat());
    assert_eq!(code, Some(0));
    expect![[r#"
        {"archives":0,"batches":4,"checkpoints":[],"condition":"good","first":1,"flawed":[],"indexes":0,"last":7,"lost":[],"records":7,"refusal":null,"schema_version":1,"segments":1,"torn":null,"unusable_indexes":[]}
    "#]].assert_eq(&said);
}

#[test]
fn a_write_that_was_under_way_is_a_torn_tail_and_good() {
    let folder = Folder::new();
    let mut author = folder.start(BEGINNING);
    author.introduces();
    author.rests();
    author.sells();
    drop(author);
    folder.turns_a_bit(4);
    let (code, said) = says(&folder, &VERIFY);
    assert_eq!(code, Some(0));
    expect![[r#"
        GOOD, with a torn tail: 6 records (1 to 6) in 3 batches; segments 1, archives 0, indexes 0, checkpoints 0

        A write was under way when the switch was stopped, or is now:
          0000000000000001.segment, byte 16384: batch 4 from record 7: the batch's checksum does not agree; nobody was told of it
        The next start of sekishod leaves it out. There is nothing to do.
    "#]]
    .assert_eq(&said);
}

#[test]
fn damage_is_told_with_its_place_what_is_lost_and_what_to_do() {
    let folder = damaged();
    let (code, said) = says(&folder, &VERIFY);
    assert_eq!(code, Some(7));
    expect![[r#"
        DAMAGED: 6 records (1 to 7) in 3 batches; segments 1, archives 0, indexes 0, checkpoints 0

        0000000000000001.segment, byte 8192: batch 2 from record 6: the batch's checksum does not agree, and it was acknowledged (records up to 7 were released)

        lost: record 6

        What to do
          1. Change and remove nothing in journal, and leave sekishod stopped.
          2. Keep a copy: cp -a journal COPY
          3. Take out what is whole: sekisho journal salvage --dir journal --out NEW
          4. Look at the disk (dmesg, smartctl) before anything runs on it again.
    "#]].assert_eq(&said);
    let (code, said) = says(&folder, &[&VERIFY[..], &["-o", "json"]].concat());
    assert_eq!(code, Some(7));
    expect![[r#"
        {"archives":0,"batches":3,"checkpoints":[],"condition":"damaged","first":1,"flawed":[],"indexes":0,"last":7,"lost":[{"batch":2,"file":"0000000000000001.segment","first":6,"found":"the batch's checksum does not agree","last":6,"offset":8192}],"records":6,"refusal":"the journal is damaged at 0000000000000001.segment, byte 8192: batch 2 from record 6: the batch's checksum does not agree, and it was acknowledged (records up to 7 were released); nothing was changed. Do not start on it: take a copy of the directory, look with `sekisho journal verify`, and take what is whole with `sekisho journal salvage`","schema_version":1,"segments":1,"torn":null,"unusable_indexes":[]}
    "#]].assert_eq(&said);
}

#[test]
fn one_of_two_nodes_has_what_is_damaged_again_from_the_other_and_is_not_left_stopped() {
    let folder = damaged();
    fs::write(folder.journal().join("control"), "").unwrap();
    let (code, said) = says(&folder, &VERIFY);
    assert_eq!(code, Some(7));
    let (_, todo) = said.split_once("\n\nlost: record 6\n\n").unwrap();
    expect![[r#"
        What to do
          1. Change and remove nothing in journal by hand.
          2. Keep a copy: cp -a journal COPY
          3. Look at the disk (dmesg, smartctl) before anything runs on it again.
          4. This is one of two nodes: start sekishod here while the other one runs;
             what is damaged comes again from there.
    "#]]
    .assert_eq(todo);
}

#[test]
fn a_journal_while_a_daemon_writes_it_is_good() {
    let folder = Folder::new();
    let mut author = folder.start(BEGINNING);
    author.introduces();
    author.fills_a_segment();
    let (code, said) = says(&folder, &VERIFY);
    assert_eq!(code, Some(0), "{said}");
    expect![[r#"
        GOOD: 5105 records (1 to 5105) in 52 batches; segments 2, archives 0, indexes 0, checkpoints 0
    "#]]
    .assert_eq(&said);
}

#[test]
fn where_no_journal_is_there_is_nothing_to_verify() {
    let folder = Folder::new();
    let (code, said) = says(&folder, &VERIFY);
    assert_eq!(code, Some(3));
    expect![[r#"
        sekisho: no journal in journal; the switch has not written anything there yet, or it is another directory
    "#]].assert_eq(&said);
}

#[test]
fn what_is_whole_is_taken_to_a_new_place_and_what_is_lost_is_listed() {
    let folder = damaged();
    let salvage = ["journal", "salvage", "--dir", "journal"];
    let (code, said) = says(&folder, &[&salvage[..], &["--out", "saved"]].concat());
    assert_eq!(code, Some(7));
    expect![[r#"
        saved: 6 records in 3 batches, the last one 7
        lost: record 6
          0000000000000001.segment, byte 8192: batch 2 from record 6: the batch's checksum does not agree
        It is for reading: sekishod does not start on a journal with gaps.
    "#]].assert_eq(&said);
    let (code, said) =
        says(&folder, &[&salvage[..], &["--out", "saved.jsonl", "-o", "json"]].concat());
    assert_eq!(code, Some(7));
    expect![[r#"
        {"batches":3,"last":7,"lost":[{"batch":2,"file":"0000000000000001.segment","first":6,"found":"the batch's checksum does not agree","last":6,"offset":8192}],"records":6,"schema_version":1}
    "#]].assert_eq(&said);
    let rows = fs::read_to_string(folder.path().join("saved.jsonl")).unwrap();
    let last = rows.lines().last().unwrap();
    assert_eq!(rows.lines().count(), 6);
    assert!(last.starts_with("{\"position\":7,"), "{last}");
    let (code, said) = says(&folder, &["journal", "stats", "--dir", "saved"]);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn of_a_whole_journal_nothing_is_lost_and_the_copy_verifies() {
    let folder = sold();
    let (code, said) = says(&folder, &["journal", "salvage", "--dir", "journal", "--out", "saved"]);
    assert_eq!((code, said.contains("Nothing is lost.")), (Some(0), true), "{said}");
    assert_eq!(says(&folder, &["journal", "verify", "--dir", "saved"]).0, Some(0));
    let rows = |from| {
        says(&folder, &["journal", "dump", "--dir", from, "--key", "journal/insecure-demo.key"])
    };
    assert_eq!(rows("journal"), rows("saved"));
}

#[test]
fn nothing_is_salvaged_into_the_journal_itself_or_over_what_is_there() {
    let folder = damaged();
    fs::create_dir(folder.path().join("taken")).unwrap();
    fs::write(folder.path().join("taken/file"), "").unwrap();
    fs::write(folder.path().join("taken.jsonl"), "").unwrap();
    for (out, words) in [
        ("journal/saved", "in the journal's own directory"),
        ("journal/../journal/rows.jsonl", "in the journal's own directory"),
        ("taken", "taken is there already"),
        ("taken.jsonl", "taken.jsonl is there already"),
    ] {
        let (code, said) = says(&folder, &["journal", "salvage", "--dir", "journal", "--out", out]);
        assert!(code == Some(5) && said.contains(words), "{code:?}: {said}");
    }
}

#[test]
fn segments_epochs_records_by_kind_and_bytes_are_counted() {
    let folder = sold();
    drop(folder.start(BEGINNING + 60));
    let (code, said) = says(&folder, &["journal", "stats", "--dir", "journal"]);
    assert_eq!(code, Some(0));
    expect![[r#"
        FILE                      EPOCH  PATH    FIRST  RECORDS  BATCHES  MARKS  PAYLOAD  PADDING     SIZE  RECORDS/S  BEGUN                 NEWEST
        0000000000000001.segment      1  mapped      1        7        4      1      379    15493  1048576          2  2026-11-21T05:20:30Z  2026-11-21T05:20:33Z
        0000000000000002.segment      2  mapped      8        0        0      0        0        0  1048576          -  2026-11-21T05:21:30Z  2026-11-21T05:21:30Z

        records   7 in 4 batches, released to 7
        bytes     379 of records, 15493 of padding, 2097152 of files
        end       clean

        Records by kind
          configuration 1
          decision 1
          links 1
          settlement 1
          start 1
          station 2
    "#]].assert_eq(&said);
    fs::remove_file(folder.journal().join("insecure-demo.key")).unwrap();
    let (code, said) = says(&folder, &["journal", "stats", "--dir", "journal", "-o", "json"]);
    assert_eq!(code, Some(0));
    expect![[r#"
        {"batches":4,"checkpoints":[],"end":"clean","file_bytes":2097152,"files":[{"batches":4,"begun":"2026-11-21T05:20:30.000000Z","epoch":1,"file":"0000000000000001.segment","file_bytes":1048576,"first":1,"marks":1,"newest":"2026-11-21T05:20:33.000000Z","padding_bytes":15493,"path":"mapped","payload_bytes":379,"records":7,"records_per_s":2},{"batches":0,"begun":"2026-11-21T05:21:30.000000Z","epoch":2,"file":"0000000000000002.segment","file_bytes":1048576,"first":8,"marks":0,"newest":"2026-11-21T05:21:30.000000Z","padding_bytes":0,"path":"mapped","payload_bytes":0,"records":0,"records_per_s":null}],"kinds":null,"padding_bytes":15493,"payload_bytes":379,"records":7,"released":7,"schema_version":1}
    "#]].assert_eq(&said);
}
