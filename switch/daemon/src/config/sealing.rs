//! The keys that `[journal]` names, read from their files. Knows where a key may stand; must not
//! know what it seals, and never shows one.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use journal::seal::Key;

use super::journal::{Journal, KeyFile, KeySource};
use super::{ConfigErrors, Configuration, Mode, Report, load};
use crate::clocks;

/// The longest file that is read for a key.
const KEY_FILE_BYTES_MAX: u64 = 4_096;

/// The variable in which systemd names the directory of our credentials.
pub const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Keys, and what is worth saying about their files.
#[derive(Debug)]
pub struct Sealing {
    /// What is written is sealed by this one; none when none is named.
    pub current: Option<Key>,
    /// What was written may be sealed by one of these.
    pub former: Vec<Key>,
    /// One line each.
    pub warnings: Vec<String>,
}

/// Reads a configuration and the keys that it names: all that `sekishod --check` looks at.
///
/// # Errors
/// See [`load`] and [`Journal::read_keys`].
pub fn open(path: &Path, mode: Mode) -> Result<(Configuration, Sealing), ConfigErrors> {
    let configuration = load(path, mode)?;
    let credentials = credentials();
    let mut sealing = configuration.journal.read_keys(credentials.as_deref())?;
    if let Some(certificates) = configuration.certificates(credentials.as_deref(), clocks::utc())? {
        sealing.warnings.extend(certificates.warnings);
    }
    if let Some(files) = configuration.witness_files(credentials.as_deref(), clocks::utc())? {
        sealing.warnings.extend(files.warnings);
    }
    Ok((configuration, sealing))
}

/// The directory that systemd gives us for credentials, if it started us.
pub(crate) fn credentials() -> Option<PathBuf> {
    std::env::var_os(CREDENTIALS).map(PathBuf::from)
}

impl Journal {
    /// Reads all keys that are named. `credentials`: the directory of [`CREDENTIALS`].
    ///
    /// # Errors
    /// Every key that can not be had, and what to do.
    pub fn read_keys(&self, credentials: Option<&Path>) -> Result<Sealing, ConfigErrors> {
        let (mut report, mut warnings) = (Report::default(), Vec::new());
        let mut read = |source: &KeySource| match read(source, credentials) {
            Ok((key, warning)) => {
                warnings.extend(warning);
                Some(key)
            }
            Err(message) => {
                report.fail(&source.place, source.key, message);
                None
            }
        };
        let current = self.key.as_ref().and_then(&mut read);
        let former: Vec<Key> = self.former_keys.iter().filter_map(read).collect();
        if !report.errors.is_empty() {
            return Err(ConfigErrors(report.errors));
        }
        Ok(Sealing { current, former, warnings })
    }
}

/// Reads one key; with a warning when others can read it too.
fn read(source: &KeySource, credentials: Option<&Path>) -> Result<(Key, Option<String>), String> {
    let contents = contents(source, credentials, KEY_FILE_BYTES_MAX, "the key", |path| {
        let shown = path.display();
        format!(
            "make a key with: (umask 077; head -c 32 /dev/urandom > {shown}) and keep a copy where \
             this machine's loss does not reach it"
        )
    })?;
    let key = Key::parse(&contents.bytes).map_err(|_| {
        format!(
            "{} has {} bytes, and is no key; a key is 32 bytes, or 64 hexadecimal digits",
            contents.path.display(),
            contents.length
        )
    })?;
    let warning = contents.open_to_all(source);
    Ok((key, warning))
}

/// A file that a key or a certificate stands in.
pub(super) struct Contents {
    /// Its first bytes.
    pub(super) bytes: Vec<u8>,
    pub(super) path: PathBuf,
    /// All that it has.
    length: u64,
    mode: u32,
}

impl Contents {
    /// A warning, when everybody can read what should be secret.
    pub(super) fn open_to_all(&self, source: &KeySource) -> Option<String> {
        let (key, shown) = (source.key, self.path.display());
        let open = self.mode & 0o007 != 0;
        open.then(|| format!("{key}: everybody on this machine can read {shown}; chmod 0400 it"))
    }
}

/// What stands in the file of `what`, at most so many bytes; `make`: what to do when it is not there.
pub(super) fn contents(
    source: &KeySource,
    credentials: Option<&Path>,
    most: u64,
    what: &str,
    make: impl Fn(&Path) -> String,
) -> Result<Contents, String> {
    let path = path(&source.file, credentials)?;
    let shown = path.display();
    let read = read_file(&path, most).map_err(|error| match (error.kind(), &source.file) {
        (io::ErrorKind::NotFound, KeyFile::Credential(name)) => format!(
            "there is no credential \"{name}\" ({shown}); add LoadCredential={name}:FILE to the \
             unit, or name the file itself"
        ),
        (io::ErrorKind::NotFound, KeyFile::Path(_)) => {
            format!("{shown} is not there; {}", make(&path))
        }
        (io::ErrorKind::IsADirectory, _) => {
            format!("{shown} is a directory; name the file in it that holds {what}")
        }
        _ => format!("{shown} can not be read: {error}; let the daemon's user read it"),
    });
    let (bytes, length, mode) = read?;
    Ok(Contents { bytes, path, length, mode })
}

fn path(file: &KeyFile, credentials: Option<&Path>) -> Result<PathBuf, String> {
    match (file, credentials) {
        (KeyFile::Path(path), _) => Ok(path.clone()),
        (KeyFile::Credential(name), Some(directory)) => Ok(directory.join(name)),
        (KeyFile::Credential(name), None) => Err(format!(
            "credential \"{name}\": there are none outside of systemd (${CREDENTIALS} is not set); \
             set it to a directory with a file {name}, or name the file itself"
        )),
    }
}

/// A file's first bytes, its length and its mode.
fn read_file(path: &Path, most: u64) -> io::Result<(Vec<u8>, u64, u32)> {
    let file = File::open(path)?;
    let facts = file.metadata()?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok((bytes, facts.len(), facts.mode()))
}
