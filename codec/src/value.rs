//! One field's value, in whatever form it has on the wire, and what it says. Knows no message.

use crate::bitmap::byte_of_hex;
use crate::decode::read_units;
use crate::dialect::Dialect;
use crate::digits::{nibbles_of_ascii, number_of_ascii, number_of_nibbles, unpack, word_of};
use crate::spec::{Class, FieldSpec, Form, Side};
use core::fmt;

/// The value of one field, still in its wire form.
///
/// `Debug` shows class and length only.
#[derive(Clone, Copy)]
pub struct Value<'a> {
    bytes: &'a [u8],
    units: u16,
    spec: FieldSpec,
}

impl<'a> Value<'a> {
    /// `bytes` are as many as `units` of `spec` take.
    #[inline]
    pub(crate) const fn new(bytes: &'a [u8], units: u16, spec: FieldSpec) -> Self {
        Self { bytes, units, spec }
    }

    /// Digits, characters or (binary) bytes: the length of [`Value::write_text`].
    #[inline]
    pub const fn units(&self) -> u16 {
        self.units
    }

    /// The bytes on the wire, without prefix.
    #[inline]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The field's specification.
    #[inline]
    pub const fn spec(&self) -> FieldSpec {
        self.spec
    }

    /// The number that up to 19 digits are; `None` for other classes and more digits.
    #[inline]
    pub fn number(&self) -> Option<u64> {
        if self.spec.class != Class::Digits {
            return None;
        }
        match self.spec.form {
            Form::Chars => number_of_ascii(self.bytes),
            Form::Packed { .. } | Form::Hex | Form::Raw => self.number_of_packed(),
        }
    }

    fn number_of_packed(&self) -> Option<u64> {
        if let Some(nibbles) = self.packed() {
            return Some(number_of_nibbles(nibbles));
        }
        let mut digits = [0; 19];
        number_of_ascii(self.write_text(&mut digits)?)
    }

    /// Up to 16 digits as BCD nibbles, right aligned; `None` for other classes and more digits.
    #[inline]
    pub fn packed(&self) -> Option<u64> {
        if self.spec.class != Class::Digits || self.units > 16 {
            return None;
        }
        let Form::Packed { zero } = self.spec.form else {
            return nibbles_of_ascii(self.bytes);
        };
        let nibbles = word_of(self.bytes);
        Some(if zero == Side::Right && self.units % 2 == 1 { nibbles >> 4 } else { nibbles })
    }

    /// Writes the canonical bytes (digits and text in ASCII, amounts as sign and digits, a packed
    /// track with `=`, binary as it is) to the front of `out`; `None` when `out` is shorter than
    /// [`Value::units`].
    pub fn write_text<'b>(&self, out: &'b mut [u8]) -> Option<&'b [u8]> {
        let out = out.get_mut(..usize::from(self.units))?;
        match (self.spec.form, self.spec.class) {
            (Form::Chars | Form::Raw, _) => out.copy_from_slice(self.bytes),
            (Form::Hex, _) => {
                for (byte, &[high, low]) in out.iter_mut().zip(self.bytes.as_chunks().0) {
                    *byte = byte_of_hex(high, low);
                }
            }
            (Form::Packed { zero }, Class::Amount) => {
                let (sign, packed) = self.bytes.split_first()?;
                let (first, digits) = out.split_first_mut()?;
                *first = *sign;
                unpack(packed, zero, digits);
            }
            (Form::Packed { zero }, _) => unpack(self.bytes, zero, out),
        }
        Some(out)
    }

    /// Have both the same canonical bytes, whatever their forms?
    #[inline]
    pub fn same(&self, other: &Value<'_>) -> bool {
        if self.units != other.units {
            return false;
        }
        let track = [self, other].iter().any(|value| value.spec.class == Class::Track);
        // Hexadecimal characters of either case are one value, and so are both separators of a
        // track: equal forms are not enough there.
        if self.spec.form == other.spec.form && self.spec.form != Form::Hex && !track {
            return self.bytes == other.bytes;
        }
        if let (Some(own), Some(others)) = (self.packed(), other.packed()) {
            return own == others;
        }
        let separator = |byte| if track && byte == b'D' { b'=' } else { byte };
        let unit = |value: &Value<'_>, index| value.unit(index).map(separator);
        (0..usize::from(self.units)).all(|index| unit(self, index) == unit(other, index))
    }

    /// One canonical byte.
    pub(crate) fn unit(&self, index: usize) -> Option<u8> {
        let (Form::Packed { zero }, bytes) = (self.spec.form, self.bytes) else {
            return match self.spec.form {
                Form::Hex => match self.bytes.get(2 * index..)? {
                    [high, low, ..] => Some(byte_of_hex(*high, *low)),
                    _ => None,
                },
                Form::Chars | Form::Raw | Form::Packed { .. } => self.bytes.get(index).copied(),
            };
        };
        let sign = usize::from(self.spec.class == Class::Amount);
        let Some(place) = index.checked_sub(sign) else {
            return bytes.first().copied();
        };
        let skipped = usize::from(zero == Side::Left) & (usize::from(self.units) ^ sign) & 1;
        let nibble = place + skipped;
        let byte = bytes.get(sign + nibble / 2)?;
        // The nibble D becomes `=`, 0x3D.
        Some(b'0' | if nibble % 2 == 0 { byte >> 4 } else { byte & 0xF })
    }
}

