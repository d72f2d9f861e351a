//! Fields into bytes: prefix, padding and form of one field at a time. Knows no order of fields;
//! the writer and the plan, which both write through here, do.

use crate::bitmap::{self, write_hex};
use crate::decode::read_units;
use crate::dialect::{Field, Layout};
use crate::digits::{ascii_of_nibbles, pack, part_nibbles};
use crate::fields::Fields;
use crate::kernel::{Kernel, Words, strangers_to_packed};
use crate::mti::Mti;
use crate::shape::{Charset, Head, Shape};
use crate::spec::{Class, FieldSpec, Form, Side};
use crate::value::Value;
use crate::writer::{WriteError, WriteReason};

/// The caller's buffer, and how much of it is written.
pub(crate) struct Sink<'b> {
    out: &'b mut [u8],
    at: usize,
}

type Done = Result<(), WriteReason>;

impl<'b> Sink<'b> {
    pub(crate) const fn new(out: &'b mut [u8]) -> Self {
        Self { out, at: 0 }
    }

    /// Bytes written.
    pub(crate) const fn len(&self) -> usize {
        self.at
    }

    /// Takes back what was written behind the first `len` bytes.
    pub(crate) const fn cut_to(&mut self, len: usize) {
        self.at = len;
    }

    #[inline]
    fn room(&mut self, size: usize) -> Result<&mut [u8], WriteReason> {
        let room = self.out.get_mut(self.at..).and_then(|rest| rest.get_mut(..size));
        let room = room.ok_or(WriteReason::NoSpace)?;
        self.at += size;
        Ok(room)
    }

    /// Copies bytes as they are.
    #[inline]
    pub(crate) fn copy(&mut self, bytes: &[u8]) -> Done {
        self.room(bytes.len())?.copy_from_slice(bytes);
        Ok(())
    }

    /// MTI and as many bitmaps as the fields need.
    pub(crate) fn put_start(&mut self, layout: &Layout, mti: Mti, fields: Fields) -> Done {
        if layout.mti_packed {
            self.copy(&mti.bcd().to_be_bytes())?;
        } else {
            let [.., a, b, c, d] = part_nibbles(u32::from(mti.bcd())).to_be_bytes();
            self.copy(&[a, b, c, d].map(|nibble| b'0' | nibble))?;
        }
        let [(_, first), (_, second)] = fields.halves();
        if second == 0 {
            return self.put_bitmap(layout.bitmap_raw, first);
        }
        self.put_bitmap(layout.bitmap_raw, first | bitmap::SECOND_FOLLOWS)?;
        self.put_bitmap(layout.bitmap_raw, second)
    }

    fn put_bitmap(&mut self, raw: bool, bits: u64) -> Done {
        if raw { self.copy(&bits.to_be_bytes()) } else { self.copy(&bitmap::to_hex(bits)) }
    }

    /// The length prefix of so many units, at most 9999.
    #[inline]
    fn put_head(&mut self, shape: Shape, units: usize) -> Done {
        let digit = |worth: usize| (units / worth % 10).to_le_bytes()[0];
        let (ones, tens) = (digit(1), digit(10));
        match shape.head {
            Head::Fixed => Ok(()),
            Head::Ascii2 => self.copy(&[b'0' | tens, b'0' | ones]),
            Head::Ascii3 => self.copy(&[b'0' | digit(100), b'0' | tens, b'0' | ones]),
            Head::Packed1 => self.copy(&[(tens << 4) | ones]),
            Head::Packed2 => self.copy(&[(digit(1000) << 4) | digit(100), (tens << 4) | ones]),
            Head::Ascii1 => self.copy(&[b'0' | ones]),
            Head::Ascii4 => {
                self.copy(&[digit(1000), digit(100), tens, ones].map(|digit| b'0' | digit))
            }
            Head::Absent => Err(WriteReason::NotInDialect),
        }
    }

    /// Bytes in wire form, prefix included; their length is checked, their class is not.
    pub(crate) fn put_wire(&mut self, Field { shape, .. }: Field, wire: &[u8]) -> Done {
        let units = read_units(shape, wire, 0).map_err(|_| WriteReason::BadLength)?;
        if shape.head.size() + shape.size(units) != wire.len() {
            return Err(WriteReason::BadLength);
        }
        self.copy(wire)
    }

    /// Canonical bytes of the field's own class.
    pub(crate) fn put_text(&mut self, field: Field, text: &[u8]) -> Done {
        let spec = field.spec;
        let form = if spec.class == Class::Binary { Form::Raw } else { Form::Chars };
        let units = u16::try_from(text.len()).map_err(|_| WriteReason::TooLong)?;
        if !admits(spec.class, text) {
            return Err(WriteReason::BadClass);
        }
        self.put_same_class(field, &Value::new(text, units, FieldSpec { form, ..spec }))
    }

