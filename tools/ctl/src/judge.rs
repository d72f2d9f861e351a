//! The judge: what acquirers know, what issuers know and what the journal says, held against each
//! other. Must not know the switch: its tables and counters are no evidence here.
//!
//! What must hold, for each transaction, by its reference (DE 37):
//!
//! 1. An answer that an acquirer has stands in the journal with the same codes; one without a record
//!    is a refusal by the switch itself, and is counted.
//! 2. A request that an issuer received has a decision with the same STAN and DE 7, and was received
//!    once.
//! 3. An outcome follows its decision, once; a settlement says what that issuer answered.
//! 4. What had no outcome when the switch started again was closed before anything new was decided,
//!    and its STAN rests after that.
//! 5. Positions have no gap, epochs grow.
//! 6. A reversal that an issuer received is kept under its number, names its original's, has its
//!    amount, and is the only one of that request, but for those of a part, each kept under a number
//!    of its own; what was acknowledged was kept.
//!
//! And when nothing is under way any more ([`Judge::close`]):
//!
//! 7. Every request that left and that its acquirer has no approval of was reversed, and its issuer
//!    acknowledged that.
//! 8. What is approved at one end is approved at the other.

mod journal;

mod items;

mod books;

use std::collections::BTreeMap;
use std::fmt;

use bench::ledger::{self, Answered, Received, Reference, Replied, Sent};

use self::books::is_reversal;
pub use self::books::{Book, Books};
pub use self::items::{End, Obligation};
use self::journal::Journal;
pub use self::journal::{Decision, Outcome};

/// Findings that are told in words; more are only counted.
const WORDS_MAX: usize = 12;

/// Holds what it is told against each other, in steps: entries and records come in their order, all
/// entries that were written before the journal was read before its records.
#[derive(Debug, Default)]
pub struct Judge {
    journal: Journal,
    transactions: BTreeMap<Reference, Transaction>,
    /// What issuers received to take back, each once however often it was sent.
    reversals: BTreeMap<Reference, Vec<Received>>,
    /// Names of the stations of issuers that were heard.
    issuers: Vec<String>,
    /// Those of which something was said since the last verdict.
    touched: Vec<Reference>,
    findings: Findings,
}

/// What is known of one transaction outside of the switch.
#[derive(Clone, Copy, Debug, Default)]
struct Transaction {
    sent: Option<Sent>,
    answered: Option<Answered>,
    /// It was sent once more, and what that was answered.
    was_repeated: bool,
    again: Option<Answered>,
    /// The answer to its reversal by the acquirer.
    acknowledged: Option<Answered>,
    received: Option<Received>,
    replied: Option<Replied>,
    /// The last answer to a reversal of it.
    accepted: Option<Replied>,
    /// Which issuer received it, by its place among those heard, and how often.
    issuer: usize,
    times: u32,
}

/// What does not hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    words: Vec<String>,
    count: u64,
}

/// What was looked at, and what became of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests of acquirers.
    pub sent: u64,
    /// Answers that acquirers have.
    pub answered: u64,
    /// Of these, answers of issuers.
    pub by_issuer: u64,
    /// Declines of the switch that have a record.
    pub declined: u64,
    /// Refusals of the switch without a record: nothing was changed by them.
    pub refused: u64,
    /// Requests that issuers received.
    pub received: u64,
    /// Records read.
    pub records: u64,
    /// Decisions in the journal.
    pub decisions: u64,
    /// Requests without an outcome that a start closed.
    pub closed: u64,
}

/// What acquirers have no answer to, and what the journal says of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// Nothing: the switch never acted on it.
    pub unknown: u64,
    /// A decision, and no outcome or a closed one.
    pub unfinished: u64,
    /// An outcome that did not reach its acquirer.
    pub undelivered: u64,
}

impl Judge {
    /// Takes what an acquirer's centre wrote down.
    pub fn hear_acquirer(&mut self, entries: &[ledger::Acquirer]) {
        for entry in entries {
            let (ledger::Acquirer::Sent(Sent { reference, .. })
            | ledger::Acquirer::Repeated(Sent { reference, .. })
            | ledger::Acquirer::Reversed(Sent { reference, .. })
            | ledger::Acquirer::Answered(Answered { reference, .. })
            | ledger::Acquirer::AnsweredAgain(Answered { reference, .. })
            | ledger::Acquirer::Acknowledged(Answered { reference, .. })) = *entry;
            let known = self.transactions.entry(reference).or_default();
            match *entry {
                ledger::Acquirer::Sent(sent) => known.sent = Some(sent),
                ledger::Acquirer::Answered(answered) => self.hear_answer(answered),
                ledger::Acquirer::Repeated(_) => known.was_repeated = true,
                ledger::Acquirer::AnsweredAgain(answered) => {
                    known.again = Some(answered);
                    self.touched.push(reference);
                }
                ledger::Acquirer::Reversed(_) => {}
                ledger::Acquirer::Acknowledged(answered) => known.acknowledged = Some(answered),
            }
        }
    }

