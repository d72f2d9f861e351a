//! `sekishod`: the daemon. Knows only how to hand over to the library.

use std::process::ExitCode;

use clap::Parser;
use daemon::memory::LargePages;

#[global_allocator]
static MEMORY: LargePages = LargePages;

fn main() -> ExitCode {
    daemon::run::run(&daemon::cli::Arguments::parse())
}
