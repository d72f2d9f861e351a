//! The issuers' side: what each of them was asked and told, what it said, and what it has booked. Must
//! not know what the acquirers were told.

use std::collections::{BTreeMap, BTreeSet};

use codec::Mti;
use switch_core::plan::Issuing;
use switch_core::time::Time;

use super::acquirers::{Name, name_of};
use super::pace::Pace;
use super::words::{Edition, reference};
use crate::world::Text;

/// A request that an issuer heard, and what became of it there.
#[derive(Clone, Debug)]
struct Booked {
    text: Text,
    amount: u64,
    /// The STAN of the reversal of all of it.
    reversed: Option<String>,
}

/// A message that is sent until it is answered: an advice, a reversal.
#[derive(Clone, Debug)]
struct Item {
    first: Text,
    /// DE 7 of each sending that was heard.
    stamps: BTreeSet<String>,
    /// The life of the switch in which it was heard last.
    life: u32,
    /// The last code that it was answered with.
    answered: Option<&'static str>,
}

/// How a message comes to an issuer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coming {
    pub(crate) at: Time,
    /// The switch's so many-th life.
    pub(crate) life: u32,
    /// Another sending of it may still be on its way, on a line that is not read.
    pub(crate) waits: bool,
    /// It was sent just now.
    pub(crate) is_certain: bool,
}

/// All issuers.
#[derive(Debug)]
pub(crate) struct Issuers {
    edition: Edition,
    booked: BTreeMap<(usize, Name), Booked>,
    items: BTreeMap<(usize, String), Item>,
    /// What was sent to an issuer and may have been lost on the way, by reference and by STAN.
    lost: BTreeMap<(usize, String), Name>,
    /// What it was told to reverse before it heard of it, by reference.
    tombstones: BTreeSet<(usize, String)>,
    /// Sends of items that were lost on the way, by STAN.
    lost_items: BTreeMap<(usize, String), u32>,
    paces: [Pace; 3],
    /// What each was asked, in its order, and the last of it that it answered.
    asked: BTreeMap<(usize, String), u64>,
    answered: [u64; 3],
}

impl Issuers {
    pub(crate) fn new(edition: Edition) -> Self {
        let (booked, items) = (BTreeMap::new(), BTreeMap::new());
        Self {
            edition,
            booked,
            items,
            lost: BTreeMap::new(),
            tombstones: BTreeSet::new(),
            lost_items: BTreeMap::new(),
            paces: Default::default(),
            asked: BTreeMap::new(),
            answered: [0; 3],
        }
    }

    /// A message that left the switch and did not arrive whole.
    pub(crate) fn loses(&mut self, issuer: usize, text: &Text) {
        if Mti::of(text.mti).function() == 0 {
            self.lost.insert((issuer, reference(text)), name_of(text));
        } else {
            *self.lost_items.entry((issuer, text.of(11).to_string())).or_default() += 1;
        }
    }

    /// Whether it accepted the reversal of a request that it hears only now: it declines that then.
    pub(crate) fn is_reversed(&self, issuer: usize, text: &Text) -> bool {
        self.tombstones.contains(&(issuer, reference(text)))
    }

    /// A request: approved or declined when it is heard, whatever becomes of the answer.
    pub(crate) fn is_asked(&mut self, issuer: usize, text: &Text, approves: bool) {
        let amount = if approves { text.of(4).parse().unwrap() } else { 0 };
        let new = Booked { text: text.clone(), amount, reversed: None };
        let before = self.booked.insert((issuer, name_of(text)), new);
        let before = before.map(|before| before.text.to_string());
        assert_eq!(before, None, "promise 4: {text} was told before");
    }

