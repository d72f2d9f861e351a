//! What is written down outlives the process, is nobody else's, and is not written over when it can
//! not be read: the journal on a real disk, ended by SIGKILL.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;

use bench::load::{Pace, Report};

use crate::centre::{Centre, Load};
use crate::configuration::{ASCII, BINARY, Configuration, institution};
use crate::letter::{CARDS, sale, sale_of};
use crate::link::{Desk, Link};
use crate::patience::until;
use crate::place::Directory;
use crate::sekishod::{Sekishod, count, station};

/// One acquirer, and one issuer that answers at this desk.
fn sales_to(desk: &Desk) -> Configuration {
    Configuration::new()
        .acquirer("merchant-a", ASCII, "")
        .issuer("issuer-x", BINARY, desk.address(), "timeout = \"10m\"")
        .route("353011", "issuer-x")
}

/// So many sales cross it, each answered.
fn sells(switch: &Sekishod, issuer: &mut Link, sales: std::ops::Range<u32>) {
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    for stan in sales {
        merchant.sends(&sale(stan));
        let heard = issuer.hears();
        issuer.sends(&heard.answered("000"));
        assert_eq!(merchant.hears(), sale(stan).answered("000"));
    }
}

/// A daemon that has let ten sales through and was killed then: what it left.
fn one_killed(desk: &Desk) -> Directory {
    let switch = Sekishod::starts(&sales_to(desk));
    let mut issuer = desk.accepts();
    switch.says_of("issuer-x", "link open");
    sells(&switch, &mut issuer, 1..11);
    switch.killed()
}

#[test]
fn after_a_kill_every_record_is_read_again_and_the_log_goes_on_in_the_next_epoch() {
    let desk = Desk::opens(BINARY);
    let directory = one_killed(&desk);
    let again = Sekishod::starts_in(directory, &sales_to(&desk));
    let read = again.says("journal read");
    assert!(read["records"].as_u64() >= Some(20), "{read}");
    assert_eq!((&read["epoch"], &read["unfinished"]), (&2.into(), &0.into()));
    let journal = again.status().journal.expect("it keeps one");
    assert_eq!((journal.epoch, journal.path.as_str()), (2, "mapped"));
    assert!(journal.durable == journal.position && journal.position > 20, "{journal:?}");
    let mut issuer = desk.accepts();
    sells(&again, &mut issuer, 11..21);
    let later = again.comes_to("more records", |status| {
        status.journal.as_ref().is_some_and(|now| now.durable >= journal.durable + 20)
    });
    let later = later.journal.expect("it keeps one");
    assert!(later.commits > 0 && later.records >= 20 && later.commit_p50_us.is_some(), "{later:?}");
    assert!(later.commit_bytes >= later.commits * 4_096, "{later:?}");
}

#[test]
fn a_second_daemon_on_the_same_state_is_refused_and_the_first_goes_on() {
    let desk = Desk::opens(BINARY);
    let first = Sekishod::starts(&sales_to(&desk));
    let mut issuer = desk.accepts();
    first.says_of("issuer-x", "link open");
    let second = Directory::new();
    let text = sales_to(&desk).text(second.path());
    let [ours, theirs] =
        [second.path().join("state"), first.journal()].map(|path| path.display().to_string());
    let theirs = theirs.strip_suffix("/journal").expect("a journal's directory");
    let second = Sekishod::tries_file(second, &text.replace(&ours, theirs), &["--insecure-demo"]);
    let ended = second.ends();
    assert_eq!(ended.code, Some(78));
    let pid = format!("process {} holds", first.status().pid);
    assert!(ended.stderr.contains(&pid), "{}", ended.stderr);
    assert!(ended.stderr.contains("node.state"), "{}", ended.stderr);
    sells(&first, &mut issuer, 1..2);
}

/// Sealed with the key in this file of its directory.
fn sealed(
    configuration: Configuration,
    directory: &Path,
    key: [u8; 32],
    former: &str,
) -> Configuration {
    let file = directory.join(format!("{}.key", key[0]));
    fs::write(&file, key).expect("the directory takes a file");
    let file = file.display();
    configuration.journal(&format!("segment = \"1MiB\"\nkey = \"{file}\"\n{former}"))
}

