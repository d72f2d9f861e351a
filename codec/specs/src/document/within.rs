//! TOML to what is inside a field: subfields, and the place of a card number. Knows no dialect.

use codec::{Subfields, Width};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{kind, numbers};
use crate::draft::At;
use crate::inside::{Inside, PanPlace, Word, width};
use crate::mistake::{Place, Report};
use crate::nearest::suggestion;

const WANTED: &str = "\"none\", \"ber-tlv\", a list of widths like [2, 2, \"..11\"], or a table like \
                      { tag = 2, length = 3 }";

/// What is inside a field.
pub(super) fn inside(
    report: &mut Report<'_>,
    path: &str,
    at: Place,
    value: &DeValue<'_>,
) -> Option<Inside> {
    match value {
        DeValue::String(text) => match text.as_ref() {
            "none" => Some(Inside::Nothing),
            "ber-tlv" => Some(Inside::Of(Subfields::BerTlv)),
            other => {
                let hint = suggestion(other, &["none", "ber-tlv"]);
                report.fail(at, path, format!("\"{other}\" is not known here; {hint}"));
                None
            }
        },
        DeValue::Array(list) => positional(report, path, list, false),
        DeValue::Table(table) if table.contains_key("widths") => repeated(report, path, table),
        DeValue::Table(table) => tagged(report, path, at, table),
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {
            report.fail(at, path, format!("is {} and must be {WANTED}", kind(value)));
            None
        }
    }
}

fn positional(
    report: &mut Report<'_>,
    path: &str,
    list: &[Spanned<DeValue<'_>>],
    repeated: bool,
) -> Option<Inside> {
    let mut widths = Vec::with_capacity(list.len());
    for value in list {
        let read = match value.get_ref() {
            DeValue::Integer(_) => number(value.get_ref(), 9999).map(Width::Fixed),
            DeValue::String(text) => width(text),
            DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => None,
        };
        let Some(width) = read else {
            let place = report.place(value.span().start);
            let message = "this is no width; write 12 for always twelve, \"..11\" for up to eleven \
                           behind two digits";
            report.fail(place, path, message);
            return None;
        };
        widths.push(width);
    }
    Some(Inside::Of(Subfields::Positional { widths: widths.into(), repeated }))
}

fn repeated(report: &mut Report<'_>, path: &str, table: &DeTable<'_>) -> Option<Inside> {
    let mut again = false;
    let mut widths = None;
    for (key, value) in table {
        let place = report.place(value.span().start);
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("widths", DeValue::Array(list)) => widths = Some(list),
            ("repeated", DeValue::Boolean(flag)) => again = *flag,
            ("widths", other) => {
                let message = format!("is {} and must be a list like [2, 2, 3]", kind(other));
                report.fail(place, &format!("{path}.widths"), message);
                return None;
            }
            ("repeated", other) => {
                let message = format!("is {} and must be true or false", kind(other));
                report.fail(place, &format!("{path}.repeated"), message);
                return None;
            }
            (other, _) => {
                let place = report.place(key.span().start);
                let hint = suggestion(other, &["widths", "repeated"]);
                report.fail(place, &format!("{path}.{other}"), format!("unknown key; {hint}"));
                return None;
            }
        }
    }
    positional(report, path, widths?, again)
}

fn tagged(report: &mut Report<'_>, path: &str, at: Place, table: &DeTable<'_>) -> Option<Inside> {
    let (mut tag, mut length) = (None, None);
    for (key, value) in table {
        let place = report.place(value.span().start);
        let name = key.get_ref().as_ref();
        let slot = match name {
            "tag" => &mut tag,
            "length" => &mut length,
            other => {
                let place = report.place(key.span().start);
                let hint = suggestion(other, &["tag", "length", "widths", "repeated"]);
                report.fail(place, &format!("{path}.{other}"), format!("unknown key; {hint}"));
                return None;
            }
        };
        *slot = number(value.get_ref(), 4).filter(|number| *number > 0);
        if slot.is_none() {
            report.fail(place, &format!("{path}.{name}"), "must be a number of units, 1 to 4");
            return None;
        }
    }
    let (Some(tag), Some(length)) = (tag, length) else {
        report.fail(at, path, "needs both tag and length, like { tag = 2, length = 3 }");
        return None;
    };
    let small = |number: u16| u8::try_from(number).ok();
    Some(Inside::Of(Subfields::Tagged { tag: small(tag)?, length: small(length)? }))
}

/// Where a card number stands.
pub(super) fn pan(report: &mut Report<'_>, at: Place, value: &DeValue<'_>) -> Option<At<PanPlace>> {
    const EXAMPLE: &str = "{ field = 48, tag = \"02\" } or { field = 48, place = 3 }";
    let DeValue::Table(table) = value else {
        report.fail(at, "pan", format!("is {} and must be a table, {EXAMPLE}", kind(value)));
        return None;
    };
    let (mut field, mut word) = (None, None);
    for (key, value) in table {
        let place = report.place(value.span().start);
        let small =
            |most| number(value.get_ref(), most).and_then(|number| u8::try_from(number).ok());
        let problem = match (key.get_ref().as_ref(), value.get_ref()) {
            ("field", _) => {
                field = small(128).filter(|n| *n >= 2);
                field.is_none().then(|| "must be a data element, 2 to 128".to_owned())
            }
            ("place", _) if word.is_none() => {
                word = small(99).filter(|n| *n >= 1).map(Word::Place);
                word.is_none().then(|| "must be the place of a subfield, 1 to 99".to_owned())
            }
            ("tag", DeValue::String(text)) if word.is_none() => {
                word = Some(Word::Tag(text.to_string()));
                None
            }
            ("tag", other) if word.is_none() => {
                Some(format!("is {} and must be a text like \"02\"", kind(other)))
            }
            ("place" | "tag", _) => Some("a subfield has a place or a tag; remove one".to_owned()),
            (other, _) => {
                Some(format!("unknown key; {}", suggestion(other, &["field", "place", "tag"])))
            }
        };
        if let Some(problem) = problem {
            report.fail(place, &format!("pan.{}", key.get_ref()), problem);
            return None;
        }
    }
    let (Some(field), Some(key)) = (field, word) else {
        report.fail(at, "pan", format!("needs a field and a subfield of it: {EXAMPLE}"));
        return None;
    };
    Some(At { value: PanPlace { field, key }, place: at })
}

/// Which fields may be written down.
pub(super) fn journal(
    report: &mut Report<'_>,
    at: Place,
    value: &DeValue<'_>,
) -> Option<Vec<At<(u8, u8)>>> {
    const EXAMPLE: &str = "a list of data elements like [2, 4, \"37-42\"]";
    let DeValue::Array(list) = value else {
        report.fail(at, "journal", format!("is {} and must be {EXAMPLE}", kind(value)));
        return None;
    };
    let mut items = Vec::with_capacity(list.len());
    for item in list {
        let place = report.place(item.span().start);
        let read = match item.get_ref() {
            DeValue::Integer(number) => numbers(number.as_str()),
            DeValue::String(text) => numbers(text),
            other @ (DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_)) => {
                Err(format!("{} is no data element; write {EXAMPLE}", kind(other)))
            }
        };
        match read {
            Ok(value) => items.push(At { value, place }),
            Err(problem) => report.fail(place, "journal", problem),
        }
    }
    Some(items)
}

/// A whole number, not negative and not above `most`.
fn number(value: &DeValue<'_>, most: u16) -> Option<u16> {
    let DeValue::Integer(number) = value else { return None };
    let number = u16::from_str_radix(number.as_str(), number.radix()).ok();
    number.filter(|number| *number <= most)
}
