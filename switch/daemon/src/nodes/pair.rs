//! One of two nodes for operators: how it stands, and what they want of it, handed to whoever knows the rules.
//! Must not know these rules, nor how a request came.

use std::io::{self, ErrorKind};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crossbeam::channel::{Receiver, RecvTimeoutError};
use journal::disk::SystemDisk;
use journal::raw;
use journal::roles::control::Joining;
use journal::roles::refusal::{Differs, Refusal};
use journal::roles::view::{Part, Safety, View, Waiting};
use journal::roles::wish::{Confirmed, Done, Question as Asked, Wish};
use journal::ship::message::{Digests, Role};
use switch_core::time::Time;

use super::drills::Drills;
use super::isolation;
use super::looking::Looking;
use super::witness::{files, witness};
use super::words::waits;
use crate::clocks;
use crate::config::{self, Way, hex};
use crate::health;
use crate::hooks::Hooks;
use crate::journaling::{Scrubbed, orphans};
use crate::mesh::Mesh;
use crate::node_requests::{
    DigestStatus, Diverged, Lag, LogStatus, NodeReply, NodeRequest, NodeRole, NodeStatus,
    PeerStatus, Question, REIGNS_TOLD_MAX, Reign, SyncState,
};
use crate::not_done::NotDone;
use crate::peer::Shown;
use crate::running::Running;
use crate::witness::{WitnessShown, digest};

/// How long an operator waits for what was wished: a switch-over drains for two seconds, and waits for its
/// standby.
const PATIENCE: Duration = Duration::from_secs(8);

/// By then a node that has to ask something first has done so.
const NOTED_AFTER: Duration = Duration::from_millis(100);

/// One of two nodes, whichever part it has.
pub(crate) struct Pair {
    pub(crate) running: Arc<Running>,
    pub(crate) journal: SystemDisk,
    pub(crate) files: Files,
    /// How it stands by the rules.
    pub(crate) shown: Box<dyn Fn() -> Shown + Send + Sync>,
    /// Takes a wish to whoever knows the rules; what comes of it is said once, or never where the node ends
    /// before.
    pub(crate) wish: Box<dyn Fn(Wish) -> Receiver<Result<Done, Refusal>> + Send + Sync>,
    /// What this site must have like the other one.
    pub(crate) digests: Box<dyn Fn() -> Digests + Send + Sync>,
    /// How far a standby has taken the log into its state.
    pub(crate) replayed: Box<dyn Fn() -> Option<u64> + Send + Sync>,
    /// What is known of rot in its log.
    pub(crate) scrubbed: Arc<Scrubbed>,
    /// The ways to its workers, from when on there are any.
    pub(crate) serves: OnceLock<Arc<Mesh>>,
    /// Who runs what an operator has done when a reign begins or ends.
    pub(crate) hooks: Arc<Hooks>,
    /// What drills take.
    pub(crate) drills: Drills,
}

/// What stands in files of the journal, and who looks there.
pub(crate) struct Files(Looking<(Vec<Reign>, Vec<Diverged>, u64)>);

impl Files {
    /// Of this journal.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub(crate) fn of(journal: SystemDisk) -> io::Result<Self> {
        let look =
            move || (reigns(&journal), orphans::shown(&journal), orphans::kept_bytes(&journal));
        Looking::start(look).map(Self)
    }
}

impl Pair {
    /// Shows how it stands, or has done what an operator wants.
    ///
    /// # Errors
    /// Why it was not done.
    pub(crate) fn answer(&self, request: &NodeRequest) -> Result<NodeReply, NotDone> {
        let wish = match request {
            NodeRequest::Status => {
                return Ok(NodeReply { status: Some(self.status()), ..NodeReply::default() });
            }
            NodeRequest::Orphans { file } => return self.orphans(file.as_deref()),
            NodeRequest::Promote { confirmed: ids } => Wish::Promote(confirmed(ids)?),
            NodeRequest::Demote { confirmed: ids } => Wish::Demote(confirmed(ids)?),
            NodeRequest::Switchover => Wish::SwitchOver,
            NodeRequest::Join { replace } => Wish::Join { replace: *replace },
            NodeRequest::Isolate { end: true, .. } => Wish::Rejoin,
            NodeRequest::Isolate { confirmed: ids, .. } => Wish::Isolate(confirmed(ids)?),
            NodeRequest::Drill { .. } | NodeRequest::Evidence { .. } | NodeRequest::Back => {
                let mesh = self.serves.get();
                return self.drills.answer(request, &self.journal, (&|| self.status(), mesh));
            }
        };
        let silent = |why| {
            NotDone::Failed(match why {
                RecvTimeoutError::Timeout => {
                    let seconds = PATIENCE.as_secs();
                    format!(
                        "it was not done within {seconds} s, and whether it will be is not known: see \
                         sekisho node status on both nodes"
                    )
                }
                RecvTimeoutError::Disconnected => {
                    "it was not done: too much is wanted of this node at once, \
                                                   or it is about to end; see sekisho node status"
                        .into()
                }
            })
        };
        let answered = (self.wish)(wish);
        let answer = if let NodeRequest::Isolate { reason, end: false, .. } = request {
            self.isolates(&answered, reason.as_deref())
        } else {
            answered.recv_timeout(PATIENCE)
        };
        self.in_reply(answer.map_err(silent)?)
    }

