//! The long proofs: which there are, how many rounds of each, the table and the verdict. Must not
//! know what a round does.

mod centres;
pub(crate) mod clock;
mod dice;
mod field;
mod ground;
mod kill;
mod life;
mod power;
mod programs;
mod records;
mod service;
mod setting;
mod switch;
mod trouble;
mod worlds;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use self::field::Field;
use self::kill::Kill;
use self::life::{Blow, Life, Lived, Moment};
use self::power::Power;
pub(crate) use self::power::shutdown;
use self::programs::Programs;
use self::trouble::Trouble;
use self::worlds::Worlds;
use crate::Ended;

/// Rounds of a campaign, unless told otherwise.
const COUNT: u64 = 50;
/// Rounds in one life of a journal: long enough for archives and checkpoints.
const LIFE: u64 = 25;

/// What is asked for.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Which: kill (SIGKILL at random instants), power (its file system loses power), failover (two
    /// nodes with etcd, and one is lost), partition (lines between them are cut), freeze (they stand
    /// still), service (the package in a real Debian), sim (worlds of chance around the core) or sites (worlds of chance
    /// around two nodes)
    name: String,
    /// How many rounds; of failover, those in which the primary is killed alone, loses its power or all lines:
    /// others come between them
    #[arg(long, default_value_t = COUNT, value_parser = clap::value_parser!(u64).range(1..))]
    count: u64,
    /// The seed of the first life; one of the clock if not told
    #[arg(long)]
    seed: Option<u64>,
    /// Stop after so many seconds, if as many rounds as --at-least says are done
    #[arg(long)]
    seconds: Option<u64>,
    /// Of worlds: go on for so many simulated hours, whatever --count says
    #[arg(long)]
    hours: Option<u64>,
    /// Of sites: add the result to the table in switch/sim/README.md
    #[arg(long)]
    append: bool,
    /// The least number of rounds for a verdict
    #[arg(long, default_value_t = 1)]
    at_least: u64,
    /// Of failover, partition and freeze: how many times as long as it may take a round may take, for a
    /// machine that has much else to do
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    patience: u32,
    /// Of failover, partition and freeze: what is done comes in the order of the list, not by chance
    #[arg(long)]
    in_order: bool,
    /// Of service: the package, one that was made already
    #[arg(long)]
    package: Option<PathBuf>,
    /// Of service: these steps alone, by their names with commas between
    #[arg(long, value_delimiter = ',')]
    steps: Vec<String>,
    /// It is in namespaces of its own
    #[arg(long, hide = true)]
    unshared: bool,
}

/// What rounds came to.
#[derive(Debug, Default)]
struct Tally {
    rounds: u64,
    at_start: u64,
    at_roll_over: u64,
    lived: Vec<Lived>,
}

