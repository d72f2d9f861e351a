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
}

impl Snapshot {
    /// Of a start, which gives stations their ids in the order of the file.
    pub fn first(configuration: Configuration, plan: Arc<Plan>, utc: u64) -> Self {
        let endpoints = configuration.endpoints.clone().into();
        let places = (0..plan.stations.len()).map(Some).collect();
        let digest = configuration.digest();
        let (since, how) = ((utc, "sekishod".to_owned()), "start");
        Self { configuration: Arc::new(configuration), plan, endpoints, places, since, how, digest }
    }

    /// Its number in the journal.
    pub fn number(&self) -> u32 {
        self.plan.numbers().configuration
    }

    /// What operators see of it.
    pub fn version(&self) -> Version {
        let ((utc, by), how) = (self.since.clone(), self.how.to_owned());
        Version { number: self.number(), digest: hex(&self.digest), utc, by, how }
    }
}

/// The one that is at work now. Its lock is held for moments only.
#[derive(Debug)]
pub struct Running(Mutex<Arc<Snapshot>>);

impl Running {
    /// This one, until another is published.
    pub fn new(first: Snapshot) -> Self {
        Self(Mutex::new(Arc::new(first)))
    }

    /// The one of now. Not to be kept: the memory of an old one is freed by whoever lets go of it last.
    pub fn now(&self) -> Arc<Snapshot> {
        Arc::clone(&self.lock())
    }

    /// From here on another one; gives the one before.
    pub fn publish(&self, next: Arc<Snapshot>) -> Arc<Snapshot> {
        std::mem::replace(&mut *self.lock(), next)
    }

    fn lock(&self) -> MutexGuard<'_, Arc<Snapshot>> {
        // A change is one step, so a thread that ended badly has left it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
