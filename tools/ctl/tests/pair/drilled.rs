//! What becomes of the service when a site or the line is lost is tried out under load, with a witness; and what keeps
//! it from being tried out.

use rustix::process::Signal;
use serde_json::Value;

use crate::pair::{Osaka, Pair, Terms, Tokyo, Which};
use crate::site::Said;

/// Nobody asks; what is shown is for programs.
fn told(pair: &Pair, which: Which, line: &str) -> Value {
    let said = pair.site(which).asked(line);
    assert_eq!(said.code, Some(0), "{line}: {said:?}");
    serde_json::from_str(&said.stdout).unwrap()
}

fn is_refused(said: &Said, why: &str) {
    assert_eq!(said.code, Some(5), "{said:?}");
    assert!(said.stdout.contains(why) && said.stdout.contains("PROBLEM"), "{why}: {said:?}");
}

#[test]
fn a_failover_that_is_drilled_under_load_loses_nothing_and_leads_back() {
    let terms = Terms::DURABLE;
    let pair = Pair::watched(terms);
    let looked = pair.site(Tokyo).does("drill failover --dry-run");
    assert!(looked.contains("tokyo is the primary") && !looked.contains("PROBLEM"), "{looked}");
    let asked = pair.site(Tokyo).asked("drill failover");
    assert_eq!(asked.code, Some(2), "{asked:?}");
    assert!(asked.stdout.contains("as if it had died"), "{asked:?}");
    is_refused(&pair.site(Osaka).asked("drill failover --yes"), "type it on tokyo");

    let report = pair.site(Tokyo).path().join("report");
    let line = format!(
        "drill failover --yes --back --report {} --for 4s --rto 20s -o json",
        report.display()
    );
    let told = std::thread::scope(|scope| {
        let drilled = scope.spawn(|| told(&pair, Tokyo, &line));
        pair.serves(Osaka);
        pair.leads(Osaka);
        pair.serves(Tokyo);
        pair.leads(Tokyo);
        drilled.join().unwrap()
    });
    let (seen, back) = (&told["seen"], &told["back"]);
    assert_eq!(
        (&told["good"], &seen["rpo_records"], &seen["owed"]),
        (&true.into(), &0.into(), &0.into())
    );
    assert!(seen["rto_ms"].as_u64().unwrap() >= 1_500, "it waits for a silence: {told}");
    for (released, kept) in [seen, back].map(|seen| (&seen["released"], &seen["kept"])) {
        let (released, kept) = (released.as_u64().unwrap(), kept.as_u64().unwrap());
        assert!(released > 0 && released <= kept, "{told}");
    }
    assert_eq!(back["rpo_records"], 0, "{told}");
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(report).unwrap()).unwrap();
    assert_eq!(kept, told);
    pair.is_followed(Tokyo, terms);
    pair.answer_more(100);
    let books = pair.ends(Tokyo, terms);
    assert!(books.closed_reversed > 0, "what was open is closed and reversed: {books:?}");
}

#[test]
fn a_primary_that_is_made_sick_for_a_drill_gives_up_and_what_that_takes_is_measured() {
    let terms = Terms::DURABLE;
    let pair = Pair::watched(terms);
    let told = std::thread::scope(|scope| {
        let line = "drill sick-primary --yes --rto 20s -o json";
        let drilled = scope.spawn(|| told(&pair, Tokyo, line));
        pair.serves(Osaka);
        pair.leads(Osaka);
        drilled.join().unwrap()
    });
    let seen = &told["seen"];
    assert_eq!((&told["good"], &seen["rpo_records"]), (&true.into(), &0.into()), "{told}");
    assert_eq!(told["evidence"]["drill"]["drill"], "sick-primary", "{told}");
    pair.answer_more(100);
    pair.is_followed(Osaka, terms);
    pair.ends(Osaka, terms);
}

#[test]
fn a_line_that_is_refused_for_a_drill_leaves_the_primary_alone_and_both_in_sync_by_themselves() {
    let terms = Terms::DURABLE;
    let mut pair = Pair::watched(terms);
    let shown = pair.site(Tokyo).does("drill link-loss --yes --for 3s --rto 20s");
    assert!(
        shown.contains("nobody took over") && shown.contains("DRILL LINK-LOSS: all"),
        "{shown}"
    );
    pair.is_followed(Tokyo, terms);
    pair.answer_more(100);
    pair.merchants_part();
    pair.ends(Tokyo, terms);
}

#[test]
fn a_drill_is_not_done_without_the_witness_nor_a_standby_that_is_in_sync_and_agrees() {
    let terms = Terms::DURABLE;
    let mut pair = Pair::watched(terms);
    pair.store().is_sent(Signal::STOP);
    pair.site(Tokyo).comes_to("miss the witness", |stands| stands["witness"]["answers"] == false);
    is_refused(&pair.site(Tokyo).asked("drill failover --yes"), "does not answer");
    let looked = pair.site(Tokyo).asked("drill link-loss --dry-run");
    assert_eq!(looked.code, Some(7), "{looked:?}");
    pair.store().is_sent(Signal::CONT);
    pair.site(Tokyo).comes_to("hear it again", |stands| stands["witness"]["answers"] == true);
    pair.site_mut(Osaka).stops();
    pair.site(Tokyo).comes_to("solo", |stands| stands["sync"] == "solo");
    is_refused(&pair.site(Tokyo).asked("drill failover --yes"), "not in sync");
    let other = pair.text(Osaka, terms).replace("drain = \"5s\"", "drain = \"4s\"");
    pair.site(Osaka).is_configured(&other);
    pair.starts(Osaka);
    pair.is_followed(Tokyo, terms);
    let differs = "configuration: DIFFER";
    is_refused(&pair.site(Tokyo).asked("drill failover --yes"), differs);
    let epoch = pair.serves(Tokyo)["epoch"].clone();
    pair.answer_more(50);
    assert_eq!(pair.serves(Tokyo)["epoch"], epoch, "nothing was done");
}
