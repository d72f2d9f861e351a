//! What follows from records, and that it does so whatever way they take. Knows no core.

use super::*;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString as _};
use alloc::vec;
use codec::Fields;
use proptest::prelude::*;

use crate::ids::RouteId;
use crate::records::{Delivery, Deltas, ItemState, Passed, TakesBack};
use crate::saf::NOT_DELIVERED;
use crate::time::Time;

const A: StationNumber = StationNumber(0);
const X: StationNumber = StationNumber(1);
const Y: StationNumber = StationNumber(4);
const UTC: u64 = 1_795_238_431;

fn limits(duplicates_max: u32, answers_bytes: u32) -> Limits {
    Limits { duplicates_max, answers_bytes, ..Limits::default() }
}

/// A state and what it is told, one record after the other.
struct Log {
    limits: Limits,
    state: State,
    records: Vec<Vec<u8>>,
}

impl Log {
    fn new(limits: Limits) -> Self {
        let mut log = Self { limits, state: State::new(&limits), records: Vec::new() };
        for (number, name) in [(A, "a"), (X, "x"), (Y, "y")] {
            log.says(&Record::Station { number, name, dialect: "iso93-ascii" });
        }
        log.says(&Record::Links { station: A, from: LinkNumber(0), count: 10 });
        log.says(&Record::Links { station: X, from: LinkNumber(10), count: 2 });
        log
    }

    fn ordinary() -> Self {
        Self::new(Limits::default())
    }

    fn tries(&mut self, record: &Record<'_>) -> Result<(), Contradiction> {
        let before = bytes(&self.state);
        let told = self.state.apply(Position(self.state.position().0 + 1), record);
        match told {
            Ok(()) => self.records.push(written(record)),
            Err(_) => assert_eq!(bytes(&self.state), before, "a contradiction changes nothing"),
        }
        told
    }

    #[track_caller]
    fn says(&mut self, record: &Record<'_>) {
        if let Err(why) = self.tries(record) {
            panic!("{why}: {record:?}");
        }
    }

    /// The same by the records of its first part, written down, and those of the rest.
    fn through_a_checkpoint(&self, cut: usize) -> State {
        let (first, rest) = self.records.split_at(cut.min(self.records.len()));
        let half = fold(State::new(&self.limits), first);
        fold(State::read(&self.limits, &bytes(&half)).unwrap(), rest)
    }
}

fn written(record: &Record<'_>) -> Vec<u8> {
    let mut out = vec![0; 70_000];
    let len = record.write(&mut out).unwrap();
    out.truncate(len);
    out
}

fn fold(mut state: State, records: &[Vec<u8>]) -> State {
    for record in records {
        let position = Position(state.position().0 + 1);
        state.apply(position, &Record::read(record).unwrap()).unwrap();
    }
    state
}

fn bytes(state: &State) -> Vec<u8> {
    let mut out = Vec::new();
    state.write(&mut out);
    out
}

fn decision(issuer: StationNumber, stan: u32, inputs: &[u8]) -> Record<'_> {
    Record::Decision {
        acquirer: A,
        link: LinkNumber(3),
        issuer,
        mti: Mti::of(0x1200),
        route: RouteId(0),
        stan: Stan(stan),
        sent_at: 0x0011_2105_2030,
        arrived: Time(5),
        utc: UTC,
        configuration: 1,
        key: u128::from(stan) << 64 | u128::from(issuer.0),
        check: u64::from(stan),
        reference: u64::from(stan) + 1,
        present: Fields::of(&[2, 11]),
        inputs,
    }
}

fn settlement(issuer: StationNumber, stan: u32, action: u16, answer: &[u8]) -> Record<'_> {
    let stan = Stan(stan);
    Record::Settlement { issuer, stan, action, at: Time(6), utc: UTC, answer }
}

fn expiry(issuer: StationNumber, stan: u32, utc: u64) -> Record<'static> {
    Record::Expiry { issuer, stan: Stan(stan), at: Time(7), utc }
}

fn closed(issuer: StationNumber, stan: u32) -> Record<'static> {
    Record::Closed { issuer, stan: Stan(stan), utc: UTC }
}

