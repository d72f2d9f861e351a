//! The thread `journal` of a node in a world of two sites, and what a standby does there: it takes what
//! the other one wrote, cuts, seals, and makes way for a writer. Must not know why.

use std::sync::Arc;

use journal::follower::{Problem, Took};
use journal::format::{BatchHeader, BatchNumber, SegmentHeader};
use journal::mark::Mark;
use journal::raw::{self, RawReader};
use journal::roles::event::{Allowed, Event as Heard, Item, Reign};
use journal::segments::Next;
use journal::ship::message::{EPOCHS_MAX, ItemKind, Message};
use journal::ship::sender::{Fed, Need};
use journal::snapshot;
use journal::writer::Framed;

use super::happened::Happening;
use super::line::Site;
use super::machine::{Following, Log, Order, Task};
use super::world::{Thread, World};
use super::writing::SPARES;

impl World {
    /// The thread has something to do.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are for other threads")]
    pub(crate) fn journal(&mut self, site: Site, task: Task) {
        match task {
            Task::Order(order) => self.obeys(site, order),
            Task::Synced => self.has_synced(site),
            Task::Append(records) => self.appends(site, records),
            Task::Idle => self.idles(site),
            Task::Sealing => self.seals(site),
            Task::Drained(id) => self.drains(site, id),
            Task::Fold => self.folds(site),
            Task::Mends(message) => self.mends_by(site, &message),
            other => unreachable!("not for this thread: {other:?}"),
        }
    }

    fn obeys(&mut self, site: Site, order: Order) {
        match order {
            Order::Require => {
                let released = self.requires(site);
                self.is_done(site, Heard::Required { released });
            }
            Order::Allow(allowed) => {
                if let Some(writing) = self.writing(site) {
                    writing.allowed = allowed;
                    writing.required =
                        writing.required.filter(|_| !matches!(allowed, Allowed::All(_)));
                }
                self.releases(site);
            }
            Order::Take(item) | Order::Mend(item) => self.takes_item(site, &item),
            Order::Cut(mark) => self.cuts_log(site, &mark),
            Order::Seal => {
                let span = self.sync_of(site);
                self.is_busy(site, Thread::Journal, span);
                self.tells(site, Thread::Journal, span, Task::Sealing);
            }
            Order::Reign(reign) => self.begins_reign(site, &reign),
            Order::Open => {
                let process = self.process(site);
                (process.open, process.admits) = (true, true);
            }
            Order::Drain(id) => {
                self.process(site).admits = false;
                self.tells(site, Thread::Journal, 1, Task::Drained(id));
            }
            Order::Admit => self.process(site).admits = true,
            Order::Store(storing) => self.stores(site, *storing),
            Order::Serve(from, until) => self.serves(site, from, until),
        }
    }

    /// The log of the process, if it follows.
    pub(crate) fn following(&mut self, site: Site) -> Option<&mut Following> {
        match &mut self.machines[site.0].process.as_mut()?.log {
            Log::Follows(following) => Some(following),
            Log::None | Log::Writes(_) => None,
        }
    }

    /// A block or a batch of the other one's log.
    fn takes_item(&mut self, site: Site, item: &Item) {
        if let (ItemKind::Batch, Ok(header)) = (item.kind, BatchHeader::read(&item.bytes)) {
            self.judge.offers(site, &Mark::of(&header));
        }
        let took = loop {
            let Some(following) = self.following(site) else { return };
            let took = match item.kind {
                ItemKind::Segment => following.follower.segment(&item.bytes),
                ItemKind::Batch => following.follower.batch(&item.bytes),
            };
            if !matches!(took, Ok(Took::NoSpare)) {
                break took;
            }
            if !self.makes_spares(site) {
                return;
            }
        };
        match took {
            Ok(Took::It(mark)) => {
                if item.kind == ItemKind::Batch {
                    self.judge.frames(site, &mark);
                }
                self.is_done(site, Heard::Received(mark));
                self.syncs(site);
                self.makes_spares(site);
            }
            Ok(Took::NotNew | Took::NoSpare) => {}
            Err(Problem::Broken(_)) => self.disk_failed(site),
            Err(problem) => {
                self.tale.at(self.now, site, || format!("{problem}"));
                self.is_done(site, Heard::Misfit);
            }
        }
    }

    /// Spares are made ahead by another thread, which keeps up. Whether all is well.
    pub(crate) fn makes_spares(&mut self, site: Site) -> bool {
        loop {
            let (spares, keeper) = match &mut self.process(site).log {
                Log::Follows(following) => (&following.spares, &mut following.keeper),
                Log::Writes(writing) => (&writing.spares, &mut writing.keeper),
                Log::None => return true,
            };
            if spares.count() >= SPARES {
                return true;
            }
            match keeper.step() {
                Ok(Next::Again) => {}
                Ok(Next::Idle | Next::Full) => return true,
                Err(_) => {
                    self.disk_failed(site);
                    return false;
                }
            }
        }
    }

    /// A sync of a standby is done.
    pub(crate) fn follower_has_synced(&mut self, site: Site) {
        let Some(following) = self.following(site) else { return };
        following.syncing = false;
        let Ok(said) = following.follower.poll(true) else { return self.disk_failed(site) };
        let (durable, under_way) = (following.follower.durable(), following.follower.under_way());
        self.judge.is_durable(site, &durable);
        self.is_done(site, Heard::Durable(said));
        if under_way > 0 {
            self.syncs(site);
        }
        self.mends(site);
    }

