//! `network_codes`: what a station of 1987 calls sign-on, sign-off, echo and an announcement (DE 70). Must not know
//! which of them are ever sent.

use codec::{Dialect, Version};
use switch_core::plan::NetworkCodes;

use super::document::Value;
use super::section::{At, Section};

/// `{ sign_on = "001", sign_off = "002", echo = "301" }`: each has its default, `announce` has none, and
/// no two are alike.
pub(super) fn network_codes(
    section: &mut Section<'_, '_>,
    dialect: Option<&Dialect>,
) -> NetworkCodes {
    let mut codes = NetworkCodes::default();
    let Some(node) = section.find("network_codes") else { return codes };
    let Value::Table(table) = &node.value else {
        let kind = node.value.kind();
        let message =
            format!("is {kind} and must be a table, {{ sign_on = \"061\", echo = \"270\" }}");
        section.fail("network_codes", &node.place, message);
        return codes;
    };
    if dialect.is_some_and(|dialect| dialect.version() != Version::Iso1987) {
        let why = "no effect on a station that is not of 1987, whose DE 70 is another thing";
        section.inactive(&["network_codes"], why);
    }
    let path = section.path_of("network_codes");
    let mut inner = Section::new(table, path, section.report);
    let mut said: Vec<(&str, u16)> = Vec::with_capacity(4);
    for (key, code) in [
        ("sign_on", &mut codes.sign_on),
        ("sign_off", &mut codes.sign_off),
        ("echo", &mut codes.echo),
        ("announce", &mut codes.announce),
    ] {
        let text = inner.text(key, "three digits, such as \"001\"");
        let place = text.as_ref().map_or_else(|| node.place.clone(), |text| text.place.clone());
        if key == "announce" && text.is_none() {
            continue;
        }
        if let Some(value) = text.and_then(|text| three_digits(&mut inner, key, &text)) {
            *code = value;
        }
        if let Some((other, _)) = said.iter().find(|(_, other)| other == code) {
            let message =
                format!("is {code:03x}, and so is {other}; give one of them another code");
            inner.fail(key, &place, message);
        }
        said.push((key, *code));
    }
    inner.finish();
    codes
}

/// Three digits, packed.
fn three_digits(section: &mut Section<'_, '_>, key: &str, text: &At<&str>) -> Option<u16> {
    let digits = text.value.len() == 3 && text.value.bytes().all(|byte| byte.is_ascii_digit());
    let code = u16::from_str_radix(text.value, 16).ok().filter(|_| digits);
    if code.is_none() {
        let message = format!("\"{}\" is no code of DE 70; write three digits", text.value);
        section.fail(key, &text.place, message);
    }
    code
}
