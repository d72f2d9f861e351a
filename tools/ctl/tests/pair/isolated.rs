//! An operator isolates a node that is half dead: it hurts the other one no more, until that is ended.

use crate::pair::{Osaka, Pair, Terms, Tokyo};

#[test]
fn a_primary_that_is_isolated_is_replaced_without_a_loss_and_comes_back_when_that_is_ended() {
    let terms = Terms::DURABLE;
    let mut pair = Pair::watched(terms);
    let done = pair.site(Tokyo).does("node isolate --reason disk");
    assert!(done.contains("tokyo is isolated"), "{done}");
    pair.is_cut();
    let stands = pair.serves(Osaka);
    assert_eq!(stands["witness"]["record"]["primary"], "osaka", "{stands}");
    pair.leads(Osaka);
    pair.answer_more(100);

    // Neither a start nor an operator who does not know makes it more than it is.
    pair.site_mut(Tokyo).stops();
    pair.starts(Tokyo);
    let stands = pair.site(Tokyo).comes_to("be isolated", |stands| {
        stands["isolated"]["reason"] == "disk" && stands["peer"]["line_since_s"].is_null()
    });
    assert_eq!(stands["role"], "standby", "{stands}");
    let refused = pair.site(Tokyo).asked("node promote");
    assert!(refused.code == Some(5) && refused.stderr.contains("isolate --end"), "{refused:?}");
    let shown = pair.site(Tokyo).does("node status");
    assert!(shown.contains("ISOLATED by an operator since") && shown.contains(": disk"), "{shown}");
    assert_eq!(pair.site(Osaka).stands().unwrap()["sync"], "solo");

    pair.site(Tokyo).does("node isolate --end");
    pair.is_followed(Osaka, terms);
    pair.answer_more(100);
    pair.ends(Osaka, terms);
}

#[test]
fn who_isolates_a_primary_that_nobody_relieves_says_so_and_it_serves_again_when_that_is_ended() {
    let terms = Terms::DURABLE;
    let mut pair = Pair::serving(terms);
    let asked = pair.site(Tokyo).asked("node isolate");
    assert!(asked.code == Some(2) && asked.stderr.contains("--force"), "{asked:?}");
    pair.site(Tokyo).does("node isolate --force");
    pair.site(Osaka).comes_to("miss it", |stands| stands["sync"] == "no-primary");
    pair.site(Tokyo).comes_to("be isolated", |stands| stands["isolated"].is_object());
    pair.site(Tokyo).does("node isolate --end");
    pair.serves(Tokyo);
    pair.is_followed(Tokyo, terms);
    pair.answer_more(100);
    pair.merchants_part();
    pair.ends(Tokyo, terms);
}
