//! What a file says and what it extends, put together to a dialect. Knows which parts go together;
//! reads no text.

use std::collections::BTreeMap;

use codec::{Class, Dialect, FieldSpec, Form, Length};

use crate::draft::{At, Changes, Draft, Entry, Head, Line, Page, Said};
use crate::inside::{self, Inside};
use crate::mistake::{Place, Report};
use crate::notation::Notation;
use crate::{Described, Spec};

const START: Place = Place { line: 1, column: 1 };

/// A page on top of what it extends.
pub(crate) fn merge(base: Option<Draft>, page: Page, report: &mut Report<'_>) -> Draft {
    let extends = base.is_some();
    let base = base.unwrap_or_default();
    let mut fields = base.fields;
    for entry in &page.entries {
        apply(&mut fields, entry, extends, report);
    }
    let mut from = base.head;
    if let (Some(pan), Some(extends)) = (&mut from.pan, &page.extends) {
        // What comes of that file is told where this one names it.
        pan.place = extends.place;
    }
    if let (Some(items), Some(extends)) = (&mut from.journal, &page.extends) {
        // Of a list in that file, what this one removes or finds a card number in goes.
        let pan = page.head.pan.as_ref().map(|pan| pan.value.field);
        let left = items.iter().flat_map(|item| item.value.0..=item.value.1);
        let left = left.filter(|n| fields.contains_key(n) && pan != Some(*n));
        *items = left.map(|n| At { value: (n, n), place: extends.place }).collect();
    }
    let head = over(from, page.head, report);
    let given = |key: &str| page.given.iter().any(|given| given == key);
    if !extends && !given("extends") {
        let mut missing = |key, example: &str| {
            if !given(key) {
                let message = format!("missing; add {example}, or extends = \"iso93-ascii\"");
                report.fail(START, key, message);
            }
        };
        if fields.is_empty() {
            missing("fields", "the line [fields] and below it the fields");
        }
        if head.version.is_none() {
            missing("version", "version = 1987, 1993 or 2003");
        }
        if head.mti.is_none() {
            missing("mti", "mti = \"ascii\" or \"bcd\"");
        }
        if head.bitmap.is_none() {
            missing("bitmap", "bitmap = \"hex\" or \"raw\"");
        }
    }
    Draft { head, fields }
}

fn over(base: Head, own: Head, report: &mut Report<'_>) -> Head {
    if let (Some(base), Some(own)) = (base.version, own.version)
        && base.value != own.value
    {
        let year = crate::text::year_of(base.value);
        let message = format!("it extends a dialect of {year} and is of that edition; remove it");
        report.fail(own.place, "version", message);
    }
    Head {
        // A name belongs to one file.
        name: own.name,
        version: own.version.or(base.version),
        mti: own.mti.or(base.mti),
        bitmap: own.bitmap.or(base.bitmap),
        digits: own.digits.or(base.digits),
        binary: own.binary.or(base.binary),
        packed_length: own.packed_length.or(base.packed_length),
        standard: own.standard.or(base.standard),
        pan: own.pan.or(base.pan),
        journal: own.journal.or(base.journal),
    }
}

/// One entry, to each of its fields. What is wrong with it is told once.
fn apply(fields: &mut BTreeMap<u8, Line>, entry: &Entry, extends: bool, report: &mut Report<'_>) {
    let Entry { from, to, key, place, said } = entry;
    let path = format!("fields.{key}");
    match said {
        Said::Nothing => {}
        Said::Absent => {
            let before = fields.len();
            fields.retain(|n, _| n < from || n > to);
            if fields.len() == before {
                let why =
                    if extends { "what it extends has no such field" } else { "it is anyhow" };
                report.fail(*place, &path, format!("\"absent\": {why}; remove the line"));
            }
        }
        Said::Of(changes) => {
            for n in *from..=*to {
                match changed(fields.get(&n), changes) {
                    Ok(line) => {
                        fields.insert(n, line);
                    }
                    Err(Wrong { key, place: at, message }) => {
                        let path = if key.is_empty() { path } else { format!("{path}.{key}") };
                        report.fail(at.unwrap_or(*place), &path, message);
                        return;
                    }
                }
            }
        }
    }
}

/// Why changes make no field.
struct Wrong {
    key: &'static str,
    place: Option<Place>,
    message: String,
}

