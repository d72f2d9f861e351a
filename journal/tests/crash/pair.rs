//! Two logs, of a primary and of its standby, through several lives: crashes of either, catch-up from
//! segments and archives, promotions, cuts. Everything that was framed is known from the writers' taps. Must
//! not ask the code under test what it should have done.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use journal::archive;
use journal::cut;
use journal::disk::simulated::{Random, SimulatedDisk, SimulatedPath};
use journal::follower::{Follower, Problem, Took};
use journal::format::{BatchHeader, BatchNumber, Epoch, PathKind, Position};
use journal::mark::Mark;
use journal::raw::RawReader;
use journal::reader::Reader;
use journal::repair;
use journal::seal::Keys;
use journal::segments::{Keeper, Spares};
use journal::writer::{Appended, Committed, Framed, Start, Writer};

use crate::node::{self, Failed};

const CLUSTER: [u8; 16] = [9; 16];

/// Batches by epoch and number.
type Batches = BTreeMap<(u32, u64), Vec<u8>>;

/// What was framed, whoever did it, by epoch and number; and what is known of both logs.
#[derive(Debug, Default)]
struct Ledger {
    framed: Arc<Mutex<Batches>>,
    /// Of each side, behind which mark it is being cut.
    cut: [Option<Mark>; 2],
    /// Of each side, the last batch that it called durable.
    durable: [Mark; 2],
    /// The last batch that both called durable in a reign in which that was required.
    released: Mark,
    epoch: u32,
}

/// What runs went through.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) crashes: u64,
    pub(crate) cuts: u64,
    pub(crate) promotions: u64,
    pub(crate) batches: u64,
}

struct Setting {
    kinds: [PathKind; 2],
    segment_bytes: u64,
    keys: Arc<Keys>,
    record_max: usize,
}

pub(crate) fn run(seed: u64, seen: &mut Seen) -> Result<(), String> {
    let random = &mut Random::new(seed);
    let disks = [SimulatedDisk::new(seed), SimulatedDisk::new(seed ^ 0xAB)];
    let mut kind = || random.one_of(&[PathKind::Mapped, PathKind::Direct]);
    let setting = Setting {
        kinds: [kind(), kind()],
        segment_bytes: random.one_of(&[32, 64, 128]) << 10,
        keys: node::keys(),
        record_max: random.one_of(&[50, 900, 9_000]),
    };
    let mut ledger = Ledger::default();
    let mut primary = 0;
    let lives = 2 + random.below(4);
    for _ in 0..lives {
        let sync = random.chance(70);
        let crashing = random.place(3);
        if crashing < 2 {
            let disk = &disks[crashing];
            disk.crash_at(disk.operations() + 1 + random.below(120));
        }
        let steps = random.below(250);
        let lived = live(&disks, primary, &setting, steps, sync, &mut ledger, random, seen);
        settle(&disks, lived, random, seen)?;
        for (disk, mark) in disks.iter().zip(&mut ledger.cut) {
            if let Some(mark) = mark.take() {
                let cut = cut::finish(disk, &setting.keys, &mark);
                cut.map_err(|problem| problem.to_string())?;
            }
        }
        for (disk, durable) in disks.iter().zip(&ledger.durable) {
            let (marks, _) = log(disk, &setting, &ledger)?;
            if !has(&marks, durable) {
                return Err(format!("lost: {durable:?}"));
            }
        }
        if random.chance(50) {
            primary = 1 - primary;
            seen.promotions += 1;
            let (marks, _) = log(&disks[primary], &setting, &ledger)?;
            if sync && !has(&marks, &ledger.released) {
                return Err(format!("the new primary has not {:?}", ledger.released));
            }
            if !sync {
                ledger.released = Mark::ZERO;
            }
        }
    }
    while let Err(Failed(what)) =
        live(&disks, primary, &setting, 0, true, &mut ledger, random, seen)
    {
        // A cut may go down once more.
        let Some(mark) = ledger.cut[1 - primary].take() else { return Err(what) };
        disks[1 - primary].cut_power();
        cut::finish(&disks[1 - primary], &setting.keys, &mark).map_err(|it| it.to_string())?;
    }
    seen.batches += ledger.framed.lock().expect("one thread").len() as u64;
    equal(&disks, &setting, &ledger)
}

/// Whoever went down comes back; what went wrong without that is an error.
fn settle(
    disks: &[SimulatedDisk; 2],
    lived: Result<(), Failed>,
    random: &mut Random,
    seen: &mut Seen,
) -> Result<(), String> {
    let down = disks.iter().any(SimulatedDisk::is_down);
    if let (Err(Failed(what)), false) = (lived, down) {
        return Err(what);
    }
    for disk in disks {
        seen.crashes += u64::from(disk.is_down());
        if random.chance(60) {
            disk.cut_power();
        } else {
            disk.kill();
        }
    }
    Ok(())
}

