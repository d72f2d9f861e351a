//! Messages in words: an MTI and fields by number, written and read in any dialect. Knows no
//! station and no link.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use codec::{Dialect, Fields, Mti, Slots, Writer};

/// A message as a test speaks of it: values as text, binary fields as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Four packed digits.
    pub mti: u16,
    /// By number.
    pub fields: BTreeMap<u8, Vec<u8>>,
    /// Fields that are not to be filled in by whoever sends it.
    left_out: Vec<u8>,
}

impl Text {
    /// No field yet.
    pub fn new(mti: u16) -> Self {
        Self { mti, fields: BTreeMap::new(), left_out: Vec::new() }
    }

    /// The same with a field.
    #[must_use]
    pub fn with(mut self, field: u8, value: impl AsRef<[u8]>) -> Self {
        self.fields.insert(field, value.as_ref().to_vec());
        self
    }

    /// The same without a field, which nobody fills in either.
    #[must_use]
    pub fn without(mut self, field: u8) -> Self {
        self.fields.remove(&field);
        self.left_out.push(field);
        self
    }

    /// The same with another MTI.
    #[must_use]
    pub fn kind(self, mti: u16) -> Self {
        Self { mti, ..self }
    }

    /// Gives it a field that it neither has nor must not have.
    pub fn fill(&mut self, field: u8, value: impl AsRef<[u8]>) {
        if !self.left_out.contains(&field) {
            self.fields.entry(field).or_insert_with(|| value.as_ref().to_vec());
        }
    }

    /// A field as text; empty when it is not there.
    pub fn of(&self, field: u8) -> &str {
        self.fields.get(&field).map_or("", |value| str::from_utf8(value).unwrap_or("(binary)"))
    }

    /// Of the MTI.
    pub fn class(&self) -> u8 {
        Mti::of(self.mti).class()
    }

    /// Whether it names its institution and carries a reference of its transaction: all but network
    /// management and reports.
    pub fn is_about_a_card(&self) -> bool {
        self.class() <= 4
    }

    /// Whether it is about a card: an authorization, a sale, a reversal of 1987.
    pub fn is_relayed(&self) -> bool {
        self.class() <= 2 || (Mti::of(self.mti).version(), self.class()) == (0, 4)
    }

    /// In the bytes of a dialect.
    pub fn write(&self, dialect: &Dialect) -> Vec<u8> {
        let mut out = vec![0; 65_535];
        let numbers: Vec<u8> = self.fields.keys().copied().collect();
        let (mti, fields) = (Mti::of(self.mti), Fields::of(&numbers));
        let mut writer = Writer::new(dialect, &mut out, mti, fields).unwrap();
        for (&field, value) in &self.fields {
            writer.put_text(field, value).unwrap_or_else(|error| panic!("{self}: {error}"));
        }
        let len = writer.finish().unwrap();
        out.truncate(len);
        out
    }

    /// From the bytes of a dialect; panics where they say nothing.
    pub fn read(dialect: &Dialect, bytes: &[u8]) -> Self {
        let mut slots = Slots::new();
        if let Err(error) = dialect.decode(bytes, &mut slots) {
            panic!("what the switch sends can be read: {error}");
        }
        let message = slots.message(dialect, bytes);
        let mut text = Self::new(message.mti().bcd());
        for field in message.fields() {
            let mut value = [0; 999];
            let value = message.value(field).and_then(|found| found.write_text(&mut value));
            text.fields.insert(field, value.unwrap().to_vec());
        }
        text
    }

    /// The line of a transcript: what tells one message from another.
    pub fn brief(&self) -> String {
        let shown: &[u8] = match (Mti::of(self.mti).version(), self.class()) {
            (_, ..=2) => &[11, 39],
            (0, _) => &[11, 39, 70],
            _ => &[11, 24, 39],
        };
        self.show(|field| shown.contains(&field))
    }