    /// What came of a wish.
    fn in_reply(&self, answer: Result<Done, Refusal>) -> Result<NodeReply, NotDone> {
        match answer {
            Ok(done) => {
                let (status, done) = (Some(self.status()), Some(self.in_words(done)));
                Ok(NodeReply { status, done, ..NodeReply::default() })
            }
            Err(Refusal::Asks(questions)) => {
                let questions = questions.into_iter().map(question).collect();
                Ok(NodeReply { questions, ..NodeReply::default() })
            }
            Err(refusal) => Err(not_done(&refusal)),
        }
    }

    /// Waits for an isolation, and notes why somebody wants it: unless something is asked first, and before it is
    /// known to be done, as that may take a disk that hangs.
    fn isolates(
        &self,
        answered: &Receiver<Result<Done, Refusal>>,
        reason: Option<&str>,
    ) -> Result<Result<Done, Refusal>, RecvTimeoutError> {
        let soon = answered.recv_timeout(NOTED_AFTER);
        if !matches!(soon, Ok(Err(_))) {
            isolation::notes(&self.running.now().configuration.state, reason);
        }
        if matches!(soon, Err(RecvTimeoutError::Timeout)) {
            return answered.recv_timeout(PATIENCE);
        }
        soon
    }

    /// A listing of what was cut, or the newest.
    fn orphans(&self, file: Option<&str>) -> Result<NodeReply, NotDone> {
        let newest = || orphans::shown(&self.journal).into_iter().next().map(|newest| newest.file);
        let none = || NotDone::NotFound("nothing was cut from the log of this node".into());
        let name = file.map(str::to_owned).or_else(newest).ok_or_else(none)?;
        let listed = orphans::listing(&self.journal, &name).map_err(|error| {
            let is_missing = error.kind() == ErrorKind::NotFound;
            let words = format!("the listing of {name} can not be read: {error}");
            if is_missing { NotDone::NotFound(words) } else { NotDone::Failed(words) }
        })?;
        Ok(NodeReply { orphans: Some(listed), ..NodeReply::default() })
    }

    /// How it stands.
    pub(crate) fn status(&self) -> NodeStatus {
        let shown = (self.shown)();
        let (now, configuration) = (clocks::boot(), Arc::clone(&self.running.now().configuration));
        let peer_of = configuration.peer.as_ref();
        let (reigns, diverged, diverged_bytes) = self.files.0.seen();
        let bare = NodeStatus {
            name: configuration.node.clone(),
            mode: configuration.journal.sync.word().to_owned(),
            when_standby_lost: peer_of.map(|peer| peer.when_standby_lost.word().to_owned()),
            build: BUILD.to_owned(),
            reigns,
            diverged,
            diverged_bytes,
            scrub: Some(self.scrubbed.status()),
            hook: self.hooks.status().map(Box::new),
            catch_up: shown.catch_up,
            machine: Some(Box::new(self.drills.machine.seen())),
            ..NodeStatus::default()
        };
        // None: the thread that knows has not turned once.
        let Some(view) = &shown.view else { return NodeStatus { role: NodeRole::Standby, ..bare } };
        let is_primary = matches!(view.part, Part::Primary | Part::Beginning | Part::HandingOver);
        NodeStatus {
            role: role(view.part),
            epoch: view.reign.0,
            sync: sync(view.safety),
            why: why(view, &shown),
            sync_since_s: Some(now.since(Time(view.safety_since)).as_secs()),
            log: LogStatus {
                position: view.end.position.0,
                durable: view.durable.0,
                acknowledged: view.acknowledged.map(|position| position.0),
                released: if is_primary {
                    view.released.0.min(view.durable.0)
                } else {
                    view.released.0
                },
                replayed: (self.replayed)().filter(|_| !is_primary),
            },
            lag: lag(view, &shown, is_primary),
            records_at_risk: view.at_risk,
            peer: Some(peer(view, &shown, (peer_of, now))),
            witness: witness(view, &shown, now),
            digests: digests(&(self.digests)(), view, shown.witness.as_ref()),
            joining: view.joining != Joining::No,
            repairing: view.repairing,
            certificate_ends_utc: shown.line.ours_until,
            certificates: files(&shown),
            isolated: view.isolated.then(|| Box::new(isolation::noted(&configuration.state))),
            sick: self.serves.get().and_then(|mesh| health::shown(mesh)).map(Box::new),
            ..bare
        }
    }

