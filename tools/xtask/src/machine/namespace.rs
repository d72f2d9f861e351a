//! The namespaces around all machines of a campaign: mounts and processes of its own, so that the
//! system ends and unmounts everything when the campaign ends, also by a kill. Must not know machines.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};

use super::{done, group};

/// Runs this program again with these arguments in namespaces of its own, and waits for its end.
///
/// The first process there is a shell, which takes the dead that nobody else waits for: a machine does not
/// end while one of them is left. When this one ends before it, also by a kill, the system kills it, and
/// with it all processes and mounts of the namespaces.
pub(crate) fn again(arguments: impl IntoIterator<Item = String>) -> io::Result<ExitStatus> {
    let mut unshare = Command::new("setpriv");
    unshare.args(["--pdeathsig", "KILL", "--", "unshare", "--mount", "--propagation", "private"]);
    unshare.args(["--pid", "--fork", "--kill-child=KILL", "--mount-proc", "--"]);
    unshare.args(["sh", "-c", r#""$@"; exit "$?""#, "sh"]);
    let status = unshare.arg(std::env::current_exe()?).args(arguments).status()?;
    group::remove_left_over()?;
    Ok(status)
}

/// Makes the place where machines stand: `/run` of the namespace, in memory. The machine's own `/run`
/// is covered, so that no name there can be taken already.
pub(crate) fn prepare() -> io::Result<()> {
    done(Command::new("mount").args(["-t", "tmpfs", "-o", "mode=755", "machines", "/run"]))?;
    // Every machine begins with a copy of all mounts; what is unmounted here is unmounted there, or a disk would
    // never be let go of.
    done(Command::new("mount").args(["--make-shared", "/run"]))?;
    fs::create_dir_all(place())
}

/// Where machines stand.
pub(crate) fn place() -> PathBuf {
    PathBuf::from("/run/machines")
}
