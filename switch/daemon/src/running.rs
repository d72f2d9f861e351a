//! What the daemon runs by at the moment: the configuration, the plan that was made of it, and where
//! stations are, as one thing that is exchanged at once. Whoever needs it takes it anew each time, and
//! never keeps it. Workers are not among them: they are told. Must not know how it comes about.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use switch_core::plan::Plan;

use crate::change::Version;
use crate::config::{Configuration, hex};
use crate::worker::Endpoints;

/// A configuration at work.
#[derive(Debug)]
pub struct Snapshot {
    /// As it was read.
    pub configuration: Arc<Configuration>,
    /// What was made of it. Stations have the ids that they had before.
    pub plan: Arc<Plan>,
    /// Where the stations are, by their ids in the plan.
    pub endpoints: Endpoints,
    /// By their ids too: their places in the configuration; none for those that it does not name any
    /// more.
    pub places: Vec<Option<usize>>,
    /// When it was taken up, as a second since 1970, and who wanted it.
    pub since: (u64, String),
    /// How: `start`, `signal`, `apply`.
    pub how: &'static str,
    /// What tells its settings from others.
    pub digest: [u8; 32],
    /// Whether a standby took it up, so that its number is this node's own and no record's.
    pub standby: bool,
}

impl Snapshot {
    /// Of a start, which gives stations their ids in the order of the file.
    pub fn first(configuration: Configuration, plan: Arc<Plan>, utc: u64) -> Self {
        let endpoints = configuration.endpoints.clone().into();
        let places = (0..plan.stations.len()).map(Some).collect();
        let digest = configuration.digest();
        let (since, how) = ((utc, "sekishod".to_owned()), "start");
        Self {
            configuration: Arc::new(configuration),
            plan,
            endpoints,
            places,
            since,
            how,
            digest,
            standby: false,
        }
    }

    /// The same configuration, with a plan that has its numbers.
    #[must_use]
    pub fn numbered(&self, plan: Arc<Plan>) -> Self {
        let Self { configuration, endpoints, places, since, how, digest, .. } = self;
        Self {
            configuration: Arc::clone(configuration),
            plan,
            endpoints: Arc::clone(endpoints),
            places: places.clone(),
            since: since.clone(),
            how,
            digest: *digest,
            standby: false,
        }
    }

    /// Its number in the journal.
    pub fn number(&self) -> u32 {
        self.plan.numbers().configuration
    }

    /// What operators see of it.
    pub fn version(&self) -> Version {
        let ((utc, by), how) = (self.since.clone(), self.how.to_owned());
        Version {
            number: self.number(),
            digest: hex(&self.digest),
            utc,
            by,
            how,
            standby: self.standby,
        }
    }
}

/// The one that is at work now. Its lock is held for moments only.
#[derive(Debug)]
pub struct Running(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    now: Arc<Snapshot>,
    /// The plan that any worker may run by already.
    newest: Arc<Plan>,
}

impl Running {
    /// This one, until another is published.
    pub fn new(first: Snapshot) -> Self {
        let newest = Arc::clone(&first.plan);
        Self(Mutex::new(Inner { now: Arc::new(first), newest }))
    }

    /// The one of now. Not to be kept: the memory of an old one is freed by whoever lets go of it last.
    pub fn now(&self) -> Arc<Snapshot> {
        Arc::clone(&self.lock().now)
    }

    /// The plan that knows every station and link of which a worker may speak: workers adopt one after
    /// the other, and only then it is the one of all. Stations and links keep their ids, so it knows those
    /// of before, too. Not to be kept either.
    pub fn newest(&self) -> Arc<Plan> {
        Arc::clone(&self.lock().newest)
    }

    /// Workers may run by this plan from here on. It is the one that is published next.
    pub fn announce(&self, plan: Arc<Plan>) {
        self.lock().newest = plan;
    }

    /// From here on another one; gives the one before.
    pub fn publish(&self, next: Arc<Snapshot>) -> Arc<Snapshot> {
        let mut inner = self.lock();
        inner.newest = Arc::clone(&next.plan);
        std::mem::replace(&mut inner.now, next)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A change is one step, so a thread that ended badly has left it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
