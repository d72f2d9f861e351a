//! What a primary may release: the moves between sync and solo, and the gate. Must not know how
//! batches travel.
//!
//! In sync nothing is released that the standby lacks, and the record of the witness says that the
//! standby may take over. Both moves keep one order: acknowledgements are required from before the
//! standby is written into the record until after it is known to be out of it. Without a witness
//! the control file stands for the record; the standby can not read it, so it is promoted by hand.

use crate::format::{BatchNumber, Position};
use crate::mutants::{Mutant, breaks};
use crate::roles::event::{Action, Allowed, Alone, Cause};
use crate::roles::node::{Node, Phase, Version};
use crate::roles::reigning::Reigning;
use crate::roles::view::Safety;
use crate::roles::witness::{Incarnation, Member, Record};
use crate::ship::message::{Mode, Standing, WhenLost};

/// How a reign stands to its standby.
#[derive(Debug)]
pub(super) struct Syncing {
    /// Nothing is released that the standby lacks.
    pub(super) requires: bool,
    /// The driver was asked to require acknowledgements and has not yet said that it does.
    requiring: bool,
    /// An operator began this reign: until its first time in sync it goes on alone, whatever
    /// `when_standby_lost` says.
    alone: bool,
    /// As the reign went on alone last.
    terms: Alone,
    /// The standby has to be out of the record before anything is shipped to it: it is new.
    pub(super) expels: bool,
    /// Without a witness: whether the control file says that the standby is in sync, or is to.
    sworn: bool,
    swearing: Option<(Version, bool)>,
    /// With a witness: [`peer_joined`] has to be durable before the standby is in the record.
    ///
    /// [`peer_joined`]: crate::roles::control::Control::peer_joined
    noting: Option<Version>,
    /// What the standby does not have yet, and since when.
    probe: Option<(BatchNumber, u64)>,
}

/// What the record says of the standby.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Listing {
    /// It may not take over.
    Out,
    /// It may.
    In(Incarnation),
    /// A change is on its way, or may still be done.
    Changing,
}

impl Syncing {
    pub(super) fn begin(requires: bool, alone: bool, sworn: bool) -> Self {
        Self {
            requires,
            requiring: false,
            alone,
            terms: Alone::default(),
            expels: false,
            sworn,
            swearing: None,
            noting: None,
            probe: None,
        }
    }

    pub(super) fn on_line_down(&mut self) {
        self.probe = None;
    }
}

impl Node {
    /// The last record that is committed: durable here, and where it is required, there.
    pub(super) fn committed(&self) -> Position {
        match self.allowed {
            Allowed::All(_) => self.log.durable.position,
            Allowed::UpTo(position) => position.min(self.log.durable.position),
        }
    }

    pub(super) fn on_required(&mut self, released: Position) {
        self.log.released = self.log.released.max(released);
        let syncing = &mut self.reign_mut().syncing;
        if syncing.requiring {
            syncing.requiring = false;
            syncing.requires = true;
        }
    }

    /// Moves between sync and solo as far as it may.
    pub(super) fn settle_syncing(&mut self) {
        if self.settings.mode == Mode::Async {
            self.notes_joined();
            return;
        }
        if self.reign().begun.is_none() {
            return;
        }
        self.notes_oath();
        self.watches();
        let lost = self.standby_is_lost();
        let listing = self.listing();
        let syncing = &self.reign().syncing;
        match listing {
            _ if syncing.requiring => {}
            Listing::Out if !syncing.requires => self.settle_solo(lost),
            Listing::Out if lost && self.may_go_alone() => self.is_alone(),
            Listing::Out if self.has_all() && !self.reign().syncing.expels => self.writes_in(),
            Listing::In(_) if breaks(Mutant::RequiresTooLate) && !syncing.requires => {
                self.reign_mut().syncing.requires = true;
            }
            Listing::In(_) if syncing.expels => self.writes_out(),
            Listing::In(_) if lost && self.may_go_alone() => self.writes_out(),
            Listing::In(incarnation) => {
                self.is_in_sync();
                if incarnation != self.peer_member().incarnation && self.has_all() {
                    self.writes_in();
                }
            }
            // What was asked and is not known to have been done might still be done: a fresh change
            // that is known to be done makes that impossible. Until then acknowledgements are
            // required, whatever the record turns out to say.
            Listing::Changing if self.may_write() => {
                if self.has_all() && !lost && !self.reign().syncing.expels {
                    self.writes_in();
                } else if self.may_go_alone() || self.reign().syncing.expels {
                    self.writes_out();
                }
            }
            Listing::Out | Listing::Changing => {}
        }
    }

    /// In `async` nobody is ever in sync; who came abreast once has joined.
    fn notes_joined(&mut self) {
        if !self.control.peer_joined && self.reign().shipping.is_abreast(Mode::Async) {
            self.control.peer_joined = true;
            self.keeps();
        }
    }

