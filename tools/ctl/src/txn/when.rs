//! Times as an operator types them, as seconds since 1970 UTC. Reads no clock.

/// `2026-11-21`, `2026-11-21T05:20`, `2026-11-21T05:20:30`, with or without a `Z`; always UTC.
pub(super) fn utc(text: &str) -> Result<u64, String> {
    let wrong = || "not a time; write 2026-11-21T05:20:30Z, or less of it".to_owned();
    let text = text.strip_suffix('Z').unwrap_or(text);
    let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, "00:00"));
    let date = numbers(date, '-', &[4, 2, 2]).ok_or_else(wrong)?;
    let time = numbers(time, ':', &[2, 2, 2][..if time.len() > 5 { 3 } else { 2 }]);
    let (&[year, month, day], Some(time)) = (&date[..], time) else { return Err(wrong()) };
    let (hour, minute) = (time[0], time[1]);
    let second = time.get(2).copied().unwrap_or(0);
    let fits = (1970..=2099).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !fits {
        return Err(wrong());
    }
    let years: u64 = (1970..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum();
    let months: u64 = (1..month).map(|month| days_in(year, month)).sum();
    Ok(((years + months + day - 1) * 24 + hour) * 3_600 + minute * 60 + second)
}

/// Numbers of so many digits each, with this between them.
fn numbers(text: &str, between: char, widths: &[usize]) -> Option<Vec<u64>> {
    let parts: Vec<&str> = text.split(between).collect();
    let fits = parts.len() == widths.len()
        && parts.iter().zip(widths).all(|(part, width)| {
            part.len() == *width && part.bytes().all(|byte| byte.is_ascii_digit())
        });
    fits.then(|| parts.iter().map(|part| part.parse().ok()).collect())?
}

fn days_in(year: u64, month: u64) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_it_is_shown_and_less_of_it_too() {
        assert_eq!(utc("2026-11-21T05:20:30Z"), Ok(1_795_238_430));
        assert_eq!(utc("2026-11-21 05:20:30"), Ok(1_795_238_430));
        assert_eq!(utc("2026-11-21T05:20"), Ok(1_795_238_400));
        assert_eq!(utc("2026-11-21"), Ok(1_795_219_200));
        assert_eq!(utc("1970-01-01"), Ok(0));
        assert_eq!(utc("2024-02-29"), Ok(1_709_164_800));
        assert_eq!(utc("2000-03-01"), Ok(951_868_800));
    }

    #[test]
    fn what_is_no_time_is_said_to_be_none() {
        for text in [
            "",
            "now",
            "2026",
            "2026-13-01",
            "2026-02-29",
            "2026-11-21T24:00",
            "2026-11-21T05",
            "2026-11-21T05:20:61",
            "26-11-21",
            "2026-11-21T5:20",
            "1969-12-31",
            "2026-11-21T05:20:30:1",
        ] {
            assert!(utc(text).is_err(), "{text}");
        }
    }
}
