//! What a dialect says about one field: class, form, length. Knows no bytes.

/// The edition of ISO 8583 that a dialect follows (first digit of its MTIs).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// ISO 8583:1987, MTIs 0xxx.
    Iso1987,
    /// ISO 8583:1993, MTIs 1xxx.
    Iso1993,
    /// ISO 8583:2003, MTIs 2xxx.
    Iso2003,
}

/// Which values a field takes, whatever its form on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// n: decimal digits.
    Digits,
    /// x+n: `C` or `D`, then decimal digits. The sign counts as one unit.
    Amount,
    /// a, an, ans, anp: bytes 0x20 to 0x7E.
    Text,
    /// z: decimal digits and at most one separator, `=` or `D`; packed, the nibble D, which is
    /// shown as `=`.
    Track,
    /// b: any bytes.
    Binary,
}

/// Where an odd number of packed digits gets its zero nibble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// In front: 123 is 01 23.
    Left,
    /// Behind: 123 is 12 30.
    Right,
}

/// How units become bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// One ASCII byte a unit. For digits, amounts, text and tracks.
    Chars,
    /// BCD, two digits a byte. For digits and tracks, and for amounts behind an ASCII sign byte.
    Packed {
        /// Where an odd number of digits gets its zero nibble.
        zero: Side,
    },
    /// Two hexadecimal characters a byte, either case. For binary values and bitmaps.
    Hex,
    /// The bytes themselves. For binary values and bitmaps.
    Raw,
}

/// How long a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Length {
    /// Always `max` units.
    Fixed,
    /// 0 to `max` units, told by a prefix that counts units.
    Var {
        /// Decimal digits of the prefix, 1 to 4.
        digits: u8,
        /// BCD (an odd number of digits gets a zero in front) instead of ASCII digits.
        packed: bool,
    },
}

/// One field of a dialect. Units are digits, characters or (binary) bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FieldSpec {
    /// Which values it takes.
    pub class: Class,
    /// How they are written.
    pub form: Form,
    /// How their length is told.
    pub length: Length,
    /// Most units (variable length) or exactly so many (fixed).
    pub max: u16,
}

/// Why a [`FieldSpec`] can not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecError {
    /// The class has no such form: text packed, digits in hex.
    Form,
    /// An amount of variable length.
    Length,
    /// A prefix of no or more than four digits.
    PrefixDigits,
    /// A maximum of 0, above 9999, above what the prefix can tell, or an amount without a digit.
    Max,
}

impl FieldSpec {
    /// Digits, always `max` of them.
    pub const fn digits(form: Form, max: u16) -> Self {
        Self { class: Class::Digits, form, length: Length::Fixed, max }
    }

    /// Printable characters, always `max` of them.
    pub const fn text(max: u16) -> Self {
        Self { class: Class::Text, form: Form::Chars, length: Length::Fixed, max }
    }

    /// Digits and at most one separator, always `max` of them together.
    pub const fn track(form: Form, max: u16) -> Self {
        Self { class: Class::Track, form, length: Length::Fixed, max }
    }

    /// Bytes, always `max` of them.
    pub const fn binary(form: Form, max: u16) -> Self {
        Self { class: Class::Binary, form, length: Length::Fixed, max }
    }

    /// A sign and digits, `max` units in all.
    pub const fn amount(form: Form, max: u16) -> Self {
        Self { class: Class::Amount, form, length: Length::Fixed, max }
    }

    /// The same field with a length prefix of so many ASCII digits.
    #[must_use]
    pub const fn var(self, digits: u8) -> Self {
        Self { length: Length::Var { digits, packed: false }, ..self }
    }

    /// The same field with a length prefix of so many BCD digits.
    #[must_use]
    pub const fn packed_var(self, digits: u8) -> Self {
        Self { length: Length::Var { digits, packed: true }, ..self }
    }

    /// Can such a field be?
    pub const fn check(self) -> Result<(), SpecError> {
        let form_fits = match self.class {
            Class::Digits | Class::Amount | Class::Track => {
                matches!(self.form, Form::Chars | Form::Packed { .. })
            }
            Class::Text => matches!(self.form, Form::Chars),
            Class::Binary => matches!(self.form, Form::Hex | Form::Raw),
        };
        if !form_fits {
            return Err(SpecError::Form);
        }
        let amount = matches!(self.class, Class::Amount);
        if amount && !matches!(self.length, Length::Fixed) {
            return Err(SpecError::Length);
        }
        let told_max = match self.length {
            Length::Fixed | Length::Var { digits: 4, .. } => 9999,
            Length::Var { digits: 3, .. } => 999,
            Length::Var { digits: 2, .. } => 99,
            Length::Var { digits: 1, .. } => 9,
            Length::Var { .. } => return Err(SpecError::PrefixDigits),
        };
        let least = if amount { 2 } else { 1 };
        if self.max < least || self.max > told_max { Err(SpecError::Max) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: Form = Form::Packed { zero: Side::Right };

    #[test]
    fn a_maximum_is_what_the_prefix_can_tell() {
        for (digits, max) in [(1, 9), (2, 99), (3, 999), (4, 9999)] {
            assert_eq!(FieldSpec::text(max).var(digits).check(), Ok(()));
            assert_eq!(FieldSpec::text(max + 1).packed_var(digits).check(), Err(SpecError::Max));
        }
        assert_eq!(FieldSpec::text(9).var(0).check(), Err(SpecError::PrefixDigits));
        assert_eq!(FieldSpec::text(9).var(5).check(), Err(SpecError::PrefixDigits));
    }

    #[test]
    fn every_class_has_its_own_forms() {
        for (spec, fits) in [
            (FieldSpec::digits(Form::Chars, 6), true),
            (FieldSpec::digits(RIGHT, 6), true),
            (FieldSpec::digits(Form::Hex, 6), false),
            (FieldSpec::amount(RIGHT, 9), true),
            (FieldSpec::amount(Form::Raw, 9), false),
            (FieldSpec::track(RIGHT, 37), true),
            (FieldSpec::track(Form::Hex, 37), false),
            (FieldSpec::binary(Form::Hex, 8), true),
            (FieldSpec::binary(Form::Chars, 8), false),
            (FieldSpec { form: RIGHT, ..FieldSpec::text(8) }, false),
        ] {
            assert_eq!(spec.check().is_ok(), fits, "{spec:?}");
        }
    }

    #[test]
    fn nothing_has_no_units_and_an_amount_has_a_digit() {
        assert_eq!(FieldSpec::text(0).check(), Err(SpecError::Max));
        assert_eq!(FieldSpec::amount(Form::Chars, 1).check(), Err(SpecError::Max));
        assert_eq!(FieldSpec::amount(Form::Chars, 2).check(), Ok(()));
        assert_eq!(FieldSpec::amount(Form::Chars, 9).var(2).check(), Err(SpecError::Length));
        assert_eq!(FieldSpec::text(10_000).check(), Err(SpecError::Max));
    }
}
