//! The validated settings that the core runs by: who the stations are, how they speak, where cards
//! go. Built once per configuration and shared, read-only. Knows no file and no address.

mod joining;

mod partner;

mod succession;

mod writing;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use codec::{Dialect, Extract, Fields, Message, Plan as Forwarding, Version};

use crate::formats::{self, Unfit};
use crate::identity::HashKey;
use crate::ids::{LinkId, StationId, WorkerId};
use crate::routing::{RouteSettings, Routes, RoutingError};
use crate::time::packed;

use joining::{Compiled, forwardings};
pub use partner::{Acquiring, Announce, InFlight, Issuing, SecondReversal, UnknownOriginal};
pub use succession::Successor;
pub use writing::Numbers;

/// An institution's identification code (DE 32, 33, 58): up to eleven digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Institution {
    /// The digits, packed and right-aligned.
    pub digits: u64,
    /// How many there are, 1 to 11.
    pub units: u8,
}

impl Institution {
    /// Reads a code of one to eleven digits.
    pub fn parse(text: &str) -> Option<Self> {
        let units = u8::try_from(text.len()).ok().filter(|units| (1..=11).contains(units))?;
        let fits = text.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| Self { digits: packed(text.parse().unwrap_or_default()), units })
    }
}

/// What a station does with transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It sends requests.
    Acquirer,
    /// It answers requests.
    Issuer,
    /// It does both.
    Both,
}

impl Role {
    /// Whether requests are accepted from it.
    pub fn acquires(self) -> bool {
        matches!(self, Self::Acquirer | Self::Both)
    }

    /// Whether requests are sent to it.
    pub fn issues(self) -> bool {
        matches!(self, Self::Issuer | Self::Both)
    }
}

/// Who opens the business day on a link (DE 24 801, or the station's own code in DE 70).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignOn {
    /// Nobody: a connected link is ready.
    None,
    /// We send 801 on connect; the link is ready when 1814 with 800 is back.
    Ours,
    /// The station sends 801; it is ready from then on.
    Theirs,
}

/// What a station of 1987 calls the functions of network management (DE 70), three packed digits
/// each. The edition leaves them to its networks; 1993 has codes of its own and uses none of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkCodes {
    /// It is ready for requests.
    pub sign_on: u16,
    /// It is not any more.
    pub sign_off: u16,
    /// Are you there?
    pub echo: u16,
    /// We speak from another site (804, 806 of 1993); 0 where it has no code for that, and is not told.
    pub announce: u16,
}

impl Default for NetworkCodes {
    fn default() -> Self {
        Self { sign_on: 0x001, sign_off: 0x002, echo: 0x301, announce: 0 }
    }
}

/// What to do with a request that carries a PIN block (DE 52) for an issuer whose keys we lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pin {
    /// Refuse it with 921.
    Refuse,
    /// Copy it as it is: both sides share a key that we do not see.
    Pass,
}

/// Who checks the message authentication code of a station's requests (DE 64, 128).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// Nobody.
    None,
    /// The key provider: the decision asks it and parks.
    Provider,
}

/// One station as configured.
#[derive(Clone, Debug)]
pub struct StationSettings {
    /// Its name, for people.
    pub name: alloc::string::String,
    /// What it does.
    pub role: Role,
    /// The acquirer institutions (DE 32) that it may send for; of an issuer, its own code.
    pub institutions: Vec<Institution>,
    /// Its message format.
    pub dialect: Arc<Dialect>,
    /// The longest message that it takes, in bytes.
    pub message_max: usize,
    /// An earlier station whose listener it shares, and so its worker.
    pub beside: Option<StationId>,
    /// Who signs on.
    pub sign_on: SignOn,
    /// What it is told behind a promotion.
    pub announce: Announce,
    /// What it calls sign-on, sign-off, echo and an announcement, when it is of 1987.
    pub network_codes: NetworkCodes,
    /// How long to wait for a whole answer.
    pub timeout: Duration,
    /// Silence after which an echo (DE 24 831) is sent; none: never.
    pub echo: Option<Duration>,
    /// How many links it can have: connections that we make, or at most accept.
    pub links: u32,
    /// Frames without a transaction that it may send in a second, on each link: at least 1.
    pub noise_max: u32,
    /// Whether we connect (else it does).
    pub connects: bool,
    /// Shortest and longest pause before connecting again.
    pub reconnect: (Duration, Duration),
    /// Most requests that wait for its answer, from all workers together; those in quarantine wait
    /// no longer.
    pub in_flight_max: u32,
    /// What happens to PIN blocks on the way to it.
    pub pin: Pin,
    /// Who checks the codes of its requests.
    pub keys: Keys,
    /// Fields that it must echo when they were sent and come back; DE 11 always.
    pub echoed: Fields,
    /// What was agreed with it about repeats and reversals, where it sends requests.
    pub acquiring: Acquiring,
    /// What was agreed with it about advices and reversals, where it answers requests.
    pub issuing: Issuing,
}

