//! The start of a journal: takes its directory, reads it again, numbers the plan, and begins to write
//! where an earlier start ended. Must not know what a transaction is worth.
//!
//! 1. [`open`]: lock, recovery, the last checkpoint, and the records behind it. Writes nothing of the
//!    log, so that a start that fails later leaves it as it was.
//! 2. The caller numbers its plan ([`Opened::numbered`]) and opens its ports.
//! 3. [`Opened::begin`]: a new epoch in a new segment. What the start has to say is durable before
//!    any worker runs.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use codec::Dialect;
use journal::broken::Broken;
use journal::checkpoint;
use journal::disk::{Disk, SystemDisk};
use journal::format::{Cluster, Epoch, Position};
use journal::mark::Mark;
use journal::names::Name;
use journal::path::WritePath;
use journal::reader::Reader;
use journal::recovery::{Recovered, Tail};
use journal::repair::Repair;
use journal::roles::control::Control;
use journal::roles::event::Reign;
use journal::seal::{self, Keys};
use journal::segments::{Keeper, Next, Spares};
use journal::writer::{Appended, Committed, Start, Writer};
use switch_core::identity::HashKey;
use switch_core::plan::{Limits, Plan};
use switch_core::records::Record;
use switch_core::replay::State;
use switch_core::saf::closing::{Closings, closings};
use switch_core::time::Time;
use tracing::{info, warn};

use super::failure::Failure;
use super::figures::{Fixed, Sight};
use super::indexing::{Indexing, Spoken, Wanted};
use super::keeper::SPARES_MIN;
use super::numbers::{Allotted, NO_NUMBERS, Register, written};
use super::replaying;
use super::scrubbed::Scrubbed;
use super::trial_key::trial_key;
use super::{Tap, two_sites};
use crate::clocks;
use crate::config::{self, Configuration, Sealing, Sync};
use crate::marking::Marker;
use crate::notes::Notes;
use crate::reader::Past;
use crate::tunings::Tunings;

/// Bytes of spare segments that are kept ready at least, however small a segment is.
const SPARE_BYTES: u64 = 64 << 20;

/// A journal that was read, and to which nothing was written yet.
pub struct Opened {
    pub(super) settings: config::Journal,
    pub(super) disk: SystemDisk,
    pub(super) keys: Arc<Keys>,
    pub(super) cluster: Cluster,
    pub(super) recovered: Recovered,
    pub(super) state: State,
    pub(super) checkpoint: Position,
    /// Records read again behind the checkpoint, and how long everything took.
    pub(super) replayed: u64,
    pub(super) took: Duration,
    /// What the plan's numbers need to be written.
    pub(super) new: Vec<Vec<u8>>,
    pub(super) digest: [u8; 32],
    pub(super) register: Register,
    /// For the indexes: what marks are made under, the dialects of the plan's stations, and which
    /// indexes are to be made.
    pub(super) hash_key: HashKey,
    pub(super) dialects: Vec<Arc<Dialect>>,
    pub(super) wanted: Arc<Wanted>,
    pub(super) spoken: Arc<Spoken>,
    /// What the reader sees.
    pub(super) sight: Arc<Sight>,
    /// What is known of rot.
    pub(super) scrubbed: Arc<Scrubbed>,
    /// One of two nodes: what it knows of its role, and what of its log must come again from the other.
    pub(super) control: Option<Control>,
    pub(super) repair: Option<Repair>,
    /// The reign that begins, and where; none where a start is all there is to it.
    pub(super) begins: Option<Begins>,
}

/// Where a reign begins.
pub(super) struct Begins {
    pub(super) start: Start,
    pub(super) reign: Reign,
    /// The last batch before it.
    pub(super) end: Mark,
}

/// A journal that is written: everything that its threads need.
pub(super) struct Begun<P: WritePath> {
    pub(super) writer: Writer<SystemDisk, P>,
    pub(super) keeper: Keeper<SystemDisk>,
    pub(super) spares: Arc<Spares>,
    pub(super) closed: u64,
}

