//! Who takes part, and what the switch is told of them. Data and text; knows no process.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use bench::load;
use codec::{Dialect, Framing};

/// A centre that talks to the switch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Party {
    pub(super) name: &'static str,
    institution: &'static str,
    dialect: &'static str,
    framing: &'static str,
}

/// The acquirers, each in a format of its own.
pub(super) const ACQUIRERS: [Party; 2] = [
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
pub(super) const ISSUERS: [Party; 2] = [
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

/// Which cards go to which issuer.
const ROUTES: [(&str, &str); 2] = [("3530", "issuer-x"), ("4", "issuer-y")];

/// Published test cards, in turn, so that every acquirer's cards reach both issuers.
const CARDS: [&str; 4] =
    ["3530111333300000", "4111111111111111", "3530112000000006", "4012888888881881"];

/// Links of the switch to each issuer.
pub(super) const LINKS: usize = 2;

/// What differs from start to start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Variation {
    /// `mapped` or `direct`.
    pub(super) path: &'static str,
    pub(super) workers: u8,
    pub(super) timeout_ms: u64,
}

/// The configuration of the switch.
pub(super) fn configuration(
    state: &Path,
    socket: &Path,
    listen: [SocketAddr; 2],
    issuers: [SocketAddr; 2],
    variation: &Variation,
) -> String {
    let Variation { path, workers, timeout_ms } = variation;
    let mut out = format!(
        "[node]\nname = \"campaign\"\ninstitution = \"49000000001\"\nstate = {}\nworkers = {workers}\n\n\
         [journal]\nsegment = \"1MiB\"\npath = \"{path}\"\n\n\
         [control]\nsocket = {}\n\n\
         [limits]\ndrain = \"5s\"\n\n",
        quoted(state),
        quoted(socket),
    );
    let mut say = |party: &Party, role: &str, rest: std::fmt::Arguments<'_>| {
        let Party { name, institution, dialect, framing } = party;
        write!(
            out,
            "[[station]]\nname = \"{name}\"\nrole = \"{role}\"\ninstitution = \"{institution}\"\n\
             dialect = \"{dialect}\"\nframing = \"{framing}\"\n{rest}\n\n"
        )
        .expect("a text takes what is written");
    };
    for (party, address) in ACQUIRERS.iter().zip(listen) {
        say(party, "acquirer", format_args!("listen = [\"{address}\"]\npeers = [\"127.0.0.0/8\"]"));
    }
    for (party, address) in ISSUERS.iter().zip(issuers) {
        let rest = format_args!(
            "connect = [\"{address}\"]\nlinks = {LINKS}\ntimeout = \"{timeout_ms}ms\"\n\
             reconnect_min = \"50ms\"\nreconnect_max = \"100ms\""
        );
        say(party, "issuer", rest);
    }
    for (pan, to) in ROUTES {
        write!(out, "[[route]]\npan = \"{pan}\"\nto = [\"{to}\"]\n\n")
            .expect("a text takes what is written");
    }
    out
}

/// A path as TOML has texts: JSON's way is one of its ways.
fn quoted(path: &Path) -> String {
    serde_json::Value::from(path.to_string_lossy().as_ref()).to_string()
}

impl Party {
    /// Its message format.
    pub(super) fn dialect(&self) -> &'static Dialect {
        codec::built_in(self.dialect).expect("the setting names built-in dialects")
    }

    /// How its messages are cut.
    pub(super) fn framing(&self) -> Framing {
        Framing::built_in(self.framing).expect("the setting names built-in framings")
    }

    /// A load of this acquirer, its cards in turn.
    pub(super) fn load(&self, target: SocketAddr) -> load::Options {
        load::Options {
            pans: CARDS.map(str::to_owned).to_vec(),
            acquirers: vec![self.institution.to_owned()],
            ..load::Options::new(target, self.dialect(), self.framing())
        }
    }
}
