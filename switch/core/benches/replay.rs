//! How fast records become a state, and a state bytes and a state again. A program of its own: what is
//! measured is one long run, as at a start. Knows no journal.
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

use std::time::{Duration, Instant};

use codec::{Fields, Mti};
use switch_core::ids::{LinkNumber, RouteId, Stan, StationNumber};
use switch_core::plan::Limits;
use switch_core::records::Record;
use switch_core::replay::{Position, State};
use switch_core::time::Time;

const A: StationNumber = StationNumber(0);
const X: StationNumber = StationNumber(1);
/// Transactions, two records each, and how many of them are open at once.
const TRANSACTIONS: u64 = 1_000_000;
const OPEN: u64 = 2_000;
/// Bytes of the frames in the records: with these a decision has 250 bytes, and an answer 170.
const INPUTS: [u8; 160] = [0x31; 160];
const ANSWER: [u8; 142] = [0x32; 142];
const ROUNDS: usize = 5;

fn main() {
    let records = journal();
    let bytes: usize = records.iter().map(Vec::len).sum();
    let rounds: Vec<_> = (0..ROUNDS).map(|_| round(&records)).collect();
    let of = |part: fn(&Round) -> Duration| rounds.iter().map(part).min().expect("some rounds");
    let size = rounds[0].bytes;
    println!(
        "{} records of {} bytes, {OPEN} transactions open",
        records.len(),
        bytes / records.len()
    );
    println!("| step | time | of all |\n|---|---|---|");
    let apply = of(|round| round.apply);
    let each = apply.as_nanos() / u128::try_from(records.len()).expect("it fits");
    println!("| apply | {each} ns a record | {} MB/s |", rate(bytes, apply));
    for (name, time) in [("write", of(|round| round.write)), ("read", of(|round| round.read))] {
        println!("| {name} | {} ms | {} MB/s |", time.as_millis(), rate(size, time));
    }
    println!("\na state of {} KiB", size >> 10);
}

/// The best of what one pass took.
struct Round {
    apply: Duration,
    write: Duration,
    read: Duration,
    bytes: usize,
}

fn round(records: &[Vec<u8>]) -> Round {
    let limits = Limits::default();
    let mut state = State::new(&limits);
    let begun = now();
    for (record, position) in records.iter().zip(1..) {
        let record = Record::read(record).expect("it was written");
        state.apply(Position(position), &record).expect("nothing contradicts");
    }
    let apply = now() - begun;
    let mut out = Vec::new();
    let begun = now();
    state.write(&mut out);
    let write = now() - begun;
    let begun = now();
    let again = State::read(&limits, &out).expect("it was written");
    let read = now() - begun;
    assert_eq!(again.position(), state.position());
    Round { apply, write, read, bytes: out.len() }
}

fn journal() -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    let mut says = |record: &Record<'_>| {
        let mut out = [0; 512];
        let len = record.write(&mut out).expect("there is room");
        records.push(out[..len].to_vec());
    };
    for (number, name) in [(A, "a"), (X, "x")] {
        says(&Record::Station { number, name, dialect: "iso93-ascii" });
    }
    says(&Record::Links { station: A, from: LinkNumber(0), count: 1 });
    for number in 0..TRANSACTIONS + OPEN {
        if number < TRANSACTIONS {
            says(&decision(number));
        }
        if let Some(older) = number.checked_sub(OPEN) {
            let (stan, at) = (stan(older), Time(older));
            let answer = &ANSWER[..];
            says(&Record::Settlement { issuer: X, stan, action: 0, at, utc: older, answer });
        }
    }
    records
}

fn decision(number: u64) -> Record<'static> {
    Record::Decision {
        acquirer: A,
        link: LinkNumber(0),
        issuer: X,
        mti: Mti::of(0x1200),
        route: RouteId(0),
        stan: stan(number),
        sent_at: 0x0011_2105_2030,
        arrived: Time(number),
        utc: number,
        configuration: 1,
        key: u128::from(number) << 60,
        check: number,
        reference: number,
        present: Fields::of(&[2, 3, 4, 11]),
        inputs: &INPUTS,
    }
}

fn stan(number: u64) -> Stan {
    Stan(u32::try_from(1 + number % 998_999).expect("six digits"))
}

fn rate(bytes: usize, time: Duration) -> u128 {
    u128::try_from(bytes).expect("it fits") * 1_000 / time.as_nanos().max(1)
}

#[expect(clippy::disallowed_methods, reason = "this is no part of the core")]
fn now() -> Instant {
    Instant::now()
}