/// Takes the journal of a configuration and reads it; says again and again that it goes on.
///
/// # Errors
/// Why nothing may start on it.
pub fn open(
    configuration: &Configuration,
    sealing: Sealing,
    progresses: &dyn Fn(),
) -> Result<Box<Opened>, Failure> {
    let begun = clocks::boot();
    progresses();
    let settings = configuration.journal.clone();
    let path = configuration.state.join("journal");
    let made = DirBuilder::new().recursive(true).mode(0o750).create(&configuration.state);
    made.map_err(|error| Failure::directory(&configuration.state, &error))?;
    let disk = SystemDisk::open(&path, true).map_err(|error| Failure::directory(&path, &error))?;
    let disk = disk.prepared_for(settings.path);
    let current = match sealing.current {
        Some(key) => key,
        None => trial_key(&path).map_err(|error| Failure::file(&path, &error))?,
    };
    let keys = Arc::new(Keys { current, former: sealing.former });
    let (control, recovered, repair) = two_sites::recovered(configuration, &disk, &keys)?;
    let mut opened = Box::new(Opened {
        cluster: recovered.cluster.unwrap_or_else(new_cluster),
        settings,
        disk,
        keys,
        recovered,
        state: State::new(&configuration.settings.limits),
        checkpoint: Position(0),
        replayed: 0,
        took: Duration::ZERO,
        new: Vec::new(),
        digest: configuration.digest(),
        register: Register::default(),
        hash_key: HashKey::default(),
        dialects: Vec::new(),
        wanted: Arc::default(),
        spoken: Arc::default(),
        sight: Arc::default(),
        scrubbed: Arc::default(),
        control,
        repair,
        begins: None,
    });
    opened.replay(&configuration.settings.limits, progresses)?;
    opened.register = Register::of(&opened.state);
    opened.took = clocks::boot().since(begun);
    opened.tell();
    Ok(opened)
}

impl Opened {
    fn path(&self) -> &Path {
        self.disk.path()
    }

    /// The plan, with the numbers that its stations and links have in this journal.
    ///
    /// # Errors
    /// When there are no more numbers.
    pub fn numbered(&mut self, plan: Plan) -> Result<Plan, Failure> {
        let allotted = self.register.allot(&plan, self.digest, clocks::utc());
        let Allotted { numbers, new } =
            allotted.ok_or_else(|| Failure::new(crate::cli::EXIT_CONFIGURATION, NO_NUMBERS))?;
        self.register.starts_with(&plan);
        self.new = new;
        let hash_key = self.state.hash_key().unwrap_or_else(|| {
            let key = HashKey(self.keys.current.hash_key(&self.cluster));
            self.new.push(written(&Record::HashKey { key }));
            key
        });
        self.hash_key = hash_key;
        let stations = plan.stations.iter();
        self.dialects = stations.map(|station| Arc::clone(&station.settings.dialect)).collect();
        Ok(plan.numbered(numbers).keyed(hash_key))
    }

    /// The start writes these records too, behind the numbers of its plan.
    pub(crate) fn says_too(&mut self, records: Vec<Vec<u8>>) {
        self.new.extend(records);
    }

    /// Who has which numbers, once the plan has its own.
    pub fn register(&self) -> Register {
        self.register.clone()
    }

    /// The last configuration that the journal names; 0: none.
    pub(crate) fn last_configuration(&self) -> u32 {
        self.register.last_configuration()
    }

    /// Where the dialects of stations are told that come later.
    pub fn spoken(&self) -> Arc<Spoken> {
        Arc::clone(&self.spoken)
    }

    /// What a reader of the past works with, once the plan has its numbers.
    pub fn past(&self, tunings: Arc<Tunings>, notes: Notes) -> Past<SystemDisk> {
        Past {
            disk: self.disk.clone(),
            keys: Arc::clone(&self.keys),
            marker: Marker::new(self.hash_key, Vec::new()),
            keep: self.settings.original_keep,
            tunings,
            wanted: Arc::clone(&self.wanted),
            notes,
            sight: Arc::clone(&self.sight),
        }
    }

    /// What writes the indexes, once the plan has its numbers and before the start has written anything:
    /// what is packed next was written before that, in the dialects of then.
    pub(super) fn indexing(&mut self) -> Indexing {
        let dialects = std::mem::take(&mut self.dialects);
        self.indexing_under(self.hash_key, dialects, &self.state)
    }

    /// The same for a state, and under a key, that the log says.
    pub(super) fn indexing_under(
        &self,
        key: HashKey,
        dialects: Vec<Arc<Dialect>>,
        state: &State,
    ) -> Indexing {
        let mut marker = Marker::new(key, dialects);
        marker.learn_all(state);
        let (disk, keys) = (self.disk.clone(), Arc::clone(&self.keys));
        let (knows_the_past, pause_until) = (false, Time(0));
        let (wanted, spoken) = (Arc::clone(&self.wanted), Arc::clone(&self.spoken));
        Indexing { disk, keys, marker, knows_the_past, wanted, spoken, pause_until }
    }

