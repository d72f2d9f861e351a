//! One of two nodes as people read it at night: in a line, with what is wrong, in full; and a listing of
//! approvals. Pure functions of what the daemon said.

use std::fmt::Write;

use daemon::node_requests::{
    CatchUp, DigestStatus, Diverged, NodeRole, NodeStatus, Orphans, PeerStatus, Reign, SyncState,
    WitnessRecord, WitnessStatus,
};
use daemon::status::HookStatus;

use daemon::status::SickStatus;

use crate::grid::{grid, left_grid};
use crate::journal::second;
use crate::output::{Colours, duration};
use crate::rot;

/// Of a digest so many digits are shown.
const DIGEST_SHOWN: usize = 8;
/// Clocks that differ by more than this make records of the two nodes hard to compare, milliseconds.
const CLOCKS_APART_MAX_MS: u64 = 1_000;

/// The one line: which part it has, and how safe the log is.
pub(crate) fn summary(status: &NodeStatus) -> String {
    let NodeStatus { name, role, epoch, .. } = status;
    let other = status.peer.as_ref().map_or("", |peer| peer.name.as_str());
    let since = status.sync_since_s.map(|since| format!(" for {}", duration(since)));
    let since = since.unwrap_or_default();
    let reign = if *epoch > 0 { format!(", epoch {epoch}") } else { String::new() };
    let how = match status.sync {
        SyncState::NoPrimary => "no primary is known".to_owned(),
        SyncState::Local => "it has no peer".to_owned(),
        SyncState::Sync => format!("sync with {other}{since}"),
        SyncState::Solo => format!("SOLO{since}: {} at one node only", released(status)),
        SyncState::Async => format!("async: nobody waits for {}", standby(status)),
        SyncState::Stopped => format!("STOPPED{since}: nothing is released without the standby"),
    };
    format!("{name} is {}{reign}; {how}", part(*role))
}

/// What somebody should look at, the worst first.
pub(crate) fn problems(status: &NodeStatus) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(isolated) = &status.isolated {
        let since = if isolated.utc > 0 {
            format!(" since {}", second(isolated.utc))
        } else {
            String::new()
        };
        let reason = if isolated.reason.is_empty() {
            "no reason was said".to_owned()
        } else {
            isolated.reason.clone()
        };
        found.push(format!("ISOLATED by an operator{since}: {reason}; sekisho node isolate --end"));
    }
    if let Some(why) = &status.sick {
        found.push(sick(why));
        found.push(of_sick(status).into());
    }
    let why = if status.why.is_empty() { String::new() } else { format!(": {}", status.why) };
    match status.sync {
        SyncState::Stopped => found.push(format!("nothing is released{why}")),
        SyncState::NoPrimary => found.push(format!("no primary is known here{why}")),
        SyncState::Solo => found.push(format!("{} at one node only{why}", released(status))),
        SyncState::Local | SyncState::Sync | SyncState::Async => {}
    }
    if let Some(peer) = &status.peer {
        of_peer(peer, &status.why, &mut found);
    }
    if let Some(witness) = &status.witness {
        of_witness(witness, status, &mut found);
    }
    if let Some(HookStatus { hook, why, since_s }) = status.hook.as_deref() {
        found.push(format!(
            "peer.{hook} failed {} ago: {why}; see what it said: journalctl -u sekishod -g {hook}",
            duration(*since_s)
        ));
    }
    if status.repairing {
        found.push("damage in its log is being made good from the other node".into());
    }
    found.extend(status.certificates.clone());
    if status.joining {
        found.push("it has not had the whole log since it joined: it is not promoted".into());
    }
    if let Some(scrub) = &status.scrub {
        rot::problems(scrub, &mut found);
    }
    for digest in status.digests.iter().filter(|digest| digest.differs) {
        let what = &digest.what;
        found.push(format!(
            "the two nodes differ in {what}: a switch-over is refused; put the same on both"
        ));
    }
    if let Some(ends) = status.diverged.iter().find(|cut| cut.released > 0) {
        found.push(format!(
            "{} approvals of this node are unknown to the other one: sekisho node orphans {}",
            ends.released, ends.file
        ));
    }
    found
}

/// That it is sick, and why.
pub(crate) fn sick(sick: &SickStatus) -> String {
    let since = duration(sick.since_s);
    format!("SICK for {since}: {}; echo tests are not answered, new requests get 907", sick.why)
}

