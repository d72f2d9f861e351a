//! What happened in a world of two sites, as a text that one can follow. Must not know what it means.

use std::fmt::Write as _;

use super::agenda::At;
use super::line::Site;

/// The names of the sites. That of the lesser name connects.
pub(crate) const NAMES: [&str; 2] = ["osaka", "tokyo"];

/// The text, if anybody wants to read it.
#[derive(Debug, Default)]
pub(crate) struct Tale {
    pub(crate) told: bool,
    pub(crate) text: String,
}

impl Tale {
    /// Something happened at a site.
    pub(crate) fn at(&mut self, at: At, site: Site, what: impl FnOnce() -> String) {
        self.line(at, NAMES[site.0], what);
    }

    /// Something happened elsewhere.
    pub(crate) fn says(&mut self, at: At, what: impl FnOnce() -> String) {
        self.line(at, "", what);
    }

    fn line(&mut self, at: At, who: &str, what: impl FnOnce() -> String) {
        if self.told {
            writeln!(self.text, "{} {who:<7} {}", at.shown(), what()).unwrap();
        }
    }
}
