//! Messages of pyiso8583's documents and tests, in dialects as files: what it reads we read, and what
//! it refuses we refuse. EBCDIC and third bitmaps are not supported yet, and say so.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use std::fmt::Write as _;
use std::path::PathBuf;

use codec::{Affix, Class, Cut, Framing, Mti, Slots, Value, Writer};
use codec_specs::{Spec, load};
use expect_test::expect;
use serde_json::Value as Json;

fn vectors() -> Vec<Json> {
    let lines = include_str!("vectors.jsonl").lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn file(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "dialects", &format!("{name}.toml")].iter().collect()
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

/// The message without what stands in front of it, as a framing of such a header cuts it.
fn cut(vector: &Json) -> Vec<u8> {
    let bytes = bytes_of(vector["hex"].as_str().unwrap());
    let Some(header) = vector["header"].as_str() else { return bytes };
    let header = Affix::new(header.as_bytes()).unwrap();
    let framing = Framing { header, ..Framing::built_in("bin2").unwrap() };
    let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
    let frame = [&length, &bytes[..]].concat();
    let Cut::Frame { message, total } = framing.cut(&frame) else { panic!("{vector} is not cut") };
    assert_eq!(total, frame.len());
    frame[message].to_vec()
}

fn shown(value: Value<'_>) -> String {
    let mut room = vec![0; usize::from(value.units())];
    let bytes = value.write_text(&mut room).unwrap();
    if value.spec().class == Class::Binary {
        return bytes.iter().fold(String::new(), |shown, byte| shown + &format!("{byte:02X}"));
    }
    bytes.iter().copied().map(char::from).collect()
}

/// Reads the message and writes it again.
fn assert_reads(spec: &Spec, bytes: &[u8], vector: &Json) {
    let mut slots = Slots::new();
    let dialect = &spec.dialect;
    dialect.decode(bytes, &mut slots).unwrap_or_else(|error| panic!("{vector}: {error}"));
    let message = slots.message(dialect, bytes);
    assert_eq!(message.mti().to_string(), vector["mti"].as_str().unwrap(), "{vector}");
    let fields = vector["fields"].as_object().unwrap();
    assert_eq!(message.fields().iter().count(), fields.len(), "{vector}");
    let mut out = [0; 300];
    let mti: Mti = message.mti();
    let mut writer = Writer::new(dialect, &mut out, mti, message.fields()).unwrap();
    for n in message.fields() {
        let value = message.value(n).unwrap();
        assert_eq!(shown(value), fields[&n.to_string()].as_str().unwrap(), "{vector}");
        writer.put_value(n, value).unwrap();
    }
    let len = writer.finish().unwrap();
    assert_eq!(&out[..len], bytes, "{vector}");
}

#[test]
fn all_messages_are_read_and_written_again_or_refused_with_the_reason() {
    let mut refused = String::new();
    let (mut read, all) = (0, vectors());
    for vector in &all {
        let name = vector["dialect"].as_str().unwrap();
        let why = match load(&file(name)) {
            Err(mistakes) => {
                let mistake = &mistakes.as_slice()[0];
                format!("{name}.toml:{}: {}: {}", mistake.line, mistake.key, mistake.message)
            }
            Ok(spec) => {
                let bytes = cut(vector);
                if vector["fields"].is_object() {
                    assert_reads(&spec, &bytes, vector);
                    read += 1;
                    continue;
                }
                spec.dialect.decode(&bytes, &mut Slots::new()).unwrap_err().to_string()
            }
        };
        writeln!(refused, "{}: {why}", vector["description"].as_str().unwrap()).unwrap();
    }
    assert_eq!((all.len(), read), (27, 16));
    expect![[r#"
        EBCDIC (cp500) MTI, ASCII-hex bitmap: ebcdic-mti.toml:2: mti: "ebcdic" is EBCDIC, which is not supported yet; there is: ascii, bcd
        primary bitmap encoded as cp500, 12 fields each fixed 4 ASCII digits holding the field number: fours-ebcdic.toml:2: bitmap: "cp500" is EBCDIC, which is not supported yet; there is: hex, raw
        tertiary bitmap (DE65 bit set), ASCII hex; fields 130..190: DE 65 at byte 36: expected no third bitmap (not supported yet), found its bit set
        tertiary bitmap binary, primary ASCII hex: fours-third.toml:2: third_bitmap: third bitmaps are not supported yet; remove it
        length over max: DE 2 at byte 20: expected a length of at most 6, found a length of 7
        truncated data: DE 2 at byte 21: expected 6 bytes, found 5 bytes
        non-numeric length: DE 2 at byte 20: expected a decimal digit, found another byte (withheld)
        invalid BCD length nibble: DE 2 at byte 20: expected two packed decimal digits, found another byte (withheld)
        trailing bytes: message at byte 25: expected the end of the message, found 1 byte
        bitmap not hex: bitmap at byte 4: expected a hexadecimal character, found 0x69
        secondary bitmap missing: bitmap at byte 20: expected 16 bytes, found 0 bytes
    "#]].assert_eq(&refused);
}
