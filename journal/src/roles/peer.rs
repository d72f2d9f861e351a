//! The line to the other node and what it said of itself: greetings, heartbeats, and whether its log
//! and ours can have anything to do with each other. Must not know who should be primary.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a phase is told what is not meant for it, and lets it pass"
)]

use crate::format::{Cluster, Epoch};
use crate::roles::control::Joining;
use crate::roles::event::Action;
use crate::roles::name::NodeName;
use crate::roles::node::{Node, Phase};
use crate::roles::objection::Objection;
use crate::roles::refusal::Differs;
use crate::roles::settings::Settings;
use crate::roles::witness::Incarnation;
use crate::ship::message::{
    Digests, Flags, Heartbeat, Hello, LINE_VERSION, Mark, Message, Role, Standing,
};

const NO_CLUSTER: Cluster = [0; 16];

/// The other node.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) name: NodeName,
    pub(super) line: bool,
    /// What it said of itself on this line.
    pub(super) hello: Option<Hello>,
    /// When something was heard.
    pub(super) heard: Option<u64>,
    pub(super) role: Option<Role>,
    pub(super) standing: Standing,
    /// The highest that it spoke of, in all of this life.
    pub(super) reign: Epoch,
    pub(super) incarnation: Incarnation,
    pub(super) end: Mark,
    pub(super) build: String,
    pub(super) utc_ns: u64,
    pub(super) digests: Option<Digests>,
    /// Its clock when it spoke last; our clock as it heard it last.
    sent_ns: u64,
    pub(super) echoed_ns: u64,
    /// Why it has nothing to do with our log.
    pub(super) objects: Option<Objection>,
    /// Why we have nothing to do with its log.
    pub(super) objected: Option<Objection>,
    next_beat: u64,
}

impl Peer {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            name: settings.peer,
            line: false,
            hello: None,
            heard: None,
            role: None,
            standing: Standing::None,
            reign: Epoch(0),
            incarnation: Incarnation(0),
            end: Mark::ZERO,
            build: String::new(),
            utc_ns: 0,
            digests: None,
            sent_ns: 0,
            echoed_ns: 0,
            objects: None,
            objected: None,
            next_beat: 0,
        }
    }

    /// Whether it is another program, node or journal than the configuration means: then nothing
    /// that it says of reigns is about ours.
    pub(super) fn is_foreign(&self) -> bool {
        matches!(
            self.objected,
            Some(Objection::OtherVersion | Objection::OtherName | Objection::OtherCluster)
        )
    }

    /// Whether it said on this line that it is the primary.
    pub(super) fn reigns(&self) -> bool {
        self.line && !self.is_foreign() && self.role == Some(Role::Primary)
    }

    fn forgets_line(&mut self) {
        self.line = false;
        self.hello = None;
        self.role = None;
        self.standing = Standing::None;
        self.objects = None;
        self.objected = None;
        self.sent_ns = 0;
    }
}

impl Node {
    pub(super) fn on_line_up(&mut self) {
        self.on_line_down();
        if self.is_isolated() {
            // There is nothing to say on it, and nothing is heard.
            return;
        }
        self.peer.line = true;
        self.peer.next_beat = self.now.saturating_add(self.settings.times.heartbeat);
        self.greets();
    }

    pub(super) fn on_line_down(&mut self) {
        self.peer.forgets_line();
        self.unsays();
        let receiver = self.receiver();
        match &mut self.phase {
            Phase::Standby(standby) => standby.on_line_down(receiver),
            Phase::Reigning(reigning) => reigning.on_line_down(),
            Phase::Rising(_) | Phase::Over => {}
        }
    }

    /// Says who this node is; again whenever something of it changed. The last one counts: what the
    /// peer still objects to then, it says again.
    pub(super) fn says_hello(&mut self) {
        self.peer.objects = None;
        let hello = Hello {
            reign: self.control.promised,
            version: LINE_VERSION,
            cluster: self.control.cluster,
            name: self.settings.name,
            incarnation: self.start.incarnation,
            role: self.role(),
            mode: self.settings.mode,
            when_lost: self.settings.when_lost,
            flags: Flags {
                empty: self.is_empty(),
                joining: self.control.joining != Joining::No,
                replace: self.control.joining == Joining::Replacing,
                repairing: self.control.repairing.is_some(),
            },
            // What was received and acknowledged in this life counts, on the disk or not.
            end: self.log.end,
            segment_bytes: self.settings.segment_bytes,
            utc_ns: self.utc_ns,
            digests: self.settings.digests,
            build: self.settings.build.clone(),
            epochs: self.log.epochs.clone(),
        };
        self.says(Message::Hello(hello));
    }

    /// What it says that it is.
    pub(super) fn role(&self) -> Role {
        match &self.phase {
            Phase::Reigning(reigning) if reigning.is_fenced() => Role::Fenced,
            Phase::Reigning(_) => Role::Primary,
            Phase::Standby(_) | Phase::Rising(_) | Phase::Over => Role::Standby,
        }
    }

