//! Hexadecimal text to bytes and back. Knows no message.

use std::fmt;

/// Why a line is not hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadHex {
    /// Whole bytes before it.
    pub(super) offset: usize,
    /// Where in the line, counted from 1.
    pub(super) column: usize,
    /// What stands there.
    pub(super) found: Stranger,
}

/// What stands where a digit should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stranger {
    /// This byte of the line.
    Byte(u8),
    /// Nothing: the line ends with half a byte.
    End,
}

/// The bytes of a line, digits in either case; blanks between bytes are passed over.
pub(super) fn read(line: &[u8]) -> Result<Vec<u8>, BadHex> {
    let mut bytes = Vec::with_capacity(line.len() / 2);
    let mut high = None;
    for (column, &character) in (1..).zip(line) {
        let bad = BadHex { offset: bytes.len(), column, found: Stranger::Byte(character) };
        match (digit(character), high.take()) {
            (None, None) if matches!(character, b' ' | b'\t' | b'\r') => {}
            (None, _) => return Err(bad),
            (Some(digit), None) => high = Some(digit),
            (Some(low), Some(high)) => bytes.push(high << 4 | low),
        }
    }
    match high {
        None => Ok(bytes),
        Some(_) => {
            Err(BadHex { offset: bytes.len(), column: line.len() + 1, found: Stranger::End })
        }
    }
}

fn digit(character: u8) -> Option<u8> {
    let digit = char::from(character).to_digit(16)?;
    u8::try_from(digit).ok()
}

/// Bytes in upper-case digits.
pub(crate) fn write(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02X}").expect("a text takes what is written");
        text
    })
}

impl BadHex {
    /// What should stand there.
    pub(super) fn expected(&self) -> &'static str {
        match self.found {
            Stranger::Byte(_) => "a hexadecimal digit",
            Stranger::End => "the second digit of a byte",
        }
    }
}

impl fmt::Display for Stranger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Byte(byte @ 0x20..=0x7E) => write!(f, "'{}'", char::from(*byte)),
            Self::Byte(byte) => write!(f, "the byte 0x{byte:02X}"),
            Self::End => f.write_str("the end of the line"),
        }
    }
}

impl fmt::Display for BadHex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (found, expected) = (self.found, self.expected());
        write!(f, "expected {expected}, found {found}; ")?;
        f.write_str(match self.found {
            Stranger::Byte(_) => "write one message a line, two digits (0-9, A-F, a-f) a byte",
            Stranger::End => "was the line cut? every byte has two digits",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_either_case_are_read_and_upper_case_is_written() {
        assert_eq!(read(b"00ffAb 1C\r"), Ok(vec![0x00, 0xFF, 0xAB, 0x1C]));
        assert_eq!(write(&[0x00, 0xFF, 0xAB]), "00FFAB");
        assert_eq!(read(b""), Ok(Vec::new()));
    }

    #[test]
    fn a_stranger_is_told_with_its_place() {
        let bad = |offset, column, found| Err(BadHex { offset, column, found });
        assert_eq!(read(b"31G1"), bad(1, 3, Stranger::Byte(b'G')));
        assert_eq!(read(b"313 1"), bad(1, 4, Stranger::Byte(b' ')), "a blank within a byte");
        assert_eq!(read(b"3131\xE9"), bad(2, 5, Stranger::Byte(0xE9)));
        assert_eq!(read(b"313"), bad(1, 4, Stranger::End));
    }
}
