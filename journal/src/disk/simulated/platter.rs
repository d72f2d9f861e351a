//! One file of the simulated disk: what the device holds, what the cache shows, and what is on the
//! way between them. Knows no name and no operation.
//!
//! The cache works in pages of 4 KiB, the device in sectors of 512 bytes. A page that was written is
//! *pending* until a sync: at a crash each of its sectors is as it was, or as any of the writes since
//! left it. A sync that failed leaves pages *lost*: clean in the cache, and never on the device.

use std::collections::BTreeMap;

use super::random::Random;

pub(super) const PAGE: usize = 4_096;
pub(super) const SECTOR: usize = 512;

static ZEROS: [u8; PAGE] = [0; PAGE];

/// The bytes of a page; none are zeros.
type Bytes = Option<Box<[u8; PAGE]>>;

/// A file.
#[derive(Clone, Debug, Default)]
pub(super) struct Platter {
    /// As the system shows it.
    pub(super) length: u64,
    kept_length: u64,
    pages: BTreeMap<u64, Page>,
}

#[derive(Clone, Debug, Default)]
struct Page {
    device: Bytes,
    /// On the device before what is there now.
    before: Bytes,
    /// What each write since the last sync left; the last one is shown.
    pending: Vec<Bytes>,
    /// Shown as clean, and not on the device.
    lost: Option<Bytes>,
    unreadable: bool,
}

/// How a crash treats what was pending.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fate {
    /// How much of it survives.
    pub(super) survives_percent: u64,
    /// Sectors fall one by one, not pages.
    pub(super) tears: bool,
}

/// What happens to a sector at rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rot {
    /// One bit of it turns over.
    Flip {
        /// Which one, 0 to 4095.
        bit: u16,
    },
    /// It reads as zeros.
    Zeroed,
    /// Its last write went elsewhere in the file: the content stands there, and what was here before
    /// is here still.
    Misdirected {
        /// The offset of the sector that took it.
        to: u64,
    },
    /// Its last write never took place: it reads as it did before.
    Stale,
    /// The device gives an error for it, until it is written again.
    Unreadable,
}

impl Platter {
    pub(super) fn new(length: u64) -> Self {
        Self { length, ..Self::default() }
    }

    /// Writes into the cache.
    pub(super) fn write(&mut self, offset: u64, bytes: &[u8]) {
        self.length = self.length.max(offset + long(bytes.len()));
        for (number, at, part) in pages_of(offset, bytes) {
            let page = self.pages.entry(number).or_default();
            let mut shown = whole(page.shown());
            shown[at..at + part.len()].copy_from_slice(part);
            page.pending.push(bytes_of(shown));
        }
    }

    /// Writes past the cache: durable at once.
    pub(super) fn write_through(&mut self, offset: u64, bytes: &[u8]) {
        self.write(offset, bytes);
        for (number, ..) in pages_of(offset, bytes) {
            self.pages.entry(number).or_default().flush();
        }
    }

    /// Writes past the cache, and the power goes while it does.
    pub(super) fn write_torn(&mut self, offset: u64, bytes: &[u8], fate: Fate, by: &mut Random) {
        self.write(offset, bytes);
        for (number, ..) in pages_of(offset, bytes) {
            self.pages.entry(number).or_default().crash(fate, by);
        }
    }

    /// Reads: from the cache, or what the device holds once pending pages went there. None where
    /// it can not be read.
    pub(super) fn read(&self, offset: u64, into: &mut [u8], cached: bool) -> Option<usize> {
        let left = usize::try_from(self.length.saturating_sub(offset)).expect("64-bit machine");
        let length = into.len().min(left);
        let mut rest = &mut into[..length];
        let mut place = offset;
        while !rest.is_empty() {
            let at = usize::try_from(place % long(PAGE)).expect("in a page");
            let (part, behind) = rest.split_at_mut(rest.len().min(PAGE - at));
            match self.pages.get(&(place / long(PAGE))) {
                Some(page) if page.unreadable => return None,
                Some(page) => match if cached { page.shown() } else { page.written() } {
                    Some(bytes) => part.copy_from_slice(&bytes[at..at + part.len()]),
                    None => part.fill(0),
                },
                None => part.fill(0),
            }
            place += long(part.len());
            rest = behind;
        }
        Some(length)
    }

    /// Everything pending goes to the device.
    pub(super) fn sync(&mut self) {
        self.kept_length = self.length;
        self.pages.values_mut().for_each(Page::flush);
    }

    /// Some of it does, and the rest counts as clean.
    pub(super) fn fail_sync(&mut self, by: &mut Random) {
        let percent = by.one_of(&[0, 50, 90]);
        for page in self.pages.values_mut().filter(|page| !page.pending.is_empty()) {
            if by.chance(percent) {
                page.flush();
            } else {
                page.lost = page.pending.pop();
                page.pending.clear();
            }
        }
    }

