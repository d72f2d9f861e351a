//! The core told from outside: acquirers and issuers talk through it, and the transcript is the
//! proof. Must use nothing but the public interface.
#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

use switch_sim::world;

mod sales;

mod refusals;

mod repeats;

mod held;

mod restarts;

mod promotions;

mod saf;

mod advices;

mod reversals;

mod older;

mod editions;

#[cfg(test)] // where unwrap is allowed
mod cards;

mod formats;

mod limits;

mod order;

#[cfg(test)] // where unwrap is allowed
mod obligations;

mod matching;

mod foresight;

mod noise;

mod tpdus;

mod sharing;

mod couriers;

mod release;

mod withdrawn;

mod late;

mod window;

mod delivery;

#[cfg(test)] // where unwrap is allowed
mod records;

mod sign_on;

mod reconnect;

mod asking;

#[cfg(test)] // where unwrap is allowed
mod states;

mod draining;

mod pausing;

#[cfg(test)] // where unwrap is allowed
mod reload;

mod corrections;

#[cfg(test)] // where unwrap is allowed
mod succession;

#[cfg(test)] // where unwrap is allowed
mod anything;
