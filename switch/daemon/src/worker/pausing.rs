//! A worker that takes nothing new for a while, as its node hands over or hopes to. Links that bring
//! nothing but requests and advices are not read meanwhile: what is there stays in the sockets. Must not
//! know to whom it is handed over.

use journal::roles::event::DrainId;
use switch_core::ids::LinkId;
use switch_core::time::Now;

use super::{Event, Worker};

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Pause {
    /// It serves.
    #[default]
    None,
    /// It takes nothing new, and something is under way.
    Settling(DrainId),
    /// Nothing is under way, and that was told.
    Settled,
    /// It serves again, and has not read what waited yet.
    Over,
}

impl Pause {
    /// Whether a frame may be unfinished because nobody reads it.
    pub(super) fn leaves_unread(self) -> bool {
        self != Self::None
    }
}

impl Worker {
    /// Takes nothing new from here on.
    pub(super) fn pause(&mut self, id: DrainId) {
        self.core.handle_pause();
        self.pause = Pause::Settling(id);
        let plan = self.core.plan();
        let links = (0..).map(LinkId).zip(&plan.link_stations);
        for (link, &station) in links {
            let station = plan.station(station);
            // Answers of issuers are what is waited for.
            if station.worker == self.me
                && !station.settings.role.issues()
                && let Some(socket) = self.sockets.of(link)
            {
                self.net.hold(socket);
            }
        }
    }

    /// What is still under way ends.
    pub(super) fn cut_short(&mut self, now: Now) {
        if matches!(self.pause, Pause::Settling(_)) {
            self.core.handle_cut_short(now);
        }
    }

    /// Serves as before: what waits in the sockets is read in the next turn.
    pub(super) fn admit(&mut self) {
        self.core.handle_admit();
        self.net.release_all();
        self.pause = Pause::Over;
    }

    /// At the end of a turn: whether nothing is under way any more, and says so once.
    pub(super) fn look_whether_settled(&mut self) {
        match self.pause {
            Pause::Settling(id) if self.core.is_settled() && self.nothing_waits() => {
                self.pause = Pause::Settled;
                self.tell(Event::Settled(self.me, id));
            }
            Pause::Over if !self.net.has_more() => self.pause = Pause::None,
            Pause::None | Pause::Settling(_) | Pause::Settled | Pause::Over => {}
        }
    }

    /// Whether no byte waits in front of a socket.
    fn nothing_waits(&self) -> bool {
        self.net.out_waiting() == 0
    }
}