#[test]
fn a_transaction_is_open_from_its_decision_to_its_outcome() {
    let mut log = Log::ordinary();
    for stan in [5, 6, 7, 8, 9] {
        log.says(&decision(X, stan, b"inputs"));
    }
    log.says(&settlement(X, 5, 0x000, b"frame"));
    log.says(&expiry(X, 6, UTC));
    log.says(&Record::Unsent { issuer: X, stan: Stan(7), at: Time(7), utc: UTC });
    let undelivered =
        Record::Undelivered { issuer: X, stan: Stan(8), action: 0, at: Time(7), utc: UTC };
    log.says(&undelivered);
    let open = log.state.unfinished();
    assert_eq!(open.iter().map(|open| open.stan).collect::<Vec<_>>(), [Stan(9)]);
    assert_eq!((open[0].acquirer, open[0].inputs.as_slice()), (A, &b"inputs"[..]));
    log.says(&closed(X, 9));
    assert!(log.state.unfinished().is_empty());
    let known: Vec<_> = log.state.known().map(|(known, answer)| (known.outcome, answer)).collect();
    assert_eq!(
        known,
        [
            (Outcome::Answered(0x000), Some(&b"frame"[..])),
            (Outcome::Declined(0x911), None),
            (Outcome::Declined(0x907), None),
            (Outcome::Declined(0x909), None),
            (Outcome::Closed, None)
        ]
    );
    let resting: Vec<_> = log.state.resting().map(|resting| resting.stan).collect();
    assert_eq!(resting, [Stan(6), Stan(9)]);
    let station = |number| log.state.stations().find(|station| station.number == number).unwrap();
    let done =
        |requests, answers, approved, timeouts| Recorded { requests, answers, approved, timeouts };
    assert_eq!(station(A).recorded, done(5, 4, 1, 0));
    assert_eq!(station(X).recorded, done(5, 1, 1, 1));
    let counts = FOLLOWING.map(|counter| log.state.count_of(counter));
    assert_eq!(counts, [1, 1, 1, 1, 1]);
}

#[test]
fn a_stan_is_used_again_after_its_outcome_and_the_same_of_two_issuers_are_two() {
    let mut log = Log::ordinary();
    for round in 0..3 {
        for issuer in [X, Y] {
            log.says(&decision(issuer, 5, b""));
        }
        assert_eq!(log.state.unfinished().len(), 2, "round {round}");
        log.says(&settlement(Y, 5, 0x116, b""));
        log.says(&settlement(X, 5, 0x116, b""));
    }
}

#[test]
fn what_contradicts_is_told_with_its_facts() {
    let mut log = Log::ordinary();
    let position = |log: &Log| Position(log.state.position().0 + 1);
    log.says(&decision(X, 5, b""));
    let since = log.state.position();
    let at = position(&log);
    let stan = Stan(5);
    let in_use = Contradiction::StanInUse { position: at, issuer: X, stan, since };
    assert_eq!(log.tries(&decision(X, 5, b"")), Err(in_use));
    for out in [0, 999_000] {
        let stan = Stan(out);
        let wrong = Contradiction::StanOutOfRange { position: at, issuer: X, stan };
        assert_eq!(log.tries(&decision(X, out, b"")), Err(wrong));
    }
    let unknown = Contradiction::UnknownStation { position: at, station: StationNumber(2) };
    assert_eq!(log.tries(&decision(StationNumber(2), 6, b"")), Err(unknown));
    assert_eq!(log.tries(&expiry(StationNumber(2), 6, UTC)), Err(unknown));
    let kind = "settlement";
    let nothing = Contradiction::NothingOpen { position: at, kind, issuer: X, stan: Stan(6) };
    assert_eq!(log.tries(&settlement(X, 6, 0, b"")), Err(nothing));
    log.says(&expiry(X, 5, UTC));
    let (first, position) = (at, position(&log));
    let second = Contradiction::SecondOutcome { position, kind, issuer: X, stan, first };
    assert_eq!(log.tries(&settlement(X, 5, 0, b"")), Err(second));
    let twice = Contradiction::StationTwice { position, station: X };
    let station = Record::Station { number: X, name: "z", dialect: "iso93-ascii" };
    assert_eq!(log.tries(&station), Err(twice));
    let (from, next) = (LinkNumber(11), LinkNumber(12));
    let links = Contradiction::LinksTwice { position, from, next };
    assert_eq!(log.tries(&Record::Links { station: X, from, count: 1 }), Err(links));
    let beyond = LinkNumber(u32::MAX);
    let links = Contradiction::LinksTwice { position, from: beyond, next };
    assert_eq!(log.tries(&Record::Links { station: X, from: beyond, count: 1 }), Err(links));
    let (expected, found) = (position, Position(position.0 + 1));
    let gap = log.state.apply(found, &closed(X, 5));
    assert_eq!(gap, Err(Contradiction::Position { expected, found }));
    assert_eq!(gap.unwrap_err().to_string(), "record 9 came where record 8 was to come");
    assert_eq!(
        second.to_string(),
        "record 8 is a settlement of STAN 000005 of station 1, which ended with record 7"
    );
}

