//! The acquirers' side: what each of them sent, what it was told, and what it believes it has sold.
//! Must not know what happens between it and the issuers.

use std::collections::{BTreeMap, BTreeSet};

use codec::Mti;
use switch_core::plan::{Acquiring, InFlight};
use switch_core::time::Time;

use super::words::Edition;
use crate::world::Text;

/// What both sides know a transaction by: DE 32 and DE 37.
pub(crate) type Name = (String, String);

pub(crate) fn name_of(text: &Text) -> Name {
    (text.of(32).to_string(), text.of(37).to_string())
}

/// What is to come of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meant {
    /// What its text says.
    Well,
    /// Nothing: it does not agree with its original.
    Wrong,
    /// Nothing: its original is another acquirer's.
    Strange,
}

/// What an acquirer says in one message and its repeats.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) text: Text,
    pub(crate) case: Name,
    pub(crate) meant: Meant,
    /// When it was sent last, and DE 7 of each of its sendings.
    pub(crate) at: Time,
    stamps: Vec<String>,
    /// How often it was sent, and the codes of its answers.
    pub(crate) sent: u32,
    pub(crate) answers: Vec<String>,
    /// Whether nothing was heard since it was sent last that answers it for certain.
    awaits: bool,
    /// How often it was sent since something was heard.
    unheard: u32,
    /// DE 7 of another message that goes under the same names, once it was sent.
    pub(crate) other: Option<String>,
}

/// What an acquirer knows of one transaction.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) acquirer: usize,
    /// The request or advice that it began with, as it was or would be sent.
    pub(crate) first: Text,
    /// The STANs of its reversals: of the whole, and those that leave a part.
    pub(crate) reversals: Vec<String>,
    pub(crate) parts: Vec<(String, u64)>,
}

/// All acquirers.
#[derive(Debug)]
pub(crate) struct Acquirers {
    edition: Edition,
    pub(crate) said: BTreeMap<(usize, String), Said>,
    pub(crate) cases: BTreeMap<Name, Case>,
    stans: [u64; 2],
    /// Reversals that were begun when another one was known to be taken.
    seconds: BTreeSet<(usize, String)>,
}

/// Codes that say nothing for good: whoever hears them may ask again and be told something else.
fn is_passing(code: &str) -> bool {
    ["902", "905", "907", "908", "910", "923", "12", "15", "31", "91", "09"].contains(&code)
}

/// Whether a code (DE 39) approves.
pub(crate) fn approves(code: &str) -> bool {
    if code.len() == 2 { code == "00" } else { code.starts_with('0') }
}

/// Whether a code says that an advice or a reversal needs not come again.
pub(crate) fn takes(code: &str) -> bool {
    let refused = is_passing(code) || refuses(code) || ["909", "96"].contains(&code);
    !refused
}

/// Whether a code says that a message makes no sense, and never will.
fn refuses(code: &str) -> bool {
    ["904", "30"].contains(&code)
}

impl Said {
    pub(crate) fn is_request(&self) -> bool {
        Mti::of(self.text.mti).function() == 0
    }
}

impl Acquirers {
    pub(crate) fn new(edition: Edition) -> Self {
        let (said, cases) = (BTreeMap::new(), BTreeMap::new());
        Self { edition, said, cases, stans: [100_000, 500_000], seconds: BTreeSet::new() }
    }

    /// One begins a transaction with this message; gives it with its names.
    pub(crate) fn begins(&mut self, acquirer: usize, text: Text) -> Text {
        let text = self.named(acquirer, text);
        let text = text.with(37, format!("6325140{:05}", self.cases.len()));
        let case = Case { acquirer, first: text.clone(), reversals: Vec::new(), parts: Vec::new() };
        self.cases.insert(name_of(&text), case);
        text
    }

    fn named(&mut self, acquirer: usize, text: Text) -> Text {
        self.stans[acquirer] += 1;
        let institution = ["77334000001", "77334000002"][acquirer];
        text.with(32, institution).with(11, format!("{:06}", self.stans[acquirer]))
    }

    /// A reversal of a transaction: of the whole, or so that so much stays.
    pub(crate) fn reverses(&mut self, case: &Name, stays: Option<u64>, reason: &str) -> Text {
        let Case { acquirer, first, .. } = self.cases[case].clone();
        let text = self.named(acquirer, self.edition.reversal(&first, stays, reason));
        let known = self.cases[case].clone();
        if known.reversals.iter().any(|stan| self.is_taken(&known, stan)) {
            self.seconds.insert((acquirer, text.of(11).to_string()));
        }
        let known = self.cases.get_mut(case).unwrap();
        match stays {
            None => known.reversals.push(text.of(11).to_string()),
            Some(stays) => known.parts.push((text.of(11).to_string(), stays)),
        }
        text
    }