    /// What figures show of this start, which closed so many transactions.
    pub(super) fn fixed(&self, closed_at_start: u64) -> Fixed {
        Fixed {
            directory: self.path().to_path_buf(),
            sync: self.settings.sync.word(),
            path: self.settings.path,
            epoch: self.epoch(),
            segment_bytes: self.settings.segment_bytes,
            replayed: self.replayed,
            replayed_ms: u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
            closed_at_start,
            sight: Arc::clone(&self.sight),
            scrubbed: Arc::clone(&self.scrubbed),
        }
    }

    /// Takes up the newest checkpoint that is whole.
    fn take_checkpoint(&mut self, limits: &Limits) -> Result<(), Failure> {
        let path = self.disk.path().to_owned();
        let found = checkpoint::latest(&self.disk, &self.keys, &self.cluster);
        let found = found.map_err(|problem| Failure::checkpoint(&path, &problem))?;
        for (position, flaw) in &found.passed_over {
            let (journal, name) = (path.display().to_string(), Name::Checkpoint(*position));
            warn!(journal, "{name} is passed over, and more is read again instead: {flaw}");
        }
        let Some((about, bytes)) = found.newest else { return Ok(()) };
        match State::read(limits, &bytes) {
            Ok(state) => {
                self.state = state;
                self.checkpoint = about.position;
            }
            // By another version: the records say the same.
            Err(why) => {
                let (journal, name) =
                    (path.display().to_string(), Name::Checkpoint(about.position));
                warn!(journal, "{name} can not be used, and all is read again instead: {why}");
            }
        }
        Ok(())
    }

    /// Takes up the last checkpoint and all records behind it.
    fn replay(&mut self, limits: &Limits, progresses: &dyn Fn()) -> Result<(), Failure> {
        self.take_checkpoint(limits)?;
        let path = self.disk.path().to_owned();
        let problem = |problem| Failure::problem(&path, &problem);
        let from = Position(self.checkpoint.0 + 1);
        let mut reader = Reader::open(&self.disk, Some(&self.keys), from).map_err(problem)?;
        let end = self.recovered.next_position.0 - 1;
        // Behind the end there may be what is damaged, or lacks yet, and comes from the other node.
        while self.state.position().0 < end {
            let Some(batch) = reader.next_batch().map_err(problem)? else { break };
            let records = batch.records().expect("there are keys");
            replaying::apply(&mut self.state, records, &path)?;
            progresses();
        }
        let last = self.state.position().0;
        let comes = self.repair.is_some() || self.recovered.lacks.is_some();
        if last != end && !(last > end && comes) {
            let why = format!("the log ends with record {end}, and {last} was read last");
            return Err(Failure::unreadable(&path, last + 1, why));
        }
        self.replayed = end.saturating_sub(self.checkpoint.0);
        Ok(())
    }
}

impl Opened {
    /// Begins to write where the last start ended: a new epoch, a new segment, and in it what this
    /// start has to say, durable when this returns; says again and again that it goes on.
    ///
    /// # Errors
    /// When there is no room, or the disk fails.
    pub(super) fn begin<P: WritePath>(
        &mut self,
        path: P,
        plan: &Plan,
        tap: Option<Tap>,
        progresses: &dyn Fn(),
    ) -> Result<Begun<P>, Failure> {
        let (spares, mut keeper) = self.spares(progresses)?;
        let at = self.path().to_owned();
        let broken = |broken| Failure::broken(&at, &broken);
        let alone = || Start::after(&self.recovered, self.cluster);
        let start = self.begins.as_ref().map_or_else(alone, |begins| begins.start);
        let (disk, keys) = (self.disk.clone(), Arc::clone(&self.keys));
        let now_ns = clocks::utc_ns();
        let writer = Writer::begin(disk, path, keys, &start, Arc::clone(&spares), now_ns);
        let mut writer = writer.map_err(broken)?;
        if let Some(tap) = tap {
            writer.tap(tap);
        }
        let (records, closed) = self.records(plan);
        let alone = !matches!(self.settings.sync, Sync::Durable | Sync::Memory | Sync::Async);
        let mut settling = Settling { writer: &mut writer, keeper: &mut keeper, alone, progresses };
        for record in &records {
            let position = settling.append(record).map_err(broken)?;
            replaying::apply_one(&mut self.state, position, record, &at)?;
        }
        settling.settle().map_err(broken)?;
        // Of these the log has nothing, and with a later segment nobody looks into them again.
        self.recovered.left_over.iter().for_each(|&segment| spares.archived(segment));
        Ok(Begun { writer, keeper, spares, closed })
    }

    /// The epoch of this start.
    pub(super) fn epoch(&self) -> Epoch {
        let alone = || Epoch(self.recovered.last_epoch.0 + 1);
        self.begins.as_ref().map_or_else(alone, |begins| begins.start.epoch)
    }

