//! What a comparison found, for people and programs. Must not know how it was measured.

use comfy_table::Table;
use serde::Serialize;
use serde_json::Value;

use super::{Error, Options, Trouble};
use crate::figures;
use crate::load::{Pace, Report};

/// What the processor time is of.
const COUNTED: &str = "processor time of all threads of the process under test, kernel workers \
                       included, for each answered transaction; the load's and the issuer's is not in it. The process under test has the last core for itself";

/// Medians over all pairs, and the pairs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Connections of the load.
    pub connections: usize,
    /// Requests open on each; none in the open loop.
    pub window: Option<usize>,
    /// Requests a second in all; none in the closed loop.
    pub rate: Option<u64>,
    /// Dialect on both sides.
    pub dialect: String,
    /// Measured time of each run.
    pub seconds: f64,
    /// What went wrong in the runs of the switch; where something did, `floor` is the switch without
    /// that.
    pub trouble: Trouble,
    /// How the switch wrote its journal; none when it kept none.
    pub journal: Option<&'static str>,
    /// Median of a commit of one block to the disk of the journal, measured after each pair,
    /// microseconds.
    pub device_commit_us: Option<f64>,
    /// Open loop with a journal: how many device commits a transaction takes longer than at the
    /// floor.
    pub commits_per_tx: Option<f64>,
    /// Processors of this machine that may be used.
    pub cores: usize,
    /// What `cpu_us_per_tx` counts.
    pub counted: &'static str,
    /// Medians of the floor.
    pub floor: Figures,
    /// Medians of the switch.
    pub switch: Figures,
    /// Medians of each pair's switch by floor.
    pub ratio: Ratio,
    /// The runs, two and two in the order of time.
    pub pairs: Vec<Pair>,
}

/// One run, or medians of several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Figures {
    /// Answers a second.
    pub tps: f64,
    /// Processor time for each answer, microseconds.
    pub cpu_us_per_tx: f64,
    /// Half of the answers came within this, microseconds.
    pub latency_p50_us: f64,
    /// 99 % of the answers came within this, microseconds.
    pub latency_p99_us: f64,
    /// Open loop: sends that were late, in hundredths of all. Where they are many, the latencies
    /// are the load's.
    pub late_sends_percent: f64,
}

/// Floor and switch, measured next to each other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Pair {
    /// The relay.
    pub floor: Figures,
    /// The switch.
    pub switch: Figures,
    /// A commit of one block to the disk, measured after the two.
    pub device_commit_us: Option<f64>,
}

/// Switch by floor.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ratio {
    /// Of throughput: 1 is as much as the floor.
    pub tps: f64,
    /// Of processor time for each transaction: 1 is as little as the floor.
    pub cpu: f64,
    /// Of the time within which half of the answers came. Means something in the open loop only.
    pub latency_p50: f64,
}

/// One run as it was measured.
pub(super) struct Run(Figures);

impl Run {
    /// From the load's mark at the end of the measured time, the processor time until then, and the
    /// report; an error if not every request was approved, but for those that were to time out.
    pub(super) fn new(
        measured: &Value,
        cpu: u64,
        report: Report,
        trouble: Trouble,
    ) -> Result<Self, Error> {
        let timed_out = report.actions.get("911").or(report.actions.get("68")).copied();
        let timed_out = timed_out.filter(|&count| {
            // Its issuer counts what reached it, which is no more than was sent.
            trouble.timeouts_every.is_some_and(|every| count <= report.sent / every.max(1))
        });
        let timed_out = timed_out.unwrap_or(0);
        if !report.is_right() || report.declined > timed_out || report.approved == 0 {
            return Err(Error::Work(Box::new(report)));
        }
        let number = |name: &str| measured.get(name).and_then(Value::as_u64).unwrap_or(0);
        let (answered, nanoseconds) = (number("answered"), number("nanoseconds"));
        Ok(Self(Figures {
            tps: figures::per_second(answered, nanoseconds),
            cpu_us_per_tx: figures::microseconds_each(cpu, answered),
            latency_p50_us: report.latency_us.p50,
            latency_p99_us: report.latency_us.p99,
            late_sends_percent: figures::percent(report.late_sends, report.sent),
        }))
    }

    pub(super) fn figures(&self) -> Figures {
        self.0
    }
}

impl Figures {
    fn median(runs: &(impl Iterator<Item = Self> + Clone)) -> Self {
        let of = |figure: fn(Self) -> f64| figures::median(runs.clone().map(figure).collect());
        Self {
            tps: of(|run| run.tps),
            cpu_us_per_tx: of(|run| run.cpu_us_per_tx),
            latency_p50_us: of(|run| run.latency_p50_us),
            latency_p99_us: of(|run| run.latency_p99_us),
            late_sends_percent: of(|run| run.late_sends_percent),
        }
    }
}

impl Pair {
    /// What the switch takes longer than the floor, in device commits.
    fn commits_per_tx(self) -> Option<f64> {
        let (switch, floor) = (self.switch.latency_p50_us, self.floor.latency_p50_us);
        self.device_commit_us.map(|commit| figures::longer_by(switch, floor, commit))
    }

    fn ratio(self) -> Ratio {
        Ratio {
            tps: figures::ratio(self.switch.tps, self.floor.tps),
            cpu: figures::ratio(self.switch.cpu_us_per_tx, self.floor.cpu_us_per_tx),
            latency_p50: figures::ratio(self.switch.latency_p50_us, self.floor.latency_p50_us),
        }
    }
}

