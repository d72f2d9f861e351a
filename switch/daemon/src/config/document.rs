//! The files: read, parsed and merged into one tree that knows where each value stands. Must not
//! know what any key means, but for the lists that files add to.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use toml::de::{DeInteger, DeTable, DeValue};

use super::place::{Place, Places};
use super::units::show_size;
use super::{FileKind, Report, Source};

/// The longest file that is read.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// The most files in `conf.d`.
const FILES_MAX: usize = 1_024;
/// Lists at the top that every file adds to.
const APPENDED: [&str; 2] = ["station", "route"];

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Value,
}

/// A value of the configuration.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Number(i64),
    Flag(bool),
    List(Vec<Node>),
    Table(Table),
    /// What no key takes, by its name: a date, a fraction, a number beyond 64 bits.
    Other(&'static str),
}

impl Value {
    /// What it is, for a message.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Number(_) => "a number",
            Self::Flag(_) => "true or false",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Other(kind) => kind,
        }
    }
}

/// A table: keys in alphabetical order within a file, later files behind.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) place: Place,
    pub(super) entries: Vec<Entry>,
}

/// A key with its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) place: Place,
    pub(super) node: Node,
}

impl Table {
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// A text that is there and not empty.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        match &self.entry(key)?.node.value {
            Value::Text(text) if !text.is_empty() => Some(text),
            Value::Text(_)
            | Value::Number(_)
            | Value::Flag(_)
            | Value::List(_)
            | Value::Table(_)
            | Value::Other(_) => None,
        }
    }
}

/// Reads the main file and `conf.d/*.toml` beside it, in lexical order, and merges them.
pub(super) fn read(path: &Path, report: &mut Report) -> (Table, Vec<Source>) {
    let mut files = vec![path.to_path_buf()];
    let directory = path.parent().unwrap_or(Path::new("")).join("conf.d");
    let start = Places::new(0, name(path), "").at(0);
    match list(&directory) {
        Ok(found) if found.len() > FILES_MAX => {
            let message = format!("conf.d holds {} files; at most {FILES_MAX}", found.len());
            report.fail(&start, "", message);
            report.unreadable = true;
        }
        Ok(found) => files.extend(found),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => {
            report.fail(&start, "", format!("{} can not be read: {error}", directory.display()));
            report.unreadable = true;
        }
    }
    let mut root = Table { place: start, entries: Vec::new() };
    let mut sources = Vec::with_capacity(files.len());
    for (rank, path) in files.into_iter().enumerate() {
        if let Some((table, text)) = parse(rank, &path, report) {
            merge(&mut root, table, "", report);
            let kind = if rank == 0 { FileKind::Main } else { FileKind::Part };
            sources.push(Source { path, kind, text });
        }
    }
    (root, sources)
}

fn name(path: &Path) -> Arc<str> {
    path.display().to_string().into()
}

/// The `.toml` files of a directory, sorted by name; hidden ones are passed over.
fn list(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden && path.extension().is_some_and(|extension| extension == "toml") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The tree of a file, and its text.
fn parse(rank: usize, path: &Path, report: &mut Report) -> Option<(Table, Arc<str>)> {
    let bytes = match bytes(path) {
        Ok(bytes) => bytes,
        Err(problem) => {
            report.fail(&Places::new(rank, name(path), "").at(0), "", problem);
            report.unreadable = true;
            return None;
        }
    };
    let text = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let places = Places::new(rank, name(path), text);
    if text.len() < bytes.len() {
        report.fail(&places.at(text.len()), "", "is not UTF-8 from here on; save it as UTF-8");
        report.unreadable = true;
        return None;
    }
    let (tree, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = error.span().unwrap_or_default();
        let place = places.at(span.start);
        let rest = text.get(span.start..).unwrap_or_default();
        if error.message() == "duplicate key" {
            // The parser kept the first one, so what else the file says can still be judged.
            let key = text.get(span.clone()).unwrap_or_default().trim_matches(['"', '\'']);
            report.fail(&place, key, twice(places.given_before(key, span.start).as_ref()));
        } else {
            let line = text.get(..span.start).and_then(|before| before.rsplit('\n').next());
            let hint = hint(line.unwrap_or_default(), rest);
            report.fail(&place, "", format!("this is not TOML: {}{hint}", error.message()));
            report.unreadable = true;
        }
    }
    Some((table(places.at(0), tree.into_inner(), &places), text.into()))
}

/// What was probably meant, where a line stops to be TOML.
fn hint(before: &str, rest: &str) -> &'static str {
    match () {
        () if (before.to_owned() + rest).trim_start().starts_with("//") => {
            "; if this is a comment, begin it with #"
        }
        () if !rest.starts_with(|c: char| c.is_alphabetic()) => "",
        () if before.contains('=') => "; if this is a text, put it in quotes",
        () => "; write a key and its value, as name = \"tokyo\"",
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    let unreadable = |error: io::Error| format!("can not be read: {error}");
    let length = fs::metadata(path).map_err(unreadable)?.len();
    if length > FILE_BYTES_MAX {
        let most = show_size(FILE_BYTES_MAX);
        return Err(format!("has {length} bytes; a configuration file has at most {most}"));
    }
    fs::read(path).map_err(unreadable)
}

fn twice(first: Option<&Place>) -> String {
    match first {
        Some(first) => format!("given twice, first at {first}; remove one"),
        None => "given twice; remove one".into(),
    }
}

fn table(place: Place, table: DeTable<'_>, places: &Places<'_>) -> Table {
    let entries = table.into_iter().map(|(key, value)| Entry {
        place: places.at(key.span().start),
        key: key.into_inner().into_owned(),
        node: node(value, places),
    });
    Table { place, entries: entries.collect() }
}

fn node(value: toml::Spanned<DeValue<'_>>, places: &Places<'_>) -> Node {
    let place = places.at(value.span().start);
    let value = match value.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => integer(&number),
        DeValue::Boolean(flag) => Value::Flag(flag),
        DeValue::Float(_) => Value::Other("a number with a fraction"),
        DeValue::Datetime(_) => Value::Other("a date"),
        DeValue::Array(list) => {
            Value::List(list.into_iter().map(|value| node(value, places)).collect())
        }
        DeValue::Table(inner) => Value::Table(table(place.clone(), inner, places)),
    };
    Node { place, value }
}

fn integer(number: &DeInteger<'_>) -> Value {
    i64::from_str_radix(number.as_str(), number.radix())
        .map_or(Value::Other("a number beyond 64 bits"), Value::Number)
}

/// Adds a later file's table to what is there: tables key by key, the appended lists behind one
/// another, and anything else only once.
fn merge(into: &mut Table, from: Table, path: &str, report: &mut Report) {
    for entry in from.entries {
        let key = if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
        let Some(present) = into.entries.iter_mut().find(|present| present.key == entry.key) else {
            into.entries.push(entry);
            continue;
        };
        match (&mut present.node.value, entry.node.value) {
            (Value::Table(present), Value::Table(table)) => merge(present, table, &key, report),
            (Value::List(present), Value::List(list)) if APPENDED.contains(&key.as_str()) => {
                present.extend(list);
            }
            _ => report.fail(&entry.place, key, twice(Some(&present.place))),
        }
    }
}
