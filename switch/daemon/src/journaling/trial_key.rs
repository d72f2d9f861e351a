//! The key that `--insecure-demo` makes for itself when none is named: it lies beside what it seals,
//! so it keeps nothing secret, but a journal has one form only. Must not know what it seals.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use journal::seal::{self, Key};

/// Its name in the journal's directory.
const FILE: &str = "insecure-demo.key";

/// The key in this directory; makes it the first time.
///
/// # Errors
/// What the system says, or that what stands there is no key.
pub(super) fn trial_key(directory: &Path) -> io::Result<Key> {
    let file = directory.join(FILE);
    let text = match fs::read(&file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(directory, &file)?,
        read => read?,
    };
    let broken = |_| {
        let message = format!("{} is no key: put it back, or start anew elsewhere", file.display());
        io::Error::new(io::ErrorKind::InvalidData, message)
    };
    Key::parse(&text).map_err(broken)
}

/// Writes a fresh key beside its place and moves it there when it is durable: half a key would look
/// like the wrong one at the next start.
fn make(directory: &Path, file: &Path) -> io::Result<Vec<u8>> {
    let unfinished = file.with_extension("key.unfinished");
    let digits = seal::generate();
    let mut options = OpenOptions::new();
    let mut out = options.write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    writeln!(out, "{digits}")?;
    out.sync_all()?;
    fs::rename(&unfinished, file)?;
    File::open(directory)?.sync_all()?;
    Ok(digits.into_bytes())
}
