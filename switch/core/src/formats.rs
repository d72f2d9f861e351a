//! What a dialect must be for the core to run with it: of an edition that we speak, with the fields
//! of every conversation in the shape that we write them in, and what we keep of a request and write
//! ourselves has room at its longest. Knows no message.

use codec::{Class, Dialect, FieldSpec, Fields, Form, Length, Version};

use crate::answers::{OWN_MAX, echoed, own_fields};
use crate::kept::{LARGE_MAX, PARTS};
use crate::network::{NETWORK_MAX, network_fields};
use crate::plan::Institution;

/// The fields of every conversation in an edition: those that a request is routed, matched and
/// refused by (DE 2, 11, 32), and those that we write ourselves.
pub const fn needed(version: Version) -> Fields {
    Fields::of(&[2, 11, 32]).union(own_fields(version)).union(network_fields(version))
}

/// Fields that we read or write, and how many units each has, always.
const fn fixed(version: Version) -> &'static [(u8, u16)] {
    match version {
        Version::Iso1987 => &[(7, 10), (11, 6), (39, 2), (70, 3)],
        Version::Iso1993 | Version::Iso2003 => &[(7, 10), (11, 6), (12, 12), (24, 3), (39, 3)],
    }
}

/// Fields of advices and reversals, and of their originals, that decide what an issuer is told of them.
/// What is brought there is what may be written down, so these must be, where a dialect has them: a
/// partial reversal without its DE 24, 30 or 95 would take back the whole.
pub const fn written_down(version: Version) -> Fields {
    match version {
        Version::Iso1987 => Fields::of(&[4, 49, 90, 95]),
        Version::Iso1993 | Version::Iso2003 => Fields::of(&[4, 24, 25, 30, 49, 56]),
    }
}

/// The most bytes of an MTI and two bitmaps.
const HEAD_MAX: usize = 4 + 2 * 16;

/// Why the core can not run with a dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It is of 2003, which we do not speak.
    Edition,
    /// It has not this field of [`needed`].
    Lacks(u8),
    /// We could not write what stands in this field, or not read it.
    Unlike {
        /// The field.
        field: u8,
        /// What it must be: so many digits, always.
        units: u16,
    },
    /// What stands in this field is read as digits, and it is none.
    NoDigits(u8),
    /// Our institution does not fit in this field.
    NoRoomForUs {
        /// The field.
        field: u8,
        /// The digits of our institution.
        units: u8,
    },
    /// This field of [`written_down`] may not be written down.
    NotWrittenDown(u8),
    /// What is kept of a request, or a message of our own, can become longer than its room.
    TooLong {
        /// Its most bytes.
        bytes: usize,
        /// The room, in bytes.
        room: usize,
    },
}

/// Fields of any length whose digits decide about a request: the card, and who asks.
const READ: Fields = Fields::of(&[2, 32]);
/// Where we write our institution.
const OURS: Fields = Fields::of(&[33, 58]);

/// Looks at a dialect before anything speaks it; `ours` is our institution.
pub(crate) fn check(dialect: &Dialect, ours: Institution) -> Result<(), Unfit> {
    let version = dialect.version();
    if version == Version::Iso2003 {
        return Err(Unfit::Edition);
    }
    if let Some(field) = needed(version).difference(dialect.fields()).first() {
        return Err(Unfit::Lacks(field));
    }
    for &(field, units) in fixed(version) {
        // The verdict of 1987 is two characters, and some dialects say two digits.
        let takes_text = (version, field) == (Version::Iso1987, 39);
        let fits = dialect.field(field).is_some_and(|spec| {
            let class = spec.class == Class::Digits || takes_text && spec.class == Class::Text;
            class && spec.length == Length::Fixed && spec.max == units
        });
        if !fits {
            return Err(Unfit::Unlike { field, units });
        }
    }
    let spec_of = |field: &u8| dialect.field(*field);
    let is_digits = |field: &u8| spec_of(field).is_some_and(|spec| spec.class == Class::Digits);
    if let Some(field) = READ.iter().find(|field| !is_digits(field)) {
        return Err(Unfit::NoDigits(field));
    }
    let dropped = written_down(version).intersection(dialect.fields());
    if let Some(field) = dropped.difference(dialect.journaled()).first() {
        return Err(Unfit::NotWrittenDown(field));
    }
    let takes_us = |field: &u8| {
        spec_of(field).is_some_and(|spec| {
            let units = u16::from(ours.units);
            let fits =
                if spec.length == Length::Fixed { spec.max == units } else { spec.max >= units };
            fits && matches!(spec.class, Class::Digits | Class::Text)
        })
    };
    if let Some(field) = OURS.intersection(needed(version)).iter().find(|field| !takes_us(field)) {
        return Err(Unfit::NoRoomForUs { field, units: ours.units });
    }
    let parts = PARTS.iter().fold(Fields::EMPTY, |all, &part| all.union(part));
    let answer = echoed(version, 8).union(own_fields(version));
    for (bytes, room) in [
        (longest(dialect, parts), LARGE_MAX),
        (HEAD_MAX + longest(dialect, answer), OWN_MAX),
        (HEAD_MAX + longest(dialect, network_fields(version)), NETWORK_MAX),
    ] {
        if bytes > room {
            return Err(Unfit::TooLong { bytes, room });
        }
    }
    Ok(())
}

