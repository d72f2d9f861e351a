//! Whether a standby should be more than that: by the witness's record, by its peer's consent, or not
//! by itself. Must not know how a reign is begun.
//!
//! The record decides alone. Silence and leases say only who may try.

use crate::format::Epoch;
use crate::mutants::{Mutant, breaks};
use crate::roles::control::{Fenced, Joining};
use crate::roles::event::Cause;
use crate::roles::node::{Node, Phase, Version};
use crate::roles::objection::Objection;
use crate::roles::rising::{Basis, Plan};
use crate::roles::standby::Standby;
use crate::roles::view::Waiting;
use crate::roles::witness::{Incarnation, Record, Seen};
use crate::ship::message::{Mark, Message, Mode, Role, WhenLost};

/// A reign goes on because its peer agrees.
const BY_CONSENT: Plan =
    Plan { cause: Cause::Resumed, lossy: false, keep: None, by_hand: false, basis: Basis::Consent };

impl Node {
    /// Begins to rise if nothing speaks against it.
    pub(super) fn decides(&mut self) {
        if self.wish.is_some() {
            self.settle_wish();
            return;
        }
        if !self.standby().is_at_rest() {
            return;
        }
        match self.may_rise() {
            Ok(plan) => self.rises(plan, None),
            Err(Waiting::Consent) => self.asks_consent(),
            Err(_) => {}
        }
    }

    /// How it may come to reign by itself now, or what it waits for.
    pub(super) fn may_rise(&self) -> Result<Plan, Waiting> {
        let must_not = self.must_not_rise();
        if let Some(waiting) = must_not
            && !breaks(Mutant::PromotesAnyNode)
        {
            return Err(waiting);
        }
        if self.is_heard_reigning() {
            return Err(Waiting::Nothing);
        }
        if !self.settings.witness {
            return self.may_resume_by_consent();
        }
        let Some(seen) = self.arbiter.ever_seen() else { return Err(Waiting::Witness) };
        let Some(record) = self.record_of_ours(&seen)? else { return Err(Waiting::Operator) };
        if record.primary.name == self.settings.name {
            return self.may_resume(&record);
        }
        self.may_be_promoted(&record)
    }

    /// What speaks against any reign that an operator did not order.
    fn must_not_rise(&self) -> Option<Waiting> {
        if self.is_isolated() {
            return Some(Waiting::Isolated);
        }
        if self.repairing().is_some() {
            return Some(Waiting::Repair);
        }
        if self.control.joining != Joining::No || self.lacks().is_some() {
            return Some(Waiting::Joining);
        }
        if self.is_empty() {
            return Some(Waiting::FirstPrimaryOrJoin);
        }
        (self.control.fenced == Fenced::ByOperator && self.control.promised == self.control.reigned)
            .then_some(Waiting::SteppedDown)
    }

    /// The record, if it speaks of this journal and not of a time before it.
    pub(super) fn record_of_ours(&self, seen: &Seen) -> Result<Option<Record>, Waiting> {
        let Some(record) = seen.known.map(|known| known.record) else { return Ok(None) };
        let is_ours = record.cluster == self.control.cluster;
        if is_ours && record.epoch >= self.last_epoch() {
            Ok(Some(record))
        } else {
            Err(Waiting::WitnessDiffers)
        }
    }

    /// The last reign that this node's log knows.
    pub(super) fn last_epoch(&self) -> Epoch {
        let begun = self.log.epochs.last().map_or(Epoch(0), |start| start.epoch);
        begun.max(self.log.end.epoch)
    }

    /// The record says that this node is the primary: its reign may go on, in a new epoch, by a swap.
    fn may_resume(&self, record: &Record) -> Result<Plan, Waiting> {
        // The promise was durable before the record was changed: a disk that does not know it is
        // older than the record.
        if self.control.promised < record.epoch {
            return Err(Waiting::WitnessDiffers);
        }
        let gave_up =
            self.control.fenced == Fenced::HandedOver && self.control.reigned == record.epoch;
        if gave_up && !self.peer_does_not_take() {
            return Err(Waiting::HandedOver);
        }
        let keep = record.in_sync.filter(|member| member.name == self.peer.name);
        if keep.is_some() && self.yields() {
            return Err(Waiting::Yields);
        }
        let basis = Basis::Record(record.epoch);
        // What an operator let go on alone does so after a restart too.
        let by_hand = keep.is_none() && self.control.solo_since.is_some();
        Ok(Plan { cause: Cause::Resumed, lossy: false, keep, by_hand, basis })
    }