#[test]
fn without_the_key_that_sealed_it_nothing_starts_and_with_it_among_former_ones_all_is_read() {
    let desk = Desk::opens(BINARY);
    let directory = Directory::new();
    let path = directory.path().to_owned();
    let with = |key, former: &str| sealed(sales_to(&desk), &path, key, former);
    let switch = Sekishod::tries_in(directory, &with([1; 32], ""), &["--insecure-demo"]);
    let mut issuer = desk.accepts();
    switch.says_of("issuer-x", "link open");
    sells(&switch, &mut issuer, 1..4);
    let directory = switch.killed();

    let wrong = Sekishod::tries_in(directory, &with([2; 32], ""), &["--insecure-demo"]);
    let (ended, directory) = wrong.leaves();
    assert_eq!(ended.code, Some(78));
    for part in ["0000000000000001.segment", "check value", "journal.former_keys"] {
        assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
    }
    let former = format!("former_keys = [\"{}\"]", path.join("1.key").display());
    let rotated = Sekishod::starts_in(directory, &with([2; 32], &former));
    assert!(rotated.says("journal read")["records"].as_u64() >= Some(6));
    // Repeats are known by what they were known by under the old key.
    let mut merchant = Link::connects(ASCII, rotated.address_of("merchant-a"));
    let repeat = sale(1).kind(0x1201);
    assert_eq!(merchant.asks(&repeat), repeat.answered("000"));
    let directory = rotated.killed();
    // The old key alone no longer opens what the new one has sealed.
    let (ended, _) =
        Sekishod::tries_in(directory, &with([1; 32], ""), &["--insecure-demo"]).leaves();
    assert_eq!(ended.code, Some(78));
    assert!(ended.stderr.contains("0000000000000002.segment"), "{}", ended.stderr);
}

#[test]
fn a_journal_that_is_damaged_is_left_as_it_is_and_what_to_do_is_said() {
    let desk = Desk::opens(BINARY);
    let directory = one_killed(&desk);
    let segment = directory.path().join("state/journal/0000000000000001.segment");
    let file = fs::OpenOptions::new().read(true).write(true).open(&segment).expect("it is there");
    // Within the first batch, which later ones say was released.
    file.write_all_at(&[0xFF; 16], 4_096 + 200).expect("it takes bytes");
    let before = fs::read(&segment).expect("it is there");
    let damaged = Sekishod::tries_in(directory, &sales_to(&desk), &["--insecure-demo"]);
    let (ended, directory) = damaged.leaves();
    assert_eq!(ended.code, Some(74));
    for part in ["0000000000000001.segment, byte 4096", "journal verify", "journal salvage"] {
        assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
    }
    assert!(!ended.stderr.contains("\"serving\""), "{}", ended.stderr);
    assert_eq!(fs::read(&segment).expect("it is there"), before);
    drop(directory);
}

#[test]
fn what_was_answered_before_a_kill_is_answered_the_same_after_it_and_the_issuer_hears_nothing() {
    let desk = Desk::opens(BINARY);
    let directory = one_killed(&desk);
    let again = Sekishod::starts_in(directory, &sales_to(&desk));
    let mut issuer = desk.accepts();
    again.says_of("issuer-x", "link open");
    let mut merchant = Link::connects(ASCII, again.address_of("merchant-a"));
    for stan in 1..11 {
        let repeat = sale(stan).kind(0x1201);
        assert_eq!(merchant.asks(&repeat), repeat.answered("000"), "of sale {stan}");
        // As it was asked first, it is the same request.
        assert_eq!(merchant.asks(&sale(stan)), sale(stan).answered("000"), "sale {stan}");
    }
    // The first that the issuer hears of is one that it has never heard of.
    merchant.sends(&sale(11));
    let heard = issuer.hears();
    assert_eq!(heard.text(37), sale(11).text(37));
    issuer.sends(&heard.answered("116"));
    assert_eq!(merchant.hears(), sale(11).answered("116"));
}

#[test]
fn an_issuer_that_speaks_another_dialect_goes_on_and_its_old_answers_are_not_read_in_it() {
    let desk = Desk::opens(BINARY);
    let directory = one_killed(&desk);
    let desk = Desk::opens(ASCII);
    let configuration = Configuration::new()
        .acquirer("merchant-a", ASCII, "")
        .issuer("issuer-x", ASCII, desk.address(), "timeout = \"10m\"")
        .route("353011", "issuer-x");
    let again = Sekishod::starts_in(directory, &configuration);
    let mut issuer = desk.accepts();
    again.says_of("issuer-x", "link open");
    let mut merchant = Link::connects(ASCII, again.address_of("merchant-a"));
    assert_eq!(merchant.asks(&sale(1).kind(0x1201)).text(39), "909");
    sells(&again, &mut issuer, 11..13);
    drop((merchant, issuer));
    let again = Sekishod::starts_in(again.killed(), &configuration);
    let mut merchant = Link::connects(ASCII, again.address_of("merchant-a"));
    for (stan, code) in [(1, "909"), (11, "000"), (12, "000")] {
        assert_eq!(merchant.asks(&sale(stan).kind(0x1201)).text(39), code, "of sale {stan}");
    }
}