#[test]
fn a_decision_names_a_link_that_has_a_number() {
    let mut log = Log::ordinary();
    let mut record = decision(X, 5, b"");
    if let Record::Decision { link, .. } = &mut record {
        *link = LinkNumber(12);
    }
    let position = Position(6);
    let unknown = Contradiction::UnknownLink { position, link: LinkNumber(12) };
    assert_eq!(log.tries(&record), Err(unknown));
    log.says(&Record::Links { station: Y, from: LinkNumber(12), count: 1 });
    log.says(&record);
}

#[test]
fn a_station_that_speaks_another_dialect_keeps_its_number_and_its_answers_are_forgotten() {
    let mut log = Log::ordinary();
    for (issuer, stan) in [(X, 5), (Y, 6), (X, 7), (Y, 8)] {
        log.says(&decision(issuer, stan, b""));
        log.says(&settlement(issuer, stan, 0, b"frame"));
    }
    let same = Record::Station { number: X, name: "x", dialect: "iso93-ascii" };
    let other = Record::Station { number: X, name: "x", dialect: "iso93-binary" };
    let answers = |state: &State| -> Vec<bool> {
        state.known().map(|(_, answer)| answer == Some(&b"frame"[..])).collect()
    };
    log.says(&same);
    assert_eq!(answers(&log.state), [true; 4]);
    log.says(&other);
    assert_eq!(answers(&log.state), [false, true, false, true]);
    let station = log.state.stations().nth(1).unwrap();
    assert_eq!((station.number, station.dialect), (X, "iso93-binary"));
    log.says(&decision(X, 9, b""));
    log.says(&settlement(X, 9, 0, b"frame"));
    assert_eq!(answers(&log.state), [false, true, false, true, true]);
    for cut in 0..log.records.len() {
        assert_eq!(bytes(&log.through_a_checkpoint(cut)), bytes(&log.state), "at {cut}");
    }
}

#[test]
fn answers_are_forgotten_with_their_dialect_beside_those_that_are_forgotten_for_their_age() {
    let limits = Limits { duplicates_max: 5, answers_bytes: 12, ..Limits::default() };
    let mut log = Log::new(limits);
    let dialects = ["iso93-binary", "iso93-ascii"].into_iter().cycle();
    for (stan, dialect) in (1..30).zip(dialects) {
        let issuer = if stan % 3 == 0 { X } else { Y };
        log.says(&decision(issuer, stan, b""));
        log.says(&settlement(issuer, stan, 0, b"frame"));
        if stan % 4 == 0 {
            log.says(&Record::Station { number: X, name: "x", dialect });
        }
    }
    let answers: Vec<bool> = log.state.known().map(|(_, answer)| answer.is_some()).collect();
    assert_eq!(answers, [false, false, false, true, true]);
    for cut in 0..log.records.len() {
        assert_eq!(bytes(&log.through_a_checkpoint(cut)), bytes(&log.state), "at {cut}");
    }
}

#[test]
fn numbers_of_starts_configurations_stations_and_links_go_up() {
    let mut log = Log::ordinary();
    let start = |epoch| Record::Start { epoch, utc: UTC, build: "0.1.0" };
    let configuration = |number| Record::Configuration { number, digest: [7; 32], utc: UTC };
    log.says(&start(3));
    log.says(&configuration(1));
    let position = Position(8);
    let epoch = Contradiction::EpochTwice { position, epoch: 3, last: 3 };
    assert_eq!(log.tries(&start(3)), Err(epoch));
    let twice = Contradiction::ConfigurationTwice { position, number: 1, last: 1 };
    assert_eq!(log.tries(&configuration(1)), Err(twice));
    log.says(&start(4));
    log.says(&configuration(2));
    assert_eq!(log.state.start().unwrap().epoch, 4);
    assert_eq!(log.state.configuration().unwrap().number, 2);
    assert_eq!(log.state.next_station(), Some(StationNumber(5)));
    assert_eq!(log.state.next_link(), LinkNumber(12));
}

#[test]
fn a_station_stays_as_it_signed_on_or_off_last() {
    let mut log = Log::ordinary();
    let sign = |on| Record::SignOn { station: X, on, at: Time(0), utc: UTC };
    log.says(&sign(true));
    log.says(&sign(false));
    let states: Vec<_> = log.state.stations().map(|station| station.signed_on).collect();
    assert_eq!(states, [None, Some(false), None]);
}

