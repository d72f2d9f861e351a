//! A core with so many transactions in flight and so many routes, and what comes in for it. Knows
//! the core from outside only, and no clock.

use std::sync::Arc;
use std::time::Duration;

use codec::{Dialect, Fields, Slots, Tpdu};
use switch_core::Core;
use switch_core::foresight::AHEAD_MAX;
use switch_core::ids::{LinkId, Stan, StationId, WorkerId};
use switch_core::outlet::{Outlet, Placed};
use switch_core::plan::{
    Acquiring, Announce, Institution, Issuing, Keys, Limits, NetworkCodes, Pin, Plan, Role,
    Settings, SignOn, StationSettings,
};
use switch_core::time::{Now, Time};

use crate::frames::{self, FRAME_MAX, Sale};

/// Issuer stations; station 0 is the acquirer.
pub(crate) const ISSUERS: usize = 4;
/// Operations measured together.
const BATCH: usize = 256;
/// Frames that come in before what they cause is released, as when sockets are busy.
const FRAMES_PER_TURN: usize = 32;
/// Reversals of what timed out: no issuer acknowledges any.
const REVERSALS_MAX: u32 = 65_536;
/// Cards from here on have no route, in either world.
const WITHOUT_ROUTE: usize = 500_000;

/// The second that it is in these worlds, and what the core writes into DE 7 then.
const SECOND: u64 = 1_795_238_431;
const DE_7: u64 = 0x0011_2105_2031;

/// How large a world is.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) in_flight: usize,
    pub(crate) routes: usize,
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} in flight, {} routes", self.in_flight, self.routes)
    }
}

/// A transaction in flight.
#[derive(Clone, Copy)]
pub(crate) struct Waiting {
    sale: Sale,
    issuer: u16,
    stan: u32,
}

/// Frames of one kind of event, one behind the other.
#[derive(Default)]
struct Frames {
    bytes: Vec<u8>,
    ends: Vec<(LinkId, usize)>,
}

impl Frames {
    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    fn add(&mut self, link: LinkId, write: impl FnOnce(&mut [u8]) -> usize) {
        let from = self.bytes.len();
        self.bytes.resize(from + FRAME_MAX, 0);
        let len = write(&mut self.bytes[from..]);
        self.bytes.truncate(from + len);
        self.ends.push((link, from + len));
    }

    fn each(&self) -> impl ExactSizeIterator<Item = (LinkId, &[u8])> {
        let mut from = 0;
        self.ends.iter().map(move |&(link, to)| {
            let frame = &self.bytes[from..to];
            from = to;
            (link, frame)
        })
    }
}

/// Takes what the core sends, as the buffers of sockets do.
impl Outlet for Frames {
    fn send(&mut self, link: LinkId, _: Option<Tpdu>, message: &[u8]) -> Option<Placed> {
        let start = u64::try_from(self.bytes.len()).expect("it fits");
        self.bytes.extend_from_slice(message);
        self.ends.push((link, self.bytes.len()));
        Some(Placed { start, end: u64::MAX, handed: u64::MAX })
    }

    fn handed(&self, _: LinkId) -> u64 {
        u64::MAX
    }

    fn withdraw(&mut self, _: LinkId, _: u64, _: u64) -> bool {
        false
    }

    fn carry(&mut self, _: WorkerId, _: bool, _: &[u8], _: &[u8]) -> bool {
        panic!("there is one worker")
    }
}

/// A core, and what is outside of it.
pub(crate) struct World {
    size: Size,
    core: Core,
    dialect: Arc<Dialect>,
    now: Now,
    slots: Slots,
    incoming: Frames,
    sent: Frames,
    /// The requests of the last batch.
    sales: Vec<Sale>,
    in_flight: Vec<Waiting>,
    answered: Vec<Waiting>,
    /// By the number of a sale, whether it ended with its timeout.
    expired: Vec<bool>,
    numbers: u64,
    chance: u64,
}

impl World {
    #[expect(clippy::large_stack_frames, reason = "a plan is made on the stack, once")]
    pub(crate) fn new(size: Size) -> Self {
        let dialect = Arc::new(codec::built_in("iso93-ascii").expect("built in").clone());
        let plan = Arc::new(plan(&dialect, size));
        let core = Core::new(plan, WorkerId(0), 1 << 22, 7);
        let mut world = Self {
            size,
            core,
            dialect,
            now: Now { boot: Time(1_000_000_000_000), utc: SECOND },
            slots: Slots::new(),
            incoming: Frames::default(),
            sent: Frames::default(),
            sales: Vec::with_capacity(BATCH),
            in_flight: Vec::with_capacity(size.in_flight + 2 * BATCH),
            answered: Vec::with_capacity(BATCH),
            expired: Vec::new(),
            numbers: 0,
            chance: 0x9E37_79B9_7F4A_7C15,
        };
        for station in 0..=ISSUERS {
            let station = StationId(u16::try_from(station).expect("few"));
            let link = world.core.handle_accept(world.now, station).expect("a link is free");
            world.core.handle_opened(world.now, link);
        }
        while world.in_flight.len() < size.in_flight {
            world.prepare_requests();
            world.hear_prepared();
            world.note_forwarded();
        }
        world
    }