    /// A reversal of a transaction that says something else of it: another card, another currency,
    /// more than there was.
    pub(crate) fn reverses_wrongly(&mut self, case: &Name, field: u8, value: &str) -> Text {
        let Case { acquirer, first, .. } = self.cases[case].clone();
        let text = self.edition.reversal(&first, None, "4000").with(field, value);
        let text = self.named(acquirer, text);
        self.means_to_send(acquirer, text.clone(), case).meant = Meant::Wrong;
        text
    }

    /// The other acquirer reverses what is not its own.
    pub(crate) fn reverses_strangely(&mut self, case: &Name) -> (usize, Text) {
        let Case { acquirer, first, .. } = self.cases[case].clone();
        let other = 1 - acquirer;
        let text = self.named(other, self.edition.reversal(&first, None, "4000"));
        self.means_to_send(other, text.clone(), case).meant = Meant::Strange;
        (other, text)
    }

    /// It sends a message, for the first time or again, at this time; with this DE 7 when it is sent
    /// again. Gives it as it is sent then.
    pub(crate) fn sends(
        &mut self,
        acquirer: usize,
        text: Text,
        at: Time,
        fresh: Option<&str>,
    ) -> Text {
        let case = name_of(&text);
        let said = self.means_to_send(acquirer, text, &case);
        said.sent += 1;
        said.unheard += 1;
        (said.at, said.awaits) = (at, true);
        let mti = said.text.mti | u16::from(said.sent > 1);
        let fresh = fresh.filter(|_| said.sent > 1).unwrap_or(said.text.of(7)).to_string();
        said.stamps.push(fresh.clone());
        said.text.clone().kind(mti).with(7, fresh)
    }

    /// It will send a message, as soon as it finds a line.
    pub(crate) fn means_to_send(&mut self, acquirer: usize, text: Text, case: &Name) -> &mut Said {
        let stan = text.of(11).to_string();
        let new = Said {
            text,
            case: case.clone(),
            meant: Meant::Well,
            at: Time(0),
            stamps: Vec::new(),
            sent: 0,
            answers: Vec::new(),
            awaits: true,
            unheard: 0,
            other: None,
        };
        self.said.entry((acquirer, stan)).or_insert(new)
    }

    /// It sends another message under the names of one that was approved.
    pub(crate) fn confuses(&mut self, acquirer: usize, stan: &str) -> Option<Text> {
        let said = self.said.get_mut(&(acquirer, stan.to_string()))?;
        if !said.answers.iter().any(|code| approves(code)) {
            return None;
        }
        let amount: u64 = said.text.of(4).parse().unwrap();
        let other = format!("{:012}", amount + 1);
        // The answer tells which message it is for by its DE 7.
        said.other = Some("1121000000".to_string());
        Some(said.text.clone().kind(said.text.mti | 1).with(4, other).with(7, "1121000000"))
    }

    /// An acquirer hears an answer; gives the transaction that it is about.
    pub(crate) fn hears(&mut self, acquirer: usize, answer: &Text) -> Name {
        let key = (acquirer, answer.of(11).to_string());
        let Some(said) = self.said.get_mut(&key) else {
            panic!("promise 4: acquirer {acquirer} never said what {answer} answers");
        };
        let asked = &said.text;
        assert_eq!(Mti::of(asked.mti).answer(), Some(Mti::of(answer.mti)), "{answer} to {asked}");
        let code = answer.of(39).to_string();
        if said.other.as_deref() == Some(answer.of(7)) {
            assert!(["904", "30"].contains(&&*code) || is_passing(&code), "{answer} to another");
            return said.case.clone();
        }
        assert!(said.stamps.iter().any(|stamp| stamp == answer.of(7)), "DE 7 of {answer}");
        for field in [3, 4, 12, 32, 33, 37, 41] {
            let (ours, theirs) = (asked.of(field), answer.of(field));
            assert!(theirs.is_empty() || ours == theirs, "DE {field} of {answer} to {asked}");
        }
        assert!(!code.is_empty(), "{answer} says nothing");
        let declined = said.answers.iter().any(|before| !approves(before) && !is_passing(before));
        let is_request = Mti::of(asked.mti).function() == 0;
        if is_request && approves(&code) {
            assert!(!declined, "promise 4: {answer} after {:?}", said.answers);
        }
        let is_refused = refuses(&code) || is_passing(&code);
        assert!(said.meant != Meant::Wrong || is_refused, "{answer} to {asked}");
        // In progress: the answer is still to come. A code that passes may be that of an earlier sending,
        // and the last one may have been taken.
        let is_earlier = is_passing(&code) && said.unheard > 1;
        said.awaits &= is_request && (["923", "09"].contains(&&*code) || is_earlier);
        said.unheard = 0;
        said.answers.push(code);
        let (sent, heard) = (said.sent, said.answers.len());
        assert!(heard <= usize::try_from(sent).unwrap(), "promise 4: {heard} answers: {answer}");
        said.case.clone()
    }