    /// What this site has otherwise than the other one told last.
    pub(crate) fn differing(&self) -> Vec<String> {
        let shown = (self.shown)();
        let told = |view| digests(&(self.digests)(), view, shown.witness.as_ref());
        let told = shown.view.as_ref().map(told).unwrap_or_default();
        told.into_iter().filter(|digest| digest.differs).map(|digest| digest.what).collect()
    }

    /// How it stands, in a line for people.
    pub(crate) fn words(&self) -> String {
        let shown = (self.shown)();
        let Some(view) = &shown.view else { return "standby".to_owned() };
        let why = why(view, &shown);
        let part = match role(view.part) {
            NodeRole::Alone | NodeRole::Standby => "standby",
            NodeRole::Promoting => "about to reign",
            NodeRole::Primary => "primary",
            NodeRole::HandingOver => "handing over",
        };
        if why.is_empty() { part.to_owned() } else { format!("{part}: {why}") }
    }

    fn in_words(&self, done: Done) -> String {
        let (node, peer) = {
            let configuration = &self.running.now().configuration;
            let peer = configuration.peer.as_ref().map(|peer| peer.name.clone());
            (configuration.node.clone(), peer.unwrap_or_default())
        };
        match done {
            Done::Promoted { epoch, lossy } => {
                let lossy = if lossy { "; records may be missing" } else { "" };
                format!("{node} reigns by epoch {}{lossy}", epoch.0)
            }
            Done::Isolated => {
                format!(
                    "{node} is isolated: it has nothing to do with {peer} until sekisho node isolate --end"
                )
            }
            Done::Rejoins => {
                format!("the isolation of {node} is over: it is about to be a standby")
            }
            Done::Demoted => format!("{node} is about to be a standby"),
            Done::SwitchedOver { epoch } => format!("{peer} reigns by epoch {}", epoch.0),
            Done::Joins => {
                format!("{node} takes the log of {peer} as soon as that one is the primary")
            }
        }
    }
}

/// This program, as nodes tell each other.
pub(crate) const BUILD: &str = concat!("sekishod ", env!("CARGO_PKG_VERSION"));

fn confirmed(ids: &[String]) -> Result<Confirmed, NotDone> {
    ids.iter().try_fold(Confirmed::default(), |confirmed, id| {
        let question = Asked::of(id);
        let unknown = || NotDone::NotFound(format!("nothing that is asked is called {id:?}"));
        question.map(|question| confirmed.and(question)).ok_or_else(unknown)
    })
}

fn question(asked: Asked) -> Question {
    let (id, text, consequence) = (asked.id(), asked.text(), asked.consequence());
    Question { id: id.into(), text: text.into(), consequence: consequence.into() }
}

/// In kinds that programs go by.
fn not_done(refusal: &Refusal) -> NotDone {
    let words = refusal.to_string();
    match refusal {
        Refusal::NoWitness
        | Refusal::TriedOn
        | Refusal::NoConsent(_)
        | Refusal::Overtaken
        | Refusal::NotDrained
        | Refusal::NotReached(_)
        | Refusal::NotTaken(_)
        | Refusal::Busy(_)
        | Refusal::NoEpoch => NotDone::Failed(words),
        Refusal::Asks(_)
        | Refusal::IsPrimary
        | Refusal::NotPrimary(_)
        | Refusal::PeerReigns(_)
        | Refusal::MustJoin(_)
        | Refusal::NotEmpty
        | Refusal::JoinedBefore(_)
        | Refusal::Repairing(_)
        | Refusal::Lacks(_)
        | Refusal::OtherCluster
        | Refusal::WitnessIsBehind { .. }
        | Refusal::NotInSync(_)
        | Refusal::Isolated
        | Refusal::NotIsolated
        | Refusal::Async
        | Refusal::Differs(_) => NotDone::Conflict(words),
    }
}

fn role(part: Part) -> NodeRole {
    match part {
        Part::Standby | Part::Ended => NodeRole::Standby,
        Part::Promoting | Part::Beginning => NodeRole::Promoting,
        Part::Primary => NodeRole::Primary,
        Part::HandingOver => NodeRole::HandingOver,
    }
}

