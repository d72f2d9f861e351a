//! The lease by which a node is known as alive, and the key that goes with it. It says who may try, never who may
//! do: it may end too early or too late, and nothing is lost by it.

use std::time::Duration;

use switch_core::time::Time;

use super::etcd::{Asked, Etcd};
use super::gateway::{self, GRANT, KEEP_ALIVE, PUT, REVOKE};
use super::shown::LeaseShown;
use crate::clocks;

/// What is asked for: the shortest that etcd gives with its usual settings. It says what it gives.
const SECONDS: u64 = 2;
/// Between two times that it is kept alive: a quarter of the shortest.
const BETWEEN: Duration = Duration::from_millis(500);

/// The lease of this node.
pub(super) struct Lease {
    key: String,
    /// What stands under the key, for people.
    value: String,
    held: Option<u64>,
    next: Time,
    shown: LeaseShown,
}

impl Lease {
    pub(super) fn new(key: String, value: String) -> Self {
        Self { key, value, held: None, next: Time(0), shown: LeaseShown::default() }
    }

    /// How long nothing is to be done about it.
    pub(super) fn rests(&self, alive: bool, now: Time) -> Duration {
        if alive || self.held.is_some() { self.next.since(now) } else { Duration::MAX }
    }

    pub(super) fn shown(&self) -> LeaseShown {
        self.shown.clone()
    }

    /// Does what is to be done about it now, if anything.
    ///
    /// # Errors
    /// Why it was not done; it is tried again.
    pub(super) fn tend(&mut self, alive: bool, etcd: &mut Etcd) -> Result<(), String> {
        let now = clocks::boot();
        if !alive {
            return self.gives_back(etcd);
        }
        if now < self.next {
            return Ok(());
        }
        self.next = now + BETWEEN;
        let until = now + etcd.timeout();
        if let Some(lease) = self.held {
            let body = gateway::of_lease(lease);
            let kept: gateway::Streamed<gateway::Lease> =
                etcd.ask(KEEP_ALIVE, &body, Asked::Again, until)?;
            if kept.result.seconds > 0 {
                self.shown.kept_ns = Some(now.0);
                return Ok(());
            }
            // It ended meanwhile, and the key with it.
            self.held = None;
            self.shown.kept_ns = None;
        }
        let granted: gateway::Lease =
            etcd.ask(GRANT, &gateway::grant(SECONDS), Asked::Again, until)?;
        let put = gateway::put(&self.key, &self.value, granted.id);
        let _done: serde_json::Value = etcd.ask(PUT, &put, Asked::Again, until)?;
        self.held = Some(granted.id);
        self.shown.granted += 1;
        self.shown.kept_ns = Some(now.0);
        Ok(())
    }

    /// Once; one that is not given back ends by itself.
    fn gives_back(&mut self, etcd: &mut Etcd) -> Result<(), String> {
        let Some(lease) = self.held.take() else { return Ok(()) };
        self.shown.kept_ns = None;
        self.next = Time(0);
        let until = clocks::boot() + etcd.timeout();
        let body = gateway::of_lease(lease);
        let _done: serde_json::Value = etcd.ask(REVOKE, &body, Asked::Again, until)?;
        Ok(())
    }
}
