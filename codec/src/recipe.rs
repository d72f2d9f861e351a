//! How a message of a familiar layout was rewritten last: the same layout, rewritten the same way,
//! gives the same bytes but for the values. Knows no plan; what it does not know, it leaves to one.
//!
//! ```text
//! received  |head| 2 3 4 | 7 | 11 12 22 32 | 35 37 41 42 |
//! recipe    |HEAD| run 1 . . . . . . . . . | 33 | run 2  |     7 and 11 are written over in run 1
//! forwarded |HEAD| 2 3 4 | 7'| 11'12 22 32 | 33'| 35 ... |
//! ```

use crate::dialect::Layout;
use crate::fields::Fields;
use crate::message::Message;
use crate::mti::Mti;
use crate::plan::{Edit, Replace};
use crate::put::{copy_bytes, is_nibbles, is_wire, write_nibbles};
use crate::shape::{Head, Shape};

/// Messages rewritten in another way before that way replaces this one.
const MISSES_MAX: u32 = 64;
const RUNS_MAX: usize = 8;
const EDITS_MAX: usize = 6;
/// MTI and two bitmaps in characters.
const HEAD_MAX: usize = 36;
/// The longest message that a recipe is made of.
const BYTES_MAX: usize = 640;

/// Bytes of the message that are copied, and where they come to stand.
#[derive(Clone, Copy, Default)]
struct Run {
    from: usize,
    to: usize,
    at: usize,
}

/// A value that is put in.
#[derive(Clone, Copy)]
struct Put {
    field: u8,
    shape: Shape,
    /// Where it comes to stand: a value in wire form with its prefix, one of digits without.
    at: usize,
    /// Bytes in wire form, or digits.
    len: usize,
    wire: bool,
    /// The length prefix of digits, which is always the same.
    prefix: [u8; 4],
}

/// A way to rewrite messages of one layout.
#[derive(Clone)]
pub(crate) struct Recipe {
    /// Of the layout that it writes; none before the first message.
    to_print: Option<u64>,
    mti: Mti,
    drop: Fields,
    head: [u8; HEAD_MAX],
    head_len: usize,
    runs: [Run; RUNS_MAX],
    runs_len: usize,
    puts: [Put; EDITS_MAX],
    puts_len: usize,
    len: usize,
    /// Messages that were rewritten in another way since.
    misses: u32,
}

impl Recipe {
    pub(crate) const NONE: Self = Self {
        to_print: None,
        mti: Mti::of(0),
        drop: Fields::EMPTY,
        head: [0; HEAD_MAX],
        head_len: 0,
        runs: [Run { from: 0, to: 0, at: 0 }; RUNS_MAX],
        runs_len: 0,
        puts: [Put::NONE; EDITS_MAX],
        puts_len: 0,
        len: 0,
        misses: 0,
    };

