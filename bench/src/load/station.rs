//! An acquirer's centre on its connections: what it makes of what comes in. Must not know how long
//! it runs, nor when it sends.

use std::net::SocketAddr;

use codec::{Cut, Dialect, Edit, Framing, Kernels, Message, Plan, Replace, Slots, Tpdu};
use switch_net::{CloseReason, Handler, ListenerId, Net, SocketId, Verdict};

use super::book::{Book, Found};
use super::echo::Echo;
use super::follow::{Follows, Kind};
use super::following::Answer;
use super::patience::{Patience, Sign};
use super::reversal::{self, Reversal};
use super::sale::{Sale, Wrong};
use super::tally::Tally;
use crate::action::ActionCode;
use crate::clock::SECOND;
use crate::connects::Connects;
use crate::ledger::{Acquirer, Answered, Pages, Reference, Text};
use crate::outbox::Outbox;
use crate::{answer, clock};

/// Network management: sign-on, sign-off, echo.
const NETWORK_CLASS: u8 = 8;

/// Reversals.
const REVERSAL_CLASS: u8 = 4;

/// `Net::close` of a connection on which nothing comes any more.
const SILENT: CloseReason = CloseReason::Failed(std::io::ErrorKind::TimedOut);

/// The centre.
pub(super) struct Station {
    pub(super) connects: Connects,
    pub(super) book: Book,
    pub(super) tally: Tally,
    /// When the last request was sent.
    pub(super) last_send: u64,
    pub(super) sales: Vec<Sale>,
    /// The same as repeats, and their reversals.
    pub(super) repeats: Vec<Sale>,
    pub(super) reversals: Vec<Reversal>,
    pub(super) follows: Follows,
    /// What was open on a connection that is lost is asked again over the next one.
    pub(super) asks_again: bool,
    /// How long a connection may be silent, and what is said there then.
    pub(super) patience: Patience,
    pub(super) echo: Option<Echo>,
    pub(super) windows: Windows,
    /// Connection that the open loop uses next.
    pub(super) next_connection: usize,
    pub(super) replies: Outbox,
    /// Steps that are not in the ledger yet, where there is one.
    pub(super) pages: Option<Pages<Acquirer>>,
    pub(super) dialect: &'static Dialect,
    framing: Framing,
    plan: Plan,
    pub(super) slots: Slots,
}

/// Everything that a centre may send, by kind: cards times acquirers.
pub(super) struct Goods {
    pub(super) sales: Vec<Sale>,
    pub(super) repeats: Vec<Sale>,
    pub(super) reversals: Vec<Reversal>,
}

/// How many requests are open on each connection, and which connections have room.
pub(super) struct Windows {
    pub(super) in_flight: Vec<usize>,
    /// Connections that may have room, each once.
    pub(super) ready: Vec<usize>,
    pub(super) is_ready: Vec<bool>,
}

impl Windows {
    fn new(connections: usize) -> Self {
        Self {
            in_flight: vec![0; connections],
            ready: Vec::with_capacity(connections),
            is_ready: vec![false; connections],
        }
    }

    fn mark_ready(&mut self, connection: usize) {
        if !std::mem::replace(&mut self.is_ready[connection], true) {
            self.ready.push(connection);
        }
    }

    pub(super) fn on_ended(&mut self, connection: usize) {
        self.in_flight[connection] -= 1;
        self.mark_ready(connection);
    }
}

impl Station {
    pub(super) fn new(
        dialect: &'static Dialect,
        framing: Framing,
        goods: Goods,
        (book, follows): (Book, Follows),
        connects: Connects,
    ) -> Self {
        let Goods { sales, repeats, reversals } = goods;
        Self {
            windows: Windows::new(connects.len()),
            patience: Patience::new(connects.len(), None),
            echo: None,
            connects,
            book,
            tally: Tally::new(),
            last_send: 0,
            sales,
            repeats,
            reversals,
            follows,
            asks_again: false,
            next_connection: 0,
            replies: Outbox::default(),
            pages: None,
            dialect,
            framing,
            plan: Plan::new(dialect, dialect).expect("a dialect has its own version"),
            slots: Slots::with(Kernels::detected()),
        }
    }

