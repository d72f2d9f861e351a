//! What the other threads have of the thread `ship`: a box for what happened, a tap for what the
//! journal writes, and what it shows of itself. Must not know what follows from an event.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use crossbeam::channel::{Receiver, Sender, bounded};
use journal::format::{BatchNumber, Position};
use journal::mark::Mark;
use journal::roles::event::{DrainId, Event, Item};
use journal::roles::refusal::Refusal;
use journal::roles::view::{Part, View};
use journal::roles::wish::{Done, Wish};
use journal::scrub::Range;
use journal::ship::message::{Bytes, ItemKind, TELL_MAX};
use journal::ship::pool::Pool;
use journal::writer::Framed;
use mio::Waker;
use switch_core::time::Time;
use switch_sync::Sleeper;

use super::fetches::{Came, Fetches};
use super::hold::Hold;
use super::shown::Shown;
use crate::clocks;
use crate::drilling::Told;
use crate::journaling::{Lag, Release};
use crate::witness::Desk;

/// Buffers that a batch takes at most: its own, and one for the block of a segment in front of it.
const BUFFERS_FOR_ONE: usize = 2;
/// What is told to the peer and waits.
pub(super) const TELLS_MAX: usize = 4;
/// Wishes that wait.
const WISHES_MAX: usize = 16;

/// An answer to a wish.
pub(crate) type Answer = Result<Done, Refusal>;

/// The thread `ship`, for all others.
pub struct Ship {
    inbox: Mutex<Inbox>,
    sleeper: Sleeper,
    waker: Waker,
    /// Whether what is framed is to be given with its bytes. Stored by `ship`, loaded by the tap, both
    /// relaxed: seen late it costs a catch-up, or a copy in vain.
    wants_bytes: AtomicBool,
    /// Whether somebody waits for what is durable: a reign that begins or is handed over. As above.
    wants_durable: AtomicBool,
    /// Whether released bytes wait for what the peer acknowledges. As above.
    requires: AtomicBool,
    /// Its part of a primary.
    release: OnceLock<Arc<Release>>,
    buffers: Mutex<Pool>,
    shown: Mutex<Shown>,
    stop: AtomicBool,
    /// The last position that the peer acknowledged; relaxed, for figures.
    acknowledged: AtomicU64,
    /// When the main thread looked last whether the node is well; 0: it does not look now. Relaxed.
    looked: AtomicU64,
    /// What rotted here and is to come from the peer.
    fetches: Fetches,
    /// What rotted here and does not come from the peer.
    lost: Mutex<Vec<Range>>,
    /// Goes up when a line begins, and when it ends. Relaxed: one message of an old line does no harm.
    lines: AtomicU64,
    hold: Arc<Hold>,
    /// Where questions to the witness are put; none without one.
    desk: Option<Arc<Desk>>,
}

/// What happened and was not heard of yet.
///
/// It is bounded by who fills it: what is framed with bytes holds one of 64 buffers, without bytes it is
/// merged, as is what is durable and received; the rest answers something of which one is out at a time.
#[derive(Default)]
pub(super) struct Inbox {
    pub(super) events: VecDeque<Event>,
    pub(super) wishes: VecDeque<(Wish, Sender<Answer>)>,
    pub(super) drained: Option<(DrainId, Position)>,
    /// Who waits until the peer has all that was framed.
    pub(super) parting: Option<Sender<()>>,
    /// The line is refused until then.
    pub(super) refused: Option<Time>,
    /// What the peer is told of this machine, and once that this node is to reign.
    pub(super) tells: VecDeque<String>,
}

impl Ship {
    pub(super) fn new(waker: Waker, shown: Shown, desk: Option<Arc<Desk>>) -> Self {
        Self {
            inbox: Mutex::default(),
            sleeper: Sleeper::new(),
            waker,
            wants_bytes: AtomicBool::new(false),
            wants_durable: AtomicBool::new(false),
            requires: AtomicBool::new(false),
            release: OnceLock::new(),
            buffers: Mutex::new(Pool::default()),
            shown: Mutex::new(shown),
            stop: AtomicBool::new(false),
            acknowledged: AtomicU64::new(0),
            looked: AtomicU64::new(0),
            fetches: Fetches::default(),
            lost: Mutex::default(),
            lines: AtomicU64::new(0),
            hold: Arc::default(),
            desk,
        }
    }

    /// Something happened.
    pub(crate) fn tell(&self, event: Event) {
        put(&mut lock(&self.inbox).events, event);
        self.wake();
    }

    /// An operator wants something. The answer comes once; none when too much is wanted at once, or the
    /// thread ends.
    pub(crate) fn wish(&self, wish: Wish) -> Receiver<Answer> {
        let (answer, answered) = bounded(1);
        let mut inbox = lock(&self.inbox);
        if inbox.wishes.len() < WISHES_MAX {
            inbox.wishes.push_back((wish, answer));
        }
        drop(inbox);
        self.wake();
        answered
    }

