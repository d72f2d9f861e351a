//! Whatever a message holds: what is written is read again, and forwarding is decoding and
//! encoding, only faster.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use codec::{
    Class, Dialect, Edit, Fields, Length, Mti, Plan, Replace, Slots, WriteError, Writer, built_in,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Canonical values by field.
type Values = BTreeMap<u8, Vec<u8>>;

fn ascii() -> &'static Dialect {
    built_in("iso93-ascii").unwrap()
}

fn binary() -> &'static Dialect {
    built_in("iso93-binary").unwrap()
}

/// A value that DE `n` can have: random bytes folded into its class, as long as the field takes.
fn value_of(n: u8, seed: &[u8], len: usize) -> Vec<u8> {
    let spec = ascii().field(n).unwrap();
    let max = usize::from(spec.max);
    let units = if spec.length == Length::Fixed { max } else { len % (max + 1) };
    let byte = |index: usize| match spec.class {
        Class::Amount if index == 0 => b"CD"[usize::from(seed[0] % 2)],
        Class::Digits | Class::Amount => b'0' + seed[index % seed.len()] % 10,
        Class::Text => 0x20 + seed[index % seed.len()] % 0x5F,
        Class::Binary => seed[index % seed.len()],
    };
    (0..units).map(byte).collect()
}

fn values(fields_max: usize) -> impl Strategy<Value = Values> {
    let seed = prop::collection::vec(any::<u8>(), 1..40);
    prop::collection::btree_map(2..=128_u8, (seed, 0..1000_usize), 0..fields_max).prop_map(
        |drawn| drawn.into_iter().map(|(n, (seed, len))| (n, value_of(n, &seed, len))).collect(),
    )
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
fn turned_around(values: &Values) -> Values {
    let amount = |n| ascii().field(n).unwrap().class == Class::Amount;
    let others = values.iter().filter(|&(&n, _)| !amount(n)).step_by(2);
    others.map(|(&n, value)| (n, value.iter().rev().copied().collect())).collect()
}

fn packed(digits: &[u8]) -> Replace<'_> {
    let nibbles = digits.iter().fold(0, |nibbles, digit| (nibbles << 4) | u64::from(digit & 0xF));
    Replace::Packed { digits: nibbles, units: u8::try_from(digits.len()).unwrap() }
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(values in values(60)) {
        for dialect in [ascii(), binary()] {
            let bytes = encode(dialect, &values);
            prop_assert_eq!(decode(dialect, &bytes), values.clone());
        }
    }

    #[test]
    fn a_value_is_the_same_in_every_dialect(values in values(20)) {
        let (ours, theirs) = (encode(ascii(), &values), encode(binary(), &values));
        let (mut one, mut other) = (Slots::new(), Slots::new());
        ascii().decode(&ours, &mut one).unwrap();
        binary().decode(&theirs, &mut other).unwrap();
        let (one, other) = (one.message(ascii(), &ours), other.message(binary(), &theirs));
        for &n in values.keys() {
            let (own, others) = (one.value(n).unwrap(), other.value(n).unwrap());
            prop_assert!(own.same(&others) && others.same(&own));
            prop_assert_eq!(own.number(), others.number());
            prop_assert_eq!(own.packed(), others.packed());
            let again = ascii().value_in(n, one.wire(n).unwrap()).unwrap();
            prop_assert!(again.same(&others));
        }
    }

    #[test]
    fn forwarding_is_decoding_and_encoding(
        original in values(40),
        edited in values(6),
        drop in any::<u128>(),
        dropping in any::<bool>(),
        directions in any::<[bool; 2]>(),
        form in 0..3_u8,
        in_place in any::<bool>(),
    ) {
        let [from, to] = directions.map(|packed| if packed { binary() } else { ascii() });
        let drop = Fields::from_bits(if dropping { drop } else { 0 });
        // Others in place of what is there and of one length with it are written differently.
        let edited = if in_place { turned_around(&original) } else { edited };
        let wires = wires(to, &edited);
        let edits: Vec<Edit<'_>> = edited
            .iter()
            .map(|(&field, text)| {
                let digits = ascii().field(field).unwrap().class == Class::Digits;
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
    for (n, len) in (2..=128).flat_map(|n| [0, 1, 2, 7, 998, 999].map(|len| (n, len))) {
        let values = Values::from([(n, value_of(n, &seed, len))]);
        for (from, to) in [(ascii(), binary()), (binary(), ascii())] {
            let bytes = encode(from, &values);
            assert_eq!(decode(from, &bytes), values, "DE {n}");
            let there = forward(from, to, &bytes, Fields::EMPTY, &[]).unwrap();
            assert_eq!(there, encode(to, &values), "DE {n}");
        }
    }
}
