//! Which of two nodes writes the log, and what it may release: the rules as a state machine that has
//! no clock, no socket and no file. `ROLES.md` tells them in order. Knows no record's meaning.

pub mod event;

pub mod settings;

pub mod name;

pub mod witness;

pub mod control;

pub mod wish;

pub mod refusal;

pub mod objection;

pub mod view;

pub mod node;

mod peer;

mod arbiter;

mod standby;

mod deciding;

mod rising;

mod reigning;

mod syncing;

mod shipping;

mod handover;

mod yielding;

mod isolating;

mod wishes;

mod showing;

#[cfg(test)]
mod tests;

#[cfg(test)]
mod document;
