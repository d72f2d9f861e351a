//! Scenario 8 of the field reference: completion, return and partial reversal. Played by partners that
//! speak by pyiso8583. Must not know how a message is written.

use crate::centre::Centre;
use crate::configuration::OURS;
use crate::ending::{SPEECHES, about, approval, declined, name_of, own_answer, sale, same};

#[test]
fn a_completion_names_the_authorization_as_its_issuer_knows_it_and_a_return_is_a_sale_back() {
    for speeches in SPEECHES {
        let mut centre = Centre::tells(speeches, "", "");
        let estimated = sale(101).of_type("1100").with(24, "101").with(4, "000000020000");
        let heard = centre.asks(&estimated);
        centre.answers(&estimated, &approval(&heard));

        let amounts = "000000020000000000020000";
        let completion = about(&estimated, "1220", 102, "202");
        let completion = completion.with(4, "000000018450").with(30, amounts);
        same(&centre.acquirer.asks(&completion), &own_answer(&completion, "900"));
        let brought = centre.issuer.hears();
        let expected = completion.clone().with_those_of(&brought, &[7, 11]).with(33, OURS);
        same(&brought, &expected.with(56, name_of(&heard)));
        centre.issuer.sends(&declined(&brought, "000"));
        centre.keeps_nothing();

        let back = sale(103).with(3, "200000").with(4, "000000005000");
        let heard = centre.asks(&back);
        centre.answers(&back, &approval(&heard));
        centre.issuer_hears_no_more();
        centre.acquirer_hears_no_more();
    }
}

#[test]
fn a_partial_reversal_names_its_original_as_its_issuer_knows_it_and_never_goes_beyond_it() {
    for speeches in SPEECHES {
        let mut centre = Centre::tells(speeches, "", "");
        let request = sale(101).with(4, "000000020000");
        let heard = centre.asks(&request);
        centre.answers(&request, &approval(&heard));

        let part = about(&request, "1420", 102, "401").with(25, "4004").with(4, "000000005000");
        same(&centre.acquirer.asks(&part), &own_answer(&part, "400"));
        let brought = centre.issuer.hears();
        let expected = part.clone().with_those_of(&brought, &[7, 11]).with(33, OURS);
        same(&brought, &expected.with(56, name_of(&heard)));
        centre.issuer.sends(&declined(&brought, "400"));
        centre.keeps_nothing();

        let too_much = about(&request, "1420", 103, "401").with(25, "4004").with(4, "000000015001");
        same(&centre.acquirer.asks(&too_much), &own_answer(&too_much, "904"));
        centre.issuer_hears_no_more();
    }
}
