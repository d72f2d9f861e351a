//! The shell around the core: command line, configuration, logs, control socket, and the threads
//! that join the parts. Decides nothing about a transaction; that is `switch-core`'s.

pub mod cli;

pub mod run;

mod standby;

mod serving;

pub mod pairing;

mod again;

mod hooks;

pub mod worker;

pub mod committer;

pub mod journaling;

pub mod peer;

mod witness;

pub mod marking;

pub mod reader;

pub mod mesh;

mod pulses;

mod health;

mod watchdog;

pub mod memory;

pub mod keys;

pub mod clocks;

mod descriptors;

pub mod running;

pub mod tunings;

pub mod reload;

pub mod service;

pub mod notes;

pub mod lines;

pub mod overview;

pub mod config;

pub mod logs;

mod diagnostics;

mod signals;

pub mod status;

pub mod saf;

pub mod not_done;

pub mod change;

pub mod node_requests;

pub mod drills;

mod nodes;

mod drilling;

pub mod versions;

pub mod operators;

mod wishes;

mod recorder;

pub mod control;
