//! Every built-in framing, with a length that counts itself and one that does not, with and without
//! header and trailer: cut whole and in pieces, refused where it is wrong. From outside, as a link
//! sees it.

use codec::{Affix, Cut, Framing, FramingError, Tpdu, TpduUse};
use proptest::prelude::*;

const HEADER: &[u8] = b"ISO012";
const TRAILER: &[u8] = b"\x03\x0A";

/// A framing, and what people call it.
fn variants() -> Vec<(String, Framing)> {
    let mut all = Vec::new();
    for name in Framing::NAMES {
        let plain = Framing::built_in(name).expect("it has a name");
        for bits in 0..8 {
            let affix = |wanted, bytes| {
                let bytes = if wanted { bytes } else { &[][..] };
                Affix::new(bytes).expect("it is short")
            };
            let framing = Framing {
                includes_self: bits & 1 != 0,
                header: affix(bits & 2 != 0, HEADER),
                trailer: affix(bits & 4 != 0, TRAILER),
                ..plain
            };
            all.push((format!("{name} {bits:03b}"), framing));
        }
    }
    all
}

fn frame(framing: &Framing, message: &[u8]) -> Vec<u8> {
    let mut out = vec![0xEE; message.len() + framing.overhead()];
    let begin = framing.open(message.len(), &mut out).expect("it fits");
    let end = begin + message.len();
    out[begin..end].copy_from_slice(message);
    let trailer = framing.close(message.len(), &mut out[end..]).expect("it fits");
    out.truncate(end + trailer);
    out
}

/// Where the message of a frame is, and how long the frame is.
fn whole(framing: &Framing, bytes: &[u8]) -> (std::ops::Range<usize>, usize) {
    match framing.cut(bytes) {
        Cut::Frame { message, total } => (message, total),
        other @ (Cut::Incomplete { .. } | Cut::Bad(_)) => panic!("no frame: {other:?}"),
    }
}

#[test]
fn each_name_is_a_framing_of_its_own_and_no_other_name_is_one() {
    let built_in = Framing::NAMES.map(|name| Framing::built_in(name).expect("it has a name"));
    for (place, framing) in built_in.iter().enumerate() {
        assert!(!built_in[..place].contains(framing), "{}", Framing::NAMES[place]);
    }
    for name in ["", "bin3", "BIN2", "bin2 ", "ascii", "nac2"] {
        assert_eq!(Framing::built_in(name), None, "{name}");
    }
}

#[test]
fn each_built_in_framing_has_its_bytes() {
    for (name, bytes) in [
        ("bin2", &b"\x01\x02"[..]),
        ("bin2le", b"\x02\x01"),
        ("bin4", b"\x00\x00\x01\x02"),
        ("ascii4", b"0258"),
        ("bcd2", b"\x02\x58"),
        ("vml", b"\x01\x02\x00\x00"),
        ("nac", b"\x01\x07\x60\x00\x00\x00\x00"),
    ] {
        let framing = Framing::built_in(name).expect("it has a name");
        let message = [b'x'; 258];
        assert_eq!(frame(&framing, &message), [bytes, &message].concat(), "{name}");
    }
}

#[test]
fn everything_stands_in_its_order_and_is_counted_or_not() {
    let framing = Framing {
        includes_self: true,
        reserved: 2,
        header: Affix::new(HEADER).unwrap(),
        trailer: Affix::new(TRAILER).unwrap(),
        ..Framing::built_in("nac").unwrap()
    };
    let bytes = frame(&framing, b"hello");
    assert_eq!(bytes, b"\x00\x14\x00\x00\x60\x00\x00\x00\x00ISO012hello\x03\x0A");
    assert_eq!(whole(&framing, &bytes), (15..20, 22));
}

#[test]
fn a_frame_is_cut_whole_and_not_before_wherever_it_is_split() {
    for (name, framing) in variants() {
        for len in [1, 2, 9, 10, 99, 100, 255, 256, 1_000] {
            let message = vec![b'm'; len];
            let bytes = frame(&framing, &message);
            for split in 0..bytes.len() {
                let Cut::Incomplete { need } = framing.cut(&bytes[..split]) else {
                    panic!("{name}: {split} of {} bytes", bytes.len());
                };
                assert!(split < need && need <= bytes.len(), "{name}: {split} {need}");
            }
            let (place, total) = whole(&framing, &bytes);
            assert_eq!((&bytes[place], total), (&message[..], bytes.len()), "{name}");
        }
    }
}

