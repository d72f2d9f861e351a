//! How fast a standby catches up, of what was seen in the last seconds. Must not know which side it is.

use std::collections::VecDeque;
use std::time::Duration;

use journal::ship::sender::CatchUp;
use switch_core::time::Time;

use crate::node_requests;

/// Between two samples, and how many are kept.
const BETWEEN: Duration = Duration::from_millis(500);
const SAMPLES: usize = 10;

/// What was seen.
#[derive(Default)]
pub(super) struct Progress {
    /// Of a checkpoint bytes, of a log positions.
    samples: VecDeque<(Time, u64)>,
    is_snapshot: bool,
}

impl Progress {
    /// How far it is now, for those that look.
    pub(super) fn seen(
        &mut self,
        now: Time,
        catch_up: Option<CatchUp>,
    ) -> Option<node_requests::CatchUp> {
        let Some(CatchUp { from, position, target, snapshot }) = catch_up else {
            self.samples.clear();
            return None;
        };
        let at = snapshot.map_or(position.0, |(_, there)| there);
        let goes_back = self.samples.back().is_some_and(|&(_, before)| at < before);
        if self.is_snapshot != snapshot.is_some() || goes_back {
            self.samples.clear();
            self.is_snapshot = snapshot.is_some();
        }
        if self.samples.back().is_none_or(|&(last, _)| now.since(last) >= BETWEEN) {
            if self.samples.len() == SAMPLES {
                self.samples.pop_front();
            }
            self.samples.push_back((now, at));
        }
        let rate = self.samples.front().map_or(0, |&(since, before)| {
            let nanos = now.since(since).as_nanos().max(1);
            let grown = u128::from(at - before) * 1_000_000_000;
            u64::try_from(grown / nanos).unwrap_or(u64::MAX)
        });
        let of = |is_wanted| if is_wanted { rate } else { 0 };
        Some(node_requests::CatchUp {
            from: from.0,
            position: position.0,
            target: target.0,
            records_per_s: of(snapshot.is_none()),
            snapshot,
            bytes_per_s: of(snapshot.is_some()),
        })
    }
}

#[cfg(test)]
mod tests {
    use journal::format::Position;

    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_seconds_and_begins_anew_with_the_log() {
        let mut progress = Progress::default();
        assert_eq!(progress.seen(Time(0), None), None);
        let log = |position| CatchUp {
            from: Position(0),
            position: Position(position),
            target: Position(100_000),
            snapshot: None,
        };
        let piece = |there| CatchUp { snapshot: Some((9_000, there)), ..log(0) };
        let at = |seconds| Time(0) + Duration::from_secs(seconds);
        let bytes = [0, 100, 200].map(|there| {
            let shown = progress.seen(at(there / 100), Some(piece(there))).unwrap();
            (shown.snapshot, shown.bytes_per_s, shown.records_per_s)
        });
        assert_eq!(bytes[2], (Some((9_000, 200)), 100, 0));
        let records = (0..20_u64).map(|second| {
            // Slow at first, and twice as fast for the last ten seconds.
            let position = second * 10 + second.saturating_sub(8) * 10;
            progress.seen(at(10 + second), Some(log(position))).unwrap().records_per_s
        });
        let records: Vec<_> = records.collect();
        assert_eq!((records[0], records[5], records[19]), (0, 10, 20));
    }
}
