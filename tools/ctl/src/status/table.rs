//! A status as people read it at night: what is wrong first, then links, stations, workers and the
//! rest, each use beside its bound. A pure function of the status.

use std::fmt::Write;

use daemon::change::Version;
use daemon::status::{
    ControlStatus, JournalStatus, LinkStatus, StationStatus, Status, WorkerStatus,
};

use super::problems::{is_bad, problems};
use crate::grid::{grid, left_grid};
use crate::journal::second;
use crate::node;
use crate::output::{Colours, duration};
use crate::rot;

/// Digits shown of what tells configurations apart.
const DIGEST_SHOWN: usize = 8;
/// Links shown of each station, unless all are asked for.
const LINKS_SHOWN: usize = 8;
/// Problems shown, unless all are asked for.
const PROBLEMS_SHOWN: usize = 20;

/// The whole table.
pub(super) fn table(status: &Status, all: bool, colours: Colours) -> String {
    let mut out = String::new();
    write_all(&mut out, status, all, colours).expect("a text takes what is written");
    out
}

fn write_all(out: &mut String, status: &Status, all: bool, colours: Colours) -> std::fmt::Result {
    let Status { node, institution, version, pid, .. } = status;
    let (state, uptime) = (status.state.word(), duration(status.uptime_s));
    writeln!(out, "{node} is {state}, up {uptime}, institution {institution}")?;
    if let Some(pair) = &status.pair {
        writeln!(out, "{}", node::summary(pair))?;
    }
    writeln!(out, "sekishod {version}, pid {pid}, configuration {}", status.configuration)?;
    let Version { number, digest, utc, by, how, .. } = &status.adopted;
    if let Some(short) = digest.get(..DIGEST_SHOWN) {
        let since = second(*utc);
        writeln!(out, "configuration {number} ({short}), taken up {since} by {by} ({how})")?;
    }
    writeln!(out)?;
    let problems = problems(status);
    if problems.is_empty() {
        writeln!(out, "{}", colours.calm("No problems."))?;
    } else {
        writeln!(out, "{}", colours.alarming(&format!("PROBLEMS: {}", problems.len())))?;
        let shown = if all { problems.len() } else { PROBLEMS_SHOWN };
        for problem in problems.iter().take(shown) {
            writeln!(out, "  {}", colours.alarming(problem))?;
        }
        if problems.len() > shown {
            writeln!(out, "  and {} more; --all shows them", problems.len() - shown)?;
        }
    }
    writeln!(out)?;
    out.push_str(&links(&status.stations, all));
    writeln!(out)?;
    out.push_str(&stations(&status.stations));
    writeln!(out)?;
    let stored = stored(&status.stations);
    if !stored.is_empty() {
        writeln!(out, "{stored}")?;
    }
    out.push_str(&workers(&status.workers));
    if let Some(of) = &status.journal {
        writeln!(out)?;
        out.push_str(&journal(of));
    }
    let ControlStatus { clients, commands, refused, .. } = status.control;
    if commands > 0 {
        writeln!(
            out,
            "\nControl socket: {clients} connected, {commands} commands, {refused} refused"
        )?;
    }
    let counters = status.counters.iter().filter(|(_, count)| **count > 0);
    write_pairs(out, "Counters (those that are not zero)", counters)?;
    write_pairs(out, "Limits", status.limits.iter())?;
    if !status.inactive.is_empty() {
        writeln!(out, "\nConfigured and not active")?;
        for inactive in &status.inactive {
            writeln!(out, "  {inactive}")?;
        }
    }
    Ok(())
}

