//! A dialect as a text again, whatever it came from: every field in a line, nothing extended. Knows
//! no file.

use std::fmt::Write as _;

use codec::{Class, Dialect, FieldSpec, Form, Length, Side, Version};

use crate::Spec;
use crate::inside::{journal_words, pan_words, words};
use crate::notation::Notation;

/// The text of a dialect: reading it gives the same dialect.
pub fn write(spec: &Spec) -> String {
    let dialect = &spec.dialect;
    let specs: Vec<FieldSpec> = dialect.fields().iter().filter_map(|n| dialect.field(n)).collect();
    let head = Head {
        standard: standard(dialect),
        digits: commonest(specs.iter().filter(|spec| is_digits(**spec)).map(|spec| spec.form))
            .unwrap_or(Form::Chars),
        binary: commonest(
            specs.iter().filter(|spec| spec.class == Class::Binary).map(|spec| spec.form),
        )
        .unwrap_or(Form::Hex),
        packed_length: commonest(specs.iter().filter_map(|spec| packed_length(*spec)))
            .unwrap_or(false),
    };
    let mut out = String::new();
    let mut line = |text: std::fmt::Arguments<'_>| {
        out.write_fmt(text)
            .and_then(|()| out.write_char('\n'))
            .expect("a text takes what is written");
    };
    line(format_args!("name = {}", quoted(dialect.name())));
    line(format_args!("version = {}", year_of(dialect.version())));
    line(format_args!("mti = \"{}\"", mti_word(dialect.mti_form())));
    line(format_args!("bitmap = \"{}\"", form_word(dialect.bitmap_form())));
    line(format_args!("digits = \"{}\"", form_word(head.digits)));
    line(format_args!("binary = \"{}\"", form_word(head.binary)));
    line(format_args!("length = \"{}\"", length_word(head.packed_length)));
    if head.standard.is_none() {
        line(format_args!("subfields = \"none\""));
    }
    if let Some((field, key)) = dialect.pan_in() {
        line(format_args!("pan = {}", pan_words(field, key)));
    }
    let journal = journal_words(dialect);
    if !journal.is_empty() {
        line(format_args!("journal = {journal}"));
    }
    line(format_args!("\n[fields]"));
    for n in dialect.fields() {
        if let Some(of) = dialect.field(n) {
            line(format_args!("{n} = {}", field(spec, n, of, &head)));
        }
    }
    out
}

/// One field in the words of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// Its format: `n..19`.
    pub notation: String,
    /// How its units are written: `ascii`, `bcd-left`, `bcd-right`, `hex`, `raw`.
    pub form: &'static str,
    /// How its length is written, `ascii` or `bcd`; empty where it is always the same.
    pub length: &'static str,
    /// What is inside it; empty where nothing is known.
    pub subfields: String,
}

impl Spec {
    /// DE `n` in the words of a file; `None` when the dialect has no such field.
    pub fn words(&self, n: u8) -> Option<Words> {
        let of = self.dialect.field(n)?;
        let inside = self.dialect.subfields(n);
        Some(Words {
            notation: notation(self, n, of),
            form: form_word(of.form),
            length: packed_length(of).map_or("", length_word),
            subfields: inside.map(|_| words(inside)).unwrap_or_default(),
        })
    }

