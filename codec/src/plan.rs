//! Forwarding from one dialect to another, worked out once for each pair. Knows which bytes can
//! be copied; which fields may be, others decide.
//!
//! ```text
//! received  | 2 3 4 | 7 | 11 | 12 22 | 32 | 35 37 41 42 49 | 64 |
//!               |     7'  11'    |     |  33'      |           dropped
//! forwarded | 2 3 4 | 7'| 11'| 12 22 | 32 | 33' | 35 37 41 42 49 |
//! ```
//! Between the fields that change, everything is one copied run of bytes, prefixes and all. Only
//! the changes are walked over.

use crate::dialect::{Dialect, Layout};
use crate::fields::Fields;
use crate::message::Message;
use crate::mti::Mti;
use crate::put::Sink;
use crate::spec::{Class, FieldSpec, Form, Length};
use crate::writer::{WriteError, WriteReason};
use alloc::boxed::Box;
use core::fmt;

/// How messages of one dialect become messages of another of the same version.
#[derive(Clone)]
pub struct Plan {
    to: Box<Layout>,
    /// The fingerprint of the layout that messages must have.
    from_print: u64,
    /// Fields whose wire form differs.
    converted: Fields,
    carried: Fields,
}

/// Why two dialects have no plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanError {
    /// They follow different editions: fields of one number differ in meaning.
    Versions,
}

/// A field that the forwarded message has instead of, or beside, the original's.
#[derive(Clone, Copy)]
pub struct Edit<'a> {
    /// The data element.
    pub field: u8,
    /// Its value.
    pub value: Replace<'a>,
}

