//! Rules of the core that can be broken on purpose, one at a time, so that it is seen that somebody
//! notices. Each is asked about at the one place of its rule; without the feature `broken` nobody can
//! break any, and asking costs nothing. Must not know how a rule works.

macro_rules! variants {
    ($($name:ident $what:literal)*) => {
        /// A rule that is broken, by what happens then.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Variant {
            $(#[doc = $what] $name,)*
        }

        impl Variant {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// What happens then.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $what,)*
                }
            }
        }
    };
}

variants! {
    WireBeforeRecord "Bytes leave before their record is committed."
    RepeatForwarded "A repeat of what has its outcome is a new request."
    InFlightForwarded "A repeat of what is in flight is a new request."
    HoldIgnored "A repeat of what is in flight gets 923 though it was agreed to hold it."
    RefusalIgnored "A repeat of what is in flight is held though 923 was agreed."
    HeldForgotten "A repeat that was held never hears anything."
    RepeatBitCounts "A repeat is another request than its first."
    StampCounts "A repeat with a DE 7 of its own is another request than its first."
    OtherAmountAnswered "A repeat with another amount or card gets the answer of the first."
    OtherAmountUntold "Nobody is told of another amount under the same numbers."
    AnswerForgotten "A repeat of an approval does not get the stored answer."
    ReversedApproved "A repeat of what is reversed gets the approval."
    AdviceTakenAnew "A repeat of an advice is a new one."
    AdviceNotLookedUp "A repeat of an advice that is not in memory is a new one."
    WindowUntold "Nobody is told that repeats are known for a few minutes only."
    LateDelivered "An answer after the timeout settles the transaction and is passed on."
    LateUnnoticed "A late approval is no reason to reverse."
    TimeoutNotReversed "What timed out is not reversed."
    UndeliveredNotReversed "An approval that no socket of its acquirer took is not reversed."
    DoubtReversed "An approval of which a byte may have arrived is reversed."
    DoubtUnlisted "An approval of which a byte may have arrived is not listed."
    DoubtUnsettled "It stays listed when a repeat was given the answer."
    ReversedTwice "Each cause makes a reversal of its own."
    ReasonOfOurs "What its acquirer has reversed in flight is reversed for a reason of ours."
    ReasonChanged "What is sent again gives another reason (DE 25)."
    UnsentReversed "What never left is taken to have left when time is up."
    UnsentNotWithdrawn "What never left stays in front of its socket when time is up."
    PartsForgotten "What was reversed in part counts as whole for the next part."
    ReferenceOfNothing "A reversal of ours does not name what we sent."
    ReferenceNotTranslated "An acquirer's reversal names its own STAN to the issuer."
    OfAnyStation "A reversal finds an original of another station."
    OfAnyCard "A reversal needs not be about the card of its original."
    OfAnyCurrency "A reversal needs not be in the currency of its original."
    AboveOriginal "A reversal may be about more than its original."
    OriginalNotLookedUp "An original that is not in memory is unknown."
    InFlightNotAwaited "A reversal of what is in flight does not wait for its answer."
    UnknownForwarded "A reversal of what nobody knows goes to the card's issuer."
    UnknownNeverForwarded "It does not, though the issuer finds originals by DE 37."
    TombstoneIgnored "What was reversed before it came is forwarded."
    UnknownUntold "Nobody is told of a reversal of what nobody knows."
    TombstonesForgotten "What was reversed before it came is forwarded after a crash."
    UnknownCodeIgnored "Not what was agreed is said to a reversal of what nobody knows."
    SecondTaken "A second reversal of one original is taken as if it were the first."
    SecondCodeIgnored "Not what was agreed is said to a second reversal."
    AdviceNotKept "An advice is acknowledged and not kept for its issuer."
    SentAgainAsNew "What is sent again does not say so: xx20 where xx21 belongs."
    SentAgainUnderOther "What is sent again has another STAN."
    SentAgainWithStamp "What is sent again has the DE 7 of before."
    SentAgainChanged "What is sent again has another amount."
    OvertakesEarlier "A message is sent before an earlier one of its transaction is done."
    WindowExceeded "More messages await their acknowledgement than were agreed."
    RateExceeded "Messages are sent faster than their share."
    GapIgnored "Messages that are sent again follow one another at once."
    RetriedAtOnce "What was in vain is sent again at once."
    AlarmUntold "Nobody is told that an issuer does not take a message."
    RefusedNotParked "What is refused for good is sent again and again."
    HealingParked "What may be taken later is parked."
    ReversalExpires "A reversal is given up after two sends in vain."
    PurgedByOne "One operator gives a message up."
    PurgeUnrecorded "Who gave a message up is not written down."
    HoldNotKept "What an operator holds is sent all the same."
    SentToSignedOff "What is kept for an issuer is sent though it signed off (802), or never signed on."
    SentToPausing "What is kept for an issuer is sent though it pauses (803)."
    GivenUpForwarded "A request goes on though its acquirer has given up."
    RequestsFillAll "New requests leave no room for answers."
    ClosedForgotten "What a crash left without an outcome is unknown after it."
    ClosedNotReversed "What a crash left without an outcome is closed and not reversed."
    KeptForgotten "What is kept for an issuer is forgotten by a crash."
    PromotionUntold "Stations that want it are not told that a standby reigns (804, 806)."
    AnnouncementAwaited "A link whose announcement is not answered is not ready."
    OrphanForwarded "A repeat of what a reign may have answered whose records are lost is a new request."
    OrphanUnlisted "Nobody is told of repeats and reversals of what may be lost."
    OrphansForgotten "What was named and nobody knew is unknown again behind a restart."
    StansNotAhead "Behind a promotion that may have lost records trace numbers go on as if it had not."
    PausedAdmits "Who hands over admits new requests."
    CutShortSilent "What is in flight when the time for a switch-over is over has no answer."
    LateReleased "What was committed leaves however late that is, though a peer may reign."
    LateNotWithdrawn "What waits in front of a socket leaves however late that is, though a peer may reign."
    LateApprovalStands "An approval that is dropped as it is late is not reversed."
    RepeatUnproved "A repeat is given an approval again by who can not know that he still reigns."
    DeadlinesNotShortened "What is in flight waits as long as before a timeout became shorter."
    OpenedBeforeAllKnow "What is new in a plan is used before every worker has the plan."
}

#[cfg(feature = "broken")]
mod chosen {
    use core::sync::atomic::{AtomicU8, Ordering};

    use super::Variant;

    /// The one that is broken in this process, counted from 1; 0 for none. Set before the threads that
    /// ask about it begin.
    static CHOSEN: AtomicU8 = AtomicU8::new(0);

    /// Breaks this rule and no other from here on, in the whole process; none: all hold again.
    pub fn break_only(variant: Option<Variant>) {
        CHOSEN.store(variant.map_or(0, |variant| variant as u8 + 1), Ordering::Relaxed);
    }

    pub(crate) fn breaks(variant: Variant) -> bool {
        CHOSEN.load(Ordering::Relaxed) == variant as u8 + 1
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
