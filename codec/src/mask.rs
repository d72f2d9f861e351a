//! Card numbers as they may be shown. Knows no message.

use core::fmt;

/// A PAN's ASCII digits, shown as its first six and last four: `353011******0000`.
///
/// Below thirteen digits nothing is shown but the length, since ten would be most of the number.
#[derive(Clone, Copy)]
pub struct Masked<'a>(pub &'a [u8]);

const SHOWN_DIGITS_MIN: usize = 13;

impl fmt::Display for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        for (index, &byte) in self.0.iter().enumerate() {
            let open = count >= SHOWN_DIGITS_MIN && (index < 6 || index + 4 >= count);
            let shown = if open && byte.is_ascii_digit() { char::from(byte) } else { '*' };
            fmt::Write::write_char(f, shown)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_pan_shows_its_first_six_and_last_four() {
        assert_eq!(Masked(b"3530111333300000").to_string(), "353011******0000");
        assert_eq!(Masked(b"378282246310005").to_string(), "378282*****0005");
    }

    #[test]
    fn thirteen_digits_show_ten_and_twelve_show_none() {
        let card = b"3530111333300000";
        assert_eq!(Masked(&card[..13]).to_string(), "353011***3300");
        assert_eq!(Masked(&card[..12]).to_string(), "************");
        assert_eq!(Masked(b"").to_string(), "");
    }

    #[test]
    fn what_is_no_digit_is_never_shown() {
        assert_eq!(Masked(b"35\n0111333300x0A").to_string(), "35*011******0*0*");
    }
}
