//! `sekisho config rollback`: the files of an earlier version written back, and taken up. Must not know
//! what a file says; the daemon judges it.
//!
//! 1. The files come from the daemon, which checks that they are as it wrote them.
//! 2. What would change is worked out here, from its files and from those of what runs, and shown.
//! 3. They are written over what stands there, which stands beside them meanwhile.
//! 4. The daemon plans and applies what it finds. If it does not take it, all is put back.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use daemon::change::{Changes, ConfigReply, ConfigRequest, File, Stage};
use daemon::config::{Configuration, Mode, difference, load};

use super::apply::{agreed, can_ask, ended, follow};
use super::shelf::Shelf;
use super::{Sure, Verdict, ask, json, table, verdict};
use crate::asking::Shown;
use crate::output::{
    CONFLICT, FAILED, FOUND, Failure, Format, NO_DAEMON, NOT_FOUND, NOT_PERMITTED, write_out,
};

/// Goes back to a version.
pub(super) fn run(number: Option<u32>, sure: &Sure, shown: &Shown) -> Result<ExitCode, Failure> {
    can_ask(sure)?;
    let number = number.map_or_else(|| previous(&shown.socket), Ok)?;
    let wanted = ask(&shown.socket, &ConfigRequest::Version { number })?;
    let main = PathBuf::from(&wanted.file);
    same_place(&wanted, number)?;
    let runs = wanted.running.number;
    // One that is not kept any more can not be compared with, and its files are not known.
    let running = ask(&shown.socket, &ConfigRequest::Version { number: runs }).ok();
    if shown.output == Format::Table {
        let mut text = format!("version {runs} runs; version {number} would\n");
        match running.as_ref().map(|running| between(&running.files, &wanted.files, &main)) {
            Some(changes) => text += &table::changes(&changes?),
            None => text += "What would change is not known: what runs is not kept.\n",
        }
        write_out(&text)?;
    }
    agreed(sure, &format!("Write the files of version {number} back and apply them?"))?;
    let mut shelf = Shelf::default();
    if let Err((place, error)) = write(&mut shelf, &wanted.files, &main) {
        let exit = if error.kind() == ErrorKind::PermissionDenied { NOT_PERMITTED } else { FAILED };
        let failure =
            Failure::new(exit, format!("{} can not be written: {error}", place.display()));
        return Err(put_back(shelf, &failure));
    }
    let reply = match taken(&shown.socket) {
        Ok(reply) => reply,
        // Whether the daemon has it is not known, so the files stay as it may have them.
        Err(failure) if failure.exit() == NO_DAEMON => {
            let message = format!(
                "{failure}\nThe files are those of version {number}; what stood there stands beside them"
            );
            return Err(Failure::new(NO_DAEMON, message));
        }
        Err(failure) => return Err(put_back(shelf, &failure)),
    };
    let known = running.map(|running| running.files).unwrap_or_default();
    let kept = shelf.settle(|place, bytes| {
        let is_it = |file: &File| Path::new(&file.path) == place && file.text.as_bytes() == bytes;
        known.iter().any(is_it)
    });
    for path in kept {
        drop(writeln!(io::stderr(), "sekisho: what was never applied is kept: {}", path.display()));
    }
    if reply.progress.is_some() {
        return ended(shown.output, &reply);
    }
    let text = match shown.output {
        Format::Json => json(&reply)?,
        Format::Table => format!("The files are those of version {number}, which runs already.\n"),
    };
    write_out(&text).map(|_| ExitCode::SUCCESS)
}

/// The version before the running one.
fn previous(socket: &Path) -> Result<u32, Failure> {
    let history = ask(socket, &ConfigRequest::History)?;
    let runs = history.running.number;
    let earlier = history.versions.iter().map(|version| version.number).filter(|n| *n < runs);
    earlier.max().ok_or_else(|| {
        Failure::new(NOT_FOUND, format!("there is no version before {runs}, which runs"))
    })
}

/// A version is written back to where it came from, which is where the daemon reads.
fn same_place(wanted: &ConfigReply, number: u32) -> Result<(), Failure> {
    let main = wanted.files.iter().find(|file| file.kind == "main");
    let from = main.map(|file| file.path.as_str()).unwrap_or_default();
    if from == wanted.file && Path::new(from).is_absolute() {
        return Ok(());
    }
    let message = format!(
        "version {number} was read from {from:?}, and the daemon reads {:?} now; copy it by hand",
        wanted.file
    );
    Err(Failure::new(CONFLICT, message))
}

