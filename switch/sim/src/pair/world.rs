//! Two sites and what is between them, from event to event. Must not know how a node decides.

use std::sync::Arc;

use journal::roles::witness::{Record, RequestId};
use journal::seal::Keys;
use journal::ship::message::Message;

use super::agenda::{Agenda, At, MS, SECOND};
use super::cores::Front;
use super::happened::{Happened, Happening};
use super::judge::Judge;
use super::line::{Carried, Connection, Line, Site};
use super::machine::{Machine, Task};
use super::scenario::Step;
use super::tale::Tale;
use super::troubles::End;
use super::weather::Weather;
use super::witness::{Question, Witness};
use crate::seeds::dice::Dice;

/// Something that happens.
#[derive(Debug)]
pub(crate) enum Event {
    /// Something for a thread of a process, in that life of it.
    Task(Site, u64, Thread, Task),
    /// A thread of a process that was busy goes on with what waits for it.
    GoesOn(Site, u64, Thread),
    /// Something comes out of the line.
    Arrives(Site, Connection, Carried<Message>),
    /// The site that connects tries to.
    Connects,
    /// A question gets to the witness.
    Asks(Site, u64, RequestId, Question<Record>),
    /// A process is started.
    Starts(Site),
    /// A second's troubles.
    Trouble,
    /// One of them is over.
    Ends(End),
    /// Records come about at whoever is open.
    Works,
    /// Whether what a primary writes becomes durable in time is looked at.
    Measures,
    /// What an operator looks after.
    Operates,
    /// A step of a script.
    Plays(Step),
}

/// The threads of a process that can stand still by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thread {
    /// The line, the witness and the roles.
    Ship,
    /// The log.
    Journal,
    /// Who hands out what is released.
    Workers,
    /// Who keeps the node's key at the witness alive.
    Witness,
    /// Who reads what the other site lacks.
    Feed,
}

impl Thread {
    /// All of them.
    pub(crate) const ALL: [Self; 5] =
        [Self::Ship, Self::Journal, Self::Workers, Self::Witness, Self::Feed];
}

/// What happened in a world, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Milliseconds that passed in there.
    pub lived_ms: u64,
    /// Transactions that acquirers began.
    pub transactions: u64,
    /// How often what happened.
    pub happened: Happened,
}

impl crate::running::Sums for Sums {
    fn adds(&mut self, other: &Self) {
        self.lived_ms += other.lived_ms;
        self.transactions += other.transactions;
        self.happened.adds(&other.happened);
    }

    fn lived_ms(&self) -> u64 {
        self.lived_ms
    }

    fn happened(&self) -> Vec<(&'static str, u64)> {
        self.happened.all()
    }
}

impl Sums {
    /// Processes that ended without being asked.
    pub fn crashes(&self) -> u64 {
        let all =
            [Happening::Kills, Happening::PowerCuts, Happening::Midst, Happening::DiskFailures];
        let both = 2 * self.happened.times(Happening::Blackouts);
        both + all.iter().map(|&what| self.happened.times(what)).sum::<u64>()
    }
}

/// The world.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) now: At,
    pub(crate) agenda: Agenda<Event>,
    pub(crate) dice: Dice,
    pub(crate) weather: Weather,
    pub(crate) machines: [Machine; 2],
    pub(crate) line: Line<Message>,
    pub(crate) witness: Witness<Record>,
    pub(crate) judge: Judge,
    pub(crate) sums: Sums,
    pub(crate) tale: Tale,
    /// The switch and its partners, where the records are those of the cores.
    pub(crate) front: Option<Box<Front>>,
    pub(crate) keys: Arc<Keys>,
    /// How long it takes to read what the other site lacks, in nanoseconds.
    pub(crate) reads: (u64, u64),
    /// Records of the workload so far.
    pub(crate) serial: u64,
    /// When somebody was seen to reign last, and how often an operator tried since.
    pub(crate) reigned: At,
    pub(crate) asked: usize,
    /// The last reign that an operator let go on alone.
    pub(crate) let_alone: Option<journal::format::Epoch>,
    /// When all troubles are over; whether they are.
    pub(crate) heals_at: At,
    pub(crate) healing: bool,
}

