//! References are read, written and hashed. Knows no transaction.

use super::*;
use alloc::vec;
use alloc::vec::Vec;
use codec::{Fields, Slots, Writer};
use proptest::prelude::*;

const NUMBER: StationNumber = StationNumber(7);
const KEY: HashKey = HashKey([9; 16]);

/// A message of a dialect with these fields.
fn frame(name: &str, mti: u16, fields: &[(u8, &str)]) -> Vec<u8> {
    let dialect = codec::built_in(name).unwrap();
    let mut out = vec![0; 1_024];
    let present = fields.iter().fold(Fields::EMPTY, |all, (field, _)| all.with(*field));
    let mut writer = Writer::new(dialect, &mut out, Mti::of(mti), present).unwrap();
    for (field, value) in fields {
        writer.put_text(*field, value.as_bytes()).unwrap();
    }
    let len = writer.finish().unwrap();
    out.truncate(len);
    out
}

fn with<T>(name: &str, frame: &[u8], look: impl FnOnce(&Message<'_>) -> T) -> T {
    let (dialect, mut slots) = (codec::built_in(name).unwrap(), Slots::new());
    dialect.decode(frame, &mut slots).unwrap();
    look(&slots.message(dialect, frame))
}

fn read(name: &str, fields: &[(u8, &str)]) -> Result<Reference, NoReference> {
    let mti = if name.contains("87") { 0x0420 } else { 0x1420 };
    with(name, &frame(name, mti, fields), Reference::read)
}

const SALE_93: &[(u8, &str)] =
    &[(7, "1121052030"), (11, "000101"), (12, "261121142030"), (32, "77334000001")];
const SALE_87: &[(u8, &str)] =
    &[(7, "1121052030"), (11, "000101"), (12, "142030"), (32, "77334000001")];
const DE_56: &str = "12000001012611211420301177334000001";
const DE_90_OF_SALE: &str = "020000010111210520307733400000100000000000";

#[test]
fn what_is_read_of_a_reference_is_what_the_original_is_called() {
    for (names, sale, mti, field, text) in [
        (["iso93-ascii", "iso93-binary"], SALE_93, 0x1200, 56, DE_56),
        (["iso87-ascii", "iso87-binary"], SALE_87, 0x0200, 90, DE_90_OF_SALE),
    ] {
        for name in names {
            let original = with(name, &frame(name, mti, sale), |message| {
                assert_eq!(field_of(message.dialect().version()), field);
                Reference::of(message).unwrap()
            });
            assert_eq!(read(name, &[(11, "000102"), (field, text)]), Ok(original), "{name}");
        }
    }
}

#[test]
fn a_reference_is_written_as_it_is_read() {
    let forwarder = Institution::parse("49000000001").unwrap();
    for (name, field, text) in [("iso93-ascii", 56, DE_56), ("iso87-ascii", 90, DE_90_OF_SALE)] {
        let version = codec::built_in(name).unwrap().version();
        let reference = read(name, &[(field, text)]).unwrap();
        let written = reference.write(version, forwarder);
        let again = read(name, &[(field, str::from_utf8(written.text()).unwrap())]);
        assert_eq!(again, Ok(reference), "{name}");
        let [to, forwarded] = if field == 90 { [31, 42] } else { [35, 35] };
        assert_eq!(&written.text()[..to], &text.as_bytes()[..to]);
        assert_eq!(written.text().len(), forwarded);
    }
    let ours = read("iso87-ascii", &[(90, DE_90_OF_SALE)]).unwrap();
    let written = ours.write(Version::Iso1987, forwarder);
    assert_eq!(&written.text()[31..], b"49000000001");
}

#[test]
fn an_acquirer_that_is_left_out_or_filled_up_with_zeros_is_the_same() {
    let whole = read("iso93-ascii", &[(32, "123"), (56, "120000010126112114203003123")]);
    let filled = read("iso93-ascii", &[(32, "9"), (56, "12000001012611211420300500123")]);
    let left_out = read("iso93-ascii", &[(32, "123"), (56, "120000010126112114203000")]);
    let zeros = "020000010111210520300000000012300000000000";
    let of_1987 = read("iso87-ascii", &[(90, zeros)]).unwrap().acquirer;
    assert!(whole.is_ok());
    assert_eq!((filled, left_out), (whole, whole));
    assert_eq!(of_1987, Institution::parse("123").unwrap());
}

#[test]
fn what_names_no_message_is_no_reference() {
    let malformed = Err(NoReference::Malformed);
    assert_eq!(read("iso93-ascii", &[(11, "000102")]), Err(NoReference::Missing));
    let shorter = "1200000101261121142030117733400000";
    for text in ["", "0000", "1200", shorter, "12000001012611211420301277334000001"] {
        assert_eq!(read("iso93-ascii", &[(56, text)]), malformed, "{text}");
    }
    let wrong = DE_56.replacen("1177", "1077", 1);
    assert_eq!(read("iso93-ascii", &[(56, &wrong)]), malformed, "one digit too many");
}

#[test]
fn an_original_is_found_by_its_reference_whether_it_was_a_repeat_or_not() {
    let first = read("iso93-ascii", &[(56, DE_56)]).unwrap();
    let repeat = Reference { mti: Mti::of(0x1201), ..first };
    let hash = |reference: &Reference| KEY.reference(NUMBER, reference);
    assert_eq!(hash(&first), hash(&repeat));
    let others = [
        Reference { mti: Mti::of(0x1100), ..first },
        Reference { stan: 0x102, ..first },
        Reference { time: first.time + 1, ..first },
        Reference { acquirer: Institution::parse("77334000002").unwrap(), ..first },
    ];
    for other in &others {
        assert_ne!(hash(&first), hash(other), "{other:?}");
    }
    assert_ne!(hash(&first), KEY.reference(StationNumber(8), &first));
    assert_ne!(hash(&first), HashKey([8; 16]).reference(NUMBER, &first));
}

proptest! {
    #[test]
    fn whatever_is_read_is_written_back_and_nothing_else_is_read(
        text in prop_oneof!["[0-9]{0,42}", "1[0-9]{21}(0[0-9]|1[01])[0-9]{0,11}"],
    ) {
        for (read, version) in [
            (Reference::read_56(text.as_bytes()), Version::Iso1993),
            (Reference::read_90(text.as_bytes()), Version::Iso1987),
        ] {
            let Some(reference) = read else { continue };
            let forwarder = Institution { digits: 0, units: 1 };
            let written = reference.write(version, forwarder);
            let again = if version == Version::Iso1987 {
                Reference::read_90(written.text())
            } else {
                Reference::read_56(written.text())
            };
            prop_assert_eq!(again, Some(reference));
        }
    }
}
