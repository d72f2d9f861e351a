//! TOML to what a file says. Notes every mistake and goes on; knows keys and words, and not how a
//! dialect is put together.

mod within;

use codec::{Form, Side, Version};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::draft::{At, Changes, Entry, Head, Page, Said};
use crate::mistake::{Place, Report};
use crate::nearest::suggestion;
use crate::notation::Notation;

const KEYS: [&str; 12] = [
    "name",
    "version",
    "extends",
    "mti",
    "bitmap",
    "digits",
    "binary",
    "length",
    "subfields",
    "pan",
    "journal",
    "fields",
];
const FIELD_KEYS: [&str; 6] = ["as", "name", "digits", "binary", "length", "subfields"];

/// The longest name of a dialect or a field, in characters.
const NAME_MAX: usize = 60;

const LEFT: Form = Form::Packed { zero: Side::Left };
const RIGHT: Form = Form::Packed { zero: Side::Right };

/// The words of one key.
type Words<T> = &'static [(&'static str, T)];
const MTI: Words<Form> = &[("ascii", Form::Chars), ("bcd", LEFT)];
const BITMAP: Words<Form> = &[("hex", Form::Hex), ("raw", Form::Raw)];
const DIGITS: Words<Form> = &[("ascii", Form::Chars), ("bcd-left", LEFT), ("bcd-right", RIGHT)];
const BINARY: Words<Form> = &[("hex", Form::Hex), ("raw", Form::Raw)];
const LENGTH: Words<bool> = &[("ascii", false), ("bcd", true)];
const SUBFIELDS: Words<bool> = &[("standard", true), ("none", false)];
const VERSIONS: [(i64, Version); 3] =
    [(1987, Version::Iso1987), (1993, Version::Iso1993), (2003, Version::Iso2003)];

/// Reads a file's text; `None` when it is not TOML, so that nothing else can be said.
pub(crate) fn read(text: &str, report: &mut Report<'_>) -> Option<Page> {
    let (tree, errors) = DeTable::parse_recoverable(text);
    let mut readable = true;
    for error in errors {
        let span = error.span().unwrap_or_default();
        let place = report.place(span.start);
        if error.message() == "duplicate key" {
            // The parser kept the first one, so what else the file says can still be judged.
            let key = text.get(span.clone()).unwrap_or_default().trim_matches(['"', '\'']);
            let first = report.given_before(key, span.start);
            let first = first.map(|at| format!(", first in line {}", at.line)).unwrap_or_default();
            report.fail(place, key, format!("given twice{first}; remove one"));
        } else {
            let rest = text.get(span.start..).unwrap_or_default();
            let quotes = if rest.starts_with(|c: char| c.is_alphabetic()) {
                "; if this is a text, put it in quotes"
            } else {
                ""
            };
            report.fail(place, "", format!("this is not TOML: {}{quotes}", error.message()));
            readable = false;
        }
    }
    readable.then(|| Reader { report }.page(tree.into_inner()))
}

struct Reader<'r, 't> {
    report: &'r mut Report<'t>,
}

impl Reader<'_, '_> {
    fn page(&mut self, table: DeTable<'_>) -> Page {
        let mut page = Page::default();
        for (key, value) in table {
            let place = self.report.place(key.span().start);
            let at = self.report.place(value.span().start);
            let key = key.into_inner();
            page.given.push(key.to_string());
            let head = &mut page.head;
            let Head {
                name, version, mti, bitmap, digits, binary, packed_length, standard, ..
            } = head;
            let Head { pan, journal, .. } = head;
            match key.as_ref() {
                "name" => *name = self.name("name", at, value.get_ref()),
                "version" => *version = self.version(at, value.get_ref()),
                "extends" => {
                    let wanted = "the name of a built-in dialect or of a file, in quotes";
                    let text = self.text("extends", at, value.get_ref(), wanted);
                    page.extends = text.map(|text| At { value: text.to_owned(), place: at });
                }
                "mti" => *mti = self.choice("mti", at, value.get_ref(), MTI),
                "bitmap" => *bitmap = self.choice("bitmap", at, value.get_ref(), BITMAP),
                "digits" => *digits = self.choice("digits", at, value.get_ref(), DIGITS),
                "binary" => *binary = self.choice("binary", at, value.get_ref(), BINARY),
                "length" => *packed_length = self.choice("length", at, value.get_ref(), LENGTH),
                "subfields" => {
                    *standard = self.choice("subfields", at, value.get_ref(), SUBFIELDS);
                }
                "pan" => *pan = within::pan(self.report, at, value.get_ref()),
                "journal" => *journal = within::journal(self.report, at, value.get_ref()),
                "fields" => page.entries = self.fields(at, value),
                other => self.report.fail(place, other, unknown(other)),
            }
        }
        page
    }

