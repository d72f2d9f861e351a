//! What a world is made of: stations, routes, limits. Knows nothing that happens in it.

use std::sync::Arc;
use std::time::Duration;

use codec::{Dialect, Fields};
use switch_core::ids::StationId;
use switch_core::plan::{
    Acquiring, Announce, Institution, Issuing, Keys, Limits, NetworkCodes, Pin, Plan, PlanError,
    Role, Settings, SignOn, StationSettings,
};
use switch_core::routing::RouteSettings;

use super::World;

/// A world before its first event.
pub struct Setup {
    /// How many workers there are.
    pub workers: u8,
    /// The stations.
    pub stations: Vec<StationSettings>,
    /// Cards by prefix, and to whom they go.
    pub routes: Vec<(&'static str, Vec<&'static str>)>,
    /// Bounds.
    pub limits: Limits,
    /// Bytes of each gate.
    pub gate_bytes: usize,
}

impl Setup {
    /// One worker, and the cards of 353011 for all issuers in their order.
    pub fn of(stations: impl IntoIterator<Item = StationSettings>) -> Self {
        let stations: Vec<StationSettings> = stations.into_iter().collect();
        let limits =
            Limits { pending_max: 1_000, large_max: 8, parked_max: 8, ..Limits::default() };
        Self { workers: 1, stations, routes: Vec::new(), limits, gate_bytes: 1 << 20 }
    }

    /// The same with a route.
    #[must_use]
    pub fn route(mut self, pan: &'static str, to: &[&'static str]) -> Self {
        self.routes.push((pan, to.to_vec()));
        self
    }

    /// The same with so many workers.
    #[must_use]
    pub fn workers(self, workers: u8) -> Self {
        Self { workers, ..self }
    }

    /// The same with other bounds.
    #[must_use]
    pub fn limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.limits);
        self
    }

    /// The same on a node with a peer: what leaves later than a second behind its batch is dropped.
    #[must_use]
    pub fn with_peer(self) -> Self {
        self.limits(|limits| limits.late_after = Some(Duration::from_secs(1)))
    }

    /// A world in which no link is open yet.
    pub fn down(self) -> World {
        let (workers, gate_bytes) = (self.workers, self.gate_bytes);
        World::of_workers(workers, Arc::new(self.plan()), gate_bytes)
    }

    /// A world in which every link has been opened.
    pub fn up(self) -> World {
        let mut world = self.down();
        world.open_all();
        world.forget();
        world
    }

    /// A world with the first of its workers alone, every link of which has been opened.
    pub fn alone(self) -> World {
        let gate_bytes = self.gate_bytes;
        let mut world = World::of_workers(1, Arc::new(self.plan()), gate_bytes);
        world.open_all();
        world.forget();
        world
    }

    fn plan(self) -> Plan {
        self.planned().expect("the settings of a test are valid")
    }

    /// The plan, or why there is none.
    pub fn planned(self) -> Result<Plan, PlanError> {
        Plan::new(self.settings())
    }

    /// What it comes to, routes by the places of stations.
    pub fn settings(self) -> Settings {
        let named = |name: &str| {
            let place = self.stations.iter().position(|station| station.name == name);
            StationId(u16::try_from(place.expect("a station of that name")).unwrap())
        };
        let mut routes: Vec<RouteSettings> = self
            .routes
            .iter()
            .map(|(pan, to)| RouteSettings {
                pan: (*pan).to_string(),
                to: to.iter().map(|name| named(name)).collect(),
            })
            .collect();
        if routes.is_empty() {
            let issuers = self.stations.iter().filter(|station| station.role.issues());
            let to = issuers.map(|issuer| named(&issuer.name)).collect();
            routes.push(RouteSettings { pan: "353011".to_string(), to });
        }
        Settings {
            institution: institution("49000000001"),
            workers: self.workers,
            stations: self.stations,
            routes,
            limits: self.limits,
        }
    }
}

/// An institution of these digits.
pub fn institution(digits: &str) -> Institution {
    Institution::parse(digits).unwrap()
}

/// A station that sends requests, on one link that it opens. A speaks for 77334000001, B for
/// 77334000002, and so on.
pub fn acquirer(name: &str) -> StationSettings {
    let number = name.bytes().next().unwrap() - b'A' + 1;
    StationSettings {
        name: name.to_string(),
        role: Role::Acquirer,
        institutions: vec![institution(&format!("773340000{number:02}"))],
        dialect: ascii(),
        message_max: 8_192,
        beside: None,
        sign_on: SignOn::None,
        announce: Announce::None,
        network_codes: NetworkCodes::default(),
        timeout: Duration::from_secs(10),
        echo: None,
        links: 1,
        noise_max: 1_000_000,
        connects: false,
        reconnect: (Duration::from_millis(100), Duration::from_secs(10)),
        in_flight_max: 1_000,
        pin: Pin::Refuse,
        keys: Keys::None,
        echoed: Fields::of(&[7, 12, 32, 37, 41]),
        acquiring: Acquiring::default(),
        issuing: Issuing::default(),
    }
}

/// A station that answers requests within ten seconds, on one link that we open.
pub fn issuer(name: &str) -> StationSettings {
    StationSettings {
        role: Role::Issuer,
        institutions: vec![institution("49711000001")],
        connects: true,
        ..acquirer(name)
    }
}

/// 1993 in ASCII.
pub fn ascii() -> Arc<Dialect> {
    built_in("iso93-ascii")
}

/// 1993, packed.
pub fn packed() -> Arc<Dialect> {
    built_in("iso93-binary")
}

/// 1987 in ASCII.
pub fn ascii_87() -> Arc<Dialect> {
    built_in("iso87-ascii")
}

/// 1987, packed.
pub fn packed_87() -> Arc<Dialect> {
    built_in("iso87-binary")
}

fn built_in(name: &str) -> Arc<Dialect> {
    Arc::new(codec::built_in(name).unwrap().clone())
}

/// `iso93-ascii` with some fields left out.
pub fn ascii_without(missing: &[u8]) -> Arc<Dialect> {
    without(&ascii(), missing)
}

/// `iso87-ascii` with some fields left out.
pub fn ascii_87_without(missing: &[u8]) -> Arc<Dialect> {
    without(&ascii_87(), missing)
}

fn without(whole: &Dialect, missing: &[u8]) -> Arc<Dialect> {
    let rows: Vec<_> = whole
        .fields()
        .iter()
        .filter(|field| !missing.contains(field))
        .map(|field| (field, whole.field(field).unwrap()))
        .collect();
    let (mti, bitmap) = (whole.mti_form(), whole.bitmap_form());
    Arc::new(Dialect::new("fewer", whole.version(), mti, bitmap, &rows).unwrap())
}