    /// An advice or a reversal.
    pub(crate) fn is_told(&mut self, issuer: usize, text: &Text, coming: Coming, agreed: &Issuing) {
        let Coming { at, life, waits, is_certain } = coming;
        let stan = text.of(11).to_string();
        if is_certain {
            self.paces[issuer].hears(&stan, text.mti & 1 == 1, at, agreed);
        } else {
            self.paces[issuer].hears_late(&stan);
        }
        let lost = self.lost_items.get(&(issuer, stan.clone())).copied().unwrap_or_default();
        let stamps = BTreeSet::from([text.of(7).to_string()]);
        let Some(item) = self.items.get_mut(&(issuer, stan.clone())) else {
            let repeat = text.mti & 1 == 1;
            assert!(!repeat || lost > 0 || life > 0 || waits, "{text} is no repeat of anything");
            assert!(repeat || lost == 0, "{text} was sent before");
            let item = Item { first: text.clone(), stamps, life, answered: None };
            self.items.insert((issuer, stan), item);
            return self.on_new(issuer, text);
        };
        assert!(text.mti & 1 == 1 || waits, "{text} was sent before");
        let frozen = |text: &Text| text.clone().kind(text.mti | 1).without(7);
        let (first, again) = (frozen(&item.first), frozen(text));
        assert_eq!(first.to_string(), again.to_string(), "only DE 7 and the MTI may change");
        assert!(item.stamps.insert(text.of(7).to_string()), "DE 7 of {text} is an old one");
        let refused = item.answered.is_some_and(|code| self.edition.refusals().contains(&code));
        assert!(!refused || item.life != life || waits, "{text} was refused for good");
        let is_over = item.answered.is_some_and(|code| ["000", "00", "400"].contains(&code));
        assert!(!is_over || item.life != life || waits, "{text} was answered");
        // A crash may have lost that it was.
        item.answered = None;
        item.life = life;
    }

    /// A switch begins again, and knows nothing of what it had in mind.
    pub(crate) fn begin_again(&mut self) {
        self.paces = Default::default();
    }

    /// An operator held a message, released it or gave it up.
    pub(crate) fn is_turned(&mut self, issuer: usize, stan: u32, goes_on: bool) {
        let stan = format!("{stan:06}");
        self.paces[issuer].is_turned(&stan);
        if let Some(item) = self.items.get_mut(&(issuer, stan)) {
            // It may come again within the second.
            item.stamps.clear();
            if goes_on {
                item.answered = None;
            }
        }
    }

    /// It hears something that it may answer.
    pub(crate) fn is_to_answer(&mut self, issuer: usize, text: &Text) {
        let count = u64::try_from(self.asked.len()).unwrap() + 1;
        self.asked.insert((issuer, text.of(11).to_string()), count);
    }

    /// It answers; tells whether it has answered something later before.
    pub(crate) fn answers_late(&mut self, issuer: usize, text: &Text) -> bool {
        let asked = self.asked.get(&(issuer, text.of(11).to_string())).copied().unwrap_or(0);
        let last = std::mem::replace(&mut self.answered[issuer], asked);
        last > asked
    }

    fn on_new(&mut self, issuer: usize, text: &Text) {
        let name = name_of(text);
        if Mti::of(text.mti).class() != 4 {
            let amount = text.of(4).parse().unwrap();
            let mti = Mti::of(text.mti & !1).bcd();
            let new = Booked { text: text.clone().kind(mti), amount, reversed: None };
            let before = self.booked.insert((issuer, name), new);
            assert!(before.is_none(), "promise 4: {text} after {before:?}");
            return;
        }
        let field = if self.edition == Edition::Of1987 { 90 } else { 56 };
        let named = text.of(field).to_string();
        let lost = self.lost.get(&(issuer, named.clone()));
        // After a crash nobody knows whether a request had left.
        let Some(booked) = self.booked.get_mut(&(issuer, name.clone())) else {
            self.tombstones.insert((issuer, named));
            return;
        };
        let is_named = reference(&booked.text).get(..10) == named.get(..10);
        assert!(
            is_named || named.is_empty() || lost == Some(&name),
            "{text} does not name {}",
            booked.text
        );
        let stays = self.edition.stays(text);
        let before = booked.reversed.replace(text.of(11).to_string());
        match stays {
            None => {
                assert_eq!(before, None, "promise 5: {text} is a second reversal");
                booked.amount = 0;
            }
            Some(stays) => {
                assert_eq!(before, None, "promise 5: {text} after a reversal of the whole");
                booked.reversed = None;
                assert!(stays < booked.amount, "promise 5: {text} gives back {}", booked.amount);
                booked.amount = stays;
            }
        }
    }

    /// It answered an item.
    pub(crate) fn answers(&mut self, issuer: usize, stan: &str, code: &'static str) {
        self.paces[issuer].answers(stan);
        if let Some(item) = self.items.get_mut(&(issuer, stan.to_string())) {
            item.answered = Some(code);
        }
    }

    /// Its answer to an item was lost.
    pub(crate) fn was_not_heard(&mut self, issuer: usize, stan: &str) {
        if let Some(item) = self.items.get_mut(&(issuer, stan.to_string())) {
            item.answered = None;
        }
    }

    /// How much is booked of a transaction, at all issuers.
    pub(crate) fn booked(&self, name: &Name) -> u64 {
        let of_it = self.booked.iter().filter(|((_, booked), _)| booked == name);
        of_it.map(|(_, booked)| booked.amount).sum()
    }
}
