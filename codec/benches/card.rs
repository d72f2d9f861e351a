//! What it costs to find the one card number of a message, and to walk over its chip data.
#![expect(clippy::unwrap_used, reason = "a bench that can not be set up measures nothing")]

use codec::{Dialect, Elements, Fields, Mti, Slots, Writer, built_in};
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;

/// 124 bytes, as a terminal sends them.
const CHIP: &str = "9F2608A1B2C3D4E5F607089F2701809F100606010A03A0009F370412345678\
                    9F3602004295050000008000\
                    9A032611219C01009F02060000000025005F2A020392820238009F1A0203929F0306000000000000\
                    9F3303E0F8C89F34034203009F3501229F1E0831323334353637388407A00000006510109F0902020\
                    0";

fn chip() -> Vec<u8> {
    let digits: String = CHIP.split_whitespace().collect();
    let pairs = digits.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

/// A sale with DE 2, and the tracks and chip data of these fields.
fn sale(dialect: &Dialect, more: &[u8]) -> Vec<u8> {
    let chip = chip();
    let values: [(u8, &[u8]); 9] = [
        (2, b"3530111333300000"),
        (3, b"000000"),
        (4, b"000000002500"),
        (11, b"000042"),
        (32, b"77334000001"),
        (35, b"3530111333300000=29121010000000000000"),
        (45, b"%B3530111333300000^KAERU/TARO^29121010000000?"),
        (49, b"392"),
        (55, &chip),
    ];
    let optional = [35, 45, 55];
    let has = |n: u8| !optional.contains(&n) || more.contains(&n);
    let fields =
        values.iter().filter(|(n, _)| has(*n)).fold(Fields::EMPTY, |set, &(n, _)| set.with(n));
    let mut out = vec![0; 1_000];
    let mut writer = Writer::new(dialect, &mut out, Mti::of(0x1200), fields).unwrap();
    for (n, value) in values.into_iter().filter(|(n, _)| has(*n)) {
        writer.put_text(n, value).unwrap();
    }
    let len = writer.finish().unwrap();
    out.truncate(len);
    out
}

fn card(criterion: &mut Criterion) {
    for name in ["iso93-ascii", "iso93-binary"] {
        let dialect = built_in(name).unwrap();
        let mut group = criterion.benchmark_group(format!("card/{name}"));
        for (what, more) in [
            ("2", &[][..]),
            ("2+35", &[35]),
            ("2+45", &[45]),
            ("2+55", &[55]),
            ("2+35+55", &[35, 55]),
        ] {
            let bytes = sale(dialect, more);
            let mut slots = Slots::new();
            dialect.decode(&bytes, &mut slots).unwrap();
            group.bench_function(what, |bencher| {
                bencher.iter(|| black_box(slots.message(dialect, black_box(&bytes))).pan());
            });
        }
        let bytes = sale(dialect, &[]);
        let mut slots = Slots::new();
        dialect.decode(&bytes, &mut slots).unwrap();
        group.bench_function("DE 2 as a number alone", |bencher| {
            bencher.iter(|| {
                let value = black_box(slots.message(dialect, black_box(&bytes))).value(2)?;
                Some((value.number()?, value.units()))
            });
        });
    }
}

fn walk(criterion: &mut Criterion) {
    let dialect = built_in("iso93-binary").unwrap();
    let bytes = sale(dialect, &[55]);
    let mut slots = Slots::new();
    dialect.decode(&bytes, &mut slots).unwrap();
    let message = slots.message(dialect, &bytes);
    let value = message.value(55).unwrap();
    let count = Elements::of(value).unwrap().count();
    criterion.bench_function(
        &format!("walk/{count} elements of {} bytes", value.units()),
        |bencher| {
            bencher.iter(|| Elements::of(black_box(value)).unwrap().filter_map(Result::ok).count());
        },
    );
}

criterion_group!(benches, card, walk);
criterion_main!(benches);
