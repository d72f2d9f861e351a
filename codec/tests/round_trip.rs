//! Whatever a message holds: what is written is read again, and forwarding is decoding and
//! encoding, only faster.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use codec::{
    Class, Dialect, Edit, Fields, Length, Mti, Plan, Replace, Slots, WriteError, WriteReason,
    Writer, built_in,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Canonical values by field.
type Values = BTreeMap<u8, Vec<u8>>;

/// The two built-in dialects of one edition.
#[derive(Clone, Copy, Debug)]
struct Pair {
    ascii: &'static Dialect,
    binary: &'static Dialect,
    /// Fields that one has as text and the other as bytes: not carried from one to the other.
    unlike: Fields,
}

fn pairs() -> [Pair; 2] {
    let pair = |[ascii, binary]: [&str; 2], unlike: &[u8]| Pair {
        ascii: built_in(ascii).unwrap(),
        binary: built_in(binary).unwrap(),
        unlike: Fields::of(unlike),
    };
    [pair(["iso87-ascii", "iso87-binary"], &[55]), pair(["iso93-ascii", "iso93-binary"], &[])]
}

fn any_pair() -> impl Strategy<Value = Pair> {
    prop::sample::select(pairs().to_vec())
}

/// A value that DE `n` can have: random bytes folded into its class, as long as the field takes.
fn value_of(dialect: &Dialect, n: u8, seed: &[u8], len: usize) -> Vec<u8> {
    let spec = dialect.field(n).unwrap();
    let max = usize::from(spec.max);
    let units = if spec.length == Length::Fixed { max } else { len % (max + 1) };
    let byte = |index: usize| match spec.class {
        Class::Amount if index == 0 => b"CD"[usize::from(seed[0] % 2)],
        Class::Track if index == usize::from(seed[0] % 40) => b'=',
        Class::Digits | Class::Amount | Class::Track => b'0' + seed[index % seed.len()] % 10,
        Class::Text => 0x20 + seed[index % seed.len()] % 0x5F,
        Class::Binary => seed[index % seed.len()],
    };
    (0..units).map(byte).collect()
}

/// What values are made of, before it is known of which edition they are.
type Drawn = BTreeMap<u8, (Vec<u8>, usize)>;

fn drawn(fields_max: usize) -> impl Strategy<Value = Drawn> {
    let seed = prop::collection::vec(any::<u8>(), 1..40);
    prop::collection::btree_map(2..=128_u8, (seed, 0..1000_usize), 0..fields_max)
}

fn values(dialect: &Dialect, drawn: &Drawn) -> Values {
    let value = |(&n, (seed, len)): (&u8, &(Vec<u8>, usize))| (n, value_of(dialect, n, seed, *len));
    drawn.iter().map(value).collect()
}

fn fields(values: &Values) -> Fields {
    values.keys().fold(Fields::EMPTY, |set, &n| set.with(n))
}

fn encode(dialect: &Dialect, values: &Values) -> Vec<u8> {
    let mut out = vec![0; 40_000];
    let mut writer = Writer::new(dialect, &mut out, Mti::of(0x1100), fields(values)).unwrap();
    for (&n, value) in values {
        writer.put_text(n, value).unwrap();
    }
    let len = writer.finish().unwrap();
    out.truncate(len);
    out
}

fn decode(dialect: &Dialect, bytes: &[u8]) -> Values {
    let mut slots = Slots::new();
    dialect.decode(bytes, &mut slots).unwrap();
    let message = slots.message(dialect, bytes);
    let canonical = |n| {
        let value = message.value(n).unwrap();
        let mut room = vec![0; usize::from(value.units())];
        (n, value.write_text(&mut room).unwrap().to_vec())
    };
    message.fields().iter().map(canonical).collect()
}

