//! What is written down before anything leaves: one record a step. Versioned, little-endian, compact;
//! of card data no more than the dialects allow. Knows nothing of where it is written.
//!
//! ```text
//! 0        1     2
//! version  kind  the fields of the kind, in the order in which [`Record`] has them
//! ```
//! Numbers are little-endian and as wide as their types; an MTI is its four packed digits (2 bytes),
//! a number of a station 2, of a link 4, a route 4, a STAN 4, a time 8. A frame has its length in
//! two bytes before it, a text in one. A record is alone in its bytes: nothing may follow it.
//!
//! Stations and links have the numbers that records gave them ([`Record::Station`],
//! [`Record::Links`]), not their places in one configuration; no record names a worker.

mod kept;

mod counts;

mod read;

mod unreadable;

mod write;

use codec::{Fields, Mti};

use crate::identity::HashKey;
use crate::ids::{LinkNumber, RouteId, Stan, StationNumber};
use crate::time::Time;
pub use counts::{COUNTED_MAX, Deltas};
pub use kept::{Kept, Passed};
pub use unreadable::Unreadable;

/// The version of this form of the records.
pub const VERSION: u8 = 4;

/// The oldest version that is read: all that it has is in this one, in the same form.
pub const OLDEST: u8 = 3;

/// The most bytes of a record that stands in the gate, apart from the frames or the counts in it.
pub const HEAD_MAX: usize = 104;

/// The most bytes of all frames in one record.
pub const FRAMES_MAX: usize = 59 << 10;

