//! The one card number of a message, wherever it stands: DE 2, track 2 (DE 35), track 1 (DE 45),
//! chip data (DE 55, tags 5A and 57), a subfield that the dialect names. Shows no digit.
//!
//! ```text
//!  DE 2    3530111333300000            digits
//!  DE 35   ;3530111333300000=2912...   digits to = or D, with or without the start sentinel
//!  DE 45   %B3530111333300000^NAME^..  format B, digits to ^, blanks among them passed over
//!  tag 5A  35 30 11 13 33 30 00 00     packed digits, F behind an odd number
//!  tag 57  35 30 .. 00 00 D2 91 2..    packed digits to D
//! ```
//!
//! All that are there must say the same number; one of no length is not there. What can not be read
//! as one makes the message wrong, even where another one can be: nobody could tell whether they
//! agree.

use crate::digits::{number_of_ascii, number_of_nibbles};
use crate::fields::Fields;
use crate::kernel::{strangers_to_digits, strangers_to_packed};
use crate::mask::Masked;
use crate::message::Message;
use crate::part::Part;
use crate::spec::Class;
use crate::subfields::Key;
use crate::tlv::{Elements, Tag};
use crate::value::Value;
use core::fmt;

/// A card number of 1 to 19 digits. `Debug` shows the first six and the last four.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pan {
    number: u64,
    digits: u8,
}

/// Where a card number stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PanSource {
    /// The data element.
    pub field: u8,
    /// What of it, where it is not the whole.
    pub key: Option<Key>,
}

/// Why a message has no one card number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PanError {
    /// There is something, and it is no card number, or the field can not be walked.
    Unreadable(PanSource),
    /// These two say different numbers.
    Disagree(PanSource, PanSource),
}

/// The fields that are looked at in every dialect that has them.
pub(crate) const PAN_FIELDS: Fields = Fields::of(&[35, 45]);

const DIGITS_MAX: u8 = 19;
/// Application PAN.
const PAN: Tag = Tag::of(0x5A);
/// Track 2 equivalent data.
const TRACK_2: Tag = Tag::of(0x57);
/// Templates in which payment systems put the data of an application: that of a code shown by a
/// phone, a card's records, and its answers.
const APPLICATION: Tag = Tag::of(0x61);
const RECORD: Tag = Tag::of(0x70);
const ANSWER: Tag = Tag::of(0x77);
/// Units of the longest track, and of anything else with a card number.
const UNITS_MAX: usize = 99;

impl Pan {
    /// Its digits as a number.
    #[inline]
    pub const fn number(self) -> u64 {
        self.number
    }

    /// How many digits it has.
    #[inline]
    pub const fn digits(self) -> u8 {
        self.digits
    }

    /// Its digits in ASCII, at the end of `room`.
    fn write(self, room: &mut [u8; 20]) -> &[u8] {
        *room = crate::digits::ascii_of_number(self.number);
        &room[20 - usize::from(self.digits)..]
    }

    /// The digits that some ASCII begins with; `None` where there are none or too many.
    #[inline]
    fn of_ascii(bytes: &[u8]) -> Option<Self> {
        let begin = bytes.first_chunk::<16>().filter(|begin| {
            let words = begin.as_chunks::<8>().0.iter();
            words.fold(0, |seen, &word| seen | strangers_to_digits(u64::from_be_bytes(word))) == 0
        });
        let begin = begin.and_then(|begin| number_of_ascii(begin));
        Self::behind(begin, |at| bytes.get(at).map(|byte| byte.wrapping_sub(b'0')))
    }

    /// The same of nibbles.
    #[inline]
    fn of_nibbles(bytes: &[u8]) -> Option<Self> {
        let begin = bytes.first_chunk().map(|&begin| u64::from_be_bytes(begin));
        let begin = begin.filter(|&begin| strangers_to_packed(begin) == 0).map(number_of_nibbles);
        Self::behind(begin, |at| nibble(bytes, at))
    }

    /// The number that the first sixteen digits are, if there are so many, and those behind them.
    #[inline]
    fn behind(begin: Option<u64>, digit: impl Fn(usize) -> Option<u8>) -> Option<Self> {
        let mut pan =
            Self { number: begin.unwrap_or(0), digits: if begin.is_some() { 16 } else { 0 } };
        while let Some(digit) = digit(pan.digits.into()).filter(|&digit| digit < 10) {
            if pan.digits == DIGITS_MAX {
                return None;
            }
            pan.number = pan.number * 10 + u64::from(digit);
            pan.digits += 1;
        }
        (pan.digits > 0).then_some(pan)
    }
}

