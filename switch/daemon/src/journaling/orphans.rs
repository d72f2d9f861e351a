//! Listings of what was cut from the log of this node: the approvals that the other node does not know, made of
//! the batches that were kept. No card stands in one. Must not know why a log was cut.
//!
//! ```text
//! journal/diverged/<epoch>-<position>.wal/    the batches, a journal of its own (journal::cut)
//! journal/diverged/<epoch>-<position>.json    the listing: node_requests::Orphans
//! ```

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use codec::{Dialect, Slots};
use journal::cut;
use journal::disk::SystemDisk;
use journal::format::Position;
use journal::reader::Reader;
use journal::seal::Keys;
use switch_core::ids::{Stan, StationNumber};
use switch_core::records::Record;
use switch_core::replay::State;
use tracing::warn;

use super::Opened;
use crate::clocks;
use crate::node_requests::{Diverged, ORPHANS_TOLD_MAX, Orphan, Orphans};

/// DE 39 of 1993, three packed digits: 000 to 099 approve.
const APPROVED_BELOW: u16 = 0x100;
const BATCHES: &str = ".wal";
const LISTING: &str = ".json";

impl Opened {
    /// Makes the listings that are missing, when the log ends where it was cut. One that can not be made is
    /// said, and tried again by the next start.
    pub(crate) fn list_what_was_cut(&self, dialects: &[Arc<Dialect>], progresses: &dyn Fn()) {
        let folder = self.disk.path().join(cut::DIVERGED);
        for name in names(&self.disk) {
            let listing = folder.join(format!("{name}{LISTING}"));
            if listing.exists() {
                continue;
            }
            let listed =
                Listing::of(&self.state, dialects).read(&self.disk, &self.keys, &name, progresses);
            match listed.and_then(|orphans| keep(&folder, &listing, &orphans).map(|()| orphans)) {
                Ok(Orphans { of, .. }) => warn!(
                    records = of.records,
                    released = of.released,
                    perhaps_released = of.perhaps_released,
                    listing = %listing.display(),
                    "what was cut from the log has approvals that the other node does not know"
                ),
                Err(error) => {
                    warn!(name, error = error.to_string(), "what was cut can not be listed");
                }
            }
        }
    }
}

/// What was cut, the newest first, each as its listing says it, or by its name alone.
pub(crate) fn shown(journal: &SystemDisk) -> Vec<Diverged> {
    let mut names = names(journal);
    names.sort_by_key(|name| std::cmp::Reverse(place(name)));
    let shown = names
        .into_iter()
        .map(|name| listing(journal, &name).map_or_else(|_| named(&name), |orphans| orphans.of));
    shown.collect()
}

/// Bytes of all that is kept of logs that were cut or set aside.
pub(crate) fn kept_bytes(journal: &SystemDisk) -> u64 {
    let folder = journal.path().join(cut::DIVERGED);
    // What goes away while it is counted is not there any more.
    let sizes = |folder: &Path| -> u64 {
        let files = fs::read_dir(folder).into_iter().flatten().flatten();
        let files = files.filter_map(|file| file.metadata().ok()).filter(Metadata::is_file);
        files.map(|file| file.len()).sum()
    };
    let folders = fs::read_dir(&folder).into_iter().flatten().flatten();
    let within: u64 = folders.map(|entry| sizes(&entry.path())).sum();
    within + sizes(&folder)
}

/// A listing, by the name of what was cut.
///
/// # Errors
/// When it is not there, or not as it was written.
pub(crate) fn listing(journal: &SystemDisk, name: &str) -> io::Result<Orphans> {
    let known = names(journal).iter().any(|known| known == name);
    let missing =
        || io::Error::new(io::ErrorKind::NotFound, format!("nothing called {name:?} was cut"));
    let name = known.then_some(name).ok_or_else(missing)?;
    let path = journal.path().join(cut::DIVERGED).join(format!("{name}{LISTING}"));
    serde_json::from_str(&fs::read_to_string(path)?).map_err(io::Error::other)
}

/// The names of all that was cut.
fn names(journal: &SystemDisk) -> Vec<String> {
    let tails = cut::tails(journal).unwrap_or_default();
    tails.iter().filter_map(|name| name.strip_suffix(BATCHES)).map(str::to_owned).collect()
}

/// The epoch and the position in a name.
fn place(name: &str) -> (u32, u64) {
    let split = name.split_once('-');
    let parsed =
        split.and_then(|(epoch, position)| Some((epoch.parse().ok()?, position.parse().ok()?)));
    parsed.unwrap_or_default()
}

fn named(name: &str) -> Diverged {
    let (epoch, position) = place(name);
    Diverged { file: name.to_owned(), epoch, position, ..Diverged::default() }
}

/// Durable, and whole under its name.
fn keep(folder: &Path, listing: &Path, orphans: &Orphans) -> io::Result<()> {
    let text = serde_json::to_vec_pretty(orphans).map_err(io::Error::other)?;
    let unfinished = listing.with_extension("json.unfinished");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(&text)?;
    file.sync_all()?;
    fs::rename(&unfinished, listing)?;
    File::open(folder)?.sync_all()
}

/// A request that an approval may follow.
struct Request {
    acquirer: StationNumber,
    utc: u64,
    inputs: Vec<u8>,
}

/// What is known while a tail is read.
struct Listing<'d> {
    dialects: &'d [Arc<Dialect>],
    /// Of each station its name, and what it speaks.
    stations: BTreeMap<StationNumber, (String, String)>,
    open: BTreeMap<(StationNumber, Stan), Request>,
    approvals: Vec<(Position, Orphan)>,
    slots: Box<Slots>,
}

