//! So many lines a second of one kind, then a count of those left out. A pure function of the time
//! it is given; knows no line.

use std::collections::BTreeMap;
use std::time::Duration;

use switch_core::time::Time;

const WINDOW: Duration = Duration::from_secs(1);

/// What to do with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Write it.
    Say,
    /// Leave it out; it was counted.
    Keep,
}

/// Limits lines by kind. Bounded: beyond `kinds_max` kinds in one second, further ones share one
/// place.
#[derive(Debug)]
pub struct Rate<K> {
    each_second: u32,
    kinds_max: usize,
    /// `None` is the place shared by the kinds that had no room.
    windows: BTreeMap<Option<K>, Window>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    until: Time,
    said: u32,
    kept: u64,
}

impl<K: Ord + Clone> Rate<K> {
    /// At most so many lines a second of each kind, for so many kinds.
    pub fn new(each_second: u32, kinds_max: usize) -> Self {
        Self { each_second, kinds_max, windows: BTreeMap::new() }
    }

    /// A line of this kind has come up: say it or not.
    pub fn handle_line(&mut self, kind: &K, now: Time) -> Said {
        let mut key = Some(kind.clone());
        if !self.windows.contains_key(&key) && self.windows.len() >= self.kinds_max {
            self.windows.retain(|_, window| window.until > now || window.kept > 0);
            if self.windows.len() >= self.kinds_max {
                key = None;
            }
        }
        let fresh = Window { until: now + WINDOW, said: 0, kept: 0 };
        let window = self.windows.entry(key).or_insert(fresh);
        if window.until <= now && window.kept == 0 {
            *window = fresh;
        }
        // A window that is over and still owes its summary keeps quiet until that is taken.
        if window.said < self.each_second && window.until > now {
            window.said += 1;
            Said::Say
        } else {
            window.kept += 1;
            Said::Keep
        }
    }

    /// The next summary that is due: a kind, and how many lines of it were left out since the last
    /// one. `None` as kind stands for the kinds that had no place of their own.
    pub fn poll_summary(&mut self, now: Time) -> Option<(Option<K>, u64)> {
        let due = self.windows.iter().find(|(_, window)| window.until <= now && window.kept > 0);
        let (kind, kept) = due.map(|(kind, window)| (kind.clone(), window.kept))?;
        self.windows.remove(&kind);
        Some((kind, kept))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> Time {
        Time(milliseconds * 1_000_000)
    }

    #[test]
    fn so_many_lines_a_second_are_said_and_the_rest_is_counted() {
        let mut rate = Rate::new(2, 8);
        let said: Vec<Said> = (0..5).map(|n| rate.handle_line(&"bad frame", at(n))).collect();
        assert_eq!(said, [Said::Say, Said::Say, Said::Keep, Said::Keep, Said::Keep]);
        assert_eq!(rate.poll_summary(at(999)), None);
        assert_eq!(rate.poll_summary(at(1_000)), Some((Some("bad frame"), 3)));
        assert_eq!(rate.poll_summary(at(1_000)), None);
        assert_eq!(rate.handle_line(&"bad frame", at(1_001)), Said::Say);
    }

    #[test]
    fn kinds_do_not_take_each_others_lines() {
        let mut rate = Rate::new(1, 8);
        assert_eq!(rate.handle_line(&1, at(0)), Said::Say);
        assert_eq!(rate.handle_line(&2, at(0)), Said::Say);
        assert_eq!(rate.handle_line(&1, at(0)), Said::Keep);
    }

    #[test]
    fn a_quiet_second_starts_afresh_without_a_summary() {
        let mut rate = Rate::new(1, 8);
        assert_eq!(rate.handle_line(&1, at(0)), Said::Say);
        assert_eq!(rate.handle_line(&1, at(1_000)), Said::Say);
        assert_eq!(rate.poll_summary(at(5_000)), None);
    }

    #[test]
    fn a_line_before_a_late_summary_is_counted_into_it() {
        let mut rate = Rate::new(1, 8);
        let said = [0, 1, 1_500].map(|time| rate.handle_line(&1, at(time)));
        assert_eq!(said, [Said::Say, Said::Keep, Said::Keep]);
        assert_eq!(rate.poll_summary(at(1_500)), Some((Some(1), 2)));
    }

    #[test]
    fn kinds_beyond_the_bound_share_one_place() {
        let mut rate = Rate::new(1, 2);
        let said = [1, 2, 3, 4].map(|kind| rate.handle_line(&kind, at(0)));
        assert_eq!(said, [Said::Say, Said::Say, Said::Say, Said::Keep]);
        assert_eq!(rate.poll_summary(at(1_000)), Some((None, 1)));
        assert_eq!(rate.handle_line(&5, at(1_001)), Said::Say, "old kinds made room");
        assert!(rate.windows.len() <= 3);
    }
}