    /// From here on nobody takes over, and nothing waits for the standby.
    fn is_alone(&mut self) {
        let waited = self.patience().saturating_add(self.settings.times.late_after);
        let from = self.now.saturating_sub(waited).max(self.awake_from);
        let terms = Alone { since: self.now, from };
        let end = self.log.end.batch;
        let reigning = self.reign_mut();
        (reigning.syncing.requires, reigning.syncing.terms) = (false, terms);
        reigning.shipping.is_given_up(end);
    }

    /// When all that waited when the reign went on alone has left, or is late: a standby that is written
    /// in before could take over meanwhile.
    fn alone_until(&self) -> u64 {
        let since = self.reign().syncing.terms.since;
        if since == 0 { 0 } else { since.saturating_add(self.settings.times.late_after) }
    }

    fn settle_solo(&mut self, lost: bool) {
        if self.now < self.alone_until() {
            return;
        }
        let syncing = &self.reign().syncing;
        if lost || syncing.expels || !self.keeps_up() {
            return;
        }
        if breaks(Mutant::RequiresTooLate) {
            if self.has_all() {
                self.writes_in();
            }
            return;
        }
        self.reign_mut().syncing.requiring = true;
        self.acts(Action::Require);
    }

    /// The standby is abreast, and answers in half the time after which it would be given up: what is
    /// required of it now does not keep anybody waiting for longer.
    fn keeps_up(&self) -> bool {
        let shipping = &self.reign().shipping;
        let patience = self.settings.times.ack_timeout / 2;
        shipping.is_abreast(self.settings.mode)
            && shipping.sender().is_some_and(|sender| sender.lag(self.now).for_ns <= patience)
    }

    /// The standby has everything that may have been released, and was not started anew since.
    fn has_all(&self) -> bool {
        let shipping = &self.reign().shipping;
        shipping.is_shipping() && shipping.matched(self.settings.mode).position >= self.log.released
    }

    /// Whether a standby that does not answer is not waited for.
    fn may_go_alone(&self) -> bool {
        self.settings.when_lost == WhenLost::Solo || self.reign().syncing.alone
    }

    fn listing(&self) -> Listing {
        let syncing = &self.reign().syncing;
        if !self.settings.witness {
            return match (syncing.swearing, syncing.sworn) {
                (Some(_), _) => Listing::Changing,
                (None, true) => Listing::In(self.peer_member().incarnation),
                (None, false) => Listing::Out,
            };
        }
        if self.arbiter.may_change().is_some() {
            return Listing::Changing;
        }
        match self.arbiter.known().and_then(|known| known.record.in_sync) {
            Some(member) if member.name == self.peer.name => Listing::In(member.incarnation),
            _ => Listing::Out,
        }
    }

    /// A change can be written now.
    fn may_write(&self) -> bool {
        self.settings.witness && !self.arbiter.is_asked() && self.arbiter.was_read_again()
    }

    /// The standby as the record names it: in `memory` the one start that has what was acknowledged,
    /// else any of its starts (0).
    pub(super) fn peer_member(&self) -> Member {
        let incarnation = match self.settings.mode {
            Mode::Memory => self.peer.incarnation,
            Mode::Durable | Mode::Async => Incarnation(0),
        };
        Member { name: self.peer.name, incarnation }
    }

    /// Whether the record says, or may come to say, that the standby may take over.
    pub(super) fn is_in_record(&self) -> bool {
        self.listing() != Listing::Out
    }

    /// Writes that the standby may take over.
    fn writes_in(&mut self) {
        if !self.control.peer_joined || self.control.solo_since.is_some() {
            self.control.peer_joined = true;
            self.control.solo_since = None;
            let version = self.keeps();
            self.reign_mut().syncing.noting = Some(version);
        }
        if self.settings.witness {
            let noted = self.reign().syncing.noting;
            if self.may_write() && noted.is_none_or(|version| self.is_kept(version)) {
                let member = self.peer_member();
                self.swaps(self.record_with(Some(member)));
            }
            return;
        }
        let version = self.latest();
        self.reign_mut().syncing.swearing = Some((version, true));
    }

    /// Writes that it may not.
    fn writes_out(&mut self) {
        if breaks(Mutant::DegradesWithoutTheRecord) {
            self.reign_mut().syncing.requires = false;
        }
        if self.settings.witness {
            if self.may_write() {
                self.swaps(self.record_with(None));
            }
            return;
        }
        self.control.solo_since = Some(self.utc_ns.max(1));
        let version = self.keeps();
        self.reign_mut().syncing.swearing = Some((version, false));
    }

    fn record_with(&self, in_sync: Option<Member>) -> Record {
        let primary = Member { name: self.settings.name, incarnation: self.start.incarnation };
        Record { cluster: self.control.cluster, epoch: self.reign().epoch, primary, in_sync }
    }

