//! Ledgers: what a centre knows of each transaction, an entry a step, for whoever holds those of both
//! ends against each other and against the switch. Must not know who does, nor sockets.
//!
//! A ledger in a file has an entry a line, as JSON:
//!
//! ```text
//! acquirer  {"step":"sent","reference":"7K2M00000001","stan":2,"mti":"1200","second":...,"amount":100,"at_ns":...}
//!           {"step":"answered","reference":"7K2M00000001","action":"000","approval":"000002","by_switch":false,"at_ns":...}
//!           {"step":"repeated", as "sent"}          {"step":"answered-again", as "answered"}
//!           {"step":"reversed", as "sent"}          {"step":"acknowledged", as "answered"}
//! issuer    {"step":"received","stan":17,"transmitted":1122033045,"reference":"7K2M00000001","mti":"1200","original":null,"amount":100,"at_ns":...}
//!           {"step":"replied","stan":17,"transmitted":1122033045,"reference":"7K2M00000001","mti":"1200","action":"000","handed":true,"at_ns":...}
//! ```
//!
//! A request that was sent and never answered has one entry at its acquirer. A reversal has the
//! reference of its original, and a type of its own. `at_ns` are nanoseconds since 1970.

use std::fmt;
use std::io::{self, BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;

use codec::{Message, Mti};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::action::ActionCode;
use crate::clock::{self, SECOND};

/// Characters of a field of fixed length, in ASCII.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text<const N: usize>([u8; N]);

/// DE 37: what both ends call a transaction.
pub type Reference = Text<12>;

/// A step that an acquirer's centre knows of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Acquirer {
    /// A request was handed to a socket.
    Sent(Sent),
    /// The answer to it came, right or wrong.
    Answered(Answered),
    /// The request leaves once more, as its repeat.
    Repeated(Sent),
    /// The answer to that came.
    AnsweredAgain(Answered),
    /// A reversal of the whole of it leaves.
    Reversed(Sent),
    /// The answer to that came.
    Acknowledged(Answered),
}

/// A request of an acquirer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// DE 37.
    pub reference: Reference,
    /// DE 11, the acquirer's own.
    pub stan: u32,
    /// Its type.
    #[serde(serialize_with = "mti_out", deserialize_with = "mti_in")]
    pub mti: Mti,
    /// What its DE 7 and 12 say, seconds since 1970.
    pub second: u64,
    /// DE 4, minor units.
    pub amount: u64,
    /// When.
    pub at_ns: u64,
}

/// An answer to an acquirer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// DE 37 of the request.
    pub reference: Reference,
    /// DE 39; none when there was none that can be read.
    pub action: Option<ActionCode>,
    /// DE 38, where there was one.
    pub approval: Option<Text<6>>,
    /// DE 58 says that somebody on the way decided. 1987 has no place for that: `false`.
    pub by_switch: bool,
    /// When.
    pub at_ns: u64,
}

/// A step that an issuer's centre knows of. Network management is not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "lowercase")]
pub enum Issuer {
    /// A request or an advice came.
    Received(Received),
    /// Its answer went, or could not.
    Replied(Replied),
}

/// A message to an issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// DE 11, the switch's; 0 where there is none.
    pub stan: u32,
    /// DE 7: month, day, hour, minute, second, two digits each; 0 where there is none.
    pub transmitted: u64,
    /// DE 37, where there is one.
    pub reference: Option<Reference>,
    /// Its type.
    #[serde(serialize_with = "mti_out", deserialize_with = "mti_in")]
    pub mti: Mti,
    /// DE 11 of the original that DE 56, or 90 of 1987, names: a reversal, or an advice about one.
    pub original: Option<u32>,
    /// DE 4, minor units; 0 where there is none.
    pub amount: u64,
    /// When.
    pub at_ns: u64,
}

