//! What the start of one of two nodes does beside that of a node alone: it finishes a cut that was under way,
//! says what there is of the log, and writes that a standby has begun a reign. Must not know the rules by which
//! it does.

use std::sync::Arc;

use journal::control;
use journal::cut;
use journal::disk::SystemDisk;
use journal::format::Epoch;
use journal::raw;
use journal::recovery::{self, Recovered};
use journal::repair::{self, Repair};
use journal::roles::control::{Control, Joining};
use journal::roles::event::{Cause, Reign};
use journal::roles::settings::LogFacts;
use journal::seal::Keys;
use journal::ship::message::EPOCHS_MAX;
use journal::snapshot::{self, Settled};
use switch_core::plan::Limits;
use switch_core::records::Record;
use tracing::warn;

use super::Opened;
use super::failure::Failure;
use super::numbers::written;
use crate::cli::EXIT_DATA;
use crate::config::Configuration;

/// What a node knows of its role, once its log is as that says: a cut that was under way is finished. None: it
/// never had a role.
fn whole(disk: &SystemDisk, keys: &Arc<Keys>) -> Result<Option<Control>, Failure> {
    let path = disk.path().display();
    let failed = |what: &str, why: &dyn std::fmt::Display| {
        Failure::new(EXIT_DATA, format!("journal {path}: {what}: {why}"))
    };
    let unknown = |why: control::Problem| failed("the role of this node is not known", &why);
    let disk_failed = |why| failed("the log could not be replaced", &why);
    let Some(mut control) = control::mend(disk).map_err(unknown)? else { return Ok(None) };
    if snapshot::is_whole(disk).map_err(disk_failed)? {
        // Before anything else is: what it has since is less than what it had.
        control.joining = control.joining.max(Joining::New);
        control::write(disk, &control).map_err(unknown)?;
    }
    tells(disk, snapshot::settle(disk).map_err(disk_failed)?.as_ref());
    let Some(mark) = control.cut else { return Ok(Some(control)) };
    match cut::begin(disk, &mark) {
        // Nothing would be left to make a state of: it takes all anew.
        Err(cut::Problem::NoState) => {
            control.joining = Joining::Replacing;
            control::write(disk, &control).map_err(unknown)?;
            tells(disk, snapshot::set_aside(disk).map_err(disk_failed)?.as_ref());
        }
        // That was done, and not yet written down.
        Err(cut::Problem::NotInTheLog(_))
            if control.joining == Joining::Replacing
                && raw::first_available(disk).map_err(disk_failed)?.is_none() => {}
        Ok(()) | Err(_) => {
            let cut = cut::finish(disk, keys, &mark);
            let cut = cut.map_err(|why| failed("the log could not be cut", &why))?;
            warn!(
                journal = path.to_string(),
                behind = mark.position.0,
                kept = cut.tail.map(|tail| tail.name).unwrap_or_default(),
                "the log was cut: the other node went on from there without what stood behind"
            );
        }
    }
    control.cut = None;
    control::write(disk, &control).map_err(unknown)?;
    Ok(Some(control))
}

/// Says what became of a log that was set aside.
fn tells(disk: &SystemDisk, settled: Option<&Settled>) {
    let Some(Settled { position, aside }) = settled else { return };
    let journal = disk.path().display().to_string();
    let aside = aside.as_ref().map(|name| format!("{}/{name}", cut::DIVERGED)).unwrap_or_default();
    let Some(position) = position else {
        let why = "the log was set aside: it parts from that of the other node before its first checkpoint";
        return warn!(journal, aside, "{why}");
    };
    let position = position.0;
    warn!(journal, aside, position, "a checkpoint of the other node took the place of the log");
}

/// What there is of a log. One of two nodes knows something of its role besides, and goes on with what stands
/// before damage: the rest comes again from the other.
pub(super) fn recovered(
    configuration: &Configuration,
    disk: &SystemDisk,
    keys: &Arc<Keys>,
) -> Result<(Option<Control>, Recovered, Option<Repair>), Failure> {
    let refused = |why| Failure::refusal(disk.path(), &why);
    if configuration.peer.is_none() {
        let recovered = recovery::recover(disk, Some(keys)).map_err(refused)?;
        return Ok((None, recovered, None));
    }
    let control = whole(disk, keys)?;
    let (recovered, repair) = repair::recover(disk, keys).map_err(refused)?;
    Ok((control, recovered, repair))
}

impl Opened {
    /// What of the log there is.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) fn facts(&self) -> Result<LogFacts, Failure> {
        let path = self.disk.path().display();
        let failed = |why| Failure::new(EXIT_DATA, format!("journal {path}: {why}"));
        Ok(LogFacts {
            cluster: self.recovered.cluster,
            end: self.recovered.end,
            epochs: raw::epochs(&self.disk, EPOCHS_MAX).map_err(failed)?,
            released: self.recovered.marked,
            damaged: self.repair.map(|repair| repair.until),
            lacks: self.recovered.lacks,
        })
    }

    /// What it knows of its role; none: it never had one.
    pub(crate) fn control(&self) -> Option<Control> {
        self.control
    }

    /// The journal's directory, and the keys of it.
    pub(crate) fn disk(&self) -> (SystemDisk, Arc<Keys>) {
        (self.disk.clone(), Arc::clone(&self.keys))
    }

    /// What is written of a standby that begins a reign, and whether records may be missing.
    pub(super) fn promotion(&self, limits: &Limits, utc: u64) -> (Option<Vec<u8>>, bool) {
        let Some(begins) = &self.begins else { return (None, false) };
        let Reign { epoch: Epoch(epoch), cause, lossy, .. } = begins.reign;
        // Who goes on with its own reign knows all that it released.
        let is_new = lossy || matches!(cause, Cause::Promoted | Cause::HandedOver);
        let until = if lossy { utc + limits.orphan_window.as_secs() } else { 0 };
        let record = Record::Promotion { epoch, utc, lossy, until };
        (is_new.then(|| written(&record)), lossy)
    }
}