/// What becomes of a sick node.
fn of_sick(status: &NodeStatus) -> &'static str {
    match (&status.witness, status.sync) {
        (Some(_), SyncState::Sync) => {
            "it ends its reign as soon as the witness answers and the standby is heard, which takes over then"
        }
        (Some(_), _) => {
            "its standby may not take over, as it does not have everything: this node stays the primary"
        }
        (None, _) => {
            "without a witness nobody takes over by itself: stop this node and promote the other one \
             (sekisho node promote, there)"
        }
    }
}

/// `why`: what was said before of the node's state.
fn of_peer(peer: &PeerStatus, why: &str, found: &mut Vec<String>) {
    let PeerStatus { name, address, .. } = peer;
    if peer.line_since_s.is_none() {
        let place = if address.is_empty() {
            format!("{name}, which is the one that connects")
        } else {
            format!("{name} ({address})")
        };
        let error = peer.line_error.as_deref().filter(|error| !why.contains(error));
        let error = error.map(|error| format!(": {error}"));
        found.push(format!("no line to {place}{}", error.unwrap_or_default()));
    }
    let apart = peer.clock_ahead_ms.filter(|ahead| ahead.unsigned_abs() > CLOCKS_APART_MAX_MS);
    if let Some(ahead) = apart {
        let (apart, way) = (ahead.unsigned_abs(), if ahead > 0 { "ahead" } else { "behind" });
        found.push(format!("the clock of {name} is {apart} ms {way}: is the time of both kept?"));
    }
}

fn of_witness(witness: &WitnessStatus, status: &NodeStatus, found: &mut Vec<String>) {
    let WitnessStatus { endpoint, error, lease_error, .. } = witness;
    if let Some(why) = lease_error.as_ref().filter(|why| error.as_ref() != Some(why)) {
        found.push(format!("the lease of this node at the witness is not kept: {why}"));
    }
    if let Some(error) = error {
        let alone = match (status.role, status.sync) {
            (NodeRole::Primary, SyncState::Solo) => {
                "; alone, this node stops when witness.solo_lease is over"
            }
            _ => "; nobody is promoted by itself without it",
        };
        found.push(format!("the witness ({endpoint}) does not answer{alone}: {error}"));
    }
    if witness.asks_nobody {
        found.push(
            "the witness asks nobody who he is, although witness.user is set: etcdctl auth enable"
                .into(),
        );
    }
}

/// All of it.
pub(crate) fn status(status: &NodeStatus, colours: Colours) -> String {
    let mut out = String::new();
    write_all(&mut out, status, colours).expect("a text takes what is written");
    out
}

fn write_all(out: &mut String, status: &NodeStatus, colours: Colours) -> std::fmt::Result {
    writeln!(out, "{}", summary(status))?;
    let problems = problems(status);
    if problems.is_empty() {
        writeln!(out, "{}\n", colours.calm("No problems."))?;
    } else {
        writeln!(out, "{}", colours.alarming(&format!("PROBLEMS: {}", problems.len())))?;
        for problem in problems {
            writeln!(out, "  {}", colours.alarming(&problem))?;
        }
        writeln!(out)?;
    }
    out.push_str(&left_grid(&["NODE", ""], of_node(status)));
    if let Some(peer) = &status.peer {
        writeln!(out)?;
        out.push_str(&left_grid(&["PEER", ""], of_other(peer)));
    }
    if let Some(witness) = &status.witness {
        writeln!(out)?;
        out.push_str(&left_grid(&["WITNESS", ""], of_third(witness)));
    }
    if !status.digests.is_empty() {
        writeln!(out)?;
        let rows = status.digests.iter().map(digest).collect();
        out.push_str(&left_grid(&["AGREED ON", "HERE", "THERE", ""], rows));
    }
    if !status.reigns.is_empty() {
        writeln!(out)?;
        let rows = status.reigns.iter().map(reign).collect();
        out.push_str(&grid(&["EPOCH", "FIRST BATCH", "FIRST POSITION"], rows));
    }
    if !status.diverged.is_empty() {
        writeln!(out)?;
        let rows = status.diverged.iter().map(cut).collect();
        let header = ["CUT FROM THE LOG", "AT", "RECORDS", "APPROVALS RELEASED", "PERHAPS"];
        out.push_str(&grid(&header, rows));
    }
    Ok(())
}