#[test]
fn the_hash_key_is_given_once_and_survives_checkpoints_unseen() {
    let mut log = Log::ordinary();
    assert_eq!(log.state.hash_key(), None);
    let key = HashKey([0x5A; 16]);
    log.says(&Record::HashKey { key });
    assert_eq!(log.state.hash_key(), Some(key));
    assert_eq!(log.through_a_checkpoint(3).hash_key(), Some(key));
    assert!(!alloc::format!("{:?}", Record::HashKey { key }).contains("90"), "it is not shown");
    let position = Position(log.state.position().0 + 1);
    let twice = log.state.apply(position, &Record::HashKey { key });
    assert_eq!(twice, Err(Contradiction::HashKeyTwice { position }));
}

#[test]
fn counts_add_up_and_what_follows_from_records_is_not_counted_twice() {
    let mut log = Log::ordinary();
    let mut room = [0; 64];
    let numbers = [(Counter::Frames.number(), 7), (Counter::Answered.number(), 9), (5_000, 2)];
    let deltas = Deltas::write(numbers.into_iter(), &mut room).unwrap();
    log.says(&Record::Counts { deltas });
    log.says(&Record::Counts { deltas });
    assert_eq!(log.state.count_of(Counter::Frames), 14);
    assert_eq!(log.state.count_of(Counter::Answered), 0);
    // A later binary's counter is kept for it.
    assert_eq!(log.state.counts[5_000], 4);
    assert_eq!(log.through_a_checkpoint(3).counts[5_000], 4);
}

#[test]
fn the_oldest_outcomes_are_forgotten_at_the_bound_and_not_before() {
    let mut log = Log::new(limits(3, 10));
    let kept = |log: &Log| -> Vec<(u32, Option<Vec<u8>>)> {
        let of =
            |(known, answer): (&Known, Option<&[u8]>)| (known.stan.0, answer.map(<[u8]>::to_vec));
        log.state.known().map(of).collect()
    };
    let answer = |log: &mut Log, stan, frame| {
        log.says(&decision(X, stan, b""));
        log.says(&settlement(X, stan, 0, frame));
    };
    let some = |text: &[u8]| Some(text.to_vec());
    answer(&mut log, 1, b"aaaaa");
    answer(&mut log, 2, b"bbbbb");
    assert_eq!(kept(&log), [(1, some(b"aaaaa")), (2, some(b"bbbbb"))]);
    answer(&mut log, 3, b"c");
    assert_eq!(kept(&log), [(1, None), (2, some(b"bbbbb")), (3, some(b"c"))]);
    answer(&mut log, 4, b"d");
    assert_eq!(kept(&log), [(2, some(b"bbbbb")), (3, some(b"c")), (4, some(b"d"))]);
    answer(&mut log, 5, b"eeeeeeeeeee");
    assert_eq!(kept(&log), [(3, None), (4, None), (5, None)], "longer than all there is");
    answer(&mut log, 6, b"ffffffffff");
    assert_eq!(kept(&log), [(4, None), (5, None), (6, some(b"ffffffffff"))]);
}

#[test]
fn answers_that_are_forgotten_give_their_memory_back() {
    let mut log = Log::new(limits(10, 1_000));
    let frame = vec![7; 900];
    for stan in 1..10_000 {
        let position = Position(log.state.position().0 + 1);
        log.state.apply(position, &decision(X, stan, b"")).unwrap();
        let position = Position(position.0 + 1);
        log.state.apply(position, &settlement(X, stan, 0, &frame)).unwrap();
    }
    let (_, last) = log.state.known().last().unwrap();
    assert_eq!(last, Some(frame.as_slice()));
    assert!(log.state.known.memory() < 3 << 20, "{}", log.state.known.memory());
}

#[test]
fn a_stan_without_an_answer_is_told_of_for_eleven_minutes() {
    let mut log = Log::ordinary();
    let told = |log: &Log| log.state.resting().map(|resting| resting.stan.0).collect::<Vec<_>>();
    for (stan, utc) in [(1, UTC), (2, UTC + 660), (3, UTC + 661)] {
        log.says(&decision(X, stan, b""));
        log.says(&expiry(X, stan, utc));
        let expected: &[u32] = [&[1][..], &[1, 2], &[2, 3]][stan as usize - 1];
        assert_eq!(told(&log), expected);
    }
}

#[test]
fn the_last_stan_of_any_range_is_known() {
    let mut log = Log::ordinary();
    assert_eq!(log.state.last_stan(X, 1..999_000), None);
    for stan in [10, 500_010, 11, 500_011, 12] {
        log.says(&decision(X, stan, b""));
    }
    let last = |range| log.state.last_stan(X, range).map(|stan| stan.0);
    assert_eq!(last(1..999_000), Some(12));
    assert_eq!(last(1..499_500), Some(12));
    assert_eq!(last(499_500..999_000), Some(500_011));
    assert_eq!(last(600_000..999_000), None);
    assert_eq!(log.state.last_stan(Y, 1..999_000), None);
}