    /// An operator says that this reign shall not wait for its standby; a restart keeps to it.
    pub(super) fn goes_alone(&mut self) {
        self.reign_mut().syncing.alone = true;
        self.control.solo_since = Some(self.utc_ns.max(1));
        self.keeps();
    }

    fn is_in_sync(&mut self) {
        self.reign_mut().syncing.alone = false;
    }

    /// Without a witness: what was to be written down is.
    fn notes_oath(&mut self) {
        let Some((version, sworn)) = self.reign().syncing.swearing else { return };
        if self.is_kept(version) {
            let syncing = &mut self.reign_mut().syncing;
            syncing.swearing = None;
            syncing.sworn = sworn;
        }
    }

    /// Notes what the standby lacks, and since when.
    fn watches(&mut self) {
        let (end, now) = (self.log.end.batch, self.now);
        let matched = self.reign().shipping.matched(self.settings.mode).batch;
        let syncing = &mut self.reign_mut().syncing;
        if !(syncing.requires || syncing.requiring) || matched >= end {
            syncing.probe = None;
        } else if syncing.probe.is_none_or(|(batch, _)| matched >= batch) {
            syncing.probe = Some((end, now));
        }
    }

    /// How long a standby may not answer. One that has just handed over begins again, and is not
    /// waited for as long: nothing is served meanwhile.
    fn patience(&self) -> u64 {
        let reigning = self.reign();
        let times = &self.settings.times;
        match reigning.cause {
            Cause::HandedOver if !reigning.opened => times.rejoin.min(times.ack_timeout),
            Cause::First | Cause::Resumed | Cause::Promoted | Cause::HandedOver => {
                times.ack_timeout
            }
        }
    }

    /// When a standby that says nothing more is lost.
    fn lost_at(&self) -> u64 {
        let silent = self.peer.heard.unwrap_or(0).max(self.reign().began_at);
        let behind = self.reign().syncing.probe.map_or(u64::MAX, |(_, since)| since);
        silent.min(behind).max(self.awake_from).saturating_add(self.patience())
    }

    pub(super) fn standby_is_lost(&self) -> bool {
        self.now >= self.lost_at()
    }

    /// When a primary alone that has not read the record stops.
    fn lease_ends(&self) -> Option<u64> {
        let alone = self.settings.witness
            && self.settings.mode != Mode::Async
            && !self.reign().syncing.requires;
        let ends = self.arbiter.last_seen().saturating_add(self.settings.times.solo_lease);
        (alone && !breaks(Mutant::IgnoresTheSoloLease)).then_some(ends)
    }

    fn is_past_its_lease(&self) -> bool {
        self.lease_ends().is_some_and(|ends| self.now >= ends)
    }

    /// Tells the driver what may be released.
    pub(super) fn sets_gate(&mut self) {
        let syncing = &self.reign().syncing;
        if syncing.requiring {
            // Nothing more may be allowed until it is known how much was released.
            return;
        }
        let allowed = if syncing.requires {
            Allowed::UpTo(self.reign().shipping.matched(self.settings.mode).position)
        } else if self.is_past_its_lease() {
            Allowed::UpTo(Position(0))
        } else {
            Allowed::All(syncing.terms)
        };
        if self.reign().begun.is_some() {
            self.allows(allowed);
            self.log.released = self.log.released.max(self.committed());
        }
    }

    pub(super) fn deadline_of_syncing(&self, reigning: &Reigning) -> Option<u64> {
        let watched = reigning.syncing.requires || reigning.syncing.requiring;
        let lost = if watched { self.lost_at() } else { self.alone_until() };
        [Some(lost), self.lease_ends()].into_iter().flatten().min()
    }

    /// How it says that it stands to its peer.
    pub(super) fn standing(&self) -> Standing {
        match self.safety() {
            Safety::NoPrimary => Standing::None,
            Safety::Sync => Standing::Sync,
            Safety::Async => Standing::Async,
            Safety::Solo | Safety::Stopped => Standing::Solo,
        }
    }

    /// How safe the log of this reign is; what is not certain is not said.
    pub(super) fn safety_of_reign(&self) -> Safety {
        let syncing = &self.reign().syncing;
        if self.settings.mode == Mode::Async {
            return Safety::Async;
        }
        if !syncing.requires {
            return if self.is_past_its_lease() { Safety::Stopped } else { Safety::Solo };
        }
        let lost = self.standby_is_lost();
        match self.listing() {
            Listing::In(incarnation) => {
                let is_this_start = incarnation == self.peer_member().incarnation;
                if !lost && is_this_start && self.has_all() {
                    Safety::Sync
                } else {
                    Safety::Stopped
                }
            }
            _ if lost || !self.may_go_alone() => Safety::Stopped,
            Listing::Out | Listing::Changing => Safety::Solo,
        }
    }

    /// Whether the record says that the standby may take over, and nothing about that is in doubt.
    pub(super) fn is_sync(&self) -> bool {
        matches!(self.phase, Phase::Reigning(_)) && self.safety_of_reign() == Safety::Sync
    }
}
