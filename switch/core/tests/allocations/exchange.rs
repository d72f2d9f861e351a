//! Two workers and four stations that transact without allocating anything themselves: fixed
//! buffers, one message under way at a time. Knows the core from outside only.

use std::sync::Arc;
use std::time::Duration;

use codec::{Dialect, Fields, Mti, Slots, Tpdu, Version, Writer};
use switch_core::counters::Counter;
use switch_core::ids::{LinkId, StationId, WorkerId};
use switch_core::outlet::{Outlet, Placed};
use switch_core::plan::{
    Acquiring, Institution, Issuing, Keys, Limits, NetworkCodes, Pin, Plan, Role, Settings, SignOn,
    StationSettings,
};
use switch_core::routing::RouteSettings;
use switch_core::time::{Now, Time};
use switch_core::{Core, Order, Reply};

use crate::counting;

/// A at worker 0, B at worker 1, who asks the key provider; X at worker 0 in characters, Y at
/// worker 1 in packed digits.
const NAMES: [&str; 4] = ["A", "B", "X", "Y"];
/// Cards of X and of Y, and one without a route.
const CARDS: [&[u8]; 3] = [b"3530111333300000", b"4111111111111111", b"6011111111111117"];
/// What every answer carries as its TPDU.
const TPDU: Tpdu = Tpdu([0x60, 0, 3, 0, 0]);
const BYTES_MAX: usize = 2_048;
/// Every so many-th transaction is left to its timeout.
const SILENT_EVERY: u64 = 97;

/// A message and where it goes.
struct Buffer {
    bytes: [u8; BYTES_MAX],
    len: usize,
}

impl Buffer {
    const EMPTY: Self = Self { bytes: [0; BYTES_MAX], len: 0 };

    fn put(&mut self, parts: [&[u8]; 2]) {
        assert_eq!(self.len, 0, "one at a time");
        for part in parts {
            self.bytes[self.len..self.len + part.len()].copy_from_slice(part);
            self.len += part.len();
        }
    }
}

/// What the cores sent and nobody has taken yet.
struct Wires {
    link: Buffer,
    link_id: LinkId,
    /// What came with it: a reversal beside the answer of what is reversed.
    beside: Buffer,
    lane: Buffer,
    lane_to: WorkerId,
    /// Bytes given to each link.
    ends: [u64; NAMES.len()],
}

impl Outlet for Wires {
    fn send(&mut self, link: LinkId, tpdu: Option<Tpdu>, message: &[u8]) -> Option<Placed> {
        assert!(tpdu.is_none_or(|tpdu| tpdu == TPDU), "an answer carries what came for it");
        if self.link.len > 0 {
            self.beside.len = 0;
            self.beside.put([message, &[]]);
        } else {
            self.link.put([message, &[]]);
            self.link_id = link;
        }
        let end = &mut self.ends[link.index()];
        let start = *end;
        *end += u64::try_from(message.len()).unwrap();
        Some(Placed { start, end: *end, handed: *end })
    }

    fn handed(&self, link: LinkId) -> u64 {
        self.ends[link.index()]
    }

    fn withdraw(&mut self, _: LinkId, _: u64, _: u64) -> bool {
        false
    }

    fn carry(&mut self, worker: WorkerId, _answer: bool, head: &[u8], body: &[u8]) -> bool {
        self.lane.put([head, body]);
        self.lane_to = worker;
        true
    }
}

/// The cores and everything around them.
pub(crate) struct Exchange {
    plan: Arc<Plan>,
    cores: [Core; 2],
    wires: Wires,
    now: Now,
    slots: Slots,
    sent: u64,
}