/// Runs the campaign of that name; says so when there is none.
pub(crate) fn run(
    root: &Path,
    arguments: &Arguments,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> io::Result<Ended> {
    let seed = arguments.seed.unwrap_or_else(|| u64::from(std::process::id()));
    match arguments.name.as_str() {
        "kill" => campaign(root, arguments, seed, Kill::new, out),
        "power" if !rustix::process::geteuid().is_root() => {
            writeln!(err, "xtask: campaign power mounts a file system: run it as root")?;
            Ok(Ended::NotPermitted)
        }
        "power" if !arguments.unshared => {
            let error = power::unshare(std::env::args().skip(1).chain(["--unshared".to_owned()]));
            writeln!(err, "xtask: no mount namespace of its own: {error}")?;
            Ok(Ended::Failed)
        }
        "power" => campaign(root, arguments, seed, Power::new, out),
        "service" if !rustix::process::geteuid().is_root() => {
            writeln!(err, "xtask: campaign service boots a Debian: run it as root")?;
            Ok(Ended::NotPermitted)
        }
        "service" => match &arguments.package {
            Some(package) if arguments.unshared => {
                service::run(root, package, &arguments.steps, out)
            }
            package => service::prepare(root, package.as_deref(), &arguments.steps, out),
        },
        "failover" | "partition" | "freeze" if !rustix::process::geteuid().is_root() => {
            let name = &arguments.name;
            writeln!(err, "xtask: campaign {name} lays lines between networks: run it as root")?;
            Ok(Ended::NotPermitted)
        }
        "sim" => worlds::run(root, Worlds::Core, arguments),
        "sites" => worlds::run(root, Worlds::Sites, arguments),
        name => match Field::of(name) {
            Some(field) if arguments.unshared => field::run(field, root, arguments, seed, out),
            Some(_) => field::prepare(root, name, seed, out),
            None => {
                writeln!(
                    err,
                    "xtask: no campaign `{name}`; there are kill, power, failover, partition, freeze, service, \
                     sim and sites"
                )?;
                Ok(Ended::NotFound)
            }
        },
    }
}

/// Lives one after the other, until there are rounds enough or time is up.
fn campaign<B: Blow>(
    root: &Path,
    arguments: &Arguments,
    first: u64,
    blow: impl Fn(u64) -> Result<B, Trouble>,
    out: &mut dyn Write,
) -> io::Result<Ended> {
    let Arguments { name, count, seconds, at_least, .. } = arguments;
    let programs = match Programs::build(root) {
        Ok(programs) => programs,
        Err(trouble) => return end(name, &trouble, out),
    };
    let begun = clock::now();
    let is_over = |rounds: u64| {
        let late = seconds.is_some_and(|seconds| begun.elapsed() >= Duration::from_secs(seconds));
        rounds >= *count || (late && rounds >= *at_least)
    };
    let mut tally = Tally::default();
    writeln!(out, "{}", header())?;
    for seed in first.. {
        if is_over(tally.rounds) {
            break;
        }
        let life_begun = clock::now();
        let before = tally.rounds;
        let goes_on = |rounds: u64| rounds - before < LIFE && !is_over(rounds);
        match live(&programs, root, name, seed, &blow, &mut tally, goes_on) {
            Ok(lived) => {
                tally.lived.push(lived);
                let took = life_begun.elapsed();
                writeln!(out, "{}", row(&seed.to_string(), tally.rounds - before, took, &lived))?;
                out.flush()?;
            }
            Err(trouble) => {
                let rounds = tally.rounds - before + 1;
                writeln!(out, "round {rounds} of the life with seed {seed}: {trouble}")?;
                writeln!(out, "again: cargo xtask campaign {name} --seed {seed} --count {rounds}")?;
                return end(name, &trouble, out);
            }
        }
    }
    let took = begun.elapsed();
    writeln!(out, "{}", row("all", tally.rounds, took, &tally.all()))?;
    let Tally { rounds, at_start, at_roll_over, .. } = tally;
    writeln!(
        out,
        "campaign {name}: {rounds} rounds from seed {first}, {at_start} during a start and {at_roll_over} \
         at a roll-over, in {} s: everything answered is in the journal, everything at an issuer is too; \
         what had no answer is reversed and acknowledged, and both ends have the same approvals",
        took.as_secs()
    )?;
    Ok(Ended::Done)
}

/// One life.
fn live<B: Blow>(
    programs: &Programs,
    root: &Path,
    name: &str,
    seed: u64,
    blow: impl Fn(u64) -> Result<B, Trouble>,
    tally: &mut Tally,
    goes_on: impl Fn(u64) -> bool,
) -> Result<Lived, Trouble> {
    let mut life = Life::begins(programs, blow(seed)?, seed)?;
    let mut rounds = || -> Result<Lived, Trouble> {
        while goes_on(tally.rounds) {
            match life.round()? {
                Moment::Start => tally.at_start += 1,
                Moment::RollOver => tally.at_roll_over += 1,
                Moment::Load => {}
            }
            tally.rounds += 1;
        }
        life.end()
    };
    let lived = rounds();
    if let Err(Trouble::Found(what)) = &lived {
        let place = root.join(format!("target/campaign-{name}-{seed}"));
        let kept = life.blow.ground().keep(&place);
        let kept = kept.map_or_else(
            |error| format!("could not be kept: {error}"),
            |()| format!("is kept in {}", place.display()),
        );
        return Err(Trouble::Found(format!("{what}\nthe journal {kept}")));
    }
    lived
}

fn end(name: &str, trouble: &Trouble, out: &mut dyn Write) -> io::Result<Ended> {
    Ok(match trouble {
        Trouble::Found(_) => {
            writeln!(out, "campaign {name}: FAILED")?;
            Ended::Found
        }
        Trouble::Failed(what) => {
            writeln!(out, "campaign {name}: could not be carried out: {what}")?;
            Ended::Failed
        }
    })
}

/// The columns: what was done to the switch, what its partners saw of it, what became of what.
const COLUMNS: [&str; 16] = [
    "seed",
    "rounds",
    "s",
    "s each",
    "sent",
    "answered",
    "declined",
    "refused",
    "decided",
    "at issuers",
    "closed",
    "reversed",
    "acknowledged",
    "undelivered",
    "unknown",
    "asked again",
];

fn header() -> String {
    COLUMNS.map(|name| format!("{name:>12}")).join(" ")
}

fn row(seed: &str, rounds: u64, took: Duration, lived: &Lived) -> String {
    let Lived { counts, missing, repeated, books } = lived;
    let each = took.as_millis() / u128::from(rounds.max(1));
    let mut cells = vec![seed.to_owned(), rounds.to_string(), took.as_secs().to_string()];
    cells.push(format!("{}.{:03}", each / 1000, each % 1000));
    let counted = [
        counts.sent,
        counts.answered,
        counts.declined,
        counts.refused,
        counts.decisions,
        counts.received,
        counts.closed,
        books.reversed,
        books.acknowledged,
        missing.undelivered,
        missing.unknown,
        *repeated,
    ];
    cells.extend(counted.map(|count| count.to_string()));
    cells.iter().map(|cell| format!("{cell:>12}")).collect::<Vec<_>>().join(" ")
}

impl Tally {
    fn all(&self) -> Lived {
        let mut all = Lived::default();
        for Lived { counts, missing, repeated, books } in &self.lived {
            all.counts.sent += counts.sent;
            all.counts.answered += counts.answered;
            all.counts.declined += counts.declined;
            all.counts.refused += counts.refused;
            all.counts.decisions += counts.decisions;
            all.counts.received += counts.received;
            all.counts.closed += counts.closed;
            all.missing.undelivered += missing.undelivered;
            all.missing.unknown += missing.unknown;
            all.repeated += repeated;
            all.books.reversed += books.reversed;
            all.books.acknowledged += books.acknowledged;
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_a_cell_for_each_column() {
        let row = row("7", 0, Duration::from_millis(1_500), &Lived::default());
        assert_eq!(row.split_whitespace().count(), COLUMNS.len());
        assert_eq!(row.len(), header().len());
        assert!(row.trim_start().starts_with("7            0            1        1.500"), "{row}");
    }
}