#[test]
fn frames_one_behind_the_other_are_cut_one_after_the_other() {
    for (name, framing) in variants() {
        let messages = [&b"first"[..], b"", b"second", b"3"];
        let stream = messages.map(|message| frame(&framing, message)).concat();
        let mut left = &stream[..];
        for message in messages {
            let (place, total) = whole(&framing, left);
            assert_eq!(&left[place], message, "{name}");
            left = &left[total..];
        }
        assert_eq!(left, b"", "{name}");
    }
}

#[test]
fn a_keep_alive_is_prefix_and_reserved_bytes_alone() {
    for (name, framing) in variants() {
        let bytes = frame(&framing, b"");
        let message = frame(&framing, b"m");
        assert!(bytes.len() < message.len() && bytes.len() <= 4, "{name}");
        assert_eq!(whole(&framing, &bytes), (bytes.len()..bytes.len(), bytes.len()), "{name}");
        assert_eq!(framing.tpdu_back(&bytes), Tpdu::default(), "{name}");
    }
}

#[test]
fn a_message_is_taken_up_to_the_longest_and_refused_above_before_it_is_there() {
    for (name, framing) in variants() {
        let bytes = frame(&framing, &[b'm'; Framing::MESSAGE_MAX]);
        assert_eq!(whole(&framing, &bytes).0.len(), Framing::MESSAGE_MAX, "{name}");
        let one_less = Framing { max: Framing::MESSAGE_MAX - 1, ..framing };
        let (message, max) = (Framing::MESSAGE_MAX, Framing::MESSAGE_MAX - 1);
        let too_long = FramingError::TooLong { message, max };
        assert_eq!(one_less.cut(&bytes[..4]), Cut::Bad(too_long), "{name}");
        assert_eq!(one_less.open(message, &mut [0; 64]), Err(too_long), "{name}");
    }
}

/// A length as a framing writes it, with the reserved bytes behind it.
fn told(name: &str, length: u16) -> Vec<u8> {
    match name.split(' ').next().unwrap_or_default() {
        "bin2" | "nac" => length.to_be_bytes().to_vec(),
        "bin2le" => length.to_le_bytes().to_vec(),
        "bin4" => u32::from(length).to_be_bytes().to_vec(),
        "ascii4" => format!("{length:04}").into_bytes(),
        "bcd2" => {
            let digits = format!("{length:04}").into_bytes();
            digits.as_chunks().0.iter().map(|[high, low]| high << 4 | low & 0xF).collect()
        }
        "vml" => [&length.to_be_bytes()[..], &[0, 0]].concat(),
        other => panic!("{other}"),
    }
}

#[test]
fn a_length_that_does_not_cover_what_it_counts_is_refused_before_more_is_there() {
    for (name, framing) in variants() {
        let own = if framing.includes_self { told(&name, 0).len() } else { 0 };
        let tpdu = framing.tpdu.map_or(0, |_| Tpdu::LEN);
        let least = own + tpdu + framing.header.bytes().len();
        for length in 0..=least {
            let bytes = told(&name, u16::try_from(length).unwrap());
            let cut = framing.cut(&bytes);
            if length == own {
                assert!(matches!(cut, Cut::Frame { .. }), "{name}: a keep-alive, {cut:?}");
            } else if length < least {
                assert_eq!(cut, Cut::Bad(FramingError::TooShort { length, least }), "{name}");
            } else {
                assert!(matches!(cut, Cut::Incomplete { .. }), "{name}: {cut:?}");
            }
        }
    }
}

#[test]
fn a_header_without_a_message_is_a_frame_without_one() {
    for (name, framing) in variants() {
        let header = framing.header.bytes().len() + framing.tpdu.map_or(0, |_| Tpdu::LEN);
        let own = if framing.includes_self { told(&name, 0).len() } else { 0 };
        if header > 0 {
            let mut bytes = told(&name, u16::try_from(own + header).unwrap());
            bytes.extend(vec![b'h'; header]);
            bytes.extend(framing.trailer.bytes());
            let (message, total) = whole(&framing, &bytes);
            assert_eq!((message.len(), total), (0, bytes.len()), "{name}");
        }
    }
}

#[test]
fn a_digit_that_is_none_is_refused_at_its_place_whatever_stands_around_the_message() {
    for (name, framing) in variants() {
        for place in 0..4 {
            let mut bytes = frame(&framing, &[b'm'; 20]);
            let wrong = match name.split(' ').next() {
                Some("ascii4") => b"/:A\0".to_vec(),
                Some("bcd2") if place < 2 => vec![0x0A, 0xA0, 0xFF],
                Some("vml") if place >= 2 => vec![1, 0xFF],
                _ => continue,
            };
            for byte in wrong {
                bytes[place] = byte;
                let refused = Cut::Bad(FramingError::Prefix { offset: place, byte });
                assert_eq!(framing.cut(&bytes[..4]), refused, "{name}");
                assert_eq!(framing.cut(&bytes), refused, "{name}");
            }
        }
    }
}