    /// Up to sixteen digits from nibbles, right aligned.
    pub(crate) fn put_nibbles(&mut self, field: Field, nibbles: u64, units: u8) -> Done {
        let spec = field.spec;
        let spare = 16_u8.checked_sub(units).ok_or(WriteReason::TooLong)?;
        if units < 16 && nibbles >> (4 * u32::from(units)) != 0 {
            return Err(WriteReason::TooLong);
        }
        if strangers_to_packed(nibbles) != 0 || matches!(spec.class, Class::Amount | Class::Binary)
        {
            return Err(WriteReason::BadClass);
        }
        let text = ascii_of_nibbles(nibbles);
        let text = text.get(usize::from(spare)..).unwrap_or(&[]);
        let chars = FieldSpec { form: Form::Chars, ..spec };
        self.put_same_class(field, &Value::new(text, u16::from(units), chars))
    }

    /// A value of any form, and of a class that this field's class may take.
    pub(crate) fn put_value(&mut self, field: Field, value: &Value<'_>) -> Done {
        let (from, spec) = (value.spec(), field.spec);
        if from.class != spec.class {
            let binary = from.class == Class::Binary || spec.class == Class::Binary;
            let unlike = spec.class != Class::Text && from.class != Class::Text;
            let chars = from.form == Form::Chars;
            if binary || unlike || (chars && !admits(spec.class, value.bytes())) {
                return Err(WriteReason::BadClass);
            }
        }
        self.put_same_class(field, value)
    }

    fn put_same_class(&mut self, Field { spec, shape }: Field, value: &Value<'_>) -> Done {
        let units = usize::from(value.units());
        let max = usize::from(spec.max);
        if units > max {
            return Err(WriteReason::TooLong);
        }
        if shape.head != Head::Fixed || units == max {
            self.put_head(shape, units)?;
            convert(spec, value, self.room(shape.size(units))?);
            return Ok(());
        }
        if spec.class == Class::Binary {
            return Err(WriteReason::BadLength);
        }
        let missing = max - units;
        write_units(spec, max, self.room(shape.size(max))?, |index| match spec.class {
            Class::Text => value.unit(index).unwrap_or(b' '),
            Class::Amount if index == 0 => value.unit(0).unwrap_or(b'C'),
            Class::Amount if index <= missing => b'0',
            Class::Digits if index < missing => b'0',
            Class::Amount | Class::Digits | Class::Binary => {
                value.unit(index - missing).unwrap_or(b'0')
            }
        });
        Ok(())
    }
}

/// Are these canonical bytes of the class?
fn admits(class: Class, text: &[u8]) -> bool {
    match class {
        Class::Digits => Words::admits(Charset::Digits, text, 0, text.len()),
        Class::Amount => {
            matches!(text, [b'C' | b'D', _, ..])
                && Words::admits(Charset::Digits, text, 1, text.len())
        }
        Class::Text => Words::admits(Charset::Text, text, 0, text.len()),
        Class::Binary => true,
    }
}

/// Writes a value in the form of `spec`; `room` is as long as its units then are.
fn convert(spec: FieldSpec, value: &Value<'_>, room: &mut [u8]) {
    let from = value.spec().form;
    match (from, spec.form) {
        (from, to) if from == to => room.copy_from_slice(value.bytes()),
        (Form::Chars, Form::Packed { zero }) => {
            let signed = spec.class == Class::Amount;
            match (value.bytes(), room) {
                ([sign, digits @ ..], [first, packed @ ..]) if signed => {
                    *first = *sign;
                    pack(digits, zero, packed);
                }
                (digits, packed) => pack(digits, zero, packed),
            }
        }
        (Form::Raw, Form::Hex) => write_hex(value.bytes(), room),
        (_, Form::Chars | Form::Raw) => {
            // As many canonical bytes as units, and so they fit.
            let written = value.write_text(room).map(<[u8]>::len);
            debug_assert_eq!(written, Some(usize::from(value.units())));
        }
        (_, Form::Packed { .. } | Form::Hex) => {
            write_units(spec, usize::from(value.units()), room, |index| {
                value.unit(index).unwrap_or(0)
            });
        }
    }
}

/// Writes canonical bytes one by one, in any form: for what is seldom, short fixed values and
/// packed digits that change sides.
fn write_units(spec: FieldSpec, units: usize, room: &mut [u8], unit: impl Fn(usize) -> u8) {
    let Form::Packed { zero } = spec.form else {
        for (index, byte) in room.iter_mut().enumerate() {
            *byte = unit(index);
        }
        return;
    };
    let sign = usize::from(spec.class == Class::Amount);
    let skipped = usize::from(zero == Side::Left) & (units ^ sign) & 1;
    room.fill(0);
    if let ([first, ..], 1) = (&mut *room, sign) {
        *first = unit(0);
    }
    for index in sign..units {
        let nibble = index - sign + skipped;
        let shift = if nibble & 1 == 0 { 4 } else { 0 };
        room[sign + nibble / 2] |= (unit(index) & 0xF) << shift;
    }
}

impl WriteReason {
    /// This, about DE `field`.
    pub(crate) const fn of(self, field: u8) -> WriteError {
        WriteError { field, reason: self }
    }
}
