//! The thread `ship` of a node in a world of two sites: what the node hears goes to it, and what it
//! wants is done. Must not know why it wants that.

use journal::roles::event::{Action, Cause, Ending, Event as Heard};
use journal::roles::view::Safety;
use journal::roles::wish::{Wish, WishId};
use journal::roles::witness::{Known, Reply as Answer, RequestId, Revision, Seen};

use super::agenda::MS;
use super::happened::Happening;
use super::line::Site;
use super::machine::{Order, Process, Task};
use super::witness::{Question, Reply};
use super::world::{Event, Thread, World};
use journal::roles::witness::Record;

/// How often a node keeps its key alive.
const KEEPS: u64 = 500 * MS;
/// What a word from one thread to another takes.
const HOP: u64 = MS / 50;

impl World {
    pub(crate) fn process(&mut self, site: Site) -> &mut Process {
        self.machines[site.0].process.as_mut().expect("it runs")
    }

    /// The thread has something to do.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are for other threads")]
    pub(crate) fn ship(&mut self, site: Site, task: Task) {
        let now = self.machines[site.0].clock.boot(self.now);
        let heard = match task {
            Task::LineUp(connection) => {
                self.process(site).connection = Some(connection);
                Heard::LineUp
            }
            Task::LineDown(connection) => {
                if self.process(site).connection.take_if(|own| *own == connection).is_none() {
                    return;
                }
                Heard::LineDown
            }
            Task::Heard(connection, message) => {
                if self.process(site).connection != Some(connection) {
                    return;
                }
                if self.process(site).keeps_word(&message) {
                    return self.tells(site, Thread::Journal, HOP, Task::Mends(message));
                }
                Heard::Heard(message)
            }
            Task::Witnessed(id, question, reply) => {
                let reply = answer(site, &question, &reply);
                let process = self.process(site);
                if let Some((_, asked)) = process.asks.filter(|(asked, _)| *asked == id)
                    && reply != Answer::Refused
                {
                    process.knows = asked;
                }
                if matches!(question, Question::Swap(..)) {
                    self.tale.at(self.now, site, || format!("witness says: {reply:?}"));
                }
                Heard::Witnessed { id, reply }
            }
            Task::Tick => {
                self.process(site).armed = None;
                if self.process(site).node.deadline().is_none_or(|deadline| deadline > now) {
                    return self.arms(site);
                }
                Heard::Tick
            }
            Task::Persisting(control) => {
                if !self.persists(site, &control) {
                    return;
                }
                Heard::Persisted
            }
            Task::Promotes => match self.says_what_is_true(site) {
                Some(wish) => self.wished(site, wish),
                None => return,
            },
            Task::Wish(wish) => self.wished(site, wish),
            Task::Done(event) => event,
            other => unreachable!("not for this thread: {other:?}"),
        };
        let process = self.process(site);
        process.node.handle(now, heard);
        let safety = process.node.view().safety;
        let before = std::mem::replace(&mut process.safety, safety);
        match safety {
            _ if before == safety || process.reign.is_none() => {}
            Safety::Solo => self.saw(Happening::Solo),
            Safety::Sync => self.saw(Happening::Sync),
            Safety::NoPrimary | Safety::Async | Safety::Stopped => {}
        }
        self.drives(site);
    }

    fn wished(&mut self, site: Site, wish: Wish) -> Heard {
        self.tale.at(self.now, site, || format!("operator: {wish:?}"));
        let process = self.process(site);
        process.wishes += 1;
        process.asked = true;
        Heard::Wish(WishId(process.wishes), wish)
    }

    /// Everything that the node wants now.
    fn drives(&mut self, site: Site) {
        while let Some(process) = &mut self.machines[site.0].process {
            if let Some(message) = process.node.poll_message() {
                if process.connection.is_some() && process.connection == self.line.end(site) {
                    let arrival = self.line.sends(site, message, self.now, &mut self.dice);
                    self.carries(site, arrival);
                }
                continue;
            }
            let Some(action) = process.node.poll_action() else { return self.arms(site) };
            self.does(site, action);
        }
    }

    /// The node is called when it wants to be.
    fn arms(&mut self, site: Site) {
        let machine = &mut self.machines[site.0];
        let Some(process) = &mut machine.process else { return };
        let Some(deadline) = process.node.deadline() else { return };
        let at = machine.clock.when(deadline).max(self.now);
        if process.armed.is_none_or(|armed| armed > at) {
            process.armed = Some(at);
            let life = process.life;
            self.agenda.adds(at, Event::Task(site, life, Thread::Ship, Task::Tick));
        }
    }

