//! Records of the journal into the state that they lead to. Must not know where they were read.

use std::path::Path;

use journal::format::Position;
use switch_core::records::Record;
use switch_core::replay::{self, State};

use super::failure::Failure;

/// Takes in records with their positions.
///
/// # Errors
/// The first that is none, or that contradicts those before it.
pub(super) fn apply<'a>(
    state: &mut State,
    records: impl Iterator<Item = (Position, &'a [u8])>,
    path: &Path,
) -> Result<(), Failure> {
    for (position, record) in records {
        apply_one(state, position, record, path)?;
    }
    Ok(())
}

/// Takes in one record.
///
/// # Errors
/// When it is none, or contradicts those before it.
pub(super) fn apply_one(
    state: &mut State,
    position: Position,
    record: &[u8],
    path: &Path,
) -> Result<(), Failure> {
    let read = Record::read(record);
    let read = read.map_err(|why| Failure::unreadable(path, position.0, why))?;
    let applied = state.apply(replay::Position(position.0), &read);
    applied.map_err(|contradiction| Failure::contradiction(path, &contradiction))
}
