//! `campaign power`: the file system under the journal loses power. Must not know how a life goes.
//!
//! The state is on an ext4 image of its own, mounted by way of a loop device. A cut is the file
//! system's own shutdown (`FS_IOC_SHUTDOWN`): what was synced is there when it is mounted again, what
//! was not is as if it had never been written, and every write and sync after it fails. The campaign
//! runs in a mount namespace of its own, so that nothing stays mounted whatever becomes of it.

pub(crate) mod shutdown;

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::clock;
use super::dice::Dice;
use super::ground::Ground;
use super::life::Blow;
use super::switch::Switch;
use super::trouble::Trouble;

/// Bytes of the image; what is not written takes no place.
const IMAGE_BYTES: u64 = 1 << 30;
/// What sekishod ends with when its disk fails.
const FAILED_DISK: i32 = 74;
/// How long the system may hold its files after that.
const LETS_GO: Duration = Duration::from_secs(10);
/// How long it may take to notice.
const NOTICES: Duration = Duration::from_secs(20);

/// Cuts the power of the file system.
pub(super) struct Power {
    ground: Ground,
    image: PathBuf,
    is_mounted: bool,
}

impl Power {
    pub(super) fn new(seed: u64) -> Result<Self, Trouble> {
        let ground = Ground::with_mount(seed)?;
        let image = ground.folder().join("image");
        let file = File::create(&image).map_err(Trouble::failed("the image"))?;
        file.set_len(IMAGE_BYTES).map_err(Trouble::failed("the image"))?;
        run("mkfs.ext4", &["-q".as_ref(), "-F".as_ref(), image.as_ref()])?;
        let mut power = Self { ground, image, is_mounted: false };
        power.mount()?;
        Ok(power)
    }

    fn mount(&mut self) -> Result<(), Trouble> {
        let place = self.ground.mount().as_os_str();
        run("mount", &["-o".as_ref(), "loop".as_ref(), self.image.as_ref(), place])?;
        self.is_mounted = true;
        Ok(())
    }

    /// The system may hold files of a process for a moment after its end (those of `io_uring`).
    fn unmount(&mut self) -> Result<(), Trouble> {
        let mut tried = Ok(());
        clock::until(LETS_GO, || {
            tried = run("umount", &[self.ground.mount().as_os_str()]);
            tried.is_ok()
        });
        self.is_mounted = tried.is_err();
        tried
    }
}

impl Blow for Power {
    fn ground(&self) -> &Ground {
        &self.ground
    }

    fn strike(&mut self, switch: &mut Switch, dice: &mut Dice) -> Result<(), Trouble> {
        let flags = dice.one_of(&[shutdown::WITH_LOG, shutdown::WITHOUT_LOG]);
        shutdown::shutdown(self.ground.mount(), flags).map_err(Trouble::failed("the shutdown"))?;
        let status = switch.ends(NOTICES)?;
        if status.and_then(|status| status.code()) != Some(FAILED_DISK) {
            let words = switch.last_words();
            let ended =
                status.map_or("did not end".into(), |status| format!("ended with {status}"));
            switch.is_killed()?;
            return Err(Trouble::Found(format!("without its disk sekishod {ended}{words}")));
        }
        self.unmount()?;
        self.mount()
    }
}

impl Drop for Power {
    fn drop(&mut self) {
        if self.is_mounted {
            // The namespace takes it along at the latest.
            drop(self.unmount());
        }
    }
}

/// Goes on as the same command in a mount namespace of its own; comes back only when that fails.
pub(super) fn unshare(arguments: impl IntoIterator<Item = String>) -> io::Error {
    let Ok(this) = std::env::current_exe() else { return io::ErrorKind::NotFound.into() };
    Command::new("unshare")
        .args(["--mount", "--propagation", "private"])
        .arg(this)
        .args(arguments)
        .exec()
}

fn run(program: &str, arguments: &[&OsStr]) -> Result<(), Trouble> {
    let output = Command::new(program).args(arguments).output();
    let output = output.map_err(Trouble::failed(program))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(Trouble::Failed(format!("{program}: {}: {}", output.status, said.trim_end())))
}
