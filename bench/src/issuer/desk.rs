//! What the issuer answers to what. Must not know time but as a number.

use std::net::SocketAddr;

use codec::{Cut, Dialect, Edit, Framing, Kernels, Message, Mti, Plan, Replace, Slots, Tpdu};
use switch_net::{CloseReason, Handler, ListenerId, Net, SocketId, Verdict};

use super::held::Held;
use super::{ActionCode, Late, Options, Summary};
use crate::ledger::{self, Pages, Received, Replied, Text};
use crate::{answer, clock, figures};

/// Classes of messages, the second digit of the MTI.
const AUTHORIZATION: u8 = 1;
const FINANCIAL: u8 = 2;
const REVERSAL: u8 = 4;
const NETWORK: u8 = 8;

/// Digits of DE 90, the longer one of the fields that name an original.
const ORIGINAL_MAX: usize = 42;

/// The issuer's memory between two messages.
pub(super) struct Desk {
    pub(super) summary: Summary,
    pub(super) links_open: usize,
    /// Steps that are not in the ledger yet, where there is one.
    pub(super) pages: Option<Pages<ledger::Issuer>>,
    dialect: &'static Dialect,
    framing: Framing,
    plan: Plan,
    slots: Slots,
    delay: u64,
    action: ActionCode,
    drop_every: Option<u64>,
    late: Option<Late>,
    double_every: Option<u64>,
    deaf_every: Option<u64>,
    at_once: Held,
    prompt: Held,
    tardy: Held,
}

/// What becomes of a message.
enum Reply {
    /// This action code; approved if told so.
    Action { code: ActionCode, approval: bool },
    /// No answer.
    Silence,
}

impl Desk {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            summary: Summary::default(),
            links_open: 0,
            pages: None,
            dialect: options.dialect,
            framing: options.framing,
            plan: Plan::new(options.dialect, options.dialect)
                .expect("a dialect has its own version"),
            slots: Slots::with(Kernels::detected()),
            delay: clock::nanos(options.delay),
            action: options.action,
            drop_every: options.drop_every.filter(|every| *every > 0),
            late: options.late.filter(|late| late.every > 0),
            double_every: options.double_every.filter(|every| *every > 0),
            deaf_every: options.deaf_every.filter(|every| *every > 0),
            at_once: Held::default(),
            prompt: Held::default(),
            tardy: Held::default(),
        }
    }

    /// When the next answer is due.
    pub(super) fn next_due(&self) -> Option<u64> {
        let dues = [&self.at_once, &self.prompt, &self.tardy].map(Held::next_due);
        dues.into_iter().flatten().min()
    }

    /// Gives the answers that are due to their links.
    pub(super) fn release(&mut self, net: &mut Net, now: u64) {
        let Self { at_once, prompt, tardy, summary, pages, .. } = self;
        for held in [at_once, prompt, tardy] {
            held.release(net, now, |sent, note| {
                match sent {
                    Ok(_) => summary.answers += 1,
                    Err(_) => summary.undeliverable += 1,
                }
                tell(pages, now, note, sent.is_ok());
            });
        }
    }

    fn on_message(&mut self, socket: SocketId, tpdu: Tpdu, bytes: &[u8], now: u64) {
        if self.dialect.decode(bytes, &mut self.slots).is_err() {
            self.summary.malformed += 1;
            return;
        }
        let message = self.slots.message(self.dialect, bytes);
        let (mti, amount) = (message.mti(), amount_of(&message));
        let trace = message.value(11).and_then(|value| value.number()).unwrap_or(0);
        let Some(answer_mti) = mti.answer() else {
            self.summary.ignored += 1;
            return;
        };
        let received = self.pages.as_ref().and_then(|_| received(&message));
        if let Some((pages, received)) = self.pages.as_mut().zip(received) {
            pages.push(now, |at_ns| ledger::Issuer::Received(Received { at_ns, ..received }));
        }
        let Reply::Action { code, approval } = self.decide(mti, amount) else { return };
        let note = received.map(|received| replied(&received, code));
        // Of the trace number, so that a repeat gets the code of its request.
        let mut approval_code = [0; 6];
        figures::write_decimal(&mut approval_code, trace);
        let added = [
            Edit { field: 38, value: Replace::Text(&approval_code) },
            Edit { field: 39, value: Replace::Text(code.text()) },
        ];
        let added = if approval { &added[..] } else { &added[1..] };
        let frame = &mut [0; answer::FRAME_MAX];
        let message = self.slots.message(self.dialect, bytes);
        let under = (&self.framing, tpdu);
        let length = answer::write(&self.plan, under, &message, answer_mti, added, frame);
        let held = length.is_some_and(|length| self.hold(socket, mti, &frame[..length], now, note));
        self.summary.undeliverable += u64::from(!held);
        if !held {
            tell(&mut self.pages, now, note, false);
        }
    }

    /// What to answer, counted.
    fn decide(&mut self, mti: Mti, amount: u64) -> Reply {
        let (summary, version) = (&mut self.summary, self.dialect.version());
        let action = |code: &[u8; 3]| Reply::Action {
            code: ActionCode::accepted(version, *code),
            approval: false,
        };
        match mti.class() {
            AUTHORIZATION | FINANCIAL if mti.is_request() => self.decide_request(mti, amount),
            AUTHORIZATION | FINANCIAL => {
                summary.advices += 1;
                self.acknowledge(mti, action(b"000"))
            }
            REVERSAL => {
                summary.reversals += 1;
                summary.reversed_amount = summary.reversed_amount.saturating_add(amount);
                self.acknowledge(mti, action(b"400"))
            }
            NETWORK => {
                summary.network += 1;
                action(b"800")
            }
            _ => {
                summary.ignored += 1;
                Reply::Silence
            }
        }
    }

    /// The answer to an advice or a reversal that was taken, or silence all the same.
    fn acknowledge(&mut self, mti: Mti, reply: Reply) -> Reply {
        let (summary, deaf_every) = (&mut self.summary, self.deaf_every);
        summary.sent_again += u64::from(mti.is_repeat());
        let taken = summary.advices + summary.reversals;
        if deaf_every.is_some_and(|every| taken.is_multiple_of(every)) {
            summary.unacknowledged += 1;
            return Reply::Silence;
        }
        reply
    }

    fn decide_request(&mut self, mti: Mti, amount: u64) -> Reply {
        let summary = &mut self.summary;
        summary.requests += 1;
        summary.repeats += u64::from(mti.is_repeat());
        if self.drop_every.is_some_and(|every| summary.requests.is_multiple_of(every)) {
            summary.dropped += 1;
            return Reply::Silence;
        }
        let approval = self.action.approves();
        if approval {
            summary.approved += 1;
            summary.approved_amount = summary.approved_amount.saturating_add(amount);
        } else {
            summary.declined += 1;
        }
        Reply::Action { code: self.action, approval }
    }

    /// Puts an answer into its queue.
    fn hold(
        &mut self,
        socket: SocketId,
        mti: Mti,
        frame: &[u8],
        now: u64,
        note: Option<Replied>,
    ) -> bool {
        if mti.class() == NETWORK {
            return self.at_once.push(now, socket, frame, None);
        }
        let is_request = mti.is_request() && matches!(mti.class(), AUTHORIZATION | FINANCIAL);
        let requests = self.summary.requests;
        let is_one_of = |every: u64| is_request && requests.is_multiple_of(every);
        let (mut queue, mut due) = (&mut self.prompt, now + self.delay);
        if let Some(late) = self.late.filter(|late| is_one_of(late.every)) {
            self.summary.late += 1;
            (queue, due) = (&mut self.tardy, due + clock::nanos(late.by));
        }
        let is_held = queue.push(due, socket, frame, note);
        if is_held && self.double_every.is_some_and(is_one_of) {
            self.summary.doubled += u64::from(queue.push(due, socket, frame, None));
        }
        is_held
    }
}

