//! `journal salvage`: what is whole of a damaged journal, taken to a new place. Must not know how
//! that is found, and writes nothing where the journal is.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use journal::disk::SystemDisk;
use journal::salvage::{self, Problem, Salvaged};
use serde_json::json;
use switch_core::records::Record;

use super::names::Names;
use super::row::{Place, row};
use super::site::{KeyFiles, Site, Where};
use super::verify::{lost_object, lost_records};
use crate::output::{CONFLICT, FAILED, FOUND, Failure, Format, write_out};

/// What to take where.
#[derive(Debug, clap::Args)]
pub(crate) struct SalvageArguments {
    #[command(flatten)]
    place: Where,

    #[command(flatten)]
    keys: KeyFiles,

    /// A new directory, for a journal of what is whole; or a new file that ends in .jsonl, for its
    /// records as `journal dump -o json` shows them
    #[arg(long, value_name = "DIR|FILE.jsonl")]
    out: PathBuf,

    /// For people or for programs
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value = "table")]
    output: Format,
}

/// Runs the command.
pub(super) fn run(arguments: &SalvageArguments) -> Result<ExitCode, Failure> {
    let SalvageArguments { place, keys, out, output } = arguments;
    let site = Site::open(place)?;
    refuse_within(&site.directory, out)?;
    let is_file = out.extension().is_some_and(|extension| extension == "jsonl");
    let salvaged = if is_file { shown(&site, keys, out)? } else { copied(&site, out)? };
    write_out(&match output {
        Format::Table => table(&salvaged, out, is_file),
        Format::Json => object(&salvaged).to_string() + "\n",
    })?;
    Ok(if salvaged.lost.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}

/// Nothing is written where the journal is.
fn refuse_within(journal: &Path, out: &Path) -> Result<(), Failure> {
    let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    let whole = |path: &Path| {
        path.canonicalize().map_err(|error| {
            Failure::new(FAILED, format!("{} can not be used: {error}", path.display()))
        })
    };
    if whole(parent)?.starts_with(whole(journal)?) {
        let message = "--out is in the journal's own directory, where nothing is changed; name a \
                       place elsewhere";
        return Err(Failure::new(CONFLICT, message));
    }
    Ok(())
}

/// A journal in a new directory.
fn copied(site: &Site, out: &Path) -> Result<Salvaged, Failure> {
    let is_taken = match fs::read_dir(out) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) => error.kind() != ErrorKind::NotFound,
    };
    if is_taken {
        return Err(taken(out));
    }
    let to = SystemDisk::open(out, true)
        .map_err(|error| Failure::new(FAILED, format!("{}: {error}", out.display())))?;
    salvage::copy(&site.disk, &to).map_err(|problem| told(&problem))
}

/// The records in a new file.
fn shown(site: &Site, keys: &KeyFiles, out: &Path) -> Result<Salvaged, Failure> {
    let keys = site.keys(keys)?;
    let mut names = Names::with(site.dialects());
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(out);
    let file: File = file.map_err(|error| {
        if error.kind() == ErrorKind::AlreadyExists {
            return taken(out);
        }
        Failure::new(FAILED, format!("{} can not be written: {error}", out.display()))
    })?;
    let mut file = BufWriter::new(file);
    let salvaged = salvage::records(&site.disk, &keys, |position, bytes| {
        if let Ok(Record::Station { number, name, dialect }) = Record::read(bytes) {
            names.learn(number, name, dialect);
        }
        let place = Place { position: position.0, ..Place::default() };
        serde_json::to_writer(&mut file, &row(place, bytes, &names)).map_err(io::Error::from)?;
        file.write_all(b"\n")
    });
    let salvaged = salvaged.map_err(|problem| told(&problem))?;
    file.flush().map_err(|error| {
        Failure::new(FAILED, format!("{} can not be written: {error}", out.display()))
    })?;
    Ok(salvaged)
}

fn taken(out: &Path) -> Failure {
    Failure::new(CONFLICT, format!("{} is there already; name a new place", out.display()))
}

fn told(problem: &Problem) -> Failure {
    Failure::new(FAILED, format!("{problem}\nWhat was taken out until then is good."))
}

fn table(salvaged: &Salvaged, out: &Path, is_file: bool) -> String {
    let Salvaged { batches, records, last, lost } = salvaged;
    let shown = out.display();
    let gaps = lost
        .iter()
        .map(|lost| format!("lost: {}\n  {}: {}\n", lost_records(lost), lost.place, lost.found));
    let mut said =
        format!("{shown}: {records} records in {batches} batches, the last one {}\n", last.0);
    said.extend(gaps);
    if lost.is_empty() {
        said += "Nothing is lost.\n";
    } else if !is_file {
        said += "It is for reading: sekishod does not start on a journal with gaps.\n";
    }
    said
}

fn object(salvaged: &Salvaged) -> serde_json::Value {
    json!({
        "schema_version": 1,
        "records": salvaged.records,
        "batches": salvaged.batches,
        "last": salvaged.last.0,
        "lost": salvaged.lost.iter().map(lost_object).collect::<Vec<_>>(),
    })
}
