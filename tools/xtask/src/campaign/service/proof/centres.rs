//! The acquirers and issuers of the proof: they send and answer, and what they wrote down is held against the
//! journal. Must not know what is typed meanwhile.

use std::time::Duration;

use bench::ledger;
use ctl::judge::Books;
use ctl::parties::{ACQUIRERS, ISSUERS};

use super::super::site::acquirer;
use super::{ASKED_EVERY, PATIENCE, Proof};
use crate::campaign::centres::Merchant;
use crate::campaign::trouble::Trouble;
use crate::campaign::{clock, programs, records};

/// How long all may take that is owed to an issuer which was silent: what failed often is tried less often.
const SETTLES: Duration = Duration::from_mins(2);
/// Requests a second of each acquirer.
const RATE: u64 = 200;

/// What acquirers have to report.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Heard {
    /// Answers.
    pub(in super::super) answered: u64,
    /// The longest time in which one of them asked and got no approval.
    pub(in super::super) gap_s: f64,
    /// When each of them had got one, and when each got one the last time; nanoseconds since 1970.
    pub(in super::super) approved_ns: [u64; 2],
}

impl Heard {
    /// Of one that wrote this down.
    fn of(pages: &[ledger::Acquirer]) -> Self {
        let approval = |page: &ledger::Acquirer| {
            let (ledger::Acquirer::Answered(answered) | ledger::Acquirer::AnsweredAgain(answered)) =
                page
            else {
                return None;
            };
            let approves = answered.action.iter().any(|action| action.approves());
            approves.then_some(answered.at_ns)
        };
        let approvals = || pages.iter().filter_map(approval);
        let approved_ns = [approvals().min().unwrap_or(u64::MAX), approvals().max().unwrap_or(0)];
        Self { approved_ns, ..Self::default() }
    }

    /// Both.
    fn and(self, other: Self) -> Self {
        let [first, last] = self.approved_ns;
        Self {
            answered: self.answered + other.answered,
            gap_s: self.gap_s.max(other.gap_s),
            approved_ns: [first.max(other.approved_ns[0]), last.min(other.approved_ns[1])],
        }
    }
}

impl Proof<'_> {
    /// Both acquirers send until they are told to end.
    pub(in super::super) fn load(&mut self) {
        self.load_of(RATE);
    }

    /// The same, with so many requests a second of each; those of the field know all nodes.
    pub(in super::super) fn load_of(&mut self, rate: u64) {
        let begins = |(place, party)| Merchant::steady(party, &[acquirer(place)], rate);
        match &self.field {
            Some(field) => self.merchants.extend(field.sends(rate)),
            None => self.merchants.extend(ACQUIRERS.iter().enumerate().map(begins)),
        }
    }

    /// The acquirers end, wait for their answers, and must have got nothing wrong. Nothing is open
    /// then, neither a request nor a message to an issuer.
    pub(in super::super) fn load_ends(&mut self) -> Result<u64, Trouble> {
        let answered = self.merchants_end()?;
        self.settles().map(|()| answered)
    }

    /// Nothing is open, neither a request nor a message to an issuer.
    pub(in super::super) fn settles(&self) -> Result<(), Trouble> {
        let mut open = None;
        let settled = clock::until(SETTLES, || {
            let said = self.site().machine.run("sekisho status -o json", &[]);
            open = said.ok().and_then(|said| programs::open_of(said.text.as_bytes()));
            if open != Some(0) {
                clock::pause(ASKED_EVERY);
            }
            open == Some(0)
        });
        if settled {
            return Ok(());
        }
        Err(Trouble::Found(format!("of requests and stored messages {open:?} are open still")))
    }

    /// The acquirers end at once, since nobody is there who would answer, and must have got nothing wrong; how many
    /// answers they got.
    pub(in super::super) fn merchants_leave(&mut self) -> Result<u64, Trouble> {
        self.merchants.iter().for_each(Merchant::leaves);
        self.merchants_end()
    }

    /// The acquirers end and must have got nothing wrong; how many answers they got.
    pub(in super::super) fn merchants_end(&mut self) -> Result<u64, Trouble> {
        self.merchants_say().map(|heard| heard.answered)
    }

    /// The same, how long they were without an approval, and when each had one.
    pub(in super::super) fn merchants_say(&mut self) -> Result<Heard, Trouble> {
        self.merchants.iter().for_each(Merchant::is_to_end);
        let mut heard = Heard { approved_ns: [0, u64::MAX], ..Heard::default() };
        for merchant in std::mem::take(&mut self.merchants) {
            if !clock::until(PATIENCE, || merchant.has_ended()) {
                merchant.is_to_end();
            }
            let pages = merchant.take();
            self.judge.hear_acquirer(&pages);
            let of_it = Heard::of(&pages);
            // One that never connected has no approvals either.
            let Some(report) = merchant.reports()? else {
                heard = heard.and(of_it);
                continue;
            };
            if !report.wrong.is_empty() {
                let wrong = report.wrong;
                return Err(Trouble::Found(format!("an acquirer got wrong answers: {wrong:?}")));
            }
            let (answered, gap_s) = (report.answered, report.without_approval_s);
            heard = heard.and(Heard { answered, gap_s, ..of_it });
        }
        Ok(heard)
    }

    /// All issuers have all their connections.
    pub(in super::super) fn linked(&self) -> Result<(), Trouble> {
        let is_linked = || match &self.field {
            Some(field) => field.is_linked(),
            None => self.site().is_linked(),
        };
        if clock::until(PATIENCE, is_linked) {
            return Ok(());
        }
        Err(Trouble::found("sekishod does not connect to its issuers"))
    }

    /// An issuer goes away; what it wrote down stays.
    pub(in super::super) fn bank_leaves(&mut self, place: usize) {
        if let Some(bank) = self.site_mut().banks[place].take() {
            let pages = bank.closes();
            self.judge.hear_issuer(ISSUERS[place].name, &pages);
        }
    }

    /// What the centres wrote down and what the journal says must agree; the switch has ended.
    pub(in super::super) fn judge(&mut self) -> Result<Books, Trouble> {
        for site in &self.sites {
            for (party, bank) in ISSUERS.iter().zip(&site.banks) {
                if let Some(bank) = bank {
                    self.judge.hear_issuer(party.name, &bank.take());
                }
            }
        }
        if let Some(field) = &self.field {
            for (party, bank) in ISSUERS.iter().zip(&field.banks) {
                self.judge.hear_issuer(party.name, &bank.take());
            }
        }
        let journal = self.site().file("/var/lib/sekisho/journal");
        let key = self.site().file("/etc/sekisho/journal.key");
        let (judge, sum) = (&mut self.judge, &mut self.sum);
        let from = judge.position() + 1;
        records::read(&journal, &key, from, sum, |position, record| judge.read(position, record))?;
        judge.judge();
        let books = judge.close();
        if books.open > 0 || judge.findings().count() > 0 || judge.unfinished() > 0 {
            let (open, unfinished, findings) = (books.open, judge.unfinished(), judge.findings());
            return Err(Trouble::Found(format!(
                "{unfinished} requests have no outcome, {open} messages wait for issuers:\n{findings}"
            )));
        }
        Ok(books)
    }
}
