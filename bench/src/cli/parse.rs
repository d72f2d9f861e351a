//! Arguments to values. Must not know which subcommand they are of.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::Path;
use std::time::Duration;

use codec::{Dialect, Framing, Mti};
use codec_specs::OpenError;

use crate::issuer::ActionCode;

/// `HOST:PORT`.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let mut addresses = text.to_socket_addrs().map_err(|error| error.to_string())?;
    addresses.next().ok_or_else(|| "no such host".to_owned())
}

/// The name of a built-in dialect, or of a file with one.
pub(super) fn dialect(name: &str) -> Result<&'static Dialect, String> {
    if let Some(built_in) = codec::built_in(name) {
        return Ok(built_in);
    }
    match codec_specs::open(name, Path::new("")) {
        // An argument is there as long as the program.
        Ok(spec) => Ok(Box::leak(Box::new(spec.dialect))),
        Err(OpenError::Unknown(message)) => Err(message),
        Err(OpenError::File(mistakes)) => Err(format!("it is no dialect:\n{mistakes}")),
    }
}

/// The name of a built-in dialect, as a name: for programs that are started with it.
pub(super) fn built_in(name: &str) -> Result<String, String> {
    codec::built_in(name).map(|dialect| dialect.name().to_owned()).ok_or_else(|| {
        let names: Vec<_> = codec::built_ins().iter().map(|dialect| dialect.name()).collect();
        format!("built in are {}", names.join(", "))
    })
}

/// The name of a built-in framing.
pub(super) fn framing(name: &str) -> Result<Framing, String> {
    Framing::built_in(name).ok_or_else(|| format!("built in are {}", Framing::NAMES.join(", ")))
}

/// Seconds: `10`, `2.5`, `10s`; or `500ms`, `2m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|end: char| end.is_ascii_alphabetic());
    let unit = text.strip_prefix(digits).unwrap_or_default();
    let number: Duration = digits
        .parse::<f64>()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or("expected a number of seconds, such as 10, 2.5s, 500ms or 2m")?;
    match unit {
        "" | "s" => Ok(number),
        "ms" => Ok(number / 1000),
        "m" => number.checked_mul(60).ok_or_else(|| "too long".to_owned()),
        _ => Err("units are ms, s and m".to_owned()),
    }
}

/// Whole milliseconds, or a duration with its unit.
pub(super) fn milliseconds(text: &str) -> Result<Duration, String> {
    text.parse().map_or_else(|_| duration(text), |count| Ok(Duration::from_millis(count)))
}

/// A share in hundredths, `1`, `0.5` or `2%`: each how-manieth that is.
pub(super) fn share(text: &str) -> Result<u64, String> {
    let percent = text.strip_suffix('%').unwrap_or(text);
    // Hundredths read as seconds, so that thousandths of them are whole.
    let thousandths = duration(percent).ok().filter(|_| !percent.ends_with(char::is_alphabetic));
    let thousandths = thousandths.map_or(0, |share| share.as_millis());
    let every = 100_000_u128.checked_div(thousandths).filter(|every| *every >= 1);
    let every = every.and_then(|every| u64::try_from(every).ok());
    every.ok_or_else(|| "expected a share in hundredths, such as 1, 0.5 or 2%, up to 100".into())
}

/// 1100 or 1200; 0100 or 0200 of 1987.
pub(super) fn mti(text: &str) -> Result<Mti, String> {
    match text {
        "1100" => Ok(Mti::of(0x1100)),
        "1200" => Ok(Mti::of(0x1200)),
        "0100" => Ok(Mti::of(0x0100)),
        "0200" => Ok(Mti::of(0x0200)),
        _ => Err("expected 1100 or 1200, or of 1987 0100 or 0200".to_owned()),
    }
}

/// The digits of a card number (DE 2). The message never has them.
pub(super) fn pan(text: &str) -> Result<String, String> {
    digits(text, 19).ok_or_else(|| "expected 1 to 19 digits".to_owned())
}

/// The digits of an institution (DE 32).
pub(super) fn institution(text: &str) -> Result<String, String> {
    digits(text, 11).ok_or_else(|| "expected 1 to 11 digits".to_owned())
}

/// Three digits (DE 39), or two characters of 1987.
pub(super) fn action(text: &str) -> Result<ActionCode, String> {
    ActionCode::new(text).ok_or_else(|| {
        "expected three digits, such as 000 or 116, or two characters of 1987, such as 00 or 51"
            .to_owned()
    })
}

fn digits(text: &str, most: usize) -> Option<String> {
    let fits = (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_seconds_unless_they_say_otherwise() {
        for (text, milliseconds) in
            [("10", 10_000), ("2.5", 2_500), ("3s", 3_000), ("500ms", 500), ("2m", 120_000)]
        {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "s", "-1", "5h", "1e30", "NaN"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_share_is_each_how_manieth_it_comes_to() {
        for (text, every) in [("1", 100), ("1%", 100), ("0.5", 200), ("100", 1), ("33%", 3)] {
            assert_eq!(share(text), Ok(every), "{text}");
        }
        for text in ["", "0", "101", "1s", "%", "-1", "x"] {
            assert!(share(text).is_err(), "{text}");
        }
    }

    #[test]
    fn delays_are_milliseconds_unless_they_say_otherwise() {
        assert_eq!(milliseconds("250"), Ok(Duration::from_millis(250)));
        assert_eq!(milliseconds("2s"), Ok(Duration::from_secs(2)));
    }
}
