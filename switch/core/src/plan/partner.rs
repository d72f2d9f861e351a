//! What differs between partners about repeats, reversals and stored messages: agreements with an
//! acquirer, and with an issuer. Knows no message.

use core::time::Duration;

/// What was agreed with a station that sends requests, about its repeats and reversals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acquiring {
    /// What a repeat gets while its original is in flight.
    pub repeat_in_flight: InFlight,
    /// What a reversal is answered whose original nobody knows.
    pub unknown_original: UnknownOriginal,
    /// What a second reversal of one original is answered.
    pub second_reversal: SecondReversal,
    /// How long it waits for an answer: a request that has waited longer is not forwarded.
    pub gives_up: Duration,
}

impl Default for Acquiring {
    fn default() -> Self {
        Self {
            repeat_in_flight: InFlight::Hold,
            unknown_original: UnknownOriginal::Accepted,
            second_reversal: SecondReversal::Accepted,
            gives_up: Duration::from_mins(1),
        }
    }
}

/// What was agreed with a station that answers requests, about advices and reversals: what is
/// stored for it, and how that is brought to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Issuing {
    /// It finds originals by DE 37, so that a reversal whose original we do not know is of use to
    /// it, and is forwarded.
    pub matches_on_rrn: bool,
    /// Most stored items that wait for its acknowledgement at once: at least 1.
    pub saf_window: u32,
    /// From one sending of an item to the next, while it is not acknowledged; at least the station's
    /// timeout.
    pub saf_retry: Duration,
    /// Shortest time between two sends of items that were sent before.
    pub saf_gap: Duration,
    /// Failed sends of one item after which there is an alarm: at least 1. It is sent all the same.
    pub saf_alarm_after: u32,
    /// Most stored items sent in a second: their share beside new requests. At least 1.
    pub saf_rate: u32,
}

impl Default for Issuing {
    fn default() -> Self {
        Self {
            matches_on_rrn: false,
            saf_window: 1,
            saf_retry: Duration::from_mins(1),
            saf_gap: Duration::from_secs(1),
            saf_alarm_after: 6,
            saf_rate: 50,
        }
    }
}

/// What a station is told behind a promotion, on each link that is opened, before we sign on there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Announce {
    /// Nothing.
    None,
    /// We are the backup of who spoke with it before (DE 24 804).
    Backup,
    /// Alternate routing begins (DE 24 806).
    Alternate,
}

impl Announce {
    /// The function code (DE 24 of 1993), three packed digits; none where nothing is said.
    pub const fn function(self) -> Option<u16> {
        match self {
            Self::None => None,
            Self::Backup => Some(0x804),
            Self::Alternate => Some(0x806),
        }
    }
}

/// What a repeat gets while its original is in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InFlight {
    /// Nothing yet: it is held, and gets the original's answer.
    Hold,
    /// 923, at once.
    Refuse,
}

/// What a reversal is answered whose original nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownOriginal {
    /// 400, accepted: there is nothing left to reverse.
    Accepted,
    /// 914, the original can not be traced.
    Untraced,
}

impl UnknownOriginal {
    /// The action code (DE 39 of 1993), three packed digits.
    pub const fn action(self) -> u16 {
        match self {
            Self::Accepted => 0x400,
            Self::Untraced => 0x914,
        }
    }
}

/// What a second reversal of one original is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondReversal {
    /// 400, as the first one.
    Accepted,
    /// 480, private use: reversed before.
    Repeated,
}

impl SecondReversal {
    /// The action code (DE 39 of 1993), three packed digits.
    pub const fn action(self) -> u16 {
        match self {
            Self::Accepted => 0x400,
            Self::Repeated => 0x480,
        }
    }
}