fn links(stations: &[StationStatus], all: bool) -> String {
    let mut rows = Vec::new();
    for station in stations {
        let mut links: Vec<&LinkStatus> = station.links.iter().collect();
        links.sort_by_key(|link| (!is_bad(station, link), link.id));
        let shown = if all { links.len() } else { LINKS_SHOWN };
        for link in links.iter().take(shown) {
            rows.push(link_row(station, link));
        }
        let rest = links.get(shown..).unwrap_or_default();
        if !rest.is_empty() {
            let bad = rest.iter().filter(|link| is_bad(station, link)).count();
            let said = if bad == 0 { "none BAD".into() } else { format!("{bad} BAD") };
            rows.push(vec![station.name.clone(), format!("{} more", rest.len()), said]);
        }
        if links.is_empty() {
            let nobody = match () {
                () if station.retired => "retired",
                () if station.connects => "no link",
                () => "nobody came yet",
            };
            rows.push(vec![station.name.clone(), "-".into(), nobody.into()]);
        }
    }
    grid(
        &["STATION", "LINK", "STATE", "FOR", "PEER", "ECHOES MISSED", "TO SEND", "LAST ERROR"],
        rows,
    )
}

fn link_row(station: &StationStatus, link: &LinkStatus) -> Vec<String> {
    let word = link.state.word();
    vec![
        station.name.clone(),
        link.id.to_string(),
        if is_bad(station, link) { format!("BAD: {word}") } else { word.into() },
        duration(link.since_s),
        link.peer.clone(),
        link.echo_missed.to_string(),
        of(link.out_buffered, link.out_max),
        link.last_error.clone().unwrap_or_default(),
    ]
}

fn stations(stations: &[StationStatus]) -> String {
    let time = |micros: Option<u64>| micros.map_or("-".into(), latency);
    let rows = stations.iter().map(|station| {
        vec![
            station.name.clone(),
            if station.retired {
                format!("{}, retired", station.role)
            } else {
                station.role.clone()
            },
            station.dialect.clone(),
            station.sign_on.clone(),
            station.worker.to_string(),
            of(station.links_ready.into(), station.links_max.into()),
            of(station.in_flight.into(), station.in_flight_max.into()),
            station.requests.to_string(),
            station.answers.to_string(),
            station.approved.to_string(),
            station.declined.to_string(),
            station.timeouts.to_string(),
            time(station.p50_us),
            time(station.p99_us),
        ]
    });
    let header = [
        "STATION",
        "ROLE",
        "DIALECT",
        "SIGN-ON",
        "WORKER",
        "READY",
        "IN FLIGHT",
        "REQUESTS",
        "ANSWERS",
        "APPROVED",
        "DECLINED",
        "TIMEOUTS",
        "P50",
        "P99",
    ];
    grid(&header, rows.collect())
}

/// What is stored for each issuer that something is stored for; nothing when that is none.
fn stored(stations: &[StationStatus]) -> String {
    let rows = stations.iter().filter_map(|station| {
        let stored = station.stored.filter(|stored| stored.open() > 0)?;
        Some(vec![
            station.name.clone(),
            match station.links_ready {
                _ if stored.paused => "paused".into(),
                0 => "no link".into(),
                _ => "sending".into(),
            },
            stored.waiting.to_string(),
            stored.sent.to_string(),
            stored.parked.to_string(),
            stored.held.to_string(),
            stored.alarmed.to_string(),
            stored.oldest_s.map_or("-".into(), duration),
        ])
    });
    let rows: Vec<Vec<String>> = rows.collect();
    if rows.is_empty() {
        return String::new();
    }
    let header = ["STORED FOR", "STATE", "WAITING", "SENT", "PARKED", "HELD", "ALARMED", "OLDEST"];
    grid(&header, rows)
}

