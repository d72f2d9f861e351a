//! Two sites and their witness on the stage: started, told who is first, looked at, ended in order. Must not
//! know what goes wrong meanwhile, nor what is checked at the end.

use std::fs;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use daemon::control::{AskError, ask_node, ask_status};
use daemon::node_requests::{NodeRequest, NodeRole, NodeStatus, SyncState, question};
use rustix::process::Signal;

use super::super::cast::Switch;
use super::super::process::{Process, SITES, Who};
use super::super::setting::{self, DRAIN};
use super::super::stage::{
    ANY_PORT, Heard, LOOK, SETTLE_MAX, STOP_MARGIN, Stage, Stop, Stopped, told,
};
use super::setting::{Addresses, configuration};
use super::witness::{self, Witness};
use crate::clock;

/// How often a site is asked how it stands; a daemon takes 20 questions of a user a second.
const ASK_EVERY: Duration = Duration::from_millis(150);
/// Bytes of a journal's key.
const KEY_BYTES: u64 = 32;

/// One of the two.
#[derive(Debug, Default)]
pub(in crate::demo) struct Site {
    pub(in crate::demo) switch: Switch,
    /// How it stands, when it answered last; none while it is away.
    pub(super) stands: Option<NodeStatus>,
}

/// Both, and who says which of them reigns.
#[derive(Debug)]
pub(in crate::demo) struct Sites {
    pub(in crate::demo) all: [Site; 2],
    pub(in crate::demo) witness: Witness,
    addresses: Addresses,
    etcd: PathBuf,
    asked: Option<Instant>,
}

impl Site {
    pub(super) fn is_primary(&self) -> bool {
        self.stands.as_ref().is_some_and(|stands| stands.role == NodeRole::Primary)
    }

    /// It reigns, and the other one has all that was released.
    pub(super) fn is_followed(&self) -> bool {
        let is_so = |stands: &NodeStatus| {
            let peer = stands.peer.as_ref().and_then(|peer| peer.role);
            stands.sync == SyncState::Sync && peer == Some(NodeRole::Standby)
        };
        self.is_primary() && self.stands.as_ref().is_some_and(is_so)
    }
}

impl Sites {
    pub(super) fn new(etcd: PathBuf) -> io::Result<Box<Self>> {
        let addresses = Addresses::own()?;
        let (all, witness) = (Default::default(), Witness::default());
        Ok(Box::new(Self { all, witness, addresses, etcd, asked: None }))
    }

    /// Where both sites wait for an acquirer.
    pub(in crate::demo) fn listen(&self, acquirer: usize) -> [SocketAddr; 2] {
        self.addresses.listen.map(|of_site| of_site[acquirer])
    }

    /// The site that reigns as far as is known, else the first one.
    pub(super) fn primary(&self) -> usize {
        self.all.iter().position(Site::is_primary).unwrap_or(0)
    }

    pub(in crate::demo) fn process(&mut self, who: Who) -> Option<&mut Process> {
        match who {
            Who::Site(place) => self.all[place].switch.process.as_mut(),
            Who::Witness => self.witness.process.as_mut(),
            Who::Switch | Who::Issuer(_) | Who::Acquirer(_) => None,
        }
    }

    /// Whether somebody was told to end, or was made to.
    pub(in crate::demo) fn is_stopping(&self, who: Who) -> bool {
        match who {
            Who::Site(place) => self.all[place].switch.stopping,
            Who::Witness => self.witness.stopping,
            Who::Switch | Who::Issuer(_) | Who::Acquirer(_) => false,
        }
    }
}

impl Stage {
    pub(super) fn sites(&self) -> &Sites {
        self.sites.as_ref().expect("a stage of two sites has them")
    }

    pub(super) fn sites_mut(&mut self) -> &mut Sites {
        self.sites.as_mut().expect("a stage of two sites has them")
    }

    /// Starts everybody but the acquirers; one site reigns then, and the other one follows.
    pub(super) fn open_sites(&mut self) -> Result<(), Stop> {
        self.start_witness()?;
        for place in 0..self.issuers.len() {
            self.start_issuer(place)?;
        }
        self.until("etcd to be ready", |stage| stage.sites().witness.is_ready)?;
        self.until("the issuers to listen", |stage| stage.issuers.iter().all(|i| i.is_up))?;
        self.write_key().map_err(|error| told("the journal's key", &error))?;
        for place in 0..SITES.len() {
            self.start_site(place)?;
        }
        self.until("both sites to answer", |stage| {
            stage.look_at_sites();
            stage.sites().all.iter().all(|site| site.stands.is_some())
        })?;
        let first = NodeRequest::Promote { confirmed: vec![question::FIRST.into()] };
        self.until_told(0, &first, |stage| stage.sites().all[0].is_primary())?;
        let join = NodeRequest::Join { replace: false };
        self.until_told(1, &join, |stage| stage.sites().all[0].is_followed())?;
        self.until("the primary to reach the issuers", |stage| {
            stage.look_at_sites();
            stage.issuers_linked()
        })
    }

    fn start_witness(&mut self) -> Result<(), Stop> {
        let sites = self.sites();
        let Addresses { witness: clients, members, .. } = sites.addresses;
        let role = witness::arguments(&sites.etcd, &self.place.witness(), clients, members);
        let process = self.start(Who::Witness, &role)?;
        self.sites_mut().witness.process = Some(process);
        Ok(())
    }