    /// Whether what was damaged is whole again.
    fn mends(&mut self, site: Site) {
        let disk = self.machines[site.0].disk.clone();
        let Some(following) = self.following(site).filter(|following| following.mending) else {
            return;
        };
        match following.follower.repaired() {
            Ok(false) => {}
            Ok(true) => {
                following.mending = false;
                let end = following.follower.durable();
                let Ok(epochs) = raw::epochs(&disk, EPOCHS_MAX) else {
                    return self.disk_failed(site);
                };
                self.saw(Happening::Repaired);
                self.is_done(site, Heard::Mended { end, epochs });
            }
            Err(_) => self.disk_failed(site),
        }
    }

    fn seals(&mut self, site: Site) {
        let Some(following) = self.following(site) else { return };
        let Ok(mark) = following.follower.seal() else { return self.disk_failed(site) };
        let durable = following.follower.durable();
        self.judge.is_durable(site, &durable);
        self.mends(site);
        self.is_done(site, Heard::Sealed(mark));
    }

    /// What is behind a mark goes: by a new life, unless nothing is.
    fn cuts_log(&mut self, site: Site, mark: &Mark) {
        let Some(following) = self.following(site) else { return };
        if following.follower.received() != *mark {
            return self.begins_again(site);
        }
        let Ok(durable) = following.follower.seal() else { return self.disk_failed(site) };
        self.judge.is_durable(site, &durable);
        self.is_done(site, Heard::Cut(*mark));
    }

    fn begins_reign(&mut self, site: Site, reign: &Reign) {
        let log = std::mem::replace(&mut self.process(site).log, Log::None);
        let Log::Follows(following) = log else { panic!("it reigns already") };
        let Following { follower, spares, keeper, .. } = *following;
        let start = follower.into_start(reign.epoch, reign.cluster);
        self.begins_to_write(site, reign, &start, spares, keeper);
    }

    /// What the other one asks for of this log.
    fn serves(&mut self, site: Site, from: BatchNumber, until: BatchNumber) {
        let disk = self.machines[site.0].disk.clone();
        let reign = self.process(site).node.view().promised;
        let opened = RawReader::open(&disk, Arc::clone(&self.keys), from);
        let Ok(mut reader) = opened else {
            return self.says(site, Message::NotHere { reign, from });
        };
        let mut next = from;
        while next <= until {
            let message = match reader.next() {
                Ok(Some(Framed::Segment(block))) => Message::Fetched {
                    reign,
                    segment: SegmentHeader::read(block).unwrap().segment,
                    item: ItemKind::Segment,
                    bytes: block.to_vec().into(),
                },
                Ok(Some(Framed::Batch(mark, bytes))) => {
                    next.0 = mark.batch.0 + 1;
                    let header = BatchHeader::read(bytes).unwrap();
                    let (segment, item) = (header.segment, ItemKind::Batch);
                    Message::Fetched { reign, segment, item, bytes: bytes.to_vec().into() }
                }
                Ok(None) | Err(_) => {
                    return self.says(site, Message::NotHere { reign, from: next });
                }
            };
            self.says(site, message);
        }
    }

    /// What the other one lacks is read.
    pub(crate) fn feeds(&mut self, site: Site, task: &Task) {
        let &Task::Feed(need) = task else { unreachable!("not for this thread: {task:?}") };
        let fed = match need {
            Need::Log { from, bytes } => self.reads_log(site, from, bytes),
            Need::Snapshot { .. } => self.reads_piece(site, need),
        };
        if let Some(fed) = fed {
            self.is_done(site, Heard::Fed(fed));
        }
    }

    fn reads_log(&mut self, site: Site, from: BatchNumber, most: usize) -> Option<Fed> {
        let disk = self.machines[site.0].disk.clone();
        match raw::first_available(&disk) {
            Ok(Some(first)) if first.batch >= from => return self.is_gone(site),
            Ok(_) => {}
            Err(_) => {
                self.disk_failed(site);
                return None;
            }
        }
        let mut items = Vec::new();
        let mut length = 0;
        let Ok(mut reader) = RawReader::open(&disk, Arc::clone(&self.keys), from) else {
            return self.fed_so_far(site, from, items);
        };
        while length < most {
            let (kind, bytes) = match reader.next() {
                Ok(Some(Framed::Segment(block))) => (ItemKind::Segment, block.to_vec()),
                Ok(Some(Framed::Batch(_, bytes))) => (ItemKind::Batch, bytes.to_vec()),
                Ok(None) => break,
                Err(_) => return self.fed_so_far(site, from, items),
            };
            if kind == ItemKind::Batch {
                self.saw(Happening::CaughtUp);
            }
            length += bytes.len();
            items.push(Item { kind, bytes: bytes.into() });
        }
        Some(Fed::Log { items })
    }

    /// What the log had can not be read again: that is damage. What was read before it is shipped, the rest
    /// is looked for again, and whoever reigns goes on. What neither site has is as if it was let go, where a
    /// checkpoint goes past it.
    fn fed_so_far(&mut self, site: Site, from: BatchNumber, items: Vec<Item>) -> Option<Fed> {
        if self.machines[site.0].disk.is_down() {
            self.sees_the_midst(site);
            return None;
        }
        assert!(self.judge.is_marred(site), "site {} can not read its own log", site.0);
        let newest = snapshot::newest(&self.machines[site.0].disk).ok().flatten();
        if items.is_empty()
            && newest.is_some_and(|newest| {
                self.process(site).keeping.lacks_between(from, newest.base.batch)
            })
        {
            return self.is_gone(site);
        }
        Some(Fed::Log { items })
    }

    pub(crate) fn says(&mut self, site: Site, message: Message) {
        let arrival = self.line.sends(site, message, self.now, &mut self.dice);
        self.carries(site, arrival);
    }
}
