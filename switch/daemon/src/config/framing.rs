//! `framing`: how messages are cut from a station's byte stream, by name or described. Must not know
//! where the stream comes from.

use codec::{Affix, Framing, FramingError, Prefix, Tpdu, TpduUse};
use journal::format::RECORD_MAX;
use switch_core::records::{FRAMES_MAX, HEAD_MAX};

use super::document::{Table, Value};
use super::nearest::suggestion;
use super::place::Place;
use super::section::{At, Section};

/// The shortest bound for messages that makes sense.
const FRAME_BYTES_MIN: u64 = 64;
/// The longest message that a frame may carry: with its framing it fits a worker's scratch buffer,
/// and a record of it fits the journal.
const FRAME_BYTES_MAX: u64 = 59 * 1024;
const _: () = assert!(59 * 1024 <= FRAMES_MAX, "a message is in a record");
const _: () = assert!(FRAMES_MAX + HEAD_MAX <= RECORD_MAX, "a record has a head, too");

/// The framing by its name, or as a table; with the longest message, `frame_max`.
pub(super) fn framing(section: &mut Section<'_, '_>) -> Option<(Framing, String)> {
    let frame_max = section.size("frame_max", FRAME_BYTES_MIN..=FRAME_BYTES_MAX);
    let frame_max = usize::try_from(frame_max.unwrap_or(8 * 1_024)).ok()?;
    let Some(node) = section.find("framing") else {
        section.missing("framing", "framing = \"ascii4\", or \"bin2\", as the station has it");
        return None;
    };
    let (mut framing, name) = match &node.value {
        Value::Text(name) => (named(section, "framing", name, &node.place)?, name.clone()),
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
        let remedy = if max < 64 {
            "that is too short for messages; choose a longer prefix".to_owned()
        } else {
            format!("write frame_max = {max} or less")
        };
        let message = format!(
            "messages of {frame_max} bytes do not fit: the length of {name} goes up to {max}; \
             {remedy}"
        );
        section.fail("frame_max", place, message);
        return None;
    }
    Some((framing, name))
}

fn named(
    section: &mut Section<'_, '_>,
    key: &'static str,
    name: &str,
    place: &Place,
) -> Option<Framing> {
    let framing = Framing::built_in(name);
    if framing.is_none() {
        let hint = suggestion(name, Framing::NAMES);
        section.fail(key, place, format!("\"{name}\" is no framing; {hint}"));
    }
    framing
}

/// `{ name = "nac", tpdu = "6000030000" }` or `{ prefix = "bin2", reserved = 2 }`, and whatever else
/// stands around messages.
fn described(section: &mut Section<'_, '_>, table: &Table) -> Option<(Framing, String)> {
    let path = section.path_of("framing");
    let mut inner = Section::new(table, path, section.report);
    let base = base(&mut inner);
    let includes_self = inner.flag("length_includes_self").unwrap_or(false);
    let reserved = inner.number("reserved", 0..=16);
    let header = affix(&mut inner, "header");
    let trailer = affix(&mut inner, "trailer");
    let tpdu = tpdu(&mut inner, base.as_ref().and_then(|(plain, _)| plain.tpdu));
    inner.finish();
    let (plain, mut name) = base?;
    let framing = Framing {
        includes_self,
        reserved: reserved.map_or(Some(plain.reserved), |bytes| u8::try_from(bytes).ok())?,
        tpdu,
        header: header?,
        trailer: trailer?,
        ..plain
    };
    for (present, said) in [
        (includes_self, "counting itself"),
        (plain.tpdu.is_none() && tpdu.is_some(), "with a TPDU"),
        (!framing.header.bytes().is_empty(), "with a header"),
        (!framing.trailer.bytes().is_empty(), "with a trailer"),
    ] {
        if present {
            name = format!("{name} {said}");
        }
    }
    Some((framing, name))
}

/// What a described framing begins with: a built-in one, or a prefix alone.
fn base(section: &mut Section<'_, '_>) -> Option<(Framing, String)> {
    match (section.given("name"), section.given("prefix")) {
        (None, None) => {
            let example = "a framing to begin with, name = \"nac\", or how the length is written, \
                           prefix = \"bin2\"";
            section.missing("name", example);
        }
        (Some(_), Some(prefix)) => {
            let message = "stands beside name, which has a prefix already; keep one of both";
            section.fail("prefix", &prefix.place, message);
        }
        (Some(_), None) | (None, Some(_)) => {}
    }
    section.known("prefix");
    if section.given("name").is_some() {
        let name = section.text("name", "the name of a framing")?;
        let framing = named(section, "name", name.value, &name.place)?;
        return Some((framing, name.value.to_owned()));
    }
    section.known("name");
    let At { value: written, place } =
        section.text("prefix", "a name like bin2, bin2le, ascii4 or bcd2")?;
    let prefix = parse_prefix(written);
    if prefix.is_none() {
        let message = format!(
            "\"{written}\" is no prefix; there is bin1 to bin4, bin2le to bin4le, ascii1 to \
             ascii6, bcd1 to bcd3"
        );
        section.fail("prefix", &place, message);
    }
    Some((Framing::of(prefix?), written.to_owned()))
}

/// What is done with TPDUs, `plain` where nothing else is said. What is wrong is noted and left out.
fn tpdu(section: &mut Section<'_, '_>, plain: Option<TpduUse>) -> Option<TpduUse> {
    let given = section.given("tpdu").is_some();
    let own = own_tpdu(section);
    let words = [("swap", true), ("same", false)];
    let swaps = section.choice("tpdu_answer", &words);
    if let Some(swaps) = swaps.as_ref().filter(|_| plain.is_none() && !given) {
        let message = "says what an answer's TPDU is, and there is none; \
                       add tpdu = \"6000000000\", or remove it";
        section.fail("tpdu_answer", &swaps.place, message);
    }
    let begun = if given { Some(plain.unwrap_or(TpduUse::PLAIN)) } else { plain };
    begun.map(|tpdu| TpduUse {
        own: own.unwrap_or(tpdu.own),
        swaps: swaps.map_or(tpdu.swaps, |found| found.value),
    })
}

fn own_tpdu(section: &mut Section<'_, '_>) -> Option<Tpdu> {
    let text = section.text("tpdu", "five bytes in hexadecimal")?;
    let tpdu = bytes(text.value).and_then(|bytes| Some(Tpdu(bytes.try_into().ok()?)));
    if tpdu.is_none() {
        let message = format!(
            "\"{}\" is not five bytes in hexadecimal; write it like \"6000030000\": identifier, \
             destination, source",
            text.value
        );
        section.fail("tpdu", &text.place, message);
    }
    tpdu
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
            "\"{}\" is not up to sixteen bytes in hexadecimal; write it like \"49534F\"",
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