#[test]
fn only_a_whole_state_of_this_version_is_read() {
    let mut log = Log::ordinary();
    log.says(&decision(X, 5, b"inputs"));
    log.says(&decision(X, 6, b"inputs"));
    log.says(&settlement(X, 5, 0, b"frame"));
    log.says(&closed(X, 6));
    let whole = bytes(&log.state);
    let read =
        |bytes: &[u8]| State::read(&Limits::default(), bytes).map(|state| tests::bytes(&state));
    assert_eq!(read(&whole), Ok(whole.clone()));
    for cut in 0..whole.len() {
        assert_eq!(read(&whole[..cut]), Err(Unreadable::Short));
    }
    assert_eq!(read(&[&whole[..], b"?"].concat()), Err(Unreadable::Long { left: 1 }));
    let mut other = whole;
    other[4] = 1;
    assert_eq!(read(&other), Err(Unreadable::Version(1)));
    other[0] = b'?';
    assert_eq!(read(&other), Err(Unreadable::Magic));
}

#[test]
fn bytes_that_were_altered_are_read_as_something_else_or_not_at_all() {
    let mut log = Log::ordinary();
    for stan in 5..8 {
        log.says(&decision(X, stan, b"inputs"));
    }
    log.says(&settlement(X, 5, 0, b"frame"));
    log.says(&closed(X, 6));
    let whole = bytes(&log.state);
    for place in 0..whole.len() {
        for wrong in [0x00, 0xFF] {
            for len in [1, 8] {
                let mut other = whole.clone();
                other.iter_mut().skip(place).take(len).for_each(|byte| *byte = wrong);
                // What it says may be nonsense, and is taken in without a panic.
                if let Ok(state) = State::read(&Limits::default(), &other) {
                    assert_eq!(State::read(&Limits::default(), &bytes(&state)).err(), None);
                }
            }
        }
    }
}

/// What happens to one transaction of a worker: it begins, and ends in one way or another, or not.
#[derive(Clone, Debug)]
struct Step {
    acquirer_is_y: bool,
    issuer_is_x: bool,
    /// The transaction that ends now, among those open, and how; none: one begins.
    ends: Option<(usize, u8)>,
    later_secs: u64,
    frame: Vec<u8>,
}

fn step() -> impl Strategy<Value = Step> {
    let ends = proptest::option::weighted(0.5, (any::<usize>(), 0..6_u8));
    let frame = proptest::collection::vec(any::<u8>(), 0..40);
    (any::<bool>(), any::<bool>(), ends, 0..120_u64, frame).prop_map(
        |(acquirer_is_y, issuer_is_x, ends, later_secs, frame)| Step {
            acquirer_is_y,
            issuer_is_x,
            ends,
            later_secs,
            frame,
        },
    )
}

/// The records of one worker, whose STANs are from `first` on.
fn records_of(steps: &[Step], first: u32) -> Vec<Vec<u8>> {
    let (mut records, mut open, mut next, mut utc) = (Vec::new(), Vec::new(), first, UTC);
    for step in steps {
        let issuer = if step.issuer_is_x { X } else { Y };
        utc += step.later_secs;
        let Some((which, how)) = step.ends.filter(|_| !open.is_empty()) else {
            let mut record = decision(issuer, next, &step.frame);
            if let Record::Decision { acquirer, .. } = &mut record
                && step.acquirer_is_y
            {
                *acquirer = Y;
            }
            records.push(written(&record));
            open.push((issuer, next));
            next = if next == first + 40 { first } else { next + 1 };
            // A STAN is used again when its transaction is over.
            while open.contains(&(X, next)) || open.contains(&(Y, next)) {
                next += 1;
            }
            continue;
        };
        let (issuer, stan) = open.swap_remove(which % open.len());
        let at = Time(8);
        records.push(written(&match how {
            0 => expiry(issuer, stan, utc),
            1 => Record::Unsent { issuer, stan: Stan(stan), at, utc },
            2 => Record::Undelivered { issuer, stan: Stan(stan), action: 0, at, utc },
            3 => Record::Closed { issuer, stan: Stan(stan), utc },
            4 => settlement(issuer, stan, 0x116, &step.frame),
            _ => settlement(issuer, stan, 0x000, &step.frame),
        }));
    }
    records
}

