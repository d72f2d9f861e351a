//! Forwarding from one dialect to another, worked out once for each pair. Knows which bytes can
//! be copied; which fields may be, others decide.
//!
//! ```text
//! received  | 2 3 4 | 7 | 11 | 12 22 | 32 | 35 37 41 42 49 | 64 |
//!               |     7'  11'    |     |  33'      |           dropped
//! forwarded | 2 3 4 | 7'| 11'| 12 22 | 32 | 33' | 35 37 41 42 49 |
//! ```
//! Between the fields that come, go or change their length, everything is one copied run of
//! bytes, prefixes and all. What keeps its length (7 and 11 above) is copied too, and written over
//! in the copy.

use crate::dialect::{Dialect, Layout};
use crate::fields::Fields;
use crate::message::{Message, Places};
use crate::mti::Mti;
use crate::put::{Join, Sink, Way, can_carry, is_nibbles, is_wire};
use crate::recipe::Recipe;
use crate::shape::{Head, Shape};
use crate::slots::Spot;
use crate::spec::{Class, FieldSpec, Form, Length};
use crate::writer::{WriteError, WriteReason};
use alloc::boxed::Box;
use core::cell::RefCell;
use core::fmt;

/// How messages of one dialect become messages of another of the same version.
#[derive(Clone)]
pub struct Plan {
    to: Box<Layout>,
    /// The fingerprint of the layout that messages must have.
    from_print: u64,
    /// Fields whose wire form differs.
    converted: Fields,
    /// By number, how they are converted.
    ways: Box<[Way; 129]>,
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
        let mut ways = Box::new([Way::WithCare; 129]);
        for n in from.fields().intersection(to.fields()) {
            let (Some(own), Some(others)) = (from.field(n), to.field(n)) else { continue };
            if can_carry(own.class, others.class) {
                carried = carried.with(n);
            }
            if !is_same_on_the_wire(own, others) {
                converted = converted.with(n);
            }
            ways[usize::from(n)] = Way::of(from.layout().shape(n), to.layout().shape(n));
        }
        let from_print = from.layout().print;
        Ok(Self { to: Box::new(*to.layout()), from_print, converted, ways, carried })
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
        self.write_by(message.recipe(), message, mti, drop, edits, out)
    }

    /// The same, by this recipe if the message is rewritten as it says.
    #[inline]
    pub(crate) fn write_by(
        &self,
        recipe: Option<&RefCell<Recipe>>,
        message: &Message<'_>,
        mti: Mti,
        drop: Fields,
        edits: &[Edit<'_>],
        out: &mut [u8],
    ) -> Result<usize, WriteError> {
        assert!(message.dialect().layout().print == self.from_print, "a plan for another dialect");
        // Nothing that is converted is rewritten by rote.
        if !message.fields().difference(drop).intersection(self.converted).is_empty() {
            return self.write_anew(message, mti, drop, edits, out);
        }
        let Some(Ok(mut recipe)) = recipe.map(RefCell::try_borrow_mut) else {
            return self.write_anew(message, mti, drop, edits, out);
        };
        let way = (mti, drop);
        if let Some(len) = recipe.follow(self.to.print, message.bytes(), way, edits, out) {
            return Ok(len);
        }
        let len = self.write_anew(message, mti, drop, edits, out)?;
        if let Some(written) = out.get(..len).filter(|_| recipe.is_stale()) {
            recipe.learn(&self.to, self.converted, message, way, edits, written);
        }
        Ok(len)
    }

    /// Writes field by field, whatever was written before.
    fn write_anew(
        &self,
        message: &Message<'_>,
        mti: Mti,
        drop: Fields,
        edits: &[Edit<'_>],
        out: &mut [u8],
    ) -> Result<usize, WriteError> {
        let present = message.fields();
        let (edited, patched) = self.sort(message, edits)?;
        let kept = present.difference(drop).difference(edited);
        if let Some(field) = kept.difference(self.carried).first() {
            return Err(WriteReason::NotInDialect.of(field));
        }
        let mut sink = Sink::new(out);
        sink.put_start(&self.to, mti, kept.union(edited)).map_err(|reason| reason.of(0))?;
        let places = message.places();
        let mut walk =
            Walk { plan: self, message, edits, places, copied_to: places.begin(), joined: None };
        let converted = self.converted.intersection(kept);
        let changed = present.intersection(drop.union(self.converted)).union(edited);
        for n in changed.difference(patched) {
            if converted.has(n) {
                walk.convert(&mut sink, n)?;
                continue;
            }
            let (from, to) = if present.has(n) {
                places.span(n)
            } else {
                let place = message.start_at_or_above(n);
                (place, place)
            };
            walk.put_joined(&mut sink, n)?;
            walk.copy(&mut sink, from, n)?;
            walk.copied_to = to;
            let done = match walk.edits.split_first() {
                Some((edit, rest)) if edit.field == n => {
                    walk.edits = rest;
                    self.put_edit(&mut sink, edit)
                }
                _ => Ok(()),
            };
            done.map_err(|reason| reason.of(n))?;
        }
        walk.put_joined(&mut sink, Self::BEHIND)?;
        walk.copy(&mut sink, places.end(), Self::BEHIND)?;
        Ok(sink.len())
    }

    /// Above every field.
    const BEHIND: u8 = 255;

    /// The fields of `edits`, which must ascend, and those among them that can be written over in
    /// a copy of the message: they have as many bytes in it as they will have.
    #[inline]
    fn sort(
        &self,
        message: &Message<'_>,
        edits: &[Edit<'_>],
    ) -> Result<(Fields, Fields), WriteError> {
        let (places, there) = (message.places(), message.fields().difference(self.converted));
        let (mut edited, mut patched, mut last) = (Fields::EMPTY, Fields::EMPTY, 1);
        for edit in edits {
            let field = edit.field;
            let shape = self.to.shape(field);
            if shape.head == Head::Absent {
                return Err(WriteReason::NotInDialect.of(field));
            }
            if field <= last {
                return Err(WriteReason::OutOfOrder.of(field));
            }
            last = field;
            let bit = Fields::only(field);
            edited = edited.union(bit);
            if !there.intersection(bit).is_empty() && is_patch(&places, shape, edit) {
                patched = patched.union(bit);
            }
        }
        Ok((edited, patched))
    }

    #[inline]
    fn put_edit(&self, sink: &mut Sink<'_>, edit: &Edit<'_>) -> Result<(), WriteReason> {
        if let Replace::Packed { digits, units } = edit.value {
            let shape = self.to.shape(edit.field);
            if shape.takes(units.into()) && is_nibbles(shape, digits, units) {
                return sink.put_digits(shape, digits, units);
            }
        }
        let field = self.to.field(edit.field).ok_or(WriteReason::NotInDialect)?;
        match edit.value {
            Replace::Wire(wire) => sink.put_wire(field, wire),
            Replace::Packed { digits, units } => sink.put_nibbles(field, digits, units),
            Replace::Text(text) => sink.put_text(field, text),
        }
    }
}

/// Has an edit of a field that is there as many bytes as it has there?
#[inline]
fn is_patch(places: &Places<'_>, shape: Shape, edit: &Edit<'_>) -> bool {
    match edit.value {
        Replace::Packed { digits, units } => {
            shape.is_fixed(units.into()) && is_nibbles(shape, digits, units)
        }
        Replace::Wire(wire) if shape.head == Head::Fixed => {
            wire.len() == shape.size(shape.max.into())
        }
        Replace::Wire(wire) => {
            let (from, to) = places.span(edit.field);
            wire.len() == to - from && is_wire(shape, wire)
        }
        Replace::Text(_) => false,
    }
}

/// How far a message is written.
struct Walk<'a> {
    plan: &'a Plan,
    message: &'a Message<'a>,
    /// Those not written yet.
    edits: &'a [Edit<'a>],
    places: Places<'a>,
    /// The bytes of the message before this are written, left out, or in `joined`.
    copied_to: usize,
    /// Digits from here to `copied_to` that are yet to be converted.
    joined: Option<(Join, usize)>,
}

