//! The messages that jPOS packed: each decodes as it says and encodes back to the same bytes;
//! each truncation is refused.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use codec::{Class, DecodeError, Dialect, Fields, Form, Mti, Side, Slots, Writer, built_in};
use serde_json::Value;

fn vectors(dialect: &str) -> (Vec<Value>, Vec<Value>) {
    let lines = match dialect {
        "iso93-ascii" => include_str!("vectors/iso93-ascii.jsonl"),
        _ => include_str!("vectors/iso93-binary.jsonl"),
    };
    let parsed = lines.lines().map(|line| serde_json::from_str(line).unwrap());
    parsed.partition(|vector: &Value| vector.get("fields").is_some())
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

/// A value as the vectors show it: binary in upper-case hex, the rest as Latin-1.
fn shown(value: codec::Value<'_>) -> String {
    let mut room = vec![0; usize::from(value.units())];
    let bytes = value.write_text(&mut room).unwrap();
    if value.spec().class == Class::Binary {
        bytes.iter().fold(String::new(), |shown, byte| shown + &format!("{byte:02X}"))
    } else {
        bytes.iter().copied().map(char::from).collect()
    }
}

fn encode(dialect: &Dialect, vector: &Value) -> Vec<u8> {
    let mti = u16::from_str_radix(vector["mti"].as_str().unwrap(), 16).unwrap();
    let fields = vector["fields"].as_object().unwrap();
    let numbers: Vec<u8> = fields.keys().map(|n| n.parse().unwrap()).collect();
    let set = Fields::of(&numbers);
    let mut out = vec![0; 40_000];
    let mut writer = Writer::new(dialect, &mut out, Mti::of(mti), set).unwrap();
    for n in set {
        let text = fields[&n.to_string()].as_str().unwrap();
        if dialect.field(n).unwrap().class == Class::Binary {
            writer.put_binary(n, &bytes_of(text)).unwrap();
        } else {
            let latin: Vec<u8> = text.chars().map(|c| u8::try_from(c).unwrap()).collect();
            writer.put_text(n, &latin).unwrap();
        }
    }
    let len = writer.finish().unwrap();
    out.truncate(len);
    out
}

#[test]
fn every_message_decodes_as_it_says_and_encodes_back() {
    for name in ["iso93-ascii", "iso93-binary"] {
        let dialect = built_in(name).unwrap();
        let (messages, _) = vectors(name);
        assert_eq!(messages.len(), 40);
        let mut slots = Slots::new();
        for vector in &messages {
            let bytes = bytes_of(vector["hex"].as_str().unwrap());
            let id = vector["id"].as_str().unwrap();
            dialect.decode(&bytes, &mut slots).unwrap_or_else(|error| panic!("{id}: {error}"));
            let message = slots.message(dialect, &bytes);
            assert_eq!(message.mti().to_string(), vector["mti"].as_str().unwrap(), "{id}");
            let expected = vector["fields"].as_object().unwrap();
            assert_eq!(message.fields().iter().count(), expected.len(), "{id}");
            for n in message.fields() {
                let value = message.value(n).unwrap();
                assert_eq!(shown(value), expected[&n.to_string()].as_str().unwrap(), "{id} DE {n}");
            }
            assert_eq!(encode(dialect, vector), bytes, "{id}");
        }
    }
}

#[test]
fn every_truncation_is_refused_and_what_stood_before_is_told() {
    for name in ["iso93-ascii", "iso93-binary"] {
        let dialect = built_in(name).unwrap();
        let (_, truncations) = vectors(name);
        assert_eq!(truncations.len(), 40);
        let mut slots = Slots::new();
        for vector in &truncations {
            let bytes = bytes_of(vector["hex"].as_str().unwrap());
            let id = vector["id"].as_str().unwrap();
            let error: DecodeError = dialect.decode(&bytes, &mut slots).unwrap_err();
            assert!(error.offset <= bytes.len(), "{id}: {error}");
            let message = slots.message(dialect, &bytes);
            assert_eq!(message.fields(), error.parsed, "{id}");
            assert!(error.parsed.iter().all(|n| n < error.field && message.value(n).is_some()));
        }
    }
}

#[test]
fn the_built_in_tables_are_those_of_the_reference() {
    for (table, names) in [
        (include_str!("vectors/iso87.csv"), ["iso87-ascii", "iso87-binary"]),
        (include_str!("vectors/iso93.csv"), ["iso93-ascii", "iso93-binary"]),
    ] {
        let lines: Vec<Vec<&str>> =
            table.lines().skip(1).map(|line| line.split(',').collect()).collect();
        assert_eq!(lines.len(), 129, "MTI, bitmap and the data elements");
        for (name, at) in names.into_iter().zip([1, 4]) {
            let dialect = built_in(name).unwrap();
            assert_eq!(dialect.mti_form() == Form::Chars, lines[0][at] == "IFA_NUMERIC");
            assert_eq!(dialect.bitmap_form() == Form::Hex, lines[1][at] == "IFA_BITMAP");
            for line in &lines[2..] {
                let n: u8 = line[0].parse().unwrap();
                let spec = dialect.field(n).unwrap();
                assert_eq!(jpos_class(spec), line[at], "{name} DE {n}");
                assert_eq!(spec.max.to_string(), line[at + 1], "{name} DE {n}");
                assert_eq!(zero_nibble(spec.form), line[at + 2], "{name} DE {n}");
            }
        }
    }
}

/// Where 1987 differs from 1993: zeros in front of an odd number of digits, behind where a length is
/// told; a separator in DE 35; amounts with a sign; DE 65 of one byte.
#[test]
fn messages_of_1987_have_these_bytes() {
    let values: [(u8, &str); 9] = [
        (2, "378282246310005"),
        (3, "000000"),
        (22, "021"),
        (28, "D00000150"),
        (32, "77334000001"),
        (35, "378282246310005=28122"),
        (39, "00"),
        (52, "0102030405060708"),
        (65, "00"),
    ];
    let ascii = "0200E000041122001000800000000000000015378282246310005000000021D00000150\
                 117733400000121378282246310005=2812200010203040506070800";
    let binary = [
        "0200",
        "E000041122001000",
        "8000000000000000",
        "15",
        "3782822463100050",
        "000000",
        "0021",
        "4400000150",
        "11",
        "773340000010",
        "21",
        "378282246310005D281220",
        "3030",
        "0102030405060708",
        "00",
    ];
    let fields: serde_json::Map<String, Value> =
        values.iter().map(|(n, value)| (n.to_string(), Value::from(*value))).collect();
    let vector = serde_json::json!({ "mti": "0200", "fields": fields });
    let plain = encode(built_in("iso87-ascii").unwrap(), &vector);
    assert_eq!(String::from_utf8(plain).unwrap(), ascii);
    let packed = encode(built_in("iso87-binary").unwrap(), &vector);
    let shown = packed.iter().fold(String::new(), |shown, byte| shown + &format!("{byte:02X}"));
    assert_eq!(shown, binary.concat());
}

#[test]
fn track_2_of_1987_takes_a_separator_and_other_digits_take_none() {
    for name in ["iso87-ascii", "iso87-binary"] {
        let dialect = built_in(name).unwrap();
        let tracks = (2..=128).filter(|&n| dialect.field(n).unwrap().class == Class::Track);
        assert_eq!(tracks.collect::<Vec<_>>(), [35], "{name}");
    }
}

/// Where an odd number of digits gets its zero nibble, in the table's words.
fn zero_nibble(form: Form) -> &'static str {
    match form {
        Form::Packed { zero: Side::Left } => "left",
        Form::Packed { zero: Side::Right } => "right",
        Form::Chars | Form::Hex | Form::Raw => "",
    }
}

/// The jPOS class that a specification is equal to.
fn jpos_class(spec: codec::FieldSpec) -> String {
    use codec::Length;
    let (lengths, packed_prefix) = match spec.length {
        Length::Fixed => ("", false),
        Length::Var { digits: 2, packed } => ("LL", packed),
        Length::Var { packed, .. } => ("LLL", packed),
    };
    let packed =
        packed_prefix || matches!((spec.form, lengths), (Form::Packed { .. }, _) | (Form::Raw, ""));
    let kind = match (spec.class, lengths) {
        (Class::Digits, "") => "NUMERIC",
        (Class::Digits | Class::Track, _) => "NUM",
        (Class::Amount, _) => "AMOUNT",
        (Class::Text, _) => "CHAR",
        (Class::Binary, _) => "BINARY",
    };
    match (packed, spec.class, lengths) {
        (false, Class::Text, "") => "IF_CHAR".into(),
        (true, _, _) => format!("IFB_{lengths}{kind}"),
        (false, _, _) => format!("IFA_{lengths}{kind}"),
    }
}
