//! What a node of a world of two sites does with what is sealed: packs it, reads it through from time to
//! time, and has from the other site again what has rotted. Must not know why anything rots.

use journal::archive;
use journal::disk::simulated::SimulatedDisk;
use journal::format::BatchNumber;
use journal::names::Name;
use journal::roles::node::Node;
use journal::scrub::mending::{Mending, Progress};
use journal::scrub::{Looked, Range, Scrub};
use journal::ship::message::Message;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::agenda::{At, SECOND};
use super::happened::Happening;
use super::line::Site;
use super::machine::{Log, Process, Task};
use super::world::{Thread, World};

/// How often what is sealed is packed and looked at.
const FOLDS: u64 = SECOND;
/// Batches and frames that are looked at then, while there are troubles.
const LOOKS: usize = 60;
/// The other site says something about what it was asked for in this time.
const PATIENCE: u64 = 5 * SECOND;

/// What is looked at, and what is on its way to be whole again.
#[derive(Default)]
pub(crate) struct Keeping {
    scrub: Option<(At, Scrub<SimulatedDisk>)>,
    mending: Option<(Name, Mending<SimulatedDisk>)>,
    /// When the other site was asked, or said something of that.
    heard: At,
    /// When the last pass began that came to its end.
    looked: Option<At>,
    /// What has rotted here and the other site has let go of: an operator is told, and both go on.
    nowhere: BTreeMap<Name, Range>,
    /// What was not mended in this pass: others may have to be first, as the one behind it that lost its
    /// beginning too, and its own end with that.
    put_off: BTreeSet<Name>,
    /// What it is that is being mended.
    range: Option<Range>,
}

impl Keeping {
    /// Whether neither site has something of the log from one batch on to another one.
    pub(crate) fn lacks_between(&self, from: BatchNumber, until: BatchNumber) -> bool {
        self.nowhere.values().any(|range| from <= range.until && range.until <= until)
    }
}

impl std::fmt::Debug for Keeping {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keeping({:?})", self.looked)
    }
}

impl Process {
    /// Whether a message is the answer to what was asked for what has rotted: the node does not see it.
    pub(crate) fn keeps_word(&self, message: &Message) -> bool {
        let is_answer = matches!(message, Message::Fetched { .. } | Message::NotHere { .. });
        is_answer && !self.node.view().repairing
    }

    /// Whether all that is sealed was looked at since.
    pub(crate) fn has_looked_since(&self, at: At) -> bool {
        self.keeping.looked.is_some_and(|looked| looked >= at)
    }
}

impl World {
    /// What is sealed is packed, so that it can be used again; and looked at.
    pub(crate) fn folds(&mut self, site: Site) {
        self.tells(site, Thread::Journal, FOLDS, Task::Fold);
        let spares = match &self.process(site).log {
            Log::Follows(following) => Arc::clone(&following.spares),
            Log::Writes(writing) => Arc::clone(&writing.spares),
            Log::None => return,
        };
        let (disk, utc) =
            (self.machines[site.0].disk.clone(), self.machines[site.0].clock.utc(self.now));
        for segment in spares.sealed() {
            match archive::pack(&disk, &self.keys, segment, utc) {
                Ok(_) => spares.archived(segment),
                Err(_) if disk.is_down() => return self.sees_the_midst(site),
                // It is packed when it is whole again.
                Err(_) => break,
            }
        }
        if self.weather.lets_go {
            self.keeps_state(site);
        }
        if self.machines[site.0].process.is_none() {
            return;
        }
        if self.weather.scrubs && !self.process(site).node.view().repairing {
            self.scrubs(site);
        }
    }

