//! The one system call of the power cut. Must not know what stands on the file system.
#![expect(unsafe_code, reason = "an ioctl that no crate has: FS_IOC_SHUTDOWN of a file system")]

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::ioctl::{Opcode, Setter, ioctl, opcode};

/// Its log goes to the disk first: all that was committed there stays.
pub(crate) const WITH_LOG: u32 = 1;
/// Its log does not: only what was synced stays.
pub(crate) const WITHOUT_LOG: u32 = 2;

/// `_IOR('X', 125, __u32)`.
const FS_IOC_SHUTDOWN: Opcode = opcode::read::<u32>(b'X', 125);

/// Shuts down the file system that is mounted there: every write after it fails. Only a root of a
/// file system is taken, so that the machine's own is never meant by mistake.
pub(crate) fn shutdown(mount: &Path, flags: u32) -> io::Result<()> {
    let root = File::open(mount)?;
    if root.metadata()?.dev() == fs::metadata(mount.join(".."))?.dev() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "nothing is mounted there"));
    }
    // SAFETY: the opcode takes a pointer to 32 bits, which is what the setter gives it. With another
    // type the kernel would read beyond it.
    let call = unsafe { Setter::<FS_IOC_SHUTDOWN, u32>::new(flags) };
    // SAFETY: the call above is what the kernel expects behind this opcode, and changes no memory of
    // this process.
    Ok(unsafe { ioctl(root, call) }?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_on_the_machines_own_file_system_is_refused() {
        // Cargo runs a package's tests in its folder.
        let folder = std::env::current_dir().unwrap().join("src");
        assert_eq!(shutdown(&folder, WITH_LOG).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn a_file_system_that_can_not_be_shut_down_says_so_and_nothing_happens() {
        let error = shutdown(Path::new("/proc"), WITH_LOG).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(rustix::io::Errno::NOTTY.raw_os_error()));
    }
}
