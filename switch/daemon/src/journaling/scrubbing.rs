//! Whether what is sealed is still as it was written: reads all of it once in the time that the configuration
//! gives, says what has rotted, and has it again from the other of two nodes. Must not know what a record says,
//! nor how the other node is asked.
//!
//! It is done by the fold's thread, which alone owns sealed segments and archives, with each of its looks: so
//! there is no wake-up more, and a bounded number of bytes a second is read. When it stalls, what rots is known later, and may
//! have rotted at the other node too by then; no transaction waits for it.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use journal::disk::{Disk, Failed, SystemDisk};
use journal::format::SegmentNumber;
use journal::names::Name;
use journal::scan::Found;
use journal::scrub::mending::{Mending, Progress};
use journal::scrub::{self, Looked, Problem, Range, Scrub};
use journal::seal::Keys;
use switch_core::time::Time;
use tracing::{error, info, warn};

use super::indexing::Wanted;
use super::pace::Pace;
use super::scrubbed::Scrubbed;
use crate::clocks;
use crate::peer::{Came, Ship};
use crate::status::RottenStatus;
use crate::tunings::Tunings;

/// The longest that others of the thread wait for one look.
const LOOK: Duration = Duration::from_secs(1);
/// Files that are known to have rotted, at most: a disk that gives nothing any more is to be no flood.
const ROTTEN_MAX: usize = 64;
/// After so long it is tried again where there was no line, or no answer.
const AGAIN: Duration = Duration::from_secs(5);
/// And where the other node had nothing that is of use, or this disk did not take it.
const LATER: Duration = Duration::from_mins(1);
/// The other node has to say something in this time.
const PATIENCE: Duration = Duration::from_secs(10);

/// What reads and mends.
pub(super) struct Scrubbing {
    pub(super) disk: SystemDisk,
    pub(super) keys: Arc<Keys>,
    pub(super) wanted: Arc<Wanted>,
    pub(super) tunings: Arc<Tunings>,
    /// The way to the other node; none where there is none.
    pub(super) ship: Option<Arc<Ship>>,
    pub(super) shown: Arc<Scrubbed>,
    pub(super) work: Work,
}

/// What is under way.
#[derive(Default)]
pub(super) struct Work {
    pass: Option<Pass>,
    /// The next pass begins then.
    rests_until: Time,
    /// First blocks are looked at then.
    headers_again: Time,
    /// What could not be looked at, said once.
    trouble: String,
    rotten: BTreeMap<Name, Rotten>,
    mending: Option<(Name, Mending<SystemDisk>)>,
    /// When the other node said something last, of what it was asked.
    heard: Time,
}

struct Pass {
    scrub: Scrub<SystemDisk>,
    begun: Time,
    read: u64,
}

/// A file that is not as it was written.
struct Rotten {
    range: Range,
    found: Found,
    /// Why it is not whole again; empty: it is being tried.
    why: String,
    again: Time,
    /// The other node said that it lacks it too.
    is_lost: bool,
}

impl Scrubbing {
    /// One look: mends what can be mended, and reads as much as is due.
    pub(super) fn turn(&mut self, pace: &mut Pace) {
        // Of a log that is only a part another hand makes a whole.
        if self.ship.as_ref().is_some_and(|ship| !ship.has_whole_log()) {
            return;
        }
        self.mends(pace);
        self.reads(pace);
        self.show();
    }

    /// Whether this segment waits to be whole again: it can not be packed before.
    pub(super) fn holds(&self, segment: SegmentNumber) -> bool {
        self.ship.is_some() && self.work.rotten.contains_key(&Name::Segment(segment))
    }

    /// Who packs came by damage in this segment. True: it will be packed when it is whole again; false: there
    /// is nobody to have it from.
    pub(super) fn has_come_by(&mut self, segment: SegmentNumber, found: Found) -> bool {
        let name = Name::Segment(segment);
        let can_be_had = self.ship.is_some();
        let range = can_be_had.then(|| scrub::range(&self.disk, name).ok().flatten()).flatten();
        if let Some(range) = range {
            self.finds(name, range, found);
        }
        self.holds(segment)
    }