impl Walk<'_> {
    /// Writes field `n`, which is there, in its other form, and what stands before it; or puts it
    /// off, if it may be converted together with what is behind it.
    #[inline]
    fn convert(&mut self, sink: &mut Sink<'_>, n: u8) -> Result<(), WriteError> {
        let Spot { from, at, units, to } = self.places.spot(n);
        let (from, at, to) = (usize::from(from), usize::from(at), usize::from(to));
        let way = self.plan.ways.get(usize::from(n)).copied().unwrap_or(Way::WithCare);
        if let Way::Joined(join) = way {
            if from != self.copied_to || !self.joined.is_some_and(|(other, _)| other == join) {
                self.put_joined(sink, n)?;
                self.copy(sink, from, n)?;
                self.joined = Some((join, from));
            }
            self.copied_to = to;
            return Ok(());
        }
        self.put_joined(sink, n)?;
        self.copy(sink, from, n)?;
        self.copied_to = to;
        let value = self.message.bytes().get(at..to).ok_or(WriteReason::Missing.of(n))?;
        match sink.put_converted(way, self.plan.to.shape(n), value, units.into()) {
            Some(()) => Ok(()),
            None => self.convert_with_care(sink, n),
        }
    }

    /// What the short way leaves: padding, other classes, errors.
    #[inline(never)]
    fn convert_with_care(&self, sink: &mut Sink<'_>, n: u8) -> Result<(), WriteError> {
        let value = self.message.value(n).ok_or(WriteReason::Missing.of(n))?;
        let field = self.plan.to.field(n).ok_or(WriteReason::NotInDialect.of(n))?;
        sink.put_value(field, &value).map_err(|reason| reason.of(n))
    }

    /// Converts what was put off, before field `n`.
    #[inline]
    fn put_joined(&mut self, sink: &mut Sink<'_>, n: u8) -> Result<(), WriteError> {
        let Some((join, from)) = self.joined.take() else { return Ok(()) };
        let digits = self.message.bytes().get(from..self.copied_to).unwrap_or(&[]);
        let done = match join {
            Join::Pack => sink.put_packed(digits),
            Join::Unpack => sink.put_unpacked(digits),
        };
        done.map_err(|reason| reason.of(if n == Plan::BEHIND { 0 } else { n }))
    }

    /// Copies the bytes before field `n`, and writes over what is patched in them: all edits of
    /// fields before `n` that are left.
    #[inline]
    fn copy(&mut self, sink: &mut Sink<'_>, to: usize, n: u8) -> Result<(), WriteError> {
        let (from, begin) = (self.copied_to, sink.len());
        if from == to {
            return Ok(());
        }
        if let Some(run) = self.message.bytes().get(from..to) {
            sink.copy(run).map_err(|reason| reason.of(if n == Plan::BEHIND { 0 } else { n }))?;
        }
        let places = self.places;
        while let Some((edit, rest)) = self.edits.split_first()
            && edit.field < n
        {
            let shape = self.plan.to.shape(edit.field);
            let at = begin + (places.span(edit.field).0 - from);
            match edit.value {
                Replace::Packed { digits, units } => {
                    sink.patch_nibbles(at, shape, digits, units);
                }
                Replace::Wire(bytes) | Replace::Text(bytes) => sink.patch(at, bytes),
            }
            self.edits = rest;
        }
        Ok(())
    }
}

/// Is every value that one field can have written by the other with the same bytes?
fn is_same_on_the_wire(from: FieldSpec, to: FieldSpec) -> bool {
    let fits = match to.length {
        Length::Fixed => from.max == to.max,
        Length::Var { .. } => from.max <= to.max,
    };
    let classes = match (from.class, to.class) {
        (from, to) if from == to => true,
        (Class::Digits, Class::Track) => true,
        (_, Class::Text) => from.form == Form::Chars,
        _ => false,
    };
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
