//! What goes wrong for a while, or is forgotten for good, when one configuration follows another: worth a
//! look before that happens. Refuses nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use switch_core::plan::Institution;

use super::Configuration;
use super::difference::{parties, routes};
use super::rows::{Party, institution};

/// Of each kind, so many lines are said.
const SAID_MAX: usize = 20;
/// Why a station should keep its name.
const KEEP: &str = "repeats and reversals of what was done under the old name are not known under the new \
                    one, and what is stored waits there; keep the name";

/// What to look at before `new` follows `old`, a line each.
pub fn cautions(old: &Configuration, new: &Configuration) -> Vec<String> {
    let mut cautions = bounded(unready(old, new), "routes like that");
    cautions.extend(bounded(renamed(old, new), "stations and institutions like that"));
    cautions
}

fn bounded(mut lines: Vec<String>, what: &str) -> Vec<String> {
    let more = lines.len().saturating_sub(SAID_MAX);
    lines.truncate(SAID_MAX);
    lines.extend((more > 0).then(|| format!("and {more} more {what}")));
    lines
}

/// Routes whose cards nobody can take for a while: all their issuers are new and have no link yet, and
/// before the cards led somewhere.
fn unready(old: &Configuration, new: &Configuration) -> Vec<String> {
    let known: BTreeSet<&str> = old.settings.stations.iter().map(|s| s.name.as_str()).collect();
    let before: BTreeSet<&str> = routes(old).into_iter().map(|(pan, _)| pan).collect();
    let led_somewhere = |pan: &str| {
        let wider = || (0..=pan.len()).filter_map(|digits| pan.get(..digits));
        let narrower = || before.range(pan..).next().is_some_and(|other| other.starts_with(pan));
        wider().any(|wider| before.contains(wider)) || narrower()
    };
    let routes = routes(new).into_iter();
    let unready = routes.filter_map(|(pan, issuers)| {
        let is_new = !new.names(issuers).any(|name| known.contains(name));
        let first = new.names(issuers).next().filter(|_| is_new && led_somewhere(pan))?;
        Some(format!(
            "route {pan}: its cards are declined (907) until {first} is connected, as it is new too; add \
             it first, and move the route when it is ready"
        ))
    });
    unready.collect()
}

/// What is another station from now on, by its institution or its addresses.
fn renamed(old: &Configuration, new: &Configuration) -> Vec<String> {
    let (before, after) = (parties(old), parties(new));
    let has = |all: &BTreeMap<&str, Party<'_>>, name: &str, code: &Institution| {
        all.get(name).is_some_and(|party| party.settings.institutions.contains(code))
    };
    let mut lines = Vec::new();
    for (&name, was) in &before {
        let mut told: BTreeSet<&str> = BTreeSet::new();
        for code in was.settings.institutions.iter().filter(|code| !has(&after, name, code)) {
            let shown = institution(code);
            let to =
                after.keys().find(|&&other| has(&after, other, code) && !has(&before, other, code));
            if let Some(&to) = to {
                told.insert(to);
                lines.push(format!("institution {shown} goes from {name} to {to}: {KEEP}"));
            } else if after.contains_key(name) && was.settings.role.acquires() {
                lines.push(format!(
                    "institution {shown} leaves {name}: all that it sends there is refused from now on, \
                     also repeats and reversals of what it did"
                ));
            }
        }
        if after.contains_key(name) {
            continue;
        }
        let places: BTreeSet<SocketAddr> = addresses(was).collect();
        let new = after.iter().filter(|(other, _)| !before.contains_key(*other));
        for (&to, is) in new.filter(|(to, _)| !told.contains(*to)) {
            if addresses(is).any(|address| places.contains(&address)) {
                lines.push(format!("station {to} is where {name} was: {KEEP}"));
            }
        }
    }
    lines
}

/// Where a station is; not where the system chooses the port.
fn addresses<'c>(party: &Party<'c>) -> impl Iterator<Item = SocketAddr> + use<'c> {
    let endpoint = party.endpoint;
    let all = endpoint.listen.iter().chain(&endpoint.connect).copied();
    all.filter(|address| address.port() != 0)
}