    fn hear_answer(&mut self, answered: Answered) {
        let reference = answered.reference;
        let known = self.transactions.entry(reference).or_default();
        if known.answered.replace(answered).is_some() {
            self.findings.add(|| format!("{reference}: answered twice"));
        }
        self.touched.push(reference);
    }

    /// Takes what the centre of the issuer's station of that name wrote down.
    pub fn hear_issuer(&mut self, station: &str, entries: &[ledger::Issuer]) {
        let place = self.issuers.iter().position(|name| name == station).unwrap_or_else(|| {
            self.issuers.push(station.to_owned());
            self.issuers.len() - 1
        });
        for entry in entries {
            let (ledger::Issuer::Received(Received { reference, .. })
            | ledger::Issuer::Replied(Replied { reference, .. })) = *entry;
            let Some(reference) = reference else {
                self.findings.add(|| format!("at {station} without a reference: {entry:?}"));
                continue;
            };
            let known = self.transactions.entry(reference).or_default();
            match *entry {
                ledger::Issuer::Received(received) if is_reversal(received.mti) => {
                    let all = self.reversals.entry(reference).or_default();
                    if !all.iter().any(|one| books::is_same(one, &received)) {
                        all.push(received);
                    }
                }
                ledger::Issuer::Replied(replied) if is_reversal(replied.mti) => {
                    known.accepted = Some(replied);
                }
                // What is only told changes nothing that is judged here.
                ledger::Issuer::Received(Received { mti, .. })
                | ledger::Issuer::Replied(Replied { mti, .. })
                    if !mti.is_request() => {}
                ledger::Issuer::Received(received) => {
                    known.received = Some(received);
                    known.issuer = place;
                    known.times += 1;
                }
                ledger::Issuer::Replied(replied) => known.replied = Some(replied),
            }
            self.touched.push(reference);
        }
    }

    /// Takes the record at a position of the journal.
    pub fn read(&mut self, position: u64, record: &[u8]) {
        if let Some(reference) = self.journal.read(position, record, &mut self.findings) {
            self.touched.push(reference);
        }
    }

    /// How many requests the journal knows without an outcome.
    pub fn unfinished(&self) -> usize {
        self.journal.unfinished()
    }

    /// The last position that was read; 0 before the first.
    pub fn position(&self) -> u64 {
        self.journal.position()
    }

    /// Holds against each other what was said since the last time.
    pub fn judge(&mut self) {
        self.touched.sort_unstable();
        self.touched.dedup();
        for reference in std::mem::take(&mut self.touched) {
            let known = self.transactions.get(&reference).copied().unwrap_or_default();
            let decision = self.journal.decision(reference);
            let Self { journal, issuers, findings, reversals, .. } = self;
            let mut add = |words: String| findings.add(|| format!("{reference}: {words}"));
            let is_reversed = journal.items.obligation(reference).is_some();
            if let Some(answered) = known.answered {
                let is_declined = is_reversed && known.was_repeated && declines(&answered);
                if !is_declined {
                    judge_answer(&answered, known.was_repeated, decision.as_ref(), &mut add);
                }
            }
            if let Some(again) = known.again.filter(|again| !(is_reversed && declines(again))) {
                judge_answer_again(&again, decision.as_ref(), &mut add);
            }
            for received in reversals.get(&reference).into_iter().flatten() {
                if journal.items.is_part(reference, received.stan) {
                    books::judge_original(received, decision.as_ref(), &mut add);
                } else {
                    let obligation = journal.items.obligation(reference);
                    books::judge_reversal(&known, received, obligation.as_ref(), &mut add);
                    books::judge_original(received, decision.as_ref(), &mut add);
                }
            }
            if let Some(received) = known.received {
                let issuer = journal.number_of(&issuers[known.issuer]);
                judge_request(&received, issuer, decision.as_ref(), &mut add);
            }
            if known.times > 1 {
                add(format!("{} times at its issuer", known.times));
            }
            let outcome = decision.and_then(|decision| decision.outcome);
            if known.times > 0 && outcome == Some(Outcome::Unsent) {
                add("at its issuer, and unsent in the journal".to_owned());
            }
            if let Some(Outcome::Settled { action, .. }) = outcome
                && known.replied.is_none_or(|replied| Some(replied.action) != action)
            {
                let said = known.replied.map(|replied| replied.action);
                add(format!("settled as {action:?}, and its issuer said {said:?}"));
            }
        }
    }

    /// What was looked at so far, and what became of it.
    pub fn counts(&self) -> Counts {
        let mut counts = self.journal.counts();
        for known in self.transactions.values() {
            counts.sent += u64::from(known.sent.is_some());
            counts.received += u64::from(known.times);
            let Some(answered) = known.answered else { continue };
            counts.answered += 1;
            let decided = self.journal.decision(answered.reference).is_some();
            match (answered.by_switch, decided) {
                (false, _) => counts.by_issuer += 1,
                (true, true) => counts.declined += 1,
                (true, false) => counts.refused += 1,
            }
        }
        counts
    }