/// The lists, each in its order, mixed as `turns` says.
fn mixed(a: &[Vec<u8>], b: &[Vec<u8>], turns: &[bool]) -> Vec<Vec<u8>> {
    let (mut a, mut b, mut turns) = (a.iter(), b.iter(), turns.iter().cycle());
    let mut all = Vec::new();
    while a.len() + b.len() > 0 {
        let first = *turns.next().unwrap();
        let next =
            if first { a.next().or_else(|| b.next()) } else { b.next().or_else(|| a.next()) };
        all.push(next.unwrap().clone());
    }
    all
}

/// What a restore takes from a state, by transaction.
fn restored(state: &State) -> impl PartialEq + fmt::Debug + use<> {
    let open: BTreeMap<_, _> = state
        .unfinished()
        .iter()
        .map(|open| ((open.issuer, open.stan), (open.identity, open.inputs.clone())))
        .collect();
    let known: BTreeMap<_, _> = state
        .known()
        .map(|(known, answer)| {
            let answer = answer.map(<[u8]>::to_vec);
            (
                (known.issuer, known.stan, known.identity.key),
                (known.outcome, known.identity, answer),
            )
        })
        .collect();
    let stations: Vec<_> =
        state.stations().map(|station| (station.number, station.recorded)).collect();
    let last = [X, Y]
        .map(|issuer| [1..500_000, 500_000..999_000].map(|range| state.last_stan(issuer, range)));
    (open, known, stations, state.counts.clone(), last)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happened, a state is the same, byte for byte, whether it was written down and read on
    /// the way or not, with bounds that are reached and with bounds that are not.
    #[test]
    fn a_state_is_the_same_through_checkpoints(
        steps in proptest::collection::vec(step(), 0..200),
        cuts in (0..210_usize, 0..210_usize),
        bounds in (1..30_u32, 1..300_u32),
    ) {
        for limits in [limits(bounds.0, bounds.1), Limits::default()] {
            let mut log = Log::new(limits);
            for record in records_of(&steps, 1) {
                log.says(&Record::read(&record).unwrap());
            }
            let whole = bytes(&log.state);
            for cut in [cuts.0, cuts.1] {
                prop_assert_eq!(&bytes(&log.through_a_checkpoint(cut)), &whole);
            }
        }
    }

    /// The same records of two workers, mixed in one way or another, restore alike.
    #[test]
    fn two_workers_restore_alike_however_their_records_are_mixed(
        a in proptest::collection::vec(step(), 0..80),
        b in proptest::collection::vec(step(), 0..80),
        turns in proptest::collection::vec(any::<bool>(), 1..40),
    ) {
        let (a, b) = (records_of(&a, 1), records_of(&b, 500_000));
        let of = |turns: &[bool]| {
            let mut log = Log::ordinary();
            for record in mixed(&a, &b, turns) {
                log.says(&Record::read(&record).unwrap());
            }
            restored(&log.state)
        };
        prop_assert_eq!(of(&turns), of(&[true]));
    }

    /// Bytes that are no state are refused, and what is read of them can be written.
    #[test]
    fn whatever_the_bytes_are_reading_them_ends(
        steps in proptest::collection::vec(step(), 0..40),
        changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..4),
    ) {
        let mut log = Log::new(limits(20, 200));
        for record in records_of(&steps, 1) {
            log.says(&Record::read(&record).unwrap());
        }
        let mut bytes = bytes(&log.state);
        for (at, byte) in changes {
            let len = bytes.len();
            bytes[at % len] = byte;
        }
        if let Ok(state) = State::read(&limits(20, 200), &bytes) {
            let mut again = Vec::new();
            state.write(&mut again);
        }
    }
}

fn queued(issuer: StationNumber, stan: u32, original: u32) -> Record<'static> {
    Record::Queued {
        issuer,
        stan: Stan(stan),
        acquirer: A,
        mti: Mti::of(0x1420),
        original: Stan(original),
        original_at: 0x0011_2105_2030,
        takes_back: TakesBack::Whole,
        reason: 0x4021,
        utc: UTC,
        frame: b"1420",
    }
}

fn acknowledged(issuer: StationNumber, stan: u32) -> Record<'static> {
    Record::Acknowledged { issuer, stan: Stan(stan), action: 0x400, utc: UTC }
}

fn turned(stan: u32, state: ItemState, by: &str) -> Record<'_> {
    Record::Item { issuer: X, stan: Stan(stan), state, by, utc: UTC }
}

