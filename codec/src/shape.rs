//! A field's specification boiled down to what reading and writing bytes needs: eight bytes a
//! field, no branch between one-byte, packed and hexadecimal units. Knows no message.

use crate::spec::{Class, FieldSpec, Form, Length, Side};

/// How the length of a field stands in front of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Head {
    /// The dialect has no such field.
    Absent,
    /// No prefix: always `max` units.
    Fixed,
    /// So many ASCII digits.
    Ascii1,
    Ascii2,
    Ascii3,
    Ascii4,
    /// So many bytes of BCD.
    Packed1,
    Packed2,
}

impl Head {
    /// Bytes of the prefix.
    #[inline]
    pub(crate) const fn size(self) -> usize {
        // A digit for each kind, the first one lowest, is quicker than a table.
        const SIZES: usize = 0x2143_2100;
        SIZES.wrapping_shr(4 * self as u32) & 0xF
    }
}

/// Which bytes a value is made of; one class check serves a run of fields with the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Charset {
    /// 0x30 to 0x39.
    Digits,
    /// Both nibbles 0 to 9.
    Packed,
    /// 0x20 to 0x7E.
    Text,
    /// 0-9, A-F, a-f.
    Hex,
    /// Any byte.
    Any,
    /// 0x30 to 0x39, `=` and `D`.
    Track,
    /// Both nibbles 0 to 9 or D.
    PackedTrack,
}

impl Charset {
    /// Is it of nibbles?
    #[inline]
    pub(crate) const fn is_packed(self) -> bool {
        matches!(self, Self::Packed | Self::PackedTrack)
    }
}

/// One field, ready to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Most units, or exactly so many where `head` is `Fixed`.
    pub(crate) max: u16,
    /// Bytes of so many.
    size_max: u16,
    pub(crate) head: Head,
    pub(crate) charset: Charset,
    /// Half bytes a unit: 1 packed, 2 characters and raw bytes, 4 hexadecimal.
    halves: u8,
    marks: u8,
}

impl Shape {
    const SIGNED: u8 = 1;
    const BREAKS: u8 = 2;
    const SEPARATED: u8 = 4;
    const MORE: u8 = 8;
    const ZERO_LEFT: u8 = 16;
    const ZERO_RIGHT: u8 = 32;
    const VARIES: u8 = 64;
    const SHORT: u8 = 128;

    pub(crate) const ABSENT: Self = Self {
        max: 0,
        size_max: 0,
        head: Head::Absent,
        charset: Charset::Any,
        halves: 2,
        marks: Self::VARIES,
    };

    pub(crate) const fn of(spec: FieldSpec) -> Self {
        let head = match spec.length {
            Length::Fixed => Head::Fixed,
            Length::Var { digits: 1, packed: false } => Head::Ascii1,
            Length::Var { digits: 2, packed: false } => Head::Ascii2,
            Length::Var { digits: 3, packed: false } => Head::Ascii3,
            Length::Var { packed: false, .. } => Head::Ascii4,
            Length::Var { digits: 1 | 2, packed: true } => Head::Packed1,
            Length::Var { packed: true, .. } => Head::Packed2,
        };
        let signed = matches!(spec.class, Class::Amount);
        let track = matches!(spec.class, Class::Track);
        let nibbles = if track { Charset::PackedTrack } else { Charset::Packed };
        let (charset, halves, zero) = match (spec.class, spec.form) {
            (_, Form::Packed { zero: Side::Left }) => (nibbles, 1, Self::ZERO_LEFT),
            (_, Form::Packed { zero: Side::Right }) => (nibbles, 1, Self::ZERO_RIGHT),
            (_, Form::Hex) => (Charset::Hex, 4, 0),
            (Class::Digits | Class::Amount, Form::Chars | Form::Raw) => (Charset::Digits, 2, 0),
            (Class::Text, Form::Chars | Form::Raw) => (Charset::Text, 2, 0),
            (Class::Track, Form::Chars | Form::Raw) => (Charset::Track, 2, 0),
            (Class::Binary, Form::Chars | Form::Raw) => (Charset::Any, 2, 0),
        };
        // A BCD prefix is no printable character, so it can not be looked at together with those.
        let printable = !charset.is_packed() && !matches!(charset, Charset::Any);
        let foreign = printable && matches!(head, Head::Packed1 | Head::Packed2);
        // Where it is known that there is no zero nibble, none is looked for.
        let even = matches!(head, Head::Fixed) && spec.max.is_multiple_of(2);
        let marks = zero
            | (if signed { Self::SIGNED } else { 0 })
            | (if signed || foreign { Self::BREAKS } else { 0 })
            | (if matches!(head, Head::Fixed) { 0 } else { Self::VARIES })
            | (if matches!(spec.class, Class::Digits | Class::Text)
                && matches!(head, Head::Fixed)
                && spec.max <= 16
                && (zero == 0 || even || spec.max == 3)
            {
                Self::SHORT
            } else {
                0
            })
            | (if track { Self::SEPARATED } else { 0 })
            | (if signed || track || (zero != 0 && !even) { Self::MORE } else { 0 });
        let shape = Self { max: spec.max, size_max: 0, head, charset, halves, marks };
        let [low, high, ..] = shape.size(spec.max as usize).to_le_bytes();
        Self { size_max: u16::from_le_bytes([low, high]), ..shape }
    }

