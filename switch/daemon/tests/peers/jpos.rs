//! pyiso8583, with the specification that the other tests give it, reads and writes what jPOS packed:
//! the witness is a good one. Knows no switch.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::configuration::Speech;
use crate::dissector::bytes_of;
use crate::edition::ISO93;
use crate::message::Message;
use crate::party::{Party, vectors};
use crate::patience::PATIENCE;

fn agrees_with_jpos(dialect: &'static str) {
    let speech = Speech { dialect, framing: "bin2" };
    let (mut party, address) = Party::listens(&ISO93, speech);
    let mut link = TcpStream::connect(address).expect("it listens");
    link.set_read_timeout(Some(PATIENCE)).expect("a socket takes timeouts");
    party.links_up();
    let lines = std::fs::read_to_string(vectors(&format!("{dialect}.jsonl"))).expect("vectors");
    let mut count = 0;
    for line in lines.lines() {
        let vector: Value = serde_json::from_str(line).expect("JSON");
        if vector.get("fields").is_none() {
            continue;
        }
        count += 1;
        let packed = bytes_of(vector["hex"].as_str().expect("hex"));
        let length = u16::try_from(packed.len()).expect("two bytes tell it");
        let frame = [&length.to_be_bytes(), packed.as_slice()].concat();
        link.write_all(&frame).expect("it reads");
        let message: Message = serde_json::from_value(vector).expect("a message");
        assert_eq!(party.hears(), message);

        party.sends(&message);
        let mut came = vec![0; frame.len()];
        link.read_exact(&mut came).expect("it writes as much");
        assert_eq!(came, frame);
    }
    assert_eq!(count, 40);
}

#[test]
fn pyiso8583_reads_and_writes_the_ascii_messages_of_jpos() {
    agrees_with_jpos("iso93-ascii");
}

#[test]
fn pyiso8583_reads_and_writes_the_packed_messages_of_jpos() {
    agrees_with_jpos("iso93-binary");
}