/// The most bytes of some fields together.
fn longest(dialect: &Dialect, fields: Fields) -> usize {
    fields.iter().filter_map(|field| dialect.field(field)).map(bytes_max).sum()
}

/// The most bytes of one field, prefix included.
fn bytes_max(spec: FieldSpec) -> usize {
    let units = usize::from(spec.max);
    let value = match (spec.class, spec.form) {
        (Class::Amount, Form::Packed { .. }) => 1 + (units - 1).div_ceil(2),
        (_, Form::Packed { .. }) => units.div_ceil(2),
        (_, Form::Hex) => units * 2,
        (_, Form::Chars | Form::Raw) => units,
    };
    let prefix = match spec.length {
        Length::Fixed => 0,
        Length::Var { digits, packed: false } => digits,
        Length::Var { digits, packed: true } => digits.div_ceil(2),
    };
    usize::from(prefix) + value
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;
    use codec::{Mti, Slots, Writer, built_ins};

    fn checked(dialect: &Dialect) -> Result<(), Unfit> {
        check(dialect, Institution { digits: 0x490_0000_0001, units: 11 })
    }

    /// A dialect with some of its fields left out or changed.
    fn changed(name: &str, change: impl Fn(u8, FieldSpec) -> Option<FieldSpec>) -> Dialect {
        let whole = codec::built_in(name).unwrap();
        let rows: Vec<_> = whole
            .fields()
            .iter()
            .filter_map(|field| Some((field, change(field, whole.field(field)?)?)))
            .collect();
        let (mti, bitmap) = (whole.mti_form(), whole.bitmap_form());
        Dialect::new("changed", whole.version(), mti, bitmap, &rows).unwrap()
    }

    #[test]
    fn the_core_runs_with_every_built_in_dialect() {
        for dialect in built_ins() {
            assert_eq!(checked(dialect), Ok(()), "{}", dialect.name());
        }
    }

    #[test]
    fn it_does_not_run_without_a_field_of_every_conversation() {
        let refused = |name| {
            let mut refused = Vec::new();
            for missing in 2..=128 {
                let without = changed(name, |field, spec| (field != missing).then_some(spec));
                if let Err(why) = checked(&without) {
                    assert_eq!(why, Unfit::Lacks(missing));
                    refused.push(missing);
                }
            }
            refused
        };
        assert_eq!(refused("iso93-ascii"), [2, 7, 11, 12, 24, 32, 33, 39, 58]);
        assert_eq!(refused("iso87-ascii"), [2, 7, 11, 32, 33, 39, 70]);
    }

    #[test]
    fn it_does_not_run_with_a_field_that_its_own_messages_would_not_fit() {
        let check_longer = |name, longer| {
            checked(&changed(name, |field, spec| {
                let wanted = field == longer && spec.length == Length::Fixed;
                Some(FieldSpec { max: spec.max + u16::from(wanted), ..spec })
            }))
        };
        let refused = |name, expected: &[(u8, u16)]| {
            let refused = (2..=128).filter_map(|longer| check_longer(name, longer).err());
            let expected = expected.iter().map(|&(field, units)| Unfit::Unlike { field, units });
            assert_eq!(refused.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
        };
        refused("iso93-ascii", &[(7, 10), (11, 6), (12, 12), (24, 3), (39, 3)]);
        refused("iso87-ascii", &[(7, 10), (11, 6), (39, 2), (70, 3)]);
        let verdict = |spec| {
            checked(&changed("iso87-ascii", |field, was| {
                Some(if field == 39 { spec } else { was })
            }))
        };
        assert_eq!(verdict(FieldSpec::digits(Form::Chars, 2)), Ok(()));
        let unlike = Err(Unfit::Unlike { field: 39, units: 2 });
        assert_eq!(verdict(FieldSpec::binary(Form::Raw, 2)), unlike);
        assert_eq!(verdict(FieldSpec::text(2).var(1)), unlike);
    }

    #[test]
    fn it_does_not_run_where_the_card_or_who_asks_is_no_digits() {
        for (name, field) in [("iso93-ascii", 2), ("iso93-ascii", 32), ("iso87-ascii", 32)] {
            let text = |number, spec: FieldSpec| {
                Some(if number == field { FieldSpec::text(spec.max).var(2) } else { spec })
            };
            assert_eq!(checked(&changed(name, text)), Err(Unfit::NoDigits(field)));
        }
    }

    #[test]
    fn it_runs_where_our_institution_fits_and_not_where_it_is_one_digit_too_long() {
        let of = |name, field, spec| {
            checked(&changed(name, |number, was| Some(if number == field { spec } else { was })))
        };
        let digits = |max| FieldSpec::digits(Form::Chars, max);
        for (name, field) in [("iso93-ascii", 33), ("iso93-ascii", 58), ("iso87-ascii", 33)] {
            for (spec, fits) in [
                (digits(11).var(2), true),
                (digits(10).var(2), false),
                (digits(11), true),
                (digits(12), false),
                (FieldSpec::text(11).var(2), true),
                (FieldSpec::binary(Form::Raw, 11).var(2), false),
            ] {
                let why = Err(Unfit::NoRoomForUs { field, units: 11 });
                assert_eq!(
                    of(name, field, spec),
                    if fits { Ok(()) } else { why },
                    "{field} {spec:?}"
                );
            }
        }
        assert_eq!(of("iso87-ascii", 58, digits(2).var(2)), Ok(()), "it is not ours in 1987");
    }

    #[test]
    fn it_does_not_run_with_the_edition_of_2003() {
        let whole = changed("iso93-ascii", |_, spec| Some(spec));
        let rows: Vec<_> =
            whole.fields().iter().map(|field| (field, whole.field(field).unwrap())).collect();
        let later =
            Dialect::new("later", Version::Iso2003, whole.mti_form(), whole.bitmap_form(), &rows);
        assert_eq!(checked(&later.unwrap()), Err(Unfit::Edition));
    }

    #[test]
    fn it_runs_up_to_the_length_that_has_room_and_not_beyond() {
        // DE 23 is kept with its neighbours, but in no message of our own.
        let with = |max| {
            let text = FieldSpec::text(max).var(3);
            checked(&changed("iso93-ascii", |field, spec| {
                Some(if field == 23 { text } else { spec })
            }))
        };
        let whole = codec::built_in("iso93-ascii").unwrap();
        let others = PARTS.iter().map(|&part| longest(whole, part.without(23))).sum::<usize>();
        let most = u16::try_from(LARGE_MAX - others - 3).unwrap();
        assert_eq!(with(most), Ok(()));
        let (bytes, room) = (LARGE_MAX + 1, LARGE_MAX);
        assert_eq!(with(most + 1), Err(Unfit::TooLong { bytes, room }));
    }

    #[test]
    fn a_field_is_as_long_as_the_codec_writes_it() {
        let fields = PARTS.iter().fold(Fields::of(&[39, 52, 53, 58, 97]), |all, &p| all.union(p));
        for dialect in built_ins() {
            let mut out = vec![0; 4_096];
            let mut writer = Writer::new(dialect, &mut out, Mti::of(0x1200), fields).unwrap();
            for field in fields {
                let spec = dialect.field(field).unwrap();
                let mut value = vec![b'1'; usize::from(spec.max)];
                if spec.class == Class::Amount {
                    value[0] = b'C';
                }
                writer.put_text(field, &value).unwrap();
            }
            let len = writer.finish().unwrap();
            let mut slots = Slots::new();
            dialect.decode(&out[..len], &mut slots).unwrap();
            let message = slots.message(dialect, &out[..len]);
            for field in fields {
                let most = bytes_max(dialect.field(field).unwrap());
                assert_eq!(message.wire(field).map(<[u8]>::len), Some(most), "DE {field}");
            }
            assert!(len - longest(dialect, fields) <= HEAD_MAX);
        }
    }
}
