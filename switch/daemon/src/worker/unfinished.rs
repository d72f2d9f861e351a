//! Sockets that owe the rest of a frame, and until when. Knows times only: no socket, no framing.
//!
//! The time counts from the first byte of the frame, so that one byte now and then buys no more of
//! it. A read that leaves nothing unfinished costs one store.

use std::time::Duration;

use switch_core::time::Time;

/// Who owes the rest of a frame, by place of the socket.
#[derive(Debug)]
pub(super) struct Unfinished {
    until: Vec<Time>,
    /// Nobody is due before.
    wakes: Time,
    /// Events that the system told of since somebody was due, in turns of which each left others
    /// untold.
    told: usize,
}

impl Unfinished {
    pub(super) fn new(sockets_max: usize) -> Self {
        Self { until: vec![Time::NEVER; sockets_max], wakes: Time::NEVER, told: 0 }
    }

    /// Makes room for more, where it is more.
    pub(super) fn grow(&mut self, sockets_max: usize) {
        self.until.resize(sockets_max.max(self.until.len()), Time::NEVER);
    }

    /// A read ended with a whole frame, or before the first byte of one.
    #[inline]
    pub(super) fn on_whole(&mut self, place: usize) {
        self.until[place] = Time::NEVER;
    }

    /// A read ended within a frame; `begun` in this read or, as far as we know, in one before.
    pub(super) fn on_part(&mut self, place: usize, begun: bool, now: Time, timeout: Duration) {
        let until = &mut self.until[place];
        if begun || *until == Time::NEVER {
            *until = now + timeout;
            self.wakes = self.wakes.min(*until);
        }
    }

    /// Nobody is due before this time.
    pub(super) fn wakes(&self) -> Time {
        self.wakes
    }

    /// Whether those who are due have been read, after a turn with so many events of at most so
    /// many: nobody pays for a pause of ours with bytes that came in time. The system tells of
    /// sockets in the order in which they have something, so that when the turns are full for ever,
    /// all have been told of after as many events as there are sockets, and as many again for
    /// whoever else has events.
    pub(super) fn are_read(&mut self, now: Time, events: usize, events_max: usize) -> bool {
        if now < self.wakes {
            return false;
        }
        self.told += events;
        let read = events < events_max || self.told > 2 * self.until.len();
        if read {
            self.told = 0;
        }
        read
    }

    /// The places of all that are due, once. Looks at every socket, and only when one may be due.
    pub(super) fn take_due(&mut self, now: Time, mut tell: impl FnMut(usize)) {
        if now < self.wakes {
            return;
        }
        self.wakes = Time::NEVER;
        for (place, until) in self.until.iter_mut().enumerate() {
            if *until <= now {
                *until = Time::NEVER;
                tell(place);
            }
            self.wakes = self.wakes.min(*until);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIVE: Duration = Duration::from_secs(5);

    fn at(seconds: u64) -> Time {
        Time(seconds * 1_000_000_000)
    }

    fn due(unfinished: &mut Unfinished, seconds: u64) -> Vec<usize> {
        let mut due = Vec::new();
        unfinished.take_due(at(seconds), |place| due.push(place));
        due
    }

    #[test]
    fn a_frame_has_its_time_from_its_first_byte_however_its_others_come() {
        let mut unfinished = Unfinished::new(2);
        unfinished.on_part(1, true, at(100), FIVE);
        unfinished.on_part(1, false, at(104), FIVE);
        assert_eq!((unfinished.wakes(), due(&mut unfinished, 104)), (at(105), vec![]));
        assert_eq!(due(&mut unfinished, 105), [1]);
        assert_eq!((unfinished.wakes(), due(&mut unfinished, 200)), (Time::NEVER, vec![]));
    }

    #[test]
    fn the_next_frame_has_a_time_of_its_own() {
        let mut unfinished = Unfinished::new(1);
        unfinished.on_part(0, true, at(100), FIVE);
        // The rest of it came, and the beginning of another one with it.
        unfinished.on_part(0, true, at(104), FIVE);
        assert!(due(&mut unfinished, 105).is_empty());
        unfinished.on_whole(0);
        assert!(due(&mut unfinished, 109).is_empty());
        // After a whole one it does not matter that no other frame came with the part.
        unfinished.on_part(0, false, at(110), FIVE);
        assert_eq!((due(&mut unfinished, 114), due(&mut unfinished, 115)), (vec![], vec![0]));
    }

    #[test]
    fn who_is_due_is_closed_when_all_were_read_and_in_the_end_when_turns_are_full_for_ever() {
        let mut unfinished = Unfinished::new(10);
        unfinished.on_part(1, true, at(100), FIVE);
        let mut read = |seconds, events| unfinished.are_read(at(seconds), events, 8);
        assert!(!read(104, 0) && !read(104, 8), "nobody is due");
        assert!(!read(105, 8) && read(105, 7), "a turn with less than it could have");
        assert_eq!(
            [8, 8, 8, 8, 8, 8].map(|events| read(106, events)),
            [false, false, true, false, false, true]
        );
    }

    #[test]
    fn each_socket_is_due_at_its_own_time() {
        let mut unfinished = Unfinished::new(3);
        unfinished.on_part(0, true, at(100), FIVE * 2);
        unfinished.on_part(2, true, at(101), FIVE);
        assert_eq!((due(&mut unfinished, 106), unfinished.wakes()), (vec![2], at(110)));
        assert_eq!(due(&mut unfinished, 110), [0]);
    }
}
