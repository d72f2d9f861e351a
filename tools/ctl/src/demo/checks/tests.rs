//! Each check holds for a good demo, and fails for exactly the thing that it is about.

use std::collections::BTreeMap;

use daemon::status::{JournalStatus, SCHEMA_VERSION};

use super::*;
use crate::demo::reckoning::Reckoning;
use crate::judge::{Book, Books, Counts};

const PID: u32 = 4_711;

/// An acquirer whose requests were all approved but so many, by code.
fn report(sent: u64, declines: &[(&str, u64)]) -> Report {
    let declined: u64 = declines.iter().map(|(_, count)| count).sum();
    let mut actions = BTreeMap::from([("000".to_owned(), sent - declined)]);
    actions.extend(declines.iter().map(|(code, count)| ((*code).to_owned(), *count)));
    let mut report: Report = serde_json::from_value(serde_json::json!({
        "sent": sent, "answered": sent, "approved": sent - declined, "declined": declined,
        "unanswered": 0, "mismatched": 0, "late_sends": 0, "tps": 100.0, "cpu_us_per_tx": 1.0,
        "latency_us": {"p50": 100.0, "p90": 200.0, "p99": 300.0, "p999": 400.0, "max": 500.0},
        "measured": sent, "seconds": 1.0, "connections_lost": 0, "actions": {}, "wrong": {}
    }))
    .unwrap();
    report.actions = actions;
    report
}

fn ledger(approved: u64) -> Ledger {
    Ledger { now: Summary { requests: approved, approved, ..Summary::default() }, before: None }
}

fn station(name: &str, requests: u64, answers: u64, approved: u64) -> StationStatus {
    StationStatus { name: name.into(), requests, answers, approved, ..StationStatus::default() }
}

fn status(stations: Vec<StationStatus>, counters: &[(&str, u64)]) -> Status {
    let counters = counters.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
    let schema_version = SCHEMA_VERSION;
    let journal = Some(JournalStatus { durable: 430, ..JournalStatus::default() });
    Status { schema_version, pid: PID, stations, counters, journal, ..Status::default() }
}

/// Two hundred requests, all approved.
fn good() -> Facts {
    let stations = ["merchant-a", "merchant-b", "issuer-x", "issuer-y"];
    let stations = stations.map(|name| station(name, 100, 100, 100)).into();
    Facts {
        scenario: Scenario::Plain,
        acquirers: [report(100, &[]), report(100, &[])],
        issuers: [ledger(100), ledger(100)],
        status: Some(status(stations, &[("requests", 200), ("approved", 200), ("answered", 200)])),
        switch_id: Some(PID),
        fault: None,
        kept: Ok(Kept { is_good: true, records: 430, batches: 300, last: 430 }),
        reckoning: None,
        killed: None,
        stopped: Stopped { took: Duration::from_millis(100), code: Some(0) },
        left_over: Vec::new(),
    }
}

/// The same with the first issuer killed: it had told of 20 approvals and gave 25, ten of its
/// cards' requests were declined, and 65 it approved when it was back.
fn killed() -> Facts {
    let stations = vec![
        station("merchant-a", 100, 100, 95),
        station("merchant-b", 100, 100, 95),
        station("issuer-x", 92, 90, 90),
        station("issuer-y", 100, 100, 100),
    ];
    let counters =
        [("requests", 200), ("approved", 190), ("saf_queued", 1), ("saf_acknowledged", 1)];
    let before = Some(Summary { requests: 20, approved: 20, ..Summary::default() });
    Facts {
        scenario: Scenario::IssuerKilled,
        acquirers: [report(100, &[("907", 4), ("911", 1)]), report(100, &[("907", 5)])],
        issuers: [Ledger { before, ..ledger(65) }, ledger(100)],
        status: Some(status(stations, &counters)),
        fault: Some(Told {
            declined_before: 0,
            recovered_after: Some(Duration::from_secs(1)),
            declined_by_then: 10,
        }),
        ..good()
    }
}