impl Handler for Desk {
    fn on_accept(&mut self, _: ListenerId, _: SocketAddr, _: SocketId) -> bool {
        self.summary.links += 1;
        self.links_open += 1;
        true
    }

    fn on_open(&mut self, _: SocketId) {}

    fn on_bytes(&mut self, socket: SocketId, bytes: &mut [u8]) -> Verdict {
        let now = clock::now();
        let mut used = 0;
        loop {
            match self.framing.cut(&bytes[used..]) {
                Cut::Frame { message, total } => {
                    let frame = &bytes[used..used + total];
                    used += total;
                    if !message.is_empty() {
                        let tpdu = self.framing.tpdu_back(frame);
                        self.on_message(socket, tpdu, &frame[message], now);
                    }
                }
                Cut::Incomplete { .. } => return Verdict::Keep(used),
                Cut::Bad(_) => {
                    self.summary.malformed += 1;
                    return Verdict::Close;
                }
            }
        }
    }

    fn on_close(&mut self, _: SocketId, _: CloseReason, _: u64) {
        self.links_open -= 1;
    }
}

/// What a ledger says of a message; nothing of network management.
fn received(message: &Message<'_>) -> Option<Received> {
    let number = |n| message.value(n).and_then(|value| value.number()).unwrap_or(0);
    (message.mti().class() != NETWORK).then(|| Received {
        stan: u32::try_from(number(11)).unwrap_or(0),
        transmitted: number(7),
        reference: Text::of(message, 37),
        mti: message.mti(),
        original: original_of(message),
        amount: amount_of(message),
        at_ns: 0,
    })
}

/// What a ledger says of the answer to it, if nothing comes between.
fn replied(received: &Received, action: ActionCode) -> Replied {
    let Received { stan, transmitted, reference, mti, .. } = *received;
    Replied { stan, transmitted, reference, mti, action, handed: true, at_ns: 0 }
}

/// Whether a socket took the answer.
fn tell(pages: &mut Option<Pages<ledger::Issuer>>, now: u64, note: Option<Replied>, handed: bool) {
    if let Some((pages, note)) = pages.as_mut().zip(note) {
        pages.push(now, |at_ns| ledger::Issuer::Replied(Replied { handed, at_ns, ..note }));
    }
}

/// The trace number in DE 56, or DE 90 of 1987: six digits behind the type of the original.
fn original_of(message: &Message<'_>) -> Option<u32> {
    let field = if message.mti().version() == 0 { 90 } else { 56 };
    let mut text = [0; ORIGINAL_MAX];
    let text = message.value(field)?.write_text(&mut text)?;
    std::str::from_utf8(text.get(4..10)?).ok()?.parse().ok()
}

/// DE 4; 0 where there is none.
fn amount_of(message: &Message<'_>) -> u64 {
    message.value(4).and_then(|value| value.number()).unwrap_or(0)
}