fn of_node(status: &NodeStatus) -> Vec<Vec<String>> {
    let NodeStatus { log, .. } = status;
    let mut rows = vec![
        ("part", part(status.role).to_owned()),
        ("state", state(status.sync).to_owned()),
        ("why", said(&status.why)),
        ("mode", mode(status)),
        ("last position", log.position.to_string()),
        ("durable", log.durable.to_string()),
    ];
    rows.extend(log.acknowledged.map(|position| ("acknowledged", position.to_string())));
    rows.push(("released", log.released.to_string()));
    rows.extend(log.replayed.map(|position| ("taken into its state", position.to_string())));
    if let Some(lag) = &status.lag {
        let bytes = lag.bytes.map(|bytes| format!(", {bytes} bytes")).unwrap_or_default();
        let age =
            if lag.records > 0 { format!(", the oldest {} ms old", lag.ms) } else { String::new() };
        rows.push(("standby lacks", format!("{} records{bytes}{age}", lag.records)));
    }
    if status.role == NodeRole::Primary {
        rows.push(("records at risk", status.records_at_risk.to_string()));
    }
    rows.extend(status.catch_up.map(|catch_up| ("catching up", far(catch_up))));
    rows.extend(status.scrub.as_ref().map(|scrub| ("log read through", rot::line(scrub))));
    if status.diverged_bytes > 0 {
        rows.push(("kept in diverged", format!("{} bytes", status.diverged_bytes)));
    }
    rows.extend(status.certificate_ends_utc.map(|utc| ("certificate ends", second(utc))));
    rows.push(("version", said(&status.build)));
    rows.into_iter().map(|(what, value)| vec![what.to_owned(), value]).collect()
}

fn of_other(peer: &PeerStatus) -> Vec<Vec<String>> {
    let epoch = peer.epoch.map(|epoch| format!(", epoch {epoch}")).unwrap_or_default();
    let mut rows = vec![
        ("name", peer.name.clone()),
        ("address", said(&peer.address)),
        (
            "line",
            match (peer.line_since_s, &peer.line_error) {
                (Some(since), _) => format!("up for {}", duration(since)),
                (None, Some(error)) => format!("NONE: {error}"),
                (None, None) => "NONE".into(),
            },
        ),
        ("heard", peer.heard_ms.map_or("never".into(), |ms| format!("{ms} ms ago"))),
        ("part", peer.role.map_or("-".into(), |role| format!("{}{epoch}", part(role)))),
    ];
    rows.extend(peer.round_trip_us.map(|us| ("there and back", format!("{us} us"))));
    rows.extend(peer.clock_ahead_ms.map(|ms| ("its clock is ahead by", format!("{ms} ms"))));
    rows.extend(peer.certificate_ends_utc.map(|utc| ("certificate ends", second(utc))));
    rows.extend(peer.build.clone().map(|build| ("version", build)));
    rows.into_iter().map(|(what, value)| vec![what.to_owned(), value]).collect()
}

fn of_third(witness: &WitnessStatus) -> Vec<Vec<String>> {
    let WitnessStatus { reads, swapped, refused, unknown, .. } = witness;
    let since = duration(witness.since_s);
    let answers = match (&witness.error, witness.answers) {
        (_, true) => format!("for {since}"),
        (Some(error), false) => format!("NOT for {since}: {error}"),
        (None, false) => format!("NOT for {since}"),
    };
    let took = witness.took_us.map(|us| format!(", after {us} us")).unwrap_or_default();
    let heard = witness.answered_ms.map_or("never".into(), |ms| format!("{ms} ms ago{took}"));
    let record = witness.record.as_ref().map_or("none is known".into(), |record| {
        let WitnessRecord { revision, epoch, primary, in_sync } = record;
        let may = in_sync.as_ref().map_or("nobody may".into(), |name| format!("{name} may"));
        format!("{primary} reigns by epoch {epoch}, {may} take over (version {revision})")
    });
    let lease = |there: bool| if there { "there" } else { "not there" }.to_owned();
    let ours = witness.lease_ms.map_or("none".into(), |ms| format!("kept alive {ms} ms ago"));
    let mut rows = vec![
        ("member", said(&witness.endpoint)),
        ("cluster", witness.cluster.clone().unwrap_or_else(|| "not known".into())),
        ("answers", answers),
        ("last answer", heard),
        ("record", record),
    ];
    if witness.in_doubt {
        rows.push(("change", "asked for, and whether it was made is NOT KNOWN".into()));
    }
    rows.push(("lease of the other", lease(witness.peer_alive)));
    rows.push(("lease of this node", ours));
    let counts = format!("{reads} read, {swapped} changed, {refused} refused, {unknown} unknown");
    rows.push(("asked", counts));
    rows.into_iter().map(|(what, value)| vec![what.to_owned(), value]).collect()
}

