//! Where a card goes: prefixes and ranges of prefixes, the longest wins. Knows no station's state.

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
}

/// The most issuers that one route may name.
pub const ISSUERS_MAX: usize = 16;

/// Digits that the first step of a search looks at.
const INDEXED: u32 = 6;
/// Where no route leads.
const NOWHERE: u32 = u32::MAX;
/// One more than the largest PAN of nineteen digits.
const END: u64 = 10_u64.pow(19);
/// PANs that share their first six digits.
const BUCKET: u64 = 10_u64.pow(19 - INDEXED);

/// The table: all PANs, filled up with zeros to nineteen digits, cut into intervals that share a
/// route. A search looks at six digits first (4 MB, one read) and then among the few intervals
/// that share them, so its time does not grow with the number of routes.
#[derive(Debug)]
pub struct Routes {
    /// First PAN of each interval, ascending; the first is 0.
    starts: Vec<u64>,
    /// The route of each interval.
    targets: Vec<u32>,
    /// For each six digits, the interval in which their first PAN lies; empty without routes.
    index: Vec<u32>,
    /// The issuers of each route, and the digits of its prefix.
    to: Vec<(Vec<StationId>, usize)>,
}

impl Routes {
    /// Builds the table.
    pub fn new(routes: &[RouteSettings]) -> Result<Self, RoutingError> {
        let mut spans = Vec::with_capacity(routes.len());
        for (place, route) in routes.iter().enumerate() {
            if route.to.is_empty() || route.to.len() > ISSUERS_MAX {
                return Err(RoutingError::Issuers(place));
            }
            spans.push(span(&route.pan, place).ok_or(RoutingError::Prefix(place))?);
        }
        // Wide before narrow: a longer prefix is entered later and lies on top.
        spans.sort_by_key(|span| (span.digits, span.first));
        for pair in spans.windows(2) {
            if pair[0].digits == pair[1].digits && pair[1].first < pair[0].end {
                let (a, b) = (pair[0].place, pair[1].place);
                return Err(RoutingError::Overlap(a.min(b), a.max(b)));
            }
        }
        let (starts, targets) = flatten(&spans);
        let index = if routes.is_empty() { Vec::new() } else { index(&starts) };
        Ok(Self { starts, targets, index, to: routes.iter().map(issuers).collect() })
    }

    /// The route of a PAN of `digits` digits, given as a number filled up with zeros to nineteen
    /// (see [`padded`]); none leads nowhere (908). What is shorter than a prefix has no such prefix.
    #[inline]
    pub fn find(&self, padded: u64, digits: usize) -> Option<RouteId> {
        let bucket = usize::try_from(padded / BUCKET).ok()?;
        let from = *self.index.get(bucket)? as usize;
        let to = self.index.get(bucket + 1).map_or(self.starts.len() - 1, |&next| next as usize);
        let within = &self.starts[from..=to];
        let place = from + within.partition_point(|&start| start <= padded).max(1) - 1;
        let route = self.targets[place];
        let prefix = self.to.get(usize::try_from(route).ok()?)?.1;
        (prefix <= digits).then_some(RouteId(route))
    }

    /// The issuers of a route, in order.
    #[inline]
    pub fn issuers(&self, route: RouteId) -> &[StationId] {
        &self.to[route.index()].0
    }

    /// How many routes there are.
    pub fn len(&self) -> usize {
        self.to.len()
    }

    /// Whether there is no route at all.
    pub fn is_empty(&self) -> bool {
        self.to.is_empty()
    }
}

/// A route's issuers, and the digits of its prefix.
fn issuers(route: &RouteSettings) -> (Vec<StationId>, usize) {
    (route.to.clone(), route.pan.split('-').next().unwrap_or_default().len())
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

/// Cuts nested spans, wide ones first, into intervals that each have one route.
fn flatten(spans: &[Span]) -> (Vec<u64>, Vec<u32>) {
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
    let (mut next, mut starts, mut targets) = (0, Vec::new(), Vec::new());
    for edge in edges {
        while let Some(span) = by_start.get(next).filter(|span| span.first <= edge) {
            open[span.digits] = Some(span);
            next += 1;
        }
        let holds = open.iter().rev().flatten().find(|span| span.first <= edge && edge < span.end);
        let target =
            holds.map_or(NOWHERE, |span| u32::try_from(span.place).expect("routes are counted"));
        if targets.last() != Some(&target) {
            starts.push(edge);
            targets.push(target);
        }
    }
    (starts, targets)
}

fn index(starts: &[u64]) -> Vec<u32> {
    let mut index = Vec::with_capacity(1_000_000);
    let mut place = 0_usize;
    for bucket in 0..10_u64.pow(INDEXED) {
        while starts.get(place + 1).is_some_and(|&start| start <= bucket * BUCKET) {
            place += 1;
        }
        index.push(u32::try_from(place).expect("intervals are counted"));
    }
    index
}

#[cfg(test)]
mod tests;
