//! Independent implementations agree: pyiso8583 as acquirer and as issuer of the real `sekishod`,
//! and tshark's dissector over messages of ours. Knows nothing of the inside of the switch.
//!
//! `tools/setup` installs both. pyiso8583 gets its specifications from jPOS's tables
//! (`codec/tests/vectors`), not from ours; tshark has tables of its own.

#[expect(dead_code, reason = "the tests that it stands beside need more of it")]
#[path = "../switch"]
mod switch {
    pub(crate) mod patience;

    pub(crate) mod place;

    pub(crate) mod configuration;

    pub(crate) mod sekishod;
}

use switch::{configuration, patience, place, sekishod};

mod message;

mod dice;

mod edition;

mod party;

mod centre;

mod crossing;

mod network;

mod ending;

mod scenarios;

mod timeouts;

mod completions;

mod jpos;

mod capture;

mod dissector;

mod reading;
