//! What operators want of a node: whether it may be done, what has to be answered for first, and
//! whether records may be missing then. Must not know how it is done.
//!
//! A promotion by hand is called lossless only where that is certain: by the record of the witness,
//! by the two logs side by side, or by what was promised to this node and the operator's word that
//! nobody reigned since. Everything else is lossy, and has to be confirmed as such.

use crate::format::Epoch;
use crate::mutants::{Mutant, breaks};
use crate::roles::control::{Fenced, Joining};
use crate::roles::event::{Action, Cause, Ending};
use crate::roles::name::NodeName;
use crate::roles::node::{Later, Node, Phase, Waited};
use crate::roles::objection::Objection;
use crate::roles::refusal::{Busy, Refusal};
use crate::roles::rising::{Basis, Plan};
use crate::roles::view::Safety;
use crate::roles::wish::{Confirmed, Done, Question, Wish, WishId};
use crate::roles::witness::Seen;
use crate::ship::message::{Hello, Mark, Role};

impl Node {
    pub(super) fn on_wish(&mut self, id: WishId, wish: Wish) {
        let busy = match self.later.map(|later| later.done) {
            Some(Done::Demoted | Done::Isolated) => Some(Busy::Demotion),
            Some(
                Done::Joins | Done::Rejoins | Done::Promoted { .. } | Done::SwitchedOver { .. },
            ) => Some(Busy::Starting),
            None => self.wish.map(|_| Busy::Promotion),
        };
        if let Some(busy) = busy {
            self.refuses(id, Refusal::Busy(busy));
            return;
        }
        if self.control.isolated && !matches!(wish, Wish::Isolate(_) | Wish::Rejoin) {
            self.refuses(id, Refusal::Isolated);
            return;
        }
        match wish {
            Wish::Isolate(confirmed) => self.on_wish_to_isolate(id, confirmed),
            Wish::Rejoin => self.on_wish_to_rejoin(id),
            Wish::Promote(confirmed) => self.on_wish_to_promote(id, confirmed),
            Wish::Demote(confirmed) => self.on_wish_to_demote(id, confirmed),
            Wish::SwitchOver => self.on_wish_to_switch_over(id),
            Wish::Join { replace } => self.on_wish_to_join(id, replace),
        }
    }

    fn refuses(&mut self, id: WishId, refusal: Refusal) {
        self.acts(Action::Answer(id, Err(refusal)));
    }

    fn on_wish_to_promote(&mut self, id: WishId, confirmed: Confirmed) {
        match &self.phase {
            Phase::Standby(_) => {
                let times = &self.settings.times;
                let patience = times.silence.saturating_add(times.witness_timeout * 3);
                let until = self.now.saturating_add(patience);
                self.wish = Some(Waited { id, confirmed, at: self.now, until });
                self.looks_now();
            }
            Phase::Rising(_) => self.refuses(id, Refusal::Busy(Busy::Promotion)),
            // It waits for its standby, and an operator says that it shall not.
            Phase::Reigning(reigning) if self.safety_of_reign() == Safety::Stopped => {
                let epoch = reigning.epoch;
                let asks = confirmed.lacks(&[Question::PeerFenced]);
                if !asks.is_empty() {
                    self.refuses(id, Refusal::Asks(asks));
                    return;
                }
                let lossy = reigning.lossy;
                self.goes_alone();
                self.acts(Action::Answer(id, Ok(Done::Promoted { epoch, lossy })));
            }
            Phase::Reigning(_) => self.refuses(id, Refusal::IsPrimary),
            Phase::Over => self.refuses(id, Refusal::Busy(Busy::Demotion)),
        }
    }

    /// Decides about a promotion by hand, as soon as what it depends on is known.
    pub(super) fn settle_wish(&mut self) {
        let Some(waited) = self.wish else { return };
        let has_consented = self.standby().granting.is_some() || self.standby().granted.is_some();
        if self.is_heard_reigning() || has_consented {
            self.wish = None;
            self.refuses(waited.id, Refusal::PeerReigns(self.peer.name));
            return;
        }
        let late = self.now >= waited.until;
        let seen = self.arbiter.seen_since(waited.at);
        if self.settings.witness && seen.is_none() {
            if late {
                self.wish = None;
                self.refuses(waited.id, Refusal::NoWitness);
            }
            return;
        }
        // What the other one committed may still leave for a second; and what is being cut is cut first.
        if !self.is_silent() || !self.standby().is_at_rest() {
            return;
        }
        match self.plan_by_hand(seen, waited.confirmed) {
            // Its operator may promote it in this very moment.
            Ok(plan) if plan.basis == Basis::Consent && !late => self.asks_consent(),
            Ok(plan) if plan.basis == Basis::Consent => {
                self.wish = None;
                // Its consent is not taken later, when nobody wants it any more.
                self.standby_mut().asking = None;
                self.refuses(waited.id, Refusal::NoConsent(self.peer.name));
            }
            Ok(plan) => {
                self.wish = None;
                self.rises(plan, Some(waited.id));
            }
            Err(refusal) => {
                self.wish = None;
                self.standby_mut().asking = None;
                self.refuses(waited.id, refusal);
            }
        }
    }

