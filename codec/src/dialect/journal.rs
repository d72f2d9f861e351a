//! Which fields of a dialect may be written down for good. Knows no file that they are written to.

use super::Dialect;
use crate::fields::Fields;

/// What may be written down where a dialect says nothing: what a message is about and between
/// whom. Not tracks, codes and PIN blocks (35, 36, 45, 52, 53), not what networks and partners use
/// as they like (46 to 48, 55, 57, 60 to 63, 102 to 127), not codes of authentication (64, 128) and
/// nothing about keys (96).
const USUAL: Fields = {
    let mut fields = Fields::of(&[49, 50, 51, 54, 56, 58, 59]);
    let mut n = 2;
    while n <= 101 {
        if matches!(n, 2..=33 | 37..=44 | 66..=95 | 97..=101) {
            fields = fields.with(n);
        }
        n += 1;
    }
    fields
};

/// What may never be written down: tracks, PIN blocks, security control information, chip data,
/// which has a track in it, authentication codes and keys.
const NEVER: Fields = Fields::of(&[35, 36, 45, 52, 53, 55, 64, 96, 128]);

/// Why a field can not be among those that may be written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalError {
    /// The dialect has no such field.
    Absent {
        /// The data element.
        field: u8,
    },
    /// Such a field is never written down, whatever the dialect.
    Never {
        /// The data element.
        field: u8,
    },
    /// The dialect names a subfield of it that holds a card number ([`Dialect::pan_in`]).
    CardNumber {
        /// The data element.
        field: u8,
    },
}

impl Dialect {
    /// The fields whose values may be written down for good. Where nothing else is said
    /// ([`Dialect::with_journaled`]) these are DE 2 to 33, 37 to 44, 49 to 51, 54, 56, 58, 59, 66 to
    /// 95 and 97 to 101, as far as the dialect has them; a field in which it names a subfield with a
    /// card number is never among them.
    pub fn journaled(&self) -> Fields {
        let said = match self.journal {
            Some(said) => said,
            None => self.usually_journaled(),
        };
        self.pan_in().map_or(said, |(field, _)| said.without(field))
    }

    /// What [`Dialect::journaled`] is where nothing else is said.
    pub fn usually_journaled(&self) -> Fields {
        let usual = USUAL.intersection(self.fields());
        self.pan_in().map_or(usual, |(field, _)| usual.without(field))
    }

    /// With these as the fields that may be written down, in place of the usual ones.
    pub fn with_journaled(self, fields: Fields) -> Result<Self, JournalError> {
        if let Some(field) = fields.difference(self.fields()).first() {
            return Err(JournalError::Absent { field });
        }
        if let Some(field) = fields.intersection(NEVER).first() {
            return Err(JournalError::Never { field });
        }
        match self.pan_in() {
            Some((field, _)) if fields.has(field) => Err(JournalError::CardNumber { field }),
            _ => Ok(Self { journal: Some(fields), ..self }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{FieldSpec, Form, Version};
    use crate::subfields::{Key, Subfields};
    use crate::{built_in, built_ins};

    #[test]
    fn usually_neither_tracks_nor_codes_nor_private_fields_are_written_down() {
        for dialect in built_ins() {
            let journaled = dialect.journaled();
            assert_eq!(journaled, dialect.usually_journaled());
            for n in 0..=255_u8 {
                let allowed = matches!(
                    n,
                    2..=33 | 37..=44 | 49..=51 | 54 | 56 | 58 | 59 | 66..=95 | 97..=101
                );
                assert_eq!(journaled.has(n), allowed && dialect.fields().has(n), "DE {n}");
            }
        }
    }

    #[test]
    fn a_dialect_may_say_otherwise_but_not_of_what_is_never_written_down() {
        let whole = built_in("iso93-ascii").unwrap();
        for n in whole.fields() {
            let said = whole.clone().with_journaled(Fields::of(&[n]));
            if matches!(n, 35 | 36 | 45 | 52 | 53 | 55 | 64 | 96 | 128) {
                assert_eq!(said.unwrap_err(), JournalError::Never { field: n });
            } else {
                assert_eq!(said.unwrap().journaled(), Fields::of(&[n]));
            }
        }
        let nothing = whole.clone().with_journaled(Fields::EMPTY).unwrap();
        assert_eq!(nothing.journaled(), Fields::EMPTY);
    }

    #[test]
    fn a_dialect_says_nothing_of_a_field_that_it_does_not_have() {
        let rows = [(3, FieldSpec::digits(Form::Chars, 6))];
        let small = Dialect::new("small", Version::Iso1987, Form::Chars, Form::Hex, &rows).unwrap();
        assert_eq!(small.journaled(), Fields::of(&[3]));
        let error = small.with_journaled(Fields::of(&[3, 4])).unwrap_err();
        assert_eq!(error, JournalError::Absent { field: 4 });
    }

    #[test]
    fn a_field_with_a_card_number_inside_is_not_written_down() {
        let whole = built_in("iso87-ascii").unwrap().clone();
        let key = Key::Place(1);
        let with_card = whole
            .with_subfields(59, Subfields::fixed(&[19, 980]))
            .and_then(|dialect| dialect.with_pan_in(59, key))
            .unwrap();
        assert!(with_card.journaled().has(58) && !with_card.journaled().has(59));
        let error = with_card.with_journaled(Fields::of(&[59])).unwrap_err();
        assert_eq!(error, JournalError::CardNumber { field: 59 });
        // Nor one of which it is said later.
        let earlier = built_in("iso87-ascii").unwrap().clone();
        let later = earlier
            .with_journaled(Fields::of(&[4, 59]))
            .unwrap()
            .with_subfields(59, Subfields::fixed(&[19, 980]))
            .and_then(|dialect| dialect.with_pan_in(59, key))
            .unwrap();
        assert_eq!(later.journaled(), Fields::of(&[4]));
    }
}
