//! The subfields that the standard itself gives some fields, by edition. Knows no dialect.

use super::{Subfields, Width};
use crate::spec::Version;
use Width::{Fixed, Var};
use alloc::borrow::Cow;

impl Subfields {
    /// What the standard says is inside DE `n`, where it says so.
    pub fn standard(version: Version, n: u8) -> Option<&'static Self> {
        match (version, n) {
            (_, 3) => Some(&PROCESSING_CODE),
            (Version::Iso1987 | Version::Iso1993, 54) => Some(&ADDITIONAL_AMOUNTS),
            (Version::Iso1987, 90) => Some(&ORIGINAL_DATA_1987),
            (Version::Iso1987, 95) => Some(&REPLACEMENT_AMOUNTS),
            (Version::Iso1993, 22) => Some(&POINT_OF_SERVICE),
            (Version::Iso1993, 30) => Some(&ORIGINAL_AMOUNTS),
            (Version::Iso1993, 56) => Some(&ORIGINAL_DATA_1993),
            (Version::Iso1993 | Version::Iso2003, 55) => Some(&Self::BerTlv),
            _ => None,
        }
    }
}

const fn positional(widths: &'static [Width], repeated: bool) -> Subfields {
    Subfields::Positional { widths: Cow::Borrowed(widths), repeated }
}

/// DE 3: type of transaction, from account, to account.
static PROCESSING_CODE: Subfields = positional(&[Fixed(2), Fixed(2), Fixed(2)], false);

/// DE 22 of 1993: twelve codes of one character.
static POINT_OF_SERVICE: Subfields = positional(&[Fixed(1); 12], false);

/// DE 30 of 1993: original transaction amount, original reconciliation amount.
static ORIGINAL_AMOUNTS: Subfields = positional(&[Fixed(12), Fixed(12)], false);

/// DE 54: account type, amount type, currency, sign, amount; once for each amount.
static ADDITIONAL_AMOUNTS: Subfields =
    positional(&[Fixed(2), Fixed(2), Fixed(3), Fixed(1), Fixed(12)], true);

/// DE 56 of 1993: original MTI, DE 11, DE 12, and the acquirer behind two digits of length.
static ORIGINAL_DATA_1993: Subfields =
    positional(&[Fixed(4), Fixed(6), Fixed(12), Var { digits: 2, max: 11 }], false);

/// DE 90 of 1987: original MTI, DE 11, DE 7, DE 32, DE 33.
static ORIGINAL_DATA_1987: Subfields =
    positional(&[Fixed(4), Fixed(6), Fixed(10), Fixed(11), Fixed(11)], false);

/// DE 95 of 1987: actual transaction amount, actual settlement amount, and two for fees.
static REPLACEMENT_AMOUNTS: Subfields =
    positional(&[Fixed(12), Fixed(12), Fixed(12), Fixed(6)], false);
