//! The message that the load sends: built once, its varying fields patched for each send, and held
//! against the answer. Must not know sockets or time.

use std::ops::Range;

use codec::{
    Dialect, Fields, Form, Framing, FramingError, Message, Mti, Slots, Tpdu, Version, WriteError,
    Writer,
};

use crate::ledger::{Sent, Text};
use crate::{calendar, figures};

/// The fields of a sale in both editions: card, processing code, amount, times, trace number, expiry,
/// point of service, acquirer, reference, terminal, merchant, currency.
const FIELDS: Fields = Fields::of(&[2, 3, 4, 7, 11, 12, 14, 22, 32, 37, 41, 42, 49]);

/// Those of 1993 beside them: function, business.
const FIELDS_1993: Fields = FIELDS.union(Fields::of(&[24, 26]));

/// Those of 1987: the date beside the time of DE 12, business, condition at the point of service.
const FIELDS_1987: Fields = FIELDS.union(Fields::of(&[13, 18, 25]));

/// What an answer must repeat as it was, where it repeats it and the sale has it.
const ECHOED: Fields = Fields::of(&[2, 3, 4, 7, 11, 12, 13, 32, 37, 41, 42, 49]);

/// What every answer must have: without these nobody can tell what is answered.
const REQUIRED: Fields = Fields::of(&[7, 11, 12, 32, 37, 41]);

/// Longest frame of a sale, with room to spare.
const FRAME_MAX: usize = 512;

/// The digits of base 32.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Amounts go through this many values, so that an answer to another sale shows.
const AMOUNTS: u64 = 10_000;

/// The smallest amount, yen.
const AMOUNT_FIRST: u64 = 100;

/// What one request has of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Particulars {
    /// Position among all requests of this run.
    pub(super) sequence: u64,
    /// DE 11.
    pub(super) stan: u32,
    /// When it was made, seconds since 1970: DE 7 and 12.
    pub(super) second: u64,
}

/// One kind of sale (a card and an acquirer), as the frame of the last one made.
pub(super) struct Sale {
    frame: Vec<u8>,
    /// Where in the frame the TPDU is, if there is one.
    tpdu: Option<usize>,
    /// Where in the frame each varying field is.
    amount: Place,
    transmission: Place,
    stan: Place,
    /// DE 12 of 1993 and of 1987, which has the date in a field of its own.
    local: Place,
    local_date: Option<Place>,
    reference: Place,
    /// By field number: where in the frame its wire bytes are; empty where it has none.
    wires: Vec<Range<usize>>,
    mti: Mti,
    answer: Mti,
    /// First four characters of DE 37.
    run: [u8; 4],
    /// The second that DE 7, 12 and 13 say now.
    second: Option<u64>,
}

/// A field of digits or characters in a frame.
struct Place {
    range: Range<usize>,
    packed: bool,
}

/// Why a sale can not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaleError {
    /// The dialect does not take a field.
    Write(WriteError),
    /// The framing does not take the message.
    Framing(FramingError),
    /// The dialect is of 2003, whose fields are others.
    Version,
    /// The type is not a request of class 1 or 2 in the dialect's edition.
    Type(Mti),
}

/// What is wrong with an answer that belongs to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// The TPDU is not as it was sent, its addresses exchanged.
    Tpdu,
    /// Another type than the request's answer has.
    Type,
    /// This field is missing.
    Missing(u8),
    /// This field is not as it was sent.
    Differs(u8),
}