    /// The other node consents to the reign that an operator wants of this one.
    pub(super) fn on_grant_by_hand(&mut self, reign: Epoch, waited: Waited) {
        let seen = self.arbiter.seen_since(waited.at);
        if let Ok(plan) = self.plan_by_hand(seen, waited.confirmed)
            && plan.basis == Basis::Consent
        {
            self.wish = None;
            self.rises_to(reign, plan, Some(waited.id));
        }
    }

    /// Of two nodes that operators promote at once, the one that asked for the later reign goes first.
    pub(super) fn yields_to(&mut self, reign: Epoch) -> bool {
        let mine = self.standby().asking.map(|(mine, _)| mine);
        let yields = mine.is_some_and(|mine| mine < reign);
        if yields && let Some(waited) = self.wish.take() {
            self.standby_mut().asking = None;
            self.refuses(waited.id, Refusal::PeerReigns(self.peer.name));
        }
        yields
    }

    /// Whether the other node says that it is the primary, and said so just now.
    pub(super) fn is_heard_reigning(&self) -> bool {
        let silence = self.settings.times.silence;
        let heard = self.peer.heard.is_some_and(|at| self.now < at.saturating_add(silence));
        self.peer.reigns() && heard
    }

    fn plan_by_hand(&self, seen: Option<Seen>, confirmed: Confirmed) -> Result<Plan, Refusal> {
        if let Some(until) = self.repairing() {
            return Err(Refusal::Repairing(until));
        }
        if let Some(until) = self.lacks() {
            return Err(Refusal::Lacks(until));
        }
        if self.is_empty() {
            return self.plan_of_the_first(seen, confirmed);
        }
        let Some(record) = seen.and_then(|seen| seen.known).map(|known| known.record) else {
            return self.plan_by_word(confirmed);
        };
        if record.cluster != self.control.cluster {
            return Err(Refusal::OtherCluster);
        }
        let ours = self.last_epoch();
        if record.epoch < ours {
            return Err(Refusal::WitnessIsBehind { record: record.epoch, ours });
        }
        let by_record = |cause, keep| {
            let basis = Basis::Record(record.epoch);
            Plan { cause, lossy: false, keep, by_hand: true, basis }
        };
        let mine = record.primary.name == self.settings.name;
        if mine && self.control.promised >= record.epoch {
            return Ok(by_record(Cause::Resumed, record.in_sync));
        }
        if !mine && self.is_listed(&record).is_ok() && self.control.joining == Joining::No {
            let alive = seen.is_some_and(|seen| seen.peer_alive);
            let asks = if alive { confirmed.lacks(&[Question::PeerFenced]) } else { Vec::new() };
            let plan = by_record(Cause::Promoted, None);
            return if asks.is_empty() { Ok(plan) } else { Err(Refusal::Asks(asks)) };
        }
        self.plan_with_losses(confirmed)
    }

    /// The first reign of all.
    fn plan_of_the_first(&self, seen: Option<Seen>, confirmed: Confirmed) -> Result<Plan, Refusal> {
        if let Some(known) = seen.and_then(|seen| seen.known) {
            return Err(Refusal::MustJoin(known.record.primary.name));
        }
        if self.peer.hello.as_ref().is_some_and(|hello| !hello.flags.empty) {
            return Err(Refusal::MustJoin(self.peer.name));
        }
        asked(confirmed, &[Question::First], Cause::First, false)
    }

    /// Without a record: by the two logs, or by what is known here and the operator's word.
    fn plan_by_word(&self, confirmed: Confirmed) -> Result<Plan, Refusal> {
        let cause = if self.reigned_last() { Cause::Resumed } else { Cause::Promoted };
        if self.control.joining != Joining::No {
            return self.plan_with_losses(confirmed);
        }
        if self.was_alone && self.peer.hello.as_ref().is_none_or(|hello| hello.flags.empty) {
            return asked(confirmed, &[Question::First], Cause::First, false);
        }
        if self.peer.hello.as_ref().is_some_and(|hello| self.is_not_older_than(hello)) {
            let plan = asked(confirmed, &[], cause, false)?;
            return Ok(Plan { basis: Basis::Consent, ..plan });
        }
        let certain = self.has_all_by_its_own_word();
        if certain && !confirmed.has(Question::MayLose) {
            let asks = [Question::PeerFenced, Question::NotSince];
            return asked(confirmed, &asks, cause, false);
        }
        self.plan_with_losses(confirmed)
    }

