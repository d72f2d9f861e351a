//! `framing`: how messages are cut from a station's byte stream, by name or described. Must not know
//! where the stream comes from.

use codec::{Affix, Framing, FramingError, Prefix};

use super::document::{Node, Table, Value};
use super::nearest::suggestion;
use super::section::Section;

/// The longest message that a frame may carry: with its framing it fits a worker's scratch buffer.
const FRAME_BYTES_MAX: u64 = 60 * 1024;
/// Framings that the product will have; those of them that are built in are offered.
const FRAMINGS: [&str; 7] = ["bin2", "bin2le", "bin4", "ascii4", "bcd2", "vml", "nac"];

/// The framing by its name, or as a table; with the longest message, `frame_max`.
pub(super) fn framing(section: &mut Section<'_, '_>) -> Option<(Framing, String)> {
    let frame_max = section.size("frame_max", 64..=FRAME_BYTES_MAX);
    let frame_max = usize::try_from(frame_max.unwrap_or(8 * 1_024)).ok()?;
    let Some(node) = section.find("framing") else {
        section.missing("framing", "framing = \"ascii4\", or \"bin2\", as the station has it");
        return None;
    };
    let (mut framing, name) = match &node.value {
        Value::Text(name) => (named(section, name, node)?, name.clone()),
        Value::Table(table) => described(section, table)?,
        other @ (Value::Number(_) | Value::Flag(_) | Value::List(_) | Value::Other(_)) => {
            let message = format!("is {} and must be a name in quotes, or a table", other.kind());
            section.fail("framing", &node.place, message);
            return None;
        }
    };
    framing.max = frame_max;
    let mut room = vec![0; framing.overhead()];
    if let Err(FramingError::TooLong { max, .. }) = framing.open(frame_max, &mut room) {
        let place = section.given("frame_max").map_or(&node.place, |given| &given.place);
        let message = format!(
            "messages of {frame_max} bytes do not fit: the length of {name} goes up to {max}; write \
             frame_max = {max} or less"
        );
        section.fail("frame_max", place, message);
        return None;
    }
    Some((framing, name))
}

fn built_in() -> impl Iterator<Item = &'static str> + Clone {
    FRAMINGS.into_iter().filter(|name| Framing::built_in(name).is_some())
}

fn named(section: &mut Section<'_, '_>, name: &str, node: &Node) -> Option<Framing> {
    let framing = Framing::built_in(name);
    if framing.is_none() {
        let hint = if FRAMINGS.contains(&name) {
            let names = built_in().collect::<Vec<_>>().join(", ");
            format!("is not built in yet; there is {names}, or a table: {{ prefix = \"bin2\" }}")
        } else {
            format!("is no framing; {}", suggestion(name, built_in()))
        };
        section.fail("framing", &node.place, format!("\"{name}\" {hint}"));
    }
    framing
}

/// `{ prefix = "bin2", length_includes_self = true, reserved = 2, header = "6000000000", trailer =
/// "03" }`, all but the first optional.
fn described(section: &mut Section<'_, '_>, table: &Table) -> Option<(Framing, String)> {
    let path = section.path_of("framing");
    let mut inner = Section::new(table, path, section.report);
    if inner.given("prefix").is_none() {
        inner.missing("prefix", "how the length is written: prefix = \"bin2\"");
    }
    let prefix = inner.text("prefix", "a name like bin2, bin2le, ascii4 or bcd2");
    let parsed = prefix.as_ref().and_then(|prefix| parse_prefix(prefix.value));
    if let Some(prefix) = prefix.as_ref().filter(|_| parsed.is_none()) {
        let message = format!(
            "\"{}\" is no prefix; there is bin1 to bin4, bin2le to bin4le, ascii1 to ascii6, bcd1 \
             to bcd3",
            prefix.value
        );
        inner.fail("prefix", &prefix.place, message);
    }
    let includes_self = inner.flag("length_includes_self").unwrap_or(false);
    let reserved = inner.number("reserved", 0..=16).unwrap_or(0);
    let header = affix(&mut inner, "header");
    let trailer = affix(&mut inner, "trailer");
    inner.finish();
    let framing = Framing {
        includes_self,
        reserved: u8::try_from(reserved).ok()?,
        header: header?,
        trailer: trailer?,
        ..Framing::of(parsed?)
    };
    let mut name = prefix?.value.to_owned();
    for (present, said) in [
        (includes_self, "counting itself"),
        (!framing.header.bytes().is_empty(), "with a header"),
        (!framing.trailer.bytes().is_empty(), "with a trailer"),
    ] {
        if present {
            name = format!("{name} {said}");
        }
    }
    Some((framing, name))
}

fn parse_prefix(name: &str) -> Option<Prefix> {
    let (word, little) = name.strip_suffix("le").map_or((name, false), |word| (word, true));
    let (kind, count) = word.split_at_checked(word.len().checked_sub(1)?)?;
    let count: u8 = count.parse().ok()?;
    match (kind, count, little) {
        ("bin", 1, false) | ("bin", 2..=4, _) => Some(Prefix::Binary { bytes: count, little }),
        ("ascii", 1..=6, false) => Some(Prefix::Ascii { digits: count }),
        ("bcd", 1..=3, false) => Some(Prefix::Packed { bytes: count }),
        _ => None,
    }
}

/// Up to sixteen bytes in hexadecimal; none when they are wrong, no bytes when they are not there.
fn affix(section: &mut Section<'_, '_>, key: &'static str) -> Option<Affix> {
    if section.given(key).is_none() {
        section.known(key);
        return Some(Affix::NONE);
    }
    let text = section.text(key, "up to sixteen bytes in hexadecimal")?;
    let affix = bytes(text.value).and_then(|bytes| Affix::new(&bytes));
    if affix.is_none() {
        let message = format!(
            "\"{}\" is not up to sixteen bytes in hexadecimal; write it like \"6000000000\"",
            text.value
        );
        section.fail(key, &text.place, message);
    }
    affix
}

fn bytes(hexadecimal: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = hexadecimal.chars().map(|digit| digit.to_digit(16)).collect();
    let pairs = digits?;
    let pairs = pairs.chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(high * 16 + low).ok(),
        _ => None,
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_kind_and_a_width() {
        let binary = |bytes, little| Some(Prefix::Binary { bytes, little });
        for (name, prefix) in [
            ("bin1", binary(1, false)),
            ("bin2", binary(2, false)),
            ("bin2le", binary(2, true)),
            ("bin4", binary(4, false)),
            ("ascii4", Some(Prefix::Ascii { digits: 4 })),
            ("bcd2", Some(Prefix::Packed { bytes: 2 })),
            ("bin0", None),
            ("bin5", None),
            ("bin1le", None),
            ("ascii7", None),
            ("ascii4le", None),
            ("bcd4", None),
            ("", None),
            ("2", None),
            ("le", None),
        ] {
            assert_eq!(parse_prefix(name), prefix, "{name}");
        }
    }

    #[test]
    fn hexadecimal_is_read_in_pairs() {
        assert_eq!(bytes("60000A0b"), Some(vec![0x60, 0, 0x0A, 0x0B]));
        assert_eq!(bytes(""), Some(vec![]));
        assert_eq!((bytes("600"), bytes("6x")), (None, None));
    }
}