    fn fields(&mut self, at: Place, value: Spanned<DeValue<'_>>) -> Vec<Entry> {
        let kind = kind(value.get_ref());
        let DeValue::Table(table) = value.into_inner() else {
            self.report.fail(at, "fields", format!("is {kind} and must be a table, [fields]"));
            return Vec::new();
        };
        let mut entries: Vec<Entry> = Vec::new();
        for (key, value) in table {
            let place = self.report.place(key.span().start);
            let key = key.into_inner().into_owned();
            let path = format!("fields.{key}");
            let (from, to) = match numbers(&key) {
                Ok(numbers) => numbers,
                Err(problem) => {
                    self.report.fail(place, &path, problem);
                    continue;
                }
            };
            let said = self.line(&path, value);
            let other = entries.iter().find(|other| from <= other.to && other.from <= to);
            if let Some(Entry { key, place: first, .. }) = other {
                let (line, key) = (first.line, key.clone());
                let message = format!("is in {key} too (line {line}); a field has one line");
                self.report.fail(place, &path, message);
                continue;
            }
            entries.push(Entry { from, to, key, place, said });
        }
        entries
    }

    fn line(&mut self, path: &str, value: Spanned<DeValue<'_>>) -> Said {
        let at = self.report.place(value.span().start);
        match value.into_inner() {
            DeValue::String(text) if text == "absent" => Said::Absent,
            DeValue::String(text) => self.format(path, at, &text),
            DeValue::Table(table) => self.changes(path, at, table),
            other @ (DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)) => {
                let message = format!(
                    "is {} and must be a format like \"n..19\", or a table like {{ as = \"n..19\", \
                     digits = \"bcd-right\" }}",
                    kind(&other)
                );
                self.report.fail(at, path, message);
                Said::Nothing
            }
        }
    }

    /// A format, and behind it the name.
    fn format(&mut self, path: &str, at: Place, text: &str) -> Said {
        let (written, name) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        let name = name.trim();
        if written.is_empty() {
            let message = "is an empty text; write a format like \"n..19\", or \"absent\"";
            self.report.fail(at, path, message);
            return Said::Nothing;
        }
        let apart = name.starts_with(|c: char| c.is_ascii_digit() || c == '.');
        match Notation::read(written) {
            Err(_) if apart => {
                let number = name.split(' ').next().unwrap_or_default();
                let message =
                    format!("\"{text}\": write the format in one word, {written}{number}");
                self.report.fail(at, path, message);
                Said::Nothing
            }
            Err(problem) => {
                self.report.fail(at, path, problem);
                Said::Nothing
            }
            Ok(notation) => {
                let name = self.checked_name(path, at, name).filter(|name| !name.is_empty());
                let notation = Some(notation);
                Said::Of(Box::new(Changes { notation, name, ..Changes::default() }))
            }
        }
    }

    fn changes(&mut self, path: &str, at: Place, table: DeTable<'_>) -> Said {
        let mut changes = Changes::default();
        let before = self.report.mistakes.len();
        if table.is_empty() {
            let message = "says nothing; write a format like \"n..19\", or \"absent\"";
            self.report.fail(at, path, message);
        }
        for (key, value) in table {
            let place = self.report.place(key.span().start);
            let at = self.report.place(value.span().start);
            let (key, value) = (key.into_inner(), value.get_ref());
            let path = format!("{path}.{key}");
            match key.as_ref() {
                "as" => changes.notation = self.notation(&path, at, value),
                "name" => changes.name = self.name(&path, at, value).map(|name| name.value),
                "digits" => changes.digits = self.at(&path, at, value, DIGITS),
                "binary" => changes.binary = self.at(&path, at, value, BINARY),
                "length" => changes.packed_length = self.at(&path, at, value, LENGTH),
                "subfields" => {
                    let inside = within::inside(self.report, &path, at, value);
                    changes.inside = inside.map(|value| At { value, place: at });
                }
                other => {
                    let hint = suggestion(other, &FIELD_KEYS);
                    self.report.fail(place, &path, format!("unknown key; {hint}"));
                }
            }
        }
        let sound = self.report.mistakes.len() == before;
        if sound { Said::Of(Box::new(changes)) } else { Said::Nothing }
    }

    fn notation(&mut self, path: &str, at: Place, value: &DeValue<'_>) -> Option<Notation> {
        let text = self.text(path, at, value, "a format like \"n..19\", in quotes")?;
        match Notation::read(text.trim()) {
            Ok(notation) => Some(notation),
            Err(problem) => {
                self.report.fail(at, path, problem);
                None
            }
        }
    }

    fn at<T: Copy>(
        &mut self,
        path: &str,
        place: Place,
        value: &DeValue<'_>,
        words: Words<T>,
    ) -> Option<At<T>> {
        self.choice(path, place, value, words).map(|value| At { value, place })
    }

    /// One of several words.
    fn choice<T: Copy>(
        &mut self,
        path: &str,
        at: Place,
        value: &DeValue<'_>,
        words: Words<T>,
    ) -> Option<T> {
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let text =
            self.text(path, at, value, &format!("one of {}, in quotes", names.join(", ")))?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let hint = match text.to_lowercase().as_str() {
            word if word.contains("ebcdic") || word.starts_with("cp") => {
                format!("is EBCDIC, which is not supported yet; there is: {}", names.join(", "))
            }
            "bcd" if names.contains(&"bcd-left") => {
                "does not say where an odd number of digits gets its zero nibble; bcd-left is \
                 01 23, bcd-right is 12 30"
                    .into()
            }
            "binary" if path.ends_with("length") => {
                "lengths are not supported yet; there is: ascii, bcd".into()
            }
            "binary" if names.contains(&"raw") => "is not known here; the word is \"raw\"".into(),
            "ascii" if names.contains(&"hex") => "is not known here; the word is \"hex\"".into(),
            word => format!("is not known here; {}", suggestion(word, &names)),
        };
        self.report.fail(at, path, format!("\"{text}\" {hint}"));
        None
    }

    fn version(&mut self, place: Place, value: &DeValue<'_>) -> Option<At<Version>> {
        const WANTED: &str = "1987, 1993 or 2003";
        let DeValue::Integer(number) = value else {
            let message = format!("is {} and must be {WANTED}, without quotes", kind(value));
            self.report.fail(place, "version", message);
            return None;
        };
        let year = i64::from_str_radix(number.as_str(), number.radix()).ok();
        let found = VERSIONS.iter().find(|(of, _)| Some(*of) == year);
        if found.is_none() {
            let message =
                format!("{} is no edition of ISO 8583; there is {WANTED}", number.as_str());
            self.report.fail(place, "version", message);
        }
        found.map(|&(_, value)| At { value, place })
    }

    fn name(&mut self, path: &str, place: Place, value: &DeValue<'_>) -> Option<At<String>> {
        let text = self.text(path, place, value, "a name, in quotes")?;
        if text.trim().is_empty() {
            self.report.fail(place, path, "is empty; write a name, or remove the line");
            return None;
        }
        let name = self.checked_name(path, place, text.trim())?;
        Some(At { value: name, place })
    }

    fn checked_name(&mut self, path: &str, at: Place, name: &str) -> Option<String> {
        let length = name.chars().count();
        if length > NAME_MAX {
            let message = format!("this name has {length} characters; at most {NAME_MAX}");
            self.report.fail(at, path, message);
            return None;
        }
        if name.chars().any(char::is_control) {
            self.report.fail(at, path, "this name has a control character; remove it");
            return None;
        }
        Some(name.to_owned())
    }

    fn text<'v>(
        &mut self,
        path: &str,
        at: Place,
        value: &'v DeValue<'_>,
        wanted: &str,
    ) -> Option<&'v str> {
        if let DeValue::String(text) = value {
            return Some(text);
        }
        self.report.fail(at, path, format!("is {} and must be {wanted}", kind(value)));
        None
    }
}

