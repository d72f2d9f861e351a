//! Places of one test alone: a directory, an address. Must not know what stands there.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

static NEXT: AtomicU32 = AtomicU32::new(0);

fn next() -> u32 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A directory that goes away with its test.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        let name = format!("sekishod-{}-{}", std::process::id(), next());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).expect("a directory of that name is new");
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

/// Any port of an address of loopback that no other test uses: who closes such a port finds it free
/// when it is opened again.
pub(crate) fn own_address() -> SocketAddr {
    let [.., high, low] = next().to_be_bytes();
    let network = u8::try_from(std::process::id() % 200).expect("below 200") + 20;
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, network, high, low)), 0)
}

/// The same with a port that is free, and stays so.
pub(crate) fn own_port() -> SocketAddr {
    let listener = TcpListener::bind(own_address()).expect("loopback is all ours");
    listener.local_addr().expect("it is bound")
}
