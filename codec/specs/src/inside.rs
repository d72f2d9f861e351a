//! What is inside a field, in a file's words: subfields, where a card number stands, and what may
//! be written down. Knows no
//! bytes.
//!
//! ```toml
//! subfields = [4, 6, 12, "..11"]              # one behind the other; a dot for a digit of length
//! subfields = { widths = [2, 2, 3, 1, 12], repeated = true }
//! subfields = { tag = 2, length = 3 }         # a name of two units, a length of three digits
//! subfields = "ber-tlv"                       # chip data
//! subfields = "none"
//! pan = { field = 48, tag = "02" }            # or place = 3
//! journal = [2, 4, "11-13"]                   # what may be written down
//! ```

use codec::{Dialect, Fields, JournalError, Key, Name, Subfields, SubfieldsError, Tag, Width};

use crate::draft::At;
use crate::mistake::Report;

/// What a line says is inside its field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Inside {
    /// Nothing that is known.
    Nothing,
    /// These.
    Of(Subfields),
}

/// Where a card number stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PanPlace {
    pub(crate) field: u8,
    pub(crate) key: Word,
}

/// A subfield, as a file names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    Place(u8),
    Tag(String),
}

/// The width that a text says: `..11` is up to eleven behind two digits.
pub(crate) fn width(text: &str) -> Option<Width> {
    let max = text.trim_start_matches('.');
    let digits = u8::try_from(text.len() - max.len()).ok().filter(|digits| *digits > 0)?;
    let number = max.bytes().all(|byte| byte.is_ascii_digit());
    Some(Width::Var { digits, max: max.parse().ok().filter(|_| number)? })
}

/// What is wrong with subfields, and what to do.
pub(crate) fn problem(error: SubfieldsError, format: &str) -> String {
    match error {
        SubfieldsError::Widths => "1 to 99 subfields of at least 1 unit each; name them".into(),
        SubfieldsError::Digits => {
            "a name, length or prefix has 1 to 4 units, and a prefix can tell its most".into()
        }
        SubfieldsError::Total => {
            format!("together they are not as long as {format}; make their sum fit")
        }
        SubfieldsError::Class => format!("\"ber-tlv\" is in bytes or text, not in {format}"),
        SubfieldsError::Field | SubfieldsError::Key => "they do not fit this field".into(),
    }
}

/// The same dialect with the place of its card number, or what is wrong with that.
pub(crate) fn with_pan(dialect: Dialect, pan: &PanPlace) -> Result<Dialect, String> {
    let PanPlace { field, key } = pan;
    if dialect.field(*field).is_none() {
        return Err(format!("there is no DE {field} in this dialect"));
    }
    let Some(subfields) = dialect.subfields(*field) else {
        return Err(format!("nothing is said about what is inside DE {field}; add its subfields"));
    };
    let kind = match subfields {
        Subfields::Positional { .. } => "places; write place = 3",
        Subfields::Tagged { .. } => "names; write tag = \"02\"",
        Subfields::BerTlv => "tags; write tag = \"5A\"",
    };
    let key = match (subfields, key) {
        (Subfields::Positional { .. }, Word::Place(place)) => Some(Key::Place(*place)),
        (Subfields::Tagged { .. }, Word::Tag(name)) if name.bytes().all(is_text) => {
            Name::new(name.as_bytes()).map(Key::Name)
        }
        (Subfields::Tagged { .. }, Word::Tag(_)) => {
            return Err("the name of a subfield is of characters 0x20 to 0x7E".into());
        }
        (Subfields::BerTlv, Word::Tag(tag)) => match ber_tag(tag) {
            Some(tag) => Some(Key::Tag(tag)),
            None => {
                return Err(format!("\"{tag}\" is no tag of chip data; write one like 5A or 9F02"));
            }
        },
        _ => None,
    };
    let key = key.ok_or_else(|| format!("the subfields of DE {field} have {kind}"))?;
    dialect
        .with_pan_in(*field, key)
        .map_err(|_| format!("DE {field} can have no subfield {key}; look at its subfields"))
}