    /// The line is refused until then: a drill.
    pub(crate) fn refuses_line(&self, until: Time) {
        lock(&self.inbox).refused = Some(until);
        self.wake();
    }

    /// The peer is told this, if there is a line. The rules of both do not hear it.
    pub(crate) fn tells_peer(&self, told: &Told) {
        let text = serde_json::to_string(told).expect("plain data has a JSON form");
        if text.len() > TELL_MAX {
            return;
        }
        let mut inbox = lock(&self.inbox);
        // While nobody takes any, the newest count.
        if inbox.tells.len() >= TELLS_MAX {
            inbox.tells.pop_front();
        }
        inbox.tells.push_back(text);
        drop(inbox);
        self.wake();
    }

    /// Nothing is in flight any more, as that drain wanted, and this is the last record of it.
    pub(crate) fn drained(&self, id: DrainId, position: Position) {
        lock(&self.inbox).drained = Some((id, position));
        self.wake();
    }

    /// Nothing more is framed, and this process is to end: waits until the peer has all of it, where there is
    /// one that follows. No longer than that: it is safe here, and nobody was told of it.
    pub(crate) fn parts(&self, within: Duration) {
        let (told, level) = bounded(1);
        lock(&self.inbox).parting = Some(told);
        self.wake();
        // In time or not, it ends.
        let _in_time = level.recv_timeout(within);
    }

    /// These batches have rotted here, and are to come from the peer, both included; of an earlier wish
    /// nothing comes any more. The thread that calls it is woken when there is something.
    pub(crate) fn fetch(&self, from: BatchNumber, until: BatchNumber) {
        self.fetches.ask(from, until);
        self.wake();
    }

    /// What came of it since.
    pub(crate) fn fetched(&self) -> VecDeque<Came> {
        self.fetches.take()
    }

    /// The main thread looked whether the node is well; none: it does not any more, as it ends.
    pub(crate) fn looks(&self, at: Option<Time>) {
        self.looked.store(at.map_or(0, |at| at.0), Ordering::Relaxed);
    }

    pub(super) fn looked(&self) -> Time {
        Time(self.looked.load(Ordering::Relaxed))
    }

    /// These batches have rotted here, and the peer lacks them too.
    pub(crate) fn loses(&self, batches: Vec<Range>) {
        *lock(&self.lost) = batches;
    }

    /// Whether neither node has something of the log from one batch on to another one.
    pub(super) fn lacks_between(&self, from: BatchNumber, until: BatchNumber) -> bool {
        lock(&self.lost).iter().any(|lost| from <= lost.until && lost.until <= until)
    }

    /// Whether the log here is all that it was: nobody else repairs it.
    pub(crate) fn has_whole_log(&self) -> bool {
        lock(&self.shown).view.as_ref().is_some_and(|view| !view.repairing)
    }

    /// There is something to be looked at.
    pub(super) fn look(&self) {
        self.wake();
    }

    /// Up to where the log is read again for the peer.
    pub(crate) fn hold(&self) -> Arc<Hold> {
        Arc::clone(&self.hold)
    }

    /// What there is to show.
    pub(crate) fn shown(&self) -> Shown {
        let mut shown = lock(&self.shown).clone();
        shown.lag = self.lag();
        shown.witness = self.desk.as_ref().map(|desk| desk.shown());
        shown
    }

    /// The thread is to end, with what it has to say said.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        if let Some(desk) = &self.desk {
            desk.stops();
        }
        self.wake();
    }

    /// Nothing is released here any more, and this process is to end or to begin anew: waits until its lease at the
    /// witness is given back, so that the other node need not wait for its end. No longer than that.
    pub(crate) fn gives_lease_back(&self, within: Duration) {
        if let Some(desk) = &self.desk {
            desk.parts(within);
        }
    }

    /// What a writer of the log is to tell of all that it frames: the tap of [`journal::writer::Writer`]. The
    /// log ends at this mark before it.
    pub(crate) fn tap(self: &Arc<Self>, end: Mark) -> Box<dyn FnMut(Framed<'_>) + Send> {
        let ship = Arc::clone(self);
        let mut end = end;
        Box::new(move |framed| {
            let (kind, bytes): (_, &[u8]) = match framed {
                Framed::Segment(block) => (ItemKind::Segment, block),
                Framed::Batch(mark, bytes) => {
                    end = mark;
                    (ItemKind::Batch, bytes)
                }
            };
            let wanted = ship.wants_bytes.load(Ordering::Relaxed);
            let parcel = wanted.then(|| lock(&ship.buffers).take(bytes)).flatten();
            let item = parcel.map(|parcel| Item { kind, bytes: Bytes::from(parcel) });
            ship.tell(Event::Framed { end, item });
        })
    }

    /// The journal's thread, before it frames a batch: whether there is a buffer for it. Where nothing is
    /// released without the peer, what it can not be sent would only be read again for it.
    pub(crate) fn has_room(&self) -> bool {
        let needed =
            self.wants_bytes.load(Ordering::Relaxed) && self.requires.load(Ordering::Relaxed);
        !needed || lock(&self.buffers).free() >= BUFFERS_FOR_ONE
    }

    /// The log is durable up to here.
    pub(crate) fn durable(&self, mark: Mark) {
        put(&mut lock(&self.inbox).events, Event::Durable(mark));
        if self.wants_durable.load(Ordering::Relaxed) {
            self.wake();
        }
    }

    /// This node begins to write: by this it releases.
    pub(crate) fn releases(&self, release: Arc<Release>) {
        // A life has one reign at most; the first stays.
        drop(self.release.set(release));
    }

    /// What the peer lacks of what this node wrote, as primary. None: it has acknowledged nothing in this reign,
    /// and what it has from earlier ones is not known.
    fn lag(&self) -> Option<Lag> {
        let acknowledged = self.acknowledged.load(Ordering::Relaxed);
        let release = self.release.get().filter(|_| acknowledged > 0)?;
        Some(release.lag(Position(acknowledged), clocks::boot()))
    }

    fn wake(&self) {
        if self.sleeper.should_wake() {
            // It fails only where the descriptor is gone, and then the thread is.
            drop(self.waker.wake());
        }
    }
}

