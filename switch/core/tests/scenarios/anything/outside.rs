//! The world outside the switch: it takes steps, and keeps its ledger. What does not fit the moment
//! (an answer without a request, a message on a closed link) is passed over.

use std::sync::Arc;
use std::time::Duration;

use codec::{Mti, Slots};
use switch_core::Reply;
use switch_core::ids::{LinkId, SlotId, WorkerId};
use switch_core::plan::{Keys, Pin, Role, SignOn, StationSettings};

use super::edition::Edition;
use super::ledger::Ledger;
use super::steps::{Line, Step};
use crate::world::{Full, Setup, Text, World, acquirer, answer, issuer};

/// The stations that send requests, and those that only answer them.
const ACQUIRERS: [&str; 3] = ["A", "B", "C"];
const ISSUERS: [&str; 3] = ["X", "Y", "Z"];
/// Cards of X then Y, of Y, of Z, of B (which is both), and of nobody.
const CARDS: [&str; 5] = [
    "3530111333300000",
    "4111111111111111",
    "5555555555554444",
    "378282246310005",
    "6011111111111117",
];

/// The world, and what the outside knows of it.
pub(crate) struct Outside {
    edition: Edition,
    world: World,
    ledger: Ledger,
    /// Requests that each issuer has heard and not forgotten; and B, which is both.
    asked: [Vec<Text>; 4],
    /// Reversals that issuers have heard and not looked at.
    advised: Vec<(String, Text)>,
    /// Network management requests of ours, by link.
    managed: Vec<Vec<Text>>,
    questions: Vec<(WorkerId, SlotId)>,
    sales: u64,
}

fn settings(edition: Edition) -> Setup {
    let echo = Some(Duration::from_secs(15));
    let acquirer = |name| edition.ascii(acquirer(name));
    let issuer = |name| edition.ascii(issuer(name));
    let packed = || edition.packed();
    Setup::of([
        StationSettings { links: 2, noise_max: 1, ..acquirer("A") },
        StationSettings {
            role: Role::Both,
            keys: Keys::Provider,
            dialect: packed(),
            links: 2,
            in_flight_max: 3,
            ..acquirer("B")
        },
        // An answer with DE 44 can not be said to C.
        StationSettings {
            sign_on: SignOn::Theirs,
            echo,
            dialect: edition.ascii_without(&[44]),
            ..acquirer("C")
        },
        StationSettings { links: 3, noise_max: 1, pin: Pin::Pass, ..issuer("X") },
        StationSettings { sign_on: SignOn::Ours, echo, dialect: packed(), links: 2, ..issuer("Y") },
        StationSettings { sign_on: SignOn::Theirs, timeout: Duration::from_secs(3), ..issuer("Z") },
    ])
    .workers(2)
    .route("353011", &["X", "Y"])
    .route("4", &["Y"])
    .route("5", &["Z"])
    .route("37", &["B"])
    .limits(|limits| {
        (limits.pending_max, limits.large_max) = (60, 2);
        (limits.parked_max, limits.parked_frame_max) = (4, 300);
        limits.quarantine = Duration::from_secs(20);
    })
}

impl Outside {
    pub(crate) fn new(edition: Edition) -> Self {
        let mut setup = settings(edition);
        setup.gate_bytes = 1 << 16;
        let mut world = setup.up();
        world.issuer("Y").answers(edition.accepted(true));
        world.issuer("Y").answers(edition.accepted(true));
        world.acquirer("C").sends(edition.sign_on());
        world.issuer("Z").sends(edition.sign_on());
        world.seen.clear();
        let links = world.plan.link_stations.len();
        Self {
            edition,
            world,
            ledger: Ledger::new(edition),
            asked: Default::default(),
            advised: Vec::new(),
            managed: vec![Vec::new(); links],
            questions: Vec::new(),
            sales: 0,
        }
    }

    /// One of the links there are.
    fn link(&self, number: u32) -> LinkId {
        LinkId(number % u32::try_from(self.managed.len()).unwrap())
    }

    fn is_open(&self, link: LinkId) -> bool {
        self.world.network.sockets[link.index()].open
    }

    /// The station of a link by name, and the link's number there.
    fn named(&self, link: LinkId) -> (String, u32) {
        let station = self.world.plan.station(self.world.plan.station_of(link));
        (station.settings.name.clone(), link.0 - station.links_from.0)
    }