/// The same with the first issuer frozen: ten of its approvals came too late.
fn frozen() -> Facts {
    let stations = vec![
        station("merchant-a", 100, 100, 95),
        station("merchant-b", 100, 100, 95),
        station("issuer-x", 100, 90, 90),
        station("issuer-y", 100, 100, 100),
    ];
    let counters = [("requests", 200), ("approved", 190), ("late_approved", 10)];
    let counters = [&counters[..], &[("saf_queued", 10), ("saf_acknowledged", 10)]].concat();
    Facts {
        scenario: Scenario::IssuerFrozen,
        acquirers: [report(100, &[("911", 5)]), report(100, &[("911", 5)])],
        issuers: [ledger(100), ledger(100)],
        status: Some(status(stations, &counters)),
        ..killed()
    }
}

/// The switch was killed with five requests in flight: it never decided one of them, two had no
/// outcome, and the answers of two were on their way; after that three were refused. All five were
/// asked again: three were approved, the two without an outcome were closed and reversed.
fn switch_killed() -> Facts {
    let mut acquirers = [report(100, &[("907", 3), ("909", 2)]), report(100, &[])];
    acquirers[0].connections_lost = 8;
    acquirers[0].asked_again = 5;
    let counts = Counts {
        sent: 200,
        answered: 200,
        by_issuer: 195,
        declined: 2,
        refused: 3,
        received: 197,
        records: 400,
        decisions: 197,
        closed: 2,
    };
    let reckoning = Reckoning { counts, books: books(195, 2), ..Reckoning::default() };
    Facts {
        scenario: Scenario::SwitchKilled,
        acquirers,
        fault: Some(Told {
            declined_before: 0,
            recovered_after: Some(Duration::from_secs(1)),
            declined_by_then: 5,
        }),
        reckoning: Some(Ok(Box::new(reckoning))),
        killed: Some(Killed { verified: Some(0), unfinished: Some(2) }),
        ..good()
    }
}

/// So many approvals at both ends, and so many requests that were reversed.
fn books(approvals: u64, reversed: u64) -> Books {
    let book = Book { approvals, amount: approvals * 100 };
    Books {
        acquirers: book,
        issuers: book,
        taken_back: reversed,
        reversed,
        closed_reversed: reversed,
        kept: reversed,
        acknowledged: reversed,
        ..Books::default()
    }
}

/// Of a hundred requests of each acquirer some were answered late, twice or never, some were repeated
/// and some reversed.
fn late() -> Facts {
    let mut acquirers = [report(100, &[("911", 4)]), report(100, &[("911", 2)])];
    for report in &mut acquirers {
        (report.repeats, report.repeats_answered) = (2, 2);
        (report.reversals, report.reversals_answered) = (1, 1);
    }
    let issuer = |late, dropped| {
        let summary = Summary { late, dropped, doubled: 1, ..ledger(99).now };
        Ledger { now: summary, before: None }
    };
    let counts = Counts { records: 430, ..Counts::default() };
    let reckoning = Reckoning { counts, books: books(192, 8), ..Reckoning::default() };
    Facts {
        scenario: Scenario::LateAnswers,
        acquirers,
        issuers: [issuer(4, 1), issuer(1, 0)],
        reckoning: Some(Ok(Box::new(reckoning))),
        ..good()
    }
}

/// What the failing checks say.
fn failing(facts: &Facts) -> Vec<String> {
    checks(facts).into_iter().filter(|check| !check.holds).map(|check| check.text).collect()
}

/// Changes a good thing, and expects one check to fail, with these words in it.
fn fails(mut facts: Facts, words: &str, change: impl FnOnce(&mut Facts)) {
    change(&mut facts);
    let failing = failing(&facts);
    assert!(failing.len() == 1 && failing[0].contains(words), "{words}: {failing:#?}");
}

#[test]
fn what_is_good_holds() {
    for facts in [good(), killed(), frozen(), switch_killed(), late()] {
        assert_eq!(failing(&facts), [""; 0], "{:?}", facts.scenario);
    }
}

#[test]
fn a_request_without_its_answer_and_an_answer_that_is_wrong_are_found() {
    fails(good(), "1 unanswered", |facts| facts.acquirers[0].unanswered = 1);
    fails(good(), "1 wrong (a second answer: 1)", |facts| {
        facts.acquirers[1].mismatched = 1;
        facts.acquirers[1].wrong.insert("a second answer".into(), 1);
    });
}

#[test]
fn a_decline_without_a_fault_is_found() {
    let mut facts = good();
    facts.acquirers[0] = report(100, &[("907", 1)]);
    assert!(failing(&facts).iter().any(|text| text.contains("(907 1)")));
}