    /// Gives up the requests sent before `time`.
    pub(super) fn give_up_before(&mut self, time: u64) {
        let Self { book, windows, tally, follows, .. } = self;
        follows.give_up_before(time);
        book.give_up_before(time, |connection| {
            tally.unanswered += 1;
            windows.on_ended(connection);
        });
    }

    /// `tpdu`: what an answer to it carries.
    fn on_message(
        &mut self,
        (socket, connection): (SocketId, usize),
        tpdu: Tpdu,
        bytes: &[u8],
        now: u64,
    ) {
        if self.dialect.decode(bytes, &mut self.slots).is_err() {
            return self.tally.on_wrong("not a message of the dialect");
        }
        let message = self.slots.message(self.dialect, bytes);
        let (mti, stan) = (message.mti(), stan_of(&message));
        if mti.is_answer() && mti.class() == NETWORK_CLASS && self.echo.is_some() {
            // To an echo: it was heard of, and that is all.
        } else if mti.is_answer() && mti.class() == REVERSAL_CLASS {
            self.on_acknowledged(&Answer { stan, connection, bytes }, now);
        } else if mti.is_answer() {
            self.on_answer(&Answer { stan, connection, bytes }, tpdu, now);
        } else if mti.class() == NETWORK_CLASS {
            self.on_network(socket, tpdu, bytes);
        } else {
            self.tally.on_wrong("a request to an acquirer");
        }
    }

    fn on_answer(&mut self, answer: &Answer<'_>, tpdu: Tpdu, now: u64) {
        let Answer { stan, connection, bytes } = *answer;
        let found = self.book.answer(stan, connection);
        let Found::Open(entry) = found else {
            return match (self.follows.answer(Kind::Repeat, stan, connection), found) {
                (Some(follow), _) => self.on_answer_again(follow, tpdu, bytes, now),
                (None, Found::More(entry)) => {
                    self.on_more(&entry.particulars, None, tpdu, bytes, now);
                }
                (None, Found::Answered) => self.tally.on_wrong("a second answer"),
                (None, Found::GivenUp) => self.tally.on_wrong("an answer after the grace time"),
                (None, _) => self.tally.on_wrong("an answer to nothing"),
            };
        };
        let Self { slots, dialect, tally, sales, windows, patience, book, pages, .. } = self;
        let answer = slots.message(dialect, bytes);
        windows.on_ended(entry.connection);
        patience.on_answered(connection, windows.in_flight[connection], now);
        tally.answered += 1;
        tally.service.on_answer(now, book.open() > 0);
        tally.on_latency(entry.intended, now.saturating_sub(entry.intended));
        let sale = sale_of(sales, entry.particulars.sequence);
        let reference = sale.note(&entry.particulars, 0).reference;
        if let Some(pages) = pages {
            pages.push(now, |at_ns| Acquirer::Answered(note(reference, &answer, at_ns)));
        }
        match sale.check(&entry.particulars, tpdu, &answer) {
            Ok(()) => {
                let action = answer.value(39).and_then(|value| ActionCode::read(&value));
                match action {
                    Some(action) => {
                        tally.on_action(action);
                        if action.approves() {
                            tally.service.on_approval(now, book.open() > 0);
                        }
                    }
                    None => tally.on_wrong("DE 39 is no action code"),
                }
                let answered = note(reference, &answer, 0);
                self.on_right(&entry, answered, now);
            }
            Err(wrong) => tell_wrong(tally, wrong),
        }
    }

    /// Asks connections that are silent for an echo, and gives up those that have been for too long.
    pub(super) fn look_at_links(&mut self, net: &mut Net, now: u64) {
        if self.patience.is_endless() {
            return;
        }
        for connection in 0..self.connects.len() {
            match self.patience.look(connection, now) {
                Sign::Well => {}
                Sign::Silent => self.say_echo(connection),
                Sign::Gone => {
                    if let Some(socket) = self.connects.socket(connection) {
                        net.close(socket, SILENT);
                    }
                }
            }
        }
    }

    fn say_echo(&mut self, connection: usize) {
        let echo = self.echo.as_mut().zip(self.connects.socket(connection));
        let Some((echo, socket)) = echo else { return };
        let mut frame = [0; reversal::FRAME_MAX];
        if let Some(length) = echo.frame(clock::unix() / SECOND, &mut frame) {
            self.replies.push(socket, &frame[..length]);
        }
    }

