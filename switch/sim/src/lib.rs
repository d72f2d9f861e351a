//! The world around the core: acquirers, issuers, lines, lanes, a clock and a journal, in one place
//! and from one seed. Must not know more of the core than what it shows to everybody.
#![expect(clippy::unwrap_used, reason = "all of this is a test, and what fails here is one")]
#![forbid(unsafe_code)]

mod happened;

pub mod running;

pub mod world;

pub mod seeds;

#[cfg(feature = "pair")]
pub mod pair;
