//! Where a card goes: prefixes and ranges of prefixes, the longest wins. Knows no station's state.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::ids::{RouteId, StationId};

/// A route as configured.
#[derive(Clone, Debug)]
pub struct RouteSettings {
    /// A prefix of one to nineteen digits, or a range of prefixes of one length, `353011-353099`.
    pub pan: String,
    /// Issuers, in order of preference; at least one.
    pub to: Vec<StationId>,
}

/// Why a routing table can not be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoutingError {
    /// Not a prefix or a range of prefixes of one length, the first not above the last.
    Prefix(usize),
    /// No issuer named, or more than 16.
    Issuers(usize),
    /// Two routes for the same cards at the same length.
    Overlap(usize, usize),
    /// More than [`ROUTES_MAX`] routes.
    TooMany,
}

/// The most issuers that one route may name.
pub const ISSUERS_MAX: usize = 16;
/// The most routes: sixteen million.
pub const ROUTES_MAX: usize = 1 << 24;

/// Digits that the first step of a search looks at, and how many numbers they make.
const INDEXED: u32 = 6;
const BUCKETS: usize = 10_usize.pow(INDEXED);
/// One more than the largest PAN of nineteen digits.
const END: u64 = 10_u64.pow(19);
/// PANs that share their first six digits.
const BUCKET: u64 = 10_u64.pow(19 - INDEXED);

/// The table: all PANs, filled up with zeros to nineteen digits, cut into intervals that share a
/// route. A search reads one of a million cells, by six digits (8 MB); where several intervals share
/// them, it goes on among those few. So its time does not grow with the number of routes: what is
/// far from the processor is touched once for most cards, twice for those of longer prefixes.
#[derive(Debug)]
pub struct Routes {
    /// For each six digits, where they lead; empty without routes.
    index: Vec<Cell>,
    /// The intervals of six digits that are cut further, ascending.
    within: Vec<Interval>,
    /// The lists of issuers that routes have; most share a few.
    lists: Vec<Vec<StationId>>,
    /// How many routes there are.
    len: usize,
}

/// What a search has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// The route.
    pub route: RouteId,
    /// Its list of issuers.
    list: u32,
}

impl Routes {
    /// Builds the table.
    pub fn new(routes: &[RouteSettings]) -> Result<Self, RoutingError> {
        for (place, route) in routes.iter().enumerate() {
            if route.to.is_empty() || route.to.len() > ISSUERS_MAX {
                return Err(RoutingError::Issuers(place));
            }
            if place >= ROUTES_MAX {
                return Err(RoutingError::TooMany);
            }
        }
        let spans = spans(routes)?;
        if let Some(&(first, second)) = overlapping(&spans).first() {
            return Err(RoutingError::Overlap(first, second));
        }
        let (lists, list_of) = lists(routes);
        let intervals = flatten(&spans, &list_of);
        let mut table = Self { index: Vec::new(), within: Vec::new(), lists, len: routes.len() };
        if !routes.is_empty() {
            table.fill(&intervals);
        }
        Ok(table)
    }

    /// Writes a cell for each six digits.
    fn fill(&mut self, intervals: &[Interval]) {
        self.index.reserve_exact(BUCKETS);
        let (mut place, mut start) = (0, 0);
        while self.index.len() < BUCKETS {
            let end = start + BUCKET;
            let holds = intervals[place];
            let inside = intervals[place + 1..].iter().take_while(|next| next.start < end).count();
            // The first of them may begin with the bucket, and is then the only one that holds.
            place += inside;
            if inside == 0 || (inside == 1 && intervals[place].start == start) {
                self.index.push(intervals[place].cell);
            } else {
                let first = self.within.len();
                self.within.push(holds);
                self.within.extend_from_slice(&intervals[place + 1 - inside..=place]);
                self.index.push(Cell::several(first, inside + 1));
            }
            start = end;
        }
    }

