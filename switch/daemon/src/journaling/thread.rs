//! The journal's thread: gathers the workers' records into batches, has them written, and moves each
//! worker's mark when they are durable. Must not know what a record says.
//!
//! When it stalls, nothing that has a record leaves the switch: lanes and gates fill up, requests are
//! refused with 907, and answers wait in the room that is theirs. When it fails, no mark moves any
//! more, and the process ends with 74.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use journal::broken::Broken;
use journal::disk::SystemDisk;
use journal::format::Position;
use journal::pacing::{Open, Pacing, When};
use journal::path::WritePath;
use journal::segments::Spares;
use journal::writer::{Appended, Committed, Writer};
use switch_core::gate;
use switch_core::time::Time;
use switch_sync::LaneReceiver;

use super::failure::Failure;
use super::figures::{Figures, Writing};
use super::release::Release;
use super::start;
use super::waiting::Waiting;
use crate::clocks;
use crate::mesh::Mesh;
use crate::peer::Ship;
use crate::tunings::Tunings;

/// Batches that can be under way at once, and the one that is gathered.
const BATCHES_MAX: usize = 8;
/// After so long without work what was released is written down too.
const IDLE: Duration = Duration::from_millis(10);
/// How old the figures are at most that somebody sees while batches are written. To copy them out
/// takes as long as to seal a small batch.
const SHOW_EVERY: Duration = Duration::from_millis(1);
/// How long one look for a spare segment takes.
const SPARE_WAIT: Duration = Duration::from_millis(100);
/// How many looks for a spare segment are made once the switch is to stop.
const SPARE_WAITS_AT_STOP: u32 = 20;

/// How long one look for a buffer takes, where a batch may not be framed that the peer can not be sent.
const BUFFER_WAIT: Duration = Duration::from_micros(500);
/// How many looks for one are made once the switch is to stop.
const BUFFER_WAITS_AT_STOP: u32 = 4_000;
/// After so long without an acknowledgement it is looked for less often whether one came.
const PATIENT: Duration = Duration::from_secs(1);
const PATIENT_LOOK: Duration = Duration::from_millis(200);

/// What the thread works with.
pub(super) struct Scribe<P: WritePath> {
    pub(super) writer: Writer<SystemDisk, P>,
    /// What there is to show of it at first.
    pub(super) writing: Writing,
    /// From the workers, by their ids.
    pub(super) lanes: Vec<LaneReceiver>,
    pub(super) mesh: Arc<Mesh>,
    pub(super) spares: Arc<Spares>,
    pub(super) figures: Arc<Figures>,
    pub(super) tunings: Arc<Tunings>,
    /// The other of two nodes; none where there is none.
    pub(super) peer: Option<ToPeer>,
    /// The workers have ended: write what is in the lanes, and end.
    pub(super) stop: Arc<AtomicBool>,
    /// What is written behind all else then, if anything is.
    pub(super) last: LastRecord,
}

/// A record that ends a log; set before the thread is told to stop.
pub(super) type LastRecord = Arc<Mutex<Option<Vec<u8>>>>;

/// What a node with a peer has besides.
pub(super) struct ToPeer {
    /// Who sends the peer what is framed.
    pub(super) ship: Arc<Ship>,
    /// What is released, of that which is durable.
    pub(super) release: Arc<Release>,
}

struct Run<P: WritePath> {
    with: Scribe<P>,
    waiting: Waiting,
    pacing: Pacing,
    /// When the first record of the open batch came.
    open_since: Time,
    writing: Writing,
    /// The last position of each batch under way, and when it was sent there.
    under_way: VecDeque<(Position, Time)>,
    /// The lane to begin with.
    turn: usize,
    /// Released, as the last header said.
    marked: Position,
    last_work: Time,
    /// When the figures were shown last.
    shown: Time,
}

/// Why the thread can not go on.
#[derive(Debug)]
pub(super) enum Ended {
    /// The disk.
    Broken(Broken),
    /// What was acknowledged can not be read again.
    Damaged(Failure),
    /// A worker can not be woken.
    Waking(std::io::Error),
}

