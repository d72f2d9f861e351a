//! tshark reads in our ASCII messages what we read in them: type, bitmaps, and of every field place
//! and value. Must not know how tshark is asked.

use codec::{Class, Dialect, Fields, Form, Length, Mti, Slots, Writer};
use serde_json::Value;

use crate::dice::{Dice, Kind};
use crate::dissector::{Dissected, bytes_of, dissect};
use crate::edition::{Edition, ISO87, ISO93};
use crate::message::Message;
use crate::party::vectors;

/// The fewest messages of an edition.
const MESSAGES_MIN: usize = 200;

/// What tshark's table says otherwise than jPOS's.
struct Otherwise {
    /// Fields of another length or form, with what tshark takes them for.
    laid_out: &'static [(u8, &'static str)],
    /// Fields of letters and digits only.
    alphanumeric: &'static [u8],
    /// Fields of digits only.
    numeric: &'static [u8],
    /// Fields without letters.
    without_letters: &'static [u8],
}

const OTHERWISE_93: Otherwise = Otherwise {
    laid_out: &[
        (15, "4 digits, not 6"),
        (53, "always 48 bytes, in hex"),
        (55, "bytes in hex"),
        (65, "a third bitmap"),
        (71, "6 digits, not 8"),
        (96, "bytes in hex"),
    ],
    alphanumeric: &[22, 37, 38, 49, 50, 51, 99],
    numeric: &[],
    without_letters: &[34],
};

const OTHERWISE_87: Otherwise = Otherwise {
    laid_out: &[
        (53, "8 digits, not 16"),
        (65, "a third bitmap"),
        (86, "15 digits, not 16"),
        (87, "15 digits, not 16"),
        (88, "15 digits, not 16"),
        (89, "15 digits, not 16"),
        (93, "5 digits, not 6 characters"),
        (96, "8 bytes, not 16"),
    ],
    alphanumeric: &[36, 37, 38, 39, 50, 51, 54],
    numeric: &[92],
    without_letters: &[34],
};

impl Otherwise {
    fn lays_out(&self, n: u8) -> bool {
        self.laid_out.iter().any(|&(field, _)| field == n)
    }

    /// The value with nothing in it that tshark refuses in that field, as long as before.
    fn narrowed(&self, n: u8, value: &str) -> String {
        let instead = |c: char| match c {
            c if self.numeric.contains(&n) && !c.is_ascii_digit() => '7',
            c if self.alphanumeric.contains(&n) && !c.is_ascii_alphanumeric() => 'x',
            c if self.without_letters.contains(&n) && c.is_ascii_alphabetic() => '.',
            c => c,
        };
        value.chars().map(instead).collect()
    }
}

fn ascii(edition: &Edition) -> &'static Dialect {
    codec::built_in(edition.ascii.dialect).expect("it is built in")
}

fn write(dialect: &Dialect, message: &Message) -> Vec<u8> {
    let mti = u16::from_str_radix(&message.mti, 16).expect("four digits");
    let numbers: Vec<u8> = message.fields.keys().copied().collect();
    let mut out = vec![0; 65_535];
    let mut writer = Writer::new(dialect, &mut out, Mti::of(mti), Fields::of(&numbers))
        .expect("fields of the dialect");
    for (&n, text) in &message.fields {
        let class = dialect.field(n).expect("a field of the dialect").class;
        let put = if class == Class::Binary {
            writer.put_binary(n, &bytes_of(text))
        } else {
            writer.put_text(n, text.as_bytes())
        };
        put.unwrap_or_else(|error| panic!("DE {n} {text}: {error}"));
    }
    let length = writer.finish().expect("every field was put");
    out.truncate(length);
    out
}

/// What we read, as it stands on the wire.
fn read(dialect: &Dialect, bytes: &[u8]) -> Dissected {
    let mut slots = Slots::new();
    dialect.decode(bytes, &mut slots).unwrap_or_else(|error| panic!("{error}"));
    let message = slots.message(dialect, bytes);
    let has_second = message.fields().iter().any(|n| n > 64);
    let end = if has_second { 4 + 32 } else { 4 + 16 };
    let bitmaps = String::from_utf8_lossy(&bytes[4..end]).into_owned();
    let mut read = Dissected { mti: message.mti().to_string(), bitmaps, ..Dissected::default() };
    for n in message.fields() {
        let (value, wire) = (message.value(n).expect("it is there"), message.wire(n));
        let wire = wire.expect("it is there");
        let prefix = match value.spec().length {
            Length::Fixed => 0,
            Length::Var { digits, .. } => usize::from(digits),
        };
        let mut text = vec![0; usize::from(value.units())];
        let mut text = value.write_text(&mut text).expect("as long as it says").to_vec();
        if value.spec().form == Form::Hex {
            text = text.iter().flat_map(|byte| format!("{byte:02X}").into_bytes()).collect();
        }
        let place = wire.as_ptr().addr() - bytes.as_ptr().addr() + prefix;
        read.fields.insert(n, (place, text));
    }
    read
}

