//! The configuration: from files to settings that can run, or to every reason why they can not.
//! Opens no socket and starts nothing; a message about a mistake is for the engineer who connects a
//! new member, and says where it is, what is wrong and what to do.

mod place;

mod document;

mod section;

mod units;

mod nearest;

mod network;

mod endpoint;

mod framing;

mod codes;

mod dialects;

mod partner;

mod station;

mod node;

mod journal;

mod sealing;

mod peer;

mod certificates;

mod witness;

mod witness_files;

mod later;

mod route;

mod log;

mod roles;

mod rules;

mod summary;

mod transition;

mod rows;

mod difference;

mod digest;

mod agreement;

mod inert;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use codec::Framing;
use switch_core::plan::Settings;

pub use certificates::Certificates;
pub(crate) use certificates::{runs_out, told_ahead};
pub use difference::{difference, needs_a_start};
pub use digest::hex;
pub use journal::{GATHER_MAX, Journal, KeyFile, KeySource, Sync};
pub use log::LogLevel;
pub use network::{Network, NetworkError};
pub use peer::{Peer, TlsFiles, Way, WhenLost};
pub use place::Place;
pub use roles::ControlRoles;
pub(crate) use sealing::credentials;
pub use sealing::{CREDENTIALS, Sealing, open};
pub use summary::{path_word, role_word, sign_on_word};
pub use transition::cautions;
pub use witness::{Witness, WitnessEndpoint, WitnessUser};
pub use witness_files::{Password, WitnessFiles};

/// How the daemon was started, as far as it decides what a configuration may say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mode {
    /// `--insecure-demo`: no sealing key, stand-ins for keys, port 0.
    pub insecure_demo: bool,
}

/// A configuration that can run.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// The files it was read from, in order of merging.
    pub files: Vec<PathBuf>,
    /// These and the files of dialects, as they were read. No key is among them.
    pub sources: Vec<Source>,
    /// Name of this node.
    pub node: String,
    /// Our own institution, as text.
    pub institution: String,
    /// Directory of everything that must outlive the process.
    pub state: PathBuf,
    /// Number of workers, 1 to 64: as configured, or what this machine's cores give.
    pub workers: u8,
    /// How long a worker polls without blocking after work.
    pub spin: Duration,
    /// How long ports of acquirers stay closed at most while issuers are not ready.
    pub open_after: Duration,
    /// A node whose synthetic transaction takes longer is sick.
    pub sick_after: Duration,
    /// How long a drain waits for what is in flight.
    pub drain: Duration,
    /// Where records go, and what seals them.
    pub journal: Journal,
    /// The other of two nodes; none when there is one alone.
    pub peer: Option<Peer>,
    /// The witness of the two; none when operators decide alone.
    pub witness: Option<Box<Witness>>,
    /// What the core runs by; [`switch_core::plan::Plan::new`] accepts it.
    pub settings: Settings,
    /// Where the stations are, parallel to `settings.stations`.
    pub endpoints: Vec<Endpoint>,
    /// What tells the dialect of each station from another one of the same name, parallel to
    /// `settings.stations`; empty for a built-in one.
    pub dialect_contents: Vec<Arc<str>>,
    /// The Unix socket of the control thread.
    pub control_socket: PathBuf,
    /// Who may do what at it.
    pub control_roles: ControlRoles,
    /// Which lines the log has.
    pub log_level: LogLevel,
    /// What was accepted and does nothing, in the order of the files.
    pub inactive: Vec<Inactive>,
}

/// A file that a configuration was made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Where it stands: an absolute path, unless the working directory is gone.
    pub path: PathBuf,
    /// What it is.
    pub kind: FileKind,
    /// All of it, as it was read.
    pub text: Arc<str>,
}

/// What a file of a configuration is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// The one that is named on the command line.
    Main,
    /// One of `conf.d`.
    Part,
    /// The dialect of a station, or one that it extends.
    Dialect,
}

impl FileKind {
    /// Its name for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Part => "conf.d",
            Self::Dialect => "dialect",
        }
    }
}

