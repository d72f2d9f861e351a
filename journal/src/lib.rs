//! The write-ahead log: records go in, batches go to the disk, and after a crash the records that
//! were ever acknowledged come back. Knows bytes, not cards: what a record says is its caller's.

pub mod format;

pub mod seal;

pub mod disk;

pub mod path;

pub mod names;

pub mod broken;

pub mod segments;

pub mod writer;

pub mod pacing;

pub mod measure;

mod window;

mod survey;

pub mod scan;

pub mod verdict;

pub mod mark;

pub mod recovery;

mod erase;

pub mod base;

pub mod cut;

pub mod snapshot;

pub mod scrub;

pub mod follower;

pub mod repair;

pub mod reader;

pub mod raw;

pub mod control;

mod pieces;

pub mod checkpoint;

pub mod archive;

pub mod index;

mod walk;

pub mod sweep;

pub mod verify;

pub mod salvage;

pub mod stats;

pub mod ship;

pub mod roles;

#[doc(hidden)]
pub mod mutants;

#[cfg(feature = "simulated")]
pub mod authoring;

#[cfg(test)]
mod document;

#[cfg(test)]
mod place;
