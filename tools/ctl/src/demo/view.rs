//! How a demo looks while it runs: on a terminal a few lines, once a second; elsewhere a line every
//! five seconds. On stderr. Decides nothing.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use crate::parties::ACQUIRERS;
use daemon::status::{LinkState, StationStatus};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::stage::Stage;

/// Of a terminal: one for the demo, one for each party.
pub(super) const LINES: usize = 5;

/// The view.
pub(super) struct View {
    /// The lines, on a terminal.
    lines: Option<(MultiProgress, Vec<ProgressBar>)>,
    seconds: u64,
}

/// What a view shows beside the stage.
pub(super) struct Moment {
    /// Since the first request.
    pub(super) elapsed: Duration,
    /// Who has met with what, if anything has happened.
    pub(super) fault: Option<(&'static str, &'static str)>,
    /// It is worth a line where nobody watches.
    pub(super) is_worth_a_line: bool,
}

impl View {
    /// Of a demo of so many seconds, with so many lines on a terminal.
    pub(super) fn new(seconds: u64, lines_max: usize) -> Self {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let seen = io::stderr().is_terminal() && !dumb;
        Self { lines: seen.then(|| lines(lines_max)), seconds }
    }

    /// Shows a moment.
    pub(super) fn show(&self, stage: &Stage, moment: &Moment) {
        let tps: u64 = stage.acquirers.iter().map(|acquirer| acquirer.answers).sum();
        let elapsed = moment.elapsed.as_secs();
        let fault = moment.fault.map(|(who, fault)| format!("; {who} is {fault}"));
        let fault = fault.unwrap_or_default();
        let head = format!("{elapsed} s of {} s: {tps} answers a second{fault}", self.seconds);
        if self.is_seen() {
            self.set(std::iter::once(head).chain(acquirers(stage)).chain(of_issuers(stage)));
        } else if moment.is_worth_a_line {
            let progress = stage.acquirers.iter().map(|acquirer| acquirer.progress);
            let (approved, declined) = progress.fold((0, 0), |(approved, declined), now| {
                (approved + now.approved, declined + now.declined)
            });
            let links: Vec<_> = issuers(stage).map(links).collect();
            let links = links.join(", ");
            self.say(&format!("{head}; {approved} approved, {declined} declined; {links}"));
        }
    }

    /// Somebody watches, on a terminal.
    pub(super) fn is_seen(&self) -> bool {
        self.lines.is_some()
    }

    /// What the lines of the terminal say from now on.
    pub(super) fn set(&self, texts: impl Iterator<Item = String>) {
        let lines = self.lines.iter().flat_map(|(_, lines)| lines);
        for (line, text) in lines.zip(texts) {
            line.set_message(text);
            line.tick();
        }
    }

    /// A line that stays.
    pub(super) fn say(&self, text: &str) {
        match &self.lines {
            // Where stderr is gone, nobody misses it.
            Some((all, _)) => drop(all.println(text)),
            None => drop(writeln!(io::stderr(), "{text}")),
        }
    }

    /// Takes the lines away.
    pub(super) fn clear(&self) {
        if let Some((_, lines)) = &self.lines {
            lines.iter().for_each(ProgressBar::finish_and_clear);
        }
    }
}

fn lines(max: usize) -> (MultiProgress, Vec<ProgressBar>) {
    let all = MultiProgress::new();
    let style = ProgressStyle::with_template("{wide_msg}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
    let line = |_| all.add(ProgressBar::new_spinner().with_style(style.clone()));
    let lines = (0..max).map(line).collect();
    (all, lines)
}

/// A line for each acquirer.
pub(super) fn acquirers(stage: &Stage) -> impl Iterator<Item = String> {
    ACQUIRERS.iter().zip(&stage.acquirers).map(|(party, acquirer)| {
        let now = &acquirer.progress;
        let latency = &now.latency_us;
        format!(
            "{:10} {:6.0}/s  approved {:7}  declined {:5}  p50/p99 us {:.0}/{:.0}",
            party.name, now.tps, now.approved, now.declined, latency.p50, latency.p99
        )
    })
}

/// A line for each issuer.
pub(super) fn of_issuers(stage: &Stage) -> impl Iterator<Item = String> {
    issuers(stage).map(|station| {
        let StationStatus { in_flight, timeouts, approved, .. } = station;
        let links = links(station);
        format!("{links:24}  approved {approved:7}  in flight {in_flight:5}  timeouts {timeouts}")
    })
}

fn issuers(stage: &Stage) -> impl Iterator<Item = &StationStatus> {
    let stations = stage.status.iter().flat_map(|status| &status.stations);
    stations.filter(|station| station.connects)
}

/// "issuer-x 4/4 links up".
fn links(station: &StationStatus) -> String {
    let is_down = |state| matches!(state, LinkState::Down | LinkState::Connecting);
    let worst = station.links.iter().find(|link| is_down(link.state));
    let state = worst.map_or("up", |link| link.state.word());
    format!("{} {}/{} links {state}", station.name, station.links_ready, station.links.len())
}
