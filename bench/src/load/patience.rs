//! Whether somebody is still there at the other end of each connection. Must not know messages or
//! sockets.
//!
//! A machine that stands still, or is cut off, says nothing: its connections stay open. So a connection on
//! which something was asked and nothing comes for so long is asked for an echo in between, and given up.
//! Echoes alone do not save one: a switch that can not commit may still answer them, so three
//! requests without an answer are enough. A connection that was just made has to answer an echo
//! before long: whoever stands still takes connections nevertheless.

/// Requests in a row without an answer that are too many, whatever else comes.
const UNANSWERED_MAX: usize = 3;

/// A new connection has so much less time to say anything.
const OF_NEW: u64 = 4;

/// How long each connection may be silent.
pub(super) struct Patience {
    silence: Option<u64>,
    links: Vec<Link>,
}

/// What to do about a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// Nothing.
    Well,
    /// An echo.
    Silent,
    /// Give it up.
    Gone,
}

#[derive(Clone, Copy, Default)]
struct Link {
    is_open: bool,
    /// Something has come since it was opened.
    is_proven: bool,
    opened: u64,
    heard: u64,
    /// When an echo was asked for last.
    echo: u64,
    /// Requests since the last answer, and since when there is one.
    asked: usize,
    asked_since: u64,
}

impl Patience {
    /// Of so many connections; without `silence` (nanoseconds) for ever.
    pub(super) fn new(connections: usize, silence: Option<u64>) -> Self {
        Self { silence, links: vec![Link::default(); connections] }
    }

    pub(super) fn is_endless(&self) -> bool {
        self.silence.is_none()
    }

    /// It is there, and so many requests are asked on it.
    pub(super) fn on_open(&mut self, connection: usize, asked: usize, now: u64) {
        let (opened, heard, echo, asked_since) = (now, now, now, now);
        let (is_open, is_proven) = (true, false);
        self.links[connection] =
            Link { is_open, is_proven, opened, heard, echo, asked, asked_since };
    }

    pub(super) fn on_close(&mut self, connection: usize) {
        self.links[connection] = Link::default();
    }

    /// A request leaves.
    pub(super) fn on_asked(&mut self, connection: usize, now: u64) {
        let link = &mut self.links[connection];
        if link.asked == 0 {
            link.asked_since = now;
        }
        link.asked += 1;
    }

    /// Something has come.
    pub(super) fn on_heard(&mut self, connection: usize, now: u64) {
        let link = &mut self.links[connection];
        (link.heard, link.is_proven) = (now, true);
    }

    /// It was the answer to a request; so many are still without one.
    pub(super) fn on_answered(&mut self, connection: usize, left: usize, now: u64) {
        let link = &mut self.links[connection];
        (link.asked, link.asked_since) = (left, now);
    }

    /// What to do about a connection now; an echo is told of once in half the time.
    pub(super) fn look(&mut self, connection: usize, now: u64) -> Sign {
        let (Some(silence), link) = (self.silence, &mut self.links[connection]) else {
            return Sign::Well;
        };
        if !link.is_open {
            return Sign::Well;
        }
        if !link.is_proven {
            let is_late = now > link.opened + silence / OF_NEW;
            return if is_late { Sign::Gone } else { Sign::Well };
        }
        if link.asked == 0 {
            return Sign::Well;
        }
        let is_deaf = now > link.heard.max(link.asked_since) + silence;
        let is_idle = now > link.asked_since + silence;
        if is_deaf || (is_idle && link.asked >= UNANSWERED_MAX) {
            return Sign::Gone;
        }
        if now > link.heard.max(link.asked_since).max(link.echo) + silence / 2 {
            link.echo = now;
            return Sign::Silent;
        }
        Sign::Well
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One connection that is patient for 100, opened at 0 and heard of at 1.
    fn proven() -> Patience {
        let mut patience = Patience::new(1, Some(100));
        patience.on_open(0, 0, 0);
        patience.on_heard(0, 1);
        patience
    }

    #[test]
    fn a_connection_that_is_asked_and_silent_is_asked_for_an_echo_and_then_given_up() {
        let mut patience = proven();
        assert_eq!(patience.look(0, 5_000), Sign::Well, "nothing was asked");
        patience.on_asked(0, 5_000);
        assert_eq!(patience.look(0, 5_050), Sign::Well);
        assert_eq!(patience.look(0, 5_051), Sign::Silent);
        assert_eq!(patience.look(0, 5_060), Sign::Well, "once");
        assert_eq!(patience.look(0, 5_100), Sign::Well);
        assert_eq!(patience.look(0, 5_101), Sign::Gone);
    }

    #[test]
    fn whoever_answers_echoes_may_take_longer_for_two_requests_and_not_for_three() {
        let mut patience = proven();
        for (asked, sign) in [(1, Sign::Well), (2, Sign::Well), (3, Sign::Gone)] {
            patience.on_asked(0, 10);
            assert_eq!(patience.links[0].asked, asked);
            patience.on_heard(0, 100);
            assert_eq!(patience.look(0, 111), sign, "{asked}");
        }
        patience.on_answered(0, 2, 111);
        assert_eq!(patience.look(0, 150), Sign::Well);
    }

    #[test]
    fn a_new_connection_must_say_something_soon_whether_it_is_asked_or_not() {
        let mut patience = proven();
        patience.on_close(0);
        assert_eq!(patience.look(0, 500), Sign::Well, "it is not there");
        patience.on_open(0, 0, 500);
        assert_eq!(patience.look(0, 525), Sign::Well);
        assert_eq!(patience.look(0, 526), Sign::Gone);
        patience.on_heard(0, 526);
        assert_eq!(patience.look(0, 527), Sign::Well);
    }

    #[test]
    fn without_a_bound_nobody_is_given_up() {
        let mut patience = Patience::new(1, None);
        patience.on_open(0, 0, 0);
        patience.on_asked(0, 1);
        assert_eq!((patience.look(0, u64::MAX), patience.is_endless()), (Sign::Well, true));
    }
}
