//! Stored messages of this worker's issuers, as operators ask for them: looked up between two turns,
//! card data masked. Must not know who asked, or when a message is sent.

use codec::{Fields, Masked, Slots, Value};
use crossbeam::channel::Sender;
use switch_core::gate::Position;
use switch_core::ids::{Stan, StationId};
use switch_core::plan::Plan;
use switch_core::saf::items::Stage;
use switch_core::saf::operating::{Command, Figures, NotObeyed, Shown};
use switch_core::time::Now;

use super::Worker;
use crate::not_done::NotDone;
use crate::saf::{SafItem, SafReply, SafStatus, id};

/// Fields that are nobody's secret: what is shown of a message beside its masked card.
const SHOWN: Fields = Fields::of(&[
    3, 4, 5, 6, 7, 11, 12, 13, 15, 18, 22, 24, 25, 26, 28, 29, 30, 32, 33, 37, 38, 39, 41, 42, 49,
    50, 51, 90, 95,
]);

/// What an operator wants of this worker.
#[derive(Clone, Debug)]
pub enum SafOrder {
    /// Some of what is open for an issuer.
    List {
        /// Whom it is for.
        issuer: StationId,
        /// Which.
        which: Which,
        /// So many at most.
        most: usize,
    },
    /// Something of one.
    Of {
        /// Whom it is for.
        issuer: StationId,
        /// Its number.
        stan: Stan,
        /// What.
        wish: SafWish,
    },
}

/// Which of an issuer's are to be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those that somebody has to look at, then the oldest of the others.
    First,
    /// The oldest behind the one that was made in that second and has that number.
    After(u64, Stan),
}

/// What is wanted of one, and who answers for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SafWish {
    /// To see it.
    Show,
    /// To keep it back.
    Hold(String),
    /// To let it go on.
    Release(String),
    /// To give it up.
    Purge([String; 2]),
}

/// Where a reply goes.
pub type SafReplies = Sender<Result<SafReply, NotDone>>;

/// A change that was made and is not committed yet: who asked is told when it is.
#[derive(Debug)]
pub(super) struct Told {
    behind: Position,
    to: SafReplies,
    reply: SafReply,
}

impl Worker {
    /// Does what an operator wants; a change is told once it is committed.
    pub(super) fn operate(&mut self, now: Now, order: SafOrder, to: SafReplies) {
        match order {
            // Who asked may have given up by now.
            SafOrder::List { issuer, which, most } => {
                drop(to.try_send(Ok(self.list(now, issuer, which, most))));
            }
            SafOrder::Of { issuer, stan, wish } => match self.change(now, issuer, stan, &wish) {
                Ok(reply) if wish != SafWish::Show => {
                    self.told.push(Told { behind: self.core.entered(), to, reply });
                }
                done => drop(to.try_send(done)),
            },
        }
    }

    /// Tells operators of what is committed by now.
    pub(super) fn tell_operators(&mut self, committed: Position) {
        self.told.retain_mut(|told| {
            let waits = told.behind > committed;
            if !waits {
                drop(told.to.try_send(Ok(std::mem::take(&mut told.reply))));
            }
            waits
        });
    }

    /// Looks at twice as many as are wanted at most, however many there are.
    fn list(&mut self, now: Now, issuer: StationId, which: Which, most: usize) -> SafReply {
        let Self { core, slots, .. } = self;
        let plan = core.plan();
        let mut listed: Vec<Shown<'_>> = match which {
            Which::First => core.saf_stopped(issuer).take(most).collect(),
            Which::After(utc, stan) => core.saf_by_age(issuer, (utc, stan)).take(most).collect(),
        };
        if which == Which::First {
            let others = core.saf_by_age(issuer, (0, Stan(0))).take(most);
            let stops = |item: &Shown<'_>| matches!(item.stage, Stage::Parked | Stage::Held);
            listed.extend(others.filter(|item| !stops(item)).take(most - listed.len()));
        }
        let items = listed.iter().map(|item| row(plan, now, item, slots, Fields::EMPTY)).collect();
        let all = u64::from(core.saf_len(issuer).0);
        let shown = u64::try_from(listed.len()).expect("a length fits");
        // How many there were in front of a page is known to whoever turned it.
        let more = if which == Which::First { all - shown } else { 0 };
        SafReply { items, more, note: None }
    }

    /// Does what is wanted of one, and gives it as it is then; of one that was given up, as it was.
    fn change(
        &mut self,
        now: Now,
        issuer: StationId,
        stan: Stan,
        wish: &SafWish,
    ) -> Result<SafReply, NotDone> {
        let before = self.find(now, issuer, stan)?;
        let command = match wish {
            SafWish::Show => return Ok(SafReply { items: vec![before], ..SafReply::default() }),
            SafWish::Hold(by) => Command::Hold { by },
            SafWish::Release(by) => Command::Release { by },
            SafWish::Purge([one, other]) => Command::Purge { by: [one, other] },
        };
        let done = self.core.handle_saf(now, issuer, stan, command);
        done.map_err(|why| not_obeyed(why, &before))?;
        let item = match command {
            Command::Purge { by } => {
                SafItem { state: "purged".into(), by: Some(by.join(", ")), ..before }
            }
            Command::Hold { .. } | Command::Release { .. } => self.find(now, issuer, stan)?,
        };
        Ok(SafReply { items: vec![item], ..SafReply::default() })
    }

    fn find(&mut self, now: Now, issuer: StationId, stan: Stan) -> Result<SafItem, NotDone> {
        let Self { core, slots, .. } = self;
        let plan = core.plan();
        let found = core.saf_item(issuer, stan);
        let name = &plan.station(issuer).settings.name;
        let none = || nothing(&id(name, stan.0));
        Ok(row(plan, now, &found.ok_or_else(none)?, slots, SHOWN))
    }

    /// What is stored for an issuer whose links are here, in figures.
    pub(super) fn stored(&self, now: Now, issuer: StationId) -> SafStatus {
        let settings = &self.core.plan().station(issuer).settings.issuing;
        let seen = self.core.station(issuer);
        let Figures { waiting, sent, parked, held, alarmed, oldest } =
            self.core.saf_figures(issuer);
        SafStatus {
            waiting,
            sent,
            parked,
            held,
            alarmed,
            alarm_after: settings.saf_alarm_after,
            oldest_s: oldest.map(|utc| now.utc.saturating_sub(utc)),
            paused: seen.signed_off || seen.unavailable,
        }
    }
}