/// An issuer's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replied {
    /// DE 11 of the request.
    pub stan: u32,
    /// DE 7 of the request.
    pub transmitted: u64,
    /// DE 37 of the request.
    pub reference: Option<Reference>,
    /// Type of the request.
    #[serde(serialize_with = "mti_out", deserialize_with = "mti_in")]
    pub mti: Mti,
    /// DE 39.
    pub action: ActionCode,
    /// A socket took it; else its link had gone, or did not read.
    pub handed: bool,
    /// When.
    pub at_ns: u64,
}

/// A ledger that is written to a file.
#[derive(Debug)]
pub struct File {
    out: BufWriter<std::fs::File>,
    /// Of the first entry since what was written last went to the file.
    since: Option<u64>,
    failed: io::Result<()>,
}

/// Entries that nobody has been given yet.
pub(crate) struct Pages<E> {
    entries: Vec<E>,
    /// What [`clock::now`] lacks of the time since 1970.
    epoch: u64,
}

impl<const N: usize> Text<N> {
    /// Exactly so many printable characters; `None` for anything else.
    pub fn new(text: &[u8]) -> Option<Self> {
        let printable = text.iter().all(|byte| (0x20..0x7F).contains(byte));
        text.try_into().ok().filter(|_| printable).map(Self)
    }

    /// A field of a message.
    pub(crate) fn of(message: &Message<'_>, field: u8) -> Option<Self> {
        let mut text = [0; N];
        let written = message.value(field)?.write_text(&mut text)?.len();
        Self::new(&text[..written])
    }

    /// Its characters.
    pub fn bytes(&self) -> &[u8; N] {
        &self.0
    }
}

impl File {
    /// A new file, in place of one of that name.
    pub fn create(path: &Path) -> io::Result<Self> {
        let out = BufWriter::with_capacity(64 * 1024, std::fs::File::create(path)?);
        Ok(Self { out, since: None, failed: Ok(()) })
    }

    /// Writes entries; they are in the file a second later, if there are more then. What fails is
    /// told at the end.
    pub fn write<E: Timed>(&mut self, entries: &[E]) {
        if self.failed.is_ok() {
            self.failed = self.try_write(entries);
        }
    }

    fn try_write<E: Timed>(&mut self, entries: &[E]) -> io::Result<()> {
        for entry in entries {
            serde_json::to_writer(&mut self.out, entry)?;
            self.out.write_all(b"\n")?;
            if entry.at_ns() >= *self.since.get_or_insert(entry.at_ns()) + SECOND {
                self.out.flush()?;
                self.since = None;
            }
        }
        Ok(())
    }

    /// Everything is in the file, or why not.
    pub fn finish(mut self) -> io::Result<()> {
        self.failed?;
        self.out.flush()
    }
}

/// Reads a ledger from its file. A last line that is not whole is of a process that was ended.
///
/// # Errors
/// No such file, or a line that is no entry.
pub fn read<E: DeserializeOwned>(path: &Path) -> io::Result<Vec<E>> {
    let mut lines = BufReader::new(std::fs::File::open(path)?);
    let (mut entries, mut line) = (Vec::new(), String::new());
    loop {
        line.clear();
        lines.read_line(&mut line)?;
        match line.strip_suffix('\n') {
            Some(line) => entries.push(serde_json::from_str(line)?),
            None => return Ok(entries),
        }
    }
}

/// An entry of a ledger.
pub trait Timed: Serialize {
    /// When, nanoseconds since 1970.
    fn at_ns(&self) -> u64;
}

impl Timed for Acquirer {
    fn at_ns(&self) -> u64 {
        match self {
            Self::Sent(sent) | Self::Repeated(sent) | Self::Reversed(sent) => sent.at_ns,
            Self::Answered(answered)
            | Self::AnsweredAgain(answered)
            | Self::Acknowledged(answered) => answered.at_ns,
        }
    }
}

impl Timed for Issuer {
    fn at_ns(&self) -> u64 {
        match self {
            Self::Received(received) => received.at_ns,
            Self::Replied(replied) => replied.at_ns,
        }
    }
}

