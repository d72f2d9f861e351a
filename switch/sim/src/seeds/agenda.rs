//! What is going to happen outside the switch, in the order of time. Decides nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use switch_core::ids::LinkId;
use switch_core::time::Time;

use super::acquirers::Name;
use crate::world::Text;

/// Something that happens.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// An acquirer begins its next transaction.
    Begins,
    /// An acquirer has waited long enough for the answer to a message of this STAN.
    Waited(usize, String),
    /// An acquirer reverses a transaction, all of it or a part.
    Reverses {
        case: Name,
        partly: bool,
    },
    /// An acquirer says something else of a transaction, or another acquirer does.
    ReversesWrongly {
        case: Name,
        strange: bool,
    },
    /// An acquirer sends a message that it held back.
    Sends(usize, Text),
    /// A station answers a message that came in on this link.
    Answers {
        link: LinkId,
        heard: Text,
        code: &'static str,
    },
    /// Something happens to lines or to the switch, perhaps.
    Trouble,
    /// A line is lost, whatever of its bytes was handed over.
    Drops(LinkId),
    /// A connection comes about.
    Connects(LinkId),
    /// A station reads again.
    Reads(LinkId),
    /// A station is ready again.
    SignsOn(LinkId),
    /// A worker takes up the so many-th configuration, or hears that all have.
    Adopts(usize, u32),
    Opens(usize, u32),
    /// What was recorded becomes durable, and so does everything from here on.
    Commits,
}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    events: BTreeMap<(Time, u64), Event>,
    count: u64,
}

impl Agenda {
    pub(crate) fn adds(&mut self, at: Time, event: Event) {
        self.count += 1;
        self.events.insert((at, self.count), event);
    }

    /// The next event up to a time, with its time.
    pub(crate) fn next(&mut self, until: Time) -> Option<(Time, Event)> {
        let (&(at, _), _) = self.events.first_key_value().filter(|((at, _), _)| *at <= until)?;
        self.events.pop_first().map(|(_, event)| (at, event))
    }

    /// Whether something like this is still to happen.
    pub(crate) fn awaits(&self, like: impl Fn(&Event) -> bool) -> bool {
        self.events.values().any(like)
    }
}

/// So many milliseconds.
pub(crate) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