/// One step: of a transaction, of a station, or of the switch itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// A request was admitted and is forwarded.
    Decision {
        /// Who asked.
        acquirer: StationNumber,
        /// On which link.
        link: LinkNumber,
        /// Who is asked.
        issuer: StationNumber,
        /// The request's MTI.
        mti: Mti,
        /// The route that was taken.
        route: RouteId,
        /// Our STAN towards the issuer.
        stan: Stan,
        /// The DE 7 that goes with it, ten packed digits.
        sent_at: u64,
        /// When the request arrived.
        arrived: Time,
        /// The same as a second since 1970.
        utc: u64,
        /// The configuration that decided.
        configuration: u32,
        /// What its repeats are known by: a keyed hash.
        key: u128,
        /// What its repeats must agree with: a keyed hash of amount and card.
        check: u64,
        /// What its acquirer's reversals name it by: a keyed hash of what DE 56 (1987: DE 90) says,
        /// 0 where nothing can name it.
        reference: u64,
        /// All fields that the request had.
        present: Fields,
        /// What it was decided from: a frame in the acquirer's dialect with only those fields that
        /// the dialect allows to be written down.
        inputs: &'a [u8],
    },
    /// The issuer's answer was accepted and is passed on.
    Settlement {
        /// Who answered.
        issuer: StationNumber,
        /// Our STAN.
        stan: Stan,
        /// DE 39, three packed digits.
        action: u16,
        /// When the answer arrived.
        at: Time,
        /// The same as a second since 1970.
        utc: u64,
        /// The answer: a frame in the issuer's dialect with only those fields that the dialect
        /// allows to be written down, and without those that the request has (DE 2, 7, 11, 32, 33).
        answer: &'a [u8],
    },
    /// No answer in time; the acquirer gets 911.
    Expiry {
        /// Who did not answer.
        issuer: StationNumber,
        /// Our STAN.
        stan: Stan,
        /// When.
        at: Time,
        /// The same as a second since 1970.
        utc: u64,
    },
    /// No byte of the request left; the acquirer gets 907.
    Unsent {
        /// Who was to be asked.
        issuer: StationNumber,
        /// Our STAN.
        stan: Stan,
        /// When that was known.
        at: Time,
        /// The same as a second since 1970.
        utc: u64,
    },
    /// The issuer's answer can not be said in the acquirer's format; the acquirer gets 909. Where
    /// the issuer approved, it knows of a sale that the acquirer does not.
    Undelivered {
        /// Who answered.
        issuer: StationNumber,
        /// Our STAN.
        stan: Stan,
        /// DE 39 of the issuer, three packed digits.
        action: u16,
        /// When the answer arrived.
        at: Time,
        /// The same as a second since 1970.
        utc: u64,
    },
    /// A restart found this request without an outcome and closed it: a repeat of it gets 909.
    Closed {
        /// Who was asked.
        issuer: StationNumber,
        /// Our STAN.
        stan: Stan,
        /// When, as a second since 1970.
        utc: u64,
    },
    /// A station has a number from here on, which no other station ever gets; or one that has it
    /// speaks another dialect from here on.
    Station {
        /// The number.
        number: StationNumber,
        /// Its name in the configuration.
        name: &'a str,
        /// The name of its dialect.
        dialect: &'a str,
    },
    /// A station has these numbers for its links from here on, which no other link ever gets.
    Links {
        /// Whose links.
        station: StationNumber,
        /// The first number.
        from: LinkNumber,
        /// How many.
        count: u32,
    },
    /// A station signed on or off.
    SignOn {
        /// Which.
        station: StationNumber,
        /// Whether it is signed on now.
        on: bool,
        /// When.
        at: Time,
        /// The same as a second since 1970.
        utc: u64,
    },
    /// A configuration is in use from here on.
    Configuration {
        /// Its number, for the decisions under it.
        number: u32,
        /// A digest of the settings.
        digest: [u8; 32],
        /// When, as a second since 1970.
        utc: u64,
    },
    /// The switch started.
    Start {
        /// The epoch that begins.
        epoch: u32,
        /// When, as a second since 1970.
        utc: u64,
        /// What was built: version and commit.
        build: &'a str,
    },
    /// From here on requests are known by hashes under this key. It is made at the first start and
    /// stays for good, whatever keys seal the journal, or repeats would not be known. Not to be
    /// shown.
    HashKey {
        /// The key.
        key: HashKey,
    },
    /// What was counted since the last such record, so that counters go on after a restart. One is
    /// made at most once a second, so a kill loses up to a second of what has no record of its own.
    Counts {
        /// By how much which counter went up.
        deltas: Deltas<'a>,
    },
    /// A message that must be brought to an issuer is kept until it is acknowledged: an advice, a
    /// reversal, a file action.
    Queued {
        /// To whom.
        issuer: StationNumber,
        /// Its STAN, the same in every sending.
        stan: Stan,
        /// For whom, or who asked for what is reversed.
        acquirer: StationNumber,
        /// The MTI of its first sending.
        mti: Mti,
        /// Our STAN of the transaction that it is about, 0 without one.
        original: Stan,
        /// The DE 7 that went with that one, ten packed digits, as STANs are used again; 0 without one.
        original_at: u64,
        /// How much it takes back of that one.
        takes_back: TakesBack,
        /// DE 25 of 1993 as first given, four packed digits; inside the switch in 1987 too.
        reason: u16,
        /// When, as a second since 1970.
        utc: u64,
        /// The message in the issuer's dialect: of what was given only what that dialect allows to
        /// be written down. DE 7 is that of its making.
        frame: &'a [u8],
    },
    /// The issuer acknowledged what was kept for it: it is never sent again.
    Acknowledged {
        /// Who.
        issuer: StationNumber,
        /// Its STAN.
        stan: Stan,
        /// DE 39, three packed digits.
        action: u16,
        /// When, as a second since 1970.
        utc: u64,
    },
    /// What is kept for an issuer is not to be sent for now, or is again, or never.
    Item {
        /// For whom.
        issuer: StationNumber,
        /// Its STAN.
        stan: Stan,
        /// What became of it.
        state: ItemState,
        /// Who said so: the names of operators, or the action code of the issuer.
        by: &'a str,
        /// When, as a second since 1970.
        utc: u64,
    },
    /// An acquirer's advice or reversal was taken and answered.
    Advice {
        /// Who told.
        acquirer: StationNumber,
        /// On which link.
        link: LinkNumber,
        /// Its MTI.
        mti: Mti,
        /// What its repeats are known by: a keyed hash.
        key: u128,
        /// What its repeats must agree with: a keyed hash of amount and card.
        check: u64,
        /// What later messages name it by, as in a decision.
        reference: u64,
        /// What it names the message by that it is about; 0 where it names none.
        original: u64,
        /// Half the key of that one, where it may have been sent under another name (1987); else 0.
        original_key: u64,
        /// DE 39 that it was answered with, three packed digits.
        action: u16,
        /// Who gets it; the acquirer itself where nobody does.
        issuer: StationNumber,
        /// The STAN under which it is kept for the issuer; 0 when it is not passed on, or what was
        /// kept already covers it.
        stan: Stan,
        /// How much it takes back of what it is about.
        takes_back: TakesBack,
        /// When, as a second since 1970.
        utc: u64,
        /// What is kept for the issuer from here on; none without a STAN. It stands in this record, as
        /// one without the other is worth nothing.
        passed: Option<Passed<'a>>,
        /// What it said: a frame in the acquirer's dialect with only those fields that the dialect
        /// allows to be written down.
        inputs: &'a [u8],
    },
    /// The answer of a transaction that is over may not have reached its acquirer.
    Delivery {
        /// Who answered.
        issuer: StationNumber,
        /// Our STAN.
        stan: Stan,
        /// What is known.
        how: Delivery,
        /// When, as a second since 1970.
        utc: u64,
    },
    /// Nothing happened, and that could be written down: what watches over the switch asks for it, since
    /// a worker that turns but can not write is of no use. On a node with a peer it also stands beside an
    /// approval that is given once more: who can not have it committed reigns no more.
    Pulse,
    /// Somebody told the switch to do something, or asked it.
    Command {
        /// Who, as the system numbers its users.
        uid: u32,
        /// What they may do, by the number that the control socket has for it.
        role: u8,
        /// When, as a second since 1970.
        utc: u64,
        /// Who, by name.
        who: &'a str,
        /// What.
        what: &'a str,
        /// What came of it, or that it is about to be done.
        outcome: &'a str,
    },
    /// This node was a standby, and begins its reign with the epoch of the start before this record.
    Promotion {
        /// The epoch that begins.
        epoch: u32,
        /// When, as a second since 1970.
        utc: u64,
        /// Whether the primary before may have released records that are not in this log.
        lossy: bool,
        /// Until when, as a second since 1970, a repeat of what this log does not know is not taken as
        /// a new request; 0 where nothing can be lost.
        until: u64,
    },
    /// This node gives up its reign: the standby has every record of it, and begins another one. Nothing
    /// of this epoch follows.
    Handover {
        /// The epoch that ends.
        epoch: u32,
        /// When, as a second since 1970.
        utc: u64,
    },
    /// Behind a promotion that may have lost records: a station named a message that this log does not
    /// know. Its acquirer may have been told something of it that nobody here knows.
    Orphan {
        /// Whose message.
        acquirer: StationNumber,
        /// Its MTI: a repeat of a request, or a reversal.
        mti: Mti,
        /// The acquirer's own STAN (DE 11), of a reversal that of its original.
        stan: Stan,
        /// What its repeats are known by: a keyed hash. 0 of a reversal.
        key: u128,
        /// What its repeats must agree with: a keyed hash of amount and card. 0 of a reversal.
        check: u64,
        /// When, as a second since 1970.
        utc: u64,
        /// DE 37, without the spaces around it; nothing where it has none.
        rrn: &'a str,
    },
}

