//! `[[route]]`: which cards go to which issuers. Looks at one route alone; overlaps are the core's
//! to find.

use switch_core::ids::StationId;
use switch_core::plan::Role;
use switch_core::routing::{ISSUERS_MAX, RouteSettings};

use super::Report;
use super::document::Table;
use super::nearest::suggestion;
use super::place::Place;
use super::section::{At, Section};
use super::station::Read;

/// A route, and where its cards stand.
pub(super) struct Route {
    pub(super) settings: RouteSettings,
    pub(super) pan_place: Place,
}

/// Reads one `[[route]]`, the `ordinal`-th, counting from 1.
pub(super) fn route(
    table: &Table,
    ordinal: usize,
    stations: &[Read],
    report: &mut Report,
) -> Option<Route> {
    let named = table.text("pan");
    let path = named.map_or(format!("route[{ordinal}]"), |pan| format!("route.{pan}"));
    let mut section = Section::new(table, path, report);
    let errors = section.report.errors.len();
    if section.given("pan").is_none() {
        section.missing("pan", "a prefix, pan = \"353011\", or a range, pan = \"353011-353099\"");
    }
    let pan = section.text("pan", "a prefix of card numbers");
    if let Some((pan, problem)) = pan.as_ref().and_then(|pan| Some((pan, no_prefix(pan.value)?))) {
        section.fail("pan", &pan.place, format!("\"{}\" {problem}", pan.value));
    }
    if section.given("to").is_none() {
        section.missing("to", "the issuers in order, to = [\"issuer-x\"]");
    }
    let issuers = section.texts("to", "issuers by their names");
    if let Some(node) = section.given("to").filter(|_| issuers.len() > ISSUERS_MAX) {
        let message = format!("names {} issuers; at most {ISSUERS_MAX}", issuers.len());
        section.fail("to", &node.place, message);
    }
    let mut to = Vec::new();
    for issuer in &issuers {
        if let Some(station) = named_issuer(&mut section, issuer, stations) {
            if to.contains(&station) {
                let message = format!("\"{}\" stands twice; remove one", issuer.value);
                section.fail("to", &issuer.place, message);
            }
            to.push(station);
        }
    }
    section.finish();
    let pan = pan.filter(|_| report.errors.len() == errors)?;
    Some(Route { settings: RouteSettings { pan: pan.value.into(), to }, pan_place: pan.place })
}

fn named_issuer(
    section: &mut Section<'_, '_>,
    issuer: &At<&str>,
    stations: &[Read],
) -> Option<StationId> {
    let named = |read: &&Read| read.name.as_deref() == Some(issuer.value);
    let issues = |read: &&Read| read.role.is_none_or(Role::issues);
    let message = match stations.iter().find(named) {
        Some(read) if issues(&read) => {
            let place = stations.iter().position(|read| named(&read))?;
            return u16::try_from(place).ok().map(StationId);
        }
        Some(_) => format!(
            "\"{}\" is an acquirer and answers nothing; name an issuer, or give it role = \"both\"",
            issuer.value
        ),
        None => {
            let issuers = stations.iter().filter(issues).filter_map(|read| read.name.as_deref());
            format!(
                "there is no station \"{}\"; {}",
                issuer.value,
                suggestion(issuer.value, issuers)
            )
        }
    };
    section.fail("to", &issuer.place, message);
    None
}

/// What is wrong with a prefix or range; none when it is one.
fn no_prefix(text: &str) -> Option<String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let digits = |text: &str| {
        (1..=19).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !digits(first) || !digits(last) {
        return Some(
            "is no prefix of card numbers; write 1 to 19 digits, \"353011\", or a range, \
             \"353011-353099\""
                .into(),
        );
    }
    if first.len() != last.len() {
        return Some(
            "has ends of different lengths; write both with the same number of digits".into(),
        );
    }
    (first > last).then(|| format!("ends before it begins; write \"{last}-{first}\""))
}
