//! Two nodes, a line, a witness and an operator, in memory: what the stories are told with.
//! Whatever is released is noted, and a node that begins to reign and lacks some of it has to have
//! said so. Knows no rule.

#![expect(clippy::wildcard_enum_match_arm, reason = "what is wanted is done in two functions")]

use super::keeper::Witness;
use super::site::{CLUSTER, SEGMENT, Site};
use super::words::short;
use crate::format::{BatchNumber, Epoch, Position, SegmentNumber};
use crate::roles::event::{Action, Allowed, Alone, DrainId, Ending, Event, Item, Reign};
use crate::roles::name::NodeName;
use crate::roles::node::Node;
use crate::roles::settings::{Settings, Start, Times};
use crate::roles::wish::{Wish, WishId};
use crate::roles::witness::{Incarnation, Record, Reply, RequestId, Revision};
use crate::ship::message::{Digests, ItemKind, Mark, Message, Mode, WhenLost};
use crate::ship::sender::{Fed, Need};

mod snapshots;

pub(super) use self::snapshots::Checkpoint;

pub(super) const MS: u64 = 1_000_000;

pub(super) struct Pair {
    pub(super) now: u64,
    pub(super) sites: [Site; 2],
    pub(super) line: bool,
    pub(super) witness: Witness,
    told: Vec<String>,
    wishes: u64,
    /// Who dies when so many pieces of a checkpoint are there.
    pub(super) dies_storing: Option<(usize, usize)>,
    /// Whose disk does not take the next piece of a checkpoint.
    pub(super) refuses_storing: Option<usize>,
    pub(super) line_ends_behind_a_checkpoint: bool,
    /// The line is lost when so many batches were said for a repair; the rest is said on the next one.
    pub(super) serves: Option<usize>,
    late: Vec<Message>,
    /// Nothing comes through any more, unknown to both, when somebody has consented.
    pub(super) falls_silent: bool,
    /// What anybody released: by which reign, up to which record; and which tag stood there.
    pub(super) released: Vec<(Epoch, Mark)>,
}

pub(super) const TOKYO: usize = 0;
pub(super) const OSAKA: usize = 1;

pub(super) fn settings(mode: Mode, when_lost: WhenLost, witness: bool) -> Settings {
    Settings {
        name: NodeName::new("tokyo").expect("a name"),
        peer: NodeName::new("osaka").expect("a name"),
        mode,
        when_lost,
        witness,
        segment_bytes: SEGMENT,
        catch_up: None,
        digests: Digests::default(),
        build: "test".into(),
        times: Times::DESIGN,
    }
}

impl Pair {
    pub(super) fn new(mode: Mode, when_lost: WhenLost, witness: bool) -> Self {
        let tokyo = settings(mode, when_lost, witness);
        let osaka = Settings { name: tokyo.peer, peer: tokyo.name, ..tokyo.clone() };
        let mut pair = Self {
            now: 1_000_000 * MS,
            sites: [Site::new(tokyo), Site::new(osaka)],
            line: true,
            witness: Witness::default(),
            told: Vec::new(),
            wishes: 0,
            dies_storing: None,
            refuses_storing: None,
            line_ends_behind_a_checkpoint: false,
            serves: None,
            late: Vec::new(),
            falls_silent: false,
            released: Vec::new(),
        };
        pair.starts(TOKYO);
        pair.starts(OSAKA);
        pair
    }

    /// A pair of which Tokyo is the primary, and Osaka in sync unless the mode forbids it.
    pub(super) fn in_sync(mode: Mode, when_lost: WhenLost, witness: bool) -> Self {
        use crate::roles::wish::{Confirmed, Question};
        let mut pair = Self::new(mode, when_lost, witness);
        pair.passes(2_000);
        pair.wishes(TOKYO, Wish::Promote(Confirmed::default().and(Question::First)));
        pair.passes(100);
        pair.wishes(OSAKA, Wish::Join { replace: false });
        pair.passes(2_000);
        pair.pays(TOKYO, 3);
        pair.passes(500);
        pair.told.clear();
        pair
    }

    /// A life of a node begins.
    pub(super) fn starts(&mut self, at: usize) {
        let now = self.now;
        let site = &mut self.sites[at];
        site.log.truncate(site.durable);
        site.given.clear();
        site.lives += 1;
        site.allowed = Allowed::UpTo(Position(0));
        site.reign = None;
        site.open = false;
        let facts = site.facts();
        let start = Start {
            incarnation: Incarnation(site.lives + 100 * (at as u64 + 1)),
            cluster_if_new: CLUSTER,
            yields: std::mem::take(&mut site.yields),
        };
        let node = Node::new(site.settings.clone(), site.control, facts, start, now);
        site.node = Some(node);
        self.witness.alive[at] = false;
        self.joins_lines();
        self.runs();
    }