    /// The other node is there, as a standby with its whole log, and ours is not older: one of the two
    /// logs has everything that was released. What it said before it fell silent does not count: its
    /// operator may have let it go on since.
    fn is_not_older_than(&self, hello: &Hello) -> bool {
        let silence = self.settings.times.silence;
        if self.peer.heard.is_none_or(|at| self.now >= at.saturating_add(silence)) {
            return false;
        }
        let whole = !hello.flags.empty && !hello.flags.joining && !hello.flags.repairing;
        let age = |mark: &Mark| (mark.epoch, mark.batch);
        hello.role == Role::Standby
            && whole
            && self.peer.objected.is_none()
            && age(&self.log.end) >= age(&hello.end)
    }

    fn plan_with_losses(&self, confirmed: Confirmed) -> Result<Plan, Refusal> {
        let mut asks = vec![Question::PeerFenced, Question::MayLose];
        if self.control.joining != Joining::No {
            asks.push(Question::Joining);
        }
        asked(confirmed, &asks, Cause::Promoted, true)
    }

    fn on_wish_to_demote(&mut self, id: WishId, confirmed: Confirmed) {
        match &self.phase {
            Phase::Standby(_) => {
                let primary = self.primary();
                self.refuses(id, Refusal::NotPrimary(primary));
                return;
            }
            Phase::Rising(_) => {
                self.refuses(id, Refusal::Busy(Busy::Promotion));
                return;
            }
            Phase::Reigning(reigning) if reigning.handing.is_some() => {
                self.refuses(id, Refusal::Busy(Busy::SwitchOver));
                return;
            }
            Phase::Reigning(_) | Phase::Over => {}
        }
        let asks = confirmed.lacks(&self.asks_of_an_end());
        if asks.is_empty() {
            self.control.fenced = Fenced::ByOperator;
            let version = self.keeps();
            self.later = Some(Later { version, id, done: Done::Demoted });
        } else {
            self.refuses(id, Refusal::Asks(asks));
        }
    }

    /// What an operator has to know who ends the reign of this node.
    pub(super) fn asks_of_an_end(&self) -> Vec<Question> {
        let mut asks = Vec::new();
        if !self.is_sync() {
            asks.push(Question::NotInSync);
        }
        if !self.settings.witness || !self.is_sync() {
            asks.push(Question::NoPrimary);
        }
        asks
    }

    fn on_wish_to_join(&mut self, id: WishId, replace: bool) {
        let refusal = match &self.phase {
            Phase::Standby(_) if !self.is_empty() => Some(Refusal::NotEmpty),
            Phase::Standby(_) if !replace && self.is_known_to_have_joined() => {
                Some(Refusal::JoinedBefore(self.peer.name))
            }
            Phase::Standby(_) => None,
            Phase::Rising(_) | Phase::Reigning(_) | Phase::Over => Some(Refusal::IsPrimary),
        };
        if let Some(refusal) = refusal {
            self.refuses(id, refusal);
            return;
        }
        self.control.joining = if replace { Joining::Replacing } else { Joining::New };
        let version = self.keeps();
        self.later = Some(Later { version, id, done: Done::Joins });
    }

    /// The primary, which is there, said that a node of this name was in sync before.
    fn is_known_to_have_joined(&self) -> bool {
        self.peer.line && self.peer.objects == Some(Objection::JoinedBefore)
    }

    /// What was wished for is durable.
    pub(super) fn settle_later(&mut self) {
        let Some(later) = &self.later else { return };
        if !self.is_kept(later.version) {
            return;
        }
        let Later { id, done, .. } = *later;
        self.later = None;
        self.acts(Action::Answer(id, Ok(done)));
        match done {
            Done::Demoted => self.ends(Ending::ByOperator),
            Done::Isolated => self.ends(Ending::Isolated),
            Done::Rejoins => self.ends(Ending::Rejoins),
            Done::Joins | Done::Promoted { .. } | Done::SwitchedOver { .. } => self.says_hello(),
        }
    }

    /// Who reigns, as far as this node knows.
    pub(super) fn primary(&self) -> Option<NodeName> {
        let by_record = self.arbiter.known().map(|known| known.record.primary.name);
        if self.peer.reigns() { Some(self.peer.name) } else { by_record }
    }

    /// The reign that this node begins, has or follows.
    pub(super) fn reign_shown(&self) -> Epoch {
        match &self.phase {
            Phase::Standby(standby) => standby.following.unwrap_or_default(),
            Phase::Rising(rising) => rising.epoch,
            Phase::Reigning(reigning) => reigning.epoch,
            Phase::Over => Epoch(0),
        }
    }
}

/// A promotion that an operator orders, if all of this was confirmed.
fn asked(
    confirmed: Confirmed,
    questions: &[Question],
    cause: Cause,
    lossy: bool,
) -> Result<Plan, Refusal> {
    let asks = confirmed.lacks(questions);
    if !asks.is_empty() {
        return Err(Refusal::Asks(asks));
    }
    let lossy = lossy && !breaks(Mutant::CallsALossyPromotionLossless);
    Ok(Plan { cause, lossy, keep: None, by_hand: true, basis: Basis::Operator })
}
