//! One worker's share of the switch and the ways into it. Every event enters here and is handed to
//! the file that decides on it. Decides nothing itself.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;

use codec::{Message, Mti, Slots, Tpdu};

use crate::advice::{Tombstones, is_advice};
use crate::answers::OWN_MAX;
use crate::beside::Counted;
use crate::counters::{Counter, Counters};
use crate::delivery::Reached;
use crate::duplicates::Duplicates;
use crate::found::Found;
use crate::gate::{Gate, Position};
use crate::held::Held;
use crate::ids::{LinkId, SlotId, StationId, WorkerId};
use crate::links::Link;
use crate::network::Drain;
use crate::notices::{Closing, Notice, Notices};
use crate::orphans::Orphans;
use crate::outlet::Outlet;
use crate::parked::Parked;
use crate::pending::{Asked, Line, Table};
use crate::plan::Plan;
use crate::records::HEAD_MAX;
use crate::refusal::Refusal;
use crate::saf::Saf;
use crate::stations::StationNow;
use crate::time::{Now, Stamp, Time};
use crate::window::Window;

/// Something the core wants done that is not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Connect a link; [`Core::handle_opened`] or [`Core::handle_closed`] tells the end of it.
    Connect(LinkId),
    /// Close a link; [`Core::handle_closed`] follows.
    Close(LinkId, Closing),
    /// Put a question; [`Core::handle_reply`] brings the reply.
    Ask(SlotId, Question),
}

/// What a decision can ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// The key provider: is the message authentication code right?
    Mac,
    /// The reader: what is written down of the message that this names, and of what was said about it
    /// later? A keyed hash, [`HashKey::reference`](crate::identity::HashKey::reference).
    Original {
        /// The hash.
        reference: u64,
    },
    /// The reader: what is written down of the request or advice that is known by this key, and of
    /// what became of it? A keyed hash, [`HashKey::key`](crate::identity::HashKey::key).
    Known {
        /// The hash.
        key: u128,
    },
}

impl Question {
    /// Which one it is.
    pub(crate) fn asked(self) -> Asked {
        match self {
            Self::Mac => Asked::Mac,
            Self::Known { .. } => Asked::Known,
            Self::Original { .. } => Asked::Original,
        }
    }
}

/// What a question is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Go on.
    Granted,
    /// Refuse.
    Denied,
    /// What the reader found: a decision or an advice first, then what is written down about the same
    /// transaction; nothing when nothing is known. Where it can not look there is no reply at all.
    Found(Found),
}

/// One worker's share of the switch.
#[derive(Debug)]
pub struct Core {
    pub(crate) plan: Arc<Plan>,
    pub(crate) me: WorkerId,
    pub(crate) world: World,
    pub(crate) gate: Gate,
}

/// Everything that changes from event to event, except the gate.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) stations: Vec<StationNow>,
    pub(crate) links: Vec<Link>,
    pub(crate) table: Table,
    pub(crate) duplicates: Duplicates,
    /// Requests that were reversed before they came.
    pub(crate) tombstones: Tombstones,
    /// Where a stored answer is read.
    pub(crate) again: Box<Slots>,
    pub(crate) parked: Parked,
    pub(crate) held: Held,
    pub(crate) window: Window,
    /// Links with approvals that their sockets have not taken whole.
    pub(crate) leaving: Vec<LinkId>,
    /// Nothing in front of a socket is late before.
    pub(crate) late_wake: Time,
    /// Approvals of which no byte reached their acquirer, and what is to follow has found no room.
    pub(crate) undelivered: VecDeque<(SlotId, Reached)>,
    /// Store and forward.
    pub(crate) saf: Saf,
    /// Decisions that wait for a reply.
    pub(crate) deciding: Line,
    /// Transactions in quarantine.
    pub(crate) resting: Line,
    pub(crate) orders: VecDeque<Order>,
    pub(crate) notices: Notices,
    pub(crate) counters: Counters,
    pub(crate) counted: Counted,
    /// Whether the journal will have room for what new requests bring.
    pub(crate) has_room: bool,
    /// It can not complete a transaction in time.
    pub(crate) is_sick: bool,
    /// Whether what is not in memory can be asked for.
    pub(crate) has_reader: bool,
    /// Whether this node was a standby and reigns since it started.
    pub(crate) promoted: bool,
    /// What may be lost.
    pub(crate) orphans: Orphans,
    /// Until when, in seconds since 1970, records from before the start say more than memory does.
    pub(crate) past_until: u64,
    /// No link needs looking at before.
    pub(crate) links_wake: Time,
    pub(crate) stamp: Stamp,
    pub(crate) chance: u64,
    pub(crate) drain: Drain,
    /// Nothing new is admitted, for a while.
    pub(crate) paused: bool,
    /// No station that retires needs looking at before.
    pub(crate) retiring_wake: Time,
    /// Whether an issuer of ours can be reached may have changed since the others were told.
    pub(crate) unannounced: bool,
    /// The workers, by bit, that have not said that they are settled.
    pub(crate) peers_unsettled: u64,
    /// While stopping: whether we are settled, and whether the others have still to be told.
    pub(crate) settled: bool,
    pub(crate) settled_untold: bool,
    /// How often committed entries were released.
    pub(crate) releases: u64,
}

