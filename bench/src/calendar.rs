//! Seconds to the dates of ISO 8583. Must not know which clock they come from.

/// Japan has had one offset, and no summer time, since 1951.
const JAPAN_SECONDS: u64 = 9 * 3600;

const DAY_SECONDS: u64 = 86_400;

/// DE 7, `MMDDhhmmss` in UTC, of a moment in seconds since 1970.
pub(crate) fn transmission(unix_seconds: u64) -> [u8; 10] {
    let mut digits = [0; 10];
    digits.copy_from_slice(&written(unix_seconds)[2..]);
    digits
}

/// `YYMMDDhhmmss` where the terminal stands (Japan), of a moment in seconds since 1970: DE 12 of 1993;
/// in 1987 DE 13 is its third to sixth digit and DE 12 its last six.
pub(crate) fn local(unix_seconds: u64) -> [u8; 12] {
    written(unix_seconds + JAPAN_SECONDS)
}

fn written(seconds: u64) -> [u8; 12] {
    let (year, month, day) = date(seconds / DAY_SECONDS);
    let time = seconds % DAY_SECONDS;
    let parts = [year % 100, month, day, time / 3600, time / 60 % 60, time % 60];
    let mut digits = [0; 12];
    for (place, part) in digits.chunks_exact_mut(2).zip(parts) {
        crate::figures::write_decimal(place, part);
    }
    digits
}

/// Year, month and day of a count of days since 1970, by the 400-year cycle of the calendar that
/// begins on the first of March, so that the leap day is the last day of its year.
fn date(days: u64) -> (u64, u64, u64) {
    const CYCLE: u64 = 146_097;
    let days = days + 719_468;
    let in_cycle = days % CYCLE;
    let year_of_cycle =
        (in_cycle - in_cycle / 1_460 + in_cycle / 36_524 - in_cycle / 146_096) / 365;
    let in_year = in_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    let march_month = (5 * in_year + 2) / 153;
    let day = in_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_cycle + days / CYCLE * 400 + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sale_of_the_field_reference_has_its_two_times() {
        let moment = 1_795_238_430; // 2026-11-21 05:20:30 UTC
        assert_eq!(&transmission(moment), b"1121052030");
        assert_eq!(&local(moment), b"261121142030");
    }

    #[test]
    fn leap_days_and_year_ends_are_where_the_calendar_has_them() {
        for (days, expected) in [
            (0, (1970, 1, 1)),
            (58, (1970, 2, 28)),
            (59, (1970, 3, 1)),
            (11_016, (2000, 2, 29)),
            (19_782, (2024, 2, 29)),
            (20_819, (2027, 1, 1)),
            (20_818, (2026, 12, 31)),
            (47_540, (2100, 2, 28)),
            (47_541, (2100, 3, 1)),
        ] {
            assert_eq!(date(days), expected, "day {days}");
        }
    }

    #[test]
    fn midnight_in_japan_comes_nine_hours_before_midnight_utc() {
        assert_eq!(&local(15 * 3600 - 1), b"700101235959");
        assert_eq!(&local(15 * 3600), b"700102000000");
        assert_eq!(&transmission(15 * 3600), b"0101150000");
    }
}
