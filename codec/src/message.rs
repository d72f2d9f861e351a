//! A decoded message: a view of its bytes through the slots. Decides nothing, copies nothing.

use crate::dialect::Dialect;
use crate::fields::Fields;
use crate::mask::Masked;
use crate::mti::Mti;
use crate::recipe::Recipe;
use crate::slots::{Slots, Spot, Spots};
use crate::spec::Version;
use crate::subfields::Walk;
use crate::value::Value;
use core::cell::RefCell;
use core::fmt;

/// A decoded message, borrowed: dialect, bytes, and where each field is.
///
/// `Debug` is fit for a log: the PAN masked, fields that may hold card data as lengths.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    dialect: &'a Dialect,
    bytes: &'a [u8],
    slots: &'a Slots,
}

/// Where a field was found in a message: kept beside some of its bytes, it finds the field again
/// without decoding.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place {
    from: u16,
    to: u16,
}

impl Place {
    /// Reads it for nothing but to have it near; the result means nothing.
    #[inline]
    pub fn approach(self) -> u16 {
        self.from ^ self.to
    }

    /// The bytes of the field, length prefix included, among `bytes`, which are the part of its
    /// message that began `before` bytes into it; `None` when they are not in that part.
    #[inline]
    pub fn among(self, bytes: &[u8], before: u16) -> Option<&[u8]> {
        let (from, to) = (self.from.checked_sub(before)?, self.to.checked_sub(before)?);
        bytes.get(usize::from(from)..usize::from(to))
    }
}

impl<'a> Message<'a> {
    /// The message that was decoded from `bytes` in `dialect` into `slots`.
    #[inline]
    pub const fn new(dialect: &'a Dialect, bytes: &'a [u8], slots: &'a Slots) -> Self {
        Self { dialect, bytes, slots }
    }

    /// Its type.
    #[inline]
    pub const fn mti(&self) -> Mti {
        self.slots.mti
    }

    /// The fields it has.
    #[inline]
    pub const fn fields(&self) -> Fields {
        self.slots.present
    }

    /// All its bytes.
    #[inline]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Its dialect.
    #[inline]
    pub const fn dialect(&self) -> &'a Dialect {
        self.dialect
    }

    /// The value of DE `n`, if it is there.
    #[inline]
    pub fn value(&self, n: u8) -> Option<Value<'a>> {
        let (at, to, units) = self.slots.find_value(n)?;
        Some(Value::new(self.bytes.get(at..to)?, units, self.dialect.field(n)?))
    }

    /// The subfields of DE `n`, if it is there and the dialect says what is inside it.
    pub fn subfields(&self, n: u8) -> Option<Walk<'a>> {
        Some(self.dialect.subfields(n)?.walk(self.value(n)?))
    }

    /// The bytes of DE `n` as on the wire, length prefix included.
    #[inline]
    pub fn wire(&self, n: u8) -> Option<&'a [u8]> {
        let (from, to) = self.span(n)?;
        self.bytes.get(from..to)
    }

    /// Where these fields were found; meaningless for those that are not there.
    #[inline]
    pub fn places_of<const N: usize>(&self, fields: &[u8; N]) -> [Place; N] {
        let spots = self.slots.spots();
        fields.map(|n| {
            let (from, to) = spots.ends(n);
            Place { from, to }
        })
    }

    /// Where DE `n` stands in the message's bytes: from its prefix to the end of its value.
    #[inline]
    pub fn span(&self, n: u8) -> Option<(usize, usize)> {
        self.fields().has(n).then(|| self.slots.spots().span(n))
    }
}

impl Message<'_> {
    /// Where the first field at or above `n` begins, prefix included; the end where there is none.
    #[inline]
    pub(crate) fn start_at_or_above(&self, n: u8) -> usize {
        let (fields, places) = (self.fields(), self.places());
        let next = fields.difference(fields.below(n)).first();
        next.map_or_else(|| places.end(), |n| places.span(n).0)
    }
}

