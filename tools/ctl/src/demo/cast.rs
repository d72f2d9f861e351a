//! What is known of everybody who takes part, from the lines they say. Must not know when
//! anything is done to them.

use std::net::SocketAddr;

use crate::parties::ACQUIRERS;
use bench::issuer::Summary;
use bench::load::{Progress, Report};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::process::Process;
use super::setting::CONNECTIONS;

/// The daemon.
#[derive(Debug, Default)]
pub(super) struct Switch {
    pub(super) process: Option<Process>,
    /// Where it listens, by acquirer.
    pub(super) listening: [Option<SocketAddr>; 2],
    /// It serves now.
    pub(super) serves: bool,
    /// Requests without an outcome that it found in its journal at its last start.
    pub(super) unfinished: Option<u64>,
    /// What `journal verify` ended with while it was away.
    pub(super) verified: Option<i32>,
    /// It has been told to end, or was made to.
    pub(super) stopping: bool,
}

/// An issuer.
#[derive(Debug, Default)]
pub(super) struct Issuer {
    pub(super) process: Option<Process>,
    /// Where it listens; it keeps its port when it comes back.
    pub(super) address: Option<SocketAddr>,
    /// It listens now.
    pub(super) is_up: bool,
    /// It has been told to end, or was made to.
    pub(super) stopping: bool,
    /// What it said last of what it did.
    pub(super) ledger: Summary,
    /// The last word of the one before it, which was killed.
    pub(super) ledger_before: Option<Summary>,
}

/// An acquirer.
#[derive(Debug, Default)]
pub(super) struct Acquirer {
    pub(super) process: Option<Process>,
    /// All its connections are open.
    pub(super) connected: bool,
    /// How it stands.
    pub(super) progress: Progress,
    /// Answers in its last second.
    pub(super) answers: u64,
    /// Its last second brought approvals and no decline, over all connections.
    pub(super) is_well: bool,
    /// Its result, at the end.
    pub(super) report: Option<Report>,
}

impl Switch {
    /// A line of its log.
    pub(super) fn on_line(&mut self, line: String) {
        let facts: Value = serde_json::from_str(&line).unwrap_or_default();
        match facts["message"].as_str() {
            Some("serving") => self.serves = true,
            Some("journal read") => self.unfinished = facts["unfinished"].as_u64(),
            Some(_) | None => {}
        }
        if facts["message"] == "listening" {
            let of = ACQUIRERS.iter().position(|acquirer| facts["station"] == acquirer.name);
            let address = facts["address"].as_str().and_then(|address| address.parse().ok());
            if let Some(place) = of {
                self.listening[place] = address;
            }
        }
        let is_trouble = facts["level"] != "INFO";
        if let Some(process) = self.process.as_mut().filter(|_| is_trouble) {
            process.heard(line);
        }
    }
}

impl Issuer {
    /// A line of its stdout.
    pub(super) fn on_line(&mut self, line: &str) {
        if let Some(address) = line.strip_prefix("listening ") {
            self.address = address.parse().ok().or(self.address);
            self.is_up = true;
        }
        if let Some((Some("second") | None, facts)) = marked(line) {
            // Lines of one that was killed may still be on their way.
            let is_gone = !self.is_up && self.ledger_before.is_some();
            let ledger =
                if is_gone { self.ledger_before.get_or_insert_default() } else { &mut self.ledger };
            *ledger = read(facts).unwrap_or(*ledger);
        }
    }
}

impl Acquirer {
    /// A line of its stdout.
    pub(super) fn on_line(&mut self, line: &str) {
        match marked(line) {
            Some((Some("connected"), _)) => self.connected = true,
            Some((Some("second"), facts)) => {
                let now: Progress = read(facts).unwrap_or(self.progress);
                let before = std::mem::replace(&mut self.progress, now);
                self.answers = now.answered.saturating_sub(before.answered);
                // On a connection that has just come back, what was open may still be declined.
                let was_whole = [now, before].iter().all(|then| then.connections == CONNECTIONS);
                self.is_well =
                    was_whole && now.approved > before.approved && now.declined == before.declined;
            }
            Some((None, facts)) => self.report = read(facts),
            Some(_) | None => {}
        }
    }
}

/// A line of JSON, with its mark; a result has none.
fn marked(line: &str) -> Option<(Option<&'static str>, Value)> {
    let facts: Value = serde_json::from_str(line).ok().filter(Value::is_object)?;
    let mark = match facts.get("mark").map(|mark| mark.as_str().unwrap_or_default()) {
        None => None,
        Some("second") => Some("second"),
        Some("connected") => Some("connected"),
        Some(_) => Some("other"),
    };
    Some((mark, facts))
}

fn read<T: DeserializeOwned>(facts: Value) -> Option<T> {
    serde_json::from_value(facts).ok()
}
