//! What a dialect says about the inside of its fields: subfields, and where a card number stands.
//! Knows no bytes.

use super::{Dialect, Layout};
use crate::fields::Fields;
use crate::pan::PAN_FIELDS;
use crate::spec::{Class, FieldSpec};
use crate::subfields::{Key, Subfields, SubfieldsError};
use alloc::vec::Vec;

/// All that is said; nothing of it changes how a message is read or written.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Inside {
    /// What the standard says holds where nothing else is said?
    standard: bool,
    /// What is said of some fields; `None`: nothing is inside.
    own: Vec<(u8, Option<Subfields>)>,
    /// The subfield with a card number.
    pan: Option<(u8, Key)>,
    /// Fields in which a card number may be, but for DE 2.
    pan_fields: Fields,
    /// Whether DE 55 is BER-TLV.
    chip_data: bool,
}

/// Chip data.
const CHIP: u8 = 55;

impl Inside {
    pub(super) const fn of(layout: &Layout) -> Self {
        Self {
            standard: false,
            own: Vec::new(),
            pan: None,
            pan_fields: layout.fields.intersection(PAN_FIELDS),
            chip_data: false,
        }
    }
}

impl Dialect {
    /// With the subfields that the standard gives the fields of this edition: see
    /// [`Subfields::standard`]. Fields that differ from the standard's in length have none.
    #[must_use]
    pub const fn with_standard_subfields(mut self) -> Self {
        self.inside.standard = true;
        let chip = self.layout.specs[CHIP as usize];
        if matches!(chip, Some(FieldSpec { class: Class::Binary, .. }))
            && !matches!(self.version, crate::spec::Version::Iso1987)
        {
            self.inside.chip_data = true;
            self.inside.pan_fields = self.inside.pan_fields.with(CHIP);
        }
        self
    }

    /// With these subfields inside DE `field`, whatever was said before.
    pub fn with_subfields(
        mut self,
        field: u8,
        subfields: Subfields,
    ) -> Result<Self, SubfieldsError> {
        subfields.check(self.field(field).ok_or(SubfieldsError::Field)?)?;
        self.inside.own.retain(|(known, _)| *known != field);
        self.inside.own.push((field, Some(subfields)));
        Ok(self.with_pan_fields())
    }

    /// Without anything known inside DE `field`: chip data that is no BER-TLV is not looked at.
    #[must_use]
    pub fn without_subfields(mut self, field: u8) -> Self {
        self.inside.own.retain(|(known, _)| *known != field);
        self.inside.own.push((field, None));
        self.with_pan_fields()
    }

    /// With a card number in a subfield of DE `field`: digits, with blanks behind them; in an
    /// element of BER-TLV packed digits, with F behind them.
    pub fn with_pan_in(mut self, field: u8, key: Key) -> Result<Self, SubfieldsError> {
        let subfields = self.subfields(field).ok_or(SubfieldsError::Field)?;
        if !subfields.has(key) {
            return Err(SubfieldsError::Key);
        }
        self.inside.pan = Some((field, key));
        Ok(self.with_pan_fields())
    }

    /// What is inside DE `field`, as far as it is said.
    pub fn subfields(&self, field: u8) -> Option<&Subfields> {
        let spec = self.field(field)?;
        let own = self.inside.own.iter().find(|(known, _)| *known == field);
        match own {
            Some((_, subfields)) => subfields.as_ref(),
            None if self.inside.standard => {
                let standard = Subfields::standard(self.version, field)?;
                // A text may be hexadecimal characters, but only a dialect can know.
                let binary = spec.class == Class::Binary;
                let fits = binary == (*standard == Subfields::BerTlv);
                (fits && standard.check(spec).is_ok()).then_some(standard)
            }
            None => None,
        }
    }

    /// The subfield that holds a card number, if the dialect names one: field and key.
    pub const fn pan_in(&self) -> Option<(u8, Key)> {
        self.inside.pan
    }

    /// Fields in which a card number may be, but for DE 2.
    #[inline]
    pub(crate) const fn pan_fields(&self) -> Fields {
        self.inside.pan_fields
    }

    /// Is DE `field` chip data in BER-TLV?
    #[inline]
    pub(crate) const fn has_chip_data(&self, field: u8) -> bool {
        field == CHIP && self.inside.chip_data
    }

    /// The key of the card number in DE `field`.
    #[inline]
    pub(crate) fn pan_key(&self, field: u8) -> Option<Key> {
        self.inside.pan.filter(|&(known, _)| known == field).map(|(_, key)| key)
    }

    /// Works out anew where a card number may be.
    fn with_pan_fields(mut self) -> Self {
        self.inside.pan = self.inside.pan.filter(|&(field, key)| {
            self.subfields(field).is_some_and(|subfields| subfields.has(key))
        });
        self.inside.chip_data = self.subfields(CHIP) == Some(&Subfields::BerTlv);
        let mut fields = self.layout.fields.intersection(PAN_FIELDS);
        if self.inside.chip_data {
            fields = fields.with(CHIP);
        }
        if let Some((field, _)) = self.inside.pan {
            fields = fields.with(field);
        }
        self.inside.pan_fields = fields;
        self
    }
}

#[cfg(test)]
mod tests;
