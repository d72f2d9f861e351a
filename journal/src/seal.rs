//! Keys: the one that the node is given, the one of each segment, and what they seal. Knows no file
//! and no batch's place.
//!
//! The node's key never touches a record: it wraps a random key for each segment. A segment's header
//! says by a check value which of the node's keys that was, so a wrong key is known as such before
//! anything is opened.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

use crate::format::{BatchNumber, Cluster, Epoch, SegmentNumber, Tag};

/// Bytes of a key.
pub const KEY: usize = 32;

/// The node's key.
pub struct Key {
    wrapping: LessSafeKey,
    deriving: hmac::Key,
}

/// The keys of a node: what is written is sealed by the first, what was written may be by any.
#[derive(Debug)]
pub struct Keys {
    /// Wraps the keys of new segments.
    pub current: Key,
    /// Those before it, for what they wrapped.
    pub former: Vec<Key>,
}

/// The key of one segment.
pub struct SegmentKey(LessSafeKey);

/// Why a text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAKey;

/// Why a wrapped key was not opened, or a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotOpened {
    /// None of our keys has this check value.
    UnknownKey([u8; 8]),
    /// The key is right, and what it sealed is not what stands there.
    Altered,
}

impl Key {
    /// A key from what stands in its file: 64 hexadecimal digits, or 32 bytes.
    ///
    /// # Errors
    /// When it is neither.
    pub fn parse(text: &[u8]) -> Result<Self, NotAKey> {
        if let Ok(bytes) = <[u8; KEY]>::try_from(text) {
            return Ok(Self::of(&bytes));
        }
        let digits = text.trim_ascii();
        if digits.len() != 2 * KEY || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(NotAKey);
        }
        let mut bytes = [0; KEY];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| NotAKey)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| NotAKey)?;
        }
        let key = Self::of(&bytes);
        bytes.fill(0);
        Ok(key)
    }

    /// A key of these bytes.
    pub fn of(bytes: &[u8; KEY]) -> Self {
        let wrapping = UnboundKey::new(&AES_256_GCM, bytes).expect("32 bytes");
        Self {
            wrapping: LessSafeKey::new(wrapping),
            deriving: hmac::Key::new(hmac::HMAC_SHA256, bytes),
        }
    }

    /// Which key it is, without telling anything of it: the start of an HMAC-SHA-256.
    pub fn check_value(&self) -> [u8; 8] {
        self.derive(b"sekisho journal: key check value")
    }

    /// A key for the keyed hashes of a journal's records.
    pub fn hash_key(&self, cluster: &Cluster) -> [u8; 16] {
        self.derive(&[&b"sekisho journal: keyed hashes"[..], cluster].concat())
    }

    fn derive<const N: usize>(&self, what: &[u8]) -> [u8; N] {
        let tag = hmac::sign(&self.deriving, what);
        *tag.as_ref().first_chunk().expect("an HMAC has 32 bytes")
    }

    /// Makes a key for a segment, and wraps it: nonce, key, tag.
    pub fn make_segment_key(&self, whose: &KeyOwner) -> (SegmentKey, [u8; 60]) {
        let mut key = [0; KEY];
        SystemRandom::new().fill(&mut key).expect("the system has random numbers");
        let made = (SegmentKey::of(&key), self.wrap(&key, whose));
        key.fill(0);
        made
    }

    /// Nonce, key, tag.
    fn wrap(&self, key: &[u8; KEY], whose: &KeyOwner) -> [u8; 60] {
        let mut wrapped = [0; 60];
        let (nonce, rest) = wrapped.split_first_chunk_mut::<12>().expect("60 bytes");
        SystemRandom::new().fill(nonce).expect("the system has random numbers");
        let (place, tag_place) = rest.split_first_chunk_mut::<KEY>().expect("48 bytes");
        place.copy_from_slice(key);
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let tag = self.wrapping.seal_in_place_separate_tag(nonce, Aad::from(whose.bytes()), place);
        tag_place.copy_from_slice(tag.expect("a key is short").as_ref());
        wrapped
    }
}

/// A fresh key of a node, as the 64 digits that stand in its file.
pub fn generate() -> String {
    let mut bytes = [0; KEY];
    SystemRandom::new().fill(&mut bytes).expect("the system has random numbers");
    hex(&bytes)
}

/// Bytes as people compare them.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(hex_digit).collect()
}

