//! `[witness]`: where the record lies that says who of two nodes is primary, and who we are there. Opens no
//! connection and reads no file; knows no request and no lease.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use super::Mode;
use super::journal::{KeySource, SOURCE, source};
use super::section::{At, Section};
use super::units::show_duration;

/// The most members of the store that the record lies in.
const ENDPOINTS_MAX: usize = 9;
/// The longest prefix of keys, and the longest name of a user.
const NAME_BYTES_MAX: usize = 128;
/// To say who we are takes etcd a tenth of a second, as it makes passwords costly; a question follows it.
const TIMEOUT_OF_USERS_MIN: Duration = Duration::from_millis(250);
/// What a primary alone has left behind a question in vain, for another one: less, and one lost answer stops it.
const LEASE_LEFT: Duration = Duration::from_secs(2);

/// `[witness]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The members of etcd, tried in turn; 1 to 9.
    pub endpoints: Vec<WitnessEndpoint>,
    /// What our keys begin with, without a slash at the end.
    pub prefix: String,
    /// Who we are to etcd; none: it asks nobody.
    pub user: Option<WitnessUser>,
    /// Who must have signed the certificates of the endpoints; none where none is encrypted.
    pub authority: Option<KeySource>,
    /// Our certificate and its private key, where etcd asks for one.
    pub ours: Option<(KeySource, KeySource)>,
    /// How long one endpoint may take to answer one question.
    pub timeout: Duration,
    /// A primary that goes on alone reads the record at least so often, or stops.
    pub solo_lease: Duration,
}

impl Witness {
    /// Every file that it names.
    pub fn files(&self) -> Vec<&KeySource> {
        let ours = self.ours.iter().flat_map(|(certificate, key)| [certificate, key]);
        let password = self.user.iter().map(|user| &user.password);
        self.authority.iter().chain(ours).chain(password).collect()
    }
}

/// A member of etcd. Displays as its URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WitnessEndpoint {
    /// Where its clients come.
    pub address: SocketAddr,
    /// Whether by TLS.
    pub encrypted: bool,
}

/// A user of etcd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessUser {
    /// Its name.
    pub name: String,
    /// Where its password stands.
    pub password: KeySource,
}

impl fmt::Display for WitnessEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.encrypted { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.address)
    }
}

/// Reads `[witness]`; none when there is none, or something that it needs is wrong.
pub(super) fn witness(root: &mut Section<'_, '_>, mode: Mode) -> Option<Witness> {
    let table = root.table("witness")?;
    if root.given("peer").is_none() {
        let message = "says who of two nodes is primary, and without a table [peer] there is one; add \
                       it, or remove this";
        root.fail("witness", &table.place, message);
    }
    let mut section = Section::new(table, "witness", root.report);
    let endpoints = endpoints(&mut section, mode);
    let prefix = prefix(&mut section);
    let user = user(&mut section);
    let encrypted = endpoints.iter().any(|endpoint| endpoint.encrypted);
    let (authority, ours) = certificates(&mut section, encrypted);
    let timeout = Duration::from_millis(100)..=Duration::from_secs(2);
    let timeout = section.duration("timeout", timeout).unwrap_or(Duration::from_millis(500));
    let lease = section.duration("solo_lease", Duration::from_secs(3)..=Duration::from_mins(5));
    let solo_lease = lease.unwrap_or(Duration::from_secs(10));
    check_times(&mut section, (timeout, solo_lease), user.is_some());
    section.finish();
    Some(Witness { endpoints, prefix, user, authority, ours, timeout, solo_lease })
}

/// What the two times need of each other, and of a password.
fn check_times(
    section: &mut Section<'_, '_>,
    (timeout, lease): (Duration, Duration),
    has_user: bool,
) {
    let given = section.given("timeout").map(|node| node.place.clone());
    if let Some(place) = given.as_ref().filter(|_| has_user && timeout < TIMEOUT_OF_USERS_MIN) {
        let [is, least] = [timeout, TIMEOUT_OF_USERS_MIN].map(show_duration);
        let message = format!(
            "\"{is}\" is too short for a user, whose password etcd takes its time to check; write at \
             least \"{least}\""
        );
        section.fail("timeout", place, message);
    }
    // What it is where it is not given is enough for any timeout.
    let least = timeout * 2 + LEASE_LEFT;
    let given = section.given("solo_lease").map(|node| node.place.clone());
    if let Some(place) = given.filter(|_| lease < least) {
        let [is, least, timeout] = [lease, least, timeout].map(show_duration);
        let message = format!(
            "\"{is}\" is too short for timeout \"{timeout}\": a question may take twice that, and a second \
             one must be possible; write at least \"{least}\""
        );
        section.fail("solo_lease", &place, message);
    }
}