impl Sale {
    /// `run`: four characters that no other run uses at the same time.
    pub(super) fn new(
        dialect: &Dialect,
        framing: &Framing,
        mti: Mti,
        pan: &str,
        acquirer: &str,
        run: [u8; 4],
    ) -> Result<Self, SaleError> {
        let edition = match dialect.version() {
            Version::Iso1987 => 0,
            Version::Iso1993 => 1,
            Version::Iso2003 => return Err(SaleError::Version),
        };
        let is_sale = (mti.version(), mti.is_request()) == (edition, true);
        let answer = mti.answer().filter(|_| is_sale && matches!(mti.class(), 1 | 2));
        let answer = answer.ok_or(SaleError::Type(mti))?;
        let mut message = [0; FRAME_MAX];
        let length = write(dialect, &mut message, mti, pan, acquirer).map_err(SaleError::Write)?;
        let message = &message[..length];
        let mut slots = Slots::new();
        dialect.decode(message, &mut slots).expect("the writer writes what the decoder reads");
        let decoded = slots.message(dialect, message);

        let mut frame = vec![0; FRAME_MAX];
        let begin = framing.open(length, &mut frame).map_err(SaleError::Framing)?;
        frame[begin..begin + length].copy_from_slice(message);
        let end = begin + length;
        let trailer = framing.close(length, &mut frame[end..]).map_err(SaleError::Framing)?;
        frame.truncate(end + trailer);
        let header = Tpdu::LEN + framing.header.bytes().len();
        let tpdu = framing.tpdu.and_then(|_| begin.checked_sub(header));

        let wire = |n| decoded.wire(n).map_or(0..0, |wire| within(message, wire, begin));
        let place = |n| Place::of(&decoded, n, begin);
        Ok(Self {
            wires: (0..=128).map(wire).collect(),
            amount: place(4),
            transmission: place(7),
            stan: place(11),
            local: place(12),
            local_date: (edition == 0).then(|| place(13)),
            reference: place(37),
            frame,
            tpdu,
            mti,
            answer,
            run,
            second: None,
        })
    }

    /// The frame of the request with these particulars.
    pub(super) fn frame(&mut self, particulars: &Particulars) -> &[u8] {
        let Particulars { sequence, stan, second } = *particulars;
        if self.second != Some(second) {
            self.second = Some(second);
            self.transmission.write(&mut self.frame, &calendar::transmission(second));
            let local = calendar::local(second);
            match &self.local_date {
                None => self.local.write(&mut self.frame, &local),
                Some(date) => {
                    date.write(&mut self.frame, &local[2..6]);
                    self.local.write(&mut self.frame, &local[6..]);
                }
            }
        }
        let mut amount = [0; 12];
        figures::write_decimal(&mut amount, amount_of(sequence));
        self.amount.write(&mut self.frame, &amount);
        let mut digits = [0; 6];
        figures::write_decimal(&mut digits, u64::from(stan));
        self.stan.write(&mut self.frame, &digits);
        self.reference.write(&mut self.frame, &reference(self.run, sequence));
        if let Some(place) = self.tpdu {
            // Each request seems to come from another terminal, so that a TPDU gone astray shows.
            let [.., high, low] = (sequence + 1).to_be_bytes();
            self.frame[place + 3..place + Tpdu::LEN].copy_from_slice(&[high, low]);
        }
        &self.frame
    }

    /// What a ledger says of the request with these particulars.
    pub(super) fn note(&self, particulars: &Particulars, at_ns: u64) -> Sent {
        let Particulars { sequence, stan, second } = *particulars;
        let reference = Text::new(&reference(self.run, sequence)).expect("letters and digits");
        Sent { reference, stan, mti: self.mti, second, amount: amount_of(sequence), at_ns }
    }

    /// What the last frame's TPDU is; zeros where it has none.
    fn tpdu(&self) -> Tpdu {
        let bytes = self.tpdu.and_then(|place| self.frame.get(place..)?.first_chunk());
        bytes.map_or(Tpdu::default(), |bytes| Tpdu(*bytes))
    }

    /// Is this the answer to the request with these particulars? `back` is what an answer to the
    /// answer would carry as its TPDU: what was sent.
    pub(super) fn check(
        &mut self,
        particulars: &Particulars,
        back: Tpdu,
        answer: &Message<'_>,
    ) -> Result<(), Wrong> {
        self.frame(particulars);
        if back != self.tpdu() {
            return Err(Wrong::Tpdu);
        }
        if answer.mti() != self.answer {
            return Err(Wrong::Type);
        }
        let present = answer.fields();
        if let Some(missing) = REQUIRED.with(39).difference(present).first() {
            return Err(Wrong::Missing(missing));
        }
        for n in ECHOED.intersection(present) {
            let sent = self.frame.get(self.wires[usize::from(n)].clone());
            if sent.is_some_and(|sent| !sent.is_empty()) && answer.wire(n) != sent {
                return Err(Wrong::Differs(n));
            }
        }
        Ok(())
    }
}

impl Place {
    fn of(message: &Message<'_>, n: u8, begin: usize) -> Self {
        let value = message.value(n).expect("a sale has the fields that vary");
        Self {
            range: within(message.bytes(), value.bytes(), begin),
            packed: matches!(value.spec().form, Form::Packed { .. }),
        }
    }