/// When all troubles are over.
const HEALS: u64 = 44 * SECOND;
/// How often the site that connects tries to.
const TRIES: u64 = 300 * MS;
/// A connection on which nothing was taken for so long is given up by the system.
const GIVES_UP: u64 = 5 * SECOND;

impl World {
    /// A world of this weather, before anything happens.
    #[expect(clippy::large_stack_frames, reason = "a world is made once a seed")]
    pub(crate) fn new(seed: u64, weather: Weather, mut dice: Dice, told: bool) -> Self {
        let machines = Site::BOTH.map(|site| Machine::new(site, seed, &weather, &mut dice));
        let mut world = Self {
            now: At(SECOND),
            agenda: Agenda::default(),
            dice,
            machines,
            line: Line::new(weather.delay),
            witness: Witness::new(),
            judge: Judge::default(),
            sums: Sums::default(),
            tale: Tale { told, text: String::new() },
            front: weather.cores.then(|| Box::new(Front::new(seed, told))),
            keys: shared_keys(),
            reads: (MS / 10, 3 * MS),
            serial: 0,
            reigned: At(SECOND),
            asked: 0,
            let_alone: None,
            heals_at: At(HEALS),
            healing: false,
            weather,
        };
        for site in Site::BOTH {
            world.soon(MS, Event::Starts(site));
        }
        world.soon(TRIES, Event::Connects);
        world
    }

    pub(crate) fn saw(&mut self, what: Happening) {
        self.sums.happened.saw(what);
    }

    pub(crate) fn soon(&mut self, after: u64, event: Event) {
        self.agenda.adds(self.now.after(after), event);
    }

    /// Everything that happens up to a time.
    pub(crate) fn goes_on_until(&mut self, until: At) {
        while let Some((at, event)) = self.agenda.next(until) {
            self.now = at;
            self.takes(event);
            self.looks();
        }
        self.now = until;
    }

    fn takes(&mut self, event: Event) {
        match event {
            Event::Task(site, life, thread, task) => self.runs(site, life, thread, task),
            Event::GoesOn(site, life, thread) => self.goes_on(site, life, thread),
            Event::Arrives(to, connection, what) => self.arrives(to, connection, what),
            Event::Connects => self.connects(),
            Event::Asks(site, life, request, question) => self.asks(site, life, request, question),
            Event::Starts(site) => self.starts(site),
            Event::Trouble => self.trouble(),
            Event::Ends(end) => self.ends(end),
            Event::Works => self.works(),
            Event::Measures => self.measures(),
            Event::Operates => self.operates(),
            Event::Plays(step) => self.plays(step),
        }
    }

    /// A thread has something to do, once it can: one thing after the other, in the order in which it
    /// was told of them; what it is in the midst of first.
    fn runs(&mut self, site: Site, life: u64, thread: Thread, task: Task) {
        let machine = &mut self.machines[site.0];
        let Some(process) = machine.process.as_mut().filter(|process| process.life == life) else {
            return;
        };
        let waiting = &mut process.waiting[thread as usize];
        let waits = !waiting.is_empty();
        if matches!(task, Task::Persisting(_) | Task::Sealing) {
            waiting.push_front(task);
        } else {
            waiting.push_back(task);
        }
        // Whoever waited already is called.
        if !waits {
            self.goes_on(site, life, thread);
        }
    }