#[test]
fn a_trailer_that_is_another_is_refused_and_one_that_is_not_there_yet_is_awaited() {
    for (name, framing) in variants() {
        let mut bytes = frame(&framing, b"message");
        if framing.trailer.bytes().is_empty() {
            continue;
        }
        let offset = bytes.len() - TRAILER.len();
        let need = bytes.len();
        assert_eq!(framing.cut(&bytes[..offset]), Cut::Incomplete { need }, "{name}");
        for place in [offset, offset + 1] {
            bytes[place] ^= 1;
            assert_eq!(framing.cut(&bytes), Cut::Bad(FramingError::Trailer { offset }), "{name}");
            bytes[place] ^= 1;
        }
    }
}

#[test]
fn what_stands_in_the_header_of_what_comes_in_is_not_looked_at() {
    for (name, framing) in variants() {
        let header = framing.header.bytes();
        let mut bytes = frame(&framing, b"message");
        let (message, total) = whole(&framing, &bytes);
        bytes[message.start - header.len()..message.start].fill(0xFF);
        assert_eq!(whole(&framing, &bytes), (message, total), "{name}");
    }
}

#[test]
fn the_tpdu_of_a_frame_comes_back_in_its_answer_wherever_it_stands() {
    for (name, framing) in variants() {
        let came = Tpdu([0x68, 0x12, 0x34, 0x00, 0x03]);
        let mut bytes = [0; 64];
        let begin = framing.open_with(Some(came), 3, &mut bytes).unwrap();
        let end = begin + 3;
        let total = end + framing.close(3, &mut bytes[end..]).unwrap();
        assert_eq!(whole(&framing, &bytes), (begin..end, total), "{name}");
        let back = framing.tpdu_back(&bytes[..total]);
        if name.starts_with("nac") {
            assert_eq!(back, Tpdu([0x68, 0x00, 0x03, 0x12, 0x34]), "{name}");
            let same = TpduUse { swaps: false, ..TpduUse::PLAIN };
            let same = Framing { tpdu: Some(same), ..framing };
            assert_eq!(same.tpdu_back(&bytes[..total]), came, "{name}");
        } else {
            assert_eq!(back, Tpdu::default(), "{name}");
            assert_eq!(bytes[..total], frame(&framing, &[0; 3]), "{name}: it has no place for it");
        }
    }
}

proptest! {
    #[test]
    fn random_bytes_are_a_frame_or_not_and_never_more_than_is_there(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        tpdu: [u8; 5],
    ) {
        for (name, framing) in variants() {
            match framing.cut(&bytes) {
                Cut::Frame { message, total } => {
                    prop_assert!(message.end <= total && total <= bytes.len(), "{name}");
                    framing.tpdu_back(&bytes[..total]);
                }
                Cut::Incomplete { need } => prop_assert!(need > bytes.len(), "{name}"),
                Cut::Bad(error) => prop_assert!(!error.to_string().is_empty()),
            }
            framing.tpdu_back(&bytes);
            let mut out = [0; 64];
            prop_assert!(framing.open_with(Some(Tpdu(tpdu)), bytes.len(), &mut out).is_ok());
        }
    }

    #[test]
    fn what_was_framed_is_cut_out_of_a_stream_that_comes_in_any_pieces(
        variant in prop::sample::select(variants()),
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..6),
        pieces in prop::collection::vec(1..200_usize, 1..20),
    ) {
        let (name, framing) = variant;
        let stream: Vec<u8> = messages.iter().flat_map(|message| frame(&framing, message)).collect();
        let (mut carry, mut found) = (Vec::new(), Vec::new());
        let (mut rest, mut sizes) = (&stream[..], pieces.iter().cycle());
        while !rest.is_empty() {
            let size = sizes.next().copied().unwrap_or(1).min(rest.len());
            let (piece, behind) = rest.split_at(size);
            carry.extend_from_slice(piece);
            rest = behind;
            while let Cut::Frame { message, total } = framing.cut(&carry) {
                found.push(carry[message].to_vec());
                carry.drain(..total);
            }
        }
        prop_assert_eq!(found, messages, "{}", name);
        prop_assert!(carry.is_empty());
    }
}
