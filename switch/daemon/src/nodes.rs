//! Answers what operators want of this node and its peer. Must not know how a request came, nor the rules by
//! which two nodes agree.

mod alone;

mod words;

mod looking;

mod witness;

mod isolation;

mod drills;

mod pair;

pub(crate) use alone::{Alone, nobody};
pub(crate) use drills::Drills;
pub(crate) use pair::{Files, Pair};
pub(crate) use words::{ended, halted, word};
