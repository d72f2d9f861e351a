//! The requests that are open, by trace number. Must not know messages or sockets.

use super::sale::Particulars;

/// DE 11 runs from 1 to here.
const STANS: u64 = 999_999;

/// The most requests open at once: half of the largest table that trace numbers can address.
pub(super) const OPEN_MAX: usize = 262_144;

/// The smallest table: so many requests back it still knows what became of one.
const PLACES_MIN: usize = 1024;

/// A table of open requests, found by the low bits of their trace number in constant time. Trace
/// numbers are given in sequence; those whose place is taken by an older request are passed over.
pub(super) struct Book {
    entries: Box<[Entry]>,
    /// Sequence of the next request.
    next: u64,
    /// No request before this one is open.
    oldest: u64,
    open: usize,
    open_max: usize,
    /// An answer may come over another connection than its request went: that one was lost.
    is_of_station: bool,
}

/// A request, and what became of it.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    pub(super) particulars: Particulars,
    /// When it should have been sent.
    pub(super) intended: u64,
    /// When it was.
    pub(super) sent: u64,
    pub(super) connection: usize,
    /// How often it was asked again by time.
    asked_again: u32,
    /// How many answers may come beside the first one: it was asked so often once more where the first
    /// one went, and that may be answered too.
    more: u32,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Free,
    Open,
    Answered,
    GivenUp,
}

/// What a trace number in an answer stands for.
pub(super) enum Found {
    /// An open request, now closed.
    Open(Entry),
    /// One that has been answered before, and was asked more than once.
    More(Entry),
    /// One that has been answered before.
    Answered,
    /// One that was given up, or whose connection was lost.
    GivenUp,
    /// None of ours.
    Nothing,
}

impl Book {
    /// Room for `open_max` requests, at most [`OPEN_MAX`].
    pub(super) fn new(open_max: usize) -> Self {
        let open_max = open_max.clamp(1, OPEN_MAX);
        let free = Entry {
            particulars: Particulars { sequence: 0, stan: 0, second: 0 },
            intended: 0,
            sent: 0,
            connection: 0,
            asked_again: 0,
            more: 0,
            state: State::Free,
        };
        let places = (open_max * 2).next_power_of_two().max(PLACES_MIN);
        let entries = vec![free; places].into_boxed_slice();
        Self { entries, next: 0, oldest: 0, open: 0, open_max, is_of_station: false }
    }

    /// The same of who asks again when a connection is lost: a switch answers a station, over any connection
    /// of it, when the one of the request is lost.
    pub(super) fn of_station(self) -> Self {
        Self { is_of_station: true, ..self }
    }

    pub(super) fn open(&self) -> usize {
        self.open
    }

    pub(super) fn is_full(&self) -> bool {
        self.open == self.open_max
    }

    /// Opens a request; `None` when there is no room.
    pub(super) fn begin(
        &mut self,
        second: u64,
        intended: u64,
        sent: u64,
        connection: usize,
    ) -> Option<Particulars> {
        if self.is_full() {
            return None;
        }
        // At most half of the places are taken, so this ends.
        while self.entries[self.place(stan(self.next))].state == State::Open {
            self.next += 1;
        }
        let particulars = Particulars { sequence: self.next, stan: stan(self.next), second };
        let place = self.place(particulars.stan);
        let (asked_again, more, state) = (0, 0, State::Open);
        self.entries[place] =
            Entry { particulars, intended, sent, connection, asked_again, more, state };
        self.next += 1;
        self.open += 1;
        Some(particulars)
    }

    /// The last request was not sent after all.
    pub(super) fn withdraw(&mut self, particulars: &Particulars) {
        let place = self.place(particulars.stan);
        assert_eq!(self.entries[place].particulars, *particulars, "only the last one is withdrawn");
        self.entries[place].state = State::Free;
        self.next = particulars.sequence;
        self.open -= 1;
    }

    /// Whose answer has this trace number; closes the request.
    pub(super) fn answer(&mut self, stan: u32, connection: usize) -> Found {
        let place = self.place(stan);
        let entry = &mut self.entries[place];
        let may_come_here = self.is_of_station || entry.connection == connection;
        if entry.particulars.stan != stan || !may_come_here {
            return Found::Nothing;
        }
        match entry.state {
            State::Free => Found::Nothing,
            State::Answered if entry.more > 0 => {
                entry.more -= 1;
                Found::More(*entry)
            }
            State::Answered => Found::Answered,
            State::GivenUp => Found::GivenUp,
            State::Open => {
                entry.state = State::Answered;
                self.open -= 1;
                Found::Open(*entry)
            }
        }
    }

    /// Gives up the requests sent before `time`, oldest first; tells their connections.
    pub(super) fn give_up_before(&mut self, time: u64, mut tell: impl FnMut(usize)) {
        while self.oldest < self.next {
            let place = self.place(stan(self.oldest));
            let entry = &mut self.entries[place];
            if entry.state == State::Open && entry.particulars.sequence == self.oldest {
                if entry.sent >= time {
                    return;
                }
                entry.state = State::GivenUp;
                self.open -= 1;
                tell(entry.connection);
            }
            self.oldest += 1;
        }
    }

    /// Gives up the requests of a connection that is lost; how many.
    pub(super) fn give_up_all_of(&mut self, connection: usize) -> u64 {
        let mut count = 0;
        for entry in &mut self.entries {
            if entry.state == State::Open && entry.connection == connection {
                entry.state = State::GivenUp;
                self.open -= 1;
                count += 1;
            }
        }
        count
    }

