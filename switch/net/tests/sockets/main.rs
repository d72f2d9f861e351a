//! `Net` over real sockets on loopback, told from outside. Must use nothing but the public interface.

mod closing;
mod growing;
mod opening;
mod reading;
mod sending;
#[cfg(test)] // where unwrap is allowed
mod world;
