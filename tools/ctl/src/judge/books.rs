//! Both ends' books when everything has ended: what is approved at one must be approved at the other,
//! and what is not must have been taken back. Must not know how anything came about.

use bench::issuer::ActionCode;
use bench::ledger::Received;
use codec::Mti;

use super::items::{End, Obligation};
use super::{Decision, Judge, Outcome, Transaction, is_under_way};

/// Approvals that stand, at one end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Book {
    /// How many.
    pub approvals: u64,
    /// Their amounts, minor units.
    pub amount: u64,
}

/// Both ends, and what lay between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Books {
    /// What the acquirers have.
    pub acquirers: Book,
    /// What the issuers have.
    pub issuers: Book,
    /// Approvals that issuers gave and took back.
    pub taken_back: u64,
    /// Requests that were reversed, approved or not.
    pub reversed: u64,
    /// Requests that a start closed and whose issuers acknowledged their reversal.
    pub closed_reversed: u64,
    /// Messages that were kept for issuers.
    pub kept: u64,
    /// Of these, acknowledged.
    pub acknowledged: u64,
    /// Of these, neither acknowledged nor given up by operators.
    pub open: u64,
    /// Approvals that were passed on and did not come; nobody has asked again.
    pub undelivered: u64,
}

impl Book {
    fn add(&mut self, amount: u64) {
        self.approvals += 1;
        self.amount = self.amount.saturating_add(amount);
    }
}

impl Transaction {
    /// The acquirer has an approval, and has not reversed it.
    fn stands_at_acquirer(&self) -> bool {
        let last = self.again.or(self.answered);
        let approved = last.and_then(|last| last.action).is_some_and(ActionCode::approves);
        approved && !self.is_reversed()
    }

    /// The acquirer has reversed it, and was told that this is accepted.
    fn is_reversed(&self) -> bool {
        let told = self.acknowledged.and_then(|told| told.action).map(|told| told.to_string());
        told.is_some_and(|told| ["400", "480", "00"].contains(&told.as_str()))
    }

    /// Its acquirer does not know what became of it, and may ask again.
    fn knows_nothing(&self) -> bool {
        let last = self.again.or(self.answered);
        last.is_none_or(|last| self.was_repeated && is_under_way(&last))
    }

    /// The issuer gave an approval, whether it arrived or not.
    fn is_given(&self) -> bool {
        self.replied.is_some_and(|replied| replied.action.approves())
    }
}

impl Judge {
    /// Holds the books of both ends against each other. To be told once, when nothing is under way
    /// any more: what is open then stays open.
    pub fn close(&mut self) -> Books {
        let items = &self.journal.items;
        let mut books = Books {
            kept: items.kept,
            acknowledged: items.acknowledged,
            open: u64::try_from(items.open()).unwrap_or(u64::MAX),
            ..Books::default()
        };
        for (&reference, known) in &self.transactions {
            let decision = self.journal.decision(reference);
            let obligation = items.obligation(reference);
            let mut received = self.reversals.get(&reference).into_iter().flatten();
            let is_taken_back = received.any(|one| !items.is_part(reference, one.stan));
            let findings = &mut self.findings;
            let mut add = |words: String| findings.add(|| format!("{reference}: {words}"));
            books.reversed += u64::from(obligation.is_some());
            let was_closed = decision.is_some_and(|one| one.outcome == Some(Outcome::Closed));
            let is_over = obligation.is_some_and(|obligation| obligation.end.is_some());
            books.closed_reversed += u64::from(was_closed && is_over);
            if let Some(obligation) = obligation {
                judge_obligation(known, is_taken_back, &obligation, &mut add);
            } else if let Some(decision) = decision.filter(|one| is_to_be_reversed(known, one)) {
                add(format!("{:?} in the journal, and not reversed", decision.outcome));
            }
            let given = known.is_given();
            let (ours, theirs) = (known.stands_at_acquirer(), given && !is_taken_back);
            let amount = known.received.map_or(0, |received| received.amount);
            if ours {
                books.acquirers.add(known.sent.map_or(amount, |sent| sent.amount));
            }
            if theirs {
                books.issuers.add(amount);
            }
            books.taken_back += u64::from(given && !theirs);
            let settled = matches!(
                decision.and_then(|decision| decision.outcome),
                Some(Outcome::Settled { .. })
            );
            match (ours, theirs) {
                (true, false) => {
                    add("approved at its acquirer, and not at its issuer".to_owned());
                }
                (false, true) if settled && known.knows_nothing() => books.undelivered += 1,
                (false, true) => {
                    add("approved at its issuer, and not at its acquirer".to_owned());
                }
                (true, true) | (false, false) => {}
            }
        }
        books
    }
}

/// A request that left and that its acquirer has no approval of.
fn is_to_be_reversed(known: &Transaction, decision: &Decision) -> bool {
    match decision.outcome {
        Some(Outcome::Expired | Outcome::Closed) => true,
        Some(Outcome::Settled { action, .. }) => {
            known.is_reversed() && action.is_some_and(ActionCode::approves)
        }
        Some(Outcome::Unsent | Outcome::Undelivered) | None => false,
    }
}

/// A reversal reached its issuer, and its acknowledgement came back.
fn judge_obligation(
    known: &Transaction,
    is_taken_back: bool,
    obligation: &Obligation,
    add: &mut dyn FnMut(String),
) {
    let stan = obligation.stan;
    match obligation.end {
        None => add(format!("its reversal {stan:06} is not acknowledged")),
        Some(End::Purged) => {}
        Some(End::Acknowledged(code)) => {
            let said = known.accepted.map(|replied| replied.action.to_string());
            let is_so = said.as_deref().is_some_and(|said| is_code(said, code));
            if !is_taken_back || !is_so {
                add(format!("its reversal {stan:06} has {code:03x}, and its issuer said {said:?}"));
            }
        }
    }
}

/// Whether a code is this one, three packed digits; what 1987 says by 00 may be any approval.
fn is_code(said: &str, code: u16) -> bool {
    said == format!("{code:03x}") || (said == "00" && code < 0x500)
}

/// What a reversal of the whole at its issuer must be: all that it received under one number.
pub(super) fn judge_reversal(
    known: &Transaction,
    received: &Received,
    obligation: Option<&Obligation>,
    add: &mut dyn FnMut(String),
) {
    match obligation {
        None => {
            add(format!("reversed at its issuer as {:06}, without a record", received.stan));
        }
        Some(obligation) if obligation.stan != received.stan => add(format!(
            "reversed at its issuer as {:06}, and as {:06} in the journal",
            received.stan, obligation.stan
        )),
        Some(_) => {}
    }
    if known.received.is_some_and(|sale| sale.amount != received.amount) {
        add(format!("reversed at its issuer with {}", received.amount));
    }
}

/// What a reversal at its issuer must name, one of a part too.
pub(super) fn judge_original(
    received: &Received,
    decision: Option<&Decision>,
    add: &mut dyn FnMut(String),
) {
    if let Some(decision) = decision.filter(|one| received.original != Some(one.stan)) {
        add(format!(
            "reversed at its issuer as that of {:?}, and its number is {:06}",
            received.original, decision.stan
        ));
    }
}

/// Whether a reversal is another sending of one: what is told of it is the same.
pub(super) fn is_same(one: &Received, other: &Received) -> bool {
    let of = |it: &Received| (it.stan, it.original, it.amount);
    of(one) == of(other)
}

/// Whether a message takes something back.
pub(super) fn is_reversal(mti: Mti) -> bool {
    mti.class() == 4
}
