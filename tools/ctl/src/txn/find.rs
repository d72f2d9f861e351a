//! `txn find`: transactions by what an operator knows of them. Must not know where records stand.

use std::collections::BTreeSet;
use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use journal::index::Mark;
use rustix::termios::{self, LocalModes, OptionalActions, Termios};
use serde_json::json;
use switch_core::ids::{Stan, StationNumber};
use switch_core::marks;
use switch_core::records::{Record, TakesBack};

use super::history::{History, Seen};
use super::life::Life;
use super::when;
use crate::grid::left_grid;
use crate::journal::site::{KeyFiles, Site, Where};
use crate::output::{Failure, Format, NOT_FOUND, USAGE, write_out};

/// A record is written so long after what it tells, at most: as long as a full disk may have held it up.
const WRITTEN_WITHIN_S: u64 = 600;
/// The longest line that is read for a card.
const CARD_LINE_MAX: u64 = 64;

/// What is known of the transactions.
#[derive(Debug, clap::Args)]
pub(crate) struct FindArguments {
    #[command(flatten)]
    place: Where,

    #[command(flatten)]
    keys: KeyFiles,

    /// The retrieval reference number (DE 37)
    #[arg(long, value_name = "RRN")]
    rrn: Option<String>,

    /// The trace number: the acquirer's (DE 11), or ours towards the issuer
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=999_999))]
    stan: Option<u32>,

    /// The acquirer or the issuer by its name
    #[arg(long, value_name = "NAME")]
    station: Option<String>,

    /// By a card number, read from standard input
    #[arg(long)]
    card: bool,

    /// Reversals of what nobody knew: answered as agreed, and their original is refused should it come
    #[arg(long)]
    unknown: bool,

    /// Not before this time, UTC: 2026-11-21T05:20:30Z, or less of it
    #[arg(long, value_name = "TIME", value_parser = when::utc)]
    from: Option<u64>,

    /// Not after it
    #[arg(long, value_name = "TIME", value_parser = when::utc)]
    to: Option<u64>,

    /// How many at most; the first ones
    #[arg(long, value_name = "N", default_value_t = 100)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,

    /// For people or for programs, one object a line
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value = "table")]
    output: Format,
}