impl From<Broken> for Ended {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

impl<P: WritePath> Scribe<P> {
    /// Runs until it is told to stop and has written everything, or can not go on.
    pub(super) fn run(self) -> Result<(), Ended> {
        if let Some(peer) = &self.peer {
            // What the start wrote.
            peer.ship.durable(self.writer.durable_mark());
            peer.release.on_durable(self.writer.durable()).map_err(Ended::Waking)?;
        }
        let run = Run {
            waiting: Waiting::new(self.lanes.len(), BATCHES_MAX),
            pacing: Pacing::new(clocks::boot().0),
            open_since: Time(0),
            marked: self.writing.released,
            writing: self.writing.clone(),
            under_way: VecDeque::with_capacity(BATCHES_MAX),
            turn: 0,
            last_work: clocks::boot(),
            shown: Time(0),
            with: self,
        };
        run.run()
    }
}

impl<P: WritePath> Run<P> {
    fn run(mut self) -> Result<(), Ended> {
        loop {
            self.with.mesh.pulses().journal_turns();
            // Before the look at the lanes: what a worker handed over before it ended is seen then.
            let stopping = self.with.stop.load(Ordering::Acquire);
            let full = self.gather()?;
            match self.when(full || stopping) {
                When::Never => {}
                When::Now => self.commit()?,
                When::Until(until) => {
                    self.see_what_is_durable(false)?;
                    self.nap(Time(until));
                    continue;
                }
            }
            // With nothing to write but what is under way, wait for that, and let the next batch gather.
            // To be woken for the next record and send a second batch beside it was tried with an eventfd
            // in the ring: `compare --journal --journal-path direct --rate 20000 -c 64` on two cores took
            // 35 us of processor time for a transaction instead of 30, for the same or a longer p50.
            let wait = self.with.writer.under_way() > 0 && (full || self.lanes_are_empty());
            self.see_what_is_durable(wait)?;
            if self.with.writer.under_way() > 0 || !self.lanes_are_empty() {
                continue;
            }
            if stopping && self.append_last()? {
                continue;
            }
            if stopping {
                let released = self.released();
                self.mark(released)?;
                self.note();
                self.with.figures.show_writing(&self.writing);
                return Ok(());
            }
            self.rest()?;
        }
    }

    /// Puts what ends the log behind all else; says whether there is anything.
    fn append_last(&mut self) -> Result<bool, Ended> {
        let last = self.with.last.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(record) = last else { return Ok(false) };
        let Appended::Taken(position) = self.with.writer.append(&record)? else {
            unreachable!("nothing is open, so there is room for a short record")
        };
        self.open_since = clocks::boot();
        self.writing.position = position;
        Ok(true)
    }

    /// When the open batch is to go. `now`: it waits for nothing more.
    fn when(&mut self, now: bool) -> When {
        self.pacing.keep_open(self.with.tunings.gather_ns());
        let records = self.with.writer.open_records();
        if records > 0 && now {
            return When::Now;
        }
        let open = Open {
            records,
            bytes: self.with.writer.open_bytes(),
            since_ns: self.open_since.0,
            all_asleep: self.with.mesh.all_asleep(),
        };
        self.pacing.decide(clocks::boot().0, &open)
    }

    /// Lets the workers add to the open batch until then. They need not wake us for what they add,
    /// but the last one to fall asleep does.
    fn nap(&self, until: Time) {
        let mesh = &self.with.mesh;
        if mesh.journal_may_nap() {
            thread::park_timeout(until.since(clocks::boot()));
        }
        mesh.journal_naps_no_more();
    }