/// What one event works with.
pub(crate) struct Turn<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) me: WorkerId,
    pub(crate) world: &'a mut World,
    pub(crate) gate: &'a mut Gate,
    pub(crate) now: Now,
    /// What an answer to the frame that is handled carries as its TPDU.
    pub(crate) tpdu: Tpdu,
}

impl Core {
    /// The share of worker `me`, with a gate of `gate_bytes` (a power of two). `chance` decides
    /// the pauses between attempts to connect, and nothing else.
    pub fn new(plan: Arc<Plan>, me: WorkerId, gate_bytes: usize, chance: u64) -> Self {
        let limits = plan.limits;
        let links: Vec<Link> =
            plan.link_stations.iter().map(|&station| Link::of(station)).collect();
        let orders = links.len() * 2 + limits.parked_max as usize;
        let mut world = World {
            stations: StationNow::all(&plan, me),
            links,
            table: Table::new(limits.pending_max, limits.large_max),
            duplicates: Duplicates::new(
                limits.duplicates_max.max(limits.pending_max),
                limits.answers_bytes,
            ),
            tombstones: Tombstones::new(limits.duplicates_max),
            again: Box::new(Slots::new()),
            parked: Parked::new(limits.parked_max, limits.parked_frame_max),
            held: Held::new(limits.held_max),
            window: Window::default(),
            leaving: Vec::with_capacity(plan.link_stations.len()),
            late_wake: Time::NEVER,
            undelivered: VecDeque::new(),
            saf: Saf::new(&plan),
            deciding: Line::EMPTY,
            resting: Line::EMPTY,
            orders: VecDeque::with_capacity(orders),
            notices: Notices::new(limits.notices_max),
            counters: Counters::default(),
            counted: Counted::default(),
            has_room: true,
            is_sick: false,
            has_reader: false,
            promoted: false,
            orphans: Orphans::default(),
            past_until: 0,
            links_wake: Time::NEVER,
            stamp: Stamp::default(),
            chance,
            drain: Drain::Serving,
            paused: false,
            retiring_wake: Time::NEVER,
            unannounced: false,
            peers_unsettled: (0..plan.workers)
                .filter(|&worker| worker != me.0)
                .fold(0, |all, worker| all | 1 << worker),
            settled: false,
            settled_untold: false,
            releases: 0,
        };
        for station in plan.stations.iter().filter(|station| station.worker == me) {
            if station.settings.connects {
                for link in 0..station.settings.links {
                    world.links[station.links_from.index() + link as usize].retry = Time(0);
                }
                world.links_wake = Time(0);
            }
        }
        Self { plan, me, world, gate: Gate::new(gate_bytes) }
    }