    /// The power goes.
    pub(super) fn crash(&mut self, fate: Fate, by: &mut Random) {
        if self.length != self.kept_length {
            let between = |by: &mut Random, low: u64, high: u64| low + by.below(high - low);
            let (low, high) =
                (self.length.min(self.kept_length), self.length.max(self.kept_length));
            self.kept_length = match by.below(3) {
                0 => self.kept_length,
                1 => self.length,
                _ => between(by, low, high) / long(SECTOR) * long(SECTOR),
            };
            self.truncate(self.kept_length);
        }
        for page in self.pages.values_mut() {
            page.crash(fate, by);
        }
    }

    /// Something happens to the sector at `offset`, a multiple of 512.
    pub(super) fn rot(&mut self, offset: u64, rot: Rot) {
        let at = usize::try_from(offset % long(PAGE)).expect("in a page");
        let sector = at..at + SECTOR;
        let page = self.pages.entry(offset / long(PAGE)).or_default();
        let mut now = whole(&page.device);
        let before = whole(&page.before);
        match rot {
            Rot::Flip { bit } => now[at + usize::from(bit / 8)] ^= 1 << (bit % 8),
            Rot::Zeroed => now[sector].fill(0),
            Rot::Stale => now[sector.clone()].copy_from_slice(&before[sector]),
            Rot::Unreadable => page.unreadable = true,
            Rot::Misdirected { to } => {
                let strayed: [u8; SECTOR] = now[sector.clone()].try_into().expect("a sector");
                now[sector.clone()].copy_from_slice(&before[sector]);
                page.device = bytes_of(now);
                let there = self.pages.entry(to / long(PAGE)).or_default();
                let at = usize::try_from(to % long(PAGE)).expect("in a page");
                now = whole(&there.device);
                now[at..at + SECTOR].copy_from_slice(&strayed);
                there.device = bytes_of(now);
                return;
            }
        }
        page.device = bytes_of(now);
    }

    /// Cuts the file to this length, durably.
    pub(super) fn truncate(&mut self, length: u64) {
        self.length = length;
        self.kept_length = length;
        self.pages.retain(|&number, _| number * long(PAGE) < length);
    }
}

impl Page {
    fn shown(&self) -> &Bytes {
        self.pending.last().or(self.lost.as_ref()).unwrap_or(&self.device)
    }

    fn written(&self) -> &Bytes {
        self.pending.last().unwrap_or(&self.device)
    }

    fn flush(&mut self) {
        if let Some(last) = self.pending.pop() {
            self.before = std::mem::replace(&mut self.device, last);
            self.pending.clear();
            self.lost = None;
            self.unreadable = false;
        }
    }

    fn crash(&mut self, fate: Fate, by: &mut Random) {
        self.lost = None;
        let pending = std::mem::take(&mut self.pending);
        if pending.is_empty() {
            return;
        }
        let mut now = whole(&self.device);
        let together = by.chance(fate.survives_percent).then(|| by.place(pending.len()));
        for at in (0..PAGE).step_by(SECTOR) {
            let version = if fate.tears {
                by.chance(fate.survives_percent).then(|| by.place(pending.len()))
            } else {
                together
            };
            let Some(version) = version else { continue };
            match &pending[version] {
                Some(bytes) => now[at..at + SECTOR].copy_from_slice(&bytes[at..at + SECTOR]),
                None => now[at..at + SECTOR].fill(0),
            }
        }
        self.before = std::mem::replace(&mut self.device, bytes_of(now));
    }
}

/// The pages that bytes at `offset` fall on: number, where in it, which part.
fn pages_of(offset: u64, bytes: &[u8]) -> impl Iterator<Item = (u64, usize, &[u8])> {
    let (mut place, mut rest) = (offset, bytes);
    std::iter::from_fn(move || {
        let at = usize::try_from(place % long(PAGE)).expect("in a page");
        let (part, behind) = rest.split_at(rest.len().min(PAGE - at));
        let number = place / long(PAGE);
        place += long(part.len());
        rest = behind;
        (!part.is_empty()).then_some((number, at, part))
    })
}

fn whole(bytes: &Bytes) -> Box<[u8; PAGE]> {
    bytes.clone().unwrap_or_else(|| Box::new([0; PAGE]))
}

fn bytes_of(page: Box<[u8; PAGE]>) -> Bytes {
    (*page != ZEROS).then_some(page)
}

fn long(length: usize) -> u64 {
    u64::try_from(length).expect("64-bit machine")
}
