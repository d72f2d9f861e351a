//! Frames cut and made, of framings as data. What holds for each built-in one is proved from
//! outside, in `tests/framings.rs`.

use super::*;
use proptest::prelude::*;
use std::string::String;
use std::vec::Vec;

const BIN2: Framing = Framing::of(Prefix::Binary { bytes: 2, little: false });

/// `nac`: a length of two bytes, then a TPDU that it counts.
fn nac() -> Framing {
    Framing { tpdu: Some(TpduUse { own: Tpdu([0x60, 0, 1, 0, 0]), swaps: true }), ..BIN2 }
}

/// `vml`: a length of two bytes, then two zero bytes that it does not count.
const VML: Framing = Framing { reserved: 2, ..BIN2 };

fn frame(framing: &Framing, message: &[u8]) -> Vec<u8> {
    let mut out = [0xEE; 9000];
    let front = framing.open(message.len(), &mut out).unwrap();
    let end = front + message.len();
    out[front..end].copy_from_slice(message);
    let total = end + framing.close(message.len(), &mut out[end..]).unwrap();
    out[..total].to_vec()
}

#[test]
fn each_prefix_writes_a_length_its_own_way() {
    let ascii4 = Framing::built_in("ascii4").unwrap();
    let little = Framing::of(Prefix::Binary { bytes: 2, little: true });
    let bin4 = Framing::of(Prefix::Binary { bytes: 4, little: false });
    let bcd2 = Framing::of(Prefix::Packed { bytes: 2 });
    let itself = Framing { includes_self: true, ..BIN2 };
    let footer = Framing { trailer: Affix::new(b"\x03").unwrap(), ..ascii4 };
    for (framing, bytes) in [
        (Framing::built_in("bin2").unwrap(), &b"\x00\x0Chello, world"[..]),
        (ascii4, b"0012hello, world"),
        (little, b"\x0C\x00hello, world"),
        (bin4, b"\x00\x00\x00\x0Chello, world"),
        (bcd2, b"\x00\x12hello, world"),
        (VML, b"\x00\x0C\x00\x00hello, world"),
        (nac(), b"\x00\x11\x60\x00\x01\x00\x00hello, world"),
        (itself, b"\x00\x0Ehello, world"),
        (footer, b"0012hello, world\x03"),
    ] {
        assert_eq!(frame(&framing, b"hello, world"), bytes, "{framing:?}");
        assert_eq!(bytes.len(), 12 + framing.overhead());
        let Cut::Frame { message, total } = framing.cut(bytes) else {
            panic!("{framing:?}: {:?}", framing.cut(bytes));
        };
        assert_eq!((&bytes[message], total), (&b"hello, world"[..], bytes.len()));
    }
    assert_eq!(Framing::built_in("bin3"), None);
}

#[test]
fn a_frame_is_cut_only_when_it_is_all_there() {
    let bytes = frame(&BIN2, b"abc");
    assert_eq!(BIN2.cut(&bytes[..0]), Cut::Incomplete { need: 2 });
    assert_eq!(BIN2.cut(&bytes[..1]), Cut::Incomplete { need: 2 });
    assert_eq!(BIN2.cut(&bytes[..2]), Cut::Incomplete { need: 5 });
    assert_eq!(BIN2.cut(&bytes[..4]), Cut::Incomplete { need: 5 });
    assert_eq!(BIN2.cut(&bytes), Cut::Frame { message: 2..5, total: 5 });
    let two = [bytes, frame(&BIN2, b"de")].concat();
    assert_eq!(BIN2.cut(&two), Cut::Frame { message: 2..5, total: 5 });
    assert_eq!(BIN2.cut(&two[5..]), Cut::Frame { message: 2..4, total: 4 });
}

#[test]
fn a_keep_alive_is_a_frame_of_nothing_with_neither_header_nor_trailer() {
    let framing = Framing { trailer: Affix::new(b"\x03").unwrap(), ..nac() };
    assert_eq!(frame(&framing, b""), [0, 0]);
    assert_eq!(framing.cut(&[0, 0]), Cut::Frame { message: 2..2, total: 2 });
    let itself = Framing { includes_self: true, ..BIN2 };
    assert_eq!(frame(&itself, b""), [0, 2]);
    assert_eq!(itself.cut(&[0, 2]), Cut::Frame { message: 2..2, total: 2 });
}

#[test]
fn a_message_is_taken_up_to_the_maximum() {
    let framing = Framing { max: 10, ..BIN2 };
    assert_eq!(framing.cut(&[0, 10]), Cut::Incomplete { need: 12 });
    let too_long = FramingError::TooLong { message: 11, max: 10 };
    assert_eq!(framing.cut(&[0, 11]), Cut::Bad(too_long));
    assert_eq!(framing.open(10, &mut [0; 2]), Ok(2));
    assert_eq!(framing.open(11, &mut [0; 2]), Err(too_long));
}

