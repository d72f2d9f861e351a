//! One life of a journal's writer, from its start to a clean end or a crash, with all that is told
//! written into the ledger. Must not judge what it reads.

use std::sync::Arc;

use journal::archive;
use journal::checkpoint::{self, About};
use journal::disk::simulated::{Random, SimulatedDisk, SimulatedPath};
use journal::format::{Epoch, PathKind, Position};
use journal::reader::{Problem, Reader};
use journal::recovery::{self, Recovered, Refusal};
use journal::seal::{Key, Keys};
use journal::segments::{Keeper, Next, Spares};
use journal::writer::{Appended, Committed, Start, Writer};

use crate::ledger::{Ledger, Watched};

const CLUSTER: [u8; 16] = [9; 16];

/// What all lives of a journal have in common.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) kind: PathKind,
    pub(crate) segment_bytes: u64,
    pub(crate) keys: Arc<Keys>,
    /// The longest record.
    pub(crate) record_max: usize,
}

/// What recovery and reader say of a journal.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) recovered: Recovered,
    /// Every record with its position; archives so old that they are gone have the first of all.
    pub(crate) records: Vec<(u64, Vec<u8>)>,
    /// The newest checkpoint.
    pub(crate) checkpoint: Option<(u64, Vec<u8>)>,
}

/// Something failed that the disk did not cause, or that it did.
#[derive(Debug)]
pub(crate) struct Failed(pub(crate) String);

impl<T: std::fmt::Display> From<T> for Failed {
    fn from(error: T) -> Self {
        Self(error.to_string())
    }
}

pub(crate) fn keys() -> Arc<Keys> {
    Arc::new(Keys::only(Key::of(&[7; 32])))
}

/// Recovers, then reads all records.
pub(crate) fn read(disk: &SimulatedDisk, keys: &Keys) -> Result<Read, Refusal> {
    let recovered = recovery::recover(disk, Some(keys))?;
    let mut reader = match Reader::open(disk, Some(keys), Position(1)) {
        Err(Problem::Gone { first }) => Reader::open(disk, Some(keys), first),
        opened => opened,
    }
    .expect("it was just recovered");
    let mut records = Vec::new();
    while let Some(batch) = reader.next_batch().expect("it was just recovered") {
        let more = batch.records().expect("there is a key");
        records.extend(more.map(|(position, record)| (position.0, record.to_vec())));
    }
    let cluster = recovered.cluster.unwrap_or(CLUSTER);
    let found = checkpoint::latest(disk, keys, &cluster).expect("there is a key");
    let checkpoint = found.newest.map(|(about, state)| (about.position.0, state));
    Ok(Read { recovered, records, checkpoint })
}

/// What a checkpoint at this position holds.
pub(crate) fn state_at(position: u64) -> Vec<u8> {
    let mut random = Random::new(position);
    let length = random.place(10_000);
    std::iter::repeat_with(|| random.number().to_le_bytes()).flatten().take(length).collect()
}

/// A running writer with its keeper.
pub(crate) struct Node<'a> {
    disk: SimulatedDisk,
    ledger: &'a mut Ledger,
    random: &'a mut Random,
    setting: &'a Setting,
    spares: Arc<Spares>,
    keeper: Keeper<SimulatedDisk>,
    writer: Writer<SimulatedDisk, Watched<SimulatedPath>>,
    epoch: Epoch,
    now_ns: u64,
}

impl<'a> Node<'a> {
    /// Begins to write where recovery ended. From here on all that was recovered counts as told.
    pub(crate) fn start(
        disk: &SimulatedDisk,
        setting: &'a Setting,
        recovered: &Recovered,
        ledger: &'a mut Ledger,
        random: &'a mut Random,
    ) -> Result<Self, Failed> {
        let spares = Arc::new(Spares::new(setting.segment_bytes));
        let mut keeper = Keeper::begin(disk.clone(), spares.clone(), 2, 0)?;
        while spares.count() == 0 {
            keeper.step()?;
        }
        let now_ns = ledger.written.len() as u64 * 1_000_000;
        let start = Start::after(recovered, CLUSTER);
        let path = ledger.notes.watch(SimulatedPath::new(disk, setting.kind));
        let keys = setting.keys.clone();
        let writer = Writer::begin(disk.clone(), path, keys, &start, spares.clone(), now_ns)?;
        ledger.acknowledge(
            recovered.next_position.0 - 1,
            recovered.next_batch.0 - 1,
            start.epoch.0,
        );
        ledger.released = ledger.acknowledged;
        recovered.left_over.iter().for_each(|&number| spares.archived(number));
        let disk = disk.clone();
        Ok(Self {
            disk,
            ledger,
            random,
            setting,
            spares,
            keeper,
            writer,
            epoch: start.epoch,
            now_ns,
        })
    }

