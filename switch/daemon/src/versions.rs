//! The configurations that ran, kept as the files that they were read from, so that one of them can be
//! had again. Must not know what a file says, and is given no key.
//!
//! ```text
//! node.state/configurations/00000007/version.json    what it was, and what each file was called
//! node.state/configurations/00000007/0-sekisho.toml  the files, as they were read
//! node.state/configurations/00000007/1-10-routes.toml
//! ```
//!
//! A folder is written under another name, synced and then renamed: one that has its name is whole.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use ring::digest::{SHA256, digest};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde::{Deserialize, Serialize};
use tracing::warn;

use crate::change::{self, Version};
use crate::config::{Source, hex};
use crate::not_done::NotDone;
use crate::running::Snapshot;

/// The most versions that are kept; the oldest goes for a new one.
pub const VERSIONS_MAX: usize = 100;

/// The folder in `node.state`.
const FOLDER: &str = "configurations";
/// What says what a version is.
const ABOUT: &str = "version.json";
/// How the names of folders begin that are being written or removed.
const UNFINISHED: &str = ".unfinished-";
/// The longest `version.json` that is read: a line for each file of a configuration.
const ABOUT_BYTES_MAX: u64 = 4 << 20;
/// The most bytes of all files of a version that are given out at once.
const FILES_BYTES_MAX: u64 = 32 << 20;

/// Where they are kept.
#[derive(Debug)]
pub struct Versions {
    folder: PathBuf,
}

/// `version.json`.
#[derive(Serialize, Deserialize)]
struct About {
    #[serde(flatten)]
    version: Version,
    files: Vec<Kept>,
}

/// A file of it.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// What it is called here.
    name: String,
    /// Where it stood.
    path: String,
    /// What it is.
    kind: String,
    /// SHA-256 of it.
    sha256: String,
}

/// Keeps what a start runs by. That it can not be kept is no reason not to start.
pub fn keep_first(first: &Snapshot) {
    let Snapshot { configuration, digest, since: (utc, by), .. } = first;
    let (number, digest) = (first.number(), hex(digest));
    let (how, standby) = ("start".into(), first.standby);
    let version = Version { number, digest, utc: *utc, by: by.clone(), how, standby };
    let kept = Versions::open(&configuration.state)
        .and_then(|versions| versions.keep(&version, &configuration.sources));
    if let Err(error) = kept {
        let state = configuration.state.display();
        warn!("version {number} of the configuration can not be kept in {state}: {error}");
    }
}

/// What a standby that starts with settings of this digest calls them, and whether no record of its journal
/// does: the newest version if it is that, else the next number behind it and behind the journal's last. Where
/// none is kept, it counts from the journal's.
pub fn number_of_standby(state: &Path, digest: &[u8; 32], journal: u32) -> (u32, bool) {
    let newest = Versions::open(state).and_then(|versions| versions.newest());
    match newest.ok().flatten() {
        Some(newest) if newest.digest == hex(digest) => (newest.number, newest.standby),
        newest => {
            let last = newest.map_or(0, |newest| newest.number).max(journal);
            (last.saturating_add(1), true)
        }
    }
}

impl Versions {
    /// Those of a node with this `node.state`, which is made where it is not there.
    ///
    /// # Errors
    /// Of the operating system.
    pub fn open(state: &Path) -> io::Result<Self> {
        let folder = state.join(FOLDER);
        DirBuilder::new().recursive(true).mode(0o750).create(&folder)?;
        let versions = Self { folder };
        // What an earlier process did not finish was never a version, or is none any more.
        for name in versions.names()? {
            if name.starts_with(UNFINISHED) {
                fs::remove_dir_all(versions.folder.join(name))?;
            }
        }
        Ok(versions)
    }

    /// Keeps a version with the files that it was made of; durable when this returns. One of this
    /// number is replaced: its settings were the same, and its files may say them otherwise.
    ///
    /// # Errors
    /// Of the operating system; nothing has changed then but that an old version may be gone.
    pub fn keep(&self, version: &Version, sources: &[Source]) -> io::Result<()> {
        let name = name_of(version.number);
        let (new, place) = (self.unfinished(&name), self.folder.join(&name));
        let written = self.written(&new, version, sources).and_then(|()| {
            let flags = if place.exists() { RenameFlags::EXCHANGE } else { RenameFlags::NOREPLACE };
            renameat_with(CWD, &new, CWD, &place, flags)?;
            synced(&self.folder)
        });
        // It is either what was not finished or what was replaced.
        if new.exists() {
            fs::remove_dir_all(&new)?;
        }
        written?;
        self.thinned()
    }

    /// All that are kept, the newest first. One whose folder was changed by somebody is among them, as
    /// `damaged`.
    ///
    /// # Errors
    /// Of the operating system.
    pub fn list(&self) -> io::Result<Vec<Version>> {
        let versions = self.numbers()?.into_iter().rev().map(|number| {
            let damaged = |_| Version { number, how: "damaged".into(), ..Version::default() };
            self.about(number).map_or_else(damaged, |about| about.version)
        });
        Ok(versions.collect())
    }