    /// All of it in one number, for fingerprints.
    pub(crate) const fn bits(self) -> u64 {
        let ([a, b], [c, d]) = (self.max.to_be_bytes(), self.size_max.to_be_bytes());
        let (head, charset) = (self.head as u8, self.charset as u8);
        u64::from_be_bytes([a, b, c, d, head, charset, self.halves, self.marks])
    }

    /// Bytes of a value of so many units.
    #[inline]
    pub(crate) const fn size(self, units: usize) -> usize {
        // Packed digits are rounded up, and a sign in front of them makes a byte of its own.
        let packed = (self.marks & (Self::ZERO_LEFT | Self::ZERO_RIGHT) != 0) as usize;
        let round = packed << (self.marks & Self::SIGNED);
        // Units are below 2^16, so nothing wraps; checked arithmetic would cost as much as the rest.
        units.wrapping_mul(self.halves as usize).wrapping_add(round) >> 1
    }

    /// Bytes of a value of as many units as there may be.
    #[inline]
    pub(crate) fn size_max(self) -> usize {
        usize::from(self.size_max)
    }

    /// Is it of digits without a sign?
    #[inline]
    pub(crate) fn is_digits(self) -> bool {
        matches!(self.charset, Charset::Digits | Charset::Packed) && self.sign_size() == 0
    }

    /// Is it always of the same even number of digits?
    pub(crate) fn is_even_digits(self) -> bool {
        self.is_digits() && self.head == Head::Fixed && self.max.is_multiple_of(2)
    }

    /// Is it always of so many digits or characters, at most sixteen, and an even number or
    /// three of them if they are packed?
    #[inline]
    pub(crate) fn is_short(self, units: usize) -> bool {
        self.marks & Self::SHORT != 0 && usize::from(self.max) == units
    }

    /// Has the field always so many units?
    #[inline]
    pub(crate) fn is_fixed(self, units: u16) -> bool {
        self.head == Head::Fixed && self.max == units
    }

    /// Can it have so many units as they are, neither too many nor in want of padding?
    #[inline]
    pub(crate) fn takes(self, units: u16) -> bool {
        self.max == units || (self.head != Head::Fixed && units < self.max)
    }

    /// Bytes of the sign in front of the digits: 1 for amounts.
    #[inline]
    pub(crate) fn sign_size(self) -> usize {
        usize::from(self.marks & Self::SIGNED)
    }

    /// Must its prefix (or sign) be kept out of a class check that spans several fields?
    #[inline]
    pub(crate) const fn breaks_runs(self) -> bool {
        self.marks & Self::BREAKS != 0
    }

    /// May it have a sign, a zero nibble or a second separator, which no class check sees?
    #[inline]
    pub(crate) const fn has_more_to_check(self) -> bool {
        self.marks & Self::MORE != 0
    }

    /// Is there nothing about it to be seen to but its class, and that together with a field of
    /// this class in front of it?
    #[inline]
    pub(crate) fn joins(self, charset: Charset) -> bool {
        let own = u16::from_le_bytes([
            self.charset as u8,
            self.marks & (Self::VARIES | Self::BREAKS | Self::MORE),
        ]);
        own == charset as u16
    }

    /// Does an odd number of packed digits have its zero nibble behind them?
    #[inline]
    pub(crate) const fn is_zero_right(self) -> bool {
        self.marks & Self::ZERO_RIGHT != 0
    }

    /// May it have a separator, and no more than one?
    #[inline]
    pub(crate) const fn is_track(self) -> bool {
        self.marks & Self::SEPARATED != 0
    }

    /// Which byte of a value of this shape has its second separator.
    pub(crate) fn second_separator(self, value: &[u8]) -> Option<usize> {
        let packed = self.charset.is_packed();
        let separators = |&byte: &u8| match (packed, byte) {
            (true, _) => usize::from(byte >> 4 == 0xD) + usize::from(byte & 0xF == 0xD),
            (false, b'=' | b'D') => 1,
            (false, _) => 0,
        };
        let mut seen = 0;
        value.iter().position(|byte| {
            seen += separators(byte);
            seen > 1
        })
    }

    /// Which byte of a value has the zero nibble of an odd number of digits, and its mask.
    #[inline]
    pub(crate) fn zero_nibble(self, units: usize) -> Option<(usize, u8)> {
        Some(self.zero_mask(units)).filter(|&(_, mask)| mask != 0)
    }

    /// The same; a mask of 0 when there is none. Without a branch, since lengths are odd or even
    /// as they please.
    #[inline]
    pub(crate) fn zero_mask(self, units: usize) -> (usize, u8) {
        let (left, right) = (self.marks & Self::ZERO_LEFT, self.marks & Self::ZERO_RIGHT);
        let mask = (left / Self::ZERO_LEFT * 0xF0) | (right / Self::ZERO_RIGHT * 0x0F);
        let odd = units.to_le_bytes()[0] ^ self.marks & Self::SIGNED & 1;
        let place = if left == 0 { self.size(units).wrapping_sub(1) } else { self.sign_size() };
        (place, mask * (odd & 1))
    }
}
