//! Whom an entry of the gate serves, and how far that may fill it. Knows no entry.

/// Whom an entry serves. Where room runs short, those further down wait or are refused first:
///
/// | whom                                                           | gate full up to |
/// |----------------------------------------------------------------|-----------------|
/// | answers, and all that ends a transaction: what is promised     | the last byte   |
/// | acquirers' reversals and advices                               | 15/16           |
/// | network management                                             | 14/16           |
/// | refusals and repeats, which have no record                     | 14/16           |
/// | what is kept for an issuer, within its share (`saf_rate`)      | 13/16           |
/// | new requests                                                   | 12/16           |
///
/// The lanes to other workers know two classes: new requests leave their last quarter to all others,
/// for which there is room beside a full lane too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// A new request.
    Request,
    /// What is kept for an issuer.
    Stored,
    /// A refusal, or the answer to a repeat: nothing that is under way hangs on it.
    Refusal,
    /// A message of network management, or the answer to one.
    Network,
    /// A reversal or an advice of an acquirer, with its answer.
    Advice,
}

impl Service {
    /// How far they may fill the ring, in sixteenths. What is not here may fill it to the end.
    pub(super) const fn sixteenths(self) -> usize {
        match self {
            Self::Request => 12,
            Self::Stored => 13,
            Self::Refusal | Self::Network => 14,
            Self::Advice => 15,
        }
    }
}
