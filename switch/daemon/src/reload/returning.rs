//! Stations that are new in the files and were there before: which of them only a start can take in. Must
//! not know how a station is taken in.

use std::collections::BTreeMap;

use crate::change::Change;
use crate::config::{self, Configuration};
use crate::journaling::Register;
use crate::running::Snapshot;

/// Why a station that older records name is not taken in while the node runs.
const OLDER: &str = "older records name it, and this start did not take up what they say of it; or give \
                     the new one another name";

/// Says of each change that brings a station back whether it needs a restart, and of those that were taken
/// out since the start what of them does.
pub(super) fn hold(
    changes: &mut Vec<Change>,
    register: &Register,
    now: &Snapshot,
    next: &Configuration,
) {
    for change in changes.iter_mut().filter(|change| change.from.is_none()) {
        let name = change.key.strip_prefix("station.");
        if name.is_some_and(|name| register.left_out(name)) {
            change.restart = Some(OLDER.to_owned());
        }
    }
    let gone = now.plan.stations.iter().zip(&*now.endpoints).zip(&now.places);
    let gone: BTreeMap<&str, _> = gone
        .filter(|(_, place)| place.is_none())
        .map(|((station, endpoint), _)| (&*station.settings.name, (&station.settings, endpoint)))
        .collect();
    let longest = now.configuration.settings.limits.parked_frame_max;
    for (settings, endpoint) in next.settings.stations.iter().zip(&next.endpoints) {
        if let Some(&was) = gone.get(&*settings.name) {
            changes.extend(config::needs_a_start(was, (settings, endpoint), longest));
        }
    }
}