impl Outcome {
    pub(super) fn new(options: &Options, pairs: Vec<Pair>) -> Self {
        let ratios = pairs.iter().map(|pair| pair.ratio());
        let median_of_some = |figures: Vec<f64>| {
            if figures.is_empty() { None } else { Some(figures::median(figures)) }
        };
        let commits = pairs.iter().filter_map(|pair| pair.commits_per_tx());
        let is_open_loop = matches!(options.pace, Pace::Rate(_));
        Self {
            trouble: options.trouble,
            journal: options.journal,
            device_commit_us: median_of_some(
                pairs.iter().filter_map(|pair| pair.device_commit_us).collect(),
            ),
            commits_per_tx: median_of_some(commits.filter(|_| is_open_loop).collect()),
            connections: options.connections,
            window: if let Pace::Window(window) = options.pace { Some(window) } else { None },
            rate: if let Pace::Rate(rate) = options.pace { Some(rate) } else { None },
            dialect: options.dialect.clone(),
            seconds: options.duration.as_secs_f64(),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            counted: COUNTED,
            floor: Figures::median(&pairs.iter().map(|pair| pair.floor)),
            switch: Figures::median(&pairs.iter().map(|pair| pair.switch)),
            ratio: Ratio {
                tps: figures::median(ratios.clone().map(|ratio| ratio.tps).collect()),
                cpu: figures::median(ratios.clone().map(|ratio| ratio.cpu).collect()),
                latency_p50: figures::median(ratios.map(|ratio| ratio.latency_p50).collect()),
            },
            pairs,
        }
    }

    /// The medians for people.
    pub fn table(&self) -> Table {
        let mut table = crate::cli::table();
        table.set_header(if self.trouble.is_any() {
            ["", "without", "with", "with / without"]
        } else {
            ["", "floor", "switch", "switch / floor"]
        });
        let mut row = |name: &str, floor: f64, switch: f64, decimals: usize, ratio: String| {
            let shown = |figure: f64| format!("{figure:.decimals$}");
            table.add_row([name.to_owned(), shown(floor), shown(switch), ratio]);
        };
        let (floor, switch) = (self.floor, self.switch);
        row("throughput, tx/s", floor.tps, switch.tps, 0, format!("{:.2}", self.ratio.tps));
        let cpu = format!("{:.2}", self.ratio.cpu);
        row("CPU, us/tx", floor.cpu_us_per_tx, switch.cpu_us_per_tx, 2, cpu);
        // In the closed loop they contain the wait that the load itself causes.
        let p50 = self.rate.map_or_else(String::new, |_| format!("{:.2}", self.ratio.latency_p50));
        row("latency p50, us", floor.latency_p50_us, switch.latency_p50_us, 0, p50);
        row("latency p99, us", floor.latency_p99_us, switch.latency_p99_us, 0, String::new());
        if self.rate.is_some() {
            let (floor, switch) = (floor.late_sends_percent, switch.late_sends_percent);
            row("late sends, %", floor, switch, 2, String::new());
        }
        if let Some(commit) = self.device_commit_us {
            let shown = format!("{commit:.0}");
            table.add_row(["device commit p50, us".into(), String::new(), shown, String::new()]);
        }
        if let Some(commits) = self.commits_per_tx {
            let what = "longer than the floor, device commits";
            table.add_row([what.into(), String::new(), format!("{commits:.1}"), String::new()]);
        }
        table
    }

    /// What the table is of.
    pub fn caption(&self) -> String {
        let pace = match (self.window, self.rate) {
            (Some(window), _) => format!("x {window} open"),
            (None, rate) => format!("with {} requests a second", rate.unwrap_or_default()),
        };
        let journal = match self.journal {
            Some(path) => format!("journal {path}"),
            None => "no journal".to_owned(),
        };
        let trouble = [
            ("repeated", self.trouble.repeats_every),
            ("unanswered by its issuer", self.trouble.timeouts_every),
        ];
        let trouble = trouble.into_iter().filter_map(|(what, every)| Some((what, every?)));
        let wrong = trouble.fold(String::new(), |wrong, (what, every)| {
            format!("{wrong}, with 1 request in {every} {what}")
        });
        format!(
            "{} connections {pace}, {}, {journal}{wrong}, medians of {} pairs of {} s, {} cores.\nCPU: {}.",
            self.connections,
            self.dialect,
            self.pairs.len(),
            self.seconds,
            self.cores,
            self.counted
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A run of 10,000 requests, so many of them declined with this code.
    fn run(code: &str, declined: u64, timeouts_every: Option<u64>) -> bool {
        let latency = json!({"p50": 1.0, "p90": 1.0, "p99": 1.0, "p999": 1.0, "max": 1.0});
        let report = json!({
            "sent": 10_000, "answered": 10_000, "approved": 10_000 - declined, "declined": declined,
            "unanswered": 0, "mismatched": 0, "late_sends": 0, "tps": 1.0, "cpu_us_per_tx": 1.0,
            "latency_us": latency, "measured": 10_000, "seconds": 1.0, "connections_lost": 0,
            "actions": {(code): declined}, "wrong": {},
        });
        let report = serde_json::from_value(report).unwrap();
        let trouble = Trouble { timeouts_every, ..Trouble::default() };
        Run::new(&json!({"answered": 10_000, "nanoseconds": 1}), 1, report, trouble).is_ok()
    }

    #[test]
    fn no_more_requests_may_time_out_than_their_issuer_was_told_to_leave_unanswered() {
        assert!(run("911", 100, Some(100)) && run("68", 100, Some(100)) && run("911", 0, None));
        assert!(!run("911", 101, Some(100)), "one more than was asked for");
        assert!(!run("911", 1, None), "none was asked for");
        assert!(!run("907", 1, Some(100)), "that is no timeout");
    }
}
