//! Time as an argument: a point since boot, and the civil time that goes into DE 7 and DE 12.
//! Reads no clock.

use core::ops::Add;
use core::time::Duration;

/// A point of time: nanoseconds of `CLOCK_BOOTTIME`. Every deadline is one of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub u64);

impl Time {
    /// Later than any deadline.
    pub const NEVER: Self = Self(u64::MAX);

    /// The time from `earlier` to here; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Time {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanos))
    }
}

/// What the clocks showed at the start of a turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Time since boot, for every decision.
    pub boot: Time,
    /// Seconds since 1970-01-01 UTC, for dates in messages and for nothing else.
    pub utc: u64,
}

/// A second of civil time as packed decimal digits, ready for a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// The second that the digits stand for.
    utc: u64,
    /// `YYMMDDhhmmss`, twelve packed digits (DE 12 of 1993).
    digits: u64,
}

impl Stamp {
    /// The stamp of a second; the one given back when it is of that second already.
    #[must_use]
    pub fn at(self, utc: u64) -> Self {
        if self.digits != 0 && self.utc == utc { self } else { Self { utc, digits: civil(utc) } }
    }

    /// `MMDDhhmmss`, ten packed digits (DE 7).
    pub fn transmission(self) -> u64 {
        self.digits & 0xFF_FFFF_FFFF
    }

    /// `YYMMDDhhmmss`, twelve packed digits (DE 12 of 1993).
    pub fn local(self) -> u64 {
        self.digits
    }
}

/// `YYMMDDhhmmss` of a second since 1970 in the proleptic Gregorian calendar, packed.
fn civil(utc: u64) -> u64 {
    let (days, second) = (utc / 86_400, utc % 86_400);
    // Years are counted from 1 March, so that the leap day is the last of its year.
    let z = days + 719_468;
    let (era, day_of_era) = (z / 146_097, z % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    [year % 100, month, day, second / 3_600, second / 60 % 60, second % 60]
        .into_iter()
        .fold(0, |packed, two| (packed << 8) | ((two / 10) << 4) | (two % 10))
}

/// The packed decimal digits of a number, as in a message. At most 16 digits.
pub fn packed(mut number: u64) -> u64 {
    let (mut digits, mut shift) = (0, 0);
    while number > 0 && shift < 64 {
        digits |= (number % 10) << shift;
        number /= 10;
        shift += 4;
    }
    digits
}

/// The number that packed digits say.
pub fn number_of(digits: u64) -> u64 {
    (0..16).rev().fold(0, |number, place| number * 10 + (digits >> (4 * place) & 0xF))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_say_the_number_that_they_were_packed_from() {
        for number in [0, 9, 10, 2_500, 999_999_999_999, 9_999_999_999_999_999] {
            assert_eq!(number_of(packed(number)), number);
        }
    }

    #[test]
    fn a_second_is_stamped_as_its_civil_date() {
        // 2026-11-21 05:20:30 UTC, 2024-02-29 23:59:59 UTC, 2000-01-01 and 1970-01-01.
        assert_eq!(civil(1_795_238_430), 0x2611_2105_2030);
        assert_eq!(civil(1_709_251_199), 0x2402_2923_5959);
        assert_eq!(civil(946_684_800), 0x0001_0100_0000);
        assert_eq!(civil(0), 0x7001_0100_0000);
    }

    #[test]
    fn transmission_time_is_the_stamp_without_its_year() {
        let stamp = Stamp::default().at(1_795_238_430);
        assert_eq!(stamp.transmission(), 0x0011_2105_2030);
        assert_eq!(stamp.local(), 0x2611_2105_2030);
    }

    #[test]
    fn a_deadline_past_the_end_of_time_stays_at_the_end() {
        assert_eq!(Time(u64::MAX - 1) + Duration::from_secs(1), Time::NEVER);
        assert_eq!(Time(5).since(Time(9)), Duration::ZERO);
    }

    #[test]
    fn a_number_is_packed_digit_by_digit() {
        assert_eq!(packed(0), 0);
        assert_eq!(packed(900_001), 0x0090_0001);
    }
}