/// Where the fields of one message are, found once for many of them.
#[derive(Clone, Copy)]
pub(crate) struct Places<'a> {
    spots: &'a Spots,
    present: Fields,
}

impl<'a> Message<'a> {
    #[inline]
    pub(crate) fn recipe(&self) -> Option<&'a RefCell<Recipe>> {
        self.slots.recipe()
    }

    #[inline]
    pub(crate) fn extract_recipe(&self) -> Option<&'a RefCell<Recipe>> {
        self.slots.extract_recipe()
    }

    #[inline]
    pub(crate) fn places(&self) -> Places<'a> {
        Places { spots: self.slots.spots(), present: self.slots.present }
    }
}

impl Places<'_> {
    /// From the prefix of DE `n`, which is present, to the end of its value.
    #[inline]
    pub(crate) fn span(&self, n: u8) -> (usize, usize) {
        self.spots.span(n)
    }

    /// Where DE `n`, which is present, is.
    #[inline]
    pub(crate) fn spot(&self, n: u8) -> Spot {
        self.spots.spot(n)
    }

    /// Where the first field begins; 0 without fields.
    #[inline]
    pub(crate) fn begin(&self) -> usize {
        self.present.first().map_or(0, |n| self.span(n).0)
    }

    /// Where the last field ends; 0 without fields.
    #[inline]
    pub(crate) fn end(&self) -> usize {
        self.present.last().map_or(0, |n| self.span(n).1)
    }
}

/// Fields without card data, shown as they are: amounts, times, codes, parties, references.
const SHOWN: Fields = Fields::of(&[
    3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
    29, 30, 32, 33, 37, 38, 39, 40, 41, 42, 49, 50, 51, 57, 58, 66, 67, 68, 69, 70, 71, 73, 74, 75,
    76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 97, 99, 100,
]);

/// Of these, those that 1987 keeps for national use or a security code.
const HIDDEN_1987: Fields = Fields::of(&[57, 58, 92]);