    pub(crate) fn turn(&mut self, now: Now) -> Turn<'_> {
        self.world.stamp = self.world.stamp.at(now.utc);
        let Self { plan, me, world, gate } = self;
        Turn { plan, me: *me, world, gate, now, tpdu: Tpdu::default() }
    }

    /// A frame came in on an open link: one whole message, without its framing; its answer carries
    /// `tpdu`, zeros where the framing has none. `slots` is scratch space that the caller keeps
    /// between calls.
    pub fn handle_frame(
        &mut self,
        now: Now,
        link: LinkId,
        tpdu: Tpdu,
        frame: &[u8],
        slots: &mut Slots,
    ) {
        let mut turn = Turn { tpdu, ..self.turn(now) };
        turn.world.counters.count(Counter::Frames);
        let state = &mut turn.world.links[link.index()];
        state.heard = now.boot;
        state.echo_missed = 0;
        if !state.phase.is_open() {
            return turn.world.counters.count(Counter::FramesTooLate);
        }
        if frame.is_empty() {
            if turn.spends(link) {
                turn.count(Counter::KeepAlives);
            }
            return;
        }
        let plan = turn.plan;
        let dialect = &plan.station(plan.station_of(link)).settings.dialect;
        match dialect.decode(frame, slots) {
            Ok(()) => turn.on_message(link, &slots.message(dialect, frame)),
            Err(error) => turn.on_malformed(link, &slots.message(dialect, frame), error),
        }
    }

    /// A connection came in for a station; gives the link that it becomes, or none when all links
    /// of the station are in use or the node is stopping.
    pub fn handle_accept(&mut self, now: Now, station: StationId) -> Option<LinkId> {
        self.turn(now).on_accept(station)
    }

    /// A link that we asked for is connected.
    pub fn handle_opened(&mut self, now: Now, link: LinkId) {
        self.turn(now).on_opened(link);
    }

    /// A link was closed by either side, or could not be opened. `sent` bytes of it, counted from
    /// its opening, were taken by the socket.
    pub fn handle_closed(&mut self, now: Now, link: LinkId, sent: u64, outlet: &mut impl Outlet) {
        self.turn(now).on_closed(link, sent, outlet);
    }

    /// A question of ours has its reply.
    pub fn handle_reply(&mut self, now: Now, slot: SlotId, reply: Reply, slots: &mut Slots) {
        let mut turn = self.turn(now);
        match reply {
            Reply::Granted => turn.on_reply(slot, true, slots),
            Reply::Denied => turn.on_reply(slot, false, slots),
            Reply::Found(found) => turn.on_found(slot, &found, slots),
        }
    }

    /// Another worker sent us a message.
    pub fn handle_peer(
        &mut self,
        now: Now,
        from: WorkerId,
        message: &[u8],
        slots: &mut Slots,
        outlet: &mut impl Outlet,
    ) {
        self.turn(now).on_peer(from, message, slots, outlet);
    }

    /// Time has passed: expires what is due, connects, echoes. What expires and has not been handed
    /// to a socket is withdrawn.
    pub fn handle_time(&mut self, now: Now, outlet: &mut impl Outlet) {
        self.turn(now).on_time(outlet);
    }

    /// Whether the journal will have room: while it will not, new requests are refused (907), and
    /// everything that is under way goes on.
    pub fn handle_room(&mut self, has_room: bool) {
        self.world.has_room = has_room;
    }

    /// Whether this node is sick: while it is, new requests are refused (907) and echo tests are not answered,
    /// so that partners close their links and try elsewhere.
    pub fn handle_sick(&mut self, is_sick: bool) {
        self.world.is_sick = is_sick;
    }

    /// Whether there is a reader of older records: without one, what is not in memory is not known.
    pub fn handle_reader(&mut self, is_there: bool) {
        self.world.has_reader = is_there;
    }

    /// Stop: no new requests; answer what is in flight, sign off, then [`Core::is_drained`].
    pub fn handle_drain(&mut self, now: Now) {
        self.turn(now).on_drain();
    }

    /// Whether a drain has come to its end and everything has been released.
    pub fn is_drained(&self) -> bool {
        self.world.drain == Drain::Done && self.gate.fill().0 == 0
    }

    /// Everything up to `position` is committed and may leave. Only what [`Core::poll_record`] has
    /// given can be; what has no record leaves by itself behind it.
    ///
    /// `framed` is when the oldest of the batches was framed (`CLOCK_BOOTTIME`) that brought it there.
    /// Where the plan has [`late_after`](crate::plan::Limits::late_after), that much later it leaves no
    /// more. A later time does no harm: that the peer has a batch says that it had not begun a reign
    /// when that one was framed.
    pub fn handle_committed(&mut self, position: Position, framed: Time) {
        self.gate.commit(position, framed);
    }

    /// The next record to commit, without taking it: it stays until [`Core::poll_record`], for a
    /// committer that has no room for it now.
    pub fn peek_record(&mut self) -> Option<(Position, &[u8])> {
        self.gate.peek_record()
    }

    /// Takes the next record to commit, with the position that its commit reaches.
    pub fn poll_record(&mut self) -> Option<(Position, &[u8])> {
        self.gate.take_record()
    }

    /// The end of everything entered so far: where a commit of all of it reaches.
    pub fn entered(&self) -> Position {
        self.gate.end()
    }

    /// Releases everything that is committed; the only way out for bytes.
    pub fn poll_transmit(&mut self, now: Now, outlet: &mut impl Outlet) {
        self.turn(now).release(outlet);
    }

    /// The sockets were offered what waited for them: what they took of it is delivered.
    pub fn handle_flushed(&mut self, outlet: &impl Outlet) {
        self.world.see_delivered(outlet);
    }

    /// Something else to do.
    pub fn poll_order(&mut self) -> Option<Order> {
        self.world.orders.pop_front()
    }

    /// Something that people should hear of.
    pub fn poll_notice(&mut self) -> Option<Notice> {
        self.world.notices.take()
    }

    /// When [`Core::handle_time`] has something to do. What waits for room in the gate does not
    /// count; a release makes room, so ask again after each.
    pub fn poll_timeout(&self) -> Time {
        let world = &self.world;
        let resting = world.table.next_deadline(&world.resting);
        let fixed = world.links_wake.min(resting).min(world.drain_wakes());
        let fixed = fixed.min(world.counts_wake()).min(world.saf.wake).min(world.window.wakes());
        let fixed = fixed.min(world.retiring_wake).min(world.late_wakes());
        if !self.gate.has_room(HEAD_MAX, OWN_MAX) {
            return fixed;
        }
        let deciding = world.table.next_deadline(&world.deciding);
        if !crate::expiry::has_room(&self.gate) {
            return fixed.min(deciding);
        }
        let in_flight = world.stations.iter().map(|s| world.table.next_deadline(&s.in_flight));
        in_flight.fold(fixed.min(deciding), Time::min)
    }

    /// Bytes of the gate in use, and in all.
    pub fn gate_fill(&self) -> (usize, usize) {
        self.gate.fill()
    }

    /// What has been counted.
    pub fn counters(&self) -> &Counters {
        &self.world.counters
    }

    /// Transactions known, parked decisions, and transactions in quarantine.
    pub fn occupancy(&self) -> (u32, u32, u32) {
        (self.world.table.used(), self.world.deciding.len(), self.world.resting.len())
    }

    /// Repeats that are held until their first has its outcome, and how many can be.
    pub fn held(&self) -> (usize, usize) {
        self.world.held.fill()
    }

    /// A station as this worker sees it.
    pub fn station(&self, id: StationId) -> &StationNow {
        &self.world.stations[id.index()]
    }

    /// A link as this worker sees it.
    pub fn link(&self, id: LinkId) -> &Link {
        &self.world.links[id.index()]
    }

    /// The settings that it runs by.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }
}