    /// Where a PAN of `digits` digits leads, given as a number filled up with zeros to nineteen
    /// (see [`padded`]); none leads nowhere (908). What is shorter than a prefix has no such prefix.
    #[inline]
    pub fn find(&self, padded: u64, digits: usize) -> Option<Way> {
        let mut cell = *self.index.get(usize::try_from(padded / BUCKET).ok()?)?;
        if let Some((first, count)) = cell.intervals() {
            let among = &self.within[first..first + count];
            let place = among.partition_point(|interval| interval.start <= padded).max(1) - 1;
            cell = among[place].cell;
        }
        cell.way(digits)
    }

    /// Looks at the cells of some PANs, without waiting for one before the next.
    pub fn approach(&self, padded: &[u64]) {
        let bucket = |padded| usize::try_from(padded / BUCKET).ok();
        let cells = padded.iter().filter_map(|&padded| self.index.get(bucket(padded)?));
        core::hint::black_box(cells.fold(0, |all, cell| all ^ cell.0));
    }

    /// The issuers that a way leads to, in order.
    #[inline]
    pub fn issuers(&self, way: Way) -> &[StationId] {
        &self.lists[way.list as usize]
    }

    /// The different lists of issuers that routes have.
    pub fn lists(&self) -> impl Iterator<Item = &[StationId]> {
        self.lists.iter().map(Vec::as_slice)
    }

    /// How many routes there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no route at all.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// PANs from `start` up to the next interval.
#[derive(Clone, Copy, Debug)]
struct Interval {
    start: u64,
    cell: Cell,
}

/// Where some PANs lead, in eight bytes: nowhere; or to a route, with its list of issuers and the
/// digits of its prefix; or to several intervals, with the first of them and their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cell(u64);

/// Bits of a cell: 32 of the route or the first interval, 26 of the list or the number of
/// intervals, 6 of the digits. No digits: several intervals. More than a card has: nowhere.
const LOW: u64 = (1 << 32) - 1;
const MIDDLE: u64 = ROUTES_MAX as u64 * 4 - 1;
const DIGITS_SHIFT: u32 = 58;

impl Cell {
    const NOWHERE: Self = Self(u64::MAX);

    fn route(route: usize, list: u32, digits: usize) -> Self {
        Self(wide(route) | u64::from(list) << 32 | wide(digits) << DIGITS_SHIFT)
    }

    fn several(first: usize, count: usize) -> Self {
        assert!(wide(first) <= LOW && wide(count) <= MIDDLE, "two intervals a route and one");
        Self(wide(first) | wide(count) << 32)
    }

    #[inline]
    fn low(self) -> u32 {
        u32::try_from(self.0 & LOW).expect("32 bits")
    }

    #[inline]
    fn middle(self) -> u32 {
        u32::try_from((self.0 >> 32) & MIDDLE).expect("26 bits")
    }

    #[inline]
    fn intervals(self) -> Option<(usize, usize)> {
        let several = self.0 >> DIGITS_SHIFT == 0;
        several.then(|| (self.low() as usize, self.middle() as usize))
    }

