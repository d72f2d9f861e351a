//! When the certificates of the line run out, and what is said of that ahead. Must not know what they are used for.

use std::time::Duration;

use switch_core::time::Time;
use tracing::warn;

use super::session::Trust;
use super::shown::LineShown;
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
        let ours = Trust::read(configuration, utc).map(|trust| trust.until());
        self.ours = ours.as_ref().ok().copied().flatten();
        let said = words((ours, theirs), utc);
        if said != self.said
            && let Some(said) = &said
        {
            warn!("{said}");
        }
        self.said = said;
        true
    }

    /// Shows what was seen at the last look.
    pub(super) fn show(&self, line: &mut LineShown) {
        line.ours_until = self.ours;
        line.expiring.clone_from(&self.said);
    }
}

/// `ours`: what is wrong with our files, or when our certificate runs out.
fn words((ours, theirs): (Result<Option<u64>, String>, Option<u64>), utc: u64) -> Option<String> {
    let told = |until: Option<u64>| until.and_then(|until| told_ahead(until, utc));
    let ours = match ours {
        Ok(until) => told(until).map(|told| format!("this node's: {told}")),
        Err(why) => {
            let why = why.trim_end().replace('\n', "; ");
            Some(format!("the next line to the peer can not be opened by these files: {why}"))
        }
    };
    let theirs = told(theirs).map(|told| format!("the peer's: {told}"));
    let words: Vec<String> = ours.into_iter().chain(theirs).collect();
    (!words.is_empty()).then(|| words.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_certificate_runs_out_soon_is_said_and_of_others_nothing() {
        let day = 86_400;
        let (now, far) = (1_000 * day, 2_000 * day);
        assert_eq!(words((Ok(Some(far)), None), now), None);
        let ours = words((Ok(Some(now + 6 * day)), Some(far)), now).unwrap();
        assert_eq!(
            ours,
            "this node's: the certificate runs out within 7 days; put a new one in its place"
        );
        let both = words((Ok(Some(now - 1)), Some(now + day)), now).unwrap();
        assert!(both.contains("this node's: the certificate has run out"), "{both}");
        assert!(both.contains("; the peer's: the certificate runs out within a day"), "{both}");
    }

    #[test]
    fn files_that_the_next_connection_can_not_use_are_told_before_it_is_needed() {
        let why = "sekisho.toml:9:1: peer.key: is not the key of it\n".to_owned();
        let told = words((Err(why), None), 0).unwrap();
        assert_eq!(
            told,
            "the next line to the peer can not be opened by these files: sekisho.toml:9:1: peer.key: is \
             not the key of it"
        );
    }
}
