//! A primary and its standby's log: when it is shipped to, and what came back. How is the sender's.
//! Must not know what is released by it.

use crate::format::BatchNumber;
use crate::roles::event::{Action, Item};
use crate::roles::node::{Node, Phase};
use crate::roles::objection::Objection;
use crate::ship::agree::{Outline, Parting};
use crate::ship::message::{Mark, Message, Mode, Role};
use crate::ship::sender::{self, Fed, Sender};

/// The standby's side of the log, as far as it is known here.
#[derive(Debug, Default)]
pub(super) struct Shipping {
    sender: Option<Sender>,
    /// The end of the log when everything was on its way to the standby for the first time since it
    /// follows, or when it was given up since; only what is behind that waits for its acknowledgement
    /// alone.
    abreast_from: Option<BatchNumber>,
    /// The driver reads for this sender.
    reads: bool,
    /// What the driver still reads for senders that are gone.
    stale: u32,
}

impl Shipping {
    pub(super) fn ends(&mut self) {
        let stale = self.stale + u32::from(self.reads);
        *self = Self { stale, ..Self::default() };
    }

    /// The standby follows: its matched prefix has begun.
    pub(super) fn is_shipping(&self) -> bool {
        self.sender.as_ref().is_some_and(|sender| sender.matched().is_some())
    }

    /// What the standby has, by the rule of the mode; nothing while it does not follow.
    pub(super) fn matched(&self, mode: Mode) -> Mark {
        let sender = self.sender.as_ref();
        let mark = sender.and_then(|sender| match mode {
            Mode::Memory => sender.received(),
            Mode::Durable | Mode::Async => sender.durable(),
        });
        mark.unwrap_or(Mark::ZERO)
    }

    /// What the standby has on its disk.
    pub(super) fn durable(&self) -> Mark {
        self.sender.as_ref().and_then(Sender::durable).unwrap_or(Mark::ZERO)
    }

    /// It has all that was there when it came up to the end of the log.
    pub(super) fn is_abreast(&self, mode: Mode) -> bool {
        self.abreast_from.is_some_and(|from| self.matched(mode).batch >= from)
    }

    /// It is not waited for any more: it is abreast again when it has all of the log as it is now. Else
    /// a standby whose disk hangs would be waited for again at once, and again.
    pub(super) fn is_given_up(&mut self, end: BatchNumber) {
        self.abreast_from = self.abreast_from.map(|from| from.max(end));
    }

    pub(super) fn sender(&self) -> Option<&Sender> {
        self.sender.as_ref()
    }
}

impl Node {
    /// Begins to ship to a standby that may have the log.
    pub(super) fn begins_shipping(&mut self) {
        let Some(hello) = self.peer.hello.clone() else { return };
        let reigning = self.reign();
        let is_new = reigning.shipping.sender.is_none();
        let may = reigning.begun.is_some() && !reigning.is_fenced();
        let follows = self.peer.line && self.peer.objected.is_none() && hello.role == Role::Standby;
        if !is_new || !may || !follows || hello.flags.repairing {
            return;
        }
        if hello.flags.empty {
            // What it would have to be told first of all, so that it can say so to who lets it join.
            let objection = if self.control.peer_joined && !hello.flags.replace {
                Some(Objection::JoinedBefore)
            } else if !hello.flags.joining {
                Some(Objection::NotJoining)
            } else {
                None
            };
            if let Some(objection) = objection {
                self.objects(objection);
                return;
            }
            if self.control.peer_joined {
                self.control.peer_joined = false;
                self.keeps();
            }
        }
        // Whoever was in sync under this name is gone, with its disk or with a part of its log.
        if (hello.flags.empty || hello.flags.joining) && self.is_in_record() {
            self.reign_mut().syncing.expels = true;
            return;
        }
        self.reign_mut().syncing.expels = false;
        let settings =
            sender::Settings { mode: self.settings.mode, catch_up: self.settings.catch_up };
        let ours = Outline { epochs: self.log.epochs.clone(), end: self.log.end };
        match Sender::new(settings, self.reign().epoch, ours, &hello, self.now) {
            Ok(sender) => self.reign_mut().shipping.sender = Some(sender),
            Err(parting) => self.parts(parting),
        }
    }

