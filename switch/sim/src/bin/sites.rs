//! `sites`: the world of two sites of one seed after the other, until there are enough or time is up.
//! Must not know what happens in one.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use switch_sim::pair::broken::{RULES, Rule, breaking, play};
use switch_sim::pair::{Happening, Sums, live};

/// Seeds, unless told otherwise.
const COUNT: u64 = 2_000;

/// Seeds in which everything that can happen does.
const ALL_HAPPENS: u64 = 2_000;

/// Worlds of two sites, each from its seed; with --count 1 everything that happens in it is told.
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
    /// Stop after so many simulated hours
    #[arg(long)]
    hours: Option<u64>,
    /// Fewer seeds than this by then are a failure
    #[arg(long, default_value_t = 1)]
    at_least: u64,
    /// Go on after a seed that failed, and tell of each in one line
    #[arg(long)]
    survey: bool,
    /// Break a rule on purpose, and play its story
    #[arg(long, value_parser = rule)]
    breaks: Option<Rule>,
    /// Play the story of that rule, and break nothing
    #[arg(long, value_parser = rule)]
    story: Option<Rule>,
    /// A table of results: gets a line more
    #[arg(long)]
    append: Option<PathBuf>,
    /// What that line says of the program
    #[arg(long, default_value = "not known")]
    commit: String,
}

/// What all threads together came to.
#[derive(Debug, Default)]
struct Results {
    done: AtomicU64,
    next: AtomicU64,
    lived_ms: AtomicU64,
    is_over: AtomicBool,
    sums: Mutex<Sums>,
    /// What went wrong, by seed.
    failed: Mutex<Vec<(u64, String)>>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let played = match (arguments.breaks, arguments.story) {
        (None, None) => None,
        (Some(rule), _) => Some((rule, [Some(rule.mutant), rule.behind])),
        (None, Some(rule)) => Some((rule, [None, None])),
    };
    if let Some((rule, mutants)) = played {
        let told = breaking(mutants, || play(rule.story, arguments.seed, true));
        let (ended, story) = match told {
            Ok((_, story)) => (ExitCode::SUCCESS, story),
            Err(why) => (ExitCode::from(7), why + "\n"),
        };
        io::stderr().write_all(story.as_bytes()).ok();
        return ended;
    }
    match run(&arguments, &mut io::stdout().lock()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(7),
        Err(_) => ExitCode::FAILURE,
    }
}

fn run(arguments: &Arguments, out: &mut dyn Write) -> io::Result<bool> {
    // What a seed has to say is said at the end, once.
    std::panic::set_hook(Box::new(|_| {}));
    let begun = now();
    let results = Results::default();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| lives(arguments, begun, &results));
        }
    });
    let (done, took) = (results.done.into_inner(), begun.elapsed());
    let mut failed = results.failed.into_inner().unwrap_or_default();
    let sums = results.sums.into_inner().unwrap_or_default();
    failed.sort();
    if let Some(table) = &arguments.append {
        append(table, arguments, done, &sums, failed.len())?;
    }
    if arguments.survey {
        for (_, why) in &failed {
            writeln!(out, "{}", why.lines().last().unwrap_or_default())?;
        }
    }
    if let Some((seed, why)) = failed.first() {
        writeln!(out, "{why}")?;
        writeln!(
            out,
            "again, with all that happened: cargo xtask campaign sites --count 1 --seed {seed}"
        )?;
        writeln!(out, "campaign sites: FAILED with {} of {done} seeds", failed.len())?;
        return Ok(false);
    }
    for (what, times) in sums.happened.all() {
        writeln!(out, "{times:>10} {}", what.text())?;
    }
    let missing = sums.happened.missing();
    let simulated = sums.lived_ms / 1_000;
    writeln!(
        out,
        "campaign sites: {done} seeds from {} in {} s: {} simulated h ({} times as fast), {} crashes, \
         {} promotions, no violation",
        arguments.seed,
        took.as_secs(),
        hours(sums.lived_ms),
        simulated / took.as_secs().max(1),
        sums.crashes(),
        sums.happened.times(Happening::Promotions),
    )?;
    if done >= ALL_HAPPENS && !missing.is_empty() {
        writeln!(out, "campaign sites: FAILED: never seen: {}", missing.join(", "))?;
        return Ok(false);
    }
    if done < arguments.at_least.min(arguments.count) {
        writeln!(out, "campaign sites: FAILED: fewer than {} seeds", arguments.at_least)?;
        return Ok(false);
    }
    Ok(true)
}

/// A rule by its name.
fn rule(name: &str) -> Result<Rule, String> {
    let named = |rule: &&Rule| format!("{:?}", rule.mutant) == name;
    RULES.iter().find(named).copied().ok_or_else(|| "there is no such rule".to_owned())
}

/// Hours with two digits behind the point.
fn hours(millis: u64) -> String {
    let hundredths = millis / 36_000;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// One more line at the end of a table.
fn append(
    table: &PathBuf,
    arguments: &Arguments,
    done: u64,
    sums: &Sums,
    failed: usize,
) -> io::Result<()> {
    let mut text = fs::read_to_string(table)?;
    let Arguments { seed, commit, .. } = arguments;
    let line = format!(
        "| `cargo xtask campaign sites --count {done} --seed {seed}` | {commit} | {done} | {} | {} | {} | {failed} |\n",
        hours(sums.lived_ms),
        sums.crashes(),
        sums.happened.times(Happening::Promotions),
    );
    text.push_str(&line);
    fs::write(table, text)
}

/// Seeds one after the other, on one thread.
fn lives(arguments: &Arguments, begun: Instant, results: &Results) {
    let most_ms = arguments.hours.map_or(u64::MAX, |hours| hours.saturating_mul(3_600_000));
    let is_late = || {
        arguments.seconds.is_some_and(|most| begun.elapsed() >= Duration::from_secs(most))
            || results.lived_ms.load(Ordering::Relaxed) >= most_ms
    };
    let told = arguments.count == 1;
    let most = if arguments.hours.is_some() { u64::MAX } else { arguments.count };
    while !is_late() && !results.is_over.load(Ordering::Relaxed) {
        let place = results.next.fetch_add(1, Ordering::Relaxed);
        if place >= most {
            return;
        }
        let seed = arguments.seed + place;
        match live(seed, told) {
            Ok((one, story)) => {
                if told {
                    write!(io::stderr(), "{story}").ok();
                }
                results.lived_ms.fetch_add(one.lived_ms, Ordering::Relaxed);
                if let Ok(mut sums) = results.sums.lock() {
                    sums.adds(&one);
                }
            }
            Err(why) => {
                results.is_over.store(!arguments.survey, Ordering::Relaxed);
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
