//! What the operator's program shares with the campaigns of xtask: who takes part, and the judge that
//! holds ledgers against a journal. Must not know how either is got.

pub mod judge;

pub mod parties;
