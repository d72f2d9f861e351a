//! `journal dump` and `journal tail`: records in order, card data masked. Must not know where a
//! journal is, nor what a record says.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use journal::format::Position;
use journal::reader::Reader;

use super::line;
use super::reading::{Reading, told};
use super::row::Row;
use super::site::{KeyFiles, Site, Where};
use crate::clock;
use crate::output::{FAILED, Failure, Format, USAGE, write_out};

/// How often a follower looks for more: late enough to cost nothing, soon enough to watch.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What to dump.
#[derive(Debug, clap::Args)]
pub(crate) struct DumpArguments {
    #[command(flatten)]
    place: Where,

    #[command(flatten)]
    keys: KeyFiles,

    /// The first record to show; the first that is there when not given
    #[arg(long, value_name = "POSITION", value_parser = clap::value_parser!(u64).range(1..))]
    from: Option<u64>,

    /// The last record to show
    #[arg(long, value_name = "POSITION", value_parser = clap::value_parser!(u64).range(1..))]
    to: Option<u64>,

    /// How many records at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,

    /// For people or for programs, one object a line
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value = "table")]
    output: Format,
}

/// What to show of the end.
#[derive(Debug, clap::Args)]
pub(crate) struct TailArguments {
    #[command(flatten)]
    place: Where,

    #[command(flatten)]
    keys: KeyFiles,

    /// How many of the last records
    #[arg(short = 'n', long = "lines", value_name = "N", default_value_t = 10)]
    lines: u64,

    /// Go on with what a running daemon adds, until interrupted
    #[arg(short, long)]
    follow: bool,

    /// For people or for programs, one object a line
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value = "table")]
    output: Format,
}

/// Shows records.
struct Show {
    format: Format,
    /// The last record to show.
    to: u64,
    /// How many more.
    left: u64,
    header_is_due: bool,
}

/// Runs `journal dump`.
pub(super) fn dump(arguments: &DumpArguments) -> Result<ExitCode, Failure> {
    let DumpArguments { place, keys, from, to, limit, output } = arguments;
    let wanted = from.unwrap_or(1);
    if to.is_some_and(|to| to < wanted) {
        let message = "--to is before --from: there is no record between them";
        return Err(Failure::new(USAGE, message));
    }
    let site = Site::open(place)?;
    let keys = site.keys(keys)?;
    let (mut reading, first) = Reading::open(&site, &keys, Position(wanted))?;
    if from.is_some_and(|from| from < first.0) {
        let note = format!("records before {} are gone: older than `journal.retain`", first.0);
        // Where stderr is gone, nobody misses it.
        drop(writeln!(io::stderr(), "sekisho: {note}"));
    }
    let mut show = Show::new(*output, to.unwrap_or(u64::MAX), limit.unwrap_or(u64::MAX));
    while let Some(rows) = reading.next()? {
        if !show.rows(&rows)? {
            break;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs `journal tail`.
pub(super) fn tail(arguments: &TailArguments) -> Result<ExitCode, Failure> {
    let TailArguments { place, keys, lines, follow, output } = arguments;
    let site = Site::open(place)?;
    let keys = site.keys(keys)?;
    let from = Position(next_position(&site)?.0.saturating_sub(*lines));
    let (mut reading, _) = Reading::open(&site, &keys, from)?;
    let mut show = Show::new(*output, u64::MAX, u64::MAX);
    loop {
        while let Some(rows) = reading.next()? {
            if !show.rows(&rows)? {
                return Ok(ExitCode::SUCCESS);
            }
        }
        if !follow {
            return Ok(ExitCode::SUCCESS);
        }
        clock::pause(LOOK_EVERY);
    }
}

/// The position behind the last record, which needs no key.
fn next_position(site: &Site) -> Result<Position, Failure> {
    let reader = Reader::open(&site.disk, None, Position(u64::MAX));
    let mut reader = reader.map_err(|problem| told(&problem))?;
    // None of its batches is that far: it reads to the end.
    while reader.next_batch().map_err(|problem| told(&problem))?.is_some() {}
    Ok(reader.next_position().unwrap_or(Position(1)))
}

impl Show {
    fn new(format: Format, to: u64, left: u64) -> Self {
        Self { format, to, left, header_is_due: format == Format::Table }
    }

    /// False: nobody wants more.
    fn rows(&mut self, rows: &[Row]) -> Result<bool, Failure> {
        let mut text = String::new();
        if std::mem::take(&mut self.header_is_due) {
            text = line::header();
        }
        for row in rows {
            if row.position > self.to || self.left == 0 {
                break;
            }
            self.left -= 1;
            match self.format {
                Format::Table => text.push_str(&line::line(row)),
                Format::Json => {
                    let json = serde_json::to_string(row);
                    text.push_str(&json.map_err(|error| Failure::new(FAILED, error.to_string()))?);
                    text.push('\n');
                }
            }
        }
        let is_over = self.left == 0 || rows.last().is_some_and(|row| row.position >= self.to);
        Ok(write_out(&text)? && !is_over)
    }
}
