//! What centres wrote down and nodes say of themselves, as far as a world looks at it, and what it says of itself at
//! its end. Must not know when.

use std::fmt;

use bench::ledger;
use ctl::judge::Books;
use serde_json::Value;

/// What a world came to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ended {
    pub(super) sent: u64,
    pub(super) answered: u64,
    pub(super) unanswered: u64,
    /// Messages that partners heard.
    pub(super) messages: u64,
    pub(super) books: Books,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sent, answered, unanswered, messages, books } = self;
        write!(
            f,
            "       a world: {sent} sent, {answered} answered, {unanswered} not; {messages} messages of one voice; \
             {} reversed, {} acknowledged; both logs alike",
            books.reversed, books.acknowledged
        )
    }
}

/// Answers that both nodes dropped because they were late, by what their status counts.
#[derive(Debug, Default)]
pub(super) struct Drops {
    last: [u64; 2],
    pub(super) all: u64,
}

impl Drops {
    /// A node counts so many now; from zero on since its last start.
    pub(super) fn hears(&mut self, number: usize, counted: u64) {
        let last = std::mem::replace(&mut self.last[number], counted);
        self.all += counted.checked_sub(last).unwrap_or(counted);
    }
}

/// When an acquirer was given an approval.
pub(super) fn approved(entry: &ledger::Acquirer) -> Option<u64> {
    match entry {
        ledger::Acquirer::Answered(answered) | ledger::Acquirer::AnsweredAgain(answered) => {
            answered.action.filter(|action| action.approves()).map(|_| answered.at_ns)
        }
        ledger::Acquirer::Sent(_)
        | ledger::Acquirer::Repeated(_)
        | ledger::Acquirer::Reversed(_)
        | ledger::Acquirer::Acknowledged(_) => None,
    }
}

/// When an acquirer's entry came about.
pub(super) fn at_acquirer(entry: &ledger::Acquirer) -> u64 {
    match entry {
        ledger::Acquirer::Sent(sent)
        | ledger::Acquirer::Repeated(sent)
        | ledger::Acquirer::Reversed(sent) => sent.at_ns,
        ledger::Acquirer::Answered(answered)
        | ledger::Acquirer::AnsweredAgain(answered)
        | ledger::Acquirer::Acknowledged(answered) => answered.at_ns,
    }
}

/// When an issuer received something.
pub(super) fn received(entry: &ledger::Issuer) -> Option<u64> {
    match entry {
        ledger::Issuer::Received(received) => Some(received.at_ns),
        ledger::Issuer::Replied(_) => None,
    }
}

/// The part of what nodes say of themselves that matters here.
pub(super) fn shown(all: &[Option<Value>]) -> String {
    let one = |stands: &Option<Value>| match stands {
        None => "no answer".to_owned(),
        Some(stands) => format!(
            "{} {} {} epoch {} ({}), witness {}",
            stands["name"],
            stands["role"],
            stands["sync"],
            stands["epoch"],
            stands["why"],
            stands["witness"]["record"]
        ),
    };
    all.iter().map(one).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_node_dropped_before_it_started_again_counts() {
        let mut drops = Drops::default();
        for (number, counted) in [(0, 3), (1, 1), (0, 4), (0, 2), (0, 2)] {
            drops.hears(number, counted);
        }
        assert_eq!(drops.all, 7);
    }
}
