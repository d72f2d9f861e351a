//! The frame of a reversal that we owe (1420 with DE 24 400 and DE 25; 0420): what it repeats of the
//! original, what it names it by, and why. Knows no table.

use codec::{Fields, Mti, Value, Version, WriteError, Writer};

use crate::broken::{Variant, breaks};
use crate::codes;
use crate::ids::{Stan, StationId};
use crate::plan::{Institution, Plan};
use crate::records::TakesBack;
use crate::reference::{Reference, field_of};
use crate::saf::{Draft, NOT_DELIVERED};

/// The class of reversals.
pub(crate) const CLASS: u8 = 4;
/// The most bytes of such a frame.
pub(crate) const LEN_MAX: usize = 1_024;

/// Function code (DE 24): full reversal, the transaction did not complete as approved.
const FULL: u64 = 0x400;

/// What it repeats of the original: card, processing code, amount, date and time, acquirer,
/// reference, terminal, merchant, currency.
const REPEATED: Fields = Fields::of(&[2, 3, 4, 12, 13, 32, 37, 41, 42, 49]);

/// What we write ourselves: when and as what we sent it, why, our name, what it is about. DE 24 and 25
/// are other things in 1987, which says why in DE 39.
const fn own(version: Version) -> Fields {
    match version {
        Version::Iso1987 => Fields::of(&[7, 11, 33, 39, 90]),
        Version::Iso1993 | Version::Iso2003 => Fields::of(&[7, 11, 24, 25, 33, 56]),
    }
}

/// A request on its way to an issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Leg {
    /// Who was asked.
    pub(crate) issuer: StationId,
    /// The MTI that we sent.
    pub(crate) mti: Mti,
    /// Our STAN.
    pub(crate) stan: Stan,
    /// The DE 7 that we sent, ten packed digits.
    pub(crate) sent_at: u64,
}

impl Leg {
    /// The reversal of it, apart from its frame.
    pub(crate) fn draft(&self, plan: &Plan, acquirer: StationId, reason: u16) -> Draft {
        let &Self { issuer, stan, sent_at, .. } = self;
        let mti = mti_for(plan, issuer);
        let (original, original_at, takes_back) = (stan, sent_at, TakesBack::Whole);
        Draft { issuer, acquirer, mti, original, original_at, takes_back, reason }
    }
}

/// The MTI of a reversal for this station, when it is sent first.
pub(crate) fn mti_for(plan: &Plan, issuer: StationId) -> Mti {
    match plan.station(issuer).settings.dialect.version() {
        Version::Iso1987 => Mti::of(0x0420),
        Version::Iso1993 | Version::Iso2003 => Mti::of(0x1420),
    }
}

/// Writes the reversal of `leg` under `stan`, for `reason` (DE 25), made at `made_at` (DE 7). `value`
/// gives the fields of the original in any dialect, none that may not be written down. What the
/// issuer's dialect can not say, or what it does not allow to be written down, is left out. Gives its length, at most [`LEN_MAX`].
///
/// # Panics
/// When `out` has no room for the few fields that every conversation has.
pub(crate) fn write<'v>(
    plan: &Plan,
    leg: &Leg,
    item: (Stan, u16),
    made_at: u64,
    value: impl Fn(u8) -> Option<Value<'v>>,
    out: &mut [u8],
) -> usize {
    let dialect = &plan.station(leg.issuer).settings.dialect;
    let repeated = REPEATED.intersection(dialect.journaled());
    let given = repeated.iter().filter(|&field| value(field).is_some());
    let given = given.fold(Fields::EMPTY, Fields::with);
    let mut fields = given.union(own(dialect.version())).intersection(dialect.fields());
    let room = out.len().min(LEN_MAX);
    loop {
        match write_fields(plan, leg, item, made_at, &value, fields, &mut out[..room]) {
            Ok(len) => return len,
            Err(error) => {
                let left_out = fields.has(error.field);
                assert!(left_out, "a dialect says the fields of every conversation");
                fields = fields.without(error.field);
            }
        }
    }
}

fn write_fields<'v>(
    plan: &Plan,
    leg: &Leg,
    (stan, reason): (Stan, u16),
    made_at: u64,
    value: &impl Fn(u8) -> Option<Value<'v>>,
    fields: Fields,
    out: &mut [u8],
) -> Result<usize, WriteError> {
    let dialect = &plan.station(leg.issuer).settings.dialect;
    let version = dialect.version();
    let of_1987 = version == Version::Iso1987;
    let ours = plan.institution;
    let mut writer = Writer::new(dialect, out, mti_for(plan, leg.issuer), fields)?;
    for field in fields {
        match field {
            7 => writer.put_packed(7, made_at, 10)?,
            11 => writer.put_packed(11, stan.digits(), 6)?,
            24 if !of_1987 => writer.put_packed(24, FULL, 3)?,
            25 if !of_1987 => writer.put_packed(25, reason.into(), 4)?,
            33 => writer.put_packed(33, ours.digits, ours.units)?,
            39 => writer.put_text(39, &codes::response_of(response_for(reason)))?,
            _ if field == field_of(version) => {
                let packed = |field| value(field).and_then(|value| value.packed());
                let acquirer = value(32).and_then(|value| {
                    let units = u8::try_from(value.units()).ok()?;
                    Some(Institution { digits: value.packed()?, units })
                });
                let time = if of_1987 { Some(leg.sent_at) } else { packed(12) };
                let reference = Reference {
                    mti: leg.mti,
                    stan: if breaks(Variant::ReferenceOfNothing) { 1 } else { leg.stan.digits() },
                    time: time.unwrap_or_default(),
                    acquirer: acquirer.unwrap_or(Institution { digits: 0, units: 0 }),
                };
                writer.put_text(field, reference.write(version, ours).text())?;
            }
            _ => {
                let value = value(field).expect("only what is there was promised");
                writer.put_value(field, value)?;
            }
        }
    }
    writer.finish()
}

/// The action code that says in 1987 why a request is taken back: the answer came too late, or could
/// not be used.
const fn response_for(reason: u16) -> u16 {
    if reason == NOT_DELIVERED { 0x909 } else { 0x911 }
}
