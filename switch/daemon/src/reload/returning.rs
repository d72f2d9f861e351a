//! Stations that are new in the files and were there before: which of them only a start can take in. Must
//! not know how a station is taken in.

use crate::change::Change;
use crate::journaling::Register;

/// Why a station that older records name is not taken in while the node runs.
const OLDER: &str = "older records name it, and this start did not take up what they say of it; or give \
                     the new one another name";

/// Says of each change that brings a station back whether it needs a restart.
pub(super) fn hold(changes: &mut [Change], register: &Register) {
    for change in changes.iter_mut().filter(|change| change.from.is_none()) {
        let name = change.key.strip_prefix("station.");
        if name.is_some_and(|name| register.left_out(name)) {
            change.restart = Some(OLDER.to_owned());
        }
    }
}