    pub(super) fn beats(&mut self) {
        if !self.peer.line || self.now < self.peer.next_beat {
            return;
        }
        self.peer.next_beat = self.now.saturating_add(self.settings.times.heartbeat);
        let heartbeat = Heartbeat {
            reign: self.control.promised,
            role: self.role(),
            standing: self.standing(),
            released: self.log.released,
            end: self.log.durable,
            sent_ns: self.now,
            heard_ns: self.peer.sent_ns,
            utc_ns: self.utc_ns,
            digests: self.settings.digests,
            build: self.settings.build.clone(),
        };
        self.says(Message::Heartbeat(heartbeat));
    }

    pub(super) fn deadline_of_beats(&self) -> Option<u64> {
        self.peer.line.then_some(self.peer.next_beat)
    }

    pub(super) fn on_heard(&mut self, message: Message) {
        let greeted = self.peer.hello.is_some() || matches!(message, Message::Hello(_));
        if !self.peer.line || !greeted {
            return;
        }
        self.peer.heard = Some(self.now);
        match &message {
            Message::Hello(hello) => self.on_hello(hello),
            Message::Heartbeat(heartbeat) => self.on_heartbeat(heartbeat),
            _ => {}
        }
        if self.peer.is_foreign() {
            return;
        }
        if let Some(reign) = message.promised() {
            self.peer.reign = self.peer.reign.max(reign);
        }
        if let Message::Fetch { from, until, .. } = message {
            self.acts(Action::Serve { from, until });
        }
        match self.phase {
            Phase::Standby(_) => self.on_heard_as_standby(message),
            Phase::Rising(_) => self.on_heard_rising(&message),
            Phase::Reigning(_) => self.on_heard_reigning(&message),
            Phase::Over => {}
        }
    }

    fn on_hello(&mut self, hello: &Hello) {
        self.peer.objected = self.objection_to(hello);
        self.peer.objects = None;
        self.peer.role = Some(hello.role);
        self.peer.incarnation = hello.incarnation;
        self.peer.end = hello.end;
        self.peer.build.clone_from(&hello.build);
        self.peer.utc_ns = hello.utc_ns;
        self.peer.digests = Some(hello.digests);
        self.peer.hello = Some(hello.clone());
        if let Some(objection) = self.peer.objected {
            self.says(Message::Refuse { reign: self.control.promised, objection });
        }
    }

    fn on_heartbeat(&mut self, heartbeat: &Heartbeat) {
        self.peer.role = Some(heartbeat.role);
        self.peer.standing = heartbeat.standing;
        self.peer.end = heartbeat.end;
        self.peer.sent_ns = heartbeat.sent_ns;
        self.peer.echoed_ns = heartbeat.heard_ns;
        self.peer.utc_ns = heartbeat.utc_ns;
        self.peer.digests = Some(heartbeat.digests);
        self.peer.build.clone_from(&heartbeat.build);
    }

    /// Why the two logs can not be one, if so.
    fn objection_to(&self, hello: &Hello) -> Option<Objection> {
        let ours = self.control.cluster;
        let clusters_differ =
            ours != hello.cluster && ours != NO_CLUSTER && hello.cluster != NO_CLUSTER;
        let keys_differ = differ(&self.settings.digests.keys, &hello.digests.keys);
        let checks = [
            (hello.version != LINE_VERSION, Objection::OtherVersion),
            (hello.name != self.settings.peer, Objection::OtherName),
            (clusters_differ, Objection::OtherCluster),
            (hello.segment_bytes != self.settings.segment_bytes, Objection::OtherSegments),
            (hello.mode != self.settings.mode, Objection::OtherMode),
            (keys_differ, Objection::OtherKeys),
        ];
        checks.into_iter().find_map(|(fails, objection)| fails.then_some(objection))
    }

    /// What both must have alike and do not.
    pub(super) fn differences(&self) -> Vec<Differs> {
        let (ours, Some(theirs)) = (self.settings.digests, self.peer.digests) else {
            return Vec::new();
        };
        let pairs = [
            (Differs::Configuration, ours.configuration, theirs.configuration),
            (Differs::Dialects, ours.dialects, theirs.dialects),
            (Differs::Negative, ours.negative, theirs.negative),
            (Differs::Keys, ours.keys, theirs.keys),
        ];
        let others = pairs.into_iter().filter(|(_, ours, theirs)| ours != theirs);
        // Who has not been answered yet does not know which one it is.
        let witness = differ(&ours.witness, &theirs.witness).then_some(Differs::Witness);
        others.map(|(what, ..)| what).chain(witness).collect()
    }
}

/// Whether two digests differ of which both are known.
fn differ(one: &[u8; 16], other: &[u8; 16]) -> bool {
    let none = [0; 16];
    one != other && *one != none && *other != none
}
