//! How transactions end, as both partners see it: reversals, repeats and late answers in the words of
//! 1993. Must not know how a message is written.

use daemon::saf::SafStatus;

use crate::centre::{CARDS, Centre, INSTITUTIONS};
use crate::configuration::{OURS, Speech};
use crate::edition::{Edition, ISO93};
use crate::message::Message;

/// The edition of these stories.
pub(crate) static EDITION: &Edition = &ISO93;

/// Who speaks how: each story is told in both.
pub(crate) const SPEECHES: [(Speech, Speech); 2] =
    [(ISO93.ascii, ISO93.packed), (ISO93.packed, ISO93.ascii)];

/// DE 12 of all that A sends.
const LOCAL: &str = "261121142030";

/// What our own answer repeats of a request.
const ECHOED: [u8; 15] = [2, 3, 4, 7, 11, 12, 28, 29, 32, 33, 37, 41, 42, 49, 59];

/// A sale of the field reference, scenario 1, as A sends it.
pub(crate) fn sale(stan: u32) -> Message {
    Message::new("1200")
        .with(2, CARDS[0])
        .with(3, "000000")
        .with(4, "000000012800")
        .with(7, "1121052030")
        .with(11, format!("{stan:06}"))
        .with(12, LOCAL)
        .with(14, "2812")
        .with(22, "510101513344")
        .with(24, "200")
        .with(26, "5411")
        .with(32, INSTITUTIONS[3])
        .with(37, format!("{:012}", 632_514_000_000_u64 + u64::from(stan)))
        .with(41, "T0000001")
        .with(42, "M00000000000001")
        .with(49, "392")
}

/// I's approval of what it heard.
pub(crate) fn approval(heard: &Message) -> Message {
    let answer = Message::new(heard.answer_mti());
    answer.with_those_of(heard, &ECHOED).with(38, "A1B2C3").with(39, "000")
}

/// I's answer with another code.
pub(crate) fn declined(heard: &Message, code: &str) -> Message {
    Message::new(heard.answer_mti()).with_those_of(heard, &ECHOED).with(39, code)
}

/// What DE 56 calls a message.
pub(crate) fn name_of(message: &Message) -> String {
    let acquirer = message.text(32);
    let (stan, local) = (message.text(11), message.text(12));
    format!("{}{stan}{local}{:02}{acquirer}", message.mti, acquirer.len())
}

/// A message of A about another one of its own.
pub(crate) fn about(original: &Message, mti: &str, stan: u32, function: &str) -> Message {
    let message = Message { mti: mti.to_owned(), fields: original.fields.clone() };
    let message = message.without(&[14, 22, 26]).with(11, format!("{stan:06}"));
    message.with(24, function).with(56, name_of(original))
}

/// What A is told by us, and by nobody else.
pub(crate) fn own_answer(request: &Message, code: &str) -> Message {
    let answer = Message::new(request.answer_mti()).with_those_of(request, &ECHOED);
    answer.with(39, code).with(58, OURS)
}

/// The reversal of what I has heard, under any number but that one, as we owe it for this reason.
pub(crate) fn owed(heard: &Message, reason: &str, came: &Message) -> Message {
    assert_ne!(came.text(11), heard.text(11), "a reversal has a number of its own");
    Message::new("1420")
        .with_those_of(heard, &[2, 3, 4, 12, 32, 37, 41, 42, 49])
        .with_those_of(came, &[7, 11])
        .with(24, "400")
        .with(25, reason)
        .with(33, OURS)
        .with(56, name_of(heard))
}

#[track_caller]
pub(crate) fn same(came: &Message, expected: &Message) {
    let differences = came.differences(expected);
    assert!(differences.is_empty(), "{differences:#?}\nin {came:?}");
}

impl Centre {
    /// Everybody of a story is connected; `more`: further lines of either station's table.
    pub(crate) fn tells(speeches: (Speech, Speech), of_acquirer: &str, of_issuer: &str) -> Self {
        Self::opens(EDITION, speeches, (of_acquirer, of_issuer))
    }

    /// A has been told all that it is told: the next that it hears answers an echo.
    #[track_caller]
    pub(crate) fn acquirer_hears_no_more(&mut self) {
        let echo = echo();
        let heard = self.acquirer.asks(&echo);
        same(&heard, &accepted(&echo));
    }

    /// The same of I.
    #[track_caller]
    pub(crate) fn issuer_hears_no_more(&mut self) {
        let echo = echo();
        let heard = self.issuer.asks(&echo);
        same(&heard, &accepted(&echo));
    }

    /// Something is kept for I no longer.
    pub(crate) fn keeps_nothing(&self) {
        self.switch.comes_to("nothing is kept for the issuer", |status| {
            let stored = status.stations.iter().filter_map(|station| station.stored.as_ref());
            stored.map(SafStatus::open).sum::<u32>() == 0
        });
    }
}

fn echo() -> Message {
    let echo = Message::new("1804").with(7, "1121052031").with(11, "999001");
    echo.with(12, LOCAL).with(24, "831")
}

fn accepted(echo: &Message) -> Message {
    let echoed = EDITION.echoed;
    Message::new("1814").with_those_of(echo, echoed).with(39, "800")
}