    /// One key for both journals.
    fn write_key(&self) -> io::Result<()> {
        let mut key = Vec::new();
        fs::File::open("/dev/urandom")?.take(KEY_BYTES).read_to_end(&mut key)?;
        fs::write(self.place.key(), key)
    }

    /// Starts a site, on what it has if it was there before.
    pub(super) fn start_site(&mut self, place: usize) -> Result<(), Stop> {
        let folder = self.place.site(SITES[place]);
        let issuers = [0, 1].map(|place: usize| self.issuers[place].address.unwrap_or(ANY_PORT));
        let key = self.place.key();
        let text = configuration(place, folder.path(), &key, &self.sites().addresses, issuers);
        let path = folder.configuration();
        let written = fs::create_dir_all(folder.path()).and_then(|()| fs::write(&path, text));
        written.map_err(|error| told("the configuration", &error))?;
        let process = self.start(Who::Site(place), &setting::switch(&path))?;
        let site = &mut self.sites_mut().all[place];
        (site.switch.process, site.switch.stopping) = (Some(process), false);
        Ok(())
    }

    /// Tells a site what an operator would, until it does it and that is seen.
    fn until_told(
        &mut self,
        place: usize,
        request: &NodeRequest,
        is_so: impl Fn(&Self) -> bool,
    ) -> Result<(), Stop> {
        let socket = self.place.site(SITES[place]).socket();
        let what = format!("{} to {}", SITES[place], request.action());
        let (mut is_told, mut due) = (false, clock::now());
        self.until(&what, |stage| {
            if !is_told && clock::now() >= due {
                due = clock::now() + ASK_EVERY;
                is_told = ask_node(&socket, request).is_ok_and(|reply| reply.questions.is_empty());
            }
            stage.look_at_sites();
            is_told && is_so(stage)
        })
    }

    /// Kills the primary where it is.
    pub(super) fn kill_site(&mut self, place: usize) {
        let site = &mut self.sites_mut().all[place];
        (site.switch.stopping, site.stands) = (true, None);
        self.signal(Who::Site(place), Signal::KILL);
    }

    /// Asks both how they stand, not too often, and the primary for its status.
    pub(super) fn look_at_sites(&mut self) {
        let now = clock::now();
        let asked = &mut self.sites_mut().asked;
        if asked.is_some_and(|asked| now < asked + ASK_EVERY) {
            return;
        }
        *asked = Some(now);
        for (place, name) in SITES.iter().enumerate() {
            let socket = self.place.site(name).socket();
            let stands = match ask_node(&socket, &NodeRequest::Status) {
                Ok(reply) => reply.status,
                Err(AskError::NoDaemon(_)) => None,
                // It is there, and busy.
                Err(_) => continue,
            };
            self.sites_mut().all[place].stands = stands;
        }
        let primary = self.place.site(SITES[self.sites().primary()]);
        // One that does not answer leaves what it said before.
        if let Ok(status) = ask_status(&primary.socket()) {
            self.status = Some(status);
        }
    }

    /// Waits until nothing is under way and nothing is kept for the issuers, and both sites are as they should
    /// be; no longer than that takes at most.
    pub(super) fn settle_sites(&mut self) -> Result<(), Stop> {
        let deadline = clock::now() + SETTLE_MAX;
        loop {
            self.look_at_sites();
            let sites = self.sites();
            let open = self.status.as_ref().map(|status| {
                let in_flight = status.stations.iter().map(|station| u64::from(station.in_flight));
                let stored = status.workers.iter().map(|worker| u64::from(worker.stored));
                in_flight.sum::<u64>() + stored.sum::<u64>()
            });
            let are_in_sync = sites.all.iter().all(|site| {
                site.stands.as_ref().is_some_and(|stands| stands.sync == SyncState::Sync)
            });
            let is_followed = sites.all[sites.primary()].is_followed() && are_in_sync;
            let is_settled = open == Some(0) && is_followed;
            if is_settled || clock::now() > deadline {
                return Ok(());
            }
            if let Heard::Signal(signal) = self.next(LOOK)? {
                return Err(Stop::Interrupted(signal));
            }
        }
    }

    /// Stops both as an operator does, the primary first, and the witness last.
    pub(super) fn stop_sites(&mut self) -> Result<[Stopped; 2], Stop> {
        let primary = self.sites().primary();
        let mut stopped = [Stopped::default(); 2];
        for place in [primary, 1 - primary] {
            let begun = clock::now();
            self.sites_mut().all[place].switch.stopping = true;
            self.signal(Who::Site(place), Signal::TERM);
            self.wait_for_end(Who::Site(place), begun + DRAIN + STOP_MARGIN)?;
            let process = self.sites().all[place].switch.process.as_ref();
            let code = process.and_then(Process::ended).and_then(|status| status.code());
            stopped[place] = Stopped { took: clock::now() - begun, code };
        }
        self.sites_mut().witness.stopping = true;
        self.signal(Who::Witness, Signal::TERM);
        self.wait_for_end(Who::Witness, clock::now() + DRAIN)?;
        Ok(stopped)
    }
}