    /// The last batch of the log before this start.
    pub(super) fn end(&self) -> Mark {
        self.begins.as_ref().map_or(self.recovered.end, |begins| begins.end)
    }

    /// Prepares the segment that is written first and those that must be spare behind it.
    pub(super) fn spares(
        &self,
        progresses: &dyn Fn(),
    ) -> Result<(Arc<Spares>, Keeper<SystemDisk>), Failure> {
        let broken = |broken| Failure::broken(self.path(), &broken);
        let bytes = self.settings.segment_bytes;
        let spares = Arc::new(Spares::new(bytes));
        let wanted = usize::try_from((SPARE_BYTES / bytes).clamp(4, 16)).expect("a small number");
        // Beside a new segment there is to be room for a checkpoint and for what is being packed.
        let reserve = 2 * bytes;
        let keeper = Keeper::begin(self.disk.clone(), Arc::clone(&spares), wanted, reserve);
        let mut keeper = keeper.map_err(broken)?;
        while spares.count() <= SPARES_MIN {
            progresses();
            match keeper.step().map_err(broken)? {
                Next::Again => {}
                Next::Idle => break,
                Next::Full if spares.count() > 0 => break,
                Next::Full => {
                    let free = self.disk.free_bytes().unwrap_or_default();
                    return Err(Failure::no_room(self.path(), free, keeper.needed_bytes()));
                }
            }
        }
        Ok((spares, keeper))
    }

    /// What this start says, and how many transactions it closes. Each of these is reversed.
    fn records(&mut self, plan: &Plan) -> (Vec<Vec<u8>>, u64) {
        let utc = clocks::utc();
        let build = concat!("sekishod ", env!("CARGO_PKG_VERSION"));
        let mut records = vec![written(&Record::Start { epoch: self.epoch().0, utc, build })];
        records.append(&mut self.new);
        let (promotion, lossy) = self.promotion(&plan.limits, utc);
        records.extend(promotion);
        let Closings { records: closings, closed } = closings(&self.state, plan, utc, lossy);
        records.extend(closings);
        (records, closed)
    }

    /// Says what was found.
    fn tell(&self) {
        let journal = self.path().display().to_string();
        if let Tail::Torn(torn) = &self.recovered.tail {
            warn!(
                journal,
                "the journal ends in a write that was under way, which is left out: {torn}"
            );
        }
        info!(
            journal,
            records = self.state.position().0,
            checkpoint = self.checkpoint.0,
            replayed = self.replayed,
            milliseconds = u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
            unfinished = self.state.unfinished().len(),
            epoch = self.epoch().0,
            "journal read"
        );
    }
}

/// Writes what a start says.
struct Settling<'a, P: WritePath> {
    writer: &'a mut Writer<SystemDisk, P>,
    keeper: &'a mut Keeper<SystemDisk>,
    /// No peer must have it too before it counts as released.
    alone: bool,
    progresses: &'a dyn Fn(),
}

impl<P: WritePath> Settling<'_, P> {
    /// Puts a record into the log; waits for the disk where there is no room.
    fn append(&mut self, record: &[u8]) -> Result<Position, Broken> {
        loop {
            if let Appended::Taken(position) = self.writer.append(record)? {
                return Ok(position);
            }
            self.settle()?;
        }
    }

    /// Writes what is open, and waits until everything is durable. What a start closes may take more
    /// segments than were prepared, and nobody else prepares them yet.
    fn settle(&mut self) -> Result<(), Broken> {
        (self.progresses)();
        let released = if self.alone { self.writer.durable() } else { self.writer.released() };
        while self.writer.commit(released, clocks::utc_ns())? == Committed::NoSpare {
            (self.progresses)();
            if self.keeper.step()? != Next::Again {
                return Err(no_spare());
            }
        }
        while self.writer.under_way() > 0 {
            self.writer.poll(true)?;
        }
        self.writer.poll(false)?;
        Ok(())
    }
}

/// There is no segment to go on in, and no room for another.
pub(super) fn no_spare() -> Broken {
    Broken {
        file: "the directory".to_owned(),
        what: "no spare segment is ready",
        error: Arc::new(std::io::ErrorKind::StorageFull.into()),
    }
}

/// A name for a journal that nobody else's has.
pub(crate) fn new_cluster() -> Cluster {
    let digits = seal::generate();
    let mut cluster = Cluster::default();
    for (byte, pair) in cluster.iter_mut().zip(digits.as_bytes().chunks(2)) {
        let pair = std::str::from_utf8(pair).expect("it is hexadecimal");
        *byte = u8::from_str_radix(pair, 16).expect("it is hexadecimal");
    }
    cluster
}

#[cfg(test)]
mod tests;