impl Message<'_> {
    /// Its one card number: `None` when there is none anywhere.
    #[inline]
    pub fn pan(&self) -> Result<Option<Pan>, PanError> {
        let own = match self.value(2) {
            Some(value) => of_digits(value)?,
            None => None,
        };
        let others = self.fields().intersection(self.dialect().pan_fields());
        if others.is_empty() {
            return Ok(own);
        }
        let mut found = Found(own.map(|pan| (pan, PanSource { field: 2, key: None })));
        for field in others {
            if let Some(value) = self.value(field) {
                found.look(self, field, value)?;
            }
        }
        Ok(found.0.map(|(pan, _)| pan))
    }
}

/// DE 2.
#[inline]
fn of_digits(value: Value<'_>) -> Result<Option<Pan>, PanError> {
    let number = match u8::try_from(value.units()) {
        Ok(0) => return Ok(None),
        Ok(digits @ 1..=DIGITS_MAX) => value.number().map(|number| Pan { number, digits }),
        _ => None,
    };
    number.map(Some).ok_or(PanError::Unreadable(PanSource { field: 2, key: None }))
}

/// The number found so far, and where it was first.
struct Found(Option<(Pan, PanSource)>);

impl Found {
    /// Looks at a field in which one may be.
    #[inline(never)]
    fn look(&mut self, message: &Message<'_>, field: u8, value: Value<'_>) -> Result<(), PanError> {
        let all = Part::of(value);
        let packed = value.spec().class == Class::Binary;
        match field {
            35 if packed => self.add(field, None, &all, of_packed_track),
            35 => self.add(field, None, &all, of_track_2),
            45 => self.add(field, None, &all, of_track_1),
            _ => Ok(()),
        }?;
        if message.dialect().has_chip_data(field) {
            self.look_at_chip(field, value)?;
        }
        match message.dialect().pan_key(field) {
            Some(key) => self.look_at_subfield(message, field, key, value),
            None => Ok(()),
        }
    }

    /// Takes a number in, if there is one in this part.
    #[inline]
    fn add(
        &mut self,
        field: u8,
        key: Option<Key>,
        part: &Part<'_>,
        read: impl Fn(&[u8]) -> Option<Pan>,
    ) -> Result<(), PanError> {
        if part.is_empty() {
            return Ok(());
        }
        let (source, mut room) = (PanSource { field, key }, [0; UNITS_MAX]);
        let pan = units_of(part, &mut room).and_then(read).ok_or(PanError::Unreadable(source))?;
        match self.0 {
            None => self.0 = Some((pan, source)),
            Some((known, _)) if known == pan => {}
            Some((_, first)) => return Err(PanError::Disagree(first, source)),
        }
        Ok(())
    }

    fn look_at_chip(&mut self, field: u8, value: Value<'_>) -> Result<(), PanError> {
        let unreadable = PanError::Unreadable(PanSource { field, key: None });
        let mut elements = Elements::of(value).map_err(|_| unreadable)?;
        while let Some(place) = elements.find().map_err(|_| unreadable)? {
            if !matches!(place.tag, PAN | TRACK_2 | ANSWER | APPLICATION | RECORD) {
                continue;
            }
            let Some(value) = elements.value_at(&place) else { continue };
            self.look_at_element(field, place.tag, &value)?;
            if matches!(place.tag, PAN | TRACK_2) {
                continue;
            }
            let mut inner = Elements::within(value);
            while let Some(place) = inner.find().map_err(|_| unreadable)? {
                if let Some(value) = inner.value_at(&place) {
                    self.look_at_element(field, place.tag, &value)?;
                }
            }
        }
        Ok(())
    }

    #[inline]
    fn look_at_element(&mut self, field: u8, tag: Tag, part: &Part<'_>) -> Result<(), PanError> {
        match tag {
            PAN => self.add(field, Some(Key::Tag(tag)), part, of_packed),
            TRACK_2 => self.add(field, Some(Key::Tag(tag)), part, of_packed_track),
            _ => Ok(()),
        }
    }

