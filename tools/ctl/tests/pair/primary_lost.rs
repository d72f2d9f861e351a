//! The primary is lost, and an operator promotes the other node.

use crate::pair::{Osaka, Pair, Terms, Tokyo};
use crate::patience::until;

/// What an operator answers who knows that the other one is fenced, and gives up what may be missing.
pub(crate) const BY_HAND: &str = "node promote --peer-is-fenced tokyo --accept-loss";

#[test]
fn a_killed_primary_is_followed_by_its_standby_and_nothing_that_was_released_is_lost() {
    let terms = Terms::DURABLE;
    let mut pair = Pair::serving(terms);
    let heard = pair.site(Osaka).asked(BY_HAND);
    assert_eq!(heard.code, Some(5), "the primary is heard: {heard:?}");
    pair.site_mut(Tokyo).is_killed();
    pair.is_cut();
    let alone = until("the silence to be long enough", || {
        Some(pair.site(Osaka).asked("node promote")).filter(|said| said.code != Some(5))
    });
    assert_eq!(alone.code, Some(2), "{alone:?}");
    assert!(alone.stderr.contains("--peer-is-fenced"), "{alone:?}");

    pair.site(Osaka).is_promoted(BY_HAND);
    pair.serves(Osaka);
    pair.leads(Osaka);
    pair.answer_more(300);
    // It comes back by itself, without any command.
    pair.starts(Tokyo);
    pair.is_followed(Osaka, terms);
    pair.answer_more(200);
    let books = pair.ends(Osaka, terms);
    assert!(books.closed_reversed > 0, "what was open is closed and reversed: {books:?}");
}

#[test]
fn what_a_forced_promotion_lost_is_kept_and_listed_by_the_node_that_comes_back() {
    let terms = Terms::DURABLE;
    let mut pair = Pair::serving(terms);
    pair.site_mut(Osaka).is_killed();
    pair.site(Tokyo).comes_to("solo", |stands| stands["sync"] == "solo");
    pair.answer_more(200);
    pair.site_mut(Tokyo).is_killed();
    pair.is_cut();

    pair.starts(Osaka);
    pair.site(Osaka).is_promoted(BY_HAND);
    pair.serves(Osaka);
    pair.leads(Osaka);
    pair.answer_more(200);
    pair.starts(Tokyo);
    pair.is_followed(Osaka, terms);
    let stands = pair.site(Tokyo).comes_to("list what was cut", |stands| {
        stands["diverged"]
            .as_array()
            .is_some_and(|all| all.iter().any(|cut| cut["utc"].as_u64() > Some(0)))
    });
    let cut = stands["diverged"][0].clone();
    let released = cut["released"].as_u64().unwrap();
    assert!(released >= 200, "{cut}");
    let shown = pair.site(Tokyo).does("node orphans");
    assert!(shown.contains(" yes\n"), "{shown}");
    let said = pair.site(Tokyo).does("node orphans -o json");
    let listing: serde_json::Value = serde_json::from_str(&said).unwrap();
    let approvals = listing["approvals"].as_array().unwrap();
    let of_listing = approvals.iter().filter(|one| one["released"] == true).count();
    assert_eq!(u64::try_from(of_listing).unwrap(), released, "{listing}");

    let place = format!("state/journal/diverged/{}.wal", cut["file"].as_str().unwrap());
    let whole = pair.site(Tokyo).is_told(&format!("journal verify --dir {place}"));
    assert_eq!(whole.code, Some(0), "{whole:?}");
    let dump = format!("journal dump --dir {place} --key journal.key -o json");
    let dumped = pair.site(Tokyo).is_told(&dump);
    let records = u64::try_from(dumped.stdout.lines().count()).unwrap();
    assert_eq!((dumped.code, Some(records)), (Some(0), cut["records"].as_u64()), "{dumped:?}");

    pair.merchants_end(Osaka);
    pair.both_end(Osaka, terms);
    let books = pair.judged(Osaka);
    let lost = pair.lost();
    // What only the acquirers know is exactly what is listed, but for approvals that never reached one.
    let listed = |reference: &String| approvals.iter().any(|one| one["rrn"] == reference.as_str());
    let unlisted: Vec<_> = lost.iter().filter(|reference| !listed(reference)).collect();
    assert!(unlisted.is_empty(), "{unlisted:?} of {} that are lost: {listing}", lost.len());
    // What left in the last moments before the kill, no batch behind it says.
    assert!(lost.len() <= approvals.len(), "{} of {}", lost.len(), approvals.len());
    assert_eq!(books.open, 0, "{books:?}");
}
