//! A line that can be cut in the middle of a message, or held without being closed.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use journal::format::Epoch;
use journal::mark::Mark;
use journal::roles::name::NodeName;
use journal::roles::witness::Incarnation;
use journal::ship::message::{Digests, Flags, Hello, LINE_VERSION, Mode, Role, WhenLost};

/// Takes connections and passes them on.
pub(super) struct Proxy {
    address: SocketAddr,
    inner: Arc<Inner>,
}

struct Inner {
    to: OnceLock<SocketAddr>,
    /// Bytes that still pass to who connected, before the line is cut; `u64::MAX`: it is not.
    passes: AtomicU64,
    held: AtomicBool,
    ended: AtomicBool,
}

impl Proxy {
    pub(super) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let inner = Arc::new(Inner {
            to: OnceLock::new(),
            passes: AtomicU64::new(u64::MAX),
            held: AtomicBool::new(false),
            ended: AtomicBool::new(false),
        });
        let of_thread = Arc::clone(&inner);
        thread::spawn(move || {
            for caller in listener.incoming().flatten() {
                let to = *of_thread.to.wait();
                let Ok(called) = TcpStream::connect(to) else { continue };
                for (from, into, counts) in [
                    (caller.try_clone().unwrap(), called.try_clone().unwrap(), false),
                    (called, caller, true),
                ] {
                    let inner = Arc::clone(&of_thread);
                    thread::spawn(move || inner.pass(from, into, counts));
                }
            }
        });
        Self { address, inner }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn leads_to(&self, address: SocketAddr) {
        self.inner.to.set(address).unwrap();
    }

    /// So many bytes more pass to who connected; then the line ends, in the middle of whatever it is.
    pub(super) fn cuts_after(&self, bytes: u64) {
        self.inner.passes.store(bytes, Ordering::SeqCst);
    }

    /// Nothing passes, and nothing is closed.
    pub(super) fn holds(&self, held: bool) {
        self.inner.held.store(held, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.inner.ended.store(true, Ordering::SeqCst);
    }
}

impl Inner {
    fn pass(&self, mut from: TcpStream, mut into: TcpStream, counts: bool) {
        let mut buffer = [0; 4_096];
        from.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        while !self.ended.load(Ordering::SeqCst) {
            if self.held.load(Ordering::SeqCst) {
                thread::park_timeout(Duration::from_millis(5));
                continue;
            }
            let read = match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
                Err(_) => break,
            };
            let passes = self.passes.load(Ordering::SeqCst);
            let cut = counts && passes < u64::try_from(read).unwrap();
            let goes = if cut { usize::try_from(passes).unwrap() } else { read };
            if into.write_all(&buffer[..goes]).is_err() || cut {
                if cut {
                    self.passes.store(u64::MAX, Ordering::SeqCst);
                }
                break;
            }
            if counts && passes != u64::MAX {
                self.passes.fetch_sub(u64::try_from(read).unwrap(), Ordering::SeqCst);
            }
        }
        drop((from.shutdown(Shutdown::Both), into.shutdown(Shutdown::Both)));
    }
}

/// What a node of this name says first.
pub(super) fn hello(name: &str) -> Hello {
    Hello {
        reign: Epoch(0),
        version: LINE_VERSION,
        cluster: [0; 16],
        name: NodeName::new(name).unwrap(),
        incarnation: Incarnation(7),
        role: Role::Standby,
        mode: Mode::Durable,
        when_lost: WhenLost::Solo,
        flags: Flags::default(),
        end: Mark::ZERO,
        segment_bytes: 1 << 20,
        utc_ns: 0,
        digests: Digests::default(),
        build: "a test".into(),
        epochs: Vec::new(),
    }
}