/// The side of the thread itself.
impl Ship {
    /// Takes all that happened.
    pub(super) fn take(&self) -> Inbox {
        std::mem::take(&mut *lock(&self.inbox))
    }

    pub(crate) fn is_told_to_stop(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    pub(super) fn fetches(&self) -> &Fetches {
        &self.fetches
    }

    /// Which line this is, or which lack of one.
    pub(super) fn line(&self) -> u64 {
        self.lines.load(Ordering::Relaxed)
    }

    pub(super) fn next_line(&self) {
        self.lines.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn release(&self) -> Option<&Release> {
        self.release.get().map(|release| &**release)
    }

    /// Whether the thread may block; [`Ship::woke`] is to follow.
    pub(super) fn may_sleep(&self) -> bool {
        self.sleeper.may_sleep(|| {
            let inbox = lock(&self.inbox);
            self.is_told_to_stop()
                || self.fetches.is_waiting()
                || inbox.drained.is_some()
                || inbox.parting.is_some()
                || inbox.refused.is_some()
                || !inbox.tells.is_empty()
                || !inbox.wishes.is_empty()
                || inbox.events.iter().any(|event| !matches!(event, Event::Durable(_)))
                || (self.wants_durable.load(Ordering::Relaxed) && !inbox.events.is_empty())
        })
    }

    pub(super) fn woke(&self) {
        self.sleeper.woke();
    }

    pub(super) fn wants(&self, wants: Wants) {
        self.wants_bytes.store(wants.bytes, Ordering::Relaxed);
        self.wants_durable.store(wants.durable, Ordering::Relaxed);
        self.requires.store(wants.requires, Ordering::Relaxed);
    }

    pub(super) fn acknowledged(&self, position: Position) {
        self.acknowledged.store(position.0, Ordering::Relaxed);
        if let Some(release) = self.release.get() {
            release.acknowledged(position);
        }
    }

    /// Shows something else.
    pub(super) fn show(&self, change: impl FnOnce(&mut Shown)) {
        change(&mut lock(&self.shown));
    }
}

/// What the journal's thread is to do for the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wants {
    /// Give what is framed with its bytes.
    pub(super) bytes: bool,
    /// Say at once what is durable.
    pub(super) durable: bool,
    /// Wait where there is no buffer.
    pub(super) requires: bool,
}

impl Wants {
    /// While the node stands so.
    pub(super) fn of(view: &View, bytes: bool) -> Self {
        let durable = match view.part {
            Part::Standby | Part::Promoting | Part::Beginning | Part::HandingOver => true,
            Part::Primary | Part::Ended => false,
        };
        Self { bytes, durable, requires: view.requires }
    }
}

/// Puts an event behind the others; of what only the newest of says something, over the last one.
fn put(events: &mut VecDeque<Event>, event: Event) {
    let merged = match (&event, events.back_mut()) {
        (Event::Durable(_), Some(last @ Event::Durable(_)))
        | (Event::Received(_), Some(last @ Event::Received(_))) => last,
        (Event::Framed { item: None, .. }, _) => {
            let mut newest = events.iter_mut().rev();
            let framed = newest.find(|event| !matches!(event, Event::Durable(_)));
            match framed {
                Some(last @ Event::Framed { item: None, .. }) => last,
                _ => return events.push_back(event),
            }
        }
        _ => return events.push_back(event),
    };
    *merged = event;
}

/// What is guarded is whole at any time: one who panicked with it leaves it as it is.
fn lock<T>(guarded: &Mutex<T>) -> MutexGuard<'_, T> {
    guarded.lock().unwrap_or_else(PoisonError::into_inner)
}

impl std::fmt::Debug for Ship {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ship").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
