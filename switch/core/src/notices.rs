//! What people should hear of: typed facts for the log, without card data. Knows no log.

use alloc::collections::VecDeque;

use codec::{DecodeError, Mti, PanSource};

use crate::counters::{Counter, Counters};
use crate::ids::{LinkId, Stan, StationId, WorkerId};

/// Why a link is to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// Three echo tests in a row were not answered.
    EchoMissed,
    /// Our sign-on was refused or not answered.
    SignOnFailed,
    /// The other side does not read what we send.
    NotReading,
    /// The node is stopping.
    Draining,
    /// Far more frames came without a transaction than its budget has.
    Noise,
    /// No configuration names its station any more.
    Retired,
    /// Its station is spoken with in another way from now on: it is opened anew.
    Changed,
}

/// Why an answer was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmatched {
    /// Nothing with that STAN is pending at its station: it was never sent, or has timed out and
    /// rested.
    Unknown,
    /// The last transaction with that STAN has been answered.
    Second,
    /// Another station was asked: what it echoes is what was sent there.
    OtherStation,
    /// This field differs from what was sent.
    Differs(u8),
    /// None of the fields that could have been compared came back.
    NothingToCompare,
    /// The MTI is not the answer to the request's.
    Mti,
    /// No action code (DE 39).
    NoActionCode,
}

/// The pending transaction that a dropped answer is most like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nearest {
    /// Who was asked.
    pub issuer: StationId,
    /// Our STAN.
    pub stan: Stan,
    /// The first field that differs from what was sent; none when all that came back agree.
    pub differs: Option<u8>,
}