/// Where a station is and how its byte stream is cut. Either `listen` or `connect` is empty.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Addresses that we accept its connections on. Another station may have the same ones; its
    /// `peers` are disjoint then.
    pub listen: Vec<SocketAddr>,
    /// Who may connect; not empty when `listen` is not.
    pub peers: Vec<Network>,
    /// Where we connect to, one entry a link: an address stands `links` times.
    pub connect: Vec<SocketAddr>,
    /// How messages are cut from its byte stream; `framing.max` is `frame_max`.
    pub framing: Framing,
    /// `framing` as written in the file, for people.
    pub framing_name: String,
    /// The longest message, in bytes.
    pub frame_max: usize,
    /// How long a frame may take from its first byte to its last.
    pub frame_timeout: Duration,
    /// The most connections accepted from one address.
    pub links_per_peer: u32,
    /// The most bytes that wait for it to read, a link.
    pub out_max: usize,
}

impl Endpoint {
    /// Whether who has this address may connect.
    pub fn admits(&self, peer: IpAddr) -> bool {
        self.peers.iter().any(|network| network.contains(peer))
    }
}

/// A key that was accepted and does nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inactive {
    /// Its path, as `journal.segment`.
    pub key: String,
    /// Where it stands.
    pub place: Place,
    /// Why: `not active yet`, or what would have to be different.
    pub why: &'static str,
}

/// Everything that is wrong with a configuration, in the order of the files. Displays one line a
/// mistake: `file:line:column: key: what is wrong; what to do`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(Vec<ConfigError>);

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Where it is.
    pub place: Place,
    /// The key it is about, as `station.issuer-x.timeout`; empty when it is about a whole file.
    pub key: String,
    /// What is wrong, and what to do.
    pub message: String,
}

/// Reads a configuration file and `conf.d/*.toml` beside it.
///
/// # Errors
/// All mistakes found, not only the first. What can not be parsed as TOML hides the rest.
pub fn load(path: &Path, mode: Mode) -> Result<Configuration, ConfigErrors> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    load_on(path, mode, cores)
}

/// [`load`] on a machine with this many cores.
fn load_on(path: &Path, mode: Mode, cores: usize) -> Result<Configuration, ConfigErrors> {
    let mut report = Report::default();
    let (root, mut sources) = document::read(path, &mut report);
    let configuration = if report.unreadable {
        None
    } else {
        rules::configuration(&root, mode, cores, &mut report)
    };
    match configuration {
        Some(mut configuration) if report.errors.is_empty() => {
            report.inactive.sort_by(|a, b| a.place.cmp(&b.place));
            configuration.inactive = report.inactive;
            configuration.files = sources.iter().map(|source| source.path.clone()).collect();
            sources.append(&mut configuration.sources);
            for source in &mut sources {
                if let Ok(absolute) = std::path::absolute(&source.path) {
                    source.path = absolute;
                }
            }
            configuration.sources = sources;
            Ok(configuration)
        }
        Some(_) | None => {
            report.errors.sort_by(|a, b| a.place.cmp(&b.place));
            Err(ConfigErrors(report.errors))
        }
    }
}

/// What was found on the way.
#[derive(Debug, Default)]
struct Report {
    errors: Vec<ConfigError>,
    inactive: Vec<Inactive>,
    /// Something could not be read or parsed: what it would have said is unknown, so nothing that
    /// depends on it is worth saying.
    unreadable: bool,
}

impl Report {
    fn fail(&mut self, place: &Place, key: impl Into<String>, message: impl Into<String>) {
        let (key, message) = (key.into(), message.into());
        self.errors.push(ConfigError { place: place.clone(), key, message });
    }

    fn inactive(&mut self, place: &Place, key: impl Into<String>, why: &'static str) {
        self.inactive.push(Inactive { key: key.into(), place: place.clone(), why });
    }
}

impl ConfigErrors {
    /// The mistakes; at least one.
    pub fn as_slice(&self) -> &[ConfigError] {
        &self.0
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            let end = if index == 0 { "" } else { "\n" };
            write!(f, "{end}{error}")?;
        }
        Ok(())
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, key, message } = self;
        if key.is_empty() {
            write!(f, "{place}: {message}")
        } else {
            write!(f, "{place}: {key}: {message}")
        }
    }
}

impl std::error::Error for ConfigErrors {}

impl std::error::Error for ConfigError {}

impl fmt::Display for Inactive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.why)
    }
}

#[cfg(test)]
mod tests;