/// What differs between the files of two versions, read from copies of them.
fn between(old: &[File], new: &[File], main: &Path) -> Result<Changes, Failure> {
    let place = std::env::temp_dir().join(format!("sekisho-rollback-{}", std::process::id()));
    let failed = |error: io::Error| {
        Failure::new(FAILED, format!("{} can not be written: {error}", place.display()))
    };
    DirBuilder::new().mode(0o700).create(&place).map_err(failed)?;
    let both = ["old", "new"].map(|name| place.join(name));
    let read = |root: &Path, files: &[File]| -> Result<Configuration, Failure> {
        copied(root, files).map_err(failed)?;
        // What only a trial may say is the daemon's to refuse.
        let loaded = load(&under(root, main), Mode { insecure_demo: true });
        loaded.map_err(|errors| {
            let said = errors.to_string().replace(&format!("{}/", root.display()), "/");
            Failure::new(FOUND, format!("this version can not run any more:\n{said}"))
        })
    };
    let changes = read(&both[0], old)
        .and_then(|old| Ok(Changes::of(difference(&old, &read(&both[1], new)?))));
    fs::remove_dir_all(&place).map_err(failed)?;
    changes
}

/// Files as they stood to one another, below another root.
fn copied(root: &Path, files: &[File]) -> io::Result<()> {
    for file in files {
        let place = under(root, Path::new(&file.path));
        fs::create_dir_all(place.parent().unwrap_or(root))?;
        fs::write(place, &file.text)?;
    }
    Ok(())
}

fn under(root: &Path, path: &Path) -> PathBuf {
    let parts = path.components().filter(|part| matches!(part, std::path::Component::Normal(_)));
    root.join(parts.collect::<PathBuf>())
}

/// Writes the files of a version, and takes away what would be merged behind them.
fn write(shelf: &mut Shelf, files: &[File], main: &Path) -> Result<(), (PathBuf, io::Error)> {
    let mut put = |place: &Path, text: Option<&str>| {
        let parent = place.parent().unwrap_or(Path::new("/"));
        let made = if text.is_some() { fs::create_dir_all(parent) } else { Ok(()) };
        made.and_then(|()| shelf.put(place, text, main)).map_err(|error| (place.to_owned(), error))
    };
    for file in files {
        put(Path::new(&file.path), Some(&file.text))?;
    }
    let theirs: BTreeSet<&Path> = files.iter().map(|file| Path::new(&file.path)).collect();
    let parts = main.with_file_name("conf.d");
    let present = match fs::read_dir(&parts) {
        Ok(entries) => entries.collect::<Result<Vec<_>, _>>().map_err(|error| (parts, error))?,
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err((parts, error)),
    };
    for place in present.into_iter().map(|entry| entry.path()) {
        let read = place.extension().is_some_and(|extension| extension == "toml");
        let hidden = place.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        if read && !hidden && !theirs.contains(&*place) {
            put(&place, None)?;
        }
    }
    Ok(())
}

/// Has the daemon take up what it finds now. An error: it has not.
fn taken(socket: &Path) -> Result<ConfigReply, Failure> {
    let mut reply = ask(socket, &ConfigRequest::Plan)?;
    let plan = reply.plan.clone().unwrap_or_default();
    match verdict(&reply) {
        Verdict::Broken => Err(Failure::new(FOUND, plan.refusals.join("\n"))),
        Verdict::Restart => {
            let restart = plan.changes.told.iter().filter(|change| change.restart.is_some());
            let lines: Vec<String> = restart.map(ToString::to_string).collect();
            Err(Failure::new(CONFLICT, lines.join("\n")))
        }
        Verdict::Same => Ok(reply),
        Verdict::Ready => {
            let progress = follow(socket, Some(plan.digest))?;
            if progress.stage == Stage::Refused {
                return Err(Failure::new(CONFLICT, progress.refusals.join("\n")));
            }
            reply.progress = Some(progress);
            Ok(reply)
        }
    }
}

/// What the daemon did not take goes; why, and whether it went.
fn put_back(shelf: Shelf, failure: &Failure) -> Failure {
    let then = match shelf.put_back() {
        Ok(()) => "All files are as they were.".to_owned(),
        Err(error) => format!(
            "Not all files could be put back: {error}. What stood there ends in .before-rollback"
        ),
    };
    Failure::new(failure.exit(), format!("{failure}\n{then}"))
}
