//! One field's value, in whatever form it has on the wire, and what it says.

use crate::spec::FieldSpec;
use core::fmt;

/// The value of one field, still in its wire form.
#[derive(Clone, Copy)]
pub struct Value<'a> {
    bytes: &'a [u8],
    units: u16,
    spec: FieldSpec,
}

impl<'a> Value<'a> {
    pub(crate) const fn new(bytes: &'a [u8], units: u16, spec: FieldSpec) -> Self {
        Self { bytes, units, spec }
    }

    /// Digits, characters or (binary) bytes: the length of [`Value::write_text`].
    pub const fn units(&self) -> u16 {
        self.units
    }

    /// The bytes on the wire, without prefix.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The field's specification.
    pub const fn spec(&self) -> FieldSpec {
        self.spec
    }

    /// The number that up to 19 digits are; `None` for other classes and more digits.
    pub fn number(&self) -> Option<u64> {
        None
    }

    /// Up to 16 digits as BCD nibbles, right aligned; `None` for other classes and more digits.
    pub fn packed(&self) -> Option<u64> {
        None
    }

    /// Writes the canonical bytes (digits and text in ASCII, amounts as sign and digits, binary
    /// as it is) to the front of `out`; `None` when `out` is shorter than [`Value::units`].
    pub fn write_text<'b>(&self, out: &'b mut [u8]) -> Option<&'b [u8]> {
        let _ = out;
        None
    }

    /// Have both the same canonical bytes, whatever their forms?
    pub fn same(&self, other: &Value<'_>) -> bool {
        let _ = other;
        false
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}[{}]", self.spec.class, self.units)
    }
}