#[test]
fn a_message_is_sent_up_to_what_the_prefix_can_tell() {
    let ascii4 = Framing { max: 100_000, ..Framing::of(Prefix::Ascii { digits: 4 }) };
    assert_eq!(ascii4.open(9999, &mut [0; 4]), Ok(4));
    assert_eq!(
        ascii4.open(10_000, &mut [0; 4]),
        Err(FramingError::TooLong { message: 10_000, max: 9999 })
    );
    let itself = Framing { includes_self: true, ..ascii4 };
    assert_eq!(itself.open(9995, &mut [0; 4]), Ok(4));
    assert!(itself.open(9996, &mut [0; 4]).is_err());
    let huge =
        Framing { max: usize::MAX, ..Framing::of(Prefix::Binary { bytes: 4, little: true }) };
    assert_eq!(huge.open(0xFFFF_FFFF, &mut [0; 4]), Ok(4));
    assert!(huge.open(0x1_0000_0000, &mut [0; 4]).is_err());
}

#[test]
fn a_length_counts_at_least_what_it_must() {
    let nac = nac();
    assert_eq!(nac.cut(&[0, 5]), Cut::Incomplete { need: 7 });
    let short = FramingError::TooShort { length: 4, least: 5 };
    assert_eq!(nac.cut(&[0, 4]), Cut::Bad(short));
    let itself = Framing { includes_self: true, ..BIN2 };
    assert_eq!(itself.cut(&[0, 1]), Cut::Bad(FramingError::TooShort { length: 1, least: 2 }));
}

#[test]
fn what_is_no_length_is_refused_at_its_byte() {
    let bad = |framing: Framing, bytes: &[u8]| {
        let Cut::Bad(FramingError::Prefix { offset, byte }) = framing.cut(bytes) else {
            panic!("{:?}", framing.cut(bytes));
        };
        (offset, byte)
    };
    let ascii4 = Framing::built_in("ascii4").unwrap();
    assert_eq!(bad(ascii4, b"00:1"), (2, b':'));
    assert_eq!(bad(ascii4, b"/001"), (0, b'/'));
    assert_eq!(bad(Framing::of(Prefix::Packed { bytes: 2 }), &[0x00, 0x1A]), (1, 0x1A));
    assert_eq!(bad(VML, b"\x00\x01\x00\x07x"), (3, 7));
    assert_eq!(bad(VML, b"\x10\x00\x07"), (2, 7), "before the frame is whole");
}

#[test]
fn the_trailer_must_stand_where_the_message_ends() {
    let framing = Framing { trailer: Affix::new(b"\x03").unwrap(), ..BIN2 };
    assert_eq!(framing.cut(b"\x00\x02ab"), Cut::Incomplete { need: 5 });
    assert_eq!(framing.cut(b"\x00\x02ab\x03"), Cut::Frame { message: 2..4, total: 5 });
    assert_eq!(framing.cut(b"\x00\x02ab\x04"), Cut::Bad(FramingError::Trailer { offset: 4 }));
}

#[test]
fn a_frame_needs_room() {
    assert_eq!(BIN2.open(3, &mut [0; 1]), Err(FramingError::NoSpace));
    assert_eq!(nac().open(3, &mut [0; 6]), Err(FramingError::NoSpace));
    assert_eq!(nac().open(3, &mut [0; 7]), Ok(7));
    assert_eq!(Affix::new(&[0; 16]).map(|affix| affix.bytes().len()), Some(16));
    assert_eq!(Affix::new(&[0; 17]), None);
}

fn framings() -> impl Strategy<Value = Framing> {
    let prefix = prop_oneof![
        (1..=4_u8, any::<bool>()).prop_map(|(bytes, little)| Prefix::Binary { bytes, little }),
        (1..=6_u8).prop_map(|digits| Prefix::Ascii { digits }),
        (1..=3_u8).prop_map(|bytes| Prefix::Packed { bytes }),
    ];
    let affix = || prop::collection::vec(any::<u8>(), 0..=16);
    let tpdu = prop::option::of((any::<[u8; 5]>(), any::<bool>()))
        .prop_map(|tpdu| tpdu.map(|(own, swaps)| TpduUse { own: Tpdu(own), swaps }));
    (prefix, any::<bool>(), 0..4_u8, tpdu, affix(), affix(), 0..3000_usize).prop_map(
        |(prefix, includes_self, reserved, tpdu, header, trailer, max)| Framing {
            prefix,
            includes_self,
            reserved,
            tpdu,
            header: Affix::new(&header).unwrap(),
            trailer: Affix::new(&trailer).unwrap(),
            max,
        },
    )
}

