//! Times of the journal as people and programs read them (RFC 3339, UTC).
//! Reads no clock.

use switch_core::time::Stamp;

/// `2026-11-21T05:20:30Z` of a second since 1970, to the end of 2099.
pub(crate) fn second(utc: u64) -> String {
    format!("{}Z", date_and_time(utc))
}

/// `2026-11-21T05:20:30.123456Z` of nanoseconds since 1970, to the end of 2099.
pub(crate) fn instant(nanos: u64) -> String {
    format!("{}.{:06}Z", date_and_time(nanos / 1_000_000_000), nanos / 1_000 % 1_000_000)
}

fn date_and_time(utc: u64) -> String {
    // Twelve digits, the century apart.
    let digits = format!("{:012x}", Stamp::default().at(utc).local());
    let century = if utc < 946_684_800 { "19" } else { "20" };
    let pairs: Vec<&str> =
        digits.as_bytes().chunks(2).filter_map(|pair| std::str::from_utf8(pair).ok()).collect();
    let [year, month, day, hour, minute, second] = pairs[..] else {
        unreachable!("twelve digits are six pairs")
    };
    format!("{century}{year}-{month}-{day}T{hour}:{minute}:{second}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_in_the_form_that_programs_read() {
        assert_eq!(second(1_795_238_430), "2026-11-21T05:20:30Z");
        assert_eq!(instant(1_795_238_430_000_012_999), "2026-11-21T05:20:30.000012Z");
        assert_eq!(second(0), "1970-01-01T00:00:00Z");
        assert_eq!(
            [second(946_684_799), second(946_684_800)],
            ["1999-12-31T23:59:59Z", "2000-01-01T00:00:00Z"]
        );
    }
}
