//! The address at which acquirers find whichever site is the primary, as a network would carry it: bytes go
//! to where it points, and a connection ends when it points elsewhere. Must not know what the bytes say.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// An address that moves.
pub(crate) struct Front {
    address: SocketAddr,
    inside: Arc<Mutex<Inside>>,
}

#[derive(Default)]
struct Inside {
    to: Option<SocketAddr>,
    closed: bool,
    open: Vec<TcpStream>,
}

impl Front {
    pub(crate) fn opens() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let inside = Arc::new(Mutex::new(Inside::default()));
        let shared = Arc::clone(&inside);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if shared.lock().unwrap().closed {
                    return;
                }
                carry(stream, &shared);
            }
        });
        Self { address, inside }
    }

    /// Where acquirers connect.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on it leads there, and what was connected elsewhere is cut.
    pub(crate) fn leads(&self, to: SocketAddr) {
        self.turns(Some(to));
    }

    /// It leads nowhere.
    pub(crate) fn is_cut(&self) {
        self.turns(None);
    }

    fn turns(&self, to: Option<SocketAddr>) {
        let mut inside = self.inside.lock().unwrap();
        inside.to = to;
        for stream in inside.open.drain(..) {
            // It may have ended by itself.
            drop(stream.shutdown(Shutdown::Both));
        }
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.is_cut();
        self.inside.lock().unwrap().closed = true;
        // Whoever waits for connections sees that it is closed.
        drop(TcpStream::connect(self.address));
    }
}

/// Joins a connection to where the front leads; it is dropped where that is nowhere.
fn carry(stream: TcpStream, inside: &Mutex<Inside>) {
    let to = inside.lock().unwrap().to;
    let Some(Ok(on)) = to.map(TcpStream::connect) else { return };
    let mut inside = inside.lock().unwrap();
    if inside.to != to {
        return;
    }
    for (from, to, answers) in [(&stream, &on, false), (&on, &stream, true)] {
        let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
        to.set_nodelay(true).unwrap();
        thread::spawn(move || {
            let came = io::copy(&mut from, &mut to);
            if answers {
                drop((from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both)));
            } else if came.is_ok() {
                // Where the other end is gone, what it answered before that is still on its way back.
                drop(to.shutdown(Shutdown::Write));
            }
        });
    }
    inside.open.extend([stream, on]);
}
