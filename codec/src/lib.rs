//! Bytes to and from ISO 8583: this crate knows messages, and no socket, clock, file or decision.
//!
//! A [`Dialect`] is a table of fields. [`Dialect::decode`] reads a message in place into
//! caller-owned [`Slots`]; a [`Message`] is a view of both; a [`Writer`] builds a message field by
//! field; a [`Plan`] forwards one from a dialect to another, and an
//! [`Extract`] copies what may be written down of it; a [`Framing`] cuts messages out of a
//! byte stream.
#![no_std]
#![deny(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod mti;

mod fields;

mod spec;

mod shape;

mod dialect;

mod kernel;

mod bitmap;

mod digits;

mod familiar;

mod slots;

mod decode;

mod error;

mod message;

mod value;

mod part;

mod tlv;

mod subfields;

mod pan;

mod mask;

mod put;

mod writer;

mod plan;

mod recipe;

mod extract;

mod framing;

pub use decode::MESSAGE_BYTES_MAX;
pub use dialect::{Dialect, DialectError, JournalError, built_in, built_ins};
pub use error::{DecodeError, Expected, Found};
pub use extract::Extract;
pub use fields::{Fields, FieldsIter};
pub use framing::{Affix, Cut, Framing, FramingError, Prefix, Tpdu, TpduUse};
pub use kernel::{Kernels, fetch};
pub use mask::Masked;
pub use message::{Message, Place};
pub use mti::Mti;
pub use pan::{Pan, PanError, PanSource};
pub use part::{Part, PartError, PartExpected, PartIter};
pub use plan::{Edit, Plan, PlanError, Replace};
pub use slots::Slots;
pub use spec::{Class, FieldSpec, Form, Length, Side, SpecError, Version};
pub use subfields::{Key, Name, Subfield, Subfields, SubfieldsError, Walk, Width};
pub use tlv::{Element, Elements, Tag};
pub use value::Value;
pub use writer::{WriteError, WriteReason, Writer};

/// The examples of the README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
