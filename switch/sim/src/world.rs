//! Workers, links, lanes and a clock in one place, so that a test reads as a conversation. Knows
//! the core from outside only.

mod committing;
mod delivering;
pub mod elsewhere;
pub mod network;
mod party;
mod reader;
pub mod reload;
pub mod restart;
mod setup;
mod tale;
mod text;
mod tpdus;

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use codec::{Slots, Tpdu};
use expect_test::Expect;
use switch_core::counters::Counter;
use switch_core::ids::{LinkId, SlotId, Stan, StationId, WorkerId};
use switch_core::records::Record;
use switch_core::saf::operating::{Command, NotObeyed};
use switch_core::time::{Now, Time};
use switch_core::{Core, Order, Reply};

use network::Network;
use party::lost_on;
use restart::Journal;
use switch_core::plan::Plan;
use tale::{Tale, link_name};

pub use network::Full;
pub use party::Party;
pub use setup::{
    Setup, acquirer, ascii, ascii_87, ascii_87_without, ascii_without, institution, issuer, packed,
    packed_87,
};
pub use text::{
    Text, about, answer, echo, network, network_87, reversal, reversal_87, sale, sale_87, sign_off,
    sign_on,
};

/// 2026-11-21 05:20:31 UTC, a second after the DE 7 of [`sale`].
const UTC: u64 = 1_795_238_431;
/// Long after boot, so that no time is near zero.
const BOOT: Time = Time(1_000_000_000_000);
/// Turns after which workers that still have something to do are taken to spin.
const TURNS_MAX: usize = 10_000;

/// Everything around the cores, and the cores.
pub struct World {
    /// The settings that all cores run by.
    pub plan: Arc<Plan>,
    /// The workers.
    pub cores: Vec<Core>,
    /// Sockets and lanes.
    pub network: Network,
    now: Now,
    slots: Slots,
    tale: Tale,
    /// Counts at the last look.
    counted: Vec<u64>,
    /// Whether records wait to be committed by hand.
    holding: bool,
    /// Whether nobody has a turn, and what waits to be read then.
    still: bool,
    unread: VecDeque<(LinkId, Tpdu, Vec<u8>)>,
    /// Of records that are committed elsewhere, so many are.
    known: usize,
    connecting: Vec<LinkId>,
    asked: VecDeque<(WorkerId, SlotId)>,
    /// Whether questions about older records have a reply.
    reading: bool,
    parties: Vec<party::State>,
    /// Whether a test says the TPDUs itself and wants to see them.
    tpdus_told: bool,
    /// Transactions found when the core looked ahead at the last frame.
    pub foreseen: usize,
    /// What left the cores, in order.
    pub seen: Vec<Seen>,
    /// Whether the next start is a promotion, and whether that may lack records.
    promotion: Option<bool>,
    /// What was recorded, from the first start on.
    pub journal: Journal,
}

/// Something that left a core.
#[derive(Clone, Debug)]
pub enum Seen {
    /// A record, to be committed.
    Recorded(Vec<u8>),
    /// A message that a station has read whole.
    Heard(LinkId, Text),
    /// A message that a socket did not take whole before it closed; whether it took a part.
    Lost(LinkId, Text, bool),
}

impl Seen {
    /// The record that it is, if it is one.
    pub fn record(&self) -> Option<Record<'_>> {
        match self {
            Self::Recorded(bytes) => Some(Record::read(bytes).expect("a record reads back")),
            Self::Heard(..) | Self::Lost(..) => None,
        }
    }
}

impl World {
    /// The first so many of a plan's workers; words to others are lost.
    pub fn of_workers(workers: u8, plan: Arc<Plan>, gate_bytes: usize) -> Self {
        let mut world = Self::unsettled(workers, plan, gate_bytes);
        world.journal = Journal::of(&world.plan);
        world.settle();
        world
    }

