//! The configuration as people read it. Pure functions of what the daemon said.

use daemon::change::{Changes, ConfigReply, Planned, Progress, Stage};

use crate::grid::grid;
use crate::journal::second;

/// What the files would change.
pub(super) fn plan(reply: &ConfigReply) -> String {
    let plan = reply.plan.clone().unwrap_or_default();
    let mut out = format!("version {} runs, of {}\n", reply.running.number, reply.file);
    if plan.refusals.is_empty() || plan.changes.total() > 0 {
        out += &changes(&plan.changes);
    }
    if !plan.refusals.is_empty() {
        lines(&mut out, "", &plan.refusals);
        out += "This can not be applied; the daemon goes on as it is.\n";
    }
    lines(&mut out, "warning: ", &plan.warnings);
    out += &advice(&plan);
    out
}

/// A line each, and how many there are.
pub(super) fn changes(changes: &Changes) -> String {
    if changes.total() == 0 {
        return "Nothing has changed.\n".into();
    }
    let told: Vec<String> = changes.told.iter().map(ToString::to_string).collect();
    let mut out = String::new();
    lines(&mut out, "  ", &told);
    if changes.more > 0 {
        lines(&mut out, "  and ", &[format!("{} more", grouped(changes.more))]);
    }
    let routes = [
        (changes.routes_new, "new"),
        (changes.routes_changed, "changed"),
        (changes.routes_gone, "gone"),
    ];
    let routes: Vec<String> = routes
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", grouped(count)))
        .collect();
    let total = changes.total();
    let mut sum = format!("{} change{}", grouped(total), if total == 1 { "" } else { "s" });
    if !routes.is_empty() {
        sum = sum + ", routes among them: " + &routes.join(", ");
    }
    lines(&mut out, "", &[sum]);
    out
}

fn advice(plan: &Planned) -> String {
    if !plan.refusals.is_empty() || plan.changes.restart == 0 {
        return String::new();
    }
    format!(
        "{} of them need a restart (systemctl restart sekishod), and while they stand there nothing \
         can be applied.\n",
        grouped(plan.changes.restart)
    )
}

/// A reload, with what each worker has of it.
pub(super) fn progress(reply: &ConfigReply) -> String {
    let Some(progress) = &reply.progress else {
        return "There was no reload since the daemon started.\n".into();
    };
    let mut out = format!(
        "reload {} by {} ({}), begun {}: {}\n",
        progress.run,
        progress.by,
        progress.how,
        second(progress.begun_utc),
        stage(progress)
    );
    out += &workers(progress);
    lines(&mut out, "", &progress.refusals);
    lines(&mut out, "problem: ", &progress.problems);
    out
}

/// How far it is, in words.
pub(super) fn stage(progress: &Progress) -> String {
    match progress.stage {
        Stage::Reading => "reads the files".into(),
        Stage::Writing => "waits for the journal".into(),
        Stage::Adopting | Stage::Opening => {
            let opening = progress.stage == Stage::Opening;
            let missing = progress.workers.iter().filter(|worker| {
                let has = if opening { worker.opened_us } else { worker.adopted_us };
                has.is_none()
            });
            let missing: Vec<String> = missing.map(|worker| worker.worker.to_string()).collect();
            let what = if opening { "opened its ports" } else { "taken it up" };
            match missing.as_slice() {
                [] => "all workers have it".into(),
                [one] => format!("worker {one} has not {what} yet"),
                many => format!("workers {} have not {what} yet", many.join(", ")),
            }
        }
        Stage::Done => format!("version {} runs", progress.number),
        Stage::Unchanged => "nothing has changed".into(),
        Stage::Refused => "refused; the configuration is as it was".into(),
    }
}

fn workers(progress: &Progress) -> String {
    if progress.workers.is_empty() {
        return String::new();
    }
    let took = |time: Option<u64>| time.map_or("-".into(), |time| format!("{time} us"));
    let rows = progress.workers.iter().map(|worker| {
        vec![worker.worker.to_string(), took(worker.adopted_us), took(worker.opened_us)]
    });
    grid(&["WORKER", "ADOPTED IN", "OPEN IN"], rows.collect())
}

/// The versions, the running one marked.
pub(super) fn history(reply: &ConfigReply) -> String {
    if reply.versions.is_empty() {
        return "No version is kept.\n".into();
    }
    let rows = reply.versions.iter().map(|version| {
        let runs = version.number == reply.running.number;
        vec![
            version.number.to_string(),
            if version.utc == 0 { "-".into() } else { second(version.utc) },
            version.how.clone(),
            version.by.clone(),
            version.digest.get(..12).unwrap_or(&version.digest).to_owned(),
            marks(runs, version.standby).into(),
        ]
    });
    grid(&["VERSION", "SINCE", "HOW", "BY", "DIGEST", ""], rows.collect())
}

fn marks(runs: bool, standby: bool) -> &'static str {
    match (runs, standby) {
        (true, true) => "runs, as a standby",
        (true, false) => "runs",
        (false, true) => "as a standby",
        (false, false) => "",
    }
}

fn lines(out: &mut String, before: &str, lines: &[String]) {
    for line in lines {
        out.push_str(before);
        out.push_str(line);
        out.push('\n');
    }
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 2);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use daemon::change::Adoption;

    #[test]
    fn thousands_stand_apart() {
        for (number, said) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), said);
        }
    }

    #[test]
    fn whoever_is_late_is_named() {
        let worker = |worker, adopted_us| Adoption { worker, adopted_us, opened_us: None };
        let workers = vec![worker(0, Some(7)), worker(1, None), worker(2, None)];
        let mut progress = Progress { stage: Stage::Adopting, workers, ..Progress::default() };
        assert_eq!(stage(&progress), "workers 1, 2 have not taken it up yet");
        progress.workers.pop();
        assert_eq!(stage(&progress), "worker 1 has not taken it up yet");
        progress.workers.pop();
        assert_eq!(stage(&progress), "all workers have it");
        progress.stage = Stage::Opening;
        assert_eq!(stage(&progress), "worker 0 has not opened its ports yet");
    }
}