fn nothing(id: &str) -> NotDone {
    NotDone::NotFound(format!(
        "nothing is stored as {id}: it is acknowledged, purged, or never was; sekisho saf list shows \
         what is"
    ))
}

/// Why it was not done, and what to do, to whoever wants to do it.
fn not_obeyed(why: NotObeyed, item: &SafItem) -> NotDone {
    let SafItem { id, state, .. } = item;
    match why {
        NotObeyed::Unknown => nothing(id),
        NotObeyed::Name => NotDone::NotPermitted("a name is missing, or too long".into()),
        NotObeyed::SameOperator => NotDone::NotPermitted("a purge needs two people".into()),
        NotObeyed::NothingToDo if state == word(Stage::Held) => {
            NotDone::Conflict(format!("{id} is held already; sekisho saf release lets it go on"))
        }
        NotObeyed::NothingToDo => NotDone::Conflict(format!(
            "{id} is {state}: it goes on by itself; only what is held or parked can be released"
        )),
        NotObeyed::NoRoom => NotDone::Failed(format!(
            "nothing was done about {id}: it can not be written down now, the gate is full; try again \
             in a moment, and see sekisho status"
        )),
    }
}

/// What is shown of one: these fields, as far as it has them.
fn row(plan: &Plan, now: Now, item: &Shown<'_>, slots: &mut Slots, fields: Fields) -> SafItem {
    let settings = &plan.station(item.issuer).settings;
    let read = settings.dialect.decode(item.frame, slots).is_ok();
    let message = read.then(|| slots.message(&settings.dialect, item.frame));
    let fields =
        message.as_ref().map_or(Fields::EMPTY, |message| message.fields().intersection(fields));
    let value = |n| text(message.as_ref()?.value(n)?);
    let waits_again = item.stage == Stage::Waiting && item.failures > 0;
    SafItem {
        id: id(&settings.name, item.stan.0),
        issuer: settings.name.clone(),
        stan: format!("{:06}", item.stan.0),
        state: word(item.stage).into(),
        mti: item.mti.to_string(),
        reason: (item.reason > 0).then(|| format!("{:04x}", item.reason)),
        original: (item.original.0 > 0).then(|| format!("{:06}", item.original.0)),
        made_utc: item.utc,
        age_s: now.utc.saturating_sub(item.utc),
        failures: item.failures,
        again_s: waits_again.then(|| item.due.since(now.boot).as_secs()),
        last_action: (item.action > 0).then(|| format!("{:03x}", item.action)),
        by: (!item.by.is_empty()).then(|| item.by.to_owned()),
        card: value(2).map(|card| Masked(card.as_bytes()).to_string()),
        fields: fields.iter().filter_map(|n| Some((n, value(n)?))).collect(),
    }
}

fn word(stage: Stage) -> &'static str {
    match stage {
        Stage::Waiting | Stage::Behind => "waiting",
        Stage::Leaving | Stage::Awaited => "sent",
        Stage::Parked => "parked",
        Stage::Held => "held",
    }
}

/// A value as text; none when it is no digits and no characters.
fn text(value: Value<'_>) -> Option<String> {
    let mut room = vec![0; usize::from(value.units())];
    let bytes = value.write_text(&mut room)?;
    String::from_utf8(bytes.to_vec()).ok()
}
