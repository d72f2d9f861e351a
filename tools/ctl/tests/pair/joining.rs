//! An empty node joins, for the first time or because its disk was lost.

use crate::pair::{Osaka, Pair, Terms, Tokyo};

#[test]
fn an_empty_node_joins_a_primary_under_load_and_is_not_promoted_before_it_has_the_log() {
    let terms = Terms::DURABLE;
    let mut pair = Pair::alone(terms);
    pair.answer_more(1_000);
    pair.starts(Osaka);
    let before = pair.site(Osaka).stands().unwrap();
    assert_eq!((&before["role"], &before["log"]["position"]), (&"standby".into(), &0.into()));
    pair.site(Osaka).does("node join");
    pair.is_followed(Tokyo, terms);
    pair.answer_more(200);
    pair.ends(Tokyo, terms);
}

#[test]
fn a_node_that_lost_its_disk_joins_only_as_a_replacement() {
    let terms = Terms::DURABLE;
    let mut pair = Pair::serving(terms);
    pair.site_mut(Osaka).is_killed();
    pair.site(Osaka).loses_its_disk();
    pair.site(Tokyo).comes_to("solo", |stands| stands["sync"] == "solo");
    pair.starts(Osaka);
    pair.site(Osaka).comes_to("hear its primary", |stands| stands["peer"]["role"] == "primary");
    pair.site(Osaka).comes_to("be told that it had joined before", |stands| {
        stands["why"].as_str().is_some_and(|why| why.contains("--replace"))
    });
    let refused = pair.site(Osaka).asked("node join");
    assert_eq!(refused.code, Some(5), "{refused:?}");
    assert!(refused.stderr.contains("--replace"), "{refused:?}");
    pair.site(Osaka).does("node join --replace");
    pair.is_followed(Tokyo, terms);
    pair.answer_more(200);
    pair.merchants_part();
    pair.ends(Tokyo, terms);
}