    /// 1804, 0800 and their like: we are here and ready (DE 39 800, or 00).
    fn on_network(&mut self, socket: SocketId, tpdu: Tpdu, bytes: &[u8]) {
        let request = self.slots.message(self.dialect, bytes);
        let Some(mti) = request.mti().answer() else { return };
        let ready = ActionCode::accepted(self.dialect.version(), *b"800");
        let ready = [Edit { field: 39, value: Replace::Text(ready.text()) }];
        let mut reply = [0; answer::FRAME_MAX];
        let under = (&self.framing, tpdu);
        let written = answer::write(&self.plan, under, &request, mti, &ready, &mut reply);
        match written {
            Some(length) => self.replies.push(socket, &reply[..length]),
            None => self.tally.on_wrong("a network management message that can not be answered"),
        }
    }
}

impl Handler for Station {
    fn on_accept(&mut self, _: ListenerId, _: SocketAddr, _: SocketId) -> bool {
        false
    }

    fn on_open(&mut self, socket: SocketId) {
        let now = clock::now();
        if let Some(connection) = self.connects.on_open(socket, now) {
            self.windows.mark_ready(connection);
            self.patience.on_open(connection, self.windows.in_flight[connection], now);
            self.say_echo(connection);
            if self.asks_again {
                self.ask_again(connection, now);
            }
        }
    }

    fn on_bytes(&mut self, socket: SocketId, bytes: &mut [u8]) -> Verdict {
        let Some(connection) = self.connects.place(socket) else { return Verdict::Close };
        let now = clock::now();
        self.patience.on_heard(connection, now);
        let mut used = 0;
        loop {
            match self.framing.cut(&bytes[used..]) {
                Cut::Frame { message, total } => {
                    let frame = &bytes[used..used + total];
                    used += total;
                    if !message.is_empty() {
                        let tpdu = self.framing.tpdu_back(frame);
                        self.on_message((socket, connection), tpdu, &frame[message], now);
                    }
                }
                Cut::Incomplete { .. } => return Verdict::Keep(used),
                Cut::Bad(_) => {
                    self.tally.on_wrong("not a frame");
                    return Verdict::Close;
                }
            }
        }
    }

    fn on_close(&mut self, socket: SocketId, why: CloseReason, _sent: u64) {
        let Some((connection, was_open)) = self.connects.on_close(socket, why, clock::now()) else {
            return;
        };
        if was_open {
            self.tally.connections_lost += 1;
            self.patience.on_close(connection);
            if self.asks_again {
                return;
            }
            self.follows.give_up_all_of(connection);
            self.tally.unanswered += self.book.give_up_all_of(connection);
            self.windows.in_flight[connection] = 0;
        }
    }
}

/// The kind of sale that a request is.
pub(super) fn sale_of(sales: &mut [Sale], sequence: u64) -> &mut Sale {
    let kind = kind_of(sales.len(), sequence);
    &mut sales[kind]
}

/// The same as a place among so many kinds.
pub(super) fn kind_of(kinds: usize, sequence: u64) -> usize {
    let kinds = u64::try_from(kinds).expect("a few");
    usize::try_from(sequence % kinds).expect("below the number of kinds")
}

/// An answer that is wrong.
pub(super) fn tell_wrong(tally: &mut Tally, wrong: Wrong) {
    match wrong {
        Wrong::Tpdu => tally.on_wrong("the TPDU differs"),
        Wrong::Type => tally.on_wrong("another type of answer"),
        Wrong::Missing(n) => tally.on_wrong(&format!("DE {n} is missing")),
        Wrong::Differs(n) => tally.on_wrong(&format!("DE {n} differs")),
    }
}

/// What a ledger says of an answer to that request.
pub(super) fn note(reference: Reference, answer: &Message<'_>, at_ns: u64) -> Answered {
    Answered {
        reference,
        action: answer.value(39).and_then(|value| ActionCode::read(&value)),
        approval: Text::of(answer, 38),
        by_switch: answer.mti().version() != 0 && answer.fields().has(58),
        at_ns,
    }
}

/// DE 11; 0, which no request has, where there is none.
fn stan_of(answer: &Message<'_>) -> u32 {
    let number = answer.value(11).and_then(|value| value.number());
    number.and_then(|number| u32::try_from(number).ok()).unwrap_or(0)
}