impl Exchange {
    pub(crate) fn new(edition: Version) -> Self {
        let plan = Arc::new(Plan::new(settings(edition)).unwrap());
        let core = |me| Core::new(Arc::clone(&plan), WorkerId(me), 1 << 20, 7);
        let mut exchange = Self {
            cores: [core(0), core(1)],
            wires: Wires {
                link: Buffer::EMPTY,
                link_id: LinkId(0),
                beside: Buffer::EMPTY,
                lane: Buffer::EMPTY,
                lane_to: WorkerId(0),
                ends: [0; NAMES.len()],
            },
            plan,
            now: Now { boot: Time(1_000_000_000_000), utc: 1_795_238_431 },
            slots: Slots::new(),
            sent: 0,
        };
        for station in (0..4).map(StationId) {
            let worker = exchange.plan.owner(station).index();
            let link = exchange.cores[worker].handle_accept(exchange.now, station).unwrap();
            exchange.cores[worker].handle_opened(exchange.now, link);
            exchange.turn();
        }
        exchange
    }

    /// Both workers take up another plan: the stations stand in another order, there is one more, and
    /// issuers have less time.
    pub(crate) fn reloads(&mut self, edition: Version) {
        let mut after = settings(edition);
        after.stations.reverse();
        for issuer in &mut after.stations[..2] {
            issuer.timeout = Duration::from_secs(8);
        }
        for route in &mut after.routes {
            route.to[0] = StationId(3 - route.to[0].0);
        }
        after.stations.push(StationSettings { name: "Z".into(), ..after.stations[0].clone() });
        let successor = Plan::succeed(&self.plan, after).unwrap();
        self.plan = Arc::new(successor.plan);
        for core in &mut self.cores {
            core.handle_plan(self.now, Arc::clone(&self.plan));
        }
        for core in &mut self.cores {
            core.handle_open(self.now);
        }
        self.turn();
    }

    /// So many transactions. Gives the blocks that were allocated when time passed, of which
    /// reversals need some: nobody answers them.
    pub(crate) fn runs(&mut self, transactions: u64) -> u64 {
        let mut when_time_passed = 0;
        for _ in 0..transactions {
            self.now.boot = self.now.boot + Duration::from_millis(10);
            self.now.utc = 1_795_238_431 + self.now.boot.0 / 1_000_000_000;
            let b0 = counting::count();
            self.transacts();
            let before = counting::count();
            if before != b0 {
                std::eprintln!("ALLOC {} at {}", before - b0, self.sent);
            }
            while self.cores.iter().any(|core| core.poll_timeout() <= self.now.boot) {
                self.takes_note_of_the_time();
            }
            when_time_passed += counting::count() - before;
        }
        when_time_passed
    }

    /// How often something was done with reversals.
    pub(crate) fn reversals(&self) -> u64 {
        let done =
            [Counter::SafQueued, Counter::SafSent, Counter::SafSentAgain, Counter::SafInVain];
        let count =
            |core: &Core| done.map(|counter| core.counters().of(counter)).iter().sum::<u64>();
        self.cores.iter().map(count).sum()
    }

    fn takes_note_of_the_time(&mut self) {
        for place in 0..2 {
            self.cores[place].handle_time(self.now, &mut self.wires);
            while self.turn().is_some() {}
        }
    }

    /// That every way was taken, so many transactions in all.
    pub(crate) fn has_done_everything(&self, transactions: u64) {
        let count =
            |counter| self.cores.iter().map(|core| core.counters().of(counter)).sum::<u64>();
        assert_eq!(count(Counter::Requests), transactions);
        let refused = count(Counter::RefusedNoRoute);
        let timed_out = count(Counter::RefusedTimedOut);
        let parked = count(Counter::Parked);
        assert!(refused > transactions / 12 && timed_out > transactions / 120);
        assert!(parked > transactions * 3 / 10);
        // The last ones that nobody answered are still awaited.
        let ended = count(Counter::Answered) + refused + timed_out;
        assert!((ended..ended + 20).contains(&transactions), "{ended}");
    }

