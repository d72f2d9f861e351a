//! A drill as it is shown: a part as it becomes known, for people; one object at the end, for programs; and the same in
//! a file for whoever audits it. Must not know how anything in it was found.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use daemon::drills::{Drill, Drilled, Evidence, ReignSeen};
use daemon::node_requests::NodeStatus;
use serde::Serialize;

use super::before::Check;
use super::seen::{Seen, opened_by_the_peer};
use super::{is_for_people, peer_name};
use crate::grid::{grid, left_grid};
use crate::journal::instant;
use crate::output::{CONFLICT, Colours, FAILED, Failure, Format, write_out};

/// What is shown.
pub(super) struct Report {
    output: Format,
    file: Option<(PathBuf, File)>,
    text: String,
    told: Told,
}

/// For programs.
#[derive(Debug, Default, Serialize)]
struct Told {
    schema_version: u32,
    drill: &'static str,
    node: String,
    peer: String,
    before: Vec<Check>,
    drilled: Option<Drilled>,
    evidence: Option<Evidence>,
    seen: Option<Seen>,
    back: Option<Seen>,
    good: Option<bool>,
    error: Option<String>,
}

impl Report {
    /// Nothing is known yet.
    ///
    /// # Errors
    /// The file can not be made.
    pub(super) fn begin(
        drill: Drill,
        output: Format,
        file: Option<&Path>,
    ) -> Result<Self, Failure> {
        let open = |path: &Path| {
            let opened = OpenOptions::new().write(true).create_new(true).open(path);
            opened.map(|file| (path.to_owned(), file)).map_err(|error| {
                let exit = if error.kind() == ErrorKind::AlreadyExists { CONFLICT } else { FAILED };
                let message = format!("nothing was done: the report {}: {error}", path.display());
                Failure::new(exit, message)
            })
        };
        let file = file.map(open).transpose()?;
        let told = Told { schema_version: 1, drill: drill.word(), ..Told::default() };
        Ok(Self { output, file, text: String::new(), told })
    }

    /// What was looked at before.
    pub(super) fn looks(&mut self, pair: &NodeStatus, checks: &[Check]) -> Result<(), Failure> {
        (self.told.node, self.told.peer) = (pair.name.clone(), peer_name(pair));
        self.told.before = checks.to_vec();
        let rows = checks.iter().map(row).collect();
        self.write(&left_grid(&["BEFORE", "FOUND", ""], rows))
    }

    /// A sentence for people.
    pub(super) fn says(&mut self, words: &str) -> Result<(), Failure> {
        self.write(&format!("\n{words}\n"))
    }

    /// It is begun.
    pub(super) fn begins(&mut self, drilled: &Drilled) -> Result<(), Failure> {
        self.told.drilled = Some(drilled.clone());
        let Drilled { drill, begun_ns, for_ms, epoch, .. } = drilled;
        let seconds = std::time::Duration::from_millis(*for_ms).as_secs_f64();
        self.write(&format!(
            "\n{}: drill {} begins, for {seconds} s; epoch {epoch}\n",
            instant(*begun_ns),
            drill.word()
        ))
    }

    /// What was seen.
    pub(super) fn shows(
        &mut self,
        seen: &Seen,
        evidence: &Evidence,
        after: &NodeStatus,
    ) -> Result<(), Failure> {
        self.told.evidence = Some(evidence.clone());
        self.told.seen = Some(seen.clone());
        let mut text = String::from("\n");
        text += &left_grid(&["SEEN", ""], times(seen, evidence, after));
        text += "\n";
        text += &grid(
            &["EPOCH", "FROM", "TO", "REQUESTS", "ANSWERS", "CLOSED 909", "OWED", "SETTLED"],
            evidence.reigns.iter().map(reign).collect(),
        );
        text += "\n";
        text += &left_grid(&["VERDICT", "FOUND", ""], seen.verdict.iter().map(row).collect());
        self.write(&text)
    }

    /// This node is the primary again.
    pub(super) fn is_back(&mut self, seen: &Seen, after: &NodeStatus) -> Result<(), Failure> {
        self.told.back = Some(seen.clone());
        let words = format!("\n{} is the primary again, by epoch {}\n", after.name, after.epoch);
        let rows = seen.verdict.iter().map(row).collect();
        self.write(&(words + &left_grid(&["WAY BACK", "FOUND", ""], rows)))
    }

