//! `sekisho status`: asks the daemon and shows what it says. Must not know what makes a figure
//! alarming, or how a table is laid out.

mod problems;

mod table;

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use daemon::control::ask_status;
use daemon::status::Status;
pub(crate) use table::size;

use crate::asking::{self, SOCKET};
use crate::clock;
use crate::output::{Colours, FAILED, Failure, Format, write_out};

/// What to ask and how to show it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The daemon's control socket, `control.socket` of its configuration
    #[arg(long, value_name = "PATH", default_value = SOCKET)]
    socket: PathBuf,

    /// For people or for programs
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value = "table")]
    output: Format,

    /// Show every link; otherwise a table shows the first few of each station, the worst first
    #[arg(long)]
    all: bool,

    /// Show it again and again, every two seconds or as often as said (500ms, 2s, 1m)
    #[arg(
        long, value_name = "PERIOD", num_args = 0..=1, require_equals = true,
        default_missing_value = "2s", value_parser = period
    )]
    watch: Option<Duration>,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut more = write_out(&shown(arguments, &ask(&arguments.socket)?)?)?;
    if let Some(period) = arguments.watch {
        while more {
            clock::pause(period);
            match ask(&arguments.socket) {
                Ok(status) => more = write_out(&shown(arguments, &status)?)?,
                // Whoever watches a restart wants to see the end of it.
                Err(failure) => more = writeln!(io::stderr(), "sekisho: {failure}").is_ok(),
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn ask(socket: &Path) -> Result<Status, Failure> {
    ask_status(socket).map_err(|error| asking::failure(socket, &error))
}

fn shown(arguments: &Arguments, status: &Status) -> Result<String, Failure> {
    match arguments.output {
        Format::Json => {
            let json = serde_json::to_string(status);
            let line = json.map_err(|error| Failure::new(FAILED, error.to_string()))?;
            Ok(line + "\n")
        }
        Format::Table => {
            let table = table::table(status, arguments.all, Colours::of_stdout());
            let again = arguments.watch.is_some();
            Ok(match (again, io::stdout().is_terminal()) {
                (true, true) => format!("\u{1b}[H\u{1b}[2J{table}"),
                (true, false) => format!("{table}\n"),
                (false, _) => table,
            })
        }
    }
}

/// Reads "500ms", "2s" or "1m".
pub(crate) fn period(text: &str) -> Result<Duration, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits).unwrap_or_default();
    let number: u64 = number.parse().map_err(|_| "not a number with a unit, like 2s")?;
    let period = match unit {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" => Duration::from_mins(number.min(1_440)),
        _ => return Err("its unit is none of ms, s, m".into()),
    };
    let allowed = Duration::from_millis(100)..=Duration::from_hours(24);
    if allowed.contains(&period) { Ok(period) } else { Err("not between 100ms and a day".into()) }
}

#[cfg(test)]
mod tests;
