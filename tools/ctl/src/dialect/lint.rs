//! `dialect lint`: what is wrong with dialect files. Must not know what a mistake is.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use codec_specs::{Mistake, load};
use serde::Serialize;

use super::json_lines;
use crate::output::{FOUND, Failure, Format, write_out};

/// One mistake.
#[derive(Serialize)]
struct Finding {
    file: String,
    line: usize,
    column: usize,
    /// Null when it is about the whole file.
    key: Option<String>,
    message: String,
}

/// Looks at all of them. The exit code says whether all are dialects.
pub(super) fn run(files: &[PathBuf], output: Format) -> Result<ExitCode, Failure> {
    let mut sound = true;
    for file in files {
        let text = match (load(file), output) {
            (Ok(_), Format::Json) => String::new(),
            (Ok(spec), Format::Table) => {
                let mut line = format!("{}: {}", file.display(), spec.dialect.name());
                for (key, value) in spec.head().iter().filter(|(_, value)| !value.is_empty()) {
                    write!(line, ", {key} {value}").expect("a text takes what is written");
                }
                let fields = spec.dialect.fields().len();
                format!("{line}, {fields} {}\n", if fields == 1 { "field" } else { "fields" })
            }
            (Err(mistakes), Format::Json) => {
                sound = false;
                json_lines(mistakes.as_slice().iter().map(finding))?
            }
            (Err(mistakes), Format::Table) => {
                sound = false;
                format!("{mistakes}\n")
            }
        };
        if !write_out(&text)? {
            break;
        }
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}

fn finding(mistake: &Mistake) -> Finding {
    let Mistake { file, line, column, key, message } = mistake;
    Finding {
        file: file.to_string(),
        line: *line,
        column: *column,
        key: Some(key.clone()).filter(|key| !key.is_empty()),
        message: message.clone(),
    }
}
