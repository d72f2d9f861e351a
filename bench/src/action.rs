//! DE 39 in two editions: three digits of 1993, two characters of 1987. Must not know what is
//! decided, nor by whom.

use codec::{Value, Version};

/// A verdict as it stands in DE 39.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ActionCode {
    /// The last one is a space in 1987.
    text: [u8; 3],
    length: u8,
}

impl ActionCode {
    /// Three digits (1993), or two letters or digits (1987); `None` for anything else.
    pub fn new(text: &str) -> Option<Self> {
        match *text.as_bytes() {
            [a, b, c] if [a, b, c].iter().all(u8::is_ascii_digit) => Some(Self::of_1993([a, b, c])),
            [a, b] if [a, b].iter().all(u8::is_ascii_alphanumeric) => Some(Self::of_1987([a, b])),
            _ => None,
        }
    }

    /// Approved: 000, or 00.
    pub fn approved(version: Version) -> Self {
        Self::accepted(version, *b"000")
    }

    /// What 1987 says by 00 to everything that went well, 1993 says in another way for each class.
    pub(crate) fn accepted(version: Version, code: [u8; 3]) -> Self {
        if version == Version::Iso1987 { Self::of_1987(*b"00") } else { Self::of_1993(code) }
    }

    /// DE 39 of an answer; `None` when it is of neither edition.
    pub(crate) fn read(value: &Value<'_>) -> Option<Self> {
        let mut text = [0; 3];
        match *value.write_text(&mut text)? {
            [a, b, c] => Some(Self::of_1993([a, b, c])),
            [a, b] => Some(Self::of_1987([a, b])),
            _ => None,
        }
    }

    const fn of_1993(text: [u8; 3]) -> Self {
        Self { text, length: 3 }
    }

    const fn of_1987([a, b]: [u8; 2]) -> Self {
        Self { text: [a, b, b' '], length: 2 }
    }

    /// Its digits or characters.
    pub fn text(&self) -> &[u8] {
        &self.text[..usize::from(self.length)]
    }

    /// Whether a message of this edition can carry it.
    pub fn is_of(self, version: Version) -> bool {
        (self.length == 2) == (version == Version::Iso1987)
    }

    /// 000 to 099; 00, 08, 10, 11 and 16 (with identification, for a part, VIP, update of track 3).
    pub fn approves(self) -> bool {
        match self.text() {
            [first, _, _] => *first == b'0',
            text => [b"00", b"08", b"10", b"11", b"16"].iter().any(|code| *code == text),
        }
    }
}

impl std::fmt::Display for ActionCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(self.text()))
    }
}

impl std::fmt::Debug for ActionCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_three_digits_or_two_characters_and_belongs_to_that_edition() {
        for (text, version) in
            [("116", Version::Iso1993), ("51", Version::Iso1987), ("N7", Version::Iso1987)]
        {
            let code = ActionCode::new(text).unwrap();
            assert_eq!(code.to_string(), text);
            for other in [Version::Iso1987, Version::Iso1993] {
                assert_eq!(code.is_of(other), other == version, "{text}");
            }
        }
        for text in ["", "1", "1x6", "0000", "5 ", "\u{e9}"] {
            assert_eq!(ActionCode::new(text), None, "{text}");
        }
    }

    #[test]
    fn approvals_are_000_to_099_and_five_codes_of_1987() {
        let approves = |text| ActionCode::new(text).unwrap().approves();
        for text in ["000", "099", "00", "08", "10", "11", "16"] {
            assert!(approves(text), "{text}");
        }
        for text in ["100", "911", "01", "05", "09", "51", "A0"] {
            assert!(!approves(text), "{text}");
        }
    }
}
