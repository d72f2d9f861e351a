//! Requests of one pyiso8583 cross the switch to another one, and its answers come back: every field
//! of the dialects, ASCII on one side and packed on the other. Must not know how a field is written.

use std::collections::BTreeMap;

use crate::centre::{CARDS, Centre, INSTITUTIONS, OF_ONE_HOP};
use crate::configuration::Speech;
use crate::dice::{Dice, Kind, Row};
use crate::edition::{Edition, ISO87, ISO93};
use crate::message::Message;

/// The fewest messages each way, in each pair of dialects.
const MESSAGES_MIN: usize = 200;
/// Messages of any fields, beside one for each field and length.
const OF_ANY_FIELDS: usize = 100;
/// Bit 65 announces a third bitmap to pyiso8583, so it can not say the field.
const UNSAID: u8 = 65;
/// What every request has: who pays, when, and what the answer is matched by.
const BASE: [u8; 8] = [2, 3, 4, 7, 11, 12, 32, 37];
/// Fields that name the card: they agree with DE 2.
const OF_CARD: [u8; 3] = [35, 45, 55];

/// A conversation in the making: what may be said, and what was.
struct Script {
    edition: &'static Edition,
    dice: Dice,
    rows: Vec<Row>,
    count: usize,
    /// Of each field, the lengths that arrived: of requests and of answers.
    arrived: [BTreeMap<u8, Vec<usize>>; 2],
}

impl Script {
    fn new(edition: &'static Edition, mut rows: Vec<Row>) -> Self {
        rows.retain(|row| row.n != UNSAID);
        let arrived = [BTreeMap::new(), BTreeMap::new()];
        Self { edition, dice: Dice(8583), rows, count: 0, arrived }
    }

    fn row(&self, n: u8) -> Row {
        self.rows.iter().find(|row| row.n == n).expect("a field of the dialect").clone()
    }

    /// A value of this field; `units` of them where that is left to us.
    fn value(&mut self, n: u8, units: usize, card: &str) -> String {
        let row = self.row(n);
        match n {
            2 => card.to_owned(),
            32 if units == row.least => INSTITUTIONS[0].to_owned(),
            32 if units == row.most => INSTITUTIONS[3].to_owned(),
            32 => self.dice.one_of(&INSTITUTIONS).to_owned(),
            11 | 37 => format!("{:0width$}", self.count, width = row.most),
            _ if units == 0 => String::new(),
            35 | 45 | 55 => of_card(n, row.kind, units, card, &mut self.dice),
            _ => self.dice.value(row.kind, units),
        }
    }

    /// Up to so many fields, in any lengths that are not too long to have many of.
    fn some_fields(&mut self, most: usize) -> Vec<(u8, usize)> {
        let count = self.dice.within(0, most);
        let some = (0..count).map(|_| {
            let row = &self.rows[self.dice.within(0, self.rows.len() - 1)];
            (row.n, self.dice.within(row.least, row.moderate()))
        });
        some.collect()
    }

    /// A message with what all have, and these fields in these lengths.
    fn message(&mut self, mti: &str, wanted: &[(u8, usize)]) -> Message {
        let card = self.dice.one_of(&CARDS);
        let mut message = Message::new(mti);
        let mut lengths: BTreeMap<u8, usize> = BTreeMap::new();
        for n in BASE {
            lengths.insert(n, self.row(n).most);
        }
        lengths.extend(self.some_fields(6));
        lengths.extend(wanted.iter().copied());
        for (n, units) in lengths {
            message = message.with(n, self.value(n, units, card));
        }
        message
    }

    /// The request number `count`, and what the issuer adds to its answer.
    fn exchange(&mut self, centre: &mut Centre, wanted: &[(u8, usize)]) {
        self.count += 1;
        let mti = self.edition.mti(self.count);
        let request = self.message(mti, wanted);
        let heard = centre.asks(&request);
        self.arrive(0, &heard);

        let code = if self.count.is_multiple_of(3) {
            self.dice.one_of(self.edition.declined)
        } else {
            self.edition.approved
        };
        let answer = self.message(&request.answer_mti(), wanted);
        let answer = answer.with_those_of(&heard, &[2, 7, 11, 12, 32, 33, 37, 41]);
        let answer = answer.without(&OF_CARD).with_those_of(&heard, &OF_CARD).with(39, code);
        let heard = centre.answers(&request, &answer);
        assert_eq!(heard.code(), code);
        self.arrive(1, &heard);
    }

    fn arrive(&mut self, way: usize, message: &Message) {
        for (&n, text) in &message.fields {
            let row = self.row(n);
            let units = if row.kind == Kind::Binary { text.len() / 2 } else { text.len() };
            self.arrived[way].entry(n).or_default().push(units);
        }
    }
}

/// Track or chip data of a card, in so many units, or as few as name the card.
fn of_card(n: u8, kind: Kind, units: usize, card: &str, dice: &mut Dice) -> String {
    let begin = match (n, kind) {
        (35, _) => format!("{card}=2812201"),
        (45, _) => format!("B{card}^TEST/CARD^2812201"),
        // An amount (9F02), and the card again (5A) with F to fill the byte.
        (_, Kind::Binary) => {
            let odd = if card.len() % 2 == 1 { "F" } else { "" };
            let length = card.len().div_ceil(2);
            format!("9F02060000000025005A{length:02X}{card}{odd}")
        }
        _ => String::new(),
    };
    let (unit, fill) = if kind == Kind::Binary { (2, "00") } else { (1, "0") };
    let missing = units.saturating_sub(begin.len() / unit);
    if kind == Kind::Char && n == 55 {
        return dice.value(kind, units);
    }
    begin + &fill.repeat(missing)
}

