//! What the two editions of ISO 8583 do not share, for a test that runs in both. Must not know who
//! speaks.

use crate::configuration::{OURS, Speech};
use crate::message::Message;

/// One edition, on the two sides of the switch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edition {
    pub(crate) ascii: Speech,
    pub(crate) packed: Speech,
    /// The table of jPOS's packagers, in `codec/tests/vectors`.
    pub(crate) table: &'static str,
    /// Fields that are of another kind on the two sides, and so do not cross.
    pub(crate) unlike: &'static [u8],
    /// MTIs of requests that cross the switch. Reversals are not passed on but kept: `completions`.
    pub(crate) requests: &'static [&'static str],
    /// The MTI of network management.
    pub(crate) network: &'static str,
    /// Where network management says what it wants.
    pub(crate) function: u8,
    /// What it says there: sign-on, sign-off, echo.
    pub(crate) functions: [&'static str; 3],
    /// What its answer repeats.
    pub(crate) echoed: &'static [u8],
    /// Where an answer of our own says who decided.
    pub(crate) decided: Option<u8>,
    /// DE 39: approved.
    pub(crate) approved: &'static str,
    /// DE 39: declined, in any way an issuer may.
    pub(crate) declined: &'static [&'static str],
    /// DE 39: network management accepted.
    pub(crate) accepted: &'static str,
    /// DE 39 of our own refusals: no route, an unknown institution, a PIN block where none may pass,
    /// a station that is not signed on, no answer in time.
    pub(crate) refused: [&'static str; 5],
    /// A local time as DE 12 takes it.
    pub(crate) local: &'static str,
}

impl Edition {
    /// The MTI of request number `count`.
    pub(crate) fn mti(&self, count: usize) -> &'static str {
        self.requests[count % self.requests.len()]
    }

    /// An answer of our own, with our name where the edition has a place for it.
    pub(crate) fn signed(&self, answer: Message) -> Message {
        match self.decided {
            Some(n) => answer.with(n, OURS),
            None => answer,
        }
    }
}

pub(crate) static ISO93: Edition = Edition {
    ascii: Speech { dialect: "iso93-ascii", framing: "ascii4" },
    packed: Speech { dialect: "iso93-binary", framing: "bin2" },
    table: "iso93.csv",
    unlike: &[],
    requests: &["1100", "1101", "1200", "1201"],
    network: "1804",
    function: 24,
    functions: ["801", "802", "831"],
    echoed: &[7, 11, 12, 33],
    decided: Some(58),
    approved: "000",
    declined: &["100", "116", "121", "208", "909"],
    accepted: "800",
    refused: ["908", "905", "921", "910", "911"],
    local: "261121142030",
};

pub(crate) static ISO87: Edition = Edition {
    ascii: Speech { dialect: "iso87-ascii", framing: "ascii4" },
    packed: Speech { dialect: "iso87-binary", framing: "bin2" },
    table: "iso87.csv",
    unlike: &[55],
    requests: &["0100", "0101", "0200", "0201"],
    network: "0800",
    function: 70,
    functions: ["001", "002", "301"],
    echoed: &[7, 11, 12, 33, 70],
    decided: None,
    approved: "00",
    declined: &["05", "51", "54", "N7", "91"],
    accepted: "00",
    refused: ["15", "31", "96", "91", "68"],
    local: "142030",
};
