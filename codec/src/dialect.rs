//! A dialect: a name and a table of fields. Data only; reading and writing are elsewhere.

mod inside;
mod iso87;
mod iso93;
mod journal;

use crate::fields::Fields;
use crate::shape::Shape;
use crate::spec::{FieldSpec, Form, SpecError, Version};
use alloc::borrow::Cow;
use core::fmt;
use inside::Inside;
pub use journal::JournalError;

/// A station's message format: how MTI and bitmaps are written, and every field it has.
///
/// Built-in ones by [`built_in`]; others by [`Dialect::new`] from rows of (number, specification).
/// Two are equal when they have one name and say the same of every field.
#[derive(Clone, PartialEq, Eq)]
pub struct Dialect {
    name: Cow<'static, str>,
    version: Version,
    layout: Layout,
    inside: Inside,
    /// What may be written down, where that is said.
    journal: Option<Fields>,
}

/// One field of a layout.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    pub(crate) spec: FieldSpec,
    pub(crate) shape: Shape,
}

/// What reading and writing need of a dialect.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    /// Two packed bytes instead of four characters?
    pub(crate) mti_packed: bool,
    /// Eight raw bytes a bitmap instead of sixteen hexadecimal characters?
    pub(crate) bitmap_raw: bool,
    pub(crate) shapes: [Shape; 129],
    pub(crate) specs: [Option<FieldSpec>; 129],
    pub(crate) fields: Fields,
    /// Two layouts with the same print read and write the same bytes.
    pub(crate) print: u64,
}

/// Why rows are no dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DialectError {
    /// The MTI is neither characters nor packed.
    MtiForm,
    /// The bitmap is neither hexadecimal nor raw.
    BitmapForm,
    /// No data element has this number: they are 2 to 128.
    Number {
        /// The number as given.
        field: u8,
    },
    /// The number stands in two rows.
    Twice {
        /// The number.
        field: u8,
    },
    /// The specification of this field can not be.
    Spec {
        /// The number.
        field: u8,
        /// What is wrong with it.
        reason: SpecError,
    },
}

/// All else follows from these.
impl PartialEq for Layout {
    fn eq(&self, other: &Self) -> bool {
        let forms = |layout: &Self| (layout.mti_packed, layout.bitmap_raw);
        self.print == other.print && forms(self) == forms(other) && self.specs == other.specs
    }
}

impl Eq for Layout {}

impl Dialect {
    /// A dialect from rows of (data element, specification).
    pub fn new(
        name: impl Into<Cow<'static, str>>,
        version: Version,
        mti: Form,
        bitmap: Form,
        rows: &[(u8, FieldSpec)],
    ) -> Result<Self, DialectError> {
        let layout = Layout::new(mti, bitmap, rows)?;
        let inside = Inside::of(&layout);
        Ok(Self { name: name.into(), version, layout, inside, journal: None })
    }

    /// A dialect that is a constant of the program.
    ///
    /// # Panics
    /// Where [`Dialect::new`] gives an error.
    pub const fn of(
        name: &'static str,
        version: Version,
        mti: Form,
        bitmap: Form,
        rows: &[(u8, FieldSpec)],
    ) -> Self {
        match Layout::new(mti, bitmap, rows) {
            Ok(layout) => {
                let inside = Inside::of(&layout);
                Self { name: Cow::Borrowed(name), version, layout, inside, journal: None }
            }
            Err(_) => panic!("these rows are no dialect"),
        }
    }

    /// Its name, as in a station's `dialect =`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The edition it follows.
    #[inline]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// How the MTI is written: `Chars`, or `Packed`.
    pub const fn mti_form(&self) -> Form {
        if self.layout.mti_packed {
            Form::Packed { zero: crate::spec::Side::Left }
        } else {
            Form::Chars
        }
    }

    /// How bitmaps are written: `Hex` or `Raw`.
    pub const fn bitmap_form(&self) -> Form {
        if self.layout.bitmap_raw { Form::Raw } else { Form::Hex }
    }

    /// The specification of DE `n`; `None` when the dialect has no such field.
    #[inline]
    pub fn field(&self, n: u8) -> Option<FieldSpec> {
        *self.layout.specs.get(usize::from(n))?
    }

