//! What a node is called, in a form of one size, so that what holds it can be copied and written to
//! its place. Must not know what names a configuration allows beside their length.

use std::fmt;

/// Bytes of the longest name.
pub const NAME_MAX: usize = 32;

/// A node's name: 1 to 32 bytes of ASCII, zeros behind them; nothing but zeros is no name. Names
/// are compared by their bytes: the node with the lesser one connects, and its epochs are even.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeName([u8; NAME_MAX]);

impl NodeName {
    /// No name.
    pub const NONE: Self = Self([0; NAME_MAX]);

    /// A name; none if it is empty, longer than 32 bytes, or has anything but letters, digits and
    /// `-`.
    pub fn new(name: &str) -> Option<Self> {
        let mut bytes = [0; NAME_MAX];
        bytes.get_mut(..name.len())?.copy_from_slice(name.as_bytes());
        Self::of(bytes)
    }

    /// A name as it stands in a file or a message; none if it is not one.
    pub fn of(bytes: [u8; NAME_MAX]) -> Option<Self> {
        let length = bytes.iter().position(|&byte| byte == 0).unwrap_or(NAME_MAX);
        let (name, rest) = bytes.split_at(length);
        let letters = name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
        let whole = length > 0 && letters && rest.iter().all(|&byte| byte == 0);
        whole.then_some(Self(bytes))
    }

    /// As it stands in a file or a message.
    pub const fn bytes(&self) -> &[u8; NAME_MAX] {
        &self.0
    }

    /// The name; empty if there is none.
    pub fn text(&self) -> &str {
        let length = self.0.iter().position(|&byte| byte == 0).unwrap_or(NAME_MAX);
        std::str::from_utf8(&self.0[..length]).unwrap_or_default()
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl fmt::Debug for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::{NAME_MAX, NodeName};

    #[test]
    fn a_name_is_1_to_32_letters_digits_and_hyphens() {
        for name in ["a", "tokyo", "tokyo-2", &"x".repeat(NAME_MAX)] {
            let named = NodeName::new(name).expect(name);
            assert_eq!(named.text(), name);
            assert_eq!(NodeName::of(*named.bytes()), Some(named));
        }
        for name in ["", "to kyo", "t\u{f6}kyo", "a\0b", &"x".repeat(NAME_MAX + 1)] {
            assert_eq!(NodeName::new(name), None, "{name:?}");
        }
    }

    #[test]
    fn names_are_in_the_order_of_their_texts() {
        let [osaka, tokyo] = ["osaka", "tokyo"].map(|name| NodeName::new(name).expect("a name"));
        assert!(osaka < tokyo);
    }
}