    /// An open link of a station, if it has one; `wish` chooses among them.
    fn open_link(&mut self, name: &str, wish: u32) -> Option<u32> {
        let first = self.world.station(name).link();
        let links = self.world.plan.station(self.world.plan.station_of(first)).settings.links;
        (0..links)
            .map(|step| (wish + step) % links)
            .find(|&link| self.is_open(LinkId(first.0 + link)))
    }

    pub(crate) fn takes(&mut self, step: &Step) {
        match *step {
            Step::Sale { acquirer, link, card, extra } => self.sale(acquirer, link, card, extra),
            Step::Mutant { acquirer, at, byte, cut } => self.mutant(acquirer, at, byte, cut),
            Step::Answer { issuer, which, link, code, wrong } => {
                self.answer(issuer, which, link, code, wrong);
            }
            Step::Noise { link, ref bytes } => {
                let link = self.link(link);
                if self.is_open(link) {
                    self.ledger.noises += 1;
                    self.world.hears(link, bytes);
                }
            }
            Step::Network { link, function } => self.network(link, function),
            Step::NetworkAnswer { link, code } => self.network_answer(link, code),
            Step::Reply { which, granted } => self.reply(which, granted),
            Step::Lanes { full } => {
                self.world.network.lanes_full = match full {
                    0 => Full::Everything,
                    1 => Full::Requests,
                    _ => Full::Nothing,
                };
            }
            Step::Commits { held: true } => self.world.holds_commits(),
            Step::Commits { held: false } => self.world.commits(),
            Step::Passes { millis } => self.world.passes(Duration::from_millis(millis)),
            Step::Line { link, what } => self.line(self.link(link), what),
        }
    }

    /// What lines and sockets do.
    fn line(&mut self, link: LinkId, what: Line) {
        let (name, number) = self.named(link);
        let (open, connecting) = (self.is_open(link), self.world.is_connecting(link));
        let connects = self.world.plan.station(self.world.plan.station_of(link)).settings.connects;
        let party = self.world.station(&name).on(number);
        match what {
            Line::Connects if connecting || !connects => {
                party.connects();
            }
            Line::Refuses if connecting => party.refuses(),
            Line::Closes if open => party.closes(),
            Line::Stalls { room } if open => {
                party.has_room_for(room);
                self.world.station(&name).on(number).stalls();
            }
            Line::ReadsOnly { bytes } if open => party.reads_only(bytes),
            Line::Reads if open => party.reads(),
            Line::Connects
            | Line::Refuses
            | Line::Closes
            | Line::Stalls { .. }
            | Line::ReadsOnly { .. }
            | Line::Reads => {}
        }
    }

    fn request(&mut self, card: usize, extra: u8) -> Text {
        self.sales += 1;
        let mut request = self.edition.request(self.sales, extra).with(2, CARDS[card]);
        if extra & 0b110 == 0 {
            request = request.with(59, vec![b'z'; usize::from(extra) * 3]);
        }
        if extra & 0b1_1000 == 0 {
            request = request.with(52, [0xAA; 8]);
        }
        if extra & 0b1110_0000 == 0 {
            request = request.with(64, [extra; 8]);
        }
        request
    }

    fn sale(&mut self, acquirer: usize, link: u32, card: usize, extra: u8) {
        let name = ACQUIRERS[acquirer];
        let Some(link) = self.open_link(name, link) else { return };
        let mut request = self.request(card, extra);
        self.world.acquirer(name).complete(&mut request);
        self.ledger.asks(name, &request);
        self.world.acquirer(name).on(link).sends(request);
    }

    fn mutant(&mut self, acquirer: usize, at: usize, byte: u8, cut: bool) {
        let name = ACQUIRERS[acquirer];
        let Some(link) = self.open_link(name, 0) else { return };
        let mut request = self.request(0, 0xFF);
        self.world.acquirer(name).complete(&mut request);
        let dialect = {
            let first = self.world.station(name).link();
            let station = self.world.plan.station_of(first);
            Arc::clone(&self.world.plan.station(station).settings.dialect)
        };
        let mut frame = request.write(&dialect);
        let at = at % frame.len();
        if cut {
            frame.truncate(at);
        } else {
            frame[at] = byte;
        }
        let mut slots = Slots::new();
        if dialect.decode(&frame, &mut slots).is_ok() {
            let changed = Text::read(&dialect, &frame);
            // Another name for it would be another's.
            if [11, 32, 37].iter().any(|field| changed.of(*field) != request.of(*field)) {
                return;
            }
            self.ledger.may_ask(name, &changed);
        } else {
            self.ledger.stammers(name, &request);
        }
        self.world.acquirer(name).on(link).sends_bytes(&frame);
    }