    /// One request, and all that follows from it.
    fn transacts(&mut self) {
        self.sent += 1;
        let (number, mut frame) = (self.sent, [0; BYTES_MAX]);
        let acquirer = StationId(u16::from(number.is_multiple_of(3)));
        let len = self.request(number, acquirer, &mut frame);
        self.hears(LinkId(acquirer.0.into()), &frame[..len]);
        let Some(link) = self.turn() else { return };
        if self.plan.station_of(link) == acquirer {
            return; // refused
        }
        if number.is_multiple_of(SILENT_EVERY) {
            self.wires.link.len = 0;
            return;
        }
        let len = self.answer(link, &mut frame);
        self.hears(link, &frame[..len]);
        let back = self.turn().expect("an answer is passed on");
        assert_eq!(self.plan.station_of(back), acquirer);
        self.wires.link.len = 0;
    }

    fn hears(&mut self, link: LinkId, frame: &[u8]) {
        let worker = self.plan.owner(self.plan.station_of(link)).index();
        self.cores[worker].handle_frame(self.now, link, TPDU, frame, &mut self.slots);
    }

    /// Everything that the workers have to do, until a message comes out.
    fn turn(&mut self) -> Option<LinkId> {
        self.wires.link.len = 0;
        for _ in 0..4 {
            for place in 0..2 {
                let core = &mut self.cores[place];
                while let Some(Order::Ask(slot, _)) = core.poll_order() {
                    core.handle_reply(self.now, slot, Reply::Granted, &mut self.slots);
                }
                while core.poll_record().is_some() {}
                core.handle_committed(core.entered(), self.now.boot);
                core.poll_transmit(self.now, &mut self.wires);
                while core.poll_notice().is_some() {}
                if self.wires.link.len > 0 {
                    return Some(self.wires.link_id);
                }
                self.carries(WorkerId(u8::try_from(place).unwrap()));
            }
        }
        None
    }

    fn carries(&mut self, from: WorkerId) {
        let mut lane = Buffer::EMPTY;
        lane.put([&self.wires.lane.bytes[..self.wires.lane.len], &[]]);
        self.wires.lane.len = 0;
        if lane.len > 0 {
            let (to, message) = (self.wires.lane_to.index(), &lane.bytes[..lane.len]);
            let (slots, wires) = (&mut self.slots, &mut self.wires);
            self.cores[to].handle_peer(self.now, from, message, slots, wires);
        }
    }

    fn dialect(&self, station: StationId) -> &Dialect {
        &self.plan.station(station).settings.dialect
    }

    /// A sale of its acquirer's edition; some carry a DE 59, short or long, some their card once more
    /// on the stripe or in the chip.
    fn request(&self, number: u64, acquirer: StationId, out: &mut [u8]) -> usize {
        let long = [b'z'; 600];
        let transport = match number % 5 {
            0 => &long[..],
            1 => &long[..20],
            _ => &[],
        };
        let dialect = self.dialect(acquirer);
        let old = dialect.version() == Version::Iso1987;
        let mti = Mti::of(if old { 0x0200 } else { 0x1200 });
        let business = Fields::of(if old { &[18, 25] } else { &[24, 26] });
        let fields = Fields::of(&[2, 3, 4, 7, 11, 12, 22, 32, 37, 41, 42, 49]).union(business);
        let fields = if transport.is_empty() { fields } else { fields.with(59) };
        let fields = if number.is_multiple_of(3) { fields.with(35) } else { fields };
        let chip = number.is_multiple_of(5) && !old;
        let fields = if chip { fields.with(55) } else { fields };
        let mut writer = Writer::new(dialect, out, mti, fields).unwrap();
        let card = CARDS
            [if number.is_multiple_of(11) { 2 } else { usize::from(number.is_multiple_of(2)) }];
        writer.put_text(2, card).unwrap();
        writer.put_number(3, 0).unwrap();
        writer.put_number(4, number).unwrap();
        writer.put_text(7, b"1121052030").unwrap();
        writer.put_number(11, number % 1_000_000).unwrap();
        if old {
            writer.put_text(12, b"142030").unwrap();
            writer.put_text(18, b"5411").unwrap();
            writer.put_text(22, b"051").unwrap();
            writer.put_text(25, b"00").unwrap();
        } else {
            writer.put_text(12, b"261121142030").unwrap();
            writer.put_text(22, b"510101513344").unwrap();
            writer.put_text(24, b"200").unwrap();
            writer.put_text(26, b"5411").unwrap();
        }
        writer.put_text(32, b"77334000001").unwrap();
        if number.is_multiple_of(3) {
            let mut track = [b'='; 20];
            track[..card.len()].copy_from_slice(card);
            writer.put_text(35, &track[..=card.len()]).unwrap();
        }
        writer.put_text(37, b"632514000101").unwrap();
        writer.put_text(41, b"T0000001").unwrap();
        writer.put_text(42, b"M00000000000001").unwrap();
        writer.put_text(49, b"392").unwrap();
        if chip {
            // A track 2 equivalent: sixteen digits, a D, and an F for the other half of its byte.
            let mut element = [0x57, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0xDF];
            for (byte, pair) in element[2..10].iter_mut().zip(card.chunks(2)) {
                *byte = pair[0] << 4 | pair[1] & 0xF;
            }
            writer.put_binary(55, &element).unwrap();
        }
        if !transport.is_empty() {
            writer.put_text(59, transport).unwrap();
        }
        writer.finish().unwrap()
    }

