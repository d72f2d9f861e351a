//! `switch-sim`: the world of one seed after the other. Must not know what happens in one.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use switch_sim::running::Seeds;
use switch_sim::seeds::{Sums, live};

/// Seeds, unless told otherwise.
const COUNT: u64 = 5_000;

/// Random worlds, each from its seed; with --count 1 everything that happens in it is told.
#[derive(Clone, Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    seeds: Seeds,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments.seeds, &mut io::stdout().lock()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(7),
        Err(_) => ExitCode::FAILURE,
    }
}

fn run(seeds: &Seeds, out: &mut dyn Write) -> io::Result<bool> {
    let came = seeds.live(COUNT, live);
    let Sums { cases, messages, records, seconds, .. } = came.sums;
    let sums = format!(
        "{cases} transactions, {messages} messages of stations, {records} records, {seconds} simulated s"
    );
    seeds.verdict("sim", COUNT, &came, sums, out)
}
