//! Why we answer a request ourselves, and with which action code (DE 39). The one table of both; a
//! station of 1987 is told the response code that `codes` has for it.

use crate::codes;
use crate::counters::Counter;

/// A reason to answer a request ourselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A request of unknown kind.
    UnknownRequest,
    /// The station only issues.
    NotAnAcquirer,
    /// The message, or a field that every request needs, is malformed or missing.
    Format,
    /// Two of its fields say different card numbers.
    PanDisagrees,
    /// It is known with another amount or card.
    Differs,
    /// It does not agree with the original that it names.
    OriginalDiffers,
    /// It can not be said in the issuer's format.
    Conversion,
    /// DE 32 is not an institution of that station.
    UnknownAcquirer,
    /// No link of the issuer is up.
    LinkDown,
    /// A link was chosen, but no byte left on it.
    Unsent,
    /// Its acquirer no longer waits for the answer.
    GivenUp,
    /// The table of pending transactions, or of parked decisions, is full.
    PendingFull,
    /// No STAN is free.
    StansExhausted,
    /// Too many requests in flight towards the issuer.
    WindowFull,
    /// No room in the gate for new requests.
    GateFull,
    /// The journal will have no room.
    NoRoom,
    /// The node is sick: it can not complete a transaction in time.
    Sick,
    /// No room for its reversal, should it need one.
    SafFull,
    /// The node is stopping.
    Draining,
    /// No route for the card.
    NoRoute,
    /// The answer could not be passed on.
    Malfunction,
    /// A restart found it without an outcome, and closed it.
    Closed,
    /// It repeats what nobody knows, and a reign may have answered it whose records are lost.
    Orphan,
    /// It was approved, and what the issuer answered is no longer there.
    Forgotten,
    /// The issuer, or the acquirer itself, is not signed on.
    SignedOff,
    /// No answer in time.
    TimedOut,
    /// Its reversal came before it.
    Reversed,
    /// The message authentication code is wrong.
    Mac,
    /// The key provider did not reply in time.
    KeysSilent,
    /// The reader of older records did not reply in time.
    ReaderSilent,
    /// A PIN block, and no keys for it.
    Pin,
    /// The first is in flight, and its repeat is not held; or what an advice is about is.
    InProgress,
}

impl Refusal {
    /// The action code (DE 39 of 1993), three packed digits.
    pub const fn action(self) -> u16 {
        match self {
            Self::UnknownRequest | Self::NotAnAcquirer => 0x902,
            Self::Format
            | Self::PanDisagrees
            | Self::Differs
            | Self::OriginalDiffers
            | Self::Conversion => 0x904,
            Self::UnknownAcquirer => 0x905,
            Self::LinkDown
            | Self::Unsent
            | Self::GivenUp
            | Self::PendingFull
            | Self::StansExhausted
            | Self::WindowFull
            | Self::GateFull
            | Self::NoRoom
            | Self::Sick
            | Self::SafFull
            | Self::Draining => 0x907,
            Self::NoRoute => 0x908,
            Self::Malfunction
            | Self::Closed
            | Self::Orphan
            | Self::Forgotten
            | Self::ReaderSilent => 0x909,
            Self::SignedOff => 0x910,
            Self::TimedOut | Self::Reversed => 0x911,
            Self::Mac => 0x916,
            Self::KeysSilent => 0x920,
            Self::Pin => 0x921,
            Self::InProgress => 0x923,
        }
    }

    /// The response code (DE 39 of 1987).
    pub const fn response(self) -> [u8; 2] {
        codes::response_of(self.action())
    }

    /// Its counter.
    pub const fn counter(self) -> Counter {
        match self {
            Self::UnknownRequest => Counter::RefusedUnknownRequest,
            Self::NotAnAcquirer => Counter::RefusedNotAnAcquirer,
            Self::Format => Counter::RefusedFormat,
            Self::PanDisagrees => Counter::RefusedPanDisagrees,
            Self::Differs => Counter::RefusedDiffers,
            Self::OriginalDiffers => Counter::RefusedOriginalDiffers,
            Self::Conversion => Counter::RefusedConversion,
            Self::UnknownAcquirer => Counter::RefusedUnknownAcquirer,
            Self::LinkDown => Counter::RefusedLinkDown,
            Self::Unsent => Counter::RefusedUnsent,
            Self::GivenUp => Counter::RefusedGivenUp,
            Self::PendingFull => Counter::RefusedPendingFull,
            Self::StansExhausted => Counter::RefusedStansExhausted,
            Self::WindowFull => Counter::RefusedWindowFull,
            Self::GateFull => Counter::RefusedGateFull,
            Self::NoRoom => Counter::RefusedNoRoom,
            Self::Sick => Counter::RefusedSick,
            Self::SafFull => Counter::RefusedSafFull,
            Self::Draining => Counter::RefusedDraining,
            Self::NoRoute => Counter::RefusedNoRoute,
            Self::Malfunction => Counter::RefusedMalfunction,
            Self::Closed => Counter::RefusedClosed,
            Self::Orphan => Counter::RefusedOrphan,
            Self::Forgotten => Counter::RefusedForgotten,
            Self::SignedOff => Counter::RefusedSignedOff,
            Self::TimedOut => Counter::RefusedTimedOut,
            Self::Reversed => Counter::RefusedReversed,
            Self::Mac => Counter::RefusedMac,
            Self::KeysSilent => Counter::RefusedKeysSilent,
            Self::ReaderSilent => Counter::RefusedReaderSilent,
            Self::Pin => Counter::RefusedPin,
            Self::InProgress => Counter::RefusedInProgress,
        }
    }
}
