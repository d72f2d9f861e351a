//! The operator's commands against a real daemon, with an acquirer and an issuer over TCP: what is stored
//! for an issuer, who may do what with it, what the journal says of it afterwards, and how a configuration is
//! changed under all this.
#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

mod node;

mod partner;

mod stored;

mod configuring;

mod found;