/// The same dialect with what may be written down of its messages; notes what may not.
pub(crate) fn with_journal(
    dialect: Dialect,
    items: &[At<(u8, u8)>],
    report: &mut Report<'_>,
) -> Option<Dialect> {
    let (mut all, before) = (Fields::EMPTY, report.mistakes.len());
    for &At { value: (from, to), place } in items {
        let named = (from..=to).fold(Fields::EMPTY, Fields::with);
        let fields = named.intersection(dialect.fields());
        // Of a range, some may be missing; what is named alone may not.
        let wanted = if fields.is_empty() { named } else { fields };
        match dialect.clone().with_journaled(wanted) {
            Ok(_) => all = all.union(fields),
            Err(error) => report.fail(place, "journal", journal_problem(error)),
        }
    }
    if report.mistakes.len() > before { None } else { dialect.with_journaled(all).ok() }
}

fn journal_problem(error: JournalError) -> String {
    match error {
        JournalError::Absent { field } => {
            format!("there is no DE {field} in this dialect; leave it out")
        }
        JournalError::Never { field } => format!(
            "DE {field} is never written down: tracks, PIN blocks, chip data, codes of \
             authentication and keys are not; leave it out"
        ),
        JournalError::CardNumber { field } => format!(
            "DE {field} has a card number inside, as pan says, and is never written down; leave \
             it out"
        ),
    }
}

/// The words for what may be written down; nothing where that is the usual.
pub(crate) fn journal_words(dialect: &Dialect) -> String {
    let journaled = dialect.journaled();
    if journaled == dialect.usually_journaled() {
        return String::new();
    }
    let mut runs: Vec<(u8, u8)> = Vec::new();
    for n in journaled {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == n => *last = n,
            _ => runs.push((n, n)),
        }
    }
    let words = runs
        .iter()
        .map(|&(from, to)| if from == to { from.to_string() } else { format!("\"{from}-{to}\"") });
    format!("[{}]", words.collect::<Vec<_>>().join(", "))
}

const fn is_text(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7E)
}

/// The tag that hexadecimal digits are, if an element can have it: whole, and of at most four bytes.
fn ber_tag(text: &str) -> Option<Tag> {
    let digits = text.len() <= 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u32::from_str_radix(text, 16).ok().filter(|&number| digits && number > 0)?;
    let bytes = number.to_be_bytes();
    let mut bytes = bytes.iter().skip_while(|byte| **byte == 0);
    let long = bytes.next().is_some_and(|first| first & 0x1F == 0x1F);
    let ends = if long { bytes.position(|byte| byte & 0x80 == 0).is_some() } else { true };
    (ends && bytes.next().is_none()).then_some(Tag::of(number))
}

/// The words for what is inside a field; nothing where nothing is known.
pub(crate) fn words(subfields: Option<&Subfields>) -> String {
    match subfields {
        None => "\"none\"".into(),
        Some(Subfields::BerTlv) => "\"ber-tlv\"".into(),
        Some(Subfields::Tagged { tag, length }) => format!("{{ tag = {tag}, length = {length} }}"),
        Some(Subfields::Positional { widths, repeated }) => {
            let widths: Vec<String> = widths.iter().map(|width| width_word(*width)).collect();
            let widths = widths.join(", ");
            if *repeated {
                format!("{{ widths = [{widths}], repeated = true }}")
            } else {
                format!("[{widths}]")
            }
        }
    }
}

fn width_word(width: Width) -> String {
    match width {
        Width::Fixed(units) => units.to_string(),
        Width::Var { digits, max } => format!("\"{}{max}\"", ".".repeat(digits.into())),
    }
}

/// The words for where a card number stands.
pub(crate) fn pan_words(field: u8, key: Key) -> String {
    match key {
        Key::Place(place) => format!("{{ field = {field}, place = {place} }}"),
        Key::Name(name) => format!("{{ field = {field}, tag = \"{name}\" }}"),
        Key::Tag(tag) => format!("{{ field = {field}, tag = \"{:02X}\" }}", tag.number()),
    }
}