#[test]
fn what_was_in_flight_at_a_kill_is_closed_and_its_late_answer_goes_nowhere() {
    let desk = Desk::opens(BINARY);
    let switch = Sekishod::starts(&sales_to(&desk));
    let mut issuer = desk.accepts();
    switch.says_of("issuer-x", "link open");
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    let in_flight: Vec<_> = (1..4)
        .map(|stan| {
            merchant.sends(&sale(stan));
            issuer.hears()
        })
        .collect();
    let directory = switch.killed();

    let again = Sekishod::starts_in(directory, &sales_to(&desk));
    assert_eq!(again.says("journal read")["unfinished"], 3);
    assert_eq!(again.status().journal.expect("it keeps one").closed_at_start, 3);
    let mut issuer = desk.accepts();
    again.says_of("issuer-x", "link open");
    let mut merchant = Link::connects(ASCII, again.address_of("merchant-a"));
    for stan in 1..4 {
        let repeat = sale(stan).kind(0x1201);
        let answer = merchant.asks(&repeat);
        assert_eq!((answer.code(), answer.text(11)), ("909", repeat.text(11)));
    }
    for heard in &in_flight {
        issuer.sends(&heard.answered("000"));
    }
    again.comes_to("late answers", |status| count(status, "late") == 3);
    // What is new has a trace number that none of these has.
    merchant.sends(&sale(4));
    let heard = issuer.hears_request();
    assert!(in_flight.iter().all(|before| before.text(11) != heard.text(11)), "{heard:?}");
    issuer.sends(&heard.answered("000"));
    assert_eq!(merchant.hears(), sale(4).answered("000"), "nothing came before it");
}

#[test]
fn after_a_kill_another_number_of_workers_knows_the_same() {
    let desks = [Desk::opens(BINARY), Desk::opens(ASCII)];
    let with = |workers| {
        Configuration::new()
            .workers(workers)
            .acquirer("merchant-a", ASCII, "")
            .acquirer("merchant-b", ASCII, "")
            .issuer("issuer-x", BINARY, desks[0].address(), "timeout = \"10m\"")
            .issuer("issuer-y", ASCII, desks[1].address(), "timeout = \"10m\"")
            .route("353011", "issuer-x")
            .route("4111", "issuer-y")
    };
    // Of each acquirer one sale to each issuer.
    let asked = |acquirer: u32, issuer: u32| {
        sale_of(acquirer, 1 + issuer).with(2, CARDS[if issuer == 0 { 0 } else { 3 }])
    };
    let merchants = |switch: &Sekishod| {
        ["merchant-a", "merchant-b"].map(|name| Link::connects(ASCII, switch.address_of(name)))
    };
    let ready = |switch: &Sekishod| {
        let issuers = [desks[0].accepts(), desks[1].accepts()];
        switch.comes_to("two issuers", |status| {
            ["issuer-x", "issuer-y"].iter().all(|name| station(status, name).links_ready == 1)
        });
        issuers
    };
    let mut switch = Sekishod::starts(&with(1));
    let mut issuers = ready(&switch);
    let mut acquirers = merchants(&switch);
    for (acquirer, link) in (0..).zip(&mut acquirers) {
        for (issuer, other) in (0..).zip(&mut issuers) {
            let asked = asked(acquirer, issuer);
            // Whether the other worker's issuer is there is known a moment after it is.
            link.sends(&asked);
            let heard = other.hears();
            other.sends(&heard.answered("000"));
            assert_eq!(link.hears(), asked.answered("000"));
        }
    }
    for workers in [2, 3, 1] {
        drop((acquirers, issuers));
        switch = Sekishod::starts_in(switch.killed(), &with(workers));
        issuers = ready(&switch);
        acquirers = merchants(&switch);
        for (acquirer, link) in (0..).zip(&mut acquirers) {
            for issuer in 0..2 {
                let repeat = asked(acquirer, issuer).kind(0x1201);
                assert_eq!(link.asks(&repeat), repeat.answered("000"), "{workers} workers");
            }
        }
    }
    let status = switch.status();
    assert_eq!(count(&status, "approved"), 4);
    for name in ["issuer-x", "issuer-y"] {
        assert_eq!(station(&status, name).requests, 2, "{name} heard no repeat");
    }
}

