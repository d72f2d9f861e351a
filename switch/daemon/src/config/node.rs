//! `[node]`, `[control]` and `[limits]`: what concerns this process and not a station.

use std::path::PathBuf;
use std::time::Duration;

use switch_core::plan::{Institution, Limits};

use super::later;
use super::roles::{ControlRoles, roles};
use super::section::{At, Section};

/// The longest path of a Unix socket (`sun_path` less its end).
const SOCKET_PATH_BYTES_MAX: usize = 107;

/// An hour: a worker that never sleeps, for who measures or has cores to spare.
const SPIN_US_MAX: u64 = 3_600_000_000;

/// Longer than any disk that works takes, and shorter than partners wait for an answer.
const SICK_AFTER: Duration = Duration::from_secs(2);

/// `[node]`.
pub(super) struct Node {
    pub(super) name: String,
    pub(super) institution: Institution,
    pub(super) institution_text: String,
    pub(super) state: PathBuf,
    pub(super) workers: u8,
    pub(super) spin: Duration,
    /// None where it is not said.
    pub(super) open_after: Option<Duration>,
    pub(super) sick_after: Duration,
}

/// Reads `[node]` for a machine with so many cores; none when something it needs is wrong.
pub(super) fn node(root: &mut Section<'_, '_>, cores: usize) -> Option<Node> {
    let Some(table) = root.table("node") else {
        if root.given("node").is_none() {
            root.missing("node", "a table [node] with name and institution");
        }
        return None;
    };
    let mut section = Section::new(table, "node", root.report);
    let name = name(&mut section, "name = \"tokyo\"");
    if section.given("institution").is_none() {
        section.missing("institution", "the switch's own code, institution = \"49000000001\"");
    }
    let text = section.text("institution", DIGITS);
    let own = text.and_then(|text| institution(&mut section, "institution", &text));
    let state = section.text("state", "the path of a directory");
    if let Some(state) = state.as_ref().filter(|state| state.value.is_empty()) {
        section.fail("state", &state.place, "is empty; write \"/var/lib/sekisho\"");
    }
    let workers = section.number("workers", 0..=64).unwrap_or(0);
    let spin_default = if cores < 4 { 0 } else { 50 };
    let spin = section.number("spin_us", 0..=SPIN_US_MAX).unwrap_or(spin_default);
    let open_after = section.duration("open_after", Duration::ZERO..=Duration::from_mins(1));
    let sick_after = Duration::from_secs(1)..=Duration::from_mins(1);
    let sick_after = section.duration("sick_after", sick_after).unwrap_or(SICK_AFTER);
    section.finish();
    let (institution, institution_text) = own?;
    Some(Node {
        name: name?.value.into(),
        institution,
        institution_text,
        state: state.map_or("/var/lib/sekisho", |state| state.value).into(),
        workers: if workers == 0 { one_per_core(cores) } else { workers.try_into().ok()? },
        spin: Duration::from_micros(spin),
        open_after,
        sick_after,
    })
}

/// One worker a core; from four cores up one core is left to the journal.
fn one_per_core(cores: usize) -> u8 {
    let workers = if cores < 4 { cores } else { cores - 1 };
    u8::try_from(workers.clamp(1, 64)).expect("64 fits")
}

/// What an institution's code must be, for messages.
pub(super) const DIGITS: &str = "a code of 1 to 11 digits";

/// The `name` of a node or a station: what logs, metrics and commands call it.
pub(super) fn name<'t>(section: &mut Section<'t, '_>, example: &str) -> Option<At<&'t str>> {
    if section.given("name").is_none() {
        section.missing("name", example);
    }
    let name = section.text("name", "a name")?;
    let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=32).contains(&name.value.len()) && name.value.bytes().all(letters) {
        return Some(name);
    }
    let message = format!("\"{}\" is no name; use 1 to 32 of a-z, 0-9 and -", name.value);
    section.fail("name", &name.place, message);
    None
}

/// An institution's code, as the core has it and as text.
pub(super) fn institution(
    section: &mut Section<'_, '_>,
    key: &str,
    text: &At<&str>,
) -> Option<(Institution, String)> {
    let code = Institution::parse(text.value);
    if code.is_none() {
        let message = format!("\"{}\" is not {DIGITS}; write its digits alone", text.value);
        section.fail(key, &text.place, message);
    }
    code.map(|code| (code, text.value.to_owned()))
}

