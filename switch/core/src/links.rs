//! The links of this worker: which are open, ready, silent; when to connect, to echo, to give up.
//! Knows no socket and no transaction.

use alloc::collections::VecDeque;
use core::time::Duration;

use crate::gate::Then;
use crate::ids::{SlotId, Stan, StationId, WorkerId};
use crate::time::Time;

/// Echo tests in a row that may go unanswered before a link is opened anew.
pub const ECHOES_MISSED_MAX: u8 = 3;
/// Requests on one link of which we remember that its socket may not have taken a byte. Those
/// before them count as sent.
pub const UNSENT_MAX: usize = 16_384;

/// Where a link stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Not connected.
    Down,
    /// We asked for a connection.
    Connecting,
    /// Connected; our sign-on is not answered yet.
    Open,
    /// Messages may pass.
    Ready,
    /// We asked for it to be closed.
    Closing,
}

impl Phase {
    /// Whether bytes can be sent.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::Ready)
    }
}

/// A network management request of ours that waits for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its STAN.
    pub stan: Stan,
    /// Its function code (DE 24), three packed digits.
    pub function: u16,
    /// Until when the answer is awaited.
    pub until: Time,
}

/// A request handed to a link of which the socket may not have taken a byte yet.
#[derive(Clone, Copy, Debug)]
pub struct Unsent {
    /// Its first byte, counted from the opening of the link.
    pub start: u64,
    /// The byte behind its last.
    pub end: u64,
    /// The home of the transaction.
    pub home: WorkerId,
    /// The transaction there.
    pub slot: SlotId,
    /// Until when it may leave.
    pub until: Time,
}

/// An approval handed to a link that its socket has not taken whole. On a node with a peer, whatever else
/// is released there, too.
#[derive(Clone, Copy, Debug)]
pub struct Leaving {
    /// Its first byte, counted from the opening of the link.
    pub start: u64,
    /// The byte behind its last.
    pub end: u64,
    /// What follows then.
    pub then: Then,
    /// The item that it is a sending of, if it is.
    pub item: Option<(StationId, Stan)>,
    /// Until when it may leave.
    pub until: Time,
}

/// One link.
#[derive(Debug)]
pub struct Link {
    /// Whose it is.
    pub station: StationId,
    /// Where it stands.
    pub phase: Phase,
    /// How often it has been opened.
    pub generation: u32,
    /// Since when it is in this phase.
    pub since: Time,
    /// When something was last heard on it.
    pub heard: Time,
    /// What we asked on it.
    pub asked: Option<Asked>,
    /// What it was told of a promotion that is not answered yet.
    pub announced: Option<Asked>,
    /// Echo tests in a row without an answer.
    pub echo_missed: u8,
    /// Attempts to connect since the last success.
    pub attempts: u32,
    /// When to connect again.
    pub retry: Time,
    /// Until when its frames without a transaction have used up its budget.
    pub spent_until: Time,
    /// Requests of which the socket may not have taken a byte.
    pub unsent: VecDeque<Unsent>,
    /// Approvals that the socket has not taken whole, the oldest first.
    pub leaving: VecDeque<Leaving>,
}

impl Link {
    /// A link that was never open.
    pub fn of(station: StationId) -> Self {
        Self {
            station,
            phase: Phase::Down,
            generation: 0,
            since: Time(0),
            heard: Time(0),
            asked: None,
            announced: None,
            echo_missed: 0,
            attempts: 0,
            retry: Time::NEVER,
            spent_until: Time(0),
            unsent: VecDeque::new(),
            leaving: VecDeque::new(),
        }
    }

    /// When something has to be done about an open link whose station wants an echo after
    /// `silence`.
    pub fn wakes(&self, silence: Option<Duration>) -> Time {
        match (self.phase, self.asked) {
            (Phase::Down, _) => self.retry,
            // The system ends an attempt to connect, and we hear of it.
            (Phase::Connecting | Phase::Closing, _) => Time::NEVER,
            (Phase::Open | Phase::Ready, Some(asked)) => asked.until,
            (Phase::Open | Phase::Ready, None) => {
                silence.map_or(Time::NEVER, |silence| self.heard + silence)
            }
        }
    }
}

/// The pause before attempt number `attempts`: twice the last one, up to the longest, less up to a
/// quarter by `chance`, so that links that fell together do not come back together.
pub fn pause(attempts: u32, (shortest, longest): (Duration, Duration), chance: u64) -> Duration {
    let doubled = shortest.saturating_mul(1 << attempts.min(20));
    let bounded = doubled.min(longest.max(shortest));
    let nanos = u64::try_from(bounded.as_nanos()).unwrap_or(u64::MAX);
    bounded.saturating_sub(Duration::from_nanos(chance % (nanos / 4 + 1)))
}

/// The next of a sequence of numbers that look like chance: the same from the same start, so that
/// the simulator can repeat them.
pub fn chance(state: &mut u64) -> u64 {
    // splitmix64
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_differ_by_at_most_a_quarter() {
        let bounds = (Duration::from_millis(100), Duration::from_secs(10));
        let mut state = 7;
        for attempts in 0..40 {
            let longest = Duration::from_millis(100 << attempts.min(7)).min(bounds.1);
            for _ in 0..100 {
                let pause = pause(attempts, bounds, chance(&mut state));
                assert!(pause <= longest && pause >= longest * 3 / 4, "{attempts} {pause:?}");
            }
        }
    }

    #[test]
    fn chance_repeats_from_the_same_start() {
        let (mut a, mut b) = (42, 42);
        assert_eq!([(); 8].map(|()| chance(&mut a)), [(); 8].map(|()| chance(&mut b)));
        assert_ne!(chance(&mut a), chance(&mut a));
    }
}