/// A value put in by an [`Edit`].
#[derive(Clone, Copy)]
pub enum Replace<'a> {
    /// Wire form of the target dialect, length prefix included.
    Wire(&'a [u8]),
    /// Up to 16 digits.
    Packed {
        /// BCD nibbles, right aligned.
        digits: u64,
        /// How many digits.
        units: u8,
    },
    /// Canonical bytes: ASCII digits, sign and digits, text, or binary as it is.
    Text(&'a [u8]),
}

impl Plan {
    /// The plan from one dialect to another.
    pub fn new(from: &Dialect, to: &Dialect) -> Result<Self, PlanError> {
        if from.version() != to.version() {
            return Err(PlanError::Versions);
        }
        let (mut converted, mut carried) = (Fields::EMPTY, Fields::EMPTY);
        for n in from.fields().intersection(to.fields()) {
            let (Some(own), Some(others)) = (from.field(n), to.field(n)) else { continue };
            if can_carry(own.class, others.class) {
                carried = carried.with(n);
            }
            if !is_same_on_the_wire(own, others) {
                converted = converted.with(n);
            }
        }
        let from_print = from.layout().print;
        Ok(Self { to: Box::new(*to.layout()), from_print, converted, carried })
    }

    /// The fields that the plan can carry. One that is present and neither among these nor
    /// dropped is `NotInDialect` from [`Plan::write`].
    pub const fn carried(&self) -> Fields {
        self.carried
    }

    /// Whether DE `n` has the same bytes in both dialects, whatever its value.
    #[inline]
    pub const fn copies(&self, n: u8) -> bool {
        self.carried.has(n) && !self.converted.has(n)
    }

    /// Writes `message` as `mti` without the fields of `drop` and with `edits` (ascending; each
    /// replaces or adds its field, dropped or not) to the front of `out`; gives the bytes written.
    ///
    /// # Panics
    /// When the message is not in the dialect that the plan is from.
    pub fn write(
        &self,
        message: &Message<'_>,
        mti: Mti,
        drop: Fields,
        edits: &[Edit<'_>],
        out: &mut [u8],
    ) -> Result<usize, WriteError> {
        assert!(message.dialect().layout().print == self.from_print, "a plan for another dialect");
        let present = message.fields();
        let edited = self.edited(edits)?;
        let kept = present.difference(drop).difference(edited);
        if let Some(field) = kept.difference(self.carried).first() {
            return Err(WriteReason::NotInDialect.of(field));
        }
        let mut sink = Sink::new(out);
        sink.put_start(&self.to, mti, kept.union(edited)).map_err(|reason| reason.of(0))?;
        let changed = present.intersection(drop.union(self.converted)).union(edited);
        let mut edits = edits.iter().peekable();
        let mut copied_to = message.start_at_or_above(2);
        for n in changed {
            let (from, to) = message.span(n).unwrap_or_else(|| {
                let place = message.start_at_or_above(n);
                (place, place)
            });
            copy(&mut sink, message, copied_to, from, n)?;
            copied_to = to;
            let done = match edits.next_if(|edit| edit.field == n) {
                Some(edit) => self.put_edit(&mut sink, edit),
                None if drop.has(n) => Ok(()),
                None => self.put_converted(&mut sink, message, n),
            };
            done.map_err(|reason| reason.of(n))?;
        }
        copy(&mut sink, message, copied_to, message.end(), 0)?;
        Ok(sink.len())
    }

    /// The fields of `edits`, which must ascend.
    fn edited(&self, edits: &[Edit<'_>]) -> Result<Fields, WriteError> {
        let (mut edited, mut last) = (Fields::EMPTY, 0);
        for &Edit { field, .. } in edits {
            if !self.to.fields.has(field) {
                return Err(WriteReason::NotInDialect.of(field));
            }
            if field <= last {
                return Err(WriteReason::OutOfOrder.of(field));
            }
            edited = edited.with(field);
            last = field;
        }
        Ok(edited)
    }

    fn put_edit(&self, sink: &mut Sink<'_>, edit: &Edit<'_>) -> Result<(), WriteReason> {
        let field = self.to.field(edit.field).ok_or(WriteReason::NotInDialect)?;
        match edit.value {
            Replace::Wire(wire) => sink.put_wire(field, wire),
            Replace::Packed { digits, units } => sink.put_nibbles(field, digits, units),
            Replace::Text(text) => sink.put_text(field, text),
        }
    }

    fn put_converted(
        &self,
        sink: &mut Sink<'_>,
        message: &Message<'_>,
        n: u8,
    ) -> Result<(), WriteReason> {
        let value = message.value(n).ok_or(WriteReason::Missing)?;
        sink.put_value(self.to.field(n).ok_or(WriteReason::NotInDialect)?, &value)
    }
}

/// Copies the run of bytes before field `n`.
#[inline]
fn copy(
    sink: &mut Sink<'_>,
    message: &Message<'_>,
    from: usize,
    to: usize,
    n: u8,
) -> Result<(), WriteError> {
    match message.bytes().get(from..to) {
        Some(&[]) | None => Ok(()),
        Some(run) => sink.copy(run).map_err(|reason| reason.of(n)),
    }
}

/// May a value of one class become one of another? Digits and amounts are text; text may turn
/// out to be digits; bytes are neither.
fn can_carry(from: Class, to: Class) -> bool {
    from == to
        || (from != Class::Binary && to == Class::Text)
        || (from == Class::Text && to != Class::Binary)
}

/// Is every value that one field can have written by the other with the same bytes?
fn is_same_on_the_wire(from: FieldSpec, to: FieldSpec) -> bool {
    let fits = match to.length {
        Length::Fixed => from.max == to.max,
        Length::Var { .. } => from.max <= to.max,
    };
    let classes = from.class == to.class || (from.form == Form::Chars && to.class == Class::Text);
    fits && classes && from.form == to.form && from.length == to.length
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lost = Fields::from_bits(u128::MAX).difference(self.carried);
        f.debug_struct("Plan")
            .field("converted", &self.converted)
            .field("lost", &lost)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Versions => f.write_str("the two dialects follow different editions"),
        }
    }
}

impl core::error::Error for PlanError {}

#[cfg(test)]
mod tests;