/// Runs the command.
pub(super) fn run(arguments: &FindArguments) -> Result<ExitCode, Failure> {
    let FindArguments { place, keys, rrn, stan, station, card, unknown, from, to, limit, output } =
        arguments;
    let has_number = rrn.is_some() || stan.is_some() || *card;
    if !(has_number || *unknown || from.is_some() || to.is_some()) {
        let message = "say which: --rrn, --stan, --card, --unknown, or a time by --from and --to";
        return Err(Failure::new(USAGE, message));
    }
    if from.zip(*to).is_some_and(|(from, to)| to < from) {
        return Err(Failure::new(USAGE, "--to is before --from: nothing is between them"));
    }
    let card = if *card { Some(card_from_stdin()?) } else { None };
    let site = Site::open(place)?;
    let keys = site.keys(keys)?;
    let mut history = History::open(&site, &keys)?;
    let key = *history.marker.key();
    let stations = history.stations(station.as_deref());
    let mut wanted = Wanted {
        criteria: Vec::new(),
        of: station.is_some().then(|| stations.clone()),
        unseen: *unknown,
        from: from.unwrap_or(0),
        to: to.unwrap_or(u64::MAX),
    };
    if let Some(name) = station.as_ref().filter(|_| stations.is_empty()) {
        let known = history.station_names().join(", ");
        let message = format!("no station {name} is in this journal; there is {known}");
        return Err(Failure::new(NOT_FOUND, message));
    }
    let mut criterion = |all: Vec<marks::Mark>| {
        wanted.criteria.push(all.into_iter().map(History::in_index).collect());
    };
    if let Some(rrn) = rrn {
        criterion(marks::Mark::retrieval(&key, rrn.as_bytes()).into_iter().collect());
    }
    if let Some(stan) = stan {
        let both = |&of| {
            [marks::Mark::stan(&key, of, Stan(*stan)), marks::Mark::trace(&key, of, Stan(*stan))]
        };
        criterion(stations.iter().flat_map(both).collect());
    }
    if let Some((number, digits)) = card {
        criterion(vec![marks::Mark::card(&key, number, digits)]);
    }
    let limit = usize::try_from(*limit).unwrap_or(usize::MAX);
    let mut heads = wanted.heads(&mut history, limit + 1)?;
    let is_cut = heads.len() > limit;
    heads.truncate(limit);
    let followed = history.follow(&heads)?;
    let lives: Vec<Life> =
        heads.iter().zip(&followed).map(|(head, all)| Life::of(&history, head, all)).collect();
    if lives.is_empty() {
        return Err(Failure::new(NOT_FOUND, "no such transaction is written down"));
    }
    write_out(&match output {
        Format::Table => table(&lives),
        Format::Json => lives.iter().map(|life| json!(life.facts).to_string() + "\n").collect(),
    })?;
    if is_cut {
        // Where stderr is gone, nobody misses it.
        drop(writeln!(io::stderr(), "sekisho: there are more; say more of them, or --limit"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Each criterion is marks of which a record must have one.
struct Wanted {
    criteria: Vec<BTreeSet<Mark>>,
    /// One of these stations must be a party of it; none: any may.
    of: Option<Vec<StationNumber>>,
    /// It must be a reversal of what nobody knew.
    unseen: bool,
    from: u64,
    to: u64,
}

impl Wanted {
    /// The requests and advices that fit, in order, at most so many.
    fn heads(&self, history: &mut History<'_>, most: usize) -> Result<Vec<Seen>, Failure> {
        let mut heads = Vec::new();
        for part in history.parts.clone() {
            let written = (self.from, self.to.saturating_add(WRITTEN_WITHIN_S));
            if part.to_utc < written.0 || part.from_utc > written.1 || heads.len() >= most {
                continue;
            }
            let mut found = Vec::new();
            let mut add = |seen: Seen| {
                let is_of_then =
                    utc_of(&seen.bytes).is_some_and(|utc| (self.from..=self.to).contains(&utc));
                if is_of_then && (!self.unseen || is_unseen(&seen.bytes)) {
                    found.push(seen);
                }
            };
            // The rarest is not known: any of them finds all that fit.
            match self.criteria.first() {
                Some(first) => history.look(&part, first, &mut add)?,
                None => history.read_between(&part, written, &mut add)?,
            }
            for seen in found {
                if self.of.as_ref().is_some_and(|stations| !is_of(&seen.bytes, stations)) {
                    continue;
                }
                let marks = history.marks_of(&seen);
                if self.criteria.iter().all(|any| !any.is_disjoint(&marks)) {
                    heads.push(seen);
                }
            }
        }
        heads.truncate(most);
        Ok(heads)
    }
}

/// When a request or an advice was decided on, as a second since 1970; none for other records.
fn utc_of(bytes: &[u8]) -> Option<u64> {
    match Record::read(bytes) {
        Ok(Record::Decision { utc, .. } | Record::Advice { utc, .. }) => Some(utc),
        _ => None,
    }
}

/// Whether it is a reversal of what nobody knew.
fn is_unseen(bytes: &[u8]) -> bool {
    matches!(Record::read(bytes), Ok(Record::Advice { takes_back: TakesBack::Unseen, .. }))
}

/// Whether one of these stations is a party of it.
fn is_of(bytes: &[u8], stations: &[StationNumber]) -> bool {
    match Record::read(bytes) {
        Ok(Record::Decision { acquirer, issuer, .. } | Record::Advice { acquirer, issuer, .. }) => {
            stations.contains(&acquirer) || stations.contains(&issuer)
        }
        _ => false,
    }
}

/// A terminal that does not show what is typed until this is dropped, so that no card stays on it.
struct Silence<'a> {
    terminal: &'a io::Stdin,
    before: Termios,
}

impl<'a> Silence<'a> {
    /// None where it is no terminal, or one that can not be told so.
    fn over(terminal: &'a io::Stdin) -> Option<Self> {
        let before = termios::tcgetattr(terminal).ok()?;
        let mut silent = before.clone();
        silent.local_modes -= LocalModes::ECHO;
        // What was typed before is forgotten: it was shown.
        termios::tcsetattr(terminal, OptionalActions::Flush, &silent).ok()?;
        Some(Self { terminal, before })
    }
}

impl Drop for Silence<'_> {
    fn drop(&mut self) {
        // Nothing can be done about a terminal that has gone. Of a program that a signal ends, the
        // shell restores it.
        termios::tcsetattr(self.terminal, OptionalActions::Now, &self.before).unwrap_or_default();
    }
}

/// A card number from standard input: digits, with blanks or dashes between them.
fn card_from_stdin() -> Result<(u64, u8), Failure> {
    let stdin = io::stdin();
    let silence = Silence::over(&stdin);
    if silence.is_some() {
        drop(write!(io::stderr(), "card number, not shown: "));
    }
    let mut line = String::new();
    let read = io::Read::take(stdin.lock(), CARD_LINE_MAX).read_line(&mut line);
    if silence.is_some() {
        // The end of the line was not shown either.
        drop(writeln!(io::stderr()));
    }
    drop(silence);
    let digits: String = line.trim().chars().filter(|it| !matches!(it, ' ' | '-')).collect();
    let number = digits.parse::<u64>().ok().filter(|_| (8..=19).contains(&digits.len()));
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = number.filter(|_| is_number && read.is_ok());
    let digits = u8::try_from(digits.len()).unwrap_or(u8::MAX);
    number.map(|number| (number, digits)).ok_or_else(|| {
        // What was read is not said: it may be most of a card number.
        Failure::new(USAGE, "--card reads one card number, 8 to 19 digits, from standard input")
    })
}

fn table(lives: &[Life]) -> String {
    let header = [
        "ID", "AT", "MTI", "ACQUIRER", "ISSUER", "STAN", "OURS", "RRN", "CARD", "AMOUNT", "OUTCOME",
    ];
    let row = |life: &Life| {
        let facts = &life.facts;
        let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
        vec![
            facts.id.to_string(),
            or_none(&facts.at),
            or_none(&facts.mti),
            or_none(&facts.acquirer),
            or_none(&facts.issuer),
            or_none(&facts.stan),
            or_none(&facts.our_stan),
            or_none(&facts.rrn),
            or_none(&facts.card),
            or_none(&facts.amount),
            facts.outcome.clone(),
        ]
    };
    left_grid(&header, lives.iter().map(row).collect())
}