    /// The newest of them; none where none is kept, or as far as its folder was changed by somebody.
    ///
    /// # Errors
    /// Of the operating system.
    pub fn newest(&self) -> io::Result<Option<Version>> {
        let newest = self.numbers()?.into_iter().next_back();
        let unknown = |number| Version { number, ..Version::default() };
        Ok(newest.map(|number| {
            self.about(number).map_or_else(|_| unknown(number), |about| about.version)
        }))
    }

    /// One version, with its files in order of merging.
    ///
    /// # Errors
    /// When it is not kept, or not as it was written.
    pub fn files(&self, number: u32) -> Result<(Version, Vec<change::File>), NotDone> {
        let place = self.folder.join(name_of(number));
        if !place.exists() {
            return Err(NotDone::NotFound(self.no_version(number)));
        }
        let damaged = |why: String| {
            NotDone::Failed(format!(
                "version {number} is not as it was written ({}: {why}); take another one",
                place.display()
            ))
        };
        let About { version, files } = self.about(number).map_err(damaged)?;
        let (mut given, mut bytes) = (Vec::with_capacity(files.len()), 0);
        for Kept { name, path, kind, sha256 } in files {
            if name.contains('/') || name.starts_with('.') {
                return Err(damaged(format!("{name} is no name")));
            }
            let text = read(&place.join(&name), FILES_BYTES_MAX);
            let text = text.map_err(|error| damaged(format!("{name}: {error}")))?;
            if hex(digest(&SHA256, text.as_bytes()).as_ref()) != sha256 {
                return Err(damaged(format!("somebody has changed {name}")));
            }
            bytes += u64::try_from(text.len()).unwrap_or(u64::MAX);
            if bytes > FILES_BYTES_MAX {
                return Err(NotDone::Failed(format!(
                    "version {number} is too long to be sent; copy its files from {}",
                    place.display()
                )));
            }
            given.push(change::File { path, kind, text });
        }
        Ok((version, given))
    }

    fn no_version(&self, number: u32) -> String {
        let numbers = self.numbers().unwrap_or_default();
        match (numbers.first(), numbers.last()) {
            (Some(first), Some(last)) => {
                format!("there is no version {number}; kept are some of {first} to {last}")
            }
            _ => format!("there is no version {number}; none is kept"),
        }
    }

    /// The names of what is in the folder.
    fn names(&self) -> io::Result<Vec<String>> {
        let entries = fs::read_dir(&self.folder)?;
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }

    /// The numbers that are kept, in order.
    fn numbers(&self) -> io::Result<Vec<u32>> {
        let names = self.names()?.into_iter();
        let numbers = names.filter_map(|name| {
            let number = name.parse().ok()?;
            (name_of(number) == name).then_some(number)
        });
        let mut numbers: Vec<u32> = numbers.collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn about(&self, number: u32) -> Result<About, String> {
        let path = self.folder.join(name_of(number)).join(ABOUT);
        let text = read(&path, ABOUT_BYTES_MAX).map_err(|error| format!("{ABOUT}: {error}"))?;
        let about: About =
            serde_json::from_str(&text).map_err(|error| format!("{ABOUT}: {error}"))?;
        if about.version.number == number {
            Ok(about)
        } else {
            Err(format!("{ABOUT} is of version {}", about.version.number))
        }
    }

    fn unfinished(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{UNFINISHED}{name}"))
    }

    /// Writes a folder with all that a version is.
    fn written(&self, folder: &Path, version: &Version, sources: &[Source]) -> io::Result<()> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        DirBuilder::new().mode(0o750).create(folder)?;
        let mut files = Vec::with_capacity(sources.len());
        for (place, Source { path, kind, text }) in sources.iter().enumerate() {
            let last = path.file_name().unwrap_or_default().to_string_lossy();
            let name = format!("{place}-{last}");
            write(&folder.join(&name), text.as_bytes())?;
            let sha256 = hex(digest(&SHA256, text.as_bytes()).as_ref());
            let path = path.display().to_string();
            files.push(Kept { name, path, kind: kind.word().to_owned(), sha256 });
        }
        let about = About { version: version.clone(), files };
        let text = serde_json::to_string_pretty(&about).map_err(io::Error::other)?;
        write(&folder.join(ABOUT), (text + "\n").as_bytes())?;
        synced(folder)?;
        synced(&self.folder)
    }

    /// Removes the oldest until there are not too many.
    fn thinned(&self) -> io::Result<()> {
        let numbers = self.numbers()?;
        let beyond = numbers.len().saturating_sub(VERSIONS_MAX);
        for number in numbers.into_iter().take(beyond) {
            let name = name_of(number);
            let gone = self.unfinished(&name);
            fs::rename(self.folder.join(&name), &gone)?;
            fs::remove_dir_all(&gone)?;
        }
        Ok(())
    }
}

/// Sorted as text, they are in the order of their numbers.
fn name_of(number: u32) -> String {
    format!("{number:08}")
}

fn read(path: &Path, bytes_max: u64) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(bytes_max + 1).read_to_string(&mut text)?;
    if u64::try_from(text.len()).is_ok_and(|bytes| bytes <= bytes_max) {
        Ok(text)
    } else {
        Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is too long"))
    }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o640).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn synced(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests;