    fn does(&mut self, site: Site, action: Action) {
        let is_told = !matches!(
            action,
            Action::Allow(_) | Action::Take(_) | Action::Read(_) | Action::Feed(_)
        );
        if is_told {
            self.tale.at(self.now, site, || format!("{action:?}"));
        }
        match action {
            Action::Persist(control) => {
                let span = self.sync_of(site);
                self.is_busy(site, Thread::Ship, span);
                self.tells(site, Thread::Ship, span, Task::Persisting(Box::new(control)));
            }
            Action::Read(id) => self.questions(site, id, Question::Read),
            Action::Swap { id, expected, record } => {
                self.questions(site, id, Question::Swap(expected.0, record));
            }
            Action::Alive(alive) => self.process(site).alive = alive,
            Action::Require => self.orders(site, Order::Require),
            Action::Allow(allowed) => self.orders(site, Order::Allow(allowed)),
            Action::Take(item) => self.orders(site, Order::Take(item)),
            Action::Cut(mark) => self.orders(site, Order::Cut(mark)),
            Action::Seal => self.orders(site, Order::Seal),
            Action::Reign(reign) => {
                match reign.cause {
                    Cause::Promoted => self.saw(Happening::Promotions),
                    Cause::Resumed => self.saw(Happening::Resumptions),
                    Cause::First | Cause::HandedOver => {}
                }
                if reign.lossy {
                    self.saw(Happening::LossyPromotions);
                }
                self.orders(site, Order::Reign(reign));
            }
            Action::Open => self.orders(site, Order::Open),
            Action::Drain { id, .. } => self.orders(site, Order::Drain(id)),
            Action::Admit => self.orders(site, Order::Admit),
            Action::Serve { from, until } => self.orders(site, Order::Serve(from, until)),
            Action::Feed(need) => {
                let (least, most) = self.reads;
                let span = self.dice.between(least, most + 1);
                self.tells(site, Thread::Feed, span, Task::Feed(need));
            }
            Action::Store(storing) => self.orders(site, Order::Store(Box::new(storing))),
            Action::Mend(item) => self.orders(site, Order::Mend(item)),
            Action::Demote(why) => {
                self.saw(Happening::Demotions);
                self.begins_again(site);
                if why == Ending::Sick {
                    self.saw(Happening::GivenUp);
                    let machine = &mut self.machines[site.0];
                    (machine.yields, machine.gave_up) = (true, Some(self.now));
                }
            }
            Action::Halt(_) => self.halts(site),
            Action::HangUp => {
                let connection = self.process(site).connection.take();
                if connection.is_some() {
                    if connection == self.line.end(site) {
                        let arrival = self.line.closes(site, true, self.now, &mut self.dice);
                        self.carries(site, arrival);
                    }
                    self.tells(site, Thread::Ship, HOP, Task::Done(Heard::LineDown));
                }
            }
            Action::Answer(_, answer) => self.is_told(site, &answer),
        }
    }

    /// The journal's thread hears of it in order.
    fn orders(&mut self, site: Site, order: Order) {
        self.tells(site, Thread::Journal, HOP, Task::Order(order));
    }

    /// The thread `ship` hears of it in order.
    pub(crate) fn is_done(&mut self, site: Site, event: Heard) {
        self.tells(site, Thread::Ship, HOP, Task::Done(event));
    }

    /// A question goes to the witness; who gets no answer hears that at last.
    fn questions(&mut self, site: Site, id: RequestId, question: Question<Record>) {
        let now = self.now;
        let process = self.process(site);
        let life = process.life;
        if id != RequestId(0) {
            process.asks = Some((id, now));
        }
        if let Some(at) = self.witness.hears(site, self.now, &mut self.dice) {
            self.agenda.adds(at, Event::Asks(site, life, id, question));
        }
    }

    /// The thread that keeps the node's key alive does so.
    pub(crate) fn keeps(&mut self, site: Site) {
        self.tells(site, Thread::Witness, KEEPS, Task::Keep);
        if self.process(site).alive && self.weather.witness {
            self.questions(site, RequestId(0), Question::Lives);
        }
    }
}

/// What a node hears of the witness's answer.
fn answer(site: Site, question: &Question<Record>, reply: &Reply<Record>) -> Answer {
    let known =
        reply.record.map(|(revision, record)| Known { revision: Revision(revision), record });
    match question {
        Question::Swap(..) if reply.swapped => {
            Answer::Swapped(known.expect("what was put there is there").revision)
        }
        Question::Swap(..) => Answer::Refused,
        Question::Read | Question::Lives => {
            Answer::Says(Seen { known, peer_alive: reply.alive[site.other().0] })
        }
    }
}
