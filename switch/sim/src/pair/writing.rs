//! The thread `journal` of a primary in a world of two sites: records become batches, batches become
//! durable, and what is durable and allowed is released. Must not know why something is allowed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use journal::broken::Broken;
use journal::disk::simulated::{SimulatedDisk, SimulatedPath};
use journal::format::{Epoch, Position};
use journal::roles::event::{Allowed, Alone, Cause, DrainId, Event as Heard, Item, Reign};
use journal::segments::{Keeper, Spares};
use journal::ship::message::ItemKind;
use journal::writer::{Appended, Committed, Framed, Start, Writer};

use super::agenda::{At, MS, SECOND};
use super::happened::Happening;
use super::line::Site;
use super::machine::{Log, Tapped, Task, Writing};
use super::weather::Mode;
use super::world::{Thread, World};
use crate::world::elsewhere::Made;

/// After so long without work an empty batch says what was released.
const IDLE: u64 = 10 * MS;
/// Spares that are ready at any time.
pub(crate) const SPARES: usize = 2;
/// For so long what was committed may leave: promise 3.
const LEAVES_WITHIN: u64 = SECOND;
/// So long who is alone goes on without a word of the witness: rule 3. And what it may take until that
/// is heard by all threads.
const SOLO_LEASE: u64 = 10 * SECOND;
const HEARD_WITHIN: u64 = 100 * MS;

impl World {
    /// The log of the process, if it writes.
    pub(crate) fn writing(&mut self, site: Site) -> Option<&mut Writing> {
        match &mut self.machines[site.0].process.as_mut()?.log {
            Log::Writes(writing) => Some(writing),
            Log::None | Log::Follows(_) => None,
        }
    }

    /// A writer begins where the log ends, and writes what a start says.
    pub(crate) fn begins_to_write(
        &mut self,
        site: Site,
        reign: &Reign,
        start: &Start,
        spares: Arc<Spares>,
        keeper: Keeper<SimulatedDisk>,
    ) {
        let utc = self.machines[site.0].clock.utc(self.now);
        let (disk, kind) = (self.machines[site.0].disk.clone(), self.machines[site.0].path);
        let path = SimulatedPath::new(&disk, kind);
        let writer =
            Writer::begin(disk, path, Arc::clone(&self.keys), start, Arc::clone(&spares), utc);
        let Ok(mut writer) = writer else { return self.disk_failed(site) };
        let tapped = Arc::new(Mutex::default());
        let tap: Tapped = Arc::clone(&tapped);
        writer.tap(Box::new(move |framed| {
            let heard = match framed {
                Framed::Segment(block) => (None, block.to_vec()),
                Framed::Batch(mark, bytes) => (Some(mark), bytes.to_vec()),
            };
            tap.lock().unwrap().push_back(heard);
        }));
        let begun = self.switch_begins(site, reign.epoch);
        let life = self.process(site).life;
        self.judge.reigns(site, life, reign.epoch, reign.lossy);
        if reign.cause == Cause::HandedOver {
            self.judge.is_handed_all(site);
        }
        if reign.cause == Cause::Resumed {
            self.had_yielded(site);
        }
        let released = Position(start.next_position.0 - 1);
        let writing = Writing {
            writer,
            spares,
            keeper,
            tapped,
            waiting: begun.into(),
            taken: Vec::new(),
            syncing: false,
            allowed: Allowed::UpTo(Position(0)),
            released,
            required: None,
            framed: VecDeque::new(),
            end: start.end(),
            worked: self.now,
        };
        self.machines[site.0].is_empty = false;
        let process = self.process(site);
        process.log = Log::Writes(Box::new(writing));
        process.reign = Some(reign.epoch);
        process.left = released;
        self.commits(site);
        let Some(writing) = self.writing(site) else { return };
        let end = writing.writer.framed();
        self.is_done(site, Heard::Reigns { end, begun: end.position });
    }

    /// Records come from the workers.
    pub(crate) fn appends(&mut self, site: Site, records: Vec<Made>) {
        let now = self.now;
        if let Some(writing) = self.writing(site) {
            writing.waiting.extend(records);
            writing.worked = now;
            self.commits(site);
        }
    }