fn sync(safety: Safety) -> SyncState {
    match safety {
        Safety::NoPrimary => SyncState::NoPrimary,
        Safety::Sync => SyncState::Sync,
        Safety::Solo => SyncState::Solo,
        Safety::Async => SyncState::Async,
        Safety::Stopped => SyncState::Stopped,
    }
}

/// What is missing, and why one node has nothing to do with the other's log.
fn why(view: &View, shown: &Shown) -> String {
    let is_refused = view.waiting == Waiting::Line && view.peer.line;
    let waiting = if is_refused { Waiting::Consent } else { view.waiting };
    let waits = waits(view.part, waiting);
    let trouble = shown.line.trouble.as_deref().filter(|_| !view.peer.line);
    let objection =
        view.peer.objects.or(view.peer.objected).filter(|_| view.waiting != Waiting::Nothing);
    let objection = objection.map(|objection| objection.to_string());
    let parts = [Some(waits).filter(|words| !words.is_empty()), trouble, objection.as_deref()];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// What the standby lacks, as far as this node knows.
fn lag(view: &View, shown: &Shown, is_primary: bool) -> Option<Lag> {
    if is_primary {
        let lag = shown.lag?;
        let ms = lag.for_ns / 1_000_000;
        return Some(Lag { records: lag.records, bytes: Some(lag.bytes), ms });
    }
    let records = view.peer.end.position.0.saturating_sub(view.durable.0);
    view.peer.role.map(|_| Lag { records, bytes: None, ms: 0 })
}

fn peer(view: &View, shown: &Shown, (of, now): (Option<&config::Peer>, Time)) -> PeerStatus {
    let (peer, line) = (&view.peer, &shown.line);
    // Where it comes from is known only when it has come.
    let looked_for = match of.map(|peer| &peer.way) {
        Some(Way::Connects(addresses)) => addresses.first().copied(),
        Some(Way::Listens(_)) | None => None,
    };
    let address = line.address.or(looked_for);
    PeerStatus {
        name: peer.name.to_string(),
        address: address.map(|address| address.to_string()).unwrap_or_default(),
        line_since_s: peer.line.then(|| now.since(Time(line.since_ns)).as_secs()),
        line_error: line.trouble.clone(),
        heard_ms: peer.heard.map(|heard| millis(now.since(Time(heard)))),
        role: peer.role.map(|role| match role {
            Role::Primary => NodeRole::Primary,
            Role::Standby | Role::Fenced => NodeRole::Standby,
        }),
        epoch: peer.role.map(|_| peer.reign.0),
        build: Some(peer.build.clone()).filter(|build| !build.is_empty()),
        clock_ahead_ms: line.ahead_ns.map(|nanos| nanos / 1_000_000),
        round_trip_us: line.round_trip_ns.map(|nanos| nanos / 1_000),
        machine: line.machine.clone(),
        certificate_ends_utc: line.theirs_until,
    }
}

/// The last reigns, the newest first.
fn reigns(journal: &SystemDisk) -> Vec<Reign> {
    let known = raw::reigns(journal, REIGNS_TOLD_MAX).unwrap_or_default();
    let reigns = known.iter().rev().take(REIGNS_TOLD_MAX).map(|(start, first)| Reign {
        epoch: start.epoch.0,
        first_batch: start.first_batch.0,
        first_position: first.map(|position| position.0),
    });
    reigns.collect()
}

/// `asked`: what is shown of the witness, where there is one.
fn digests(ours: &Digests, view: &View, asked: Option<&WitnessShown>) -> Vec<DigestStatus> {
    let theirs = view.peer.digests;
    let shown = |what: Differs, of: fn(&Digests) -> [u8; 16]| DigestStatus {
        what: what.to_string(),
        ours: hex(&of(ours)),
        theirs: theirs.as_ref().map(|theirs| hex(&of(theirs))),
        differs: theirs.as_ref().is_some_and(|theirs| of(theirs) != of(ours)),
    };
    let witness = asked.and_then(|asked| asked.cluster).map(|cluster| DigestStatus {
        what: Differs::Witness.to_string(),
        ours: hex(&digest(cluster)),
        theirs: theirs
            .map(|theirs| theirs.witness)
            .filter(|theirs| *theirs != [0; 16])
            .map(|theirs| hex(&theirs)),
        differs: view.peer.differs.contains(&Differs::Witness),
    });
    let mut all = vec![
        shown(Differs::Configuration, |digests| digests.configuration),
        shown(Differs::Dialects, |digests| digests.dialects),
        shown(Differs::Negative, |digests| digests.negative),
        shown(Differs::Keys, |digests| digests.keys),
    ];
    all.extend(witness);
    all
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
