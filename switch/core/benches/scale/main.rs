//! What an operation of the core costs with a thousand transactions in flight and a hundred routes,
//! and with a million over four issuer stations and a hundred thousand routes. A program of its own
//! and no statistics of a harness: the operations change what they are measured in.
//!
//! Every round does the same in both worlds, one after the other; of each operation the median of
//! the rounds counts. Transactions are answered in random order, so the slots, trace numbers and
//! kept fields of a world are spread over all of its memory. Frames come sixteen at a time, as from
//! a socket that is busy, and the core may look ahead at them. It ends with 7 when an operation
//! takes more than twice the time in the large world, or when the process holds 1 GiB or more.
//!
//! What is no operation of a transaction is shown and not held to that: a search of a route, which
//! is a step of one, and a wrong answer, of which a link may send a hundred a second. In the small
//! world they take less than a single access to memory does in the large one.
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

mod frames;

mod world;

use std::process::ExitCode;
use std::time::Instant;

use switch_core::routing::{Routes, padded};

use self::world::{Size, World};

const SMALL: Size = Size { in_flight: 1_000, routes: 100 };
const LARGE: Size = Size { in_flight: 1_000_000, routes: 100_000 };

/// Rounds of which the median counts.
const ROUNDS: usize = 41;
/// The large world may take so many hundredths of the small one's time.
const RATIO_MAX: u64 = 200;
const RSS_MAX_KIB: u64 = 1 << 20;
/// Transactions before each round, so that a world that fits into the processor's cache is there.
const WARM: usize = 2_048;

/// What is measured, and whether it is held to [`RATIO_MAX`].
const OPERATIONS: [(&str, bool); 9] = [
    ("request forwarded", true),
    ("answer passed on", true),
    ("request declined, no route", true),
    ("second answer dropped", true),
    ("wrong answer dropped", false),
    ("timeout: 911, then its number freed", true),
    ("`poll_timeout`", true),
    ("step: route found", false),
    ("step: no route found", false),
];

fn main() -> ExitCode {
    let mut worlds = [SMALL, LARGE].map(|size| Box::new(World::new(size)));
    for world in &mut worlds {
        // Until the places in the tables are as mixed as they get.
        world.trade(world.size().in_flight * 2);
    }
    let mut times = OPERATIONS.map(|_| [Vec::new(), Vec::new()]);
    for _ in 0..ROUNDS {
        for (place, world) in worlds.iter_mut().enumerate() {
            world.trade(WARM);
            for (operation, time) in times.iter_mut().zip(round(world)) {
                operation[place].push(time);
            }
        }
    }
    let mut right = true;
    println!("| operation | {SMALL} | {LARGE} | ratio |\n|---|---|---|---|");
    for ((name, is_held), [small, large]) in OPERATIONS.iter().zip(times) {
        let (small, large) = (median(small), median(large));
        let ratio = large * 100 / small.max(1);
        right &= ratio <= RATIO_MAX || !is_held;
        println!(
            "| {name} | {} ns | {} ns | {} |",
            tenths(small),
            tenths(large),
            hundredths(ratio)
        );
    }
    let rss = rss_kib();
    right &= rss < RSS_MAX_KIB;
    println!("\nresident memory of both worlds and this program: {} MiB", rss >> 10);
    let settings = frames::routes(LARGE.routes);
    let begun = now();
    let routes = Routes::new(&settings).expect("they do not overlap");
    println!("a table of {} routes built in {} ms", routes.len(), (now() - begun).as_millis());
    if right { ExitCode::SUCCESS } else { ExitCode::from(7) }
}

/// One of everything, in tenths of a nanosecond for each.
fn round(world: &mut World) -> [u64; OPERATIONS.len()] {
    world.prepare_requests();
    let forwarded = timed(world, World::hear_prepared);
    world.note_forwarded();
    world.prepare_answers();
    let answered = timed(world, World::hear_prepared);
    world.prepare_declined();
    let declined = timed(world, World::hear_prepared);
    let again = world.answered();
    world.prepare_requests();
    world.hear_prepared();
    world.note_forwarded();
    let expired = timed(world, World::expire_each);
    world.note_expired();
    let polled = timed(world, World::poll_timeouts);
    world.prepare_wrong_answers();
    let wrong = timed(world, World::hear_prepared);
    // These look at the transactions that have waited longest, so they come last.
    world.prepare_second_answers(again);
    let second = timed(world, World::hear_prepared);
    let [found, not_found] = [true, false].map(|with_route| {
        let pans = world.pans(with_route);
        let routes = &world.plan().routes;
        let begun = now();
        let found = pans.iter().filter(|&&pan| {
            let route = padded(pan, 16).and_then(|padded| routes.find(padded, 16));
            route.is_some_and(|route| !routes.issuers(route).is_empty())
        });
        let count = found.count();
        let time = each(begun, pans.len());
        assert_eq!(count, if with_route { pans.len() } else { 0 });
        time
    });
    [forwarded, answered, declined, second, wrong, expired, polled, found, not_found]
}

fn timed(world: &mut World, work: impl FnOnce(&mut World) -> usize) -> u64 {
    let begun = now();
    let done = work(world);
    each(begun, done)
}

#[expect(clippy::disallowed_methods, reason = "this is no part of the core")]
fn now() -> Instant {
    Instant::now()
}

fn each(begun: Instant, count: usize) -> u64 {
    let tenths = (now() - begun).as_nanos() * 10 / u128::try_from(count).expect("it fits");
    u64::try_from(tenths).expect("less than a century")
}

fn median(mut times: Vec<u64>) -> u64 {
    times.sort_unstable();
    times[times.len() / 2]
}

fn tenths(time: u64) -> String {
    format!("{}.{}", time / 10, time % 10)
}

fn hundredths(ratio: u64) -> String {
    format!("{}.{:02}", ratio / 100, ratio % 100)
}

/// Memory that this process holds.
fn rss_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.expect("it says how much memory it holds")
}
