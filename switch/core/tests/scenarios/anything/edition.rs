//! What the two editions call the same things, as the world outside knows it. Must not look into the
//! tables of the core.

use std::sync::Arc;

use codec::Dialect;
use switch_core::plan::StationSettings;

use crate::world::{
    Text, ascii_87, ascii_87_without, ascii_without, network, network_87, packed, packed_87, sale,
    sale_87,
};

/// The edition that a whole world speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edition {
    Of1987,
    Of1993,
}
use Edition::{Of1987, Of1993};

impl Edition {
    /// The station, if it is one that says nothing special, in ASCII.
    pub(crate) fn ascii(self, station: StationSettings) -> StationSettings {
        match self {
            Of1987 => StationSettings { dialect: ascii_87(), ..station },
            Of1993 => station,
        }
    }

    pub(crate) fn packed(self) -> Arc<Dialect> {
        if self == Of1987 { packed_87() } else { packed() }
    }

    pub(crate) fn ascii_without(self, missing: &[u8]) -> Arc<Dialect> {
        if self == Of1987 { ascii_87_without(missing) } else { ascii_without(missing) }
    }

    /// A request, of one kind or another.
    pub(crate) fn request(self, amount: u64, kind: u8) -> Text {
        match (self, kind & 1) {
            (Of1993, 0) => sale(amount),
            (Of1993, ..) => sale(amount).kind(0x1100),
            (Of1987, 0) => sale_87(amount),
            (Of1987, ..) => sale_87(amount).kind(0x0100),
        }
    }

    /// An answer's type that answers something else.
    pub(crate) fn other_answer(self, mti: u16) -> u16 {
        let (authorization, sale) =
            if self == Of1987 { (0x0110, 0x0210) } else { (0x1110, 0x1210) };
        if mti == authorization { sale } else { authorization }
    }

    pub(crate) fn sign_on(self) -> Text {
        self.network(0)
    }

    /// Sign-ons more often than sign-offs, or nothing would ever happen.
    pub(crate) fn network(self, function: usize) -> Text {
        match self {
            Of1987 => network_87(["001", "001", "301", "002"][function]),
            Of1993 => network([801, 801, 831, 802][function]),
        }
    }

    /// Network management was accepted, or not.
    pub(crate) fn accepted(self, accepted: bool) -> &'static str {
        match (self, accepted) {
            (Of1987, true) => "00",
            (Of1987, false) => "96",
            (Of1993, true) => "800",
            (Of1993, false) => "909",
        }
    }

    /// An issuer took a reversal.
    pub(crate) fn reversed(self) -> &'static str {
        if self == Of1987 { "00" } else { "400" }
    }

    /// An issuer can not take it now.
    pub(crate) fn later(self) -> &'static str {
        if self == Of1987 { "91" } else { "907" }
    }

    /// What issuers answer.
    pub(crate) fn codes(self) -> [&'static str; 5] {
        match self {
            Of1987 => ["00", "08", "51", "43", "91"],
            Of1993 => ["000", "001", "116", "209", "907"],
        }
    }

    /// What is recorded of an issuer's answer to this request.
    pub(crate) fn recorded(self, request: &Text, code: &str) -> &'static str {
        let place = self.codes().iter().position(|known| *known == code);
        match place.expect("an issuer says no other code") {
            0 | 1 if request.class() == 4 => "400",
            place => Of1993.codes()[place],
        }
    }

    /// What the switch says itself.
    pub(crate) fn is_ours(self, answer: &Text) -> bool {
        let code = answer.of(39);
        match self {
            Of1987 => ["12", "15", "30", "31", "63", "68", "91", "96"].contains(&code),
            Of1993 => answer.fields.contains_key(&58) && code.starts_with('9'),
        }
    }

    /// What somebody must have heard after enough conversations.
    pub(crate) fn heard(self) -> &'static [&'static str] {
        match self {
            Of1987 => &["00", "08", "51", "43", "15", "30", "63", "68", "91", "96"],
            Of1993 => &[
                "000", "001", "116", "209", "904", "907", "908", "909", "910", "911", "916", "920",
                "921",
            ],
        }
    }
}