    /// Has nothing to do with the standby's log, and says why.
    fn objects(&mut self, objection: Objection) {
        if self.peer.objected != Some(objection) {
            self.peer.objected = Some(objection);
            self.says(Message::Refuse { reign: self.control.promised, objection });
        }
    }

    /// What the sender needs, and whether the standby came abreast.
    pub(super) fn settle_shipping(&mut self) {
        if self.reign().syncing.expels {
            self.begins_shipping();
        }
        let (now, end) = (self.now, self.log.end.batch);
        let shipping = &mut self.reign_mut().shipping;
        let Some(sender) = &mut shipping.sender else { return };
        if sender.is_live() && shipping.abreast_from.is_none() {
            shipping.abreast_from = Some(end);
        }
        if let Some(need) = sender.poll_need(now) {
            shipping.reads = true;
            self.acts(Action::Feed(need));
        }
    }

    pub(super) fn on_framed(&mut self, end: Mark, item: Option<Item>) {
        if end.batch > self.log.end.batch {
            self.log.end = end;
        }
        let now = self.now;
        if let Some(sender) = &mut self.reign_mut().shipping.sender {
            sender.handle_framed(now, end, item);
        }
    }

    pub(super) fn on_fed(&mut self, fed: Fed) {
        let now = self.now;
        let shipping = &mut self.reign_mut().shipping;
        if shipping.stale > 0 {
            shipping.stale -= 1;
            return;
        }
        shipping.reads = false;
        let Some(sender) = &mut shipping.sender else { return };
        if let Err(parting) = sender.handle_fed(now, fed) {
            self.reign_mut().shipping.ends();
            self.parts(parting);
        }
    }

    /// The standby's log can not become ours; or not on this line, and they begin anew on another.
    fn parts(&mut self, parting: Parting) {
        match parting.objection() {
            Some(objection) => self.objects(objection),
            None => self.hangs_up(&parting),
        }
    }

    pub(super) fn on_ready(&mut self, end: Mark) {
        let Some(sender) = &mut self.reign_mut().shipping.sender else { return };
        match sender.handle_ready(end) {
            Ok(()) => self.notes_safe(),
            Err(lie) => self.hangs_up(&lie),
        }
    }

    /// What the standby has is at both nodes.
    fn notes_safe(&mut self) {
        let mode = self.settings.mode;
        let reigning = self.reign_mut();
        reigning.safe = reigning.safe.max(reigning.shipping.matched(mode).position);
    }

    pub(super) fn on_ack(&mut self, received: Mark, durable: Mark) {
        let Some(sender) = &mut self.reign_mut().shipping.sender else { return };
        match sender.handle_ack(received, durable) {
            Ok(()) => self.notes_safe(),
            Err(lie) => self.hangs_up(&lie),
        }
    }

    /// What is to be shipped or acknowledged next.
    pub(super) fn ships(&mut self) -> Option<Message> {
        if !self.peer.line {
            return None;
        }
        match &mut self.phase {
            Phase::Reigning(reigning) => {
                reigning.shipping.sender.as_mut().and_then(Sender::poll_message)
            }
            Phase::Standby(standby) => standby.receiver.poll_message(),
            Phase::Rising(_) | Phase::Over => None,
        }
    }

    /// Whether batches are wanted with [`Event::Framed`]: read by the driver's tap at any time, late or
    /// not.
    ///
    /// [`Event::Framed`]: crate::roles::event::Event::Framed
    pub fn wants_live(&self) -> bool {
        match &self.phase {
            Phase::Reigning(reigning) => {
                reigning.shipping.sender.as_ref().is_some_and(Sender::wants_live)
            }
            Phase::Standby(_) | Phase::Rising(_) | Phase::Over => false,
        }
    }

    /// Why this node ended a line, the last time that it did: with [`Action::HangUp`].
    pub fn hung_up(&self) -> Option<&str> {
        self.hung_up.as_deref()
    }

    /// Ends the line, because of what was said on it.
    pub(super) fn hangs_up(&mut self, why: &dyn std::fmt::Display) {
        self.hung_up = Some(why.to_string());
        self.acts(Action::HangUp);
        self.on_line_down();
    }
}