#[test]
fn a_decline_by_another_code_than_a_missing_issuer_has_is_found() {
    fails(killed(), "(907 9, 909 1)", |facts| {
        facts.acquirers[0] = report(100, &[("907", 4), ("909", 1)]);
    });
}

#[test]
fn an_approval_more_at_the_issuers_than_at_the_acquirers_is_found() {
    fails(good(), "acquirers 200 approvals, issuers 201", |facts| {
        facts.issuers[0].now.approved += 1;
    });
    fails(frozen(), "of them 10 too late", |facts| facts.issuers[0].now.approved += 1);
    fails(killed(), "of issuer-x 89, whose", |facts| facts.issuers[1].now.approved += 1);
    fails(killed(), "at 91 or more", |facts| facts.issuers[0].now.approved += 6);
}

#[test]
fn counters_of_the_switch_that_tell_another_story_are_found() {
    fails(good(), "requests 199, but 200 there", |facts| {
        let counters = &mut facts.status.as_mut().unwrap().counters;
        counters.insert("requests".into(), 199);
    });
    fails(good(), "merchant-b: answers 99, but 100 there", |facts| {
        facts.status.as_mut().unwrap().stations[1].answers = 99;
    });
    fails(good(), "did not say", |facts| facts.status = None);
}

#[test]
fn an_answer_that_took_much_longer_than_the_timeout_is_found() {
    fails(frozen(), "3.1 s at most", |facts| facts.acquirers[1].latency_us.max = 3_100_000.0);
}

#[test]
fn a_recovery_that_does_not_come_or_comes_late_or_does_not_last_is_found() {
    let fault = |facts: &mut Facts, change: fn(&mut Told)| change(facts.fault.as_mut().unwrap());
    fails(killed(), "did not flow again", |facts| fault(facts, |told| told.recovered_after = None));
    fails(killed(), "within 6.0 s", |facts| {
        fault(facts, |told| told.recovered_after = Some(Duration::from_secs(6)));
    });
    fails(killed(), "after recovery 1", |facts| fault(facts, |told| told.declined_by_then = 9));
    fails(killed(), "before the fault 1", |facts| fault(facts, |told| told.declined_before = 1));
}

#[test]
fn a_reversal_that_is_owed_at_the_end_or_was_never_made_is_found() {
    let counts = |facts: &mut Facts, name: &str, count| {
        facts.status.as_mut().unwrap().counters.insert(name.into(), count);
    };
    fails(frozen(), "of 10 reversals", |facts| counts(facts, "saf_acknowledged", 9));
    fails(frozen(), "1 are open", |facts| {
        let stored = SafStatus { parked: 1, ..SafStatus::default() };
        facts.status.as_mut().unwrap().stations[2].stored = Some(stored);
    });
    fails(frozen(), "of 9 reversals", |facts| {
        counts(facts, "saf_queued", 9);
        counts(facts, "saf_acknowledged", 9);
    });
}

#[test]
fn another_switch_than_at_the_start_is_found() {
    fails(killed(), "nothing else was restarted", |facts| facts.switch_id = Some(PID + 1));
    fails(killed(), "lost 2 connections", |facts| facts.acquirers[0].connections_lost = 2);
}

#[test]
fn a_journal_that_is_torn_or_lacks_a_step_is_found() {
    let kept = |facts: &mut Facts, change: fn(&mut Kept)| change(facts.kept.as_mut().unwrap());
    fails(good(), "DAMAGED or torn", |facts| kept(facts, |kept| kept.is_good = false));
    fails(good(), "399 records in 300 commits, 400 steps", |facts| {
        kept(facts, |kept| (kept.records, kept.last) = (399, 399));
    });
    fails(good(), "430 records", |facts| kept(facts, |kept| kept.last = 431));
    fails(good(), "430 records", |facts| {
        facts.status.as_mut().unwrap().journal.as_mut().unwrap().durable = 431;
    });
    fails(good(), "can not be looked at: gone", |facts| facts.kept = Err("gone".into()));
}

