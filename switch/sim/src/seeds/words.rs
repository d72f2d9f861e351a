//! The messages of acquirers in both editions, and what a reference to one of them says. Must not look
//! into the tables of the core.

use crate::world::{Text, sale, sale_87};

/// The edition that a whole world speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edition {
    Of1987,
    Of1993,
}
use Edition::{Of1987, Of1993};

/// Cards of X, and of Y.
pub(crate) const CARDS: [&str; 2] = ["3530111333300000", "4111111111111111"];

impl Edition {
    /// A request for a card of X (0) or of Y (1).
    pub(crate) fn request(self, card: usize, amount: u64, at: u64) -> Text {
        let text = match self {
            Of1987 => sale_87(amount).with(12, time(at)),
            Of1993 => sale(amount).with(12, format!("261121{}", time(at))),
        };
        text.with(2, CARDS[card]).with(7, stamp(at))
    }

    /// The same as something that has happened already.
    pub(crate) fn advice(self, card: usize, amount: u64, at: u64) -> Text {
        let text = self.request(card, amount, at);
        match self {
            Of1987 => text.kind(0x0220),
            Of1993 => text.kind(0x1220).with(25, "1004"),
        }
    }

    /// The reversal of a message: of all of it, or so that so much stays.
    pub(crate) fn reversal(self, of: &Text, stays: Option<u64>, reason: &str) -> Text {
        let mut text = of.clone();
        for field in [11, 22, 26, 59] {
            text.fields.remove(&field);
        }
        let amount = of.of(4).to_string();
        match (self, stays) {
            (Of1987, None) => text.kind(0x0420).with(90, reference(of)),
            (Of1987, Some(stays)) => {
                let stays = format!("{stays:012}{:030}", 0);
                text.kind(0x0420).with(90, reference(of)).with(95, stays)
            }
            (Of1993, stays) => {
                let text = text.kind(0x1420).with(25, reason).with(56, reference(of));
                match stays {
                    None => text.with(24, "400"),
                    Some(stays) => text
                        .with(24, "401")
                        .with(4, format!("{stays:012}"))
                        .with(30, [&*amount, &*amount].concat()),
                }
            }
        }
    }

    /// How much stays of what a reversal is about; none: nothing.
    pub(crate) fn stays(self, reversal: &Text) -> Option<u64> {
        match self {
            Of1987 => reversal.of(95).get(..12)?.parse().ok().filter(|&stays| stays > 0),
            Of1993 if reversal.of(24) == "401" => reversal.of(4).parse().ok(),
            Of1993 => None,
        }
    }

    /// DE 39 of what will not be taken however often it comes.
    pub(crate) fn refusals(self) -> [&'static str; 2] {
        match self {
            Of1987 => ["30", "12"],
            Of1993 => ["904", "914"],
        }
    }

    /// DE 39 of an approval, a decline, something taken in, and a request to come again.
    pub(crate) fn codes(self) -> [&'static str; 4] {
        match self {
            Of1987 => ["00", "51", "00", "91"],
            Of1993 => ["000", "116", "400", "909"],
        }
    }
}

/// What DE 56 or DE 90 says of a message, as its sender names it.
pub(crate) fn reference(of: &Text) -> String {
    let (mti, stan, acquirer) = (of.mti, of.of(11), of.of(32));
    if mti < 0x1000 {
        format!("{mti:04x}{stan}{}{acquirer:0>11}{:0>11}", of.of(7), of.of(33))
    } else {
        format!("{mti:04x}{stan}{}{:02}{acquirer}", of.of(12), acquirer.len())
    }
}

/// DE 7 of what is sent at a second since the world began.
pub(crate) fn stamp(at: u64) -> String {
    format!("1121{}", time(at))
}

/// hhmmss of a second since the world began, which was at 05:20:31.
fn time(at: u64) -> String {
    let at = at + 5 * 3_600 + 20 * 60 + 31;
    format!("{:02}{:02}{:02}", at / 3_600 % 24, at / 60 % 60, at % 60)
}