/// The fields that are shown as they are in messages of this edition.
const fn shown(version: Version) -> Fields {
    match version {
        Version::Iso1987 => SHOWN.difference(HIDDEN_1987),
        Version::Iso1993 | Version::Iso2003 => SHOWN,
    }
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = shown(self.dialect.version());
        write!(f, "{}", self.mti())?;
        for (n, value) in self.fields().iter().filter_map(|n| Some((n, self.value(n)?))) {
            let mut text = [0; 99];
            let harmless = shown.has(n) && self.dialect.pan_key(n).is_none();
            match (value.write_text(&mut text), harmless) {
                (Some(pan), _) if n == 2 => write!(f, " 2:{}", Masked(pan))?,
                (Some(text), true) => write!(f, " {n}:{}", text.escape_ascii())?,
                (Some(_) | None, _) => write!(f, " {n}:[{}]", value.units())?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Writer, built_in};
    use alloc::format;
    use alloc::vec::Vec;

    fn sale(dialect: &Dialect) -> Vec<u8> {
        let values: [(u8, &[u8]); 9] = [
            (2, b"3530111333300000"),
            (3, b"000000"),
            (4, b"000000002500"),
            (35, b"3530111333300000=29121010000000000000"),
            (41, b"T0000001"),
            (43, b"TOKYO"),
            (48, b"123"),
            (52, &[0xAA; 8]),
            (97, b"C0000000000002500"),
        ];
        let fields = values.iter().fold(Fields::EMPTY, |set, &(n, _)| set.with(n));
        let mut out = [0; 300];
        let mut writer = Writer::new(dialect, &mut out, Mti::of(0x1100), fields).unwrap();
        for (n, value) in values {
            writer.put_text(n, value).unwrap();
        }
        let len = writer.finish().unwrap();
        out[..len].to_vec()
    }

    #[test]
    fn a_message_is_shown_without_card_data() {
        for name in ["iso93-ascii", "iso93-binary"] {
            let dialect = built_in(name).unwrap();
            let bytes = sale(dialect);
            let mut slots = Slots::new();
            dialect.decode(&bytes, &mut slots).unwrap();
            assert_eq!(
                format!("{:?}", slots.message(dialect, &bytes)),
                "1100 2:353011******0000 3:000000 4:000000002500 35:[37] 41:T0000001 43:[5] \
                 48:[3] 52:[8] 97:C0000000000002500"
            );
        }
    }

    #[test]
    fn a_message_of_1987_shows_no_track_and_nothing_of_national_use() {
        for name in ["iso87-ascii", "iso87-binary"] {
            let dialect = built_in(name).unwrap();
            let values: [(u8, &[u8]); 7] = [
                (2, b"3530111333300000"),
                (35, b"3530111333300000=29121010000000000000"),
                (36, b"990111333300000=2912"),
                (45, b"B3530111333300000^TEST/CARD^2912"),
                (57, b"3530111333300000"),
                (58, b"3530111333300000"),
                (92, b"K1"),
            ];
            let fields = values.iter().fold(Fields::EMPTY, |set, &(n, _)| set.with(n));
            let mut out = [0; 300];
            let mut writer = Writer::new(dialect, &mut out, Mti::of(0x0200), fields).unwrap();
            for (n, value) in values {
                writer.put_text(n, value).unwrap();
            }
            let len = writer.finish().unwrap();
            let mut slots = Slots::new();
            dialect.decode(&out[..len], &mut slots).unwrap();
            assert_eq!(
                format!("{:?}", slots.message(dialect, &out[..len])),
                "0200 2:353011******0000 35:[37] 36:[20] 45:[32] 57:[16] 58:[16] 92:[2]"
            );
        }
    }

    #[test]
    fn a_field_in_which_the_dialect_names_a_card_number_is_not_shown() {
        let dialect = built_in("iso93-ascii").unwrap().clone();
        let dialect = dialect.with_subfields(41, crate::Subfields::fixed(&[1, 7])).unwrap();
        let dialect = dialect.with_pan_in(41, crate::Key::Place(2)).unwrap();
        let bytes = sale(&dialect);
        let mut slots = Slots::new();
        dialect.decode(&bytes, &mut slots).unwrap();
        let shown = format!("{:?}", slots.message(&dialect, &bytes));
        assert!(shown.contains(" 41:[8] "), "{shown}");
    }

    #[test]
    fn no_field_is_both_shown_and_withheld() {
        let withheld = crate::error::WITHHELD;
        assert!(SHOWN.intersection(withheld).is_empty());
        assert!(Fields::of(&[2, 14, 35, 45, 52, 55, 102]).intersection(SHOWN).is_empty());
    }

    #[test]
    fn a_wire_form_has_its_prefix_and_a_value_has_not() {
        let dialect = built_in("iso93-ascii").unwrap();
        let bytes = sale(dialect);
        let mut slots = Slots::new();
        dialect.decode(&bytes, &mut slots).unwrap();
        let message = slots.message(dialect, &bytes);
        assert_eq!(message.wire(43), Some(&b"05TOKYO"[..]));
        assert_eq!(message.value(43).map(|value| value.bytes()), Some(&b"TOKYO"[..]));
        assert_eq!(message.wire(3), Some(&b"000000"[..]));
        assert_eq!(message.wire(44), None);
        let again = dialect.value_in(43, b"05TOKYO").unwrap();
        assert!(again.same(&message.value(43).unwrap()));
        assert!(dialect.value_in(43, b"05TOKY").is_none());
        assert!(dialect.value_in(43, b"05TOKYO!").is_none());
    }

    #[test]
    fn bytes_of_another_message_give_no_value_and_no_panic() {
        let dialect = built_in("iso93-ascii").unwrap();
        let mut slots = Slots::new();
        dialect.decode(&sale(dialect), &mut slots).unwrap();
        let message = slots.message(dialect, b"1100");
        assert!(message.fields().iter().all(|n| message.value(n).is_none()));
        assert_eq!(format!("{message:?}"), "1100");
    }
}
