//! Fields into bytes: prefix, padding and form of one field at a time. Knows no order of fields;
//! the writer and the plan, which both write through here, do.

mod plain;

use crate::bitmap::{self, write_hex};
use crate::decode::read_units;
use crate::dialect::{Field, Layout};
use crate::digits::{
    ascii_of_four, ascii_of_nibbles, pack, part_nibbles, write_ascii, write_low_bytes,
};
use crate::fields::Fields;
use crate::kernel::{Words, strangers_to_packed};
use crate::mti::Mti;
use crate::shape::{Charset, Head, Shape};
use crate::spec::{Class, FieldSpec, Form, Side};
use crate::value::Value;
use crate::writer::{WriteError, WriteReason};

pub(crate) use plain::{Join, Way};

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
        copy_bytes(bytes, self.room(bytes.len())?);
        Ok(())
    }

    /// The next `N` bytes, for what is made where it stands.
    #[inline]
    fn room_of<const N: usize>(&mut self) -> Result<&mut [u8; N], WriteReason> {
        self.room(N)?.first_chunk_mut().ok_or(WriteReason::NoSpace)
    }

    /// MTI and as many bitmaps as the fields need.
    #[inline]
    pub(crate) fn put_start(&mut self, layout: &Layout, mti: Mti, fields: Fields) -> Done {
        if layout.mti_packed {
            *self.room_of()? = mti.bcd().to_be_bytes();
        } else {
            let [.., a, b, c, d] = part_nibbles(u32::from(mti.bcd())).to_be_bytes();
            *self.room_of()? = [a, b, c, d].map(|nibble| b'0' | nibble);
        }
        let [(_, first), (_, second)] = fields.halves();
        if second == 0 {
            return self.put_bitmap(layout.bitmap_raw, first);
        }
        self.put_bitmap(layout.bitmap_raw, first | bitmap::SECOND_FOLLOWS)?;
        self.put_bitmap(layout.bitmap_raw, second)
    }

    #[inline]
    fn put_bitmap(&mut self, raw: bool, bits: u64) -> Done {
        if raw {
            *self.room_of()? = bits.to_be_bytes();
        } else {
            *self.room_of()? = bitmap::to_hex(bits);
        }
        Ok(())
    }

    /// The length prefix of so many units, at most 9999.
    #[inline]
    fn put_head(&mut self, shape: Shape, units: usize) -> Done {
        if shape.head == Head::Fixed {
            return Ok(());
        }
        let units = u16::try_from(units).map_err(|_| WriteReason::TooLong)?;
        let ascii = ascii_of_four(units);
        let [a, b, c, d] = ascii.map(|digit| digit & 0xF);
        match shape.head {
            Head::Ascii2 => self.copy(&ascii[2..]),
            Head::Ascii3 => self.copy(&ascii[1..]),
            Head::Packed1 => self.copy(&[(c << 4) | d]),
            Head::Packed2 => self.copy(&[(a << 4) | b, (c << 4) | d]),
            Head::Ascii1 => self.copy(&ascii[3..]),
            Head::Ascii4 => self.copy(&ascii),
            Head::Absent | Head::Fixed => Err(WriteReason::NotInDialect),
        }
    }

    /// Bytes in wire form, prefix included; their length is checked, their class is not.
    pub(crate) fn put_wire(&mut self, Field { shape, .. }: Field, wire: &[u8]) -> Done {
        if is_wire(shape, wire) { self.copy(wire) } else { Err(WriteReason::BadLength) }
    }

    /// Writes over what was written at `at`.
    #[inline]
    pub(crate) fn patch(&mut self, at: usize, bytes: &[u8]) {
        if let Some(room) = self.out.get_mut(at..at + bytes.len()) {
            copy_bytes(bytes, room);
        }
    }

    /// Writes digits over a field of always so many that was written at `at`.
    #[inline]
    pub(crate) fn patch_nibbles(&mut self, at: usize, shape: Shape, nibbles: u64, units: u8) {
        if let Some(room) = self.out.get_mut(at..at + shape.size(units.into())) {
            write_nibbles(shape, nibbles, units, room);
        }
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
    #[inline]
    pub(crate) fn put_nibbles(&mut self, field: Field, nibbles: u64, units: u8) -> Done {
        let Field { spec, shape } = field;
        let spare = 16_u8.checked_sub(units).ok_or(WriteReason::TooLong)?;
        if shape.takes(units.into()) && is_nibbles(shape, nibbles, units) {
            return self.put_digits(shape, nibbles, units);
        }
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

    /// Digits that the shape takes as they are: [`Shape::takes`], [`is_nibbles`].
    #[inline]
    pub(crate) fn put_digits(&mut self, shape: Shape, nibbles: u64, units: u8) -> Done {
        self.put_head(shape, usize::from(units))?;
        write_nibbles(shape, nibbles, units, self.room(shape.size(units.into()))?);
        Ok(())
    }

    /// A value of any form, and of a class that this field's class may take.
    pub(crate) fn put_value(&mut self, field: Field, value: &Value<'_>) -> Done {
        let (from, spec) = (value.spec(), field.spec);
        let admitted = from.form != Form::Chars || admits(spec.class, value.bytes());
        if from.class != spec.class && !(can_carry(from.class, spec.class) && admitted) {
            return Err(WriteReason::BadClass);
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
        if matches!(spec.class, Class::Binary | Class::Track) {
            return Err(WriteReason::BadLength);
        }
        let missing = max - units;
        write_units(spec, max, self.room(shape.size(max))?, |index| match spec.class {
            Class::Text => value.unit(index).unwrap_or(b' '),
            Class::Amount if index == 0 => value.unit(0).unwrap_or(b'C'),
            Class::Amount if index <= missing => b'0',
            Class::Digits if index < missing => b'0',
            Class::Amount | Class::Digits | Class::Binary | Class::Track => {
                value.unit(index - missing).unwrap_or(b'0')
            }
        });
        Ok(())
    }
}

/// May a value of one class become one of another? Digits, amounts and tracks are text; text may
/// turn out to be any of them; digits are a track; bytes are nothing else.
pub(crate) fn can_carry(from: Class, to: Class) -> bool {
    match (from, to) {
        (Class::Binary, Class::Binary) => true,
        (Class::Binary, _) | (_, Class::Binary) => false,
        (Class::Text, _) | (_, Class::Text) | (Class::Digits, Class::Track) => true,
        (from, to) => from == to,
    }
}

/// Are these bytes as long as the field that their prefix, or the dialect, tells of?
#[inline]
pub(crate) fn is_wire(shape: Shape, wire: &[u8]) -> bool {
    let units = if shape.head == Head::Fixed {
        usize::from(shape.max)
    } else {
        let Ok(units) = read_units(shape, wire, 0) else { return false };
        units
    };
    shape.head.size() + shape.size(units) == wire.len()
}

/// Are these so many decimal nibbles, at most sixteen, and the field one of digits?
#[inline]
pub(crate) fn is_nibbles(shape: Shape, nibbles: u64, units: u8) -> bool {
    let excess = match units {
        16 => 0,
        0..16 => nibbles >> (4 * units),
        17.. => return false,
    };
    shape.is_digits() && (excess | strangers_to_packed(nibbles)) == 0
}

/// Digits in the form of a field of digits, for which `room` is as long as it must be.
#[inline]
pub(crate) fn write_nibbles(shape: Shape, nibbles: u64, units: u8, room: &mut [u8]) {
    if shape.charset == Charset::Digits {
        write_ascii(nibbles, room);
    } else {
        let shift = if shape.is_zero_right() { 4 * (units % 2) } else { 0 };
        write_low_bytes(nibbles << shift, room);
    }
}

/// Copies between slices of one length. Most are short, and a call would cost more than two loads
/// and two stores that overlap.
#[inline]
pub(crate) fn copy_bytes(from: &[u8], to: &mut [u8]) {
    match from.len() {
        0..=3 => {
            for (to, from) in to.iter_mut().zip(from) {
                *to = *from;
            }
        }
        4..=7 => copy_ends::<4>(from, to),
        8..=15 => copy_ends::<8>(from, to),
        16..=31 => copy_ends::<16>(from, to),
        32..=63 => copy_ends::<32>(from, to),
        64..=128 => copy_ends::<64>(from, to),
        _ => to.copy_from_slice(from),
    }
}

/// The first `N` and the last `N` bytes, of `N` to twice as many.
#[inline]
fn copy_ends<const N: usize>(from: &[u8], to: &mut [u8]) {
    let (Some(first), Some(last)) = (from.first_chunk::<N>(), from.last_chunk::<N>()) else {
        return;
    };
    if let Some(to) = to.first_chunk_mut() {
        *to = *first;
    }
    if let Some(to) = to.last_chunk_mut() {
        *to = *last;
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
        Class::Track => {
            let separators = text.iter().filter(|&byte| matches!(byte, b'=' | b'D')).count();
            separators < 2 && Words::admits(Charset::Track, text, 0, text.len())
        }
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
                (digits, packed) => {
                    pack(digits, zero, packed);
                    if spec.class == Class::Track {
                        mend_separator(digits, zero, packed);
                    }
                }
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

/// Makes the nibble D of a separator that was written `D`: its low nibble, which was packed, is 4.
/// That of `=` is right as it is.
fn mend_separator(track: &[u8], zero: Side, packed: &mut [u8]) {
    let Some(place) = track.iter().position(|&byte| byte == b'D') else { return };
    let nibble = place + (usize::from(zero == Side::Left) & track.len() & 1);
    if let Some(byte) = packed.get_mut(nibble / 2) {
        *byte |= if nibble.is_multiple_of(2) { 0xD0 } else { 0x0D };
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