    fn joins_lines(&mut self) {
        if self.sites.iter().all(|site| site.node.is_some()) {
            for at in [TOKYO, OSAKA] {
                self.tells(at, if self.line { Event::LineUp } else { Event::LineDown });
            }
        }
    }

    /// A node is killed, and loses what is not on its disk if it lost power.
    pub(super) fn dies(&mut self, at: usize) {
        self.sites[at].node = None;
        self.witness.alive[at] = false;
        self.tells(1 - at, Event::LineDown);
        self.runs();
    }

    pub(super) fn cuts_line(&mut self) {
        self.line = false;
        self.joins_lines();
        self.runs();
    }

    pub(super) fn mends_line(&mut self) {
        self.line = true;
        self.joins_lines();
        self.runs();
    }

    /// Milliseconds pass.
    pub(super) fn passes(&mut self, ms: u64) {
        let until = self.now + ms * MS;
        while self.now < until {
            self.now = (self.now + 10 * MS).min(until);
            for at in [TOKYO, OSAKA] {
                self.tells(at, Event::Tick);
            }
            self.runs();
        }
    }

    /// A node's process stands still for milliseconds; the time is the first that it hears of then.
    pub(super) fn stands_still(&mut self, at: usize, ms: u64) {
        self.now += ms * MS;
        self.tells(at, Event::Tick);
        self.tells(1 - at, Event::Tick);
        self.runs();
    }

    /// An operator's wish.
    pub(super) fn wishes(&mut self, at: usize, wish: Wish) {
        self.wishes += 1;
        self.tells(at, Event::Wish(WishId(self.wishes), wish));
        self.runs();
    }

    /// Wishes of two operators in one moment: neither node has heard what the other one makes of its own.
    pub(super) fn wishes_of_both(&mut self, first: usize, wish: Wish) {
        for at in [first, 1 - first] {
            self.wishes += 1;
            self.tells(at, Event::Wish(WishId(self.wishes), wish));
        }
        self.runs();
    }

    /// Batches of one record each.
    pub(super) fn pays(&mut self, at: usize, batches: usize) {
        for _ in 0..batches {
            let (end, item) = self.sites[at].writes(1);
            self.tells(at, Event::Framed { end, item: Some(item) });
            self.syncs(at);
            self.runs();
        }
    }

    /// A standby's log takes what it was given.
    pub(super) fn takes_what_it_was_given(&mut self, at: usize) {
        self.sites[at].log_is_slow = false;
        for item in std::mem::take(&mut self.sites[at].given) {
            self.does(at, Action::Take(item));
        }
        self.runs();
    }

    /// A reign's disk does what it was asked to.
    pub(super) fn syncs(&mut self, at: usize) {
        let site = &mut self.sites[at];
        if site.node.is_some() && !site.disk_is_slow && site.durable < site.log.len() {
            site.durable = site.log.len();
            let end = site.end();
            self.tells(at, Event::Durable(end));
        }
    }

    /// Since when a node releases without the other one.
    pub(super) fn alone(&self, at: usize) -> Option<Alone> {
        match self.sites[at].allowed {
            Allowed::All(alone) => Some(alone),
            Allowed::UpTo(_) => None,
        }
    }

    /// A control file is written, and those that follow are written at once.
    pub(super) fn writes_control(&mut self, at: usize) {
        let site = &mut self.sites[at];
        site.control_is_slow = false;
        site.control = site.unwritten.take().expect("something is to be written");
        self.tells(at, Event::Persisted);
        self.runs();
    }

    /// What was told since this was asked last, a line each.
    pub(super) fn story(&mut self) -> String {
        std::mem::take(&mut self.told).into_iter().map(|line| line + "\n").collect()
    }

    fn notes(&mut self, at: usize, what: &str) {
        let name = self.sites[at].settings.name;
        self.told.push(format!("{name}: {what}"));
    }

    pub(super) fn tells(&mut self, at: usize, event: Event) {
        let now = self.now;
        if let Some(node) = &mut self.sites[at].node {
            node.handle(now, event);
        }
    }

    /// Until nothing is to be done or said.
    fn runs(&mut self) {
        for _ in 0..100_000 {
            let went_on = [TOKYO, OSAKA].map(|at| self.runs_one(at));
            if went_on == [false; 2] {
                return;
            }
        }
        panic!("they never come to rest");
    }