    /// Who packs could not: perhaps because first blocks of segments are lost. True: they wait to be whole
    /// again, and nothing is read on before.
    pub(super) fn holds_lost_headers(&mut self) -> bool {
        if self.ship.is_none() {
            return false;
        }
        let now = clocks::boot();
        if now >= self.work.headers_again {
            self.work.headers_again = now + LATER;
            for (name, range, found) in scrub::lost_headers(&self.disk).unwrap_or_default() {
                self.finds(name, range, found);
            }
        }
        self.work.rotten.keys().any(|name| matches!(name, Name::Segment(_)))
    }

    fn reads(&mut self, pace: &mut Pace) {
        let now = clocks::boot();
        if self.work.pass.is_none() {
            if now < self.work.rests_until {
                return;
            }
            match Scrub::begin(&self.disk) {
                Ok(scrub) => {
                    self.shown.begins(scrub.bytes());
                    self.work.pass = Some(Pass { scrub, begun: now, read: 0 });
                }
                Err(failed) => {
                    self.work.rests_until = now + LATER;
                    return self.can_not(&failed);
                }
            }
        }
        let every = self.tunings.scrub();
        while let Some(pass) = &mut self.work.pass {
            let now_ = clocks::boot();
            if now_.since(now) >= LOOK
                || now_ < pass.begun + share(every, pass.read, pass.scrub.bytes())
            {
                return;
            }
            match pass.scrub.step() {
                Ok(Looked::Good(bytes)) => {
                    pass.read += bytes;
                    self.shown.has_read(bytes);
                    if !pace.looked(bytes) {
                        return;
                    }
                }
                Ok(Looked::Rotten(name, range, found)) => self.finds(name, range, found),
                Ok(Looked::Done) => {
                    self.work.rests_until = pass.begun + every;
                    self.work.pass = None;
                    self.work.trouble.clear();
                    self.shown.ends(clocks::utc());
                }
                Err(failed) => self.can_not(&failed),
            }
        }
    }

    /// A file could not be looked at, for another reason than that it has rotted: said once.
    fn can_not(&mut self, failed: &Failed) {
        let trouble = failed.to_string();
        if self.work.trouble != trouble {
            warn!(
                journal = self.journal(),
                "not all of the journal was looked at: {trouble}; it is tried again"
            );
            self.work.trouble = trouble;
        }
    }

    fn finds(&mut self, name: Name, range: Range, found: Found) {
        let rotten = &mut self.work.rotten;
        if rotten.contains_key(&name) || rotten.len() >= ROTTEN_MAX {
            return;
        }
        let (journal, file) = (self.disk.path().display().to_string(), name.to_string());
        let (from, until) = (range.from.0, range.until.0);
        let why = if self.ship.is_some() {
            warn!(
                journal,
                file, from, until, "rot in the journal: {found}; it is fetched from the other node"
            );
            String::new()
        } else {
            error!(
                journal,
                file,
                from,
                until,
                "rot in the journal: {found}; there is no other node to have it from: take a copy of the \
                 directory, look with `sekisho journal verify`, and replace the disk"
            );
            "there is no other node".to_owned()
        };
        self.shown.finds();
        rotten.insert(name, Rotten { range, found, why, again: clocks::boot(), is_lost: false });
        self.show();
    }

