//! A world in some state that is about to meet an event: A, an acquirer, and X, an issuer. Must not
//! know which state and which event.

use std::time::Duration;

use switch_core::ids::{LinkId, SlotId, WorkerId};
use switch_core::plan::StationSettings;
use switch_sim::world::{Setup, Text, World, acquirer, issuer};

/// The link of X.
pub(crate) const LINK: LinkId = LinkId(1);

/// A world, and what is needed to go on with it.
pub(crate) struct Meeting {
    pub(crate) world: World,
    /// A question of the core, if it put one.
    pub(crate) question: Option<(WorkerId, SlotId)>,
    /// A message as X has it, or would have it.
    pub(crate) forwarded: Option<Text>,
    setup: fn() -> Setup,
    /// How many messages A and X had heard before the event.
    before: [usize; 2],
}

impl Meeting {
    pub(crate) fn of(setup: fn() -> Setup) -> Self {
        let world = setup().down();
        Self { world, question: None, forwarded: None, setup, before: [0; 2] }
    }

    pub(crate) fn begins(&mut self) {
        self.world.forget();
        self.before = ["A", "X"].map(|name| self.world.station(name).heard_count());
    }

    /// What A and X heard since, and what was counted.
    pub(crate) fn came_of_it(&mut self) -> [String; 3] {
        let heard = [("A", self.before[0]), ("X", self.before[1])].map(|(name, before)| {
            let count = self.world.station(name).heard_count();
            let texts = (before..count).map(|place| self.world.station(name).heard_at(place));
            texts.map(|text| brief(&text)).collect::<Vec<_>>().join(", ")
        });
        let told = self.world.transcript();
        let counts = told.lines().last().and_then(|line| line.strip_prefix("counted: "));
        let counts = counts.unwrap_or_default().split(", ").filter(|count| !count.is_empty());
        let counted: Vec<&str> = counts.filter(|count| !count.starts_with("frames")).collect();
        let [a, x] = heard;
        [a, x, counted.join(", ")]
    }

    /// The switch crashes and starts again.
    pub(crate) fn crashes(&mut self) {
        let plan = (self.setup)().planned().unwrap();
        self.world.begins_again(plan.into(), 1, 1 << 20);
        // Up to a second of counts is lost with it.
        self.world.forget();
        self.world.open_all();
    }

    /// The switch runs by other settings from now on, and half a second passes.
    pub(crate) fn reloads(&mut self, change: impl FnOnce(&mut Setup)) {
        let mut setup = (self.setup)();
        change(&mut setup);
        self.world.reloads(setup);
        self.world.passes(Duration::from_millis(500));
    }

    /// The same without this station; Y gets what X got.
    pub(crate) fn retires(&mut self, name: &str) {
        self.reloads(|setup| {
            setup.stations.retain(|station| station.name != name);
            setup.stations.push(issuer("Y"));
            setup.stations.push(acquirer("B"));
        });
    }

    pub(crate) fn is_open(&self) -> bool {
        self.world.network.sockets[LINK.index()].open
    }
}

/// What tells one message from another, in a few letters.
fn brief(text: &Text) -> String {
    let what = if text.of(39).is_empty() && text.class() == 8 { 24 } else { 39 };
    format!("{:04x} {}", text.mti, text.of(what)).trim_end().to_string()
}

/// A and this issuer.
pub(crate) fn with(issuer: StationSettings) -> Setup {
    Setup::of([acquirer("A"), issuer])
}
