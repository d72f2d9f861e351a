//! The reversal that the load sends after one of its sales: the whole of it, since the customer went
//! away. Must not know sockets or time.

use codec::{Dialect, Fields, Framing, Message, Mti, Version, WriteError, Writer};

use super::sale::{Particulars, SaleError, amount_of, reference};
use crate::action::ActionCode;
use crate::ledger::{Sent, Text};
use crate::{calendar, figures};

/// What a reversal has in both editions: card, processing code, amount, times, trace number,
/// acquirer, reference, terminal, merchant, currency.
const FIELDS: Fields = Fields::of(&[2, 3, 4, 7, 11, 12, 32, 37, 41, 42, 49]);

/// Those of 1993 beside them: function, reason, original.
const FIELDS_1993: Fields = FIELDS.union(Fields::of(&[24, 25, 56]));

/// Those of 1987: the date beside the time of DE 12, original.
const FIELDS_1987: Fields = FIELDS.union(Fields::of(&[13, 90]));

/// DE 24: a full reversal.
const FULL: &[u8] = b"400";

/// Longest message, with room to spare.
const MESSAGE_MAX: usize = 480;

/// Longest frame.
pub(super) const FRAME_MAX: usize = 512;

/// Digits of DE 32 at most, and as many as DE 90 has of it.
const INSTITUTION: usize = 11;

/// Reversals of one kind of sale.
pub(super) struct Reversal {
    dialect: &'static Dialect,
    framing: Framing,
    original: Mti,
    mti: Mti,
    pan: String,
    acquirer: String,
    run: [u8; 4],
}

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// The customer cancels.
    Cancelled,
    /// No answer came in time.
    NoAnswer,
}

/// Whether it was sent before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Time {
    First,
    /// As its repeat.
    Again,
}

/// What is wrong with the answer to a reversal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It is no answer to a reversal.
    Type,
    /// This field is not as it was sent.
    Differs(u8),
    /// It has another code, or none.
    Code,
}

impl Reason {
    /// DE 25.
    fn code(self) -> &'static [u8] {
        match self {
            Self::Cancelled => b"4000",
            Self::NoAnswer => b"4021",
        }
    }
}

impl Reversal {
    /// Of the sales of that kind.
    pub(super) fn new(
        dialect: &'static Dialect,
        framing: Framing,
        original: Mti,
        (pan, acquirer): (&str, &str),
        run: [u8; 4],
    ) -> Result<Self, SaleError> {
        let old = dialect.version() == Version::Iso1987;
        let reversal = Self {
            dialect,
            framing,
            original,
            mti: if old { Mti::of(0x0420) } else { Mti::of(0x1420) },
            pan: pan.to_owned(),
            acquirer: acquirer.to_owned(),
            run,
        };
        // What it can not say it could not say later either.
        let first = Particulars { sequence: 0, stan: 1, second: 0 };
        let out = &mut [0; MESSAGE_MAX];
        let written = reversal.write(reversal.mti, &first, 0, Reason::Cancelled, out);
        written.map_err(SaleError::Write)?;
        Ok(reversal)
    }

    /// The frame that reverses the sale with these particulars, made in that second since 1970, at
    /// the front of `out`. Its trace number is the sale's: the type tells them apart.
    pub(super) fn frame(
        &self,
        particulars: &Particulars,
        second: u64,
        (reason, time): (Reason, Time),
        out: &mut [u8; FRAME_MAX],
    ) -> Option<usize> {
        let mut message = [0; MESSAGE_MAX];
        let mti = if time == Time::Again { Mti::new(self.mti.bcd() + 1)? } else { self.mti };
        let length = self.write(mti, particulars, second, reason, &mut message).ok()?;
        let begin = self.framing.open(length, out).ok()?;
        let end = begin + length;
        out.get_mut(begin..end)?.copy_from_slice(&message[..length]);
        Some(end + self.framing.close(length, &mut out[end..]).ok()?)
    }

    /// What a ledger says of it.
    pub(super) fn note(&self, particulars: &Particulars, second: u64, at_ns: u64) -> Sent {
        let Particulars { sequence, stan, .. } = *particulars;
        let reference = Text::new(&reference(self.run, sequence)).expect("letters and digits");
        Sent { reference, stan, mti: self.mti, second, amount: amount_of(sequence), at_ns }
    }

    /// Whether this accepts the reversal of the sale with these particulars.
    pub(super) fn check(
        &self,
        particulars: &Particulars,
        answer: &Message<'_>,
    ) -> Result<(), Refused> {
        if Some(answer.mti()) != self.mti.answer() {
            return Err(Refused::Type);
        }
        let said: Option<Text<12>> = Text::of(answer, 37);
        if said.is_some_and(|said| *said.bytes() != reference(self.run, particulars.sequence)) {
            return Err(Refused::Differs(37));
        }
        let amount = answer.value(4).and_then(|value| value.number());
        if amount.is_some_and(|amount| amount != amount_of(particulars.sequence)) {
            return Err(Refused::Differs(4));
        }
        let accepted = ActionCode::accepted(self.dialect.version(), *b"400");
        let action = answer.value(39).and_then(|value| ActionCode::read(&value));
        if action == Some(accepted) { Ok(()) } else { Err(Refused::Code) }
    }

    fn write(
        &self,
        mti: Mti,
        particulars: &Particulars,
        second: u64,
        reason: Reason,
        out: &mut [u8],
    ) -> Result<usize, WriteError> {
        let Particulars { sequence, stan, second: sold } = *particulars;
        let old = self.dialect.version() == Version::Iso1987;
        let fields = if old { FIELDS_1987 } else { FIELDS_1993 };
        let (mut trace, local) = ([0; 6], calendar::local(sold));
        figures::write_decimal(&mut trace, u64::from(stan));
        let mut writer = Writer::new(self.dialect, out, mti, fields)?;
        writer.put_text(2, self.pan.as_bytes())?;
        writer.put_text(3, b"000000")?;
        writer.put_number(4, amount_of(sequence))?;
        writer.put_text(7, &calendar::transmission(second))?;
        writer.put_text(11, &trace)?;
        if old {
            writer.put_text(12, &local[6..])?;
            writer.put_text(13, &local[2..6])?;
        } else {
            writer.put_text(12, &local)?;
            writer.put_text(24, FULL)?;
            writer.put_text(25, reason.code())?;
        }
        writer.put_text(32, self.acquirer.as_bytes())?;
        writer.put_text(37, &reference(self.run, sequence))?;
        writer.put_text(41, b"T0000001")?;
        writer.put_text(42, b"M00000000000001")?;
        writer.put_text(49, b"392")?;
        let trace = String::from_utf8_lossy(&trace);
        let (original, acquirer) = (self.original, &self.acquirer);
        if old {
            let sent = calendar::transmission(sold);
            let sent = String::from_utf8_lossy(&sent);
            let none = "0".repeat(INSTITUTION);
            let name = format!("{original}{trace}{sent}{acquirer:0>INSTITUTION$}{none}");
            writer.put_text(90, name.as_bytes())?;
        } else {
            let local = String::from_utf8_lossy(&local);
            let name = format!("{original}{trace}{local}{:02}{acquirer}", acquirer.len());
            writer.put_text(56, name.as_bytes())?;
        }
        writer.finish()
    }
}
