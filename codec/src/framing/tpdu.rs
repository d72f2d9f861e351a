//! TPDUs: the five bytes that a network access controller puts in front of a message, and what an
//! answer carries of its request's. Knows no network.
//!
//! ```text
//! | id | destination (2) | source (2) |
//! ```

use core::fmt;

/// A transport protocol data unit's header: an identifier (0x60: transactions), the address that it
/// goes to and the one that it comes from, two bytes each. Zeros where a framing has none.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Tpdu(pub [u8; Tpdu::LEN]);

/// What a framing with TPDUs does with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TpduUse {
    /// On what is sent without having been asked for.
    pub own: Tpdu,
    /// Does an answer go back to where its request came from, source and destination exchanged?
    /// Else it carries the request's TPDU as it came.
    pub swaps: bool,
}

impl Tpdu {
    /// Bytes of a TPDU.
    pub const LEN: usize = 5;

    /// The same with source and destination exchanged.
    #[must_use]
    pub const fn swapped(self) -> Self {
        let [id, to_high, to_low, from_high, from_low] = self.0;
        Self([id, from_high, from_low, to_high, to_low])
    }
}

impl TpduUse {
    /// A TPDU for transactions without addresses, and answers that go back to where their requests
    /// came from.
    pub const PLAIN: Self = Self { own: Tpdu([0x60, 0, 0, 0, 0]), swaps: true };

    /// What the answer to a message with this TPDU carries.
    pub const fn answer_to(&self, came: Tpdu) -> Tpdu {
        if self.swaps { came.swapped() } else { came }
    }
}

impl fmt::Display for Tpdu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl fmt::Debug for Tpdu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tpdu({self})")
    }
}
