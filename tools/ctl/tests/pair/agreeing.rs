//! What both sites must have alike: where it differs both show it, and they do not change places.

use crate::pair::{Osaka, Pair, Terms, Tokyo};

#[test]
fn sites_whose_configurations_differ_say_so_and_do_not_change_places_until_they_agree() {
    let terms = Terms::DURABLE;
    let mut pair = Pair::serving(terms);
    let agreed = pair.text(Osaka, terms);
    let other = agreed.replace("timeout = \"2s\"", "timeout = \"3s\"");
    assert_ne!(agreed, other);
    pair.site(Osaka).is_configured(&other);
    pair.site_mut(Osaka).stops();
    pair.starts(Osaka);
    pair.is_followed(Tokyo, terms);
    for which in [Tokyo, Osaka] {
        pair.site(which).comes_to("show what differs", |stands| {
            let all = stands["digests"].as_array().unwrap();
            all.iter().any(|one| one["what"] == "configuration" && one["differs"] == true)
        });
    }
    let shown = pair.site(Tokyo).does("node status");
    assert!(shown.contains("configuration"), "{shown}");
    let refused = pair.site(Tokyo).asked("node switchover");
    assert_eq!(refused.code, Some(5), "{refused:?}");
    assert!(refused.stderr.contains("configuration"), "{refused:?}");
    // It serves as before.
    pair.answer_more(100);

    pair.site(Osaka).is_configured(&agreed);
    pair.site_mut(Osaka).stops();
    pair.starts(Osaka);
    pair.is_followed(Tokyo, terms);
    pair.site(Tokyo).does("node switchover");
    pair.leads(Osaka);
    pair.serves(Osaka);
    pair.answer_more(100);
    pair.merchants_part();
    pair.ends(Osaka, terms);
}