/// What a value is, for a message.
fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// What to do about a key that no dialect has.
fn unknown(key: &str) -> String {
    match key {
        "text" => "text is always ASCII, and EBCDIC is not supported yet; remove it".into(),
        "third_bitmap" | "bitmaps" => "third bitmaps are not supported yet; remove it".into(),
        "header" | "framing" | "trailer" | "tpdu" => {
            "what is around a message belongs to the station's framing; remove it here".into()
        }
        number if number.parse::<u16>().is_ok() => {
            "this is a field; write it below the line [fields]".into()
        }
        other => format!("unknown key; {}", suggestion(other, &KEYS)),
    }
}

/// The data elements that a key means, first and last.
fn numbers(key: &str) -> Result<(u8, u8), String> {
    let ends = key.split_once('-').unwrap_or((key, key));
    let from = number(ends.0)?;
    let to = number(ends.1)?;
    if from > to {
        return Err(format!("counts backwards; write {to}-{from}"));
    }
    Ok((from, to))
}

fn number(text: &str) -> Result<u8, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some(number) = text.parse::<u32>().ok().filter(|_| digits) else {
        return Err(
            "is no data element; write its number, 2 to 128, or a range like 105-127".into()
        );
    };
    if text.starts_with('0') && number != 0 {
        return Err(format!("has a zero in front; write {number}"));
    }
    match number {
        0 => Err("is the message type; say how it is written with mti = \"ascii\"".into()),
        1 => Err("is the second bitmap, which is there when it is needed; remove it".into()),
        2..=128 => u8::try_from(number).map_err(|error| error.to_string()),
        129..=192 => Err("would need a third bitmap, which is not supported yet; remove it".into()),
        _ => Err("is no data element; they are 2 to 128".into()),
    }
}
