//! Bytes that are wiped before their memory is given back. Knows no message.

use alloc::vec::Vec;
use core::fmt;
use core::ops::Deref;

/// Bytes of a message or a record, for as long as somebody needs them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Wiped(Vec<u8>);

impl Wiped {
    /// A copy of these.
    pub fn of(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// Adds some behind the others.
    pub fn extend(&mut self, bytes: &[u8]) {
        let len = self.0.len() + bytes.len();
        if len > self.0.capacity() {
            // What outgrows its memory leaves none of itself there.
            let mut longer = Self(Vec::with_capacity(len.next_power_of_two()));
            longer.0.extend_from_slice(&self.0);
            *self = longer;
        }
        self.0.extend_from_slice(bytes);
    }
}

/// Overwrites bytes, though nobody will read them.
pub(crate) fn wipe(bytes: &mut [u8]) {
    bytes.fill(0);
    core::hint::black_box(bytes);
}

impl Drop for Wiped {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

impl Deref for Wiped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// What is in them is nobody's business.
impl fmt::Debug for Wiped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wiped({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_what_was_added_and_are_not_shown() {
        let mut bytes = Wiped::of(b"3530");
        for _ in 0..5 {
            bytes.extend(b"1113");
        }
        assert_eq!(&*bytes, b"353011131113111311131113");
        assert_eq!(alloc::format!("{bytes:?}"), "Wiped(24 bytes)");
    }

    #[test]
    fn what_is_wiped_is_gone() {
        let mut bytes = *b"3530111333300000";
        wipe(&mut bytes);
        assert_eq!(bytes, [0; 16]);
    }
}