    /// Whether an answer is the one that was agreed on.
    pub(crate) fn keeps_to(&self, acquirer: usize, answer: &Text, agreed: &Acquiring) {
        let said = &self.said[&(acquirer, answer.of(11).to_string())];
        let code = answer.of(39);
        let holds = agreed.repeat_in_flight == InFlight::Hold;
        let in_progress = said.is_request() && ["923", "09"].contains(&code);
        assert!(!holds || !in_progress, "{answer}, though repeats are to be held");
        if self.edition == Edition::Of1987 || answer.class() != 4 || !takes(code) {
            return;
        }
        let unknown = format!("{:03x}", agreed.unknown_original.action());
        let second = format!("{:03x}", agreed.second_reversal.action());
        let case = &self.cases[&said.case];
        let original = self.said_in(case, case.first.of(11)).map_or(0, |first| first.sent);
        let key = (acquirer, answer.of(11).to_string());
        let expected: &[&str] = match said.meant {
            Meant::Wrong => return,
            Meant::Strange => &[&unknown, &second],
            Meant::Well if original == 0 && case.reversals.len() == 1 => &[&unknown],
            Meant::Well if original == 0 => &[&unknown, &second],
            Meant::Well if !self.is_approved(case) => return,
            Meant::Well if self.seconds.contains(&key) => &[&second],
            Meant::Well => &["400", &second],
        };
        assert!(expected.contains(&code), "{answer} to {}, agreed was {expected:?}", said.text);
    }

    fn said_in(&self, case: &Case, stan: &str) -> Option<&Said> {
        self.said.get(&(case.acquirer, stan.to_string()))
    }

    fn is_taken(&self, case: &Case, stan: &str) -> bool {
        self.said_in(case, stan).is_some_and(|said| said.answers.iter().any(|code| takes(code)))
    }

    /// Whether the transaction was approved by the last answer that counts: who hears a passing code
    /// late, of an earlier try, knows better.
    pub(crate) fn is_approved(&self, case: &Case) -> bool {
        let first = self.said_in(case, case.first.of(11));
        let last = first.and_then(|said| said.answers.iter().rfind(|code| !is_passing(code)));
        last.is_some_and(|code| approves(code))
    }

    /// How much an acquirer believes to have sold, once nothing of the transaction is open.
    pub(crate) fn belief(&self, case: &Case) -> u64 {
        let amount = case.first.of(4).parse().unwrap();
        let is_advice = Mti::of(case.first.mti).function() == 2;
        if case.reversals.iter().any(|stan| self.is_taken(case, stan)) {
            return 0;
        }
        let stands =
            if is_advice { self.is_taken(case, case.first.of(11)) } else { self.is_approved(case) };
        if !stands {
            return 0;
        }
        let accepted = |stan: &str| {
            let said = self.said_in(case, stan);
            said.is_some_and(|said| said.answers.iter().any(|code| code == "400" || code == "00"))
        };
        let parts = case.parts.iter().filter(|(stan, _)| accepted(stan));
        parts.map(|(_, stays)| *stays).fold(amount, u64::min)
    }

    /// Messages that have no answer that would let their acquirer rest.
    pub(crate) fn open(&self) -> Vec<(usize, Text)> {
        let is_open = |said: &Said| {
            let case = &self.cases[&said.case];
            let is_request = said.is_request();
            // Who reverses does not need the answer any more.
            let covered = is_request && !case.reversals.is_empty();
            let taken = || said.answers.iter().any(|code| takes(code) || refuses(code));
            match said.meant {
                Meant::Wrong => said.answers.is_empty(),
                Meant::Well if is_request => said.awaits && !covered,
                Meant::Well | Meant::Strange => !taken(),
            }
        };
        let open = self.said.iter().filter(|(_, said)| is_open(said));
        open.map(|((acquirer, _), said)| (*acquirer, said.text.clone())).collect()
    }

    /// Requests that were sent more often than they were answered.
    pub(crate) fn unanswered(&self) -> Option<&Said> {
        let is_short = |said: &Said| usize::try_from(said.sent).unwrap() > said.answers.len();
        self.said.values().find(|said| said.is_request() && is_short(said))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether an acquirer waits for more that hears these codes, and has sent its request so often before
    /// each.
    fn waits(told: &[(u32, &str)]) -> bool {
        let mut acquirers = Acquirers::new(Edition::Of1993);
        let request = acquirers.begins(0, Edition::Of1993.request(0, 2_500, 1));
        for (sendings, code) in told {
            for _ in 0..*sendings {
                acquirers.sends(0, request.clone(), Time(0), None);
            }
            acquirers.hears(0, &crate::world::answer(&request, code));
        }
        !acquirers.open().is_empty()
    }

    #[test]
    fn who_asked_once_rests_when_it_hears_that_the_issuer_is_not_there() {
        assert!(!waits(&[(1, "910")]));
        assert!(!waits(&[(1, "910"), (1, "910")]));
    }

    /// The issuer signed on between the two: the second may be approved, and the answer to that lost.
    #[test]
    fn who_asked_twice_does_not_rest_when_it_hears_that_once() {
        assert!(waits(&[(2, "910")]));
        assert!(!waits(&[(2, "910"), (1, "910")]));
        assert!(!waits(&[(2, "000")]));
    }
}