    /// What is sealed is looked at, a little at a time.
    fn scrubs(&mut self, site: Site) {
        let (now, disk) = (self.now, self.machines[site.0].disk.clone());
        let keeping = &mut self.process(site).keeping;
        if keeping.mending.is_some() {
            if now.0 - keeping.heard.0 > PATIENCE {
                keeping.mending = None;
            }
            return;
        }
        let most = if self.healing { usize::MAX } else { LOOKS };
        let keeping = &mut self.process(site).keeping;
        let (begun, mut scrub) = match keeping.scrub.take() {
            Some(under_way) => under_way,
            None => match Scrub::begin(&disk) {
                Ok(scrub) => (now, scrub),
                Err(_) => return self.disk_failed(site),
            },
        };
        for _ in 0..most {
            match scrub.step() {
                Ok(Looked::Good(_)) => {}
                Ok(Looked::Done) => {
                    let keeping = &mut self.process(site).keeping;
                    if keeping.put_off.is_empty() {
                        keeping.looked = Some(begun);
                    }
                    keeping.put_off.clear();
                    return;
                }
                Ok(Looked::Rotten(name, range, found)) => {
                    assert!(
                        self.judge.is_marred(site),
                        "a scrub says of {name} of site {} that it has rotted: {found}",
                        site.0
                    );
                    let Process { keeping, .. } = self.process(site);
                    if keeping.nowhere.contains_key(&name) || keeping.put_off.contains(&name) {
                        continue;
                    }
                    self.tale.at(now, site, || format!("{name} has rotted: {found}"));
                    self.saw(Happening::Found);
                    let mending = Mending::begin(&disk, name, &range);
                    let keeping = &mut self.process(site).keeping;
                    (keeping.mending, keeping.range) = (Some((name, mending)), Some(range));
                    return self.asks_to_mend(site);
                }
                Err(_) => return self.disk_failed(site),
            }
        }
        self.process(site).keeping.scrub = Some((begun, scrub));
    }

    /// The other site is asked for what comes next of what has rotted.
    fn asks_to_mend(&mut self, site: Site) {
        let now = self.now;
        let process = self.process(site);
        let reaches = process.connection.is_some() && is_one_log(&process.node);
        let Some((_, mending)) = &mut process.keeping.mending else { return };
        if !reaches {
            process.keeping.mending = None;
            return;
        }
        if let Some((from, until)) = mending.ask() {
            process.keeping.heard = now;
            let reign = process.node.view().promised;
            self.says(site, Message::Fetch { reign, from, until });
        }
    }

    /// The other site says something of what has rotted here.
    pub(crate) fn mends_by(&mut self, site: Site, message: &Message) {
        let (now, utc) = (self.now, self.machines[site.0].clock.utc(self.now));
        let keys = Arc::clone(&self.keys);
        let keeping = &mut self.process(site).keeping;
        keeping.heard = now;
        let Some((name, mut mending)) = keeping.mending.take() else { return };
        let Message::Fetched { item, bytes, .. } = message else {
            // Who lets nothing go has it, unless its own disk has lost it.
            if self.weather.lets_go {
                self.tale.at(now, site, || format!("{name} is nowhere whole"));
                let keeping = &mut self.process(site).keeping;
                if let Some(range) = keeping.range.take() {
                    keeping.nowhere.insert(name, range);
                }
            }
            return;
        };
        let whole = match mending.handle(*item, bytes) {
            Ok(Progress::More) => {
                self.process(site).keeping.mending = Some((name, mending));
                return self.asks_to_mend(site);
            }
            Ok(Progress::Whole) => mending.finish(&keys, utc, &mut |_| ()),
            Err(why) => Err(why),
        };
        match whole {
            Ok(()) => {
                self.tale.at(now, site, || format!("{name} is whole again"));
                self.saw(Happening::Mended);
            }
            Err(_) if self.machines[site.0].disk.is_down() => self.sees_the_midst(site),
            Err(why) => {
                self.tale.at(now, site, || format!("{name} is not mended: {why}"));
                self.process(site).keeping.put_off.insert(name);
            }
        }
    }
}

/// Whether the other node has the same log, as far as is known.
fn is_one_log(node: &Node) -> bool {
    let view = node.view();
    view.peer.role.is_some() && view.peer.objected.is_none()
}
