//! What a field may hold, in words, and a value as people and programs see it. Must not know lines
//! or output.

use codec::{Class, Dialect, FieldSpec, Fields, Length, Masked, Value, Version};

use super::hex;

/// Fields that hold card data, or may: shown as lengths to people.
const MASKED: Fields = Fields::of(&[
    14, 34, 35, 36, 45, 47, 48, 52, 53, 55, 59, 60, 61, 62, 63, 72, 96, 102, 103, 111, 112, 113,
    114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127,
]);

/// Fields of 1987 of which nobody can say what they hold, and a security code.
const RESERVED_1987: Fields = Fields::of(&[46, 56, 57, 58, 92, 105, 106, 107, 108, 109, 110]);

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

/// May DE `n` hold card data? DE 2 does, and has a mask of its own.
pub(super) fn is_masked(dialect: &Dialect, n: u8) -> bool {
    let reserved = dialect.version() == Version::Iso1987 && RESERVED_1987.has(n);
    MASKED.has(n) || reserved || dialect.pan_in().is_some_and(|(field, _)| field == n)
}

/// The value of DE `n` as people see it, card data masked.
pub(super) fn masked(dialect: &Dialect, n: u8, value: Value<'_>) -> String {
    if n == 2 {
        Masked(text_of(value).as_bytes()).to_string()
    } else if is_masked(dialect, n) {
        format!("({} masked)", counted(value.spec().class, value.units().into()))
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
    format!("{most}{}", counted(spec.class, spec.max.into()))
}

pub(super) fn counted(class: Class, units: usize) -> String {
    let (one, many) = match class {
        Class::Digits => ("digit", "digits"),
        Class::Amount => ("character", "characters, C or D and then digits"),
        Class::Text => ("character", "characters"),
        Class::Track => ("character", "characters, digits and a separator"),
        Class::Binary => ("byte", "bytes"),
    };
    format!("{units} {}", if units == 1 { one } else { many })
}

pub(super) fn class_word(class: Class) -> &'static str {
    match class {
        Class::Digits => "digits",
        Class::Amount => "sign+digits",
        Class::Text => "text",
        Class::Track => "track",
        Class::Binary => "bytes",
    }
}