    /// All that a node wants done and said; whether there was anything.
    fn runs_one(&mut self, at: usize) -> bool {
        let (mut went_on, mut done) = (false, 0);
        while let Some(action) = self.sites[at].node.as_mut().and_then(Node::poll_action) {
            (went_on, done) = (true, done + 1);
            assert!(done < 1_000, "it never comes to rest");
            self.does(at, action);
        }
        while let Some(message) = self.sites[at].node.as_mut().and_then(Node::poll_message) {
            went_on = true;
            self.hears(1 - at, message);
        }
        self.releases(at);
        went_on
    }

    fn hears(&mut self, at: usize, message: Message) {
        if !self.line {
            return;
        }
        let said = short(&message);
        if !said.is_empty() {
            self.notes(1 - at, &format!("says {said}"));
        }
        let is_consent = matches!(message, Message::Grant { .. });
        self.tells(at, Event::Heard(message));
        if is_consent && self.falls_silent {
            self.line = false;
        }
    }

    fn does(&mut self, at: usize, action: Action) {
        match action {
            Action::Persist(control) if self.sites[at].control_is_slow => {
                self.sites[at].unwritten = Some(control);
            }
            Action::Persist(control) => {
                self.sites[at].control = control;
                self.tells(at, Event::Persisted);
            }
            Action::Read(id) => {
                let reply = Reply::Says(self.witness.says(1 - at));
                self.replies(at, id, reply);
            }
            Action::Swap { id, expected, record } => self.swaps(at, id, expected, record),
            Action::Alive(alive) => self.witness.alive[at] = alive,
            Action::Require => {
                let released = self.sites[at].released;
                self.sites[at].allowed = Allowed::UpTo(released);
                self.tells(at, Event::Required { released });
            }
            Action::Allow(allowed) => self.sites[at].allowed = allowed,
            Action::Take(item) if self.sites[at].log_is_slow => self.sites[at].given.push(item),
            Action::Take(item) => {
                let mark = self.sites[at].takes(item);
                self.tells(at, Event::Received(mark));
                self.syncs(at);
            }
            Action::Cut(mark) => {
                let gone = self.sites[at].cut(mark);
                if gone > 0 {
                    self.notes(at, &format!("cuts {gone} batches behind {}", mark.batch.0));
                }
                self.tells(at, Event::Cut(mark));
            }
            Action::Seal if self.sites[at].disk_is_slow => {}
            Action::Seal => {
                self.sites[at].durable = self.sites[at].log.len();
                let end = self.sites[at].end();
                self.tells(at, Event::Sealed(end));
            }
            Action::Reign(_) if self.sites[at].dies_at_reign => {
                self.sites[at].dies_at_reign = false;
                self.dies(at);
            }
            Action::Reign(reign) => self.reigns(at, reign),
            Action::Open => {
                self.sites[at].open = true;
                self.notes(at, "opens");
            }
            action => self.does_more(at, action),
        }
    }

    /// What is done less often.
    fn does_more(&mut self, at: usize, action: Action) {
        match action {
            Action::Drain { id, .. } if self.sites[at].is_busy => {
                self.tells(at, Event::NotDrained(id));
            }
            Action::Drain { id, .. } if self.sites[at].drains_slowly => {
                self.notes(at, "begins to drain");
                self.sites[at].draining.push_back(id);
            }
            Action::Drain { id, .. } => self.drains(at, id),
            Action::Admit => self.notes(at, "admits again"),
            Action::Demote(why) => {
                self.notes(at, &format!("ends: {why:?}"));
                self.sites[at].yields = why == Ending::Sick;
                self.starts(at);
            }
            Action::Halt(why) => {
                self.notes(at, &format!("halts: {why:?}"));
                self.dies(at);
            }
            Action::HangUp => {
                self.notes(at, "hangs up");
                self.joins_lines();
            }
            Action::Feed(Need::Log { from, .. }) => {
                let site = &self.sites[at];
                let read = || Fed::Log { items: site.reads(from) };
                let fed = site.gone(from).unwrap_or_else(read);
                self.tells(at, Event::Fed(fed));
            }
            Action::Feed(Need::Snapshot { offset, .. }) => {
                let fed = self.sites[at].piece(offset);
                self.tells(at, Event::Fed(fed));
            }
            Action::Store(storing) => self.stores(at, storing),
            Action::Serve { from, until } => self.serves(at, from, until),
            Action::Mend(item) => {
                let end = self.sites[at].takes(item);
                let site = &mut self.sites[at];
                site.durable = site.log.len();
                if Some(end.batch) == site.damaged {
                    site.damaged = None;
                    let epochs = site.facts().epochs;
                    self.tells(at, Event::Mended { end, epochs });
                }
            }
            Action::Answer(_, Ok(done)) => self.notes(at, &format!("tells its operator: {done:?}")),
            Action::Answer(_, Err(refusal)) => {
                self.notes(at, &format!("tells its operator: no, {refusal}"));
            }
            _ => unreachable!("done already"),
        }
    }

