//! Partners that run by themselves: an issuer's centre that answers, an acquirer's load that holds
//! every answer against its request. Must not know what the switch does.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use bench::issuer::{self, Issuer, Summary};
use bench::load::{self, Pace, Report};

use crate::configuration::Speech;
use crate::link::{dialect, framing};
use crate::patience::PATIENCE;
use crate::place::own_address;

/// An issuer's centre at work.
pub(crate) struct Centre {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Summary>>,
}

/// A load at work.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Report>,
}

impl Centre {
    /// Approves everything at once.
    pub(crate) fn opens(speech: Speech) -> Self {
        Self::opens_at(speech, own_address(), Duration::ZERO)
    }

    /// Approves everything on that address after that time.
    pub(crate) fn opens_at(speech: Speech, at: SocketAddr, delay: Duration) -> Self {
        let options = issuer::Options::new(vec![at], dialect(speech), framing(speech));
        let options = issuer::Options { delay, ..options };
        let issuer = Issuer::open(&options).expect("the address is free");
        let address = issuer.addresses()[0];
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let run = move || issuer.run(&told, &mut |_| {}).expect("sockets work");
        Self { address, stop, thread: Some(std::thread::spawn(run)) }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Goes away: its port and its connections are closed.
    pub(crate) fn closes(mut self) -> Summary {
        self.stop.store(true, Ordering::Relaxed);
        let thread = self.thread.take().expect("it closes once");
        thread.join().expect("it does not panic")
    }
}

impl Drop for Centre {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Load {
    /// Sales over so many connections at that pace until it is told to end.
    pub(crate) fn begins(
        speech: Speech,
        target: SocketAddr,
        (connections, pace): (usize, Pace),
        pans: &[&str],
        acquirer: &str,
    ) -> Self {
        let options = load::Options {
            connections,
            pace,
            // Until it is told to end: one that ends by itself takes its links with it.
            duration: PATIENCE * 1_000,
            warmup: Duration::ZERO,
            // A busy machine may take longer than a test waits for one thing: many are open.
            grace: PATIENCE * 6,
            pans: pans.iter().map(|&pan| pan.to_owned()).collect(),
            acquirers: vec![acquirer.to_owned()],
            ..load::Options::new(target, dialect(speech), framing(speech))
        };
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let run = move || load::run(&options, &told, &mut |_| {}).expect("the switch is there");
        Self { stop, thread: std::thread::spawn(run) }
    }

    /// Sends no more, and waits for what is open.
    pub(crate) fn ends(self) -> Report {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("it does not panic")
    }
}