    pub(crate) fn size(&self) -> Size {
        self.size
    }

    pub(crate) fn plan(&self) -> &Plan {
        self.core.plan()
    }

    /// So many transactions begin, and as many others end, whichever.
    pub(crate) fn trade(&mut self, count: usize) {
        for _ in 0..count.div_ceil(BATCH) {
            self.prepare_requests();
            self.hear_prepared();
            self.note_forwarded();
            self.prepare_answers();
            self.hear_prepared();
        }
    }

    fn random(&mut self, below: usize) -> usize {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        usize::try_from(self.chance >> 16).expect("it fits") % below
    }

    /// Requests for cards of any routes.
    pub(crate) fn prepare_requests(&mut self) {
        self.prepare_sales(0, self.size.routes);
    }

    /// Requests for cards of no route.
    pub(crate) fn prepare_declined(&mut self) {
        self.prepare_sales(WITHOUT_ROUTE, self.size.routes);
    }

    fn prepare_sales(&mut self, from: usize, range: usize) {
        self.incoming.clear();
        self.sales.clear();
        for _ in 0..BATCH {
            let route = u32::try_from(from + self.random(range)).expect("below a million");
            let sale = Sale { route, number: self.numbers };
            self.numbers += 1;
            self.sales.push(sale);
            let dialect = &self.dialect;
            self.incoming.add(LinkId(0), |out| frames::request(dialect, sale, out));
        }
    }

    /// What is now in flight, by what was sent to the issuers.
    pub(crate) fn note_forwarded(&mut self) {
        for ((link, frame), &sale) in self.sent.each().zip(&self.sales) {
            assert!(link != LinkId(0), "a request was refused");
            self.dialect.decode(frame, &mut self.slots).expect("our own message");
            let message = self.slots.message(&self.dialect, frame);
            let stan = message.value(11).and_then(|value| value.number());
            assert_eq!(frames::number(&message), Some(sale.number), "they leave in order");
            let issuer = u16::try_from(link.0).expect("few");
            let stan = u32::try_from(stan.expect("ours")).expect("six digits");
            self.in_flight.push(Waiting { sale, issuer, stan });
        }
        assert_eq!(self.sent.ends.len(), BATCH);
    }

    /// Answers to transactions in flight, whichever; they are over then.
    pub(crate) fn prepare_answers(&mut self) {
        self.answered.clear();
        while self.answered.len() < BATCH {
            let place = self.random(self.in_flight.len());
            let waiting = self.in_flight.swap_remove(place);
            if !self.is_expired(waiting.sale.number) {
                self.answered.push(waiting);
            }
        }
        self.prepare(false);
    }

    /// What the last batch of answers was for.
    pub(crate) fn answered(&self) -> Vec<Waiting> {
        self.answered.clone()
    }

    /// The answers of a batch once more.
    pub(crate) fn prepare_second_answers(&mut self, again: Vec<Waiting>) {
        self.answered = again;
        self.prepare(false);
    }

    /// Answers to transactions in flight that are not theirs.
    pub(crate) fn prepare_wrong_answers(&mut self) {
        self.answered.clear();
        while self.answered.len() < BATCH {
            let place = self.random(self.in_flight.len());
            let waiting = self.in_flight[place];
            if !self.is_expired(waiting.sale.number) {
                self.answered.push(waiting);
            }
        }
        self.prepare(true);
    }

    fn prepare(&mut self, wrong: bool) {
        self.incoming.clear();
        for &Waiting { sale, issuer, stan } in &self.answered {
            let sent = (Stan(stan).digits(), DE_7);
            let dialect = &self.dialect;
            let write = |out: &mut [u8]| frames::answer(dialect, sale, sent, wrong, out);
            self.incoming.add(LinkId(issuer.into()), write);
        }
    }

