//! What records say of a message that is kept for an issuer, and of what is refused should it still come:
//! the same whichever kind says it. Knows no bytes.

use codec::Mti;

use super::{Record, TakesBack};
use crate::ids::{Stan, StationNumber};

#[expect(clippy::wildcard_enum_match_arm, reason = "the others keep nothing")]
impl<'a> Record<'a> {
    /// The message that is kept for an issuer from here on.
    pub fn kept(&self) -> Option<Kept<'a>> {
        match *self {
            Self::Queued {
                issuer,
                stan,
                acquirer,
                mti,
                original,
                original_at,
                takes_back,
                reason,
                utc,
                frame,
            } => Some(Kept {
                issuer,
                stan,
                acquirer,
                mti,
                original,
                original_at,
                takes_back,
                reason,
                utc,
                frame,
            }),
            Self::Advice { acquirer, issuer, stan, takes_back, utc, passed, .. } => {
                let Passed { mti, original, original_at, reason, frame } = passed?;
                Some(Kept {
                    issuer,
                    stan,
                    acquirer,
                    mti,
                    original,
                    original_at,
                    takes_back,
                    reason,
                    utc,
                    frame,
                })
            }
            _ => None,
        }
    }

    /// What a request is known by that is refused from here on, should it still come; zeros are none.
    pub fn refuses(&self) -> [u64; 2] {
        match *self {
            Self::Advice { original, original_key, takes_back: TakesBack::Unseen, .. }
                if original != 0 =>
            {
                [original, original_key]
            }
            _ => [0; 2],
        }
    }
}

/// What an advice is passed on as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed<'a> {
    /// The MTI of its first sending.
    pub mti: Mti,
    /// Our STAN of the transaction that it is about, 0 without one.
    pub original: Stan,
    /// The DE 7 that went with that one, ten packed digits; 0 without one.
    pub original_at: u64,
    /// DE 25 of 1993 as first given, four packed digits.
    pub reason: u16,
    /// The message in the issuer's dialect, as in [`Record::Queued`].
    pub frame: &'a [u8],
}

/// A message that is kept for an issuer, whichever record says so: the fields of [`Record::Queued`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the record has them")]
pub struct Kept<'a> {
    pub issuer: StationNumber,
    pub stan: Stan,
    pub acquirer: StationNumber,
    pub mti: Mti,
    pub original: Stan,
    pub original_at: u64,
    pub takes_back: TakesBack,
    pub reason: u16,
    pub utc: u64,
    pub frame: &'a [u8],
}

impl<'a> Kept<'a> {
    /// The record that says nothing else.
    pub fn record(self) -> Record<'a> {
        let Self { issuer, stan, acquirer, mti, original, original_at, .. } = self;
        let Self { takes_back, reason, utc, frame, .. } = self;
        Record::Queued {
            issuer,
            stan,
            acquirer,
            mti,
            original,
            original_at,
            takes_back,
            reason,
            utc,
            frame,
        }
    }
}