    /// A thread does the next thing that waits for it, if it can now.
    fn goes_on(&mut self, site: Site, life: u64, thread: Thread) {
        let machine = &mut self.machines[site.0];
        let Some(process) = machine.process.as_mut().filter(|process| process.life == life) else {
            return;
        };
        let ready = process.busy[thread as usize];
        if ready > self.now {
            return self.agenda.adds(ready, Event::GoesOn(site, life, thread));
        }
        let Some(task) = process.waiting[thread as usize].pop_front() else { return };
        if !process.waiting[thread as usize].is_empty() {
            self.agenda.adds(self.now, Event::GoesOn(site, life, thread));
        }
        match thread {
            Thread::Ship => self.ship(site, task),
            Thread::Journal => self.journal(site, task),
            Thread::Workers => self.workers(site, task),
            Thread::Witness => self.keeps(site),
            Thread::Feed => self.feeds(site, &task),
        }
    }

    /// A thread of a living process has something to do a little later.
    pub(crate) fn tells(&mut self, site: Site, thread: Thread, after: u64, task: Task) {
        if let Some(process) = &self.machines[site.0].process {
            let life = process.life;
            self.soon(after, Event::Task(site, life, thread, task));
        }
    }

    fn arrives(&mut self, to: Site, connection: Connection, what: Carried<Message>) {
        let Some(what) = self.line.arrives(to, connection, what) else {
            let told = !self.machines[to.0].dark;
            let arrival = self.line.falls(to, connection, told, self.now, &mut self.dice);
            return self.carries(to, arrival);
        };
        let task = match what {
            Carried::Message(message) => Task::Heard(connection, message),
            Carried::End => Task::LineDown(connection),
        };
        if let Some(process) = &self.machines[to.0].process {
            let life = process.life;
            self.runs(to, life, Thread::Ship, task);
        }
    }

    /// Something is sent, and arrives some time.
    pub(crate) fn carries(
        &mut self,
        from: Site,
        arrival: Option<(At, Connection, Carried<Message>)>,
    ) {
        if let Some((at, connection, what)) = arrival {
            self.agenda.adds(at, Event::Arrives(from.other(), connection, what));
        }
    }

    /// Both ends have to be there, and both directions.
    fn connects(&mut self) {
        self.soon(TRIES, Event::Connects);
        for site in Site::BOTH {
            if let Some(connection) = self.line.gives_up(site, GIVES_UP, self.now) {
                self.tells(site, Thread::Ship, 1, Task::LineDown(connection));
            }
        }
        let [first, second] = Site::BOTH;
        let is_cut = self.line.is_cut(first) || self.line.is_cut(second);
        if is_cut || self.line.end(first).is_some() {
            return;
        }
        let stands = |site: Site| {
            let process = self.machines[site.0].process.as_ref();
            process.is_some_and(|process| process.busy[Thread::Ship as usize] <= self.now)
        };
        if stands(first) && stands(second) {
            let connection = self.line.connects();
            self.tale.says(self.now, || format!("connection {}", connection.0));
            for site in Site::BOTH {
                self.tells(site, Thread::Ship, 1, Task::LineUp(connection));
            }
        }
    }

    /// A question is at the witness.
    fn asks(&mut self, site: Site, life: u64, request: RequestId, question: Question<Record>) {
        let before = self.witness.record;
        let Some(reply) = self.witness.takes(site, question.clone(), self.now, &mut self.dice)
        else {
            return;
        };
        if self.witness.record != before {
            self.saw(Happening::Swapped);
            let record =
                self.witness.record.as_ref().map(|(revision, record)| (*revision, *record));
            self.tale.says(self.now, || format!("witness: {record:?}"));
        } else if matches!(question, Question::Swap(..)) {
            self.saw(Happening::Refused);
        }
        if let Some(at) = self.witness.says(site, self.now, &mut self.dice) {
            self.agenda.adds(
                at,
                Event::Task(site, life, Thread::Ship, Task::Witnessed(request, question, reply)),
            );
        }
    }
}

fn shared_keys() -> Arc<Keys> {
    use std::sync::OnceLock;
    static KEYS: OnceLock<Arc<Keys>> = OnceLock::new();
    let keys = || Arc::new(Keys::only(journal::authoring::key(1)));
    Arc::clone(KEYS.get_or_init(keys))
}
