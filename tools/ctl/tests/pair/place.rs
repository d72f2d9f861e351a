//! Places of one story alone: a directory, an address. Must not know what stands there.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A directory that goes away with its story.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("sekisho-pair-{}-{number}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What is left of it does no harm.
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// A free port of an address of loopback that nobody else uses, and no connection comes from, so that it
/// stays free.
pub(crate) fn own_port() -> SocketAddr {
    let [.., high, low] = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let network = u8::try_from(std::process::id() % 100).unwrap() + 130;
    let here = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, network, high, low)), 0);
    TcpListener::bind(here).unwrap().local_addr().unwrap()
}
