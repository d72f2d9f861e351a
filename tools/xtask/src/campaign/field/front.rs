//! An acquirer's way to the switch: it knows the addresses of both sites, tries them in turn, and gives up a
//! connection that has been silent for too long. Must not know which site is the primary.
//!
//! A connection that was given up is not closed towards the node: whatever that one sends over it later is
//! heard, and written down, but reaches nobody.

use std::io::{self, Read, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use codec::{Cut, Dialect, Framing, Slots};
use ctl::parties::Party;

use super::voices::Heard;
use crate::campaign::clock;
use crate::campaign::setting;
use crate::campaign::trouble::Trouble;

/// How long a node may take to accept a connection.
const CONNECTS: Duration = Duration::from_millis(300);
/// How long it may say nothing while something is open.
const PATIENCE: Duration = Duration::from_millis(1500);
/// How long somebody listens to what was given up.
const LISTENS: Duration = Duration::from_secs(15);
/// Between two looks at these times.
const LOOK: Duration = Duration::from_millis(50);
/// In place of a time: it was given up.
const GIVEN_UP: u64 = u64::MAX;
/// Bytes read at a time.
const READ: usize = 16 << 10;
/// Network management: sign-on, sign-off, echo; it is no answer.
const NETWORK_CLASS: u8 = 8;

/// Where an acquirer connects.
#[derive(Debug)]
pub(super) struct Front {
    pub(super) address: SocketAddr,
    inside: Arc<Inside>,
}

#[derive(Debug)]
struct Inside {
    /// Of tokyo and osaka.
    sites: [SocketAddr; 2],
    dialect: &'static Dialect,
    framing: Framing,
    /// The site that is tried first.
    first: AtomicUsize,
    closed: AtomicBool,
    heard: Mutex<Vec<Heard>>,
}

impl Front {
    pub(super) fn opens(party: &Party, sites: [SocketAddr; 2]) -> Result<Self, Trouble> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listener = listener.map_err(Trouble::failed("an acquirer's way"))?;
        let address = listener.local_addr().map_err(Trouble::failed("an acquirer's way"))?;
        let inside = Arc::new(Inside {
            sites,
            dialect: setting::dialect(party),
            framing: setting::framing(party),
            first: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            heard: Mutex::default(),
        });
        let shared = Arc::clone(&inside);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if shared.closed.load(Ordering::Relaxed) {
                    return;
                }
                let inside = Arc::clone(&shared);
                // What can not be carried is closed.
                thread::spawn(move || inside.carry(&stream));
            }
        });
        Ok(Self { address, inside })
    }

    /// Who said something since the last time.
    pub(super) fn take(&self) -> Vec<Heard> {
        std::mem::take(&mut *self.inside.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.inside.closed.store(true, Ordering::Relaxed);
        // Whoever waits for connections sees that it is closed.
        drop(TcpStream::connect(self.address));
    }
}

impl Inside {
    /// A connection to the site that was reached last, or to the other one.
    fn reaches(&self) -> Option<(usize, TcpStream)> {
        let first = self.first.load(Ordering::Relaxed);
        [first, 1 - first].into_iter().find_map(|site| {
            let stream = TcpStream::connect_timeout(&self.sites[site], CONNECTS).ok()?;
            self.first.store(site, Ordering::Relaxed);
            Some((site, stream))
        })
    }

