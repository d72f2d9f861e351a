//! Sign-on, sign-off, echo and refusals, as a partner that speaks by pyiso8583 sees them. Must not
//! know how a message is written.

use crate::centre::{CARDS, Centre, INSTITUTIONS, STRANGER};
use crate::configuration::OURS;
use crate::edition::{Edition, ISO87, ISO93};
use crate::message::Message;

/// What our own answer repeats of a request.
const ECHOED: [u8; 15] = [2, 3, 4, 7, 11, 12, 28, 29, 32, 33, 37, 41, 42, 49, 59];

/// A sale of 2,500 yen.
fn sale(edition: &Edition, stan: u32) -> Message {
    Message::new(edition.requests[2])
        .with(2, CARDS[0])
        .with(3, "000000")
        .with(4, "000000002500")
        .with(7, "1121052030")
        .with(11, format!("{stan:06}"))
        .with(12, edition.local)
        .with(32, INSTITUTIONS[3])
        .with(33, "77334000002")
        .with(37, format!("{stan:012}"))
        .with(41, "T0000001")
        .with(42, "M00000000000001")
        .with(49, "392")
}

/// Network management with this function.
fn network(edition: &Edition, function: &str, stan: u32) -> Message {
    Message::new(edition.network)
        .with(7, "1121052030")
        .with(11, format!("{stan:06}"))
        .with(12, edition.local)
        .with(edition.function, function)
}

/// The answer to network management.
fn accepted(edition: &Edition, request: &Message) -> Message {
    let answer = Message::new(request.answer_mti()).with_those_of(request, edition.echoed);
    answer.with(39, edition.accepted)
}

#[track_caller]
fn same(came: &Message, expected: &Message) {
    let differences = came.differences(expected);
    assert!(differences.is_empty(), "{differences:#?}");
}

/// Both partners sign on and off and test the line, and so do we.
fn manage_the_network(edition: &Edition) {
    let speeches = (edition.packed, edition.ascii);
    let lines = ("sign_on = \"theirs\"", "sign_on = \"ours\"\necho = \"1s\"");
    let mut centre = Centre::opens(edition, speeches, lines);
    let [sign_on, sign_off, echo] = edition.functions;

    // We sign on, and test the line when it has been silent for a while.
    for function in [sign_on, echo] {
        let asked = centre.issuer.hears();
        assert_eq!((asked.mti.as_str(), asked.text(33)), (edition.network, OURS), "{asked:?}");
        assert_eq!(asked.text(edition.function), function, "{asked:?}");
        centre.issuer.sends(&accepted(edition, &asked));
    }

    for (stan, function) in [(1, sign_on), (2, echo), (3, sign_off)] {
        let asked = network(edition, function, stan);
        let answer = centre.acquirer.asks(&asked);
        same(&answer, &accepted(edition, &asked));
    }
    let answer = centre.acquirer.asks(&sale(edition, 4));
    assert_eq!(answer.code(), edition.refused[3], "it has signed off");
}

/// What can not cross is answered by us, with what the request said.
fn refuse(edition: &Edition) {
    for (acquirer, issuer) in [(edition.ascii, edition.packed), (edition.packed, edition.ascii)] {
        let mut centre = Centre::opens(edition, (acquirer, issuer), ("", "timeout = \"1s\""));
        let [no_route, unknown, pin, _, silent] = edition.refused;
        for (request, code) in [
            (sale(edition, 1).with(2, STRANGER), no_route),
            (sale(edition, 2).with(32, "77334000009"), unknown),
            (sale(edition, 3).with(52, "AA06A373CE36B517"), pin),
            (sale(edition, 4), silent),
        ] {
            let answer = centre.acquirer.asks(&request);
            let expected = Message::new(request.answer_mti()).with_those_of(&request, &ECHOED);
            let expected = expected.with(39, code);
            same(&answer, &edition.signed(expected));
        }
    }
}

#[test]
fn pyiso8583_of_1993_signs_on_and_off_and_answers_our_echo() {
    manage_the_network(&ISO93);
}

#[test]
fn pyiso8583_of_1987_signs_on_and_off_and_answers_our_echo() {
    manage_the_network(&ISO87);
}

#[test]
fn pyiso8583_of_1993_reads_our_refusals() {
    refuse(&ISO93);
}

#[test]
fn pyiso8583_of_1987_reads_our_refusals() {
    refuse(&ISO87);
}

#[test]
fn chip_data_of_1987_does_not_cross_between_text_and_bytes() {
    let mut centre = Centre::opens(&ISO87, (ISO87.ascii, ISO87.packed), ("", ""));
    let answer = centre.acquirer.asks(&sale(&ISO87, 1).with(55, "9F02060000000025"));
    assert_eq!(answer.code(), "30");
}
