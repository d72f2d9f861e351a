//! Durations and sizes with their units, read and shown. Knows no key.

use std::time::Duration;

/// Units of time in nanoseconds, small before large.
const TIMES: [(&str, u64); 6] = [
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

/// Units of size in bytes, small before large.
const SIZES: [(&str, u64); 4] = [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

/// Reads "250ms".
///
/// # Errors
/// What is wrong with it.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    read(text, &TIMES, "10s").map(Duration::from_nanos)
}

/// Reads "64MiB", in bytes.
///
/// # Errors
/// What is wrong with it.
pub(super) fn size(text: &str) -> Result<u64, String> {
    read(text, &SIZES, "64MiB")
}

/// A duration in the largest unit that holds it whole.
pub(super) fn show_duration(duration: Duration) -> String {
    show(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX), &TIMES, "0s")
}

/// A size in the largest unit that holds it whole.
pub(super) fn show_size(bytes: u64) -> String {
    show(bytes, &SIZES, "0B")
}

fn read(text: &str, units: &[(&str, u64)], example: &str) -> Result<u64, String> {
    let names = units.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits).unwrap_or((text, ""));
    if number.is_empty() || !unit.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Err(format!(
            "\"{text}\" is not a whole number with a unit; write it like \"{example}\" ({names})"
        ));
    }
    let Some((_, scale)) = units.iter().find(|(name, _)| *name == unit) else {
        return Err(match unit {
            "" => format!("\"{text}\" has no unit; write it like \"{example}\" ({names})"),
            unit => format!("\"{unit}\" is no unit here; one of {names}"),
        });
    };
    let scaled = number.parse::<u64>().ok().and_then(|number| number.checked_mul(*scale));
    scaled.ok_or_else(|| format!("\"{text}\" is too large"))
}

fn show(amount: u64, units: &[(&str, u64)], zero: &str) -> String {
    if amount == 0 {
        return zero.into();
    }
    let whole = units.iter().rev().find(|(_, scale)| amount.is_multiple_of(*scale));
    whole.map_or_else(|| format!("{amount}ns"), |(name, scale)| format!("{}{name}", amount / scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_a_unit_are_a_duration_or_a_size() {
        for (text, duration_is) in [
            ("250us", Duration::from_micros(250)),
            ("250ms", Duration::from_millis(250)),
            ("10s", Duration::from_secs(10)),
            ("2m", Duration::from_mins(2)),
            ("1h", Duration::from_hours(1)),
            ("35d", Duration::from_hours(24 * 35)),
        ] {
            assert_eq!(duration(text), Ok(duration_is));
            assert_eq!(show_duration(duration_is), text);
        }
        for (text, bytes) in [("1B", 1), ("8KiB", 8_192), ("64MiB", 67_108_864)] {
            assert_eq!(size(text), Ok(bytes));
            assert_eq!(show_size(bytes), text);
        }
        assert_eq!((show_duration(Duration::ZERO), show_size(0)), ("0s".into(), "0B".into()));
        assert_eq!(show_duration(Duration::from_nanos(1)), "1ns");
    }

    #[test]
    fn what_is_not_a_number_with_a_unit_says_so() {
        let message = |text| duration(text).unwrap_err();
        assert!(message("10").contains("has no unit"));
        assert!(message("1.5s").contains("not a whole number"));
        assert!(message("").contains("not a whole number"));
        assert!(message("-1s").contains("not a whole number"));
        assert!(message("10 s").contains("not a whole number"));
        assert!(message("10sec").contains("no unit here; one of us, ms, s, m, h, d"));
        assert!(message("99999999999999999999s").contains("too large"));
        assert!(message("18446744073709551615d").contains("too large"));
        assert!(size("64MB").unwrap_err().contains("no unit here; one of B, KiB, MiB, GiB"));
    }
}