impl<E> Pages<E> {
    pub(crate) fn new() -> Self {
        Self { entries: Vec::new(), epoch: clock::unix().saturating_sub(clock::now()) }
    }

    /// `now`: what the clock said when it happened.
    pub(crate) fn push(&mut self, now: u64, entry: impl FnOnce(u64) -> E) {
        self.entries.push(entry(self.epoch + now));
    }

    /// Gives away what there is.
    pub(crate) fn give(&mut self, to: &mut dyn FnMut(&[E])) {
        if !self.entries.is_empty() {
            to(&self.entries);
            self.entries.clear();
        }
    }
}

impl<const N: usize> fmt::Display for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl<const N: usize> fmt::Debug for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const N: usize> Serialize for Text<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Text<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(text.as_bytes()).ok_or_else(|| D::Error::custom(format!("not {N} characters")))
    }
}

impl Serialize for ActionCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ActionCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).ok_or_else(|| D::Error::custom("not an action code"))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn mti_out<S: Serializer>(mti: &Mti, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(mti)
}

fn mti_in<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Mti, D::Error> {
    let text = String::deserialize(deserializer)?;
    let digits = u16::from_str_radix(&text, 16).ok().filter(|_| text.len() == 4);
    digits.and_then(Mti::new).ok_or_else(|| D::Error::custom("not four digits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(at_ns: u64) -> Acquirer {
        let reference = Text::new(b"7K2M00000001").unwrap();
        Acquirer::Sent(Sent {
            reference,
            stan: 2,
            mti: Mti::of(0x1200),
            second: 5,
            amount: 100,
            at_ns,
        })
    }

    fn replied() -> Issuer {
        Issuer::Replied(Replied {
            stan: 17,
            transmitted: 1_122_033_045,
            reference: None,
            mti: Mti::of(0x1420),
            action: ActionCode::new("000").unwrap(),
            handed: true,
            at_ns: 9,
        })
    }

    #[test]
    fn an_entry_is_a_line_that_says_what_it_is() {
        let line = serde_json::to_string(&sent(6)).unwrap();
        let expected = r#"{"step":"sent","reference":"7K2M00000001","stan":2,"mti":"1200","second":5,"amount":100,"at_ns":6}"#;
        assert_eq!(line, expected);
        assert_eq!(serde_json::from_str::<Acquirer>(&line).unwrap(), sent(6));
        let line = serde_json::to_string(&replied()).unwrap();
        let expected = r#"{"step":"replied","stan":17,"transmitted":1122033045,"reference":null,"mti":"1420","action":"000","handed":true,"at_ns":9}"#;
        assert_eq!(line, expected);
        assert_eq!(serde_json::from_str::<Issuer>(&line).unwrap(), replied());
    }

    #[test]
    fn what_is_no_text_of_its_length_is_none() {
        assert!(Reference::new(b"7K2M0000000").is_none());
        assert!(Reference::new(b"7K2M0000000\n").is_none());
        assert!(serde_json::from_str::<Reference>("\"7K2M\"").is_err());
    }

    #[test]
    fn a_ledger_is_read_back_from_its_file_and_a_line_cut_off_is_left_out() {
        let path = std::env::temp_dir().join(format!("sekisho-ledger-{}", std::process::id()));
        let mut file = File::create(&path).unwrap();
        file.write(&[sent(1), sent(2)]);
        file.write(&[sent(3)]);
        file.finish().unwrap();
        let whole = std::fs::read(&path).unwrap();
        let entries = read::<Acquirer>(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        let cut = read::<Acquirer>(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(entries, [sent(1), sent(2), sent(3)]);
        assert_eq!(cut, entries[..2]);
    }

    #[test]
    fn a_ledger_that_can_not_be_written_says_so_at_its_end() {
        let mut file = File::create(Path::new("/dev/full")).unwrap();
        file.write(&[sent(1)]);
        assert_eq!(file.finish().unwrap_err().kind(), io::ErrorKind::StorageFull);
    }
}
