//! Each check holds for a good demo of two sites, and fails for exactly the thing that it is about.

use std::collections::BTreeMap;

use bench::issuer::Summary;
use daemon::node_requests::PeerStatus;

use super::*;
use crate::judge::{Book, Books, Counts};

fn report() -> Report {
    let mut report: Report = serde_json::from_value(serde_json::json!({
        "sent": 100, "answered": 100, "approved": 97, "declined": 3,
        "unanswered": 0, "mismatched": 0, "late_sends": 0, "tps": 100.0, "cpu_us_per_tx": 1.0,
        "latency_us": {"p50": 100.0, "p90": 200.0, "p99": 300.0, "p999": 400.0, "max": 500.0},
        "measured": 100, "seconds": 1.0, "connections_lost": 8, "moves": 8,
        "without_answer_s": 2.5, "without_approval_s": 2.6, "actions": {}, "wrong": {}
    }))
    .unwrap();
    report.actions = BTreeMap::from([("000".to_owned(), 97), ("909".to_owned(), 3)]);
    report
}

fn stands(role: NodeRole) -> NodeStatus {
    let peer = Some(PeerStatus::default());
    NodeStatus { role, sync: SyncState::Sync, peer, ..NodeStatus::default() }
}

fn good() -> Facts {
    let summary = Summary { requests: 100, approved: 100, ..Summary::default() };
    let kept = Kept { is_good: true, records: 900, batches: 300, last: 900 };
    let book = Book { approvals: 194, amount: 1_000 };
    Facts {
        course: Told {
            interrupted: false,
            killed: true,
            took_over: Some(Duration::from_millis(2_300)),
            followed: Some(Duration::from_millis(1_200)),
        },
        acquirers: [report(), report()],
        issuers: [Ledger { now: summary, before: None }; 2],
        primary: 1,
        stands: [Some(stands(NodeRole::Standby)), Some(stands(NodeRole::Primary))],
        status: None,
        kept: [Ok(kept), Ok(kept)],
        equal: Ok(300),
        reckoning: Ok(Box::new(Reckoning {
            counts: Counts { closed: 6, records: 900, ..Counts::default() },
            books: Books {
                acquirers: book,
                issuers: book,
                closed_reversed: 6,
                kept: 6,
                acknowledged: 6,
                ..Books::default()
            },
            ..Reckoning::default()
        })),
        stopped: [Stopped { took: Duration::from_millis(90), code: Some(0) }; 2],
        left_over: Vec::new(),
    }
}

fn reckoning(facts: &mut Facts) -> &mut Reckoning {
    facts.reckoning.as_mut().unwrap()
}

#[test]
fn a_good_demo_of_two_sites_passes_every_check() {
    let all = checks(&good());
    let failed: Vec<_> = all.iter().filter(|check| !check.holds).collect();
    assert!(failed.is_empty() && all.len() == 11, "{failed:?} of {}", all.len());
    let says = |words: &str| all.iter().any(|check| check.text.contains(words));
    assert!(says("2.6 without an approval, 2.5 without an answer (bound 5)"), "{all:?}");
    assert!(says("transactions lost: 0"), "{all:?}");
}

#[test]
fn each_fault_fails_its_own_check() {
    type Fault = fn(&mut Facts);
    let faults: [(Fault, &str); 16] = [
        (|facts| facts.course.took_over = None, "osaka did not take over"),
        (|facts| facts.acquirers.iter_mut().for_each(|one| one.moves = 0), "0 connections"),
        (|facts| facts.acquirers[1].without_approval_s = 5.1, "5.1 without an approval"),
        (|facts| facts.acquirers[1].without_answer_s = 5.1, "5.1 without an answer"),
        (|facts| facts.acquirers[0].answered -= 1, "199 of 200"),
        (|facts| facts.acquirers[0].unanswered = 1, "1 unanswered"),
        (|facts| facts.acquirers[0].mismatched = 1, "1 wrong"),
        (|facts| facts.acquirers[0].actions.extend([("904".to_owned(), 1)]), "904 1"),
        (|facts| reckoning(facts).lost = 1, "transactions lost: 1"),
        (|facts| reckoning(facts).counts.closed = 7, "6 of 7"),
        (|facts| reckoning(facts).books.open = 1, "1 are open"),
        (|facts| reckoning(facts).books.issuers.approvals -= 1, "DIFFER"),
        (|facts| facts.stands[0] = None, "NOT in sync"),
        (|facts| facts.kept[0] = Err("no".into()), "tokyo can not be looked at: no"),
        (|facts| facts.equal = Err("they part behind 7 batches".into()), "part behind 7"),
        (|facts| facts.stopped[1].code = None, "it was killed"),
    ];
    for (fault, words) in faults {
        let mut facts = good();
        fault(&mut facts);
        let all = checks(&facts);
        let failed: Vec<_> = all.iter().filter(|check| !check.holds).collect();
        assert!(failed.len() == 1 && failed[0].text.contains(words), "{words}: {failed:?}");
    }
}

#[test]
fn a_demo_that_was_ended_before_the_kill_is_judged_without_it() {
    let mut facts = good();
    facts.course = Told { interrupted: true, ..Told::default() };
    facts.primary = 0;
    facts.stands.swap(0, 1);
    let all = checks(&facts);
    assert!(all.iter().all(|check| check.holds) && all.len() == 8, "{all:?}");
    facts.course.interrupted = false;
    let all = checks(&facts);
    let failed: Vec<_> = all.iter().filter(|check| !check.holds).collect();
    assert!(failed.len() == 1 && failed[0].text.contains("was not killed"), "{failed:?}");
}
