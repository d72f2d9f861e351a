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
use journal::roles::control::Control;
use journal::roles::event::{Cause, Reign};
use journal::roles::settings::LogFacts;
use journal::seal::Keys;
use journal::ship::message::EPOCHS_MAX;
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
    let Some(mut control) = control::mend(disk).map_err(unknown)? else { return Ok(None) };
    if let Some(mark) = control.cut {
        let cut = cut::finish(disk, keys, &mark);
        let cut = cut.map_err(|why| failed("the log could not be cut", &why))?;
        warn!(
            journal = path.to_string(),
            behind = mark.position.0,
            kept = cut.tail.map(|tail| tail.name).unwrap_or_default(),
            "the log was cut: the other node went on from there without what stood behind"
        );
        control.cut = None;
        control::write(disk, &control).map_err(unknown)?;
    }
    Ok(Some(control))
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