    fn answer(&mut self, issuer: usize, which: usize, link: u32, code: usize, wrong: u8) {
        let name = ["X", "Y", "Z", "B"][issuer];
        let asked = &mut self.asked[issuer];
        if asked.is_empty() {
            return;
        }
        let place = which % asked.len();
        // Now and then an issuer answers twice.
        let request =
            if wrong & 0b111 == 1 { asked[place].clone() } else { asked.swap_remove(place) };
        let Some(link) = self.open_link(name, link) else { return };
        let code = self.edition.codes()[code];
        let mut text = answer(&request, code);
        let right = match wrong >> 3 {
            0 => {
                text = text.with(37, "000000000000");
                false
            }
            1 => {
                text = text.with(7, "0101000000");
                false
            }
            2 => {
                let other = self.edition.other_answer(text.mti);
                text = text.kind(other);
                false
            }
            3 => {
                text = text.without(39);
                false
            }
            4 => {
                text = text.without(12).without(41).with(44, "more");
                true
            }
            5..=9 => {
                text = text.with(44, "more");
                true
            }
            _ => true,
        };
        if right {
            self.ledger.answers(name, &request, code);
        }
        self.world.issuer(name).on(link).sends(text);
    }

    fn network(&mut self, link: u32, function: usize) {
        let link = self.link(link);
        if self.is_open(link) {
            let (name, number) = self.named(link);
            let request = self.edition.network(function);
            self.world.station(&name).on(number).sends(request);
        }
    }

    fn network_answer(&mut self, link: u32, code: usize) {
        let link = self.link(link);
        let managed = &mut self.managed[link.index()];
        if !self.world.network.sockets[link.index()].open {
            managed.clear();
        } else if let Some(request) = managed.pop() {
            let (name, number) = self.named(link);
            let code = self.edition.accepted(code < 3);
            self.world.station(&name).on(number).sends(answer(&request, code));
        }
    }

    fn reply(&mut self, which: usize, granted: bool) {
        self.questions.extend(std::iter::from_fn(|| self.world.take_question()));
        if !self.questions.is_empty() {
            let (worker, slot) = self.questions.swap_remove(which % self.questions.len());
            let reply = if granted { Reply::Granted } else { Reply::Denied };
            self.world.reply(worker, slot, reply);
        }
    }

    /// Looks at what left the switch and at the switch itself.
    pub(crate) fn looks(&mut self) {
        self.world.transcript_is_short();
        for seen in std::mem::take(&mut self.world.seen) {
            if let Some((link, text)) = self.ledger.sees(&self.world, seen) {
                let (name, _) = self.named(link);
                if Mti::of(text.mti).is_advice() {
                    self.advised.push((name, text));
                } else if text.is_relayed() {
                    let place = ISSUERS.iter().position(|issuer| *issuer == name).unwrap_or(3);
                    self.asked[place].push(text);
                } else {
                    self.managed[link.index()].push(text);
                }
            }
        }
        self.acknowledges();
        self.ledger.agrees(&self.world);
    }

    /// Issuers acknowledge most of what they are told; of some they want to hear again.
    fn acknowledges(&mut self) {
        for (name, text) in std::mem::take(&mut self.advised) {
            let luck: u32 = text.of(11).parse().unwrap();
            let Some(link) = self.open_link(&name, luck) else { continue };
            let code = match luck % 5 {
                0 => continue,
                1 => self.edition.later(),
                _ => self.edition.reversed(),
            };
            self.world.issuer(&name).on(link).sends(answer(&text, code));
        }
    }

    /// All troubles end, and time runs out for everything that waits.
    pub(crate) fn comes_to_an_end(mut self) -> Ledger {
        self.world.network.lanes_full = Full::Nothing;
        for link in 0..u32::try_from(self.managed.len()).unwrap() {
            self.line(LinkId(link), Line::Reads);
        }
        self.world.commits();
        self.looks();
        for _ in 0..40 {
            self.world.passes_secs(1);
            self.looks();
        }
        self.ledger.is_settled(&self.world);
        self.ledger
    }
}
