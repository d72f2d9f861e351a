//! When the switch stood still: it read nothing meanwhile, and what lay in front of it was lost with its link.
//! Must not know why it did.

use switch_core::ids::LinkId;
use switch_core::time::Time;

use super::Outside;
use crate::seeds::stage::issuer_of;

/// What is known of these times.
#[derive(Debug, Default)]
pub(crate) struct Still {
    /// Each from and until.
    times: Vec<(Time, Time)>,
    /// Answers of issuers, by link and STAN, that lie in front of it.
    unread: Vec<(LinkId, String)>,
    /// How many records there were before the first one that was committed meanwhile: nothing of what
    /// those permit has left, and an answer stands before the reversal that was committed behind it.
    #[cfg(feature = "pair")]
    committed_behind: Option<usize>,
}

impl Still {
    /// Whether it did, and whether it does from now on.
    #[cfg(feature = "pair")]
    pub(super) fn is_told(&mut self, before: bool, still: bool, now: Time) {
        match (before, still) {
            (false, true) => self.times.push((now, now)),
            (true, false) => {
                if let Some((_, until)) = self.times.last_mut() {
                    *until = now;
                }
                self.unread.clear();
            }
            _ => {}
        }
    }

    /// Something is committed while it stands still; so many records there were before.
    #[cfg(feature = "pair")]
    pub(super) fn commits(&mut self, before: usize) {
        self.committed_behind.get_or_insert(before);
    }

    /// How many records there were before those whose answers leave now, as it goes on or is gone; none
    /// if nothing was committed meanwhile.
    #[cfg(feature = "pair")]
    pub(super) fn lets_go(&mut self) -> Option<usize> {
        self.committed_behind.take()
    }
}

impl Outside {
    /// When the switch read what was sent to it then: at once, or when it went on. What lay in a socket
    /// for so long it can not know.
    pub(super) fn was_read(&self, sent: Time) -> Time {
        let around = self.still.times.iter().find(|(from, until)| (*from..=*until).contains(&sent));
        around.map_or(sent, |(_, until)| *until)
    }

    /// An issuer answers an item, and the switch may stand still.
    pub(super) fn is_answered(&mut self, link: LinkId, stan: &str) {
        if self.world.is_still() {
            self.still.unread.push((link, stan.to_string()));
        }
    }

    /// A link is gone, and with it the answers that lie unread: they were never given.
    pub(super) fn unreads(&mut self, link: LinkId) {
        for (_, stan) in self.still.unread.extract_if(.., |(on, _)| *on == link) {
            self.issuers.was_not_heard(issuer_of(link), &stan);
        }
    }
}