/// Whether messages of this class are relayed: authorizations and financial ones.
fn is_relayed(mti: Mti) -> bool {
    matches!(mti.class(), 1 | 2)
}

/// The function digit of the answer to an advice.
const ADVISED: u8 = 3;

impl Turn<'_> {
    /// A message that could be read, by the class, function and origin in its MTI.
    pub(crate) fn on_message(&mut self, link: LinkId, message: &Message<'_>) {
        let station = self.plan.station_of(link);
        self.world.stations[station.index()].seen_at = message.places_of(&[2, 11]);
        let mti = message.mti();
        let same_edition = mti.version() == self.plan.edition(station);
        if mti.is_answer() {
            match mti.class() {
                1..=4 if same_edition && mti.function() == ADVISED => {
                    self.on_advice_answer(link, message);
                }
                _ if same_edition && is_relayed(mti) => self.on_answer(link, message),
                8 if same_edition => self.on_network_answer(link, message),
                _ => self.on_unanswerable(link),
            }
        } else if mti.answer().is_none() {
            self.on_unanswerable(link);
        } else if mti.class() == 8 && !self.spends(link) {
            // Beyond the link's budget; what it asks is asked again.
        } else {
            match (mti.class(), mti.function(), mti.origin()) {
                _ if same_edition && is_advice(mti) => self.on_advice(link, message),
                (_, 0, 0 | 1) if same_edition && is_relayed(mti) => self.on_request(link, message),
                (8, _, _) if same_edition => self.on_network_request(link, message),
                _ => self.refuse(link, message, Refusal::UnknownRequest),
            }
        }
    }

    /// A notification, or an answer to what is never asked.
    fn on_unanswerable(&mut self, link: LinkId) {
        if self.spends(link) {
            self.count(Counter::Unanswerable);
        }
    }

    pub(crate) fn tell(&mut self, notice: Notice) {
        self.world.notices.tell(notice, &mut self.world.counters);
    }

    pub(crate) fn count(&mut self, counter: Counter) {
        self.world.counters.count(counter);
    }
}
