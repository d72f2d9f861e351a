//! Where dialects come from: built in, or from files, one on top of another. Knows no line of them.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use crate::draft::Draft;
use crate::merge::{finish, merge};
use crate::mistake::{Mistake, Mistakes, Place, Report};
use crate::nearest::suggestion;
use crate::{Spec, document};

/// The built-in dialects, as files.
const BUILT_IN: [(&str, &str); 4] = [
    ("iso87-ascii", include_str!("../dialects/iso87-ascii.toml")),
    ("iso87-binary", include_str!("../dialects/iso87-binary.toml")),
    ("iso93-ascii", include_str!("../dialects/iso93-ascii.toml")),
    ("iso93-binary", include_str!("../dialects/iso93-binary.toml")),
];

/// The longest file that is read.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// The most files on top of one another.
const FILES_MAX: usize = 8;

/// Why there is no dialect of that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenError {
    /// It is no name of a built-in dialect, and does not look like a file's either: what to say.
    Unknown(String),
    /// Its file is no dialect.
    File(Mistakes),
}

/// A file, and what stands in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Which, as it was named.
    pub path: PathBuf,
    /// All of it.
    pub text: String,
}

/// A built-in dialect, with the names of its fields.
pub fn built_in(name: &str) -> Option<Spec> {
    let mut report = Report::new(name, "");
    let spec = finish(&built_in_draft(name)?, name, &mut report);
    debug_assert!(spec.is_some(), "a built-in dialect is one: {:?}", report.mistakes);
    spec
}

/// The built-in dialects, by name.
pub fn built_ins() -> impl Iterator<Item = Spec> {
    BUILT_IN.iter().filter_map(|(name, _)| built_in(name))
}

/// The built-in dialect of this name, or else the dialect in the file of this name, beside `folder`
/// where its path is relative.
///
/// # Errors
/// What is neither built in nor has a dot or a slash in its name is taken for a misspelt name.
pub fn open(name: &str, folder: &Path) -> Result<Spec, OpenError> {
    if let Some(spec) = built_in(name) {
        return Ok(spec);
    }
    if name.contains(['/', '.']) {
        return load(&folder.join(name)).map_err(OpenError::File);
    }
    let names = BUILT_IN.map(|(name, _)| name);
    let hint = suggestion(name, &names);
    Err(OpenError::Unknown(format!("\"{name}\" is no dialect; {hint}; a file is named with .toml")))
}

/// The dialect in a file. Its name is the one in it, or else the file's without `.toml`.
///
/// # Errors
/// All mistakes found, not only the first.
pub fn load(path: &Path) -> Result<Spec, Mistakes> {
    read(path).map(|(spec, _)| spec)
}

/// The same, with the files that say it, as they were read: this one, and those that it extends.
///
/// # Errors
/// All mistakes found, not only the first.
pub fn read(path: &Path) -> Result<(Spec, Vec<Said>), Mistakes> {
    let text = text_of(path)?;
    let mut seen = vec![Said { path: path.to_path_buf(), text: text.clone() }];
    let spec = of_text(path, &text, &mut seen)?;
    Ok((spec, seen))
}

/// The dialect in a text, as if it stood in a file of that path.
///
/// # Errors
/// All mistakes found, not only the first.
pub fn parse(path: &Path, text: &str) -> Result<Spec, Mistakes> {
    let said = Said { path: path.to_path_buf(), text: text.to_owned() };
    of_text(path, text, &mut vec![said])
}

fn of_text(path: &Path, text: &str, seen: &mut Vec<Said>) -> Result<Spec, Mistakes> {
    let file = path.display().to_string();
    let mut report = Report::new(&file, text);
    let draft = draft(path, text, seen, &mut report)?;
    let stem = path.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
    let spec = draft.and_then(|draft| {
        let spec = finish(&draft, &stem, &mut report)?;
        borrowed_name(&draft, &spec, &mut report);
        Some(spec)
    });
    match spec {
        Some(spec) if report.mistakes.is_empty() => Ok(spec),
        Some(_) | None => Err(Mistakes::new(report.mistakes)),
    }
}

