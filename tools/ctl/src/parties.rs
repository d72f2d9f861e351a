//! Who takes part in a demo and in a campaign: two acquirers, two issuers, the cards that they use and
//! the routes between them, as the switch is told of them. Data and text; knows no process.

use std::fmt::{self, Write};
use std::net::SocketAddr;
use std::path::Path;

/// A centre that talks to the switch.
#[derive(Clone, Copy, Debug)]
pub struct Party {
    /// The name of its station.
    pub name: &'static str,
    /// Its DE 32, digits.
    pub institution: &'static str,
    /// The built-in dialect that it speaks.
    pub dialect: &'static str,
    /// The built-in framing that cuts its messages.
    pub framing: &'static str,
}

/// The acquirers, each in a format of its own.
pub const ACQUIRERS: [Party; 2] = [
    Party {
        name: "merchant-a",
        institution: "77334000001",
        dialect: "iso93-ascii",
        framing: "ascii4",
    },
    Party {
        name: "merchant-b",
        institution: "77334000002",
        dialect: "iso93-binary",
        framing: "bin2",
    },
];

/// The issuers, each in a format of its own.
pub const ISSUERS: [Party; 2] = [
    Party {
        name: "issuer-x",
        institution: "49711000001",
        dialect: "iso93-binary",
        framing: "bin2",
    },
    Party {
        name: "issuer-y",
        institution: "49711000002",
        dialect: "iso93-ascii",
        framing: "ascii4",
    },
];

/// Published test cards, in turn, so that every acquirer's cards reach both issuers.
pub const CARDS: [&str; 4] =
    ["3530111333300000", "4111111111111111", "3530112000000006", "4012888888881881"];

/// Which cards go to which issuer.
const ROUTES: [(&str, &str); 2] = [("3530", "issuer-x"), ("4", "issuer-y")];

/// Stations and routes of a configuration: where the switch listens for each acquirer and connects to
/// each issuer, and what else is to stand with every issuer, in lines of TOML.
#[must_use]
pub fn stations(
    listening: [SocketAddr; 2],
    issuers: [SocketAddr; 2],
    of_issuers: fmt::Arguments<'_>,
) -> String {
    let mut out = String::new();
    let mut say = |line: fmt::Arguments<'_>| {
        writeln!(out, "{line}").expect("a text takes what is written");
    };
    for (party, address) in ACQUIRERS.iter().zip(listening) {
        say(format_args!("{}", party.station("acquirer")));
        say(format_args!("listen = [\"{address}\"]\npeers = [\"127.0.0.0/8\"]\n"));
    }
    for (party, address) in ISSUERS.iter().zip(issuers) {
        say(format_args!("{}", party.station("issuer")));
        say(format_args!("connect = [\"{address}\"]\n{of_issuers}\n"));
    }
    for (pan, to) in ROUTES {
        say(format_args!("[[route]]\npan = \"{pan}\"\nto = [\"{to}\"]\n"));
    }
    out
}

/// A path as TOML has texts: JSON's way is one of its ways.
#[must_use]
pub fn quoted(path: &Path) -> String {
    serde_json::Value::from(path.to_string_lossy().as_ref()).to_string()
}

impl Party {
    fn station(&self, role: &str) -> String {
        let Self { name, institution, dialect, framing } = self;
        format!(
            "[[station]]\nname = \"{name}\"\nrole = \"{role}\"\ninstitution = \"{institution}\"\n\
             dialect = \"{dialect}\"\nframing = \"{framing}\""
        )
    }
}
