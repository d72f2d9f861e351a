//! The standard's notation of a field's format: `n6`, `n..19`, `ans...999`, `x+n8`, `b8`. Knows no
//! bytes.
//!
//! ```text
//! n..19   class, one dot for each digit of the length, the most units
//! n6      without dots: always so many
//! x+n8    a sign and eight digits
//! ```

use codec::Class;

/// A format as the standard writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notation {
    /// The class as written, `ans`.
    pub(crate) word: &'static str,
    pub(crate) class: Class,
    /// Digits of the length in front; none where the length is always the same.
    pub(crate) prefix_digits: Option<u8>,
    /// Most units, the sign of an amount included.
    pub(crate) max: u16,
}

/// The classes by their words. No two of them begin alike and go on with a digit or a dot.
const CLASSES: [(&str, Class); 11] = [
    ("n", Class::Digits),
    ("x+n", Class::Amount),
    ("z", Class::Track),
    ("b", Class::Binary),
    ("a", Class::Text),
    ("s", Class::Text),
    ("an", Class::Text),
    ("as", Class::Text),
    ("ns", Class::Text),
    ("ans", Class::Text),
    ("anp", Class::Text),
];

impl Notation {
    /// Reads one word, or says what is wrong with it and what to write.
    pub(crate) fn read(written: &str) -> Result<Self, String> {
        let letters = written.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        let Some(&(word, class)) = CLASSES.iter().find(|(word, _)| *word == letters) else {
            return Err(unknown(written, letters));
        };
        let rest = written.get(letters.len()..).unwrap_or_default();
        let digits = rest.trim_start_matches('.');
        let dots = rest.len() - digits.len();
        if digits.is_empty() {
            return Err(format!(
                "\"{written}\" has no length; write {word}6 for always six, {word}..19 for up to \
                 nineteen behind a length of two digits"
            ));
        }
        let sign = u16::from(class == Class::Amount);
        let most = 9999 - sign;
        let units: u16 = digits.parse().ok().filter(|units| (1..=most).contains(units)).ok_or(
            format!("\"{written}\": {digits} is no length that a field can have; 1 to {most}"),
        )?;
        let prefix_digits = match dots {
            0 => None,
            1..=4 => u8::try_from(dots).ok(),
            _ => {
                return Err(format!(
                    "\"{written}\" has {dots} dots; a length has at most four digits, a dot each"
                ));
            }
        };
        if class == Class::Amount && prefix_digits.is_some() {
            return Err(format!(
                "\"{written}\" is a sign and digits, which are always so many; write x+n{digits}"
            ));
        }
        if let Some(prefix) = prefix_digits
            && digits.trim_start_matches('0').len() > usize::from(prefix)
        {
            let needed = ".".repeat(units.to_string().len());
            let (noun, verb) = if prefix == 1 { ("dot", "is") } else { ("dots", "are") };
            let most = 10_u16.pow(prefix.into()) - 1;
            return Err(format!(
                "\"{written}\": {dots} {noun} {verb} a length of {}, at most {most}; write \
                 {word}{needed}{units}",
                digits_in_words(dots)
            ));
        }
        Ok(Self { word, class, prefix_digits, max: units + sign })
    }

    /// In the standard's words again.
    pub(crate) fn text(&self) -> String {
        let Self { word, class, prefix_digits, max } = self;
        let dots = ".".repeat(usize::from(prefix_digits.unwrap_or(0)));
        format!("{word}{dots}{}", max - u16::from(*class == Class::Amount))
    }

    /// The word for a class, where nobody chose one.
    pub(crate) fn word_of(class: Class) -> &'static str {
        match class {
            Class::Digits => "n",
            Class::Amount => "x+n",
            Class::Track => "z",
            Class::Binary => "b",
            Class::Text => "ans",
        }
    }
}

fn digits_in_words(count: usize) -> &'static str {
    ["no digits", "one digit", "two digits", "three digits", "four digits"]
        .get(count)
        .copied()
        .unwrap_or("many digits")
}

/// What was probably meant by a word that begins with no class.
fn unknown(written: &str, letters: &str) -> String {
    const WORDS: &str =
        "n digits, x+n sign and digits, z track, b bytes, a an ans anp as ns s text";
    let lower = letters.to_lowercase();
    let told = |hint: &str| format!("\"{written}\" is no format; {hint}");
    if lower.contains("ebcdic") {
        return told("EBCDIC is not supported yet");
    }
    if lower.ends_with("var") || lower.starts_with("ll") {
        return told("write a dot for each digit of the length: n..19 is LLVAR, ans...999 LLLVAR");
    }
    if lower.is_empty() {
        return told("the class comes first, as in n6, ans..25 or b8");
    }
    if CLASSES.iter().any(|(word, _)| *word == lower) {
        return told(&format!("write it in lower case, {}", written.to_lowercase()));
    }
    if lower == "x" || lower == "xn" {
        return told("a sign and eight digits are x+n8");
    }
    told(&format!("it begins with a class: {WORDS}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standards_own_words_are_read_and_written() {
        for (text, class, prefix_digits, max) in [
            ("n6", Class::Digits, None, 6),
            ("n..19", Class::Digits, Some(2), 19),
            ("n.6", Class::Digits, Some(1), 6),
            ("x+n8", Class::Amount, None, 9),
            ("z..37", Class::Track, Some(2), 37),
            ("ans...999", Class::Text, Some(3), 999),
            ("anp15", Class::Text, None, 15),
            ("b8", Class::Binary, None, 8),
            ("b....9999", Class::Binary, Some(4), 9999),
        ] {
            let read = Notation::read(text).unwrap();
            assert_eq!((read.class, read.prefix_digits, read.max), (class, prefix_digits, max));
            assert_eq!(read.text(), text);
        }
    }

    #[test]
    fn a_word_is_no_format_one_unit_above_what_its_dots_tell() {
        for (fine, wrong) in [("n.9", "n.10"), ("b..99", "b..100"), ("a...999", "a...1000")] {
            assert!(Notation::read(fine).is_ok(), "{fine}");
            assert!(Notation::read(wrong).is_err(), "{wrong}");
        }
        assert!(Notation::read("n9999").is_ok() && Notation::read("n10000").is_err());
        assert!(Notation::read("x+n9998").is_ok() && Notation::read("x+n9999").is_err());
    }
}