fn forward(
    from: &Dialect,
    to: &Dialect,
    bytes: &[u8],
    drop: Fields,
    edits: &[Edit<'_>],
) -> Result<Vec<u8>, WriteError> {
    let mut slots = Slots::new();
    from.decode(bytes, &mut slots).unwrap();
    let plan = Plan::new(from, to).unwrap();
    let mut out = vec![0; 40_000];
    let message = slots.message(from, bytes);
    let len = plan.write(&message, Mti::of(0x1100), drop, edits, &mut out)?;
    out.truncate(len);
    Ok(out)
}

/// The wire form of each value in `dialect`, prefix included.
fn wires(dialect: &Dialect, values: &Values) -> Values {
    let bytes = encode(dialect, values);
    let mut slots = Slots::new();
    dialect.decode(&bytes, &mut slots).unwrap();
    let message = slots.message(dialect, &bytes);
    values.keys().map(|&n| (n, message.wire(n).unwrap().to_vec())).collect()
}

/// Every other value, last character first.
fn turned_around(dialect: &Dialect, values: &Values) -> Values {
    let amount = |n| dialect.field(n).unwrap().class == Class::Amount;
    let others = values.iter().filter(|&(&n, _)| !amount(n)).step_by(2);
    others.map(|(&n, value)| (n, value.iter().rev().copied().collect())).collect()
}

fn packed(digits: &[u8]) -> Replace<'_> {
    let nibbles = digits.iter().fold(0, |nibbles, digit| (nibbles << 4) | u64::from(digit & 0xF));
    Replace::Packed { digits: nibbles, units: u8::try_from(digits.len()).unwrap() }
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(pair in any_pair(), drawn in drawn(60)) {
        for dialect in [pair.ascii, pair.binary] {
            let values = values(dialect, &drawn);
            let bytes = encode(dialect, &values);
            prop_assert_eq!(decode(dialect, &bytes), values);
        }
    }

    #[test]
    fn a_value_is_the_same_in_every_dialect(pair in any_pair(), drawn in drawn(20)) {
        let Pair { ascii, binary, .. } = pair;
        let values = values(ascii, &drawn);
        let (ours, theirs) = (encode(ascii, &values), encode(binary, &values));
        let (mut one, mut other) = (Slots::new(), Slots::new());
        ascii.decode(&ours, &mut one).unwrap();
        binary.decode(&theirs, &mut other).unwrap();
        let (one, other) = (one.message(ascii, &ours), other.message(binary, &theirs));
        for &n in values.keys() {
            let (own, others) = (one.value(n).unwrap(), other.value(n).unwrap());
            prop_assert!(own.same(&others) && others.same(&own));
            prop_assert_eq!(own.number(), others.number());
            prop_assert_eq!(own.packed(), others.packed());
            let again = ascii.value_in(n, one.wire(n).unwrap()).unwrap();
            prop_assert!(again.same(&others));
        }
    }

    #[test]
    fn forwarding_is_decoding_and_encoding(
        pair in any_pair(),
        original in drawn(40),
        edited in drawn(6),
        drop in any::<u128>(),
        dropping in any::<bool>(),
        directions in any::<[bool; 2]>(),
        form in 0..3_u8,
        in_place in any::<bool>(),
    ) {
        let [from, to] = directions.map(|packed| if packed { pair.binary } else { pair.ascii });
        let (mut original, mut edited) = (values(from, &original), values(to, &edited));
        if directions[0] != directions[1] {
            original.retain(|&n, _| !pair.unlike.has(n));
            edited.retain(|&n, _| !pair.unlike.has(n));
        }
        let drop = Fields::from_bits(if dropping { drop } else { 0 });
        // Others in place of what is there and of one length with it are written differently.
        let edited = if in_place { turned_around(to, &original) } else { edited };
        let wires = wires(to, &edited);
        let edits: Vec<Edit<'_>> = edited
            .iter()
            .map(|(&field, text)| {
                let digits = to.field(field).unwrap().class == Class::Digits;
                let value = match form {
                    0 => Replace::Wire(&wires[&field]),
                    1 if digits && text.len() <= 16 => packed(text),
                    _ => Replace::Text(text),
                };
                Edit { field, value }
            })
            .collect();
        let mut expected = original.clone();
        expected.retain(|&n, _| !drop.has(n));
        expected.extend(edited.clone());
        let forwarded = forward(from, to, &encode(from, &original), drop, &edits).unwrap();
        prop_assert_eq!(forwarded, encode(to, &expected));
    }
}

#[test]
fn every_field_alone_survives_both_dialects_and_the_way_between() {
    let seed: Vec<u8> = (0..=255).collect();
    for Pair { ascii, binary, unlike } in pairs() {
        for (n, len) in (2..=128).flat_map(|n| [0, 1, 2, 7, 998, 999].map(|len| (n, len))) {
            let values = Values::from([(n, value_of(ascii, n, &seed, len))]);
            for (from, to) in [(ascii, binary), (binary, ascii)] {
                let bytes = encode(from, &values);
                assert_eq!(decode(from, &bytes), values, "DE {n}");
                let there = forward(from, to, &bytes, Fields::EMPTY, &[]);
                if unlike.has(n) {
                    assert_eq!(there.unwrap_err().reason, WriteReason::NotInDialect, "DE {n}");
                } else {
                    assert_eq!(there.unwrap(), encode(to, &values), "DE {n}");
                }
            }
        }
    }
}

#[test]
fn a_track_crosses_with_its_separator_wherever_it_stands() {
    let [Pair { ascii, binary, .. }, _] = pairs();
    let digits = b"3530111333300000291210100000000000000";
    for len in 1..=digits.len() {
        for (place, separator) in (0..len).flat_map(|place| [(place, b'='), (place, b'D')]) {
            let mut track = digits[..len].to_vec();
            track[place] = separator;
            let plain = encode(ascii, &Values::from([(35, track.clone())]));
            track[place] = b'=';
            let shown = Values::from([(35, track)]);
            let packed = encode(binary, &shown);
            assert_eq!(forward(ascii, binary, &plain, Fields::EMPTY, &[]).unwrap(), packed);
            assert_eq!(decode(binary, &packed), shown);
            let back = forward(binary, ascii, &packed, Fields::EMPTY, &[]).unwrap();
            assert_eq!(decode(ascii, &back), shown);
        }
    }
}
