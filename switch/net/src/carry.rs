//! The unfinished frame of a socket, between two reads. Must not know where a frame ends.
//!
//! It may hold card data: what is no longer carried is wiped.

/// Bytes; keeps its memory from one socket to the next. What is not carried is zero.
#[derive(Default)]
pub(crate) struct Carry {
    bytes: Vec<u8>,
    len: usize,
}

impl Carry {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Carries these bytes and no others.
    pub(crate) fn replace(&mut self, rest: &[u8]) {
        if rest.len() > self.bytes.len() {
            // What is left behind in memory that moves is nothing.
            self.bytes.fill(0);
            self.bytes.resize(rest.len(), 0);
        }
        self.bytes[..rest.len()].copy_from_slice(rest);
        if rest.len() < self.len {
            self.bytes[rest.len()..self.len].fill(0);
        }
        self.len = rest.len();
    }

    pub(crate) fn clear(&mut self) {
        self.replace(&[]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_longer_carried_is_wiped() {
        let mut carry = Carry::default();
        for rest in [&b"3530111"[..], b"35", b"35301", b"", b"3530111333300000", b"3"] {
            carry.replace(rest);
            assert_eq!((carry.bytes(), carry.len()), (rest, rest.len()));
            assert!(carry.bytes[carry.len..].iter().all(|byte| *byte == 0));
        }
        carry.clear();
        assert!(carry.bytes.iter().all(|byte| *byte == 0));
    }
}