    /// What waits becomes a batch, as far as there is room.
    pub(crate) fn commits(&mut self, site: Site) {
        let utc = self.machines[site.0].clock.utc(self.now);
        loop {
            let Some(writing) = self.writing(site) else { return };
            let mut full = false;
            while let Some(record) = writing.waiting.front() {
                match writing.writer.append(&record.bytes) {
                    Ok(Appended::Taken(_)) => writing.taken.extend(writing.waiting.pop_front()),
                    Ok(Appended::Full) => {
                        full = true;
                        break;
                    }
                    Err(_) => return self.disk_failed(site),
                }
            }
            if writing.writer.open_records() == 0 {
                // All buffers are under way, or there is nothing to do.
                return;
            }
            let released = writing.released;
            let committed = writing.writer.commit(released, utc);
            if !self.has_framed(site, &committed) || !full {
                return;
            }
        }
    }

    /// There was no work for a while: an empty batch says what was released.
    pub(crate) fn idles(&mut self, site: Site) {
        let (utc, now) = (self.machines[site.0].clock.utc(self.now), self.now);
        let Some(writing) = self.writing(site) else { return };
        let left = (writing.worked.0 + IDLE).saturating_sub(now.0);
        if left > 0 {
            return self.tells(site, Thread::Journal, left, Task::Idle);
        }
        let released = writing.released;
        let committed = writing.writer.mark(released, utc);
        self.has_framed(site, &committed);
    }

    /// What was framed goes to the thread `ship` and to the disk. Whether all is well.
    fn has_framed(&mut self, site: Site, committed: &Result<Committed, Broken>) -> bool {
        let now = self.now;
        let Some(writing) = self.writing(site) else { return false };
        let tapped: Vec<_> = writing.tapped.lock().unwrap().drain(..).collect();
        let mut batches = 0;
        for (mark, bytes) in tapped {
            let kind = if mark.is_some() { ItemKind::Batch } else { ItemKind::Segment };
            if let Some(mark) = mark {
                batches += 1;
                let Some(writing) = self.writing(site) else { return false };
                writing.framed.push_back((mark.position, now));
                writing.end = mark;
                let taken = std::mem::take(&mut writing.taken);
                if let Some(front) = &mut self.front {
                    front.has_framed(mark.tag, taken);
                }
                self.judge.frames(site, &mark);
            }
            let Some(writing) = self.writing(site) else { return false };
            let (end, item) = (writing.end, Some(Item { kind, bytes: bytes.into() }));
            self.is_done(site, Heard::Framed { end, item });
        }
        if committed.is_err() {
            self.disk_failed(site);
            return false;
        }
        // A segment is begun when everything before it is durable.
        if let Some(writing) = self.writing(site) {
            let durable = writing.writer.durable_mark();
            self.judge.is_durable(site, &durable);
        }
        if batches > 0 {
            self.syncs(site);
        }
        self.makes_spares(site)
    }

    /// A sync is on its way, unless one is already.
    pub(crate) fn syncs(&mut self, site: Site) {
        let span = self.sync_of(site);
        let syncing = match &mut self.process(site).log {
            Log::Writes(writing) => &mut writing.syncing,
            Log::Follows(following) => &mut following.syncing,
            Log::None => return,
        };
        if !std::mem::replace(syncing, true) {
            self.tells(site, Thread::Journal, span, Task::Synced);
        }
    }

    /// Nothing more is released than is allowed; gives how far that went.
    pub(crate) fn requires(&mut self, site: Site) -> Position {
        let Some(writing) = self.writing(site) else { return Position(0) };
        writing.allowed = Allowed::UpTo(writing.released);
        writing.required = Some(writing.released);
        writing.released
    }