/// A field with what a line says of it.
fn changed(base: Option<&Line>, changes: &Changes) -> Result<Line, Wrong> {
    let notation = changes.notation.as_ref().or(base.map(|line| &line.notation));
    let Some(notation) = notation.cloned() else {
        let message = "has no format; add as = \"n..19\", or what the field is".into();
        return Err(Wrong { key: "", place: None, message });
    };
    let (class, told) = (notation.class, notation.prefix_digits.is_some());
    let digits = matches!(class, Class::Digits | Class::Amount | Class::Track);
    let binary = class == Class::Binary;
    unless(digits, changes.digits.as_ref(), &notation, "digits", "n, x+n and z")?;
    unless(binary, changes.binary.as_ref(), &notation, "binary", "b")?;
    let lengths = "fields of variable length, with dots";
    unless(told, changes.packed_length.as_ref(), &notation, "length", lengths)?;
    let plain = |inside: &Inside| match inside {
        Inside::Nothing => Ok(()),
        Inside::Of(subfields) => subfields.check(spec(&Head::default(), &bare(&notation))),
    };
    if let Some(At { value, place }) = &changes.inside
        && let Err(error) = plain(value)
    {
        let message = inside::problem(error, &notation.text());
        return Err(Wrong { key: "subfields", place: Some(*place), message });
    }
    let inherited = base.and_then(|line| line.inside.clone());
    let inherited = inherited.filter(|inside| plain(inside).is_ok());
    let own = changes;
    Ok(Line {
        digits: own.digits.map(|at| at.value).or(base.and_then(|line| line.digits)),
        binary: own.binary.map(|at| at.value).or(base.and_then(|line| line.binary)),
        packed_length: own
            .packed_length
            .map(|at| at.value)
            .or(base.and_then(|line| line.packed_length)),
        inside: own.inside.as_ref().map(|at| at.value.clone()).or(inherited),
        name: own
            .name
            .clone()
            .unwrap_or_else(|| base.map(|line| line.name.clone()).unwrap_or_default()),
        notation,
    })
}

/// A field of which nothing but its format is known.
fn bare(notation: &Notation) -> Line {
    let notation = notation.clone();
    let (digits, binary, packed_length, inside) = (None, None, None, None);
    Line { notation, digits, binary, packed_length, inside, name: String::new() }
}

/// Refuses a key that says nothing of such a field.
fn unless<T>(
    fits: bool,
    said: Option<&At<T>>,
    notation: &Notation,
    key: &'static str,
    of: &str,
) -> Result<(), Wrong> {
    match said {
        Some(at) if !fits => {
            let message = format!("is of {of}; {} has none, remove it", notation.text());
            Err(Wrong { key, place: Some(at.place), message })
        }
        Some(_) | None => Ok(()),
    }
}

/// The dialect; `None` when something is missing, which was reported already.
#[expect(clippy::large_stack_frames, reason = "once a file, and far from any message")]
pub(crate) fn finish(draft: &Draft, name: &str, report: &mut Report<'_>) -> Option<Spec> {
    let Head { version, mti, bitmap, .. } = &draft.head;
    let name = draft.head.name.as_ref().map_or(name, |name| name.value.as_str());
    let rows: Vec<(u8, FieldSpec)> =
        draft.fields.iter().map(|(&n, line)| (n, spec(&draft.head, line))).collect();
    let (version, mti, bitmap) = (version.as_ref()?.value, (*mti)?, (*bitmap)?);
    let plain = match Dialect::new(name.to_owned(), version, mti, bitmap, &rows) {
        Ok(dialect) => dialect,
        Err(error) => {
            // Each part was looked at, so this is a gap in that; better told than passed over.
            report.fail(START, "", format!("these fields are no dialect: {error:?}"));
            return None;
        }
    };
    let dialect = with_inside(plain, draft, report)?;
    let dialect = match &draft.head.journal {
        None => dialect,
        Some(items) => inside::with_journal(dialect, items, report)?,
    };
    let described = draft.fields.iter().map(|(&n, Line { notation, name, .. })| {
        (n, Described { notation: notation.text(), name: name.clone() })
    });
    Some(Spec { dialect, fields: described.collect() })
}

/// The same with what is inside its fields.
#[expect(clippy::large_stack_frames, reason = "once a file, and far from any message")]
fn with_inside(plain: Dialect, draft: &Draft, report: &mut Report<'_>) -> Option<Dialect> {
    let standard = draft.head.standard.unwrap_or(true);
    let mut dialect = if standard { plain.with_standard_subfields() } else { plain };
    for (&n, line) in &draft.fields {
        dialect = match &line.inside {
            None => dialect,
            Some(Inside::Nothing) => dialect.without_subfields(n),
            Some(Inside::Of(subfields)) => match dialect.with_subfields(n, subfields.clone()) {
                Ok(dialect) => dialect,
                Err(error) => {
                    let path = format!("fields.{n}.subfields");
                    report.fail(START, &path, inside::problem(error, &line.notation.text()));
                    return None;
                }
            },
        };
    }
    let Some(At { value: pan, place }) = &draft.head.pan else { return Some(dialect) };
    match inside::with_pan(dialect, pan) {
        Ok(dialect) => Some(dialect),
        Err(problem) => {
            report.fail(*place, "pan", problem);
            None
        }
    }
}

fn spec(head: &Head, line: &Line) -> FieldSpec {
    let Line { notation, digits, binary, packed_length, .. } = line;
    let form = match notation.class {
        Class::Digits | Class::Amount | Class::Track => {
            digits.or(head.digits).unwrap_or(Form::Chars)
        }
        Class::Binary => binary.or(head.binary).unwrap_or(Form::Hex),
        Class::Text => Form::Chars,
    };
    let packed = packed_length.or(head.packed_length).unwrap_or(false);
    let length = match notation.prefix_digits {
        None => Length::Fixed,
        Some(digits) => Length::Var { digits, packed },
    };
    FieldSpec { class: notation.class, form, length, max: notation.max }
}
