//! How much of an original a reversal takes back, and whether there is so much of it. Knows no table
//! and no answer.
//!
//! | edition | part | its amounts |
//! |---|---|---|
//! | 1993 | DE 24 is 401 | with DE 30 (the original's amount), DE 4 is what is left; without, what is taken back |
//! | 1987 | DE 95 is not zero | DE 4 is the original's amount, and DE 95 begins with what is left |
//!
//! Anything else is a reversal of the whole.

use codec::{Message, Version};

use crate::broken::{Variant, breaks};
use crate::records::TakesBack;

/// DE 24 of a partial reversal, three packed digits.
const PARTIAL: u64 = 0x401;

/// What is known of an amount, in minor units.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Amount {
    /// As it was sent.
    pub(crate) whole: u64,
    /// What partial reversals took back of it.
    pub(crate) taken_back: u64,
}

/// How much this reversal takes back of an original with this amount; else the field that says what
/// can not be.
pub(crate) fn extent(message: &Message<'_>, of: Amount) -> Result<TakesBack, u8> {
    let said = message.value(4).map(|value| value.number().ok_or(4_u8)).transpose()?;
    let taken_back = if breaks(Variant::PartsForgotten) { 0 } else { of.taken_back };
    let left = of.whole.saturating_sub(taken_back);
    let (part, field) = match message.dialect().version() {
        Version::Iso1987 => match first_of(message, 95)?.filter(|&stays| stays > 0) {
            None => (None, 4),
            Some(stays) if said.is_some_and(|said| said != of.whole) || stays > left => {
                return Err(95);
            }
            Some(stays) => (Some(left - stays), 95),
        },
        Version::Iso1993 | Version::Iso2003 => {
            let is_part = message.value(24).and_then(|value| value.packed()) == Some(PARTIAL);
            match (is_part, first_of(message, 30)?.filter(|&original| original > 0)) {
                (false, _) => (None, 4),
                (true, None) => (Some(said.ok_or(4_u8)?), 4),
                (true, Some(original)) if original != of.whole => return Err(30),
                // What stays of it now: what was taken back before is in it.
                (true, Some(_)) => (Some(left.checked_sub(said.ok_or(4_u8)?).ok_or(4_u8)?), 4),
            }
        }
    };
    match part {
        None if said.is_some_and(|said| said > of.whole) && !breaks(Variant::AboveOriginal) => {
            Err(field)
        }
        None => Ok(TakesBack::Whole),
        Some(0) => Err(field),
        Some(part) if part > left => Err(field),
        Some(part) => Ok(TakesBack::Part(part)),
    }
}

/// The first of the amounts in a field of several, twelve digits; none where the field is missing.
fn first_of(message: &Message<'_>, field: u8) -> Result<Option<u64>, u8> {
    let Some(value) = message.value(field) else { return Ok(None) };
    let mut room = [0; 64];
    let text = value.write_text(&mut room).and_then(|text| text.get(..12)).ok_or(field)?;
    let number = text.iter().try_fold(0_u64, |number, byte| {
        byte.is_ascii_digit().then(|| number * 10 + u64::from(byte - b'0'))
    });
    number.map(Some).ok_or(field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use codec::{Fields, Mti, Slots, Writer};

    /// What a reversal of an original of 20,000, of which so much was taken back, says.
    fn of(name: &str, taken_back: u64, fields: &[(u8, &str)]) -> Result<TakesBack, u8> {
        let dialect = codec::built_in(name).unwrap();
        let mti = Mti::of(if name.starts_with("iso87") { 0x0420 } else { 0x1420 });
        let mut out = vec![0; 512];
        let present = fields.iter().fold(Fields::EMPTY, |all, (field, _)| all.with(*field));
        let mut writer = Writer::new(dialect, &mut out, mti, present).unwrap();
        for (field, value) in fields {
            writer.put_text(*field, value.as_bytes()).unwrap();
        }
        let len = writer.finish().unwrap();
        let mut slots = Slots::new();
        dialect.decode(&out[..len], &mut slots).unwrap();
        extent(&slots.message(dialect, &out[..len]), Amount { whole: 20_000, taken_back })
    }

    const ALL: (u8, &str) = (4, "000000020000");
    const ORIGINAL: (u8, &str) = (30, "000000020000000000020000");
    const PART: (u8, &str) = (24, "401");

    #[test]
    fn a_reversal_is_of_the_whole_unless_it_says_otherwise() {
        for fields in [&[ALL, (24, "400")][..], &[(24, "400")], &[ALL], &[], &[(4, "000000000001")]]
        {
            assert_eq!(of("iso93-ascii", 0, fields), Ok(TakesBack::Whole), "{fields:?}");
        }
        let zeros = "0".repeat(42);
        assert_eq!(of("iso87-ascii", 500, &[ALL, (95, &zeros)]), Ok(TakesBack::Whole));
        assert_eq!(of("iso93-ascii", 0, &[(4, "000000020001"), (24, "400")]), Err(4));
        assert_eq!(of("iso87-binary", 0, &[(4, "000000020001")]), Err(4));
    }

    #[test]
    fn a_part_of_1993_is_what_de_4_says_or_what_it_leaves_of_de_30() {
        for name in ["iso93-ascii", "iso93-binary"] {
            let alone = |amount, before| of(name, before, &[(4, amount), PART]);
            assert_eq!(alone("000000005000", 0), Ok(TakesBack::Part(5_000)));
            assert_eq!(alone("000000015000", 5_000), Ok(TakesBack::Part(15_000)));
            assert_eq!(alone("000000015001", 5_000), Err(4));
            assert_eq!(alone("000000000000", 0), Err(4));
            let beside = |amount, before| of(name, before, &[(4, amount), PART, ORIGINAL]);
            assert_eq!(beside("000000015000", 0), Ok(TakesBack::Part(5_000)));
            assert_eq!(beside("000000012000", 5_000), Ok(TakesBack::Part(3_000)));
            assert_eq!(beside("000000000000", 5_000), Ok(TakesBack::Part(15_000)));
            assert_eq!(beside("000000015000", 5_000), Err(4), "it takes nothing back");
            assert_eq!(beside("000000016000", 5_000), Err(4), "it gives back");
            let other = (30, "000000019999000000019999");
            assert_eq!(of(name, 0, &[ALL, PART, other]), Err(30));
            assert_eq!(of(name, 0, &[PART]), Err(4));
        }
    }

    #[test]
    fn a_part_of_1987_is_what_de_95_leaves() {
        let rest = "0".repeat(30);
        let stays = |amount: &str| [amount, &rest].concat();
        for name in ["iso87-ascii", "iso87-binary"] {
            let of_1987 = |amount, before| of(name, before, &[ALL, (95, &stays(amount))]);
            assert_eq!(of_1987("000000015000", 0), Ok(TakesBack::Part(5_000)));
            assert_eq!(of_1987("000000012000", 5_000), Ok(TakesBack::Part(3_000)));
            assert_eq!(of_1987("000000015001", 5_000), Err(95));
            assert_eq!(of_1987("000000015000", 5_000), Err(95));
            let less = [(4, "000000019999"), (95, &*stays("000000015000"))];
            assert_eq!(of(name, 0, &less), Err(95));
            assert_eq!(of(name, 0, &[ALL, (95, &stays("a00000015000"))]), Err(95));
        }
    }
}