proptest! {
    #[test]
    fn what_is_framed_is_cut_out_again(
        framing in framings(),
        message in prop::collection::vec(any::<u8>(), 0..2000),
        behind in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let mut message = message;
        if let Err(FramingError::TooLong { max, .. }) = framing.open(message.len(), &mut [0; 64]) {
            message.truncate(max);
        }
        let mut bytes = frame(&framing, &message);
        let whole = bytes.len();
        for cut in [0, whole / 2, whole - 1] {
            let Cut::Incomplete { need } = framing.cut(&bytes[..cut]) else {
                panic!("not incomplete at {cut} of {whole}");
            };
            prop_assert!(need > cut && need <= whole);
        }
        bytes.extend(behind);
        let Cut::Frame { message: found, total } = framing.cut(&bytes) else {
            panic!("no frame: {:?}", framing.cut(&bytes));
        };
        prop_assert_eq!((&bytes[found], total), (&message[..], whole));
    }

    #[test]
    fn random_bytes_are_cut_within_their_bounds(
        framing in framings(),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        match framing.cut(&bytes) {
            Cut::Frame { message, total } => {
                prop_assert!(message.start <= message.end && message.end <= total);
                prop_assert!(total <= bytes.len() && message.len() <= framing.max && total > 0);
            }
            Cut::Incomplete { need } => prop_assert!(need > bytes.len()),
            Cut::Bad(_) => {}
        }
    }

    #[test]
    fn the_short_way_for_plain_framings_is_the_long_way(
        prefix in prop::sample::select(std::vec![
            Prefix::Ascii { digits: 4 },
            Prefix::Binary { bytes: 2, little: false },
        ]),
        max in prop_oneof![0..300_usize, Just(9999), Just(10_000), Just(100_000)],
        len in prop_oneof![0..300_usize, 9990..10_010_usize, 65_530..65_540_usize],
        told in prop_oneof![
            "[0-9]{4}".prop_map(String::into_bytes),
            prop::collection::vec(b'.'..b'=', 0..6),
            prop::collection::vec(0..2_u8, 0..6),
        ],
        behind in 0..300_usize,
    ) {
        let framing = Framing { max, ..Framing::of(prefix) };
        let mut bytes = told;
        bytes.resize(bytes.len() + behind, b'0');
        prop_assert_eq!(framing.cut(&bytes), framing.cut_any(&bytes));
        for room in 0..6 {
            let (mut short, mut long) = ([0xEE; 6], [0xEE; 6]);
            let written = framing.open(len, &mut short[..room]);
            prop_assert_eq!(written, framing.open_any(None, len, &mut long[..room]));
            if written.is_ok() {
                prop_assert_eq!(short, long);
            }
        }
    }
}

#[test]
fn an_answer_carries_the_tpdu_of_its_request_with_its_addresses_exchanged() {
    let nac = nac();
    let came = b"\x00\x08\x60\x12\x34\x56\x78abc";
    let back = nac.tpdu_back(came);
    assert_eq!(back, Tpdu([0x60, 0x56, 0x78, 0x12, 0x34]));
    let mut out = [0xEE; 8];
    assert_eq!(nac.open_with(Some(back), 2, &mut out), Ok(7));
    assert_eq!(out, *b"\x00\x07\x60\x56\x78\x12\x34\xEE");
    let as_it_came = TpduUse { swaps: false, ..TpduUse::PLAIN };
    let same = Framing { tpdu: Some(as_it_came), ..nac };
    assert_eq!(same.tpdu_back(came), Tpdu([0x60, 0x12, 0x34, 0x56, 0x78]));
    assert_eq!(std::format!("{back} {back:?}"), "6056781234 Tpdu(6056781234)");
}

#[test]
fn a_framing_without_tpdu_has_none_to_return_and_no_place_for_one() {
    assert_eq!(BIN2.tpdu_back(b"\x00\x08\x60\x12\x34\x56\x78abc"), Tpdu::default());
    let header = Framing { header: Affix::new(b"ISO").unwrap(), ..BIN2 };
    for framing in [BIN2, header] {
        let (mut own, mut given) = ([0xEE; 8], [0xEE; 8]);
        let written = framing.open(3, &mut own);
        assert_eq!(framing.open_with(Some(Tpdu([1, 2, 3, 4, 5])), 3, &mut given), written);
        assert_eq!(own, given);
    }
    assert_eq!(nac().tpdu_back(b"\x00\x00"), Tpdu::default(), "of a keep-alive");
}
