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

    /// The record behind which all is still to be read, if anybody does.
    pub(crate) fn behind(&self, now: Time) -> Option<Position> {
        let held = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.filter(|(_, at)| now.since(*at) < KEPT_FOR).map(|(position, _)| position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_kept_until_nobody_has_asked_for_ten_minutes() {
        let hold = Hold::default();
        assert_eq!(hold.behind(Time(5)), None);
        hold.from(Position(7), Time(5));
        assert_eq!(hold.behind(Time(5)), Some(Position(7)));
        hold.from(Position(9), Time(6));
        let late = Time(6) + KEPT_FOR;
        assert_eq!(hold.behind(Time(late.0 - 1)), Some(Position(9)));
        assert_eq!(hold.behind(late), None);
    }
}
