//! A primary that plays dead: it ends where it stands, and the process that follows it in its place does nothing for
//! a while. Then it starts as after any crash, so that whatever came of the drill and of who wanted it, the node is
//! back by itself. Must not know who takes over meanwhile.
//!
//! What the next life is told stands in its environment: a process that is killed or started by somebody else knows
//! nothing of it, and starts at once. Lives behind that have it too, as one that cut its log begins anew; they play
//! dead no more, since the time is over.

use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use switch_core::time::Time;
use tracing::info;

use crate::clocks;
use crate::drills::{Drilled, FOR_MS};
use crate::service::Service;

/// Where it stands.
const NAME: &str = "SEKISHOD_DRILL";

/// What the next life is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Dying {
    drilled: Drilled,
    /// Until then it does nothing: nanoseconds since boot.
    until: u64,
}

impl Dying {
    /// Of a drill whose time begins now; without `rests` nobody plays dead.
    pub(crate) fn of(drilled: Drilled, rests: bool) -> Self {
        let rest = if rests { drilled.for_ms } else { 0 };
        let until = clocks::boot() + Duration::from_millis(rest);
        Self { drilled, until: until.0 }
    }

    /// For the environment of the next life.
    pub(crate) fn variable(&self) -> (&'static str, String) {
        (NAME, serde_json::to_string(self).expect("plain data has a JSON form"))
    }
}

/// The drill in which this process ended and began anew, if it did.
pub(crate) fn died() -> Option<Drilled> {
    told().map(|dying| dying.drilled)
}

fn told() -> Option<Dying> {
    let dying: Dying = serde_json::from_str(&std::env::var(NAME).ok()?).ok()?;
    // What is no time of a drill was said by nobody of ours.
    let most = clocks::boot() + Duration::from_millis(*FOR_MS.end());
    (Time(dying.until) <= most).then_some(dying)
}

/// Does nothing until the time of that drill is over. A signal to stop ends the process meanwhile, as it ends any
/// start.
pub(crate) fn rests(service: &Service) {
    let Some(Dying { drilled, until }) = told() else { return };
    if clocks::boot() >= Time(until) {
        return;
    }
    let for_ms = drilled.for_ms;
    service.says("a drill: it plays dead");
    info!(for_ms, "a drill: this node plays dead, and starts then as after a crash");
    while clocks::boot() < Time(until) {
        thread::park_timeout(Time(until).since(clocks::boot()));
    }
    info!("a drill: this node starts again");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drills::Drill;

    #[test]
    fn what_the_next_life_is_told_it_understands() {
        let drilled = Drilled {
            drill: Drill::Failover,
            begun_ns: 5,
            ended_ns: None,
            for_ms: 6_000,
            epoch: 3,
            released: Some(7),
        };
        let dying = Dying::of(drilled, true);
        let (name, said) = dying.variable();
        assert_eq!((name, serde_json::from_str::<Dying>(&said).unwrap()), (NAME, dying));
    }
}
