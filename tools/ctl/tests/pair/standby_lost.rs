//! The standby is killed under load, and comes back.

use crate::pair::{Osaka, Pair, Terms, Tokyo};

#[test]
fn without_its_standby_the_primary_goes_on_alone_and_says_so_until_that_is_back() {
    let terms = Terms::DURABLE;
    let mut pair = Pair::serving(terms);
    pair.site_mut(Osaka).is_killed();
    pair.site(Tokyo).comes_to("solo", |stands| {
        stands["sync"] == "solo" && stands["records_at_risk"].as_u64() > Some(0)
    });
    pair.answer_more(200);
    let shown = pair.site(Tokyo).does("status");
    assert!(shown.contains("SOLO") && shown.contains("at one node only"), "{shown}");
    let refused = pair.site(Tokyo).asked("node switchover");
    assert_eq!(refused.code, Some(5), "{refused:?}");

    pair.starts(Osaka);
    let stands = pair.is_followed(Tokyo, terms);
    assert_eq!(stands["records_at_risk"], 0, "{stands}");
    pair.answer_more(200);
    pair.merchants_part();
    pair.ends(Tokyo, terms);
}
