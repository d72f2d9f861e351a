//! The decisions of the switch, sans-IO: frames, replies and time go in; records, frames and orders
//! come out. Knows no socket, clock, file, thread or chance, so that the simulator, the replay and
//! the standby run the same code.
//!
//! [`Core`] is one worker's share. What comes in is `handle_*`: [`Core::handle_frame`],
//! [`Core::handle_accept`], [`Core::handle_opened`], [`Core::handle_closed`],
//! [`Core::handle_reply`], [`Core::handle_peer`], [`Core::handle_time`], [`Core::handle_drain`] and
//! [`Core::handle_committed`]. What must go out is `poll_*`: [`Core::poll_record`],
//! [`Core::poll_transmit`], [`Core::poll_order`], [`Core::poll_notice`], [`Core::poll_timeout`].
//! A turn takes in whatever has come, commits the records, releases the transmits, carries out the
//! orders, and sleeps until the timeout.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod turn;

pub mod request;

pub mod repeats;

pub mod advice;
pub mod held;

pub mod window;

pub mod response;

pub mod unmatched;

pub mod expiry;

pub mod saf;

pub mod gate;

pub mod release;

pub mod delivery;

pub mod late;

pub mod orphans;

pub mod outlet;

pub mod routing;

pub mod pending;

pub mod kept;

pub mod stans;

pub mod amount;

pub mod identity;

pub mod reference;

pub mod duplicates;

pub mod foresight;

pub mod stations;

pub mod links;

pub mod noise;

pub mod network;

pub mod announcing;

pub mod pausing;

pub mod beside;

pub mod adoption;

pub mod retiring;

pub mod answers;

pub mod courier;

pub mod parked;

pub mod codes;

pub mod refusal;

pub mod records;

pub mod found;

pub mod wiped;

pub mod marks;

pub mod replay;

pub mod restore;

pub mod counters;

pub mod notices;

pub mod plan;

pub mod formats;

pub mod time;

pub mod ids;

pub mod broken;

pub use turn::{Core, Order, Question, Reply};
