//! Cuts what comes on the line into messages. Must not know where the bytes come from, nor what a
//! message leads to.
//!
//! What it costs: the fixed part of one message, and the buffers of its pool. Nothing is allocated on
//! the word of the other side but what a message of that kind may have, and that is in the pool.

use super::{FIXED_MAX, HEAD, Kind, Nonsense, reading};
use crate::format::{BATCH_MAX, Epoch};
use crate::ship::message::{Bytes, Message};
use crate::ship::pool::{Filling, Pool};

/// One direction of a line.
#[derive(Debug)]
pub struct Cutter {
    pool: Pool,
    head: [u8; HEAD],
    /// Of the message that is being read: bytes of its head that are here.
    have: usize,
    fixed: Vec<u8>,
    filling: Option<Filling>,
    ended: Option<Nonsense>,
}

/// What became of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Taken {
    /// So many were taken, from the front. Fewer than there were, and no message: every buffer of the
    /// pool is under way. Offer the rest again when one came back, and read no more until then.
    pub used: usize,
    /// They ended this message.
    pub message: Option<Message>,
}

/// What a head says.
struct Head {
    kind: Kind,
    reign: Epoch,
    fixed: usize,
    payload: usize,
}

impl Cutter {
    /// A line from its beginning. Payloads go into buffers of `pool`.
    ///
    /// # Panics
    /// If a buffer of the pool may be shorter than a batch.
    pub fn new(pool: Pool) -> Self {
        assert!(pool.longest() >= BATCH_MAX, "any batch may come");
        let fixed = Vec::with_capacity(FIXED_MAX);
        Self { pool, head: [0; HEAD], have: 0, fixed, filling: None, ended: None }
    }

    /// A line from its beginning, once more: what of a message was here is forgotten, the buffers stay.
    #[must_use]
    pub fn again(mut self) -> Self {
        if let Some(mut filling) = self.filling.take() {
            let zeros = vec![0; filling.missing()];
            filling.add(&zeros);
            drop(self.pool.finish(filling));
        }
        Self::new(self.pool)
    }

    /// Takes bytes up to the end of a message at most.
    ///
    /// # Errors
    /// What is no message. Nothing behind it is told apart any more: the same is said from then on.
    pub fn take(&mut self, bytes: &[u8]) -> Result<Taken, Nonsense> {
        if let Some(nonsense) = self.ended {
            return Err(nonsense);
        }
        let taken = self.go_on(bytes);
        self.ended = taken.as_ref().err().copied();
        taken
    }

    /// Buffers for payloads that are free.
    pub fn free(&self) -> usize {
        self.pool.free()
    }

    /// Bytes that its buffers have.
    pub fn allocated(&self) -> usize {
        self.pool.allocated()
    }

    fn go_on(&mut self, bytes: &[u8]) -> Result<Taken, Nonsense> {
        let length = bytes.len().min(HEAD - self.have);
        let (front, mut rest) = bytes.split_at(length);
        self.head[self.have..self.have + length].copy_from_slice(front);
        self.have += length;
        let used = |rest: &[u8], message| Taken { used: bytes.len() - rest.len(), message };
        if self.have < HEAD {
            return Ok(used(rest, None));
        }
        let head = Head::read(&self.head)?;
        let length = rest.len().min(head.fixed - self.fixed.len());
        let (front, behind) = rest.split_at(length);
        self.fixed.extend_from_slice(front);
        rest = behind;
        if self.fixed.len() < head.fixed {
            return Ok(used(rest, None));
        }
        if head.payload > 0 {
            if self.filling.is_none() {
                self.filling = self.pool.begin(head.payload);
            }
            let Some(filling) = &mut self.filling else { return Ok(used(rest, None)) };
            rest = &rest[filling.add(rest)..];
            if filling.missing() > 0 {
                return Ok(used(rest, None));
            }
        }
        let payload = match self.filling.take() {
            Some(filling) => Bytes::Parcel(self.pool.finish(filling)),
            None => Bytes::Owned(Vec::new()),
        };
        let message = reading::read(head.kind, head.reign, &self.fixed, payload)?;
        self.have = 0;
        self.fixed.clear();
        Ok(used(rest, Some(message)))
    }
}

impl Head {
    fn read(bytes: &[u8; HEAD]) -> Result<Self, Nonsense> {
        let number = |at: usize| {
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let (length, reign, payload) = (number(0), number(8), number(12));
        let number = u16::from_le_bytes([bytes[4], bytes[5]]);
        let kind = Kind::read(number)?;
        let nothing = u16::from_le_bytes([bytes[6], bytes[7]]);
        if nothing != 0 {
            let (field, found) = ("what must be zero", nothing.into());
            return Err(Nonsense::Value { kind: number, field, found });
        }
        let wrong = Nonsense::Length { kind: number, length, payload };
        let fixed = length.checked_sub(payload).ok_or(wrong)?;
        let size = |length: u32| usize::try_from(length).map_err(|_| wrong);
        let (fixed, payload) = (size(fixed)?, size(payload)?);
        if !kind.allows(fixed, payload) {
            return Err(wrong);
        }
        Ok(Self { kind, reign: Epoch(reign), fixed, payload })
    }
}