    /// All in a line.
    pub(super) fn judges(&mut self, good: bool) -> Result<(), Failure> {
        self.told.good = Some(good);
        let colours = Colours::of_stdout();
        let words = if good { "all is as it is to be" } else { "NOT all is as it is to be" };
        let line = format!("\nDRILL {}: {words}\n", self.told.drill.to_uppercase());
        let painted = if good { colours.calm(&line) } else { colours.alarming(&line) };
        self.text += &line;
        self.show(&painted)
    }

    /// It was not done, or not seen to its end.
    pub(super) fn fails(&mut self, failure: &Failure) {
        self.told.error = Some(failure.to_string());
        self.text += "\n";
        self.text += &failure.to_string();
        self.text += "\n";
    }

    /// Nothing more is known; the report is on the disk when this returns.
    pub(super) fn ends(self) -> Result<(), Failure> {
        let json = serde_json::to_string(&self.told);
        let json = json.map_err(|error| Failure::new(FAILED, error.to_string()))? + "\n";
        let is_text = is_for_people(self.output);
        if !is_text {
            write_out(&json)?;
        }
        let Some((path, mut file)) = self.file else { return Ok(()) };
        let text = if is_text { &self.text } else { &json };
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
        written.map_err(|error: io::Error| {
            let message = format!("the report {} is not written: {error}", path.display());
            Failure::new(FAILED, message)
        })
    }

    fn write(&mut self, text: &str) -> Result<(), Failure> {
        self.text += text;
        self.show(text)
    }

    fn show(&self, text: &str) -> Result<(), Failure> {
        if is_for_people(self.output) {
            write_out(text)?;
        }
        Ok(())
    }
}

fn row(check: &Check) -> Vec<String> {
    let word = if check.holds { "ok" } else { "PROBLEM" };
    vec![check.what.to_owned(), check.found.clone(), word.to_owned()]
}

fn reign(seen: &ReignSeen) -> Vec<String> {
    let numbers = [
        u64::from(seen.epoch),
        seen.first_position,
        seen.last_position,
        seen.requests,
        seen.answers,
        seen.closed,
        seen.owed,
        seen.settled,
    ];
    numbers.map(|number| number.to_string()).to_vec()
}

/// When what was, each by the clock of who did it.
fn times(seen: &Seen, evidence: &Evidence, after: &NodeStatus) -> Vec<Vec<String>> {
    let mut rows: Vec<(&str, String)> = Vec::new();
    let (before, now) = seen.epochs;
    rows.push(("epoch", format!("{before} before, {now} after")));
    let of = |epoch: u32| evidence.reigns.iter().find(|reign| reign.epoch == epoch);
    let (old, new) = (of(before), of(now).filter(|_| now != before));
    let time = |what, at: Option<u64>, rows: &mut Vec<(&str, String)>| {
        rows.extend(at.map(|at| (what, instant(at))));
    };
    if let Some(link) = &evidence.link.as_ref().filter(|_| now == before) {
        let after = |ms: Option<u64>| ms.map_or("not".into(), |ms| format!("after {ms} ms"));
        rows.push(("went on alone", after(link.solo_ms)));
        rows.push(("at one node alone", format!("{} released records at most", link.at_risk)));
        rows.push(("line again", after(link.line_ms)));
        rows.push(("in sync again", after(link.sync_ms)));
        let wait = link.longest_wait_us.div_ceil(1_000);
        rows.push(("longest wait for a release", format!("{wait} ms")));
    } else {
        let ended = evidence.drill.as_ref().filter(|drill| drill.epoch == before);
        time("last answer of the old primary", old.and_then(|old| old.last_answer_ns), &mut rows);
        time("drill begun", ended.map(|drill| drill.begun_ns), &mut rows);
        time("end of the old primary", ended.and_then(|drill| drill.ended_ns), &mut rows);
        time("begin of the new reign", new.map(|new| new.begun_ns), &mut rows);
        time("ports of the new primary opened", opened_by_the_peer(after), &mut rows);
        time("first answer of the new primary", new.and_then(|new| new.first_answer_ns), &mut rows);
        if let Some(lossy) = new.and_then(|new| new.lossy) {
            let words = if lossy { "records may be missing" } else { "nothing is missing" };
            rows.push(("the new primary said at its begin", words.into()));
        }
        let cut = format!("{} records", seen.cut_records);
        rows.push(("cut from the log of the old primary", cut));
    }
    if evidence.cut {
        rows.push(("not all was read", "more was written since than could be read in time".into()));
    }
    rows.into_iter().map(|(what, value)| vec![what.to_owned(), value]).collect()
}