    /// So many steps of work.
    pub(crate) fn work(&mut self, steps: u64) -> Result<(), Failed> {
        for _ in 0..steps {
            self.now_ns += 1_000_000;
            match self.random.below(22) {
                0..8 => self.append()?,
                8..12 => self.commit()?,
                12..15 => self.poll(false)?,
                15..17 => self.poll(true)?,
                17 => self.mark()?,
                18 => self.archive()?,
                19 => self.checkpoint()?,
                _ => self.keep()?,
            }
        }
        Ok(())
    }

    /// An orderly end: all is durable, and a last mark says what was released.
    pub(crate) fn stop(mut self) -> Result<(), Failed> {
        self.commit()?;
        self.drain()?;
        self.ledger.released = self.ledger.acknowledged;
        self.mark()?;
        self.drain()
    }

    fn append(&mut self) -> Result<(), Failed> {
        let length = 1 + self.random.place(self.setting.record_max);
        let numbers = std::iter::repeat_with(|| self.random.number().to_le_bytes());
        let record: Vec<u8> = numbers.take(length.div_ceil(8)).flatten().take(length).collect();
        match self.writer.append(&record)? {
            Appended::Taken(position) => {
                self.ledger.written.push(record);
                assert_eq!(position.0, self.ledger.written.len() as u64, "positions have no gap");
                Ok(())
            }
            Appended::Full if self.writer.open_records() > 0 => self.commit(),
            Appended::Full => self.poll(true),
        }
    }

    fn commit(&mut self) -> Result<(), Failed> {
        let released = self.release();
        while self.writer.commit(released, self.now_ns)? == Committed::NoSpare {
            self.keeper.step()?;
        }
        Ok(())
    }

    fn mark(&mut self) -> Result<(), Failed> {
        let released = self.release();
        while self.writer.mark(released, self.now_ns)? == Committed::NoSpare {
            self.keeper.step()?;
        }
        Ok(())
    }

    /// Something of what is durable is acted upon.
    fn release(&mut self) -> Position {
        let more = self.ledger.acknowledged - self.ledger.released;
        self.ledger.released += match self.random.below(3) {
            0 => 0,
            1 => more,
            _ => self.random.below(more + 1),
        };
        Position(self.ledger.released)
    }

    fn poll(&mut self, wait: bool) -> Result<(), Failed> {
        let durable = self.writer.poll(wait)?;
        let batches = self.ledger.notes.durable_batch();
        self.ledger.acknowledge(durable.0, batches, self.epoch.0);
        Ok(())
    }

    fn drain(&mut self) -> Result<(), Failed> {
        while self.writer.under_way() > 0 {
            self.poll(true)?;
        }
        Ok(())
    }

    fn keep(&mut self) -> Result<(), Failed> {
        while self.random.chance(70) && self.keeper.step()? != Next::Idle {}
        Ok(())
    }

    /// Packs what is sealed, or some of it; rarely removes what is old.
    fn archive(&mut self) -> Result<(), Failed> {
        for number in self.spares.sealed() {
            archive::pack(&self.disk, &self.setting.keys, number, self.now_ns)?;
            self.spares.archived(number);
            if self.random.chance(30) {
                break;
            }
        }
        if let (true, [.., older, _]) = (self.random.chance(20), &self.ledger.checkpoints[..]) {
            let keep_behind = Position(*older);
            self.ledger.retired = *older;
            archive::retire(&self.disk, self.now_ns, 20_000_000, keep_behind)?;
        }
        Ok(())
    }

    /// Folds everything up to some record.
    fn checkpoint(&mut self) -> Result<(), Failed> {
        let last = self.ledger.checkpoints.last().copied().unwrap_or_default();
        let position = last + self.random.below(self.ledger.acknowledged - last + 1);
        if position > last {
            let (epoch, created_ns) = (self.epoch, self.now_ns);
            let about = About { cluster: CLUSTER, epoch, position: Position(position), created_ns };
            checkpoint::write(&self.disk, &self.setting.keys, &about, &state_at(position))?;
            self.ledger.checkpoints.push(position);
        }
        Ok(())
    }
}