#[test]
fn a_killed_switch_whose_journal_is_not_what_both_ends_know_is_found() {
    let reckoning = |facts: &mut Facts, change: fn(&mut Reckoning)| {
        change(facts.reckoning.as_mut().unwrap().as_mut().unwrap());
    };
    let mut facts = switch_killed();
    reckoning(&mut facts, |all| {
        all.found = 1;
        all.findings = "RRN: answered 000, and not in the journal\n".into();
    });
    let failing = failing(&facts);
    assert!(failing[0].contains("every answer") && failing[1].contains("every request"));
    assert!(failing[2].ends_with(
        "1 differences between ledgers and journal:\nRRN: answered 000, and not in the journal"
    ));
    fails(switch_killed(), "every request at an issuer", |facts| {
        reckoning(facts, |all| all.counts.received = 198);
    });
    fails(switch_killed(), "reversed at its issuers: 1 of 2", |facts| {
        reckoning(facts, |all| all.books.closed_reversed = 1);
    });
    fails(switch_killed(), "of 2 messages kept for the issuers 1", |facts| {
        reckoning(facts, |all| (all.books.acknowledged, all.books.open) = (1, 1));
    });
    fails(switch_killed(), "1 answers that nobody has asked for again", |facts| {
        reckoning(facts, |all| all.books.undelivered = 1);
    });
    fails(switch_killed(), "every answer that", |facts| {
        reckoning(facts, |all| all.counts.refused = 2);
    });
    fails(switch_killed(), "the switch found 2 to close", |facts| {
        reckoning(facts, |all| {
            (all.counts.closed, all.books.closed_reversed) = (3, 3);
        });
    });
    fails(switch_killed(), "1 are left", |facts| {
        reckoning(facts, |all| all.open = 1);
    });
    fails(switch_killed(), "the switch found nothing to close", |facts| {
        facts.killed.as_mut().unwrap().unfinished = None;
    });
    fails(switch_killed(), "verify of what it left behind ended with 7", |facts| {
        facts.killed.as_mut().unwrap().verified = Some(7);
    });
    fails(switch_killed(), "can not be compared: no such file", |facts| {
        facts.reckoning = Some(Err("no such file".into()));
    });
    fails(switch_killed(), "1 wrong", |facts| facts.acquirers[0].mismatched = 1);
    fails(switch_killed(), "199 of 200", |facts| facts.acquirers[0].answered -= 1);
    fails(switch_killed(), "after recovery 1", |facts| {
        facts.fault.as_mut().unwrap().declined_by_then = 4;
    });
}

#[test]
fn late_answers_that_leave_the_books_unequal_or_something_open_are_found() {
    let books = |facts: &mut Facts, change: fn(&mut Books)| {
        change(&mut facts.reckoning.as_mut().unwrap().as_mut().unwrap().books);
    };
    fails(late(), "acquirers 192 approvals of 19200 yen, issuers 193", |facts| {
        books(facts, |books| books.issuers.approvals = 193);
    });
    fails(late(), "issuers 192 approvals of 19201 yen", |facts| {
        books(facts, |books| books.issuers.amount = 19_201);
    });
    fails(late(), "of 8 messages kept for the issuers 7", |facts| {
        books(facts, |books| (books.acknowledged, books.open) = (7, 1));
    });
    fails(late(), "0 approvals that came too late", |facts| books(facts, |b| b.taken_back = 0));
    fails(late(), "116 1, 911 6", |facts| {
        facts.acquirers[0].actions.insert("116".into(), 1);
    });
    fails(late(), "0 requests too late", |facts| {
        for issuer in &mut facts.issuers {
            issuer.now.late = 0;
        }
    });
    fails(late(), "3 of 4; reversals", |facts| facts.acquirers[0].repeats_answered = 1);
    fails(late(), "1 of 2", |facts| facts.acquirers[1].reversals_answered = 0);
    fails(late(), "2.1 s at most", |facts| facts.acquirers[1].latency_us.max = 2_100_000.0);
    fails(late(), "no such file", |facts| facts.reckoning = Some(Err("no such file".into())));
    fails(late(), "no ledgers were kept", |facts| facts.reckoning = None);
}

#[test]
fn a_switch_that_does_not_stop_well_and_whatever_is_left_over_are_found() {
    fails(good(), "exit code 1", |facts| facts.stopped.code = Some(1));
    fails(good(), "it was killed", |facts| facts.stopped.code = None);
    fails(good(), "5.1 s", |facts| facts.stopped.took = Duration::from_millis(5_100));
    fails(good(), "left over: control.sock", |facts| facts.left_over.push("control.sock".into()));
}