    /// All that was prepared comes in, and what follows from it goes out.
    pub(crate) fn hear_prepared(&mut self) -> usize {
        self.sent.clear();
        let (core, sent) = (&mut self.core, &mut self.sent);
        let (mut frames, mut ahead) = (self.incoming.each(), self.incoming.each());
        while frames.len() > 0 {
            for _ in 0..FRAMES_PER_TURN / AHEAD_MAX {
                if core.foresees() {
                    core.foresee(ahead.by_ref().take(AHEAD_MAX));
                }
                for (link, frame) in frames.by_ref().take(AHEAD_MAX) {
                    core.handle_frame(self.now, link, Tpdu::default(), frame, &mut self.slots);
                    self.now.boot = self.now.boot + Duration::from_nanos(1);
                }
            }
            release(core, self.now, sent);
        }
        self.incoming.ends.len()
    }

    /// A batch of transactions ends by its timeouts, the oldest first and each at its time. The
    /// clock is turned there and back: the core knows no other time than what it is told. Each is
    /// reversed too; the issuers get the first of these and are silent, so that the others wait.
    pub(crate) fn expire_each(&mut self) -> usize {
        self.sent.clear();
        let declined = |sent: &Frames| sent.ends.iter().filter(|(to, _)| *to == LinkId(0)).count();
        while self.sent.ends.len() < BATCH || declined(&self.sent) < BATCH {
            for _ in 0..2 {
                // The timeout, and the end of its quarantine.
                let now = Now { boot: self.core.poll_timeout(), ..self.now };
                self.core.handle_time(now, &mut self.sent);
                release(&mut self.core, now, &mut self.sent);
            }
        }
        declined(&self.sent)
    }

    pub(crate) fn note_expired(&mut self) {
        let Self { sent, expired, dialect, slots, .. } = self;
        for (_, frame) in sent.each().filter(|(to, _)| *to == LinkId(0)) {
            dialect.decode(frame, slots).expect("our own message");
            let number = frames::number(&slots.message(dialect, frame)).expect("echoed");
            let number = usize::try_from(number).expect("it fits");
            if expired.len() <= number {
                expired.resize(number + 1, false);
            }
            expired[number] = true;
        }
    }

    fn is_expired(&self, number: u64) -> bool {
        usize::try_from(number).is_ok_and(|number| self.expired.get(number) == Some(&true))
    }

    pub(crate) fn poll_timeouts(&mut self) -> usize {
        let due = (0..BATCH).map(|_| std::hint::black_box(&self.core).poll_timeout());
        assert!(due.max().is_some_and(|last| last < Time::NEVER));
        BATCH
    }

    /// Cards of any routes, or of none.
    pub(crate) fn pans(&mut self, with_route: bool) -> Vec<u64> {
        let from = if with_route { 0 } else { WITHOUT_ROUTE };
        (0..BATCH).map(|_| frames::card(from + self.random(self.size.routes))).collect()
    }
}

/// One turn of a worker without a journal.
fn release(core: &mut Core, now: Now, sent: &mut Frames) {
    while core.poll_record().is_some() {}
    core.handle_committed(core.entered(), now.boot);
    core.poll_transmit(now, sent);
    while core.poll_notice().is_some() {}
}

fn plan(dialect: &Arc<Dialect>, size: Size) -> Plan {
    let institution = Institution::parse("77334000001").expect("eleven digits");
    let station = |place: usize| StationSettings {
        name: format!("station-{place}"),
        role: if place == 0 { Role::Acquirer } else { Role::Issuer },
        institutions: vec![institution],
        dialect: Arc::clone(dialect),
        message_max: 8_192,
        beside: None,
        sign_on: SignOn::None,
        announce: Announce::None,
        network_codes: NetworkCodes::default(),
        timeout: Duration::from_mins(10),
        echo: None,
        links: 1,
        noise_max: u32::MAX,
        connects: false,
        reconnect: (Duration::from_secs(1), Duration::from_secs(1)),
        in_flight_max: 500_000,
        pin: Pin::Refuse,
        keys: Keys::None,
        echoed: Fields::of(&[7, 12, 32, 37, 41]),
        acquiring: Acquiring::default(),
        issuing: Issuing::default(),
    };
    let pending_max = u32::try_from(size.in_flight + 4 * BATCH).expect("it fits");
    Plan::new(Settings {
        institution: Institution::parse("49000000001").expect("eleven digits"),
        workers: 1,
        stations: (0..=ISSUERS).map(station).collect(),
        routes: frames::routes(size.routes),
        limits: Limits {
            pending_max,
            // Each transaction in flight may need a reversal, and those of the timeouts stay; the
            // last sixteenth is not for requests.
            saf_max: (pending_max + REVERSALS_MAX) / 15 * 16,
            quarantine: Duration::from_nanos(1),
            ..Limits::default()
        },
    })
    .expect("it can run")
}
