//! What operators may have done to a running node: stored messages, asked of the worker that owns
//! their issuer. Must not know how a request came, nor what a message says.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam::channel::{Sender, bounded};
use switch_core::ids::{Stan, StationId, WorkerId};

use crate::clocks;
use crate::config::ControlRoles;
use crate::control::{Entry, Peer, Role, role_of};
use crate::mesh::Mesh;
use crate::not_done::NotDone;
use crate::recorder::recorder;
use crate::running::Running;
use crate::saf::{LISTED_MAX, SafReply, SafRequest, parts};
use crate::wishes::{self, Said, Wishes};
use crate::worker::{Command, SafOrder, SafWish, Which};

/// How long a worker may take, the commit of what it writes down with it.
const PATIENCE: Duration = Duration::from_secs(3);

/// The way to what is stored.
#[derive(Debug)]
pub struct Operators {
    running: Arc<Running>,
    mesh: Arc<Mesh>,
    journaled: bool,
    /// The daemon's own user; none in a trial, in which everybody counts.
    own_uid: Option<u32>,
    /// Who wants what purged. Its lock is held by one at a time: the control thread.
    wishes: Mutex<Wishes>,
}

impl Operators {
    /// Of a node that runs by this and has these workers; with a journal, or without; in a trial, or not.
    pub fn new(running: Arc<Running>, mesh: Arc<Mesh>, journaled: bool, demo: bool) -> Self {
        let own_uid = (!demo).then(|| rustix::process::geteuid().as_raw());
        Self { running, mesh, journaled, own_uid, wishes: Mutex::default() }
    }