fn has(marks: &[Mark], mark: &Mark) -> bool {
    *mark == Mark::ZERO || marks.contains(mark)
}

/// The batches of a log that is not damaged, each as it was framed, one behind the other.
fn log(
    disk: &SimulatedDisk,
    setting: &Setting,
    ledger: &Ledger,
) -> Result<(Vec<Mark>, Vec<Vec<u8>>), String> {
    let (recovered, repair) =
        repair::recover(disk, &setting.keys).map_err(|refusal| refusal.to_string())?;
    if let Some(repair) = repair {
        return Err(format!("nothing rots here, and it says: {repair:?}"));
    }
    let mut raw = RawReader::open(disk, setting.keys.clone(), BatchNumber(1))
        .map_err(|problem| problem.to_string())?;
    let framed = ledger.framed.lock().expect("one thread");
    let (mut marks, mut items) = (Vec::<Mark>::new(), Vec::new());
    while let Some(item) = raw.next().map_err(|problem| problem.to_string())? {
        match item {
            Framed::Segment(block) => items.push(block.to_vec()),
            Framed::Batch(mark, bytes) => {
                let before = marks.last().copied().unwrap_or_default();
                let header = BatchHeader::read(bytes).expect("it was read");
                if (header.batch, header.previous) != (before.next().batch, before.tag) {
                    return Err(format!("{mark:?} stands behind {before:?}"));
                }
                if framed.get(&(mark.epoch.0, mark.batch.0)).is_none_or(|known| known != bytes) {
                    return Err(format!("{mark:?} is not what was framed"));
                }
                marks.push(mark);
                items.push(bytes.to_vec());
            }
        }
    }
    if marks.last().copied().unwrap_or_default() != recovered.end {
        return Err(format!("it ends with {:?}, and is read to {:?}", recovered.end, marks.last()));
    }
    Ok((marks, items))
}

/// Both logs have the same bytes, wherever they stand.
fn equal(disks: &[SimulatedDisk; 2], setting: &Setting, ledger: &Ledger) -> Result<(), String> {
    let [one, other] = [log(&disks[0], setting, ledger)?, log(&disks[1], setting, ledger)?];
    if one != other {
        return Err(format!("the logs differ: {} and {} batches", one.0.len(), other.0.len()));
    }
    Ok(())
}

type Running = Follower<SimulatedDisk, SimulatedPath>;

struct Pair<'a> {
    disks: &'a [SimulatedDisk; 2],
    primary: usize,
    setting: &'a Setting,
    ledger: &'a mut Ledger,
    random: &'a mut Random,
    spares: [Arc<Spares>; 2],
    keepers: [Keeper<SimulatedDisk>; 2],
    writer: Writer<SimulatedDisk, SimulatedPath>,
    follower: Running,
    raw: RawReader<SimulatedDisk>,
    sync: bool,
    now_ns: u64,
}