    fn mends(&mut self, pace: &mut Pace) {
        let Some(ship) = self.ship.clone() else { return };
        for came in ship.fetched() {
            self.work.heard = clocks::boot();
            match came {
                Came::Item(kind, bytes) => {
                    let Some((_, mending)) = &mut self.work.mending else { continue };
                    let took = mending.handle(kind, &bytes);
                    // As fast as it is written beside others.
                    pace.wrote(bytes.len());
                    match took {
                        Ok(Progress::More) => {}
                        Ok(Progress::Whole) => self.finishes(pace),
                        Err(problem) => self.is_not_taken(&problem),
                    }
                }
                Came::NotHere(batch) => self.is_lacked(batch.0, pace),
                Came::Nothing(why) => self.waits(AGAIN, format!("waits: {why}")),
            }
        }
        if self.work.mending.is_some() && clocks::boot().since(self.work.heard) >= PATIENCE {
            self.waits(AGAIN, "waits: the other node does not answer".to_owned());
        }
        if self.work.mending.is_none() {
            self.begins();
        }
        if let Some((_, mending)) = &mut self.work.mending
            && let Some((from, until)) = mending.ask()
        {
            self.work.heard = clocks::boot();
            ship.fetch(from, until);
        }
    }

    /// Begins with the file whose turn it is.
    fn begins(&mut self) {
        let now = clocks::boot();
        let disk = self.disk.clone();
        // What is too old, or was packed, is not wanted any more.
        self.work.rotten.retain(|name, rotten| {
            let gone = disk.open(&name.to_string(), false);
            let is_gone = gone.is_err_and(|error| error.kind() == ErrorKind::NotFound);
            rotten.found == Found::Missing || !is_gone
        });
        self.tells_what_is_lost();
        let due = self.work.rotten.iter().filter(|(_, rotten)| rotten.again <= now);
        let Some((name, rotten)) = due.min_by_key(|(_, rotten)| rotten.again) else { return };
        self.work.mending = Some((*name, Mending::begin(&disk, *name, &rotten.range)));
    }

    /// All of it is there: it takes its place, and is looked at once more.
    fn finishes(&mut self, pace: &mut Pace) {
        let Some((name, mending)) = self.work.mending.take() else { return };
        let mut pause = |bytes| pace.wrote(bytes);
        let finished = mending.finish(&self.keys, clocks::utc_ns(), &mut pause);
        let Some(rotten) = self.work.rotten.get(&name) else { return };
        let segment = rotten.range.segment;
        let looked = finished.and_then(|()| still_rotten(&self.disk, name, segment, pace));
        match looked {
            Err(problem) => {
                self.fails(name, LATER, format!("could not be written anew: {problem}"));
            }
            Ok(Some(found)) => {
                self.fails(
                    name,
                    LATER,
                    format!("was written anew and is not right again: {found}"),
                );
            }
            Ok(None) => {
                if matches!(name, Name::Archive(_)) {
                    self.wanted.add(segment);
                }
                self.work.rotten.remove(&name);
                self.tells_what_is_lost();
                self.shown.mends();
                let (journal, file) = (self.journal(), name.to_string());
                info!(journal, file, "whole again: what had rotted came from the other node");
            }
        }
    }

    /// What the other node lacks may be what is whole here.
    fn is_lacked(&mut self, batch: u64, pace: &mut Pace) {
        let Some((_, mending)) = &mut self.work.mending else { return };
        match mending.lacks() {
            Ok(Some(Progress::More)) => {}
            Ok(Some(Progress::Whole)) => self.finishes(pace),
            Ok(None) => {
                let why = format!("the other node lacks batch {batch} of it too");
                let name = self.work.mending.as_ref().map(|(name, _)| *name);
                if let Some(rotten) = name.and_then(|name| self.work.rotten.get_mut(&name)) {
                    rotten.is_lost = true;
                }
                self.tells_what_is_lost();
                self.waits(LATER, why);
            }
            Err(problem) => self.is_not_taken(&problem),
        }
    }

    /// A standby that needs it begins with a checkpoint: nobody has what it would begin with else.
    fn tells_what_is_lost(&self) {
        let Some(ship) = &self.ship else { return };
        let lost = self.work.rotten.values().filter(|rotten| rotten.is_lost);
        ship.loses(lost.map(|rotten| rotten.range).collect());
    }

