//! What is inside a field, in a file's words: subfields, and where a card number stands. Knows no
//! bytes.
//!
//! ```toml
//! subfields = [4, 6, 12, "..11"]              # one behind the other; a dot for a digit of length
//! subfields = { widths = [2, 2, 3, 1, 12], repeated = true }
//! subfields = { tag = 2, length = 3 }         # a name of two units, a length of three digits
//! subfields = "ber-tlv"                       # chip data
//! subfields = "none"
//! pan = { field = 48, tag = "02" }            # or place = 3
//! ```

use codec::{Dialect, Key, Name, Subfields, SubfieldsError, Tag, Width};

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