/// One thing that people should hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A link is open.
    LinkOpened {
        /// Which.
        link: LinkId,
    },
    /// A link was closed, or could not be opened.
    LinkClosed {
        /// Which.
        link: LinkId,
        /// Requests that had not left on it.
        unsent: u32,
    },
    /// We close a link.
    Closing {
        /// Which.
        link: LinkId,
        /// Why.
        why: Closing,
    },
    /// More frames came without a transaction than the link's budget has; from here on they are
    /// only counted.
    Noisy {
        /// Which.
        link: LinkId,
    },
    /// A connection came in when all links of the station were in use.
    LinksExhausted {
        /// Whose.
        station: StationId,
    },
    /// A station signed on, or accepted our sign-on.
    SignedOn {
        /// Which.
        station: StationId,
        /// On which link.
        link: LinkId,
    },
    /// A station is not available (803): what is kept for it waits until it signs on.
    Unavailable {
        /// Which.
        station: StationId,
        /// On which link.
        link: LinkId,
    },
    /// A station signed off.
    SignedOff {
        /// Which.
        station: StationId,
        /// On which link.
        link: LinkId,
    },
    /// Our sign-on or echo test was refused.
    NetworkRefused {
        /// By whom.
        link: LinkId,
        /// The function code (DE 24), three packed digits.
        function: u16,
        /// The action code (DE 39), three packed digits.
        action: u16,
    },
    /// A malformed message.
    Malformed {
        /// Where it came from.
        link: LinkId,
        /// What was wrong.
        error: DecodeError,
        /// Bytes of the message.
        len: u32,
    },
    /// A request without a field that every request needs, or with an impossible one.
    Incomplete {
        /// Where it came from.
        link: LinkId,
        /// Its MTI.
        mti: Mti,
        /// The field.
        field: u8,
    },
    /// A request in which two fields say different card numbers.
    PanDisagrees {
        /// Where it came from.
        link: LinkId,
        /// Its MTI.
        mti: Mti,
        /// One of the two.
        one: PanSource,
        /// The other.
        other: PanSource,
    },
    /// A request came under the key of another one, with another amount or card: 904, and somebody
    /// should look.
    KeyConflict {
        /// Where it came from.
        link: LinkId,
        /// Its MTI.
        mti: Mti,
        /// Its DE 11, which both have.
        stan: Stan,
    },
    /// Requests are forgotten sooner than ten minutes after they came: a repeat behind that is a new
    /// request. The table is too small for this traffic.
    WindowShort {
        /// For how long they are known.
        secs: u64,
    },
    /// They are known for long enough again.
    WindowLong,
    /// An advice or reversal names an original that nobody knows.
    OriginalUnknown {
        /// Where it came from.
        link: LinkId,
        /// Its MTI.
        mti: Mti,
        /// Its STAN.
        stan: Stan,
    },
    /// An approval in doubt is listed no more, though nothing has settled it. There are too many of them.
    DoubtDropped {
        /// Who approved it.
        issuer: StationId,
        /// Our STAN.
        stan: Stan,
    },
    /// Reversals of what nobody knows are forgotten within a week: should their original still come, it
    /// is not refused. There are too many of them.
    TombstoneForgotten {
        /// For how long the oldest was known.
        secs: u64,
    },
    /// Behind a promotion that may have lost records, a station named what nobody knows: a repeat gets
    /// 909, a reversal what was agreed. Somebody has to settle it with the acquirer.
    Orphan {
        /// Where it came from.
        link: LinkId,
        /// Its MTI.
        mti: Mti,
        /// The acquirer's own STAN (DE 11), of a reversal that of its original.
        stan: Stan,
    },
    /// An advice or reversal does not agree with its original.
    OriginalDiffers {
        /// Where it came from.
        link: LinkId,
        /// Its MTI.
        mti: Mti,
        /// The field that is another one, or says too much.
        field: u8,
    },
    /// An answer was dropped.
    Unmatched {
        /// Where it came from.
        link: LinkId,
        /// Its STAN.
        stan: Stan,
        /// Its MTI.
        mti: Mti,
        /// Why.
        why: Unmatched,
        /// What it is most like.
        nearest: Option<Nearest>,
    },
    /// An answer came after its timeout.
    Late {
        /// Where it came from.
        link: LinkId,
        /// Our STAN.
        stan: Stan,
        /// The action code (DE 39), three packed digits.
        action: u16,
    },
    /// A request was not answered in time.
    TimedOut {
        /// Who was asked.
        issuer: StationId,
        /// Our STAN.
        stan: Stan,
    },
    /// An answer found no link of its acquirer.
    Undeliverable {
        /// Whose.
        acquirer: StationId,
    },
    /// Part of an approval may have reached its acquirer before the link was lost: its repeat or its
    /// reversal will tell.
    DeliveryUnknown {
        /// Whose answer.
        acquirer: StationId,
        /// Who approved.
        issuer: StationId,
        /// Our STAN.
        stan: Stan,
    },
    /// An item was sent to its issuer in vain so often that somebody should look.
    ItemFails {
        /// For whom it is.
        issuer: StationId,
        /// Its STAN.
        stan: Stan,
        /// How often.
        failures: u32,
    },
    /// An issuer refused an item with a code that will not heal: it is not sent any more.
    ItemParked {
        /// Who.
        issuer: StationId,
        /// Its STAN.
        stan: Stan,
        /// The action code (DE 39), three packed digits; 0 of one that can not be read.
        action: u16,
    },
    /// A message can not be said in the other side's format.
    Inexpressible {
        /// From whom.
        from: StationId,
        /// To whom.
        to: StationId,
        /// The field that does not fit.
        field: u8,
    },
    /// A message of another worker could not be read: an error of ours.
    PeerMalformed {
        /// Whose.
        from: WorkerId,
    },
}

/// Notices that wait to be taken; a fixed number of them.
#[derive(Debug)]
pub struct Notices {
    waiting: VecDeque<Notice>,
    max: usize,
}

impl Notices {
    /// Room for `max` notices.
    pub fn new(max: usize) -> Self {
        Self { waiting: VecDeque::with_capacity(max), max }
    }

    /// Adds one; counts it as lost when there is no room.
    pub fn tell(&mut self, notice: Notice, counters: &mut Counters) {
        if self.waiting.len() < self.max {
            self.waiting.push_back(notice);
        } else {
            counters.count(Counter::NoticesLost);
        }
    }

    /// Takes the oldest.
    pub fn take(&mut self) -> Option<Notice> {
        self.waiting.pop_front()
    }
}
