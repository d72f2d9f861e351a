//! How a snapshot that is whole takes the place of a log, and what that was is set aside. Must not know why
//! there is one.

use std::io::ErrorKind;

use super::SNAPSHOT;
use crate::archive;
use crate::base;
use crate::checkpoint;
use crate::cut::DIVERGED;
use crate::disk::{Disk, Failed};
use crate::erase;
use crate::format::{Cluster, Position, SegmentHeader};
use crate::mark::Mark;
use crate::names::Name;
use crate::scan;
use crate::survey;

/// Says, within [`SNAPSHOT`], that the log is to be set aside though nothing takes its place yet.
const ASIDE: &str = "aside";

/// What became of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The checkpoint that took its place; none: it was only set aside.
    pub position: Option<Position>,
    /// Where the log is that was there: its directory within [`DIVERGED`]. None: there was none.
    pub aside: Option<String>,
}

/// Whether there is a snapshot that is whole and has not yet taken the log's place.
///
/// # Errors
/// What the disk did not do.
pub fn is_whole<D: Disk>(disk: &D) -> Result<bool, Failed> {
    let Some(within) = within(disk)? else { return Ok(false) };
    Ok(!checkpoint::positions(&within)?.is_empty())
}

/// Puts a snapshot that is whole in the place of the log, and clears one that is not; to be called by every
/// start before it reads the log. Done again, it goes on where it was. None: nothing was changed.
///
/// # Errors
/// What the disk did not do.
pub fn settle<D: Disk>(disk: &D) -> Result<Option<Settled>, Failed> {
    let Some(within) = within(disk)? else { return Ok(None) };
    let names = within.list().map_err(Failed::when("list", SNAPSHOT))?;
    let position = checkpoint::positions(&within)?.last().copied();
    if position.is_none() && !names.iter().any(|name| name == ASIDE) {
        clear(&within)?;
        return Ok(None);
    }
    let aside = moves_aside(disk)?;
    if position.is_none() {
        base::remove(disk)?;
    }
    // Without a checkpoint behind it a base says nothing, and one with it is found again.
    for name in
        position.iter().flat_map(|&it| [base::NAME.to_owned(), Name::Checkpoint(it).to_string()])
    {
        if names.contains(&name) {
            let from = format!("{SNAPSHOT}/{name}");
            disk.rename(&from, &name).map_err(Failed::when("rename", &from))?;
            disk.sync_directory().map_err(Failed::when("sync", ""))?;
            within.sync_directory().map_err(Failed::when("sync", SNAPSHOT))?;
        }
    }
    clear(&within)?;
    Ok(Some(Settled { position, aside }))
}

/// Sets a log aside of which nothing can be gone on with: what [`settle`] does, without a snapshot. The journal
/// is empty then.
///
/// # Errors
/// What the disk did not do.
pub fn set_aside<D: Disk>(disk: &D) -> Result<Option<Settled>, Failed> {
    let within = disk.within(SNAPSHOT, true).map_err(Failed::when("make", SNAPSHOT))?;
    clear(&within)?;
    within.create(ASIDE, 0).map_err(Failed::when("create", ASIDE))?;
    within.sync_directory().map_err(Failed::when("sync", SNAPSHOT))?;
    settle(disk)
}

/// Removes what is left of a snapshot.
pub(super) fn clear<D: Disk>(within: &D) -> Result<(), Failed> {
    let names = within.list().map_err(Failed::when("list", SNAPSHOT))?;
    if names.is_empty() {
        return Ok(());
    }
    for name in names {
        within.remove(&name).map_err(Failed::when("remove", &name))?;
    }
    within.sync_directory().map_err(Failed::when("sync", SNAPSHOT))
}

fn within<D: Disk>(disk: &D) -> Result<Option<D>, Failed> {
    match disk.within(SNAPSHOT, false) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        within => within.map(Some).map_err(Failed::when("open", SNAPSHOT)),
    }
}

/// Moves all that a log is into a directory of its own, the oldest part last, so that what is done again finds
/// the same name for it. Checkpoints alone are no log: they go.
fn moves_aside<D: Disk>(disk: &D) -> Result<Option<String>, Failed> {
    let names = disk.list().map_err(Failed::when("list", ""))?;
    let mut all: Vec<Name> = names.iter().filter_map(|name| Name::parse(name)).collect();
    all.retain(|name| !matches!(name, Name::Spare(_)));
    let is_log = |name: &Name| matches!(name, Name::Segment(_) | Name::Archive(_));
    if !all.iter().any(is_log) {
        erase::remove(disk, all)?;
        return Ok(None);
    }
    let begins = begins(disk)?;
    let (epoch, position) =
        begins.map_or((0, 0), |header| (header.epoch.0, header.first_position.0));
    let name = format!("{epoch}-{position}.whole");
    let made = disk.within(DIVERGED, true).and_then(|within| within.within(&name, true));
    let to = made.map_err(Failed::when("make", DIVERGED))?;
    let (cluster, mark) = begins.as_ref().map_or((Cluster::default(), Mark::ZERO), before);
    base::write(&to, &cluster, &mark)?;
    // Archives are older than segments.
    all.sort_by_key(|name| match *name {
        Name::Archive(number) => (2, std::cmp::Reverse(number.0)),
        Name::Segment(number) => (1, std::cmp::Reverse(number.0)),
        Name::Checkpoint(Position(number)) | Name::Spare(number) => (0, std::cmp::Reverse(number)),
        Name::Index(number) => (0, std::cmp::Reverse(number.0)),
    });
    let oldest = all.pop();
    for names in [&all[..], oldest.as_slice()] {
        for file in names {
            let moved = disk.rename(&file.to_string(), &format!("{DIVERGED}/{name}/{file}"));
            moved.map_err(Failed::when("rename", file))?;
        }
        to.sync_directory().map_err(Failed::when("sync", DIVERGED))?;
        disk.sync_directory().map_err(Failed::when("sync", ""))?;
    }
    Ok(Some(name))
}

/// With what a log begins that is there.
fn begins<D: Disk>(disk: &D) -> Result<Option<SegmentHeader>, Failed> {
    for number in archive::numbers(disk)? {
        if let Some(header) = archive::header(disk, number)? {
            return Ok(Some(header.segment));
        }
    }
    let segments = survey::segments(disk)?;
    Ok(segments.iter().find_map(survey::Segment::in_the_log).copied())
}

fn before(header: &SegmentHeader) -> (Cluster, Mark) {
    let mark = match header.first_batch.0 {
        0 | 1 => Mark::ZERO,
        _ => Mark::before(&scan::first_of(header), header.epoch),
    };
    (header.cluster, mark)
}
