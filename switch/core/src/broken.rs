//! Rules of the core that can be broken on purpose, one at a time, so that it is seen that somebody
//! notices. Each is asked about at the one place of its rule; without the feature `broken` nobody can
//! break any, and asking costs nothing. Must not know how a rule works.

/// A rule that is broken, by what happens then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Variant {
    /// Bytes leave before their record is committed.
    WireBeforeRecord = 1,
    /// A repeat of what has its outcome is a new request.
    RepeatForwarded,
    /// A repeat of what is in flight is a new request.
    InFlightForwarded,
    /// A repeat with another amount or card gets the answer of the first.
    OtherAmountAnswered,
    /// An answer after the timeout settles the transaction and is passed on.
    LateDelivered,
    /// What a crash left without an outcome is unknown after it.
    ClosedForgotten,
    /// What is sent again does not say so: xx20 where xx21 belongs.
    SentAgainAsNew,
    /// What is sent again has another STAN.
    SentAgainUnderOther,
    /// What is sent again gives another reason (DE 25).
    ReasonChanged,
    /// What is kept for an issuer is sent though it signed off (802), or never signed on.
    SentToSignedOff,
    /// A reversal is given up after two sends in vain.
    ReversalExpires,
    /// A reversal of ours does not name what we sent.
    ReferenceOfNothing,
    /// What a crash left without an outcome is closed and not reversed.
    ClosedNotReversed,
    /// What timed out is not reversed.
    TimeoutNotReversed,
    /// Each cause makes a reversal of its own.
    ReversedTwice,
    /// What never left is taken to have left when time is up.
    UnsentReversed,
}

impl Variant {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::WireBeforeRecord,
        Self::RepeatForwarded,
        Self::InFlightForwarded,
        Self::OtherAmountAnswered,
        Self::LateDelivered,
        Self::ClosedForgotten,
        Self::SentAgainAsNew,
        Self::SentAgainUnderOther,
        Self::ReasonChanged,
        Self::SentToSignedOff,
        Self::ReversalExpires,
        Self::ReferenceOfNothing,
        Self::ClosedNotReversed,
        Self::TimeoutNotReversed,
        Self::ReversedTwice,
        Self::UnsentReversed,
    ];
}

#[cfg(feature = "broken")]
mod chosen {
    use core::sync::atomic::{AtomicU8, Ordering};

    use super::Variant;

    /// The one that is broken in this process, 0 for none. Set before the threads that ask about it
    /// begin.
    static CHOSEN: AtomicU8 = AtomicU8::new(0);

    /// Breaks this rule and no other from here on, in the whole process; none: all hold again.
    pub fn break_only(variant: Option<Variant>) {
        CHOSEN.store(variant.map_or(0, |variant| variant as u8), Ordering::Relaxed);
    }

    pub(crate) fn breaks(variant: Variant) -> bool {
        CHOSEN.load(Ordering::Relaxed) == variant as u8
    }
}

#[cfg(feature = "broken")]
pub use chosen::break_only;
#[cfg(feature = "broken")]
pub(crate) use chosen::breaks;

/// Whether this rule is broken: it is not.
#[cfg(not(feature = "broken"))]
#[inline]
pub(crate) const fn breaks(_: Variant) -> bool {
    false
}