/// Sales until so many segments were packed and a checkpoint was made.
fn fills_segments(switch: &Sekishod, archives: u64) -> Report {
    let target = switch.address_of("merchant-a");
    let load = Load::begins(ASCII, target, (4, Pace::Window(1)), &CARDS[..1], &institution(0));
    switch.comes_to("archives and a checkpoint", |status| {
        let journal = status.journal.as_ref().expect("it keeps one");
        journal.archives >= archives && journal.checkpoint > 0
    });
    let report = load.ends();
    assert!(report.is_right() && report.approved == report.sent, "{report:?}");
    report
}

#[test]
fn a_start_behind_a_checkpoint_knows_what_is_only_in_archives_and_reads_little_again() {
    for path in ["mapped", "direct"] {
        let centre = Centre::opens(BINARY);
        let configuration = Configuration::new()
            .workers(2)
            .journal(&format!("segment = \"1MiB\"\npath = \"{path}\""))
            .acquirer("merchant-a", ASCII, "")
            .issuer("issuer-x", BINARY, centre.address(), "")
            .route("353011", "issuer-x");
        let switch = Sekishod::starts(&configuration);
        switch.says_of("issuer-x", "link open");
        let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
        let first = sale(999_999).with(37, "999999999999");
        let answer = until("an approval", || {
            Some(merchant.asks(&first)).filter(|answer| answer.code() == "000")
        });
        let report = fills_segments(&switch, 2);
        let directory = switch.killed();
        let names: Vec<_> = fs::read_dir(directory.path().join("state/journal"))
            .expect("it is there")
            .map(|entry| entry.expect("it is there").file_name().into_string().expect("plain"))
            .collect();
        assert!(!names.contains(&"0000000000000001.segment".to_owned()), "reused: {names:?}");
        assert!(names.contains(&"0000000000000001.archive".to_owned()), "{names:?}");

        let again = Sekishod::starts_in(directory, &configuration);
        let read = again.says("journal read");
        let [records, checkpoint, replayed] = ["records", "checkpoint", "replayed"]
            .map(|name| read[name].as_u64().expect("a number"));
        assert!(records >= 2 * (report.sent + 1) && checkpoint > 0, "{read}");
        assert_eq!(checkpoint + replayed, records);
        let mut merchant = Link::connects(ASCII, again.address_of("merchant-a"));
        assert_eq!(merchant.asks(&first.clone().kind(0x1201)), answer, "by {path}");
        assert_eq!(count(&again.status(), "approved"), report.approved + 1);
    }
}

/// The names of a journal's files.
fn files(journal: &Path) -> Vec<String> {
    let entries = fs::read_dir(journal).expect("it is there");
    let name = |entry: std::io::Result<fs::DirEntry>| {
        entry.expect("it is there").file_name().into_string().expect("plain")
    };
    let mut names: Vec<_> = entries.map(name).collect();
    names.sort();
    names
}

#[test]
fn each_archive_gets_an_index_and_one_that_is_missing_is_made_again_by_the_next_start() {
    let centre = Centre::opens(BINARY);
    let configuration = Configuration::new()
        .journal("segment = \"1MiB\"")
        .acquirer("merchant-a", ASCII, "")
        .issuer("issuer-x", BINARY, centre.address(), "")
        .route("353011", "issuer-x");
    let switch = Sekishod::starts(&configuration);
    switch.says_of("issuer-x", "link open");
    fills_segments(&switch, 2);
    let first = "0000000000000001.index".to_owned();
    let has_first = |switch: &Sekishod| {
        switch.status();
        files(&switch.journal()).contains(&first).then_some(())
    };
    until("the first index", || has_first(&switch));
    let directory = switch.killed();
    let journal = directory.path().join("state/journal");
    let old = fs::read(journal.join(&first)).expect("it is there");
    fs::remove_file(journal.join(&first)).expect("it is there");
    let again = Sekishod::starts_in(directory, &configuration);
    until("the index again", || has_first(&again));
    let made = fs::read(again.journal().join(&first)).expect("it is there");
    assert_eq!(made.len(), old.len());
    // Counts of each kind of mark, and of the frames.
    assert_eq!(made[64..100], old[64..100]);
    let marks: Vec<u32> =
        made[64..96].as_chunks::<4>().0.iter().map(|it| u32::from_le_bytes(*it)).collect();
    let [retrieval, trace, stan, card, reference, key, 0, 0] = marks[..] else {
        panic!("{marks:?}");
    };
    assert!(retrieval > 100 && trace > 3 * retrieval / 2, "{marks:?}");
    assert_eq!([stan, card, reference, key], [retrieval; 4], "a request has one of each");
}