    #[inline]
    fn way(self, digits: usize) -> Option<Way> {
        let leads = self.0 >> DIGITS_SHIFT <= wide(digits);
        leads.then(|| Way { route: RouteId(self.low()), list: self.middle() })
    }
}

#[inline]
fn wide(number: usize) -> u64 {
    u64::try_from(number).expect("at most 64 bits")
}

/// The different lists of issuers, and which of them each route has.
fn lists(routes: &[RouteSettings]) -> (Vec<Vec<StationId>>, Vec<u32>) {
    let mut numbers = BTreeMap::new();
    let mut lists = Vec::new();
    let of_route = routes.iter().map(|route| {
        *numbers.entry(&route.to).or_insert_with(|| {
            lists.push(route.to.clone());
            u32::try_from(lists.len() - 1).expect("no more than routes")
        })
    });
    let of_route = of_route.collect();
    (lists, of_route)
}

/// A PAN of `digits` digits, filled up with zeros to nineteen; none when it is longer.
#[inline]
pub fn padded(pan: u64, digits: usize) -> Option<u64> {
    const TENS: [u64; 20] = {
        let mut tens = [1_u64; 20];
        let mut power = 1;
        while power < 20 {
            tens[power] = tens[power - 1] * 10;
            power += 1;
        }
        tens
    };
    pan.checked_mul(TENS[19_usize.checked_sub(digits)?]).filter(|&padded| padded < END)
}

/// The PANs of one route, as an interval of nineteen-digit numbers.
#[derive(Clone, Copy)]
struct Span {
    digits: usize,
    first: u64,
    end: u64,
    place: usize,
}

fn span(text: &str, place: usize) -> Option<Span> {
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    let digits = low.len();
    let number = |text: &str| {
        let whole = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
        if whole && (1..=19).contains(&digits) { text.parse::<u64>().ok() } else { None }
    };
    let (low, high) = (number(low)?, number(high)?);
    if low > high {
        return None;
    }
    let end = padded(high, digits)? + 10_u64.pow(u32::try_from(19 - digits).ok()?);
    Some(Span { digits, first: padded(low, digits)?, end, place })
}

/// All spans, wide before narrow: a longer prefix is entered later and lies on top.
fn spans(routes: &[RouteSettings]) -> Result<Vec<Span>, RoutingError> {
    let each = routes.iter().enumerate();
    let each =
        each.map(|(place, route)| span(&route.pan, place).ok_or(RoutingError::Prefix(place)));
    let mut spans: Vec<Span> = each.collect::<Result<_, _>>()?;
    spans.sort_by_key(|span| (span.digits, span.first));
    Ok(spans)
}

/// Every overlap of a table, as the places of the route that stays and of the later one that must
/// go, so that what is left has none.
pub fn overlaps(routes: &[RouteSettings]) -> Result<Vec<(usize, usize)>, RoutingError> {
    spans(routes).map(|spans| overlapping(&spans))
}

fn overlapping(spans: &[Span]) -> Vec<(usize, usize)> {
    let mut overlaps = Vec::new();
    let mut last: Option<&Span> = None;
    for span in spans {
        let kept = last.filter(|kept| kept.digits == span.digits && span.first < kept.end);
        if let Some(kept) = kept {
            overlaps.push((kept.place.min(span.place), kept.place.max(span.place)));
        }
        // Those before the one that stays end before it begins, so nothing else overlaps it.
        last = kept.filter(|kept| kept.place < span.place).or(Some(span));
    }
    overlaps
}

/// Cuts nested spans, wide ones first, into intervals that each have one route.
fn flatten(spans: &[Span], list_of: &[u32]) -> Vec<Interval> {
    let mut edges: Vec<u64> = spans.iter().flat_map(|span| [span.first, span.end]).collect();
    edges.push(0);
    edges.sort_unstable();
    edges.dedup();
    edges.retain(|&edge| edge < END);
    // A sweep: at each edge the narrowest open span holds. Spans nest by digits, so the open one
    // with the most digits is the narrowest; there is at most one open span of each length.
    let mut by_start: Vec<&Span> = spans.iter().collect();
    by_start.sort_by_key(|span| span.first);
    let mut open: [Option<&Span>; 20] = [None; 20];
    let (mut next, mut intervals) = (0, Vec::<Interval>::new());
    for start in edges {
        while let Some(span) = by_start.get(next).filter(|span| span.first <= start) {
            open[span.digits] = Some(span);
            next += 1;
        }
        let holds =
            open.iter().rev().flatten().find(|span| span.first <= start && start < span.end);
        let cell = holds.map_or(Cell::NOWHERE, |span| {
            Cell::route(span.place, list_of[span.place], span.digits)
        });
        if intervals.last().is_none_or(|last| last.cell != cell) {
            intervals.push(Interval { start, cell });
        }
    }
    intervals
}

#[cfg(test)]
mod tests;
