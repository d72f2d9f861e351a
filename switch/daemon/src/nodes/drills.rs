//! Drills, as operators have them begun on the primary: whether that may be now, and what is seen of one. Must not know
//! how a node dies, nor how a line is refused.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam::channel::Sender;
use journal::disk::SystemDisk;
use journal::format::Position;
use journal::seal::Keys;
use switch_core::time::Time;

use crate::clocks;
use crate::drilling::{Told, Watch, Watched, seen, watch};
use crate::drills::{Drill, Drilled, Evidence, FOR_MS};
use crate::mesh::Mesh;
use crate::node_requests::{NodeReply, NodeRequest, NodeRole, NodeStatus, SyncState};
use crate::not_done::NotDone;
use crate::pairing::Order;
use crate::peer::Ship;
use crate::worker::Event;

/// What drills take.
pub(crate) struct Drills {
    pub(crate) ship: Arc<Ship>,
    pub(crate) keys: Arc<Keys>,
    /// What this node says of its machine.
    pub(crate) machine: Arc<Watch>,
    /// The main thread.
    pub(crate) events: Sender<Event>,
    /// The one that was begun last and is to end this life, and until when.
    pub(crate) begun: Mutex<Option<(Drilled, Time)>>,
    /// The drill in which the life before this one ended.
    pub(crate) drilled: Option<Drilled>,
    /// What was seen of a line that was refused.
    pub(crate) watched: Arc<Watched>,
}

impl Drills {
    /// Does what is wanted of them, or shows what was seen.
    ///
    /// # Errors
    /// Why not.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are about no drill")]
    pub(super) fn answer(
        &self,
        request: &NodeRequest,
        journal: &SystemDisk,
        (status, mesh): (&dyn Fn() -> NodeStatus, Option<&Arc<Mesh>>),
    ) -> Result<NodeReply, NotDone> {
        match request {
            NodeRequest::Drill { drill, for_ms } => self.begin((*drill, *for_ms), &status(), mesh),
            NodeRequest::Evidence { from } => self.evidence(journal, *from),
            NodeRequest::Back => self.asks_back(&status()),
            _ => Err(NotDone::Failed("that is about no drill".into())),
        }
    }

    /// Begins one.
    ///
    /// # Errors
    /// Why not; nothing was done then.
    fn begin(
        &self,
        (drill, for_ms): (Drill, u64),
        status: &NodeStatus,
        mesh: Option<&Arc<Mesh>>,
    ) -> Result<NodeReply, NotDone> {
        self.may(drill, for_ms, status)?;
        let drilled = Drilled {
            drill,
            begun_ns: clocks::utc_ns(),
            ended_ns: None,
            for_ms,
            epoch: status.epoch,
            released: None,
        };
        let until = clocks::boot() + Duration::from_millis(for_ms);
        let done = match drill {
            Drill::Failover => "ends where it stands, as if it had died",
            Drill::SickPrimary => {
                let workers = || NotDone::Failed("nothing was done: it does not serve yet".into());
                mesh.ok_or_else(workers)?.pulses().withhold(until);
                "behaves as if its disk hung: it is to find that out, and to end its reign"
            }
            Drill::LinkLoss => {
                watch(&self.watched, &self.ship, until).map_err(|error| {
                    NotDone::Failed(format!("nobody can look at the release: {error}"))
                })?;
                self.ship.refuses_line(until);
                "refuses the line to the other node"
            }
        };
        // One that ends no life is told of by no later end.
        let ends_life = (drill != Drill::LinkLoss).then(|| (drilled.clone(), until));
        *self.begun.lock().unwrap_or_else(PoisonError::into_inner) = ends_life;
        let done = Some(format!("{} {done}", status.name));
        if drill == Drill::Failover {
            // The daemon may have ended already.
            drop(self.events.send(Event::Node(Order::Die)));
        }
        Ok(NodeReply { drilled: Some(Box::new(drilled)), done, ..NodeReply::default() })
    }

    /// The least that must be so: what else an operator wants to be so he has looked at before.
    fn may(&self, drill: Drill, for_ms: u64, status: &NodeStatus) -> Result<(), NotDone> {
        let not = |why: &str| Err(NotDone::Conflict(format!("nothing was done: {why}")));
        if status.role != NodeRole::Primary {
            return not("a drill is begun on the primary, and this node is none now");
        }
        if status.sync != SyncState::Sync {
            return not("a drill takes two nodes in sync; see sekisho node status");
        }
        let answers = status.witness.as_ref().is_some_and(|w| w.answers && !w.in_doubt);
        if drill != Drill::LinkLoss && !answers {
            return not("without a witness that answers, nobody takes over by itself");
        }
        if self.watched.is_under_way() {
            return not("another drill is under way");
        }
        if !FOR_MS.contains(&for_ms) {
            let (least, most) = (FOR_MS.start() / 1_000, FOR_MS.end() / 1_000);
            return not(&format!("a drill is for {least} to {most} seconds"));
        }
        Ok(())
    }

    /// This life ends, having released so much: the drill by which it does, if one was begun whose time is not over.
    pub(crate) fn ends(&self, released: Option<u64>) -> Option<Drilled> {
        let (begun, until) = self.begun.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        (clocks::boot() <= until).then(|| Drilled {
            ended_ns: Some(clocks::utc_ns()),
            released,
            ..begun
        })
    }

    /// What was seen of the last one, and what the log says of all that happened since.
    ///
    /// # Errors
    /// Why the log is not read.
    fn evidence(&self, journal: &SystemDisk, from: u64) -> Result<NodeReply, NotDone> {
        let (reigns, cut) = seen(journal, &self.keys, Position(from)).map_err(NotDone::Failed)?;
        let (drill, link) = (self.drilled.clone(), self.watched.shown());
        let evidence = Evidence { drill, link, reigns, cut };
        Ok(NodeReply { evidence: Some(Box::new(evidence)), ..NodeReply::default() })
    }

    /// Asks the other node to hand over to this one. It says in its own log what came of it.
    ///
    /// # Errors
    /// It can not be asked.
    fn asks_back(&self, status: &NodeStatus) -> Result<NodeReply, NotDone> {
        let peer = status.peer.as_ref().filter(|peer| peer.line_since_s.is_some());
        let Some(peer) = peer.filter(|_| status.role == NodeRole::Standby) else {
            return Err(NotDone::Conflict(
                "nothing was done: only a standby that has a line to its primary asks for that; on the \
                 primary it is sekisho node switchover"
                    .into(),
            ));
        };
        let told = Told { machine: None, hand_over: Some(status.name.clone()) };
        self.ship.tells_peer(&told);
        let done = format!("{} is asked to hand over", peer.name);
        Ok(NodeReply { done: Some(done), ..NodeReply::default() })
    }
}