    /// The same before its first turn.
    fn unsettled(workers: u8, plan: Arc<Plan>, gate_bytes: usize) -> Self {
        let core = |me| Core::new(Arc::clone(&plan), WorkerId(me), gate_bytes, 7);
        Self {
            cores: (0..workers).map(core).collect(),
            network: Network::new(plan.link_stations.len(), workers),
            now: Now { boot: BOOT, utc: UTC },
            slots: Slots::new(),
            tale: Tale::default(),
            counted: vec![0; Counter::ALL.len()],
            holding: false,
            still: false,
            unread: VecDeque::new(),
            known: 0,
            connecting: Vec::new(),
            asked: VecDeque::new(),
            reading: false,
            parties: plan.stations.iter().map(|_| party::State::default()).collect(),
            tpdus_told: false,
            foreseen: 0,
            seen: Vec::new(),
            promotion: None,
            journal: Journal::default(),
            plan,
        }
    }

    /// The acquirer of that name, about to do something.
    pub fn acquirer(&mut self, name: &str) -> Party<'_> {
        self.station(name)
    }

    /// The issuer of that name, about to do something.
    pub fn issuer(&mut self, name: &str) -> Party<'_> {
        self.station(name)
    }

    /// The station of that name, about to do something.
    pub fn station(&mut self, name: &str) -> Party<'_> {
        let named = |station: &switch_core::plan::Station| station.settings.name == name;
        let place = self.plan.stations.iter().position(named).expect("a station of that name");
        Party::new(self, StationId(u16::try_from(place).unwrap()))
    }

    /// Opens every link that is not open.
    pub fn open_all(&mut self) {
        for link in 0..u32::try_from(self.plan.link_stations.len()).unwrap() {
            let station = self.plan.station_of(LinkId(link));
            let from = self.plan_from(station);
            Party::new(self, station).on(link - from).connects();
        }
    }

    /// The first link of a station.
    pub fn plan_from(&self, station: StationId) -> u32 {
        self.plan.station(station).links_from.0
    }

    /// Compares the transcript since the last look, and what was counted meanwhile.
    #[expect(clippy::needless_pass_by_value, reason = "shorter at its many callers")]
    pub fn check(&mut self, expected: Expect) {
        let transcript = self.transcript();
        expected.assert_eq(&transcript);
    }

    /// What happened since the last look, and nothing else.
    pub fn story(&self) -> &str {
        &self.tale.text
    }

    /// The transcript since the last look.
    pub fn transcript(&mut self) -> String {
        let mut text = std::mem::take(&mut self.tale.text);
        let counts = self.counts();
        let changed = Counter::ALL.iter().zip(counts.iter().zip(&self.counted));
        let changed: Vec<String> = changed
            .filter(|(_, (now, before))| now != before)
            .map(|(counter, (now, before))| format!("{} {}", counter.name(), now - before))
            .collect();
        if !changed.is_empty() {
            writeln!(text, "counted: {}", changed.join(", ")).unwrap();
        }
        self.counted = counts;
        text
    }

    /// Looks away from what happened so far.
    pub fn forget(&mut self) {
        self.tale.text.clear();
        self.counted = self.counts();
    }

    /// How many records there are.
    pub fn records(&self) -> usize {
        let of_steps = |record: &Record<'_>| !matches!(record, Record::Counts { .. });
        self.seen.iter().filter_map(Seen::record).filter(of_steps).count()
    }

    fn counts(&self) -> Vec<u64> {
        Counter::ALL.iter().map(|&counter| self.count(counter)).collect()
    }

    /// How often something happened, at all workers together.
    pub fn count(&self, counter: Counter) -> u64 {
        self.cores.iter().map(|core| core.counters().of(counter)).sum()
    }

    /// Transactions known, parked and resting, at all workers together.
    pub fn occupancy(&self) -> (u32, u32, u32) {
        self.cores
            .iter()
            .map(Core::occupancy)
            .fold((0, 0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1, sum.2 + one.2))
    }

    /// What time it is.
    pub fn now(&self) -> Time {
        self.now.boot
    }

    /// Lets time pass, stopping wherever a worker wants to be called.
    pub fn passes(&mut self, span: Duration) {
        let until = self.now.boot + span;
        self.settle();
        while self.steps(until) {}
    }

    /// Lets time pass up to where a worker wants to be called next, or until then; false then.
    pub fn steps(&mut self, until: Time) -> bool {
        let next = self.cores.iter().map(Core::poll_timeout).min();
        let next = next.filter(|&next| next <= until && !self.still);
        self.set_clock(next.unwrap_or(until));
        self.settle();
        next.is_some()
    }

    /// Lets so many seconds pass.
    pub fn passes_secs(&mut self, seconds: u64) {
        self.passes(Duration::from_secs(seconds));
    }

    fn set_clock(&mut self, to: Time) {
        self.now.boot = to.max(self.now.boot);
        self.tale.at = self.now.boot.since(BOOT);
        self.now.utc = UTC + self.tale.at.as_secs();
    }

    /// Whether records wait to be committed by hand.
    pub fn is_holding(&self) -> bool {
        self.holding
    }

    /// Whether an attempt of ours to connect has not ended yet.
    pub fn is_connecting(&self, link: LinkId) -> bool {
        self.connecting.contains(&link)
    }

    /// Forgets all but the last lines of the transcript.
    pub fn transcript_is_short(&mut self) {
        let mut lines = self.tale.text.rmatch_indices('\n').map(|(at, _)| at);
        if let Some(at) = lines.nth(200) {
            self.tale.text.drain(..=at);
        }
    }

    /// What time it is, as a second since the world began.
    pub fn second(&self) -> u64 {
        self.now.utc - UTC
    }

    /// The key provider replies to the oldest question.
    pub fn keys_reply(&mut self, reply: Reply) {
        let (worker, slot) = self.asked.pop_front().expect("a question was put");
        self.reply(worker, slot, reply);
    }

    /// The oldest question, for a reply by hand.
    pub fn take_question(&mut self) -> Option<(WorkerId, SlotId)> {
        self.asked.pop_front()
    }

    /// The key provider replies to a question.
    pub fn reply(&mut self, worker: WorkerId, slot: SlotId, reply: Reply) {
        self.tale.line("", '*', &format!("reply {reply:?}"));
        self.cores[worker.index()].handle_reply(self.now, slot, reply, &mut self.slots);
        self.settle();
    }

    /// An operator wants something of what is kept for an issuer under a STAN.
    pub fn commands(
        &mut self,
        issuer: &str,
        stan: u32,
        command: Command<'_>,
    ) -> Result<(), NotObeyed> {
        let link = self.station(issuer).link();
        let issuer = self.plan.station_of(link);
        let owner = self.plan.owner(issuer);
        let done = self.cores[owner.index()].handle_saf(self.now, issuer, Stan(stan), command);
        self.settle();
        done
    }

    /// One worker is told by another what no worker says.
    pub fn says_nonsense(&mut self, from: u8, to: u8) {
        let (from, to) = (WorkerId(from), WorkerId(to));
        let mut seen = self.network.of(to);
        self.cores[to.index()].handle_peer(self.now, from, b"?", &mut self.slots, &mut seen);
        self.settle();
    }

    /// Every worker is to stop.
    pub fn drains(&mut self) {
        for core in &mut self.cores {
            core.handle_drain(self.now);
        }
        self.settle();
    }

    /// Every worker takes nothing new, until [`World::admits`].
    pub fn pauses(&mut self) {
        self.cores.iter_mut().for_each(Core::handle_pause);
        self.settle();
    }

    /// What is under way waits no longer.
    pub fn cuts_short(&mut self) {
        for core in &mut self.cores {
            core.handle_cut_short(self.now);
        }
        self.settle();
    }

    /// Every worker takes what is new again.
    pub fn admits(&mut self) {
        self.cores.iter_mut().for_each(Core::handle_admit);
    }

    /// Whether nothing is under way at any worker.
    pub fn is_settled(&self) -> bool {
        self.cores.iter().all(Core::is_settled)
    }

    /// Whether every worker has come to its end.
    pub fn is_drained(&self) -> bool {
        self.cores.iter().all(Core::is_drained)
    }

    /// A frame of a station comes in on one of its links.
    pub fn hears(&mut self, link: LinkId, frame: &[u8]) {
        let tpdu = self.tpdu_of(link, frame);
        self.hears_under(link, tpdu, frame);
    }

    /// The same, and its answer is to carry this TPDU.
    pub fn hears_under(&mut self, link: LinkId, tpdu: Tpdu, frame: &[u8]) {
        assert!(self.network.sockets[link.index()].open, "nobody speaks on a closed link");
        if self.still {
            return self.unread.push_back((link, tpdu, frame.to_vec()));
        }
        self.takes_in(link, tpdu, frame);
        self.settle();
    }

    fn tpdu_of(&mut self, link: LinkId, frame: &[u8]) -> Tpdu {
        let dialect = &self.plan.station(self.plan.station_of(link)).settings.dialect;
        tpdus::of_frame(dialect, frame, &mut self.slots)
    }

    fn takes_in(&mut self, link: LinkId, tpdu: Tpdu, frame: &[u8]) {
        let worker = self.plan.owner(self.plan.station_of(link));
        // Whatever comes, looking ahead changes nothing.
        self.foreseen = self.cores[worker.index()].foresee([(link, frame)].into_iter());
        self.cores[worker.index()].handle_frame(self.now, link, tpdu, frame, &mut self.slots);
    }

    /// From now on the TPDUs are what the test says, and are told.
    pub fn tells_tpdus(&mut self) {
        self.tpdus_told = true;
    }

    /// The same, and the worker sees to nothing else for now.
    pub fn hears_without_a_turn(&mut self, name: &str, frame: &[u8]) {
        let link = self.station(name).link();
        let tpdu = self.tpdu_of(link, frame);
        self.takes_in(link, tpdu, frame);
    }

    /// Turns of all workers until nobody has anything to do.
    fn settle(&mut self) {
        for _ in 0..TURNS_MAX {
            let mut busy = false;
            if self.still {
                return;
            }
            for worker in 0..self.cores.len() {
                busy |= self.turn(WorkerId(u8::try_from(worker).unwrap()));
            }
            if !busy && self.network.is_quiet() {
                return;
            }
        }
        panic!("the workers never come to rest:\n{}", self.tale.text);
    }

    /// One turn of one worker; tells whether anything happened.
    fn turn(&mut self, me: WorkerId) -> bool {
        let Self { plan, cores, network, now, slots, tale, .. } = self;
        let core = &mut cores[me.index()];
        let mut busy = false;
        while let Some((from, message)) = network.next_for(me) {
            busy = true;
            let words =
                ["nothing", "request", "answer", "returned", "told", "settled", "queue", "done"];
            let word = words[usize::from(message[0])];
            tale.line("", '~', &format!("{} to {}: {word}", from.0, me.0));
            core.handle_peer(*now, from, &message, slots, &mut network.of(me));
        }
        if core.poll_timeout() <= now.boot {
            busy = true;
            core.handle_time(*now, &mut network.of(me));
        }
        if !self.holding {
            let mut framed = Time(0);
            while let Some((_, record)) = core.poll_record() {
                (busy, framed) = (true, now.boot);
                tale.record(plan, Record::read(record).expect("a record reads back"));
                self.seen.push(Seen::Recorded(record.to_vec()));
                self.journal.adds(record);
            }
            core.handle_committed(core.entered(), framed);
        }
        let entered = core.entered();
        core.poll_transmit(*now, &mut network.of(me));
        // What did not leave may have entered something else.
        busy |= core.entered() != entered;
        while let Some(order) = core.poll_order() {
            busy = true;
            match order {
                Order::Connect(link) => {
                    tale.line(&link_name(plan, link), '*', "connect");
                    self.connecting.push(link);
                }
                Order::Close(link, why) => {
                    tale.line(&link_name(plan, link), '*', &format!("close {why:?}"));
                    let (sent, lost) = network.close(link);
                    self.seen.extend(lost_on(plan, link, lost));
                    core.handle_closed(*now, link, sent, &mut network.of(me));
                }
                Order::Ask(slot, question) => {
                    tale.line("", '*', &format!("ask {question:?}"));
                    let reply = self.journal.find(question).filter(|_| self.reading);
                    match reply {
                        Some(reply) => core.handle_reply(*now, slot, reply, slots),
                        None => self.asked.push_back((me, slot)),
                    }
                }
            }
        }
        while let Some(notice) = core.poll_notice() {
            tale.notice(plan, notice);
        }
        busy | self.deliver()
    }
}