    /// Whether a node that was handed a reign will not take it any more: on a new line it says that
    /// it promised nothing since; or it had its time. The record says who was first.
    fn peer_does_not_take(&self) -> bool {
        let promised_nothing = self.peer.reign <= self.control.reigned;
        let says_so = (self.peer.hello.as_ref())
            .is_some_and(|hello| hello.role == Role::Standby && promised_nothing);
        says_so || self.is_silent()
    }

    /// The record says that the other node is the primary.
    fn may_be_promoted(&self, record: &Record) -> Result<Plan, Waiting> {
        if !self.is_silent() {
            return Err(Waiting::Nothing);
        }
        if self.settings.mode == Mode::Async {
            return Err(Waiting::OperatorAsync);
        }
        self.is_listed(record)?;
        let silent_since = self.silent_from();
        let Some(seen) = self.arbiter.seen_since(silent_since) else {
            return Err(Waiting::Witness);
        };
        if seen.peer_alive {
            return Err(Waiting::PrimaryAlive);
        }
        let basis = Basis::Record(record.epoch);
        Ok(Plan { cause: Cause::Promoted, lossy: false, keep: None, by_hand: false, basis })
    }

    /// Whether the record says that this node, in this life, has everything that was released.
    pub(super) fn is_listed(&self, record: &Record) -> Result<(), Waiting> {
        if breaks(Mutant::PromotesWithoutInSync) {
            return Ok(());
        }
        match record.in_sync {
            Some(member) if member.name == self.settings.name => {
                let any_start = member.incarnation == Incarnation(0);
                let this_one = member.incarnation == self.start.incarnation;
                if any_start || this_one || breaks(Mutant::IgnoresTheIncarnation) {
                    Ok(())
                } else {
                    Err(Waiting::OtherStart)
                }
            }
            _ => Err(Waiting::NotInSync),
        }
    }

    /// From when on the silence of the primary is long enough.
    pub(super) fn silent_from(&self) -> u64 {
        let heard = self.standby().heard_primary.max(self.awake_from);
        heard.saturating_add(self.settings.times.silence)
    }

    /// Whether no primary was heard for so long that what it had committed can not leave any more.
    pub(super) fn is_silent(&self) -> bool {
        self.now >= self.silent_from()
    }

    /// Without a witness: whether this node was the primary last, by its own log.
    pub(super) fn reigned_last(&self) -> bool {
        self.control.reigned != Epoch(0) && self.control.reigned == self.last_epoch()
    }

    fn may_resume_by_consent(&self) -> Result<Plan, Waiting> {
        if !self.reigned_last() {
            return Err(if self.is_silent() { Waiting::Operator } else { Waiting::Primary });
        }
        if breaks(Mutant::ResumesByItself) {
            return Ok(BY_CONSENT);
        }
        let Standby { granting, granted, .. } = self.standby();
        if granting.is_some() || granted.is_some() {
            // Its peer is about to reign.
            return Err(Waiting::Primary);
        }
        let hello = self.peer.hello.as_ref().filter(|hello| hello.role == Role::Standby);
        let Some(hello) = hello.filter(|_| self.peer.objected.is_none()) else {
            return Err(Waiting::Line);
        };
        // Who lost its disk does not know what it released before: its consent says nothing.
        let forgot = hello.flags.empty && self.control.peer_joined;
        Err(if forgot { Waiting::Operator } else { Waiting::Consent })
    }

    /// Asks its peer, which knows whether it reigned itself; again from time to time.
    pub(super) fn asks_consent(&mut self) {
        let look = self.settings.times.look;
        let asked = self.standby().asking;
        if asked.is_some_and(|(_, at)| self.now < at.saturating_add(look)) {
            return;
        }
        // The same again, as long as it may be had: what was consented to may be on its way.
        let again = asked.map(|(reign, _)| reign).filter(|&reign| reign > self.control.promised);
        let Some(reign) = again.or_else(|| self.next_epoch()) else { return };
        self.standby_mut().asking = Some((reign, self.now));
        let (end, epochs) = (self.log.end, self.log.epochs.clone());
        self.says(Message::Ask { reign, end, epochs });
    }

