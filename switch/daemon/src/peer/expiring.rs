//! When the certificates of the line run out, and what is said of that ahead. Must not know what they are used for.

use std::time::Duration;

use switch_core::time::Time;
use tracing::warn;

use super::session::Trust;
use crate::clocks;
use crate::config::{Configuration, told_ahead};

/// Between two looks.
const EXPIRIES: Duration = Duration::from_hours(1);

/// What was said of them last, and when it is looked next.
#[derive(Debug, Default)]
pub(super) struct Expiring {
    said: Option<String>,
    ours: Option<u64>,
    at: Time,
}

impl Expiring {
    /// There is another certificate of the peer: the next look is at once.
    pub(super) fn look_anew(&mut self) {
        self.at = Time(0);
    }

    /// Looks at them, if it is time for that, and says when one runs out soon, once for each time that it is said
    /// anew. `theirs`: the second in which the peer's does. Whether it looked.
    pub(super) fn look(
        &mut self,
        now: Time,
        configuration: &Configuration,
        theirs: Option<u64>,
    ) -> bool {
        if now < self.at {
            return false;
        }
        self.at = now + EXPIRIES;
        let utc = clocks::utc();
        self.ours = Trust::read(configuration, utc).ok().and_then(|trust| trust.until());
        let said = words(self.ours, theirs, utc);
        if said != self.said
            && let Some(said) = &said
        {
            warn!("{said}");
        }
        self.said = said;
        true
    }

    /// The second in which ours runs out, as its file said at the last look.
    pub(super) fn ours(&self) -> Option<u64> {
        self.ours
    }
}

fn words(ours: Option<u64>, theirs: Option<u64>, utc: u64) -> Option<String> {
    let told = |until: Option<u64>| until.and_then(|until| told_ahead(until, utc));
    let words = [("this node's", told(ours)), ("the peer's", told(theirs))];
    let words: Vec<String> =
        words.into_iter().filter_map(|(whose, told)| Some(format!("{whose}: {}", told?))).collect();
    (!words.is_empty()).then(|| words.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_certificate_runs_out_soon_is_said_and_of_others_nothing() {
        let day = 86_400;
        let (now, far) = (1_000 * day, 2_000 * day);
        assert_eq!(words(Some(far), None, now), None);
        let ours = words(Some(now + 6 * day), Some(far), now).unwrap();
        assert_eq!(
            ours,
            "this node's: the certificate runs out within 7 days; put a new one in its place"
        );
        let both = words(Some(now - 1), Some(now + day), now).unwrap();
        assert!(both.contains("this node's: the certificate has run out"), "{both}");
        assert!(both.contains("; the peer's: the certificate runs out within a day"), "{both}");
    }
}
