//! Load, issuers, the floor and the comparison with it. Must not know how the switch decides: it
//! meets the switch over TCP only, as its partners do.
//!
//! Each of the four is a plain options struct and one call, and a clap [`Command`] on top, so that
//! another program can offer them as subcommands of its own and re-execute itself:
//!
//! | module | what it is |
//! |---|---|
//! | [`load`] | an acquirer's centre: sends sales, checks every answer, measures |
//! | [`issuer`] | an issuer's centre: answers what it gets, late or not at all if told to |
//! | [`relay`] | the floor: the same connections and bytes as the switch, and no thought |
//! | [`compare`] | floor and switch in turn on the same work |
//!
//! [`ledger`] has what load and issuer write down of each transaction, if asked to.

pub mod load;

pub mod issuer;

pub mod relay;

pub mod compare;

pub mod ledger;

pub mod cli;

mod connects;

mod outbox;

mod action;

mod answer;

mod clock;

mod calendar;

mod figures;

pub use cli::{Command, execute, run};
