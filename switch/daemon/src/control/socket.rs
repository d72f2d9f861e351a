//! The Unix socket as a file: made with the right mode, replaced when stale, removed at the end.
//! Must not know what is said over it.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::{fs, io::ErrorKind};

use rustix::fs::Mode;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

/// Owner and group may speak to the daemon.
const SOCKET_MODE: u32 = 0o660;
const DIRECTORY_MODE: u32 = 0o750;
/// Connections that wait to be accepted.
const BACKLOG: i32 = 16;

/// A listening Unix socket that takes its file away when it is dropped.
#[derive(Debug)]
pub(super) struct BoundSocket {
    listener: UnixListener,
    path: PathBuf,
    /// Device and number of the file, to remove no other one.
    identity: (u64, u64),
}

impl BoundSocket {
    pub(super) fn bind(path: &Path) -> io::Result<Self> {
        make_directory(path)?;
        remove_stale(path)?;
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket =
            rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        // The mode of the socket becomes that of the file, less the umask: at no moment may others
        // connect. What the umask took from the group is given back after.
        rustix::fs::fchmod(&socket, Mode::from_raw_mode(SOCKET_MODE))?;
        rustix::net::bind(&socket, &SocketAddrUnix::new(path)?)?;
        fs::set_permissions(path, fs::Permissions::from_mode(SOCKET_MODE))?;
        rustix::net::listen(&socket, BACKLOG)?;
        let file = fs::symlink_metadata(path)?;
        let identity = (file.dev(), file.ino());
        Ok(Self { listener: socket.into(), path: path.to_path_buf(), identity })
    }

    /// The next client, not blocking.
    pub(super) fn accept(&self) -> io::Result<UnixStream> {
        let (stream, _) = self.listener.accept()?;
        stream.set_nonblocking(true)?;
        Ok(stream)
    }
}

impl AsFd for BoundSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }
}

impl Drop for BoundSocket {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path)
            .is_ok_and(|file| (file.dev(), file.ino()) == self.identity);
        if ours {
            // Nobody is left to tell; the next start finds a stale socket and replaces it.
            drop(fs::remove_file(&self.path));
        }
    }
}

/// Makes the last directory of the path, so that a demo needs no preparation. A longer missing path
/// is rather a mistake.
fn make_directory(path: &Path) -> io::Result<()> {
    let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty())
    else {
        return Ok(());
    };
    match fs::DirBuilder::new().mode(DIRECTORY_MODE).create(directory) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            let what = format!("directory {} can not be made: {error}", directory.display());
            Err(io::Error::new(error.kind(), what))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Removes a socket on which nobody listens. Two daemons that start at the same moment may both get
/// here; then the one that binds second wins the path, and fails on its ports.
fn remove_stale(path: &Path) -> io::Result<()> {
    let file = match fs::symlink_metadata(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !file.file_type().is_socket() {
        return Err(io::Error::new(ErrorKind::AddrInUse, "a file that is no socket stands there"));
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(io::Error::new(ErrorKind::AddrInUse, "another daemon answers there")),
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => fs::remove_file(path),
        Err(error) => Err(error),
    }
}