    /// All fields it has.
    #[inline]
    pub const fn fields(&self) -> Fields {
        self.layout.fields
    }

    /// A number that two dialects share when they read and write the same bytes, whatever their
    /// names and editions.
    #[inline]
    pub const fn fingerprint(&self) -> u64 {
        self.layout.print
    }

    #[inline]
    pub(crate) const fn layout(&self) -> &Layout {
        &self.layout
    }
}

impl fmt::Debug for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialect")
            .field("name", &self.name)
            .field("version", &self.version)
            .field("mti", &self.mti_form())
            .field("bitmap", &self.bitmap_form())
            .field("fields", &self.fields().len())
            .finish_non_exhaustive()
    }
}

impl Layout {
    const fn new(mti: Form, bitmap: Form, rows: &[(u8, FieldSpec)]) -> Result<Self, DialectError> {
        if !matches!(mti, Form::Chars | Form::Packed { .. }) {
            return Err(DialectError::MtiForm);
        }
        if !matches!(bitmap, Form::Hex | Form::Raw) {
            return Err(DialectError::BitmapForm);
        }
        let mut layout = Self {
            mti_packed: matches!(mti, Form::Packed { .. }),
            bitmap_raw: matches!(bitmap, Form::Raw),
            shapes: [Shape::ABSENT; 129],
            specs: [None; 129],
            fields: Fields::EMPTY,
            print: 0,
        };
        let mut index = 0;
        while index < rows.len() {
            let (field, spec) = rows[index];
            if field < 2 || field > 128 {
                return Err(DialectError::Number { field });
            }
            if layout.fields.has(field) {
                return Err(DialectError::Twice { field });
            }
            if let Err(reason) = spec.check() {
                return Err(DialectError::Spec { field, reason });
            }
            layout.fields = layout.fields.with(field);
            layout.shapes[field as usize] = Shape::of(spec);
            layout.specs[field as usize] = Some(spec);
            index += 1;
        }
        layout.print = layout.fingerprint();
        Ok(layout)
    }

    /// FNV-1a over everything that shows on the wire.
    const fn fingerprint(&self) -> u64 {
        let mut print = mix(0xCBF2_9CE4_8422_2325, self.mti_packed as u64);
        print = mix(print, self.bitmap_raw as u64);
        let mut n = 0;
        while n < self.shapes.len() {
            print = mix(print, self.shapes[n].bits());
            n += 1;
        }
        print
    }

    /// The shapes of the fields that each bitmap tells of, that of its highest bit first.
    #[inline]
    pub(crate) fn halves(&self) -> [&[Shape; 64]; 2] {
        let [_, shapes @ ..] = &self.shapes;
        match shapes.as_chunks().0 {
            [first, second] => [first, second],
            _ => [&[Shape::ABSENT; 64]; 2],
        }
    }

    /// DE `n`, if the dialect has it.
    #[inline]
    pub(crate) fn field(&self, n: u8) -> Option<Field> {
        let spec = (*self.specs.get(usize::from(n))?)?;
        Some(Field { spec, shape: self.shape(n) })
    }

    /// The shape of DE `n`, `Head::Absent` for what the dialect does not have.
    #[inline]
    pub(crate) fn shape(&self, n: u8) -> Shape {
        self.shapes.get(usize::from(n)).copied().unwrap_or(Shape::ABSENT)
    }
}

const fn mix(print: u64, word: u64) -> u64 {
    (print ^ word).wrapping_mul(0x0100_0000_01B3)
}

/// The built-in dialect of this name: `iso87-ascii`, `iso87-binary`, `iso93-ascii` or
/// `iso93-binary`.
pub fn built_in(name: &str) -> Option<&'static Dialect> {
    built_ins().iter().copied().find(|dialect| dialect.name() == name)
}

/// All built-in dialects, by name.
pub fn built_ins() -> &'static [&'static Dialect] {
    static ALL: [&Dialect; 4] = [&iso87::ASCII, &iso87::BINARY, &iso93::ASCII, &iso93::BINARY];
    &ALL
}

#[cfg(test)]
mod tests;