    /// The answer to the request that has just come out.
    fn answer(&mut self, link: LinkId, out: &mut [u8]) -> usize {
        let dialect = &self.plan.station(self.plan.station_of(link)).settings.dialect;
        let bytes = &self.wires.link.bytes[..self.wires.link.len];
        dialect.decode(bytes, &mut self.slots).unwrap();
        let request = self.slots.message(dialect, bytes);
        let echoed = Fields::of(&[2, 3, 4, 7, 11, 12, 32, 33, 37, 41, 42, 49, 59]);
        let fields = request.fields().intersection(echoed).with(39);
        let mut writer =
            Writer::new(dialect, out, request.mti().answer().unwrap(), fields).unwrap();
        let approved: &[u8] = if dialect.version() == Version::Iso1987 { b"00" } else { b"000" };
        for field in fields {
            match request.wire(field) {
                Some(wire) => writer.put_wire(field, wire).unwrap(),
                None => writer.put_text(field, approved).unwrap(),
            }
        }
        writer.finish().unwrap()
    }
}

fn settings(edition: Version) -> Settings {
    let dialect = |name| Arc::new(codec::built_in(name).unwrap().clone());
    let (ascii, packed) = match edition {
        Version::Iso1987 => (dialect("iso87-ascii"), dialect("iso87-binary")),
        Version::Iso1993 | Version::Iso2003 => (dialect("iso93-ascii"), dialect("iso93-binary")),
    };
    let institution = Institution::parse("77334000001").unwrap();
    let stations = NAMES.map(|name| StationSettings {
        name: name.to_string(),
        role: if name < "X" { Role::Acquirer } else { Role::Issuer },
        institutions: vec![institution],
        dialect: Arc::clone(if name == "Y" { &packed } else { &ascii }),
        message_max: 8_192,
        beside: None,
        sign_on: SignOn::None,
        announce: switch_core::plan::Announce::None,
        network_codes: NetworkCodes::default(),
        timeout: Duration::from_secs(10),
        echo: None,
        links: 1,
        noise_max: 1_000_000,
        connects: false,
        reconnect: (Duration::from_secs(1), Duration::from_secs(1)),
        in_flight_max: 1_000,
        pin: Pin::Refuse,
        keys: if name == "B" { Keys::Provider } else { Keys::None },
        echoed: Fields::of(&[7, 12, 32, 37, 41]),
        acquiring: Acquiring::default(),
        issuing: Issuing::default(),
    });
    let route = |pan: &str, to| RouteSettings { pan: pan.to_string(), to: vec![StationId(to)] };
    Settings {
        institution: Institution::parse("49000000001").unwrap(),
        workers: 2,
        stations: stations.into(),
        routes: vec![route("3", 2), route("4", 3)],
        limits: Limits { pending_max: 10_000, ..Limits::default() },
    }
}
