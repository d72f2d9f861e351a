//! The program `sekisho-bench`: hands its arguments to the library and knows nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    bench::run(std::env::args_os())
}