/// `[control]`: the path of the socket, and who may do what at it.
pub(super) fn control(root: &mut Section<'_, '_>) -> (PathBuf, ControlRoles) {
    let default = "/run/sekisho/control.sock";
    let Some(table) = root.table("control") else {
        return (default.into(), ControlRoles::default());
    };
    let mut section = Section::new(table, "control", root.report);
    let socket = section.text("socket", "the path of a Unix socket");
    if let Some(socket) = &socket {
        let bytes = socket.value.len();
        if !(1..=SOCKET_PATH_BYTES_MAX).contains(&bytes) {
            let message = format!(
                "has {bytes} bytes; the path of a Unix socket has 1 to {SOCKET_PATH_BYTES_MAX}"
            );
            section.fail("socket", &socket.place, message);
        }
    }
    later::http(&mut section);
    let roles = roles(&mut section);
    section.finish();
    (socket.map_or(default, |socket| socket.value).into(), roles)
}

/// `[limits]`: the core's bounds, and how long a drain may take.
pub(super) fn limits(root: &mut Section<'_, '_>) -> (Limits, Duration) {
    let (mut limits, mut drain) = (Limits::default(), Duration::from_secs(15));
    let Some(table) = root.table("limits") else { return (limits, drain) };
    let mut section = Section::new(table, "limits", root.report);
    let seconds = |from, to| Duration::from_secs(from)..=Duration::from_secs(to);
    section.count("pending_max", 1_024..=4_194_304, &mut limits.pending_max);
    section.count("large_max", 1..=1_048_576, &mut limits.large_max);
    section.count("duplicates_max", 1_024..=16_777_216, &mut limits.duplicates_max);
    if let Some(answers) = section.size("answers_bytes", 1 << 20..=1 << 30) {
        limits.answers_bytes = u32::try_from(answers).expect("at most a gibibyte");
    }
    section.count("parked_max", 1..=65_536, &mut limits.parked_max);
    held_max(&mut section, &mut limits);
    section.count("saf_max", 1_024..=2_097_152, &mut limits.saf_max);
    if let Some(quarantine) = section.duration("quarantine", seconds(1, 600)) {
        limits.quarantine = quarantine;
    }
    let milliseconds = Duration::from_millis(1)..=Duration::from_mins(1);
    if let Some(ask_timeout) = section.duration("ask_timeout", milliseconds) {
        limits.ask_timeout = ask_timeout;
    }
    if let Some(wanted) = section.duration("drain", seconds(0, 600)) {
        drain = wanted;
    }
    section.finish();
    (limits, drain)
}

/// Held repeats lie in the places of parked decisions, and must leave some to those.
fn held_max(section: &mut Section<'_, '_>, limits: &mut Limits) {
    limits.held_max = limits.held_max.min(limits.parked_max / 2);
    section.count("held_max", 0..=65_536, &mut limits.held_max);
    let given = section.given("held_max").filter(|_| limits.held_max >= limits.parked_max);
    if let Some(given) = given {
        let (held, parked) = (limits.held_max, limits.parked_max);
        let message = format!(
            "{held} leaves no place to decisions: held repeats and these share the places of \
             parked_max, {parked}; lower it, or raise that"
        );
        section.fail("held_max", &given.place, message);
    }
}

impl Section<'_, '_> {
    /// A whole number within bounds that replaces a default.
    pub(super) fn count(
        &mut self,
        key: &'static str,
        within: std::ops::RangeInclusive<u32>,
        into: &mut u32,
    ) {
        let within = u64::from(*within.start())..=u64::from(*within.end());
        if let Some(number) = self.number(key, within) {
            *into = u32::try_from(number).expect("it is within 32 bits");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_core_is_left_to_the_journal_from_four_up() {
        let workers = [0, 1, 2, 3, 4, 5, 64, 65, 1_000].map(one_per_core);
        assert_eq!(workers, [1, 1, 2, 3, 3, 4, 63, 64, 64]);
    }
}
