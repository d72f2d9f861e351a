//! Messages as a test writes and reads them: a type, and the text of each field. Must not know who
//! sends them.

use std::collections::BTreeMap;

use codec::{Dialect, Fields, Mti, Slots, Writer};

use crate::configuration::institution;

/// The most bytes of a message here.
const MESSAGE_MAX: usize = 4_096;

/// The test cards: the first of each brand, and the wallet number.
pub(crate) const CARDS: [&str; 11] = [
    "3530111333300000",
    "3530111333300018",
    "3530112000000006",
    "4111111111111111",
    "4012888888881881",
    "5555555555554444",
    "378282246310005",
    "30569309025904",
    "6011111111111117",
    "6221260000000000",
    "3158990079242943",
];

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Letter {
    mti: u16,
    /// By field number: digits and text in ASCII, binary as it is.
    fields: BTreeMap<u8, Vec<u8>>,
}

impl Letter {
    pub(crate) fn new(mti: u16) -> Self {
        Self { mti, fields: BTreeMap::new() }
    }

    pub(crate) fn with(mut self, n: u8, text: impl AsRef<[u8]>) -> Self {
        self.fields.insert(n, text.as_ref().to_vec());
        self
    }

    pub(crate) fn without(mut self, n: u8) -> Self {
        self.fields.remove(&n);
        self
    }

    pub(crate) fn kind(self, mti: u16) -> Self {
        Self { mti, ..self }
    }

    pub(crate) fn mti(&self) -> u16 {
        self.mti
    }

    pub(crate) fn field(&self, n: u8) -> Option<&[u8]> {
        self.fields.get(&n).map(Vec::as_slice)
    }

    /// A field of digits or characters; empty when it is not there.
    pub(crate) fn text(&self, n: u8) -> &str {
        std::str::from_utf8(self.field(n).unwrap_or_default()).expect("a field of text")
    }

    /// DE 39.
    pub(crate) fn code(&self) -> &str {
        self.text(39)
    }

    /// Numbers of the fields that differ from those of another message, or that only one has.
    pub(crate) fn differs_in(&self, other: &Self) -> Vec<u8> {
        (2..=128).filter(|n| self.fields.get(n) != other.fields.get(n)).collect()
    }

    /// The answer to it with this DE 39: what it should repeat, and nothing else.
    pub(crate) fn answered(&self, code: &str) -> Self {
        let mut answer = Self::new(self.mti + 0x10 - (self.mti & 1));
        for n in [2, 3, 4, 7, 11, 12, 32, 33, 37, 41, 42, 49, 70] {
            if let Some(text) = self.field(n) {
                answer = answer.with(n, text);
            }
        }
        answer.with(39, code)
    }

    pub(crate) fn write(&self, dialect: &Dialect) -> Vec<u8> {
        let mut out = [0; MESSAGE_MAX];
        let fields = self.fields.keys().fold(Fields::EMPTY, |fields, &n| fields.with(n));
        let writer = Writer::new(dialect, &mut out, Mti::of(self.mti), fields);
        let mut writer = writer.expect("fields of the dialect");
        for (&n, text) in &self.fields {
            writer.put_text(n, text).expect("a text that the field takes");
        }
        let length = writer.finish().expect("every field was put");
        out[..length].to_vec()
    }

    pub(crate) fn read(dialect: &Dialect, bytes: &[u8]) -> Self {
        let mut slots = Slots::new();
        dialect.decode(bytes, &mut slots).expect("a message of the dialect");
        let message = slots.message(dialect, bytes);
        let mut letter = Self::new(message.mti().bcd());
        for n in message.fields() {
            let value = message.value(n).expect("it is present");
            let mut text = vec![0; usize::from(value.units())];
            value.write_text(&mut text).expect("as long as it says");
            letter = letter.with(n, text);
        }
        letter
    }
}

/// A sale of 2,500 yen with the first test card, of the first acquirer.
pub(crate) fn sale(stan: u32) -> Letter {
    sale_of(0, stan)
}

/// The same of another acquirer, by its place in the configuration.
pub(crate) fn sale_of(acquirer: u32, stan: u32) -> Letter {
    Letter::new(0x1200)
        .with(2, CARDS[0])
        .with(3, "000000")
        .with(4, "000000002500")
        .with(7, "1121052030")
        .with(11, format!("{stan:06}"))
        .with(12, "261121142030")
        .with(14, "2812")
        .with(22, "510101513344")
        .with(24, "200")
        .with(26, "5411")
        .with(32, institution(acquirer))
        .with(37, format!("63251405{:04}", stan % 10_000))
        .with(41, "T0000001")
        .with(42, "M00000000000001")
        .with(49, "392")
}

/// The sale of 1987.
pub(crate) fn sale_87(stan: u32) -> Letter {
    let sale = sale(stan).kind(0x0200).without(24).without(26);
    sale.with(12, "142030").with(13, "1121").with(18, "5411").with(22, "051").with(25, "00")
}

/// The request to reverse it.
pub(crate) fn reversal_87(stan: u32, original: u32) -> Letter {
    let of = format!("0200{original:06}1121052030{:0>11}{:0>11}", institution(0), "");
    sale_87(stan).kind(0x0400).with(90, of)
}

/// What its acquirer later calls a message of 1993 (DE 56), and so do we towards the issuer of what we
/// sent there.
pub(crate) fn name_of(message: &Letter) -> String {
    let [stan, local, acquirer] = [11, 12, 32].map(|n| message.text(n));
    format!("{:04x}{stan}{local}{:02}{acquirer}", message.mti(), acquirer.len())
}

/// What its acquirer later says about a message of 1993: the same, but for type, number, function
/// (DE 24) and what it is about.
pub(crate) fn about(original: &Letter, mti: u16, stan: u32, function: &str) -> Letter {
    let later = original.clone().kind(mti).without(14).without(22).without(26);
    later.with(11, format!("{stan:06}")).with(24, function).with(56, name_of(original))
}

/// The reversal of the whole of it, for a reason of the acquirer's (DE 25).
pub(crate) fn reversal(original: &Letter, stan: u32) -> Letter {
    about(original, 0x1420, stan, "400").with(25, "4000")
}

/// Network management of 1987 with this code (DE 70).
pub(crate) fn network_87(code: &str, stan: u32) -> Letter {
    Letter::new(0x0800).with(7, "1121052030").with(11, format!("{stan:06}")).with(70, code)
}

/// Network management with this function (DE 24).
pub(crate) fn network(function: &str, stan: u32) -> Letter {
    Letter::new(0x1804)
        .with(7, "1121052030")
        .with(11, format!("{stan:06}"))
        .with(12, "261121142030")
        .with(24, function)
}