/// Reads messages both ways and compares.
fn compare(dialect: &Dialect, messages: &[Message]) {
    let bytes: Vec<Vec<u8>> = messages.iter().map(|message| write(dialect, message)).collect();
    for ((theirs, bytes), message) in dissect(&bytes).iter().zip(&bytes).zip(messages) {
        assert_eq!(*theirs, read(dialect, bytes), "{message:?}");
    }
}

/// Every field at its shortest and longest (a length of nothing is malformed to tshark), then
/// messages of any fields.
fn generated(edition: &Edition, otherwise: &Otherwise) -> Vec<Message> {
    let (dialect, mut dice) = (ascii(edition), Dice(8583));
    let fields: Vec<u8> = dialect.fields().iter().filter(|&n| !otherwise.lays_out(n)).collect();
    let mut value = |n: u8, units: usize| {
        let spec = dialect.field(n).expect("a field of the dialect");
        let kinds = [
            (Class::Digits, Kind::Num),
            (Class::Track, Kind::Num),
            (Class::Amount, Kind::Amount),
            (Class::Binary, Kind::Binary),
        ];
        let kind = kinds.iter().find(|(class, _)| *class == spec.class);
        let kind = kind.map_or(Kind::Char, |&(_, kind)| kind);
        let most = usize::from(spec.max);
        let units = if spec.length == Length::Fixed { most } else { units.clamp(1, most) };
        let mut value = otherwise.narrowed(n, &dice.value(kind, units));
        if spec.class == Class::Track {
            value.replace_range(units / 2..=units / 2, "=");
        }
        value
    };
    let mut messages = Vec::new();
    for &n in &fields {
        for units in [1, 9_999] {
            let mti = edition.mti(messages.len());
            let (before, behind) = (Message::new(mti).with(3, value(3, 6)), value(127, 20));
            messages.push(before.with(127, behind).with(n, value(n, units)));
        }
    }
    for step in 1..100 {
        let mti = edition.mti(messages.len());
        let some = fields.iter().enumerate().filter(|(place, _)| place * 7 % step < 3);
        messages.push(some.fold(Message::new(mti), |all, (_, &n)| all.with(n, value(n, step))));
    }
    messages
}

fn reads_generated(edition: &Edition, otherwise: &Otherwise) {
    let messages = generated(edition, otherwise);
    assert!(messages.len() >= MESSAGES_MIN, "{} messages", messages.len());
    compare(ascii(edition), &messages);
}

/// The list above is no longer than it must be: tshark reads each of its fields otherwise, and
/// refuses what is changed in the others.
fn differs_as_listed(edition: &Edition, otherwise: &Otherwise) {
    let dialect = ascii(edition);
    let mut dice = Dice(8583);
    let mut messages = Vec::new();
    for &(n, _) in otherwise.laid_out {
        let spec = dialect.field(n).expect("a field of the dialect");
        let kind = if spec.class == Class::Binary { Kind::Binary } else { Kind::Num };
        messages.push((n, dice.value(kind, spec.max.into())));
    }
    let narrower = [otherwise.alphanumeric, otherwise.numeric, otherwise.without_letters];
    for (fields, refused) in narrower.into_iter().zip(["-", "A", "A"]) {
        for &n in fields {
            let most = dialect.field(n).expect("a field of the dialect").max;
            messages.push((n, refused.repeat(most.into())));
        }
    }
    let network = Message::new(edition.network).with(128, "0123456789ABCDEF");
    let messages: Vec<_> =
        messages.into_iter().map(|(n, value)| (n, network.clone().with(n, value))).collect();
    let bytes: Vec<_> = messages.iter().map(|(_, message)| write(dialect, message)).collect();
    for ((theirs, bytes), (n, _)) in dissect(&bytes).iter().zip(&bytes).zip(&messages) {
        assert_ne!(*theirs, read(dialect, bytes), "tshark reads DE {n} as we do");
    }
}

#[test]
fn tshark_reads_every_field_of_1993_as_we_do() {
    reads_generated(&ISO93, &OTHERWISE_93);
}

#[test]
fn tshark_differs_in_1993_only_as_listed() {
    differs_as_listed(&ISO93, &OTHERWISE_93);
}

#[test]
fn tshark_reads_every_field_of_1987_as_we_do() {
    reads_generated(&ISO87, &OTHERWISE_87);
}

#[test]
fn tshark_differs_in_1987_only_as_listed() {
    differs_as_listed(&ISO87, &OTHERWISE_87);
}

#[test]
fn tshark_reads_the_messages_that_jpos_packed_as_we_do() {
    let lines = std::fs::read_to_string(vectors("iso93-ascii.jsonl")).expect("vectors");
    let vectors = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let messages = vectors.filter(|vector| vector.get("fields").is_some()).map(|vector| {
        let message: Message = serde_json::from_value(vector).expect("a message");
        let unlike: Vec<u8> = OTHERWISE_93.laid_out.iter().map(|&(n, _)| n).collect();
        let mut message = message.without(&unlike);
        for (&n, text) in &mut message.fields {
            *text = OTHERWISE_93.narrowed(n, text);
        }
        message
    });
    let messages: Vec<Message> = messages.collect();
    assert_eq!(messages.len(), 40);
    compare(ascii(&ISO93), &messages);
}
