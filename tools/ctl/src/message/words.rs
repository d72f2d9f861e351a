//! What a field may hold, in words, and a value as people and programs see it. Must not know lines
//! or output.

use codec::{Class, FieldSpec, Fields, Length, Masked, Value};

use super::hex;

/// Fields that hold card data, or may: shown as lengths to people.
const MASKED: Fields = Fields::of(&[
    14, 34, 35, 36, 45, 47, 48, 52, 53, 55, 59, 60, 61, 62, 63, 72, 96, 102, 103, 111, 112, 113,
    114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127,
]);

/// A value as programs get it: binary in upper-case hexadecimal, the rest as Latin-1, untrimmed.
pub(super) fn text_of(value: Value<'_>) -> String {
    let mut room = vec![0; usize::from(value.units())];
    let bytes = value.write_text(&mut room).unwrap_or_default();
    if value.spec().class == Class::Binary {
        hex::write(bytes)
    } else {
        bytes.iter().copied().map(char::from).collect()
    }
}

/// The value of DE `n` as people see it, card data masked.
pub(super) fn masked(n: u8, value: Value<'_>) -> String {
    if n == 2 {
        Masked(text_of(value).as_bytes()).to_string()
    } else if MASKED.has(n) {
        format!("({} masked)", counted(value.spec().class, value.units()))
    } else {
        text_of(value)
    }
}

/// "digits 6", "text to 99".
pub(super) fn class_of(spec: FieldSpec) -> String {
    let to = if spec.length == Length::Fixed { "" } else { "to " };
    format!("{} {to}{}", class_word(spec.class), spec.max)
}

/// "6 digits", "at most 99 characters".
pub(super) fn length_of(spec: FieldSpec) -> String {
    let most = if spec.length == Length::Fixed { "" } else { "at most " };
    format!("{most}{}", counted(spec.class, spec.max))
}

fn counted(class: Class, units: u16) -> String {
    let (one, many) = match class {
        Class::Digits => ("digit", "digits"),
        Class::Amount => ("character", "characters, C or D and then digits"),
        Class::Text => ("character", "characters"),
        Class::Track => ("character", "characters, digits and a separator"),
        Class::Binary => ("byte", "bytes"),
    };
    format!("{units} {}", if units == 1 { one } else { many })
}

fn class_word(class: Class) -> &'static str {
    match class {
        Class::Digits => "digits",
        Class::Amount => "sign+digits",
        Class::Text => "text",
        Class::Track => "track",
        Class::Binary => "bytes",
    }
}