#[test]
fn what_is_kept_for_an_issuer_is_so_until_it_is_acknowledged_or_purged() {
    let mut log = Log::ordinary();
    for stan in [5, 6, 7] {
        log.says(&queued(X, stan, 0));
    }
    log.says(&turned(5, ItemState::Parked, "914"));
    log.says(&turned(6, ItemState::Held, "ann"));
    let states = |log: &Log| -> Vec<_> {
        log.state.items().map(|item| (item.stan.0, item.state, item.by.clone())).collect()
    };
    let (parked, held) = (Some(ItemState::Parked), Some(ItemState::Held));
    assert_eq!(
        states(&log),
        [(5, parked, "914".into()), (6, held, "ann".into()), (7, None, String::new())]
    );
    log.says(&acknowledged(X, 7));
    log.says(&turned(5, ItemState::Purged, "ann, bo"));
    assert_eq!(states(&log), [(6, held, "ann".into())]);
    assert_eq!(log.state.items().next().unwrap().frame, b"1420");
    for cut in 0..=log.records.len() {
        assert_eq!(bytes(&log.through_a_checkpoint(cut)), bytes(&log.state), "at {cut}");
    }
}

#[test]
fn the_stan_of_what_is_kept_is_in_use_and_the_last_that_was_used() {
    let mut log = Log::ordinary();
    log.says(&decision(X, 4, b"inputs"));
    log.says(&queued(X, 5, 4));
    let since = log.state.position();
    let position = Position(since.0 + 1);
    let in_use =
        |since| Err(Contradiction::StanInUse { position, issuer: X, stan: Stan(5), since });
    assert_eq!(log.tries(&decision(X, 5, b"")), in_use(since));
    assert_eq!(log.tries(&queued(X, 5, 0)), in_use(since));
    assert_eq!(log.state.last_stan(X, 1..999_000), Some(Stan(5)));
    // What is kept is no transaction, and a transaction is not kept.
    let nothing = Contradiction::NothingOpen { position, kind: "expiry", issuer: X, stan: Stan(5) };
    assert_eq!(log.tries(&expiry(X, 5, UTC)), Err(nothing));
    for (record, kind) in
        [(acknowledged(X, 4), "acknowledged"), (turned(4, ItemState::Held, "ann"), "item")]
    {
        let stan = Stan(4);
        let why = Contradiction::NothingKept { position, kind, issuer: X, stan };
        assert_eq!(log.tries(&record), Err(why));
    }
    log.says(&acknowledged(X, 5));
    log.says(&decision(X, 5, b""));
    assert_eq!(log.state.unfinished().len(), 2);
}

#[test]
fn an_open_transaction_knows_of_its_reversal_and_so_does_its_outcome() {
    let mut log = Log::ordinary();
    log.says(&decision(X, 4, b"inputs"));
    log.says(&decision(X, 6, b"inputs"));
    log.says(&queued(X, 5, 4));
    log.says(&queued(X, 7, 4));
    let obliged: Vec<_> = log.state.unfinished().iter().map(|open| open.obliged).collect();
    assert_eq!(obliged, [Stan(5), Stan(0)]);
    log.says(&expiry(X, 4, UTC));
    log.says(&closed(X, 6));
    let obliged: Vec<_> = log.state.known().map(|(known, _)| known.obliged).collect();
    assert_eq!(obliged, [Stan(5), Stan(0)]);
    for cut in 0..=log.records.len() {
        assert_eq!(bytes(&log.through_a_checkpoint(cut)), bytes(&log.state), "at {cut}");
    }
}

#[test]
fn the_outcome_of_what_is_taken_back_later_says_so_and_no_other_of_its_stan_does() {
    let mut log = Log::new(Limits { duplicates_max: 4, ..Limits::default() });
    let obliged = |state: &State| -> Vec<(u32, u32)> {
        state.known().map(|(known, _)| (known.stan.0, known.obliged.0)).collect()
    };
    for stan in [4, 6, 8] {
        log.says(&decision(X, stan, b"inputs"));
        log.says(&settlement(X, stan, 0, b"answer"));
    }
    // It takes back nothing, a part for whatever reason, or what had this STAN at another time.
    let at = 0x0011_2105_2030;
    let others =
        [(5, at, TakesBack::Nothing), (7, at, TakesBack::Part(1)), (9, at + 1, TakesBack::Whole)];
    for (of, at, extent) in others {
        let mut record = queued(X, of, 8);
        let Record::Queued { original_at, takes_back, reason, .. } = &mut record else {
            unreachable!()
        };
        (*original_at, *takes_back, *reason) = (at, extent, NOT_DELIVERED);
        log.says(&record);
    }
    assert_eq!(obliged(&log.state), [(4, 0), (6, 0), (8, 0)]);
    log.says(&queued(X, 11, 4));
    log.says(&queued(X, 12, 4));
    assert_eq!(obliged(&log.state), [(4, 11), (6, 0), (8, 0)]);
    // The STAN is used again, and the oldest is forgotten.
    for stan in [4, 10] {
        log.says(&decision(X, stan, b"inputs"));
        log.says(&settlement(X, stan, 0, b"answer"));
    }
    log.says(&queued(X, 13, 8));
    assert_eq!(obliged(&log.state), [(6, 0), (8, 13), (4, 0), (10, 0)]);
    log.says(&queued(X, 14, 4));
    assert_eq!(obliged(&log.state), [(6, 0), (8, 13), (4, 14), (10, 0)]);
    for cut in 0..=log.records.len() {
        assert_eq!(bytes(&log.through_a_checkpoint(cut)), bytes(&log.state), "at {cut}");
    }
}

