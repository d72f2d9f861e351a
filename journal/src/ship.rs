//! The line between two sites: what is said on it, and how a log gets from the primary to its standby.
//! Everything here is told what happened and says what is to be done; it must not know a socket, a
//! file, a clock or a thread, nor who should be primary.

pub mod message;

pub mod pool;

pub mod wire;

pub mod agree;

pub mod sender;

pub mod receiver;

#[cfg(test)]
mod world;

#[cfg(test)]
mod stories;

#[cfg(test)]
mod endings;