    /// Rewrites a message of the layout that this recipe is of; `None` when it is another way of
    /// rewriting, when a value is not as long as it was or not right, or when there is no room.
    #[inline]
    pub(crate) fn follow(
        &self,
        to_print: u64,
        bytes: &[u8],
        (mti, drop): (Mti, Fields),
        edits: &[Edit<'_>],
        out: &mut [u8],
    ) -> Option<usize> {
        let puts = self.puts.get(..self.puts_len)?;
        let alike = self.to_print == Some(to_print) && self.mti == mti && self.drop == drop;
        if !alike || puts.len() != edits.len() {
            return None;
        }
        if !puts.iter().zip(edits).all(|(put, edit)| put.takes(edit)) {
            return None;
        }
        let out = out.get_mut(..self.len)?;
        copy_bytes(self.head.get(..self.head_len)?, out.get_mut(..self.head_len)?);
        for run in self.runs.get(..self.runs_len)? {
            copy_bytes(
                bytes.get(run.from..run.to)?,
                out.get_mut(run.at..run.at + (run.to - run.from))?,
            );
        }
        for (put, edit) in puts.iter().zip(edits) {
            put.write(edit, out)?;
        }
        Some(self.len)
    }

    /// A message was rewritten in another way. Is it time for a recipe of that? Not with each of
    /// them, or two ways in turn would cost more than they save.
    #[inline]
    pub(crate) fn is_stale(&mut self) -> bool {
        self.misses += 1;
        self.len == 0 || self.misses > MISSES_MAX
    }

    /// Remembers how a message was rewritten, if messages like it can be rewritten by rote.
    #[cold]
    pub(crate) fn learn(
        &mut self,
        to: &Layout,
        converted: Fields,
        message: &Message<'_>,
        (mti, drop): (Mti, Fields),
        edits: &[Edit<'_>],
        written: &[u8],
    ) {
        // One that can not be had is not tried again at once either.
        let none = Self { len: usize::MAX, ..Self::NONE };
        *self = Self::NONE;
        if written.len() > BYTES_MAX || self.work_out(to, converted, message, drop, edits).is_none()
        {
            *self = none;
            return;
        }
        (self.mti, self.drop, self.to_print) = (mti, drop, Some(to.print));
        let head = written.get(..self.head_len).zip(self.head.get_mut(..self.head_len));
        if let Some((written, head)) = head {
            head.copy_from_slice(written);
        }
        // What the recipe gives is what was written, or it is none.
        let mut again = [0; BYTES_MAX];
        let len = self.follow(to.print, message.bytes(), (mti, drop), edits, &mut again);
        if len != Some(written.len()) || again.get(..written.len()) != Some(written) {
            *self = none;
        }
    }

    fn work_out(
        &mut self,
        to: &Layout,
        converted: Fields,
        message: &Message<'_>,
        drop: Fields,
        edits: &[Edit<'_>],
    ) -> Option<()> {
        let edited =
            edits.iter().fold(Fields::EMPTY, |all, edit| all.union(Fields::only(edit.field)));
        let present = message.fields();
        let kept = present.difference(drop).difference(edited);
        if !kept.intersection(converted).is_empty() {
            return None;
        }
        let all = kept.union(edited);
        let [_, (_, second)] = all.halves();
        let bitmap = if to.bitmap_raw { 8 } else { 16 };
        self.head_len =
            if to.mti_packed { 2 } else { 4 } + if second == 0 { 1 } else { 2 } * bitmap;
        let (mut at, mut edits) = (self.head_len, edits.iter());
        for n in all {
            let stood = message.span(n);
            let len = if edited.has(n) {
                let put = Put::of(to.shape(n), edits.next()?, at)?;
                *self.puts.get_mut(self.puts_len)? = put;
                self.puts_len += 1;
                put.end() - at
            } else {
                let (from, end) = stood?;
                end - from
            };
            if let Some((from, end)) = stood.filter(|(from, end)| end - from == len) {
                self.extend(from, end, at)?;
            }
            at += len;
        }
        self.len = at;
        Some(())
    }

    /// Copies these bytes too, in the last run if they follow it here and there.
    fn extend(&mut self, from: usize, to: usize, at: usize) -> Option<()> {
        if let Some(last) = self.runs_len.checked_sub(1).and_then(|last| self.runs.get_mut(last))
            && last.to == from
            && last.at + (last.to - last.from) == at
        {
            last.to = to;
            return Some(());
        }
        *self.runs.get_mut(self.runs_len)? = Run { from, to, at };
        self.runs_len += 1;
        Some(())
    }
}

impl Put {
    const NONE: Self =
        Self { field: 0, shape: Shape::ABSENT, at: 0, len: 0, wire: false, prefix: [0; 4] };

    fn of(shape: Shape, edit: &Edit<'_>, at: usize) -> Option<Self> {
        let field = edit.field;
        match edit.value {
            Replace::Wire(wire) => {
                Some(Self { field, shape, at, len: wire.len(), wire: true, prefix: [0; 4] })
            }
            Replace::Packed { units, .. } if shape.takes(units.into()) => {
                let prefix = prefix(shape, units)?;
                let at = at + shape.head.size();
                Some(Self { field, shape, at, len: units.into(), wire: false, prefix })
            }
            Replace::Packed { .. } | Replace::Text(_) => None,
        }
    }

    fn end(&self) -> usize {
        self.at + if self.wire { self.len } else { self.shape.size(self.len) }
    }

    /// Is this the same field, with a value as long as it was, and right?
    #[inline]
    fn takes(&self, edit: &Edit<'_>) -> bool {
        edit.field == self.field
            && match edit.value {
                Replace::Wire(wire) => {
                    self.wire && wire.len() == self.len && is_wire(self.shape, wire)
                }
                Replace::Packed { digits, units } => {
                    !self.wire
                        && usize::from(units) == self.len
                        && is_nibbles(self.shape, digits, units)
                }
                Replace::Text(_) => false,
            }
    }

    #[inline]
    fn write(&self, edit: &Edit<'_>, out: &mut [u8]) -> Option<()> {
        match edit.value {
            Replace::Packed { digits, units } => {
                let head = self.shape.head.size();
                if head > 0 {
                    copy_bytes(self.prefix.get(..head)?, out.get_mut(self.at - head..self.at)?);
                }
                let room = out.get_mut(self.at..self.at + self.shape.size(self.len))?;
                write_nibbles(self.shape, digits, units, room);
            }
            Replace::Wire(bytes) | Replace::Text(bytes) => {
                copy_bytes(bytes, out.get_mut(self.at..self.at + bytes.len())?);
            }
        }
        Some(())
    }
}

/// The length prefix of so many digits.
fn prefix(shape: Shape, units: u8) -> Option<[u8; 4]> {
    let (tens, ones) = (units / 10, units % 10);
    match shape.head {
        Head::Fixed => Some([0; 4]),
        Head::Ascii1 => Some([b'0' | ones, 0, 0, 0]),
        Head::Ascii2 => Some([b'0' | tens, b'0' | ones, 0, 0]),
        Head::Ascii3 => Some([b'0', b'0' | tens, b'0' | ones, 0]),
        Head::Ascii4 => Some([b'0', b'0', b'0' | tens, b'0' | ones]),
        Head::Packed1 => Some([(tens << 4) | ones, 0, 0, 0]),
        Head::Packed2 => Some([0, (tens << 4) | ones, 0, 0]),
        Head::Absent => None,
    }
}