fn digest(digest: &DigestStatus) -> Vec<String> {
    let short = |all: &str| all.get(..DIGEST_SHOWN).unwrap_or(all).to_owned();
    let verdict = match (&digest.theirs, digest.differs) {
        (_, true) => "DIFFER",
        (None, false) => "not known yet",
        (Some(_), false) => "the same",
    };
    let theirs = digest.theirs.as_deref().map_or("-".into(), short);
    vec![digest.what.clone(), short(&digest.ours), theirs, verdict.into()]
}

fn reign(reign: &Reign) -> Vec<String> {
    let position = reign.first_position.map_or("-".into(), |position| position.to_string());
    vec![reign.epoch.to_string(), reign.first_batch.to_string(), position]
}

fn cut(cut: &Diverged) -> Vec<String> {
    let at = if cut.utc == 0 { "-".into() } else { second(cut.utc) };
    let [records, released, perhaps] =
        [cut.records, cut.released, cut.perhaps_released].map(|count| count.to_string());
    vec![cut.file.clone(), at, records, released, perhaps]
}

fn far(catch_up: CatchUp) -> String {
    let CatchUp { from, position, target, records_per_s, snapshot, bytes_per_s } = catch_up;
    let left = |lacks: u64, a_second: u64| {
        let left = lacks.checked_div(a_second);
        left.map(|left| format!(", {} left", duration(left))).unwrap_or_default()
    };
    if let Some((bytes, there)) = snapshot {
        let left = left(bytes.saturating_sub(there), bytes_per_s);
        return format!(
            "a checkpoint first: {there} of {bytes} bytes, {bytes_per_s} bytes a second{left}"
        );
    }
    let left = left(target.saturating_sub(position), records_per_s);
    format!("from {from}, at {position} of {target}, {records_per_s} records a second{left}")
}

/// A listing, a row each.
pub(super) fn orphans(listing: &Orphans) -> String {
    let Orphans { of, approvals, more } = listing;
    let mut out = format!(
        "{}: {} records were cut; approvals among them: {} released, {} perhaps (the log ends before it says)\n",
        of.file, of.records, of.released, of.perhaps_released
    );
    if approvals.is_empty() {
        return out + "No approval was cut.\n";
    }
    let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
    let rows = approvals.iter().map(|one| {
        vec![
            one.position.to_string(),
            if one.utc == 0 { "-".into() } else { second(one.utc) },
            one.station.clone(),
            one.stan.clone(),
            or(&one.rrn),
            or(&one.issuer),
            or(&one.issuer_stan),
            or(&one.amount),
            or(&one.currency),
            one.action.clone(),
            if one.released { "yes" } else { "perhaps" }.to_owned(),
        ]
    });
    let header = [
        "POSITION",
        "TIME",
        "STATION",
        "STAN",
        "RRN",
        "ISSUER",
        "ISSUER'S STAN",
        "AMOUNT",
        "CURRENCY",
        "CODE",
        "RELEASED",
    ];
    out += &grid(&header, rows.collect());
    if *more > 0 {
        out += "and ";
        out += &more.to_string();
        out += " more; the listing in the folder diverged has them\n";
    }
    out
}

fn part(role: NodeRole) -> &'static str {
    match role {
        NodeRole::Alone => "alone",
        NodeRole::Standby => "standby",
        NodeRole::Promoting => "becoming primary",
        NodeRole::Primary => "primary",
        NodeRole::HandingOver => "handing over",
    }
}

fn state(sync: SyncState) -> &'static str {
    match sync {
        SyncState::NoPrimary => "no primary",
        SyncState::Local => "local",
        SyncState::Sync => "sync",
        SyncState::Solo => "solo",
        SyncState::Async => "async",
        SyncState::Stopped => "stopped",
    }
}

fn mode(status: &NodeStatus) -> String {
    let lost = status.when_standby_lost.as_deref().map(|policy| match policy {
        "stop" => ", and without its standby it releases nothing (stop)".to_owned(),
        "solo" => ", and without its standby it goes on alone (solo)".to_owned(),
        other => format!(", {other}"),
    });
    format!("{}{}", status.mode, lost.unwrap_or_default())
}

/// How many records are at one node.
fn released(status: &NodeStatus) -> String {
    match status.records_at_risk {
        0 => "what is released is".into(),
        1 => "1 released record is".into(),
        count => format!("{count} released records are"),
    }
}

fn standby(status: &NodeStatus) -> String {
    let name = status.peer.as_ref().map_or("the standby", |peer| &peer.name);
    let lacks = status.lag.map(|lag| format!(", which lacks {} records", lag.records));
    format!("{name}{}", lacks.unwrap_or_default())
}

fn said(text: &str) -> String {
    if text.is_empty() { "-".into() } else { text.to_owned() }
}
