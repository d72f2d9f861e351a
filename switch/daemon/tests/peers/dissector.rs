//! tshark, asked what it reads in messages. Must not know how we read them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;
use std::process::Command;

use serde_json::{Map, Value};

use crate::capture::{self, HEADERS, PORT};
use crate::place::Directory;

/// What it read in one message, everything as it stands on the wire.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Dissected {
    pub(crate) mti: String,
    /// The bitmaps, in hex.
    pub(crate) bitmaps: String,
    /// By number: where the value begins in the message, and the value.
    pub(crate) fields: BTreeMap<u8, (usize, Vec<u8>)>,
    /// It stopped at something that it takes for malformed.
    pub(crate) is_malformed: bool,
}

/// Reads these messages, framed by two bytes of length.
pub(crate) fn dissect(messages: &[Vec<u8>]) -> Vec<Dissected> {
    let directory = Directory::new();
    let path = directory.path().join("messages.pcap");
    let payloads: Vec<Vec<u8>> = messages.iter().map(|message| framed(message)).collect();
    let mut file = BufWriter::new(File::create(&path).expect("the directory takes a file"));
    capture::write(&mut file, &payloads).expect("the file takes all");
    drop(file);

    let mut tshark = Command::new("timeout");
    tshark.args(["60", "tshark"]);
    // Nobody's own settings.
    tshark.env("XDG_CONFIG_HOME", directory.path()).env("HOME", directory.path());
    tshark.arg("-r").arg(&path);
    tshark.args(["-n", "-T", "json", "-x", "--no-duplicate-keys", "-j", "iso8583"]);
    tshark.args(["-d", &format!("tcp.port=={PORT},iso8583")]);
    tshark.args(["-o", "iso8583.len_endian:Big endian"]);
    tshark.args(["-o", "iso8583.charset:Digits represented as ASCII Characters"]);
    tshark.args(["-o", "iso8583.binencode:Bin data represented as Hex Ascii characters"]);
    let output = tshark.output().expect("tshark runs: tools/setup installs it");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let packets: Vec<Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    let read: Vec<Dissected> = packets.iter().map(read).collect();
    assert_eq!(read.len(), messages.len(), "{said}");
    read
}

fn framed(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).expect("two bytes tell it");
    [&length.to_be_bytes(), message].concat()
}

/// One packet: beside each name stands `name_raw`, with the bytes in hex and where they begin.
fn read(packet: &Value) -> Dissected {
    let layer = &packet["_source"]["layers"]["iso8583"];
    let mut dissected = Dissected { is_malformed: has_malformed(layer), ..Dissected::default() };
    for (name, raw) in layer.as_object().unwrap_or(&Map::new()) {
        let Some(name) = name.strip_prefix("iso8583.").and_then(|name| name.strip_suffix("_raw"))
        else {
            continue;
        };
        let bytes = bytes_of(raw[0].as_str().expect("hex"));
        let place = raw[1].as_u64().and_then(|place| usize::try_from(place).ok());
        let place = place.expect("a place").saturating_sub(HEADERS + 2);
        match (name, name.strip_prefix("bit")) {
            ("mti", _) => dissected.mti = text_of(bytes),
            ("map1" | "map2", _) => dissected.bitmaps.push_str(&text_of(bytes)),
            (_, Some(n)) => {
                let n = n.parse().expect("the number of a field");
                dissected.fields.insert(n, (place, bytes));
            }
            _ => {}
        }
    }
    dissected
}

/// Whether anything in it was found to be malformed.
fn has_malformed(value: &Value) -> bool {
    let Some(object) = value.as_object() else { return false };
    object.iter().any(|(name, value)| name.contains("alformed") || has_malformed(value))
}

fn text_of(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("ASCII")
}

pub(crate) fn bytes_of(hex: &str) -> Vec<u8> {
    let pair = |at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
    (0..hex.len()).step_by(2).map(|at| pair(at).expect("two digits of hex")).collect()
}
