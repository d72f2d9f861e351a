//! What the load found, for people and programs. Must not know how it was found.

use std::collections::BTreeMap;

use comfy_table::Table;
use serde::{Deserialize, Serialize};

use super::tally::{Latencies, Tally};
use crate::figures;

/// The result of a run. Counts are of the whole run, warm-up included; `tps`, `cpu_us_per_tx` and
/// `latency_us` are of the measured time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Requests handed to a socket.
    pub sent: u64,
    /// Requests that got an answer, right or wrong.
    pub answered: u64,
    /// Right answers that approve: action code 000 to 099, or 00, 08, 10, 11, 16 of 1987.
    pub approved: u64,
    /// Right answers with any other action code.
    pub declined: u64,
    /// Requests that got no answer in time, or whose connection was lost.
    pub unanswered: u64,
    /// Answers with a field that differs or is missing, answers to nothing, second answers.
    pub mismatched: u64,
    /// Open loop: sends more than 10 ms behind their intended time, or never made.
    pub late_sends: u64,
    /// Answers a second, in the measured time.
    pub tps: f64,
    /// Processor time of the load itself for each answer, microseconds.
    pub cpu_us_per_tx: f64,
    /// From the intended send time to the answer, microseconds.
    pub latency_us: LatencyUs,
    /// Answers in the measured time.
    pub measured: u64,
    /// The measured time.
    pub seconds: f64,
    /// Times a connection was lost.
    pub connections_lost: u64,
    /// Requests sent once more, as repeats.
    #[serde(default)]
    pub repeats: u64,
    /// Answers to those.
    #[serde(default)]
    pub repeats_answered: u64,
    /// Reversals sent.
    #[serde(default)]
    pub reversals: u64,
    /// Answers to those.
    #[serde(default)]
    pub reversals_answered: u64,
    /// Reversals sent once more because they could not be taken (907 and its like).
    #[serde(default)]
    pub reversals_again: u64,
    /// Requests asked again because their connection was lost.
    #[serde(default)]
    pub asked_again: u64,
    /// Of those without an answer: reversed, and that acknowledged.
    #[serde(default)]
    pub unanswered_reversed: u64,
    /// Times that a connection was opened at another target than before.
    #[serde(default)]
    pub moves: u64,
    /// The longest time without an answer while something was asked, from the time at which it should
    /// have been sent; seconds.
    #[serde(default)]
    pub without_answer_s: f64,
    /// The same without an approval.
    #[serde(default)]
    pub without_approval_s: f64,
    /// Right answers by action code.
    pub actions: BTreeMap<String, u64>,
    /// Wrong answers by what was wrong.
    pub wrong: BTreeMap<String, u64>,
}

/// Percentiles, microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LatencyUs {
    /// Half are at most this.
    pub p50: f64,
    /// 90 % are at most this.
    pub p90: f64,
    /// 99 % are at most this.
    pub p99: f64,
    /// 99.9 % are at most this.
    pub p999: f64,
    /// The longest.
    pub max: f64,
}

/// Answers, time and processor time of the measured part of a run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Measured {
    pub(super) answered: u64,
    pub(super) nanoseconds: u64,
    pub(super) cpu: u64,
}

impl Report {
    pub(super) fn new(tally: &Tally, measured: Measured) -> Self {
        Self {
            sent: tally.sent,
            answered: tally.answered,
            approved: tally.approved(),
            declined: tally.declined(),
            unanswered: tally.unanswered,
            mismatched: tally.mismatched,
            late_sends: tally.late_sends,
            tps: figures::per_second(measured.answered, measured.nanoseconds),
            cpu_us_per_tx: figures::microseconds_each(measured.cpu, measured.answered),
            latency_us: tally.measured().into(),
            measured: measured.answered,
            seconds: figures::seconds(measured.nanoseconds),
            connections_lost: tally.connections_lost,
            repeats: tally.followed.repeats,
            repeats_answered: tally.followed.repeats_answered,
            reversals: tally.followed.reversals,
            reversals_answered: tally.followed.reversals_answered,
            reversals_again: tally.followed.reversals_again,
            asked_again: tally.followed.asked_again,
            unanswered_reversed: tally.followed.unanswered_reversed,
            moves: tally.moves,
            without_answer_s: figures::seconds(tally.service.without_answer()),
            without_approval_s: figures::seconds(tally.service.without_approval()),
            actions: tally.actions(),
            wrong: tally.wrongs(),
        }
    }

    /// Every request, repeat and reversal had one answer, and the right one.
    pub fn is_right(&self) -> bool {
        let follows = (self.repeats, self.reversals);
        self.unanswered == 0
            && self.mismatched == 0
            && follows == (self.repeats_answered, self.reversals_answered)
    }

    /// The report for people.
    pub fn table(&self) -> Table {
        let mut table = crate::cli::table();
        let LatencyUs { p50, p90, p99, p999, max } = self.latency_us;
        let mut row = |name: &str, value: String| {
            table.add_row([name.to_owned(), value]);
        };
        row("sent", self.sent.to_string());
        row("answered", self.answered.to_string());
        row("approved", self.approved.to_string());
        row("declined", self.declined.to_string());
        for (code, count) in
            self.actions.iter().filter(|(code, _)| !["000", "00"].contains(&code.as_str()))
        {
            row(&format!("  action code {code}"), count.to_string());
        }
        row("unanswered", self.unanswered.to_string());
        if self.unanswered_reversed > 0 {
            row("  reversed", self.unanswered_reversed.to_string());
        }
        row("mismatched", self.mismatched.to_string());
        for (what, count) in &self.wrong {
            row(&format!("  {what}"), count.to_string());
        }
        for (what, sent, answered) in [
            ("repeats answered", self.repeats, self.repeats_answered),
            ("reversals answered", self.reversals, self.reversals_answered),
        ] {
            if sent > 0 {
                row(what, format!("{answered} of {sent}"));
            }
        }
        if self.reversals_again > 0 {
            row("  sent once more", self.reversals_again.to_string());
        }
        if self.asked_again > 0 {
            row("asked again", self.asked_again.to_string());
        }
        if self.moves > 0 {
            row("moved to another target", format!("{} connections", self.moves));
        }
        row("without an answer", format!("{:.2} s at most", self.without_answer_s));
        row("without an approval", format!("{:.2} s at most", self.without_approval_s));
        row("late sends", self.late_sends.to_string());
        row("connections lost", self.connections_lost.to_string());
        row("measured", format!("{:.1} s", self.seconds));
        row("throughput", format!("{:.0} tx/s", self.tps));
        row("load's own CPU", format!("{:.2} us/tx", self.cpu_us_per_tx));
        row("latency p50", format!("{p50:.0} us"));
        row("latency p90", format!("{p90:.0} us"));
        row("latency p99", format!("{p99:.0} us"));
        row("latency p99.9", format!("{p999:.0} us"));
        row("latency max", format!("{max:.0} us"));
        row("verdict", self.verdict().to_owned());
        table
    }

    fn verdict(&self) -> &'static str {
        match (self.is_right(), self.late_sends) {
            (false, _) => "WRONG: answers are missing, double or differ",
            (true, 0) => "right: every request was answered once, and correctly",
            (true, _) => "right, but the load could not keep up with the rate",
        }
    }
}

impl From<Latencies> for LatencyUs {
    fn from(latencies: Latencies) -> Self {
        Self {
            p50: figures::microseconds(latencies.p50),
            p90: figures::microseconds(latencies.p90),
            p99: figures::microseconds(latencies.p99),
            p999: figures::microseconds(latencies.p999),
            max: figures::microseconds(latencies.max),
        }
    }
}
