//! The primary stands still, the other one is promoted by hand, and it wakes up.

use rustix::process::Signal;

use crate::pair::{Osaka, Pair, Terms, Tokyo};

#[test]
fn a_primary_that_stood_still_wakes_up_releases_nothing_of_its_own_and_follows() {
    let terms = Terms::DURABLE;
    let pair = Pair::serving(terms);
    pair.site(Tokyo).is_sent(Signal::STOP);
    pair.is_cut();
    pair.site(Osaka).is_promoted("node promote --peer-is-fenced tokyo --accept-loss");
    pair.serves(Osaka);
    pair.leads(Osaka);
    pair.answer_more(100);

    pair.site(Tokyo).is_sent(Signal::CONT);
    pair.site(Tokyo).comes_to("be a standby", |stands| {
        stands["role"] == "standby" && stands["peer"]["role"] == "primary"
    });
    pair.is_followed(Osaka, terms);
    pair.answer_more(200);
    // Whatever it sent by itself, an issuer has and the journal has not.
    pair.ends(Osaka, terms);
}