/// The bounds of one worker's tables, shown in the status.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Transactions known at once: deciding, in flight and in quarantine.
    pub pending_max: u32,
    /// Those among them of which more than 176 bytes are kept, which need a block of their own.
    pub large_max: u32,
    /// Decisions parked for a reply.
    pub parked_max: u32,
    /// Longest frame of a decision that can park, in bytes; a longer one that has to is refused
    /// whenever it comes, so no acquirer's may be longer.
    pub parked_frame_max: u32,
    /// How long a decision waits for a reply.
    pub ask_timeout: Duration,
    /// How long a STAN rests after a timeout before it is used again.
    pub quarantine: Duration,
    /// What is released later than that behind the framing of its batch is dropped, on a node that has
    /// a peer: a second. None where no peer can have taken over meanwhile.
    pub late_after: Option<Duration>,
    /// For how long behind a promotion that may have lost records a repeat of what is not known is no
    /// new request.
    pub orphan_window: Duration,
    /// By how many trace numbers those of an issuer go on further ahead behind such a promotion, all
    /// workers together.
    pub stan_skip: u32,
    /// Notices kept until they are taken.
    pub notices_max: usize,
    /// Requests whose repeats are known, those in flight among them; never fewer than
    /// `pending_max`.
    pub duplicates_max: u32,
    /// Bytes of the answers that repeats are given again.
    pub answers_bytes: u32,
    /// Stored items of this worker, together with the requests in flight that may become one.
    pub saf_max: u32,
    /// Repeats held until their original ends, among `parked_max`; one more gets 923.
    pub held_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pending_max: 262_144,
            large_max: 4_096,
            parked_max: 1_024,
            parked_frame_max: 8_192,
            ask_timeout: Duration::from_secs(2),
            quarantine: Duration::from_mins(1),
            late_after: None,
            orphan_window: Duration::from_hours(24),
            stan_skip: 50_000,
            notices_max: 4_096,
            duplicates_max: 262_144,
            answers_bytes: 64 << 20,
            saf_max: 65_536,
            held_max: 512,
        }
    }
}

/// All settings of the core.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Our own institution: DE 33 on what we forward, DE 58 where we decide.
    pub institution: Institution,
    /// How many workers there are, 1 to 64.
    pub workers: u8,
    /// The stations, in the order of their ids.
    pub stations: Vec<StationSettings>,
    /// Where cards go.
    pub routes: Vec<RouteSettings>,
    /// Bounds.
    pub limits: Limits,
}

/// Why settings can not be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanError {
    /// No worker, or more than 64.
    Workers,
    /// More than 65,535 stations, or more than 2^31 links in all.
    TooMany,
    /// The core can not run with the dialect of a station.
    Dialect {
        /// Whose.
        station: StationId,
        /// Why.
        why: Unfit,
    },
    /// A route is wrong.
    Routing(RoutingError),
    /// A route leads to a station that does not issue.
    NotAnIssuer {
        /// Place of the route in the settings.
        route: usize,
        /// The station named.
        station: StationId,
    },
    /// Stations of different versions of the standard can not be connected yet.
    Versions {
        /// Who sends requests.
        acquirer: StationId,
        /// Who would receive them.
        issuer: StationId,
    },
    /// This can not change while the switch runs, but by a restart.
    Fixed {
        /// Of which station; none: of the whole node.
        station: Option<StationId>,
        /// What, by the key of its setting.
        key: &'static str,
    },
}

/// A station with what follows from its settings.
#[derive(Clone, Debug)]
pub struct Station {
    /// As configured.
    pub settings: StationSettings,
    /// The worker that owns its links.
    pub worker: WorkerId,
    /// Its links are `links_from .. links_from + settings.links`.
    pub links_from: LinkId,
    /// Each worker's part of `settings.in_flight_max`, at least 1: homes share nothing, so all of
    /// them together keep to the bound.
    pub in_flight_share: u32,
    /// Whether a later configuration does not name it any more. Its number and its settings stay, for
    /// what is under way and for what is kept for it.
    pub retired: bool,
}

/// Validated settings, ready to run.
#[derive(Debug)]
pub struct Plan {
    /// Our own institution.
    pub institution: Institution,
    /// How many workers there are.
    pub workers: u8,
    /// The stations, by id.
    pub stations: Vec<Station>,
    /// The station of each link.
    pub link_stations: Vec<StationId>,
    /// Where cards go.
    pub routes: Routes,
    /// Bounds.
    pub limits: Limits,
    /// How messages are rewritten, by (from, to); none where no message can pass.
    forwardings: Vec<Option<Arc<Forwarding>>>,
    /// What of a station's messages is written down, by station: of its requests and its answers.
    extracts: Vec<[Arc<Extract>; 2]>,
    /// What records call all this: the ids themselves, unless a journal has given numbers.
    numbers: Numbers,
    /// What the identities of requests are hashed under.
    hash_key: HashKey,
}

