//! Connections of ours that are kept open: begun a few at a time, tried again with back-off and
//! jitter. Must not know what is said over them.

use std::io;
use std::net::SocketAddr;

use switch_net::{CloseReason, Net, SocketId};

use crate::clock::{MILLISECOND, SECOND};

/// Connects under way at once, well below the accept queue of any listener.
const OPENING_MAX: usize = 64;

/// A connect that takes longer is given up; where there is another address, sooner.
const CONNECT_TIMEOUT: u64 = 5 * SECOND;
const CONNECT_TIMEOUT_OF_MANY: u64 = SECOND;

const BACK_OFF_FIRST: u64 = 50 * MILLISECOND;
pub(crate) const BACK_OFF_MAX: u64 = 2 * SECOND;

/// A connection that lasted this long was a good one: the next back-off begins from the start.
const GOOD_AFTER: u64 = SECOND;

/// `Net::close` of a connect that took too long.
const TOOK_TOO_LONG: CloseReason = CloseReason::NotConnected(io::ErrorKind::TimedOut);

/// Our connections by place; a place keeps its number when its socket changes.
pub(crate) struct Connects {
    places: Vec<Place>,
    /// What the places try, each those from its `first` on.
    addresses: Vec<SocketAddr>,
    connect_timeout: u64,
    /// Times that a place was opened at another address than before.
    moves: u64,
    /// The place of each socket slot.
    by_slot: Vec<usize>,
    back_off_max: u64,
    opening: usize,
    open: usize,
    /// Why the last connect failed.
    refusal: Option<CloseReason>,
}

struct Place {
    /// Its addresses, and which of them it tries, or has.
    first: usize,
    choices: usize,
    choice: usize,
    /// Where it was open last.
    was_at: Option<usize>,
    /// Connects that failed since it was open.
    failed: usize,
    socket: Option<SocketId>,
    is_open: bool,
    back_off: u64,
    /// Down: when to try. Opening or open: since when.
    at: u64,
}

impl Connects {
    /// One place a target. `sockets_max` is that of the `Net`; between two tries are at most
    /// `back_off_max` nanoseconds.
    pub(crate) fn new(
        targets: impl IntoIterator<Item = SocketAddr>,
        sockets_max: usize,
        back_off_max: u64,
    ) -> Self {
        let addresses: Vec<_> = targets.into_iter().collect();
        let places = (0..addresses.len()).map(|first| Place::new(first, 1, back_off_max)).collect();
        Self {
            places,
            addresses,
            connect_timeout: CONNECT_TIMEOUT,
            moves: 0,
            by_slot: vec![0; sockets_max],
            back_off_max,
            opening: 0,
            open: 0,
            refusal: None,
        }
    }

    /// So many places, each of which is open at the first of these addresses that takes it, and tries
    /// the next one when that is lost.
    pub(crate) fn among(
        addresses: &[SocketAddr],
        places: usize,
        sockets_max: usize,
        back_off_max: u64,
    ) -> Self {
        let place = |_| Place::new(0, addresses.len(), back_off_max);
        let is_one = addresses.len() == 1;
        Self {
            places: (0..places).map(place).collect(),
            connect_timeout: if is_one { CONNECT_TIMEOUT } else { CONNECT_TIMEOUT_OF_MANY },
            ..Self::new(addresses.iter().copied(), sockets_max, back_off_max)
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    pub(crate) fn open(&self) -> usize {
        self.open
    }

    pub(crate) fn all_open(&self) -> bool {
        self.open == self.places.len()
    }

    /// Times that a place was opened at another address than before.
    pub(crate) fn moves(&self) -> u64 {
        self.moves
    }

    /// No place is open, and one has tried all its addresses in vain.
    pub(crate) fn nobody_is_there(&self) -> bool {
        self.open == 0 && self.places.iter().any(|place| place.failed >= place.choices)
    }

    /// Why the last connect that failed did.
    pub(crate) fn refusal(&self) -> Option<CloseReason> {
        self.refusal
    }

    /// The socket of a place while it is open.
    pub(crate) fn socket(&self, place: usize) -> Option<SocketId> {
        let place = self.places.get(place)?;
        place.socket.filter(|_| place.is_open)
    }

    /// Whose socket it is; `None` for one that is not of ours, or not any more.
    pub(crate) fn place(&self, socket: SocketId) -> Option<usize> {
        let place = *self.by_slot.get(socket.index())?;
        (self.places.get(place)?.socket == Some(socket)).then_some(place)
    }

    /// Begins the connects that are due and gives up those that take too long.
    pub(crate) fn poll(&mut self, net: &mut Net, now: u64) {
        if self.all_open() {
            return;
        }
        for (number, place) in self.places.iter_mut().enumerate() {
            match place.socket {
                Some(socket) if !place.is_open && now > place.at + self.connect_timeout => {
                    net.close(socket, TOOK_TOO_LONG);
                }
                None if now >= place.at && self.opening < OPENING_MAX => {
                    match net.connect(self.addresses[place.first + place.choice]) {
                        Ok(socket) => {
                            place.socket = Some(socket);
                            place.at = now;
                            self.by_slot[socket.index()] = number;
                            self.opening += 1;
                        }
                        Err(error) => {
                            self.refusal = Some(CloseReason::NotConnected(error.kind()));
                            place.failed += 1;
                            place.back_off(number, now, self.back_off_max);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// The place that is open now.
    pub(crate) fn on_open(&mut self, socket: SocketId, now: u64) -> Option<usize> {
        let number = self.place(socket)?;
        let place = &mut self.places[number];
        place.is_open = true;
        place.at = now;
        place.failed = 0;
        let was_at = place.was_at.replace(place.choice);
        self.moves += u64::from(was_at.is_some_and(|was_at| was_at != place.choice));
        self.opening -= 1;
        self.open += 1;
        Some(number)
    }

    /// The place that is down now, and whether it was open before.
    pub(crate) fn on_close(
        &mut self,
        socket: SocketId,
        why: CloseReason,
        now: u64,
    ) -> Option<(usize, bool)> {
        let number = self.place(socket)?;
        let place = &mut self.places[number];
        let was_open = std::mem::take(&mut place.is_open);
        if was_open {
            self.open -= 1;
        } else {
            self.opening -= 1;
            place.failed += 1;
            self.refusal = Some(why);
        }
        if was_open && now > place.at + GOOD_AFTER {
            place.back_off = BACK_OFF_FIRST.min(self.back_off_max);
        }
        place.socket = None;
        place.back_off(number, now, self.back_off_max);
        Some((number, was_open))
    }
}

impl Place {
    fn new(first: usize, choices: usize, back_off_max: u64) -> Self {
        Self {
            first,
            choices,
            choice: 0,
            was_at: None,
            failed: 0,
            socket: None,
            is_open: false,
            back_off: BACK_OFF_FIRST.min(back_off_max),
            at: 0,
        }
    }

    /// The next try is later than the last one was, and at the next address.
    fn back_off(&mut self, number: usize, now: u64, max: u64) {
        self.choice = (self.choice + 1) % self.choices;
        self.at = now + self.back_off / 2 + jitter(number, now) % (self.back_off / 2).max(1);
        self.back_off = max.min(self.back_off * 2);
    }
}

/// Spreads places that went down together (the finalizer of splitmix64).
fn jitter(place: usize, now: u64) -> u64 {
    let mut bits = now ^ u64::try_from(place).unwrap_or(0).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}
