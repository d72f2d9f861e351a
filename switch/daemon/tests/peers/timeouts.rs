//! Scenarios 3 and 4 of the field reference: I is silent or late, and what it may have approved is taken
//! back. Played by partners that speak by pyiso8583. Must not know how a message is written.

use crate::centre::Centre;
use crate::ending::{SPEECHES, approval, declined, owed, own_answer, sale, same};

/// I is waited for as long as this.
const SOON: &str = "timeout = \"1s\"";
/// And is brought a reversal again after this: long enough for another second in DE 7.
const AGAIN: &str = "timeout = \"1s\"\nsaf_retry = \"1100ms\"\nsaf_alarm_after = 2";

#[test]
fn a_timeout_is_told_as_911_reversed_and_its_late_approval_is_not_passed_on() {
    for speeches in SPEECHES {
        let mut centre = Centre::tells(speeches, "", SOON);
        let request = sale(101);
        let heard = centre.asks(&request);
        same(&centre.acquirer.hears(), &own_answer(&request, "911"));
        let reversal = centre.issuer.hears();
        same(&reversal, &owed(&heard, "4021", &reversal));

        centre.issuer.sends(&approval(&heard));
        centre.issuer.sends(&declined(&reversal, "400"));
        centre.keeps_nothing();
        centre.acquirer_hears_no_more();
        let again = request.clone().repeated();
        same(&centre.acquirer.asks(&again), &own_answer(&again, "911"));
        centre.issuer_hears_no_more();
    }
}

#[test]
fn an_approval_behind_its_reversals_acknowledgement_is_not_passed_on_either() {
    let mut centre = Centre::tells(SPEECHES[0], "", SOON);
    let request = sale(101);
    let heard = centre.asks(&request);
    same(&centre.acquirer.hears(), &own_answer(&request, "911"));
    let reversal = centre.issuer.hears();
    centre.issuer.sends(&declined(&reversal, "400"));
    centre.keeps_nothing();
    centre.issuer.sends(&approval(&heard));
    centre.acquirer_hears_no_more();
    centre.issuer_hears_no_more();
}

#[test]
fn a_lost_1430_brings_a_1421_with_the_same_numbers_and_a_new_time() {
    for speeches in SPEECHES {
        let mut centre = Centre::tells(speeches, "", AGAIN);
        let request = sale(101);
        let heard = centre.asks(&request);
        same(&centre.acquirer.hears(), &own_answer(&request, "911"));
        let first = centre.issuer.hears();
        same(&first, &owed(&heard, "4021", &first));
        // Two more are not answered: somebody is told, and it goes on.
        let mut last = first.text(7).to_owned();
        for _ in 0..2 {
            let again = centre.issuer.hears();
            assert_ne!(again.text(7), last, "DE 7 is when it was sent");
            last = again.text(7).to_owned();
            let expected = first.clone().repeated().with(7, last.clone());
            same(&again, &expected);
        }
        centre.switch.comes_to("an alarm", |status| status.counters["saf_alarms"] == 1);
        // Two answers to one of them: the second changes nothing.
        let acknowledged = declined(&first, "400").with(7, last);
        centre.issuer.sends(&acknowledged);
        centre.issuer.sends(&acknowledged);
        centre.keeps_nothing();
        centre.issuer_hears_no_more();
        centre.acquirer_hears_no_more();
    }
}
