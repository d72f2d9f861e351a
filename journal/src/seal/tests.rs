//! What is sealed opens by the right key, in its own place, unaltered, and not otherwise.

use super::*;

const OWNER: KeyOwner =
    KeyOwner { cluster: *b"tokyo and osaka!", segment: SegmentNumber(7), epoch: Epoch(3) };

fn key(number: u8) -> Key {
    Key::of(&[number; KEY])
}

fn opened(keys: &Keys, check: [u8; 8], wrapped: &[u8; 60], whose: &KeyOwner) -> Option<NotOpened> {
    keys.open(check, wrapped, whose).err()
}

#[test]
fn a_key_is_read_from_digits_or_bytes() {
    let digits = generate();
    assert_eq!(digits.len(), 64);
    assert_ne!(generate(), digits);
    let key = Key::parse(digits.as_bytes()).expect("what is generated is a key");
    let with_end = format!("{}\n", digits.to_uppercase());
    let again = Key::parse(with_end.as_bytes()).expect("in either case, with a line's end");
    assert_eq!(again.check_value(), key.check_value());
    let bytes: [u8; KEY] = [0xAB; KEY];
    let same = Key::parse("ab".repeat(KEY).as_bytes()).expect("digits");
    assert_eq!(Key::parse(&bytes).expect("bytes").check_value(), same.check_value());
    for text in ["", "ab", &"ab".repeat(33), &"xy".repeat(32), &"+a".repeat(32)] {
        assert!(Key::parse(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn check_values_tell_keys_apart_and_hash_keys_journals() {
    assert_ne!(key(1).check_value(), key(2).check_value());
    assert_ne!(key(1).hash_key(&[1; 16]), key(1).hash_key(&[2; 16]));
    assert_ne!(key(1).hash_key(&[1; 16]), key(2).hash_key(&[1; 16]));
    assert_eq!(format!("{:?}", Keys::only(key(1))), "Keys { current: Key(..), former: [] }");
}

#[test]
fn a_wrapped_key_opens_for_its_owner_alone() {
    let (_, wrapped) = key(1).make_segment_key(&OWNER);
    let (keys, check) = (Keys::only(key(1)), key(1).check_value());
    assert_eq!(opened(&keys, check, &wrapped, &OWNER), None);
    for other in [
        KeyOwner { cluster: [0; 16], ..OWNER },
        KeyOwner { segment: SegmentNumber(8), ..OWNER },
        KeyOwner { epoch: Epoch(4), ..OWNER },
    ] {
        assert_eq!(opened(&keys, check, &wrapped, &other), Some(NotOpened::Altered), "{other:?}");
    }
    for bit in 0..wrapped.len() * 8 {
        let mut altered = wrapped;
        altered[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(opened(&keys, check, &altered, &OWNER), Some(NotOpened::Altered), "bit {bit}");
    }
}

#[test]
fn another_key_is_unknown_and_not_an_alteration() {
    let (_, wrapped) = key(1).make_segment_key(&OWNER);
    let check = key(1).check_value();
    let mut keys = Keys::only(key(2));
    assert_eq!(opened(&keys, check, &wrapped, &OWNER), Some(NotOpened::UnknownKey(check)));
    keys.former.push(key(1));
    assert_eq!(opened(&keys, check, &wrapped, &OWNER), None);
}

#[test]
fn a_key_wrapped_again_is_the_same_key_under_the_current_one() {
    let (segment_key, wrapped) = key(1).make_segment_key(&OWNER);
    let mut both = Keys::only(key(2));
    both.former.push(key(1));
    let again = both.wrap_again(key(1).check_value(), &wrapped, &OWNER).expect("a former key");
    let alone = Keys::only(key(2)).open(key(2).check_value(), &again, &OWNER).expect("its own");
    let mut records = *b"records";
    let tag = segment_key.seal(Epoch(3), BatchNumber(9), b"header", &mut records);
    let opened = alone.open(Epoch(3), BatchNumber(9), b"header", &tag, &mut records);
    assert_eq!((opened, &records), (Ok(()), b"records"));
}

#[test]
fn records_open_only_as_they_were_sealed() {
    let (segment_key, _) = key(1).make_segment_key(&OWNER);
    let mut sealed = b"records of a batch".to_vec();
    let tag = segment_key.seal(Epoch(3), BatchNumber(9), b"header", &mut sealed);
    assert_ne!(sealed, b"records of a batch");
    let open = |epoch, batch, covered: &[u8], tag: &Tag, sealed: &[u8]| {
        let mut records = sealed.to_vec();
        let opened = segment_key.open(Epoch(epoch), BatchNumber(batch), covered, tag, &mut records);
        opened.map(|()| records)
    };
    assert_eq!(open(3, 9, b"header", &tag, &sealed), Ok(b"records of a batch".to_vec()));
    let altered = Err(NotOpened::Altered);
    assert_eq!(open(4, 9, b"header", &tag, &sealed), altered, "another epoch");
    assert_eq!(open(3, 8, b"header", &tag, &sealed), altered, "another batch");
    assert_eq!(open(3, 9, b"Header", &tag, &sealed), altered, "another header");
    assert_eq!(open(3, 9, b"header", &[0; 16], &sealed), altered, "another tag");
    for bit in 0..sealed.len() * 8 {
        let mut spoilt = sealed.clone();
        spoilt[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(open(3, 9, b"header", &tag, &spoilt), altered, "bit {bit}");
    }
    let (other, _) = key(1).make_segment_key(&OWNER);
    let opened = other.open(Epoch(3), BatchNumber(9), b"header", &tag, &mut sealed.clone());
    assert_eq!(opened, Err(NotOpened::Altered), "each segment has a key of its own");
}
