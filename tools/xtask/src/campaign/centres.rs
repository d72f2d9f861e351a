//! Acquirers and issuers of a campaign, each on a thread of its own, and what they wrote down. Must
//! not know what becomes of the switch meanwhile.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bench::issuer::{self, Event, Issuer, Late};
use bench::ledger;
use bench::load::{self, Pace, Report};
use ctl::parties::Party;

use super::clock;
use super::dice::Dice;
use super::setting;
use super::trouble::Trouble;

/// How long an acquirer may take to end when it does not wait for answers.
const LEAVES: Duration = Duration::from_secs(5);

/// What a centre wrote down and nobody has looked at yet.
#[derive(Debug)]
struct Pages<E>(Arc<Mutex<Vec<E>>>);

/// An issuer's centre at work.
#[derive(Debug)]
pub(super) struct Bank {
    pub(super) address: SocketAddr,
    links: Arc<AtomicUsize>,
    pages: Pages<ledger::Issuer>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// An acquirer's centre at work.
#[derive(Debug)]
pub(super) struct Merchant {
    pages: Pages<ledger::Acquirer>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<Report, load::Error>>,
}

impl Bank {
    /// One that answers most requests at once, and some late, or never; it may leave some reversals
    /// unacknowledged.
    pub(super) fn opens(party: &Party, dice: &mut Dice) -> Result<Self, Trouble> {
        Self::at(party, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), dice)
    }

    /// The same at an address of its own.
    pub(super) fn at(party: &Party, address: SocketAddr, dice: &mut Dice) -> Result<Self, Trouble> {
        let options = issuer::Options {
            delay: Duration::from_micros(dice.one_of(&[0, 0, 500, 4_000])),
            drop_every: dice.one_of(&[None, Some(97), Some(1_009)]),
            late: dice.percent(50).then(|| Late {
                every: dice.one_of(&[53, 499]),
                by: Duration::from_millis(dice.one_of(&[20, 120, 400])),
            }),
            deaf_every: dice.one_of(&[None, Some(7)]),
            ..issuer::Options::new(vec![address], setting::dialect(party), setting::framing(party))
        };
        Self::works(&options)
    }

    /// One that takes everything and says nothing.
    pub(super) fn silent(party: &Party, address: SocketAddr) -> Result<Self, Trouble> {
        Self::works(&issuer::Options {
            drop_every: Some(1),
            deaf_every: Some(1),
            ..issuer::Options::new(vec![address], setting::dialect(party), setting::framing(party))
        })
    }

    fn works(options: &issuer::Options) -> Result<Self, Trouble> {
        let issuer = Box::new(Issuer::open(options).map_err(Trouble::failed("an issuer"))?);
        let address = issuer.addresses()[0];
        let (links, pages) = (Arc::new(AtomicUsize::new(0)), Pages::default());
        let stop = Arc::new(AtomicBool::new(false));
        let (counted, written, told) = (Arc::clone(&links), pages.clone(), Arc::clone(&stop));
        let run = move || {
            let mut watch = |event: &Event| {
                if let Event::Links(count) = event {
                    counted.store(*count, Ordering::Release);
                }
            };
            let mut write = |entries: &[_]| written.add(entries);
            // It ends when it is told to; a failure shows as links that never come.
            drop(issuer.run_with_ledger(&told, &mut watch, Some(&mut write)));
        };
        Ok(Self { address, links, pages, stop, thread: Some(thread::spawn(run)) })
    }

    /// Connections that are open.
    pub(super) fn links(&self) -> usize {
        self.links.load(Ordering::Acquire)
    }

    pub(super) fn take(&self) -> Vec<ledger::Issuer> {
        self.pages.take()
    }

    /// It closes; what it wrote down until then.
    pub(super) fn closes(self) -> Vec<ledger::Issuer> {
        let pages = self.pages.clone();
        drop(self);
        pages.take()
    }
}

impl Drop for Bank {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl Merchant {
    /// One that sends until it is told to end, whatever becomes of the switch.
    pub(super) fn begins(party: &Party, target: SocketAddr, dice: &mut Dice) -> Self {
        let pace = if dice.percent(70) {
            Pace::Window(usize::from(dice.one_of(&[1u8, 2, 4, 16])))
        } else {
            Pace::Rate(dice.one_of(&[300, 1_000, 4_000]))
        };
        let options = load::Options {
            connections: usize::from(dice.one_of(&[1u8, 2, 8])),
            pace,
            duration: Duration::from_hours(1),
            warmup: Duration::ZERO,
            grace: Duration::from_secs(15),
            reconnect_max: Duration::from_millis(20),
            ..setting::load(party, target)
        };
        Self::sends(options)
    }

    /// One that sends so many requests a second until it is told to end, and asks again for what was
    /// open on a connection that it lost; where it knows several sites, at the next of them.
    pub(super) fn steady(party: &Party, targets: &[SocketAddr], rate: u64) -> Self {
        let options = Self::asks_again(party, targets[0], rate, Duration::from_secs(8));
        Self::sends(if targets.len() > 1 { options.at_sites(targets.to_vec()) } else { options })
    }

    /// The same of one site, which gives up what has no answer after that time.
    pub(super) fn patient(party: &Party, target: SocketAddr, rate: u64, grace: Duration) -> Self {
        Self::sends(Self::asks_again(party, target, rate, grace))
    }

    fn asks_again(party: &Party, target: SocketAddr, rate: u64, grace: Duration) -> load::Options {
        load::Options {
            connections: 4,
            pace: Pace::Rate(rate),
            duration: Duration::from_hours(1),
            warmup: Duration::ZERO,
            grace,
            reconnect_max: Duration::from_millis(20),
            asks_again: true,
            ..setting::load(party, target)
        }
    }

    fn sends(options: load::Options) -> Self {
        let pages = Pages::default();
        let stop = Arc::new(AtomicBool::new(false));
        let (written, told) = (pages.clone(), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            let mut write = |entries: &[_]| written.add(entries);
            load::run_with_ledger(&options, &told, &mut |_| (), Some(&mut write))
        });
        Self { pages, stop, thread }
    }

    pub(super) fn take(&self) -> Vec<ledger::Acquirer> {
        self.pages.take()
    }

    /// It is to send no more, and to wait for what is open; told once more, not even that.
    pub(super) fn is_to_end(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// It ends at once, whatever it has no answer to.
    pub(super) fn leaves(&self) {
        clock::until(LEAVES, || {
            self.is_to_end();
            self.has_ended()
        });
    }

    pub(super) fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }

    /// What was wrong with its answers. Waits for its end.
    pub(super) fn ends(self) -> Result<BTreeMap<String, u64>, Trouble> {
        Ok(self.reports()?.map(|report| report.wrong).unwrap_or_default())
    }

    /// What it has to report; nothing when it never connected. Waits for its end.
    pub(super) fn reports(self) -> Result<Option<Report>, Trouble> {
        let report = self.thread.join().map_err(|_| Trouble::Failed("a load panicked".into()))?;
        match report {
            Ok(report) => Ok(Some(report)),
            // The blow came before its first connection.
            Err(load::Error::Unreachable { .. }) => Ok(None),
            Err(why) => Err(Trouble::Failed(format!("a load: {why}"))),
        }
    }
}

impl<E: Copy> Pages<E> {
    fn add(&self, entries: &[E]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(entries);
    }

    fn take(&self) -> Vec<E> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
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