    /// What the journal says of the requests that were not answered.
    pub fn missing(&self) -> Missing {
        let mut missing = Missing::default();
        let unanswered = self.transactions.values().filter(|known| known.answered.is_none());
        for sent in unanswered.filter_map(|known| known.sent) {
            match self.journal.decision(sent.reference).map(|decision| decision.outcome) {
                None => missing.unknown += 1,
                Some(None | Some(Outcome::Closed)) => missing.unfinished += 1,
                Some(Some(_)) => missing.undelivered += 1,
            }
        }
        missing
    }

    /// The requests that were decided, in order.
    pub fn decided(&self) -> &[Reference] {
        self.journal.decided()
    }

    /// A request that was decided: as its acquirer sent it, the name of that one's station, and what
    /// a repeat must get after the next start, when nothing is left without an outcome.
    pub fn known(&self, reference: Reference) -> Option<(Sent, &str, Outcome)> {
        let sent = self.transactions.get(&reference)?.sent?;
        let decision = self.journal.decision(reference)?;
        let outcome = decision.outcome.unwrap_or(Outcome::Closed);
        Some((sent, self.journal.name_of(decision.acquirer)?, outcome))
    }

    /// What the journal says of a request that was forwarded.
    pub fn decision(&self, reference: Reference) -> Option<Decision> {
        self.journal.decision(reference)
    }

    /// What does not hold, so far.
    pub fn findings(&self) -> &Findings {
        &self.findings
    }
}

/// What a repeat gets while its request has no outcome yet: it is to be asked again.
fn is_under_way(answered: &Answered) -> bool {
    let action = answered.action.map(|action| action.to_string());
    answered.by_switch && matches!(action.as_deref(), Some("923" | "09"))
}

/// What a repeat gets once the request is reversed, whatever its issuer said: 911.
fn declines(answered: &Answered) -> bool {
    let action = answered.action.map(|action| action.to_string());
    answered.by_switch && matches!(action.as_deref(), Some("911" | "68"))
}

/// An answer that an acquirer has stands in the journal, or is a refusal. One that was asked for
/// again may have got what a repeat gets, or have been refused the first time.
fn judge_answer(
    answered: &Answered,
    was_repeated: bool,
    decision: Option<&Decision>,
    add: &mut dyn FnMut(String),
) {
    let action = answered.action.map(|action| action.to_string()).unwrap_or_default();
    let by = if answered.by_switch { " by the switch" } else { "" };
    let was_refused = answered.by_switch && decision.is_some_and(|decision| decision.of_repeat);
    if was_repeated && (was_refused || is_under_way(answered)) {
        return;
    }
    match decision.map(|decision| decision.outcome) {
        // Nothing was changed before it, so there is nothing to know.
        None if answered.by_switch => {}
        None => add(format!("answered {action}, and not in the journal")),
        Some(None) => add(format!("answered {action}{by}, and without an outcome in the journal")),
        Some(Some(outcome)) if outcome.explains(answered) => {}
        Some(Some(outcome)) if was_repeated && outcome.explains_repeat(answered) => {}
        Some(Some(outcome)) => {
            add(format!("answered {action}{by}, and {outcome:?} in the journal"));
        }
    }
}

/// A repeat got what the journal says of its request, or that it is under way.
fn judge_answer_again(again: &Answered, decision: Option<&Decision>, add: &mut dyn FnMut(String)) {
    let action = again.action.map(|action| action.to_string()).unwrap_or_default();
    match decision.map(|decision| decision.outcome) {
        None if again.by_switch => {}
        _ if is_under_way(again) => {}
        Some(Some(outcome)) if outcome.explains_repeat(again) => {}
        outcome => {
            let outcome = outcome.flatten();
            add(format!("its repeat got {action}, and {outcome:?} in the journal"));
        }
    }
}

/// A request that an issuer received has its decision.
fn judge_request(
    received: &Received,
    issuer: Option<u16>,
    decision: Option<&Decision>,
    add: &mut dyn FnMut(String),
) {
    let &Received { stan, transmitted, .. } = received;
    match decision {
        None => add(format!("at its issuer as {stan:06}, and not in the journal")),
        Some(decision) => {
            let known = (Some(decision.issuer), decision.stan, decision.transmitted);
            if known != (issuer, stan, transmitted) {
                add(format!(
                    "at its issuer as {stan:06} of {transmitted}, and as {decision:?} in the journal"
                ));
            }
        }
    }
}

impl Findings {
    /// Adds one; its words are made only if there is room for them.
    pub fn add(&mut self, words: impl FnOnce() -> String) {
        self.count += 1;
        if self.words.len() < WORDS_MAX {
            self.words.push(words());
        }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for words in &self.words {
            writeln!(f, "{words}")?;
        }
        let told = u64::try_from(self.words.len()).unwrap_or(self.count);
        match self.count - told {
            0 => Ok(()),
            more => writeln!(f, "and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests;
