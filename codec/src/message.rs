//! A decoded message: a view of its bytes through the slots. Decides nothing, copies nothing.

use crate::dialect::Dialect;
use crate::fields::Fields;
use crate::mask::Masked;
use crate::mti::Mti;
use crate::slots::Slots;
use crate::value::Value;
use core::fmt;

/// A decoded message, borrowed: dialect, bytes, and where each field is.
///
/// `Debug` is fit for a log: the PAN masked, fields that may hold card data as lengths.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    dialect: &'a Dialect,
    bytes: &'a [u8],
    slots: &'a Slots,
}

impl<'a> Message<'a> {
    /// The message that was decoded from `bytes` in `dialect` into `slots`.
    pub const fn new(dialect: &'a Dialect, bytes: &'a [u8], slots: &'a Slots) -> Self {
        Self { dialect, bytes, slots }
    }

    /// Its type.
    pub const fn mti(&self) -> Mti {
        self.slots.mti
    }

    /// The fields it has.
    pub const fn fields(&self) -> Fields {
        self.slots.present
    }

    /// All its bytes.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Its dialect.
    pub const fn dialect(&self) -> &'a Dialect {
        self.dialect
    }

    /// The value of DE `n`, if it is there.
    #[inline]
    pub fn value(&self, n: u8) -> Option<Value<'a>> {
        let (at, units) = self.slots.find(n)?;
        let spec = self.dialect.field(n)?;
        let size = self.dialect.layout().shape(n).size(usize::from(units));
        Some(Value::new(self.bytes.get(at..at + size)?, units, spec))
    }

    /// The bytes of DE `n` as on the wire, length prefix included.
    #[inline]
    pub fn wire(&self, n: u8) -> Option<&'a [u8]> {
        let (from, to) = self.span(n)?;
        self.bytes.get(from..to)
    }

    /// From the prefix of DE `n` to the end of its value.
    #[inline]
    pub(crate) fn span(&self, n: u8) -> Option<(usize, usize)> {
        let (at, units) = self.slots.find(n)?;
        let shape = self.dialect.layout().shape(n);
        Some((at.checked_sub(shape.head.size())?, at + shape.size(usize::from(units))))
    }
}

impl Message<'_> {
    /// Where the first field at or above `n` begins, prefix included; the end where there is none.
    #[inline]
    pub(crate) fn start_at_or_above(&self, n: u8) -> usize {
        let fields = self.fields();
        let next = fields.difference(fields.below(n)).first();
        next.and_then(|n| self.span(n)).map_or_else(|| self.end(), |(from, _)| from)
    }

    /// Where the last field ends; 0 without fields.
    #[inline]
    pub(crate) fn end(&self) -> usize {
        self.fields().last().and_then(|n| self.span(n)).map_or(0, |(_, to)| to)
    }
}

/// Fields without card data, shown as they are: amounts, times, codes, parties, references.
const SHOWN: Fields = Fields::of(&[
    3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28,
    29, 30, 32, 33, 37, 38, 39, 40, 41, 42, 49, 50, 51, 57, 58, 66, 67, 68, 69, 70, 71, 73, 74, 75,
    76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 97, 99, 100,
]);

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.mti())?;
        for (n, value) in self.fields().iter().filter_map(|n| Some((n, self.value(n)?))) {
            let mut text = [0; 99];
            match (value.write_text(&mut text), SHOWN.has(n)) {
                (Some(pan), _) if n == 2 => write!(f, " 2:{}", Masked(pan))?,
                (Some(text), true) => write!(f, " {n}:{}", text.escape_ascii())?,
                (Some(_) | None, _) => write!(f, " {n}:[{}]", value.units())?,
            }
        }
        Ok(())
    }
}
