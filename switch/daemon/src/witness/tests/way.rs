//! The way to an etcd, on which questions wait or answers get lost; it counts what passes. Must not know what is
//! said on it.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

/// What becomes of what comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weather {
    Fine,
    /// What etcd says is lost from here on.
    LosesAnswers,
    /// What is asked waits here.
    HoldsQuestions,
}

/// One way; it ends with its story.
pub(super) struct Way {
    address: SocketAddr,
    inner: Arc<Inner>,
}

struct Inner {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    weather: Weather,
    connections: u32,
    /// All that was asked, one behind the other.
    asked: Vec<u8>,
}

impl Way {
    pub(super) fn to(store: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = State { weather: Weather::Fine, connections: 0, asked: Vec::new() };
        let inner = Arc::new(Inner { state: Mutex::new(state), changed: Condvar::new() });
        let of_thread = Arc::clone(&inner);
        std::thread::spawn(move || {
            for caller in listener.incoming().flatten() {
                let Ok(called) = TcpStream::connect(store) else { continue };
                of_thread.state.lock().unwrap().connections += 1;
                let both = || (caller.try_clone().unwrap(), called.try_clone().unwrap());
                let (asks, asked) = both();
                let (inner, answering) = (Arc::clone(&of_thread), both());
                std::thread::spawn(move || inner.asks(asks, asked));
                let inner = Arc::clone(&of_thread);
                std::thread::spawn(move || inner.answers(answering.1, answering.0));
            }
        });
        Self { address, inner }
    }

    pub(super) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn is(&self, weather: Weather) {
        self.inner.state.lock().unwrap().weather = weather;
        self.inner.changed.notify_all();
    }

    /// Connections that were made over it.
    pub(super) fn connections(&self) -> u32 {
        self.inner.state.lock().unwrap().connections
    }

    /// How often this was among what was asked, whether it came through or waits.
    pub(super) fn asked(&self, what: &str) -> usize {
        let state = self.inner.state.lock().unwrap();
        String::from_utf8_lossy(&state.asked).matches(what).count()
    }
}

impl Inner {
    fn asks(&self, mut from: TcpStream, mut into: TcpStream) {
        let mut buffer = [0; 4_096];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            let mut state = self.state.lock().unwrap();
            state.asked.extend_from_slice(&buffer[..read]);
            let held = |state: &mut State| state.weather == Weather::HoldsQuestions;
            drop(self.changed.wait_while(state, held).unwrap());
            if into.write_all(&buffer[..read]).is_err() {
                break;
            }
        }
        // The way on stays open: etcd drops what it is asked by somebody who is seen to have gone.
    }

    fn answers(&self, mut from: TcpStream, mut into: TcpStream) {
        let mut buffer = [0; 4_096];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            let lost = self.state.lock().unwrap().weather == Weather::LosesAnswers;
            if !lost && into.write_all(&buffer[..read]).is_err() {
                break;
            }
        }
        drop(into.shutdown(Shutdown::Both));
    }
}
