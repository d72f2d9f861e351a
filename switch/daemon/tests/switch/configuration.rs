//! Configurations as a test needs them, written as the file that an operator would write. Must not
//! know who reads it.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;

/// How a station speaks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Speech {
    pub(crate) dialect: &'static str,
    /// A name, or a table as it stands in the file.
    pub(crate) framing: &'static str,
}

pub(crate) const ASCII: Speech = Speech { dialect: "iso93-ascii", framing: "ascii4" };
pub(crate) const BINARY: Speech = Speech { dialect: "iso93-binary", framing: "bin2" };
/// In a dialect of a file.
pub(crate) const ACME: Speech = Speech {
    dialect: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/switch/acme.toml"),
    framing: "bin4",
};

pub(crate) const ASCII_87: Speech = Speech { dialect: "iso87-ascii", framing: "ascii4" };
pub(crate) const BINARY_87: Speech = Speech { dialect: "iso87-binary", framing: "bin2" };

/// The institution of the node.
pub(crate) const OURS: &str = "49000000001";

/// A configuration in the making.
pub(crate) struct Configuration {
    workers: u8,
    node: String,
    journal: String,
    control: String,
    limits: String,
    stations: String,
    acquirers: u32,
    issuers: u32,
}

impl Configuration {
    pub(crate) fn new() -> Self {
        Self {
            workers: 1,
            node: String::new(),
            journal: "segment = \"1MiB\"".to_owned(),
            control: String::new(),
            limits: String::new(),
            stations: String::new(),
            acquirers: 0,
            issuers: 0,
        }
    }

    pub(crate) fn workers(self, workers: u8) -> Self {
        Self { workers, ..self }
    }

    /// More lines of `[node]`.
    pub(crate) fn node(self, lines: &str) -> Self {
        Self { node: lines.to_owned(), ..self }
    }

    /// Lines of `[journal]`, instead of small segments.
    pub(crate) fn journal(self, lines: &str) -> Self {
        Self { journal: lines.to_owned(), ..self }
    }

    /// More lines of `[control]`.
    pub(crate) fn control(self, lines: &str) -> Self {
        Self { control: lines.to_owned(), ..self }
    }

    /// Lines of `[limits]`.
    pub(crate) fn limits(self, lines: &str) -> Self {
        Self { limits: lines.to_owned(), ..self }
    }

    /// An acquirer that connects to us, on a port that the system chooses.
    pub(crate) fn acquirer(self, name: &str, speech: Speech, more: &str) -> Self {
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        self.acquirer_at(name, speech, anywhere, more)
    }

    /// An acquirer that connects to us there. `more`: further lines of its table.
    pub(crate) fn acquirer_at(
        mut self,
        name: &str,
        speech: Speech,
        listen: SocketAddr,
        more: &str,
    ) -> Self {
        let institution = institution(self.acquirers);
        self.acquirers += 1;
        let place = format!("listen = [\"{listen}\"]");
        self.station(name, "acquirer", &institution, speech, &place, more);
        self
    }

    /// An issuer that we connect to, again soon.
    pub(crate) fn issuer(
        self,
        name: &str,
        speech: Speech,
        connect: SocketAddr,
        more: &str,
    ) -> Self {
        let soon = "reconnect_min = \"10ms\"\nreconnect_max = \"50ms\"";
        self.issuer_at(name, speech, &[connect], &format!("{soon}\n{more}"))
    }

    /// An issuer that we connect to at each of these addresses.
    pub(crate) fn issuer_at(
        mut self,
        name: &str,
        speech: Speech,
        connect: &[SocketAddr],
        more: &str,
    ) -> Self {
        let institution = format!("497110000{:02}", self.issuers + 1);
        self.issuers += 1;
        let connect: Vec<String> = connect.iter().map(|at| format!("\"{at}\"")).collect();
        let place = format!("connect = [{}]", connect.join(", "));
        self.station(name, "issuer", &institution, speech, &place, more);
        self
    }

    pub(crate) fn route(mut self, pan: &str, issuer: &str) -> Self {
        let route = format!("[[route]]\npan = \"{pan}\"\nto = [\"{issuer}\"]\n");
        self.stations.push_str(&route);
        self
    }

    /// The file, for a daemon that keeps its things in `directory`.
    pub(crate) fn text(&self, directory: &Path) -> String {
        let Self { workers, node, journal, control, limits, stations, .. } = self;
        let directory = directory.display();
        format!(
            "[node]\nname = \"trial\"\ninstitution = \"{OURS}\"\nstate = \"{directory}/state\"\n\
             workers = {workers}\n{node}\n[journal]\n{journal}\n\
             [control]\nsocket = \"{directory}/control.sock\"\n{control}\n[limits]\n{limits}\n{stations}"
        )
    }

    fn station(
        &mut self,
        name: &str,
        role: &str,
        institution: &str,
        speech: Speech,
        place: &str,
        more: &str,
    ) {
        let Speech { dialect, framing } = speech;
        let quote = if framing.starts_with('{') { "" } else { "\"" };
        let written = writeln!(
            self.stations,
            "[[station]]\nname = \"{name}\"\nrole = \"{role}\"\ninstitution = \"{institution}\"\n\
             dialect = \"{dialect}\"\nframing = {quote}{framing}{quote}\n{place}\n{more}"
        );
        written.expect("a text takes what is written");
    }
}

/// The institution of the acquirer that was configured as number `ordinal`, counting from 0.
pub(crate) fn institution(ordinal: u32) -> String {
    format!("77334{:06}", ordinal + 1)
}
