//! The lines of one thread that somebody outside can cause at will: a few a second of each kind, and how many
//! were left out. Must not know what they say.

use tracing::warn;

use super::rate::{Rate, Said};
use crate::clocks;

/// Lines of one kind in a second.
const EACH_SECOND: u32 = 2;
/// Kinds that one thread has at most.
const KINDS_MAX: usize = 16;

/// Whoever has such lines.
#[derive(Debug)]
pub(crate) struct Sparing(Rate<&'static str>);

impl Default for Sparing {
    fn default() -> Self {
        Self(Rate::new(EACH_SECOND, KINDS_MAX))
    }
}

impl Sparing {
    /// Whether a line of this kind is to be said; else it is counted.
    pub(crate) fn says(&mut self, kind: &'static str) -> bool {
        self.sums_up();
        self.0.handle_line(&kind, clocks::boot()) == Said::Say
    }

    /// Says how many were left out, when their second is over. To be called once in a while.
    pub(crate) fn sums_up(&mut self) {
        while let Some((kind, more)) = self.0.poll_summary(clocks::boot()) {
            warn!(kind = kind.unwrap_or("other"), more, "and more lines of this kind");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_one_kind_is_two_lines_a_second_and_takes_nothing_from_others() {
        let begun = clocks::boot();
        let mut sparing = Sparing::default();
        let said = (0..10_000).filter(|_| sparing.says("a line to the peer ends")).count();
        // So many seconds were begun.
        let seconds = usize::try_from(clocks::boot().since(begun).as_secs()).unwrap() + 1;
        assert!((2..=2 * seconds).contains(&said), "{said} in {seconds} s");
        assert!(sparing.says("a line to the peer"), "another kind is said");
    }
}
