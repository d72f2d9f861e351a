//! The messages that the benches read and write: one of 18 fields, and traffic of eight layouts
//! whose lengths vary. Made from a fixed seed; knows no clock.

use codec::{Dialect, Fields, Mti, Writer};
use std::iter;

/// A field and its canonical bytes.
type Entry = (u8, Vec<u8>);

/// A message to be written: its type, its fields.
pub(crate) struct Letter {
    pub(crate) mti: u16,
    pub(crate) fields: Fields,
    pub(crate) entries: Vec<Entry>,
}

/// Messages of one kind, as values and as bytes, and the order in which they come.
pub(crate) struct Traffic {
    pub(crate) letters: Vec<Letter>,
    pub(crate) ascii: Vec<Vec<u8>>,
    pub(crate) packed: Vec<Vec<u8>>,
    order: Vec<usize>,
}

/// The variable lengths of a message: DE 2, 32, 35, 43, 55.
#[derive(Clone, Copy)]
struct Lengths {
    pan: usize,
    institution: usize,
    track: usize,
    place: usize,
    chip: usize,
}

const SALE: [u8; 18] = [2, 3, 4, 7, 11, 12, 14, 22, 24, 26, 32, 35, 37, 41, 42, 43, 49, 55];
const USUAL: Lengths = Lengths { pan: 16, institution: 11, track: 36, place: 55, chip: 124 };

/// Types and fields of the mixed traffic.
const LAYOUTS: [(u16, &[u8]); 8] = [
    (0x1100, &SALE),
    (0x1100, &[2, 3, 4, 7, 11, 12, 14, 22, 24, 26, 32, 37, 41, 42, 43, 49]),
    (0x1200, &[2, 3, 4, 7, 11, 12, 22, 24, 26, 32, 35, 37, 41, 42, 43, 49, 52, 55]),
    (0x1110, &[2, 3, 4, 7, 11, 12, 32, 37, 38, 39, 41, 42, 49, 55]),
    (0x1210, &[3, 4, 7, 11, 12, 32, 37, 39, 41, 42, 49]),
    (0x1420, &[2, 3, 4, 7, 11, 12, 24, 25, 32, 37, 38, 41, 42, 43, 49, 56]),
    (0x1220, &[2, 3, 4, 7, 11, 12, 14, 22, 24, 26, 32, 33, 35, 37, 38, 39, 41, 42, 43, 49, 55]),
    (0x1100, &[2, 3, 4, 6, 7, 10, 11, 12, 14, 22, 24, 26, 32, 35, 37, 41, 42, 43, 49, 51, 102]),
];

impl Traffic {
    /// The message of 18 fields, again and again.
    pub(crate) fn alike() -> Self {
        Self::of(vec![letter(LAYOUTS[0], USUAL)])
    }

    /// The message of 18 fields, its variable lengths another each time.
    pub(crate) fn varied() -> Self {
        let mut dice = Dice(0x5EED);
        Self::of(iter::repeat_with(|| letter(LAYOUTS[0], dice.lengths())).take(1024).collect())
    }

    /// Eight layouts, any of them next, and the variable lengths another each time.
    pub(crate) fn mixed() -> Self {
        let mut dice = Dice(0x5EED);
        let any = || letter(LAYOUTS[dice.roll(0, 7)], dice.lengths());
        Self::of(iter::repeat_with(any).take(1024).collect())
    }

    fn of(letters: Vec<Letter>) -> Self {
        let mut dice = Dice(0xD1CE);
        let last = letters.len() - 1;
        let order = iter::repeat_with(|| dice.roll(0, last)).take(Turn::ALL).collect();
        let ascii = letters.iter().map(|letter| letter.write("iso93-ascii")).collect();
        let packed = letters.iter().map(|letter| letter.write("iso93-binary")).collect();
        Self { letters, ascii, packed, order }
    }

    /// Which message comes next.
    pub(crate) fn next(&self, turn: &mut Turn) -> usize {
        turn.0 = (turn.0 + 1) % Turn::ALL;
        self.order[turn.0]
    }
}

/// How far somebody is in the order.
#[derive(Default)]
pub(crate) struct Turn(usize);

impl Turn {
    const ALL: usize = 1 << 14;
}

impl Letter {
    fn write(&self, dialect: &str) -> Vec<u8> {
        let dialect = dialect_of(dialect);
        let mut out = [0; 1024];
        let mut writer = Writer::new(dialect, &mut out, Mti::of(self.mti), self.fields)
            .expect("the dialect has these fields");
        for (n, value) in &self.entries {
            writer.put_text(*n, value).expect("a value of its class");
        }
        let len = writer.finish().expect("all fields were put");
        out[..len].to_vec()
    }
}

/// A built-in dialect.
pub(crate) fn dialect_of(name: &str) -> &'static Dialect {
    codec::built_in(name).expect("a built-in dialect")
}

fn letter((mti, numbers): (u16, &[u8]), lengths: Lengths) -> Letter {
    let entries = numbers.iter().map(|&n| (n, value(n, lengths))).collect();
    Letter { mti, fields: Fields::of(numbers), entries }
}

fn value(n: u8, lengths: Lengths) -> Vec<u8> {
    let repeated = |text: &[u8], len: usize| text.iter().copied().cycle().take(len).collect();
    match n {
        2 => repeated(b"3530111333300000", lengths.pan),
        3 => b"000000".to_vec(),
        4 | 6 => b"000000002500".to_vec(),
        7 => b"1121093000".to_vec(),
        10 => b"61234567".to_vec(),
        11 => b"000042".to_vec(),
        12 => b"261121183000".to_vec(),
        14 => b"2912".to_vec(),
        22 => b"510101513344".to_vec(),
        24 => b"100".to_vec(),
        25 => b"4000".to_vec(),
        26 => b"5411".to_vec(),
        32 | 33 => repeated(b"77334000001", lengths.institution),
        35 => repeated(b"3530111333300000=29121010000000000000", lengths.track),
        37 => b"632509000042".to_vec(),
        38 => b"A1B2C3".to_vec(),
        39 => b"000".to_vec(),
        41 => b"T0000001".to_vec(),
        42 => b"MERCHANT0000001".to_vec(),
        43 => repeated(b"KISSATEN SEKISHO \\1-1 CHIYODA \\TOKYO \\1000001 13 392 ", lengths.place),
        49 | 51 => b"392".to_vec(),
        52 => vec![0xA5; 8],
        55 => (0_u8..=255).map(|byte| byte.wrapping_mul(37)).take(lengths.chip).collect(),
        56 => b"1100000042261121183000".to_vec(),
        102 => repeated(b"0001-1234567", lengths.pan),
        _ => Vec::new(),
    }
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    /// One of `least` to `most`.
    fn roll(&mut self, least: usize, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let spread = u64::try_from(most - least + 1).expect("a small number");
        least + usize::try_from((self.0 >> 20) % spread).expect("a small number")
    }

    fn lengths(&mut self) -> Lengths {
        Lengths {
            pan: self.roll(13, 19),
            institution: self.roll(6, 11),
            track: self.roll(25, 37),
            place: self.roll(20, 80),
            chip: self.roll(60, 180),
        }
    }
}