    fn show(&self, shown: impl Fn(u8) -> bool) -> String {
        let mut line = format!("{:04x}", self.mti);
        for (&field, value) in self.fields.iter().filter(|(field, _)| shown(**field)) {
            let printable = value.iter().all(|byte| (0x20..0x7F).contains(byte));
            match str::from_utf8(value) {
                Ok(value) if printable => write!(line, " {field}={}", value.trim_end()).unwrap(),
                Ok(_) | Err(_) => write!(line, " {field}=x{value:02x?}").unwrap(),
            }
        }
        line
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.show(|_| true))
    }
}

/// A sale (1200); STAN, RRN and institution are filled in by who sends it.
pub fn sale(amount: u64) -> Text {
    Text::new(0x1200)
        .with(2, "3530111333300000")
        .with(3, "000000")
        .with(4, format!("{amount:012}"))
        .with(7, "1121052030")
        .with(12, "261121142030")
        .with(22, "510101513344")
        .with(24, "200")
        .with(26, "5411")
        .with(41, "T0000001")
        .with(42, "M00000000000001")
        .with(49, "392")
}

/// A sale of 1987 (0200), as [`sale`].
pub fn sale_87(amount: u64) -> Text {
    Text::new(0x0200)
        .with(2, "3530111333300000")
        .with(3, "000000")
        .with(4, format!("{amount:012}"))
        .with(7, "1121052030")
        .with(12, "142030")
        .with(13, "1121")
        .with(18, "5411")
        .with(22, "051")
        .with(25, "00")
        .with(41, "T0000001")
        .with(42, "M00000000000001")
        .with(49, "392")
}

/// An advice or reversal about an original as its acquirer sent it: the fields that stay, and what
/// names it (DE 56, in 1987 DE 90).
pub fn about(mti: u16, original: &Text) -> Text {
    let named = |field| original.of(field);
    let mut text = original.clone().kind(mti).without(11).without(24).without(37).without(38);
    text.left_out.clear();
    text.fill(37, named(37));
    let head = format!("{:04x}{}", original.mti & 0xFFF0, named(11));
    if Mti::of(mti).version() == 0 {
        let acquirer = named(32);
        text.with(90, format!("{head}{}{acquirer:0>11}{:011}", named(7), 0))
    } else {
        let acquirer = named(32);
        text.with(56, format!("{head}{}{:02}{acquirer}", named(12), acquirer.len()))
    }
}

/// The reversal (1420) of an original as its acquirer sent it, for this reason (DE 25).
pub fn reversal(original: &Text, reason: &str) -> Text {
    about(0x1420, original).with(24, "400").with(25, reason)
}

/// The reversal (0400) of a sale of 1987 that went out with this STAN.
pub fn reversal_87(amount: u64, stan: &str) -> Text {
    let original = format!("0200{stan}1121052030{:011}{:011}", 77_334_000_001_u64, 0);
    sale_87(amount).kind(0x0400).with(90, original)
}

/// A request of network management of 1987 (0800).
pub fn network_87(code: &str) -> Text {
    Text::new(0x0800).with(7, "1121052030").with(32, "49711000001").with(70, code)
}

/// A request of network management (1804).
pub fn network(function: u16) -> Text {
    Text::new(0x1804)
        .with(7, "1121052030")
        .with(12, "261121142030")
        .with(24, function.to_string())
        .with(32, "49711000001")
}

/// DE 24 801.
pub fn sign_on() -> Text {
    network(801)
}

/// DE 24 802.
pub fn sign_off() -> Text {
    network(802)
}

/// DE 24 831.
pub fn echo() -> Text {
    network(831)
}

/// What an issuer makes of a request: it copies what must come back, and adds its verdict.
pub fn answer(request: &Text, code: &str) -> Text {
    let mut answer = Text::new(Mti::of(request.mti).answer().unwrap().bcd());
    for field in [2, 3, 4, 7, 11, 12, 28, 29, 32, 33, 37, 41, 42, 49, 59, 70] {
        if let Some(value) = request.fields.get(&field) {
            answer.fields.insert(field, value.clone());
        }
    }
    let approved = match code.len() {
        2 => ["00", "08", "10", "11", "16"].contains(&code),
        _ => code.starts_with('0'),
    };
    let answer = if approved { answer.with(38, "A1B2C3") } else { answer };
    answer.with(39, code)
}