#[expect(
    clippy::too_many_arguments,
    clippy::too_many_lines,
    clippy::large_stack_frames,
    reason = "a life is of all of it"
)]
fn live(
    disks: &[SimulatedDisk; 2],
    primary: usize,
    setting: &Setting,
    steps: u64,
    sync: bool,
    ledger: &mut Ledger,
    random: &mut Random,
    seen: &mut Seen,
) -> Result<(), Failed> {
    let standby = 1 - primary;
    agree(disks, primary, setting, ledger, random, seen)?;
    ledger.epoch += 1;
    let keep = |side: usize| -> Result<_, Failed> {
        let spares = Arc::new(Spares::new(setting.segment_bytes));
        let mut keeper = Keeper::begin(disks[side].clone(), spares.clone(), 2, 0)?;
        while spares.count() < 2 {
            keeper.step()?;
        }
        Ok((spares, keeper))
    };
    let recovered = [0, 1].map(|side| repair::recover(&disks[side], &setting.keys));
    let [one, other] = recovered;
    let recovered = [one?.0, other?.0];
    let ((spares_0, keeper_0), (spares_1, keeper_1)) = (keep(0)?, keep(1)?);
    let (spares, keepers) = ([spares_0, spares_1], [keeper_0, keeper_1]);
    let path = |side: usize| SimulatedPath::new(&disks[side], setting.kinds[side]);
    let disk = |side: usize| disks[side].clone();
    let follower = Follower::begin(
        disk(standby),
        path(standby),
        setting.keys.clone(),
        spares[standby].clone(),
        &recovered[standby],
        None,
        None,
    )?;
    if let Some(extent) = recovered[standby].segments.iter().rfind(|it| it.batches > 0) {
        let name = journal::names::Name::Segment(extent.header.segment).to_string();
        let content = disks[standby].content(&name);
        let end = usize::try_from(extent.end_offset).expect("64-bit machine");
        if content[end..].iter().any(|&byte| byte != 0) {
            return Err(Failed(format!("{name} is not zeros behind what stays")));
        }
    }
    let start = Start::reign(&recovered[primary], Epoch(ledger.epoch), CLUSTER);
    let mut writer = Writer::begin(
        disk(primary),
        path(primary),
        setting.keys.clone(),
        &start,
        spares[primary].clone(),
        7,
    )?;
    for &number in &recovered[primary].left_over {
        spares[primary].archived(number);
    }
    let framed = ledger.framed.clone();
    writer.tap(Box::new(move |item| match item {
        Framed::Segment(_) => {}
        Framed::Batch(mark, bytes) => {
            let key = (mark.epoch.0, mark.batch.0);
            let before = framed.lock().expect("one thread").insert(key, bytes.to_vec());
            assert!(before.is_none(), "no batch has the name of another one");
        }
    }));
    ledger.durable[primary] = start.end();
    ledger.durable[standby] = recovered[standby].end;
    let raw = RawReader::open(&disks[primary], setting.keys.clone(), recovered[standby].next_batch)
        .map_err(|problem| Failed(problem.to_string()))?;
    let (spares, keepers) = (spares, keepers);
    let mut pair = Pair {
        disks,
        primary,
        setting,
        ledger,
        random,
        spares,
        keepers,
        writer,
        follower,
        raw,
        sync,
        now_ns: 1_000_000_000,
    };
    for _ in 0..steps {
        pair.step()?;
    }
    pair.stop()
}

/// What both have stays; what else the standby has is cut off, and kept.
fn agree(
    disks: &[SimulatedDisk; 2],
    primary: usize,
    setting: &Setting,
    ledger: &mut Ledger,
    random: &mut Random,
    seen: &mut Seen,
) -> Result<(), Failed> {
    let standby = 1 - primary;
    let told = |what: String| Failed(what);
    let (marks, _) = log(&disks[primary], setting, ledger).map_err(told)?;
    let (others, _) = log(&disks[standby], setting, ledger).map_err(told)?;
    let both = marks.iter().zip(&others).take_while(|(one, other)| one == other).count();
    let common = both.checked_sub(1).map_or(Mark::ZERO, |last| marks[last]);
    if others.len() > both {
        seen.cuts += 1;
        let records = records(&disks[standby], setting, common.next().position)?;
        cut::begin(&disks[standby], &common)?;
        // From here on every start that finds the mark ends it.
        (ledger.durable[standby], ledger.cut[standby]) = (common, Some(common));
        if random.chance(30) {
            let disk = &disks[standby];
            disk.crash_at(disk.operations() + 1 + random.below(12));
        }
        cut::finish(&disks[standby], &setting.keys, &common)?;
        ledger.cut[standby] = None;
        let mut kept = Vec::new();
        for name in cut::tails(&disks[standby])? {
            let tail = cut::open(&disks[standby], &name)?;
            kept.extend(self::records(&tail, setting, Position(1))?);
        }
        if !records.iter().all(|record| kept.contains(record)) {
            return Err(Failed("a record that was cut is in no tail".to_owned()));
        }
    }
    let (left, _) = log(&disks[standby], setting, ledger).map_err(told)?;
    if left != marks[..both] {
        return Err(Failed(format!("{} batches are left of {both} that both have", left.len())));
    }
    Ok(())
}

type Record = (u64, Vec<u8>);

fn records(disk: &SimulatedDisk, setting: &Setting, from: Position) -> Result<Vec<Record>, Failed> {
    let keys = &*setting.keys;
    let opened = match Reader::open(disk, Some(keys), from) {
        Err(journal::reader::Problem::Gone { first }) => Reader::open(disk, Some(keys), first),
        opened => opened,
    };
    let (mut reader, mut all) = (opened?, Vec::new());
    while let Some(batch) = reader.next_batch()? {
        let records = batch.records().expect("there is a key");
        all.extend(records.map(|(position, record)| (position.0, record.to_vec())));
    }
    Ok(all)
}