fn workers(workers: &[WorkerStatus]) -> String {
    let rows = workers.iter().map(|worker| {
        let fullest = worker.lanes.iter().max_by_key(|lane| lane.used);
        vec![
            worker.id.to_string(),
            if worker.answering { "yes".into() } else { "NO".into() },
            worker.turns.to_string(),
            worker.pulse_ms.map_or("-".into(), |age| duration(age / 1_000)),
            of(worker.pending.into(), worker.pending_max.into()),
            of(worker.parked.into(), worker.parked_max.into()),
            of(worker.held.into(), worker.held_max.into()),
            of(worker.stored.into(), worker.stored_max.into()),
            worker.repeats_known_s.map_or("-".into(), duration),
            of(worker.gate_used, worker.gate_bytes),
            fullest.map_or("-".into(), |lane| of(lane.used, lane.bytes)),
        ]
    });
    let header = [
        "WORKER",
        "ANSWERS",
        "TURNS",
        "LAST PULSE",
        "PENDING",
        "PARKED",
        "HELD REPEATS",
        "STORED",
        "REPEATS KNOWN",
        "AT GATE",
        "FULLEST LANE",
    ];
    grid(&header, rows.collect())
}

fn journal(journal: &JournalStatus) -> String {
    let time = |micros: Option<u64>| micros.map_or("-".into(), latency);
    let rows = [
        ("directory", journal.directory.clone()),
        ("written", format!("{}, sync {}", journal.path, journal.sync)),
        ("scheduled", journal.priority.clone()),
        ("epoch", journal.epoch.to_string()),
        ("records", journal.position.to_string()),
        ("durable", format!("{} ({} behind)", journal.durable, behind(journal))),
        ("commits", journal.commits.to_string()),
        ("records a commit", per(journal.records, journal.commits)),
        ("commit p50", time(journal.commit_p50_us)),
        ("commit p99", time(journal.commit_p99_us)),
        ("segments", format!("{} of {}", journal.segments, size(journal.segment_bytes))),
        ("spares", journal.spares.to_string()),
        ("archives", journal.archives.to_string()),
        ("checkpoint", format!("after record {}", journal.checkpoint)),
        ("size", size(journal.bytes)),
        ("disk free", size(journal.free_bytes)),
        ("read through", rot::line(&journal.scrub)),
        ("read at start", format!("{} records, {} ms", journal.replayed, journal.replayed_ms)),
        ("closed at start", format!("{} requests", journal.closed_at_start)),
    ];
    let rows = rows.map(|(what, value)| vec![what.to_owned(), value]);
    left_grid(&["JOURNAL", ""], rows.into())
}

/// Records that were taken and are not on the disk yet.
pub(super) fn behind(journal: &JournalStatus) -> u64 {
    journal.position.saturating_sub(journal.durable)
}

/// So many each, with one decimal.
fn per(count: u64, each: u64) -> String {
    match count.saturating_mul(10).checked_div(each) {
        Some(tenths) => format!("{}.{}", tenths / 10, tenths % 10),
        None => "-".into(),
    }
}

/// Bytes in the largest unit of which there are some.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..0x10_0000 => format!("{} KiB", bytes >> 10),
        0x10_0000..0x2_8000_0000 => format!("{} MiB", bytes >> 20),
        _ => format!("{} GiB", bytes >> 30),
    }
}

fn write_pairs<'p>(
    out: &mut String,
    title: &str,
    pairs: impl Iterator<Item = (&'p String, &'p u64)>,
) -> std::fmt::Result {
    let mut pairs = pairs.peekable();
    if pairs.peek().is_some() {
        writeln!(out, "\n{title}")?;
    }
    for (name, value) in pairs {
        writeln!(out, "  {name} {value}")?;
    }
    Ok(())
}

/// A use beside its bound; a bound of zero is none.
fn of(used: u64, most: u64) -> String {
    if most == 0 { used.to_string() } else { format!("{used}/{most}") }
}

/// Microseconds, or milliseconds from ten on.
fn latency(micros: u64) -> String {
    if micros < 10_000 { format!("{micros}us") } else { format!("{}ms", micros / 1_000) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_is_short_enough_to_compare_at_a_glance() {
        assert_eq!([latency(0), latency(9_999), latency(10_000)], ["0us", "9999us", "10ms"]);
    }
}
