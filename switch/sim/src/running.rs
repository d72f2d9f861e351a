//! Seeds one after the other on all cores, until there are enough or time is up, and the verdict. Must
//! not know what happens in a world.

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Seeds in which everything that can happen does.
const ALL_HAPPENS: u64 = 2_000;
/// But for these, which come about once in some thousand worlds.
const RARE: [&str; 2] = [
    "logs set aside that part from the other site's before all checkpoints",
    "records released by a branch that was given up",
];

/// What worlds came to.
pub trait Sums: Default + Send {
    /// Adds those of another world.
    fn adds(&mut self, other: &Self);

    /// Milliseconds that passed in there.
    fn lived_ms(&self) -> u64;

    /// How often what happened.
    fn happened(&self) -> Vec<(&'static str, u64)>;
}

/// What every campaign of worlds is asked.
#[derive(Clone, Debug, clap::Args)]
pub struct Seeds {
    /// How many seeds; with 1 everything that happens in it is told
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Stop after so many seconds
    #[arg(long)]
    seconds: Option<u64>,
    /// Fewer seeds than this by then are a failure
    #[arg(long, default_value_t = 1)]
    at_least: u64,
    /// Stop after so many simulated hours, however many seeds that takes
    #[arg(long)]
    hours: Option<u64>,
    /// Go on after a seed that failed, and tell of each in one line
    #[arg(long)]
    survey: bool,
}

/// What all threads together came to.
#[derive(Debug, Default)]
struct Results<S> {
    done: AtomicU64,
    next: AtomicU64,
    lived_ms: AtomicU64,
    is_over: AtomicBool,
    sums: Mutex<S>,
    /// What went wrong, by seed.
    failed: Mutex<Vec<(u64, String)>>,
}

/// What a campaign came to.
#[derive(Debug)]
pub struct Came<S> {
    /// Seeds.
    pub done: u64,
    /// How long that took.
    pub took: Duration,
    /// What they came to, but for those that failed.
    pub sums: S,
    /// What went wrong, by seed.
    pub failed: Vec<(u64, String)>,
}

impl Seeds {
    /// Lets worlds live: as many as asked for, else `count`.
    pub fn live<S: Sums>(
        &self,
        count: u64,
        live: impl Fn(u64, bool) -> Result<(S, String), String> + Sync,
    ) -> Came<S> {
        let count = self.count.unwrap_or(count);
        // What a seed has to say is said at the end, once.
        std::panic::set_hook(Box::new(|_| {}));
        let begun = now();
        let results = Results::default();
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| self.lives(count, begun, &live, &results));
            }
        });
        let mut failed = results.failed.into_inner().unwrap_or_default();
        failed.sort();
        let sums = results.sums.into_inner().unwrap_or_default();
        Came { done: results.done.into_inner(), took: begun.elapsed(), sums, failed }
    }

    /// Seeds one after the other, on one thread.
    fn lives<S: Sums>(
        &self,
        count: u64,
        begun: Instant,
        live: &impl Fn(u64, bool) -> Result<(S, String), String>,
        results: &Results<S>,
    ) {
        let most_ms = self.hours.map_or(u64::MAX, |hours| hours.saturating_mul(3_600_000));
        let is_late = || {
            self.seconds.is_some_and(|most| begun.elapsed() >= Duration::from_secs(most))
                || results.lived_ms.load(Ordering::Relaxed) >= most_ms
        };
        let told = count == 1;
        let most = if self.hours.is_some() { u64::MAX } else { count };
        while !is_late() && !results.is_over.load(Ordering::Relaxed) {
            let place = results.next.fetch_add(1, Ordering::Relaxed);
            if place >= most {
                return;
            }
            let seed = self.seed + place;
            match live(seed, told) {
                Ok((one, story)) => {
                    if told {
                        write!(io::stderr(), "{story}").ok();
                    }
                    results.lived_ms.fetch_add(one.lived_ms(), Ordering::Relaxed);
                    if let Ok(mut sums) = results.sums.lock() {
                        sums.adds(&one);
                    }
                }
                Err(why) => {
                    results.is_over.store(!self.survey, Ordering::Relaxed);
                    if let Ok(mut failed) = results.failed.lock() {
                        failed.push((seed, why));
                    }
                }
            }
            results.done.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Says what a campaign came to, with `sums` in words; whether all is well.
    ///
    /// # Errors
    /// What could not be written.
    pub fn verdict<S: Sums>(
        &self,
        name: &str,
        count: u64,
        came: &Came<S>,
        sums: impl Display,
        out: &mut dyn Write,
    ) -> io::Result<bool> {
        let Came { done, took, failed, .. } = came;
        let took = took.as_secs();
        if self.survey {
            for (_, why) in failed {
                writeln!(out, "{}", why.lines().last().unwrap_or_default())?;
            }
        }
        if let Some((seed, why)) = failed.first() {
            writeln!(out, "{why}")?;
            writeln!(
                out,
                "again, with all that happened: cargo xtask campaign {name} --count 1 --seed {seed}"
            )?;
            writeln!(out, "campaign {name}: FAILED with {} of {done} seeds", failed.len())?;
            return Ok(false);
        }
        let happened = came.sums.happened();
        for (what, times) in &happened {
            writeln!(out, "{times:>10} {what}")?;
        }
        writeln!(out, "campaign {name}: {done} seeds from {} in {took} s: {sums}", self.seed)?;
        let missing = happened.iter().filter(|(_, times)| *times == 0).map(|(what, _)| *what);
        let missing: Vec<_> = missing.filter(|what| !RARE.contains(what)).collect();
        if *done >= ALL_HAPPENS && !missing.is_empty() {
            writeln!(out, "campaign {name}: FAILED: never seen: {}", missing.join(", "))?;
            return Ok(false);
        }
        if *done < self.at_least.min(self.count.unwrap_or(count)) {
            writeln!(out, "campaign {name}: FAILED: fewer than {} seeds", self.at_least)?;
            return Ok(false);
        }
        Ok(true)
    }
}

#[expect(clippy::disallowed_methods, reason = "how long it takes is told, and decides nothing")]
fn now() -> Instant {
    Instant::now()
}