    fn is_not_taken(&mut self, problem: &Problem) {
        let why = match problem {
            Problem::Disk(_) => format!("could not be written anew: {problem}"),
            Problem::Other(_)
            | Problem::OtherSegment
            | Problem::NotPacked(_)
            | Problem::NotThere(_) => format!("what the other node sent is not it: {problem}"),
        };
        self.waits(LATER, why);
    }

    /// What is being mended is given up for now.
    fn waits(&mut self, span: Duration, why: String) {
        if let Some((name, _)) = self.work.mending.take() {
            self.fails(name, span, why);
        }
    }

    /// It is tried again later; said once, while the reason is the same.
    fn fails(&mut self, name: Name, span: Duration, why: String) {
        let journal = self.journal();
        let Some(rotten) = self.work.rotten.get_mut(&name) else { return };
        rotten.again = clocks::boot() + span;
        if rotten.why == why {
            return;
        }
        let (file, found) = (name.to_string(), rotten.found);
        if why.starts_with("waits") {
            warn!(
                journal,
                file, "rot in the journal ({found}) is not mended yet: {why}; it is tried again"
            );
        } else {
            error!(
                journal,
                file,
                "rot in the journal ({found}) is not mended: {why}; the file stays as it is, what is in \
                 memory is whole, and it is tried again: look with `sekisho journal verify` at both nodes{}",
                what_follows(name)
            );
        }
        rotten.why = why;
    }

    fn journal(&self) -> String {
        self.disk.path().display().to_string()
    }

    fn show(&self) {
        let rotten = self.work.rotten.iter().map(|(name, rotten)| RottenStatus {
            file: name.to_string(),
            found: rotten.found.to_string(),
            why: rotten.why.clone(),
        });
        self.shown.shows(self.tunings.scrub(), rotten.collect());
    }
}

/// Which part of a time has gone by when so many of all bytes are read.
fn share(every: Duration, read: u64, all: u64) -> Duration {
    let nanos = every.as_nanos() * u128::from(read) / u128::from(all.max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// What is still wrong with a file.
fn still_rotten(
    disk: &SystemDisk,
    name: Name,
    segment: SegmentNumber,
    pace: &mut Pace,
) -> Result<Option<Found>, Problem> {
    let mut scrub = Scrub::only(disk, segment)?;
    loop {
        match scrub.step()? {
            Looked::Good(bytes) => {
                pace.looked(bytes);
            }
            Looked::Rotten(other, _, found) if other == name => return Ok(Some(found)),
            Looked::Rotten(..) => {}
            Looked::Done => return Ok(None),
        }
    }
}

/// What else is not done while this file is not whole.
fn what_follows(name: Name) -> &'static str {
    match name {
        Name::Segment(_) => {
            ". Nothing behind it is packed and no checkpoint is made: the disk fills up, and this node must not \
             be restarted (runbook: Rot in the journal)"
        }
        Name::Archive(_) | Name::Index(_) | Name::Checkpoint(_) | Name::Spare(_) => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_segment_that_is_not_whole_the_log_says_that_nothing_behind_it_is_packed() {
        let segment = SegmentNumber(7);
        assert!(what_follows(Name::Segment(segment)).contains("Nothing behind it is packed"));
        assert_eq!(what_follows(Name::Archive(segment)), "");
    }

    #[test]
    fn what_is_read_is_spread_over_the_time_that_there_is_for_it() {
        let day = Duration::from_hours(24);
        assert_eq!(share(day, 0, 1 << 40), Duration::ZERO);
        assert_eq!(share(day, 1 << 39, 1 << 40), day / 2);
        assert_eq!(share(day, 1 << 40, 1 << 40), day);
        assert_eq!(share(Duration::from_hours(24 * 365), u64::MAX, u64::MAX), day * 365);
        assert_eq!(share(day, 0, 0), Duration::ZERO, "there is nothing");
    }
}