/// Every field alone and with others, at its shortest and its longest, then all of them at once.
fn converse(edition: &'static Edition, acquirer: Speech, issuer: Speech) {
    let mut centre = Centre::opens(edition, (acquirer, issuer), ("", "pin = \"pass\""));
    let mut rows = centre.rows();
    let crosses = |n| acquirer.dialect == issuer.dialect || !edition.unlike.contains(&n);
    rows.retain(|row| crosses(row.n));
    let mut script = Script::new(edition, rows);

    let rows = script.rows.clone();
    for row in &rows {
        script.exchange(&mut centre, &[(row.n, row.most)]);
        if row.least < row.most {
            script.exchange(&mut centre, &[(row.n, row.least)]);
        }
    }
    for _ in 0..OF_ANY_FIELDS {
        let some = script.some_fields(60);
        script.exchange(&mut centre, &some);
    }
    let all: Vec<_> = rows.iter().map(|row| (row.n, row.moderate())).collect();
    script.exchange(&mut centre, &all);

    assert!(script.count >= MESSAGES_MIN, "{} messages each way", script.count);
    for arrived in &script.arrived {
        for row in rows.iter().filter(|row| !OF_ONE_HOP.contains(&row.n)) {
            let seen = arrived.get(&row.n).unwrap_or_else(|| panic!("DE {} never arrived", row.n));
            // DE 2 and 32 are as long as cards and codes in use, DE 33 goes out as ours.
            if ![2, 32, 33].contains(&row.n) {
                assert!(seen.contains(&row.most), "DE {}: {} units", row.n, row.most);
                assert!(seen.contains(&row.least), "DE {}: {} units", row.n, row.least);
            }
        }
    }
}

#[test]
fn an_ascii_acquirer_and_a_packed_issuer_of_1993_get_every_field_right() {
    converse(&ISO93, ISO93.ascii, ISO93.packed);
}

#[test]
fn a_packed_acquirer_and_an_ascii_issuer_of_1993_get_every_field_right() {
    converse(&ISO93, ISO93.packed, ISO93.ascii);
}

#[test]
fn an_ascii_acquirer_and_a_packed_issuer_of_1987_get_every_field_right() {
    converse(&ISO87, ISO87.ascii, ISO87.packed);
}

#[test]
fn a_packed_acquirer_and_an_ascii_issuer_of_1987_get_every_field_right() {
    converse(&ISO87, ISO87.packed, ISO87.ascii);
}

#[test]
fn an_ascii_acquirer_and_an_ascii_issuer_of_1987_get_every_field_right() {
    converse(&ISO87, ISO87.ascii, ISO87.ascii);
}

#[test]
fn a_packed_acquirer_and_a_packed_issuer_of_1987_get_every_field_right() {
    converse(&ISO87, ISO87.packed, ISO87.packed);
}

/// A card that is named in one of these fields alone crosses; in two that disagree it is refused.
fn names_the_card_elsewhere(edition: &'static Edition, fields: &[u8], refused: &str) {
    for (acquirer, issuer) in [(edition.ascii, edition.packed), (edition.packed, edition.ascii)] {
        let mut centre = Centre::opens(edition, (acquirer, issuer), ("", ""));
        let mut script = Script::new(edition, centre.rows());
        for &n in fields {
            for card in CARDS {
                script.count += 1;
                let request = script.message(edition.requests[0], &[(n, 0)]).without(&OF_CARD);
                let row = script.row(n);
                let named = of_card(n, row.kind, row.most.min(40), card, &mut script.dice);
                let request = request.without(&[2, 52]).with(n, named);
                let heard = centre.asks(&request);
                let answer =
                    Message::new(request.answer_mti()).with_those_of(&heard, &[11, 32, 33, 37]);
                centre.answers(&request, &answer.with(39, edition.approved));

                let other = if card == CARDS[0] { CARDS[1] } else { CARDS[0] };
                let answer = centre.acquirer.asks(&request.with(2, other));
                assert_eq!(answer.code(), refused, "DE 2 and DE {n} name two cards");
            }
        }
    }
}

#[test]
fn a_card_of_1993_is_found_in_track_and_chip_data_too() {
    names_the_card_elsewhere(&ISO93, &[35, 45, 55], "904");
}

#[test]
fn a_card_of_1987_is_found_in_track_data_too() {
    names_the_card_elsewhere(&ISO87, &[35, 45], "30");
}

#[test]
fn answers_in_another_order_come_to_the_requests_that_they_answer() {
    let mut centre = Centre::opens(&ISO93, (ISO93.ascii, ISO93.packed), ("", ""));
    let mut script = Script::new(&ISO93, centre.rows());
    let mut requests = Vec::new();
    for count in 0..50 {
        script.count = count;
        let request = script.message("1200", &[]).without(&[39, 52]);
        centre.acquirer.sends(&request);
        requests.push((request, centre.issuer.hears()));
    }
    requests.reverse();
    requests.rotate_left(17);
    for (request, heard) in &requests {
        let answer = Message::new("1210").with_those_of(heard, &[11, 32, 33, 37]).with(39, "000");
        let heard = centre.answers(request, &answer);
        assert_eq!(heard.text(37), request.text(37));
    }
}
