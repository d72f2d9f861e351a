//! A ring of byte messages from one thread to one other. Must not know what the bytes say.
//!
//! ```text
//!        released                read        published      written
//!           |  given back          | to be read  |  committed  |  free
//!   --------+----------------------+-------------+-------------+--------->  position in the stream
//!    sender may write       receiver's own        sender's own
//!
//!   a message:  | length u32 LE | 0 u32 | bytes ... | 0-7 of padding |      begins 8-aligned
//!   a skip:     | FFFFFFFF      | 0     | unused up to the end of the ring  |
//! ```
//!
//! Positions only grow; a position modulo the capacity is a place. A message never wraps: where it
//! does not fit before the end of the ring, a skip fills the rest and it begins at place 0.
#![expect(unsafe_code, reason = "two threads use disjoint parts of one buffer")]

use std::cell::{Cell, UnsafeCell};
use std::marker::PhantomData;
use std::ptr;

use crossbeam::utils::CachePadded;

use crate::model::{Arc, AtomicUsize, Ordering, Witness};

/// Length and a reserved word, in front of each message.
const HEADER: usize = 8;

/// Instead of a length: nothing up to the end of the ring.
const SKIP: u32 = u32::MAX;

/// Keeps places and lengths within a header's 32 bits.
const CAPACITY_MAX: usize = 1 << 31;

/// A ring of `capacity_bytes`, a power of two from 32 bytes to 2 GiB, all of it touched now so that
/// no page fault comes later.
///
/// # Panics
/// On any other capacity.
pub fn lane(capacity_bytes: usize) -> (LaneSender, LaneReceiver) {
    ends(capacity_bytes, false)
}

/// A lane whose receiver overwrites each message with zeros before it gives the space back.
///
/// # Panics
/// As [`lane`].
pub fn wiping_lane(capacity_bytes: usize) -> (LaneSender, LaneReceiver) {
    ends(capacity_bytes, true)
}

fn ends(capacity: usize, wipe: bool) -> (LaneSender, LaneReceiver) {
    assert!(
        capacity.is_power_of_two() && (4 * HEADER..=CAPACITY_MAX).contains(&capacity),
        "a lane's capacity is a power of two from 32 bytes to 2 GiB, not {capacity}"
    );
    // Not zero: zeros would come lazily from the system.
    let words = (0..capacity / 8).map(|_| UnsafeCell::new(u64::MAX)).collect();
    let ring = Arc::new(Ring {
        published: CachePadded::new(AtomicUsize::new(0)),
        released: CachePadded::new(AtomicUsize::new(0)),
        words,
        witness: Witness::new(capacity),
    });
    let sender = LaneSender {
        ring: Arc::clone(&ring),
        capacity,
        written: 0,
        published: 0,
        released_seen: 0,
        reserved: None,
        not_sync: PhantomData,
    };
    let receiver = LaneReceiver {
        ring,
        capacity,
        wipe,
        read: 0,
        released: 0,
        published_seen: 0,
        not_sync: PhantomData,
    };
    (sender, receiver)
}

struct Ring {
    /// Up to where the receiver may read. Stored by `publish` (release), loaded by `front`
    /// (acquire): what was written into the messages is seen with it.
    published: CachePadded<AtomicUsize>,
    /// Up to where the sender may write again. Stored by `release` (release), loaded by `reserve`
    /// and `free` (acquire): the receiver's last touch of a message is over when its space is used
    /// again.
    released: CachePadded<AtomicUsize>,
    words: Box<[UnsafeCell<u64>]>,
    witness: Witness,
}

// SAFETY: the words are the only field that is not Sync by itself. The sender touches them from
// `written` to `released` plus the capacity, the receiver from `read` to `published`; these never
// overlap, as each side moves only its own mark, forward, and each mark is passed on with release
// and acquire after the last touch. There is one sender and one receiver: neither is Clone, and
// both need `&mut self`. A second sender, or a mark stored before the touch, would break it.
unsafe impl Sync for Ring {}

// SAFETY: as for Sync; nothing in it belongs to a thread.
unsafe impl Send for Ring {}

impl Ring {
    /// The bytes at a place, to be made a slice by the one side whose part they are in.
    fn bytes(&self, place: usize, length: usize) -> *mut [u8] {
        let capacity = self.words.len() * 8;
        assert!(length <= capacity && place <= capacity - length, "within the ring");
        self.witness.touch(place, length);
        let first = self.words.as_ptr().cast::<u8>().cast_mut();
        ptr::slice_from_raw_parts_mut(first.wrapping_add(place), length)
    }
}

/// The end that writes.
pub struct LaneSender {
    ring: Arc<Ring>,
    capacity: usize,
    /// Up to here messages are committed.
    written: usize,
    /// What the receiver was told of it.
    published: usize,
    /// What the receiver had given back when we last looked.
    released_seen: usize,
    /// Place and length of what `reserve` handed out last.
    reserved: Option<(usize, usize)>,
    not_sync: PhantomData<Cell<()>>,
}

