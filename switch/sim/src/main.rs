//! `switch-sim`: the world of one seed after the other, until there are enough or time is up. Must not
//! know what happens in one.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use switch_sim::seeds::{Sums, live};

/// Seeds, unless told otherwise.
const COUNT: u64 = 5_000;

/// Seeds in which everything that can happen does.
const ALL_HAPPENS: u64 = 2_000;

/// Random worlds, each from its seed; with --count 1 everything that happens in it is told.
#[derive(Clone, Debug, Parser)]
struct Arguments {
    /// How many seeds
    #[arg(long, default_value_t = COUNT, value_parser = clap::value_parser!(u64).range(1..))]
    count: u64,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Stop after so many seconds
    #[arg(long)]
    seconds: Option<u64>,
    /// Fewer seeds than this by then are a failure
    #[arg(long, default_value_t = 1)]
    at_least: u64,
}

/// What all threads together came to.
#[derive(Debug, Default)]
struct Results {
    done: AtomicU64,
    next: AtomicU64,
    is_over: AtomicBool,
    sums: Mutex<Sums>,
    /// What went wrong, by seed.
    failed: Mutex<Vec<(u64, String)>>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments, &mut io::stdout().lock()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(7),
        Err(_) => ExitCode::FAILURE,
    }
}

fn run(arguments: &Arguments, out: &mut dyn Write) -> io::Result<bool> {
    // What a seed has to say is said at the end, once.
    if arguments.count > 1 {
        std::panic::set_hook(Box::new(|_| {}));
    }
    let begun = now();
    let results = Results::default();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| lives(arguments, begun, &results));
        }
    });
    let (done, took) = (results.done.into_inner(), begun.elapsed().as_secs());
    let mut failed = results.failed.into_inner().unwrap_or_default();
    let sums = results.sums.into_inner().unwrap_or_default();
    failed.sort();
    if let Some((seed, why)) = failed.first() {
        writeln!(out, "{why}")?;
        writeln!(
            out,
            "again, with all that happened: cargo xtask campaign sim --count 1 --seed {seed}"
        )?;
        writeln!(out, "campaign sim: FAILED with {} of {done} seeds", failed.len())?;
        return Ok(false);
    }
    for (what, times) in sums.happened.all() {
        writeln!(out, "{times:>10} {}", what.text())?;
    }
    let missing = sums.happened.missing();
    let Sums { cases, messages, records, seconds, .. } = sums;
    writeln!(
        out,
        "campaign sim: {done} seeds from {} in {took} s: {cases} transactions, {messages} messages of \
         stations, {records} records, {seconds} simulated s",
        arguments.seed
    )?;
    if done >= ALL_HAPPENS && !missing.is_empty() {
        writeln!(out, "campaign sim: FAILED: never seen: {}", missing.join(", "))?;
        return Ok(false);
    }
    if done < arguments.at_least.min(arguments.count) {
        writeln!(out, "campaign sim: FAILED: fewer than {} seeds", arguments.at_least)?;
        return Ok(false);
    }
    Ok(true)
}

/// Seeds one after the other, on one thread.
fn lives(arguments: &Arguments, begun: Instant, results: &Results) {
    let is_late =
        || arguments.seconds.is_some_and(|most| begun.elapsed() >= Duration::from_secs(most));
    let told = arguments.count == 1;
    while !is_late() && !results.is_over.load(Ordering::Relaxed) {
        let place = results.next.fetch_add(1, Ordering::Relaxed);
        if place >= arguments.count {
            return;
        }
        let seed = arguments.seed + place;
        match live(seed, told) {
            Ok((one, story)) => {
                if told {
                    write!(io::stderr(), "{story}").ok();
                }
                if let Ok(mut sums) = results.sums.lock() {
                    sums.adds(&one);
                }
            }
            Err(why) => {
                results.is_over.store(true, Ordering::Relaxed);
                if let Ok(mut failed) = results.failed.lock() {
                    failed.push((seed, why));
                }
            }
        }
        results.done.fetch_add(1, Ordering::Relaxed);
    }
}

#[expect(clippy::disallowed_methods, reason = "how long it takes is told, and decides nothing")]
fn now() -> Instant {
    Instant::now()
}
