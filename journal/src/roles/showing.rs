//! How a node stands, for those that look. Decides nothing.

use crate::roles::control::Joining;
use crate::roles::node::{Node, Phase};
use crate::roles::view::{Part, PeerView, Safety, View, Waiting, WitnessView};
use crate::ship::message::{Standing, WhenLost};
use crate::ship::sender::{CHANGE_OVER, CatchUp};

impl Node {
    /// How it stands now.
    pub fn view(&self) -> View {
        let reigning = match &self.phase {
            Phase::Reigning(reigning) => Some(reigning),
            Phase::Standby(_) | Phase::Rising(_) | Phase::Over => None,
        };
        let sender = reigning.and_then(|reigning| reigning.shipping.sender());
        let acknowledged =
            sender.map(|_| self.reign().shipping.matched(self.settings.mode).position);
        let released = self.log.released;
        View {
            part: self.part(),
            safety: self.safety(),
            safety_since: self.since.1,
            waiting: self.waiting(),
            reign: self.reign_shown(),
            promised: self.control.promised,
            lossy: reigning.is_some_and(|reigning| reigning.lossy),
            incarnation: self.start.incarnation,
            end: self.log.end,
            durable: self.log.durable.position,
            released,
            acknowledged,
            requires: reigning.is_some_and(|reigning| reigning.syncing.requires),
            at_risk: reigning.map_or(0, |reigning| released.0.saturating_sub(reigning.safe.0)),
            fenced: self.control.fenced,
            isolated: self.control.isolated,
            joining: self.control.joining,
            repairing: self.repairing().is_some(),
            catch_up: self.catch_up(),
            peer: self.peer_view(),
            witness: self.settings.witness.then(|| WitnessView {
                known: self.arbiter.known(),
                seen: self.arbiter.ever_seen().map(|_| self.arbiter.last_seen()),
                in_doubt: self.arbiter.doubt().is_some(),
                peer_alive: self.arbiter.ever_seen().is_some_and(|seen| seen.peer_alive),
            }),
        }
    }

    /// The sender's own figures, while it ships.
    pub fn lag(&self) -> Option<crate::ship::sender::Lag> {
        match &self.phase {
            Phase::Reigning(reigning) => {
                reigning.shipping.sender().map(|sender| sender.lag(self.now))
            }
            Phase::Standby(_) | Phase::Rising(_) | Phase::Over => None,
        }
    }

    /// How far the standby is, as the primary sends it or as it takes it.
    fn catch_up(&self) -> Option<CatchUp> {
        let standby = match &self.phase {
            Phase::Reigning(reigning) => return reigning.shipping.sender()?.catching_up(),
            Phase::Standby(standby) => standby,
            Phase::Rising(_) | Phase::Over => return None,
        };
        standby.following?;
        let (end, target) = (self.log.end, self.peer.end);
        let receiver = &standby.receiver;
        let snapshot = receiver.restoring();
        let is_far = target.batch.0 > end.batch.0.saturating_add(CHANGE_OVER);
        let from = if snapshot.is_some() { end } else { receiver.begun() };
        let (from, position, target) = (from.position, end.position, target.position);
        (is_far || snapshot.is_some()).then_some(CatchUp { from, position, target, snapshot })
    }

    fn peer_view(&self) -> PeerView {
        let peer = &self.peer;
        PeerView {
            name: peer.name,
            line: peer.line,
            heard: peer.heard,
            role: peer.role,
            standing: peer.role.map(|_| peer.standing),
            reign: peer.reign,
            incarnation: peer.incarnation,
            end: peer.end,
            build: peer.build.clone(),
            utc_ns: peer.utc_ns,
            echoed_ns: peer.echoed_ns,
            digests: peer.digests,
            differs: self.differences(),
            objects: peer.objects,
            objected: peer.objected,
            joined: self.control.peer_joined,
        }
    }

    fn part(&self) -> Part {
        match &self.phase {
            Phase::Standby(_) => Part::Standby,
            Phase::Rising(_) => Part::Promoting,
            Phase::Reigning(reigning) if reigning.handing.is_some() => Part::HandingOver,
            Phase::Reigning(reigning) if reigning.opened => Part::Primary,
            Phase::Reigning(_) => Part::Beginning,
            Phase::Over => Part::Ended,
        }
    }

    /// How safe the log is: a primary's own judgement, or what a standby hears of it.
    pub(super) fn safety(&self) -> Safety {
        if matches!(self.phase, Phase::Reigning(_)) {
            return self.safety_of_reign();
        }
        if !self.is_heard_reigning() {
            return Safety::NoPrimary;
        }
        match self.peer.standing {
            Standing::None => Safety::NoPrimary,
            Standing::Sync => Safety::Sync,
            Standing::Solo => Safety::Solo,
            Standing::Async => Safety::Async,
        }
    }

    pub(super) fn notes_safety(&mut self) {
        let safety = self.safety();
        if safety != self.since.0 {
            self.since = (safety, self.now);
        }
    }

    fn waiting(&self) -> Waiting {
        match &self.phase {
            Phase::Reigning(_) => self.waiting_reigning(),
            Phase::Rising(_) if self.settings.witness => Waiting::Witness,
            Phase::Rising(_) | Phase::Over => Waiting::Nothing,
            Phase::Standby(_) => self.waiting_as_standby(),
        }
    }

    fn waiting_as_standby(&self) -> Waiting {
        if self.is_isolated() {
            return Waiting::Isolated;
        }
        if self.repairing().is_some() {
            return Waiting::Repair;
        }
        if self.is_empty() && self.control.joining == Joining::No {
            return Waiting::FirstPrimaryOrJoin;
        }
        if self.is_heard_reigning() {
            let follows = self.standby().following.is_some();
            return if follows { Waiting::Nothing } else { Waiting::Primary };
        }
        match self.may_rise() {
            Err(Waiting::Nothing) | Ok(_) => Waiting::Line,
            Err(waiting) => waiting,
        }
    }

    fn waiting_reigning(&self) -> Waiting {
        let shipping = self.reign().shipping.is_shipping();
        match self.safety_of_reign() {
            Safety::Sync | Safety::Async | Safety::NoPrimary => Waiting::Nothing,
            Safety::Stopped if !self.reign().syncing.requires => Waiting::SoloLease,
            Safety::Stopped if self.settings.when_lost == WhenLost::Stop => Waiting::Standby,
            Safety::Stopped => Waiting::Record,
            Safety::Solo if !self.peer.line => Waiting::Line,
            Safety::Solo if shipping && self.reign().shipping.is_abreast(self.settings.mode) => {
                Waiting::Record
            }
            Safety::Solo => Waiting::CatchingUp,
        }
    }
}