    /// What holds for the whole dialect, in the words of a file: key and value, in its order.
    pub fn head(&self) -> [(&'static str, String); 5] {
        let dialect = &self.dialect;
        let pan = dialect.pan_in().map(|(field, key)| pan_words(field, key));
        [
            ("version", year_of(dialect.version()).to_string()),
            ("mti", mti_word(dialect.mti_form()).into()),
            ("bitmap", form_word(dialect.bitmap_form()).into()),
            ("pan", pan.unwrap_or_default()),
            ("journal", journal_words(dialect)),
        ]
    }
}

/// What most fields have.
struct Head {
    digits: Form,
    binary: Form,
    packed_length: bool,
    /// The same dialect with the standard's subfields; none where this one has not a single one.
    standard: Option<Dialect>,
}

#[expect(clippy::large_stack_frames, reason = "once a file, and far from any message")]
fn standard(dialect: &Dialect) -> Option<Dialect> {
    let rows: Vec<(u8, FieldSpec)> =
        dialect.fields().iter().filter_map(|n| Some((n, dialect.field(n)?))).collect();
    let (mti, bitmap) = (dialect.mti_form(), dialect.bitmap_form());
    let plain = Dialect::new("standard", dialect.version(), mti, bitmap, &rows).ok()?;
    let standard = plain.with_standard_subfields();
    let inside = |dialect: &Dialect, n: u8| dialect.subfields(n).is_some();
    let mut usual = dialect.fields().iter().filter(|n| inside(&standard, *n)).peekable();
    let none = usual.peek().is_some() && !usual.any(|n| inside(dialect, n));
    (!none).then_some(standard)
}

fn field(spec: &Spec, n: u8, of: FieldSpec, head: &Head) -> String {
    let name = spec.name_of(n);
    let notation = notation(spec, n, of);
    let mut others = String::new();
    let mut other = |key: &str, word: &str| {
        write!(others, ", {key} = \"{word}\"").expect("a text takes what is written");
    };
    if is_digits(of) && of.form != head.digits {
        other("digits", form_word(of.form));
    }
    if of.class == Class::Binary && of.form != head.binary {
        other("binary", form_word(of.form));
    }
    if let Some(packed) = packed_length(of)
        && packed != head.packed_length
    {
        other("length", length_word(packed));
    }
    let inside = spec.dialect.subfields(n);
    if inside != head.standard.as_ref().and_then(|standard| standard.subfields(n)) {
        write!(others, ", subfields = {}", words(inside)).expect("a text takes what is written");
    }
    if others.is_empty() {
        let space = if name.is_empty() { "" } else { " " };
        return quoted(&format!("{notation}{space}{name}"));
    }
    let name = if name.is_empty() { name.into() } else { format!(", name = {}", quoted(name)) };
    format!("{{ as = \"{notation}\"{others}{name} }}")
}

/// As it was written, where that still says what the field is.
fn notation(spec: &Spec, n: u8, of: FieldSpec) -> String {
    let prefix_digits = match of.length {
        Length::Fixed => None,
        Length::Var { digits, .. } => Some(digits),
    };
    let plain =
        Notation { word: Notation::word_of(of.class), class: of.class, prefix_digits, max: of.max };
    let written =
        spec.fields.get(&n).and_then(|described| Notation::read(&described.notation).ok());
    let holds = |written: &Notation| Notation { word: plain.word, ..written.clone() } == plain;
    written.filter(holds).unwrap_or(plain.clone()).text()
}

fn is_digits(spec: FieldSpec) -> bool {
    matches!(spec.class, Class::Digits | Class::Amount | Class::Track)
}

fn packed_length(spec: FieldSpec) -> Option<bool> {
    match spec.length {
        Length::Fixed => None,
        Length::Var { packed, .. } => Some(packed),
    }
}

/// The one that there is most of; the first of them where two are as common.
fn commonest<T: PartialEq + Copy>(all: impl Iterator<Item = T>) -> Option<T> {
    let mut counts: Vec<(T, usize)> = Vec::new();
    for one in all {
        match counts.iter_mut().find(|(other, _)| *other == one) {
            Some((_, count)) => *count += 1,
            None => counts.push((one, 1)),
        }
    }
    counts.iter().rev().max_by_key(|(_, count)| *count).map(|(one, _)| *one)
}

/// The year of an edition.
pub(crate) fn year_of(version: Version) -> u16 {
    match version {
        Version::Iso1987 => 1987,
        Version::Iso1993 => 1993,
        Version::Iso2003 => 2003,
    }
}

fn mti_word(form: Form) -> &'static str {
    if form == Form::Chars { "ascii" } else { "bcd" }
}

fn form_word(form: Form) -> &'static str {
    match form {
        Form::Chars => "ascii",
        Form::Packed { zero: Side::Left } => "bcd-left",
        Form::Packed { zero: Side::Right } => "bcd-right",
        Form::Hex => "hex",
        Form::Raw => "raw",
    }
}

fn length_word(packed: bool) -> &'static str {
    if packed { "bcd" } else { "ascii" }
}

fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{escaped}\"")
}