    fn carry(&self, near: &TcpStream) -> Option<()> {
        let (site, far) = self.reaches()?;
        near.set_nodelay(true).ok()?;
        far.set_nodelay(true).ok()?;
        far.set_read_timeout(Some(LOOK)).ok()?;
        // Since when something is open that nothing was said to; 0: nothing is.
        let asked = AtomicU64::new(0);
        thread::scope(|scope| {
            scope.spawn(|| {
                pass(near, &far, |_| {
                    let _was = asked.compare_exchange(
                        0,
                        clock::unix_ns(),
                        Ordering::Relaxed,
                        Ordering::Relaxed,
                    );
                });
                if asked.load(Ordering::Relaxed) != GIVEN_UP {
                    // What the node said before it hears of that is still on its way.
                    drop(far.shutdown(Shutdown::Write));
                }
            });
            let mut frames = Frames::default();
            let given_up = self.answers(site, (&far, near), &mut frames, &asked);
            if given_up {
                asked.store(GIVEN_UP, Ordering::Relaxed);
            }
            drop(near.shutdown(Shutdown::Both));
            if given_up {
                let _was = self.first.compare_exchange(
                    site,
                    1 - site,
                    Ordering::Relaxed,
                    Ordering::Relaxed,
                );
                self.listen(site, &far, &mut frames);
            }
            drop(far.shutdown(Shutdown::Both));
        });
        Some(())
    }

    /// Passes answers on until either end closes, or the node has been silent for too long: then true.
    fn answers(
        &self,
        site: usize,
        (mut far, mut near): (&TcpStream, &TcpStream),
        frames: &mut Frames,
        asked: &AtomicU64,
    ) -> bool {
        let mut bytes = vec![0; READ];
        loop {
            match far.read(&mut bytes) {
                Ok(0) => return false,
                Ok(length) => {
                    asked.store(0, Ordering::Relaxed);
                    self.hear(site, frames, &bytes[..length]);
                    if near.write_all(&bytes[..length]).is_err() {
                        return false;
                    }
                }
                Err(error) if is_silence(&error) => {
                    if self.closed.load(Ordering::Relaxed) {
                        return false;
                    }
                    let since = asked.load(Ordering::Relaxed);
                    let waited = clock::unix_ns().saturating_sub(since);
                    if since > 0 && Duration::from_nanos(waited) >= PATIENCE {
                        return true;
                    }
                }
                Err(_) => return false,
            }
        }
    }

    /// Hears what comes over a connection that was given up.
    fn listen(&self, site: usize, mut far: &TcpStream, frames: &mut Frames) {
        let begun = clock::now();
        let mut bytes = vec![0; READ];
        while begun.elapsed() < LISTENS && !self.closed.load(Ordering::Relaxed) {
            match far.read(&mut bytes) {
                Ok(0) => return,
                Ok(length) => self.hear(site, frames, &bytes[..length]),
                Err(error) if is_silence(&error) => {}
                Err(_) => return,
            }
        }
    }

    fn hear(&self, site: usize, frames: &mut Frames, bytes: &[u8]) {
        let at_ns = clock::unix_ns();
        let count = frames.answers(bytes, self.framing, self.dialect);
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.extend(std::iter::repeat_n(Heard { at_ns, site }, count));
    }
}

/// What has come of a frame that is not whole yet.
#[derive(Debug, Default)]
struct Frames(Vec<u8>);

impl Frames {
    /// How many answers end with these bytes.
    fn answers(&mut self, bytes: &[u8], framing: Framing, dialect: &Dialect) -> usize {
        self.0.extend_from_slice(bytes);
        let (mut used, mut count) = (0, 0);
        let mut slots = Slots::new();
        while let Cut::Frame { message, total } = framing.cut(&self.0[used..]) {
            let message = &self.0[used..used + total][message];
            used += total;
            let is_answer = dialect.decode(message, &mut slots).is_ok()
                && slots.message(dialect, message).mti().class() != NETWORK_CLASS;
            count += usize::from(is_answer);
        }
        self.0.drain(..used);
        count
    }
}

/// Passes bytes on until either end closes.
fn pass(mut from: &TcpStream, mut to: &TcpStream, mut tell: impl FnMut(usize)) {
    let mut bytes = vec![0; READ];
    while let Ok(length @ 1..) = from.read(&mut bytes) {
        tell(length);
        if to.write_all(&bytes[..length]).is_err() {
            return;
        }
    }
}

fn is_silence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
