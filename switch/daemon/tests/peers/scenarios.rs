//! Scenarios 1, 2 and 6 of the field reference (without MAC, PIN, negative file, stamps and counters),
//! played by an acquirer A and an issuer I that speak by pyiso8583. Must not know how a message is
//! written.

use crate::centre::Centre;
use crate::ending::{SPEECHES, approval, declined, own_answer, sale, same};

#[test]
fn a_sale_is_approved_and_its_answer_has_the_acquirers_own_numbers() {
    for speeches in SPEECHES {
        let mut centre = Centre::tells(speeches, "", "");
        let request = sale(101);
        let heard = centre.asks(&request);
        let told = centre.answers(&request, &approval(&heard));
        assert_eq!((told.code(), told.text(38), told.text(11)), ("000", "A1B2C3", "000101"));
        centre.issuer_hears_no_more();
    }
}

#[test]
fn a_decline_and_a_pick_up_are_passed_on_and_nothing_is_reversed() {
    for speeches in SPEECHES {
        let mut centre = Centre::tells(speeches, "", "");
        for (stan, code) in [(101, "116"), (102, "209"), (103, "117"), (104, "106")] {
            let request = sale(stan);
            let heard = centre.asks(&request);
            let told = centre.answers(&request, &declined(&heard, code));
            assert_eq!((told.code(), told.text(38)), (code, ""));
        }
        centre.issuer_hears_no_more();
    }
}

#[test]
fn a_repeat_in_flight_is_held_and_both_get_the_same_answer_and_so_does_one_that_comes_later() {
    for speeches in SPEECHES {
        let mut centre = Centre::tells(speeches, "", "");
        let request = sale(101);
        let heard = centre.asks(&request);
        let again = request.clone().repeated().with(7, "1121052033");
        centre.acquirer.sends(&again);
        centre.acquirer_hears_no_more();
        let told = centre.answers(&request, &approval(&heard));
        let expected = told.clone().with_those_of(&again, &[7]);
        same(&centre.acquirer.hears(), &expected);

        // A minute later, as a repeat and not as one.
        same(&centre.acquirer.asks(&again), &expected);
        same(&centre.acquirer.asks(&request), &told);
        centre.acquirer_hears_no_more();
        centre.issuer_hears_no_more();
    }
}

#[test]
fn a_repeat_in_flight_gets_923_where_that_was_agreed() {
    let mut centre = Centre::tells(SPEECHES[0], "repeat_in_flight = \"923\"", "");
    let request = sale(101);
    let heard = centre.asks(&request);
    let again = request.clone().repeated();
    same(&centre.acquirer.asks(&again), &own_answer(&again, "923"));
    centre.answers(&request, &approval(&heard));
    centre.acquirer_hears_no_more();
    centre.issuer_hears_no_more();
}

#[test]
fn the_same_numbers_with_another_amount_are_refused_with_904() {
    for speeches in SPEECHES {
        let mut centre = Centre::tells(speeches, "", "");
        let request = sale(101);
        let heard = centre.asks(&request);
        centre.answers(&request, &approval(&heard));
        let other = request.with(4, "000000012900");
        same(&centre.acquirer.asks(&other), &own_answer(&other, "904"));
        centre.issuer_hears_no_more();
    }
}
