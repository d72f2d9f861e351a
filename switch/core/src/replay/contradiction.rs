//! What records can not say after what was said before: facts for whoever has to find out why. Knows
//! no state.

use core::fmt;

use crate::ids::{LinkNumber, Stan, StationNumber};
use crate::replay::Position;

/// A record that contradicts those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contradiction {
    /// It is not the next one.
    Position {
        /// The position that was to come.
        expected: Position,
        /// The one that came.
        found: Position,
    },
    /// No record gave this number to a station.
    UnknownStation {
        /// Of the record.
        position: Position,
        /// The number.
        station: StationNumber,
    },
    /// A station has this number already.
    StationTwice {
        /// Of the record.
        position: Position,
        /// The number.
        station: StationNumber,
    },
    /// There is a hash key already.
    HashKeyTwice {
        /// Of the record.
        position: Position,
    },
    /// No record gave this number to a link.
    UnknownLink {
        /// Of the record.
        position: Position,
        /// The number.
        link: LinkNumber,
    },
    /// These numbers were given to links before, or there are not so many.
    LinksTwice {
        /// Of the record.
        position: Position,
        /// The first of them.
        from: LinkNumber,
        /// The first that would be free.
        next: LinkNumber,
    },
    /// The STAN is none of a transaction.
    StanOutOfRange {
        /// Of the record.
        position: Position,
        /// Who was asked.
        issuer: StationNumber,
        /// The STAN.
        stan: Stan,
    },
    /// A transaction with this STAN is open already.
    StanInUse {
        /// Of the record.
        position: Position,
        /// Who was asked.
        issuer: StationNumber,
        /// The STAN.
        stan: Stan,
        /// The decision that is open, or what is kept for the issuer.
        since: Position,
    },
    /// An outcome of a transaction that never began, or was forgotten since it ended.
    NothingOpen {
        /// Of the record.
        position: Position,
        /// Its kind.
        kind: &'static str,
        /// Who was asked.
        issuer: StationNumber,
        /// The STAN.
        stan: Stan,
    },
    /// Something is said of what is kept for an issuer, and nothing is kept under that STAN.
    NothingKept {
        /// Of the record.
        position: Position,
        /// Its kind.
        kind: &'static str,
        /// For whom.
        issuer: StationNumber,
        /// The STAN.
        stan: Stan,
    },
    /// A second outcome of a transaction.
    SecondOutcome {
        /// Of the record.
        position: Position,
        /// Its kind.
        kind: &'static str,
        /// Who was asked.
        issuer: StationNumber,
        /// The STAN.
        stan: Stan,
        /// The first outcome.
        first: Position,
    },
    /// A configuration with a number that is not above the last.
    ConfigurationTwice {
        /// Of the record.
        position: Position,
        /// The number.
        number: u32,
        /// The last.
        last: u32,
    },
    /// A start whose epoch is not above the last.
    EpochTwice {
        /// Of the record.
        position: Position,
        /// The epoch.
        epoch: u32,
        /// The last.
        last: u32,
    },
    /// A promotion is of another epoch than the start before it.
    PromotionAstray {
        /// Of the record.
        position: Position,
        /// Its epoch.
        epoch: u32,
    },
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Position { expected, found } => {
                write!(f, "record {found} came where record {expected} was to come")
            }
            Self::UnknownStation { position, station } => {
                write!(f, "record {position} names station {}, which has no record", station.0)
            }
            Self::StationTwice { position, station } => {
                write!(f, "record {position} gives the number {} to a second station", station.0)
            }
            Self::UnknownLink { position, link } => {
                write!(f, "record {position} names link {}, which has no record", link.0)
            }
            Self::HashKeyTwice { position } => {
                write!(f, "record {position} gives a hash key, and there is one already")
            }
            Self::LinksTwice { position, from, next } => write!(
                f,
                "record {position} gives links numbers from {} on; {} is the first that is free",
                from.0, next.0
            ),
            Self::StanOutOfRange { position, issuer, stan } => {
                write!(f, "record {position}: no transaction has STAN {} ", stan.0)?;
                write!(f, "(station {})", issuer.0)
            }
            Self::StanInUse { position, issuer, stan, since } => {
                write!(f, "record {position} uses STAN {:06} of station {} ", stan.0, issuer.0)?;
                write!(f, "again, which is open since record {since}")
            }
            Self::NothingOpen { position, kind, issuer, stan } => {
                write!(f, "record {position} is a {kind} of STAN {:06} ", stan.0)?;
                write!(f, "of station {}, which is not open", issuer.0)
            }
            Self::NothingKept { position, kind, issuer, stan } => {
                write!(f, "record {position} is a {kind} of STAN {:06} ", stan.0)?;
                write!(f, "of station {}, for which nothing is kept under it", issuer.0)
            }
            Self::SecondOutcome { position, kind, issuer, stan, first } => {
                write!(f, "record {position} is a {kind} of STAN {:06} ", stan.0)?;
                write!(f, "of station {}, which ended with record {first}", issuer.0)
            }
            Self::ConfigurationTwice { position, number, last } => {
                write!(f, "record {position} is of configuration {number} after {last}")
            }
            Self::EpochTwice { position, epoch, last } => {
                write!(f, "record {position} begins epoch {epoch} after {last}")
            }
            Self::PromotionAstray { position, epoch } => {
                write!(f, "record {position} is a promotion to epoch {epoch}, which did not begin")
            }
        }
    }
}

impl core::error::Error for Contradiction {}