    /// Whether everything that came is in the log and durable, and nothing more will come.
    pub(crate) fn drains(&mut self, site: Site, id: DrainId) {
        let Some(writing) = self.writing(site) else { return };
        if writing.waiting.is_empty() && writing.writer.under_way() == 0 {
            let end = writing.end;
            self.judge.gives_up(site, end.position);
            return self.is_done(site, Heard::Drained { id, end });
        }
        self.tells(site, Thread::Journal, 5 * MS, Task::Drained(id));
    }

    /// A sync is done: what was submitted is durable.
    pub(crate) fn has_synced(&mut self, site: Site) {
        if self.following(site).is_some() {
            return self.follower_has_synced(site);
        }
        let Some(writing) = self.writing(site) else { return };
        writing.syncing = false;
        if writing.writer.poll(true).is_err() {
            return self.disk_failed(site);
        }
        let (mark, under_way) = (writing.writer.durable_mark(), writing.writer.under_way());
        self.judge.is_durable(site, &mark);
        self.is_done(site, Heard::Durable(mark));
        self.releases(site);
        if under_way > 0 {
            self.syncs(site);
        }
        self.commits(site);
    }

    /// What is durable and allowed is released to the workers.
    pub(crate) fn releases(&mut self, site: Site) {
        let now = self.now;
        let Some(writing) = self.writing(site) else { return };
        let durable = writing.writer.durable();
        let (up_to, alone) = match writing.allowed {
            Allowed::All(alone) => (durable, alone),
            Allowed::UpTo(position) => (durable.min(position), Alone::default()),
        };
        if up_to <= writing.released {
            return;
        }
        let before = std::mem::replace(&mut writing.released, up_to);
        writing.worked = now;
        let mut oldest = None;
        while let Some(&(last, at)) = writing.framed.front()
            && last <= up_to
        {
            // An empty batch permits nothing.
            oldest = oldest.or((last > before).then_some(at));
            writing.framed.pop_front();
        }
        if let Some(framed) = oldest {
            let clock = &self.machines[site.0].clock;
            let boot = clock.boot(framed);
            let counts = alone.framed(boot);
            let at = if counts > boot { clock.when(counts).min(now) } else { framed };
            let hop = self.dice.between(MS / 20, MS);
            self.tells(site, Thread::Workers, hop, Task::Committed(up_to, at));
        }
        self.tells(site, Thread::Journal, IDLE, Task::Idle);
    }

    /// The workers let go what is committed, if it is not too late.
    pub(crate) fn leaves(&mut self, site: Site, up_to: Position, at: At) {
        let late = self.machines[site.0].clock.boot(self.now)
            - self.machines[site.0].clock.boot(at)
            > LEAVES_WITHIN;
        let process = self.process(site);
        let Some(epoch) = process.reign else { return };
        let records = up_to.0.saturating_sub(process.left.0);
        process.left = process.left.max(up_to);
        if late {
            self.sums.happened.add(Happening::Late, records);
        } else {
            self.leave(site, epoch, up_to);
            self.sums.happened.add(Happening::Released, records);
        }
        let batches = self.judge.books[site.0].up_to(up_to);
        self.switch_commits(site, batches, at);
    }

    fn leave(&mut self, site: Site, epoch: Epoch, up_to: Position) {
        let durably = self.weather.mode == Mode::Durable;
        let Some(writing) = self.writing(site) else { return };
        let requires = durably && writing.required.is_some_and(|from| up_to > from);
        let alone = matches!(writing.allowed, Allowed::All(_));
        if alone && self.weather.witness && self.weather.mode != Mode::Async {
            self.is_within_its_lease(site);
        }
        self.judge.releases(site, epoch, up_to, requires);
    }

    /// Who releases alone has heard of the witness, unless one of its threads stood still just now.
    fn is_within_its_lease(&mut self, site: Site) {
        let now = self.now.0;
        let process = self.process(site);
        let stood = process.busy.iter().any(|busy| busy.0 + HEARD_WITHIN > now);
        let since = now - process.knows.0;
        assert!(
            stood || since < SOLO_LEASE + HEARD_WITHIN,
            "rule 3: site {} goes on alone, and has not heard of the witness for {} ms",
            site.0,
            since / MS
        );
    }
}
