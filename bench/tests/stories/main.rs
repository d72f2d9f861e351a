//! The bench against itself: loads, relays and issuers in one process, partners that lie, and the
//! program with its exit codes. Must not know how any of it is built.
#![expect(clippy::unwrap_used, reason = "a story that can not go on has failed")]

mod world;

mod load;

mod lies;

mod ledger;

mod following;

mod sites;

mod issuer;

mod editions;

mod relay;

mod framings;

mod program;

mod compare;
