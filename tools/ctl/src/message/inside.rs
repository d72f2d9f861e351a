//! What is inside a field, as rows for people: subfields and the elements of chip data. Must not
//! know how a table looks.

mod names;

use codec::{
    Class, Element, Elements, Key, Masked, Message, Part, Subfield, Subfields, Tag, Value,
};

use super::{hex, words};

/// How deep templates within templates are shown.
const DEPTH_MAX: usize = 4;

/// Rows (number, name, what it holds, value) for what is inside DE `n`, as far as the dialect says
/// it.
pub(super) fn rows(
    message: &Message<'_>,
    n: u8,
    value: Value<'_>,
    unmasked: bool,
) -> Vec<Vec<String>> {
    let dialect = message.dialect();
    let Some(subfields) = dialect.subfields(n) else { return Vec::new() };
    let mut rows = Vec::new();
    if *subfields == Subfields::BerTlv {
        let card = dialect.pan_in().filter(|&(field, _)| field == n).map(|(_, key)| key);
        let show = Show { unmasked, card };
        match Elements::of(value) {
            Ok(elements) => show.elements(&n.to_string(), elements, 0, &mut rows),
            Err(error) => rows.push(fault(&n.to_string(), &error)),
        }
        return rows;
    }
    let standard = Subfields::standard(dialect.version(), n) == Some(subfields);
    for item in subfields.walk(value) {
        rows.push(match item {
            Ok(subfield) => row(message, n, &subfield, standard, unmasked),
            Err(error) => fault(&n.to_string(), &error),
        });
    }
    rows
}

/// A line for what is wrong.
fn fault(number: &str, error: &codec::PartError) -> Vec<String> {
    vec![format!("{number}.?"), String::new(), String::new(), format!("NOT READ {error}")]
}

fn row(
    message: &Message<'_>,
    n: u8,
    subfield: &Subfield<'_>,
    standard: bool,
    unmasked: bool,
) -> Vec<String> {
    let part = &subfield.value;
    let version = message.dialect().version();
    let named = if standard { names::of_subfield(version, n, subfield.key) } else { "" };
    let card = message.dialect().pan_in() == Some((n, subfield.key));
    let shown = if unmasked {
        text_of(part)
    } else if card {
        Masked(text_of(part).trim_end().as_bytes()).to_string()
    } else if words::is_masked(message.dialect(), n) {
        masked(part)
    } else {
        text_of(part)
    };
    vec![format!("{n}.{}", subfield.key), named.into(), holds(part), shown]
}

/// How elements are shown.
struct Show {
    unmasked: bool,
    /// The element with a card number, beside 5A.
    card: Option<Key>,
}

impl Show {
    fn elements(
        &self,
        path: &str,
        elements: Elements<'_>,
        depth: usize,
        rows: &mut Vec<Vec<String>>,
    ) {
        for item in elements {
            match item {
                Ok(element) => self.element(path, &element, depth, rows),
                Err(error) => rows.push(fault(path, &error)),
            }
        }
    }

    fn element(
        &self,
        path: &str,
        element: &Element<'_>,
        depth: usize,
        rows: &mut Vec<Vec<String>>,
    ) {
        let (path, part) = (format!("{path}.{}", element.tag), &element.value);
        let (name, harmless) = names::of_element(element.tag);
        let inner = element.elements().filter(|_| depth < DEPTH_MAX);
        let whole = inner.clone().is_some_and(|inner| inner.into_iter().all(|item| item.is_ok()));
        let card = element.tag == Tag::of(0x5A) || self.card == Some(Key::Tag(element.tag));
        let shown = if self.unmasked || harmless {
            text_of(part)
        } else if card {
            Masked(text_of(part).trim_end_matches('F').as_bytes()).to_string()
        } else {
            masked(part)
        };
        let shown = if whole { String::new() } else { shown };
        rows.push(vec![path.clone(), name.into(), holds(part), shown]);
        if let Some(inner) = inner.filter(|_| whole) {
            self.elements(&path, inner, depth + 1, rows);
        }
    }
}

fn masked(part: &Part<'_>) -> String {
    format!("({} masked)", words::counted(part.class(), part.units()))
}

/// "digits 2".
fn holds(part: &Part<'_>) -> String {
    format!("{} {}", words::class_word(part.class()), part.units())
}

/// Binary in upper-case hexadecimal, the rest as Latin-1.
fn text_of(part: &Part<'_>) -> String {
    if part.class() == Class::Binary {
        hex::write(&part.iter().collect::<Vec<u8>>())
    } else {
        part.iter().map(char::from).collect()
    }
}