/// Who signed theirs, and ours with its key.
fn certificates(
    section: &mut Section<'_, '_>,
    encrypted: bool,
) -> (Option<KeySource>, Option<(KeySource, KeySource)>) {
    let keys = [
        ("authority", "witness.authority"),
        ("certificate", "witness.certificate"),
        ("key", "witness.key"),
    ];
    let [authority, certificate, key] = keys.map(|(key, path)| {
        let text = section.text(key, SOURCE)?;
        source(section, path, &text, "file")
    });
    for (key, other) in [("certificate", "key"), ("key", "certificate")] {
        if section.given(key).is_none() && section.given(other).is_some() {
            let example = format!("{key} = \"credential:witness-{key}\": it goes with {other}");
            section.missing(key, &example);
        }
    }
    if encrypted && section.given("authority").is_none() {
        section.missing(
            "authority",
            "authority = \"credential:witness-authority\", which signed the certificates of the \
             endpoints",
        );
    }
    if !encrypted {
        let why = "no effect: no endpoint is encrypted";
        section.inactive(&["authority", "certificate", "key"], why);
    }
    (authority, certificate.zip(key))
}

/// A name that stands in keys of etcd, and in commands of those who give rights to them.
fn prefix(section: &mut Section<'_, '_>) -> String {
    let given = section.text("prefix", "what our keys in etcd begin with, like \"/sekisho\"");
    let Some(given) = given else { return "/sekisho".to_owned() };
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    let is_prefix = given.value.strip_prefix('/').is_some_and(|rest| {
        !rest.is_empty()
            && !rest.ends_with('/')
            && rest.len() < NAME_BYTES_MAX
            && rest.bytes().all(letter)
    });
    if !is_prefix {
        let message = format!(
            "\"{}\" is no prefix; write letters, digits and \"/._-\" behind a slash, and none at the \
             end, like \"/sekisho\"",
            given.value
        );
        section.fail("prefix", &given.place, message);
    }
    given.value.to_owned()
}

fn user(section: &mut Section<'_, '_>) -> Option<WitnessUser> {
    let name = section.text("user", "the name of a user of etcd");
    if let Some(name) = name.as_ref().filter(|name| {
        name.value.is_empty()
            || name.value.len() > NAME_BYTES_MAX
            || name.value.chars().any(char::is_control)
    }) {
        let message = format!(
            "is no name of a user; write 1 to {NAME_BYTES_MAX} characters, as etcd knows it"
        );
        section.fail("user", &name.place, message);
    }
    let password = section.text("password", SOURCE);
    let password = password.and_then(|text| source(section, "witness.password", &text, "file"));
    if section.given("user").is_some() && section.given("password").is_none() {
        let example = "password = \"credential:witness-password\" (a file): it goes with user";
        section.missing("password", example);
    }
    if section.given("password").is_some() && section.given("user").is_none() {
        section.missing("user", "user = \"sekisho\", whose password it is");
    }
    Some(WitnessUser { name: name?.value.to_owned(), password: password? })
}

/// Those that are right.
fn endpoints(section: &mut Section<'_, '_>, mode: Mode) -> Vec<WitnessEndpoint> {
    const EXAMPLE: &str = "\"https://10.3.0.1:2379\"";
    if section.given("endpoints").is_none() {
        section.missing("endpoints", &format!("the members of etcd, endpoints = [{EXAMPLE}]"));
    }
    let texts = section.texts("endpoints", &format!("addresses like {EXAMPLE}"));
    if let Some(node) = section.given("endpoints").filter(|_| texts.len() > ENDPOINTS_MAX) {
        let message = format!("{} endpoints; at most {ENDPOINTS_MAX}", texts.len());
        section.fail("endpoints", &node.place, message);
    }
    let mut seen: Vec<At<WitnessEndpoint>> = Vec::new();
    for text in texts {
        let (encrypted, rest) = match text.value.split_once("://") {
            Some(("https", rest)) => (true, rest),
            Some(("http", rest)) => (false, rest),
            Some(_) | None => (false, ""),
        };
        let address = rest.strip_suffix('/').unwrap_or(rest).parse::<SocketAddr>();
        let Some(address) = address.ok().filter(|address| address.port() != 0) else {
            let message = format!(
                "\"{}\" is no endpoint; write https://, an address (names are not looked up) and a \
                 port, like {EXAMPLE}",
                text.value
            );
            section.fail("endpoints", &text.place, message);
            continue;
        };
        let at_home = mode.insecure_demo && address.ip().to_canonical().is_loopback();
        if !encrypted && !at_home {
            let message = format!(
                "\"{}\" is not encrypted; write https://, or try it out with --insecure-demo on \
                 loopback",
                text.value
            );
            section.fail("endpoints", &text.place, message);
        }
        if let Some(first) = seen.iter().find(|at| at.value.address == address) {
            let message = format!("{address} stands twice, first at {}; remove one", first.place);
            section.fail("endpoints", &text.place, message);
        } else {
            let value = WitnessEndpoint { address, encrypted };
            seen.push(At { value, place: text.place });
        }
    }
    seen.into_iter().map(|at| at.value).collect()
}
