//! `sites`: the world of two sites of one seed after the other, or the story of a rule. Must not know
//! what happens in one.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use switch_sim::pair::broken::{RULES, Rule, breaking, play};
use switch_sim::pair::{Happening, Sums, live};
use switch_sim::running::{Came, Seeds};

/// Seeds, unless told otherwise.
const COUNT: u64 = 2_000;

/// What was found is not as it must be.
const FOUND: u8 = 7;

/// Worlds of two sites, each from its seed; with --count 1 everything that happens in it is told.
#[derive(Clone, Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    seeds: Seeds,
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

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let story = match (arguments.breaks, arguments.story) {
        (Some(rule), _) => Some((rule, [Some(rule.mutant), rule.behind])),
        (None, Some(rule)) => Some((rule, [None; 2])),
        (None, None) => None,
    };
    let ended = match story {
        Some((rule, mutants)) => {
            let played = breaking(mutants, || play(rule.story, arguments.seeds.seed, true));
            let is_well = played.is_ok();
            let (Ok((_, text)) | Err(text)) = played;
            writeln!(io::stderr(), "{text}").map(|()| is_well)
        }
        None => run(&arguments, &mut io::stdout().lock()),
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(FOUND),
        Err(_) => ExitCode::FAILURE,
    }
}

/// A rule by its name.
fn rule(name: &str) -> Result<Rule, String> {
    let named = |rule: &&Rule| format!("{:?}", rule.mutant) == name;
    RULES.iter().find(named).copied().ok_or_else(|| "there is no such rule".to_owned())
}

fn run(arguments: &Arguments, out: &mut dyn Write) -> io::Result<bool> {
    let seeds = &arguments.seeds;
    let came = seeds.live(COUNT, live);
    if let Some(table) = &arguments.append {
        append(table, arguments, &came)?;
    }
    let simulated = came.sums.lived_ms / 1_000;
    let sums = format!(
        "{} simulated h ({} times as fast), {} crashes, {} promotions, no violation",
        hours(came.sums.lived_ms),
        simulated / came.took.as_secs().max(1),
        came.sums.crashes(),
        came.sums.happened.times(Happening::Promotions),
    );
    seeds.verdict("sites", COUNT, &came, sums, out)
}

/// Hours with two digits behind the point.
fn hours(millis: u64) -> String {
    let hundredths = millis / 36_000;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// One more line at the end of the table of results.
fn append(table: &PathBuf, arguments: &Arguments, came: &Came<Sums>) -> io::Result<()> {
    let text = fs::read_to_string(table)?;
    let (commit, seed) = (&arguments.commit, arguments.seeds.seed);
    let Came { done, sums, failed, .. } = came;
    let line = format!(
        "| `cargo xtask campaign sites --count {done} --seed {seed}` | {commit} | {done} | {} | {} | {} | {} |\n",
        hours(sums.lived_ms),
        sums.crashes(),
        sums.happened.times(Happening::Promotions),
        failed.len(),
    );
    // Behind its last line, whatever stands there after it.
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let last = lines.iter().rposition(|line| line.starts_with('|'));
    lines.insert(last.map_or(lines.len(), |at| at + 1), &line);
    fs::write(table, lines.concat())
}