    /// The requests that are open on a connection, in any order; they are as good as sent now. What was
    /// asked over the one that is lost may still be answered over another one of a station.
    pub(super) fn take_up(&mut self, connection: usize, now: u64) -> Vec<Particulars> {
        let is_of_station = self.is_of_station;
        let entries = self.entries.iter_mut();
        let open = entries.filter(|e| e.state == State::Open && e.connection == connection);
        let take = |entry: &mut Entry| {
            (entry.sent, entry.more) = (now, if is_of_station { entry.more + 1 } else { 0 });
            entry.particulars
        };
        open.map(take).collect()
    }

    /// The open requests sent before `time` whose connections are there: those to be asked again, as sent
    /// now, and those that have been `asked_max` times, which are given up.
    pub(super) fn overdue(
        &mut self,
        (time, now): (u64, u64),
        asked_max: u32,
        is_there: impl Fn(usize) -> bool,
    ) -> (Vec<Entry>, Vec<Entry>) {
        let (mut again, mut given_up) = (Vec::new(), Vec::new());
        for sequence in self.oldest..self.next {
            let place = self.place(stan(sequence));
            let entry = &mut self.entries[place];
            let is_open = entry.state == State::Open && entry.particulars.sequence == sequence;
            if !is_open || entry.sent >= time || !is_there(entry.connection) {
                continue;
            }
            if entry.asked_again < asked_max {
                (entry.sent, entry.asked_again) = (now, entry.asked_again + 1);
                entry.more += 1;
                again.push(*entry);
            } else {
                entry.state = State::GivenUp;
                self.open -= 1;
                given_up.push(*entry);
            }
        }
        (again, given_up)
    }

    fn place(&self, stan: u32) -> usize {
        usize::try_from(stan).expect("usize has 64 bits") & (self.entries.len() - 1)
    }
}

fn stan(sequence: u64) -> u32 {
    u32::try_from(1 + sequence % STANS).expect("six digits")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stan_of(book: &mut Book) -> u32 {
        book.begin(0, 0, 0, 0).unwrap().stan
    }

    #[test]
    fn trace_numbers_run_from_one_to_999999_and_round_again() {
        let mut book = Book::new(1);
        for expected in (1..=999_999).chain(1..=3) {
            assert_eq!(stan_of(&mut book), expected);
            assert!(matches!(book.answer(expected, 0), Found::Open(_)));
        }
    }

    #[test]
    fn a_request_that_stays_open_is_passed_over_by_the_trace_numbers_after_it() {
        let mut book = Book::new(4);
        assert_eq!(stan_of(&mut book), 1);
        for expected in (2..=1024).chain(1026..=2048).chain(2050..=2052) {
            assert_eq!(stan_of(&mut book), expected, "places are 1024");
            assert!(matches!(book.answer(expected, 0), Found::Open(_)));
        }
        assert!(matches!(book.answer(1, 0), Found::Open(_)));
    }

    #[test]
    fn the_book_takes_as_many_as_it_was_made_for() {
        let mut book = Book::new(3);
        for _ in 0..3 {
            stan_of(&mut book);
        }
        assert!(book.is_full() && book.begin(0, 0, 0, 0).is_none());
        assert!(matches!(book.answer(2, 0), Found::Open(_)));
        assert!(book.begin(0, 0, 0, 0).is_some());
    }

    #[test]
    fn a_second_answer_and_one_on_another_connection_are_told_apart() {
        let mut book = Book::new(2);
        let stan = stan_of(&mut book);
        assert!(matches!(book.answer(stan, 1), Found::Nothing));
        assert!(matches!(book.answer(stan, 0), Found::Open(_)));
        assert!(matches!(book.answer(stan, 0), Found::Answered));
        assert!(matches!(book.answer(stan + 1, 0), Found::Nothing));
    }

    #[test]
    fn the_oldest_are_given_up_first_and_their_late_answers_are_known() {
        let mut book = Book::new(4);
        for (sent, connection) in [(10, 0), (20, 1), (30, 2)] {
            book.begin(0, sent, sent, connection).unwrap();
        }
        assert!(matches!(book.answer(1, 0), Found::Open(_)));
        let mut told = Vec::new();
        book.give_up_before(30, |connection| told.push(connection));
        assert_eq!(told, [1]);
        assert_eq!(book.open(), 1);
        assert!(matches!(book.answer(2, 1), Found::GivenUp));
        assert!(matches!(book.answer(3, 2), Found::Open(_)));
    }

    #[test]
    fn of_a_station_an_answer_may_come_over_another_connection_and_once_for_each_time_it_was_asked()
    {
        let mut book = Book::new(4).of_station();
        let stan = stan_of(&mut book);
        assert_eq!(book.take_up(0, 1).len(), 1, "connection 0 is there again");
        assert!(matches!(book.answer(stan, 2), Found::Open(entry) if entry.connection == 0));
        assert!(matches!(book.answer(stan, 0), Found::More(_)), "that to its repeat");
        assert!(matches!(book.answer(stan, 0), Found::Answered), "and no third one");
    }

    #[test]
    fn a_lost_connection_takes_its_own_requests_along_and_no_other() {
        let mut book = Book::new(4);
        for connection in [0, 1, 0] {
            book.begin(0, 0, 0, connection).unwrap();
        }
        assert_eq!(book.give_up_all_of(0), 2);
        assert_eq!(book.open(), 1);
        assert!(matches!(book.answer(2, 1), Found::Open(_)));
    }

    #[test]
    fn a_request_withdrawn_gives_its_trace_number_back() {
        let mut book = Book::new(4);
        stan_of(&mut book);
        let second = book.begin(0, 0, 0, 0).unwrap();
        book.withdraw(&second);
        assert_eq!(book.open(), 1);
        assert_eq!(stan_of(&mut book), second.stan);
    }
}