    /// The subfield that the dialect names, every time that it comes.
    fn look_at_subfield(
        &mut self,
        message: &Message<'_>,
        field: u8,
        key: Key,
        value: Value<'_>,
    ) -> Result<(), PanError> {
        let Some(subfields) = message.dialect().subfields(field) else { return Ok(()) };
        for subfield in subfields.walk(value) {
            let unreadable = PanError::Unreadable(PanSource { field, key: None });
            let subfield = subfield.map_err(|_| unreadable)?;
            let read = match key {
                Key::Tag(_) => of_packed,
                Key::Place(_) | Key::Name(_) => of_text,
            };
            if subfield.key == key && !subfield.value.iter().all(|unit| unit == b' ') {
                self.add(field, Some(key), &subfield.value, read)?;
            }
        }
        Ok(())
    }
}

/// The canonical bytes of a part in a row, copied only where they do not lie so; `None` when it is
/// longer than anything with a card number.
#[inline]
fn units_of<'a>(part: &Part<'a>, room: &'a mut [u8; UNITS_MAX]) -> Option<&'a [u8]> {
    if part.units() > UNITS_MAX {
        return None;
    }
    match part.raw() {
        Some(bytes) => Some(bytes),
        None => part.write_text(room),
    }
}

/// Digits to a separator, which must be there.
fn of_track_2(track: &[u8]) -> Option<Pan> {
    let track = track.strip_prefix(b";").unwrap_or(track);
    let pan = Pan::of_ascii(track)?;
    matches!(track.get(usize::from(pan.digits)), Some(b'=' | b'D')).then_some(pan)
}

/// `B` and digits to `^`.
fn of_track_1(track: &[u8]) -> Option<Pan> {
    let track = track.strip_prefix(b"%").unwrap_or(track).strip_prefix(b"B")?;
    if let Some(pan) = Pan::of_ascii(track)
        && track.get(usize::from(pan.digits)) == Some(&b'^')
    {
        return Some(pan);
    }
    // Some cards have the blanks that stand between the groups of the number on their front.
    let end = track.iter().position(|&byte| byte == b'^')?;
    let spaced = track.get(..end)?.iter().copied().filter(|&byte| byte != b' ');
    let (mut room, mut count) = ([0; UNITS_MAX], 0);
    for (room, byte) in room.iter_mut().zip(spaced) {
        *room = byte;
        count += 1;
    }
    let pan = Pan::of_ascii(&room[..count])?;
    (usize::from(pan.digits) == count).then_some(pan)
}

/// Digits, and blanks behind them.
fn of_text(text: &[u8]) -> Option<Pan> {
    let pan = Pan::of_ascii(text)?;
    let (_, blanks) = text.split_at_checked(usize::from(pan.digits))?;
    blanks.iter().all(|&byte| byte == b' ').then_some(pan)
}

/// Packed digits, and nibbles F behind them.
fn of_packed(packed: &[u8]) -> Option<Pan> {
    let pan = Pan::of_nibbles(packed)?;
    let mut behind = (usize::from(pan.digits)..2 * packed.len()).map(|at| nibble(packed, at));
    behind.all(|nibble| nibble == Some(0xF)).then_some(pan)
}

/// Packed digits to a nibble D, which must be there.
fn of_packed_track(track: &[u8]) -> Option<Pan> {
    let pan = Pan::of_nibbles(track)?;
    (nibble(track, pan.digits.into()) == Some(0xD)).then_some(pan)
}

#[inline]
fn nibble(bytes: &[u8], at: usize) -> Option<u8> {
    bytes.get(at / 2).map(|&byte| if at.is_multiple_of(2) { byte >> 4 } else { byte & 0xF })
}

impl fmt::Debug for Pan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Masked(self.write(&mut [0; 20])), f)
    }
}

impl fmt::Display for PanSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DE {}", self.field)?;
        match self.key {
            None => Ok(()),
            Some(key @ Key::Tag(_)) => write!(f, " tag {key}"),
            Some(key) => write!(f, " subfield {key}"),
        }
    }
}

impl fmt::Display for PanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(source) => write!(f, "no card number can be read from {source}"),
            Self::Disagree(one, other) => {
                write!(f, "the card numbers of {one} and {other} are not the same")
            }
        }
    }
}

impl core::error::Error for PanError {}

#[cfg(test)]
mod tests;
