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

mod journal;

use std::collections::BTreeMap;
use std::fmt;

use bench::ledger::{self, Answered, Received, Reference, Replied, Sent};

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
    received: Option<Received>,
    replied: Option<Replied>,
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
            match *entry {
                ledger::Acquirer::Sent(sent) => {
                    self.transactions.entry(sent.reference).or_default().sent = Some(sent);
                }
                ledger::Acquirer::Answered(answered) => self.hear_answer(answered),
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
            let Self { journal, issuers, findings, .. } = self;
            let mut add = |words: String| findings.add(|| format!("{reference}: {words}"));
            if let Some(answered) = known.answered {
                judge_answer(&answered, decision.as_ref(), &mut add);
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

    /// What does not hold, so far.
    pub fn findings(&self) -> &Findings {
        &self.findings
    }
}

/// An answer that an acquirer has stands in the journal, or is a refusal.
fn judge_answer(answered: &Answered, decision: Option<&Decision>, add: &mut dyn FnMut(String)) {
    let action = answered.action.map(|action| action.to_string()).unwrap_or_default();
    let by = if answered.by_switch { " by the switch" } else { "" };
    match decision.map(|decision| decision.outcome) {
        // Nothing was changed before it, so there is nothing to know.
        None if answered.by_switch => {}
        None => add(format!("answered {action}, and not in the journal")),
        Some(None) => add(format!("answered {action}{by}, and without an outcome in the journal")),
        Some(Some(outcome)) if outcome.explains(answered) => {}
        Some(Some(outcome)) => {
            add(format!("answered {action}{by}, and {outcome:?} in the journal"));
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
