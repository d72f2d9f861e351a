//! The centres around two sites, each on a thread of its own: issuers that answer, acquirers that send and
//! ask again for what a lost connection left open; and what both wrote down. Must not know which site serves.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use bench::issuer::{self, Issuer};
use bench::ledger;
use bench::load::{self, Event, Pace, Report};
use codec::{Dialect, Framing};
use ctl::parties::{CARDS, Party};

use crate::place::own_port;

/// What a centre wrote down and nobody has looked at yet.
struct Pages<E>(Arc<Mutex<Vec<E>>>);

/// An issuer's centre at work.
pub(crate) struct Bank {
    address: SocketAddr,
    pages: Pages<ledger::Issuer>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// An acquirer's centre at work.
pub(crate) struct Merchant {
    pages: Pages<ledger::Acquirer>,
    answers: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Report>>,
}

impl Bank {
    /// Answers each request after that time, and every 97th never.
    pub(crate) fn opens(party: &Party, delay: Duration) -> Self {
        Self::opens_at(own_port(), party, delay)
    }

    fn opens_at(address: SocketAddr, party: &Party, delay: Duration) -> Self {
        let options = issuer::Options {
            delay,
            drop_every: Some(97),
            ..issuer::Options::new(vec![address], dialect(party), framing(party))
        };
        let issuer = Box::new(Issuer::open(&options).unwrap());
        let (pages, stop) = (Pages::default(), Arc::new(AtomicBool::new(false)));
        let (written, told) = (pages.clone(), Arc::clone(&stop));
        let run = move || {
            let mut write = |entries: &[_]| written.add(entries);
            issuer.run_with_ledger(&told, &mut |_| (), Some(&mut write)).unwrap();
        };
        Self { address, pages, stop, thread: Some(std::thread::spawn(run)) }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// It is gone until it is back at its place; gives what it wrote down.
    pub(crate) fn is_away(&mut self) -> Vec<ledger::Issuer> {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
        self.wrote()
    }

    pub(crate) fn is_back(&mut self, party: &Party, delay: Duration) {
        *self = Self::opens_at(self.address, party, delay);
    }

    pub(crate) fn wrote(&self) -> Vec<ledger::Issuer> {
        self.pages.take()
    }
}

impl Drop for Bank {
    fn drop(&mut self) {
        self.is_away();
    }
}

impl Merchant {
    /// So many sales a second until it is told to end, whatever becomes of the switch meanwhile.
    pub(crate) fn begins(party: &Party, target: SocketAddr, rate: u64) -> Self {
        let options = load::Options {
            connections: 2,
            pace: Pace::Rate(rate),
            duration: Duration::from_hours(1),
            warmup: Duration::ZERO,
            // What is open on a connection that is lost is asked again at once.
            grace: Duration::from_secs(20),
            reconnect_max: Duration::from_millis(50),
            pans: CARDS.map(str::to_owned).to_vec(),
            acquirers: vec![party.institution.to_owned()],
            asks_again: true,
            ..load::Options::new(target, dialect(party), framing(party))
        };
        let (pages, stop) = (Pages::default(), Arc::new(AtomicBool::new(false)));
        let answers = Arc::new(AtomicU64::new(0));
        let (written, told, counted) = (pages.clone(), Arc::clone(&stop), Arc::clone(&answers));
        let run = move || {
            let mut write = |entries: &[_]| {
                let answered = entries.iter().filter(|entry| {
                    matches!(
                        entry,
                        ledger::Acquirer::Answered(_) | ledger::Acquirer::AnsweredAgain(_)
                    )
                });
                counted.fetch_add(u64::try_from(answered.count()).unwrap(), Ordering::Relaxed);
                written.add(entries);
            };
            load::run_with_ledger(&options, &told, &mut |_: &Event| (), Some(&mut write)).unwrap()
        };
        Self { pages, answers, stop, thread: Some(std::thread::spawn(run)) }
    }

    /// Answers that it has, so far.
    pub(crate) fn answers(&self) -> u64 {
        self.answers.load(Ordering::Relaxed)
    }

    /// Sends no more, waits for what is open, and says what came of all.
    pub(crate) fn ends(mut self) -> (Report, Vec<ledger::Acquirer>) {
        self.stop.store(true, Ordering::Relaxed);
        let report = self.thread.take().unwrap().join().unwrap();
        (report, self.pages.take())
    }
}

impl Drop for Merchant {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl<E: Copy> Pages<E> {
    fn add(&self, entries: &[E]) {
        self.0.lock().unwrap().extend_from_slice(entries);
    }

    fn take(&self) -> Vec<E> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl<E> Clone for Pages<E> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<E> Default for Pages<E> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

fn dialect(party: &Party) -> &'static Dialect {
    codec::built_in(party.dialect).unwrap()
}

fn framing(party: &Party) -> Framing {
    Framing::built_in(party.framing).unwrap()
}
