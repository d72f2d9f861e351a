//! What threads share: byte rings, a sleeping flag and published snapshots. Must not know what the
//! bytes mean, who the threads are or what time it is.
//!
//! - [`lane`]: one thread hands byte messages to one other, in order, bounded, without a lock.
//! - [`Sleeper`]: who hands something over wakes the other side only if it sleeps, and no wake-up
//!   is ever lost.
//! - [`Published`]: one thread replaces a table that others read; they change over when it suits
//!   them, and what they gave up is freed by the one who published it.
//!
//! `README.md` lists every atomic with its partner; the models in `tests/loom.rs` run each pair
//! through all the orders that the memory model allows.
//!
//! # What it costs
//!
//! | operation | cost |
//! |---|---|
//! | [`LaneSender::reserve`], [`LaneSender::commit`] | no shared memory but the ring; a load of the other side's mark only when the ring looks full |
//! | [`LaneSender::publish`], [`LaneReceiver::release`] | one release store, for any number of messages |
//! | [`LaneReceiver::front`], [`LaneReceiver::pop`] | no shared memory but the ring; a load of the other side's mark only when the ring looks empty |
//! | [`Sleeper::should_wake`] | one full fence and a load; once per turn and target, not per message |
//! | [`Reader::adopt`] | one relaxed load, unless something new was published |
//!
//! # What it does not know
//!
//! - How to wake a thread: [`Sleeper::should_wake`] only says whether to.
//! - What to do when a lane is full: [`LaneSender::reserve`] says so and changes nothing.
//! - Whether the other side still lives: a lane whose receiver is gone fills up.

mod lane;
mod model;
mod sleep;
mod snapshot;

pub use lane::{LaneReceiver, LaneSender, lane, wiping_lane};
pub use sleep::Sleeper;
pub use snapshot::{Published, Reader};
