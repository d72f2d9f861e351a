//! What can happen in a world of chance, and how often it did: what never happens proves nothing. Must
//! not know why.

use switch_core::counters::Counter;

use crate::happened::happenings;

happenings! {
    Requests "requests of acquirers"
    Advices "advices of acquirers"
    Reversals "messages of reversals"
    RepeatedInFlight "repeats of what is in flight"
    RepeatedAnswered "repeats of what was answered"
    RepeatedFresh "repeats with a DE 7 of their own"
    RepeatedOther "repeats with another amount"
    ReversedApproved "reversals of what was approved"
    ReversedInFlight "reversals of what is in flight"
    ReversedUnheard "reversals before their request"
    CameBehind "requests behind their reversal"
    ReversedInPart "partial reversals"
    ReversedInParts "second partial reversals"
    ReversedTwice "second reversals"
    OtherCard "reversals with another card"
    OtherCurrency "reversals with another currency"
    Above "reversals above the amount"
    OfStranger "reversals of another acquirer's sale"
    GaveUp "requests whose acquirer has given up"
    ToldApproval "approvals heard"
    ToldDecline "declines of the issuer heard"
    Told904 "904 heard"
    Told907 "907 heard"
    Told909 "909 heard"
    Told910 "910 heard"
    Told911 "911 heard"
    Told914 "914 heard"
    Told923 "923 heard"
    Told480 "480 heard"
    ApprovedLate "approvals too late"
    DeclinedLate "declines too late"
    AnsweredTwice "answers given twice"
    AnsweredOutOfOrder "answers out of order"
    Unanswered "messages without an answer"
    AgainLater "stored messages to come again (909)"
    Refused "stored messages refused for good (904, 914)"
    SentAgain "stored messages sent again"
    SignedOff "sign-offs (802)"
    Unavailable "pauses (803)"
    SignedOn "sign-ons (801)"
    Merged "causes that merged into an obligation"
    Withdrawn "requests withdrawn unsent"
    Undelivered "approvals that nobody took, reversed"
    DeliveryUnknown "approvals of which a part may have arrived"
    Redelivered "approvals that took another line"
    Alarms "alarms of stored messages"
    Parked "stored messages parked"
    Held "stored messages held by an operator"
    Released "stored messages released by an operator"
    Purged "stored messages purged by two operators"
    LinesLost "lines lost"
    LostInPart "messages lost in their midst"
    Stalled "lines that nobody reads"
    NotConnected "attempts to connect in vain"
    Crashes "crashes"
    CrashedHolding "crashes with records not yet durable"
    CrashedOpen "crashes with requests in flight"
    CrashedOwing "crashes with messages kept for issuers"
    OtherWorkers "starts with another number of workers"
    Reloads "configurations taken up"
    TimeoutsShorter "configurations with a shorter timeout"
    TimeoutsLonger "configurations with a longer timeout"
    QuarantineShorter "configurations with a shorter quarantine"
    RoutesMoved "configurations with another route"
    StationsAdded "configurations with a new station"
    StationsRetired "configurations without a station"
    RetiredOpen "configurations without a station that has requests in flight"
    StationsBack "configurations with a station that was gone"
    RolledBack "configurations rolled back"
    Apart "moments in which workers run by different configurations"
    CrashedReloading "crashes while a configuration is taken up"
    OneWorker "switches of one worker"
    Workers "switches of two or three workers"
    Edition1993 "worlds of 1993"
    Edition1987 "worlds of 1987"
    Holds "`repeat_in_flight = hold`"
    Refuses "`repeat_in_flight = 923`"
    UnknownAccepted "`unknown_original = 400`"
    UnknownUntraced "`unknown_original = 914`"
    SecondAccepted "`second_reversal = 400`"
    SecondRepeated "`second_reversal = 480`"
    GivesUpLate "`gives_up = 60 s`"
    GivesUpSoon "`gives_up = 2 s`"
    MatchesOnRrn "`matches_on_rrn = true`"
    MatchesNot "`matches_on_rrn = false`"
    OneAtATime "`saf_window = 1`"
    ThreeAtATime "`saf_window = 3`"
}

/// What the switch counts of it itself.
pub(crate) const COUNTED: [(Counter, Happening); 8] = [
    (Counter::SafMerged, Happening::Merged),
    (Counter::Withdrawn, Happening::Withdrawn),
    (Counter::Undelivered, Happening::Undelivered),
    (Counter::DeliveriesUnknown, Happening::DeliveryUnknown),
    (Counter::Redelivered, Happening::Redelivered),
    (Counter::SafAlarms, Happening::Alarms),
    (Counter::SafSentAgain, Happening::SentAgain),
    (Counter::RefusedGivenUp, Happening::GaveUp),
];
