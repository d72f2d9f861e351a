//! `sekisho`: the operator's one program. Knows only how to hand over to the library.

use std::process::ExitCode;

use daemon::memory::LargePages;

/// This program is the daemon of a demo too.
#[global_allocator]
static MEMORY: LargePages = LargePages;

fn main() -> ExitCode {
    ctl::run()
}
