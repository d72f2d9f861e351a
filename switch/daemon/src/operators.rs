//! What operators may have done to a running node: stored messages, asked of the worker that owns
//! their issuer. Must not know how a request came, nor what a message says.

use std::sync::Arc;
use std::time::Duration;

use crossbeam::channel::bounded;
use switch_core::ids::{Stan, StationId, WorkerId};
use switch_core::plan::Plan;

use crate::mesh::Mesh;
use crate::saf::{LISTED_MAX, SafError, SafReply, SafRequest, parts};
use crate::worker::{Command, SafOrder, SafWish};

/// How long a worker may take, the commit of what it writes down with it.
const PATIENCE: Duration = Duration::from_secs(3);

/// The way to what is stored.
#[derive(Debug)]
pub struct Operators {
    plan: Arc<Plan>,
    mesh: Arc<Mesh>,
}

impl Operators {
    /// Of a node with this plan and these workers.
    pub fn new(plan: Arc<Plan>, mesh: Arc<Mesh>) -> Self {
        Self { plan, mesh }
    }

    /// Shows or changes stored messages.
    ///
    /// # Errors
    /// Why it was not done. What was changed is in the journal when this returns.
    pub fn saf(&self, request: &SafRequest) -> Result<SafReply, SafError> {
        request.check()?;
        let (id, wish) = match request {
            SafRequest::List { issuer } => return self.list(issuer.as_deref()),
            SafRequest::Show { id } => (id, SafWish::Show),
            SafRequest::Hold { id, operator } => (id, SafWish::Hold(operator.clone())),
            SafRequest::Release { id, operator } => (id, SafWish::Release(operator.clone())),
            SafRequest::Purge { id, operator, second } => {
                (id, SafWish::Purge([operator.clone(), second.clone()]))
            }
        };
        let (issuer, stan) = parts(id)?;
        let issuer = self.issuer(issuer)?;
        let order = SafOrder::Of { issuer, stan: Stan(stan), wish };
        self.ask(self.plan.station(issuer).worker, order)
    }

    fn list(&self, issuer: Option<&str>) -> Result<SafReply, SafError> {
        if let Some(name) = issuer {
            let issuer = self.issuer(name)?;
            return self.ask(self.plan.station(issuer).worker, SafOrder::List(Some(issuer)));
        }
        let mut all = SafReply::default();
        for worker in (0..self.plan.workers).map(WorkerId) {
            let SafReply { items, more } = self.ask(worker, SafOrder::List(None))?;
            all.items.extend(items);
            all.more += more;
        }
        // A stable sort: of each issuer they stay in their order.
        all.items.sort_by(|a, b| a.issuer.cmp(&b.issuer));
        let beyond = all.items.len().saturating_sub(LISTED_MAX);
        all.items.truncate(LISTED_MAX);
        all.more += u64::try_from(beyond).expect("a length fits");
        Ok(all)
    }

    /// The issuer of that name.
    fn issuer(&self, name: &str) -> Result<StationId, SafError> {
        let mut stations = self.plan.stations.iter();
        let place = stations.position(|s| s.settings.name == name && s.settings.role.issues());
        let id = place.and_then(|place| u16::try_from(place).ok()).map(StationId);
        id.ok_or_else(|| {
            let issuers = self.plan.stations.iter().filter(|s| s.settings.role.issues());
            let names: Vec<&str> = issuers.map(|s| s.settings.name.as_str()).collect();
            let names = if names.is_empty() { "none".into() } else { names.join(", ") };
            SafError::NotFound(format!("there is no issuer {name:?}; there is {names}"))
        })
    }

    fn ask(&self, worker: WorkerId, order: SafOrder) -> Result<SafReply, SafError> {
        let (sender, reply) = bounded(1);
        let is_change = matches!(&order, SafOrder::Of { wish, .. } if *wish != SafWish::Show);
        let silent = || {
            let next = if is_change {
                "whether it was done is not known: look again"
            } else {
                "try again"
            };
            let (worker, seconds) = (worker.0, PATIENCE.as_secs());
            SafError::Failed(format!(
                "worker {worker} did not answer within {seconds} s; {next}, and see sekisho status"
            ))
        };
        if !self.mesh.command(worker, Command::Saf(order, sender)) {
            return Err(silent());
        }
        reply.recv_timeout(PATIENCE).map_err(|_| silent())?
    }
}
