//! What the test itself knows of the journal: what was written, where, and what it was told about
//! it. Must not ask the code under test.

use std::sync::{Arc, Mutex};

use journal::format::{BATCH_HEADER, BatchHeader, PathKind};
use journal::path::WritePath;

/// The account of one journal over all its lives.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    /// All records, from position 1 on.
    pub(crate) written: Vec<Vec<u8>>,
    /// How many of them are durable, as far as anyone was told.
    pub(crate) acknowledged: u64,
    /// How many of them somebody acted upon.
    pub(crate) released: u64,
    /// Of the last writer that had something acknowledged.
    pub(crate) epoch: u32,
    /// The last batch that was acknowledged.
    pub(crate) batch: u64,
    /// Positions of checkpoints that were called durable.
    pub(crate) checkpoints: Vec<u64>,
    /// Archives with records up to here may have been removed.
    pub(crate) retired: u64,
    /// What went to the disk, in order.
    pub(crate) notes: Notes,
}

/// What went to the disk, in order, in the hands of ledger and write path.
#[derive(Debug, Default)]
pub(crate) struct Notes(Arc<Mutex<Vec<Note>>>);

/// A batch that went to the disk.
#[derive(Clone, Debug)]
pub(crate) struct Note {
    pub(crate) segment: String,
    pub(crate) offset: u64,
    /// Bytes that mean something.
    pub(crate) length: u64,
    /// Its number.
    pub(crate) batch: u64,
    /// What the header says that was released.
    pub(crate) released: u64,
    /// The position of the first record.
    pub(crate) first: u64,
    /// Somebody was told that it is durable.
    pub(crate) durable: bool,
}

impl Notes {
    pub(crate) fn all(&self) -> Vec<Note> {
        self.0.lock().expect("one thread").clone()
    }

    /// What was recovered is durable, and the rest was never written.
    pub(crate) fn keep_before(&self, next_batch: u64) {
        let mut notes = self.0.lock().expect("one thread");
        notes.retain(|note| note.durable || note.batch < next_batch);
        notes.iter_mut().for_each(|note| note.durable = true);
    }

    /// The last batch that somebody was told of.
    pub(crate) fn durable_batch(&self) -> u64 {
        let notes = self.0.lock().expect("one thread");
        notes.iter().rev().find(|note| note.durable).map_or(0, |note| note.batch)
    }

    /// A write path that notes what goes through it.
    pub(crate) fn watch<P: WritePath>(&self, path: P) -> Watched<P> {
        let notes = Self(self.0.clone());
        Watched { path, segment: String::new(), notes, submitted: Vec::new() }
    }
}

/// Copies are apart: what one does is not seen by the other.
impl Clone for Notes {
    fn clone(&self) -> Self {
        Self(Arc::new(Mutex::new(self.all())))
    }
}

/// A write path that notes what goes through it.
#[derive(Debug)]
pub(crate) struct Watched<P> {
    path: P,
    segment: String,
    notes: Notes,
    /// For each batch of this path its note.
    submitted: Vec<usize>,
}

impl<P: WritePath> WritePath for Watched<P> {
    fn kind(&self) -> PathKind {
        self.path.kind()
    }

    fn begin(&mut self, name: &str, bytes: u64) -> std::io::Result<()> {
        name.clone_into(&mut self.segment);
        self.path.begin(name, bytes)
    }

    fn buffer(&mut self) -> Option<&mut [u8]> {
        self.path.buffer()
    }

    fn submit(&mut self, offset: u64, length: usize) -> std::io::Result<()> {
        let bytes = self.path.buffer().expect("a batch was written into it");
        let header = BatchHeader::read(&bytes[..length]).expect("only batches are submitted");
        assert_eq!(header.size(), length);
        assert!(bytes[BATCH_HEADER + header.length as usize..length].iter().all(|&byte| byte == 0));
        let mut notes = self.notes.0.lock().expect("one thread");
        self.submitted.push(notes.len());
        notes.push(Note {
            segment: self.segment.clone(),
            offset,
            length: BATCH_HEADER as u64 + u64::from(header.length),
            batch: header.batch.0,
            released: header.released.0,
            first: header.first_position.0,
            durable: false,
        });
        drop(notes);
        self.path.submit(offset, length)
    }

    fn poll(&mut self, wait: bool) -> std::io::Result<u64> {
        let durable = self.path.poll(wait)?;
        let mut notes = self.notes.0.lock().expect("one thread");
        for &note in &self.submitted[..usize::try_from(durable).expect("few")] {
            notes[note].durable = true;
        }
        Ok(durable)
    }

    fn under_way(&self) -> usize {
        self.path.under_way()
    }
}

impl Ledger {
    /// Somebody was told that all up to here is durable.
    pub(crate) fn acknowledge(&mut self, position: u64, batch: u64, epoch: u32) {
        assert!(position >= self.acknowledged, "what was durable stays so");
        assert!(position <= self.written.len() as u64, "nobody wrote that");
        self.acknowledged = position;
        self.batch = self.batch.max(batch);
        self.epoch = self.epoch.max(epoch);
    }
}