    fn drains(&mut self, at: usize, id: DrainId) {
        self.notes(at, "drains");
        let (end, item) = self.sites[at].writes(1);
        self.tells(at, Event::Framed { end, item: Some(item) });
        self.syncs(at);
        self.tells(at, Event::Drained { id, end });
    }

    /// Nothing is in flight any more, of the oldest drain that was not answered.
    pub(super) fn has_drained(&mut self, at: usize) {
        let id = self.sites[at].draining.pop_front().expect("a drain is under way");
        self.drains(at, id);
        self.runs();
    }

    fn replies(&mut self, at: usize, id: RequestId, reply: Reply) {
        if !self.witness.deaf[at] {
            self.tells(at, Event::Witnessed { id, reply });
        }
    }

    fn swaps(&mut self, at: usize, id: RequestId, expected: Revision, record: Record) {
        if self.witness.slow {
            self.notes(at, "asks for a change that nobody answers");
            self.witness.later.push((expected, record));
        } else if !self.witness.deaf[at] {
            let done = self.witness.changes(expected, record);
            let Record { epoch, primary, in_sync, .. } = record;
            let with = in_sync.map_or_else(String::new, |member| format!(" with {}", member.name));
            let what = format!("{} {}{with}", epoch.0, primary.name);
            let reply = if done {
                self.notes(at, &format!("changes the record to {what}"));
                Reply::Swapped(Revision(self.witness.revision))
            } else {
                self.notes(at, &format!("does not get the record to {what}"));
                Reply::Refused
            };
            self.replies(at, id, reply);
        }
    }

    fn reigns(&mut self, at: usize, reign: Reign) {
        let Reign { epoch, cause, lossy, .. } = reign;
        let loss = if lossy { ", lossy" } else { "" };
        self.notes(at, &format!("reigns by {} ({cause:?}{loss})", epoch.0));
        let lacks = self.released.iter().any(|(_, mark)| !self.sites[at].has(mark));
        assert!(lossy || !lacks, "it lacks what was released, and does not say so");
        assert!(self.sites.iter().all(|site| site.reign != Some(epoch)), "one reign, one writer");
        self.sites[at].reign = Some(epoch);
        let block = self.sites[at].begins(epoch);
        let before = self.sites[at].end();
        let (end, item) = self.sites[at].writes(1);
        let begun = end.position;
        self.tells(at, Event::Reigns { end, begun });
        self.tells(at, Event::Framed { end: before, item: Some(block) });
        self.tells(at, Event::Framed { end, item: Some(item) });
        self.syncs(at);
    }

    fn serves(&mut self, at: usize, from: BatchNumber, until: BatchNumber) {
        let site = &self.sites[at];
        let reign = site.control.promised;
        let asked = site.log.iter().filter(|piece| {
            piece.item.kind == ItemKind::Batch && (from..=until).contains(&piece.mark.batch)
        });
        let mut said = std::mem::take(&mut self.late);
        let mut next = from;
        for piece in asked.cloned() {
            next = BatchNumber(piece.mark.batch.0 + 1);
            let segment = SegmentNumber(1);
            let Item { kind, bytes } = piece.item;
            said.push(Message::Fetched { reign, segment, item: kind, bytes });
        }
        if next <= until {
            said.push(Message::NotHere { reign, from: next });
        }
        if let Some(batches) = self.serves.take() {
            self.late = said.split_off(batches);
        }
        for message in said {
            self.hears(1 - at, message);
        }
        if !self.late.is_empty() {
            self.line = false;
            for site in [TOKYO, OSAKA] {
                self.tells(site, Event::LineDown);
            }
        }
    }

    fn releases(&mut self, at: usize) {
        let site = &mut self.sites[at];
        let Some(epoch) = site.reign else { return };
        let on_disk = &site.log[..site.durable];
        let may = |mark: &Mark| match site.allowed {
            Allowed::All(_) => true,
            Allowed::UpTo(position) => mark.position <= position,
        };
        let last = on_disk.iter().rfind(|piece| may(&piece.mark)).map(|piece| piece.mark);
        if let Some(mark) = last
            && mark.position > site.released
        {
            site.released = mark.position;
            self.released.push((epoch, mark));
        }
    }
}
