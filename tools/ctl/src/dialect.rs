//! `sekisho dialect`: message formats, built in and in files. Must not know a message.

mod list;

mod show;

mod lint;

mod difference;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use codec_specs::{OpenError, Spec, open};
use serde::Serialize;

use crate::output::{FAILED, FOUND, Failure, Format, NOT_FOUND, write_out};

/// What to do with dialects.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The built-in dialects, with what tells them apart
    List(ListArguments),
    /// The fields of one: format, how they are written, what they are called
    Show(OneArguments),
    /// Look for mistakes in dialect files, and tell each with its line
    #[command(after_help = "Exit codes: 0 all are dialects, 7 one is not.")]
    Lint(LintArguments),
    /// Write a dialect out whole, as a file: a built-in one, or one that extends another
    #[command(
        after_help = "The result is for `dialect = \"acme.toml\"` of a station and for --dialect.\n\
                      Specifications of other programs can not be read yet."
    )]
    Convert(ConvertArguments),
    /// What differs between two, field by field
    #[command(after_help = "Names of fields and of the dialects themselves are not compared.\n\
                      Exit codes: 0 they are the same, 7 they differ.")]
    Diff(DiffArguments),
}

/// How to show them.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArguments {
    /// For people or for programs
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value = "table")]
    output: Format,
}

/// Which one, and how to show it.
#[derive(Debug, clap::Args)]
pub(crate) struct OneArguments {
    /// A built-in dialect, or a file
    #[arg(value_name = "NAME|FILE")]
    dialect: String,

    /// For people or for programs
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value = "table")]
    output: Format,
}

/// Which files.
#[derive(Debug, clap::Args)]
pub(crate) struct LintArguments {
    /// Dialect files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// For people or for programs
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value = "table")]
    output: Format,
}

/// Which one.
#[derive(Debug, clap::Args)]
pub(crate) struct ConvertArguments {
    /// A built-in dialect, or a file
    #[arg(value_name = "NAME|FILE")]
    dialect: String,
}

/// Which two, and how to show it.
#[derive(Debug, clap::Args)]
pub(crate) struct DiffArguments {
    /// A built-in dialect, or a file
    #[arg(value_name = "NAME|FILE")]
    one: String,

    /// Another
    #[arg(value_name = "NAME|FILE")]
    other: String,

    /// For people or for programs
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value = "table")]
    output: Format,
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> Result<ExitCode, Failure> {
    match command {
        Command::List(ListArguments { output }) => list::run(*output),
        Command::Show(OneArguments { dialect, output }) => {
            let spec = find(dialect)?;
            show::run(&spec, *output)
        }
        Command::Lint(LintArguments { files, output }) => lint::run(files, *output),
        Command::Convert(ConvertArguments { dialect }) => {
            let spec = find(dialect)?;
            write_out(&codec_specs::write(&spec))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Diff(DiffArguments { one, other, output }) => {
            let (one, other) = (find(one)?, find(other)?);
            difference::run(&one, &other, *output)
        }
    }
}

/// The built-in dialect of that name, or the one in that file, for arguments.
pub(crate) fn named(name: &str) -> Result<&'static Spec, String> {
    let spec = open(name, Path::new("")).map_err(|error| match error {
        OpenError::Unknown(message) => message,
        OpenError::File(mistakes) => format!("it is no dialect:\n{mistakes}"),
    })?;
    // An argument is there as long as the program.
    Ok(Box::leak(Box::new(spec)))
}

fn find(name: &str) -> Result<Box<Spec>, Failure> {
    open(name, Path::new("")).map(Box::new).map_err(|error| match error {
        OpenError::Unknown(message) => Failure::new(NOT_FOUND, message),
        OpenError::File(_) if !Path::new(name).exists() => {
            Failure::new(NOT_FOUND, format!("there is no file {name}"))
        }
        OpenError::File(mistakes) => {
            Failure::new(FOUND, format!("{name} is no dialect:\n{mistakes}"))
        }
    })
}

/// One object a line.
fn json_lines<T: Serialize>(objects: impl IntoIterator<Item = T>) -> Result<String, Failure> {
    let mut out = String::new();
    for object in objects {
        let line = serde_json::to_string(&object);
        let line = line.map_err(|error| Failure::new(FAILED, error.to_string()))?;
        out.push_str(&line);
        out.push('\n');
    }
    Ok(out)
}
