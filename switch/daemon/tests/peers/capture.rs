//! A file of packets as a network tap would write it: messages over one TCP connection, one a packet.
//! Must not know what a message is.
//!
//! The classic pcap format: a header, then each packet behind its time and its two lengths.

use std::io::{self, Write};

/// The port that the messages go to.
pub(crate) const PORT: u16 = 7001;
/// Bytes of a packet before its payload: IPv4 and TCP, both without options.
pub(crate) const HEADERS: usize = 40;

const SENDER: u16 = 40_000;
const MAGIC: u32 = 0xA1B2_C3D4;
/// Packets begin with their IP header.
const RAW_IP: u32 = 101;
const PACKET_MAX: u32 = 65_535;
const LOOPBACK: [u8; 4] = [127, 0, 0, 1];

/// Writes the file. Checksums are zero, which readers take for work left to the network card.
pub(crate) fn write(file: &mut impl Write, payloads: &[Vec<u8>]) -> io::Result<()> {
    file.write_all(&MAGIC.to_be_bytes())?;
    file.write_all(&[0, 2, 0, 4])?;
    file.write_all(&[0; 8])?;
    file.write_all(&PACKET_MAX.to_be_bytes())?;
    file.write_all(&RAW_IP.to_be_bytes())?;
    let mut sequence = 1_u32;
    for (second, payload) in (1_u32..).zip(payloads) {
        let length = u16::try_from(HEADERS + payload.len()).expect("a packet has room for it");
        for word in [second, 0, length.into(), length.into()] {
            file.write_all(&word.to_be_bytes())?;
        }
        internet_header(file, length)?;
        tcp_header(file, sequence)?;
        file.write_all(payload)?;
        sequence += u32::from(length) - 40;
    }
    Ok(())
}

fn internet_header(file: &mut impl Write, length: u16) -> io::Result<()> {
    file.write_all(&[0x45, 0])?;
    file.write_all(&length.to_be_bytes())?;
    // No fragments, 64 hops, TCP.
    file.write_all(&[0, 0, 0x40, 0, 64, 6, 0, 0])?;
    file.write_all(&LOOPBACK)?;
    file.write_all(&LOOPBACK)
}

fn tcp_header(file: &mut impl Write, sequence: u32) -> io::Result<()> {
    file.write_all(&SENDER.to_be_bytes())?;
    file.write_all(&PORT.to_be_bytes())?;
    file.write_all(&sequence.to_be_bytes())?;
    file.write_all(&1_u32.to_be_bytes())?;
    // Five words, pushed and acknowledged, a wide window.
    file.write_all(&[0x50, 0x18, 0xFF, 0xFF, 0, 0, 0, 0])
}
