//! From where on a standby that is behind still has to be sent the log: so far archives are kept, however old
//! they are, so that it does not run after what is let go of. Must not know what is kept, nor who sends it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use journal::format::Position;
use switch_core::time::Time;

/// How long one that asks for nothing more is kept for: it begins anew in between, and its line may be cut.
const KEPT_FOR: Duration = Duration::from_mins(10);

/// What is held, and since when nothing of it was asked for.
#[derive(Debug, Default)]
pub(crate) struct Hold(Mutex<Option<(Position, Time)>>);

impl Hold {
    /// All behind this record is still to be read.
    pub(crate) fn from(&self, position: Position, now: Time) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((position, now));
    }

    /// The record behind which nothing is let go of, where otherwise that would be `position`.
    pub(crate) fn keeps(&self, position: Position, now: Time) -> Position {
        let held = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let held = held.filter(|(_, at)| now.since(*at) < KEPT_FOR);
        held.map_or(position, |(held, _)| held.min(position))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_kept_until_nobody_has_asked_for_ten_minutes() {
        let (hold, older) = (Hold::default(), Position(8));
        assert_eq!(hold.keeps(older, Time(5)), older);
        hold.from(Position(7), Time(5));
        assert_eq!(hold.keeps(older, Time(5)), Position(7));
        hold.from(Position(9), Time(6));
        assert_eq!(hold.keeps(older, Time(6)), older, "what a checkpoint needs stays anyway");
        hold.from(Position(3), Time(6));
        let late = Time(6) + KEPT_FOR;
        assert_eq!(hold.keeps(older, Time(late.0 - 1)), Position(3));
        assert_eq!(hold.keeps(older, late), older);
    }
}
