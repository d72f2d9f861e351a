//! Another configuration while both run: the standby has it first, then the primary, and nobody is restarted.

use rustix::process::Signal;
use serde_json::Value;

use crate::pair::{Osaka, Pair, Terms, Tokyo, Which};

/// Whether what both must have alike differs, as that site sees it.
fn differs(stands: &Value) -> bool {
    let all = stands["digests"].as_array().unwrap();
    all.iter().any(|one| one["what"] == "configuration" && one["differs"] == true)
}

/// From now on its files say this.
fn says(pair: &Pair, which: Which, terms: Terms) {
    let (was, is) = ("timeout = \"2s\"", "timeout = \"3s\"");
    let text = pair.text(which, terms);
    assert!(text.contains(was));
    pair.site(which).is_configured(&text.replace(was, is));
}

#[test]
fn a_standby_and_then_its_primary_take_up_another_configuration_and_change_places_with_it() {
    let terms = Terms::DURABLE;
    let mut pair = Pair::serving(terms);
    says(&pair, Osaka, terms);
    let planned = pair.site(Osaka).does("config plan");
    assert!(planned.contains("timeout 2s -> 3s"), "{planned}");
    pair.site(Osaka).does("config apply --yes");
    for which in [Tokyo, Osaka] {
        pair.site(which).comes_to("show what differs", differs);
    }
    let refused = pair.site(Tokyo).asked("node switchover");
    assert_eq!(refused.code, Some(5), "{refused:?}");

    says(&pair, Tokyo, terms);
    pair.site(Tokyo).is_sent(Signal::HUP);
    for which in [Tokyo, Osaka] {
        pair.site(which).comes_to("agree", |stands| !differs(stands));
    }
    pair.answer_more(100);
    pair.site(Tokyo).does("node switchover");
    pair.leads(Osaka);
    pair.serves(Osaka);
    pair.answer_more(100);
    let history = pair.site(Osaka).does("config history");
    let [newest, ..] = history.lines().skip(1).collect::<Vec<_>>()[..] else { panic!("{history}") };
    assert!(newest.contains("apply") || newest.contains("start"), "{history}");
    assert!(newest.trim_end().ends_with("runs"), "a record has its number now: {history}");
    pair.merchants_part();

    // What its operators did while it was a standby stands at the begin of its reign.
    let dumped =
        pair.site(Osaka).is_told("journal dump --dir state/journal --key journal.key -o json");
    assert_eq!(dumped.code, Some(0), "{}", dumped.stderr);
    for done in ["node join", "config apply"] {
        assert!(dumped.stdout.contains(&format!("\"{done}\"")), "{done} is not in the journal");
    }
    pair.ends(Osaka, terms);
}