impl Pair<'_> {
    fn step(&mut self) -> Result<(), Failed> {
        self.now_ns += 1_000_000;
        match self.random.below(24) {
            0..6 => self.append(),
            6..9 => self.commit(),
            9..12 => self.see_durable(self.random_wait()),
            12..17 => self.ship(),
            17..19 => self.follower_polls(false),
            19 => self.stray(),
            20 => self.mark(),
            21 => self.archive(),
            _ => self.keep(),
        }
    }

    fn random_wait(&self) -> bool {
        self.now_ns.is_multiple_of(2)
    }

    fn append(&mut self) -> Result<(), Failed> {
        let length = 1 + self.random.place(self.setting.record_max);
        let record = vec![self.random.number().to_le_bytes()[0]; length];
        match self.writer.append(&record)? {
            Appended::Taken(_) => Ok(()),
            Appended::Full if self.writer.open_records() > 0 => self.commit(),
            Appended::Full => self.see_durable(true),
        }
    }

    fn releases(&self) -> Position {
        let acknowledged = self.ledger.durable[1 - self.primary].position;
        let durable = self.writer.durable();
        let may = if self.sync { durable.min(acknowledged) } else { durable };
        may.max(self.writer.released())
    }

    fn commit(&mut self) -> Result<(), Failed> {
        while self.writer.commit(self.releases(), self.now_ns)? == Committed::NoSpare {
            self.keepers[self.primary].step()?;
        }
        Ok(())
    }

    fn mark(&mut self) -> Result<(), Failed> {
        while self.writer.mark(self.releases(), self.now_ns)? == Committed::NoSpare {
            self.keepers[self.primary].step()?;
        }
        Ok(())
    }

    fn see_durable(&mut self, wait: bool) -> Result<(), Failed> {
        self.writer.poll(wait)?;
        self.ledger.durable[self.primary] = self.writer.durable_mark();
        self.release();
        Ok(())
    }

    fn follower_polls(&mut self, wait: bool) -> Result<(), Failed> {
        self.ledger.durable[1 - self.primary] = self.follower.poll(wait)?;
        self.release();
        Ok(())
    }

    fn release(&mut self) {
        let [one, other] = self.ledger.durable;
        if self.sync {
            self.ledger.released = if one.batch < other.batch { one } else { other };
        }
    }

    /// Some of what the standby does not have, from the primary's files.
    fn ship(&mut self) -> Result<(), Failed> {
        for _ in 0..=self.random.below(6) {
            if !self.ship_one()? {
                break;
            }
        }
        Ok(())
    }

    fn ship_one(&mut self) -> Result<bool, Failed> {
        let item = match self.raw.next().map_err(|problem| Failed(problem.to_string()))? {
            None => return Ok(false),
            Some(Framed::Segment(block)) => (true, block.to_vec()),
            Some(Framed::Batch(_, bytes)) => (false, bytes.to_vec()),
        };
        loop {
            let took = match &item {
                (true, block) => self.follower.segment(block)?,
                (false, bytes) => self.follower.batch(bytes)?,
            };
            if took != Took::NoSpare {
                return Ok(true);
            }
            self.keepers[1 - self.primary].step()?;
        }
    }

    /// What was framed once, and is not the next batch, is not taken.
    fn stray(&mut self) -> Result<(), Failed> {
        let framed = self.ledger.framed.lock().expect("one thread").clone();
        let place = self.random.place(framed.len().max(1));
        let Some((&(epoch, batch), bytes)) = framed.iter().nth(place) else { return Ok(()) };
        let received = self.follower.received();
        let header = BatchHeader::read(bytes).expect("it was framed");
        if (header.batch, header.previous) == (received.next().batch, received.tag) {
            return Ok(());
        }
        match self.follower.batch(bytes) {
            Err(Problem::Misfit(_)) => Ok(()),
            told => Err(Failed(format!("batch {batch} of {epoch} behind {received:?}: {told:?}"))),
        }
    }

    fn archive(&mut self) -> Result<(), Failed> {
        let side = self.random.place(2);
        for number in self.spares[side].sealed() {
            archive::pack(&self.disks[side], &self.setting.keys, number, self.now_ns)?;
            self.spares[side].archived(number);
        }
        Ok(())
    }

    fn keep(&mut self) -> Result<(), Failed> {
        let side = self.random.place(2);
        for _ in 0..self.random.below(6) {
            self.keepers[side].step()?;
        }
        Ok(())
    }

    /// All that was written is durable on both.
    fn stop(mut self) -> Result<(), Failed> {
        self.commit()?;
        while self.writer.under_way() > 0 {
            self.see_durable(true)?;
        }
        while self.ship_one()? {}
        while self.follower.under_way() > 0 {
            self.follower_polls(true)?;
        }
        self.follower_polls(true)?;
        if self.follower.received() != self.writer.durable_mark() {
            return Err(Failed("the standby does not have all of it".to_owned()));
        }
        Ok(())
    }
}