/// What became of something that is kept for an issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemState {
    /// The issuer refuses it with a code that will not heal: somebody has to look.
    Parked,
    /// An operator wants it not to be sent.
    Held,
    /// It is to be sent again.
    Released,
    /// Two operators gave it up: it is never sent again.
    Purged,
}

/// How much a message takes back of what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakesBack {
    /// Nothing: it is no reversal, or one of what is over.
    Nothing,
    /// What is not known: should it still come, it is refused.
    Unseen,
    /// So many minor units, at least one.
    Part(u64),
    /// All that is left.
    Whole,
}

/// How an answer left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// No byte of it reached a socket of the acquirer.
    None,
    /// Some may have.
    Unknown,
}

impl Record<'_> {
    /// The kind, as its second byte says it.
    pub fn kind(&self) -> u8 {
        match self {
            Self::Decision { .. } => 1,
            Self::Settlement { .. } => 2,
            Self::Expiry { .. } => 3,
            Self::Unsent { .. } => 4,
            Self::Undelivered { .. } => 5,
            Self::Closed { .. } => 6,
            Self::Station { .. } => 7,
            Self::Links { .. } => 8,
            Self::SignOn { .. } => 9,
            Self::Configuration { .. } => 10,
            Self::Start { .. } => 11,
            Self::Counts { .. } => 12,
            Self::HashKey { .. } => 13,
            Self::Queued { .. } => 14,
            Self::Acknowledged { .. } => 15,
            Self::Item { .. } => 16,
            Self::Advice { .. } => 17,
            Self::Delivery { .. } => 18,
            Self::Pulse => 19,
            Self::Command { .. } => 20,
            Self::Promotion { .. } => 21,
            Self::Handover { .. } => 22,
            Self::Orphan { .. } => 23,
        }
    }

    /// The name of the kind.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Decision { .. } => "decision",
            Self::Settlement { .. } => "settlement",
            Self::Expiry { .. } => "expiry",
            Self::Unsent { .. } => "unsent",
            Self::Undelivered { .. } => "undelivered",
            Self::Closed { .. } => "closed",
            Self::Station { .. } => "station",
            Self::Links { .. } => "links",
            Self::SignOn { .. } => "sign-on",
            Self::Configuration { .. } => "configuration",
            Self::Start { .. } => "start",
            Self::Counts { .. } => "counts",
            Self::HashKey { .. } => "hash-key",
            Self::Queued { .. } => "queued",
            Self::Acknowledged { .. } => "acknowledged",
            Self::Item { .. } => "item",
            Self::Advice { .. } => "advice",
            Self::Delivery { .. } => "delivery",
            Self::Pulse => "pulse",
            Self::Command { .. } => "command",
            Self::Promotion { .. } => "promotion",
            Self::Handover { .. } => "handover",
            Self::Orphan { .. } => "orphan",
        }
    }
}

#[cfg(test)]
mod tests;