impl<'d> Listing<'d> {
    /// Behind what is in this state.
    fn of(state: &State, dialects: &'d [Arc<Dialect>]) -> Self {
        let stations = state
            .stations()
            .map(|station| (station.number, (station.name.to_owned(), station.dialect.to_owned())));
        let open = state.unfinished().into_iter().map(|open| {
            let (acquirer, utc, inputs) = (open.acquirer, open.utc, open.inputs.clone());
            ((open.issuer, open.stan), Request { acquirer, utc, inputs })
        });
        let (stations, open) = (stations.collect(), open.collect());
        Self { dialects, stations, open, approvals: Vec::new(), slots: Box::new(Slots::new()) }
    }

    fn read(
        mut self,
        disk: &SystemDisk,
        keys: &Keys,
        name: &str,
        progresses: &dyn Fn(),
    ) -> io::Result<Orphans> {
        let tail = cut::open(disk, &format!("{name}{BATCHES}")).map_err(|failed| failed.error)?;
        let problem = |problem: journal::reader::Problem| io::Error::other(problem.to_string());
        let mut of = named(name);
        let mut released = Position(0);
        let from = Position(of.position);
        let mut reader = Reader::open(&tail, Some(keys), from).map_err(problem)?;
        while let Some(batch) = reader.next_batch().map_err(problem)? {
            progresses();
            released = released.max(batch.header.released);
            of.records += u64::from(batch.header.count);
            for (position, record) in batch.records().expect("there are keys") {
                if let Ok(record) = Record::read(record) {
                    self.take(position, &record);
                }
            }
        }
        for (position, approval) in &mut self.approvals {
            approval.released = *position <= released;
        }
        let count = |wanted| {
            let some = self.approvals.iter().filter(|(_, approval)| approval.released == wanted);
            u64::try_from(some.count()).unwrap_or(u64::MAX)
        };
        (of.released, of.perhaps_released, of.utc) = (count(true), count(false), clocks::utc());
        let more = self.approvals.len().saturating_sub(ORPHANS_TOLD_MAX);
        let told = self.approvals.into_iter().map(|(_, approval)| approval).take(ORPHANS_TOLD_MAX);
        Ok(Orphans { of, approvals: told.collect(), more: u64::try_from(more).unwrap_or(u64::MAX) })
    }

    fn take(&mut self, position: Position, record: &Record<'_>) {
        match *record {
            Record::Station { number, name, dialect } => {
                self.stations.insert(number, (name.to_owned(), dialect.to_owned()));
            }
            Record::Decision { acquirer, issuer, stan, utc, inputs, .. } => {
                let request = Request { acquirer, utc, inputs: inputs.to_vec() };
                self.open.insert((issuer, stan), request);
            }
            Record::Settlement { issuer, stan, action, .. } => {
                let request = self.open.remove(&(issuer, stan));
                if action < APPROVED_BELOW {
                    let orphan = self.orphan(position, (issuer, stan, action), request.as_ref());
                    self.approvals.push((position, orphan));
                }
            }
            Record::Expiry { issuer, stan, .. }
            | Record::Unsent { issuer, stan, .. }
            | Record::Undelivered { issuer, stan, .. }
            | Record::Closed { issuer, stan, .. } => {
                self.open.remove(&(issuer, stan));
            }
            Record::Links { .. }
            | Record::SignOn { .. }
            | Record::Configuration { .. }
            | Record::Start { .. }
            | Record::HashKey { .. }
            | Record::Counts { .. }
            | Record::Queued { .. }
            | Record::Acknowledged { .. }
            | Record::Item { .. }
            | Record::Advice { .. }
            | Record::Delivery { .. }
            | Record::Pulse
            | Record::Command { .. }
            | Record::Promotion { .. }
            | Record::Handover { .. }
            | Record::Orphan { .. } => {}
        }
    }

    fn orphan(
        &mut self,
        position: Position,
        (issuer, stan, action): (StationNumber, Stan, u16),
        request: Option<&Request>,
    ) -> Orphan {
        let name = |number| self.stations.get(&number).map(|(name, _)| name.clone());
        let mut orphan = Orphan {
            position: position.0,
            station: request.and_then(|request| name(request.acquirer)).unwrap_or_default(),
            issuer: name(issuer),
            issuer_stan: Some(format!("{:06}", stan.0)),
            utc: request.map_or(0, |request| request.utc),
            action: format!("{action:03x}"),
            ..Orphan::default()
        };
        let Some(request) = request else { return orphan };
        let speaks = self.stations.get(&request.acquirer).map(|(_, dialect)| dialect.as_str());
        let of_files = self.dialects.iter().map(|dialect| &**dialect);
        let known =
            |name| of_files.clone().find(|known| known.name() == name).or(codec::built_in(name));
        let Some(dialect) = speaks.and_then(known) else { return orphan };
        if dialect.decode(&request.inputs, &mut self.slots).is_err() {
            return orphan;
        }
        let message = self.slots.message(dialect, &request.inputs);
        let value = |field| {
            let value = message.value(field)?;
            let mut room = vec![0; usize::from(value.units())];
            String::from_utf8(value.write_text(&mut room)?.to_vec()).ok()
        };
        orphan.stan = value(11).unwrap_or_default();
        (orphan.rrn, orphan.amount, orphan.currency) = (value(37), value(4), value(49));
        orphan
    }
}

#[cfg(test)]
mod tests;