    /// The peer wants to go on with its reign. Only if its log is not older than ours; and whatever
    /// comes from an earlier reign is refused from then on.
    pub(super) fn on_ask(&mut self, reign: Epoch, end: Mark) {
        let newer = |mark: &Mark| (mark.epoch, mark.batch);
        let objection = if self.settings.witness && !self.knows_of_no_record() {
            Some(Objection::TakingOver)
        } else if newer(&end) < newer(&self.log.end) || self.had_more(&end) {
            Some(Objection::LogIsOlder)
        } else if self.wish.is_some() && !self.yields_to(reign) {
            Some(Objection::TakingOver)
        } else {
            None
        };
        let is_granting = self.standby().granting.is_some_and(|(granting, _)| granting == reign);
        if let Some(objection) = objection {
            self.says(Message::Refuse { reign: self.control.promised, objection });
        } else if is_granting {
            // It is on its way to the disk, and who asks asks again meanwhile.
        } else if self.standby().granted == Some(reign) {
            self.says(Message::Grant { reign });
        } else if reign <= self.control.promised {
            self.says(Message::Nack { reign: self.control.promised });
        } else {
            self.promises(reign);
            let version = self.latest();
            self.standby_mut().granting = Some((reign, version));
        }
    }

    /// Whether the witness was read, and had no record.
    fn knows_of_no_record(&self) -> bool {
        self.arbiter.ever_seen().is_some_and(|seen| seen.known.is_none())
    }

    /// Whether this node had what that log lacks, and can not read it for damage. In which reign its last
    /// batch was is not known then; in no earlier one than its own last.
    pub(super) fn had_more(&self, end: &Mark) -> bool {
        let reigned = self.control.reigned;
        self.control.repairing.is_some_and(|until| end.batch < until || end.epoch < reigned)
    }

    /// Consents, once that is durable.
    pub(super) fn grants(&mut self) {
        let is_kept = |node: &Self, version: Version| node.is_kept(version);
        if let Some((reign, version)) = self.standby().granting
            && is_kept(self, version)
        {
            self.standby_mut().granting = None;
            self.standby_mut().granted = Some(reign);
            self.says(Message::Grant { reign });
        }
    }

    pub(super) fn on_grant(&mut self, reign: Epoch) {
        // Whoever has consented to a later one since does not begin this one any more.
        let is_asked = self.standby().asking.is_some_and(|(asked, _)| asked == reign);
        if !is_asked || reign <= self.control.promised || !self.standby().is_at_rest() {
            return;
        }
        match self.wish {
            Some(waited) => self.on_grant_by_hand(reign, waited),
            // With a witness only an operator asks, and does not any more.
            None if self.settings.witness => {}
            None => self.rises_to(reign, BY_CONSENT, None),
        }
    }

    /// The primary gave its reign up for this node, which has all of it.
    pub(super) fn on_hand_over(&mut self, reign: Epoch, end: Mark) {
        let has_all = self.log.end.batch >= end.batch;
        let follows = self.standby().following == Some(reign) && self.control.promised == reign;
        let may = has_all || breaks(Mutant::HandsOverTooEarly);
        if follows && may && self.standby().is_at_rest() && self.must_not_rise().is_none() {
            let keep = Some(self.peer_member());
            let basis = Basis::HandedOver(reign);
            let plan = Plan { cause: Cause::HandedOver, lossy: false, keep, by_hand: false, basis };
            self.rises(plan, None);
        } else {
            let objection = Objection::LogIsOlder;
            self.says(Message::Refuse { reign: self.control.promised, objection });
        }
    }

    /// When a standby may have to do something although nothing happened.
    pub(super) fn deadline_as_standby(&self) -> Option<u64> {
        let look = self.settings.times.look;
        let asks = self.standby().asking.map(|(_, at)| at.saturating_add(look));
        let yields = self.yields_until();
        [Some(self.silent_from()), asks, yields]
            .into_iter()
            .flatten()
            .filter(|&at| at > self.now)
            .min()
    }

    /// How often the witness is looked at now.
    pub(super) fn look_interval(&self) -> u64 {
        let times = &self.settings.times;
        match &self.phase {
            Phase::Standby(_) if self.is_silent() => times.look_soon,
            Phase::Rising(_) => times.look_soon,
            Phase::Standby(_) | Phase::Reigning(_) | Phase::Over => times.look,
        }
    }

    /// Without a witness: whether, by what is durable here, this node has everything that was ever
    /// released, provided that the other one was not the primary since.
    pub(super) fn has_all_by_its_own_word(&self) -> bool {
        let own = self.reigned_last()
            && self.control.promised == self.control.reigned
            && self.control.fenced != Fenced::HandedOver;
        let told = match self.settings.mode {
            Mode::Durable => self.control.assured,
            // What was acknowledged may have been in the memory of an earlier life.
            Mode::Memory => self.standby().assured,
            Mode::Async => Epoch(0),
        };
        let assured = self.settings.when_lost == WhenLost::Stop
            && told != Epoch(0)
            && told == self.control.promised
            && told == self.last_epoch();
        own || assured
    }
}