    /// Writes characters, or an even number of digits.
    fn write(&self, frame: &mut [u8], text: &[u8]) {
        let place = &mut frame[self.range.clone()];
        if self.packed {
            for (byte, pair) in place.iter_mut().zip(text.as_chunks::<2>().0) {
                *byte = (pair[0] & 0xF) << 4 | pair[1] & 0xF;
            }
        } else {
            place.copy_from_slice(text);
        }
    }
}

impl std::fmt::Display for SaleError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Write(error) => {
                write!(f, "the dialect does not take DE {}: {:?}", error.field, error.reason)
            }
            Self::Framing(error) => write!(f, "the framing does not take a sale: {error}"),
            Self::Version => {
                f.write_str("the dialect is of ISO 8583:2003, whose sales are not made yet")
            }
            Self::Type(mti) => write!(
                f,
                "{mti} is not a request for an authorization or a sale in the dialect's edition"
            ),
        }
    }
}

impl std::error::Error for SaleError {}

fn write(
    dialect: &Dialect,
    out: &mut [u8],
    mti: Mti,
    pan: &str,
    acquirer: &str,
) -> Result<usize, WriteError> {
    let old = dialect.version() == Version::Iso1987;
    let function: &[u8] = if mti.class() == 1 { b"100" } else { b"200" };
    let fields = if old { FIELDS_1987 } else { FIELDS_1993 };
    let mut writer = Writer::new(dialect, out, mti, fields)?;
    writer.put_text(2, pan.as_bytes())?;
    writer.put_text(3, b"000000")?;
    writer.put_number(4, AMOUNT_FIRST)?;
    writer.put_text(7, b"0101000000")?;
    writer.put_text(11, b"000001")?;
    if old {
        writer.put_text(12, b"000000")?;
        writer.put_text(13, b"0101")?;
        writer.put_text(14, b"2812")?;
        writer.put_text(18, b"5411")?;
        // Chip read, PIN can be entered; ordinary presentment.
        writer.put_text(22, b"051")?;
        writer.put_text(25, b"00")?;
    } else {
        writer.put_text(12, b"700101000000")?;
        writer.put_text(14, b"2812")?;
        // Chip terminal on the premises, attended; holder and card present; chip read, PIN.
        writer.put_text(22, b"510101513344")?;
        writer.put_text(24, function)?;
        writer.put_text(26, b"5411")?;
    }
    writer.put_text(32, acquirer.as_bytes())?;
    writer.put_text(37, b"000000000000")?;
    writer.put_text(41, b"T0000001")?;
    writer.put_text(42, b"M00000000000001")?;
    writer.put_text(49, b"392")?;
    writer.finish()
}

/// DE 4 of the request at that position, minor units.
pub(super) fn amount_of(sequence: u64) -> u64 {
    AMOUNT_FIRST + sequence % AMOUNTS
}

/// DE 37: the run, and the request's position in it, in base 32.
pub(super) fn reference(run: [u8; 4], mut sequence: u64) -> [u8; 12] {
    let mut text = [0; 12];
    text[..4].copy_from_slice(&run);
    for place in text[4..].iter_mut().rev() {
        *place = base_32(sequence);
        sequence >>= 5;
    }
    text
}

/// The run and the position in it that a reference says.
pub(super) fn sequence_of(reference: &[u8; 12]) -> ([u8; 4], u64) {
    let [a, b, c, d, digits @ ..] = reference;
    let value = |digit: &u8| DIGITS.iter().position(|one| one == digit).unwrap_or(0);
    let add = |sequence: u64, digit| sequence << 5 | u64::try_from(value(digit)).unwrap_or(0);
    ([*a, *b, *c, *d], digits.iter().fold(0, add))
}

/// Four characters for a run from a number that differs from run to run.
pub(super) fn run_name(number: u64) -> [u8; 4] {
    [base_32(number >> 15), base_32(number >> 10), base_32(number >> 5), base_32(number)]
}

/// The digit of the lowest five bits, without the letters that look like digits.
fn base_32(bits: u64) -> u8 {
    DIGITS[usize::from(bits.to_le_bytes()[0] & 31)]
}

/// Where `part` lies in `whole`, `begin` further on.
fn within(whole: &[u8], part: &[u8], begin: usize) -> Range<usize> {
    let from = part.as_ptr().addr() - whole.as_ptr().addr() + begin;
    from..from + part.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_says_its_run_and_its_place_in_it() {
        for sequence in [0, 1, 31, 32, 999_999_999] {
            let text = reference(run_name(777), sequence);
            assert_eq!(sequence_of(&text), (run_name(777), sequence));
        }
    }
}