impl Plan {
    /// Validates settings and compiles what can be compiled.
    ///
    /// Stations are dealt to workers in turn, acquirers and issuers each for themselves, so that
    /// neither kind crowds on one worker.
    pub fn new(settings: Settings) -> Result<Self, PlanError> {
        if !(1..=64).contains(&settings.workers) {
            return Err(PlanError::Workers);
        }
        let routes = Routes::new(&settings.routes).map_err(PlanError::Routing)?;
        check(&settings)?;
        let (stations, link_stations) = deal(settings.stations, settings.workers)?;
        let forwardings = forwardings(&stations, &settings.routes, Compiled::default())?;
        let extracts = writing::extracts(&stations, Vec::new());
        let numbers = Numbers::of_ids(stations.len(), link_stations.len());
        Ok(Self {
            institution: settings.institution,
            workers: settings.workers,
            stations,
            link_stations,
            routes,
            limits: settings.limits,
            forwardings,
            extracts,
            numbers,
            hash_key: HashKey::default(),
        })
    }

    /// The same plan with requests known by hashes under this key: the journal's, or repeats of
    /// requests from before a restart are new ones.
    #[must_use]
    pub fn keyed(self, hash_key: HashKey) -> Self {
        Self { hash_key, ..self }
    }

    /// What the identities of requests are hashed under.
    #[inline]
    pub fn hash_key(&self) -> &HashKey {
        &self.hash_key
    }

    /// A station. Ids come from the plan itself.
    #[inline]
    pub fn station(&self, id: StationId) -> &Station {
        &self.stations[id.index()]
    }

    /// The station that a link belongs to.
    #[inline]
    pub fn station_of(&self, link: LinkId) -> StationId {
        self.link_stations[link.index()]
    }

    /// The most bytes that a message may become for a station: packed digits and lengths double in
    /// ASCII, our own fields come on top, and beyond what the station takes there is nothing.
    #[inline]
    pub fn longest(&self, message: &Message<'_>, to: StationId) -> usize {
        (message.bytes().len() * 2 + 64).min(self.station(to).settings.message_max)
    }

    /// The edition that a station speaks, as the first digit of its MTIs.
    #[inline]
    pub fn edition(&self, station: StationId) -> u8 {
        match self.station(station).settings.dialect.version() {
            Version::Iso1987 => 0,
            Version::Iso1993 => 1,
            Version::Iso2003 => 2,
        }
    }

    /// How a message of one station is rewritten for another.
    #[inline]
    pub fn forwarding(&self, from: StationId, to: StationId) -> Option<&Forwarding> {
        self.forwardings[from.index() * self.stations.len() + to.index()].as_deref()
    }
}

/// Whether every dialect can be run with, and every route leads to issuers.
fn check(settings: &Settings) -> Result<(), PlanError> {
    let Settings { institution, stations, routes, .. } = settings;
    // Most stations speak one of a few dialects.
    let mut checked: Vec<*const Dialect> = Vec::new();
    for (place, station) in stations.iter().enumerate() {
        let dialect = Arc::as_ptr(&station.dialect);
        if !checked.contains(&dialect) {
            let station_id = u16::try_from(place).map_err(|_| PlanError::TooMany)?;
            formats::check(&station.dialect, *institution)
                .map_err(|why| PlanError::Dialect { station: StationId(station_id), why })?;
            checked.push(dialect);
        }
    }
    for (route, wanted) in routes.iter().enumerate() {
        for &station in &wanted.to {
            if !stations.get(station.index()).is_some_and(|station| station.role.issues()) {
                return Err(PlanError::NotAnIssuer { route, station });
            }
        }
    }
    Ok(())
}

/// Gives each station a worker and each possible link a number.
fn deal(
    settings: Vec<StationSettings>,
    workers: u8,
) -> Result<(Vec<Station>, Vec<StationId>), PlanError> {
    let mut stations: Vec<Station> = Vec::with_capacity(settings.len());
    let mut link_stations = Vec::new();
    let mut dealt = [0_u8; 2];
    for (place, settings) in settings.into_iter().enumerate() {
        let id = StationId(u16::try_from(place).map_err(|_| PlanError::TooMany)?);
        let from = u32::try_from(link_stations.len()).map_err(|_| PlanError::TooMany)?;
        if from.checked_add(settings.links).is_none_or(|links| links > 1 << 31) {
            return Err(PlanError::TooMany);
        }
        let beside = settings.beside.and_then(|earlier| stations.get(earlier.index()));
        let worker = beside.map_or_else(
            || {
                let turn = &mut dealt[usize::from(settings.role.issues())];
                let worker = WorkerId(*turn);
                *turn = (*turn + 1) % workers;
                worker
            },
            |earlier: &Station| earlier.worker,
        );
        link_stations.extend((0..settings.links).map(|_| id));
        let in_flight_share = share(&settings, workers);
        let (links_from, retired) = (LinkId(from), false);
        stations.push(Station { settings, worker, links_from, in_flight_share, retired });
    }
    Ok((stations, link_stations))
}

/// Each worker's part of what a station may have in flight.
fn share(settings: &StationSettings, workers: u8) -> u32 {
    (settings.in_flight_max / u32::from(workers)).max(1)
}

fn id(place: usize) -> StationId {
    StationId(u16::try_from(place).expect("the number of stations was checked"))
}