fn hex_digit(nibble: u8) -> char {
    char::from_digit(u32::from(nibble), 16).expect("a nibble is a digit")
}

/// What a wrapped key belongs to: it opens nowhere else.
#[derive(Clone, Copy, Debug)]
pub struct KeyOwner {
    /// Whose journal.
    pub cluster: Cluster,
    /// Which segment (of a checkpoint: 0).
    pub segment: SegmentNumber,
    /// Who began it.
    pub epoch: Epoch,
}

impl KeyOwner {
    fn bytes(&self) -> [u8; 28] {
        let mut bytes = [0; 28];
        bytes[..16].copy_from_slice(&self.cluster);
        bytes[16..24].copy_from_slice(&self.segment.0.to_le_bytes());
        bytes[24..].copy_from_slice(&self.epoch.0.to_le_bytes());
        bytes
    }
}

impl Keys {
    /// A single key.
    pub fn only(current: Key) -> Self {
        Self { current, former: Vec::new() }
    }

    /// Opens the wrapped key of a segment.
    ///
    /// # Errors
    /// No key of ours, or not what was wrapped.
    pub fn open(
        &self,
        check: [u8; 8],
        wrapped: &[u8; 60],
        whose: &KeyOwner,
    ) -> Result<SegmentKey, NotOpened> {
        self.opened(check, wrapped, whose, SegmentKey::of)
    }

    /// Wraps the key of a segment again, by the current key.
    ///
    /// # Errors
    /// No key of ours, or not what was wrapped.
    pub fn wrap_again(
        &self,
        check: [u8; 8],
        wrapped: &[u8; 60],
        whose: &KeyOwner,
    ) -> Result<[u8; 60], NotOpened> {
        self.opened(check, wrapped, whose, |key| self.current.wrap(key, whose))
    }

    fn opened<T>(
        &self,
        check: [u8; 8],
        wrapped: &[u8; 60],
        whose: &KeyOwner,
        work: impl FnOnce(&[u8; KEY]) -> T,
    ) -> Result<T, NotOpened> {
        let all = std::iter::once(&self.current).chain(&self.former);
        let key = all.into_iter().find(|key| key.check_value() == check);
        let key = key.ok_or(NotOpened::UnknownKey(check))?;
        let mut wrapped = *wrapped;
        let (nonce, rest) = wrapped.split_first_chunk_mut::<12>().expect("60 bytes");
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = key.wrapping.open_in_place(nonce, Aad::from(whose.bytes()), rest);
        let opened = opened.map_err(|_| NotOpened::Altered)?;
        let made = work((&*opened).try_into().expect("a key was wrapped"));
        wrapped.fill(0);
        Ok(made)
    }
}

impl SegmentKey {
    fn of(bytes: &[u8; KEY]) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, bytes).expect("32 bytes");
        Self(LessSafeKey::new(key))
    }

    /// Seals records in place. `covered` is the part of the header that the seal covers too. Each
    /// pair of epoch and batch is used once for one key.
    pub fn seal(
        &self,
        epoch: Epoch,
        batch: BatchNumber,
        covered: &[u8],
        records: &mut [u8],
    ) -> Tag {
        let sealed =
            self.0.seal_in_place_separate_tag(nonce(epoch, batch), Aad::from(covered), records);
        let tag = sealed.expect("a batch is short");
        tag.as_ref().try_into().expect("a tag has 16 bytes")
    }

    /// Opens records in place.
    ///
    /// # Errors
    /// When they are not what was sealed.
    pub fn open(
        &self,
        epoch: Epoch,
        batch: BatchNumber,
        covered: &[u8],
        tag: &Tag,
        records: &mut [u8],
    ) -> Result<(), NotOpened> {
        let (tag, nonce) = ((*tag).into(), nonce(epoch, batch));
        let opened =
            self.0.open_in_place_separate_tag(nonce, Aad::from(covered), tag, records, 0..);
        opened.map(|_| ()).map_err(|_| NotOpened::Altered)
    }
}

fn nonce(epoch: Epoch, batch: BatchNumber) -> Nonce {
    let mut nonce = [0; 12];
    nonce[..4].copy_from_slice(&epoch.0.to_le_bytes());
    nonce[4..].copy_from_slice(&batch.0.to_le_bytes());
    Nonce::assume_unique_for_key(nonce)
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

impl std::fmt::Debug for SegmentKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SegmentKey(..)")
    }
}

#[cfg(test)]
mod tests;