/// A built-in dialect's name on another dialect would mislead.
fn borrowed_name(draft: &Draft, spec: &Spec, report: &mut Report<'_>) {
    let name = spec.dialect.name();
    let Some(own) = codec::built_in(name) else { return };
    let same =
        own.fingerprint() == spec.dialect.fingerprint() && own.version() == spec.dialect.version();
    if !same {
        let start = Place { line: 1, column: 1 };
        let place = draft.head.name.as_ref().map_or(start, |name| name.place);
        let message = format!("\"{name}\" is built in, and not this; give another name = \"...\"");
        report.fail(place, "name", message);
    }
}

/// What a file and those it extends say; `None` when that can not be known.
fn draft(
    path: &Path,
    text: &str,
    seen: &mut Vec<Said>,
    report: &mut Report<'_>,
) -> Result<Option<Draft>, Mistakes> {
    let Some(page) = document::read(text, report) else { return Ok(None) };
    let base = match &page.extends {
        None => None,
        Some(extends) => match base(path, &extends.value, seen)? {
            Ok(base) => Some(base),
            Err(problem) => {
                report.fail(extends.place, "extends", problem);
                return Ok(None);
            }
        },
    };
    Ok(Some(merge(base, page, report)))
}

/// What is extended, or what is wrong with the line that says so. Mistakes in that file itself are
/// told as they are, with its name.
fn base(path: &Path, name: &str, seen: &mut Vec<Said>) -> Result<Result<Draft, String>, Mistakes> {
    if let Some(draft) = built_in_draft(name) {
        return Ok(Ok(draft));
    }
    if !name.contains(['/', '.']) {
        let names = BUILT_IN.map(|(name, _)| name);
        let hint = suggestion(name, &names);
        return Ok(Err(format!("\"{name}\" is no dialect; {hint}; a file is named with .toml")));
    }
    let other = path.parent().unwrap_or(Path::new("")).join(name);
    if seen.iter().any(|file| is_same(&file.path, &other)) {
        return Ok(Err(format!(
            "\"{name}\" extends this file, or is it; a circle has no beginning"
        )));
    }
    if seen.len() >= FILES_MAX {
        return Ok(Err(format!(
            "{FILES_MAX} files stand on top of one another; put some together"
        )));
    }
    if !other.exists() {
        return Ok(Err(format!("there is no file {}", other.display())));
    }
    let text = text_of(&other)?;
    seen.push(Said { path: other.clone(), text: text.clone() });
    let file = other.display().to_string();
    let mut report = Report::new(&file, &text);
    let draft = draft(&other, &text, seen, &mut report)?;
    match draft {
        Some(draft) if report.mistakes.is_empty() => Ok(Ok(draft)),
        Some(_) | None => Err(Mistakes::new(report.mistakes)),
    }
}

fn is_same(a: &Path, b: &Path) -> bool {
    a == b || fs::canonicalize(a).ok().zip(fs::canonicalize(b).ok()).is_some_and(|(a, b)| a == b)
}

fn built_in_draft(name: &str) -> Option<Draft> {
    let (_, text) = BUILT_IN.iter().find(|(of, _)| *of == name)?;
    let mut report = Report::new(name, text);
    let page = document::read(text, &mut report)?;
    let base = page.extends.as_ref().and_then(|extends| built_in_draft(&extends.value));
    let draft = merge(base, page, &mut report);
    debug_assert!(report.mistakes.is_empty(), "{:?}", report.mistakes);
    Some(draft)
}

fn text_of(path: &Path) -> Result<String, Mistakes> {
    let fail = |line, message: String| {
        let (file, key) = (path.display().to_string().into(), String::new());
        Mistakes::new(vec![Mistake { file, line, column: 1, key, message }])
    };
    let extension = path.extension().map(std::ffi::OsStr::to_ascii_lowercase);
    if extension.is_some_and(|extension| extension == "xml" || extension == "json") {
        let message = "specifications of other programs (XML, JSON) can not be read yet; write one in \
                       TOML, a line a field";
        return Err(fail(1, message.into()));
    }
    let unreadable = |error: std::io::Error| fail(1, format!("can not be read: {error}"));
    let length = fs::metadata(path).map_err(unreadable)?.len();
    if length > FILE_BYTES_MAX {
        return Err(fail(1, format!("has {length} bytes; a dialect has at most {FILE_BYTES_MAX}")));
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|error| {
        let sound = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = sound.split(|byte| *byte == b'\n').count();
        fail(line, "is not UTF-8 in this line; save it as UTF-8".into())
    })
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(message) => f.write_str(message),
            Self::File(mistakes) => mistakes.fmt(f),
        }
    }
}

impl std::error::Error for OpenError {}