#[test]
fn advices_and_tombstones_are_remembered() {
    let mut log = Log::ordinary();
    log.says(&decision(X, 4, b"inputs"));
    let passed = Passed {
        mti: Mti::of(0x1420),
        original: Stan(4),
        original_at: 0x0011_2105_2030,
        reason: 0x4000,
        frame: b"1420",
    };
    let advice = |original, stan, takes_back, passed| Record::Advice {
        acquirer: A,
        link: LinkNumber(3),
        mti: Mti::of(0x1420),
        key: original,
        check: 9,
        reference: 10,
        original: u64::try_from(original).unwrap(),
        original_key: 13,
        action: 0x400,
        issuer: X,
        stan: Stan(stan),
        takes_back,
        utc: UTC,
        passed,
        inputs: b"1420",
    };
    log.says(&advice(11, 5, TakesBack::Whole, Some(passed)));
    log.says(&advice(12, 0, TakesBack::Unseen, None));
    log.says(&advice(0, 0, TakesBack::Unseen, None));
    let (known, _) = log.state.known().next().unwrap();
    assert_eq!((known.outcome, known.original), (Outcome::Advised(0x400), 11));
    let buried: Vec<u64> = log.state.tombstones().map(|one| one.reference).collect();
    assert_eq!(buried, [12, 13]);
    // It is kept for its issuer too, and its original knows of it.
    let item = log.state.items().next().unwrap();
    assert_eq!((item.stan, item.original, item.reason), (Stan(5), Stan(4), 0x4000));
    assert_eq!(log.state.unfinished()[0].obliged, Stan(5));
    for cut in 0..=log.records.len() {
        assert_eq!(bytes(&log.through_a_checkpoint(cut)), bytes(&log.state), "at {cut}");
    }
}

#[test]
fn an_approval_is_in_doubt_that_was_lost_in_part_or_stands_in_the_last_second_before_a_start() {
    let mut log = Log::ordinary();
    let in_doubt = |state: &State| -> Vec<u32> {
        let doubted = state.known().filter(|(known, _)| known.in_doubt);
        doubted.map(|(known, _)| known.stan.0).collect()
    };
    let answered = |log: &mut Log, stan: u32, action: u16, secs: u64| {
        log.says(&decision(X, stan, b"inputs"));
        let (at, utc) = (Time(6), UTC + secs);
        let stan = Stan(stan);
        log.says(&Record::Settlement { issuer: X, stan, action, at, utc, answer: b"answer" });
    };
    answered(&mut log, 4, 0, 0);
    answered(&mut log, 5, 0, 0);
    let (issuer, utc) = (X, UTC);
    for (stan, how) in [(4, Delivery::None), (5, Delivery::Unknown)] {
        log.says(&Record::Delivery { issuer, stan: Stan(stan), how, utc });
    }
    assert_eq!(in_doubt(&log.state), [5]);
    // One second is as close as records tell it.
    for (stan, action, secs) in [(6, 0, 8), (7, 0, 9), (8, 0x116, 9), (9, 0, 9), (10, 0, 10)] {
        answered(&mut log, stan, action, secs);
    }
    log.says(&queued(X, 20, 9));
    log.says(&Record::Start { epoch: 90, utc: UTC + 50, build: "test" });
    assert_eq!(in_doubt(&log.state), [5, 7, 10]);
    // A reversal settles it.
    log.says(&queued(X, 21, 5));
    assert_eq!(in_doubt(&log.state), [7, 10]);
    // Nothing is in doubt behind a clean stop.
    answered(&mut log, 11, 0, 60);
    let mut room = [0; 100];
    let deltas = [(Counter::Stops.number(), 1)];
    let deltas = Deltas::write(deltas.into_iter(), &mut room).unwrap();
    log.says(&Record::Counts { deltas });
    log.says(&Record::Start { epoch: 91, utc: UTC + 60, build: "test" });
    assert_eq!(in_doubt(&log.state), [7, 10]);
    for cut in 0..=log.records.len() {
        assert_eq!(bytes(&log.through_a_checkpoint(cut)), bytes(&log.state), "at {cut}");
    }
}
