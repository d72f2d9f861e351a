//! Two sites from outside: two real daemons on loopback with TLS between them, acquirers and issuers around them,
//! and the operator's commands; what both ends wrote down is held against the journal, and both journals against
//! each other.
#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

mod patience;

mod place;

mod front;

mod certificates;

mod centres;

mod site;

mod logs;

mod store;

mod pair;

mod following;

mod standby_lost;

mod primary_lost;

mod watched;

mod frozen;

mod sick;

mod isolated;

mod drilled;

mod switching;

mod opening;

mod hooks;

mod agreeing;

mod reloading;

mod joining;

mod scrubbing;

mod far_behind;

mod runbook;