impl LaneSender {
    /// Room for a message of at most `length` bytes, holding whatever was there before. `None` when
    /// the lane is too full; nothing has changed then. A second call replaces the first.
    ///
    /// # Panics
    /// If `length` exceeds [`LaneSender::message_max`]: such a message might never fit.
    pub fn reserve(&mut self, length: usize) -> Option<&mut [u8]> {
        assert!(length <= self.message_max(), "{length} bytes do not fit into this lane");
        self.reserved = None;
        let need = self.skip(length) + footprint(length);
        if need > self.room() && need > self.free() {
            return None;
        }
        let place = (self.written + self.skip(length)) & (self.capacity - 1);
        self.reserved = Some((place, length));
        let bytes = self.ring.bytes(place + HEADER, length);
        // SAFETY: from `written` on, `need` bytes are released by the receiver and belong to this
        // side until they are published; `&mut self` keeps a second slice from being made.
        Some(unsafe { &mut *bytes })
    }

    /// Keeps the first `length` of the bytes reserved as a message, to be seen by the receiver with
    /// the next [`LaneSender::publish`].
    ///
    /// # Panics
    /// Without a reservation of at least `length`.
    pub fn commit(&mut self, length: usize) {
        let (place, reserved) = self.reserved.take().expect("a commit follows a reserve");
        assert!(length <= reserved, "{length} bytes committed of {reserved} reserved");
        let here = self.written & (self.capacity - 1);
        if place != here {
            self.write_header(here, SKIP);
            self.written += self.capacity - here;
        }
        self.write_header(place, u32::try_from(length).expect("below CAPACITY_MAX"));
        self.written += footprint(length);
    }

    /// Shows the receiver all that was committed: one release store, none if there is nothing new.
    pub fn publish(&mut self) {
        if self.published != self.written {
            self.published = self.written;
            self.ring.published.store(self.written, Ordering::Release);
        }
    }

    /// Bytes not in use, after a look at the receiver's mark. A message takes its length, rounded
    /// up to eight, and eight more; one that meets the end of the ring also the rest up to there,
    /// which is less than the message takes.
    pub fn free(&mut self) -> usize {
        self.released_seen = self.ring.released.load(Ordering::Acquire);
        self.room()
    }

    /// Bytes in use, as far as this side knows: never too few.
    pub fn used(&self) -> usize {
        self.written - self.released_seen
    }

    /// Bytes of the ring.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// The longest message: one that fits into an empty lane wherever it begins.
    pub fn message_max(&self) -> usize {
        self.capacity / 2 - HEADER
    }

    fn room(&self) -> usize {
        self.capacity - self.used()
    }

    /// Bytes to leave out so that the message does not wrap.
    fn skip(&self, length: usize) -> usize {
        let to_end = self.capacity - (self.written & (self.capacity - 1));
        if footprint(length) > to_end { to_end } else { 0 }
    }

    fn write_header(&mut self, place: usize, length: u32) {
        let bytes = self.ring.bytes(place, HEADER);
        // SAFETY: within what `reserve` found to be free, and not yet published.
        let header = unsafe { &mut *bytes };
        header.copy_from_slice(&u64::from(length).to_le_bytes());
    }
}

/// The end that reads.
pub struct LaneReceiver {
    ring: Arc<Ring>,
    capacity: usize,
    wipe: bool,
    /// Up to here messages are taken.
    read: usize,
    /// What the sender was told of it.
    released: usize,
    /// What the sender had published when we last looked.
    published_seen: usize,
    not_sync: PhantomData<Cell<()>>,
}

impl LaneReceiver {
    /// The oldest message not yet popped, in place; it may be changed there.
    pub fn front(&mut self) -> Option<&mut [u8]> {
        let (place, length) = self.find()?;
        let bytes = self.ring.bytes(place + HEADER, length);
        // SAFETY: between `read` and `published`, so written before we came to know of it and left
        // alone by the sender until it is released; `&mut self` keeps a second slice away.
        Some(unsafe { &mut *bytes })
    }

    /// Takes the message that [`LaneReceiver::front`] shows. Its space is the sender's again after
    /// the next [`LaneReceiver::release`].
    ///
    /// # Panics
    /// If there is none.
    pub fn pop(&mut self) {
        let wipe = self.wipe;
        let message = self.front().expect("a pop follows a front");
        let length = message.len();
        if wipe {
            message.fill(0);
        }
        self.read += footprint(length);
    }

    /// Gives the space of all popped messages back: one release store, none if there is nothing new.
    pub fn release(&mut self) {
        if self.released != self.read {
            self.released = self.read;
            self.ring.released.store(self.read, Ordering::Release);
        }
    }

    /// Whether there is nothing to read now.
    pub fn is_empty(&mut self) -> bool {
        self.find().is_none()
    }

    /// Bytes of the ring.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Place and length of the oldest message, past any skip.
    fn find(&mut self) -> Option<(usize, usize)> {
        loop {
            if self.read == self.published_seen {
                self.published_seen = self.ring.published.load(Ordering::Acquire);
                if self.read == self.published_seen {
                    return None;
                }
            }
            let place = self.read & (self.capacity - 1);
            let length = self.read_header(place);
            if length != SKIP {
                let length = usize::try_from(length).expect("usize has 64 bits");
                assert!(footprint(length) <= self.published_seen - self.read, "a whole message");
                return Some((place, length));
            }
            self.read += self.capacity - place;
        }
    }

    fn read_header(&self, place: usize) -> u32 {
        let bytes = self.ring.bytes(place, HEADER);
        // SAFETY: `read` is before `published`, and a header stands at every message's begin.
        let header = unsafe { &*bytes };
        u32::from_le_bytes([header[0], header[1], header[2], header[3]])
    }
}

/// What a message takes of the ring.
const fn footprint(length: usize) -> usize {
    HEADER + length.next_multiple_of(8)
}