impl Dialect {
    /// The value in `wire`, the bytes of DE `n` as they stood in a message of this dialect, length
    /// prefix included; `None` when they can not have stood there.
    ///
    /// Their length is checked; their class was, when the message was decoded.
    #[inline]
    pub fn value_in<'a>(&self, n: u8, wire: &'a [u8]) -> Option<Value<'a>> {
        let shape = self.layout().shape(n);
        let units = read_units(shape, wire, 0).ok()?;
        let bytes = wire.get(shape.head.size()..).filter(|b| b.len() == shape.size(units))?;
        Some(Value::new(bytes, u16::try_from(units).ok()?, self.field(n)?))
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}[{}]", self.spec.class, self.units)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    const LEFT: Form = Form::Packed { zero: Side::Left };
    const RIGHT: Form = Form::Packed { zero: Side::Right };

    fn digits(form: Form, units: u16, bytes: &[u8]) -> Value<'_> {
        Value::new(bytes, units, FieldSpec::digits(form, 19))
    }

    #[test]
    fn the_same_digits_are_the_same_in_every_form() {
        let forms = [
            digits(Form::Chars, 3, b"907"),
            digits(LEFT, 3, b"\x09\x07"),
            digits(RIGHT, 3, b"\x90\x70"),
        ];
        for one in forms {
            assert_eq!((one.number(), one.packed()), (Some(907), Some(0x907)));
            assert_eq!(one.write_text(&mut [0; 3]), Some(&b"907"[..]));
            assert!(forms.iter().all(|other| one.same(other)));
            assert!(!one.same(&digits(Form::Chars, 3, b"908")));
            assert!(!one.same(&digits(Form::Chars, 4, b"0907")));
        }
    }

    #[test]
    fn nineteen_digits_are_a_number_and_twenty_are_not() {
        let nines = [b'9'; 20];
        assert_eq!(digits(Form::Chars, 19, &nines[..19]).number(), Some(9_999_999_999_999_999_999));
        assert_eq!(digits(Form::Chars, 20, &nines).number(), None);
        assert_eq!(digits(Form::Chars, 0, b"").number(), Some(0));
    }

    #[test]
    fn sixteen_digits_are_packed_and_seventeen_compare_digit_by_digit() {
        let text = b"12345678901234567";
        assert_eq!(digits(Form::Chars, 16, &text[..16]).packed(), Some(0x1234_5678_9012_3456));
        let long = digits(Form::Chars, 17, text);
        assert_eq!(long.packed(), None);
        assert!(long.same(&digits(LEFT, 17, b"\x01\x23\x45\x67\x89\x01\x23\x45\x67")));
        assert!(long.same(&digits(RIGHT, 17, b"\x12\x34\x56\x78\x90\x12\x34\x56\x70")));
        assert!(!long.same(&digits(LEFT, 17, b"\x01\x23\x45\x67\x89\x01\x23\x45\x68")));
    }

    #[test]
    fn an_amount_keeps_its_sign_in_both_forms() {
        let chars = Value::new(b"D1234", 5, FieldSpec::amount(Form::Chars, 5));
        let packed = Value::new(b"D\x12\x34", 5, FieldSpec::amount(RIGHT, 5));
        assert_eq!(packed.write_text(&mut [0; 9]), Some(&b"D1234"[..]));
        assert!(chars.same(&packed) && packed.same(&chars));
        assert!(!packed.same(&Value::new(b"C1234", 5, FieldSpec::amount(Form::Chars, 5))));
        assert_eq!((packed.number(), packed.packed()), (None, None));
    }

    #[test]
    fn a_track_is_the_same_with_either_separator_and_packed() {
        let track = |form, bytes| Value::new(bytes, 7, FieldSpec::track(form, 37));
        let forms = [
            track(Form::Chars, b"353=291"),
            track(Form::Chars, b"353D291"),
            track(LEFT, b"\x03\x53\xD2\x91"),
            track(RIGHT, b"\x35\x3D\x29\x10"),
        ];
        for one in forms {
            assert!(forms.iter().all(|other| one.same(other)));
            assert!(!one.same(&track(Form::Chars, b"3530291")));
            assert_eq!((one.number(), one.packed()), (None, None));
        }
        assert_eq!(forms[1].write_text(&mut [0; 7]), Some(&b"353D291"[..]), "as it was received");
        assert_eq!(forms[2].write_text(&mut [0; 7]), Some(&b"353=291"[..]));
        assert_eq!(forms[3].write_text(&mut [0; 7]), Some(&b"353=291"[..]));
    }

    #[test]
    fn hexadecimal_is_its_bytes_in_either_case() {
        let raw = Value::new(&[0xAB, 0x0C], 2, FieldSpec::binary(Form::Raw, 2));
        let upper = Value::new(b"AB0C", 2, FieldSpec::binary(Form::Hex, 2));
        let lower = Value::new(b"ab0c", 2, FieldSpec::binary(Form::Hex, 2));
        assert!(raw.same(&upper) && upper.same(&lower) && lower.same(&raw));
        assert_eq!(lower.write_text(&mut [0; 2]), Some(&[0xAB, 0x0C][..]));
    }

    #[test]
    fn a_value_needs_room_for_its_units() {
        let value = digits(Form::Chars, 3, b"907");
        assert_eq!(value.write_text(&mut [0; 2]), None);
        assert_eq!(value.write_text(&mut [0; 3]), Some(&b"907"[..]));
    }

    #[test]
    fn debug_tells_no_digit() {
        assert_eq!(format!("{:?}", digits(Form::Chars, 3, b"907")), "Digits[3]");
    }
}