    /// Takes records into the open batch, from each lane in turn; says whether the batch has no room
    /// for more.
    fn gather(&mut self) -> Result<bool, Ended> {
        let lanes = self.with.lanes.len();
        self.turn = (self.turn + 1) % lanes.max(1);
        for step in 0..lanes {
            let place = (self.turn + step) % lanes;
            let lane = &mut self.with.lanes[place];
            let mut full = false;
            while let Some(message) = lane.front() {
                let (head, record) = message.split_first_chunk().expect("a position and a record");
                let gate = gate::Position(u64::from_le_bytes(*head));
                let Appended::Taken(position) = self.with.writer.append(record)? else {
                    full = true;
                    break;
                };
                if self.with.writer.open_records() == 1 {
                    self.open_since = clocks::boot();
                }
                self.waiting.on_taken(place, position, gate);
                self.writing.position = position;
                lane.pop();
            }
            lane.release();
            if full {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Sends the open batch to the disk; where the segment is full and there is no other, waits for
    /// one, but not for ever once the switch is to stop: what is left then was never acknowledged, and
    /// goes the way of a crash.
    fn commit(&mut self) -> Result<(), Ended> {
        self.wait_for_a_buffer()?;
        let mut waits_at_stop = 0;
        loop {
            let last = Position(self.with.writer.next_position().0 - 1);
            let bytes = self.with.writer.open_bytes();
            let released = self.released();
            let begun = clocks::boot();
            self.asks_disk(begun);
            match self.with.writer.commit(released, clocks::utc_ns())? {
                Committed::Submitted => {
                    self.marked = released;
                    self.pacing.committed(begun.0, bytes);
                    match &self.with.peer {
                        None => self.waiting.on_committed(begun),
                        Some(peer) => {
                            let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
                            peer.release.on_committed(&mut self.waiting, last, bytes, begun);
                        }
                    }
                    self.under_way.push_back((last, begun));
                    return Ok(());
                }
                Committed::Nothing => {
                    let oldest = self.under_way.front().map(|(_, since)| *since);
                    self.with.mesh.pulses().disk_is_asked(oldest);
                    return Ok(());
                }
                Committed::NoSpare => {
                    self.see_what_is_durable(false)?;
                    self.show();
                    self.with.mesh.pulses().journal_waits();
                    // Looked at again each time: the wait may have begun long before.
                    waits_at_stop += u32::from(self.with.stop.load(Ordering::Acquire));
                    if waits_at_stop > SPARE_WAITS_AT_STOP {
                        return Err(start::no_spare().into());
                    }
                    self.with.spares.wait(SPARE_WAIT);
                }
            }
        }
    }

    /// Asks the disk how far it is, and moves the marks of the workers.
    fn see_what_is_durable(&mut self, wait: bool) -> Result<(), Ended> {
        let durable = self.with.writer.poll(wait)?;
        if durable == self.writing.durable {
            return Ok(());
        }
        let now = clocks::boot();
        self.last_work = now;
        while let Some((_, since)) = self.under_way.pop_front_if(|(last, _)| *last <= durable) {
            let nanos = u64::try_from(now.since(since).as_nanos()).unwrap_or(u64::MAX);
            self.writing.latencies.record(nanos);
            self.writing.commits += 1;
        }
        self.with.mesh.pulses().disk_is_asked(self.under_way.front().map(|(_, since)| *since));
        let woken = match &self.with.peer {
            None => {
                let mesh = &self.with.mesh;
                let mut woken = Ok(());
                self.waiting.on_durable(durable, |worker, gate, framed| {
                    mesh.commit(worker, gate, framed);
                    if let Err(error) = mesh.wake_if_asleep(worker) {
                        woken = Err(error);
                    }
                });
                woken
            }
            Some(peer) => {
                peer.ship.durable(self.with.writer.durable_mark());
                peer.release.on_durable(durable).map(drop)
            }
        };
        self.writing.durable = durable;
        if now.since(self.shown) >= SHOW_EVERY {
            self.shown = now;
            self.show();
        }
        woken.map_err(Ended::Waking)
    }

    /// The last position whose bytes may have left.
    fn released(&self) -> Position {
        match &self.with.peer {
            None => self.with.writer.durable(),
            Some(peer) => peer.release.released(),
        }
    }

    /// Where nothing is released without the peer, and all buffers for what it is sent are under way, the
    /// workers are to feel it: their lanes fill. When the peer is given up, nobody waits any more.
    fn wait_for_a_buffer(&mut self) -> Result<(), Ended> {
        let mut waits_at_stop = 0;
        while self.with.peer.as_ref().is_some_and(|peer| !peer.ship.has_room()) {
            self.see_what_is_durable(false)?;
            self.with.mesh.pulses().journal_waits();
            self.with.mesh.pulses().journal_turns();
            waits_at_stop += u32::from(self.with.stop.load(Ordering::Acquire));
            if waits_at_stop > BUFFER_WAITS_AT_STOP {
                // It is told of the batch without its bytes.
                break;
            }
            thread::park_timeout(BUFFER_WAIT);
        }
        Ok(())
    }

    /// Something is asked of the disk now, behind what is under way.
    fn asks_disk(&self, now: Time) {
        let oldest = self.under_way.front().map_or(now, |(_, since)| *since);
        self.with.mesh.pulses().disk_is_asked(Some(oldest));
    }

    fn show(&mut self) {
        self.note();
        self.with.figures.try_show_writing(&self.writing);
    }

    /// Takes down what there is to show of the writer.
    fn note(&mut self) {
        let written = self.with.writer.written();
        self.writing.records = written.records;
        self.writing.bytes = written.batch_bytes;
        self.writing.segment = self.with.writer.segment();
        self.writing.released = self.marked;
    }

    fn lanes_are_empty(&mut self) -> bool {
        self.with.lanes.iter_mut().all(LaneReceiver::is_empty)
    }

    /// Nothing is left to write: waits for more, and after a while writes down what was released.
    fn rest(&mut self) -> Result<(), Ended> {
        let released = self.released();
        let idle = clocks::boot().since(self.last_work);
        let left = IDLE.saturating_sub(idle);
        if released != self.marked && left.is_zero() {
            self.mark(released)?;
        } else if released != self.writing.durable {
            // What is acknowledged wakes the workers, and not us, who have only to write it down.
            self.sleep(Some(if idle < PATIENT { IDLE } else { PATIENT_LOOK }));
        } else {
            self.sleep((released != self.marked).then_some(left));
        }
        Ok(())
    }

    /// Writes down what was released, in a batch without records. Where there is no segment for it,
    /// the next batch says it.
    fn mark(&mut self, released: Position) -> Result<(), Ended> {
        self.wait_for_a_buffer()?;
        if released != self.marked {
            self.asks_disk(clocks::boot());
            let marked = self.with.writer.mark(released, clocks::utc_ns())?;
            while self.with.writer.under_way() > 0 {
                self.with.writer.poll(true)?;
            }
            self.with.mesh.pulses().disk_is_asked(None);
            if let Some(peer) = &self.with.peer {
                peer.ship.durable(self.with.writer.durable_mark());
            }
            if marked == Committed::NoSpare {
                // Nothing was written. It is tried again after another while, or a batch says it.
                self.last_work = clocks::boot();
                return Ok(());
            }
            self.marked = released;
        }
        Ok(())
    }

    fn sleep(&mut self, most: Option<Duration>) {
        // Whoever looked has what there is; whoever looks later is to have no less.
        self.note();
        self.with.figures.show_writing(&self.writing);
        let (stop, lanes) = (&self.with.stop, &mut self.with.lanes);
        let mesh = &self.with.mesh;
        let asleep = mesh.journal_sleeper().may_sleep(|| {
            stop.load(Ordering::Acquire) || lanes.iter_mut().any(|lane| !lane.is_empty())
        });
        if asleep {
            match most {
                Some(most) => thread::park_timeout(most),
                None => thread::park(),
            }
            mesh.journal_sleeper().woke();
        }
    }
}

#[cfg(test)]
mod tests;