    /// Who may do what, by the configuration of the moment.
    pub fn roles(&self) -> impl Fn() -> ControlRoles + Send + 'static {
        let running = Arc::clone(&self.running);
        move || running.now().configuration.control_roles.clone()
    }

    /// Where commands are written down.
    pub fn recorder(&self) -> impl Fn(&Entry<'_>, &Sender<bool>) + Send + 'static {
        recorder(self.journaled.then(|| Arc::clone(&self.mesh)))
    }

    /// Shows or changes stored messages, for whoever is at the control socket.
    ///
    /// # Errors
    /// Why it was not done. What was changed is in the journal when this returns.
    pub fn saf(&self, request: &SafRequest, peer: &Peer) -> Result<SafReply, NotDone> {
        let by = || peer.name.clone();
        let (id, wish) = match request {
            SafRequest::List { issuer } => return self.list(issuer.as_deref()),
            SafRequest::Page { issuer, after: (utc, stan) } => {
                let issuer = self.issuer(issuer)?;
                return self.listed(issuer, Which::After(*utc, Stan(*stan)), LISTED_MAX);
            }
            SafRequest::Show { id } => (id, SafWish::Show),
            SafRequest::Hold { id } => (id, SafWish::Hold(by())),
            SafRequest::Release { id } => (id, SafWish::Release(by())),
            SafRequest::Purge { id } => return self.purge(id, peer),
        };
        self.of(id, wish)
    }

    /// Gives one up when another operator has wanted that too; else says that one has to.
    fn purge(&self, id: &str, peer: &Peer) -> Result<SafReply, NotDone> {
        if self.own_uid.is_some_and(|own| peer.uid == 0 || peer.uid == own) {
            return Err(NotDone::NotPermitted(
                "not permitted: root and the daemon's own user are neither of the two who purge, as an \
                 operator may become them; let two users of control.operators say it"
                    .into(),
            ));
        }
        let mut shown = self.of(id, SafWish::Show)?;
        let item = shown.items.first().expect("one is shown");
        let which = wishes::Which { id: item.id.clone(), made_utc: item.made_utc };
        let mut wishes = self.wishes.lock().unwrap_or_else(PoisonError::into_inner);
        let lists = &self.running.now().configuration.control_roles;
        let own_uid = rustix::process::geteuid().as_raw();
        wishes.retain(|peer| role_of(peer, lists, own_uid) >= Some(Role::Operator));
        match wishes.handle(clocks::boot(), &which, peer) {
            Said::Second(other) => {
                let done = self.of(id, SafWish::Purge([other, peer.name.clone()]))?;
                wishes.forget(&which);
                Ok(done)
            }
            Said::First => {
                let (id, name, minutes) = (&which.id, &peer.name, wishes::WAITS.as_secs() / 60);
                shown.note = Some(format!(
                    "{id} is not purged yet: {name} has said so, and another operator has to say the same within {minutes} minutes, sekisho saf purge {id}"
                ));
                Ok(shown)
            }
            Said::TooManyOfOne => Err(NotDone::Failed(format!(
                "{} purges that {} has asked for wait for a second operator already; let them be done, or \
                 wait ten minutes",
                wishes::WISHES_OF_ONE_MAX,
                peer.name
            ))),
            Said::TooMany => Err(NotDone::Failed(format!(
                "{} purges wait for a second operator already; let them be done, or wait ten minutes",
                wishes::WISHES_MAX
            ))),
        }
    }

    /// Has something done about one.
    fn of(&self, id: &str, wish: SafWish) -> Result<SafReply, NotDone> {
        let (issuer, stan) = parts(id)?;
        let (issuer, worker) = self.issuer(issuer)?;
        let order = SafOrder::Of { issuer, stan: Stan(stan), wish };
        self.ask(worker, order)
    }

    /// A share of each issuer's, so that the backlog of one does not hide what the others wait for.
    fn list(&self, issuer: Option<&str>) -> Result<SafReply, NotDone> {
        if let Some(name) = issuer {
            return self.listed(self.issuer(name)?, Which::First, LISTED_MAX);
        }
        let plan = &self.running.now().plan;
        let stations = (0..).map(StationId).zip(&plan.stations);
        let mut issuers: Vec<_> = stations.filter(|(_, s)| s.settings.role.issues()).collect();
        issuers.sort_by_key(|(_, station)| &station.settings.name);
        let share = (LISTED_MAX / issuers.len().max(1)).max(1);
        let mut all = SafReply::default();
        for (issuer, station) in issuers {
            let issuer = (issuer, station.worker);
            let SafReply { items, more, .. } = self.listed(issuer, Which::First, share)?;
            all.items.extend(items);
            all.more += more;
        }
        Ok(all)
    }

    fn listed(
        &self,
        (issuer, worker): (StationId, WorkerId),
        which: Which,
        most: usize,
    ) -> Result<SafReply, NotDone> {
        self.ask(worker, SafOrder::List { issuer, which, most })
    }

    /// The issuer of that name, and the worker that owns its links.
    fn issuer(&self, name: &str) -> Result<(StationId, WorkerId), NotDone> {
        let plan = &self.running.now().plan;
        let mut stations = plan.stations.iter();
        let place = stations.position(|s| s.settings.name == name && s.settings.role.issues());
        let id = place.and_then(|place| u16::try_from(place).ok()).map(StationId);
        id.map(|id| (id, plan.station(id).worker)).ok_or_else(|| {
            let issuers = plan.stations.iter().filter(|s| s.settings.role.issues());
            let names: Vec<&str> = issuers.map(|s| s.settings.name.as_str()).collect();
            let names = if names.is_empty() { "none".into() } else { names.join(", ") };
            NotDone::NotFound(format!("there is no issuer {name:?}; there is {names}"))
        })
    }

    fn ask(&self, worker: WorkerId, order: SafOrder) -> Result<SafReply, NotDone> {
        let (sender, reply) = bounded(1);
        let is_change = matches!(&order, SafOrder::Of { wish, .. } if *wish != SafWish::Show);
        let silent = || {
            let next = if is_change {
                "whether it was done is not known: look again"
            } else {
                "try again"
            };
            let (worker, seconds) = (worker.0, PATIENCE.as_secs());
            NotDone::Failed(format!(
                "worker {worker} did not answer within {seconds} s; {next}, and see sekisho status"
            ))
        };
        if !self.mesh.command(worker, Command::Saf(order, sender)) {
            return Err(silent());
        }
        reply.recv_timeout(PATIENCE).map_err(|_| silent())?
    }
}
